/* The candidates of a selection and their weights at a temperature. */
#include "core/pool.h"

static void add_candidate(ps_pool *pool, uint32_t id) {
    size_t c = pool->n_candidates++;
    pool->candidates[c] = id;
    pool->candidate_ell[c] = pool->ell[id];
    pool->candidate_mix[c] = pool->log_mix[id];
}

static void gather_level(ps_pool *pool, ps_level *level) {
    level->first = pool->n_candidates;
    level->best_ell = -INFINITY;
    size_t kept = 0;
    for (size_t i = 0; i < level->n_live; i++) {
        uint32_t id = level->live[i];
        if (pool->snapshots[id].pruned) continue;
        level->live[kept++] = id;
        level->best_ell = fmax(level->best_ell, pool->ell[id]);
        add_candidate(pool, id);
    }
    level->n_live = kept;
    level->n_candidates = pool->n_candidates - level->first;
    level->stale = false;
}

/* The candidates lie in order of depth: those above the first level that changed are where they were. */
static void gather_levels(ps_pool *pool) {
    size_t d = 0;
    while (d < pool->n_levels && !pool->levels[d].stale)
        d++;
    if (d == pool->n_levels) return;
    pool->n_candidates = d == 0 ? 0 : pool->levels[d - 1].first + pool->levels[d - 1].n_candidates;
    for (; d < pool->n_levels; d++)
        gather_level(pool, &pool->levels[d]);
    pool->first_depth = 1;
    while (pool->first_depth < pool->n_levels && pool->levels[pool->first_depth].n_candidates == 0)
        pool->first_depth++;
}

/* balance: by age, finished ones too. */
static void gather_all(ps_pool *pool) {
    pool->n_candidates = 0;
    for (uint32_t id = 1; id <= pool->size; id++)
        if (!pool->snapshots[id].pruned) add_candidate(pool, id);
}

ps_status ps_pool_prepare(ps_pool *pool, const uint32_t **ids, size_t *n, ps_error *err) {
    if (pool->appended > 0) return ps_fail(err, PS_ARG, "an iteration is under way: advance the pool first");
    if (ps_pool_mix(pool) != PS_OK ||
        ps_reserve(&pool->candidates, &pool->candidates_capacity, pool->size + 1) != PS_OK ||
        ps_reserve(&pool->candidate_ell, &pool->candidate_ell_capacity, pool->size + 1) != PS_OK ||
        ps_reserve(&pool->candidate_mix, &pool->candidate_mix_capacity, pool->size + 1) != PS_OK ||
        ps_reserve(&pool->path_ell, &pool->path_ell_capacity, pool->size + 1) != PS_OK || /* for level_log_z */
        ps_reserve(&pool->part_mix, &pool->part_mix_capacity, pool->size + 1) != PS_OK)
        return ps_nomem(err);
    bool lineage = pool->params.weighting == PS_LINEAGE;
    if (lineage)
        gather_levels(pool);
    else
        gather_all(pool);
    if (lineage && pool->params.depth_retreat > 0 && ps_pool_value(pool) != PS_OK) return ps_nomem(err);
    pool->prepared = true;
    pool->shares = PS_NO_SHARES;
    *ids = pool->candidates;
    *n = pool->n_candidates;
    return PS_OK;
}

/* log ρ(d) = (d* − d)·log(depth_decay) + merit(d) − merit(d*), before normalisation. The merits are left out where one
 * of them is −∞, the log of a mean of zero. */
static double log_rho(const ps_pool_params *p, size_t d, size_t deepest, double merit, double merit_deepest) {
    if (d == deepest) return 0;
    if (p->depth_decay == 0) return -INFINITY;
    double tilt = isinf(merit) || isinf(merit_deepest) ? 0 : merit - merit_deepest;
    return (double)(deepest - d) * log(p->depth_decay) + tilt;
}

static ps_moments level_moments(const ps_pool *pool, const ps_level *level, double beta) {
    return ps_kernels_best()->moments(pool->candidate_ell + level->first, pool->candidate_mix + level->first,
                                      level->n_candidates, beta);
}

/* g(d) = log Σ W·V over the depth's candidates, W normalised there: the mean value of what a selection at β takes. */
static double log_selected_mean(const ps_pool *pool, const ps_level *level, double beta) {
    ps_moments worth = ps_kernels_best()->moments(pool->candidate_ell + level->first,
                                                  pool->candidate_worth + level->first, level->n_candidates, beta);
    return ps_moments_log_sum(worth) - ps_moments_log_sum(level_moments(pool, level, beta));
}

/* What log ρ compares depths by: depth_tilt·h(d) + depth_retreat·g(d); −∞ where a mean of L is zero. */
static double merit(const ps_pool *pool, const ps_level *level, double beta) {
    double sum = 0;
    if (pool->params.depth_tilt > 0) sum += pool->params.depth_tilt * ps_level_log_mean(level);
    if (pool->params.depth_retreat > 0) sum += pool->params.depth_retreat * log_selected_mean(pool, level, beta);
    return sum;
}

void ps_pool_set_window(ps_pool *pool, size_t shallowest, size_t deepest) {
    pool->shares = PS_NO_SHARES;
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

/* Within a depth W = share·V with ΣV = 1, so ΣW² = Σ_d share_d² / ESS_d. */
static double lineage_ess(ps_pool *pool, double beta) {
    double sum = 0;
    ps_pool_shares(pool, beta);
    for (size_t d = 0; d < pool->n_levels; d = ps_pool_next_depth(pool, d)) {
        const ps_level *level = &pool->levels[d];
        if (level->log_share == -INFINITY) continue;
        sum += exp(2 * level->log_share) / ps_moments_ess(level_moments(pool, level, beta));
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
        ps_moments m = level_moments(pool, level, beta);
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
    if (level->n_candidates == level->n_open) return ps_moments_log_sum(level_moments(pool, level, beta));
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
