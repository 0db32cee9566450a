/* The column `allowed` of the schema: intervals and choices, as numbers and in words. */
#include "config/number.h"
#include "config/schema.h"

#include <stdio.h>
#include <string.h>

enum { MAX_BOUND = 32 };

/* The two ends of "[0, 1e6)" as text. */
static bool split_interval(const char *allowed, char low[MAX_BOUND], char high[MAX_BOUND], ps_interval *range) {
    const char *open = strpbrk(allowed, "[(");
    if (open == NULL) return false;
    const char *comma = strchr(open, ','), *close = strpbrk(open, "])");
    if (comma == NULL || close == NULL) return false;
    snprintf(low, MAX_BOUND, "%.*s", (int)(comma - open - 1), open + 1);
    snprintf(high, MAX_BOUND, "%.*s", (int)(close - comma - 2), comma + 2);
    range->open_low = *open == '(';
    range->open_high = *close == ')';
    return true;
}

bool ps_schema_interval(const char *allowed, ps_interval *range) {
    char low[MAX_BOUND], high[MAX_BOUND];
    return split_interval(allowed, low, high, range) && ps_yaml_real(low, &range->low) &&
           ps_yaml_real(high, &range->high);
}

bool ps_interval_contains(const ps_interval *range, double x) {
    return (range->open_low ? x > range->low : x >= range->low) &&
           (range->open_high ? x < range->high : x <= range->high);
}

static void interval_words(const char *allowed, ps_text *text) {
    char low[MAX_BOUND], high[MAX_BOUND];
    ps_interval range;
    if (!split_interval(allowed, low, high, &range)) return;
    if (range.open_low && range.open_high)
        ps_text_printf(text, " between %s and %s, both excluded", low, high);
    else if (range.open_low)
        ps_text_printf(text, " above %s and at most %s", low, high);
    else if (range.open_high)
        ps_text_printf(text, " at least %s and below %s", low, high);
    else
        ps_text_printf(text, " from %s to %s", low, high);
}

bool ps_each_choice(const char *allowed, bool (*visit)(void *context, const char *choice, size_t length),
                    void *context) {
    for (const char *at = allowed;; at++) {
        size_t length = strcspn(at, "|");
        if (visit(context, at, length)) return true;
        at += length;
        if (*at == '\0') return false;
    }
}

static bool add_choice(void *context, const char *choice, size_t length) {
    ps_text *text = context;
    bool last = choice[length] == '\0';
    if (text->length > 0) ps_text_puts(text, last ? " or " : ", ");
    ps_text_append(text, choice, length);
    return false;
}

void ps_schema_expectation(ps_key_index key, ps_text *text) {
    const char *allowed = ps_schema_key(key)->allowed;
    ps_text choices = {0};
    switch (ps_schema_type(key)) {
    case TYPE_BOOL: ps_text_puts(text, "true or false"); break;
    case TYPE_INT:
        ps_text_puts(text, "an integer");
        interval_words(allowed, text);
        break;
    case TYPE_OPTINT:
        ps_text_printf(text, "%.*s or an integer", (int)strcspn(allowed, " "), allowed);
        interval_words(allowed, text);
        break;
    case TYPE_REAL:
        ps_text_puts(text, "a number");
        interval_words(allowed, text);
        break;
    case TYPE_OPTREAL:
        ps_text_printf(text, "%.*s or a number", (int)strcspn(allowed, " "), allowed);
        interval_words(allowed, text);
        break;
    case TYPE_STRING: ps_text_puts(text, "a string"); break;
    case TYPE_OPTSTRING: ps_text_puts(text, "a string or null"); break;
    case TYPE_NAME: ps_text_puts(text, "a path or name"); break;
    case TYPE_OPTNAME: ps_text_puts(text, "a path or name, or null"); break;
    case TYPE_NAMES: ps_text_puts(text, "a name, several with commas between them, or a list of them"); break;
    case TYPE_CHOICE:
    case TYPE_OPTCHOICE:
    case TYPE_CHOICES:
        ps_each_choice(allowed, add_choice, &choices);
        if (ps_schema_type(key) == TYPE_OPTCHOICE) ps_text_puts(text, "null, ");
        ps_text_puts(text, ps_text_cstr(&choices));
        if (ps_schema_type(key) == TYPE_CHOICES) ps_text_puts(text, ", or a list of them");
        text->failed = text->failed || choices.failed;
        break;
    case TYPE_LIST: ps_text_puts(text, "a list of strings such as [a, b]"); break;
    case TYPE_SPACE: ps_text_puts(text, "a mapping of dotted keys to lists of values or ranges"); break;
    case TYPE_PRESETS: ps_text_puts(text, "a mapping of names to mappings of dotted keys to values"); break;
    }
    ps_text_clear(&choices);
}
