/* Persistent Sampling, mode `steps`: grow prefixes step by step; nothing ever made is thrown away; every selection
 * draws from the whole pool. docs/algorithm.md has the formulas; the weights are core's, the decisions of when and how
 * many are made here. */
#include "method/persistent.h"

#include "method/completions.h"

static const ps_budget *budget(const ps_persistent *p) {
    return &p->params.budget;
}

static void destroy(ps_method *method) {
    ps_persistent *p = (ps_persistent *)method;
    ps_pool_free(p->pool);
    ps_tree_clear(&p->tree);
    ps_mover_clear(&p->mover);
    ps_free(p->running);
    ps_free(p->work);
    ps_history_clear(&p->history);
    ps_free(p->W);
    ps_free(p->uniforms);
    ps_free(p->picks);
    ps_free(p->parents);
    ps_free(p);
}

/* A schedule leads from its first value to its last over max_steps. */
static ps_status check_schedules(const ps_method_params *params, ps_error *err) {
    const ps_persistent_params *p = &params->persistent;
    if (params->schedule_steps != PS_NO_STEP_LIMIT) return PS_OK;
    if (p->temperature.mode != PS_ADAPTIVE_ESS)
        return ps_fail(
            err, PS_ARG,
            "a fixed ps.temperature_schedule.mode leads to beta_max over generation.max_steps, which is 0 (no "
            "limit): set max_steps, or the mode to adaptive_ess");
    if (p->policy == PS_POLICY_ESS && p->alpha_start != p->alpha_end)
        return ps_fail(
            err, PS_ARG,
            "ps.resample.alpha_schedule linear leads from alpha_start to alpha_end over generation.max_steps, "
            "which is 0 (no limit): set max_steps, or the schedule to constant");
    return PS_OK;
}

