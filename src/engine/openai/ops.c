/* The table of the seam: what callers ask is put where the driving thread finds it, what came of it is handed over. */
#include "base/clock.h"
#include "engine/openai/errand.h"
#include "engine/openai/evaluate.h"
#include "engine/openai/prompt.h"
#include "engine/openai/start.h"

#include <string.h>
#include <unistd.h>

/* ---- After fork() -------------------------------------------------------- */

static bool is_foreign(const ps_remote *e) {
    return getpid() != e->process;
}

static ps_status check_process(const ps_remote *e, ps_error *err) {
    if (!is_foreign(e)) return PS_OK;
    return ps_fail(err, PS_ENGINE,
                   "the connections to %s were made by process %ld and are used by process %ld; they do not go through "
                   "fork(): make them after that",
                   e->url, (long)e->process, (long)getpid());
}

/* ---- Prompts and nodes --------------------------------------------------- */

static ps_status no_ids(const ps_remote *e, ps_error *err) {
    return ps_fail(err, PS_ENGINE, "%s has no tokenizer: give it prompts as messages or text", e->url);
}

static ps_status run(ps_remote *e, ps_remote_errand *errand, ps_error *err) {
    pthread_mutex_lock(&e->mutex);
    ps_status status = ps_remote_errand_run(e, errand, err);
    pthread_mutex_unlock(&e->mutex);
    return status;
}

static ps_status tokenize(ps_engine *base, const char *text, size_t length, bool special, ps_token **tokens, size_t *n,
                          ps_error *err) {
    ps_remote *e = (ps_remote *)base;
    ps_remote_errand errand = {.text = text, .length = length, .special = special};
    ps_status status = check_process(e, err);
    if (status == PS_OK && e->dialect->write_tokenize == NULL) status = no_ids(e, err);
    if (status == PS_OK) status = run(e, &errand, err);
    if (status != PS_OK) return status;
    *tokens = errand.tokens;
    *n = errand.n;
    return PS_OK;
}

static ps_status no_template(const ps_remote *e, ps_error *err) {
    return ps_fail(err, PS_ENGINE, "%s has no chat template for a question (%s): set prompt.template", e->url,
                   e->no_template);
}

static ps_status render_chat(ps_engine *base, const ps_chat_message *messages, size_t n, char **text, ps_error *err) {
    ps_remote *e = (ps_remote *)base;
    ps_remote_errand errand = {.messages = messages, .n_messages = n};
    ps_status status = check_process(e, err);
    if (status == PS_OK && e->dialect->write_tokenize == NULL) status = no_ids(e, err);
    if (status == PS_OK && e->no_template != NULL) status = no_template(e, err);
    if (status == PS_OK) status = run(e, &errand, err);
    if (status == PS_OK) *text = errand.rendered;
    return status;
}

static ps_status root(ps_engine *base, const ps_token *tokens, size_t n, ps_node *node, ps_error *err) {
    ps_remote *e = (ps_remote *)base;
    ps_remote_node *made = NULL;
    ps_status status = check_process(e, err);
    if (status == PS_OK && (e->can & PS_ENGINE_TOKENS) == 0) status = no_ids(e, err);
    for (size_t i = 0; i < n && status == PS_OK; i++)
        if (tokens[i] < 0) status = ps_fail(err, PS_ARG, "prompt token %zu is %d", i, (int)tokens[i]);
    if (status != PS_OK) return status;
    pthread_mutex_lock(&e->mutex);
    status = ps_remote_root_new(e, tokens, n, &made, err);
    if (status == PS_OK) *node = ps_remote_tree_handle(&e->tree, made);
    pthread_mutex_unlock(&e->mutex);
    return status;
}

