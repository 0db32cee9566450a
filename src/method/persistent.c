/* Persistent Sampling, mode `steps`: grow prefixes step by step; nothing ever made is thrown away; every selection
 * draws from the whole pool. docs/algorithm.md has the formulas; the weights are core's, the decisions of when and how
 * many are made here. */
#include "method/completions.h"
#include "method/methods.h"
#include "method/move.h"
#include "method/pace.h"

#include <math.h>
#include <string.h>

typedef struct persistent {
    ps_method base;
    ps_method_params params;
    ps_pool *pool;
    ps_tree tree; /* numbered as the pool is: both append in the order of launch */

    uint32_t *running; /* [n_running] open snapshots whose particles go on, or are to be launched once moved */
    size_t n_running;
    ps_work *work; /* [n_work] this iteration's */
    size_t n_work;
    size_t awaited;       /* results still to come */
    size_t tokens_before; /* of this iteration */
    bool started, ended;
    ps_end end;

    ps_mover mover;
    bool moving;         /* particles were selected and make their moves; the launch follows */
    bool passage_answer; /* a move grew an answer: it has no weight, but was paid for */
    double next_beta;    /* of that launch */

    double beta; /* of the last event */
    size_t resamples;
    size_t waves;     /* launches from the root after the first */
    size_t front;     /* deepest step of a running particle when the pool was last looked at */
    size_t reached;   /* the largest front so far */
    double gone_back; /* steps from the front to what was launched, means over a launch, summed over launches */
    ps_iteration *iterations;
    size_t n_iterations, iterations_capacity;

    double *W; /* [capacity of scratch] */
    size_t W_capacity;
    double *uniforms;
    size_t uniforms_capacity;
    size_t *picks; /* [M] */
} persistent;

static const ps_budget *budget(const persistent *p) {
    return &p->params.budget;
}

static size_t depth_of(const persistent *p, uint32_t snapshot) {
    return p->tree.nodes[snapshot].depth;
}

static void destroy(ps_method *method) {
    persistent *p = (persistent *)method;
    ps_pool_free(p->pool);
    ps_tree_clear(&p->tree);
    ps_mover_clear(&p->mover);
    ps_free(p->running);
    ps_free(p->work);
    ps_free(p->iterations);
    ps_free(p->W);
    ps_free(p->uniforms);
    ps_free(p->picks);
    ps_free(p);
}

static ps_status create(const ps_method_ops *ops, const ps_method_params *params, ps_method **method, ps_error *err) {
    if (params->resampler == NULL) return ps_fail(err, PS_ARG, "Persistent Sampling needs a resampler");
    if (params->persistent.completions)
        return ps_method_completions.create(&ps_method_completions, params, method, err);
    if (params->n_moves > 0 && params->persistent.pool.weighting != PS_LINEAGE)
        return ps_fail(err, PS_ARG,
                       "ps.move in mode steps needs weights whose law a move can keep: set ps.weights to lineage, or "
                       "ps.move.enabled to false");
    persistent *p = ps_calloc(1, sizeof *p);
    if (p == NULL) return ps_nomem(err);
    p->base.ops = ops;
    p->params = *params;
    p->params.persistent.pool.max_depth = params->max_steps;
    size_t M = params->n_particles;
    p->running = ps_calloc(M, sizeof *p->running);
    p->work = ps_calloc(M, sizeof *p->work);
    p->picks = ps_calloc(M, sizeof *p->picks);
    ps_status status = PS_OK;
    if (p->running == NULL || p->work == NULL || p->picks == NULL) status = ps_nomem(err);
    if (status == PS_OK) status = ps_tree_init(&p->tree, err);
    if (status == PS_OK) status = ps_pool_create(&p->params.persistent.pool, &p->pool, err);
    if (status == PS_OK) status = ps_pool_launch(p->pool, 0.0, p->running, M, err); /* event 0: M at the root, β = 0 */
    if (status != PS_OK) {
        destroy(&p->base);
        return status;
    }
    p->n_running = M;
    *method = &p->base;
    return PS_OK;
}

/* ---- One iteration: every running particle makes one step ---------------- */

