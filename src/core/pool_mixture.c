/* The density each snapshot was really proposed with, relative to q.
 *
 * lineage: log m(x) = LSE_(e,a)[ log(N(e,a,d)/M_d) + β_e·ℓ(x[a]) − log Ẑ_e(a) ]. M_d is common to a depth and cancels
 * out of everything that is asked of it: W is normalised within a depth, and log Ẑ(β, d) = LSE_i[β·ℓ_i − log m_i] − log
 * M_d and the answers' weights hold M_d once in log m and once outside. So log_mix leaves it out:
 *     log_mix(x) = LSE_(e,a)[ log N(e,a,d) + β_e·ℓ(x[a]) − log Ẑ_e(a) ]
 * balance: N cancels in the same way, from W as from log Ẑ(β) = LSE_i[log w_i] − log N, and
 *     log_mix(x) = LSE_e[ log N_e + β_e·ℓ(x) − log Ẑ_e ]
 * Without M_d and N a term never changes once it is counted, and counts only grow: terms are only ever added. New
 * cohorts, or the growth of N_e, go to the old snapshots; all of them to new snapshots. So bringing the mixtures up to
 * date costs what is new, whatever the number of events before; of a large level less (pool_crowd.c).
 *
 * The price is rounding: every update of log_mix rounds it once, and its sum and logarithm besides. With u = 2^−53 an
 * update errs by at most u·(|log_mix| + 8), so k updates by k times that: 1e−12 relative to max(1, |log_mix|) for k up
 * to 1,000 if all erred the same way, and in proportion to √k as they do (tests/core/test_pool_incremental.c). */
#include "core/pool.h"

#include <stdlib.h>

static int by_launch_depth_down(const void *a, const void *b) {
    const ps_cohort_group *x = a, *y = b;
    if (x->launch_depth != y->launch_depth) return x->launch_depth > y->launch_depth ? -1 : 1;
    return x->beta < y->beta ? -1 : x->beta > y->beta;
}

void ps_mix_groups(const double *ell, double *log_mix, size_t n, const ps_cohort_group *groups, size_t n_groups) {
    ps_mix_terms terms;
    ps_mix_reset(&terms);
    for (size_t i = 0; i < n_groups; i++) {
        if (ps_mix_add(&terms, groups[i].beta, groups[i].log_weight)) continue;
        ps_kernels_best()->mix(ell, n, &terms, log_mix);
        ps_mix_reset(&terms);
        ps_mix_add(&terms, groups[i].beta, groups[i].log_weight);
    }
    ps_kernels_best()->mix(ell, n, &terms, log_mix);
}

static void climb(ps_pool *pool, size_t n, size_t steps) {
    for (; steps > 0; steps--)
        for (size_t i = 0; i < n; i++)
            pool->ancestors[i] = pool->snapshots[pool->ancestors[i]].parent;
}

ps_status ps_pool_reserve_part(ps_pool *pool, size_t n) {
    if (ps_reserve(&pool->ancestors, &pool->ancestors_capacity, n) != PS_OK ||
        ps_reserve(&pool->path_ell, &pool->path_ell_capacity, n) != PS_OK ||
        ps_reserve(&pool->part_mix, &pool->part_mix_capacity, n) != PS_OK)
        return PS_NOMEM;
    return PS_OK;
}

ps_status ps_pool_mix_part(ps_pool *pool, const uint32_t *ids, size_t n, size_t depth, const ps_cohort_group *groups,
                           size_t n_groups) {
    if (n == 0 || n_groups == 0) return PS_OK;
    if (ps_pool_reserve_part(pool, n) != PS_OK) return PS_NOMEM;
    for (size_t i = 0; i < n; i++) {
        pool->ancestors[i] = ids[i];
        pool->part_mix[i] = pool->log_mix[pool->ancestors[i]];
    }
    for (size_t g = 0, end; g < n_groups; g = end) {
        size_t a = groups[g].launch_depth;
        for (end = g + 1; end < n_groups && groups[end].launch_depth == a;)
            end++;
        climb(pool, n, depth - a);
        depth = a;
        for (size_t i = 0; i < n; i++)
            pool->path_ell[i] = pool->ell[pool->ancestors[i]];
        ps_mix_groups(pool->path_ell, pool->part_mix, n, groups + g, end - g);
    }
    for (size_t i = 0; i < n; i++)
        pool->log_mix[ids[i]] = pool->part_mix[i];
    return PS_OK;
}

