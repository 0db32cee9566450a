/* A pool's snapshots: creation, appending, looking. */
#include "core/pool.h"

static ps_status check_params(const ps_pool_params *p, ps_error *err) {
    if (!(p->depth_decay >= 0 && p->depth_decay <= 1))
        return ps_fail(err, PS_ARG, "depth_decay is %g: expected a number in [0, 1]", p->depth_decay);
    if (!(p->depth_retreat >= 0 && p->depth_retreat < INFINITY))
        return ps_fail(err, PS_ARG, "depth_retreat is %g: expected a finite number from 0 up", p->depth_retreat);
    if (!isfinite(p->depth_tilt))
        return ps_fail(err, PS_ARG, "depth_tilt is %g: expected a finite number", p->depth_tilt);
    if (p->max_depth == 0 || p->max_depth >= UINT32_MAX)
        return ps_fail(err, PS_ARG, "max_depth is %zu: expected at least one step", p->max_depth);
    return PS_OK;
}

ps_status ps_pool_reserve_snapshots(ps_pool *pool, size_t n) {
    if (ps_reserve(&pool->snapshots, &pool->snapshots_capacity, n) != PS_OK ||
        ps_reserve(&pool->ell, &pool->ell_capacity, n) != PS_OK ||
        ps_reserve(&pool->running, &pool->running_capacity, n) != PS_OK ||
        ps_reserve(&pool->continued, &pool->continued_capacity, n) != PS_OK)
        return PS_NOMEM;
    return PS_OK;
}

ps_status ps_pool_reserve_levels(ps_pool *pool, size_t depth) {
    if (ps_reserve(&pool->levels, &pool->levels_capacity, depth + 1) != PS_OK) return PS_NOMEM;
    for (; pool->n_levels <= depth; pool->n_levels++)
        pool->levels[pool->n_levels] = (ps_level){.stale = true, .open_best = -INFINITY, .launch_depth = SIZE_MAX};
    return PS_OK;
}

/* One more open snapshot in a level's mean of R. */
static void count_open(ps_level *level, double merit) {
    level->n_open++;
    if (merit == -INFINITY) return;
    if (merit > level->open_best) {
        level->open_sum = level->open_sum * exp(level->open_best - merit) + 1;
        level->open_best = merit;
    } else {
        level->open_sum += exp(merit - level->open_best);
    }
}

/* Put a snapshot into the arrays; room for it is there. */
static void put(ps_pool *pool, uint32_t id, ps_snapshot snapshot) {
    ps_level *level = &pool->levels[snapshot.depth];
    pool->snapshots[id] = snapshot;
    pool->ell[id] = snapshot.ell;
    pool->running[id] = 0;
    pool->continued[id] = 0;
    level->ids[level->n_ids++] = id;
    level->stale = true;
    if (snapshot.state != PS_OPEN) return;
    level->live[level->n_live++] = id;
    count_open(level, snapshot.merit);
}

ps_status ps_pool_create(const ps_pool_params *params, ps_pool **out, ps_error *err) {
    ps_status status = check_params(params, err);
    if (status != PS_OK) return status;
    ps_pool *pool = ps_calloc(1, sizeof *pool);
    if (pool == NULL) return ps_nomem(err);
    pool->params = *params;
    pool->deepest = SIZE_MAX;
    pool->mix_from = 1; /* the root has no mixture */
    if (ps_pool_reserve_snapshots(pool, 1) != PS_OK || ps_pool_reserve_levels(pool, 0) != PS_OK ||
        ps_reserve(&pool->levels[0].ids, &pool->levels[0].ids_capacity, 1) != PS_OK ||
        ps_reserve(&pool->levels[0].live, &pool->levels[0].live_capacity, 1) != PS_OK) {
        ps_pool_free(pool);
        return ps_nomem(err);
    }
    put(pool, 0, (ps_snapshot){.state = PS_OPEN});
    *out = pool;
    return PS_OK;
}

void ps_pool_free(ps_pool *pool) {
    if (pool == NULL) return;
    for (size_t d = 0; d < pool->n_levels; d++) {
        ps_free(pool->levels[d].ids);
        ps_free(pool->levels[d].live);
        ps_free(pool->levels[d].cohorts);
        ps_free(pool->levels[d].groups);
        ps_free(pool->levels[d].crowd_ids);
        ps_free(pool->levels[d].strays);
        ps_crowd_free(pool->levels[d].crowd);
    }
    void *arrays[] = {pool->snapshots, pool->ell,        pool->running,    pool->log_mix,       pool->levels,
                      pool->cohorts,   pool->events,     pool->candidates, pool->candidate_ell, pool->candidate_mix,
                      pool->ancestors, pool->path_ell,   pool->part_mix,   pool->sorted,        pool->victims,
                      pool->standing,  pool->selectable, pool->continued,  pool->kin,           pool->candidate_worth,
                      pool->stirred};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        ps_free(arrays[i]);
    ps_free(pool);
}

/* Where the line of a child of `parent` was launched: it inherits its parent's launch if the parent was itself made
 * since the last event, else the parent was picked by that event. */
static uint32_t launch_depth_below(const ps_pool *pool, uint32_t parent) {
    const ps_snapshot *p = &pool->snapshots[parent];
    return parent != 0 && p->event + 1 == pool->n_events ? p->launch_depth : p->depth;
}