/* One more step of this iteration, from `parent`. */
static ps_status plan(persistent *p, uint32_t parent, uint32_t *child, ps_error *err) {
    ps_status status = ps_tree_reserve(&p->tree, parent, child, err);
    if (status == PS_OK)
        p->work[p->n_work++] = (ps_work){.parent = parent, .child = *child, .want_reward = p->params.has_reward};
    return status;
}

static ps_status next(ps_method *method, const ps_work **work, size_t *n, ps_error *err) {
    persistent *p = (persistent *)method;
    ps_status status = PS_OK;
    uint32_t child;
    *work = p->work;
    *n = 0;
    if (p->ended || p->awaited > 0) return PS_OK;
    p->n_work = 0;
    for (size_t i = 0; p->moving && i < p->mover.n && status == PS_OK; i++) {
        ps_chain *chain = &p->mover.chains[i];
        if (chain->growing) status = plan(p, chain->proposal, &chain->proposal, err);
    }
    for (size_t i = 0; !p->moving && i < p->n_running && status == PS_OK; i++)
        status = plan(p, p->running[i], &child, err);
    if (status != PS_OK) return status;
    *n = p->awaited = p->n_work;
    p->started = true;
    return PS_OK;
}

/* All steps are in: append them to the pool in launch order, whatever order they arrived in. */
static ps_status append_all(persistent *p, ps_error *err) {
    size_t open = 0;
    for (size_t i = 0; i < p->n_running; i++) {
        const ps_tree_node *node = &p->tree.nodes[p->work[i].child];
        uint32_t id;
        ps_status status = ps_pool_append(p->pool, node->parent, node->ell, node->state, &id, err);
        if (status != PS_OK) return status;
        if (node->state == PS_OPEN) p->running[open++] = id;
    }
    p->n_running = open;
    return ps_pool_advance(p->pool, err);
}

static size_t finished_answers(const persistent *p) {
    const ps_snapshot *snapshots = ps_pool_snapshots(p->pool);
    size_t finished = 0;
    for (size_t i = 1; i <= ps_pool_size(p->pool); i++)
        finished += snapshots[i].state == PS_FINISHED && !snapshots[i].passage;
    return finished;
}

/* After an iteration that is not yet counted: sets p->ended when a limit is reached. Without limits of the user's own
 * the search ends after 2 · max_steps iterations: particles that went back would otherwise go on for ever. An iteration
 * that wrote no token spends nothing of a token budget (every particle stands at the end of the context), and with
 * refill the next ones could be like it for ever. */
static void check_budget(persistent *p, bool wrote_nothing) {
    size_t rounds = budget(p)->max_iterations;
    if (rounds == 0 && budget(p)->max_tokens == 0) rounds = 2 * p->params.max_steps;
    bool spent = (budget(p)->max_tokens > 0 && p->tree.tokens >= budget(p)->max_tokens) ||
                 (budget(p)->max_tokens > 0 && wrote_nothing) || (rounds > 0 && p->n_iterations + 1 >= rounds) ||
                 (budget(p)->n_finished > 0 && finished_answers(p) >= budget(p)->n_finished);
    if (spent) {
        p->ended = true;
        p->end = PS_END_BUDGET;
    } else if (p->n_running == 0 && !p->params.persistent.refill && ps_pace_answers(&p->params, &p->tree) == 0) {
        p->ended = true;
        p->end = PS_END_FINISHED;
    }
}

/* ---- Selection ----------------------------------------------------------- */

static double ess_of_pool(void *context, double beta) {
    return ps_pool_ess(((persistent *)context)->pool, beta);
}

