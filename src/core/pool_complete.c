/* What a selection owes to the snapshots of a depth that earlier selections have been at. */
#include "core/pool.h"

/* Steps that the particles of the mixture are expected to have taken from a snapshot x of depth d: the pool stands for
 * q, x for its part 1/(M_d·m(x)), and the cohorts counted at d + 1 passed through x with their density there:
 * Σ_(e,a) N(e,a,d+1)·exp(β_e·ℓ(x[a]) − log Ẑ_e(a)) / (M_d·m(x)). */
static double expected_steps(const ps_pool *pool, uint32_t id, const ps_level *below) {
    double sum = 0;
    uint32_t ancestor = id;
    for (size_t i = 0; i < below->n_groups; i++) { /* deepest launches first: one way up serves all */
        const ps_cohort_group *group = &below->groups[i];
        while (pool->snapshots[ancestor].depth > group->launch_depth)
            ancestor = pool->snapshots[ancestor].parent;
        double tempered = group->beta == 0 ? 0 : group->beta * pool->ell[ancestor];
        sum += exp(group->log_weight + tempered - pool->log_mix[id]);
    }
    return sum;
}

static double owed(const ps_pool *pool, uint32_t id, const ps_level *below, double wanted) {
    return fmax(0, expected_steps(pool, id, below) + wanted - pool->continued[id]);
}

void ps_pool_complete(const ps_pool *pool, size_t depth, size_t n, double *W) {
    if (!pool->prepared || pool->params.weighting != PS_LINEAGE || depth + 1 >= pool->n_levels) return;
    const ps_level *level = &pool->levels[depth], *below = &pool->levels[depth + 1];
    const uint32_t *ids = pool->candidates + level->first;
    double *V = W + level->first, share = 0, sum = 0;
    for (size_t i = 0; i < level->n_candidates; i++) {
        share += V[i];
        sum += owed(pool, ids[i], below, (double)n * V[i]);
    }
    if (!(share > 0 && sum > 0 && sum < INFINITY)) return;
    for (size_t i = 0; i < level->n_candidates; i++)
        V[i] = owed(pool, ids[i], below, (double)n * V[i]) * share / sum;
}
