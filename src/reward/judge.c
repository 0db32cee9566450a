/* Kind `judge`. The prompt is a chat that asks about a question and the steps so far. Of its text, what stands before
 * the steps is the root of a tree, each step a node of it; what stands after them, the question put to the model, is
 * read behind every node and let go of again, and there p(yes) is held against p(no). So a step costs its own tokens
 * and those of what is asked, whatever came before it. */
#include "reward/judge.h"
#include "reward/on_engine.h"

#include <math.h>
#include <string.h>

static const char usual_prompt[] =
    "Here are a question and the beginning of an answer to it.\n\nQuestion: {question}\n\nBeginning of the "
    "answer:\n{steps}\n\nIs everything in this beginning right so far? Answer with one word, Yes or No.";

typedef struct judge {
    ps_prm_on_engine on;     /* first */
    char *rendered;          /* the chat with its two places */
    ps_prompt_part parts[3]; /* of it, up to the steps: before the question, the question, behind it */
    ps_token *asking;        /* [n_asking] what stands behind the steps */
    size_t n_asking;
    ps_token choices[2]; /* positive, negative */
} judge;

static judge *self(ps_prm *prm) {
    return (judge *)prm;
}

void ps_judge_forget(ps_prm *prm) {
    judge *j = self(prm);
    ps_prm_on_engine_clear(&j->on);
    ps_free(j->rendered);
    ps_free(j->asking);
    ps_free(j);
}

static void destroy(ps_prm *prm) {
    ps_engine *engine = self(prm)->on.engine;
    ps_judge_forget(prm); /* the engine's nodes go with it */
    ps_engine_free(engine);
}

static ps_status root(ps_prm *prm, const char *question, ps_prm_node *node, ps_error *err) {
    judge *j = self(prm);
    ps_prompt_part parts[3];
    memcpy(parts, j->parts, sizeof parts);
    parts[1] = (ps_prompt_part){.text = question, .length = strlen(question), .user = true};
    return ps_prm_on_engine_root(&j->on, &(ps_prompt){.parts = parts, .n_parts = 3}, node, err);
}

/* ---- Submission ---------------------------------------------------------- */

/* Ask behind the node of a step. */
static ps_status ask(judge *j, uint32_t slot, ps_error *err) {
    const uint32_t mark = (uint32_t)j->n_asking - 1;
    return ps_engine_evaluate(j->on.engine,
                              &(ps_evaluate_request){.node = j->on.pending[slot].node,
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
static ps_status begin(judge *j, uint32_t slot, ps_node parent, const ps_prm_request *request, ps_error *err) {
    ps_engine *engine = j->on.engine;
    if (request->length > 0)
        return ps_engine_evaluate(
            engine,
            &(ps_evaluate_request){.node = parent, .text = request->text, .text_length = request->length, .tag = slot},
            err);
    ps_engine_retain(engine, parent);
    j->on.pending[slot].node = parent;
    ps_status status = ask(j, slot, err);
    if (status != PS_OK) ps_engine_release(engine, parent);
    return status;
}

/* Control tokens that the text spells stay text: a step cannot end the chat's message. */
static ps_status submit(ps_prm *prm, const ps_prm_request *request, ps_error *err) {
    judge *j = self(prm);
    uint32_t slot = 0;
    ps_node parent = 0;
    ps_status status = ps_prm_on_engine_begin(&j->on, request, &slot, &parent, err);
    if (status != PS_OK) return status;
    status = begin(j, slot, parent, request, err);
    if (status != PS_OK) ps_slots_give(&j->on.under_way, slot);
    return status;
}

/* ---- Answers ------------------------------------------------------------- */

static ps_prm_event fail(judge *j, uint32_t slot, ps_status status, const char *message) {
    ps_engine_release(j->on.engine, j->on.pending[slot].node);
    return ps_prm_on_engine_failed(&j->on, slot, status, message);
}

/* What the model said behind the step. */
static ps_prm_event answer(judge *j, uint32_t slot, const ps_event *event) {
    const ps_prm_pending *p = &j->on.pending[slot];
    const double step = ps_prm_first_of_two(event->choice_logp);
    if (isnan(step))
        return fail(j, slot, PS_DOMAIN, "the judge gives neither of its two answers any probability: other ones?");
    return ps_prm_on_engine_scored(&j->on, slot, p->node, step, p->tokens);
}

/* An event of the engine: the step was read, or the answer is there. True: *made is an event of ours. */
static bool take(judge *j, const ps_event *event, ps_prm_event *made) {
    const uint32_t slot = (uint32_t)event->tag;
    ps_prm_pending *p = &j->on.pending[slot];
    if (event->status != PS_OK) {
        *made = fail(j, slot, event->status, event->message);
        return true;
    }
    p->tokens += event->prefilled;
    if (p->node != 0) {
        ps_engine_release(j->on.engine, event->child); /* what was asked is no part of the work */
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
        ps_status status = ps_engine_poll(j->on.engine, seconds, &ready, &count, err);
        if (status != PS_OK) return status;
        for (size_t i = 0; i < count; i++)
            made += take(j, &ready[i], &j->on.events[made]);
    } while (count > 0 && made == 0 && isinf(seconds)); /* steps were read, and nothing answered yet */
    ps_engine_begin(j->on.engine);                      /* what was asked just now */
    *events = j->on.events;
    *n = made;
    return PS_OK;
}

/* What it is asked is a setting, not the model: the identity is the engine's. */
static const ps_prm_ops judge_ops = {.kind = "judge",
                                     .destroy = destroy,
                                     .root = root,
                                     .release = ps_prm_on_engine_release,
                                     .submit = submit,
                                     .poll = poll,
                                     .cancel = ps_prm_on_engine_cancel,
                                     .wake = ps_prm_on_engine_wake,
                                     .on_ready = ps_prm_on_engine_on_ready,
                                     .stats = ps_prm_on_engine_stats,
                                     .identity = ps_prm_on_engine_identity};

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
    ps_status status = ps_engine_render_chat(j->on.engine, has_system ? messages : messages + 1, has_system ? 2 : 1,
                                             &j->rendered, err);
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
    return ps_engine_tokenize(j->on.engine, end, strlen(end), true, &j->asking, &j->n_asking, err);
}

static ps_status find_choice(judge *j, const char *text, const char *usual, ps_token *token, ps_error *err) {
    return ps_prm_single_token(j->on.engine, "answer", text != NULL ? text : usual, " of the judge",
                               "choose words of one token with scoring.prm.positive and scoring.prm.negative", token,
                               err);
}

ps_status ps_judge_create(ps_engine *engine, const ps_prm_options *options, ps_prm **prm, ps_error *err) {
    judge *j = ps_calloc(1, sizeof *j);
    if (j == NULL) return ps_nomem(err);
    j->on.base.ops = &judge_ops;
    j->on.engine = engine;
    j->on.aggregate = options->aggregate;
    ps_status status = render(j, options, err);
    if (status == PS_OK) status = find_choice(j, options->positive, "Yes", &j->choices[0], err);
    if (status == PS_OK) status = find_choice(j, options->negative, "No", &j->choices[1], err);
    if (status == PS_OK)
        *prm = &j->on.base;
    else
        ps_judge_forget(&j->on.base);
    return status;
}
