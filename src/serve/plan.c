#include "serve/plan.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- Names --------------------------------------------------------------- */

/* The file's name without folders and ending. */
static char *name_of(const ps_config *config, const char *path) {
    if (config->serve_model_name != NULL) return ps_strdup(config->serve_model_name);
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    size_t length = strlen(name);
    if (length > 5 && strcmp(name + length - 5, ".gguf") == 0) length -= 5;
    return ps_strndup(name, length);
}

/* The models are loaded once, and the server is one. */
static bool belongs_to_all(const char *key) {
    static const char *const prefixes[] = {"models.",
                                           "engine.",
                                           "serve.",
                                           "hub.",
                                           "logging.",
                                           "system.",
                                           "smoke_test.",
                                           "tuning.",
                                           "evaluation.dataset",
                                           "evaluation.output"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (strncmp(key, prefixes[i], strlen(prefixes[i])) == 0) return true;
    return false;
}

static ps_status apply_preset(ps_config *config, const char *name, const ps_config_space *settings, ps_error *err) {
    ps_status status = PS_OK;
    for (size_t i = 0; i < settings->n && status == PS_OK; i++) {
        if (belongs_to_all(settings->keys[i]))
            return ps_fail(err, PS_ARG, "serve.models: %s: %s belongs to all models; set it outside", name,
                           settings->keys[i]);
        status = ps_config_set(config, settings->keys[i], settings->values[i].items[0], "serve.models", err);
    }
    if (status == PS_OK) status = ps_config_check(config, NULL, err);
    if (status == PS_FORMAT) status = PS_ARG; /* it was read well, and is wrong as a whole */
    if (status != PS_OK && err != NULL) err->code = status;
    return status == PS_OK ? PS_OK : ps_error_prefix(err, status, "serve.models: %s", name);
}

static ps_status add(ps_catalogue *c, const ps_config *config, char *name, ps_error *err) {
    ps_named *entry = &c->entries[c->n];
    if (name == NULL) return ps_nomem(err);
    if (ps_catalogue_find(c, name) != NULL) {
        ps_status status = ps_fail(err, PS_ARG, "serve.models: two models have the name %s", name);
        ps_free(name);
        return status;
    }
    *entry = (ps_named){.name = name};
    c->n++;
    ps_status status = ps_config_copy(config, &entry->config, err);
    /* What would be kept of each particle is for result lines. */
    if (status == PS_OK) status = ps_config_set(entry->config, "evaluation.save_particles", "false", "serve", err);
    return status;
}

ps_status ps_catalogue_create(const ps_config *config, const char *path, ps_catalogue *out, ps_error *err) {
    const ps_config_presets *presets = &config->serve_models;
    ps_catalogue c = {.entries = ps_calloc(presets->n + 1, sizeof *c.entries)};
    if (c.entries == NULL) return ps_nomem(err);
    ps_status status = add(&c, config, name_of(config, path), err);
    for (size_t i = 0; i < presets->n && status == PS_OK; i++) {
        status = add(&c, config, ps_strdup(presets->names[i]), err);
        if (status == PS_OK)
            status = apply_preset(c.entries[c.n - 1].config, presets->names[i], &presets->settings[i], err);
    }
    if (status == PS_OK)
        *out = c;
    else
        ps_catalogue_clear(&c);
    return status;
}

void ps_catalogue_clear(ps_catalogue *catalogue) {
    for (size_t i = 0; i < catalogue->n; i++) {
        ps_free(catalogue->entries[i].name);
        ps_config_free(catalogue->entries[i].config);
    }
    ps_free(catalogue->entries);
    *catalogue = (ps_catalogue){0};
}

const ps_named *ps_catalogue_find(const ps_catalogue *catalogue, const char *name) {
    if (name == NULL) return &catalogue->entries[0];
    for (size_t i = 0; i < catalogue->n; i++)
        if (strcmp(catalogue->entries[i].name, name) == 0) return &catalogue->entries[i];
    return NULL;
}

/* ---- A request ----------------------------------------------------------- */

typedef struct planner {
    const ps_config *given; /* the operator's, of the name that was asked for */
    ps_config *config;      /* the request's own */
    const ps_api_request *request;
    ps_api_error *err;
    double most_tokens; /* that it may cost at all */
} planner;

/* What ps_config_set says of a value is for whoever sent it; its first words are the origin. */
static bool set(planner *p, const char *field, const char *key, const char *value) {
    ps_error why;
    ps_status status = ps_config_set(p->config, key, value, field, &why);
    if (status == PS_OK) return true;
    return ps_api_refuse(p->err, status == PS_FORMAT ? 400 : 500, field, NULL, "%s", why.message);
}

static bool set_count(planner *p, const char *field, const char *key, uint64_t value) {
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    return set(p, field, key, text);
}

static bool set_real(planner *p, const char *field, const char *key, double value) {
    char text[32];
    snprintf(text, sizeof text, "%.17g", value);
    return set(p, field, key, text);
}

static bool sets(const planner *p, const char *key) {
    for (size_t i = 0; i < p->request->n_settings; i++)
        if (strcmp(p->request->settings[i].key, key) == 0) return true;
    return false;
}

static bool set_own(planner *p) {
    char field[128];
    for (size_t i = 0; i < p->request->n_settings; i++) {
        const ps_api_setting *one = &p->request->settings[i];
        snprintf(field, sizeof field, "persamp.%s", one->key);
        if (!set(p, field, one->key, one->value)) return false;
    }
    return true;
}

static bool set_drawing(planner *p) {
    enum { LONGEST = 1048576 }; /* of generation.max_answer_tokens: no context is longer */
    const ps_api_request *r = p->request;
    bool ok = true;
    if (!isnan(r->temperature)) ok = set_real(p, "temperature", "generation.temperature", r->temperature);
    if (ok && !isnan(r->top_p)) ok = set_real(p, "top_p", "generation.top_p", r->top_p);
    uint64_t most = r->max_tokens < LONGEST ? r->max_tokens : LONGEST;
    ps_config_OPTINT own = p->config->generation_max_answer_tokens;
    if (ok && most > 0 && (own == PS_CONFIG_AUTO || most < (uint64_t)own))
        ok = set_count(p, "max_tokens", "generation.max_answer_tokens", most);
    return ok;
}

static double answers_of(const planner *p) {
    const ps_config *c = p->config;
    switch (p->request->effort) {
    case PS_EFFORT_NONE: return c->serve_effort_none;
    case PS_EFFORT_LOW: return c->serve_effort_low;
    case PS_EFFORT_MEDIUM: return c->serve_effort_medium;
    case PS_EFFORT_HIGH: return c->serve_effort_high;
    case PS_EFFORT_UNSET: break;
    }
    return 0;
}

/* An effort, or a budget in answers, is also how many particles share it, as in `persamp compare`. */
static bool set_particles(planner *p, double answers) {
    double n = fmin(answers, (double)p->config->serve_limits_particles);
    if (sets(p, "generation.n_particles")) return true;
    if (!set_count(p, "reasoning_effort", "generation.n_particles", (uint64_t)n)) return false;
    if (sets(p, "beam.expansion") || (double)p->config->beam_expansion <= n) return true;
    return set_count(p, "reasoning_effort", "beam.expansion", (uint64_t)n); /* else a beam is wider than all of them */
}

/* So many answers, and no more tokens than these take in the mean: a method that counts its answers ends with the
 * last of them, any other when the tokens are spent. */
static bool set_answers(planner *p, double answers) {
    static const char field[] = "reasoning_effort";
    double tokens = fmax(floor(fmin(answers * (double)p->config->serve_answer_tokens, p->most_tokens)), 1);
    double n = fmax(round(fmin(answers, 65536)), 1);
    if (!set_count(p, field, "ps.budget.max_tokens", (uint64_t)tokens)) return false;
    if (!sets(p, "ps.budget.n_finished") && !set_count(p, field, "ps.budget.n_finished", (uint64_t)n)) return false;
    return set_particles(p, n);
}

/* What the search may cost. Where nothing is asked for it is the configured one, as `persamp solve` has it. */
static bool set_budget(planner *p) {
    const ps_config *c = p->config;
    const ps_api_request *r = p->request;
    double mean = (double)c->serve_answer_tokens;
    double asked = r->budget_tokens > 0 ? (double)r->budget_tokens : r->budget_answers * mean;
    p->most_tokens = fmax(floor(c->serve_limits_budget * mean), 1);
    if (asked > p->most_tokens)
        return ps_api_refuse(
            p->err, 400, "persamp.budget", NULL,
            "persamp.budget: %.0f tokens; this server spends at most %.0f on a request (%g mean answers "
            "of %.0f tokens)",
            asked, p->most_tokens, c->serve_limits_budget, mean);
    if (r->budget_tokens > 0) return set_count(p, "persamp.budget", "ps.budget.max_tokens", r->budget_tokens);
    double answers = r->budget_answers > 0 ? r->budget_answers : answers_of(p);
    if (answers > 0) return set_answers(p, answers);
    p->most_tokens = fmax(p->most_tokens, (double)c->ps_budget_max_tokens); /* the operator's own may be larger */
    return true;
}

/* What a round costs is known when it is over. So no request makes steps so long that one round of all its particles
 * could cost more than it may. */
static bool check_step(planner *p) {
    const ps_config *c = p->config;
    double own = (double)c->generation_max_tokens_per_step;
    double most = fmax(floor(p->most_tokens / (double)c->generation_n_particles),
                       (double)p->given->generation_max_tokens_per_step);
    if (!sets(p, "generation.max_tokens_per_step") || own <= most) return true;
    return ps_api_refuse(
        p->err, 400, "persamp.generation.max_tokens_per_step", NULL,
        "persamp.generation.max_tokens_per_step: %.0f; with %lld particles this server gives a step at "
        "most %.0f tokens",
        own, (long long)c->generation_n_particles, most);
}

static bool set_limits(planner *p) {
    const ps_config *c = p->config;
    if (sets(p, "generation.n_particles") && c->generation_n_particles > c->serve_limits_particles)
        return ps_api_refuse(p->err, 400, "persamp.generation.n_particles", NULL,
                             "persamp.generation.n_particles: %lld; this server gives a request at most %lld",
                             (long long)c->generation_n_particles, (long long)c->serve_limits_particles);
    if (!check_step(p)) return false;
    double most = c->serve_limits_seconds, own = c->ps_budget_max_seconds;
    if (sets(p, "ps.budget.max_seconds") && own > most)
        return ps_api_refuse(p->err, 400, "persamp.ps.budget.max_seconds", NULL,
                             "persamp.ps.budget.max_seconds: %g; this server gives a request at most %g", own, most);
    if (own > 0 && own <= most) return true;
    return set_real(p, "persamp.ps.budget.max_seconds", "ps.budget.max_seconds", most);
}

static bool make_session(planner *p, ps_models *models, ps_session **session) {
    ps_error why;
    ps_status status = ps_config_check(p->config, NULL, &why);
    if (status == PS_OK) status = ps_session_create(p->config, models, NULL, session, &why);
    if (status == PS_OK) return true;
    bool theirs = status == PS_FORMAT || status == PS_ARG;
    return ps_api_refuse(p->err, theirs ? 400 : 500, theirs ? "persamp" : NULL, NULL, "%s", why.message);
}

bool ps_plan_session(const ps_named *model, ps_models *models, const ps_api_request *request, ps_session **session,
                     uint64_t *max_tokens, ps_api_error *err) {
    planner p = {.given = model->config, .request = request, .err = err};
    if (ps_config_copy(model->config, &p.config, NULL) != PS_OK)
        return ps_api_refuse(err, 500, NULL, NULL, "out of memory");
    bool ok = set_own(&p) && set_drawing(&p) && set_budget(&p) && set_limits(&p) && make_session(&p, models, session);
    *max_tokens = (uint64_t)p.most_tokens;
    ps_config_free(p.config);
    return ok;
}

/* Everything that `planner` looks at, but for the seed. Keys and values of settings have no blanks. */
void ps_plan_key(const ps_catalogue *catalogue, const ps_named *model, const ps_api_request *r, ps_text *key) {
    ps_text_printf(key, "%zu %llu %.17g %.17g %d %.17g %llu", (size_t)(model - catalogue->entries),
                   (unsigned long long)r->max_tokens, r->temperature, r->top_p, (int)r->effort, r->budget_answers,
                   (unsigned long long)r->budget_tokens);
    for (size_t i = 0; i < r->n_settings; i++)
        ps_text_printf(key, " %s=%s", r->settings[i].key, r->settings[i].value);
}
