/* Every answer of a table, by walking all its tokens. The second way to the numbers that sampling must reproduce: it
 * shares the rules and the boundary matcher with it, but no randomness, no tree and no step-by-step state. */
#include "engine/ramp.h"
#include "engine/toy/table.h"
#include "engine/toy/toy.h"

#include <math.h>
#include <string.h>

enum { MOST_ANSWERS = 1000000 };

typedef struct walk {
    const ps_toy_model *model;
    const ps_generation *generation;
    size_t max_tokens, max_steps;
    ps_toy_answers *answers;
    ps_error *err;
    ps_step_matcher matcher;
    ps_token *tokens; /* the answer at hand */
    double *confidence;
    size_t capacity, confidence_capacity;
    uint32_t *step_end;
    size_t step_capacity;
} walk;

/* Where a partial answer stands. */
typedef struct place {
    size_t n, n_steps, step_from; /* tokens; finished steps; first token of the step at hand */
    ps_step_state state;          /* what the steps before have left open */
    double logp, logq, entropy, certainty;
} place;

void ps_toy_answers_clear(ps_toy_answers *answers) {
    for (size_t i = 0; i < answers->n; i++) {
        ps_free(answers->items[i].tokens);
        ps_free(answers->items[i].text);
        ps_free(answers->items[i].confidence);
        ps_free(answers->items[i].step_end);
    }
    ps_free(answers->items);
    *answers = (ps_toy_answers){0};
}

static void append_tokens(const walk *w, ps_text *text, size_t from, size_t to) {
    for (size_t i = from; i < to; i++)
        ps_text_append(text, w->model->tokens[w->tokens[i]].text, w->model->tokens[w->tokens[i]].length);
}

/* Match the step at hand anew from its beginning; whether its last token ends it. */
static bool step_ends(walk *w, const place *at, ps_stop_reason *reason) {
    ps_text before = {0};
    bool ended = false;
    append_tokens(w, &before, 0, at->step_from);
    const size_t lookback = ps_step_lookback(w->generation);
    const size_t use = before.length < lookback ? before.length : lookback;
    ps_step_begin(&w->matcher, w->generation, ps_text_cstr(&before) + before.length - use, use, &at->state);
    for (size_t i = at->step_from; i < at->n; i++) {
        const ps_toy_token *token = &w->model->tokens[w->tokens[i]];
        ended = ps_step_push(&w->matcher, token->text, token->length, w->tokens[i] == w->model->end, reason);
    }
    ps_text_clear(&before);
    return ended;
}

/* The answer's text: all tokens, less what the last step's stop string cut. */
static char *text_of(walk *w, const place *at) {
    size_t step_length;
    ps_text text = {0};
    const char *step = ps_step_text(&w->matcher, &step_length);
    append_tokens(w, &text, 0, at->step_from);
    ps_text_append(&text, step, step_length);
    if (ps_text_ok(&text)) return text.data;
    ps_text_clear(&text);
    return NULL;
}

static ps_status record(walk *w, const place *at, ps_stop_reason reason) {
    ps_toy_answers *answers = w->answers;
    if (answers->n >= MOST_ANSWERS)
        return ps_fail(w->err, PS_BUDGET, "toy engine: more than %d answers; limit max_tokens", MOST_ANSWERS);
    if (ps_reserve(&answers->items, &answers->capacity, answers->n + 1) != PS_OK) return ps_nomem(w->err);
    ps_toy_answer made = {.tokens = ps_reallocarray(NULL, at->n, sizeof *made.tokens),
                          .n_tokens = at->n,
                          .text = text_of(w, at),
                          .logp = at->logp,
                          .logq = at->logq,
                          .entropy = at->entropy,
                          .certainty = at->certainty,
                          .confidence = ps_reallocarray(NULL, at->n, sizeof *made.confidence),
                          .step_end = ps_reallocarray(NULL, at->n_steps + 1, sizeof *made.step_end),
                          .n_steps = at->n_steps,
                          .reason = reason};
    answers->items[answers->n++] = made;
    if (made.tokens == NULL || made.confidence == NULL || made.text == NULL || made.step_end == NULL)
        return ps_nomem(w->err);
    memcpy(made.tokens, w->tokens, at->n * sizeof *made.tokens);
    memcpy(made.confidence, w->confidence, at->n * sizeof *made.confidence);
    memcpy(made.step_end, w->step_end, at->n_steps * sizeof *made.step_end);
    return PS_OK;
}

