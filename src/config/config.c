/* A configuration's life, and the layers from which its values come. */
#include "config/internal.h"

#include <stdio.h>
#include <string.h>

bool ps_config_is(const char *value, const char *choice) {
    return value != NULL && strcmp(value, choice) == 0;
}

void ps_config_free(ps_config *cfg) {
    if (cfg == NULL) return;
    for (key_index key = 0; key < N_KEYS; key++) {
        config_value v;
        value_load(cfg, key, &v);
        value_clear(schema_type(key), &v);
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
    for (key_index key = 0; status == PS_OK && key < N_KEYS; key++) {
        config_value v = {0};
        status = value_from_text(key, schema_key(key)->initial, &v, err);
        if (status == PS_OK) value_store(made, key, &v);
    }
    if (status == PS_OK) status = config_settle(made, err);
    if (status == PS_OK)
        *cfg = made;
    else
        ps_config_free(made);
    return status;
}

ps_status ps_config_copy(const ps_config *cfg, ps_config **copy, ps_error *err) {
    ps_config *made = allocate();
    ps_status status = made != NULL ? PS_OK : ps_nomem(err);
    for (key_index key = 0; status == PS_OK && key < N_KEYS; key++) {
        config_value from, to = {0};
        value_load(cfg, key, &from);
        status = value_copy(schema_type(key), &from, &to, err);
        if (status != PS_OK) break;
        value_store(made, key, &to);
        const config_origin *source = &cfg->origins->of[key];
        made->origins->of[key].layer = source->layer;
        if (source->text != NULL && (made->origins->of[key].text = ps_strdup(source->text)) == NULL)
            status = ps_nomem(err);
    }
    if (status == PS_OK)
        *copy = made;
    else
        ps_config_free(made);
    return status;
}

void config_swap(ps_config *a, ps_config *b) {
    ps_config c = *a;
    *a = *b;
    *b = c;
}

/* ---- Layers -------------------------------------------------------------- */

void config_append(const ps_config *cfg, key_index key, ps_text *text) {
    config_value v;
    value_load(cfg, key, &v);
    value_print(schema_type(key), &v, schema_key(key)->allowed, text);
}

const char *origin_text(const ps_config *cfg, key_index key) {
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

static ps_status replace(ps_config *cfg, key_index key, config_value *v, config_layer from, const char *text,
                         ps_error *err) {
    char *copy = NULL;
    if (text != NULL && (copy = clean_copy(text)) == NULL) {
        value_clear(schema_type(key), v);
        return ps_nomem(err);
    }
    config_value old;
    value_load(cfg, key, &old);
    value_clear(schema_type(key), &old);
    value_store(cfg, key, v);
    ps_free(cfg->origins->of[key].text);
    cfg->origins->of[key] = (config_origin){from, copy};
    return PS_OK;
}

ps_status config_assign(ps_config *cfg, key_index key, config_value *v, config_layer from, const char *text,
                        ps_error *err) {
    if (from >= cfg->origins->of[key].layer) return replace(cfg, key, v, from, text, err);
    value_clear(schema_type(key), v);
    return PS_OK;
}

ps_status config_settle(ps_config *cfg, ps_error *err) {
    char text[64];
    bool steps = ps_config_is(cfg->ps_mode, "steps");
    snprintf(text, sizeof text, "preset %s", cfg->preset);
    for (key_index key = 0; key < N_KEYS; key++) {
        const char *name = schema_key(key)->name;
        if (!preset_touches(name) || cfg->origins->of[key].layer > LAYER_PRESET) continue;
        const char *set = preset_value(cfg->preset, name, steps);
        config_value v = {0};
        ps_status status = value_from_text(key, set != NULL ? set : schema_key(key)->initial, &v, err);
        if (status == PS_OK)
            status = replace(cfg, key, &v, set != NULL ? LAYER_PRESET : LAYER_DEFAULT, set != NULL ? text : NULL, err);
        if (status != PS_OK) return status;
    }
    return PS_OK;
}
