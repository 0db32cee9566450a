/* What a comparison runs: methods with overrides, budgets, and which methods read the same samples. */
#include "base/json.h"
#include "study/compare.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- Methods ------------------------------------------------------------- */

/* Whether a piece "text=…" sets a configuration key: keys have a dot, or are known. */
static bool is_override(const char *piece, const char *equals) {
    if (equals == NULL) return false;
    for (const char *at = piece; at < equals; at++) {
        if (*at == ':') return false;
        if (*at == '.') return true;
    }
    char key[32];
    size_t length = (size_t)(equals - piece);
    if (length >= sizeof key) return false;
    memcpy(key, piece, length);
    key[length] = '\0';
    return ps_config_find_key(key) != NULL;
}

/* Models are opened once for all methods, and results are judged alike: keys of these belong to the whole run. */
static bool concerns_all(const char *key) {
    static const char *const prefixes[] = {"models.",  "engine.", "evaluation.", "system.device", "system.log",
                                           "logging.", "hub.",    "smoke_test.", "scoring.prm.",  "tuning."};
    if (strcmp(key, "scoring.prm.gamma") == 0 || strcmp(key, "scoring.prm.transform") == 0) return false;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (strncmp(key, prefixes[i], strlen(prefixes[i])) == 0) return true;
    return strcmp(key, "method") == 0 || strcmp(key, "ps.budget.max_tokens") == 0;
}

/* Set "key=value" for a variant. */
static ps_status set_override(ps_compare_variant *v, char *piece, ps_error *err) {
    char *equals = strchr(piece, '=');
    if (equals == NULL)
        return ps_fail(err, PS_FORMAT, "--methods: %s: expected key=value behind the colon, found \"%s\"", v->name,
                       piece);
    *equals = '\0';
    if (concerns_all(piece))
        return ps_fail(err, PS_FORMAT, "--methods: %s: %s cannot differ between methods; set it as --%s=%s", v->name,
                       piece, piece, equals + 1);
    v->own_particles = v->own_particles || strcmp(piece, "generation.n_particles") == 0;
    v->own_expansion = v->own_expansion || strcmp(piece, "beam.expansion") == 0;
    ps_status status = ps_config_set(v->config, piece, equals + 1, "--methods", err);
    *equals = '=';
    return status;
}

/* "name=method:key=value", "method:key=value" or "method". */
static ps_status begin_variant(ps_compare_plan *plan, const ps_config *base, char *piece, ps_error *err) {
    ps_compare_variant *v = &plan->variants[plan->n_variants++];
    char *colon = strchr(piece, ':'), *equals = strchr(piece, '=');
    bool named = equals != NULL && (colon == NULL || equals < colon);
    char *method = named ? equals + 1 : piece;
    v->name = named ? ps_strndup(piece, (size_t)(equals - piece)) : ps_strdup(piece);
    if (v->name == NULL) return ps_nomem(err);
    if (*v->name == '\0') return ps_fail(err, PS_FORMAT, "--methods: the name before \"%s\" is empty", equals);
    if (colon != NULL) *colon = '\0';
    ps_status status = ps_config_copy(base, &v->config, err);
    if (status == PS_OK) status = ps_config_set(v->config, "method", method, "--methods", err);
    v->method = ps_method_find(method); /* NULL: ps_session_create will say so */
    if (status == PS_OK && colon != NULL) status = set_override(v, colon + 1, err);
    return status;
}

static ps_status add_override(ps_compare_variant *v, char *piece, ps_error *err) {
    if (strchr(v->name, ':') != NULL) { /* a variant without a name of its own is called by all it says */
        ps_text name = {0};
        ps_text_printf(&name, "%s,%s", v->name, piece);
        if (!ps_text_ok(&name)) return ps_nomem(err);
        ps_free(v->name);
        v->name = name.data;
    }
    return set_override(v, piece, err);
}

static size_t count_pieces(const char *text) {
    size_t n = 1;
    for (; *text != '\0'; text++)
        n += *text == ',';
    return n;
}

static ps_status parse_methods(ps_compare_plan *plan, const ps_config *base, const char *methods, ps_error *err) {
    char *copy = ps_strdup(methods), *rest = copy;
    plan->variants = ps_calloc(count_pieces(methods), sizeof *plan->variants);
    ps_status status = copy == NULL || plan->variants == NULL ? ps_nomem(err) : PS_OK;
    for (char *piece; status == PS_OK && rest != NULL;) {
        piece = rest;
        rest = strchr(rest, ',');
        if (rest != NULL) *rest++ = '\0';
        if (*piece == '\0')
            status = ps_fail(err, PS_FORMAT, "--methods %s: a name is missing beside a comma", methods);
        else if (!is_override(piece, strchr(piece, '=')))
            status = begin_variant(plan, base, piece, err);
        else if (plan->n_variants == 0)
            status = ps_fail(err, PS_FORMAT, "--methods: \"%s\" has no method before it to belong to", piece);
        else
            status = add_override(&plan->variants[plan->n_variants - 1], piece, err);
    }
    ps_free(copy);
    return status;
}

