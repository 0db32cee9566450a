/* Persistent Sampling, mode `steps`: which snapshots the particles go on from. After every iteration the temperature is
 * chosen; where an event is due, particles are drawn from the pool, moved where moves are on, and launched. */
#include "method/persistent.h"

#include <string.h>

static size_t depth_of(const ps_persistent *p, uint32_t snapshot) {
    return p->tree.nodes[snapshot].depth;
}

static bool out_of_tokens(const ps_persistent *p) {
    return p->params.budget.max_tokens > 0 && p->tree.tokens >= p->params.budget.max_tokens;
}

static double ess_of_pool(void *context, double beta) {
    return ps_pool_ess(((ps_persistent *)context)->pool, beta);
}

/* The parents of all snapshots, for a resampler that keeps lineages apart. */
static ps_status list_parents(ps_persistent *p) {
    const ps_snapshot *snapshots = ps_pool_snapshots(p->pool);
    size_t size = ps_pool_size(p->pool) + 1;
    if (ps_reserve(&p->parents, &p->parents_capacity, size) != PS_OK) return PS_NOMEM;
    for (; p->n_parents < size; p->n_parents++)
        p->parents[p->n_parents] = snapshots[p->n_parents].parent;
    return PS_OK;
}

static ps_status draw(ps_persistent *p, size_t n, size_t M, size_t *picked, const uint32_t *ids, ps_error *err) {
    const ps_resampler *resampler = p->params.resampler;
    bool distinct = p->params.persistent.distinct_lineage;
    size_t n_uniforms = resampler->uniforms(M, n, p->params.persistent.subpools);
    if (ps_reserve(&p->uniforms, &p->uniforms_capacity, n_uniforms) != PS_OK || (distinct && list_parents(p) != PS_OK))
        return ps_nomem(err);
    ps_rng_key key = {p->params.seed, p->params.problem, ps_pool_events(p->pool), PS_RNG_RESAMPLE};
    ps_uniforms(key, 0, n_uniforms, p->uniforms);
    ps_resample_input in = {.W = p->W,
                            .n = n,
                            .M = M,
                            .uniforms = p->uniforms,
                            .subpools = p->params.persistent.subpools,
                            .parent_of = distinct ? p->parents : NULL,
                            .id_of = ids};
    return resampler->pick(&in, p->picks, picked, err);
}

/* Launch p->running as a new event. A finished pick (balance) is a particle that has arrived. */
static ps_status launch(ps_persistent *p, double beta, ps_error *err) {
    size_t picked = p->n_running;
    ps_status status = ps_pool_launch(p->pool, beta, p->running, picked, err);
    if (status != PS_OK) return status;
    const ps_snapshot *snapshots = ps_pool_snapshots(p->pool);
    p->n_running = 0;
    for (size_t i = 0; i < picked; i++)
        if (snapshots[p->running[i]].state == PS_OPEN) p->running[p->n_running++] = p->running[i];
    p->beta = beta;
    p->history.resamples++;
    return PS_OK;
}

/* ---- Moves: a pick becomes another draw of q·L^β ------------------------- */

static double log_target(void *context, uint32_t snapshot) {
    const ps_persistent *p = context;
    return p->next_beta == 0 ? 0 : p->next_beta * p->tree.nodes[snapshot].ell;
}

static ps_status start_moves(ps_persistent *p, double beta, ps_error *err) {
    p->next_beta = beta;
    ps_status status = ps_mover_start(&p->mover, p->running, p->n_running, &p->tree, &p->params, err);
    for (size_t i = 0; i < p->mover.n && status == PS_OK; i++)
        p->moving = p->moving || p->mover.chains[i].growing;
    return status == PS_OK && !p->moving ? launch(p, beta, err) : status; /* all at the root */
}