static ps_status prompt(ps_engine *base, const ps_prompt *asked, ps_node *node, ps_error *err) {
    ps_remote *e = (ps_remote *)base;
    ps_remote_node *made = NULL;
    ps_status status = check_process(e, err);
    if (status == PS_OK && asked->n_messages > 0 && e->no_template != NULL) status = no_template(e, err);
    if (status == PS_OK && asked->n_messages == 0 && e->no_text != NULL)
        status = ps_fail(err, PS_ENGINE, "%s continues no text (%s): leave out prompt.template", e->url, e->no_text);
    if (status != PS_OK) return status;
    pthread_mutex_lock(&e->mutex);
    status = ps_remote_prompt_new(e, asked, &made, err);
    if (status == PS_OK) *node = ps_remote_tree_handle(&e->tree, made);
    pthread_mutex_unlock(&e->mutex);
    return status;
}

static void retain(ps_engine *base, ps_node handle) {
    ps_remote *e = (ps_remote *)base;
    if (is_foreign(e)) return;
    pthread_mutex_lock(&e->mutex);
    ps_remote_node *node = ps_remote_tree_find(&e->tree, handle);
    if (node != NULL) {
        node->references++;
        node->holds++;
    }
    pthread_mutex_unlock(&e->mutex);
}

static void release(ps_engine *base, ps_node handle) {
    ps_remote *e = (ps_remote *)base;
    if (is_foreign(e)) return;
    pthread_mutex_lock(&e->mutex);
    ps_remote_node *node = ps_remote_tree_find(&e->tree, handle);
    if (node != NULL && node->holds > 0) { /* released once too often, it may still be there for its children */
        node->holds--;
        ps_remote_tree_unreference(&e->tree, node);
    }
    pthread_mutex_unlock(&e->mutex);
}

/* ---- Submitting ---------------------------------------------------------- */

/* [mutex] */
static ps_status bind(ps_remote *e, ps_remote_step *step, ps_node handle, ps_error *err) {
    ps_remote_node *parent = ps_remote_tree_find(&e->tree, handle);
    if (parent == NULL) return ps_fail(err, PS_ARG, "node %llu is not alive", (unsigned long long)handle);
    parent->references++;
    step->parent = parent;
    ps_remote_steps_push(&e->submitted, step);
    e->under_way++;
    return PS_OK;
}

static ps_status extend(ps_engine *base, const ps_extend_request *asked, ps_error *err) {
    ps_remote *e = (ps_remote *)base;
    ps_status status = check_process(e, err);
    if (status != PS_OK) return status;
    ps_remote_step *step = ps_remote_step_new(asked);
    if (step == NULL) return ps_nomem(err);
    pthread_mutex_lock(&e->mutex);
    status = bind(e, step, asked->node, err);
    pthread_mutex_unlock(&e->mutex);
    if (status != PS_OK) ps_remote_step_free(step);
    return status;
}

static ps_status evaluate(ps_engine *base, const ps_evaluate_request *asked, ps_error *err) {
    ps_remote *e = (ps_remote *)base;
    ps_remote_step *step = NULL;
    ps_status status = check_process(e, err);
    if (status == PS_OK) status = ps_remote_evaluation_new(e, asked, &step, err);
    if (status != PS_OK) return status;
    pthread_mutex_lock(&e->mutex);
    status = bind(e, step, asked->node, err);
    pthread_mutex_unlock(&e->mutex);
    if (status != PS_OK) ps_remote_step_free(step);
    return status;
}

/* What was submitted together is handed in together: so siblings become one request. [mutex] */
static void hand_in(ps_remote *e) {
    ps_remote_steps round = {0};
    e->round++;
    for (ps_remote_step *step; (step = ps_remote_steps_pop(&e->submitted)) != NULL;)
        ps_remote_group_join(&round, step, e->round);
    if (round.first == NULL) return;
    if (e->inbox.last != NULL)
        e->inbox.last->next = round.first;
    else
        e->inbox.first = round.first;
    e->inbox.last = round.last;
}

static void begin(ps_engine *base) {
    ps_remote *e = (ps_remote *)base;
    if (is_foreign(e)) return;
    pthread_mutex_lock(&e->mutex);
    hand_in(e);
    pthread_mutex_unlock(&e->mutex);
    ps_http_wake(e->http);
}

static void mark(ps_remote *e, const ps_remote_steps *list, uint64_t tag) {
    for (ps_remote_step *step = list->first; step != NULL; step = step->next)
        if (step->event.tag == tag) step->cancelled = e->cancels = true;
}

