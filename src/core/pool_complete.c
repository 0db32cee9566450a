/* A selection that completes earlier ones from the same depth: W ∝ max(0, E_i + n·W_i − K_i). */
#include "core/pool.h"

/* E_i, the number of steps that past events should have taken from snapshot x of depth d by their densities:
 *     Σ_(e,a) N(e,a,d+1)·exp(β_e·ℓ(x[a]) − log Ẑ_e(a)) / (M_d·m(x))
 * Each cohort counted at d + 1 passed through x with its density there; x stands for the part 1/(M_d·m(x)) of q. */
static double expected_steps(const ps_pool *pool, uint32_t id, const ps_level *below) {
    double sum = 0, log_f;
    uint32_t ancestor = id;
    if (ps_pool_crowd_log_f(below, pool->snapshots[id].depth, pool->ell[id], &log_f))
        return exp(log_f - pool->log_mix[id]);
    for (size_t i = 0; i < below->n_groups; i++) { /* deepest launches first: one way up serves all */
        const ps_cohort_group *group = &below->groups[i];
        while (pool->snapshots[ancestor].depth > group->launch_depth)
            ancestor = pool->snapshots[ancestor].parent;
        double tempered = group->beta == 0 ? 0 : group->beta * pool->ell[ancestor];
        sum += exp(group->log_weight + tempered - pool->log_mix[id]);
    }
    return sum;
}

/* E_i + n·W_i − K_i. */
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
