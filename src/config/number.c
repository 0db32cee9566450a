/* Numbers as YAML 1.2's core schema writes them. */
#include "config/number.h"

#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
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
    const char *first = skip_sign(text);
    size_t n = strspn(first, "0123456789");
    return n > 0 && first[n] == '\0' ? 10 : 0;
}

bool ps_yaml_is_integer(const char *text) {
    const char *digits;
    return integer_form(text, &digits) != 0;
}

bool ps_yaml_integer(const char *text, int64_t *value) {
    const char *digits;
    int base = integer_form(text, &digits);
    if (base == 0) return false;
    errno = 0;
    long long number = strtoll(digits, NULL, base);
    if (errno != 0) return false;
    *value = number;
    return true;
}

/* [-+]? ( . digits | digits ( . digits? )? ) ( [eE] [-+]? digits )? */
static bool is_decimal(const char *text) {
    static const char digits[] = "0123456789";
    text = skip_sign(text);
    size_t whole = strspn(text, digits), fraction = 0;
    text += whole;
    if (*text == '.') {
        fraction = strspn(++text, digits);
        text += fraction;
    }
    if (whole + fraction == 0) return false;
    if (*text == 'e' || *text == 'E') {
        text = skip_sign(text + 1);
        size_t exponent = strspn(text, digits);
        if (exponent == 0) return false;
        text += exponent;
    }
    return *text == '\0';
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
    if (!is_decimal(text)) return false;
    /* strtod reads the decimal point of the locale, which is the calling program's business. */
    char copy[512];
    const char *point = localeconv()->decimal_point, *dot = strchr(text, '.');
    if (dot == NULL || strcmp(point, ".") == 0) {
        *value = strtod(text, NULL);
        return true;
    }
    int n = snprintf(copy, sizeof copy, "%.*s%s%s", (int)(dot - text), text, point, dot + 1);
    if (n < 0 || (size_t)n >= sizeof copy) return false;
    *value = strtod(copy, NULL);
    return true;
}

void ps_yaml_print_real(double x, ps_text *text) {
    char number[64];
    int least = 1; /* digits; a whole number shows all of its own rather than an exponent */
    for (double y = fabs(x); y >= 10 && y < 1e15; y /= 10)
        least++;
    for (int digits = least; digits <= 17; digits++) {
        snprintf(number, sizeof number, "%.*g", digits, x);
        if (strtod(number, NULL) == x) break;
    }
    const char *point = localeconv()->decimal_point, *at = strstr(number, point);
    if (at == NULL) {
        ps_text_puts(text, number);
    } else {
        ps_text_append(text, number, (size_t)(at - number));
        ps_text_puts(text, ".");
        ps_text_puts(text, at + strlen(point));
    }
}
