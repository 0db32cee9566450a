/* Jobs and their events. Work is done when it is polled and not when it is submitted, so a caller that expects events
 * before it has polled is found out here and not only by a real engine. */
#include "engine/toy/queue.h"

#include <string.h>

enum { EVENTS_PER_POLL = 1024 };

static ps_toy_engine *self(ps_engine *engine) {
    return (ps_toy_engine *)engine;
}

ps_status ps_toy_init(ps_toy_engine *toy, const ps_engine_ops *ops, ps_toy_work *work, uint32_t n_ctx, ps_error *err) {
    toy->base.ops = ops;
    toy->work = work;
    toy->n_ctx = n_ctx;
    toy->arena = ps_arena_create();
    return toy->arena == NULL ? ps_nomem(err) : PS_OK;
}

void ps_toy_clear(ps_toy_engine *toy) {
    for (size_t i = toy->next_job; i < toy->n_jobs; i++)
        ps_free(toy->jobs[i].evaluation);
    ps_toy_tree_clear(&toy->tree);
    ps_arena_free(toy->arena);
    ps_free(toy->jobs);
    ps_free(toy->events);
}

/* ---- Nodes --------------------------------------------------------------- */

ps_status ps_toy_root(ps_toy_engine *toy, const ps_token *tokens, size_t n, ps_node *node, ps_error *err) {
    if (n == 0) return ps_fail(err, PS_ARG, "a prompt needs at least one token");
    if (n >= toy->n_ctx)
        return ps_fail(err, PS_BUDGET, "the prompt has %zu tokens and the context holds %u: there is no room to answer",
                       n, (unsigned)toy->n_ctx);
    ps_status status = ps_toy_tree_add(&toy->tree, 0, tokens, n, node, err);
    if (status == PS_OK) toy->stats.prompt += n;
    return status;
}

void ps_toy_retain(ps_engine *engine, ps_node node) {
    ps_toy_tree_retain(&self(engine)->tree, node);
}

void ps_toy_release(ps_engine *engine, ps_node node) {
    ps_toy_tree_release(&self(engine)->tree, node);
}

size_t ps_toy_room(const ps_toy_engine *toy, const ps_toy_node *node, const ps_generation *generation) {
    size_t context = node->length < toy->n_ctx ? toy->n_ctx - node->length : 0;
    size_t most = (size_t)generation->max_answer_tokens, answer = node->answer < most ? most - node->answer : 0;
    return most == 0 || context < answer ? context : answer;
}

/* ---- Submission ---------------------------------------------------------- */

static ps_status check_node(const ps_toy_engine *toy, ps_node node, ps_error *err) {
    const ps_toy_node *found = ps_toy_tree_node(&toy->tree, node);
    if (found == NULL) return ps_fail(err, PS_ARG, "toy engine: the request's node does not exist or was released");
    if (found->finished) return ps_fail(err, PS_ARG, "toy engine: the answer has ended and cannot go on");
    return PS_OK;
}

static ps_status push(ps_toy_engine *toy, const ps_toy_job *job, ps_error *err) {
    if (toy->next_job == toy->n_jobs) toy->next_job = toy->n_jobs = 0;
    if (ps_reserve(&toy->jobs, &toy->job_capacity, toy->n_jobs + 1) != PS_OK) return ps_nomem(err);
    ps_toy_tree_retain(&toy->tree, job->node);
    toy->jobs[toy->n_jobs++] = *job;
    return PS_OK;
}

ps_status ps_toy_extend(ps_engine *engine, const ps_extend_request *request, ps_error *err) {
    ps_toy_engine *toy = self(engine);
    ps_status status = check_node(toy, request->node, err);
    if (status != PS_OK) return status;
    const ps_toy_job job = {
        .tag = request->tag, .node = request->node, .generation = request->generation, .key = request->key};
    return push(toy, &job, err);
}

static void *place(unsigned char **at, const void *from, size_t bytes) {
    void *here = *at;
    if (bytes > 0) memcpy(here, from, bytes);
    *at += bytes;
    return here;
}

