/* The table of the seam: checks, hand-over to the lanes, collection of results. */
#include "base/clock.h"
#include "engine/llama/cancel.h"
#include "engine/llama/chat.h"
#include "engine/llama/lane.h"
#include "engine/llama/text.h"
#include "engine/llama/tune.h"

#include <string.h>
#include <unistd.h>

/* ---- After fork() -------------------------------------------------------- */

/* The lanes' threads are not in a child of the process, and a lock that one of them held stays locked there: whatever
 * would take it does nothing. */
static bool is_foreign(const ps_llama *engine) {
    return getpid() != engine->process;
}

static ps_status check_process(const ps_llama *engine, ps_error *err) {
    if (!is_foreign(engine)) return PS_OK;
    return ps_fail(err, PS_ENGINE,
                   "the model was loaded by process %ld and is used by process %ld; its threads do not go through "
                   "fork(): load it after that",
                   (long)engine->process, (long)getpid());
}

/* ---- Nodes --------------------------------------------------------------- */

static ps_status check_tokens(const ps_llama *engine, const ps_token *tokens, size_t n, const char *what,
                              ps_error *err) {
    for (size_t i = 0; i < n; i++)
        if (tokens[i] < 0 || (size_t)tokens[i] >= engine->n_vocab)
            return ps_fail(err, PS_ARG, "%s %zu is %d; the vocabulary has %zu tokens", what, i, (int)tokens[i],
                           engine->n_vocab);
    return PS_OK;
}

static ps_lane *least_loaded(ps_llama *engine) {
    ps_lane *best = &engine->lanes[0];
    for (size_t i = 1; i < engine->n_lanes; i++)
        if (engine->lanes[i].roots < best->roots) best = &engine->lanes[i];
    return best;
}

/* bos: the token to put before the others, if any. [mutex] */
static ps_status plant(ps_llama *engine, const ps_token *bos, const ps_token *tokens, size_t n, ps_node *node,
                       ps_error *err) {
    ps_lane *lane = least_loaded(engine);
    ps_llama_node *made = ps_llama_node_new(lane, NULL);
    if (made == NULL) return ps_nomem(err);
    ps_status status = bos != NULL ? ps_llama_node_append(made, bos, 1, err) : PS_OK;
    if (status == PS_OK) status = ps_llama_node_append(made, tokens, n, err);
    if (status == PS_OK) status = ps_llama_node_publish(engine, made, 1, err);
    if (status != PS_OK) {
        ps_llama_node_free(made);
        return status;
    }
    lane->roots++;
    engine->prompt_tokens += made->n_tokens;
    *node = made->handle;
    return PS_OK;
}

static ps_status root(ps_engine *base, const ps_token *tokens, size_t n, ps_node *node, ps_error *err) {
    ps_llama *engine = (ps_llama *)base;
    ps_status status = check_process(engine, err);
    if (status == PS_OK) status = check_tokens(engine, tokens, n, "prompt token", err);
    if (status != PS_OK) return status;
    const ps_token bos = llama_vocab_bos(engine->vocab);
    const bool add_bos = llama_vocab_get_add_bos(engine->vocab) && bos >= 0 && tokens[0] != bos;
    if (n + add_bos >= engine->context)
        return ps_fail(err, PS_BUDGET, "the prompt has %zu tokens and the %s %zu: no room for an answer%s", n + add_bos,
                       engine->cells_short ? "KV cache" : "context", engine->context,
                       engine->cells_short ? "; give it more cells (engine.llama.n_ctx)" : "");
    pthread_mutex_lock(&engine->mutex);
    for (size_t i = 0; i < engine->n_lanes; i++)
        ps_lane_collect(&engine->lanes[i]);
    status = plant(engine, add_bos ? &bos : NULL, tokens, n, node, err);
    pthread_mutex_unlock(&engine->mutex);
    return status;
}

static void retain(ps_engine *base, ps_node handle) {
    ps_llama *engine = (ps_llama *)base;
    if (is_foreign(engine)) return;
    pthread_mutex_lock(&engine->mutex);
    ps_llama_node *node = ps_llama_node_find(engine, handle);
    if (node != NULL) {
        node->references++;
        node->holds++;
    }
    pthread_mutex_unlock(&engine->mutex);
}