static void mark_in_calls(ps_remote *e, uint64_t tag) {
    for (const ps_remote_call *call = e->calls; call != NULL; call = call->after)
        for (size_t i = 0; call->steps != NULL && i < call->n_steps; i++)
            if (call->steps[i] != NULL && call->steps[i]->event.tag == tag)
                call->steps[i]->cancelled = e->cancels = true;
}

static void cancel(ps_engine *base, uint64_t tag) {
    ps_remote *e = (ps_remote *)base;
    const ps_remote_steps *const lists[] = {&e->submitted, &e->inbox, &e->blocked, &e->unspelled, &e->unread};
    if (is_foreign(e)) return;
    pthread_mutex_lock(&e->mutex);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        mark(e, lists[i], tag);
    for (size_t i = 0; i < e->n_endpoints; i++)
        mark(e, &e->endpoints[i].waiting, tag);
    mark_in_calls(e, tag);
    hand_in(e); /* so that what was only submitted comes back, too */
    pthread_mutex_unlock(&e->mutex);
    ps_http_wake(e->http);
}

/* ---- Polling ------------------------------------------------------------- */

static void wake(ps_engine *base) {
    ps_remote *e = (ps_remote *)base;
    if (is_foreign(e)) return;
    pthread_mutex_lock(&e->mutex);
    e->woken = true;
    pthread_cond_broadcast(&e->ready);
    pthread_mutex_unlock(&e->mutex);
}

static void on_ready(ps_engine *base, void (*ready)(void *user), void *user) {
    ps_remote *e = (ps_remote *)base;
    if (is_foreign(e)) return;
    pthread_mutex_lock(&e->mutex);
    e->on_ready = ready;
    e->on_ready_user = user;
    pthread_mutex_unlock(&e->mutex);
}

static void wait_for_results(ps_remote *e, double seconds) {
    const double deadline = ps_now() + seconds;
    while (e->results.first == NULL && e->under_way > 0 && !e->woken && e->lost.code == PS_OK && ps_now() < deadline)
        ps_clock_cond_wait(&e->ready, &e->mutex, deadline);
}

/* [mutex] */
static ps_status take_results(ps_remote *e, ps_error *err) {
    size_t n = 0;
    for (const ps_remote_step *step = e->results.first; step != NULL; step = step->next)
        n++;
    if (n == 0 && e->lost.code != PS_OK) return ps_fail(err, e->lost.code, "%s", e->lost.message);
    if (ps_reserve(&e->events, &e->events_capacity, n) != PS_OK) return ps_nomem(err);
    e->delivered = e->results;
    e->results = (ps_remote_steps){0};
    return PS_OK;
}

static void free_delivered(ps_remote *e) {
    for (ps_remote_step *step; (step = ps_remote_steps_pop(&e->delivered)) != NULL;)
        ps_remote_step_free(step);
}

static ps_status poll(ps_engine *base, double seconds, const ps_event **events, size_t *n, ps_error *err) {
    ps_remote *e = (ps_remote *)base;
    ps_status status = check_process(e, err);
    if (status != PS_OK) return status;
    free_delivered(e);
    pthread_mutex_lock(&e->mutex);
    const bool more = e->submitted.first != NULL || e->prompts != NULL;
    hand_in(e);
    if (more) ps_http_wake(e->http);
    if (seconds > 0) wait_for_results(e, seconds);
    e->woken = false;
    status = take_results(e, err);
    pthread_mutex_unlock(&e->mutex);
    if (status != PS_OK) return status;
    size_t count = 0;
    for (const ps_remote_step *step = e->delivered.first; step != NULL; step = step->next)
        e->events[count++] = step->event;
    *events = e->events;
    *n = count;
    return PS_OK;
}

/* ---- Facts --------------------------------------------------------------- */

static void info(const ps_engine *base, ps_engine_info *out) {
    const ps_remote *e = (const ps_remote *)base;
    *out = (ps_engine_info){.engine = "openai",
                            .model = e->facts.model,
                            .description = e->description,
                            .identity = e->identity,
                            .vocabulary = e->facts.vocabulary,
                            .context = e->context,
                            .parameters = e->facts.parameters,
                            .can = e->can};
}

