/* From a value to YAML on one line. The same value always gives the same bytes. */
#include "config/number.h"
#include "config/value.h"

#include <inttypes.h>
#include <string.h>

/* True if text can stand without quotes anywhere and be read as text: letters and a few signs that mean nothing. */
static bool is_safe_plain(const char *text) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char inside[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+";
    bool truth;
    if (*text == '\0' || strchr(letters, *text) == NULL || text[strspn(text, inside)] != '\0') {
        bool is_path = strncmp(text, "./", 2) == 0 || *text == '/';
        if (!is_path || text[strspn(text, inside)] != '\0') return false;
    }
    return !ps_yaml_is_null(text) && !ps_yaml_bool(text, &truth);
}

/* The character at *c and past it. `text` is UTF-8: it was checked when it was read. */
static uint32_t next_character(const unsigned char **c) {
    const unsigned char *at = *c;
    int more = *at < 0x80 ? 0 : *at < 0xe0 ? 1 : *at < 0xf0 ? 2 : 3;
    uint32_t code = more == 0 ? *at : *at & (0x3fu >> more);
    for (int i = 1; i <= more; i++)
        code = code << 6 | (at[i] & 0x3fu);
    *c = at + more + 1;
    return code;
}

/* What YAML does not print as itself, or what a reader could not see. */
static bool needs_escape(uint32_t code) {
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029 || code == 0xfeff ||
           code == 0xfffe || code == 0xffff;
}

static void print_quoted(const char *string, ps_text *text) {
    ps_text_puts(text, "\"");
    for (const unsigned char *c = (const unsigned char *)string; *c != 0;) {
        const unsigned char *start = c;
        uint32_t code = next_character(&c);
        switch (code) {
        case '\n': ps_text_puts(text, "\\n"); break;
        case '\t': ps_text_puts(text, "\\t"); break;
        case '"': ps_text_puts(text, "\\\""); break;
        case '\\': ps_text_puts(text, "\\\\"); break;
        default:
            if (needs_escape(code))
                ps_text_printf(text, "\\u%04" PRIX32, code);
            else
                ps_text_append(text, (const char *)start, (size_t)(c - start));
        }
    }
    ps_text_puts(text, "\"");
}

static void print_string(const char *string, ps_text *text) {
    if (string == NULL)
        ps_text_puts(text, "null");
    else if (is_safe_plain(string))
        ps_text_puts(text, string);
    else
        print_quoted(string, text);
}

/* {min: 0.5, max: 2, log: true} */
static void print_range(const ps_config_range *range, ps_text *text) {
    ps_text_puts(text, "{min: ");
    ps_yaml_print_real(range->min, text);
    ps_text_puts(text, ", max: ");
    ps_yaml_print_real(range->max, text);
    if (range->step > 0) {
        ps_text_puts(text, ", step: ");
        ps_yaml_print_real(range->step, text);
    }
    ps_text_puts(text, range->log ? ", log: true}" : "}");
}

static void print_space(const ps_config_space *space, ps_text *text) {
    ps_text_puts(text, "{");
    for (size_t i = 0; i < space->n; i++) {
        ps_text_printf(text, "%s%s: ", i > 0 ? ", " : "", space->keys[i]);
        if (space->values[i].n == 0) {
            print_range(&space->ranges[i], text);
            continue;
        }
        ps_text_puts(text, "[");
        for (size_t j = 0; j < space->values[i].n; j++) /* canonical YAML already */
            ps_text_printf(text, "%s%s", j > 0 ? ", " : "", space->values[i].items[j]);
        ps_text_puts(text, "]");
    }
    ps_text_puts(text, "}");
}

static void print_presets(const ps_config_presets *presets, ps_text *text) {
    ps_text_puts(text, "{");
    for (size_t i = 0; i < presets->n; i++) {
        const ps_config_space *settings = &presets->settings[i];
        ps_text_puts(text, i > 0 ? ", " : "");
        print_string(presets->names[i], text);
        ps_text_puts(text, ": {");
        for (size_t j = 0; j < settings->n; j++) /* canonical YAML already */
            ps_text_printf(text, "%s%s: %s", j > 0 ? ", " : "", settings->keys[j], settings->values[j].items[0]);
        ps_text_puts(text, "}");
    }
    ps_text_puts(text, "}");
}

static void print_list(const ps_config_list *list, ps_text *text) {
    ps_text_puts(text, "[");
    for (size_t i = 0; i < list->n; i++) {
        if (i > 0) ps_text_puts(text, ", ");
        print_string(list->items[i], text);
    }
    ps_text_puts(text, "]");
}

void ps_value_print(ps_value_type type, const ps_value *v, const char *allowed, ps_text *text) {
    switch (type) {
    case TYPE_BOOL: ps_text_puts(text, v->BOOL ? "true" : "false"); break;
    case TYPE_OPTINT:
        if (v->OPTINT == PS_CONFIG_AUTO) {
            ps_text_append(text, allowed, strcspn(allowed, " "));
            break;
        } /* fall through */
    case TYPE_INT: ps_text_printf(text, "%" PRId64, v->INT); break;
    case TYPE_OPTREAL:
        if (v->OPTREAL == PS_CONFIG_AUTO) {
            ps_text_append(text, allowed, strcspn(allowed, " "));
            break;
        } /* fall through */
    case TYPE_REAL: ps_yaml_print_real(v->REAL, text); break;
    case TYPE_STRING:
    case TYPE_OPTSTRING:
    case TYPE_NAME:
    case TYPE_OPTNAME: print_string(v->STRING, text); break;
    case TYPE_CHOICE: /* a word of the schema: no choice needs quotes where a choice is read */
    case TYPE_OPTCHOICE: ps_text_puts(text, v->STRING != NULL ? v->STRING : "null"); break;
    case TYPE_NAMES:
        if (v->NAMES.n == 1 && strchr(v->NAMES.items[0], ',') == NULL) {
            print_string(v->NAMES.items[0], text);
            break;
        }
        print_list(&v->NAMES, text);
        break;
    case TYPE_CHOICES:
        if (v->CHOICES.n == 1) {
            ps_text_puts(text, v->CHOICES.items[0]);
            break;
        } /* fall through */
    case TYPE_LIST: print_list(&v->LIST, text); break;
    case TYPE_SPACE: print_space(&v->SPACE, text); break;
    case TYPE_PRESETS: print_presets(&v->PRESETS, text); break;
    }
}
