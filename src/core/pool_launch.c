/* A pool's selection events: launching particles, and counting where they could have got to. */
#include "core/pool.h"

#include <string.h>

static ps_status check_pick(const ps_pool *pool, double beta, uint32_t pick, ps_error *err) {
    if (pick > pool->size) return ps_fail(err, PS_ARG, "no snapshot %u in a pool of %zu", pick, pool->size);
    const ps_snapshot *s = &pool->snapshots[pick];
    if (pool->n_events == 0 && pick != 0)
        return ps_fail(err, PS_ARG, "the first launch is from the root, not from snapshot %u", pick);
    if (s->pruned) return ps_fail(err, PS_ARG, "snapshot %u was pruned: it cannot be selected", pick);
    if (pool->params.weighting == PS_LINEAGE && s->state != PS_OPEN)
        return ps_fail(err, PS_ARG, "snapshot %u is at its end: nothing can be launched from it", pick);
    if (beta > 0 && s->ell == -INFINITY)
        return ps_fail(err, PS_ARG, "snapshot %u has weight zero: it cannot be selected", pick);
    return PS_OK;
}

static ps_status check_launch(const ps_pool *pool, double beta, const uint32_t *picks, size_t m, ps_error *err) {
    if (m == 0) return ps_fail(err, PS_ARG, "a launch needs at least one particle");
    if (!(beta >= 0 && beta < INFINITY)) return ps_fail(err, PS_ARG, "beta is %g: expected a number from 0 up", beta);
    if (pool->n_events == 0 && beta != 0) return ps_fail(err, PS_ARG, "the first launch has beta 0, not %g", beta);
    if (pool->n_events > 0 && !pool->prepared)
        return ps_fail(err, PS_ARG, "the pool has changed: prepare it before the next launch");
    for (size_t i = 0; i < m; i++) {
        ps_status status = check_pick(pool, beta, picks[i], err);
        if (status != PS_OK) return status;
    }
    return PS_OK;
}

/* Room for one more event of m particles from up to n_depths depths. */
static ps_status reserve_event(ps_pool *pool, size_t n_depths, size_t m) {
    if (ps_reserve(&pool->events, &pool->events_capacity, pool->n_events + 1) != PS_OK ||
        ps_reserve(&pool->cohorts, &pool->cohorts_capacity, pool->n_cohorts + n_depths) != PS_OK ||
        ps_reserve(&pool->standing, &pool->standing_capacity, m) != PS_OK)
        return PS_NOMEM;
    return PS_OK;
}

/* One cohort for each depth that something was picked from. log Ẑ_e(a) is a sum over all that the depth has ever held:
 * of the other depths nobody will ask for it. */
static void record_cohorts(ps_pool *pool, double beta, const uint32_t *picks, size_t m) {
    size_t shallowest = SIZE_MAX, deepest = 0;
    for (size_t i = 0; i < m; i++) {
        size_t depth = pool->snapshots[picks[i]].depth;
        shallowest = depth < shallowest ? depth : shallowest;
        deepest = depth > deepest ? depth : deepest;
    }
    ps_cohort *at =
        pool->cohorts + pool->n_cohorts; /* at[a − shallowest], those without particles dropped at the end */
    for (size_t a = shallowest; a <= deepest; a++)
        at[a - shallowest] = (ps_cohort){.event = (uint32_t)pool->n_events, .launch_depth = (uint32_t)a};
    for (size_t i = 0; i < m; i++)
        at[pool->snapshots[picks[i]].depth - shallowest].count++;
    for (size_t a = shallowest; a <= deepest; a++) {
        if (at[a - shallowest].count == 0) continue;
        ps_cohort *kept = &pool->cohorts[pool->n_cohorts++];
        *kept = at[a - shallowest];
        kept->log_z = pool->n_events == 0 ? 0 : ps_pool_log_z(pool, beta, a);
    }
}

/* Particles leave the snapshots they stand on; their places are now the open ones among the picks. */
static void stand(ps_pool *pool, const uint32_t *picks, size_t m) {
    for (size_t i = 0; i < pool->n_standing; i++)
        pool->running[pool->standing[i]] = 0;
    pool->n_standing = 0;
    for (size_t i = 0; i < m; i++) {
        if (pool->snapshots[picks[i]].state != PS_OPEN) continue;
        if (pool->running[picks[i]]++ == 0) pool->standing[pool->n_standing++] = picks[i];
    }
}