/* The cohorts of a level that its mixed snapshots do not know yet, as terms in `sorted`. */
static ps_status sort_new_cohorts(ps_pool *pool, const ps_level *level) {
    size_t n = level->n_cohorts - level->mixed_cohorts;
    if (ps_reserve(&pool->sorted, &pool->sorted_capacity, n) != PS_OK) return PS_NOMEM;
    for (size_t i = 0; i < n; i++) {
        const ps_cohort *c = &pool->cohorts[level->cohorts[level->mixed_cohorts + i]];
        double log_weight = log((double)c->count) - c->log_z;
        pool->sorted[i] = (ps_cohort_group){c->launch_depth, pool->events[c->event].beta, log_weight};
    }
    qsort(pool->sorted, n, sizeof *pool->sorted, by_launch_depth_down);
    return PS_OK;
}

/* An interrupted update leaves log_mix of whole parts only, and the marks say which; it can be repeated. */
static ps_status mix_level(ps_pool *pool, size_t depth) {
    ps_level *level = &pool->levels[depth];
    if (ps_pool_crowd_update(pool, depth) != PS_OK) return PS_NOMEM;
    size_t fresh = level->n_cohorts - level->mixed_cohorts;
    if (fresh > 0 && sort_new_cohorts(pool, level) != PS_OK) return PS_NOMEM;
    level->stale = level->stale || fresh > 0;
    if (level->crowd != NULL) return ps_pool_crowd_mix(pool, depth, pool->sorted, fresh);
    if (fresh > 0) {
        if (ps_pool_mix_part(pool, level->ids, level->mixed_ids, depth, pool->sorted, fresh) != PS_OK) return PS_NOMEM;
        level->mixed_cohorts = level->n_cohorts;
    }
    size_t n = level->n_ids - level->mixed_ids;
    if (n == 0) return PS_OK; /* there may be no ids at all, and no array of them */
    for (size_t i = level->mixed_ids; i < level->n_ids; i++)
        pool->log_mix[level->ids[i]] = -INFINITY;
    if (ps_pool_mix_part(pool, level->ids + level->mixed_ids, n, depth, level->groups, level->n_groups) != PS_OK)
        return PS_NOMEM;
    level->mixed_ids = level->n_ids;
    return PS_OK;
}

/* Add to the mixtures of snapshots from_id … to_id the events from_event …, of the first of them what it made beyond
 * its first `known` snapshots. */
static void mix_events(ps_pool *pool, size_t from_id, size_t to_id, size_t from_event, size_t known) {
    ps_mix_terms terms;
    ps_mix_reset(&terms);
    if (from_id > to_id) return;
    size_t n = to_id + 1 - from_id;
    for (size_t e = from_event; e < pool->n_events; e++, known = 0) {
        const ps_balance_event *event = &pool->events[e];
        if (event->count == known) continue;
        double log_weight = log((double)(event->count - known)) - event->log_z;
        if (ps_mix_add(&terms, event->beta, log_weight)) continue;
        ps_kernels_best()->mix(pool->ell + from_id, n, &terms, pool->log_mix + from_id);
        ps_mix_reset(&terms);
        ps_mix_add(&terms, event->beta, log_weight);
    }
    if (terms.n == 0 && terms.constant == -INFINITY) return;
    ps_kernels_best()->mix(pool->ell + from_id, n, &terms, pool->log_mix + from_id);
}

static void mix_balance(ps_pool *pool) {
    if (pool->mixed_events > 0) mix_events(pool, 1, pool->mixed_size, pool->mixed_events - 1, pool->mixed_count);
    for (size_t id = pool->mixed_size + 1; id <= pool->size; id++)
        pool->log_mix[id] = -INFINITY;
    mix_events(pool, pool->mixed_size + 1, pool->size, 0, 0);
    pool->mixed_size = pool->size;
    pool->mixed_events = pool->n_events;
    pool->mixed_count = pool->n_events > 0 ? pool->events[pool->n_events - 1].count : 0;
}

ps_status ps_pool_mix(ps_pool *pool) {
    if (ps_reserve(&pool->log_mix, &pool->log_mix_capacity, pool->size + 1) != PS_OK) return PS_NOMEM;
    pool->log_mix[0] = 0; /* m(root) = 1 */
    if (pool->params.weighting == PS_BALANCE) {
        mix_balance(pool);
        return PS_OK;
    }
    for (size_t depth = pool->mix_from; depth < pool->n_levels; depth++)
        if (mix_level(pool, depth) != PS_OK) return PS_NOMEM;
    pool->mix_from = pool->n_levels;
    return PS_OK;
}
