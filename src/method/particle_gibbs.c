/* Particle Gibbs (Andrieu, Doucet & Holenstein 2010) is the particle filter run again and again, each time with one
 * particle bound to a path drawn from the filter before: its sweeps are a Markov chain on whole answers whose
 * stationary law is exact for any M, where the filter alone is exact only as M grows. Sweeps weigh alike in the answer;
 * resampling is multinomial, as the conditional filter needs. It makes no moves: the bound path would have to carry the
 * places it was moved from. */
#include "method/particle_filter.h"

void ps_filter_follow_reference(ps_filter *p) {
    uint32_t depth = ps_filter_node(p, &p->particles[0])->depth;
    p->bound_moved = depth < p->reference_length;
    if (p->bound_moved) p->particles[0].snapshot = p->reference[depth + 1];
}

ps_status ps_filter_draw_reference(ps_filter *p, ps_error *err) {
    size_t M = p->n, drawn;
    ps_rng_key key = {p->m.params.seed, p->m.params.problem, p->passes, PS_RNG_METHOD};
    double uniform = ps_uniform(key, 0);
    for (size_t i = 0; i < M; i++)
        p->W[i] = p->particles[i].log_w;
    if (!ps_normalise(p->W, M, p->W)) return PS_OK; /* every path is worthless: the old reference stays */
    ps_inverse_cdf(p->W, M, &uniform, 1, &drawn);
    uint32_t snapshot = p->particles[drawn].snapshot;
    size_t length = p->m.round.tree.nodes[snapshot].depth;
    if (ps_reserve(&p->reference, &p->reference_capacity, length + 1) != PS_OK) return ps_nomem(err);
    p->reference_length = length;
    for (size_t d = length + 1; d-- > 0; snapshot = p->m.round.tree.nodes[snapshot].parent)
        p->reference[d] = snapshot;
    return PS_OK;
}

static ps_status create(const ps_method_ops *ops, const ps_method_params *params, ps_method **method, ps_error *err) {
    return ps_filter_create(ops, params, true, method, err);
}

const ps_method_ops ps_method_particle_gibbs = {
    .name = "particle_gibbs",
    .doc = "iterated conditional particle filter: each sweep is bound to a path of the one before",
    .spread = ps_filter_spread,
    .create = create,
    .destroy = ps_filter_destroy,
    .next = ps_round_method_next,
    .absorb = ps_round_method_absorb,
    .answers = ps_filter_answers,
    .report = ps_filter_report,
};
