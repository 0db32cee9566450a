/* Kind `judge`. The prompt is a chat that asks about a question and the steps so far. Of its text, what stands before
 * the steps is the root of a tree, each step a node of it; what stands after them, the question put to the model, is
 * read behind every node and let go of again, and there p(yes) is held against p(no). So a step costs its own tokens
 * and those of what is asked, whatever came before it. */
#include "reward/judge.h"
#include "reward/nodes.h"

#include <math.h>
#include <string.h>

static const char usual_prompt[] =
    "Here are a question and the beginning of an answer to it.\n\nQuestion: {question}\n\nBeginning of the "
    "answer:\n{steps}\n\nIs everything in this beginning right so far? Answer with one word, Yes or No.";

/* A step under way; its slot is the tag of the engine's request. */
typedef struct pending {
    uint64_t tag;
    ps_aggregate_state before;
    ps_node node;  /* after the step, once it is read: it is being asked there; owned */
    size_t tokens; /* computed so far */
} pending;

typedef struct judge {
    ps_prm base; /* first */
    ps_engine *engine;
    ps_aggregate aggregate;
    char *rendered;          /* the chat with its two places */
    ps_prompt_part parts[3]; /* of it, up to the steps: before the question, the question, behind it */
    ps_token *asking;        /* [n_asking] what stands behind the steps */
    size_t n_asking;
    ps_token choices[2]; /* positive, negative */
    ps_prm_nodes nodes;
    ps_slots under_way;
    pending *pending; /* by slot */
    size_t pending_capacity;
    ps_prm_event *events;
    size_t event_capacity;
} judge;

static judge *self(ps_prm *prm) {
    return (judge *)prm;
}

void ps_judge_forget(ps_prm *prm) {
    judge *j = self(prm);
    ps_prm_nodes_clear(&j->nodes);
    ps_slots_clear(&j->under_way);
    ps_free(j->rendered);
    ps_free(j->asking);
    ps_free(j->pending);
    ps_free(j->events);
    ps_free(j);
}

static void destroy(ps_prm *prm) {
    ps_engine *engine = self(prm)->engine;
    ps_judge_forget(prm); /* the engine's nodes go with it */
    ps_engine_free(engine);
}

/* ---- Prefixes ------------------------------------------------------------ */

static ps_status root(ps_prm *prm, const char *question, ps_prm_node *node, ps_error *err) {
    judge *j = self(prm);
    ps_node engine_node = 0;
    ps_prompt_part parts[3];
    memcpy(parts, j->parts, sizeof parts);
    parts[1] = (ps_prompt_part){.text = question, .length = strlen(question), .user = true};
    const ps_prompt prompt = {.parts = parts, .n_parts = 3};
    /* Beside what is under way, so that poll cannot run out of room. */
    ps_status status = ps_prm_nodes_reserve(&j->nodes, j->under_way.n_taken + 1, err);
    if (status == PS_OK) status = ps_engine_prompt(j->engine, &prompt, &engine_node, err);
    if (status == PS_OK) *node = ps_prm_nodes_add(&j->nodes, (ps_prm_prefix){.engine_node = engine_node});
    return status;
}

static void release(ps_prm *prm, ps_prm_node node) {
    judge *j = self(prm);
    ps_engine_release(j->engine, ps_prm_nodes_remove(&j->nodes, node).engine_node);
}

/* ---- Submission ---------------------------------------------------------- */

/* A free slot, with room for its node and its event. */
static ps_status take_slot(judge *j, uint32_t *slot, ps_error *err) {
    const size_t n = j->under_way.n_taken + 1;
    ps_status status = ps_prm_nodes_reserve(&j->nodes, n, err);
    if (status == PS_OK) status = ps_slots_reserve(&j->under_way, 1, err);
    if (status != PS_OK) return status;
    if (ps_reserve(&j->events, &j->event_capacity, n) != PS_OK ||
        ps_reserve(&j->pending, &j->pending_capacity, j->under_way.capacity) != PS_OK)
        return ps_nomem(err);
    ps_slots_take(&j->under_way, slot);
    return PS_OK;
}

/* Ask behind the node of a step. */
static ps_status ask(judge *j, uint32_t slot, ps_error *err) {
    const uint32_t mark = (uint32_t)j->n_asking - 1;
    return ps_engine_evaluate(j->engine,
                              &(ps_evaluate_request){.node = j->pending[slot].node,
                                                     .tokens = j->asking,
                                                     .n_tokens = j->n_asking,
                                                     .marks = &mark,
                                                     .n_marks = 1,
                                                     .choices = j->choices,
                                                     .n_choices = 2,
                                                     .tag = slot},
                              err);
}

