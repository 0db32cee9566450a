/* Methods that go by rounds: they plan steps, hand them all out, and think again when all have come back. That makes
 * them deaf to the order of results. Each embeds a ps_round. */
#ifndef PERSAMP_METHOD_ROUND_H
#define PERSAMP_METHOD_ROUND_H

#include "method/tree.h"

typedef struct ps_round {
    ps_tree tree;
    ps_work *work; /* [n_work] of this round */
    size_t n_work, capacity;
    size_t awaited; /* results still to come */
    bool given;     /* this round's work has been handed out */
} ps_round;

/* Free with ps_round_clear. */
ps_status ps_round_init(ps_round *round, ps_error *err);
void ps_round_clear(ps_round *round);

/* Forget the last round's work: the next one is planned from nothing. */
void ps_round_begin(ps_round *round);
/* One more step of this round; *child is its snapshot, reserved in the tree. */
ps_status ps_round_plan(ps_round *round, uint32_t parent, bool want_reward, uint32_t *child, ps_error *err);
/* What `next` answers: the planned work, once. */
void ps_round_next(ps_round *round, const ps_work **work, size_t *n);
/* What `absorb` does first. *over: the round is complete. */
ps_status ps_round_absorb(ps_round *round, const ps_method_params *params, const ps_step_result *results, size_t n,
                          bool *over, ps_error *err);

/* Whether the token budget of `params` is spent. */
bool ps_round_out_of_tokens(const ps_round *round, const ps_method_params *params);

#endif