ps_status ps_persistent_go_on_moving(ps_persistent *p, ps_error *err) {
    ps_status status = PS_OK;
    for (size_t i = 0; i < p->n_work && status == PS_OK; i++) {
        const ps_tree_node *node = &p->tree.nodes[p->work[i].child];
        uint32_t id;
        status = ps_pool_append_passage(p->pool, node->parent, node->ell, node->merit, node->state, &id, err);
        p->passage_answer = p->passage_answer || node->state == PS_FINISHED;
    }
    if (status != PS_OK) return status;
    bool spent = out_of_tokens(p);
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
static size_t launches(const ps_persistent *p) {
    size_t paced = ps_pace_lines(&p->params, &p->tree, p->running, p->n_running);
    return p->params.persistent.refill && paced == p->n_running ? p->params.n_particles : paced;
}

/* Policy ess. The pool's ESS grows with the pool and soon is above any number of particles; that of the particles that
 * run says how many of them still count. */
static bool ess_is_low(const ps_persistent *p, const ps_iteration *record, size_t step) {
    const ps_persistent_params *params = &p->params.persistent;
    double alpha = ps_alpha_threshold(params->alpha_start, params->alpha_end, step, p->params.schedule_steps);
    if (params->ess_over == PS_ESS_OVER_POOL) return record->ess < alpha * (double)p->params.n_particles;
    return p->n_running >= 2 &&
           ps_pool_ess_of(p->pool, record->beta, p->running, p->n_running) < alpha * (double)p->n_running;
}

/* Whether the state after an iteration calls for a selection event now. */
static bool event_is_due(const ps_persistent *p, const ps_iteration *record, size_t step) {
    if (p->params.persistent.refill && 2 * p->n_running < p->params.n_particles) return true;
    if (p->n_running == 0) return false;
    if (p->params.persistent.policy != PS_POLICY_NEVER && launches(p) < p->n_running) return true;
    switch (p->params.persistent.policy) {
    case PS_POLICY_ALWAYS: return true;
    case PS_POLICY_NEVER: return false;
    case PS_POLICY_ESS: break;
    }
    return ess_is_low(p, record, step);
}

/* All particles have finished and tokens are left: begin again at the root, at β = 0. The pool stays: at every depth
 * the new particles reach, selections draw from the old snapshots of that depth too. Depths that only the old ones have
 * reached wait, or the whole wave would be sent to the end of the old lines at once. */
static ps_status begin_wave(ps_persistent *p, ps_iteration *record, ps_error *err) {
    p->n_running = ps_pace_answers(&p->params, &p->tree);
    memset(p->running, 0, p->n_running * sizeof *p->running);
    p->waves++;
    record->resampled = true;
    return launch(p, 0, err);
}

/* How many steps a selection may go back: what the token budget pays for, and in all no further than the search has
 * come forward, or a score that finds every continuation wrong would send it back until something else ends it. Those
 * who say how many iterations they want, or have the budget spent by refill, get what they ask for. */
static size_t steps_back(const ps_persistent *p, uint32_t leader) {
    size_t paid = ps_pace_steps_back(&p->params, &p->tree, leader);
    if (p->params.budget.max_iterations > 0 || p->params.persistent.refill) return paid;
    double left = (double)p->reached - p->gone_back;
    size_t allowed = left > 0 ? (size_t)left : 0;
    return allowed < paid ? allowed : paid;
}

/* The depths a selection may draw from. A wave after the first goes no deeper than it has come itself. */
static void set_window(ps_persistent *p) {
    uint32_t leader = 0;
    for (size_t i = 0; i < p->n_running; i++)
        if (depth_of(p, p->running[i]) > depth_of(p, leader)) leader = p->running[i];
    if (leader == 0) return;
    p->front = depth_of(p, leader);
    if (p->front > p->reached) p->reached = p->front;
    size_t back = steps_back(p, leader);
    ps_pool_set_window(p->pool, back < p->front ? p->front - back : 0, p->waves > 0 ? p->front : SIZE_MAX);
}

/* How many steps a selection goes back from the front by this pick. In balance no window leaves out what is finished or
 * where a particle stands, which is what the last iteration made: going on from there is not going back. */
static size_t steps_behind(const ps_persistent *p, uint32_t pick) {
    size_t depth = depth_of(p, pick);
    bool stays = p->tree.nodes[pick].state != PS_OPEN || pick > ps_pool_size(p->pool) - p->n_work;
    if (depth >= p->front || (p->params.persistent.pool.weighting == PS_BALANCE && stays)) return 0;
    return p->front - depth;
}

/* Take the picks as running particles. Returns how far they go back, the mean. */
static double take_picks(ps_persistent *p, const uint32_t *ids, size_t picked) {
    size_t back = 0;
    for (size_t i = 0; i < picked; i++) {
        p->running[i] = ids[p->picks[i]];
        back += steps_behind(p, p->running[i]);
    }
    p->n_running = picked;
    return picked > 0 ? (double)back / (double)picked : 0;
}

ps_status ps_persistent_select(ps_persistent *p, ps_iteration *record, ps_error *err) {
    const uint32_t *ids;
    size_t n, M = p->params.n_particles, picked = 0;
    set_window(p);
    ps_status status = ps_pool_prepare(p->pool, &ids, &n, err);
    if (status != PS_OK) return status;
    if (n == 0) { /* balance, every snapshot pruned: nothing to select from */
        record->beta = p->beta;
        return PS_OK;
    }
    double beta = ps_temperature_beta(&p->params.persistent.temperature, ess_of_pool, p, p->beta, M, p->history.n + 1,
                                      p->params.schedule_steps);
    record->beta = beta;
    record->ess = ps_pool_ess(p->pool, beta);
    if (!p->ended && p->n_running == 0 && !p->params.persistent.refill) return begin_wave(p, record, err);
    if (p->ended || !event_is_due(p, record, p->history.n + 1) || !(record->ess > 0)) return PS_OK;
    if (ps_reserve(&p->W, &p->W_capacity, n) != PS_OK) return ps_nomem(err);
    status = ps_pool_weights(p->pool, beta, p->W, err);
    if (status != PS_OK) return status;
    if (p->waves > 0 && p->params.n_moves == 0) ps_pool_complete(p->pool, p->front, launches(p), p->W);
    if (p->params.keep_weights) status = ps_history_keep_weights(&p->history, record, p->W, ids, NULL, n, err);
    if (status == PS_OK) status = draw(p, n, launches(p), &picked, ids, err);
    if (status != PS_OK) return status;
    record->steps_back = take_picks(p, ids, picked);
    p->gone_back += record->steps_back;
    status = p->params.n_moves > 0 ? start_moves(p, beta, err) : launch(p, beta, err);
    record->resampled = status == PS_OK;
    return status;
}