static ps_status draw(persistent *p, size_t n, size_t M, size_t *picked, const uint32_t *ids, ps_error *err) {
    const ps_resampler *resampler = p->params.resampler;
    size_t n_uniforms = resampler->uniforms(M, n, p->params.persistent.subpools);
    if (ps_reserve(&p->uniforms, &p->uniforms_capacity, n_uniforms) != PS_OK) return ps_nomem(err);
    ps_rng_key key = {p->params.seed, p->params.problem, ps_pool_events(p->pool), PS_RNG_RESAMPLE};
    ps_uniforms(key, 0, n_uniforms, p->uniforms);
    uint32_t *parents = NULL;
    if (p->params.persistent.distinct_lineage) {
        const ps_snapshot *snapshots = ps_pool_snapshots(p->pool);
        size_t size = ps_pool_size(p->pool) + 1;
        parents = ps_calloc(size, sizeof *parents);
        if (parents == NULL) return ps_nomem(err);
        for (size_t i = 0; i < size; i++)
            parents[i] = snapshots[i].parent;
    }
    ps_resample_input in = {.W = p->W,
                            .n = n,
                            .M = M,
                            .uniforms = p->uniforms,
                            .subpools = p->params.persistent.subpools,
                            .parent_of = parents,
                            .id_of = ids};
    ps_status status = resampler->pick(&in, p->picks, picked, err);
    ps_free(parents);
    return status;
}

/* Launch p->running as a new event. A finished pick (balance) is a particle that has arrived. */
static ps_status launch(persistent *p, double beta, ps_error *err) {
    const size_t picked = p->n_running;
    ps_status status = ps_pool_launch(p->pool, beta, p->running, picked, err);
    if (status != PS_OK) return status;
    const ps_snapshot *snapshots = ps_pool_snapshots(p->pool);
    p->n_running = 0;
    for (size_t i = 0; i < picked; i++)
        if (snapshots[p->running[i]].state == PS_OPEN) p->running[p->n_running++] = p->running[i];
    p->beta = beta;
    p->resamples++;
    return PS_OK;
}

/* ---- Moves: a pick becomes another draw of q·L^β ------------------------- */

static double log_target(void *context, uint32_t snapshot) {
    const persistent *p = context;
    return p->next_beta == 0 ? 0 : p->next_beta * p->tree.nodes[snapshot].ell;
}

static ps_status start_moves(persistent *p, double beta, ps_error *err) {
    p->next_beta = beta;
    ps_status status = ps_mover_start(&p->mover, p->running, p->n_running, &p->tree, &p->params, err);
    for (size_t i = 0; i < p->mover.n && status == PS_OK; i++)
        p->moving = p->moving || p->mover.chains[i].growing;
    return status == PS_OK && !p->moving ? launch(p, beta, err) : status; /* all at the root */
}

/* The proposals have made a step: append it as passage; launch when all moves are made, or the tokens are spent (moves
 * under way are then refused). */
static ps_status go_on_moving(persistent *p, ps_error *err) {
    ps_status status = PS_OK;
    for (size_t i = 0; i < p->n_work && status == PS_OK; i++) {
        const ps_tree_node *node = &p->tree.nodes[p->work[i].child];
        uint32_t id;
        status = ps_pool_append_passage(p->pool, node->parent, node->ell, node->state, &id, err);
        p->passage_answer = p->passage_answer || node->state == PS_FINISHED;
    }
    if (status != PS_OK) return status;
    bool spent = budget(p)->max_tokens > 0 && p->tree.tokens >= budget(p)->max_tokens;
    if (ps_mover_step(&p->mover, &p->tree, &p->params, log_target, p) && !spent) return PS_OK;
    for (size_t i = 0; i < p->n_running; i++)
        p->running[i] = p->mover.chains[i].current;
    p->moving = false;
    p->tokens_before = p->tree.tokens;
    if (!spent) return launch(p, p->next_beta, err);
    p->ended = true;
    p->end = PS_END_BUDGET;
    return PS_OK;
}

/* Particles a selection now would launch: as many as were running, no more than the tokens that are left can bring to
 * an end; with refill M, as long as these tokens cover those that are running. */
static size_t launches(const persistent *p) {
    size_t paced = ps_pace_lines(&p->params, &p->tree, p->running, p->n_running);
    return p->params.persistent.refill && paced == p->n_running ? p->params.n_particles : paced;
}

/* Whether the pool's state calls for a selection event now. */
static bool event_is_due(const persistent *p, double ess, size_t step) {
    size_t M = p->params.n_particles;
    if (p->params.persistent.refill && 2 * p->n_running < M) return true;
    if (p->n_running == 0) return false;
    if (p->params.persistent.policy != PS_POLICY_NEVER && launches(p) < p->n_running) return true;
    switch (p->params.persistent.policy) {
    case PS_POLICY_ALWAYS: return true;
    case PS_POLICY_NEVER: return false;
    case PS_POLICY_ESS: break;
    }
    double threshold =
        ps_alpha_threshold(p->params.persistent.alpha_start, p->params.persistent.alpha_end, step, p->params.max_steps);
    return ess < threshold * (double)M;
}

