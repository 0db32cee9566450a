/* `persamp config --explain`: the schema in words for a terminal. */
#include "config/acts.h"

#include <string.h>

enum { WIDTH = 96 };

/* Words in lines, the first one from where the text stands, which is behind an indent. */
static void wrap(const char *words, const char *indent, ps_text *text) {
    size_t column = strlen(indent);
    for (const char *at = words; *at != '\0'; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        bool fresh = column + n + 1 > WIDTH;
        if (fresh) {
            ps_text_printf(text, "\n%s", indent);
            column = strlen(indent);
        } else if (at != words) {
            ps_text_puts(text, " ");
            column++;
        }
        ps_text_append(text, at, n);
        column += n;
        at += n;
    }
    ps_text_puts(text, "\n");
}

/* When it acts, where that is not always. */
static void explain_use(ps_key_index key, ps_text *text) {
    ps_text use = {0};
    if (ps_acts_never(key) != NULL)
        ps_text_printf(&use, "never: %s", ps_acts_never(key));
    else
        ps_acts_words(key, &use);
    if (use.length > 0) {
        ps_text_puts(text, "  acts      ");
        wrap(ps_text_cstr(&use), "            ", text);
    }
    text->failed = text->failed || use.failed;
    ps_text_clear(&use);
}

static ps_status explain_key(ps_key_index key, ps_text *text, ps_error *err) {
    const ps_config_key *k = ps_schema_key(key);
    ps_value initial = {0};
    ps_status status = ps_value_from_text(key, k->initial, &initial, err);
    if (status != PS_OK) return status;
    const char *recommended = ps_preset_value("recommended", k->name, true);
    ps_text_printf(text, "%s\n  ", k->name);
    wrap(k->doc, "  ", text);
    ps_text_puts(text, "  value     ");
    ps_schema_expectation(key, text);
    ps_text_puts(text, "\n  default   ");
    ps_value_print(ps_schema_type(key), &initial, k->allowed, text);
    if (recommended != NULL) ps_text_printf(text, "\n  preset    recommended: %s", recommended);
    ps_text_puts(text, "\n");
    explain_use(key, text);
    ps_value_clear(ps_schema_type(key), &initial);
    return PS_OK;
}

ps_status ps_config_explain(const char *name, ps_text *text, ps_error *err) {
    char message[384];
    size_t found = 0;
    for (ps_key_index key = 0; key < N_KEYS; key++) {
        if (!ps_schema_in_section(ps_schema_key(key)->name, name)) continue;
        if (found++ > 0) ps_text_puts(text, "\n");
        ps_status status = explain_key(key, text, err);
        if (status != PS_OK) return status;
    }
    if (found > 0) return ps_text_ok(text) ? PS_OK : ps_nomem(err);
    ps_schema_unknown(name, message, sizeof message);
    return ps_fail(err, PS_ARG, "%s", message);
}
