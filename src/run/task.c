/* One problem being solved. */
#include "run/task.h"
#include "run/prompt.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void release_nodes(ps_task *task) {
    for (size_t i = 0; i < task->n_nodes; i++) {
        ps_task_node *node = &task->nodes[i];
        if (node->node != 0) ps_engine_release(task->session->engine, node->node);
        if (node->prm != 0) ps_prm_release(task->session->prm, node->prm);
        node->node = 0;
        node->prm = 0;
    }
}

void ps_task_free(ps_task *task) {
    if (task == NULL) return;
    release_nodes(task);
    ps_method_free(task->method);
    ps_session_release(task->session);
    ps_free(task->nodes);
    ps_free(task->results);
    ps_free(task->round);
    ps_free(task->read);
    ps_arena_free(task->arena);
    ps_free(task);
}

void ps_task_close(ps_task *task) {
    task->outcome.seconds.total = ps_now() - task->started;
    release_nodes(task);
}

/* This problem is lost, the others go on: remember why. */
static void fail(ps_task *task, ps_status status, const char *message) {
    if (task->outcome.status != PS_OK) return;
    task->outcome.status = status;
    task->outcome.error = ps_arena_strndup(task->arena, message, strlen(message));
    if (task->outcome.error == NULL) task->outcome.error = "out of memory";
}

/* The session's way to draw, with what else ends this answer. */
static ps_status set_generation(ps_task *task, const ps_problem *problem, ps_error *err) {
    const ps_generation *of_all = &task->session->generation;
    task->generation = *of_all;
    if (problem->n_stops == 0) return PS_OK;
    size_t n = of_all->n_stops + problem->n_stops;
    const char **stops = ps_arena_calloc(task->arena, n, sizeof *stops);
    if (stops == NULL) return ps_nomem(err);
    for (size_t i = 0; i < n; i++) {
        const char *stop = i < of_all->n_stops ? of_all->stops[i] : problem->stops[i - of_all->n_stops];
        stops[i] = ps_arena_strndup(task->arena, stop, strlen(stop));
        if (stops[i] == NULL) return ps_nomem(err);
    }
    task->generation.stops = stops;
    task->generation.n_stops = n;
    return PS_OK;
}

/* The roots in both trees and the method at the start. */
static ps_status begin(ps_task *task, const ps_problem *problem, ps_error *err) {
    const ps_session *s = task->session;
    ps_method_params params = s->params;
    params.problem = problem->index;
    params.seed = task->outcome.seed;
    ps_task_node *root = &task->nodes[0];
    root->thinking = s->thinks;
    ps_problem_prompt made = {0};
    const bool model = task->steps == NULL;
    ps_status status = set_generation(task, problem, err);
    if (status == PS_OK && model) status = ps_problem_prompt_make(s, problem, &made, err);
    if (status == PS_OK && model) status = ps_engine_prompt(s->engine, &made.prompt, &root->node, err);
    if (status == PS_OK && model && s->prm != NULL)
        status = ps_prm_root(s->prm, ps_problem_question(problem), &root->prm, err);
    if (status == PS_OK) status = ps_method_create(s->method, &params, &task->method, err);
    ps_problem_prompt_clear(&made);
    return status;
}

static ps_status create(const ps_solve_request *request, uint32_t slot, const ps_steps *steps, ps_task **out,
                        ps_error *err) {
    ps_session *session = request->session;
    ps_task *task = ps_calloc(1, sizeof *task);
    if (task == NULL) return ps_nomem(err);
    ps_session_retain(session);
    task->session = session;
    task->tag = request->tag;
    task->progress = request->progress;
    task->max_tokens = request->max_tokens;
    task->slot = slot;
    task->steps = steps;
    task->logprobs = session->keep_logprobs;
    task->started = ps_now();
    task->outcome = (ps_outcome){.problem = request->problem,
                                 .method = session->name,
                                 .seed = request->seed != NULL ? *request->seed : session->params.seed,
                                 .response = "",
                                 .select = session->select,
                                 .has_reward = session->prm != NULL,
                                 .task = task};
    task->arena = ps_arena_create();
    if (task->arena == NULL || ps_reserve(&task->nodes, &task->nodes_capacity, 64) != PS_OK) {
        ps_task_free(task);
        return ps_nomem(err);
    }
    task->nodes[task->n_nodes++] = (ps_task_node){.text = "", .reward = NAN, .step_reward = NAN, .confidence = NAN};
    ps_error why;
    ps_status status = begin(task, request->problem, &why);
    if (status == PS_NOMEM) {
        ps_task_free(task);
        return ps_nomem(err);
    }
    if (status != PS_OK) {
        fail(task, status, why.message);
        task->done = true;
    }
    *out = task;
    return PS_OK;
}

