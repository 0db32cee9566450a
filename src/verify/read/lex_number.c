/* Numbers as they are written: groups of three, decimals of any locale, exponents, ordinals, numerals of large bases.
 */
#include "verify/read/lexer.h"

#include <string.h>

/* Digits after s[i]: are there exactly three, as in a group of thousands? */
static bool three_digits(const psv_lexer *lex, size_t i) {
    for (size_t k = 0; k < 3; k++)
        if (i + k >= lex->length || !isdigit((unsigned char)lex->s[i + k])) return false;
    return i + 3 >= lex->length || !isdigit((unsigned char)lex->s[i + 3]);
}

/* A separator of groups of three digits at s[i]: its length, 0 when there is none. A plain comma (and nothing else)
 * may also separate members of a list; `plain` tells. */
static size_t group_separator(const psv_lexer *lex, size_t i, bool *plain) {
    static const char *const separators[] = {"\\text{,}", "\\text{ }", "{.}",  "'",   "{,}\\!", ",\\!",
                                             ",\\! ",     "{,}\\,",    "{,} ", "{,}", "\\,",    "\\!",
                                             "{\\,}",     "\\ ",       "~",    ",",   " "};
    size_t left = lex->length - i, best = 0;
    for (size_t k = 0; k < sizeof separators / sizeof *separators; k++) {
        if (left == 0 || *separators[k] != lex->s[i]) continue;
        size_t length = strlen(separators[k]);
        if (length <= left && length > best && memcmp(lex->s + i, separators[k], length) == 0 &&
            three_digits(lex, i + length)) {
            best = length;
            *plain = separators[k][0] == ',' && length == 1;
        }
    }
    return best;
}

/* "6.72e-5" after a decimal: times a power of ten. After an integer, "2e-5" is 2·e − 5, but "1e6" a million. */
static void lex_exponent(psv_lexer *lex, bool decimal) {
    size_t i = lex->i;
    if (i >= lex->length || (lex->s[i] != 'e' && lex->s[i] != 'E')) return;
    bool negative = i + 1 < lex->length && lex->s[i + 1] == '-';
    bool sign = negative || (i + 1 < lex->length && lex->s[i + 1] == '+');
    if (!decimal && (sign || !lex->ctx->rules->e_is_a_power_of_ten)) return;
    size_t first = i + 1 + sign, end = first;
    while (end < lex->length && isdigit((unsigned char)lex->s[end]))
        end++;
    if (end == first || end - first > 3 || (!decimal && (isalpha((unsigned char)lex->s[end]) || lex->s[end] == '_')))
        return;
    psv_push(lex, '*', i, "*", 1);
    psv_push(lex, TK_NUM, i, "10", 2);
    psv_push(lex, '^', i, "^", 1);
    if (negative) psv_push(lex, '-', i, "-", 1);
    psv_push(lex, TK_NUM, first, lex->s + first, end - first);
    lex->i = end;
}

/* 2A7_{16}, 1B_12, 1a3_{16}: digits and the letters A to F before an index of 11 to 36 are one numeral; small letters
 * only between digits, for "2a_{12}" is twice a name. Its length, else 0. */
size_t psv_large_base_numeral(const psv_lexer *lex) {
    const char *s = lex->s + lex->i;
    size_t n = 0, digits = 0;
    bool small = false;
    for (; n < PSV_LONGEST_NUMERAL && isxdigit((unsigned char)s[n]); n++) {
        digits += isdigit((unsigned char)s[n]) != 0;
        small |= islower((unsigned char)s[n]) != 0;
    }
    if (small && !(isdigit((unsigned char)s[0]) && isdigit((unsigned char)s[n - 1]))) return 0;
    const char *after = s + n + strspn(s + n, ")}"); /* (1A3)_{16} */
    if (!digits || digits == n || *after != '_') return 0;
    const char *index = after + 1;
    index += *index == '{';
    if (!isdigit((unsigned char)index[0]) || !isdigit((unsigned char)index[1]) || isdigit((unsigned char)index[2]))
        return 0;
    int base = 10 * (index[0] - '0') + index[1] - '0';
    return base > 10 && base <= 36 ? n : 0;
}

/* "21st", "3rd": the letters after a number that only make it an ordinal. */
static size_t ordinal_letters(const psv_lexer *lex) {
    static const char *const endings[] = {"st", "nd", "rd", "th"};
    const char *s = lex->s + lex->i;
    for (size_t k = 0; k < sizeof endings / sizeof *endings; k++)
        if (strncmp(s, endings[k], 2) == 0 && !isalnum((unsigned char)s[2]) && s[2] != '_' && s[2] != '^') return 2;
    return 0;
}

