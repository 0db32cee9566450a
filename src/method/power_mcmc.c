/* Power sampling by Metropolis–Hastings (Karan & Du, "Reasoning with Sampling"): draws from p(answer)^α without any
 * training or reward. Independent chains. Block-wise: a chain grows its answer one step at a time and after each step
 * moves the whole prefix, whose target is p(prefix)^α, so that it does not start from an answer nobody would pick; once
 * finished it keeps moving the whole answer.
 *
 * A move's ratio is α·ΔΣlog p − ΔΣlog q, for proposals q are drawn from the configured distribution; the shared prefix
 * cancels. Every state of a finished chain after its growth is a draw: answers weigh by how long a chain stayed.
 * A token budget is spent by further moves. */
#include "method/methods.h"
#include "method/regrow.h"

#include <math.h>

typedef struct walker {
    ps_chain chain;
    uint32_t depth; /* of the prefix that is being moved; 0: the whole answer */
    size_t moves;   /* made at this depth */
    bool done;
} walker;

typedef struct power {
    ps_round_method m;
    walker *walkers; /* [n_walkers] */
    size_t n_walkers;
    uint64_t uniforms_used;
    ps_answer *draws; /* [n_draws] states of finished chains, repeats merged by weight */
    size_t n_draws, draws_capacity;
} power;

static ps_status round_over(ps_method *method, ps_error *err);

static void destroy(ps_method *method) {
    power *p = (power *)method;
    ps_round_clear(&p->m.round);
    ps_free(p->walkers);
    ps_free(p->draws);
    ps_free(p);
}

/* The next step of every chain. */
static ps_status plan_round(power *p, ps_error *err) {
    ps_status status = PS_OK;
    ps_round_begin(&p->m.round);
    for (size_t i = 0; i < p->n_walkers && status == PS_OK; i++) {
        walker *w = &p->walkers[i];
        if (w->done) continue;
        uint32_t *at = w->chain.growing ? &w->chain.proposal : &w->chain.current;
        status = ps_round_plan(&p->m.round, *at, p->m.params.has_reward, at, err);
    }
    return status;
}

/* A chain moves its prefix at every step of its growth: K steps cost about K + K²/4, five answers at K = 12. */
static size_t chains(const ps_method_params *params) {
    enum { ANSWERS_PER_CHAIN = 8 };
    size_t M = params->n_particles;
    if (params->power.chains > 0) return params->power.chains < M ? params->power.chains : M;
    return M > ANSWERS_PER_CHAIN ? M / ANSWERS_PER_CHAIN : 1;
}

static ps_status create(const ps_method_ops *ops, const ps_method_params *params, ps_method **method, ps_error *err) {
    if (!(params->power.alpha >= 1))
        return ps_fail(err, PS_ARG, "power_mcmc.alpha is %g, expected at least 1", params->power.alpha);
    if (!params->has_logp || !params->has_logq)
        return ps_fail(
            err, PS_ARG,
            "method power_mcmc needs the log-probabilities of tokens under the model and under the "
            "distribution they were drawn from, which this engine does not report: choose another method, or "
            "use another engine");
    power *p = ps_calloc(1, sizeof *p);
    if (p == NULL) return ps_nomem(err);
    p->n_walkers = chains(params);
    p->walkers = ps_calloc(p->n_walkers, sizeof *p->walkers);
    ps_status status = ps_round_method_init(&p->m, ops, params, round_over, err);
    if (status == PS_OK && p->walkers == NULL) status = ps_nomem(err);
    if (status == PS_OK) status = plan_round(p, err);
    if (status != PS_OK) {
        destroy(&p->m.base);
        return status;
    }
    *method = &p->m.base;
    return PS_OK;
}

static double uniform(power *p) {
    ps_rng_key key = {p->m.params.seed, p->m.params.problem, 0, PS_RNG_MOVE};
    return ps_uniform(key, p->uniforms_used++);
}

static const ps_tree_node *node_at(const power *p, uint32_t snapshot) {
    return &p->m.round.tree.nodes[snapshot];
}