ps_status ps_task_create(const ps_solve_request *request, uint32_t slot, ps_task **task, ps_error *err) {
    return create(request, slot, NULL, task, err);
}

ps_status ps_task_repeat(ps_session *session, const ps_problem *problem, const ps_steps *steps, ps_task **out,
                         ps_error *err) {
    ps_task *task = NULL;
    const ps_solve_request request = {.session = session, .problem = problem};
    ps_status status = create(&request, 0, steps, &task, err);
    if (status != PS_OK) return status;
    while (status == PS_OK && !task->done)
        status = ps_task_advance(task, err);
    ps_task_close(task);
    if (status == PS_OK)
        *out = task;
    else
        ps_task_free(task);
    return status;
}

/* ---- Clocks: how long at least one request of a kind was under way ------- */

static void clock_in(size_t *under_way, double *since) {
    if ((*under_way)++ == 0) *since = ps_now();
}

static void clock_out(size_t *under_way, double since, double *total) {
    if (--*under_way == 0) *total += ps_now() - since;
}

/* ---- Submitting ---------------------------------------------------------- */

static ps_status ensure_node(ps_task *task, uint32_t id, ps_error *err) {
    if (ps_reserve(&task->nodes, &task->nodes_capacity, (size_t)id + 1) != PS_OK) return ps_nomem(err);
    for (; task->n_nodes <= id; task->n_nodes++)
        task->nodes[task->n_nodes] = (ps_task_node){.text = "", .reward = NAN, .step_reward = NAN, .confidence = NAN};
    return PS_OK;
}

static uint64_t tag_of(const ps_task *task, uint32_t child) {
    return (uint64_t)task->slot << 32 | child;
}

static ps_status deliver(ps_task *task, uint32_t child, ps_error *err) {
    const ps_task_node *node = &task->nodes[child];
    task->n_finished += node->state == PS_FINISHED;
    if (ps_reserve(&task->results, &task->results_capacity, task->n_results + 1) != PS_OK) return ps_nomem(err);
    task->results[task->n_results++] = (ps_step_result){
        .child = child,
        .state = node->state,
        .n_tokens = node->n_tokens,
        .sum_logp = node->sum_logp,
        .sum_logq = node->sum_logq,
        .has_logp = task->session->params.has_logp,
        .has_logq = task->session->params.has_logq,
        .sum_entropy = node->sum_entropy,
        .sum_certainty = node->sum_certainty,
        .confidence = node->confidence,
        .reward = node->reward,
        .step_reward = node->step_reward,
    };
    return PS_OK;
}

/* A step that was drawn before, in the place of a request. */
static ps_status give_step(ps_task *task, uint32_t child, ps_error *err) {
    ps_task_node *node = &task->nodes[child];
    const ps_step *step = ps_steps_find(task->steps, node->path);
    if (step == NULL || !ps_step_tells(step, task->session, node->want_reward)) {
        task->unknown = true;
        fail(task, PS_CANCELLED, "a step is not known");
        return PS_OK;
    }
    node->text = ps_arena_strndup(task->arena, step->text, step->length);
    if (node->text == NULL) return ps_nomem(err);
    node->length = step->length;
    node->n_tokens = step->n_tokens;
    node->state = step->state;
    ps_task_limit(task, node);
    node->sum_logp = step->sum_logp;
    node->sum_entropy = step->sum_entropy;
    node->has_logq = !isnan(step->sum_logq);
    if (node->has_logq) node->sum_logq = step->sum_logq;
    if (task->session->generation.certainty) node->sum_certainty = step->sum_certainty;
    if (node->want_reward) {
        node->reward = step->reward;
        node->step_reward = step->step_reward;
    }
    if (task->session->confidence_window > 0 &&
        ps_task_find_confidence(task, node, step->confidences, step->n_tokens, err) != PS_OK)
        return PS_NOMEM;
    task->outcome.tokens.generated += step->n_tokens;
    return deliver(task, child, err);
}

