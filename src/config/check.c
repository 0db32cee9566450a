/* What only the whole configuration can be judged by. */
#include "base/pattern.h"
#include "config/internal.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct checker {
    const ps_config *cfg;
    ps_mistakes mistakes;
} checker;

/* "config.yaml:3:4: key: …" where the key was set, "key: …" for a default. `key` is the one to change. */
static void complain(checker *c, ps_key_index key, const char *message) {
    bool set = c->cfg->origins->of[key].layer >= LAYER_FILE;
    ps_mistakes_add(&c->mistakes, "%s%s%s: %s", set ? ps_origin_text(c->cfg, key) : "", set ? ": " : "",
                    ps_schema_key(key)->name, message);
}

/* `low` must not be above `high`; both numbers. */
static void check_order(checker *c, ps_key_index low, ps_key_index high) {
    ps_value a, b;
    ps_text text = {0};
    ps_value_load(c->cfg, low, &a);
    ps_value_load(c->cfg, high, &b);
    bool wrong = ps_schema_type(low) == TYPE_REAL ? a.REAL > b.REAL : a.INT > b.INT;
    if (!wrong) return;
    ps_config_append(c->cfg, low, &text);
    ps_text_printf(&text, " is above %s, which is ", ps_schema_key(high)->name);
    ps_config_append(c->cfg, high, &text);
    ps_text_printf(&text, " (%s)", ps_origin_text(c->cfg, high));
    /* Blame the one the user wrote. */
    bool low_set = c->cfg->origins->of[low].layer >= LAYER_FILE;
    bool high_set = c->cfg->origins->of[high].layer >= LAYER_FILE;
    complain(c, low_set || !high_set ? low : high, ps_text_cstr(&text));
    ps_text_clear(&text);
}

static void check_orders(checker *c) {
    check_order(c, KEY_ps_temperature_schedule_beta_min, KEY_ps_temperature_schedule_beta_max);
    check_order(c, KEY_generation_min_tokens_per_step, KEY_generation_max_tokens_per_step);
    check_order(c, KEY_scoring_params_min_score, KEY_scoring_params_max_score);
}

/* ---- Needs --------------------------------------------------------------- */

static void check_completions(checker *c) {
    const ps_config *cfg = c->cfg;
    if (!ps_config_is(cfg->ps_mode, "completions")) return;
    if (!cfg->ps_temperature_schedule_monotone)
        complain(c, KEY_ps_temperature_schedule_monotone, "false, but ps.mode completions needs true");
    if (!ps_config_is(cfg->ps_weights, "balance"))
        complain(c, KEY_ps_weights, "lineage, but ps.mode completions needs balance");
}

/* A value that makes no sense without a process reward model. */
static void check_needs_prm(checker *c, ps_key_index key, const char *value, const char *choice) {
    char message[128];
    if (!ps_config_is(value, choice)) return;
    snprintf(message, sizeof message, "%s needs a process reward model; set models.prm.enabled: true", choice);
    complain(c, key, message);
}

/* What is read, and where that can be. */
static void check_place_of_prm(checker *c) {
    const ps_config *cfg = c->cfg;
    const bool served = ps_config_is(cfg->models_prm_engine, "openai");
    if (served && ps_config_is(cfg->scoring_prm_kind, "head"))
        complain(c, KEY_scoring_prm_kind,
                 "head reads hidden states, which no server gives; let vLLM apply the head, and set pooling "
                 "(docs/reward.md)");
    if (served && ps_config_is(cfg->scoring_prm_kind, "self"))
        complain(c, KEY_scoring_prm_kind,
                 "self is the generator's own head, so no server has it: leave models.prm.engine out");
    if (!served && ps_config_is(cfg->scoring_prm_kind, "pooling"))
        complain(c, KEY_scoring_prm_kind, "pooling is asked of a server; set models.prm.engine: openai");
    if (served && ps_config_is(cfg->scoring_prm_kind, "token") && cfg->scoring_prm_step_tag == NULL)
        complain(c, KEY_scoring_prm_step_tag,
                 "null, but a server tells no metadata: set the tag that the reward model was trained with");
    if (!served && ps_config_is(cfg->scoring_prm_kind, "judge") && ps_config_is(cfg->engine_type, "openai") &&
        cfg->models_prm_model_path == NULL)
        complain(c, KEY_scoring_prm_kind,
                 "judge has no model in this process; set models.prm.model_path, or models.prm.engine: openai");
}