/* One more draw of a chain that has an answer: the same answer again adds to its weight. */
static ps_status record(power *p, uint32_t snapshot, ps_error *err) {
    const ps_tree_node *node = node_at(p, snapshot);
    for (size_t i = p->n_draws; i-- > 0;) {
        if (p->draws[i].snapshot != snapshot) continue;
        p->draws[i].log_weight = log(exp(p->draws[i].log_weight) + 1);
        return PS_OK;
    }
    if (ps_reserve(&p->draws, &p->draws_capacity, p->n_draws + 1) != PS_OK) return ps_nomem(err);
    p->draws[p->n_draws++] = (ps_answer){
        .snapshot = snapshot, .state = node->state, .log_weight_q = NAN, .ell = node->ell, .reward = node->sums.reward};
    return PS_OK;
}

/* A proposal has arrived: accept or refuse it. */
static void decide(power *p, walker *w) {
    const ps_score_input *now = &node_at(p, w->chain.current)->sums, *then = &node_at(p, w->chain.proposal)->sums;
    double log_ratio = p->m.params.power.alpha * (then->sum_logp - now->sum_logp) - (then->sum_logq - now->sum_logq);
    ps_chain_decide(&w->chain, &p->m.round.tree, log_ratio, uniform(p));
    w->moves++;
}

/* What a chain does after its step: go on growing a proposal, move again, or grow the answer itself. */
static ps_status advance(power *p, walker *w, ps_error *err) {
    if (w->chain.growing) {
        if (!ps_chain_grown(&w->chain, &p->m.round.tree, w->depth)) return PS_OK;
        decide(p, w);
    } else { /* the answer itself has grown by a step: a new target */
        w->moves = 0;
        w->depth = node_at(p, w->chain.current)->depth;
    }
    bool finished = node_at(p, w->chain.current)->state != PS_OPEN;
    if (finished) {
        w->moves = w->depth > 0 ? 0 : w->moves;
        w->depth = 0;
        ps_status status = record(p, w->chain.current, err);
        if (status != PS_OK) return status;
    }
    /* A growing prefix gets one move a step; a whole answer as many as the budget or `sweeps` allow. */
    bool endless = p->m.params.budget.max_tokens > 0;
    bool more = finished ? endless || w->moves < p->m.params.power.sweeps : w->moves < 1;
    if (more)
        ps_chain_cut(&w->chain, &p->m.round.tree, uniform(p));
    else
        w->done = finished;
    return PS_OK;
}

static ps_status round_over(ps_method *method, ps_error *err) {
    power *p = (power *)method;
    ps_status status = PS_OK;
    for (size_t i = 0; i < p->n_walkers && status == PS_OK; i++)
        if (!p->walkers[i].done) status = advance(p, &p->walkers[i], err);
    if (status != PS_OK) return status;
    if (ps_round_out_of_tokens(&p->m.round, &p->m.params) || ps_round_answers_wanted(&p->m.round, &p->m.params) == 0) {
        p->m.end = PS_END_BUDGET;
        ps_round_begin(&p->m.round);
        return PS_OK;
    }
    return plan_round(p, err);
}

/* The draws; while no chain has an answer, what there is. */
static ps_status answers(const ps_method *method, ps_answer **list, size_t *n, ps_error *err) {
    const power *p = (const power *)method;
    size_t finished = 0;
    for (size_t i = 0; i < p->n_draws; i++)
        finished += p->draws[i].state == PS_FINISHED;
    if (finished == 0) return ps_tree_answers(&p->m.round.tree, list, n, err);
    ps_answer *out = ps_calloc(finished, sizeof *out);
    if (out == NULL) return ps_nomem(err);
    *n = 0;
    for (size_t i = 0; i < p->n_draws; i++) /* a chain may stand at an answer that was cut off */
        if (p->draws[i].state == PS_FINISHED) out[(*n)++] = p->draws[i];
    *list = out;
    return PS_OK;
}

static const char *spread(const ps_method_params *params) {
    return chains(params) < params->n_particles ? "run more chains (power_mcmc.chains), or take method=majority"
                                                : "take method=majority";
}

const ps_method_ops ps_method_power_mcmc = {
    .name = "power_mcmc",
    .doc = "Metropolis-Hastings chains whose target is p(answer) to a power",
    .reads_logq = true,
    .select = "weighted",
    .spread = spread,
    .create = create,
    .destroy = destroy,
    .next = ps_round_method_next,
    .absorb = ps_round_method_absorb,
    .answers = answers,
    .report = ps_round_method_report,
    .lines = chains,
};
