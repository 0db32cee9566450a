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

/* Add exp(x) to sum·exp(best). */
static void add(double x, double *best, double *sum) {
    if (x == -INFINITY) return;
    if (x > *best) {
        *sum = *sum * exp(*best - x) + 1;
        *best = x;
    } else {
        *sum += exp(x - *best);
    }
}

/* The values of the snapshots from `oldest` on, which is not the root. Children are younger than their parent, so the
 * youngest first. */
static void back_up(ps_family *families, const ps_snapshot *snapshots, size_t oldest, size_t size) {
    for (size_t i = oldest; i <= size; i++)
        families[i] = (ps_family){.best = -INFINITY};
    for (size_t i = size; i >= oldest; i--) {
        ps_family *own = &families[i], *parent = &families[snapshots[i].parent];
        own->log_value = snapshots[i].merit;
        if (own->n > 0) {
            add(snapshots[i].merit, &own->best, &own->sum);
            own->log_value = own->sum > 0 ? own->best + log(own->sum / (double)(1 + own->n)) : -INFINITY;
        }
        if (snapshots[i].parent < oldest) continue;
        add(own->log_value, &parent->best, &parent->sum);
        parent->n++;
    }
}

/* All that grew from a candidate is younger than the oldest of them: a long search has left most of its pool behind. */
static size_t oldest_candidate(const ps_pool *pool) {
    size_t oldest = pool->size + 1;
    for (size_t c = 0; c < pool->n_candidates; c++)
        if (pool->candidates[c] != 0 && pool->candidates[c] < oldest) oldest = pool->candidates[c];
    return oldest;
}

ps_status ps_pool_value(ps_pool *pool) {
    if (ps_reserve(&pool->families, &pool->families_capacity, pool->size + 1) != PS_OK ||
        ps_reserve(&pool->candidate_worth, &pool->candidate_worth_capacity, pool->size + 1) != PS_OK)
        return PS_NOMEM;
    back_up(pool->families, pool->snapshots, oldest_candidate(pool), pool->size);
    pool->families[0].log_value = 0; /* nobody asks for the root's: it is judged by the shallowest depth */
    for (size_t c = 0; c < pool->n_candidates; c++)
        pool->candidate_worth[c] = pool->candidate_mix[c] - pool->families[pool->candidates[c]].log_value;
    return PS_OK;
}