ps_status ps_pool_launch(ps_pool *pool, double beta, const uint32_t *picks, size_t m, ps_error *err) {
    ps_status status = check_launch(pool, beta, picks, m, err);
    if (status != PS_OK) return status;
    bool lineage = pool->params.weighting == PS_LINEAGE, first = pool->n_events == 0;
    size_t n_depths = lineage ? pool->n_levels : 0;
    if (reserve_event(pool, n_depths, m) != PS_OK) return ps_nomem(err);

    double log_z = lineage || first ? 0 : ps_pool_log_z(pool, beta, 0);
    if (lineage) record_cohorts(pool, beta, picks, m);
    pool->events[pool->n_events++] = (ps_balance_event){beta, log_z, 0};
    pool->largest_beta = fmax(pool->largest_beta, beta);
    pool->age = 0;
    stand(pool, picks, m);
    return PS_OK;
}

/* The index of the last event's first cohort; the others follow it. */
static size_t first_cohort(const ps_pool *pool) {
    size_t first = pool->n_cohorts;
    while (first > 0 && pool->cohorts[first - 1].event + 1 == pool->n_events)
        first--;
    return first;
}

/* Add a cohort to the terms of a level; room for one more is there. Events of the same β, such as all that reach β_max,
 * become one term. Those of other β come and go: only the newest terms are looked at. */
static void group_cohort(ps_level *level, const ps_cohort *c, double beta) {
    enum { NEWEST = 64 };
    size_t end = level->n_groups; /* of the terms with this launch depth */
    while (end > 0 && level->groups[end - 1].launch_depth < c->launch_depth)
        end--;
    double log_weight = log((double)c->count) - c->log_z;
    for (size_t i = end; i > 0 && end - i < NEWEST && level->groups[i - 1].launch_depth == c->launch_depth; i--) {
        ps_cohort_group *group = &level->groups[i - 1];
        if (group->beta != beta) continue;
        double most = fmax(group->log_weight, log_weight), least = fmin(group->log_weight, log_weight);
        group->log_weight = most + log1p(exp(least - most));
        return;
    }
    memmove(level->groups + end + 1, level->groups + end, (level->n_groups - end) * sizeof *level->groups);
    level->groups[end] = (ps_cohort_group){c->launch_depth, beta, log_weight};
    level->n_groups++;
}

static void note_launch_depth(ps_level *level, size_t depth) {
    level->several_launches =
        level->several_launches || (level->launch_depth != SIZE_MAX && level->launch_depth != depth);
    level->launch_depth = depth;
}

/* Count the last event's particles at the depths they have now reached, or would have, had they not finished. */
static ps_status count_cohorts(ps_pool *pool) {
    size_t first = first_cohort(pool);
    for (size_t c = first; c < pool->n_cohorts; c++) { /* all the room before any change */
        size_t depth = pool->cohorts[c].launch_depth + pool->age + 1;
        if (depth > pool->params.max_depth) continue;
        if (ps_pool_reserve_levels(pool, depth) != PS_OK) return PS_NOMEM;
        ps_level *level = &pool->levels[depth];
        if (ps_reserve(&level->cohorts, &level->cohorts_capacity, level->n_cohorts + 1) != PS_OK ||
            ps_reserve(&level->groups, &level->groups_capacity, level->n_groups + 1) != PS_OK)
            return PS_NOMEM;
    }
    for (size_t c = first; c < pool->n_cohorts; c++) {
        size_t depth = pool->cohorts[c].launch_depth + pool->age + 1;
        if (depth > pool->params.max_depth) continue;
        ps_level *level = &pool->levels[depth];
        level->cohorts[level->n_cohorts++] = (uint32_t)c;
        double beta = pool->events[pool->cohorts[c].event].beta;
        group_cohort(level, &pool->cohorts[c], beta);
        if (beta > 0) note_launch_depth(level, pool->cohorts[c].launch_depth);
        if (depth < pool->mix_from) pool->mix_from = depth;
    }
    return PS_OK;
}

ps_status ps_pool_advance(ps_pool *pool, ps_error *err) {
    if (pool->n_events == 0) return ps_fail(err, PS_ARG, "no particle runs: launch before the first iteration");
    if (ps_pool_reserve_prune(pool) != PS_OK || count_cohorts(pool) != PS_OK) return ps_nomem(err);
    pool->age++;
    pool->appended = 0;
    pool->prepared = false;
    ps_pool_prune(pool);
    return PS_OK;
}