static ps_status submit_extension(ps_task *task, const ps_work *work, ps_error *err) {
    const ps_session *s = task->session;
    ps_status status = ensure_node(task, work->child, err);
    if (status != PS_OK) return status;
    task->nodes[work->child].parent = work->parent;
    task->nodes[work->child].path = ps_step_path(task->nodes[work->parent].path, work->child);
    task->nodes[work->child].want_reward = work->want_reward && s->prm != NULL;
    if (task->steps != NULL) return give_step(task, work->child, err);
    ps_extend_request request = {
        .node = task->nodes[work->parent].node,
        .key = {task->outcome.seed, task->outcome.problem->index, work->child, PS_RNG_TOKEN},
        .generation = &task->generation,
        .tag = tag_of(task, work->child),
    };
    status = ps_engine_extend(s->engine, &request, err);
    if (status != PS_OK) return status;
    task->nodes[work->child].request = PS_NODE_EXTENDING;
    clock_in(&task->extending, &task->extending_since);
    return PS_OK;
}

double ps_task_score(const ps_task *task, uint32_t snapshot) {
    const ps_method_params *params = &task->session->params;
    const ps_task_node *node = &task->nodes[snapshot];
    ps_score_input sums = {
        .reward = node->reward, .finished = node->state == PS_FINISHED, .confidence = node->confidence};
    double ell = NAN;
    for (uint32_t at = snapshot; at != 0; at = task->nodes[at].parent) {
        sums.sum_logp += task->nodes[at].sum_logp;
        sums.sum_logq += task->nodes[at].sum_logq;
        sums.sum_entropy += task->nodes[at].sum_entropy;
        sums.sum_certainty += task->nodes[at].sum_certainty;
        sums.n_tokens += task->nodes[at].n_tokens;
        sums.n_steps++;
    }
    (void)ps_score(params->score, params->prior, params->score_params, &sums, &ell, NULL);
    return ell;
}

static ps_particle_view view_of(const ps_task *task, uint32_t snapshot) {
    const ps_task_node *node = &task->nodes[snapshot];
    ps_particle_view view = {.snapshot = snapshot,
                             .parent = node->parent,
                             .state = node->state,
                             .ell = ps_task_score(task, snapshot),
                             .reward = node->reward,
                             .text = node->text};
    for (uint32_t at = snapshot; at != 0; at = task->nodes[at].parent)
        view.depth++;
    return view;
}

const ps_step_view *ps_task_show(ps_task *task, ps_arena *arena) {
    ps_step_view *view = ps_arena_calloc(arena, 1, sizeof *view);
    ps_particle_view *particles = ps_arena_calloc(arena, task->n_round, sizeof *particles);
    size_t n = task->n_round;
    task->round_over = false;
    task->n_round = 0;
    if (view == NULL || particles == NULL) return NULL;
    for (size_t i = 0; i < n; i++)
        particles[i] = view_of(task, task->round[i]);
    *view = (ps_step_view){.problem = task->outcome.problem, .particles = particles, .n = n};
    return ps_method_get_report(task->method, &view->report, NULL) == PS_OK ? view : NULL;
}

