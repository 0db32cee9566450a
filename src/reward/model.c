/* Kinds `token` and `head`: a reward model on an engine's tree. A scored prefix holds the engine's node after its last
 * tag, so a step costs its own tokens and the tag, whatever came before it; the requests of all particles are under way
 * together. */
#include "reward/head.h"
#include "reward/judge.h"
#include "reward/nodes.h"
#include "reward/separated.h"

#include <math.h>
#include <string.h>

/* A step under way; its slot is the tag of the engine's request. */
typedef struct pending {
    uint64_t tag;
    ps_aggregate_state before;
} pending;

typedef struct model_prm {
    ps_prm base; /* first */
    ps_engine *engine;
    ps_aggregate aggregate;
    bool has_head;
    ps_prm_head head;
    char *identity;      /* with the head's, or NULL: the engine's */
    char *system;        /* or NULL */
    ps_token tag;        /* after each step */
    ps_token choices[2]; /* kind token: positive, negative */
    ps_prm_nodes nodes;
    ps_slots under_way;
    pending *pending; /* by slot */
    size_t pending_capacity;
    ps_prm_event *events;
    size_t event_capacity;
    ps_token *tokens; /* scratch: a step and its tag */
    size_t token_capacity;
} model_prm;

static model_prm *self(ps_prm *prm) {
    return (model_prm *)prm;
}

/* Frees all but the engine, which is the caller's until creation has succeeded. */
static void free_parts(model_prm *m) {
    ps_prm_nodes_clear(&m->nodes);
    ps_prm_head_clear(&m->head);
    ps_free(m->identity);
    ps_free(m->system);
    ps_slots_clear(&m->under_way);
    ps_free(m->pending);
    ps_free(m->events);
    ps_free(m->tokens);
    ps_free(m);
}

static void destroy(ps_prm *prm) {
    ps_engine *engine = self(prm)->engine;
    free_parts(self(prm)); /* the engine's nodes go with it */
    ps_engine_free(engine);
}

/* ---- Prefixes ------------------------------------------------------------ */

static ps_status root(ps_prm *prm, const char *question, ps_prm_node *node, ps_error *err) {
    model_prm *m = self(prm);
    ps_node engine_node = 0;
    const ps_chat_message messages[] = {{"system", m->system}, {"user", question}};
    const bool has_system = m->system != NULL;
    const ps_prompt prompt = {.messages = has_system ? messages : messages + 1, .n_messages = has_system ? 2 : 1};
    /* Beside what is under way, so that poll cannot run out of room. */
    ps_status status = ps_prm_nodes_reserve(&m->nodes, m->under_way.n_taken + 1, err);
    if (status == PS_OK) status = ps_engine_prompt(m->engine, &prompt, &engine_node, err);
    if (status == PS_OK) *node = ps_prm_nodes_add(&m->nodes, (ps_prm_prefix){.engine_node = engine_node});
    return status;
}

static void release(ps_prm *prm, ps_prm_node node) {
    model_prm *m = self(prm);
    ps_engine_release(m->engine, ps_prm_nodes_remove(&m->nodes, node).engine_node);
}

/* ---- Submission ---------------------------------------------------------- */

/* The length of a step without the white space at its end, whose place the tag takes: models are trained on steps that
 * were split at it. */
static size_t stripped(const char *text, size_t length) {
    while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL && text[length - 1] != '\0')
        length--;
    return length;
}

/* The step's tokens and the tag into m->tokens; *n with the tag. Control tokens that the text spells stay text: a step
 * cannot forge a tag. */
static ps_status tokenize_step(model_prm *m, const char *text, size_t length, size_t *n, ps_error *err) {
    ps_token *tokens = NULL;
    size_t count = 0;
    length = stripped(text, length);
    ps_status status = length > 0 ? ps_engine_tokenize(m->engine, text, length, false, &tokens, &count, err) : PS_OK;
    if (status == PS_OK && ps_reserve(&m->tokens, &m->token_capacity, count + 1) != PS_OK) status = ps_nomem(err);
    if (status == PS_OK) {
        if (count > 0) memcpy(m->tokens, tokens, count * sizeof *tokens);
        m->tokens[count] = m->tag;
        *n = count + 1;
    }
    ps_free(tokens);
    return status;
}

/* A free slot, with room for its node and its event. */
static ps_status take_slot(model_prm *m, uint32_t *slot, ps_error *err) {
    const size_t n = m->under_way.n_taken + 1;
    ps_status status = ps_prm_nodes_reserve(&m->nodes, n, err);
    if (status == PS_OK) status = ps_slots_reserve(&m->under_way, 1, err);
    if (status != PS_OK) return status;
    if (ps_reserve(&m->events, &m->event_capacity, n) != PS_OK ||
        ps_reserve(&m->pending, &m->pending_capacity, m->under_way.capacity) != PS_OK)
        return ps_nomem(err);
    ps_slots_take(&m->under_way, slot);
    return PS_OK;
}

