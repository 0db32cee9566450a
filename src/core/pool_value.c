/* What became of a prefix's descendants, taken back into the prefix: the value
 *
 *     V(x) = (R(x) + Σ V(child)) / (1 + number of children)
 *
 * of x and all that grew from it, finished ones too, with R = exp(merit): a prefix of merit whose continuations all
 * have little is worth less than it seemed. depth_retreat compares depths by the values of their prefixes. R is not L:
 * a score that falls with length would make every continuation look bad, and the search would go back from all of them.
 *
 * The values decide how many particles go back to a depth, never to which of its prefixes. That number may depend on
 * anything past without making the weights wrong. So prefixes that a move grew count among the children here, though
 * they are in no sum of the weights. */
#include "core/pool.h"

#include <stdlib.h>

/* Add more·exp(x) to sum·exp(best). */
static void add(double x, double more, double *best, double *sum) {
    if (x == -INFINITY) return;
    if (x > *best) {
        *sum = *sum * exp(*best - x) + more;
        *best = x;
    } else {
        *sum += more * exp(x - *best);
    }
}

/* Σ V over the brood of an eldest: the youngest first. */
static void sum_brood(ps_pool *pool, uint32_t eldest) {
    ps_kin *brood = &pool->kin[eldest];
    brood->best = -INFINITY;
    brood->sum = 0;
    for (uint32_t child = brood->youngest;; child = pool->kin[child].older_sibling) {
        add(pool->kin[child].log_value, 1, &brood->best, &brood->sum);
        if (child == eldest) break;
    }
    brood->stale = false;
}

/* V of a snapshot whose children's values are known. */
static double value_of(ps_pool *pool, uint32_t id) {
    double best = -INFINITY, sum = 0, merit = pool->snapshots[id].merit;
    if (pool->kin[id].n_children == 0) return merit;
    for (uint32_t eldest = pool->kin[id].youngest_brood; eldest != 0; eldest = pool->kin[eldest].older_brood) {
        if (pool->kin[eldest].stale) sum_brood(pool, eldest);
        add(pool->kin[eldest].best, pool->kin[eldest].sum, &best, &sum);
    }
    add(merit, 1, &best, &sum);
    return sum > 0 ? best + log(sum / (double)(1 + pool->kin[id].n_children)) : -INFINITY;
}

static void join_brood(ps_pool *pool, uint32_t parent, uint32_t id) {
    ps_kin *of_parent = &pool->kin[parent], *own = &pool->kin[id];
    if (of_parent->n_children++ % PS_BROOD == 0) {
        own->older_brood = of_parent->youngest_brood;
        of_parent->youngest_brood = id;
    }
    own->eldest = of_parent->youngest_brood;
    own->older_sibling = pool->kin[own->eldest].youngest;
    pool->kin[own->eldest].youngest = id;
    pool->kin[own->eldest].stale = true;
}

static void meet_new(ps_pool *pool) {
    for (size_t id = pool->n_kin; id <= pool->size; id++) {
        pool->kin[id] = (ps_kin){.log_value = pool->snapshots[id].merit};
        if (id > 0) join_brood(pool, pool->snapshots[id].parent, (uint32_t)id);
    }
}

/* The ancestors of what is new, those that grew from no candidate left out: each once, into `stirred`. */
static size_t find_stirred(ps_pool *pool, size_t oldest) {
    size_t n = 0;
    for (size_t id = pool->n_kin; id <= pool->size; id++)
        for (uint32_t up = pool->snapshots[id].parent; up >= oldest && !pool->kin[up].stirred;
             up = pool->snapshots[up].parent) {
            pool->kin[up].stirred = true;
            pool->stirred[n++] = up;
        }
    return n;
}

static int youngest_first(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x > y ? -1 : x < y;
}

/* All that grew from a candidate is younger than the oldest of them, and the oldest is never older than before: what a
 * long search has left behind need not be valued again. */
static size_t oldest_candidate(const ps_pool *pool) {
    size_t oldest = pool->size + 1;
    for (size_t c = 0; c < pool->n_candidates; c++)
        if (pool->candidates[c] != 0 && pool->candidates[c] < oldest) oldest = pool->candidates[c];
    return oldest;
}

/* A new snapshot changes the values of its ancestors only. Children are younger than their parent: the youngest first.
 */
ps_status ps_pool_value(ps_pool *pool) {
    if (ps_reserve(&pool->kin, &pool->kin_capacity, pool->size + 1) != PS_OK ||
        ps_reserve(&pool->stirred, &pool->stirred_capacity, pool->size + 1) != PS_OK ||
        ps_reserve(&pool->candidate_worth, &pool->candidate_worth_capacity, pool->size + 1) != PS_OK)
        return PS_NOMEM;
    meet_new(pool);
    size_t n = find_stirred(pool, oldest_candidate(pool));
    qsort(pool->stirred, n, sizeof *pool->stirred, youngest_first);
    for (size_t i = 0; i < n; i++) {
        ps_kin *kin = &pool->kin[pool->stirred[i]];
        kin->log_value = value_of(pool, pool->stirred[i]);
        kin->stirred = false;
        pool->kin[kin->eldest].stale = true;
    }
    pool->n_kin = pool->size + 1;
    pool->kin[0].log_value = 0; /* nobody asks for the root's: it is judged by the shallowest depth */
    for (size_t c = 0; c < pool->n_candidates; c++)
        pool->candidate_worth[c] = pool->candidate_mix[c] - pool->kin[pool->candidates[c]].log_value;
    return PS_OK;
}
