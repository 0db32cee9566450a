/* Persistent Sampling on whole answers, exact: the pool holds answers, all of one space, so the classic weights
 * (arXiv 2407.20722, eqs 13–17) are those of the paper. Generation 1 is M answers from q at β = 0. Then: reweigh the
 * pool, choose β, draw M, move each by cut and regrow (target q·L^β), append all M as the next generation; until
 * β = β_max and the pool's ESS there is stop_ess · M, or the budget ends. */
#include "method/completions.h"

#include "method/history.h"
#include "method/regrow.h"

#include <math.h>

enum { MOST_GENERATIONS = 64 }; /* without a budget of the user's own */

typedef struct walker {
    ps_chain chain;
    size_t moves; /* made in this generation */
    bool done;    /* with this generation */
} walker;

typedef struct completions {
    ps_round_method m;
    ps_pool *pool;       /* one snapshot an answer, all of depth 1 */
    uint32_t *answer_of; /* [pool size + 1] tree snapshot of each */
    size_t answers_capacity;
    walker *walkers; /* [M] */
    uint64_t uniforms_used;
    size_t schedule; /* generations that a fixed schedule of β leads through: max_steps */
    double beta;
    double *W, *uniforms;
    size_t W_capacity, uniforms_capacity;
    size_t *picks;   /* [M] */
    uint32_t *drawn; /* [M] */
    ps_history history;
    bool ended;
} completions;

static ps_status round_over(ps_method *method, ps_error *err);

static void destroy(ps_method *method) {
    completions *p = (completions *)method;
    ps_round_clear(&p->m.round);
    ps_pool_free(p->pool);
    ps_free(p->answer_of);
    ps_free(p->walkers);
    ps_free(p->W);
    ps_free(p->uniforms);
    ps_free(p->picks);
    ps_free(p->drawn);
    ps_history_clear(&p->history);
    ps_free(p);
}

/* The next step of every answer that is still growing. */
static ps_status plan_round(completions *p, ps_error *err) {
    ps_status status = PS_OK;
    ps_round_begin(&p->m.round);
    for (size_t i = 0; i < p->m.params.n_particles && status == PS_OK; i++) {
        walker *w = &p->walkers[i];
        if (!w->done)
            status = ps_round_plan(&p->m.round, w->chain.proposal, p->m.params.has_reward, &w->chain.proposal, err);
    }
    return status;
}

static ps_status allocate(completions *p, ps_error *err) {
    size_t M = p->m.params.n_particles;
    p->walkers = ps_calloc(M, sizeof *p->walkers);
    p->picks = ps_calloc(M, sizeof *p->picks);
    p->drawn = ps_calloc(M, sizeof *p->drawn);
    ps_status status = p->walkers == NULL || p->picks == NULL || p->drawn == NULL ? ps_nomem(err) : PS_OK;
    if (status == PS_OK) status = ps_pool_create(&p->m.params.persistent.pool, &p->pool, err);
    return status == PS_OK ? ps_pool_launch(p->pool, 0.0, p->drawn, M, err) : status; /* M at the root, β = 0 */
}

static ps_status create(const ps_method_ops *ops, const ps_method_params *params, ps_method **method, ps_error *err) {
    if (params->completions.n_moves < 1)
        return ps_fail(err, PS_ARG, "ps.move.n_moves is 0: ps.mode completions needs at least 1");
    completions *p = ps_calloc(1, sizeof *p);
    if (p == NULL) return ps_nomem(err);
    ps_status status = ps_round_method_init(&p->m, ops, params, round_over, err);
    p->schedule = params->schedule_steps;
    p->m.params.max_steps = PS_NO_STEP_LIMIT; /* of an answer: nobody chooses among open ones */
    p->m.params.persistent.pool.weighting = PS_BALANCE;
    p->m.params.persistent.pool.max_depth = 2; /* an answer is one step of this pool */
    p->m.params.persistent.temperature.monotone = true;
    if (status == PS_OK) status = allocate(p, err);
    if (status == PS_OK) status = plan_round(p, err);
    if (status != PS_OK) {
        destroy(&p->m.base);
        return status;
    }
    *method = &p->m.base;
    return PS_OK;
}