/* Read the step, or, where it says nothing, ask behind its parent again. */
static ps_status begin(judge *j, uint32_t slot, ps_node parent, const ps_token *tokens, size_t n, ps_error *err) {
    if (n > 0)
        return ps_engine_evaluate(
            j->engine, &(ps_evaluate_request){.node = parent, .tokens = tokens, .n_tokens = n, .tag = slot}, err);
    ps_engine_retain(j->engine, parent);
    j->pending[slot].node = parent;
    ps_status status = ask(j, slot, err);
    if (status != PS_OK) ps_engine_release(j->engine, parent);
    return status;
}

/* Control tokens that the text spells stay text: a step cannot end the chat's message. */
static ps_status submit(ps_prm *prm, const ps_prm_request *request, ps_error *err) {
    judge *j = self(prm);
    uint32_t slot = 0;
    ps_token *tokens = NULL;
    size_t n = 0;
    if (ps_prm_nodes_find(&j->nodes, request->parent) == NULL)
        return ps_fail(err, PS_ARG, "the prefix to score after does not exist or was released");
    ps_status status = request->length > 0
                           ? ps_engine_tokenize(j->engine, request->text, request->length, false, &tokens, &n, err)
                           : PS_OK;
    if (status == PS_OK) status = take_slot(j, &slot, err);
    if (status == PS_OK) {
        const ps_prm_prefix *parent = ps_prm_nodes_find(&j->nodes, request->parent);
        j->pending[slot] = (pending){.tag = request->tag, .before = parent->aggregate};
        status = begin(j, slot, parent->engine_node, tokens, n, err);
        if (status != PS_OK) ps_slots_give(&j->under_way, slot);
    }
    ps_free(tokens);
    return status;
}

/* ---- Answers ------------------------------------------------------------- */

static ps_prm_event fail(judge *j, uint32_t slot, ps_status status, const char *message) {
    const pending *p = &j->pending[slot];
    ps_engine_release(j->engine, p->node);
    ps_slots_give(&j->under_way, slot);
    return (ps_prm_event){.tag = p->tag, .status = status, .message = message};
}

/* What the model said behind the step. Two impossible choices leave −∞ + ∞, NaN; one gives 0 or 1. */
static ps_prm_event answer(judge *j, uint32_t slot, const ps_event *event) {
    const pending *p = &j->pending[slot];
    const double step = 1 / (1 + exp(event->choice_logp[1] - event->choice_logp[0]));
    if (isnan(step))
        return fail(j, slot, PS_DOMAIN, "the judge gives neither of its two answers any probability: other ones?");
    const ps_aggregate_state after = ps_aggregate_add(p->before, step);
    ps_slots_give(&j->under_way, slot);
    return (ps_prm_event){.tag = p->tag,
                          .node =
                              ps_prm_nodes_add(&j->nodes, (ps_prm_prefix){.aggregate = after, .engine_node = p->node}),
                          .step = step,
                          .reward = ps_aggregate_value(&after, j->aggregate),
                          .tokens = p->tokens};
}

/* An event of the engine: the step was read, or the answer is there. True: *made is an event of ours. */
static bool take(judge *j, const ps_event *event, ps_prm_event *made) {
    const uint32_t slot = (uint32_t)event->tag;
    pending *p = &j->pending[slot];
    if (event->status != PS_OK) {
        *made = fail(j, slot, event->status, event->message);
        return true;
    }
    p->tokens += event->prefilled;
    if (p->node != 0) {
        ps_engine_release(j->engine, event->child); /* what was asked is no part of the work */
        *made = answer(j, slot, event);
        return true;
    }
    p->node = event->child;
    ps_error why;
    ps_status status = ask(j, slot, &why);
    if (status != PS_OK) *made = fail(j, slot, status, "the judge could not be asked: out of memory");
    return status != PS_OK;
}

static ps_status poll(ps_prm *prm, double seconds, const ps_prm_event **events, size_t *n, ps_error *err) {
    judge *j = self(prm);
    const ps_event *ready = NULL;
    size_t count = 0, made = 0;
    do {
        ps_status status = ps_engine_poll(j->engine, seconds, &ready, &count, err);
        if (status != PS_OK) return status;
        for (size_t i = 0; i < count; i++)
            made += take(j, &ready[i], &j->events[made]);
    } while (count > 0 && made == 0 && isinf(seconds)); /* steps were read, and nothing answered yet */
    ps_engine_begin(j->engine);                         /* what was asked just now */
    *events = j->events;
    *n = made;
    return PS_OK;
}

