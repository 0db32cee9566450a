/* Bootstrap particle filter over reasoning steps (Rollout Roulette, arXiv 2502.01618, in both readings of its weights).
 *
 * M particles take a step each; a particle's weight is multiplied by the ratio of its scores after and before,
 * (L_t / L_{t−1})^(1/T), or is the PRM's odds (r/(1−r))^(1/T) of the step; then M are drawn anew. Finished particles
 * are absorbing: their ratio is 1 and they compete with the others. With ratios the product of the mean weights is an
 * unbiased estimate of E_q[L^(1/T); finished]. A token budget is spent by further filters, each weighted by its own
 * evidence. With n_moves every open particle moves by cut and regrow after a selection, which leaves q·L^(1/T) (or q
 * times the product of odds) over open prefixes as it is; Ẑ stays unbiased.
 *
 * Particle Gibbs (Andrieu, Doucet & Holenstein 2010) is the same filter run again and again, each time with one
 * particle bound to a path drawn from the filter before: its sweeps are a Markov chain on whole answers whose
 * stationary law is exact for any M, where the filter alone is exact only as M grows. Sweeps weigh alike in the answer;
 * resampling is multinomial, as the conditional filter needs. It makes no moves: the bound path would have to carry the
 * places it was moved from. */
#include "method/methods.h"
#include "method/move.h"
#include "method/pace.h"

#include <math.h>

typedef struct particle {
    uint32_t snapshot;
    double log_w; /* since the last selection */
} particle;

typedef struct filter {
    ps_round_method m;
    size_t n;            /* particles of this filter: M, or what the token budget can bring to an end */
    particle *particles; /* [n] */
    particle *drawn;     /* [n] scratch */
    double *W;           /* [n] */
    double *uniforms;
    size_t *picks;
    double log_z;    /* of this filter so far */
    ps_answer *done; /* answers of finished filters, weighted by their evidence */
    size_t n_done, done_capacity;
    size_t passes; /* filters completed */
    ps_mover mover;
    bool moving; /* the round is one of moves */
    bool gibbs;
    uint32_t *reference; /* [reference_length + 1] the path particle 0 is bound to, the root first */
    size_t reference_length, reference_capacity; /* length 0: nobody is bound */
    bool bound_moved;                            /* this round */
    ps_iteration *iterations;
    size_t n_iterations, iterations_capacity, resamples;
} filter;

static ps_status round_over(ps_method *method, ps_error *err);

static void destroy(ps_method *method) {
    filter *p = (filter *)method;
    ps_round_clear(&p->m.round);
    ps_mover_clear(&p->mover);
    ps_free(p->particles);
    ps_free(p->drawn);
    ps_free(p->W);
    ps_free(p->uniforms);
    ps_free(p->picks);
    ps_free(p->reference);
    ps_free(p->done);
    ps_free(p->iterations);
    ps_free(p);
}

static const ps_tree_node *node_of(const filter *p, const particle *x) {
    return &p->m.round.tree.nodes[x->snapshot];
}

/* The bound particle makes its step without work: its path is known. */
static void follow_reference(filter *p) {
    uint32_t depth = node_of(p, &p->particles[0])->depth;
    p->bound_moved = depth < p->reference_length;
    if (p->bound_moved) p->particles[0].snapshot = p->reference[depth + 1];
}

static ps_status plan_round(filter *p, ps_error *err) {
    ps_status status = PS_OK;
    bool bound = p->reference_length > 0;
    ps_round_begin(&p->m.round);
    if (bound) follow_reference(p);
    for (size_t i = bound; i < p->n && status == PS_OK; i++)
        if (node_of(p, &p->particles[i])->state == PS_OPEN)
            status = ps_round_plan(&p->m.round, p->particles[i].snapshot, p->m.params.has_reward,
                                   &p->particles[i].snapshot, err);
    return status;
}

static void start_filter(filter *p) {
    size_t affordable = ps_pace_answers(&p->m.params, &p->m.round.tree);
    p->n = p->gibbs || affordable == 0 ? p->m.params.n_particles : affordable;
    for (size_t i = 0; i < p->n; i++)
        p->particles[i] = (particle){0};
    p->log_z = 0;
}