static void release(ps_engine *base, ps_node handle) {
    ps_llama *engine = (ps_llama *)base;
    if (is_foreign(engine)) return;
    pthread_mutex_lock(&engine->mutex);
    ps_llama_node *node = ps_llama_node_find(engine, handle);
    if (node != NULL && node->holds > 0) { /* released once too often, it may still be there for its children */
        /* A root counts until its caller lets go of it, not until the lane has cleared its tree away: the next problem
         * comes sooner, and would be bound to the lane of another that runs. */
        if (--node->holds == 0 && node->parent == NULL) node->lane->roots--;
        ps_llama_node_unreference(node);
    }
    pthread_mutex_unlock(&engine->mutex);
}

/* ---- Submitting ---------------------------------------------------------- */

/* Bind a request to its parent and lane. given[0..n): the child's tokens. [mutex] */
static ps_status bind(ps_llama *engine, ps_request *request, ps_node handle, const ps_token *given, size_t n,
                      ps_error *err) {
    ps_llama_node *parent = ps_llama_node_find(engine, handle);
    if (parent == NULL) return ps_fail(err, PS_ARG, "node %llu is not alive", (unsigned long long)handle);
    ps_llama_node *child = ps_llama_node_new(parent->lane, parent);
    if (child == NULL) return ps_nomem(err);
    ps_status status = ps_llama_node_append(child, given, n, err);
    if (status != PS_OK) {
        parent->references--;
        ps_llama_node_free(child);
        return status;
    }
    child->one_by_one = !request->evaluate;
    parent->references++;
    request->child = child;
    request->parent = parent;
    request->sequence = -1;
    ps_lane_submit(parent->lane, request);
    return PS_OK;
}

/* Takes over the request, on failure, too. */
static ps_status submit(ps_llama *engine, ps_request *request, ps_node handle, const ps_token *given, size_t n,
                        ps_error *err) {
    pthread_mutex_lock(&engine->mutex);
    ps_status status = bind(engine, request, handle, given, n, err);
    pthread_mutex_unlock(&engine->mutex);
    if (status != PS_OK) ps_request_free(request);
    return status;
}

static ps_status no_embeddings(ps_error *err) {
    return ps_fail(err, PS_ARG, "hidden states were asked for, but the model was loaded without `embeddings`");
}

static ps_status extend(ps_engine *base, const ps_extend_request *asked, ps_error *err) {
    const ps_llama *engine = (const ps_llama *)base;
    if (asked->generation->hidden && !engine->embeddings) return no_embeddings(err);
    ps_status status = check_process(engine, err);
    if (status != PS_OK) return status;
    ps_request *request = ps_calloc(1, sizeof *request);
    if (request == NULL) return ps_nomem(err);
    if (asked->generation->hidden) {
        request->hidden_state = ps_calloc(engine->n_embd, sizeof *request->hidden_state);
        if (request->hidden_state == NULL) {
            ps_request_free(request);
            return ps_nomem(err);
        }
    }
    request->key = asked->key;
    request->generation = asked->generation;
    request->event.tag = asked->tag;
    request->event.text = "";
    return submit((ps_llama *)base, request, asked->node, NULL, 0, err);
}

/* Copies of what is asked and room for its answer. */
static ps_status fill_evaluation(const ps_llama *engine, ps_request *request, const ps_evaluate_request *asked,
                                 ps_error *err) {
    request->evaluate = true;
    request->event.tag = asked->tag;
    request->event.text = "";
    request->n_marks = asked->n_marks;
    request->n_choices = asked->n_choices;
    request->marks = ps_calloc(asked->n_marks + 1, sizeof *request->marks);
    request->choices = ps_calloc(asked->n_choices + 1, sizeof *request->choices);
    request->choice_logp = ps_calloc(asked->n_marks * asked->n_choices + 1, sizeof *request->choice_logp);
    if (request->marks == NULL || request->choices == NULL || request->choice_logp == NULL) return ps_nomem(err);
    if (asked->n_marks > 0) memcpy(request->marks, asked->marks, asked->n_marks * sizeof *asked->marks);
    if (asked->n_choices > 0) memcpy(request->choices, asked->choices, asked->n_choices * sizeof *asked->choices);
    if (!asked->hidden) return PS_OK;
    request->hidden = true;
    request->hidden_state = ps_calloc(asked->n_marks * engine->n_embd + 1, sizeof *request->hidden_state);
    return request->hidden_state != NULL ? PS_OK : ps_nomem(err);
}