static void check_prm(checker *c) {
    const ps_config *cfg = c->cfg;
    if (ps_config_is(cfg->scoring_prm_kind, "head") && cfg->scoring_prm_head_path == NULL)
        complain(c, KEY_scoring_prm_kind, "head needs scoring.prm.head_path");
    if (ps_config_is(cfg->scoring_prm_kind, "self") && cfg->scoring_prm_head_path == NULL)
        complain(c, KEY_scoring_prm_kind, "self needs scoring.prm.head_path, a head that `persamp learn` made");
    if (cfg->models_prm_enabled && ps_config_is(cfg->scoring_prm_kind, "self") &&
        ps_config_is(cfg->engine_type, "openai"))
        complain(c, KEY_scoring_prm_kind,
                 "self reads the hidden states of the generator, which a server does not give: set it to head and "
                 "models.prm.model_path to the same model's file, which then reads the answers in this process");
    if (cfg->models_prm_enabled) check_place_of_prm(c);
    if (cfg->models_prm_enabled || ps_config_is(cfg->engine_type, "toy")) return; /* the toy has its own */
#define X(name) check_needs_prm(c, KEY_scoring_type, cfg->scoring_type, #name);
    PS_PRM_SCORE_LIST(X)
#undef X
    check_needs_prm(c, KEY_answer_select, cfg->answer_select, "prm_weighted");
    check_needs_prm(c, KEY_weighted_majority_weights, cfg->weighted_majority_weights, "prm");
    check_needs_prm(c, KEY_particle_filter_weights, cfg->particle_filter_weights, "logit");
}

/* Both places, once each and in this order: what is read first stands in front for all steps. */
static void check_judge_prompt(checker *c) {
    const char *text = c->cfg->scoring_prm_judge_prompt;
    const char *question = text != NULL ? strstr(text, "{question}") : NULL;
    const char *steps = question != NULL ? strstr(question, "{steps}") : NULL;
    if (text == NULL) return;
    if (steps == NULL || strstr(question + 1, "{question}") != NULL || strstr(text, "{steps}") != steps ||
        strstr(steps + 1, "{steps}") != NULL)
        complain(c, KEY_scoring_prm_judge_prompt, "expected {question} once, and after it {steps} once");
}

/* The score power names a target, p^α, that other temperatures would miss. */
static void check_power(checker *c) {
    const ps_config *cfg = c->cfg;
    char message[160];
    const double temperature = 1 / cfg->scoring_params_power_alpha;
    if (!ps_config_is(cfg->scoring_type, "power")) return;
    snprintf(message, sizeof message,
             "%g, but scoring.type power draws at 1 / scoring.params.power_alpha, %g: leave it out",
             cfg->generation_temperature, temperature);
    if (!(fabs(cfg->generation_temperature - temperature) <= 1e-9 * temperature))
        complain(c, KEY_generation_temperature, message);
    snprintf(message, sizeof message,
             "%g, but the target of scoring.type power has its exponent in the score: leave it out",
             cfg->ps_temperature_schedule_beta_max);
    if (ps_config_is(cfg->method, "persistent") && cfg->ps_temperature_schedule_beta_max != 1)
        complain(c, KEY_ps_temperature_schedule_beta_max, message);
    snprintf(message, sizeof message,
             "%g, but the target of scoring.type power has its exponent in the score: leave it out",
             cfg->particle_filter_temperature);
    bool filters = ps_config_is(cfg->method, "particle_filter") || ps_config_is(cfg->method, "particle_gibbs");
    if (filters && cfg->particle_filter_temperature != 1) complain(c, KEY_particle_filter_temperature, message);
    if (filters && ps_config_is(cfg->particle_filter_weights, "logit"))
        complain(
            c, KEY_particle_filter_weights,
            "logit, but the target of scoring.type power is in the score, which logit does not read: leave it out");
}

