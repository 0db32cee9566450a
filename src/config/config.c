/* A configuration's life, and the layers from which its values come. */
#include "config/internal.h"

#include <stdio.h>
#include <string.h>

bool ps_config_is(const char *value, const char *choice) {
    return value != NULL && strcmp(value, choice) == 0;
}

void ps_config_free(ps_config *cfg) {
    if (cfg == NULL) return;
    for (ps_key_index key = 0; key < N_KEYS; key++) {
        ps_value v;
        ps_value_load(cfg, key, &v);
        ps_value_clear(ps_schema_type(key), &v);
        if (cfg->origins != NULL) ps_free(cfg->origins->of[key].text);
    }
    ps_free(cfg->origins);
    ps_free(cfg);
}

static ps_config *allocate(void) {
    ps_config *cfg = ps_calloc(1, sizeof *cfg);
    if (cfg == NULL) return NULL;
    cfg->origins = ps_calloc(1, sizeof *cfg->origins);
    if (cfg->origins == NULL) {
        ps_free(cfg);
        return NULL;
    }
    return cfg;
}

ps_status ps_config_create(ps_config **cfg, ps_error *err) {
    ps_config *made = allocate();
    ps_status status = made != NULL ? PS_OK : ps_nomem(err);
    for (ps_key_index key = 0; status == PS_OK && key < N_KEYS; key++) {
        ps_value v = {0};
        status = ps_value_from_text(key, ps_schema_key(key)->initial, &v, err);
        if (status == PS_OK) ps_value_store(made, key, &v);
    }
    if (status == PS_OK) status = ps_config_settle(made, err);
    if (status == PS_OK)
        *cfg = made;
    else
        ps_config_free(made);
    return status;
}

ps_status ps_config_copy(const ps_config *cfg, ps_config **copy, ps_error *err) {
    ps_config *made = allocate();
    ps_status status = made != NULL ? PS_OK : ps_nomem(err);
    for (ps_key_index key = 0; status == PS_OK && key < N_KEYS; key++) {
        ps_value from, to = {0};
        ps_value_load(cfg, key, &from);
        status = ps_value_copy(ps_schema_type(key), &from, &to, err);
        if (status != PS_OK) break;
        ps_value_store(made, key, &to);
        const ps_config_origin *source = &cfg->origins->of[key];
        made->origins->of[key].layer = source->layer;
        made->origins->of[key].in_file = source->in_file;
        if (source->text != NULL && (made->origins->of[key].text = ps_strdup(source->text)) == NULL)
            status = ps_nomem(err);
    }
    if (status == PS_OK)
        *copy = made;
    else
        ps_config_free(made);
    return status;
}

void ps_config_swap(ps_config *a, ps_config *b) {
    ps_config c = *a;
    *a = *b;
    *b = c;
}

/* ---- Layers -------------------------------------------------------------- */

void ps_config_append(const ps_config *cfg, ps_key_index key, ps_text *text) {
    ps_value v;
    ps_value_load(cfg, key, &v);
    ps_value_print(ps_schema_type(key), &v, ps_schema_key(key)->allowed, text);
}

bool ps_config_was_given(const ps_config *cfg, ps_key_index key) {
    ps_config_layer from = cfg->origins->of[key].layer;
    return from == LAYER_FILE || from == LAYER_SET;
}

bool ps_config_is_set(const ps_config *cfg, const char *key) {
    ps_key_index index = ps_schema_find(key);
    return index != NO_KEY && ps_config_was_given(cfg, index);
}

const char *ps_origin_text(const ps_config *cfg, ps_key_index key) {
    const char *text = cfg->origins->of[key].text;
    return text != NULL ? text : "default";
}

