/* Moves of particles after a selection. */
#include "method/move.h"

#include <math.h>

void ps_mover_clear(ps_mover *mover) {
    ps_free(mover->chains);
    ps_free(mover->left);
    *mover = (ps_mover){0};
}

static double uniform(ps_mover *mover, const ps_method_params *params) {
    ps_rng_key key = {params->seed, params->problem, 0, PS_RNG_MOVE};
    return ps_uniform(key, mover->uniforms_used++);
}

static void begin(ps_mover *mover, size_t i, const ps_tree *tree, const ps_method_params *params) {
    if (mover->left[i] == 0) return;
    mover->left[i]--;
    ps_chain_cut(&mover->chains[i], tree, uniform(mover, params));
}

ps_status ps_mover_start(ps_mover *mover, const uint32_t *at, size_t n, const ps_tree *tree,
                         const ps_method_params *params, ps_error *err) {
    if (ps_reserve(&mover->chains, &mover->capacity, n) != PS_OK ||
        ps_reserve(&mover->left, &mover->left_capacity, n) != PS_OK)
        return ps_nomem(err);
    mover->n = n;
    for (size_t i = 0; i < n; i++) {
        mover->chains[i] = (ps_chain){.current = at[i]};
        bool moves = at[i] != 0 && tree->nodes[at[i]].state == PS_OPEN; /* the root is all there is of its depth */
        mover->left[i] = moves ? params->n_moves : 0;
        begin(mover, i, tree, params);
    }
    return PS_OK;
}

/* −∞ against −∞: a worthless prefix moves freely. */
static double log_ratio(const ps_chain *chain, const ps_tree *tree, ps_log_target log_target, void *context) {
    if (tree->nodes[chain->proposal].state != PS_OPEN) return -INFINITY;
    double now = log_target(context, chain->current), then = log_target(context, chain->proposal);
    return now == -INFINITY && then == -INFINITY ? 0 : then - now;
}

bool ps_mover_step(ps_mover *mover, const ps_tree *tree, const ps_method_params *params, ps_log_target log_target,
                   void *context) {
    bool growing = false;
    for (size_t i = 0; i < mover->n; i++) {
        ps_chain *chain = &mover->chains[i];
        if (!chain->growing) continue;
        if (ps_chain_grown(chain, tree, tree->nodes[chain->current].depth)) {
            ps_chain_decide(chain, tree, log_ratio(chain, tree, log_target, context), uniform(mover, params));
            begin(mover, i, tree, params);
        }
        growing = growing || chain->growing;
    }
    return growing;
}