/* The engine knows the request by its slot. */
static void cancel(ps_prm *prm, uint64_t tag) {
    judge *j = self(prm);
    for (size_t i = 0; i < j->under_way.count; i++)
        if (ps_slots_is_taken(&j->under_way, i) && j->pending[i].tag == tag) ps_engine_cancel(j->engine, i);
}

static void wake(ps_prm *prm) {
    ps_engine_wake(self(prm)->engine);
}

static bool on_ready(ps_prm *prm, void (*ready)(void *user), void *user) {
    return ps_engine_on_ready(self(prm)->engine, ready, user);
}

static void stats(const ps_prm *prm, ps_engine_stats *stats) {
    ps_engine_get_stats(((const judge *)prm)->engine, stats);
}

/* What it is asked is a setting, not the model. */
static const char *identity(const ps_prm *prm) {
    ps_engine_info info;
    ps_engine_get_info(((const judge *)prm)->engine, &info);
    return info.identity;
}

static const ps_prm_ops judge_ops = {.kind = "judge",
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

/* The one place of a text; NULL when there is none, or more. */
static char *only_place(char *text, const char *place) {
    char *at = strstr(text, place);
    return at != NULL && strstr(at + 1, place) == NULL ? at : NULL;
}

/* The chat as the model's template renders it, cut at its two places. */
static ps_status render(judge *j, const ps_prm_options *o, ps_error *err) {
    static const char question[] = "{question}", steps[] = "{steps}";
    const bool has_system = o->system != NULL && *o->system != '\0';
    const ps_chat_message messages[] = {{"system", o->system},
                                        {"user", o->judge_prompt != NULL ? o->judge_prompt : usual_prompt}};
    ps_status status =
        ps_engine_render_chat(j->engine, has_system ? messages : messages + 1, has_system ? 2 : 1, &j->rendered, err);
    if (status != PS_OK) return ps_error_prefix(err, status, "the judge's prompt");
    char *first = only_place(j->rendered, question), *second = only_place(j->rendered, steps);
    if (first == NULL || second == NULL || second < first)
        return ps_fail(
            err, PS_ARG,
            "the judge's prompt, as the model's chat template renders it, needs {question} once and after it "
            "{steps} once");
    const char *behind = first + strlen(question), *end = second + strlen(steps);
    j->parts[0] = (ps_prompt_part){.text = j->rendered, .length = (size_t)(first - j->rendered)};
    j->parts[2] = (ps_prompt_part){.text = behind, .length = (size_t)(second - behind)};
    if (*end == '\0') return ps_fail(err, PS_ARG, "the judge's prompt asks nothing behind {steps}");
    return ps_engine_tokenize(j->engine, end, strlen(end), true, &j->asking, &j->n_asking, err);
}

/* The one token that an answer is. */
static ps_status find_choice(judge *j, const char *text, ps_token *token, ps_error *err) {
    ps_token *tokens = NULL;
    size_t n = 0;
    ps_status status = ps_engine_tokenize(j->engine, text, strlen(text), true, &tokens, &n, err);
    if (status != PS_OK) return ps_error_prefix(err, status, "the answer \"%s\" of the judge", text);
    if (n == 1)
        *token = tokens[0];
    else
        status = ps_fail(err, PS_FORMAT,
                         "the answer \"%s\" of the judge is %zu tokens of this model: choose words of one token with "
                         "scoring.prm.positive and scoring.prm.negative",
                         text, n);
    ps_free(tokens);
    return status;
}

ps_status ps_judge_create(ps_engine *engine, const ps_prm_options *options, ps_prm **prm, ps_error *err) {
    judge *j = ps_calloc(1, sizeof *j);
    if (j == NULL) return ps_nomem(err);
    j->base.ops = &judge_ops;
    j->engine = engine;
    j->aggregate = options->aggregate;
    ps_status status = render(j, options, err);
    if (status == PS_OK)
        status = find_choice(j, options->positive != NULL ? options->positive : "Yes", &j->choices[0], err);
    if (status == PS_OK)
        status = find_choice(j, options->negative != NULL ? options->negative : "No", &j->choices[1], err);
    if (status == PS_OK)
        *prm = &j->base;
    else
        ps_judge_forget(&j->base);
    return status;
}
