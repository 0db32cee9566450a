/* Numbers as YAML 1.2's core schema writes them. */
#include "config/number.h"

#include <ctype.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* True if text is one of the words, in lower case, Capitalised or UPPER CASE. */
static bool is_word(const char *text, const char *word) {
    size_t n = strlen(word);
    if (strlen(text) != n) return false;
    bool lower = true, upper = true, capital = true;
    for (size_t i = 0; i < n; i++) {
        char up = (char)toupper((unsigned char)word[i]);
        lower = lower && text[i] == word[i];
        upper = upper && text[i] == up;
        capital = capital && text[i] == (i == 0 ? up : word[i]);
    }
    return lower || upper || capital;
}

bool ps_yaml_is_null(const char *text) {
    return *text == '\0' || strcmp(text, "~") == 0 || is_word(text, "null");
}

bool ps_yaml_bool(const char *text, bool *value) {
    *value = is_word(text, "true") || is_word(text, "yes") || is_word(text, "on");
    return *value || is_word(text, "false") || is_word(text, "no") || is_word(text, "off");
}

static const char *skip_sign(const char *text) {
    return text + (*text == '+' || *text == '-');
}

/* The base of an integer and its digits; 0 when it is none. */
static int integer_form(const char *text, const char **digits) {
    *digits = text;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'o')) {
        *digits = text + 2;
        size_t n = strspn(*digits, text[1] == 'x' ? "0123456789abcdefABCDEF" : "01234567");
        return n > 0 && (*digits)[n] == '\0' ? (text[1] == 'x' ? 16 : 8) : 0;
    }
    *digits = skip_sign(text);
    size_t n = strspn(*digits, "0123456789");
    return n > 0 && (*digits)[n] == '\0' ? 10 : 0;
}

bool ps_yaml_is_integer(const char *text) {
    const char *digits;
    return integer_form(text, &digits) != 0;
}

bool ps_yaml_integer(const char *text, int64_t *value) {
    const char *digits;
    uint64_t magnitude;
    int base = integer_form(text, &digits);
    bool negative = *text == '-';
    if (base == 0 || !ps_parse_count(digits, strlen(digits), base, (uint64_t)INT64_MAX + negative, &magnitude))
        return false;
    *value = !negative ? (int64_t)magnitude : magnitude == 0 ? 0 : -(int64_t)(magnitude - 1) - 1;
    return true;
}

bool ps_yaml_real(const char *text, double *value) {
    int64_t integer;
    if (ps_yaml_integer(text, &integer)) {
        *value = (double)integer;
        return true;
    }
    const char *magnitude = skip_sign(text);
    if (is_word(magnitude, ".inf") || strcmp(magnitude, ".Inf") == 0) {
        *value = *text == '-' ? -INFINITY : INFINITY;
        return true;
    }
    if (is_word(text, ".nan") || strcmp(text, ".NaN") == 0) {
        *value = NAN;
        return true;
    }
    return ps_parse_real(text, strlen(text), value);
}

void ps_yaml_print_real(double x, ps_text *text) {
    char number[64];
    double back = 0;
    int least = 1; /* digits; a whole number shows all of its own rather than an exponent */
    for (double y = fabs(x); y >= 10 && y < 1e15; y /= 10)
        least++;
    for (int digits = least; digits <= 17; digits++) {
        snprintf(number, sizeof number, "%.*g", digits, x);
        char *point = strstr(number, localeconv()->decimal_point);
        if (point != NULL) { /* one byte in place of what the locale has */
            size_t length = strlen(localeconv()->decimal_point);
            *point = '.';
            memmove(point + 1, point + length, strlen(point + length) + 1);
        }
        if (ps_parse_real(number, strlen(number), &back) && back == x) break;
    }
    ps_text_puts(text, number);
}
