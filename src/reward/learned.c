/* Kind `head` with a learned head: a model reads the steps that another wrote, and the head the state before each one's
 * last token, where it was learned. The text stands as it was written, without tags. */
#include "reward/learned.h"

#include "reward/on_engine.h"
#include "reward/readings.h"

#include <math.h>
#include <string.h>

typedef struct learned_prm {
    ps_prm_on_engine on; /* first */
    ps_prm_head head;
    char *identity;      /* or NULL: the engine's */
    char *system;        /* or NULL */
    ps_prm_event *made;  /* [n_made] answered without the engine */
    ps_prm_event *given; /* … and all that the last poll gave */
    size_t n_made, made_capacity, given_capacity;
    void (*ready)(void *user);
    void *user;
} learned_prm;

static learned_prm *self(ps_prm *prm) {
    return (learned_prm *)prm;
}

/* Frees all but the engine, which is the caller's until creation has succeeded. */
static void free_parts(learned_prm *m) {
    ps_prm_on_engine_clear(&m->on);
    ps_prm_head_clear(&m->head);
    ps_free(m->identity);
    ps_free(m->system);
    ps_free(m->made);
    ps_free(m->given);
    ps_free(m);
}

static void destroy(ps_prm *prm) {
    ps_engine *engine = self(prm)->on.engine;
    free_parts(self(prm)); /* the engine's nodes go with it */
    ps_engine_free(engine);
}

/* ---- Submission ---------------------------------------------------------- */

static ps_status root(ps_prm *prm, const char *question, ps_prm_node *node, ps_error *err) {
    return ps_prm_on_engine_chat(&self(prm)->on, self(prm)->system, question, node, err);
}

/* The last reading again, for a step in which nothing is read. */
static ps_prm_event reading(learned_prm *m, uint64_t tag, ps_aggregate_state before, const float *hidden,
                            ps_node engine_node, size_t tokens) {
    ps_prm_event made = {.tag = tag, .tokens = tokens};
    const ps_aggregate_state after =
        ps_reading_after(&m->head, m->on.aggregate, before, hidden, &made.step, &made.reward);
    if (isnan(made.step)) {
        ps_engine_release(m->on.engine, engine_node);
        return (ps_prm_event){.tag = tag, .status = PS_DOMAIN, .message = PS_READING_NAN};
    }
    made.node = ps_prm_nodes_add(&m->on.nodes, (ps_prm_prefix){.aggregate = after, .engine_node = engine_node});
    return made;
}

/* The generator drew its last token from the state before it. Where that token is not in the text, because it was the
 * end of the answer itself or of a stop string, the state is the one after all of the text: exact for the former and
 * for a stop string of one token, and for a longer one the nearest that is known, where it began. */
static ps_status evaluate(learned_prm *m, const ps_prm_request *request, const ps_token *tokens, size_t n,
                          ps_error *err) {
    uint32_t slot;
    ps_node parent;
    const uint32_t mark = (uint32_t)(request->end_is_cut ? n - 1 : n - 2);
    const size_t n_marks = n > 1 || request->end_is_cut ? 1 : 0;
    ps_status status = ps_prm_on_engine_begin(&m->on, request, &slot, &parent, err);
    if (status != PS_OK) return status;
    const ps_evaluate_request asked = {.node = parent,
                                       .tokens = tokens,
                                       .n_tokens = n,
                                       .marks = &mark,
                                       .n_marks = n_marks,
                                       .hidden = n_marks > 0,
                                       .tag = slot};
    status = ps_engine_evaluate(m->on.engine, &asked, err);
    if (status != PS_OK) ps_slots_give(&m->on.under_way, slot);
    return status;
}

/* A step without a token is answered at the next poll. */
static ps_status repeat(learned_prm *m, const ps_prm_request *request, ps_error *err) {
    ps_status status = ps_prm_nodes_reserve(&m->on.nodes, m->on.under_way.n_taken + 1, err);
    if (status != PS_OK) return status;
    if (ps_reserve(&m->made, &m->made_capacity, m->n_made + 1) != PS_OK) return ps_nomem(err);
    const ps_prm_prefix parent = *ps_prm_nodes_find(&m->on.nodes, request->parent);
    ps_engine_retain(m->on.engine, parent.engine_node);
    m->made[m->n_made++] = reading(m, request->tag, parent.aggregate, NULL, parent.engine_node, 0);
    if (m->ready != NULL) m->ready(m->user);
    return PS_OK;
}

static ps_status submit(ps_prm *prm, const ps_prm_request *request, ps_error *err) {
    learned_prm *m = self(prm);
    ps_token *tokens = NULL;
    size_t n = 0;
    if (ps_prm_nodes_find(&m->on.nodes, request->parent) == NULL)
        return ps_fail(err, PS_ARG, "the prefix to score after does not exist or was released");
    if (ps_reserve(&m->given, &m->given_capacity, m->on.under_way.n_taken + m->n_made + 1) != PS_OK)
        return ps_nomem(err);
    ps_status status = PS_OK;
    if (request->length > 0)
        status = ps_engine_tokenize(m->on.engine, request->text, request->length, false, &tokens, &n, err);
    if (status == PS_OK) status = n > 0 ? evaluate(m, request, tokens, n, err) : repeat(m, request, err);
    ps_free(tokens);
    return status;
}

