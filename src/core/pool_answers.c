/* What a pool has found: its finished snapshots with their weights, and the evidence. */
#include "core/pool.h"

static bool is_answer(const ps_snapshot *s, bool truncated) {
    return !s->passage && (s->state == PS_FINISHED || (truncated && s->state == PS_TRUNCATED));
}

static size_t count_answers(const ps_pool *pool, bool truncated) {
    size_t n = 0;
    for (size_t id = 1; id <= pool->size; id++)
        n += is_answer(&pool->snapshots[id], truncated);
    return n;
}

ps_status ps_pool_answers(ps_pool *pool, double beta_max, bool truncated, uint32_t **ids, double **log_weights,
                          size_t *n, double *log_z, ps_error *err) {
    if (pool->appended > 0) return ps_fail(err, PS_ARG, "an iteration is under way: advance the pool first");
    if (ps_pool_mix(pool) != PS_OK || ps_pool_crowd_mix_ended(pool) != PS_OK) return ps_nomem(err);
    size_t count = count_answers(pool, truncated);
    uint32_t *found = ps_reallocarray(NULL, count, sizeof *found);
    double *weights = ps_reallocarray(NULL, count, sizeof *weights);
    if (found == NULL || weights == NULL) {
        ps_free(found);
        ps_free(weights);
        return ps_nomem(err);
    }
    /* M_d (lineage) or N (balance) is left out of log_mix, so the factor 1/M_d or 1/N is
     * in already (pool_mixture.c). */
    size_t i = 0;
    for (size_t d = 1; d < pool->n_levels; d++)
        for (size_t k = 0; k < pool->levels[d].n_ids; k++) {
            uint32_t id = pool->levels[d].ids[k];
            if (!is_answer(&pool->snapshots[id], truncated)) continue;
            found[i] = id;
            weights[i++] = ps_log_weight(pool->ell[id], pool->log_mix[id], beta_max);
        }
    *ids = found;
    *log_weights = weights;
    *n = count;
    *log_z = ps_log_sum_exp(weights, count);
    return PS_OK;
}