/* ---- Shared samples ------------------------------------------------------ */

ps_status ps_compare_plan_samples(const ps_compare_variant *v, ps_config **out, ps_error *err) {
    ps_config *c = NULL;
    ps_status status = ps_config_copy(v->config, &c, err);
    if (status == PS_OK) status = ps_config_set(c, "answer.select", "best", "compare", err);
    if (status == PS_OK && v->method->independent) status = ps_config_set(c, "method", "best_of_n", "compare", err);
    if (status == PS_OK)
        *out = c;
    else
        ps_config_free(c);
    return status;
}

static ps_status find_source(ps_compare_plan *plan, size_t i, ps_error *err) {
    ps_config *mine = NULL, *other = NULL;
    ps_status status = ps_compare_plan_samples(&plan->variants[i], &mine, err);
    plan->variants[i].source = i;
    for (size_t k = 0; k < i && status == PS_OK && plan->variants[i].source == i; k++) {
        ps_text difference = {0};
        status = ps_compare_plan_samples(&plan->variants[k], &other, err);
        if (status == PS_OK) status = ps_config_difference(mine, other, &difference, err);
        if (status == PS_OK && difference.length == 0) plan->variants[i].source = k;
        ps_text_clear(&difference);
        ps_config_free(other);
        other = NULL;
    }
    ps_config_free(mine);
    return status;
}

/* Independent samples are the same whatever score reads them: of the variants that draw alike the first draws, and the
 * others read. (With a reward model every variant has it read each step.) */
static ps_status find_drawer(ps_compare_plan *plan, size_t i, ps_error *err) {
    ps_compare_variant *v = &plan->variants[i];
    ps_status status = PS_OK;
    v->drawer = i;
    if (v->source != i || !v->method->independent) return PS_OK;
    for (size_t k = 0; k < i && status == PS_OK && v->drawer == i; k++) {
        const ps_compare_variant *other = &plan->variants[k];
        bool alike = false;
        if (other->source == k && other->drawer == k && other->method->independent)
            status = ps_draws_alike(v->config, other->config, &alike, err);
        if (alike) v->drawer = k;
    }
    if (status != PS_OK || v->drawer == i) return status;
    plan->variants[v->drawer].read_again = true;
    plan->variants[v->drawer].tells |= ps_score_find(v->config->scoring_type)->reads;
    return PS_OK;
}

static ps_status finish_variant(ps_compare_plan *plan, size_t i, ps_models *models, ps_error *err) {
    ps_compare_variant *v = &plan->variants[i];
    for (size_t k = 0; k < i; k++)
        if (strcmp(plan->variants[k].name, v->name) == 0)
            return ps_fail(err, PS_FORMAT, "--methods: \"%s\" is there twice; give one another name: name=method:…",
                           v->name);
    if (strlen(v->name) > 80)
        return ps_fail(err, PS_FORMAT, "--methods: %s: give it a shorter name: name=%s:…", v->name, v->method->name);
    ps_status status = ps_config_check(v->config, NULL, err);
    if (status != PS_OK) return ps_error_prefix(err, status, "--methods: %s", v->name);
    ps_session *session = NULL; /* says what the method's own selection is, and whether it can run at all */
    status = ps_session_create(v->config, models, NULL, &session, err);
    if (status != PS_OK) return ps_error_prefix(err, status, "--methods: %s", v->name);
    v->select = ps_session_select(session);
    v->rewarded = ps_session_reads_reward(session);
    ps_session_release(session);
    status = find_source(plan, i, err);
    return status == PS_OK ? find_drawer(plan, i, err) : status;
}

/* ---- Budgets ------------------------------------------------------------- */

static ps_status parse_budget(const char *text, ps_compare_budget *out, ps_error *err) {
    double value = 0;
    size_t length = strlen(text);
    bool multiple = length > 0 && text[length - 1] == 'x';
    bool number = *text >= '0' && *text <= '9' && ps_parse_real(text, length - multiple, &value);
    if (!number || !(multiple || value == floor(value)) || !(value > 0 && value < 1e12))
        return ps_fail(err, PS_FORMAT,
                       "--budgets: \"%s\": expected a multiple of the mean length of an answer (4x) or a number of "
                       "tokens (2048)",
                       text);
    out->text = ps_strdup(text);
    out->answers = multiple ? value : 0;
    out->tokens = multiple ? 0 : (size_t)value;
    return out->text != NULL ? PS_OK : ps_nomem(err);
}

