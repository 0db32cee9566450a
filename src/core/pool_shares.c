/* lineage: which share of a selection each depth has. */
#include "core/pool.h"

/* log ρ(d) = (d* − d)·log(depth_decay) + merit(d) − merit(d*), before normalisation. The merits are left out where one
 * of them is −∞, the log of a mean of zero. */
static double log_rho(const ps_pool_params *p, size_t d, size_t deepest, double merit, double merit_deepest) {
    if (d == deepest) return 0;
    if (p->depth_decay == 0) return -INFINITY;
    double tilt = isinf(merit) || isinf(merit_deepest) ? 0 : merit - merit_deepest;
    return (double)(deepest - d) * log(p->depth_decay) + tilt;
}

/* g(d) = log Σ W·V over the depth's candidates, W normalised there: the mean value of what a selection at β takes. */
static double log_selected_mean(const ps_pool *pool, const ps_level *level, double beta) {
    ps_moments worth = ps_kernels_best()->moments(pool->candidate_ell + level->first,
                                                  pool->candidate_worth + level->first, level->n_candidates, beta);
    return ps_moments_log_sum(worth) - ps_moments_log_sum(ps_level_moments(pool, level, beta));
}

/* What log ρ compares depths by: depth_tilt·h(d) + depth_retreat·g(d); −∞ where a mean of R is zero. */
static double merit(const ps_pool *pool, const ps_level *level, double beta) {
    double sum = 0;
    if (pool->params.depth_tilt > 0) sum += pool->params.depth_tilt * ps_level_log_mean(level);
    if (pool->params.depth_retreat > 0) sum += pool->params.depth_retreat * log_selected_mean(pool, level, beta);
    return sum;
}

void ps_pool_set_window(ps_pool *pool, size_t shallowest, size_t deepest) {
    pool->shares = PS_NO_SHARES;
    pool->prepared = pool->prepared && pool->params.weighting == PS_LINEAGE;
    pool->shallowest = shallowest;
    pool->deepest = deepest;
}

static bool may_launch_from(const ps_pool *pool, size_t d, double beta) {
    return d >= pool->shallowest && d <= pool->deepest && ps_level_open(&pool->levels[d], beta);
}

void ps_pool_shares(ps_pool *pool, double beta) {
    bool every_beta = pool->params.depth_retreat == 0; /* the shares are the same for all β > 0 */
    if (every_beta && pool->shares == (beta == 0 ? PS_SHARES_AT_ZERO : PS_SHARES_ABOVE_ZERO)) return;
    pool->shares = beta == 0 ? PS_SHARES_AT_ZERO : PS_SHARES_ABOVE_ZERO;
    size_t deepest = 0, shallowest = 0; /* the root is always open */
    for (size_t d = pool->first_depth; d < pool->n_levels; d++)
        if (may_launch_from(pool, d, beta)) {
            deepest = d;
            if (shallowest == 0) shallowest = d;
        }
    /* The root has no score of its own and takes the merit of the shallowest depth. */
    double root_merit = shallowest > 0 ? merit(pool, &pool->levels[shallowest], beta) : 0;
    double merit_deepest = deepest == 0 ? root_merit : merit(pool, &pool->levels[deepest], beta);
    double max = -INFINITY, sum = 0;
    for (size_t d = 0; d < pool->n_levels; d = ps_pool_next_depth(pool, d)) {
        ps_level *level = &pool->levels[d];
        level->log_share = -INFINITY;
        if (!may_launch_from(pool, d, beta) && !(d == 0 && deepest == 0)) continue;
        double here = d == 0 ? root_merit : merit(pool, level, beta);
        level->log_share = log_rho(&pool->params, d, deepest, here, merit_deepest);
        max = fmax(max, level->log_share);
    }
    for (size_t d = 0; d < pool->n_levels; d = ps_pool_next_depth(pool, d))
        sum += exp(pool->levels[d].log_share - max);
    for (size_t d = 0; d < pool->n_levels; d = ps_pool_next_depth(pool, d))
        pool->levels[d].log_share -= max + log(sum);
}
