/* The snapshots a method has seen: parents, states, sums along each prefix and its log-score. Shared
 * by every method. */
#ifndef PERSAMP_METHOD_TREE_H
#define PERSAMP_METHOD_TREE_H

#include "persamp/method.h"

enum {
    PS_NO_STEP_LIMIT = INT32_MAX,   /* max_steps inside: of methods that choose among whole answers, and for 0 */
    PS_MOST_ANSWER_TOKENS = 1 << 20 /* max_answer_tokens inside, for 0 */
};

typedef struct ps_tree_node {
    uint32_t parent;
    uint32_t depth; /* steps from the root */
    ps_snapshot_state state;
    bool known; /* its result has arrived */
    ps_score_input sums;
    double ell;
    double merit; /* what depths are compared by: γ·f(r), whatever the score is made of; ℓ where there is no PRM */
} ps_tree_node;

typedef struct ps_tree {
    ps_tree_node *nodes; /* [size]; 0 is the root */
    size_t size, capacity;
    size_t tokens;                      /* generated so far, all snapshots */
    size_t n_finished, finished_tokens; /* finished answers and their tokens, shared prefixes counted for each */
} ps_tree;

/* A tree with its root. Free with ps_tree_clear. */
ps_status ps_tree_init(ps_tree *tree, ps_error *err);
void ps_tree_clear(ps_tree *tree);

/* A place for a child of `parent` whose result is still to come; *id is its number. */
ps_status ps_tree_reserve(ps_tree *tree, uint32_t parent, uint32_t *id, ps_error *err);

/* Of ps_score_reads: what the score reads of the tokens and no result carries. */
unsigned ps_unread(const ps_method_params *params);

/* The result of a reserved child: sums, state (an open one at max_steps becomes truncated), ℓ and merit. */
ps_status ps_tree_fill(ps_tree *tree, const ps_method_params *params, const ps_step_result *result, ps_error *err);

/* Every known finished snapshot as an answer of log-weight 0, in order of number; the truncated ones where none is
 * finished; the open ones where none is truncated either. Owned by the caller. */
ps_status ps_tree_answers(const ps_tree *tree, ps_answer **answers, size_t *n, ps_error *err);

#endif
