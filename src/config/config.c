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
    cfg->origins->of[key] = (ps_config_origin){from, copy};
    return PS_OK;
}

ps_status ps_config_assign(ps_config *cfg, ps_key_index key, ps_value *v, ps_config_layer from, const char *text,
                           ps_error *err) {
    if (from >= cfg->origins->of[key].layer) return replace(cfg, key, v, from, text, err);
    ps_value_clear(ps_schema_type(key), v);
    return PS_OK;
}

ps_status ps_config_settle(ps_config *cfg, ps_error *err) {
    char text[64];
    bool steps = ps_config_is(cfg->ps_mode, "steps");
    snprintf(text, sizeof text, "preset %s", cfg->preset);
    for (ps_key_index key = 0; key < N_KEYS; key++) {
        const char *name = ps_schema_key(key)->name;
        if (!ps_preset_touches(name) || cfg->origins->of[key].layer > LAYER_PRESET) continue;
        const char *set = ps_preset_value(cfg->preset, name, steps);
        ps_value v = {0};
        ps_status status = ps_value_from_text(key, set != NULL ? set : ps_schema_key(key)->initial, &v, err);
        if (status == PS_OK)
            status = replace(cfg, key, &v, set != NULL ? LAYER_PRESET : LAYER_DEFAULT, set != NULL ? text : NULL, err);
        if (status != PS_OK) return status;
    }
    return PS_OK;
}
