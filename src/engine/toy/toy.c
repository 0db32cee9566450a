/* The toy engine behind the seam: creation, nodes, the queue. Work is done when it is polled, so a caller that waits
 * for events that were never asked for is found out here and not only by a real engine. */
#include "engine/toy/toy.h"
#include "engine/toy/engine.h"

#include <stdio.h>
#include <string.h>

enum { DEFAULT_CONTEXT = 4096, EVENTS_PER_POLL = 1024 };

static ps_toy_engine *self(ps_engine *engine) {
    return (ps_toy_engine *)engine;
}

static bool is_table(const ps_toy_engine *toy) {
    return toy->kind == PS_TOY_TABLE;
}

static size_t vocabulary(const ps_toy_engine *toy) {
    if (is_table(toy)) return toy->model.n_tokens;
    return PS_TOY_BYTES + 4 + 2 * (size_t)toy->reasoner.parameters.wrong_answers;
}

static void destroy(ps_engine *engine) {
    ps_toy_engine *toy = self(engine);
    for (size_t i = toy->next_job; i < toy->n_jobs; i++)
        ps_free(toy->jobs[i].evaluation);
    ps_toy_tree_free(&toy->tree);
    ps_toy_model_free(&toy->model);
    ps_toy_reasoner_free(&toy->reasoner);
    ps_arena_free(toy->arena);
    ps_step_free(&toy->matcher);
    ps_free(toy->jobs);
    ps_free(toy->events);
    ps_free(toy->window);
    ps_free(toy->numbers);
    ps_free(toy->q);
    ps_free(toy);
}

/* ---- Text ---------------------------------------------------------------- */

static ps_status tokenize(ps_engine *engine, const char *text, size_t length, bool special, ps_token **tokens,
                          size_t *n, ps_error *err) {
    ps_toy_engine *toy = self(engine);
    if (is_table(toy)) return ps_toy_model_tokenize(&toy->model, text, length, special, tokens, n, err);
    ps_token *bytes = ps_reallocarray(NULL, length + 1, sizeof *bytes);
    if (bytes == NULL) return ps_nomem(err);
    for (size_t i = 0; i < length; i++)
        bytes[i] = (unsigned char)text[i];
    *tokens = bytes;
    *n = length;
    return PS_OK;
}

/* No template: the contents one after the other. */
static ps_status render_chat(ps_engine *engine, const ps_chat_message *messages, size_t n, char **text, ps_error *err) {
    (void)engine;
    ps_text all = {0};
    for (size_t i = 0; i < n; i++)
        ps_text_puts(&all, messages[i].content);
    ps_text_append(&all, "", 0); /* nothing still gives a string */
    if (!ps_text_ok(&all)) {
        ps_text_free(&all);
        return ps_nomem(err);
    }
    *text = all.data;
    return PS_OK;
}

/* ---- Nodes --------------------------------------------------------------- */

static ps_status check_tokens(const ps_toy_engine *toy, const ps_token *tokens, size_t n, ps_error *err) {
    const size_t most = is_table(toy) ? vocabulary(toy) : PS_TOY_BYTES;
    for (size_t i = 0; i < n; i++)
        if (tokens[i] < 0 || (size_t)tokens[i] >= most)
            return ps_fail(err, PS_ARG, "toy engine: token %zu is %d; expected 0 to %zu", i, (int)tokens[i], most - 1);
    return PS_OK;
}

/* Which of the seven groups of synthetic problems a prompt is of. */
static ps_status find_group(const ps_token *tokens, size_t n, uint8_t *group, ps_error *err) {
    char *prompt = ps_malloc(n + 1);
    if (prompt == NULL) return ps_nomem(err);
    for (size_t i = 0; i < n; i++)
        prompt[i] = (char)tokens[i];
    const int found = ps_toy_problem_group(prompt, n);
    *group = found >= 0 ? (uint8_t)found : PS_TOY_NO_GROUP;
    ps_free(prompt);
    return PS_OK;
}

static ps_status root(ps_engine *engine, const ps_token *tokens, size_t n, ps_node *node, ps_error *err) {
    ps_toy_engine *toy = self(engine);
    uint8_t group = PS_TOY_NO_GROUP;
    if (n >= toy->n_ctx)
        return ps_fail(err, PS_BUDGET, "the prompt has %zu tokens and the context holds %u: there is no room to answer",
                       n, (unsigned)toy->n_ctx);
    ps_status status = check_tokens(toy, tokens, n, err);
    if (status == PS_OK && !is_table(toy)) status = find_group(tokens, n, &group, err);
    if (status == PS_OK) status = ps_toy_tree_add(&toy->tree, 0, tokens, n, node, err);
    if (status != PS_OK) return status;
    ps_toy_tree_node(&toy->tree, *node)->group = group;
    toy->stats.prompt += n;
    return PS_OK;
}