static const ps_tree_node *node_at(const completions *p, uint32_t snapshot) {
    return &p->m.round.tree.nodes[snapshot];
}

static double uniform(completions *p) {
    ps_rng_key key = {p->m.params.seed, p->m.params.problem, 0, PS_RNG_MOVE};
    return ps_uniform(key, p->uniforms_used++);
}

/* ---- Moves --------------------------------------------------------------- */

/* −∞ against −∞: a worthless answer moves freely. */
static double log_ratio(const completions *p, const walker *w) {
    double now = node_at(p, w->chain.current)->ell, then = node_at(p, w->chain.proposal)->ell;
    if (p->beta == 0 || (now == -INFINITY && then == -INFINITY)) return 0;
    return p->beta * (then - now);
}

static void begin_move(completions *p, walker *w) {
    ps_chain_cut(&w->chain, &p->m.round.tree, uniform(p));
}

/* An answer has stopped growing: in generation 1 it is the particle; later it is a proposal to judge. */
static void arrive(completions *p, walker *w) {
    if (!w->chain.growing) {
        w->chain.current = w->chain.proposal;
        w->done = true;
        return;
    }
    ps_chain_decide(&w->chain, &p->m.round.tree, log_ratio(p, w), uniform(p));
    if (++w->moves < p->m.params.completions.n_moves)
        begin_move(p, w);
    else
        w->done = true;
}

/* ---- Generations --------------------------------------------------------- */

static ps_status append_generation(completions *p, ps_error *err) {
    size_t M = p->m.params.n_particles;
    if (ps_reserve(&p->answer_of, &p->answers_capacity, ps_pool_size(p->pool) + M + 1) != PS_OK) return ps_nomem(err);
    for (size_t i = 0; i < M; i++) {
        const ps_tree_node *node = node_at(p, p->walkers[i].chain.current);
        uint32_t id;
        ps_status status = ps_pool_append(p->pool, 0, node->ell, node->merit, node->state, &id, err);
        if (status != PS_OK) return status;
        p->answer_of[id] = p->walkers[i].chain.current;
    }
    return ps_pool_advance(p->pool, err);
}

static double ess_of_pool(void *context, double beta) {
    return ps_pool_ess(((completions *)context)->pool, beta);
}

static bool out_of_budget(const completions *p) {
    const ps_budget *b = &p->m.params.budget;
    size_t most = b->max_iterations > 0 ? b->max_iterations : b->max_tokens > 0 ? 0 : MOST_GENERATIONS;
    return ps_round_out_of_tokens(&p->m.round, &p->m.params) || (most > 0 && p->history.n >= most) ||
           (b->n_finished > 0 && ps_pool_size(p->pool) >= b->n_finished);
}

/* Draw the M answers to be moved, at the temperature just chosen. */
static ps_status select_answers(completions *p, const uint32_t *ids, size_t n, double beta, ps_error *err) {
    size_t M = p->m.params.n_particles, picked;
    const ps_resampler *resampler = p->m.params.resampler;
    size_t n_uniforms = resampler->uniforms(M, n, p->m.params.persistent.subpools);
    if (ps_reserve(&p->W, &p->W_capacity, n) != PS_OK ||
        ps_reserve(&p->uniforms, &p->uniforms_capacity, n_uniforms) != PS_OK)
        return ps_nomem(err);
    ps_status status = ps_pool_weights(p->pool, beta, p->W, err);
    if (status == PS_OK && p->m.params.keep_weights)
        status = ps_history_keep_weights(&p->history, &p->history.iterations[p->history.n - 1], p->W, ids, p->answer_of,
                                         n, err);
    if (status != PS_OK) return status;
    ps_rng_key key = {p->m.params.seed, p->m.params.problem, ps_pool_events(p->pool), PS_RNG_RESAMPLE};
    ps_uniforms(key, 0, n_uniforms, p->uniforms);
    ps_resample_input in = {
        .W = p->W, .n = n, .M = M, .uniforms = p->uniforms, .subpools = p->m.params.persistent.subpools};
    status = resampler->pick(&in, p->picks, &picked, err);
    for (size_t i = 0; i < M && status == PS_OK; i++)
        p->drawn[i] = ids[p->picks[i % picked]]; /* topN may pick fewer */
    return status == PS_OK ? ps_pool_launch(p->pool, beta, p->drawn, M, err) : status;
}

