#include "serve/choices.h"
#include "base/json.h"

#include <math.h>
#include <stdio.h>

void ps_choices_clear(ps_choices *choices) {
    for (size_t i = 0; i < choices->n; i++)
        ps_free(choices->choices[i].text);
    ps_free(choices->choices);
    *choices = (ps_choices){0};
}

static ps_status add(ps_choices *c, const ps_outcome *o, uint32_t snapshot, ps_error *err) {
    ps_choice *choice = &c->choices[c->n];
    *choice = (ps_choice){.finish = o->truncated || snapshot == 0 ? "length" : "stop"};
    ps_status status = ps_outcome_text(o, snapshot, &choice->text, &choice->tokens, err);
    if (status == PS_OK) c->n++;
    return status;
}

ps_status ps_choices_of(const ps_job *job, ps_choices *choices, ps_error *err) {
    const ps_outcome *o = job->outcome;
    uint32_t chosen = o->predictions[o->select].snapshot;
    size_t most = job->request.n < o->n_classes + 1 ? job->request.n : o->n_classes + 1;
    *choices = (ps_choices){.choices = ps_calloc(most, sizeof *choices->choices)};
    if (choices->choices == NULL) return ps_nomem(err);
    ps_status status = add(choices, o, chosen, err);
    for (size_t i = 0; i < o->n_classes && choices->n < most && status == PS_OK; i++)
        if (o->classes[i].snapshot != chosen) status = add(choices, o, o->classes[i].snapshot, err);
    if (status != PS_OK) ps_choices_clear(choices);
    return status;
}

/* What was drawn is paid for, shown or not, also what a server of the model drew beyond a step. Answers that share text
 * have it once. */
json_t *ps_usage_json(const ps_job *job, const ps_choices *choices) {
    const ps_token_counts *tokens = &job->outcome->tokens;
    json_int_t drawn = (json_int_t)(tokens->generated + tokens->discarded), shown = 0;
    const json_int_t prompt = (json_int_t)tokens->prompt;
    for (size_t i = 0; i < choices->n; i++)
        shown += (json_int_t)choices->choices[i].tokens;
    return json_pack("{s:I,s:I,s:I,s:{s:I}}", "prompt_tokens", prompt, "completion_tokens", drawn, "total_tokens",
                     prompt + drawn, "completion_tokens_details", "reasoning_tokens",
                     shown < drawn ? drawn - shown : 0);
}

static json_t *classes(const ps_outcome *o) {
    enum { MOST = 64 };
    json_t *array = json_array();
    for (size_t i = 0; i < o->n_classes && i < MOST; i++)
        json_array_append_new(array, json_pack("{s:o,s:o,s:I}", "answer", ps_json_text(o->classes[i].answer), "weight",
                                               ps_json_number(o->classes[i].weight), "votes",
                                               (json_int_t)o->classes[i].votes));
    return array;
}

static json_t *token_counts(const ps_outcome *o) {
    ps_token_counts counts = o->tokens;
    json_t *object = json_object();
    for (size_t k = 0; ps_token_kind(k) != NULL; k++)
        json_object_set_new(object, ps_token_kind(k), json_integer((json_int_t)*ps_token_count(&counts, k)));
    return object;
}

/* The seed as a text: as a number it would lose its last digits in every program in JavaScript, and then give another
 * answer. */
json_t *ps_persamp_json(const ps_job *job) {
    const ps_outcome *o = job->outcome;
    char seed[32];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)o->seed);
    return json_pack("{s:o,s:o,s:s,s:s,s:s,s:o,s:o,s:I,s:I,s:b,s:o,s:o,s:o,s:o}", "answer",
                     ps_json_text(o->predictions[o->select].answer), "answers", classes(o), "method", o->method,
                     "select", ps_select_name(o->select), "seed", seed, "log_evidence", ps_json_number(o->report.log_z),
                     "ess", ps_json_number(o->report.final_ess), "selections", (json_int_t)o->report.resamples,
                     "iterations", (json_int_t)o->report.n_iterations, "truncated", (int)o->truncated, "endings",
                     ps_json_counts(o->endings, ps_ending_name), "tokens", token_counts(o), "seconds",
                     ps_json_number(o->seconds.total), "warning", ps_json_text(o->warning));
}