static void retain(ps_engine *engine, ps_node node) {
    ps_toy_tree_retain(&self(engine)->tree, node);
}

static void release(ps_engine *engine, ps_node node) {
    ps_toy_tree_release(&self(engine)->tree, node);
}

size_t ps_toy_prefill(ps_toy_engine *toy, ps_node node) {
    ps_toy_node *found = ps_toy_tree_node(&toy->tree, node);
    if (found->parent != PS_TOY_NO_PARENT || found->computed) return 0;
    found->computed = true;
    return found->n_tokens;
}

/* ---- Submission ---------------------------------------------------------- */

static ps_status check_node(const ps_toy_engine *toy, ps_node node, ps_error *err) {
    const ps_toy_node *found = ps_toy_tree_node(&toy->tree, node);
    if (found == NULL) return ps_fail(err, PS_ARG, "toy engine: the request's node does not exist or was released");
    if (found->finished) return ps_fail(err, PS_ARG, "toy engine: the answer has ended and cannot go on");
    return PS_OK;
}

static ps_status push_job(ps_toy_engine *toy, const ps_toy_job *job, ps_error *err) {
    if (toy->next_job == toy->n_jobs) toy->next_job = toy->n_jobs = 0;
    if (ps_reserve(&toy->jobs, &toy->job_capacity, toy->n_jobs + 1) != PS_OK) return ps_nomem(err);
    ps_toy_tree_retain(&toy->tree, job->node);
    toy->jobs[toy->n_jobs++] = *job;
    return PS_OK;
}