static ps_status visit(walk *w, const place *at);

/* After one more token: does the step end, the answer, or neither? */
static ps_status arrive(walk *w, place at) {
    ps_stop_reason reason = PS_STOP_STEP;
    const bool step = step_ends(w, &at, &reason);
    const bool ended = step && (reason == PS_STOP_EOS || reason == PS_STOP_STRING);
    const bool cut =
        (w->max_tokens > 0 && at.n >= w->max_tokens) || (step && w->max_steps > 0 && at.n_steps + 1 >= w->max_steps);
    if (step || cut) {
        if (ps_reserve(&w->step_end, &w->step_capacity, at.n_steps + 1) != PS_OK) return ps_nomem(w->err);
        w->step_end[at.n_steps++] = (uint32_t)at.n;
    }
    if (ended) return record(w, &at, reason);
    if (cut) return record(w, &at, PS_STOP_LENGTH);
    if (step) {
        at.step_from = at.n;
        at.state = w->matcher.state;
    }
    return visit(w, &at);
}

static ps_status visit(walk *w, const place *at) {
    const size_t longest = w->model->longest_context, use = at->n < longest ? at->n : longest;
    if (ps_reserve(&w->tokens, &w->capacity, at->n + 1) != PS_OK ||
        ps_reserve(&w->confidence, &w->confidence_capacity, at->n + 1) != PS_OK)
        return ps_nomem(w->err);
    const ps_toy_rule *rule = ps_toy_model_rule(w->model, w->tokens + at->n - use, use, at->n);
    double *q = ps_reallocarray(NULL, rule->n, sizeof *q);
    ps_status status = PS_OK;
    if (q == NULL) return ps_nomem(w->err);
    ps_generation room;
    ps_toy_rule_truncate(rule, ps_ramp(w->generation, at->n, &room), q);
    w->confidence[at->n] = rule->confidence;
    for (size_t i = 0; i < rule->n && status == PS_OK; i++) {
        if (q[i] <= 0) continue;
        w->tokens[at->n] = rule->token[i];
        place next = *at;
        next.n++;
        next.logp += rule->logp[i];
        next.logq += log(q[i]);
        next.entropy += rule->entropy;
        next.certainty += rule->certainty;
        status = arrive(w, next);
    }
    ps_free(q);
    return status;
}

ps_status ps_toy_enumerate(const ps_engine *engine, const ps_generation *generation, size_t max_tokens,
                           size_t max_steps, ps_toy_answers *answers, ps_error *err) {
    const ps_toy_table *table = ps_toy_table_of(engine);
    ps_toy_answers made = {0};
    if (table == NULL) return ps_fail(err, PS_ARG, "only a table can be enumerated");
    if (max_tokens == 0) max_tokens = table->model.max_tokens;
    if (max_tokens == 0 || max_tokens > 10000) max_tokens = 10000; /* bounds the recursion */
    walk w = {.model = &table->model,
              .generation = generation,
              .max_tokens = max_tokens,
              .max_steps = max_steps,
              .answers = &made,
              .err = err};
    ps_status status = visit(&w, &(place){0});
    ps_step_clear(&w.matcher);
    ps_free(w.tokens);
    ps_free(w.confidence);
    ps_free(w.step_end);
    if (status == PS_OK)
        *answers = made;
    else
        ps_toy_answers_clear(&made);
    return status;
}