static ps_status parse_budgets(ps_compare_plan *plan, const char *budgets, ps_error *err) {
    char *copy = ps_strdup(budgets), *rest = copy;
    plan->budgets = ps_calloc(count_pieces(budgets), sizeof *plan->budgets);
    ps_status status = copy == NULL || plan->budgets == NULL ? ps_nomem(err) : PS_OK;
    while (status == PS_OK && rest != NULL) {
        char *piece = rest;
        rest = strchr(rest, ',');
        if (rest != NULL) *rest++ = '\0';
        for (size_t k = 0; k < plan->n_budgets && status == PS_OK; k++)
            if (strcmp(plan->budgets[k].text, piece) == 0)
                status = ps_fail(err, PS_FORMAT, "--budgets: %s is there twice", piece);
        if (status == PS_OK) status = parse_budget(piece, &plan->budgets[plan->n_budgets++], err);
    }
    ps_free(copy);
    return status;
}

size_t ps_compare_plan_tokens(const ps_compare_budget *budget, double answer_tokens) {
    if (budget->answers == 0) return budget->tokens;
    double tokens = budget->answers * answer_tokens;
    return tokens < 1 ? 1 : (size_t)llround(tokens);
}

/* ---- The plan ------------------------------------------------------------ */

static const char *budgets_of(const ps_compare_options *options) {
    return options->budgets != NULL ? options->budgets : "4x,16x";
}

static void clear_lists(ps_compare_plan *plan) {
    for (size_t i = 0; i < plan->n_variants; i++) {
        ps_free(plan->variants[i].name);
        ps_config_free(plan->variants[i].config);
    }
    for (size_t i = 0; i < plan->n_budgets; i++)
        ps_free(plan->budgets[i].text);
    ps_free(plan->variants);
    ps_free(plan->budgets);
}

ps_status ps_compare_check(const ps_config *config, const ps_compare_options *options, const ps_log *log,
                           ps_error *err) {
    ps_compare_plan plan = {0};
    const ps_config **configs = NULL;
    ps_status status = parse_methods(&plan, config, options->methods, err);
    if (status == PS_OK) status = parse_budgets(&plan, budgets_of(options), err);
    if (status == PS_OK && (configs = ps_calloc(plan.n_variants, sizeof *configs)) == NULL) status = ps_nomem(err);
    for (size_t i = 0; i < plan.n_variants && status == PS_OK; i++) {
        configs[i] = plan.variants[i].config;
        status = ps_config_check(configs[i], NULL, err);
        if (status != PS_OK) status = ps_error_prefix(err, status, "--methods: %s", plan.variants[i].name);
    }
    if (status == PS_OK) status = ps_config_warn(configs, plan.n_variants, log, err);
    ps_free(configs);
    clear_lists(&plan);
    return status;
}

static void put_argument(json_t *list, const char *name, const char *value) {
    json_array_append_new(list, json_string(name));
    json_array_append_new(list, ps_json_text(value));
}

static void put_count(json_t *list, const char *name, size_t value, size_t usual) {
    char text[32];
    snprintf(text, sizeof text, "%zu", value);
    if (value != usual) put_argument(list, name, text);
}

/* How the work was divided among folders is not the comparison's. */
static ps_status keep_arguments(ps_compare_plan *plan, const ps_compare_options *options, ps_error *err) {
    json_t *list = plan->arguments = json_array();
    if (list == NULL) return ps_nomem(err);
    put_argument(list, "--methods", options->methods);
    put_argument(list, "--budgets", budgets_of(options));
    put_count(list, "--seeds", plan->seeds, 1);
    put_count(list, "--offset", options->offset, 0);
    put_count(list, "--limit", options->limit, 0);
    if (options->per != PS_COST_TOKENS)
        put_argument(list, "--per", options->per == PS_COST_PASSES ? "passes" : "seconds");
    return PS_OK;
}

ps_status ps_compare_plan_length(ps_compare_plan *plan, double answer_tokens, ps_error *err) {
    char text[32];
    snprintf(text, sizeof text, "%.10g", answer_tokens);
    const size_t before = json_array_size(plan->arguments);
    put_argument(plan->arguments, "--answer-tokens", text);
    return json_array_size(plan->arguments) == before + 2 ? PS_OK : ps_nomem(err);
}