ps_status ps_pool_check_numbers(const ps_pool *pool, uint32_t parent, double ell, double merit, ps_error *err) {
    const ps_pool_params *p = &pool->params;
    bool compares = p->weighting == PS_LINEAGE && (p->depth_tilt > 0 || p->depth_retreat > 0);
    if (isnan(ell) || ell == INFINITY)
        return ps_fail(err, PS_DOMAIN, "the score of a child of snapshot %u is %g", parent, ell);
    if (compares && (isnan(merit) || merit == INFINITY))
        return ps_fail(err, PS_DOMAIN,
                       "the merit of a child of snapshot %u, by which depths are compared, is %g (a missing reward?)",
                       parent, merit);
    return PS_OK;
}

static ps_status check_append(const ps_pool *pool, uint32_t parent, double ell, double merit, ps_error *err) {
    if (pool->n_events == 0) return ps_fail(err, PS_ARG, "no particle runs: launch before appending a snapshot");
    if (parent > pool->size) return ps_fail(err, PS_ARG, "no snapshot %u in a pool of %zu", parent, pool->size);
    ps_status status = ps_pool_check_numbers(pool, parent, ell, merit, err);
    if (status != PS_OK) return status;
    if (pool->size >= UINT32_MAX - 1) return ps_fail(err, PS_BUDGET, "the pool is full");
    if (pool->params.weighting == PS_BALANCE) return PS_OK; /* whole answers are appended to the root */
    if (pool->running[parent] == 0) return ps_fail(err, PS_ARG, "no particle runs at snapshot %u", parent);
    if (pool->snapshots[parent].depth != launch_depth_below(pool, parent) + pool->age)
        return ps_fail(err, PS_ARG, "the particle at snapshot %u missed an iteration", parent);
    return PS_OK;
}

ps_status ps_pool_append(ps_pool *pool, uint32_t parent, double ell, double merit, ps_snapshot_state state,
                         uint32_t *id, ps_error *err) {
    ps_status status = check_append(pool, parent, ell, merit, err);
    if (status != PS_OK) return status;
    uint32_t depth = pool->snapshots[parent].depth + 1;
    if (depth >= pool->params.max_depth && state == PS_OPEN) state = PS_TRUNCATED;
    if (ps_pool_reserve_snapshots(pool, pool->size + 2) != PS_OK || ps_pool_reserve_levels(pool, depth) != PS_OK)
        return ps_nomem(err);
    ps_level *level = &pool->levels[depth];
    if (ps_reserve(&level->ids, &level->ids_capacity, level->n_ids + 1) != PS_OK ||
        ps_reserve(&level->live, &level->live_capacity, level->n_live + 1) != PS_OK ||
        ps_reserve(&pool->standing, &pool->standing_capacity, pool->n_standing + 1) != PS_OK ||
        ps_reserve(&pool->selectable, &pool->selectable_capacity, pool->n_selectable + 1) != PS_OK)
        return ps_nomem(err);

    uint32_t child = (uint32_t)++pool->size;
    put(pool, child,
        (ps_snapshot){.parent = parent,
                      .depth = depth,
                      .event = (uint32_t)(pool->n_events - 1),
                      .launch_depth = launch_depth_below(pool, parent),
                      .ell = ell,
                      .merit = merit,
                      .state = state});
    if (depth < pool->mix_from) pool->mix_from = depth;
    if (pool->running[parent] > 0) pool->running[parent]--;
    pool->continued[parent]++;
    if (state == PS_OPEN) {
        pool->running[child] = 1;
        pool->standing[pool->n_standing++] = child;
        pool->selectable[pool->n_selectable++] = child;
    }
    pool->events[pool->n_events - 1].count++;
    pool->appended++;
    pool->prepared = false;
    *id = child;
    return PS_OK;
}

size_t ps_pool_size(const ps_pool *pool) {
    return pool->size;
}

const ps_snapshot *ps_pool_snapshots(const ps_pool *pool) {
    return pool->snapshots;
}

size_t ps_pool_events(const ps_pool *pool) {
    return pool->n_events;
}

double ps_pool_event_beta(const ps_pool *pool, size_t event) {
    return event < pool->n_events ? pool->events[event].beta : NAN;
}

double ps_pool_event_log_z(const ps_pool *pool, size_t event, size_t launch_depth) {
    if (event >= pool->n_events) return NAN;
    if (pool->params.weighting == PS_BALANCE) return pool->events[event].log_z;
    for (size_t c = 0; c < pool->n_cohorts; c++)
        if (pool->cohorts[c].event == event && pool->cohorts[c].launch_depth == launch_depth)
            return pool->cohorts[c].log_z;
    return NAN;
}

size_t ps_pool_launched(const ps_pool *pool, size_t event, size_t launch_depth, size_t depth) {
    if (depth >= pool->n_levels) return 0;
    const ps_level *level = &pool->levels[depth];
    for (size_t i = 0; i < level->n_cohorts; i++) {
        const ps_cohort *c = &pool->cohorts[level->cohorts[i]];
        if (c->event == event && c->launch_depth == launch_depth) return c->count;
    }
    return 0;
}