static ps_status extend(ps_engine *engine, const ps_extend_request *request, ps_error *err) {
    ps_toy_engine *toy = self(engine);
    const ps_status status = check_node(toy, request->node, err);
    if (status != PS_OK) return status;
    const ps_toy_job job = {
        .tag = request->tag, .node = request->node, .generation = request->generation, .key = request->key};
    return push_job(toy, &job, err);
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

static ps_status evaluate(ps_engine *engine, const ps_evaluate_request *request, ps_error *err) {
    ps_toy_engine *toy = self(engine);
    ps_status status = check_node(toy, request->node, err);
    if (status == PS_OK) status = check_tokens(toy, request->tokens, request->n_tokens, err);
    if (status == PS_OK) status = check_tokens(toy, request->choices, request->n_choices, err);
    if (status != PS_OK) return status;
    ps_toy_job job = {.tag = request->tag, .node = request->node, .evaluation = copy_evaluation(request)};
    if (job.evaluation == NULL) return ps_nomem(err);
    status = push_job(toy, &job, err);
    if (status != PS_OK) ps_free(job.evaluation);
    return status;
}

/* ---- Work ---------------------------------------------------------------- */

static void fail_event(ps_toy_engine *toy, ps_event *event, const ps_error *err) {
    const char *message = ps_arena_strndup(toy->arena, err->message, strlen(err->message));
    *event = (ps_event){
        .reason = PS_STOP_ERROR, .status = err->code, .message = message != NULL ? message : ps_status_text(err->code)};
}

static void run_job(ps_toy_engine *toy, const ps_toy_job *job, ps_event *event) {
    ps_error err;
    ps_status status;
    *event = (ps_event){.reason = PS_STOP_STEP, .text = ""};
    if (job->evaluation != NULL)
        status = ps_toy_table_evaluate(toy, job, event, &err);
    else if (is_table(toy))
        status = ps_toy_table_extend(toy, job, event, &err);
    else
        status = ps_toy_synthetic_extend(toy, job, event, &err);
    if (status != PS_OK) fail_event(toy, event, &err);
    event->tag = job->tag;
    if (job->generation != NULL) toy->stats.generated += event->n_tokens;
    toy->stats.prefilled += event->prefilled;
    if (status == PS_OK) event->prompt = ps_toy_tree_prompt(&toy->tree, job->node);
    ps_toy_tree_release(&toy->tree, job->node);
    ps_free(job->evaluation);
}

static ps_status poll(ps_engine *engine, double seconds, const ps_event **events, size_t *n, ps_error *err) {
    (void)seconds; /* what is under way is ready at once */
    ps_toy_engine *toy = self(engine);
    size_t count = toy->n_jobs - toy->next_job;
    if (count > EVENTS_PER_POLL) count = EVENTS_PER_POLL;
    if (ps_reserve(&toy->events, &toy->event_capacity, count) != PS_OK) return ps_nomem(err);
    ps_arena_reset(toy->arena);
    for (size_t i = 0; i < count; i++)
        run_job(toy, &toy->jobs[toy->next_job++], &toy->events[i]);
    toy->stats.batches += count > 0;
    *events = toy->events;
    *n = count;
    return PS_OK;
}

/* ---- Facts --------------------------------------------------------------- */

static void info(const ps_engine *engine, ps_engine_info *info) {
    const ps_toy_engine *toy = (const ps_toy_engine *)engine;
    *info = (ps_engine_info){.engine = "toy",
                             .model = is_table(toy) ? toy->model.name : "synthetic reasoner",
                             .description = toy->description,
                             .vocabulary = vocabulary(toy),
                             .context = toy->n_ctx,
                             .hidden_size = is_table(toy) ? toy->model.n_tokens : 0,
                             .can = PS_ENGINE_LOGP | PS_ENGINE_LOGQ | PS_ENGINE_ENTROPY | PS_ENGINE_TOKENS |
                                    PS_ENGINE_SEEDS | PS_ENGINE_DETERMINISTIC |
                                    (is_table(toy) ? PS_ENGINE_EVALUATE | PS_ENGINE_HIDDEN : 0)};
}

/* It is as fast with one: so many that a round of events serves several. */
static size_t in_flight(const ps_engine *engine, size_t width) {
    (void)engine;
    return (EVENTS_PER_POLL + width - 1) / width;
}

static void stats(const ps_engine *engine, ps_engine_stats *stats) {
    *stats = ((const ps_toy_engine *)engine)->stats;
}

static const ps_engine_ops table_ops = {.name = "toy",
                                        .destroy = destroy,
                                        .tokenize = tokenize,
                                        .render_chat = render_chat,
                                        .root = root,
                                        .retain = retain,
                                        .release = release,
                                        .extend = extend,
                                        .evaluate = evaluate,
                                        .poll = poll,
                                        .info = info,
                                        .in_flight = in_flight,
                                        .stats = stats};

/* Nothing to read from the synthetic reasoner: its reward model reads text. */
static const ps_engine_ops synthetic_ops = {.name = "toy",
                                            .destroy = destroy,
                                            .tokenize = tokenize,
                                            .render_chat = render_chat,
                                            .root = root,
                                            .retain = retain,
                                            .release = release,
                                            .extend = extend,
                                            .poll = poll,
                                            .info = info,
                                            .in_flight = in_flight,
                                            .stats = stats};

size_t ps_toy_living_nodes(const ps_engine *engine) {
    return ps_toy_tree_living(&((const ps_toy_engine *)engine)->tree);
}

/* ---- Creation ------------------------------------------------------------ */

static ps_status read_table(ps_toy_engine *toy, const char *path, ps_error *err) {
    ps_toy_json document = {0};
    ps_status status = path != NULL
                           ? ps_toy_json_open(&document, path, NULL, 0, err)
                           : ps_toy_json_open(&document, "built-in table", ps_toy_builtin, strlen(ps_toy_builtin), err);
    if (status == PS_OK) status = ps_toy_model_read(&toy->model, &document, err);
    ps_toy_json_free(&document);
    if (status != PS_OK) return status;
    snprintf(toy->description, sizeof toy->description, "table of %zu tokens and %zu rules", toy->model.n_tokens,
             toy->model.n_rules);
    toy->q = ps_reallocarray(NULL, toy->model.largest_rule, sizeof *toy->q);
    return toy->q == NULL ? ps_nomem(err) : PS_OK;
}

static ps_status make_synthetic(ps_toy_engine *toy, const ps_toy_synthetic *p, ps_error *err) {
    snprintf(toy->description, sizeof toy->description, "steps %d, errors %g, detection %g, noise %g, correlation %g",
             p->steps, p->error_rate, p->detection, p->noise, p->correlation);
    return ps_toy_reasoner_init(&toy->reasoner, p, err);
}

ps_status ps_engine_toy_create(const ps_toy_options *options, ps_engine **engine, ps_error *err) {
    if (options->n_ctx < 0) return ps_fail(err, PS_ARG, "toy engine: n_ctx is %d; expected 0 or more", options->n_ctx);
    ps_toy_engine *toy = ps_calloc(1, sizeof *toy);
    ps_status status = PS_OK;
    if (toy == NULL) return ps_nomem(err);
    toy->kind = options->kind;
    toy->base.ops = is_table(toy) ? &table_ops : &synthetic_ops;
    toy->n_ctx = options->n_ctx > 0 ? (uint32_t)options->n_ctx : DEFAULT_CONTEXT;
    toy->arena = ps_arena_create();
    if (toy->arena == NULL)
        status = ps_nomem(err);
    else if (is_table(toy))
        status = read_table(toy, options->table_path, err);
    else
        status = make_synthetic(toy, &options->synthetic, err);
    if (status == PS_OK)
        *engine = &toy->base;
    else
        destroy(&toy->base);
    return status;
}
