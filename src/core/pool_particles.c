/* The weights that some snapshots have among each other: of the particles that run, for a selection that looks at them
 * alone. */
#include "core/pool.h"

/* The constant by which a level's log v become log W: its log share, less the LSE of all its candidates'. */
static double log_factor(const ps_pool *pool, size_t depth, double beta) {
    const ps_level *level = &pool->levels[depth];
    if (level->log_share == -INFINITY) return -INFINITY;
    ps_moments all = ps_kernels_best()->moments(pool->candidate_ell + level->first, pool->candidate_mix + level->first,
                                                level->n_candidates, beta);
    return level->log_share - ps_moments_log_sum(all);
}

double ps_pool_ess_of(ps_pool *pool, double beta, const uint32_t *ids, size_t n) {
    if (!pool->prepared) return NAN;
    bool lineage = pool->params.weighting == PS_LINEAGE;
    if (lineage) ps_pool_shares(pool, beta);
    size_t depth = SIZE_MAX;
    double factor = 0, max = -INFINITY, sum = 0, squares = 0; /* Σ W and Σ W² in units of exp(max), exp(2·max) */
    for (size_t i = 0; i < n; i++) {
        if (lineage && pool->snapshots[ids[i]].depth != depth) {
            depth = pool->snapshots[ids[i]].depth;
            factor = log_factor(pool, depth, beta);
        }
        double log_w = factor + ps_log_weight(pool->ell[ids[i]], pool->log_mix[ids[i]], beta);
        if (log_w == -INFINITY) continue;
        if (log_w > max) {
            double scale = exp(max - log_w);
            sum *= scale;
            squares *= scale * scale;
            max = log_w;
        }
        sum += exp(log_w - max);
        squares += exp(2 * (log_w - max));
    }
    return squares > 0 ? sum * sum / squares : 0;
}
