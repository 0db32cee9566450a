/* What became of a prefix's descendants, taken back into the prefix: the value
 *
 *     V(x) = (L(x) + Σ V(child)) / (1 + number of children)
 *
 * of x and all that grew from it, finished ones too. A prefix that was read as good and whose continuations were all
 * read as bad is worth less than its reading. depth_retreat compares depths by it: the values decide how many particles
 * go back to a depth, which may depend on anything past, and never which of its prefixes they are. */
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

/* Children are younger than their parent, so the youngest first. */
static void back_up(ps_family *families, const ps_snapshot *snapshots, size_t size) {
    for (size_t i = 0; i <= size; i++)
        families[i] = (ps_family){.best = -INFINITY};
    for (size_t i = size; i > 0; i--) {
        ps_family *own = &families[i], *parent = &families[snapshots[i].parent];
        own->log_value = snapshots[i].ell;
        if (own->n > 0) {
            add(snapshots[i].ell, &own->best, &own->sum);
            own->log_value = own->sum > 0 ? own->best + log(own->sum / (double)(1 + own->n)) : -INFINITY;
        }
        add(own->log_value, &parent->best, &parent->sum);
        parent->n++;
    }
}

ps_status ps_pool_value(ps_pool *pool) {
    if (ps_reserve(&pool->families, &pool->families_capacity, pool->size + 1) != PS_OK ||
        ps_reserve(&pool->candidate_worth, &pool->candidate_worth_capacity, pool->size + 1) != PS_OK)
        return PS_NOMEM;
    back_up(pool->families, pool->snapshots, pool->size);
    for (size_t c = 0; c < pool->n_candidates; c++)
        pool->candidate_worth[c] = pool->candidate_mix[c] - pool->families[pool->candidates[c]].log_value;
    return PS_OK;
}
