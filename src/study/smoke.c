/* The smoke test: a few problems with few particles, to see that a set-up works before a night is spent on it. Nothing
 * is written. */
#include "base/json.h"
#include "study/arm.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- Its configuration --------------------------------------------------- */

static ps_status set_number(ps_config *config, const char *key, int64_t value, ps_error *err) {
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    return ps_config_set(config, key, text, "smoke_test", err);
}

/* Methods that take whole answers know no steps: for them as many tokens are the limit. */
static ps_status set_answer_limit(ps_config *config, ps_error *err) {
    const int64_t most = 1048576; /* of the key */
    int64_t steps = config->smoke_test_max_steps, tokens = config->generation_max_tokens_per_step;
    if (config->generation_max_answer_tokens != PS_CONFIG_AUTO) return PS_OK;
    return set_number(config, "generation.max_answer_tokens", tokens < most / steps ? steps * tokens : most, err);
}

ps_status ps_smoke_config(ps_config *config, ps_error *err) {
    ps_status status = set_number(config, "generation.n_particles", config->smoke_test_n_particles, err);
    if (status == PS_OK) status = set_number(config, "generation.max_steps", config->smoke_test_max_steps, err);
    if (status == PS_OK) status = set_answer_limit(config, err);
    if (status == PS_OK && config->smoke_test_model_path != NULL)
        status = ps_config_set(config, "models.generator.model_path", config->smoke_test_model_path, "smoke_test", err);
    /* Each token's log-probability is looked at, so it has to be kept. */
    if (status == PS_OK) status = ps_config_set(config, "evaluation.save_particles", "true", "smoke_test", err);
    return status == PS_OK ? ps_config_set(config, "generation.include_logprobs", "true", "smoke_test", err) : status;
}

/* ---- What a problem tells ------------------------------------------------ */

/* A token that was drawn has a probability above 0 and at most 1, but for rounding. */
static bool is_sane(const json_t *logp) {
    const double rounding = 1e-6;
    return json_is_number(logp) && json_number_value(logp) <= rounding;
}

static void look_at_tokens(const json_t *logps, ps_smoke_problem *out) {
    size_t i;
    const json_t *logp;
    json_array_foreach(logps, i, logp) {
        out->logps++;
        out->bad_logps += !is_sane(logp);
        if (is_sane(logp)) out->mean_logp += json_number_value(logp);
    }
}

/* Rewards are probabilities; without a reward model they are null. */
static void look_at_reward(const json_t *reward, ps_smoke_problem *out) {
    if (!json_is_number(reward)) return;
    double r = json_number_value(reward);
    out->rewards++;
    out->bad_rewards += !(r >= 0 && r <= 1);
}

/* The result line knows of every particle what a person would look at. */
static ps_status look_at_particles(const ps_outcome *outcome, ps_smoke_problem *out, ps_error *err) {
    size_t i;
    const json_t *one;
    char *text = NULL;
    ps_status status = ps_outcome_json(outcome, true, &text, err);
    if (status != PS_OK) return status;
    json_t *line = json_loads(text, 0, NULL);
    ps_free(text);
    if (line == NULL) return ps_nomem(err);
    json_array_foreach(json_object_get(line, "particles"), i, one) {
        const json_t *state = json_object_get(one, "state");
        out->finished += json_is_string(state) && strcmp(json_string_value(state), "finished") == 0;
        look_at_tokens(json_object_get(one, "token_logp"), out);
        look_at_reward(json_object_get(one, "reward"), out);
    }
    json_decref(line);
    out->mean_logp = out->logps > out->bad_logps ? out->mean_logp / (double)(out->logps - out->bad_logps) : NAN;
    return PS_OK;
}

static ps_status describe(const ps_outcome *outcome, ps_smoke_problem *out, ps_error *err) {
    const char *answer = outcome->predictions[outcome->select].answer;
    out->tokens = outcome->tokens.generated;
    out->seconds = outcome->seconds.total;
    if (answer != NULL && (out->answer = ps_strdup(answer)) == NULL) return ps_nomem(err);
    return look_at_particles(outcome, out, err);
}

/* One problem; what is wrong with it is its own `error`. */
static ps_status try_problem(const ps_config *config, ps_models *models, const ps_problem *problem,
                             const ps_observer *stop, ps_smoke_problem *out, ps_error *err) {
    ps_outcome *outcome = NULL;
    ps_error why;
    out->index = problem->index;
    ps_status status = ps_solve(config, models, problem, stop, &outcome, &why);
    if (status == PS_OK) {
        status = describe(outcome, out, err);
    } else if (status == PS_CANCELLED || status == PS_NOMEM || status == PS_ARG) {
        if (err != NULL) *err = why;
    } else {
        out->error = ps_strdup(why.message);
        status = out->error != NULL ? PS_OK : ps_nomem(err);
    }
    ps_outcome_free(outcome);
    return status;
}

/* ---- All of it ----------------------------------------------------------- */

bool ps_smoke_passed(const ps_smoke_report *report) {
    bool passed = report->n > 0;
    for (size_t i = 0; i < report->n; i++) {
        const ps_smoke_problem *p = &report->problems[i];
        passed = passed && p->error == NULL && p->tokens > 0 && p->bad_logps == 0 && p->bad_rewards == 0;
    }
    return passed;
}

void ps_smoke_report_clear(ps_smoke_report *report) {
    for (size_t i = 0; i < report->n; i++) {
        ps_free(report->problems[i].answer);
        ps_free(report->problems[i].error);
    }
    ps_free(report->problems);
    *report = (ps_smoke_report){0};
}

ps_status ps_smoke_test(const ps_config *config, const ps_eval_options *options, ps_models *models,
                        const ps_eval_observer *observer, ps_smoke_report *report, ps_error *err) {
    ps_chosen chosen = {0};
    ps_observer stop = {0};
    if (observer != NULL) stop = (ps_observer){.user = observer->user, .cancelled = observer->cancelled};
    *report = (ps_smoke_report){0};
    ps_status status = ps_choose_problems(config, options, observer, &chosen, err);
    if (status != PS_OK) return status;
    size_t samples = (size_t)config->smoke_test_n_samples;
    samples = samples < chosen.n ? samples : chosen.n;
    report->of = chosen.n;
    report->problems = ps_calloc(samples, sizeof *report->problems);
    if (report->problems == NULL) status = ps_nomem(err);
    for (size_t i = 0; i < samples && status == PS_OK; i++) {
        ps_smoke_problem *out = &report->problems[report->n++];
        status = try_problem(config, models, &chosen.problems[i], &stop, out, err);
    }
    ps_chosen_clear(&chosen);
    return status;
}