/* Twice as many as fill the limit: in each problem many wait for its slowest step. Where each sequence has a slot, and
 * a slot its own cache, no more than have slots: others would compute their prefixes anew. */
static size_t in_flight(const ps_engine *base, size_t width) {
    ps_remote *e = (ps_remote *)base;
    size_t all = 0;
    if (is_foreign(e)) return 1;
    pthread_mutex_lock(&e->mutex);
    for (size_t i = 0; i < e->n_endpoints; i++) {
        const ps_remote_limit *limit = &e->endpoints[i].limit;
        const size_t most = limit->fixed ? limit->most : 2 * limit->most;
        if (!e->endpoints[i].refused) all += most > width ? most / width : 1;
    }
    pthread_mutex_unlock(&e->mutex);
    return all > 0 ? all : 1;
}

static void stats(const ps_engine *base, ps_engine_stats *out) {
    ps_remote *e = (ps_remote *)base;
    *out = (ps_engine_stats){0};
    if (is_foreign(e)) return;
    pthread_mutex_lock(&e->mutex);
    *out = e->stats;
    pthread_mutex_unlock(&e->mutex);
}

static size_t servers(const ps_engine *base, ps_engine_server *out, size_t most) {
    ps_remote *e = (ps_remote *)base;
    if (is_foreign(e)) return 0;
    pthread_mutex_lock(&e->mutex);
    for (size_t i = 0; i < e->n_endpoints && i < most; i++) {
        const ps_remote_endpoint *p = &e->endpoints[i];
        out[i] = p->told;
        out[i].url = p->url;
        out[i].sequences = p->limit.most;
        out[i].context = p->context;
        out[i].state = p->refused ? "refused" : ps_remote_is_usable(p) ? "there" : "away";
    }
    pthread_mutex_unlock(&e->mutex);
    return e->n_endpoints;
}

/* ---- The end ------------------------------------------------------------- */

static void free_steps(ps_remote_steps *list) {
    for (ps_remote_step *step; (step = ps_remote_steps_pop(list)) != NULL;)
        ps_remote_step_free(step);
}

static void destroy(ps_engine *base) {
    ps_remote *e = (ps_remote *)base;
    ps_remote_steps *const lists[] = {&e->submitted, &e->inbox,   &e->blocked,  &e->unspelled,
                                      &e->unread,    &e->results, &e->delivered};
    if (is_foreign(e)) return;
    ps_remote_stop(e);
    for (ps_remote_call *call; (call = e->calls) != NULL; ps_remote_call_free(e, call))
        for (size_t i = 0; call->steps != NULL && i < call->n_steps; i++)
            ps_remote_step_free(call->steps[i]);
    ps_remote_prompts_clear(e);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        free_steps(lists[i]);
    for (size_t i = 0; i < e->n_endpoints; i++) {
        free_steps(&e->endpoints[i].waiting);
        ps_http_free(e->endpoints[i].http);
    }
    ps_free(e->endpoints);
    ps_remote_tree_clear(&e->tree);
    ps_remote_spellings_clear(&e->spellings);
    ps_arena_free(e->answer);
    ps_arena_free(e->kept);
    ps_text_clear(&e->body);
    ps_free(e->path);
    ps_free(e->events);
    pthread_cond_destroy(&e->ready);
    pthread_mutex_destroy(&e->mutex);
    ps_free(e);
}

const ps_engine_ops ps_remote_ops = {.name = "openai",
                                     .destroy = destroy,
                                     .tokenize = tokenize,
                                     .render_chat = render_chat,
                                     .root = root,
                                     .prompt = prompt,
                                     .retain = retain,
                                     .release = release,
                                     .extend = extend,
                                     .evaluate = evaluate,
                                     .evaluates_text = true,
                                     .poll = poll,
                                     .cancel = cancel,
                                     .begin = begin,
                                     .wake = wake,
                                     .on_ready = on_ready,
                                     .info = info,
                                     .in_flight = in_flight,
                                     .stats = stats,
                                     .servers = servers};
