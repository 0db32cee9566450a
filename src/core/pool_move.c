/* Prefixes on the way to where a moved particle is launched from. */
#include "core/pool.h"

ps_status ps_pool_append_passage(ps_pool *pool, uint32_t parent, double ell, double merit, ps_snapshot_state state,
                                 uint32_t *id, ps_error *err) {
    if (pool->params.weighting != PS_LINEAGE)
        return ps_fail(err, PS_ARG, "particles of mode steps move with weights lineage only");
    if (!pool->prepared) return ps_fail(err, PS_ARG, "particles move between a selection and the launch that follows");
    if (parent > pool->size) return ps_fail(err, PS_ARG, "no snapshot %u in a pool of %zu", parent, pool->size);
    ps_status status = ps_pool_check_numbers(pool, parent, ell, merit, err);
    if (status != PS_OK) return status;
    if (pool->size >= UINT32_MAX - 1) return ps_fail(err, PS_BUDGET, "the pool is full");
    if (ps_pool_reserve_snapshots(pool, pool->size + 2) != PS_OK) return ps_nomem(err);
    uint32_t child = (uint32_t)++pool->size, depth = pool->snapshots[parent].depth + 1;
    /* A particle that stands here is launched from here, by the event to come. */
    pool->snapshots[child] = (ps_snapshot){.parent = parent,
                                           .depth = depth,
                                           .event = (uint32_t)pool->n_events,
                                           .launch_depth = depth,
                                           .ell = ell,
                                           .merit = merit,
                                           .state = state,
                                           .passage = true};
    pool->ell[child] = ell;
    pool->running[child] = 0;
    pool->continued[child] = 0;
    *id = child;
    return PS_OK;
}
