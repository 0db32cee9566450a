/* The table of the seam: checks, hand-over to the lanes, collection of results. */
#include "engine/llama/engine.h"

#include <string.h>

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

static ps_status root(ps_engine *base, const ps_token *tokens, size_t n, ps_node *node, ps_error *err) {
    ps_llama *engine = (ps_llama *)base;
    ps_status status = check_tokens(engine, tokens, n, "prompt token", err);
    if (status) return status;
    const ps_token bos = llama_vocab_bos(engine->vocab);
    const bool add_bos = llama_vocab_get_add_bos(engine->vocab) && bos >= 0 && tokens[0] != bos;
    if (n + add_bos >= engine->context)
        return ps_fail(err, PS_BUDGET, "the prompt has %zu tokens and the %s %zu: no room for an answer%s", n + add_bos,
                       engine->cells_short ? "KV cache" : "context", engine->context,
                       engine->cells_short ? "; give it more cells (engine.llama.n_ctx)" : "");
    pthread_mutex_lock(&engine->mutex);
    for (size_t i = 0; i < engine->n_lanes; i++)
        ps_lane_tidy(&engine->lanes[i]);
    ps_lane *lane = least_loaded(engine);
    ps_lnode *made = ps_tree_new(lane, NULL);
    if (!made) {
        status = ps_nomem(err);
        goto done;
    }
    if (add_bos) status = ps_tree_append(made, &bos, 1, err);
    if (!status) status = ps_tree_append(made, tokens, n, err);
    if (!status) status = ps_tree_publish(engine, made, 1, err);
    if (status) {
        ps_tree_free(made);
        goto done;
    }
    lane->roots++;
    engine->prompt_tokens += n + add_bos;
    *node = made->handle;
done:
    pthread_mutex_unlock(&engine->mutex);
    return status;
}

static void retain(ps_engine *base, ps_node handle) {
    ps_llama *engine = (ps_llama *)base;
    pthread_mutex_lock(&engine->mutex);
    ps_lnode *node = ps_tree_find(engine, handle);
    if (node) {
        node->references++;
        node->holds++;
    }
    pthread_mutex_unlock(&engine->mutex);
}

static void release(ps_engine *base, ps_node handle) {
    ps_llama *engine = (ps_llama *)base;
    pthread_mutex_lock(&engine->mutex);
    ps_lnode *node = ps_tree_find(engine, handle);
    if (node && node->holds > 0) { /* released once too often, it may still be there for its children */
        /* A root counts until its caller lets go of it, not until the lane has cleared its tree away: the next problem
         * comes sooner, and would be bound to the lane of another that runs. */
        if (--node->holds == 0 && node->parent == NULL) node->lane->roots--;
        ps_tree_unreference(node);
    }
    pthread_mutex_unlock(&engine->mutex);
}

/* ---- Submitting ---------------------------------------------------------- */

/* Bind a request to its parent and lane; on failure the request is freed. given[0..n): the child's tokens. */
static ps_status submit(ps_llama *engine, ps_work *work, ps_node handle, const ps_token *given, size_t n,
                        ps_error *err) {
    ps_status status = PS_OK;
    pthread_mutex_lock(&engine->mutex);
    ps_lnode *parent = ps_tree_find(engine, handle);
    ps_lnode *child = parent ? ps_tree_new(parent->lane, parent) : NULL;
    if (!parent) {
        status = ps_fail(err, PS_ARG, "node %llu is not alive", (unsigned long long)handle);
    } else if (!child) {
        status = ps_nomem(err);
    } else if ((status = ps_tree_append(child, given, n, err)) != PS_OK) {
        parent->references--;
        ps_tree_free(child);
    } else {
        child->one_by_one = !work->evaluate;
        work->child = child;
        work->parent = parent;
        work->sequence = -1;
        parent->references++;
        engine->under_way++;
        parent->lane->under_way++;
        ps_work_push(&parent->lane->submitted, work);
    }
    pthread_mutex_unlock(&engine->mutex);
    if (status) ps_work_free(work);
    return status;
}

static ps_status extend(ps_engine *base, const ps_extend_request *request, ps_error *err) {
    ps_work *work = ps_calloc(1, sizeof *work);
    if (!work) return ps_nomem(err);
    work->key = request->key;
    work->generation = request->generation;
    work->event.tag = request->tag;
    work->event.text = "";
    return submit((ps_llama *)base, work, request->node, NULL, 0, err);
}

/* Copies of the request's lists and room for its answer. */
static ps_status fill_evaluation(const ps_llama *engine, ps_work *work, const ps_evaluate_request *r, ps_error *err) {
    work->n_marks = r->n_marks;
    work->n_choices = r->n_choices;
    work->marks = ps_calloc(r->n_marks + 1, sizeof *work->marks);
    work->choices = ps_calloc(r->n_choices + 1, sizeof *work->choices);
    work->choice_logp = ps_calloc(r->n_marks * r->n_choices + 1, sizeof *work->choice_logp);
    if (!work->marks || !work->choices || !work->choice_logp) return ps_nomem(err);
    if (r->n_marks) memcpy(work->marks, r->marks, r->n_marks * sizeof *r->marks);
    if (r->n_choices) memcpy(work->choices, r->choices, r->n_choices * sizeof *r->choices);
    if (!r->hidden) return PS_OK;
    work->hidden = true;
    work->hidden_state = ps_calloc(r->n_marks * engine->n_embd + 1, sizeof *work->hidden_state);
    return work->hidden_state ? PS_OK : ps_nomem(err);
}

