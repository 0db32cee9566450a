/* Bootstrap particle filter over reasoning steps (Rollout Roulette, arXiv 2502.01618, in both readings of its weights).
 *
 * M particles take a step each; a particle's weight is multiplied by the ratio of its scores after and before,
 * (L_t / L_{t−1})^(1/T), or is the PRM's odds (r/(1−r))^(1/T) of the step; then M are drawn anew. Finished particles
 * are absorbing: their ratio is 1 and they compete with the others. With ratios the product of the mean weights is an
 * unbiased estimate of E_q[L^(1/T); finished]. A token budget is spent by further filters, each weighted by its own
 * evidence. With n_moves every open particle moves by cut and regrow after a selection, which leaves q·L^(1/T) (or q
 * times the product of odds) over open prefixes as it is; Ẑ stays unbiased. */
#include "method/particle_filter.h"

#include <math.h>

static ps_status round_over(ps_method *method, ps_error *err);

void ps_filter_destroy(ps_method *method) {
    ps_filter *p = (ps_filter *)method;
    ps_round_clear(&p->m.round);
    ps_mover_clear(&p->mover);
    ps_free(p->particles);
    ps_free(p->drawn);
    ps_free(p->W);
    ps_free(p->uniforms);
    ps_free(p->picks);
    ps_free(p->reference);
    ps_free(p->done);
    ps_history_clear(&p->history);
    ps_free(p);
}

ps_status ps_filter_plan(ps_filter *p, ps_error *err) {
    ps_status status = PS_OK;
    bool bound = p->reference_length > 0;
    ps_round_begin(&p->m.round);
    if (bound) ps_filter_follow_reference(p);
    for (size_t i = bound; i < p->n && status == PS_OK; i++)
        if (ps_filter_node(p, &p->particles[i])->state == PS_OPEN)
            status = ps_round_plan(&p->m.round, p->particles[i].snapshot, p->m.params.has_reward,
                                   &p->particles[i].snapshot, err);
    return status;
}

void ps_filter_start(ps_filter *p) {
    size_t affordable = ps_pace_answers(&p->m.params, &p->m.round.tree);
    p->n = p->gibbs || affordable == 0 ? p->m.params.n_particles : affordable;
    for (size_t i = 0; i < p->n; i++)
        p->particles[i] = (ps_particle){0};
    p->log_z = 0;
}

static ps_status allocate(ps_filter *p, ps_error *err) {
    size_t M = p->m.params.n_particles;
    p->particles = ps_calloc(M, sizeof *p->particles);
    p->drawn = ps_calloc(M, sizeof *p->drawn);
    p->W = ps_calloc(M, sizeof *p->W);
    p->uniforms = ps_calloc(p->m.params.resampler->uniforms(M, M, 0), sizeof *p->uniforms);
    p->picks = ps_calloc(M, sizeof *p->picks);
    return p->particles == NULL || p->drawn == NULL || p->W == NULL || p->uniforms == NULL || p->picks == NULL
               ? ps_nomem(err)
               : PS_OK;
}

static ps_status check(const ps_method_params *params, ps_error *err) {
    if (params->resampler == NULL) return ps_fail(err, PS_ARG, "a particle filter needs a resampler");
    if (params->filter.logit && !params->has_reward)
        return ps_fail(err, PS_ARG,
                       "particle_filter.weights logit needs a process reward model: set models.prm.enabled to true");
    if (!(params->filter.temperature > 0))
        return ps_fail(err, PS_ARG, "particle_filter.temperature is %g, expected more than 0",
                       params->filter.temperature);
    return PS_OK;
}

ps_status ps_filter_create(const ps_method_ops *ops, const ps_method_params *params, bool gibbs, ps_method **method,
                           ps_error *err) {
    ps_status status = check(params, err);
    if (status != PS_OK) return status;
    ps_filter *p = ps_calloc(1, sizeof *p);
    if (p == NULL) return ps_nomem(err);
    status = ps_round_method_init(&p->m, ops, params, round_over, err);
    p->gibbs = gibbs;
    if (gibbs) p->m.params.n_moves = 0;
    if (gibbs) p->m.params.resampler = ps_resampler_find("multinomial");
    if (status == PS_OK) status = allocate(p, err);
    if (status == PS_OK) {
        ps_filter_start(p);
        status = ps_filter_plan(p, err);
    }
    if (status != PS_OK) {
        ps_filter_destroy(&p->m.base);
        return status;
    }
    *method = &p->m.base;
    return PS_OK;
}

static ps_status create(const ps_method_ops *ops, const ps_method_params *params, ps_method **method, ps_error *err) {
    return ps_filter_create(ops, params, false, method, err);
}

/* ---- Weights ------------------------------------------------------------- */

