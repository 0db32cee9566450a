/* An outcome as one line of JSON: the fields of docs/results.md. */
#include "base/json.h"
#include "run/prompt.h"
#include "run/task.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A level is a number where the data set writes one. */
static json_t *level(const char *s) {
    uint64_t number;
    bool digits = s != NULL && ps_parse_count(s, strlen(s), 10, 999999999, &number);
    return digits ? json_integer((json_int_t)number) : ps_json_text(s);
}

static json_t *iteration_values(const ps_method_report *report, bool beta) {
    json_t *array = json_array();
    for (size_t i = 0; i < report->n_iterations; i++)
        json_array_append_new(array, ps_json_number(beta ? report->iterations[i].beta : report->iterations[i].ess));
    return array;
}

static json_t *classes(const ps_outcome *o) {
    json_t *array = json_array();
    for (size_t i = 0; i < o->n_classes; i++)
        json_array_append_new(array,
                              json_pack("{s:o,s:o,s:I,s:o}", "answer", ps_json_text(o->classes[i].answer), "weight",
                                        ps_json_number(o->classes[i].weight), "votes", (json_int_t)o->classes[i].votes,
                                        "draws", ps_json_number(o->classes[i].draws)));
    return array;
}

static const char *const state_names[] = {"open", "finished", "truncated"};

static json_t *numbers(const double *x, size_t n) {
    json_t *array = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(array, ps_json_number(x[i]));
    return array;
}

/* Token by token: the model's own log-probability, and that of the distribution the token was drawn from. A step
 * without tokens has empty lists. */
static void set_logprobs(json_t *one, const ps_task_node *node) {
    json_t *ids = json_array();
    for (size_t i = 0; i < node->n_tokens; i++)
        json_array_append_new(ids, json_integer(node->tokens[i]));
    json_object_set_new(one, "token_ids", ids);
    json_object_set_new(one, "token_logp", numbers(node->logp, node->n_tokens));
    json_object_set_new(one, "token_logq", numbers(node->logq, node->n_tokens));
}

/* The token tree: every snapshot with its step, its numbers and its parent, and the event that launched its line. */
static json_t *particles(const ps_outcome *o) {
    json_t *array = json_array();
    const ps_task *task = o->task;
    const ps_method_report *report = &o->report;
    for (size_t i = 1; i < task->n_nodes; i++) {
        const ps_task_node *node = &task->nodes[i];
        json_t *one =
            json_pack("{s:I,s:I,s:s,s:o,s:I}", "id", (json_int_t)i, "parent", (json_int_t)node->parent, "state",
                      state_names[node->state], "text", ps_json_text(node->text), "tokens", (json_int_t)node->n_tokens);
        if (node->state == PS_TRUNCATED) json_object_set_new(one, "cut_by", json_string(ps_ending_name(node->cut)));
        json_object_set_new(one, "logp", ps_json_number(task->session->params.has_logp ? node->sum_logp : NAN));
        json_object_set_new(one, "logq", ps_json_number(task->session->params.has_logq ? node->sum_logq : NAN));
        json_object_set_new(one, "reward", ps_json_number(node->reward));
        json_object_set_new(one, "score", ps_json_number(node->ell));
        json_object_set_new(one, "weight", ps_json_number(node->weight));
        json_object_set_new(one, "weight_q", ps_json_number(node->weight_q));
        if (task->logprobs && (node->tokens != NULL || node->n_tokens == 0)) set_logprobs(one, node);
        if (report->pool != NULL && i <= report->snapshots) {
            json_object_set_new(one, "event", json_integer(report->pool[i].event));
            json_object_set_new(one, "launch_depth", json_integer(report->pool[i].launch_depth));
        }
        json_array_append_new(array, one);
    }
    return array;
}

/* Event 0 is the launch at the root; each later one is a selection after an iteration, or a wave from the root. */
static json_t *events(const ps_method_report *report) {
    json_t *array = json_array();
    json_array_append_new(array, json_pack("{s:i,s:f}", "after_iteration", 0, "beta", 0.0));
    for (size_t i = 0; i < report->n_iterations; i++)
        if (report->iterations[i].resampled)
            json_array_append_new(array, json_pack("{s:I,s:o,s:o}", "after_iteration", (json_int_t)(i + 1), "beta",
                                                   ps_json_number(report->iterations[i].beta), "steps_back",
                                                   ps_json_number(report->iterations[i].steps_back)));
    return array;
}

/* Null where nothing is known: no right answer to compare with, or no answer was looked for. */
static json_t *verdict(const ps_outcome *o, const ps_prediction *p, bool known) {
    return known && o->problem->answer != NULL ? json_boolean(p->correct) : json_null();
}

