/* Kind `head` with a learned head: a model reads the steps that another wrote, and the head the state before each one's
 * last token, where it was learned. The text stands as it was written, without tags. */
#include "reward/learned.h"

#include "reward/nodes.h"
#include "reward/readings.h"

#include <math.h>
#include <string.h>

/* A step under way; its slot is the tag of the engine's request. */
typedef struct pending {
    uint64_t tag;
    ps_aggregate_state before;
} pending;

typedef struct learned_prm {
    ps_prm base; /* first */
    ps_engine *engine;
    ps_aggregate aggregate;
    ps_prm_head head;
    char *identity; /* or NULL: the engine's */
    char *system;   /* or NULL */
    ps_prm_nodes nodes;
    ps_slots under_way;
    pending *pending;     /* by slot */
    ps_prm_event *made;   /* [n_made] answered without the engine */
    ps_prm_event *events; /* … and all that the last poll gave */
    size_t pending_capacity, n_made, made_capacity, event_capacity;
    void (*ready)(void *user);
    void *user;
} learned_prm;

static learned_prm *self(ps_prm *prm) {
    return (learned_prm *)prm;
}

/* Frees all but the engine, which is the caller's until creation has succeeded. */
static void free_parts(learned_prm *m) {
    ps_prm_nodes_clear(&m->nodes);
    ps_prm_head_clear(&m->head);
    ps_slots_clear(&m->under_way);
    ps_free(m->identity);
    ps_free(m->system);
    ps_free(m->pending);
    ps_free(m->made);
    ps_free(m->events);
    ps_free(m);
}

static void destroy(ps_prm *prm) {
    ps_engine *engine = self(prm)->engine;
    free_parts(self(prm)); /* the engine's nodes go with it */
    ps_engine_free(engine);
}

/* ---- Submission ---------------------------------------------------------- */

/* Room for one more prefix, request and event beside all that may still come. */
static ps_status reserve(learned_prm *m, ps_error *err) {
    const size_t n = m->under_way.n_taken + m->n_made + 1;
    ps_status status = ps_prm_nodes_reserve(&m->nodes, n, err);
    if (status == PS_OK) status = ps_slots_reserve(&m->under_way, 1, err);
    if (status != PS_OK) return status;
    const bool room = ps_reserve(&m->pending, &m->pending_capacity, m->under_way.capacity) == PS_OK &&
                      ps_reserve(&m->made, &m->made_capacity, n) == PS_OK &&
                      ps_reserve(&m->events, &m->event_capacity, n) == PS_OK;
    return room ? PS_OK : ps_nomem(err);
}

static ps_status root(ps_prm *prm, const char *question, ps_prm_node *node, ps_error *err) {
    learned_prm *m = self(prm);
    ps_node engine_node = 0;
    const ps_chat_message messages[] = {{"system", m->system}, {"user", question}};
    const bool has_system = m->system != NULL;
    const ps_prompt prompt = {.messages = has_system ? messages : messages + 1, .n_messages = has_system ? 2 : 1};
    ps_status status = reserve(m, err);
    if (status == PS_OK) status = ps_engine_prompt(m->engine, &prompt, &engine_node, err);
    if (status == PS_OK) *node = ps_prm_nodes_add(&m->nodes, (ps_prm_prefix){.engine_node = engine_node});
    return status;
}

static void release(ps_prm *prm, ps_prm_node node) {
    learned_prm *m = self(prm);
    ps_engine_release(m->engine, ps_prm_nodes_remove(&m->nodes, node).engine_node);
}

/* The last reading again, for a step in which nothing is read. */
static ps_prm_event reading(learned_prm *m, uint64_t tag, ps_aggregate_state before, const float *hidden,
                            ps_node engine_node, size_t tokens) {
    ps_prm_event made = {.tag = tag, .tokens = tokens};
    const ps_aggregate_state after = ps_reading_after(&m->head, m->aggregate, before, hidden, &made.step, &made.reward);
    if (isnan(made.step)) {
        ps_engine_release(m->engine, engine_node);
        return (ps_prm_event){.tag = tag, .status = PS_DOMAIN, .message = PS_READING_NAN};
    }
    made.node = ps_prm_nodes_add(&m->nodes, (ps_prm_prefix){.aggregate = after, .engine_node = engine_node});
    return made;
}

/* The generator drew its last token from the state before it. Of an answer that has ended that token was the end
 * itself, which is no text; so there the state is the one after the last token of the text. */
static ps_status evaluate(learned_prm *m, const ps_prm_prefix *parent, const ps_prm_request *request,
                          const ps_token *tokens, size_t n, ps_error *err) {
    uint32_t slot;
    const uint32_t mark = (uint32_t)(request->ends ? n - 1 : n - 2);
    const size_t n_marks = n > 1 || request->ends ? 1 : 0;
    ps_slots_take(&m->under_way, &slot);
    m->pending[slot] = (pending){.tag = request->tag, .before = parent->aggregate};
    const ps_evaluate_request asked = {.node = parent->engine_node,
                                       .tokens = tokens,
                                       .n_tokens = n,
                                       .marks = &mark,
                                       .n_marks = n_marks,
                                       .hidden = n_marks > 0,
                                       .tag = slot};
    ps_status status = ps_engine_evaluate(m->engine, &asked, err);
    if (status != PS_OK) ps_slots_give(&m->under_way, slot);
    return status;
}

