/* Methods that go by rounds: they plan steps, hand them all out, and think again when all have come back. That makes
 * them deaf to the order of results. Each embeds a ps_round_method as its first member, says in `over` what follows a
 * round, and puts ps_round_method_next and _absorb into its table. */
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

/* What every such method has. */
typedef struct ps_round_method {
    ps_method base; /* first */
    ps_method_params params;
    ps_round round;
    ps_end end;
    ps_status (*over)(ps_method *method, ps_error *err); /* a round is complete: plan the next, or nothing */
} ps_round_method;

/* Fill a zeroed one. Free with ps_round_clear, also after a failure. */
ps_status ps_round_method_init(ps_round_method *m, const ps_method_ops *ops, const ps_method_params *params,
                               ps_status (*over)(ps_method *method, ps_error *err), ps_error *err);
/* The table's `next` and `absorb`, and `report` for methods without weights. */
ps_status ps_round_method_next(ps_method *method, const ps_work **work, size_t *n, ps_error *err);
ps_status ps_round_method_absorb(ps_method *method, const ps_step_result *results, size_t n, ps_error *err);
ps_status ps_round_method_report(const ps_method *method, ps_method_report *report, ps_error *err);

void ps_round_clear(ps_round *round);

/* Forget the last round's work: the next one is planned from nothing. */
void ps_round_begin(ps_round *round);
/* One more step of this round; *child is its snapshot, reserved in the tree. */
ps_status ps_round_plan(ps_round *round, uint32_t parent, bool want_reward, uint32_t *child, ps_error *err);
/* Whether the token budget of `params` is spent. */
bool ps_round_out_of_tokens(const ps_round *round, const ps_method_params *params);
/* Answers that are wanted besides those that have finished: SIZE_MAX where budget.n_finished sets no number. */
size_t ps_round_answers_wanted(const ps_round *round, const ps_method_params *params);

#endif
