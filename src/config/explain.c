/* `persamp config --explain`: the schema in words for a terminal. */
#include "config/internal.h"

#include <string.h>

enum { WIDTH = 96 };

/* Break a text into lines between words. */
static void wrap(const char *words, const char *indent, ps_text *text) {
    size_t column = WIDTH;
    for (const char *at = words; *at != '\0'; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        bool fresh = column + n + 1 > WIDTH;
        if (fresh) {
            ps_text_puts(text, at == words ? indent : "\n");
            if (at != words) ps_text_puts(text, indent);
            column = strlen(indent);
        } else {
            ps_text_puts(text, " ");
            column++;
        }
        ps_text_append(text, at, n);
        column += n;
        at += n;
    }
    ps_text_puts(text, "\n");
}

static void explain_use(key_index key, ps_text *text) {
    const char *engines = schema_key(key)->engines;
    if (*engines == '-')
        ps_text_puts(text, "  engines   none: accepted for users who have it, and ignored\n");
    else if (*engines != '\0')
        ps_text_printf(text, "  engines   %s\n", engines);
    if (config_is_idle(key)) ps_text_puts(text, "  effect    none in this version\n");
}

static ps_status explain_key(key_index key, ps_text *text, ps_error *err) {
    const ps_config_key *k = schema_key(key);
    config_value initial = {0};
    ps_status status = value_from_text(key, k->initial, &initial, err);
    if (status != PS_OK) return status;
    const char *recommended = preset_value("recommended", k->name, true);
    ps_text_printf(text, "%s\n", k->name);
    wrap(k->doc, "  ", text);
    ps_text_puts(text, "  value     ");
    schema_expectation(key, text);
    ps_text_puts(text, "\n  default   ");
    value_print(schema_type(key), &initial, k->allowed, text);
    if (recommended != NULL) ps_text_printf(text, "\n  preset    recommended: %s", recommended);
    ps_text_puts(text, "\n");
    explain_use(key, text);
    value_clear(schema_type(key), &initial);
    return PS_OK;
}

ps_status ps_config_explain(const char *name, ps_text *text, ps_error *err) {
    char message[384];
    size_t found = 0;
    for (key_index key = 0; key < N_KEYS; key++) {
        if (!schema_in_section(schema_key(key)->name, name)) continue;
        if (found++ > 0) ps_text_puts(text, "\n");
        ps_status status = explain_key(key, text, err);
        if (status != PS_OK) return status;
    }
    if (found > 0) return ps_text_ok(text) ? PS_OK : ps_nomem(err);
    schema_unknown(name, message, sizeof message);
    return ps_fail(err, PS_ARG, "%s", message);
}