static ps_status submit(ps_prm *prm, const ps_prm_request *request, ps_error *err) {
    model_prm *m = self(prm);
    uint32_t slot = 0;
    size_t n = 0;
    if (ps_prm_nodes_find(&m->nodes, request->parent) == NULL)
        return ps_fail(err, PS_ARG, "the prefix to score after does not exist or was released");
    ps_status status = tokenize_step(m, request->text, request->length, &n, err);
    if (status == PS_OK) status = take_slot(m, &slot, err);
    if (status != PS_OK) return status;
    const ps_prm_prefix *parent = ps_prm_nodes_find(&m->nodes, request->parent);
    m->pending[slot] = (pending){.tag = request->tag, .before = parent->aggregate};
    const uint32_t mark = (uint32_t)n - 1;
    status = ps_engine_evaluate(m->engine,
                                &(ps_evaluate_request){.node = parent->engine_node,
                                                       .tokens = m->tokens,
                                                       .n_tokens = n,
                                                       .marks = &mark,
                                                       .n_marks = 1,
                                                       .choices = m->choices,
                                                       .n_choices = m->has_head ? 0 : 2,
                                                       .hidden = m->has_head,
                                                       .tag = slot},
                                err);
    if (status != PS_OK) ps_slots_give(&m->under_way, slot);
    return status;
}

/* ---- Answers ------------------------------------------------------------- */

/* P(right), or NaN. */
static double read_event(const model_prm *m, const ps_event *event) {
    if (m->has_head) return event->hidden != NULL ? ps_prm_head_apply(&m->head, event->hidden) : NAN;
    /* Two impossible choices leave −∞ + ∞, NaN; one gives 0 or 1. */
    return 1 / (1 + exp(event->choice_logp[1] - event->choice_logp[0]));
}

static ps_prm_event answer(model_prm *m, const ps_event *event) {
    const uint32_t slot = (uint32_t)event->tag;
    const pending under_way = m->pending[slot];
    ps_slots_give(&m->under_way, slot);
    ps_prm_event made = {.tag = under_way.tag, .status = event->status, .message = event->message};
    if (event->status != PS_OK) return made;
    made.step = read_event(m, event);
    if (isnan(made.step)) {
        ps_engine_release(m->engine, event->child);
        return (ps_prm_event){.tag = under_way.tag,
                              .status = PS_DOMAIN,
                              .message = "the process reward model gave NaN: its file or its head may be damaged"};
    }
    const ps_aggregate_state after = ps_aggregate_add(under_way.before, made.step);
    made.node = ps_prm_nodes_add(&m->nodes, (ps_prm_prefix){.aggregate = after, .engine_node = event->child});
    made.reward = ps_aggregate_value(&after, m->aggregate);
    made.tokens = event->prefilled;
    return made;
}

static ps_status poll(ps_prm *prm, double seconds, const ps_prm_event **events, size_t *n, ps_error *err) {
    model_prm *m = self(prm);
    const ps_event *ready = NULL;
    size_t count = 0;
    ps_status status = ps_engine_poll(m->engine, seconds, &ready, &count, err);
    if (status != PS_OK) return status;
    for (size_t i = 0; i < count; i++)
        m->events[i] = answer(m, &ready[i]);
    *events = m->events;
    *n = count;
    return PS_OK;
}

/* The engine knows the request by its slot. */
static void cancel(ps_prm *prm, uint64_t tag) {
    model_prm *m = self(prm);
    for (size_t i = 0; i < m->under_way.count; i++)
        if (ps_slots_is_taken(&m->under_way, i) && m->pending[i].tag == tag) ps_engine_cancel(m->engine, i);
}

static void wake(ps_prm *prm) {
    ps_engine_wake(self(prm)->engine);
}

static bool on_ready(ps_prm *prm, void (*ready)(void *user), void *user) {
    return ps_engine_on_ready(self(prm)->engine, ready, user);
}

static void stats(const ps_prm *prm, ps_engine_stats *stats) {
    ps_engine_get_stats(((const model_prm *)prm)->engine, stats);
}

static const char *identity(const ps_prm *prm) {
    const model_prm *m = (const model_prm *)prm;
    ps_engine_info info;
    ps_engine_get_info(m->engine, &info);
    return m->identity != NULL ? m->identity : info.identity;
}