/* log of the factor a step multiplies a particle's weight by. −∞ after −∞ stays −∞: nothing can revive it. */
static double log_factor(const ps_filter *p, uint32_t snapshot) {
    const ps_tree_node *node = &p->m.round.tree.nodes[snapshot];
    double before = p->m.round.tree.nodes[node->parent].ell;
    if (p->m.params.filter.logit) {
        double r = node->sums.reward;
        r = r < 1e-6 ? 1e-6 : r > 1 - 1e-6 ? 1 - 1e-6 : r;
        return (log(r) - log1p(-r)) / p->m.params.filter.temperature;
    }
    return node->ell == -INFINITY ? -INFINITY : (node->ell - before) / p->m.params.filter.temperature;
}

static void multiply(ps_filter *p, ps_particle *x) {
    double factor = log_factor(p, x->snapshot);
    x->log_w = p->m.params.filter.logit ? factor : x->log_w + factor;
}

/* Weigh every particle that made a step: the bound one, and those of the round's work, which stands in their order. */
static void weigh(ps_filter *p) {
    size_t next = 0;
    for (size_t i = 0; i < p->n; i++) {
        ps_particle *x = &p->particles[i];
        bool bound = i == 0 && p->reference_length > 0 && p->bound_moved;
        bool worked = next < p->m.round.n_work && p->m.round.work[next].child == x->snapshot;
        next += worked;
        if (bound || worked) multiply(p, x);
    }
}

/* W and the log of the mean weight; false when every particle is dead. */
static bool normalise(ps_filter *p, double *log_mean) {
    size_t M = p->n;
    for (size_t i = 0; i < M; i++)
        p->W[i] = p->particles[i].log_w;
    *log_mean = ps_log_sum_exp(p->W, M) - log((double)M);
    return ps_normalise(p->W, M, p->W);
}

/* Particles after a selection now: fewer where the tokens that are left cannot bring all open ones to an end, in
 * proportion, for finished ones take part in the selection. Any number keeps Ẑ unbiased that depends on the past alone;
 * particle Gibbs is stationary for a fixed one. */
static ps_status paced(const ps_filter *p, size_t *n, ps_error *err) {
    uint32_t *open = ps_calloc(p->n, sizeof *open);
    if (open == NULL) return ps_nomem(err);
    size_t n_open = 0;
    for (size_t i = 0; i < p->n; i++)
        if (ps_filter_node(p, &p->particles[i])->state == PS_OPEN) open[n_open++] = p->particles[i].snapshot;
    size_t lines = p->gibbs ? n_open : ps_pace_lines(&p->m.params, &p->m.round.tree, open, n_open);
    *n = n_open == 0 || lines == n_open ? p->n : (p->n * lines + n_open - 1) / n_open;
    ps_free(open);
    return PS_OK;
}

/* M particles drawn from those there are. */
static ps_status resample(ps_filter *p, size_t M, ps_error *err) {
    size_t n_uniforms = p->m.params.resampler->uniforms(M, p->n, 0), picked;
    ps_rng_key key = {p->m.params.seed, p->m.params.problem, p->history.n, PS_RNG_RESAMPLE};
    ps_uniforms(key, 0, n_uniforms, p->uniforms);
    ps_resample_input in = {.W = p->W, .n = p->n, .M = M, .uniforms = p->uniforms};
    ps_status status = p->m.params.resampler->pick(&in, p->picks, &picked, err);
    if (status != PS_OK) return status;
    for (size_t i = 0; i < M; i++) /* topN may pick fewer: then from the best again */
        p->drawn[i] = (ps_particle){.snapshot = p->particles[p->picks[i % picked]].snapshot};
    bool bound = p->reference_length > 0; /* the bound particle survives every selection */
    p->particles[0].log_w = 0;
    for (size_t i = bound; i < M; i++)
        p->particles[i] = p->drawn[i];
    p->n = M;
    p->history.resamples++;
    return PS_OK;
}

bool ps_filter_all_done(const ps_filter *p) {
    for (size_t i = 0; i < p->n; i++)
        if (ps_filter_node(p, &p->particles[i])->state == PS_OPEN) return false;
    return true;
}

/* ---- Moves --------------------------------------------------------------- */

/* log of the density whose ratios the weights are. */
static double log_target(void *context, uint32_t snapshot) {
    const ps_filter *p = context;
    const ps_tree_node *nodes = p->m.round.tree.nodes;
    if (!p->m.params.filter.logit) return nodes[snapshot].ell / p->m.params.filter.temperature;
    double sum = 0;
    for (; snapshot != 0; snapshot = nodes[snapshot].parent)
        sum += log_factor(p, snapshot);
    return sum;
}

static ps_status plan_moves(ps_filter *p, ps_error *err) {
    ps_status status = PS_OK;
    ps_round_begin(&p->m.round);
    for (size_t i = 0; i < p->mover.n && status == PS_OK; i++) {
        ps_chain *chain = &p->mover.chains[i];
        if (chain->growing)
            status = ps_round_plan(&p->m.round, chain->proposal, p->m.params.has_reward, &chain->proposal, err);
    }
    return status;
}

