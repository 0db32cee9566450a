/* What a user should know of a configuration that is right: which preset its files imply, and which keys are set and
 * can do nothing. */
#include "config/acts.h"

#include <string.h>

/* What is run: one configuration, or those of several methods. */
typedef struct audience {
    const ps_config *const *configs; /* [n] */
    size_t n;
    const ps_log *log;
} audience;

/* ---- Keys that cannot act ------------------------------------------------ */

/* Whether another of the configurations has the key from the same place with the same value. */
static bool same_setting(const ps_config *a, const ps_config *b, ps_key_index key) {
    ps_value x, y;
    ps_value_load(a, key, &x);
    ps_value_load(b, key, &y);
    return ps_config_was_given(b, key) && strcmp(ps_origin_text(a, key), ps_origin_text(b, key)) == 0 &&
           ps_value_equal(ps_schema_type(key), &x, &y);
}

/* Whether the setting of a key in configs[i] is to be told: it acts nowhere, and was not told of an earlier one. */
static bool is_vain(const audience *a, size_t i, ps_key_index key) {
    ps_clause failing;
    if (!ps_config_was_given(a->configs[i], key)) return false;
    for (size_t k = 0; k < a->n; k++) {
        if (!same_setting(a->configs[i], a->configs[k], key)) continue;
        if (k < i || ps_acts(a->configs[k], key, &failing)) return false;
    }
    return true;
}

/* Whether a file gives a key the value that it would have anyway: then nobody expects anything of it. */
static bool is_idle(const ps_config *cfg, ps_key_index key, ps_status *status, ps_error *err) {
    const char *name = ps_schema_key(key)->name;
    const char *preset = ps_preset_value(cfg->preset, name, ps_config_is(cfg->ps_mode, "steps"));
    ps_value now, anyway = {0};
    if (cfg->origins->of[key].layer != LAYER_FILE) return false;
    *status = ps_value_from_text(key, preset != NULL ? preset : ps_schema_key(key)->initial, &anyway, err);
    if (*status != PS_OK) return false;
    ps_value_load(cfg, key, &now);
    bool same = ps_value_equal(ps_schema_type(key), &now, &anyway);
    ps_value_clear(ps_schema_type(key), &anyway);
    return same;
}

/* "KEY (where): why", on one line. */
static ps_status name_key(const audience *a, const ps_config *cfg, ps_key_index key, ps_log_level level,
                          ps_error *err) {
    const char *reason = ps_acts_never(key);
    ps_clause failing;
    ps_text why = {0};
    if (reason != NULL) {
        ps_text_printf(&why, "has no effect: %s", reason);
    } else if (!ps_acts(cfg, key, &failing)) {
        ps_text_printf(&why, "cannot act: %s is ", ps_schema_key(failing.key)->name);
        if (failing.kind == CLAUSE_UNSET) ps_text_puts(&why, "set to ");
        ps_config_append(cfg, failing.key, &why);
        ps_text_printf(&why, " (%s); it needs ", ps_origin_text(cfg, failing.key));
        ps_clause_words(&failing, &why);
    }
    ps_log_printf(a->log, level, "%s (%s) %s", ps_schema_key(key)->name, ps_origin_text(cfg, key), ps_text_cstr(&why));
    ps_status status = ps_text_ok(&why) ? PS_OK : ps_nomem(err);
    ps_text_clear(&why);
    return status;
}

/* The keys that stand in files at the value they would have anyway: in one line, with as many names as fit. */
typedef struct idle_keys {
    ps_text names;
    size_t n, named;
} idle_keys;

static void add_idle(idle_keys *idle, ps_key_index key) {
    enum { COLUMNS = 160 };
    const char *name = ps_schema_key(key)->name;
    if (idle->named == idle->n++ && idle->names.length + strlen(name) <= COLUMNS) {
        ps_text_printf(&idle->names, "%s%s", idle->named > 0 ? ", " : "", name);
        idle->named++;
    }
}

static ps_status tell_idle(const audience *a, idle_keys *idle, ps_error *err) {
    if (idle->n > idle->named) ps_text_printf(&idle->names, " and %zu more", idle->n - idle->named);
    ps_status status = ps_text_ok(&idle->names) ? PS_OK : ps_nomem(err);
    if (idle->n > 0 && status == PS_OK)
        ps_log_printf(a->log, PS_LOG_INFO,
                      "%zu key%s in files, at the default, cannot act: %s; `persamp config` marks them", idle->n,
                      idle->n == 1 ? "" : "s", ps_text_cstr(&idle->names));
    ps_text_clear(&idle->names);
    return status;
}