static ps_status evaluate(ps_engine *base, const ps_evaluate_request *request, ps_error *err) {
    ps_llama *engine = (ps_llama *)base;
    if (request->hidden && !engine->embeddings)
        return ps_fail(err, PS_ARG, "hidden states were asked for, but the model was loaded without `embeddings`");
    ps_status status = check_tokens(engine, request->tokens, request->n_tokens, "token", err);
    if (!status) status = check_tokens(engine, request->choices, request->n_choices, "choice", err);
    if (status) return status;
    ps_work *work = ps_calloc(1, sizeof *work);
    if (!work) return ps_nomem(err);
    work->evaluate = true;
    work->event.tag = request->tag;
    work->event.text = "";
    status = fill_evaluation(engine, work, request, err);
    if (status) {
        ps_work_free(work);
        return status;
    }
    return submit(engine, work, request->node, request->tokens, request->n_tokens, err);
}

/* ---- Polling ------------------------------------------------------------- */

/* What was submitted together begins together: a lane that took the first of sixteen at once would compute it alone.
 * [mutex] */
static void hand_in(ps_llama *engine) {
    for (size_t i = 0; i < engine->n_lanes; i++) {
        ps_lane *lane = &engine->lanes[i];
        for (ps_work *work; (work = ps_work_pop(&lane->submitted));)
            ps_work_push(&lane->inbox, work);
    }
}

/* Have the lanes' own threads do what there is to do. [mutex] */
static void summon_all(ps_llama *engine) {
    for (size_t i = 0; i < engine->n_lanes; i++)
        if (engine->lanes[i].under_way > 0) ps_lane_summon(&engine->lanes[i]);
}

static void begin(ps_engine *base) {
    ps_llama *engine = (ps_llama *)base;
    pthread_mutex_lock(&engine->mutex);
    hand_in(engine);
    summon_all(engine);
    pthread_mutex_unlock(&engine->mutex);
}

/* The lane that has all the work there is, of a single problem. Two threads would only wait for each other there, and
 * waking one another costs more than the program's own part of a step. NULL: there is none, or its own thread is at
 * it. [mutex] */
static ps_lane *lane_to_drive(const ps_llama *engine) {
    ps_lane *found = NULL;
    size_t roots = 0;
    for (size_t i = 0; i < engine->n_lanes; i++) {
        ps_lane *lane = &engine->lanes[i];
        roots += lane->roots;
        if (lane->under_way == engine->under_way && !lane->summoned) found = lane;
    }
    return roots == 1 && engine->under_way > 0 ? found : NULL;
}

static ps_status poll(ps_engine *base, double seconds, const ps_event **events, size_t *n, ps_error *err) {
    const bool wait = seconds > 0;
    ps_llama *engine = (ps_llama *)base;
    for (ps_work *work; (work = ps_work_pop(&engine->delivered));)
        ps_work_free(work);
    pthread_mutex_lock(&engine->mutex);
    ps_lane *mine = wait && !engine->results.first ? lane_to_drive(engine) : NULL;
    hand_in(engine);
    if (mine)
        ps_lane_drive(mine);
    else
        summon_all(engine);
    while (wait && !engine->results.first && engine->under_way > 0)
        pthread_cond_wait(&engine->ready, &engine->mutex);
    size_t count = 0;
    for (const ps_work *work = engine->results.first; work; work = work->next)
        count++;
    const ps_status status = ps_reserve(&engine->events, &engine->events_capacity, count) ? ps_nomem(err) : PS_OK;
    if (!status) {
        engine->delivered = engine->results;
        engine->results = (ps_work_list){0};
    }
    pthread_mutex_unlock(&engine->mutex);
    if (status) return status;
    count = 0;
    for (const ps_work *work = engine->delivered.first; work; work = work->next)
        engine->events[count++] = work->event;
    *events = engine->events;
    *n = count;
    return PS_OK;
}

static void on_ready(ps_engine *base, void (*ready)(void *user), void *user) {
    ps_llama *engine = (ps_llama *)base;
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
        .vocabulary = engine->n_vocab,
        .context = engine->context,
        .hidden_size = engine->embeddings ? engine->n_embd : 0,
        .parameters = (size_t)llama_model_n_params(engine->model),
        .can = PS_ENGINE_LOGP | PS_ENGINE_LOGQ | PS_ENGINE_ENTROPY | PS_ENGINE_TOKENS | PS_ENGINE_EVALUATE |
               PS_ENGINE_SEEDS | (engine->embeddings ? PS_ENGINE_HIDDEN : 0) |
               (engine->deterministic ? PS_ENGINE_DETERMINISTIC : 0),
    };
}

static size_t in_flight(const ps_engine *base, size_t width) {
    return ps_llama_in_flight((const ps_llama *)base, width);
}

static void stats(const ps_engine *base, ps_engine_stats *out) {
    ps_llama *engine = (ps_llama *)base;
    *out = (ps_engine_stats){0};
    pthread_mutex_lock(&engine->mutex);
    for (size_t i = 0; i < engine->n_lanes; i++) {
        const ps_engine_stats *s = &engine->stats[i];
        out->generated += s->generated;
        out->prefilled += s->prefilled;
        out->recomputed += s->recomputed;
        out->shared += s->shared;
        out->evictions += s->evictions;
        out->batches += s->batches;
        if (s->cells > out->cells) out->cells = s->cells;
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
    .retain = retain,
    .release = release,
    .extend = extend,
    .evaluate = evaluate,
    .poll = poll,
    .begin = begin,
    .on_ready = on_ready,
    .info = info,
    .in_flight = in_flight,
    .stats = stats,
};