/* The request and its arrays in one block. */
static ps_evaluate_request *copy_evaluation(const ps_evaluate_request *r) {
    const size_t tokens = r->n_tokens * sizeof *r->tokens, marks = r->n_marks * sizeof *r->marks;
    const size_t choices = r->n_choices * sizeof *r->choices;
    ps_evaluate_request *copy = ps_malloc(sizeof *copy + tokens + marks + choices);
    if (copy == NULL) return NULL;
    unsigned char *at = (unsigned char *)(copy + 1);
    *copy = *r;
    copy->tokens = place(&at, r->tokens, tokens);
    copy->marks = place(&at, r->marks, marks);
    copy->choices = place(&at, r->choices, choices);
    return copy;
}

ps_status ps_toy_submit_evaluation(ps_toy_engine *toy, const ps_evaluate_request *request, ps_error *err) {
    ps_status status = check_node(toy, request->node, err);
    if (status != PS_OK) return status;
    ps_toy_job job = {.tag = request->tag, .node = request->node, .evaluation = copy_evaluation(request)};
    if (job.evaluation == NULL) return ps_nomem(err);
    status = push(toy, &job, err);
    if (status != PS_OK) ps_free(job.evaluation);
    return status;
}

/* The job stays in its place and gives its event there: no other job notices. */
void ps_toy_cancel(ps_engine *engine, uint64_t tag) {
    ps_toy_engine *toy = self(engine);
    for (size_t i = toy->next_job; i < toy->n_jobs; i++)
        if (toy->jobs[i].tag == tag) toy->jobs[i].cancelled = true;
}

/* ---- Work ---------------------------------------------------------------- */

static ps_event failure(ps_toy_engine *toy, const ps_error *err) {
    const char *message = ps_arena_strndup(toy->arena, err->message, strlen(err->message));
    return (ps_event){
        .reason = PS_STOP_ERROR, .status = err->code, .message = message != NULL ? message : ps_status_text(err->code)};
}

/* Work a job off and let go of what it holds. */
static ps_event event_of(ps_toy_engine *toy, const ps_toy_job *job) {
    ps_event event = {.reason = PS_STOP_STEP, .text = ""};
    ps_error err;
    ps_status status =
        job->cancelled ? ps_fail(&err, PS_CANCELLED, "the request was cancelled") : toy->work(toy, job, &event, &err);
    if (status == PS_OK)
        event.prompt = ps_toy_tree_prompt(&toy->tree, job->node);
    else
        event = failure(toy, &err);
    event.tag = job->tag;
    if (job->generation != NULL) toy->stats.generated += event.n_tokens;
    toy->stats.prefilled += event.prefilled;
    ps_toy_tree_release(&toy->tree, job->node);
    ps_free(job->evaluation);
    return event;
}

ps_status ps_toy_poll(ps_engine *engine, double seconds, const ps_event **events, size_t *n, ps_error *err) {
    (void)seconds; /* there is nothing to wait for */
    ps_toy_engine *toy = self(engine);
    size_t count = toy->n_jobs - toy->next_job;
    if (count > EVENTS_PER_POLL) count = EVENTS_PER_POLL;
    if (ps_reserve(&toy->events, &toy->event_capacity, count) != PS_OK) return ps_nomem(err);
    ps_arena_reset(toy->arena);
    for (size_t i = 0; i < count; i++)
        toy->events[i] = event_of(toy, &toy->jobs[toy->next_job++]);
    toy->stats.batches += count > 0;
    *events = toy->events;
    *n = count;
    return PS_OK;
}

/* ---- Facts --------------------------------------------------------------- */

/* It is as fast with one: so many that a round of events serves several. */
size_t ps_toy_in_flight(const ps_engine *engine, size_t width) {
    (void)engine;
    return (EVENTS_PER_POLL + width - 1) / width;
}

void ps_toy_stats(const ps_engine *engine, ps_engine_stats *stats) {
    *stats = ((const ps_toy_engine *)engine)->stats;
}