static void set_predictions(json_t *line, const ps_outcome *o) {
    json_t *confidences = json_object();
    for (int s = 0; s < PS_SELECTS; s++) {
        char key[32];
        const ps_prediction *p = &o->predictions[s];
        bool known = s != PS_SELECT_PRM_WEIGHTED || o->has_reward;
        snprintf(key, sizeof key, "pred_%s", ps_select_name((ps_select)s));
        json_object_set_new(line, key, known ? ps_json_text(p->answer) : json_null());
        snprintf(key, sizeof key, "correct_%s", ps_select_name((ps_select)s));
        json_object_set_new(line, key, verdict(o, p, known && o->error == NULL));
        json_object_set_new(confidences, ps_select_name((ps_select)s), ps_json_number(p->confidence));
    }
    json_object_set_new(line, "confidence", confidences);
}

static json_t *tokens(const ps_outcome *o) {
    ps_token_counts counts = o->tokens;
    json_t *object = json_object();
    for (size_t k = 0; ps_token_kind(k) != NULL; k++)
        json_object_set_new(object, ps_token_kind(k), json_integer((json_int_t)*ps_token_count(&counts, k)));
    return object;
}

static void set_cost(json_t *line, const ps_outcome *o) {
    json_object_set_new(line, "timing",
                        json_pack("{s:o,s:o,s:o}", "total", ps_json_number(o->seconds.total), "generation",
                                  ps_json_number(o->seconds.generation), "scoring",
                                  ps_json_number(o->seconds.scoring)));
    json_object_set_new(line, "tokens", tokens(o));
    if (o->read) json_object_set_new(line, "read", json_true());
    if (o->logq_bound > 0) json_object_set_new(line, "logq_bound", ps_json_number(o->logq_bound));
}

static void set_problem(json_t *line, const ps_outcome *o) {
    const ps_problem *p = o->problem;
    const ps_prediction *chosen = &o->predictions[o->select];
    json_object_set_new(line, "problem_idx", json_integer((json_int_t)p->index));
    json_object_set_new(line, "problem", ps_json_text(ps_problem_question(p)));
    json_object_set_new(line, "ground_truth", ps_json_text(p->answer));
    json_object_set_new(line, "response", ps_json_text(o->response));
    json_object_set_new(line, "extracted_answer", ps_json_text(chosen->answer));
    json_object_set_new(line, "correct", verdict(o, chosen, true));
    json_object_set_new(line, "unique_id", ps_json_text(p->unique_id));
    json_object_set_new(line, "subject", ps_json_text(p->subject));
    json_object_set_new(line, "level", level(p->level));
}

static void set_search(json_t *line, const ps_outcome *o) {
    json_object_set_new(line, "method", ps_json_text(o->method));
    json_object_set_new(line, "seed", json_integer((json_int_t)o->seed));
    json_object_set_new(line, "resample_count", json_integer((json_int_t)o->report.resamples));
    json_object_set_new(line, "final_ess", ps_json_number(o->report.final_ess));
    json_object_set_new(line, "log_z", ps_json_number(o->report.log_z));
    json_object_set_new(line, "betas", iteration_values(&o->report, true));
    json_object_set_new(line, "ess_history", iteration_values(&o->report, false));
    json_object_set_new(line, "answers", classes(o));
    json_object_set_new(line, "shared_text", ps_json_number(o->shared_text));
}

ps_status ps_outcome_json(const ps_outcome *o, unsigned with, char **json, ps_error *err) {
    json_t *line = json_object();
    set_problem(line, o);
    set_cost(line, o);
    set_search(line, o);
    set_predictions(line, o);
    json_object_set_new(line, "truncated", json_boolean(o->truncated));
    json_object_set_new(line, "sure", json_boolean(o->sure));
    json_object_set_new(line, "endings", ps_json_counts(o->endings, ps_ending_name));
    json_object_set_new(line, "error", ps_json_text(o->error));
    if ((with & PS_WITH_PARTICLES) != 0) {
        json_object_set_new(line, "particles", particles(o));
        json_object_set_new(line, "events", events(&o->report));
    }
    if ((with & PS_WITH_STEPS) != 0) json_object_set_new(line, "steps", ps_steps_json(o));
    ps_text out = {0};
    ps_status status = ps_json_dump(line, JSON_COMPACT | JSON_REAL_PRECISION(12), &out, err);
    if (status == PS_OK)
        *json = out.data;
    else
        ps_text_clear(&out);
    return status;
}