/* All particles have finished and tokens are left: begin again at the root, at β = 0. The pool stays: at every depth
 * the new particles reach, selections draw from the old snapshots of that depth too. Depths that only the old ones have
 * reached wait, or the whole wave would be sent to the end of the old lines at once. */
static ps_status begin_wave(persistent *p, ps_iteration *record, ps_error *err) {
    p->n_running = ps_pace_answers(&p->params, &p->tree);
    memset(p->running, 0, p->n_running * sizeof *p->running);
    p->waves++;
    record->resampled = true;
    return launch(p, 0, err);
}

/* How many steps a selection may go back: what the token budget pays for, and in all no further than the search has
 * come forward, or a score that finds every continuation wrong would send it back until something else ends it. Those
 * who say how many iterations they want, or have the budget spent by refill, get what they ask for. */
static size_t steps_back(const persistent *p, uint32_t leader) {
    size_t paid = ps_pace_steps_back(&p->params, &p->tree, leader);
    if (budget(p)->max_iterations > 0 || p->params.persistent.refill) return paid;
    double left = (double)p->reached - p->gone_back;
    size_t allowed = left > 0 ? (size_t)left : 0;
    return allowed < paid ? allowed : paid;
}

/* The depths a selection may draw from. A wave after the first goes no deeper than it has come itself. */
static void set_window(persistent *p) {
    uint32_t leader = 0;
    for (size_t i = 0; i < p->n_running; i++)
        if (depth_of(p, p->running[i]) > depth_of(p, leader)) leader = p->running[i];
    if (leader == 0) return;
    p->front = depth_of(p, leader);
    if (p->front > p->reached) p->reached = p->front;
    size_t back = steps_back(p, leader);
    ps_pool_set_window(p->pool, back < p->front ? p->front - back : 0, p->waves > 0 ? p->front : SIZE_MAX);
}

/* Take the picks as running particles, and note how far they go back. */
static void take_picks(persistent *p, const uint32_t *ids, size_t picked) {
    size_t back = 0;
    for (size_t i = 0; i < picked; i++) {
        p->running[i] = ids[p->picks[i]];
        size_t depth = depth_of(p, p->running[i]);
        back += depth < p->front ? p->front - depth : 0;
    }
    p->n_running = picked;
    if (picked > 0) p->gone_back += (double)back / (double)picked;
}

/* Look at the pool after an iteration: temperature, ESS, and an event if one is due. */
static ps_status select_from_pool(persistent *p, ps_iteration *record, ps_error *err) {
    const uint32_t *ids;
    size_t n, M = p->params.n_particles, picked = 0;
    set_window(p);
    ps_status status = ps_pool_prepare(p->pool, &ids, &n, err);
    if (status != PS_OK) return status;
    if (n == 0) { /* balance, every snapshot pruned: nothing to select from */
        record->beta = p->beta;
        return PS_OK;
    }
    double beta = ps_temperature_beta(&p->params.persistent.temperature, ess_of_pool, p, p->beta, M,
                                      p->n_iterations + 1, p->params.max_steps);
    record->beta = beta;
    record->ess = ps_pool_ess(p->pool, beta);
    if (!p->ended && p->n_running == 0 && !p->params.persistent.refill) return begin_wave(p, record, err);
    if (p->ended || !event_is_due(p, record->ess, p->n_iterations + 1) || !(record->ess > 0)) return PS_OK;
    if (ps_reserve(&p->W, &p->W_capacity, n) != PS_OK) return ps_nomem(err);
    status = ps_pool_weights(p->pool, beta, p->W, err);
    if (status != PS_OK) return status;
    if (p->waves > 0 && p->params.n_moves == 0) ps_pool_complete(p->pool, p->front, launches(p), p->W);
    status = draw(p, n, launches(p), &picked, ids, err);
    if (status != PS_OK) return status;
    take_picks(p, ids, picked);
    status = p->params.n_moves > 0 ? start_moves(p, beta, err) : launch(p, beta, err);
    record->resampled = status == PS_OK;
    return status;
}

