#include "support/faulty_engine.h"

static faulty_engine *self(ps_engine *engine) {
    return (faulty_engine *)engine;
}

static ps_engine *inner(ps_engine *engine) {
    return self(engine)->inner;
}

static void destroy(ps_engine *engine) {
    ps_free(self(engine)->events);
    self(engine)->events = NULL;
}

/* ---- Where it fails ------------------------------------------------------ */

static ps_status extend(ps_engine *engine, const ps_extend_request *request, ps_error *err) {
    faulty_engine *f = self(engine);
    if (f->child != 0 && request->key.problem == f->problem && request->key.id == f->child) {
        if (f->at_submission) return ps_fail(err, PS_ENGINE, "refused");
        f->armed = true;
        f->tag = request->tag;
    }
    return ps_engine_extend(f->inner, request, err);
}

/* The armed request's event becomes its failure. */
static ps_event pass_on(faulty_engine *f, const ps_event *event) {
    ps_event passed = *event;
    const size_t most = sizeof f->logps / sizeof *f->logps;
    for (size_t i = 0; i < most; i++)
        f->logps[i] = f->logp;
    if (f->logp != 0 && event->n_tokens <= most) passed.logp = f->logps;
    if (!f->armed || event->tag != f->tag) return passed;
    f->armed = false;
    ps_engine_release(f->inner, event->child);
    return (ps_event){.tag = f->tag, .reason = PS_STOP_ERROR, .status = PS_ENGINE, .message = "broken off"};
}

static ps_status poll(ps_engine *engine, double seconds, const ps_event **events, size_t *n, ps_error *err) {
    faulty_engine *f = self(engine);
    const ps_event *ready = NULL;
    if (f->lost_at > 0 && ++f->n_polls >= f->lost_at) return ps_fail(err, PS_ENGINE, "the engine is lost");
    ps_status status = ps_engine_poll(f->inner, seconds, &ready, n, err);
    if (status == PS_OK && ps_reserve(&f->events, &f->event_capacity, *n) != PS_OK) status = ps_nomem(err);
    if (status != PS_OK) return status;
    for (size_t i = 0; i < *n; i++)
        f->events[i] = pass_on(f, &ready[i]);
    *events = f->events;
    return PS_OK;
}

/* ---- What it passes on --------------------------------------------------- */

static ps_status tokenize(ps_engine *engine, const char *text, size_t length, bool special, ps_token **tokens,
                          size_t *n, ps_error *err) {
    return ps_engine_tokenize(inner(engine), text, length, special, tokens, n, err);
}

static ps_status render_chat(ps_engine *engine, const ps_chat_message *messages, size_t n, char **text, ps_error *err) {
    return ps_engine_render_chat(inner(engine), messages, n, text, err);
}

static ps_status root(ps_engine *engine, const ps_token *tokens, size_t n, ps_node *node, ps_error *err) {
    return ps_engine_root(inner(engine), tokens, n, node, err);
}

static ps_status prompt(ps_engine *engine, const ps_prompt *given, ps_node *node, ps_error *err) {
    return ps_engine_prompt(inner(engine), given, node, err);
}

static void retain(ps_engine *engine, ps_node node) {
    ps_engine_retain(inner(engine), node);
}

static void release(ps_engine *engine, ps_node node) {
    ps_engine_release(inner(engine), node);
}

static ps_status evaluate(ps_engine *engine, const ps_evaluate_request *request, ps_error *err) {
    return ps_engine_evaluate(inner(engine), request, err);
}

static void cancel(ps_engine *engine, uint64_t tag) {
    ps_engine_cancel(inner(engine), tag);
}

static void begin(ps_engine *engine) {
    ps_engine_begin(inner(engine));
}

static void wake(ps_engine *engine) {
    ps_engine_wake(inner(engine));
}

static void on_ready(ps_engine *engine, void (*ready)(void *user), void *user) {
    ps_engine_on_ready(inner(engine), ready, user);
}

static void info(const ps_engine *engine, ps_engine_info *info) {
    ps_engine_get_info(((const faulty_engine *)engine)->inner, info);
}

static size_t in_flight(const ps_engine *engine, size_t width) {
    return ps_engine_in_flight(((const faulty_engine *)engine)->inner, width);
}

static void stats(const ps_engine *engine, ps_engine_stats *stats) {
    ps_engine_get_stats(((const faulty_engine *)engine)->inner, stats);
}

void faulty_engine_init(faulty_engine *faulty, ps_engine *passed_to) {
    const ps_engine_ops *has = passed_to->ops;
    *faulty = (faulty_engine){.inner = passed_to};
    faulty->ops = (ps_engine_ops){.name = "faulty",
                                  .destroy = destroy,
                                  .tokenize = tokenize,
                                  .render_chat = render_chat,
                                  .root = root,
                                  .prompt = prompt,
                                  .retain = retain,
                                  .release = release,
                                  .extend = extend,
                                  .evaluate = has->evaluate != NULL ? evaluate : NULL,
                                  .poll = poll,
                                  .cancel = has->cancel != NULL ? cancel : NULL,
                                  .begin = has->begin != NULL ? begin : NULL,
                                  .wake = has->wake != NULL ? wake : NULL,
                                  .on_ready = has->on_ready != NULL ? on_ready : NULL,
                                  .info = info,
                                  .in_flight = in_flight,
                                  .stats = stats};
    faulty->base.ops = &faulty->ops;
}