static void stop(completions *p, ps_end end) {
    p->ended = true;
    p->m.end = end;
    ps_round_begin(&p->m.round);
}

static ps_status start_generation(completions *p, const uint32_t *ids, size_t n, double beta, ps_error *err) {
    ps_status status = select_answers(p, ids, n, beta, err);
    if (status != PS_OK) return status;
    p->beta = beta;
    p->history.resamples++;
    for (size_t i = 0; i < p->m.params.n_particles; i++) {
        walker *w = &p->walkers[i];
        *w = (walker){.chain.current = p->answer_of[p->drawn[i]]};
        begin_move(p, w);
    }
    return plan_round(p, err);
}

static ps_status end_generation(completions *p, ps_error *err) {
    const uint32_t *ids;
    size_t n, M = p->m.params.n_particles;
    double beta_max = p->m.params.persistent.temperature.beta_max;
    ps_status status = ps_history_reserve(&p->history, err);
    if (status == PS_OK) status = append_generation(p, err);
    if (status == PS_OK) status = ps_pool_prepare(p->pool, &ids, &n, err);
    if (status != PS_OK) return status;
    double beta = ps_temperature_beta(&p->m.params.persistent.temperature, ess_of_pool, p, p->beta, M, p->history.n + 1,
                                      p->schedule);
    ps_iteration record = {.beta = beta, .ess = ps_pool_ess(p->pool, beta), .running = (uint32_t)M};
    bool converged =
        p->beta >= beta_max && ps_pool_ess(p->pool, beta_max) >= p->m.params.completions.stop_ess * (double)M;
    ps_history_add(&p->history, record);
    if (converged || out_of_budget(p) || !(record.ess > 0)) {
        stop(p, converged ? PS_END_CONVERGED : PS_END_BUDGET);
        return PS_OK;
    }
    p->history.iterations[p->history.n - 1].resampled = true;
    return start_generation(p, ids, n, beta, err);
}

static ps_status round_over(ps_method *method, ps_error *err) {
    completions *p = (completions *)method;
    bool growing = false;
    for (size_t i = 0; i < p->m.params.n_particles; i++) {
        walker *w = &p->walkers[i];
        if (!w->done && node_at(p, w->chain.proposal)->state != PS_OPEN) arrive(p, w);
        growing = growing || !w->done;
    }
    if (growing && ps_round_out_of_tokens(&p->m.round, &p->m.params)) {
        /* The unfinished generation is left out: half of it would be the quick answers only. Of the first one these are
         * all there is, and no weights. */
        stop(p, PS_END_BUDGET);
        return PS_OK;
    }
    return growing ? plan_round(p, err) : end_generation(p, err);
}

/* ---- What came of it ----------------------------------------------------- */

static ps_status answers(const ps_method *method, ps_answer **list, size_t *n, ps_error *err) {
    const completions *p = (const completions *)method;
    return ps_pool_answers_of_tree(p->pool, p->m.params.persistent.temperature.beta_max, false, &p->m.round.tree,
                                   p->answer_of, list, n, err);
}

static ps_status report(const ps_method *method, ps_method_report *out, ps_error *err) {
    const completions *p = (const completions *)method;
    ps_status status = ps_round_method_report(method, out, err);
    ps_history_report(&p->history, out);
    if (status == PS_OK)
        status = ps_pool_log_evidence(p->pool, p->m.params.persistent.temperature.beta_max, &out->log_z, err);
    return status;
}

const ps_method_ops ps_method_completions = {
    .name = "persistent",
    .doc = "Persistent Sampling on whole answers",
    .whole = true,
    .create = create,
    .destroy = destroy,
    .next = ps_round_method_next,
    .absorb = ps_round_method_absorb,
    .answers = answers,
    .report = report,
};