static ps_status evaluate(ps_engine *base, const ps_evaluate_request *asked, ps_error *err) {
    ps_llama *engine = (ps_llama *)base;
    if (asked->hidden && !engine->embeddings) return no_embeddings(err);
    ps_status status = check_process(engine, err);
    if (status == PS_OK) status = check_tokens(engine, asked->tokens, asked->n_tokens, "token", err);
    if (status == PS_OK) status = check_tokens(engine, asked->choices, asked->n_choices, "choice", err);
    if (status != PS_OK) return status;
    ps_request *request = ps_calloc(1, sizeof *request);
    if (request == NULL) return ps_nomem(err);
    status = fill_evaluation(engine, request, asked, err);
    if (status != PS_OK) {
        ps_request_free(request);
        return status;
    }
    return submit(engine, request, asked->node, asked->tokens, asked->n_tokens, err);
}

/* ---- Under way ----------------------------------------------------------- */

/* What was submitted together begins together: a lane that took the first of sixteen at once would compute it alone.
 * [mutex] */
static void hand_in(ps_llama *engine) {
    for (size_t i = 0; i < engine->n_lanes; i++) {
        ps_lane *lane = &engine->lanes[i];
        for (ps_request *request; (request = ps_request_pop(&lane->submitted)) != NULL;)
            ps_request_push(&lane->inbox, request);
    }
}

/* Have the lanes' own threads do what there is to do. [mutex] */
static void wake_lanes(ps_llama *engine) {
    for (size_t i = 0; i < engine->n_lanes; i++)
        if (engine->lanes[i].n_under_way > 0) ps_lane_wake(&engine->lanes[i]);
}

static void begin(ps_engine *base) {
    ps_llama *engine = (ps_llama *)base;
    if (is_foreign(engine)) return;
    pthread_mutex_lock(&engine->mutex);
    hand_in(engine);
    wake_lanes(engine);
    pthread_mutex_unlock(&engine->mutex);
}

static void wake(ps_engine *base) {
    ps_llama *engine = (ps_llama *)base;
    if (is_foreign(engine)) return;
    pthread_mutex_lock(&engine->mutex);
    engine->woken = true;
    pthread_cond_broadcast(&engine->ready);
    pthread_mutex_unlock(&engine->mutex);
}

/* A lane that is awake looks between two batches; of any other it is done here. */
static void cancel(ps_engine *base, uint64_t tag) {
    ps_llama *engine = (ps_llama *)base;
    if (is_foreign(engine)) return;
    pthread_mutex_lock(&engine->mutex);
    for (size_t i = 0; i < engine->n_lanes; i++) {
        ps_cancel_mark(&engine->lanes[i], tag);
        if (engine->lanes[i].cancels) ps_lane_collect(&engine->lanes[i]);
    }
    pthread_mutex_unlock(&engine->mutex);
}

/* ---- Polling ------------------------------------------------------------- */

/* The lane that the caller's thread may run: it has all the work there is, of a single problem. Two threads would only
 * wait for each other there, and waking one another costs more than the program's own part of a step. NULL: there is
 * none, or its own thread is at it. [mutex] */
static ps_lane *lane_to_run(const ps_llama *engine) {
    ps_lane *found = NULL;
    size_t roots = 0;
    for (size_t i = 0; i < engine->n_lanes; i++) {
        ps_lane *lane = &engine->lanes[i];
        roots += lane->roots;
        if (lane->n_under_way == engine->under_way && !lane->awake) found = lane;
    }
    return roots == 1 && engine->under_way > 0 ? found : NULL;
}

/* Until there are results, nothing is under way, somebody wakes us or the time is over. [mutex] */
static void wait_for_results(ps_llama *engine, double seconds) {
    const double deadline = ps_now() + seconds;
    while (engine->results.first == NULL && engine->under_way > 0 && !engine->woken && ps_now() < deadline)
        ps_clock_cond_wait(&engine->ready, &engine->mutex, deadline);
}

static bool must_wait(const ps_llama *engine, double seconds) {
    return seconds > 0 && engine->results.first == NULL && !engine->woken;
}

/* All results go into `delivered`, if there is room for their events. [mutex] */
static ps_status take_results(ps_llama *engine, ps_error *err) {
    size_t n = 0;
    for (const ps_request *request = engine->results.first; request != NULL; request = request->next)
        n++;
    if (ps_reserve(&engine->events, &engine->events_capacity, n) != PS_OK) return ps_nomem(err);
    engine->delivered = engine->results;
    engine->results = (ps_request_list){0};
    return PS_OK;
}