static ps_status submit(ps_prm *prm, const ps_prm_request *request, ps_error *err) {
    learned_prm *m = self(prm);
    ps_token *tokens = NULL;
    size_t n = 0;
    if (ps_prm_nodes_find(&m->nodes, request->parent) == NULL)
        return ps_fail(err, PS_ARG, "the prefix to score after does not exist or was released");
    ps_status status = reserve(m, err);
    if (status == PS_OK && request->length > 0)
        status = ps_engine_tokenize(m->engine, request->text, request->length, false, &tokens, &n, err);
    const ps_prm_prefix *parent = ps_prm_nodes_find(&m->nodes, request->parent);
    if (status == PS_OK && n > 0) status = evaluate(m, parent, request, tokens, n, err);
    if (status == PS_OK && n == 0) {
        ps_engine_retain(m->engine, parent->engine_node);
        m->made[m->n_made] = reading(m, request->tag, parent->aggregate, NULL, parent->engine_node, 0);
        m->n_made++;
        if (m->ready != NULL) m->ready(m->user);
    }
    ps_free(tokens);
    return status;
}

/* ---- Answers ------------------------------------------------------------- */

static ps_prm_event answer(learned_prm *m, const ps_event *event) {
    const uint32_t slot = (uint32_t)event->tag;
    const pending p = m->pending[slot];
    ps_slots_give(&m->under_way, slot);
    if (event->status != PS_OK) return (ps_prm_event){.tag = p.tag, .status = event->status, .message = event->message};
    return reading(m, p.tag, p.before, event->hidden, event->child, event->prefilled);
}

static ps_status poll(ps_prm *prm, double seconds, const ps_prm_event **events, size_t *n, ps_error *err) {
    learned_prm *m = self(prm);
    const ps_event *ready = NULL;
    size_t count = 0;
    ps_status status = ps_engine_poll(m->engine, m->n_made > 0 ? 0 : seconds, &ready, &count, err);
    if (status != PS_OK) return status;
    if (m->n_made > 0) memcpy(m->events, m->made, m->n_made * sizeof *m->made);
    for (size_t i = 0; i < count; i++)
        m->events[m->n_made + i] = answer(m, &ready[i]);
    *events = m->events;
    *n = m->n_made + count;
    m->n_made = 0;
    return PS_OK;
}

/* The engine knows the request by its slot. */
static void cancel(ps_prm *prm, uint64_t tag) {
    learned_prm *m = self(prm);
    for (size_t i = 0; i < m->under_way.count; i++)
        if (ps_slots_is_taken(&m->under_way, i) && m->pending[i].tag == tag) ps_engine_cancel(m->engine, i);
}

static void wake(ps_prm *prm) {
    ps_engine_wake(self(prm)->engine);
}

static bool on_ready(ps_prm *prm, void (*ready)(void *user), void *user) {
    learned_prm *m = self(prm);
    m->ready = ready;
    m->user = user;
    return ps_engine_on_ready(m->engine, ready, user);
}

static void stats(const ps_prm *prm, ps_engine_stats *stats) {
    ps_engine_get_stats(((const learned_prm *)prm)->engine, stats);
}

static const char *identity(const ps_prm *prm) {
    return ((const learned_prm *)prm)->identity;
}

static const ps_prm_ops learned_ops = {.kind = "head",
                                       .destroy = destroy,
                                       .root = root,
                                       .release = release,
                                       .submit = submit,
                                       .poll = poll,
                                       .cancel = cancel,
                                       .wake = wake,
                                       .on_ready = on_ready,
                                       .stats = stats,
                                       .identity = identity};

/* ---- Creation ------------------------------------------------------------ */

ps_status ps_prm_is_learned(const char *head_path, bool *learned, ps_error *err) {
    ps_head_origin origin = {0};
    ps_status status = ps_head_origin_read(head_path, &origin, learned, err);
    ps_head_origin_clear(&origin);
    return status;
}

/* Another quantisation of the same model may do; another model of the same width never does. Nobody can tell them apart
 * here. */
static void tell_of_another_model(const ps_prm_head *head, const char *path, const ps_engine_info *info,
                                  const ps_log *log) {
    const char *of = head->origin.model;
    if (of == NULL || info->identity == NULL || strcmp(of, info->identity) == 0) return;
    ps_log_printf(
        log, PS_LOG_WARNING,
        "%s was learned from the hidden states of another file than %s (%s): its readings mean something where "
        "that is the same model in another number format, and nothing otherwise",
        path, info->model, of);
}

static ps_status configure(learned_prm *m, const ps_prm_options *o, ps_error *err) {
    ps_engine_info info;
    ps_engine_get_info(m->engine, &info);
    ps_status status = ps_prm_head_read(o->head_path, &m->head, err);
    if (status == PS_OK) status = ps_prm_head_fits(&m->head, o->head_path, info.model, info.hidden_size, err);
    if (status == PS_OK) status = ps_prm_head_identify(&m->head, info.identity, &m->identity, err);
    if (status != PS_OK) return status;
    tell_of_another_model(&m->head, o->head_path, &info, &o->log);
    const char *system = o->system != NULL ? o->system : m->head.origin.system;
    if (system == NULL || *system == '\0') return PS_OK;
    m->system = ps_strdup(system);
    return m->system != NULL ? PS_OK : ps_nomem(err);
}

ps_status ps_prm_learned_create(ps_engine *engine, const ps_prm_options *options, ps_prm **prm, ps_error *err) {
    learned_prm *m = ps_calloc(1, sizeof *m);
    if (m == NULL) return ps_nomem(err);
    m->base.ops = &learned_ops;
    m->engine = engine;
    m->aggregate = options->aggregate;
    ps_status status = configure(m, options, err);
    if (status == PS_OK)
        *prm = &m->base;
    else
        free_parts(m);
    return status;
}