/* ---- Answers ------------------------------------------------------------- */

static ps_prm_event answer(learned_prm *m, const ps_event *event) {
    const uint32_t slot = (uint32_t)event->tag;
    const ps_prm_pending p = m->on.pending[slot];
    if (event->status != PS_OK) return ps_prm_on_engine_failed(&m->on, slot, event->status, event->message);
    ps_slots_give(&m->on.under_way, slot);
    return reading(m, p.tag, p.before, event->hidden, event->child, event->prefilled);
}

static ps_status poll(ps_prm *prm, double seconds, const ps_prm_event **events, size_t *n, ps_error *err) {
    learned_prm *m = self(prm);
    const ps_event *ready = NULL;
    size_t count = 0;
    ps_status status = ps_engine_poll(m->on.engine, m->n_made > 0 ? 0 : seconds, &ready, &count, err);
    if (status != PS_OK) return status;
    if (m->n_made > 0) memcpy(m->given, m->made, m->n_made * sizeof *m->made);
    for (size_t i = 0; i < count; i++)
        m->given[m->n_made + i] = answer(m, &ready[i]);
    *events = m->given;
    *n = m->n_made + count;
    m->n_made = 0;
    return PS_OK;
}

static bool on_ready(ps_prm *prm, void (*ready)(void *user), void *user) {
    learned_prm *m = self(prm);
    m->ready = ready;
    m->user = user;
    return ps_engine_on_ready(m->on.engine, ready, user);
}

static const char *identity(const ps_prm *prm) {
    return ((const learned_prm *)prm)->identity;
}

static const ps_prm_ops learned_ops = {.kind = "head",
                                       .destroy = destroy,
                                       .root = root,
                                       .release = ps_prm_on_engine_release,
                                       .submit = submit,
                                       .poll = poll,
                                       .cancel = ps_prm_on_engine_cancel,
                                       .wake = ps_prm_on_engine_wake,
                                       .on_ready = on_ready,
                                       .stats = ps_prm_on_engine_stats,
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
    if (of == NULL)
        ps_log_printf(log, PS_LOG_WARNING,
                      "%s does not say of which model's hidden states it was learned (prm.head.model): its readings "
                      "mean something where that is %s, and nothing otherwise",
                      path, info->model);
    if (of == NULL || info->identity == NULL || strcmp(of, info->identity) == 0) return;
    ps_log_printf(
        log, PS_LOG_WARNING,
        "%s was learned from the hidden states of another file than %s (%s): its readings mean something where "
        "that is the same model in another number format, and nothing otherwise",
        path, info->model, of);
}

/* It has no tag, and is read after every step. */
static void tell_of_idle_options(const ps_prm_options *o) {
    const struct {
        const char *key, *value;
    } idle[] = {{"step_tag", o->step_tag}, {"step_separator", o->step_separator}};
    for (size_t i = 0; i < sizeof idle / sizeof *idle; i++)
        if (idle[i].value != NULL)
            ps_log_printf(&o->log, PS_LOG_WARNING,
                          "scoring.prm.%s cannot act: %s is a learned head, which is read before the last token of "
                          "every step of the search",
                          idle[i].key, o->head_path);
}

static ps_status configure(learned_prm *m, const ps_prm_options *o, ps_error *err) {
    ps_engine_info info;
    ps_engine_get_info(m->on.engine, &info);
    ps_status status = ps_prm_head_read(o->head_path, &m->head, err);
    if (status == PS_OK) status = ps_prm_head_fits(&m->head, o->head_path, info.model, info.hidden_size, err);
    if (status == PS_OK) status = ps_prm_head_identify(&m->head, info.identity, &m->identity, err);
    if (status != PS_OK) return status;
    tell_of_another_model(&m->head, o->head_path, &info, &o->log);
    tell_of_idle_options(o);
    const char *system = o->system != NULL ? o->system : m->head.origin.system;
    if (system == NULL || *system == '\0') return PS_OK;
    m->system = ps_strdup(system);
    return m->system != NULL ? PS_OK : ps_nomem(err);
}

ps_status ps_prm_learned_create(ps_engine *engine, const ps_prm_options *options, ps_prm **prm, ps_error *err) {
    learned_prm *m = ps_calloc(1, sizeof *m);
    if (m == NULL) return ps_nomem(err);
    m->on.base.ops = &learned_ops;
    m->on.engine = engine;
    m->on.aggregate = options->aggregate;
    ps_status status = configure(m, options, err);
    if (status == PS_OK)
        *prm = &m->on.base;
    else
        free_parts(m);
    return status;
}