static const ps_prm_ops token_ops = {.kind = "token",
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
static const ps_prm_ops head_ops = {.kind = "head",
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

/* The one token that a text is. */
static ps_status single_token(model_prm *m, const char *what, const char *text, ps_token *token, ps_error *err) {
    ps_token *tokens = NULL;
    size_t n = 0;
    ps_status status = ps_engine_tokenize(m->engine, text, strlen(text), true, &tokens, &n, err);
    if (status != PS_OK) return ps_error_prefix(err, status, "the %s \"%s\" of the process reward model", what, text);
    if (n == 1)
        *token = tokens[0];
    else
        status = ps_fail(err, PS_FORMAT,
                         "the %s \"%s\" is %zu tokens of this model; a process reward model has it as one token: is "
                         "this the right model?",
                         what, text, n);
    ps_free(tokens);
    return status;
}

static const char *first_of(const char *a, const char *b, const char *c) {
    return a != NULL ? a : b != NULL ? b : c;
}

static ps_status find_tokens(model_prm *m, const ps_prm_options *o, const ps_prm_metadata *metadata, ps_error *err) {
    const char *tag = first_of(o->step_tag, m->head.tag, metadata->tag);
    if (tag == NULL || *tag == '\0')
        return ps_fail(err, PS_FORMAT,
                       "no step tag is known: neither the options nor the metadata (prm.token.tag, prm.head.tag) of "
                       "this process reward model name one");
    ps_status status = single_token(m, "step tag", tag, &m->tag, err);
    if (status != PS_OK || m->has_head) return status;
    status = single_token(m, "choice", first_of(o->positive, metadata->positive, "+"), &m->choices[0], err);
    if (status == PS_OK)
        status = single_token(m, "choice", first_of(o->negative, metadata->negative, "-"), &m->choices[1], err);
    return status;
}

/* Two models of one base and different heads are two models. An engine whose model nobody knows stays so. */
static ps_status identify(model_prm *m, const char *of_model, ps_error *err) {
    ps_text text = {0};
    if (of_model == NULL) return PS_OK;
    ps_text_printf(&text, "%s+%s", of_model, m->head.identity);
    m->identity = text.data;
    return ps_text_ok(&text) ? PS_OK : ps_nomem(err);
}

static ps_status load_head(model_prm *m, const char *path, ps_error *err) {
    ps_engine_info info;
    ps_status status = ps_prm_head_read(path, &m->head, err);
    ps_engine_get_info(m->engine, &info);
    if (status == PS_OK) status = identify(m, info.identity, err);
    if (status != PS_OK) return status;
    m->has_head = true;
    m->base.ops = &head_ops;
    if (m->head.layer[0].in == info.hidden_size) return PS_OK;
    return info.hidden_size == 0
               ? ps_fail(err, PS_FORMAT, "%s needs the model's hidden states, which this engine does not give", path)
               : ps_fail(err, PS_FORMAT,
                         "%s takes a hidden state of %zu numbers and the model %s has %zu: they do not "
                         "belong together",
                         path, m->head.layer[0].in, info.model, info.hidden_size);
}

static ps_status configure(model_prm *m, const ps_prm_metadata *metadata, const ps_prm_options *o, ps_error *err) {
    const char *system = first_of(o->system, metadata->system, NULL);
    ps_status status = o->head_path != NULL ? load_head(m, o->head_path, err) : PS_OK;
    if (status == PS_OK) status = find_tokens(m, o, metadata, err);
    if (status == PS_OK && system != NULL && *system != '\0') {
        m->system = ps_strdup(system);
        if (m->system == NULL) status = ps_nomem(err);
    }
    return status;
}

/* A model that every step is read with. */
static ps_status create(ps_engine *engine, const ps_prm_metadata *metadata, const ps_prm_options *options, ps_prm **prm,
                        ps_error *err) {
    model_prm *m = ps_calloc(1, sizeof *m);
    if (m == NULL) return ps_nomem(err);
    m->base.ops = &token_ops;
    m->engine = engine;
    m->aggregate = options->aggregate;
    ps_status status = configure(m, metadata, options, err);
    if (status == PS_OK)
        *prm = &m->base;
    else
        free_parts(m);
    return status;
}

/* Put it behind its separator, where it has one; `forget` frees it without the engine, which stays the caller's. */
static ps_status separate(ps_prm *made, const char *separator, void (*forget)(ps_prm *prm), ps_prm **prm,
                          ps_error *err) {
    *prm = made;
    if (*separator == '\0' || ps_prm_separate(made, separator, prm, err) == PS_OK) return PS_OK;
    forget(made);
    return PS_NOMEM;
}

static void forget(ps_prm *prm) {
    free_parts(self(prm));
}

ps_status ps_prm_create(ps_engine *engine, const char *model_path, const ps_prm_options *options, ps_prm **prm,
                        ps_error *err) {
    ps_prm_metadata metadata = {0};
    ps_prm *made = NULL;
    if (engine->ops->evaluate == NULL)
        return ps_fail(err, PS_ARG, "the engine %s cannot evaluate given tokens, as a process reward model must",
                       engine->ops->name);
    ps_status status = PS_OK;
    if (model_path != NULL && !options->judge) status = ps_prm_metadata_read(model_path, &metadata, err);
    const char *separator = first_of(options->step_separator, metadata.separator, "");
    if (status == PS_OK)
        status = options->judge ? ps_judge_create(engine, options, &made, err)
                                : create(engine, &metadata, options, &made, err);
    if (status == PS_OK) status = separate(made, separator, options->judge ? ps_judge_forget : forget, &made, err);
    if (status == PS_OK) *prm = made;
    ps_prm_metadata_clear(&metadata);
    return status;
}