static ps_status warn_vain(const audience *a, ps_error *err) {
    idle_keys idle = {0};
    ps_status status = PS_OK;
    for (size_t i = 0; i < a->n && a->log != NULL; i++)
        for (ps_key_index key = 0; key < N_KEYS && status == PS_OK; key++) {
            if (!is_vain(a, i, key)) continue;
            bool quiet = is_idle(a->configs[i], key, &status, err);
            if (quiet) add_idle(&idle, key);
            if (status == PS_OK) status = name_key(a, a->configs[i], key, quiet ? PS_LOG_DEBUG : PS_LOG_WARNING, err);
        }
    ps_status told = tell_idle(a, &idle, err);
    return status != PS_OK ? status : told;
}

/* ---- What is made for a reward model, without one ------------------------ */

/* It is obeyed, by what is there. */
static void warn_rewardless(const ps_config *cfg, const ps_log *log, ps_key_index key, double value) {
    if (cfg->models_prm_enabled || !ps_config_was_given(cfg, key) || !(value > 0)) return;
    ps_log_printf(log, PS_LOG_WARNING,
                  "without a reward model %s (%s) compares depths by the score, which may fall with every token; auto "
                  "leaves it off",
                  ps_schema_key(key)->name, ps_origin_text(cfg, key));
}

/* ---- A target that is not the one named ---------------------------------- */

static void warn_restricted(const ps_config *cfg, const ps_log *log, ps_key_index key, bool restricts) {
    ps_text value = {0};
    const bool score = ps_config_is(cfg->scoring_type, "power");
    if (!restricts || !(score || ps_config_is(cfg->method, "power_mcmc"))) return;
    ps_config_append(cfg, key, &value);
    ps_log_printf(
        log, PS_LOG_WARNING,
        "%s is %s (%s): the target of %s is then p^%g of answers of which every token is among those kept, not of all "
        "answers",
        ps_schema_key(key)->name, ps_text_cstr(&value), ps_origin_text(cfg, key),
        score ? "scoring.type power" : "method power_mcmc",
        score ? cfg->scoring_params_power_alpha : cfg->power_mcmc_alpha);
    ps_text_clear(&value);
}

static void warn_prior(const ps_config *cfg, const ps_log *log) {
    const ps_key_index key = KEY_scoring_length_prior_type;
    if (!ps_config_is(cfg->scoring_type, "power") || ps_config_is(cfg->scoring_length_prior_type, "none")) return;
    ps_log_printf(log, PS_LOG_WARNING, "%s is %s (%s): the target of scoring.type power is then p^%g times that prior",
                  ps_schema_key(key)->name, cfg->scoring_length_prior_type, ps_origin_text(cfg, key),
                  cfg->scoring_params_power_alpha);
}

/* ---- The preset ---------------------------------------------------------- */

static void tell_preset(const audience *a) {
    ps_key_index because;
    const ps_config *cfg = a->configs[0];
    if (!ps_config_preset_is_implied(cfg)) return;
    ps_config_implied_preset(cfg, &because);
    bool seen = cfg->origins->of[because].layer == LAYER_FILE;
    ps_log_printf(a->log, PS_LOG_INFO,
                  "preset classic: %s sets %s and no file what only persamp has; `preset: recommended` is ours",
                  seen ? ps_origin_text(cfg, because) : "a file", ps_schema_key(because)->name);
}

ps_status ps_config_warn(const ps_config *const *configs, size_t n, const ps_log *log, ps_error *err) {
    audience a = {configs, n, log};
    if (n == 0) return PS_OK;
    tell_preset(&a);
    for (size_t i = 0; i < n; i++) {
        warn_rewardless(configs[i], log, KEY_ps_depth_tilt, configs[i]->ps_depth_tilt);
        warn_rewardless(configs[i], log, KEY_ps_depth_retreat, configs[i]->ps_depth_retreat);
        warn_restricted(configs[i], log, KEY_generation_top_p, configs[i]->generation_top_p < 1);
        warn_restricted(configs[i], log, KEY_generation_top_k, configs[i]->generation_top_k > 0);
        warn_prior(configs[i], log);
    }
    return warn_vain(&a, err);
}
