/* The candidates of a selection. */
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
        if (pool->snapshots[id].pruned) {
            if (level->crowd != NULL) level->strays[level->n_strays++] = id;
            continue;
        }
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

/* balance: from a finished snapshot nothing is grown, and where a particle stands it may go on: neither is going back.
 */
static bool in_window(const ps_pool *pool, uint32_t id) {
    const ps_snapshot *s = &pool->snapshots[id];
    return s->state != PS_OPEN || pool->running[id] > 0 || (s->depth >= pool->shallowest && s->depth <= pool->deepest);
}

/* balance: by age, finished ones too. */
static void gather_all(ps_pool *pool) {
    pool->n_candidates = 0;
    for (uint32_t id = 1; id <= pool->size; id++)
        if (!pool->snapshots[id].pruned && in_window(pool, id)) add_candidate(pool, id);
}

ps_status ps_pool_prepare(ps_pool *pool, const uint32_t **ids, size_t *n, ps_error *err) {
    if (pool->appended > 0) return ps_fail(err, PS_ARG, "an iteration is under way: advance the pool first");
    if (ps_pool_mix(pool) != PS_OK || ps_pool_crowd_reserve(pool) != PS_OK ||
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