ps_status ps_compare_plan_create(const ps_config *config, const ps_compare_options *options, ps_models *models,
                                 ps_compare_plan **out, ps_error *err) {
    ps_compare_plan *plan = *out = ps_calloc(1, sizeof *plan);
    if (plan == NULL) return ps_nomem(err);
    plan->seeds = options->seeds > 0 ? options->seeds : 1;
    if (options->methods == NULL || *options->methods == '\0')
        return ps_fail(err, PS_FORMAT, "--methods is missing; for example --methods persistent,particle_filter");
    ps_status status = parse_methods(plan, config, options->methods, err);
    if (status == PS_OK) status = parse_budgets(plan, budgets_of(options), err);
    for (size_t i = 0; i < plan->n_variants && status == PS_OK; i++)
        status = finish_variant(plan, i, models, err);
    if (status != PS_OK) return status;
    plan->runs = ps_calloc(plan->n_variants * plan->n_budgets * plan->seeds, sizeof *plan->runs);
    return plan->runs != NULL ? keep_arguments(plan, options, err) : ps_nomem(err);
}

void ps_compare_plan_free(ps_compare_plan *plan) {
    if (plan == NULL) return;
    for (size_t i = 0; plan->runs != NULL && i < plan->n_variants * plan->n_budgets * plan->seeds; i++) {
        ps_free(plan->runs[i].marks);
        ps_free(plan->runs[i].label);
        ps_free((char *)plan->runs[i].arm.path);
    }
    clear_lists(plan);
    ps_free(plan->runs);
    json_decref(plan->arguments);
    ps_free(plan->path);
    ps_free(plan);
}

ps_compare_run *ps_compare_run_of(const ps_compare_plan *plan, size_t variant, size_t budget, size_t seed) {
    size_t source = plan->variants[variant].source;
    if (plan->variants[source].method->greedy) budget = seed = 0;
    return &plan->runs[(source * plan->n_budgets + budget) * plan->seeds + seed];
}

/* Problems are solved side by side, so a second of wall time solves several seconds' worth of them. */
static double wall_of(const ps_compare_run *run, double solving) {
    const double all = run->arm.problem_seconds;
    return all > 0 ? run->wall * solving / all : 0;
}

double ps_compare_run_seconds(const ps_compare_plan *plan, size_t variant, size_t budget, size_t seed) {
    const ps_compare_run *run = ps_compare_run_of(plan, variant, budget, seed);
    const size_t drawer = plan->variants[plan->variants[variant].source].drawer;
    return wall_of(run, run->solving) + wall_of(ps_compare_run_of(plan, drawer, budget, seed), run->reading);
}

/* What might not do in a file's name is written as %XX. */
void ps_compare_plan_stem(const ps_compare_variant *v, ps_text *name) {
    const char *at = v->name;
    size_t length = strlen(v->method->name);
    if (v->method->independent && strncmp(at, v->method->name, length) == 0) {
        ps_text_puts(name, "best_of_n");
        at += length;
    }
    for (; *at != '\0'; at++) {
        bool plain = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') ||
                     strchr("_-=,", *at) != NULL;
        ps_text_printf(name, plain ? "%c" : "%%%02X", (unsigned)(unsigned char)*at);
    }
}

void ps_compare_plan_file(const ps_compare_variant *v, size_t max_tokens, uint64_t seed, ps_text *name) {
    ps_compare_plan_stem(v, name);
    if (!v->method->greedy) ps_text_printf(name, ".%zu-tokens.seed-%llu", max_tokens, (unsigned long long)seed);
}

static ps_status set_number(ps_config *config, const char *key, size_t value, ps_error *err) {
    char text[32];
    snprintf(text, sizeof text, "%zu", value);
    return ps_config_set(config, key, text, "compare", err);
}

/* M answers fit the budget; fewer than a beam expands to make it narrower. */
static ps_status set_width(const ps_compare_variant *v, ps_config *c, size_t answers, ps_error *err) {
    ps_status status = PS_OK;
    if (!v->own_particles) status = set_number(c, "generation.n_particles", answers, err);
    if (status == PS_OK && !v->own_expansion && (size_t)c->beam_expansion > answers)
        status = set_number(c, "beam.expansion", answers, err);
    return status;
}

ps_status ps_compare_plan_config(const ps_compare_plan *plan, size_t variant, size_t budget, size_t seed,
                                 double answer_tokens, ps_config **out, ps_error *err) {
    const ps_compare_variant *v = &plan->variants[plan->variants[variant].source];
    ps_config *c = NULL;
    ps_status status = ps_config_copy(v->config, &c, err);
    if (status == PS_OK && !v->method->greedy) {
        size_t tokens = ps_compare_plan_tokens(&plan->budgets[budget], answer_tokens);
        double answers = round((double)tokens / answer_tokens);
        answers = answers < 1 ? 1 : answers > 65536 ? 65536 : answers;
        status = set_number(c, "ps.budget.max_tokens", tokens, err);
        if (status == PS_OK) status = set_width(v, c, (size_t)answers, err);
        if (status == PS_OK) status = set_number(c, "system.seed", (size_t)v->config->system_seed + seed, err);
    }
    if (status == PS_OK)
        *out = c;
    else
        ps_config_free(c);
    return status;
}
