/* Pruning: an open snapshot that no particle stands on may lose its right to be selected. Its numbers stay in every
 * sum, so log Ẑ does not change. */
#include "core/pool.h"

#include <stdlib.h>

static int by_score_then_age(const void *a, const void *b) {
    const ps_victim *x = a, *y = b;
    if (x->ell != y->ell) return x->ell < y->ell ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static bool over(const ps_pool *pool) {
    return pool->params.max_size > 0 && pool->n_selectable > pool->params.max_size;
}

ps_status ps_pool_reserve_prune(ps_pool *pool) {
    return over(pool) ? ps_reserve(&pool->victims, &pool->victims_capacity, pool->n_selectable) : PS_OK;
}

void ps_pool_prune(ps_pool *pool) {
    if (!over(pool)) return;
    size_t excess = pool->n_selectable - pool->params.max_size;
    size_t n = 0, kept = 0;
    for (size_t i = 0; i < pool->n_selectable; i++) {
        uint32_t id = pool->selectable[i];
        if (pool->running[id] == 0) pool->victims[n++] = (ps_victim){pool->ell[id], id};
    }
    if (pool->params.prune == PS_PRUNE_LOWEST_SCORE) qsort(pool->victims, n, sizeof *pool->victims, by_score_then_age);
    for (size_t i = 0; i < n && i < excess; i++) {
        ps_snapshot *victim = &pool->snapshots[pool->victims[i].id];
        victim->pruned = true;
        pool->levels[victim->depth].stale = true;
    }
    for (size_t i = 0; i < pool->n_selectable; i++)
        if (!pool->snapshots[pool->selectable[i]].pruned) pool->selectable[kept++] = pool->selectable[i];
    pool->n_selectable = kept;
}
