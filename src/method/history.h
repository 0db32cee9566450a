/* What a method of weights tells of its search: one record an iteration, and what its pool says at the end. */
#ifndef PERSAMP_METHOD_HISTORY_H
#define PERSAMP_METHOD_HISTORY_H

#include "method/tree.h"

typedef struct ps_history {
    ps_iteration *iterations; /* [n] */
    size_t n, capacity;
    size_t resamples; /* selections so far */
    ps_arena *arena;  /* of their candidates; NULL until one is kept */
} ps_history;

void ps_history_clear(ps_history *history);

/* Make room for one more record, so that adding it cannot fail. */
ps_status ps_history_reserve(ps_history *history, ps_error *err);
/* Add the record there is room for. */
void ps_history_add(ps_history *history, ps_iteration record);
/* Keep the heaviest of a selection's candidates in its record. ids[i] has the weight W[i], and names[id] is its
 * snapshot (NULL: the id itself). O(n). */
ps_status ps_history_keep_weights(ps_history *history, ps_iteration *record, const double *W, const uint32_t *ids,
                                  const uint32_t *names, size_t n, ps_error *err);
/* Fill the members of *report that the history knows: iterations, resamples and final_ess. */
void ps_history_report(const ps_history *history, ps_method_report *report);

/* The answers of a pool by their final weights at beta_max, as ps_pool_answers has them; where there are none, those of
 * the tree. `snapshot_of` [pool size + 1]: the tree's number of each of the pool's snapshots; NULL: the same. The array
 * is owned by the caller. */
ps_status ps_pool_answers_of_tree(ps_pool *pool, double beta_max, bool truncated, const ps_tree *tree,
                                  const uint32_t *snapshot_of, ps_answer **answers, size_t *n, ps_error *err);
/* The log evidence at beta_max; NaN while an iteration is under way. PS_NOMEM. */
ps_status ps_pool_log_evidence(ps_pool *pool, double beta_max, double *log_z, ps_error *err);

#endif