static ps_status allocate(filter *p, ps_error *err) {
    size_t M = p->m.params.n_particles;
    p->particles = ps_calloc(M, sizeof *p->particles);
    p->drawn = ps_calloc(M, sizeof *p->drawn);
    p->W = ps_calloc(M, sizeof *p->W);
    p->uniforms = ps_calloc(p->m.params.resampler->uniforms(M, M, 0), sizeof *p->uniforms);
    p->picks = ps_calloc(M, sizeof *p->picks);
    return !p->particles || !p->drawn || !p->W || !p->uniforms || !p->picks ? ps_nomem(err) : PS_OK;
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

static ps_status create(const ps_method_ops *ops, const ps_method_params *params, bool gibbs, ps_method **method,
                        ps_error *err) {
    ps_status status = check(params, err);
    if (status != PS_OK) return status;
    filter *p = ps_calloc(1, sizeof *p);
    if (p == NULL) return ps_nomem(err);
    status = ps_round_method_init(&p->m, ops, params, round_over, err);
    p->gibbs = gibbs;
    if (gibbs) p->m.params.n_moves = 0;
    if (gibbs) p->m.params.resampler = ps_resampler_find("multinomial");
    if (status == PS_OK) status = allocate(p, err);
    if (status == PS_OK) {
        start_filter(p);
        status = plan_round(p, err);
    }
    if (status != PS_OK) {
        destroy(&p->m.base);
        return status;
    }
    *method = &p->m.base;
    return PS_OK;
}

static ps_status create_filter(const ps_method_ops *ops, const ps_method_params *params, ps_method **method,
                               ps_error *err) {
    return create(ops, params, false, method, err);
}

static ps_status create_gibbs(const ps_method_ops *ops, const ps_method_params *params, ps_method **method,
                              ps_error *err) {
    return create(ops, params, true, method, err);
}

/* ---- Weights ------------------------------------------------------------- */

/* log of the factor a step multiplies a particle's weight by. −∞ after −∞ stays −∞: nothing can revive it. */
static double log_factor(const filter *p, uint32_t snapshot) {
    const ps_tree_node *node = &p->m.round.tree.nodes[snapshot];
    double before = p->m.round.tree.nodes[node->parent].ell;
    if (p->m.params.filter.logit) {
        double r = node->sums.reward;
        r = r < 1e-6 ? 1e-6 : r > 1 - 1e-6 ? 1 - 1e-6 : r;
        return (log(r) - log1p(-r)) / p->m.params.filter.temperature;
    }
    return node->ell == -INFINITY ? -INFINITY : (node->ell - before) / p->m.params.filter.temperature;
}

static void multiply(filter *p, particle *x) {
    double factor = log_factor(p, x->snapshot);
    x->log_w = p->m.params.filter.logit ? factor : x->log_w + factor;
}

/* Weigh every particle that made a step: the bound one, and those of the round's work, which stands in their order. */
static void weigh(filter *p) {
    size_t next = 0;
    for (size_t i = 0; i < p->n; i++) {
        particle *x = &p->particles[i];
        bool bound = i == 0 && p->reference_length > 0 && p->bound_moved;
        bool worked = next < p->m.round.n_work && p->m.round.work[next].child == x->snapshot;
        next += worked;
        if (bound || worked) multiply(p, x);
    }
}

/* W and the log of the mean weight; false when every particle is dead. */
static bool normalise(filter *p, double *log_mean) {
    size_t M = p->n;
    for (size_t i = 0; i < M; i++)
        p->W[i] = p->particles[i].log_w;
    *log_mean = ps_log_sum_exp(p->W, M) - log((double)M);
    return ps_normalise(p->W, M, p->W);
}

/* Particles after a selection now: fewer where the tokens that are left cannot bring all open ones to an end, in
 * proportion, for finished ones take part in the selection. Any number keeps Ẑ unbiased that depends on the past alone;
 * particle Gibbs is stationary for a fixed one. */
static ps_status paced(const filter *p, size_t *n, ps_error *err) {
    uint32_t *open = ps_calloc(p->n, sizeof *open);
    if (open == NULL) return ps_nomem(err);
    size_t n_open = 0;
    for (size_t i = 0; i < p->n; i++)
        if (node_of(p, &p->particles[i])->state == PS_OPEN) open[n_open++] = p->particles[i].snapshot;
    size_t lines = p->gibbs ? n_open : ps_pace_lines(&p->m.params, &p->m.round.tree, open, n_open);
    *n = n_open == 0 || lines == n_open ? p->n : (p->n * lines + n_open - 1) / n_open;
    ps_free(open);
    return PS_OK;
}

/* M particles drawn from those there are. */
static ps_status resample(filter *p, size_t M, ps_error *err) {
    size_t n_uniforms = p->m.params.resampler->uniforms(M, p->n, 0), picked;
    ps_rng_key key = {p->m.params.seed, p->m.params.problem, p->n_iterations, PS_RNG_RESAMPLE};
    ps_uniforms(key, 0, n_uniforms, p->uniforms);
    ps_resample_input in = {.W = p->W, .n = p->n, .M = M, .uniforms = p->uniforms};
    ps_status status = p->m.params.resampler->pick(&in, p->picks, &picked, err);
    if (status != PS_OK) return status;
    for (size_t i = 0; i < M; i++) /* topN may pick fewer: then from the best again */
        p->drawn[i] = (particle){.snapshot = p->particles[p->picks[i % picked]].snapshot};
    bool bound = p->reference_length > 0; /* the bound particle survives every selection */
    p->particles[0].log_w = 0;
    for (size_t i = bound; i < M; i++)
        p->particles[i] = p->drawn[i];
    p->n = M;
    p->resamples++;
    return PS_OK;
}

static bool all_done(const filter *p) {
    for (size_t i = 0; i < p->n; i++)
        if (node_of(p, &p->particles[i])->state == PS_OPEN) return false;
    return true;
}

/* ---- Moves --------------------------------------------------------------- */

/* log of the density whose ratios the weights are. */
static double log_target(void *context, uint32_t snapshot) {
    const filter *p = context;
    const ps_tree_node *nodes = p->m.round.tree.nodes;
    if (!p->m.params.filter.logit) return nodes[snapshot].ell / p->m.params.filter.temperature;
    double sum = 0;
    for (; snapshot != 0; snapshot = nodes[snapshot].parent)
        sum += log_factor(p, snapshot);
    return sum;
}

static ps_status plan_moves(filter *p, ps_error *err) {
    ps_status status = PS_OK;
    ps_round_begin(&p->m.round);
    for (size_t i = 0; i < p->mover.n && status == PS_OK; i++) {
        ps_chain *chain = &p->mover.chains[i];
        if (chain->growing)
            status = ps_round_plan(&p->m.round, chain->proposal, p->m.params.has_reward, &chain->proposal, err);
    }
    return status;
}

static ps_status start_moves(filter *p, ps_error *err) {
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

/* The particles as answers. Filters are comparable by their evidence, each particle weighing Ẑ · w / M; sweeps of
 * particle Gibbs are draws of one chain, each particle weighing its W. */
static ps_status keep_answers(filter *p, ps_error *err) {
    size_t M = p->n;
    if (ps_reserve(&p->done, &p->done_capacity, p->n_done + M) != PS_OK) return ps_nomem(err);
    double log_mean = 0;
    for (size_t i = 0; i < M; i++)
        p->W[i] = p->particles[i].log_w;
    if (p->gibbs) log_mean = ps_log_sum_exp(p->W, M);
    if (log_mean == -INFINITY) log_mean = 0; /* a sweep of dead particles: each weighs nothing */
    for (size_t i = 0; i < M; i++) {
        const ps_tree_node *node = node_of(p, &p->particles[i]);
        if (!node->known) continue;
        p->done[p->n_done++] = (ps_answer){.snapshot = p->particles[i].snapshot,
                                           .state = node->state,
                                           .log_weight = p->gibbs ? p->particles[i].log_w - log_mean
                                                                  : p->log_z + p->particles[i].log_w - log((double)M),
                                           .ell = node->ell,
                                           .reward = node->sums.reward};
    }
    return PS_OK;
}

/* Bind the next sweep's first particle to a path of this one, drawn by weight. */
static ps_status draw_reference(filter *p, ps_error *err) {
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

/* A filter has ended: keep its answers, and start another where the budget or the number of sweeps allows. */
static ps_status end_filter(filter *p, ps_error *err) {
    bool spent = ps_round_out_of_tokens(&p->m.round, &p->m.params), limited = p->m.params.budget.max_tokens > 0;
    bool complete = all_done(p);
    ps_status status = complete || p->n_done == 0 ? keep_answers(p, err) : PS_OK;
    p->passes++;
    p->bound_moved = false;
    p->m.end = spent ? PS_END_BUDGET : PS_END_FINISHED;
    ps_round_begin(&p->m.round);
    bool again = !limited   ? p->gibbs && p->passes < p->m.params.filter.sweeps
                 : p->gibbs ? !spent
                            : ps_pace_answers(&p->m.params, &p->m.round.tree) > 0;
    if (status != PS_OK || !again) return status;
    if (p->gibbs) status = draw_reference(p, err);
    start_filter(p);
    return status == PS_OK ? plan_round(p, err) : status;
}

static bool selection_is_due(const filter *p, double ess, size_t paced) {
    if (paced < p->n && p->m.params.filter.policy != PS_POLICY_NEVER) return true;
    switch (p->m.params.filter.policy) {
    case PS_POLICY_ALWAYS: return true;
    case PS_POLICY_NEVER: return false;
    case PS_POLICY_ESS: break;
    }
    return ess < p->m.params.filter.threshold * (double)p->n;
}

static ps_status end_round(filter *p, ps_error *err) {
    double log_mean;
    if (ps_reserve(&p->iterations, &p->iterations_capacity, p->n_iterations + 1) != PS_OK) return ps_nomem(err);
    size_t n;
    ps_status status = paced(p, &n, err);
    if (status != PS_OK) return status;
    weigh(p);
    bool alive = normalise(p, &log_mean);
    double ess = 0;
    for (size_t i = 0; alive && i < p->n; i++)
        ess += p->W[i] * p->W[i];
    ess = alive ? 1 / ess : 0;
    bool over = all_done(p) || ps_round_out_of_tokens(&p->m.round, &p->m.params),
         select = !over && alive && selection_is_due(p, ess, n);
    p->iterations[p->n_iterations++] = (ps_iteration){.beta = 1 / p->m.params.filter.temperature,
                                                      .ess = ess,
                                                      .resampled = select,
                                                      .running = (uint32_t)p->m.round.n_work};
    if (select) {
        p->log_z += log_mean;
        status = resample(p, n, err);
        if (status != PS_OK) return status;
    }
    over = over || all_done(p); /* a selection may leave none that can grow */
    if (select && !over && p->m.params.n_moves > 0) return start_moves(p, err);
    return over ? end_filter(p, err) : plan_round(p, err);
}

/* A round of moves is over; the next steps follow the last of them. Moves that the budget cuts short are refused. */
static ps_status end_moves(filter *p, ps_error *err) {
    bool spent = ps_round_out_of_tokens(&p->m.round, &p->m.params);
    if (ps_mover_step(&p->mover, &p->m.round.tree, &p->m.params, log_target, p) && !spent) return plan_moves(p, err);
    for (size_t i = 0; i < p->n; i++)
        p->particles[i].snapshot = p->mover.chains[i].current;
    p->moving = false;
    return spent || all_done(p) ? end_filter(p, err) : plan_round(p, err);
}

static ps_status round_over(ps_method *method, ps_error *err) {
    filter *p = (filter *)method;
    ps_status status;
    if (p->moving) return end_moves(p, err);
    do /* a round in which the bound particle alone moves needs no work of others */
        status = end_round(p, err);
    while (status == PS_OK && p->m.round.n_work == 0 && p->bound_moved);
    return status;
}

/* Finished particles of all filters; those of one cut short by the budget among them. */
static ps_status answers(const ps_method *method, ps_answer **list, size_t *n, ps_error *err) {
    const filter *p = (const filter *)method;
    size_t finished = 0;
    for (size_t i = 0; i < p->n_done; i++)
        finished += p->done[i].state == PS_FINISHED;
    if (finished == 0) return ps_tree_answers(&p->m.round.tree, list, n, err);
    ps_answer *out = ps_calloc(finished, sizeof *out);
    if (out == NULL) return ps_nomem(err);
    *n = 0;
    for (size_t i = 0; i < p->n_done; i++)
        if (p->done[i].state == PS_FINISHED) out[(*n)++] = p->done[i];
    *list = out;
    return PS_OK;
}

/* log of the mean evidence over the filters: each answer weighs Ẑ·W/M, so their sum over the passes is it. */
static double log_evidence(const filter *p) {
    double sum = -INFINITY;
    for (size_t i = 0; i < p->n_done; i++)
        if (p->done[i].state == PS_FINISHED) {
            double pair[2] = {sum, p->done[i].log_weight};
            sum = ps_log_sum_exp(pair, 2);
        }
    return p->passes > 0 ? sum - log((double)p->passes) : NAN;
}

static void report(const ps_method *method, ps_method_report *out) {
    const filter *p = (const filter *)method;
    *out = (ps_method_report){
        .iterations = p->iterations,
        .n_iterations = p->n_iterations,
        .resamples = p->resamples,
        .final_ess = p->n_iterations > 0 ? p->iterations[p->n_iterations - 1].ess : NAN,
        .log_z = p->m.params.filter.logit || p->gibbs ? NAN : log_evidence(p),
        .tokens = p->m.round.tree.tokens,
        .snapshots = p->m.round.tree.size - 1,
        .end = p->m.end,
    };
}

const ps_method_ops ps_method_particle_filter = {
    .name = "particle_filter",
    .doc = "bootstrap particle filter: resample the particles by their newest step",
    .create = create_filter,
    .destroy = destroy,
    .next = ps_round_method_next,
    .absorb = ps_round_method_absorb,
    .answers = answers,
    .report = report,
};

const ps_method_ops ps_method_particle_gibbs = {
    .name = "particle_gibbs",
    .doc = "iterated conditional particle filter: each sweep is bound to a path of the one before",
    .create = create_gibbs,
    .destroy = destroy,
    .next = ps_round_method_next,
    .absorb = ps_round_method_absorb,
    .answers = answers,
    .report = report,
};