static void check_needs(checker *c) {
    const ps_config *cfg = c->cfg;
    const bool positive =
        ps_config_is(cfg->scoring_type, "self_certainty") || ps_config_is(cfg->scoring_type, "deepconf");
    if (ps_config_is(cfg->weighted_majority_weights, "confidence") && !positive)
        complain(c, KEY_weighted_majority_weights,
                 "confidence needs a score that is one: set scoring.type to deepconf or self_certainty");
    if (ps_config_is(cfg->generation_step_boundary, "literals") && cfg->generation_step_literals.n == 0)
        complain(c, KEY_generation_step_boundary, "literals needs generation.step_literals, a list of strings");
    if (ps_config_is(cfg->evaluation_extract_answer, "regex") && cfg->evaluation_answer_regex == NULL)
        complain(c, KEY_evaluation_extract_answer, "regex needs evaluation.answer_regex");
    if (ps_config_is(cfg->evaluation_dataset, "custom") && cfg->evaluation_dataset_path == NULL)
        complain(c, KEY_evaluation_dataset, "custom needs evaluation.dataset_path");
    if (cfg->prompt_template != NULL && strstr(cfg->prompt_template, "{question}") == NULL)
        complain(c, KEY_prompt_template, "lacks {question}, the place of the question");
    check_judge_prompt(c);
}

/* Choices that the schema has for configurations brought from elsewhere and that nothing here can follow. */
static void check_built(checker *c) {
    if (ps_config_is(c->cfg->engine_type, "openai") && c->cfg->engine_deterministic)
        complain(c, KEY_engine_deterministic,
                 "a server's results depend on what it computes beside, in the last digits: set engine.type llama, or "
                 "this to false (docs/remote.md has how many tokens differ)");
}

/* ---- Forms --------------------------------------------------------------- */

/* A key pasted where its variable's name belongs must not reach a message: the value is not repeated. */
static void check_variable_name(checker *c, ps_key_index key, const char *name) {
    bool good = isalpha((unsigned char)*name) || *name == '_';
    for (const char *at = name; *at != '\0'; at++)
        good = good && (isalnum((unsigned char)*at) || *at == '_');
    if (!good) complain(c, key, "expected the name of an environment variable (letters, digits, _), not the secret");
}

/* A mistake in a pattern is found here, before a model is loaded. */
static void check_pattern(checker *c, ps_key_index key, const char *regex) {
    ps_pattern *pattern = NULL;
    ps_error why;
    ps_status status = ps_pattern_compile(regex, &pattern, &why);
    if (status == PS_NOMEM)
        c->mistakes.lines.failed = true;
    else if (status != PS_OK)
        complain(c, key, why.message);
    else if (*regex == '\0')
        complain(c, key, "empty; expected a regular expression");
    ps_pattern_free(pattern);
}

static void check_forms(checker *c) {
    if (c->cfg->evaluation_answer_regex != NULL)
        check_pattern(c, KEY_evaluation_answer_regex, c->cfg->evaluation_answer_regex);
    for (size_t i = 0; i < c->cfg->engine_openai_base_url.n; i++) {
        const char *url = c->cfg->engine_openai_base_url.items[i];
        if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
            complain(c, KEY_engine_openai_base_url, "expected an address that begins with http:// or https://");
    }
    const char *url = c->cfg->models_prm_openai_base_url;
    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
        complain(c, KEY_models_prm_openai_base_url, "expected an address that begins with http:// or https://");
    check_variable_name(c, KEY_models_prm_openai_api_key_env, c->cfg->models_prm_openai_api_key_env);
    check_variable_name(c, KEY_engine_openai_api_key_env, c->cfg->engine_openai_api_key_env);
    check_variable_name(c, KEY_hub_token_env, c->cfg->hub_token_env);
}

ps_status ps_config_check(const ps_config *cfg, const ps_log *log, ps_error *err) {
    checker c = {.cfg = cfg};
    check_orders(&c);
    check_completions(&c);
    check_prm(&c);
    check_power(&c);
    check_needs(&c);
    check_built(&c);
    check_forms(&c);
    ps_status status = ps_mistakes_finish(&c.mistakes, err);
    if (status == PS_OK) ps_config_warn_widths(cfg, log);
    return status == PS_OK ? ps_config_warn(&cfg, 1, log, err) : status;
}