static ps_status finish_iteration(persistent *p, ps_error *err) {
    if (ps_reserve(&p->iterations, &p->iterations_capacity, p->n_iterations + 1) != PS_OK) return ps_nomem(err);
    ps_iteration record = {.running = (uint32_t)p->n_running};
    ps_status status = append_all(p, err);
    if (status != PS_OK) return status;
    check_budget(p, p->tree.tokens == p->tokens_before);
    p->tokens_before = p->tree.tokens;
    status = select_from_pool(p, &record, err);
    if (status != PS_OK) return status;
    p->iterations[p->n_iterations++] = record;
    if (!p->ended && p->n_running == 0) { /* refill found nothing that can grow */
        p->ended = true;
        p->end = PS_END_FINISHED;
    }
    return PS_OK;
}

static ps_status absorb(ps_method *method, const ps_step_result *results, size_t n, ps_error *err) {
    persistent *p = (persistent *)method;
    for (size_t i = 0; i < n; i++) {
        if (p->awaited == 0) return ps_fail(err, PS_ARG, "more results than work was given");
        ps_status status = ps_tree_fill(&p->tree, &p->params, &results[i], err);
        if (status != PS_OK) return status;
        p->awaited--;
    }
    if (!p->started || p->awaited > 0 || n == 0) return PS_OK;
    return p->moving ? go_on_moving(p, err) : finish_iteration(p, err);
}

/* ---- What came of it ----------------------------------------------------- */

static ps_status answers(const ps_method *method, ps_answer **list, size_t *n, ps_error *err) {
    const persistent *p = (const persistent *)method;
    uint32_t *ids = NULL;
    double *log_weights = NULL, log_z;
    ps_answer *out = NULL;
    bool truncated = finished_answers(p) == 0 && !p->passage_answer;
    ps_status status = ps_pool_answers(p->pool, p->params.persistent.temperature.beta_max, truncated, &ids,
                                       &log_weights, n, &log_z, err);
    if (status != PS_OK) return status;
    if (*n == 0) { /* the search was cut short: open snapshots, or a move's answers, are all there is */
        status = ps_tree_answers(&p->tree, list, n, err);
        goto done;
    }
    out = ps_calloc(*n, sizeof *out);
    if (out == NULL) {
        status = ps_nomem(err);
        goto done;
    }
    for (size_t i = 0; i < *n; i++) {
        const ps_tree_node *node = &p->tree.nodes[ids[i]];
        out[i] = (ps_answer){.snapshot = ids[i],
                             .state = node->state,
                             .log_weight = log_weights[i],
                             .ell = node->ell,
                             .reward = node->sums.reward};
    }
    *list = out;
done:
    ps_free(ids);
    ps_free(log_weights);
    return status;
}

static void report(const ps_method *method, ps_method_report *out) {
    const persistent *p = (const persistent *)method;
    uint32_t *ids = NULL;
    double *log_weights = NULL, log_z = NAN;
    size_t n;
    if (ps_pool_answers(p->pool, p->params.persistent.temperature.beta_max, false, &ids, &log_weights, &n, &log_z,
                        NULL) != PS_OK)
        log_z = NAN;
    ps_free(ids);
    ps_free(log_weights);
    *out = (ps_method_report){
        .iterations = p->iterations,
        .n_iterations = p->n_iterations,
        .resamples = p->resamples,
        .final_ess = p->n_iterations > 0 ? p->iterations[p->n_iterations - 1].ess : NAN,
        .log_z = log_z,
        .tokens = p->tree.tokens,
        .snapshots = ps_pool_size(p->pool),
        .pool = ps_pool_snapshots(p->pool),
        .end = p->end,
    };
}

const ps_method_ops ps_method_persistent = {
    .name = "persistent",
    .doc = "Persistent Sampling: every snapshot stays in a pool that each selection draws from",
    .create = create,
    .destroy = destroy,
    .next = next,
    .absorb = absorb,
    .answers = answers,
    .report = report,
};
