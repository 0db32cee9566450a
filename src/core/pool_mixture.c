/* The density each snapshot was really proposed with, relative to q.
 *
 * lineage: log m(x) = LSE_(e,a)[ log(N(e,a,d)/M_d) + β_e·ℓ(x[a]) − log Ẑ_e(a) ]. M_d is common to a depth and cancels
 * out of everything that is asked of it: W is normalised within a depth, and log Ẑ(β, d) = LSE_i[β·ℓ_i − log m_i] − log
 * M_d and the answers' weights hold M_d once in log m and once outside. So log_mix leaves it out:
 *     log_mix(x) = LSE_(e,a)[ log N(e,a,d) + β_e·ℓ(x[a]) − log Ẑ_e(a) ]
 * A cohort's term never changes once it is counted, so terms are only ever added: new cohorts to the old snapshots of
 * their depth, all cohorts to new snapshots. */
#include "core/pool.h"

#include <stdlib.h>

static int by_launch_depth_down(const void *a, const void *b) {
    const ps_cohort *x = a, *y = b;
    if (x->launch_depth != y->launch_depth) return x->launch_depth > y->launch_depth ? -1 : 1;
    return x->event < y->event ? -1 : x->event > y->event;
}

/* log N(e,a,d) − log Ẑ_e(a). */
static double log_weight_of(const ps_pool *pool, const ps_cohort *c) {
    return log((double)c->count) - pool->log_z[pool->log_z_at[c->event] + c->launch_depth];
}

/* Add cohorts of one launch depth to n mixtures; path_ell holds the scores of the ancestors at that depth. */
static void mix_run(ps_pool *pool, const ps_cohort *cohorts, size_t n_cohorts, size_t n) {
    ps_mix_terms terms;
    ps_mix_clear(&terms);
    for (size_t c = 0; c < n_cohorts; c++) {
        double beta = pool->events[cohorts[c].event].beta, log_weight = log_weight_of(pool, &cohorts[c]);
        if (ps_mix_add(&terms, beta, log_weight)) continue;
        ps_kernels_best()->mix(pool->path_ell, n, &terms, pool->part_mix);
        ps_mix_clear(&terms);
        ps_mix_add(&terms, beta, log_weight);
    }
    ps_kernels_best()->mix(pool->path_ell, n, &terms, pool->part_mix);
}

static void climb(ps_pool *pool, size_t n, size_t steps) {
    for (; steps > 0; steps--)
        for (size_t i = 0; i < n; i++)
            pool->ancestors[i] = pool->snapshots[pool->ancestors[i]].parent;
}

static ps_status reserve_part(ps_pool *pool, size_t n, size_t n_cohorts) {
    if (ps_reserve(&pool->ancestors, &pool->ancestors_capacity, n) != PS_OK ||
        ps_reserve(&pool->path_ell, &pool->path_ell_capacity, n) != PS_OK ||
        ps_reserve(&pool->part_mix, &pool->part_mix_capacity, n) != PS_OK ||
        ps_reserve(&pool->sorted, &pool->sorted_capacity, n_cohorts) != PS_OK)
        return PS_NOMEM;
    return PS_OK;
}

/* Add the level's cohorts from_cohort … to the mixtures of its snapshots from_id … to_id − 1. */
static ps_status mix_part(ps_pool *pool, const ps_level *level, size_t depth, size_t from_id, size_t to_id,
                          size_t from_cohort) {
    const size_t n = to_id - from_id, n_cohorts = level->n_cohorts - from_cohort;
    if (n == 0 || n_cohorts == 0) return PS_OK;
    if (reserve_part(pool, n, n_cohorts) != PS_OK) return PS_NOMEM;
    for (size_t i = 0; i < n; i++) {
        pool->ancestors[i] = level->ids[from_id + i];
        pool->part_mix[i] = pool->log_mix[pool->ancestors[i]];
    }
    for (size_t c = 0; c < n_cohorts; c++)
        pool->sorted[c] = pool->cohorts[level->cohorts[from_cohort + c]];
    qsort(pool->sorted, n_cohorts, sizeof *pool->sorted, by_launch_depth_down);

    for (size_t c = 0, end; c < n_cohorts; c = end) {
        const size_t a = pool->sorted[c].launch_depth;
        for (end = c + 1; end < n_cohorts && pool->sorted[end].launch_depth == a;)
            end++;
        climb(pool, n, depth - a);
        depth = a;
        for (size_t i = 0; i < n; i++)
            pool->path_ell[i] = pool->ell[pool->ancestors[i]];
        mix_run(pool, pool->sorted + c, end - c, n);
    }
    for (size_t i = 0; i < n; i++)
        pool->log_mix[level->ids[from_id + i]] = pool->part_mix[i];
    return PS_OK;
}

/* An interrupted update leaves log_mix of whole parts only, and the marks say which; it can be repeated. */
static ps_status mix_level(ps_pool *pool, size_t depth) {
    ps_level *level = &pool->levels[depth];
    if (mix_part(pool, level, depth, 0, level->mixed_ids, level->mixed_cohorts) != PS_OK) return PS_NOMEM;
    level->mixed_cohorts = level->n_cohorts;
    for (size_t i = level->mixed_ids; i < level->n_ids; i++)
        pool->log_mix[level->ids[i]] = -INFINITY;
    if (mix_part(pool, level, depth, level->mixed_ids, level->n_ids, 0) != PS_OK) return PS_NOMEM;
    level->mixed_ids = level->n_ids;
    return PS_OK;
}

ps_status ps_pool_mix(ps_pool *pool) {
    if (ps_reserve(&pool->log_mix, &pool->log_mix_capacity, pool->size + 1) != PS_OK) return PS_NOMEM;
    pool->log_mix[0] = 0; /* m(root) = 1 */
    if (pool->params.weighting == PS_BALANCE) {
        ps_balance_log_mixture(pool->ell + 1, pool->size, pool->events, pool->n_events, pool->log_mix + 1);
        return PS_OK;
    }
    for (size_t depth = 1; depth < pool->n_levels; depth++)
        if (mix_level(pool, depth) != PS_OK) return PS_NOMEM;
    return PS_OK;
}
