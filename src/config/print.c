/* The effective configuration as YAML, and the difference of two. */
#include "config/acts.h"

#include <stdio.h>
#include <string.h>

enum { COMMENT_COLUMN = 56, MAX_SECTION = 128 };

/* Open the sections of `name` that the line before it was not in. Returns its depth; *last is its last part. */
static int open_sections(const char *name, char section[MAX_SECTION], const char **last, ps_text *text) {
    int depth = 0;
    for (const char *dot; (dot = strchr(*last, '.')) != NULL; *last = dot + 1, depth++) {
        size_t length = (size_t)(dot - name);
        if (strncmp(section, name, length) == 0 && (section[length] == '.' || section[length] == '\0')) continue;
        ps_text_printf(text, "%s%*s%.*s:\n", depth == 0 ? "\n" : "", 2 * depth, "", (int)(dot - *last), *last);
        snprintf(section, MAX_SECTION, "%.*s", (int)length, name);
    }
    snprintf(section, MAX_SECTION, "%.*s", *last > name ? (int)(*last - name - 1) : 0, name);
    return depth;
}

static bool is_vain(const ps_config *cfg, ps_key_index key) {
    ps_clause failing;
    return ps_config_was_given(cfg, key) && !ps_acts(cfg, key, &failing);
}

ps_status ps_config_yaml(const ps_config *cfg, bool with_origins, ps_text *text, ps_error *err) {
    char section[MAX_SECTION] = "";
    for (ps_key_index key = 0; key < N_KEYS; key++) {
        const char *name = ps_schema_key(key)->name, *last = name;
        int depth = open_sections(name, section, &last, text);
        size_t start = text->length;
        ps_text_printf(text, "%*s%s: ", 2 * depth, "", last);
        ps_config_append(cfg, key, text);
        size_t width = text->length - start;
        if (with_origins)
            ps_text_printf(text, "%*s  # %s%s", width < COMMENT_COLUMN ? (int)(COMMENT_COLUMN - width) : 0, "",
                           ps_origin_text(cfg, key), is_vain(cfg, key) ? "; cannot act" : "");
        ps_text_puts(text, "\n");
    }
    return ps_text_ok(text) ? PS_OK : ps_nomem(err);
}

ps_status ps_config_difference(const ps_config *now, const ps_config *was, ps_text *text, ps_error *err) {
    for (ps_key_index key = 0; key < N_KEYS; key++) {
        ps_value a, b;
        ps_value_load(now, key, &a);
        ps_value_load(was, key, &b);
        /* A preset is its keys: naming it differently while they agree changes nothing. */
        if (!ps_schema_key(key)->changes_results || key == KEY_preset || ps_value_equal(ps_schema_type(key), &a, &b))
            continue;
        ps_text_printf(text, "%s: ", ps_schema_key(key)->name);
        ps_config_append(now, key, text);
        ps_text_puts(text, ", was ");
        ps_config_append(was, key, text);
        ps_text_puts(text, "\n");
    }
    return ps_text_ok(text) ? PS_OK : ps_nomem(err);
}

static ps_status no_such_key(const char *name, ps_error *err) {
    char message[384];
    ps_schema_unknown(name, message, sizeof message);
    return ps_fail(err, PS_ARG, "%s", message);
}

ps_status ps_config_get_text(const ps_config *cfg, const char *key, ps_text *text, ps_error *err) {
    ps_key_index index = ps_schema_find(key);
    if (index == NO_KEY) return no_such_key(key, err);
    ps_config_append(cfg, index, text);
    return ps_text_ok(text) ? PS_OK : ps_nomem(err);
}

ps_status ps_config_get_origin(const ps_config *cfg, const char *key, ps_text *text, ps_error *err) {
    ps_key_index index = ps_schema_find(key);
    if (index == NO_KEY) return no_such_key(key, err);
    ps_text_puts(text, ps_origin_text(cfg, index));
    return ps_text_ok(text) ? PS_OK : ps_nomem(err);
}