static int by_number(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Remember what was absorbed until the round is over: the method asks for more, or has no more to ask. */
static ps_status watch(ps_task *task, ps_error *err) {
    if (ps_reserve(&task->round, &task->round_capacity, task->n_round + task->n_results) != PS_OK) return ps_nomem(err);
    for (size_t i = 0; i < task->n_results; i++)
        task->round[task->n_round++] = task->results[i].child;
    return PS_OK;
}

static void end_round(ps_task *task) {
    if (task->n_round > 1) qsort(task->round, task->n_round, sizeof *task->round, by_number);
    task->round_over = task->n_round > 0;
}

/* Whether the leading answer leads by enough. Looked at when another answer has finished and a round is over, which
 * costs as much as reading the outcome. */
static ps_status look_for_lead(ps_task *task, ps_error *err) {
    const ps_session *s = task->session;
    double share = 0;
    if (task->extending > 0 || task->scoring > 0) return PS_OK; /* a round is under way */
    if (s->sure <= 0 || task->sure || task->n_finished < s->sure_answers || task->n_finished == task->looked)
        return PS_OK;
    task->looked = task->n_finished;
    ps_status status = ps_task_lead(task, &share, err);
    task->sure = status == PS_OK && share >= s->sure;
    return status;
}

/* Of time, or of tokens. */
static bool is_spent(const ps_task *task) {
    if (task->max_tokens > 0 && task->outcome.tokens.generated >= task->max_tokens) return true;
    return task->session->max_seconds > 0 && ps_now() - task->started >= task->session->max_seconds;
}

ps_status ps_task_advance(ps_task *task, ps_error *err) {
    if (task->done) return PS_OK;
    ps_error why;
    const ps_work *work = NULL;
    size_t n = 0;
    ps_status status = PS_OK;
    if (task->outcome.status == PS_OK && task->n_results > 0) {
        status = ps_method_absorb(task->method, task->results, task->n_results, &why);
        if (status == PS_OK && task->progress) status = watch(task, &why);
    }
    task->n_results = 0;
    if (status == PS_OK && task->outcome.status == PS_OK) status = look_for_lead(task, &why);
    task->spent = task->spent || is_spent(task);
    if (status == PS_OK && task->outcome.status == PS_OK && !task->sure && !task->spent)
        status = ps_method_next(task->method, &work, &n, &why);
    if (n > 0 || (task->extending == 0 && task->scoring == 0)) end_round(task);
    if (n > 0) task->last_round = work[0].child;
    for (size_t i = 0; i < n && status == PS_OK; i++)
        status = submit_extension(task, &work[i], &why);
    if (status == PS_NOMEM) return ps_nomem(err);
    if (status != PS_OK) fail(task, status, why.message);
    bool waiting = task->n_results > 0 && task->outcome.status == PS_OK; /* known steps come at once */
    task->done = task->extending == 0 && task->scoring == 0 && !waiting;
    return PS_OK;
}

void ps_task_cancel(ps_task *task) {
    const ps_session *s = task->session;
    if (task->done || task->abandoned) return;
    fail(task, PS_CANCELLED, "cancelled");
    task->abandoned = true;
    for (uint32_t i = 0; i < task->n_nodes; i++) {
        if (task->nodes[i].request == PS_NODE_EXTENDING) ps_engine_cancel(s->engine, tag_of(task, i));
        if (task->nodes[i].request == PS_NODE_SCORING) ps_prm_cancel(s->prm, tag_of(task, i));
    }
}

/* ---- Events -------------------------------------------------------------- */

/* A step is scored as it was written; one without any text keeps its parent's score. */
static ps_status submit_score(ps_task *task, uint32_t child, const ps_event *event, ps_error *err) {
    ps_task_node *node = &task->nodes[child], *parent = &task->nodes[node->parent];
    ps_prm_request request = {
        .parent = parent->prm, .text = node->text, .length = node->length, .tag = tag_of(task, child)};
    request.ends = node->state != PS_OPEN;
    request.end_is_cut = event->reason == PS_STOP_EOS || event->reason == PS_STOP_STRING;
    request.hidden = event->hidden;
    ps_status status = ps_prm_submit(task->session->prm, &request, err);
    if (status != PS_OK) return status;
    node->request = PS_NODE_SCORING;
    clock_in(&task->scoring, &task->scoring_since);
    return PS_OK;
}

static const void *kept(ps_task *task, const void *from, size_t bytes) {
    void *copy = ps_arena_alloc(task->arena, bytes);
    return copy != NULL ? memcpy(copy, from, bytes) : NULL;
}

/* What a saved particle tells of each token: 20 bytes a token, which end with the problem. */
static ps_status keep_logprobs(ps_task *task, ps_task_node *node, const ps_event *event, ps_error *err) {
    size_t n = event->n_tokens;
    if (!task->logprobs || n == 0 || event->tokens == NULL) return PS_OK;
    node->tokens = kept(task, event->tokens, n * sizeof *event->tokens);
    node->logp = kept(task, event->logp, n * sizeof *event->logp);
    node->logq = kept(task, event->logq, n * sizeof *event->logq);
    return node->tokens != NULL && node->logp != NULL && node->logq != NULL ? PS_OK : ps_nomem(err);
}

/* Sums of what the engine gives; what it does not give stays 0, and nothing reads it. */
static void add_logprobs(ps_task_node *node, const ps_event *event) {
    node->has_logq = event->logq != NULL || event->n_tokens == 0;
    for (size_t i = 0; i < event->n_tokens && event->logp != NULL; i++)
        node->sum_logp += event->logp[i];
    for (size_t i = 0; i < event->n_tokens && event->logq != NULL; i++)
        node->sum_logq += event->logq[i];
    for (size_t i = 0; i < event->n_tokens && event->entropy != NULL; i++)
        node->sum_entropy += event->entropy[i];
    for (size_t i = 0; i < event->n_tokens && event->certainty != NULL; i++)
        node->sum_certainty += event->certainty[i];
}

/* A bound that is no longer small makes every weight that is built on it a guess: nothing goes on. */
static ps_status check_bound(ps_task *task, const ps_event *event, ps_error *err) {
    const double most = 0.01; /* nats a step */
    if (!task->session->generation.logq) return PS_OK;
    task->outcome.logq_bound += event->logq_bound;
    if (event->logq_bound <= most) return PS_OK;
    return ps_fail(
        err, PS_DOMAIN,
        "the log-probabilities that tokens were drawn with are known to %.2g nats a step, expected %g at most: "
        "the server tells those of its likeliest tokens alone; set generation.top_k: 20, for which they are "
        "exact",
        event->logq_bound, most);
}

ps_status ps_task_extended(ps_task *task, const ps_event *event, ps_error *err) {
    uint32_t child = (uint32_t)event->tag;
    ps_task_node *node = &task->nodes[child];
    node->request = PS_NODE_AT_REST;
    clock_out(&task->extending, task->extending_since, &task->outcome.seconds.generation);
    task->outcome.tokens.prefilled += event->prefilled;
    task->outcome.tokens.discarded += event->discarded;
    if (event->prompt > 0) task->outcome.tokens.prompt = event->prompt;
    if (event->reason == PS_STOP_ERROR) {
        fail(task, event->status, event->message);
        return PS_OK;
    }
    ps_status bounded = check_bound(task, event, err);
    node->node = event->child;
    if (bounded != PS_OK) return bounded;
    node->text = ps_arena_strndup(task->arena, event->text, event->text_length);
    if (node->text == NULL) return ps_nomem(err);
    node->length = event->text_length;
    node->n_tokens = event->n_tokens;
    add_logprobs(node, event);
    if (keep_logprobs(task, node, event, err) != PS_OK) return PS_NOMEM;
    if (ps_task_find_confidence(task, node, event->confidence, event->n_tokens, err) != PS_OK) return PS_NOMEM;
    task->outcome.tokens.generated += event->n_tokens;
    task->outcome.tokens.shared += event->shared;
    if (ps_task_end_step(task, child, event->reason, err) != PS_OK) return PS_NOMEM;
    if (!node->want_reward || task->abandoned) return deliver(task, child, err);
    ps_error why;
    ps_status status = submit_score(task, child, event, &why);
    if (status == PS_NOMEM) return ps_nomem(err);
    if (status != PS_OK) fail(task, status, why.message);
    return PS_OK;
}

ps_status ps_task_scored(ps_task *task, const ps_prm_event *event, ps_error *err) {
    uint32_t child = (uint32_t)event->tag;
    ps_task_node *node = &task->nodes[child];
    node->request = PS_NODE_AT_REST;
    clock_out(&task->scoring, task->scoring_since, &task->outcome.seconds.scoring);
    if (event->status != PS_OK) {
        fail(task, event->status, event->message);
        return PS_OK;
    }
    node->prm = event->node;
    node->reward = event->reward;
    node->step_reward = event->step;
    task->outcome.tokens.prm += event->tokens;
    return deliver(task, child, err);
}
