/* Iterations, answers and evidence of a search. */
#include "method/history.h"

#include <math.h>

void ps_history_clear(ps_history *history) {
    ps_free(history->iterations);
    ps_arena_free(history->arena);
    *history = (ps_history){0};
}

ps_status ps_history_reserve(ps_history *history, ps_error *err) {
    return ps_reserve(&history->iterations, &history->capacity, history->n + 1) == PS_OK ? PS_OK : ps_nomem(err);
}

void ps_history_add(ps_history *history, ps_iteration record) {
    history->iterations[history->n++] = record;
}

/* Put a candidate in its place among the heaviest so far; of equals the earlier stays before. */
static void insert(ps_candidate *best, size_t *n, ps_candidate one) {
    size_t at = *n;
    if (at == PS_MOST_CANDIDATES && !(one.weight > best[at - 1].weight)) return;
    if (at == PS_MOST_CANDIDATES)
        at--;
    else
        ++*n;
    for (; at > 0 && one.weight > best[at - 1].weight; at--)
        best[at] = best[at - 1];
    best[at] = one;
}

ps_status ps_history_keep_weights(ps_history *history, ps_iteration *record, const double *W, const uint32_t *ids,
                                  const uint32_t *names, size_t n, ps_error *err) {
    if (history->arena == NULL) history->arena = ps_arena_create();
    ps_candidate *best =
        history->arena != NULL ? ps_arena_calloc(history->arena, PS_MOST_CANDIDATES, sizeof *best) : NULL;
    size_t kept = 0;
    if (best == NULL) return ps_nomem(err);
    for (size_t i = 0; i < n; i++)
        insert(best, &kept, (ps_candidate){names != NULL ? names[ids[i]] : ids[i], W[i]});
    record->n_candidates = (uint32_t)n;
    record->best_candidates = best;
    return PS_OK;
}

void ps_history_report(const ps_history *history, ps_method_report *report) {
    report->iterations = history->iterations;
    report->n_iterations = history->n;
    report->resamples = history->resamples;
    report->final_ess = history->n > 0 ? history->iterations[history->n - 1].ess : NAN;
}

ps_status ps_pool_answers_of_tree(ps_pool *pool, double beta_max, bool truncated, const ps_tree *tree,
                                  const uint32_t *snapshot_of, ps_answer **answers, size_t *n, ps_error *err) {
    uint32_t *ids = NULL;
    double *log_weights = NULL, *of_q = NULL, log_z;
    ps_answer *out = NULL;
    ps_status status = ps_pool_answers(pool, beta_max, truncated, &ids, &log_weights, n, &log_z, err);
    if (status != PS_OK) return status;
    if (*n == 0) {
        status = ps_tree_answers(tree, answers, n, err);
        goto done;
    }
    ps_free(ids);
    ids = NULL;
    status = ps_pool_answers(pool, 0, truncated, &ids, &of_q, n, &log_z, err);
    if (status != PS_OK) goto done;
    out = ps_calloc(*n, sizeof *out);
    if (out == NULL) {
        status = ps_nomem(err);
        goto done;
    }
    for (size_t i = 0; i < *n; i++) {
        uint32_t snapshot = snapshot_of != NULL ? snapshot_of[ids[i]] : ids[i];
        const ps_tree_node *node = &tree->nodes[snapshot];
        out[i] = (ps_answer){.snapshot = snapshot,
                             .state = node->state,
                             .log_weight = log_weights[i],
                             .log_weight_q = of_q[i],
                             .ell = node->ell,
                             .reward = node->sums.reward};
    }
    *answers = out;
done:
    ps_free(ids);
    ps_free(log_weights);
    ps_free(of_q);
    return status;
}

ps_status ps_pool_log_evidence(ps_pool *pool, double beta_max, double *log_z, ps_error *err) {
    uint32_t *ids = NULL;
    double *log_weights = NULL;
    size_t n;
    ps_status status = ps_pool_answers(pool, beta_max, false, &ids, &log_weights, &n, log_z, err);
    ps_free(ids);
    ps_free(log_weights);
    if (status == PS_OK || status == PS_NOMEM) return status;
    *log_z = NAN;
    return PS_OK;
}