static ps_status create(const ps_method_ops *ops, const ps_method_params *params, ps_method **method, ps_error *err) {
    if (params->resampler == NULL) return ps_fail(err, PS_ARG, "Persistent Sampling needs a resampler");
    ps_status status = check_schedules(params, err);
    if (status != PS_OK) return status;
    if (params->persistent.completions)
        return ps_method_completions.create(&ps_method_completions, params, method, err);
    if (params->n_moves > 0 && params->persistent.pool.weighting != PS_LINEAGE)
        return ps_fail(err, PS_ARG,
                       "ps.move in mode steps needs weights whose law a move can keep: set ps.weights to lineage, or "
                       "ps.move.enabled to false");
    ps_persistent *p = ps_calloc(1, sizeof *p);
    if (p == NULL) return ps_nomem(err);
    p->base.ops = ops;
    p->params = *params;
    p->params.persistent.pool.max_depth = params->max_steps;
    size_t M = params->n_particles;
    p->running = ps_calloc(M, sizeof *p->running);
    p->work = ps_calloc(M, sizeof *p->work);
    p->picks = ps_calloc(M, sizeof *p->picks);
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
static ps_status plan(ps_persistent *p, uint32_t parent, uint32_t *child, ps_error *err) {
    ps_status status = ps_tree_reserve(&p->tree, parent, child, err);
    if (status == PS_OK)
        p->work[p->n_work++] = (ps_work){.parent = parent, .child = *child, .want_reward = p->params.has_reward};
    return status;
}

static ps_status next(ps_method *method, const ps_work **work, size_t *n, ps_error *err) {
    ps_persistent *p = (ps_persistent *)method;
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
static ps_status append_all(ps_persistent *p, ps_error *err) {
    size_t open = 0;
    for (size_t i = 0; i < p->n_running; i++) {
        const ps_tree_node *node = &p->tree.nodes[p->work[i].child];
        uint32_t id;
        ps_status status = ps_pool_append(p->pool, node->parent, node->ell, node->merit, node->state, &id, err);
        if (status != PS_OK) return status;
        if (node->state == PS_OPEN) p->running[open++] = id;
        p->n_finished += node->state == PS_FINISHED;
    }
    p->n_running = open;
    return ps_pool_advance(p->pool, err);
}

/* Particles that go back would go on for ever in a search without limits of the user's own: it ends when it has done
 * twice what M particles need that never go back, in iterations or, where steps have no limit, in tokens. */
static bool out_of_patience(const ps_persistent *p) {
    const ps_method_params *params = &p->params;
    size_t rounds = budget(p)->max_iterations;
    if (rounds == 0 && budget(p)->max_tokens > 0) return false;
    if (rounds == 0 && params->max_steps == PS_NO_STEP_LIMIT)
        return p->tree.tokens / 2 >= params->n_particles * params->max_answer_tokens;
    if (rounds == 0) rounds = 2 * params->max_steps;
    return p->history.n + 1 >= rounds;
}

/* After an iteration that is not yet counted: sets p->ended when a limit is reached. An iteration that wrote no token
 * spends nothing of a token budget (every particle stands at the end of the context), and with refill the next ones
 * could be like it for ever. */
static void check_budget(ps_persistent *p, bool wrote_nothing) {
    bool spent = (budget(p)->max_tokens > 0 && p->tree.tokens >= budget(p)->max_tokens) ||
                 (budget(p)->max_tokens > 0 && wrote_nothing) || out_of_patience(p) ||
                 (budget(p)->n_finished > 0 && p->n_finished >= budget(p)->n_finished);
    if (spent) {
        p->ended = true;
        p->end = PS_END_BUDGET;
    } else if (p->n_running == 0 && !p->params.persistent.refill && ps_pace_answers(&p->params, &p->tree) == 0) {
        p->ended = true;
        p->end = PS_END_FINISHED;
    }
}

static ps_status finish_iteration(ps_persistent *p, ps_error *err) {
    ps_iteration record = {.running = (uint32_t)p->n_running};
    ps_status status = ps_history_reserve(&p->history, err);
    if (status == PS_OK) status = append_all(p, err);
    if (status != PS_OK) return status;
    check_budget(p, p->tree.tokens == p->tokens_before);
    p->tokens_before = p->tree.tokens;
    status = ps_persistent_select(p, &record, err);
    if (status != PS_OK) return status;
    ps_history_add(&p->history, record);
    if (!p->ended && p->n_running == 0) { /* refill found nothing that can grow */
        p->ended = true;
        p->end = PS_END_FINISHED;
    }
    return PS_OK;
}

static ps_status absorb(ps_method *method, const ps_step_result *results, size_t n, ps_error *err) {
    ps_persistent *p = (ps_persistent *)method;
    for (size_t i = 0; i < n; i++) {
        if (p->awaited == 0) return ps_fail(err, PS_ARG, "more results than work was given");
        ps_status status = ps_tree_fill(&p->tree, &p->params, &results[i], err);
        if (status != PS_OK) return status;
        p->awaited--;
    }
    if (!p->started || p->awaited > 0 || n == 0) return PS_OK;
    return p->moving ? ps_persistent_go_on_moving(p, err) : finish_iteration(p, err);
}

/* ---- What came of it ----------------------------------------------------- */

/* Truncated snapshots only where nothing has finished: neither in the pool, nor on the way of a move. */
static ps_status answers(const ps_method *method, ps_answer **list, size_t *n, ps_error *err) {
    const ps_persistent *p = (const ps_persistent *)method;
    bool truncated = p->n_finished == 0 && !p->passage_answer;
    return ps_pool_answers_of_tree(p->pool, p->params.persistent.temperature.beta_max, truncated, &p->tree, NULL, list,
                                   n, err);
}

static ps_status report(const ps_method *method, ps_method_report *out, ps_error *err) {
    const ps_persistent *p = (const ps_persistent *)method;
    *out = (ps_method_report){
        .tokens = p->tree.tokens,
        .snapshots = ps_pool_size(p->pool),
        .pool = ps_pool_snapshots(p->pool),
        .end = p->end,
    };
    ps_history_report(&p->history, out);
    return ps_pool_log_evidence(p->pool, p->params.persistent.temperature.beta_max, &out->log_z, err);
}

/* Answers come to share text by selections; of whole answers, by moves that keep their beginning. */
static const char *spread(const ps_method_params *params) {
    const ps_persistent_params *p = &params->persistent;
    if (p->completions)
        return "move more (a higher ps.move.n_moves), lower ps.temperature_schedule.beta_max, or take method=majority";
    if (p->policy == PS_POLICY_ALWAYS)
        return "select less (ps.resample.policy=ess), lower ps.temperature_schedule.beta_max, or take method=majority";
    if (p->policy == PS_POLICY_ESS && p->alpha_start != p->alpha_end)
        return "select less (lower ps.resample.alpha_start and alpha_end), lower ps.temperature_schedule.beta_max, or "
               "take method=majority";
    if (p->policy == PS_POLICY_ESS && p->alpha_start > 0)
        return "select less (lower ps.resample.alpha_start), lower ps.temperature_schedule.beta_max, or take "
               "method=majority";
    return "take method=majority";
}

const ps_method_ops ps_method_persistent = {
    .name = "persistent",
    .doc = "Persistent Sampling: every snapshot stays in a pool that each selection draws from",
    .spread = spread,
    .create = create,
    .destroy = destroy,
    .next = next,
    .absorb = absorb,
    .answers = answers,
    .report = report,
};
