/* Kinds `token` and `head`: a reward model on an engine's tree. A scored prefix holds the engine's node after its last
 * tag, so a step costs its own tokens and the tag, whatever came before it; the requests of all particles are under way
 * together. */
#include "reward/head.h"
#include "reward/judge.h"
#include "reward/learned.h"
#include "reward/on_engine.h"
#include "reward/separated.h"

#include <math.h>
#include <string.h>

typedef struct model_prm {
    ps_prm_on_engine on; /* first */
    bool has_head;
    ps_prm_head head;
    char *identity;      /* with the head's, or NULL: the engine's */
    char *system;        /* or NULL */
    ps_token tag;        /* after each step */
    ps_token choices[2]; /* kind token: positive, negative */
} model_prm;

static model_prm *self(ps_prm *prm) {
    return (model_prm *)prm;
}

/* Frees all but the engine, which is the caller's until creation has succeeded. */
static void free_parts(model_prm *m) {
    ps_prm_on_engine_clear(&m->on);
    ps_prm_head_clear(&m->head);
    ps_free(m->identity);
    ps_free(m->system);
    ps_free(m);
}

static void destroy(ps_prm *prm) {
    ps_engine *engine = self(prm)->on.engine;
    free_parts(self(prm)); /* the engine's nodes go with it */
    ps_engine_free(engine);
}

static ps_status root(ps_prm *prm, const char *question, ps_prm_node *node, ps_error *err) {
    return ps_prm_on_engine_chat(&self(prm)->on, self(prm)->system, question, node, err);
}

/* ---- Submission ---------------------------------------------------------- */

/* Control tokens that the step's text spells stay text: it cannot forge a tag. */
static ps_status submit(ps_prm *prm, const ps_prm_request *request, ps_error *err) {
    model_prm *m = self(prm);
    uint32_t slot = 0;
    ps_node parent = 0;
    ps_status status = ps_prm_on_engine_begin(&m->on, request, &slot, &parent, err);
    if (status != PS_OK) return status;
    status = ps_engine_evaluate(m->on.engine,
                                &(ps_evaluate_request){.node = parent,
                                                       .text = request->text,
                                                       .text_length = ps_prm_stripped(request->text, request->length),
                                                       .tokens = &m->tag,
                                                       .n_tokens = 1,
                                                       .marks = &(uint32_t){0},
                                                       .n_marks = 1,
                                                       .choices = m->choices,
                                                       .n_choices = m->has_head ? 0 : 2,
                                                       .hidden = m->has_head,
                                                       .tag = slot},
                                err);
    if (status != PS_OK) ps_slots_give(&m->on.under_way, slot);
    return status;
}

/* ---- Answers ------------------------------------------------------------- */

/* P(right), or NaN. */
static double read_event(const model_prm *m, const ps_event *event) {
    if (m->has_head) return event->hidden != NULL ? ps_prm_head_apply(&m->head, event->hidden) : NAN;
    return ps_prm_first_of_two(event->choice_logp);
}

static ps_prm_event answer(model_prm *m, const ps_event *event) {
    const uint32_t slot = (uint32_t)event->tag;
    if (event->status != PS_OK) return ps_prm_on_engine_failed(&m->on, slot, event->status, event->message);
    const double step = read_event(m, event);
    if (!isnan(step)) return ps_prm_on_engine_scored(&m->on, slot, event->child, step, event->prefilled);
    ps_engine_release(m->on.engine, event->child);
    return ps_prm_on_engine_failed(&m->on, slot, PS_DOMAIN,
                                   "the process reward model gave NaN: its file or its head may be damaged");
}

static ps_status poll(ps_prm *prm, double seconds, const ps_prm_event **events, size_t *n, ps_error *err) {
    model_prm *m = self(prm);
    const ps_event *ready = NULL;
    size_t count = 0;
    ps_status status = ps_engine_poll(m->on.engine, seconds, &ready, &count, err);
    if (status != PS_OK) return status;
    for (size_t i = 0; i < count; i++)
        m->on.events[i] = answer(m, &ready[i]);
    *events = m->on.events;
    *n = count;
    return PS_OK;
}

static const char *identity(const ps_prm *prm) {
    const model_prm *m = (const model_prm *)prm;
    return m->identity != NULL ? m->identity : ps_prm_on_engine_identity(prm);
}

#define MODEL_OPS(name)                                                                                                \
    {                                                                                                                  \
        .kind = name, .destroy = destroy, .root = root, .release = ps_prm_on_engine_release, .submit = submit,         \
        .poll = poll, .cancel = ps_prm_on_engine_cancel, .wake = ps_prm_on_engine_wake,                                \
        .on_ready = ps_prm_on_engine_on_ready, .stats = ps_prm_on_engine_stats, .identity = identity                   \
    }
static const ps_prm_ops token_ops = MODEL_OPS("token"), head_ops = MODEL_OPS("head");

/* ---- Creation ------------------------------------------------------------ */

static ps_status single_token(model_prm *m, const char *what, const char *text, ps_token *token, ps_error *err) {
    return ps_prm_single_token(m->on.engine, what, text, "",
                               "a process reward model has it as one token; is this the right model?", token, err);
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

static ps_status load_head(model_prm *m, const char *path, ps_error *err) {
    ps_engine_info info;
    ps_status status = ps_prm_head_read(path, &m->head, err);
    ps_engine_get_info(m->on.engine, &info);
    if (status == PS_OK) status = ps_prm_head_identify(&m->head, info.identity, &m->identity, err);
    if (status != PS_OK) return status;
    m->has_head = true;
    m->on.base.ops = &head_ops;
    return ps_prm_head_fits(&m->head, path, info.model, info.hidden_size, err);
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
    m->on.base.ops = &token_ops;
    m->on.engine = engine;
    m->on.aggregate = options->aggregate;
    ps_status status = configure(m, metadata, options, err);
    if (status == PS_OK)
        *prm = &m->on.base;
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

static ps_status check_engine(const ps_engine *engine, ps_error *err) {
    ps_engine_info info;
    ps_engine_get_info(engine, &info);
    if ((info.can & PS_ENGINE_EVALUATE) != 0) return PS_OK;
    return ps_fail(err, PS_ARG, "the engine %s cannot evaluate given tokens, as a process reward model must%s%s",
                   engine->ops->name, info.description != NULL ? ": " : "",
                   info.description != NULL ? info.description : "");
}

ps_status ps_prm_create(ps_engine *engine, const char *model_path, const ps_prm_options *options, ps_prm **prm,
                        ps_error *err) {
    ps_prm_metadata metadata = {0};
    ps_prm *made = NULL;
    ps_status status = check_engine(engine, err);
    bool learned = false;
    if (status == PS_OK && options->head_path != NULL && !options->judge)
        status = ps_prm_is_learned(options->head_path, &learned, err);
    if (status != PS_OK) return status;
    if (learned) return ps_prm_learned_create(engine, options, prm, err);
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
