/* Numbers that users write: the one place where text becomes a number, so that none is cut short, wraps around or
 * depends on a locale. */
#include "persamp/base.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

bool ps_parse_count(const char *digits, size_t length, int base, uint64_t most, uint64_t *value) {
    uint64_t number = 0;
    for (size_t i = 0; i < length; i++) {
        int digit = digit_of(digits[i]);
        if (digit >= base || number > (most - (uint64_t)digit) / (uint64_t)base || (uint64_t)digit > most) return false;
        number = number * (uint64_t)base + (uint64_t)digit;
    }
    if (length > 0) *value = number;
    return length > 0;
}

static size_t skip_digits(const char *text, size_t length, size_t at) {
    while (at < length && text[at] >= '0' && text[at] <= '9')
        at++;
    return at;
}

static size_t skip_sign(const char *text, size_t length, size_t at) {
    return at + (at < length && (text[at] == '+' || text[at] == '-'));
}

/* [-+]? ( . digits | digits ( . digits? )? ) ( [eE] [-+]? digits )? */
static bool is_decimal(const char *text, size_t length) {
    size_t first = skip_sign(text, length, 0), at = skip_digits(text, length, first), digits = at - first;
    if (at < length && text[at] == '.') {
        first = ++at;
        at = skip_digits(text, length, first);
        digits += at - first;
    }
    if (digits == 0) return false;
    if (at < length && (text[at] == 'e' || text[at] == 'E')) {
        first = skip_sign(text, length, at + 1);
        at = skip_digits(text, length, first);
        if (at == first) return false;
    }
    return at == length;
}

bool ps_parse_real(const char *text, size_t length, double *value) {
    enum { LONGEST = 512 };
    char copy[LONGEST + 16];
    if (length > LONGEST || !is_decimal(text, length)) return false;
    /* strtod reads the decimal point of the locale, which is the calling program's business. */
    const char *point = localeconv()->decimal_point, *dot = memchr(text, '.', length);
    size_t whole = dot != NULL ? (size_t)(dot - text) : length;
    int n = snprintf(copy, sizeof copy, "%.*s%s%.*s", (int)whole, text, dot != NULL ? point : "",
                     (int)(dot != NULL ? length - whole - 1 : 0), dot != NULL ? dot + 1 : "");
    if (n < 0 || (size_t)n >= sizeof copy) return false;
    *value = strtod(copy, NULL);
    return true;
}