static ps_status start_moves(ps_filter *p, ps_error *err) {
    size_t M = p->n;
    uint32_t *at = ps_calloc(M, sizeof *at);
    if (at == NULL) return ps_nomem(err);
    for (size_t i = 0; i < M; i++)
        at[i] = p->particles[i].snapshot;
    ps_status status = ps_mover_start(&p->mover, at, M, &p->m.round.tree, &p->m.params, err);
    ps_free(at);
    p->moving = true;
    return status == PS_OK ? plan_moves(p, err) : status;
}

/* ---- A round, a filter --------------------------------------------------- */

static bool selection_is_due(const ps_filter *p, double ess, size_t paced) {
    if (paced < p->n && p->m.params.filter.policy != PS_POLICY_NEVER) return true;
    switch (p->m.params.filter.policy) {
    case PS_POLICY_ALWAYS: return true;
    case PS_POLICY_NEVER: return false;
    case PS_POLICY_ESS: break;
    }
    return ess < p->m.params.filter.threshold * (double)p->n;
}

/* The weights of the particles of a selection, for the record. */
static ps_status keep_weights(ps_filter *p, ps_iteration *record, ps_error *err) {
    if (!p->m.params.keep_weights) return PS_OK;
    uint32_t *ids = ps_calloc(p->n, sizeof *ids);
    if (ids == NULL) return ps_nomem(err);
    for (size_t i = 0; i < p->n; i++)
        ids[i] = p->particles[i].snapshot;
    ps_status status = ps_history_keep_weights(&p->history, record, p->W, ids, NULL, p->n, err);
    ps_free(ids);
    return status;
}

static ps_status end_round(ps_filter *p, ps_error *err) {
    double log_mean;
    size_t n;
    ps_status status = ps_history_reserve(&p->history, err);
    if (status == PS_OK) status = paced(p, &n, err);
    if (status != PS_OK) return status;
    weigh(p);
    bool alive = normalise(p, &log_mean);
    double ess = 0;
    for (size_t i = 0; alive && i < p->n; i++)
        ess += p->W[i] * p->W[i];
    ess = alive ? 1 / ess : 0;
    bool over = ps_filter_all_done(p) || ps_round_out_of_tokens(&p->m.round, &p->m.params),
         select = !over && alive && selection_is_due(p, ess, n);
    ps_iteration record = {.beta = 1 / p->m.params.filter.temperature,
                           .ess = ess,
                           .resampled = select,
                           .running = (uint32_t)p->m.round.n_work};
    if (select) status = keep_weights(p, &record, err);
    if (status != PS_OK) return status;
    ps_history_add(&p->history, record);
    if (select) {
        p->log_z += log_mean;
        status = resample(p, n, err);
        if (status != PS_OK) return status;
    }
    over = over || ps_filter_all_done(p); /* a selection may leave none that can grow */
    if (select && !over && p->m.params.n_moves > 0) return start_moves(p, err);
    return over ? ps_filter_end(p, err) : ps_filter_plan(p, err);
}

/* A round of moves is over; the next steps follow the last of them. Moves that the budget cuts short are refused. */
static ps_status end_moves(ps_filter *p, ps_error *err) {
    bool spent = ps_round_out_of_tokens(&p->m.round, &p->m.params);
    if (ps_mover_step(&p->mover, &p->m.round.tree, &p->m.params, log_target, p) && !spent) return plan_moves(p, err);
    for (size_t i = 0; i < p->n; i++)
        p->particles[i].snapshot = p->mover.chains[i].current;
    p->moving = false;
    return spent || ps_filter_all_done(p) ? ps_filter_end(p, err) : ps_filter_plan(p, err);
}

static ps_status round_over(ps_method *method, ps_error *err) {
    ps_filter *p = (ps_filter *)method;
    ps_status status;
    if (p->moving) return end_moves(p, err);
    do /* a round in which the bound particle alone moves needs no work of others */
        status = end_round(p, err);
    while (status == PS_OK && p->m.round.n_work == 0 && p->bound_moved);
    return status;
}

const char *ps_filter_spread(const ps_method_params *params) {
    const ps_filter_params *p = &params->filter;
    if (p->policy == PS_POLICY_ALWAYS)
        return "select less (particle_filter.policy=ess), raise particle_filter.temperature, or take method=majority";
    if (p->policy == PS_POLICY_ESS && p->threshold > 0)
        return "select less (a lower particle_filter.threshold), raise particle_filter.temperature, or take "
               "method=majority";
    return "take method=majority";
}

const ps_method_ops ps_method_particle_filter = {
    .name = "particle_filter",
    .doc = "bootstrap particle filter: resample the particles by their newest step",
    .spread = ps_filter_spread,
    .create = create,
    .destroy = ps_filter_destroy,
    .next = ps_round_method_next,
    .absorb = ps_round_method_absorb,
    .answers = ps_filter_answers,
    .report = ps_filter_report,
};