/* 1.234.567, 1.500,23 and 1 500,23: points or blanks between groups of three, a comma before the decimals. How many
 * bytes; 0: it is not that. One group alone ("1.500") is a decimal. */
static size_t european_number(const psv_lexer *lex, char *digits, size_t *n, size_t *decimals) {
    const char *s = lex->s + lex->i;
    size_t i = strspn(s, "0123456789"), groups = 0;
    *n = *decimals = 0;
    if (i < 1 || i > 3 || *s == '0') return 0;
    memcpy(digits, s, i);
    *n = i;
    char mark = s[i] == ' ' ? ' ' : '.'; /* with blanks it is one only before a comma and decimals */
    while (s[i] == mark && strspn(s + i + 1, "0123456789") == 3 && *n < PSV_LONGEST_NUMERAL) {
        memcpy(digits + *n, s + i + 1, 3);
        *n += 3;
        i += 4;
        groups++;
    }
    size_t after = s[i] == ',' ? strspn(s + i + 1, "0123456789") : 0;
    if (groups >= 1 && after > 0 && after != 3 && after < PSV_LONGEST_NUMERAL) {
        memcpy(digits + *n, s + i + 1, after);
        *n += after;
        *decimals = after;
        return i + 1 + after;
    }
    return groups >= 2 && mark == '.' && s[i] != '.' ? i : 0;
}

/* 3{,}14, 0{,}75: a comma before decimals. Its length, 0 when there is none. */
static size_t decimal_comma(const psv_lexer *lex, const char *whole, size_t digits) {
    const char *s = lex->s + lex->i;
    size_t decimals = strncmp(s, "{,}", 3) == 0 ? strspn(s + 3, "0123456789") : 0;
    bool group = decimals == 3 && digits <= 3 && !(digits == 1 && *whole == '0');
    return decimals && !group ? 3 : 0;
}

/* A number: 12, 1,234, 1{,}234.5, .0003, 3.; a group of three belongs to it only after one to three digits. */
void psv_lex_number(psv_lexer *lex) {
    size_t begin = lex->i, digits = 0, decimals = 0, whole_begin = lex->i;
    char buffer[PSV_MAX_SOURCE];
    bool commas = false, point = false;
    const char *s = lex->s;
    size_t numeral = psv_large_base_numeral(lex);
    if (numeral) {
        psv_push(lex, TK_NUM, begin, s + begin, numeral);
        lex->i += numeral;
        return;
    }
    size_t european = lex->ctx->rules->numbers_have_any_locale ? european_number(lex, buffer, &digits, &decimals) : 0;
    if (european) {
        psv_token *token = psv_push(lex, TK_NUM, begin, buffer, digits);
        if (token == NULL) return;
        token->id = (int)decimals;
        token->point = decimals > 0;
        lex->i += european;
        return;
    }
    digits = decimals = 0;
    while (lex->i < lex->length && isdigit((unsigned char)s[lex->i]))
        buffer[digits++] = s[lex->i++];
    size_t first = lex->i - whole_begin;
    int before = lex->out->n ? lex->out->data[lex->out->n - 1].code : 0;
    bool script = before == '_' || before == '^'; /* "\\log_10 100" */
    if (first >= 1 && first <= 3 && s[whole_begin] != '0' && !script) {
        bool plain = false;
        size_t separator;
        while ((separator = group_separator(lex, lex->i, &plain)) != 0) {
            commas |= plain;
            lex->i += separator;
            for (int k = 0; k < 3; k++)
                buffer[digits++] = s[lex->i++];
        }
    }
    bool dot = lex->i < lex->length && s[lex->i] == '.' && strncmp(s + lex->i, "...", 3) != 0;
    size_t mark = dot ? 1 : lex->ctx->rules->numbers_have_any_locale ? decimal_comma(lex, buffer, digits) : 0;
    if (mark) {
        point = true;
        lex->i += mark;
        while (lex->i < lex->length && isdigit((unsigned char)s[lex->i])) {
            buffer[digits++] = s[lex->i++];
            decimals++;
        }
    }
    size_t at = lex->out->n;
    psv_token *token = psv_push(lex, TK_NUM, begin, buffer, digits);
    if (token == NULL) return;
    token->id = (int)decimals;
    lex_exponent(lex, point && decimals > 0);
    token = &lex->out->data[at];
    token->commas = commas;
    token->point = point;
    if (!point) lex->i += ordinal_letters(lex);
}
