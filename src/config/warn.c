/* Warnings about keys that are set and change nothing: for the chosen engine, or in this version at all. */
#include "config/internal.h"

#include <stdio.h>
#include <string.h>

/* What this version does nothing with, and why: keys and sections that configurations brought from elsewhere have. */
static const struct {
    const char *section, *reason;
} idle[] = {
    {"tuning", "this version has no tuning; a run takes the configuration as it stands"},
    {"ps.z_estimation", "there is one estimator, and it always computes in log space"},
    {"hub.token_env", "this version fetches nothing from a hub and reads no token"},
};
enum { N_IDLE = sizeof idle / sizeof *idle };

bool ps_config_key_is_idle(ps_key_index key) {
    for (size_t i = 0; i < N_IDLE; i++)
        if (ps_schema_in_section(ps_schema_key(key)->name, idle[i].section)) return true;
    return false;
}

/* Keys named in one warning, each with the place where it was set: a configuration brought from another program has a
 * dozen of them. */
typedef struct named {
    ps_text text;
    size_t n;
} named;

enum { SHOWN = 8 };

static void name_key(named *names, const ps_config *cfg, ps_key_index key) {
    if (names->n++ >= SHOWN) return;
    ps_text_printf(&names->text, "%s%s (%s)", names->n > 1 ? ", " : "", ps_schema_key(key)->name,
                   ps_origin_text(cfg, key));
}

static ps_status say(named *names, const ps_log *log, const char *before, const char *after, ps_error *err) {
    if (names->n > SHOWN) ps_text_printf(&names->text, " and %zu more", names->n - SHOWN);
    if (names->n > 0) ps_log_printf(log, PS_LOG_WARNING, "%s: %s%s", before, ps_text_cstr(&names->text), after);
    ps_status status = ps_text_ok(&names->text) ? PS_OK : ps_nomem(err);
    ps_text_clear(&names->text);
    return status;
}

/* What the environment sets is meant for other programs, too. */
static bool was_set(const ps_config *cfg, ps_key_index key) {
    ps_config_layer from = cfg->origins->of[key].layer;
    return from == LAYER_FILE || from == LAYER_SET;
}

/* True if `word` is one of the words of `list`. */
static bool has_word(const char *list, const char *word) {
    size_t length = strlen(word);
    for (const char *at = list; *at != '\0'; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        if (n == length && memcmp(at, word, n) == 0) return true;
        at += n;
    }
    return false;
}

static ps_status warn_vain(const ps_config *cfg, const ps_log *log, ps_error *err) {
    char before[96];
    named names = {0};
    for (ps_key_index key = 0; key < N_KEYS; key++) {
        const char *engines = ps_schema_key(key)->engines;
        if (*engines != '\0' && !has_word(engines, cfg->engine_type) && was_set(cfg, key)) name_key(&names, cfg, key);
    }
    snprintf(before, sizeof before, "ignored, without meaning for engine %s", cfg->engine_type);
    return say(&names, log, before, "", err);
}

/* Whether a key has another value than its default: only then does someone expect something of it. */
static bool is_changed(const ps_config *cfg, ps_key_index key, ps_status *status, ps_error *err) {
    ps_value now, initial = {0};
    *status = ps_value_from_text(key, ps_schema_key(key)->initial, &initial, err);
    if (*status != PS_OK) return false;
    ps_value_load(cfg, key, &now);
    bool changed = was_set(cfg, key) && !ps_value_equal(ps_schema_type(key), &now, &initial);
    ps_value_clear(ps_schema_type(key), &initial);
    return changed;
}

static ps_status warn_idle(const ps_config *cfg, size_t which, const ps_log *log, ps_error *err) {
    char after[128];
    named names = {0};
    ps_status status = PS_OK;
    for (ps_key_index key = 0; key < N_KEYS && status == PS_OK; key++)
        if (ps_schema_in_section(ps_schema_key(key)->name, idle[which].section) && is_changed(cfg, key, &status, err))
            name_key(&names, cfg, key);
    snprintf(after, sizeof after, ": %s", idle[which].reason);
    ps_status said = say(&names, log, "without effect", after, err);
    return status != PS_OK ? status : said;
}

ps_status ps_config_warn(const ps_config *cfg, const ps_log *log, ps_error *err) {
    ps_status status = warn_vain(cfg, log, err);
    for (size_t i = 0; i < N_IDLE && status == PS_OK; i++)
        status = warn_idle(cfg, i, log, err);
    return status;
}
