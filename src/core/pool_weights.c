/* What the candidates weigh at a temperature: W, their effective sample size, Ẑ. */
#include "core/pool.h"

/* Within a depth W = share·V with ΣV = 1, so ΣW² = Σ_d share_d² / ESS_d. */
static double lineage_ess(ps_pool *pool, double beta) {
    double sum = 0;
    ps_pool_shares(pool, beta);
    for (size_t d = 0; d < pool->n_levels; d = ps_pool_next_depth(pool, d)) {
        const ps_level *level = &pool->levels[d];
        if (level->log_share == -INFINITY) continue;
        sum += exp(2 * level->log_share) / ps_moments_ess(ps_level_moments(pool, level, beta));
    }
    return 1 / sum;
}

double ps_pool_ess(ps_pool *pool, double beta) {
    if (!pool->prepared) return NAN;
    if (pool->params.weighting == PS_LINEAGE) return lineage_ess(pool, beta);
    return ps_ess_at(pool->candidate_ell, pool->candidate_mix, pool->n_candidates, beta);
}

static void lineage_weights(ps_pool *pool, double beta, double *W) {
    ps_pool_shares(pool, beta);
    for (size_t d = 0; d < pool->n_levels; d = ps_pool_next_depth(pool, d)) {
        const ps_level *level = &pool->levels[d];
        double *V = W + level->first;
        if (level->log_share == -INFINITY) {
            for (size_t i = 0; i < level->n_candidates; i++)
                V[i] = 0;
            continue;
        }
        ps_moments m = ps_level_moments(pool, level, beta);
        ps_kernels_best()->exp(pool->candidate_ell + level->first, pool->candidate_mix + level->first,
                               level->n_candidates, beta, m.max, exp(level->log_share) / m.sum, V);
    }
}

ps_status ps_pool_weights(ps_pool *pool, double beta, double *W, ps_error *err) {
    if (!pool->prepared) return ps_fail(err, PS_ARG, "the pool has changed: prepare it before asking for weights");
    if (pool->params.weighting == PS_LINEAGE) {
        lineage_weights(pool, beta, W); /* the root's weight is never zero at β alone */
        return PS_OK;
    }
    const ps_kernels *kernels = ps_kernels_best();
    ps_moments m = kernels->moments(pool->candidate_ell, pool->candidate_mix, pool->n_candidates, beta);
    if (m.max == -INFINITY) return ps_fail(err, PS_DOMAIN, "every snapshot of the pool has weight zero");
    kernels->exp(pool->candidate_ell, pool->candidate_mix, pool->n_candidates, beta, m.max, 1 / m.sum, W);
    return PS_OK;
}

/* log Ẑ(β, d) over the open snapshots, pruned ones included (see pool_mixture.c for where M_d went). Where nothing was
 * pruned they are the candidates, which lie side by side. */
static double level_log_z(ps_pool *pool, const ps_level *level, double beta) {
    if (level->crowd != NULL) return ps_pool_crowd_log_z(pool, level, beta);
    if (level->n_candidates == level->n_open) return ps_moments_log_sum(ps_level_moments(pool, level, beta));
    size_t n = 0;
    for (size_t i = 0; i < level->n_ids; i++) {
        uint32_t id = level->ids[i];
        if (pool->snapshots[id].state != PS_OPEN) continue;
        pool->path_ell[n] = pool->ell[id];
        pool->part_mix[n++] = pool->log_mix[id];
    }
    return ps_moments_log_sum(ps_kernels_best()->moments(pool->path_ell, pool->part_mix, n, beta));
}

double ps_pool_log_z(ps_pool *pool, double beta, size_t depth) {
    if (!pool->prepared) return NAN;
    if (pool->params.weighting == PS_LINEAGE)
        return depth < pool->n_levels ? level_log_z(pool, &pool->levels[depth], beta) : -INFINITY;
    ps_moments m = ps_kernels_best()->moments(pool->ell + 1, pool->log_mix + 1, pool->size, beta);
    return ps_moments_log_sum(m); /* eq. 16; N is in neither factor, see pool_mixture.c */
}