/* Origins end up in comments and messages: one line, nothing that drives a terminal. */
static char *clean_copy(const char *text) {
    char *copy = ps_strdup(text);
    for (char *c = copy; c != NULL && *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = '?';
    return copy;
}

static ps_status replace(ps_config *cfg, ps_key_index key, ps_value *v, ps_config_layer from, const char *text,
                         ps_error *err) {
    char *copy = NULL;
    if (text != NULL && (copy = clean_copy(text)) == NULL) {
        ps_value_clear(ps_schema_type(key), v);
        return ps_nomem(err);
    }
    ps_value old;
    ps_value_load(cfg, key, &old);
    ps_value_clear(ps_schema_type(key), &old);
    ps_value_store(cfg, key, v);
    ps_free(cfg->origins->of[key].text);
    cfg->origins->of[key].text = copy;
    cfg->origins->of[key].layer = from;
    return PS_OK;
}

ps_status ps_config_assign(ps_config *cfg, ps_key_index key, ps_value *v, ps_config_layer from, const char *text,
                           ps_error *err) {
    if (from == LAYER_FILE) cfg->origins->of[key].in_file = true;
    if (from >= cfg->origins->of[key].layer) return replace(cfg, key, v, from, text, err);
    ps_value_clear(ps_schema_type(key), v);
    return PS_OK;
}

/* Give a key what follows from others: the layers above are left alone. */
static ps_status derive(ps_config *cfg, ps_key_index key, const char *value, ps_config_layer from, const char *text,
                        ps_error *err) {
    ps_value v = {0};
    ps_status status = ps_value_from_text(key, value, &v, err);
    return status == PS_OK ? replace(cfg, key, &v, from, text, err) : status;
}

/* Where nobody sets the preset the files' keys imply it. */
static ps_status settle_preset(ps_config *cfg, ps_error *err) {
    ps_key_index because;
    if (cfg->origins->of[KEY_preset].layer > LAYER_PRESET) return PS_OK;
    const char *preset = ps_config_implied_preset(cfg, &because);
    return derive(cfg, KEY_preset, preset, LAYER_DEFAULT, because != NO_KEY ? "implied by the files' keys" : NULL, err);
}

/* The hub's cache is hub.cache, else in hub.home: but a home that the command line names goes before a cache that the
 * environment or a file does. */
static ps_status settle_hub(ps_config *cfg, ps_error *err) {
    const ps_config_origin *home = &cfg->origins->of[KEY_hub_home], *cache = &cfg->origins->of[KEY_hub_cache];
    if (cfg->hub_cache == NULL || home->layer <= cache->layer) return PS_OK;
    return derive(cfg, KEY_hub_cache, "null", LAYER_DEFAULT, NULL, err);
}

/* What a target of p^α sets where nobody else does: it is that of all answers only without top_p and top_k, and it is
 * drawn from at 1/α. NULL for any other key. */
static const char *value_of_power(double alpha, ps_key_index key, char text[32]) {
    switch (key) {
    case KEY_generation_temperature: snprintf(text, 32, "%.17g", 1 / alpha); return text;
    case KEY_generation_top_p:
    case KEY_ps_temperature_schedule_beta_max: return "1";
    case KEY_generation_top_k: return "0";
    default: return NULL;
    }
}

/* The score has the exponent in itself, so it sets beta_max, too; power_mcmc reads no score. */
static ps_status settle_power(ps_config *cfg, ps_error *err) {
    const bool score = ps_config_is(cfg->scoring_type, "power");
    char text[32];
    ps_status status = PS_OK;
    if (!score && !ps_config_is(cfg->method, "power_mcmc")) return PS_OK;
    for (ps_key_index key = 0; key < N_KEYS && status == PS_OK; key++) {
        const char *value = value_of_power(score ? cfg->scoring_params_power_alpha : cfg->power_mcmc_alpha, key, text);
        if (value == NULL || cfg->origins->of[key].layer > LAYER_PRESET) continue;
        if (score || key != KEY_ps_temperature_schedule_beta_max)
            status = derive(cfg, key, value, LAYER_PRESET, score ? "scoring.type power" : "method power_mcmc", err);
    }
    return status;
}

ps_status ps_config_settle(ps_config *cfg, ps_error *err) {
    char text[64];
    ps_status status = settle_preset(cfg, err);
    bool steps = ps_config_is(cfg->ps_mode, "steps");
    snprintf(text, sizeof text, "preset %s", cfg->preset);
    for (ps_key_index key = 0; key < N_KEYS && status == PS_OK; key++) {
        const char *name = ps_schema_key(key)->name;
        char unused[32];
        bool touched = ps_preset_touches(name) || value_of_power(1, key, unused) != NULL;
        if (!touched || cfg->origins->of[key].layer > LAYER_PRESET) continue;
        const char *set = ps_preset_value(cfg->preset, name, steps);
        status = set != NULL ? derive(cfg, key, set, LAYER_PRESET, text, err)
                             : derive(cfg, key, ps_schema_key(key)->initial, LAYER_DEFAULT, NULL, err);
    }
    if (status == PS_OK) status = settle_hub(cfg, err);
    return status == PS_OK ? settle_power(cfg, err) : status;
}
