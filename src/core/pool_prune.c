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
    const size_t excess = pool->n_selectable - pool->params.max_size;
    size_t n = 0;
    for (uint32_t id = 1; id <= pool->size; id++)
        if (ps_snapshot_selectable(&pool->snapshots[id]) && pool->running[id] == 0)
            pool->victims[n++] = (ps_victim){pool->ell[id], id};
    if (pool->params.prune == PS_PRUNE_LOWEST_SCORE) qsort(pool->victims, n, sizeof *pool->victims, by_score_then_age);
    for (size_t i = 0; i < n && i < excess; i++) {
        pool->snapshots[pool->victims[i].id].pruned = true;
        pool->n_selectable--;
    }
}