static ps_status poll(ps_engine *base, double seconds, const ps_event **events, size_t *n, ps_error *err) {
    ps_llama *engine = (ps_llama *)base;
    ps_status status = check_process(engine, err);
    if (status != PS_OK) return status;
    ps_request_list_clear(&engine->delivered);
    pthread_mutex_lock(&engine->mutex);
    ps_lane *mine = must_wait(engine, seconds) ? lane_to_run(engine) : NULL;
    hand_in(engine);
    if (mine != NULL) {
        ps_lane_run(mine, ps_now() + seconds);
    } else {
        wake_lanes(engine);
        if (must_wait(engine, seconds)) wait_for_results(engine, seconds);
    }
    engine->woken = false;
    status = take_results(engine, err);
    pthread_mutex_unlock(&engine->mutex);
    if (status != PS_OK) return status;
    size_t count = 0;
    for (const ps_request *request = engine->delivered.first; request != NULL; request = request->next)
        engine->events[count++] = request->event;
    *events = engine->events;
    *n = count;
    return PS_OK;
}

static void on_ready(ps_engine *base, void (*ready)(void *user), void *user) {
    ps_llama *engine = (ps_llama *)base;
    if (is_foreign(engine)) return;
    pthread_mutex_lock(&engine->mutex);
    engine->on_ready = ready;
    engine->on_ready_user = user;
    pthread_mutex_unlock(&engine->mutex);
}

/* ---- Reports ------------------------------------------------------------- */

static void info(const ps_engine *base, ps_engine_info *out) {
    const ps_llama *engine = (const ps_llama *)base;
    *out = (ps_engine_info){
        .engine = "llama",
        .model = engine->model_path,
        .description = ps_text_cstr(&engine->description),
        .identity = engine->identity,
        .vocabulary = engine->n_vocab,
        .context = engine->context,
        .hidden_size = engine->embeddings ? engine->n_embd : 0,
        .parameters = (size_t)llama_model_n_params(engine->model),
        .can = PS_ENGINE_LOGP | PS_ENGINE_LOGQ | PS_ENGINE_ENTROPY | PS_ENGINE_TOKENS | PS_ENGINE_EVALUATE |
               PS_ENGINE_SEEDS | PS_ENGINE_CERTAINTY | PS_ENGINE_CONFIDENCE | PS_ENGINE_RAMP |
               (engine->embeddings ? PS_ENGINE_HIDDEN | PS_ENGINE_STEP_HIDDEN : 0) |
               (engine->deterministic ? PS_ENGINE_DETERMINISTIC : 0),
    };
}

static size_t in_flight(const ps_engine *base, size_t width) {
    return ps_llama_in_flight((const ps_llama *)base, width);
}

static void stats(const ps_engine *base, ps_engine_stats *out) {
    ps_llama *engine = (ps_llama *)base;
    *out = (ps_engine_stats){0};
    if (is_foreign(engine)) return;
    pthread_mutex_lock(&engine->mutex);
    for (size_t i = 0; i < engine->n_lanes; i++) {
        ps_lane_collect(&engine->lanes[i]); /* what was released holds no cells any more */
        const ps_engine_stats *s = &engine->stats[i];
        out->generated += s->generated;
        out->prefilled += s->prefilled;
        out->recomputed += s->recomputed;
        out->shared += s->shared;
        out->evictions += s->evictions;
        out->batches += s->batches;
        if (s->cells > out->cells) out->cells = s->cells;
        out->cells_now += s->cells_now;
    }
    out->prompt = engine->prompt_tokens;
    pthread_mutex_unlock(&engine->mutex);
}

const ps_engine_ops ps_llama_ops = {
    .name = "llama",
    .destroy = ps_llama_destroy,
    .tokenize = ps_llama_tokenize,
    .render_chat = ps_llama_render_chat,
    .root = root,
    .prompt = ps_llama_prompt,
    .retain = retain,
    .release = release,
    .extend = extend,
    .evaluate = evaluate,
    .poll = poll,
    .cancel = cancel,
    .begin = begin,
    .wake = wake,
    .on_ready = on_ready,
    .info = info,
    .in_flight = in_flight,
    .stats = stats,
};
