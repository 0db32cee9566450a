/* LaTeX to tokens. What is only typography (\left, \!, \displaystyle, fonts, spaces) ends here; what carries meaning
 * and is easily lost (a plain comma inside a number, white space between two numbers) is kept as a flag. */
#include "verify/read/commands.h"
#include "verify/read/prose.h"
#include "verify/read/words.h"

#include <ctype.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
enum { LONGEST_NUMERAL = 64 }; /* digits of a numeral with letters: the look ahead stays short */

typedef struct lexer {
    psv_ctx *ctx;
    const char *s;
    size_t i, length;
    psv_tokens *out;
    size_t capacity;
    bool space, bold, dollars;
    int environments; /* open \begin: there "\\" is a new row */
    size_t unit_at;   /* where the unit of \SI{5}{…} starts; 0: nowhere */
    size_t degree_at; /* where the group of \ang{30} has ended */
    bool failed;
} lexer;

static psv_token *push(lexer *lex, int code, size_t begin, const char *text, size_t length) {
    if (lex->out->n >= PSV_MAX_TOKENS) {
        lex->failed = true;
        return NULL;
    }
    if (lex->out->n == lex->capacity) {
        size_t capacity = lex->capacity ? 2 * lex->capacity : 64;
        psv_token *data = ps_arena_alloc(lex->ctx->arena, capacity * sizeof *data);
        if (data == NULL) {
            lex->failed = true;
            return NULL;
        }
        if (lex->out->n) memcpy(data, lex->out->data, lex->out->n * sizeof *data);
        lex->out->data = data;
        lex->capacity = capacity;
    }
    psv_token *token = &lex->out->data[lex->out->n];
    *token = (psv_token){.code = code,
                         .space = lex->space,
                         .bold = lex->bold,
                         .dollars = lex->dollars,
                         .text = text != NULL ? ps_arena_strndup(lex->ctx->arena, text, length) : "",
                         .length = length,
                         .begin = begin};
    if (token->text == NULL) {
        lex->failed = true;
        return NULL;
    }
    lex->out->n++;
    lex->space = lex->dollars = false;
    return token;
}

/* The end of the balanced group that opens at s[i] == '{': index of its '}', or the length when it never closes. */
static size_t group_end(const lexer *lex, size_t i) {
    int depth = 0;
    for (; i < lex->length; i++) {
        if (lex->s[i] == '\\' && i + 1 < lex->length)
            i++;
        else if (lex->s[i] == '{')
            depth++;
        else if (lex->s[i] == '}' && --depth == 0)
            return i;
    }
    return lex->length;
}

static void skip_blanks(lexer *lex) {
    while (lex->i < lex->length && isspace((unsigned char)lex->s[lex->i]))
        lex->i++;
}

/* Digits after s[i]: are there exactly three, as in a group of thousands? */
static bool three_digits(const lexer *lex, size_t i) {
    for (size_t k = 0; k < 3; k++)
        if (i + k >= lex->length || !isdigit((unsigned char)lex->s[i + k])) return false;
    return i + 3 >= lex->length || !isdigit((unsigned char)lex->s[i + 3]);
}

/* A separator of groups of three digits at s[i]: its length, 0 when there is none. A plain comma (and nothing else)
 * may also separate members of a list; `plain` tells. */
static size_t group_separator(const lexer *lex, size_t i, bool *plain) {
    static const char *const separators[] = {"\\text{,}", "\\text{ }", "{.}",  "'",   "{,}\\!", ",\\!",
                                             ",\\! ",     "{,}\\,",    "{,} ", "{,}", "\\,",    "\\!",
                                             "{\\,}",     "\\ ",       "~",    ",",   " "};
    size_t left = lex->length - i, best = 0;
    for (size_t k = 0; k < sizeof separators / sizeof *separators; k++) {
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
static void lex_exponent(lexer *lex, bool decimal) {
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
    push(lex, '*', i, "*", 1);
    push(lex, TK_NUM, i, "10", 2);
    push(lex, '^', i, "^", 1);
    if (negative) push(lex, '-', i, "-", 1);
    push(lex, TK_NUM, first, lex->s + first, end - first);
    lex->i = end;
}

/* 2A7_{16}, 1B_12, 1a3_{16}: digits and the letters A to F before an index of 11 to 36 are one numeral; small letters
 * only between digits, for "2a_{12}" is twice a name. Its length, else 0. */
static size_t large_base_numeral(const lexer *lex) {
    const char *s = lex->s + lex->i;
    size_t n = 0, digits = 0;
    bool small = false;
    for (; n < LONGEST_NUMERAL && isxdigit((unsigned char)s[n]); n++) {
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
static size_t ordinal_letters(const lexer *lex) {
    static const char *const endings[] = {"st", "nd", "rd", "th"};
    const char *s = lex->s + lex->i;
    for (size_t k = 0; k < sizeof endings / sizeof *endings; k++)
        if (strncmp(s, endings[k], 2) == 0 && !isalnum((unsigned char)s[2]) && s[2] != '_' && s[2] != '^') return 2;
    return 0;
}

/* 1.234.567 and 1.500,23: points between groups of three, a comma before the decimals. How many bytes; 0: it is not
 * that. One group alone ("1.500") is a decimal. */
static size_t european_number(const lexer *lex, char *digits, size_t *n, size_t *decimals) {
    const char *s = lex->s + lex->i;
    size_t i = strspn(s, "0123456789"), groups = 0;
    *n = *decimals = 0;
    if (i < 1 || i > 3 || *s == '0') return 0;
    memcpy(digits, s, i);
    *n = i;
    while (s[i] == '.' && strspn(s + i + 1, "0123456789") == 3 && *n < LONGEST_NUMERAL) {
        memcpy(digits + *n, s + i + 1, 3);
        *n += 3;
        i += 4;
        groups++;
    }
    size_t after = s[i] == ',' ? strspn(s + i + 1, "0123456789") : 0;
    if (groups >= 1 && after > 0 && after != 3 && after < LONGEST_NUMERAL) {
        memcpy(digits + *n, s + i + 1, after);
        *n += after;
        *decimals = after;
        return i + 1 + after;
    }
    return groups >= 2 && s[i] != '.' ? i : 0;
}

/* 3{,}14, 0{,}75: a comma before decimals. Its length, 0 when there is none. */
static size_t decimal_comma(const lexer *lex, const char *whole, size_t digits) {
    const char *s = lex->s + lex->i;
    size_t decimals = strncmp(s, "{,}", 3) == 0 ? strspn(s + 3, "0123456789") : 0;
    bool group = decimals == 3 && digits <= 3 && !(digits == 1 && *whole == '0');
    return decimals && !group ? 3 : 0;
}

/* A number: 12, 1,234, 1{,}234.5, .0003, 3.; a group of three belongs to it only after one to three digits. */
static void lex_number(lexer *lex) {
    size_t begin = lex->i, digits = 0, decimals = 0, whole_begin = lex->i;
    char buffer[PSV_MAX_SOURCE];
    bool commas = false, point = false;
    const char *s = lex->s;
    size_t numeral = large_base_numeral(lex);
    if (numeral) {
        push(lex, TK_NUM, begin, s + begin, numeral);
        lex->i += numeral;
        return;
    }
    size_t european = lex->ctx->rules->numbers_have_any_locale ? european_number(lex, buffer, &digits, &decimals) : 0;
    if (european) {
        psv_token *token = push(lex, TK_NUM, begin, buffer, digits);
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
    psv_token *token = push(lex, TK_NUM, begin, buffer, digits);
    if (token == NULL) return;
    token->id = (int)decimals;
    lex_exponent(lex, point && decimals > 0);
    token = &lex->out->data[at];
    token->commas = commas;
    token->point = point;
    if (!point) lex->i += ordinal_letters(lex);
}

static void push_letter(lexer *lex, size_t begin, const char *name, size_t length, int run) {
    int code = TK_LETTER;
    if (length == 1 && !lex->bold) {
        if (*name == 'e') code = TK_E;
        if (*name == 'i') code = TK_I;
    }
    psv_token *token = push(lex, code, begin, name, length);
    if (token != NULL) token->run = run;
}

/* After a word: does a number stand before it and after it? */
static bool between_numbers(const lexer *lex) {
    size_t i = lex->i;
    while (i < lex->length && lex->s[i] == ' ')
        i++;
    bool before = lex->out->n && lex->out->data[lex->out->n - 1].code == TK_NUM;
    return before && isdigit((unsigned char)lex->s[i]) && lex->ctx->rules->to_and_in_are_ratios;
}

/* ---- Words --------------------------------------------------------------- */

/* Words that stand for signs: their tokens. */
static const struct word_sign {
    const char *words;
    int code;
    const char *power; /* of '^' */
} word_signs[] = {{"plus", '+', NULL},
                  {"minus", '-', NULL},
                  {"negative", '-', NULL},
                  {"times", '*', NULL},
                  {"multiplied by", '*', NULL},
                  {"divided by", '/', NULL},
                  {"over", '/', NULL},
                  {"mod", TK_MOD, NULL},
                  {"modulo", TK_MOD, NULL},
                  {"squared", '^', "2"},
                  {"cubed", '^', "3"},
                  {"factorial", '!', NULL},
                  {"per cent", '%', NULL},
                  {"equals", '=', NULL},
                  {"equal", '=', NULL},
                  {"equal to", '=', NULL},
                  {"is equal to", '=', NULL},
                  {"is exactly", '=', NULL},
                  {"is", '=', NULL},
                  {"at least", TK_GE, NULL},
                  {"no less than", TK_GE, NULL},
                  {"not less than", TK_GE, NULL},
                  {"no fewer than", TK_GE, NULL},
                  {"greater than or equal to", TK_GE, NULL},
                  {"at most", TK_LE, NULL},
                  {"no more than", TK_LE, NULL},
                  {"not more than", TK_LE, NULL},
                  {"no greater than", TK_LE, NULL},
                  {"not greater than", TK_LE, NULL},
                  {"less than or equal to", TK_LE, NULL},
                  {"greater than", '>', NULL},
                  {"more than", '>', NULL},
                  {"larger than", '>', NULL},
                  {"bigger than", '>', NULL},
                  {"less than", '<', NULL},
                  {"fewer than", '<', NULL},
                  {"smaller than", '<', NULL},
                  {"union", TK_CUP, NULL},
                  {"intersect", TK_CAP, NULL}};

/* Is the token before the cursor the end of a number or a bracket, that "!" would make a factorial? */
static bool ends_number(const lexer *lex) {
    int before = lex->out->n ? lex->out->data[lex->out->n - 1].code : 0;
    return before == TK_NUM || before == ')';
}

/* (-∞, 2) U (3, ∞): does a set end before the cursor, and one start after it? */
static bool between_brackets(const lexer *lex) {
    int before = lex->out->n ? lex->out->data[lex->out->n - 1].code : 0;
    size_t i = lex->i;
    while (i < lex->length && lex->s[i] == ' ')
        i++;
    bool opens = i < lex->length && (strchr("([{", lex->s[i]) != NULL || strncmp(lex->s + i, "\\{", 2) == 0 ||
                                     strncmp(lex->s + i, "\\left", 5) == 0);
    return opens && (before == ')' || before == ']' || before == '}' || before == TK_RSET);
}

/* log2(8), log10(x): the base between the name and a bracket. */
static void lex_base_of_log(lexer *lex, int func) {
    size_t digits = strspn(lex->s + lex->i, "0123456789");
    if (func != PSV_LOG || !digits || digits > 3 || lex->s[lex->i + digits] != '(') return;
    push(lex, '_', lex->i, "_", 1);
    push(lex, TK_NUM, lex->i, lex->s + lex->i, digits);
    lex->i += digits;
}

static bool is_relation_code(int code) {
    return code == '<' || code == '>' || code == TK_LE || code == TK_GE;
}

/* Does a value follow the words before the cursor, and no further word? */
static bool value_follows(const lexer *lex) {
    const char *s = lex->s + lex->i + strspn(lex->s + lex->i, " {}$");
    return *s && !(isalpha((unsigned char)s[0]) && isalpha((unsigned char)s[1])) && strchr(".,;:)", *s) == NULL;
}

/* Words as the sign they stand for; false when they stand for none. "is at least" is "at least". */
static bool push_sign(lexer *lex, size_t begin, const char *s, size_t length) {
    if (!lex->ctx->rules->words_may_be_signs || length > 32) return false;
    for (int is = 0; is < 2; is++) {
        size_t skip = is && length > 3 && psv_word_is(s, 3, "is ") ? 3 : 0;
        if (is && !skip) break;
        for (size_t k = 0; k < sizeof word_signs / sizeof *word_signs; k++) {
            const struct word_sign *sign = &word_signs[k];
            if (!psv_word_is(s + skip, length - skip, sign->words) || (skip && !is_relation_code(sign->code))) continue;
            bool binary = strchr("+-*/", sign->code) != NULL && sign->code < 128;
            if (binary && !value_follows(lex)) continue; /* "22 times" counts */
            push(lex, sign->code, begin, s, length);
            if (sign->power != NULL) push(lex, TK_NUM, begin, sign->power, 1);
            return true;
        }
    }
    return false;
}

static bool is_word_character(const lexer *lex, size_t i) {
    return i < lex->length && (isalnum((unsigned char)lex->s[i]) || strchr("_^(", lex->s[i]) != NULL);
}

/* The end of a word that starts at i: letters with hyphens and apostrophes between, or the article "a". i: none. */
static size_t word_end(const lexer *lex, size_t i) {
    size_t end = i;
    while (end < lex->length && (isalpha((unsigned char)lex->s[end]) || (unsigned char)lex->s[end] >= 128))
        end++;
    if (is_word_character(lex, end)) return i;
    if (psv_is_plain_word(lex->s + i, end - i)) return end;
    bool article = end == i + 1 && (lex->s[i] | 32) == 'a' && lex->s[end] == ' ';
    if (!article) return i;
    size_t next = word_end(lex, end + 1);
    return next > end + 3 ? end : i;
}

/* Plain words side by side become one text, as if they stood in \text{…}. false: there is none at the cursor. */
static bool lex_phrase(lexer *lex) {
    if (!lex->ctx->rules->plain_words_are_text) return false;
    size_t begin = lex->i, end = word_end(lex, begin);
    if (end == begin || (begin > 0 && (isalnum((unsigned char)lex->s[begin - 1]) || lex->s[begin - 1] == '_')))
        return false;
    for (;;) {
        size_t next = end;
        while (next < lex->length && (lex->s[next] == ' ' || lex->s[next] == '-' || lex->s[next] == '\''))
            next++;
        size_t after = next > end && next <= end + 2 ? word_end(lex, next) : next;
        if (after == next) break;
        end = after;
    }
    lex->i = end;
    while (begin < end && end - begin > 3 && psv_word_is(lex->s + begin, 4, "the ")) /* the empty set */
        begin += 4;
    if (!push_sign(lex, begin, lex->s + begin, end - begin)) push(lex, TK_TEXT, begin, lex->s + begin, end - begin);
    return true;
}

/* "R", "remainder" between two whole numbers. */
static bool means_remainder(const lexer *lex, const char *s, size_t length) {
    static const char *const words[] = {"R", "r", "remainder", "rem", "Remainder"};
    return lex->ctx->rules->words_may_be_signs && PSV_IS_ONE_OF(words, s, length) && between_numbers(lex);
}

/* A run of plain letters: a known word, a function, or a product of letters. */
static void lex_letters(lexer *lex) {
    size_t begin = lex->i, end = begin;
    while (end < lex->length && (isalpha((unsigned char)lex->s[end]) || (unsigned char)lex->s[end] >= 128))
        end++;
    const char *s = lex->s + begin;
    size_t length = end - begin;
    int code = length > 1 ? psv_word_code(s, length) : 0;
    int func = length > 1 ? psv_find_function(s, length) : -1;
    lex->i = end;
    if (means_remainder(lex, s, length)) {
        push(lex, TK_REMAINDER, begin, s, length);
        return;
    }
    if (psv_text_is(s, length, "U") && between_brackets(lex)) {
        push(lex, TK_CUP, begin, s, length);
        return;
    }
    const char *money = lex->ctx->rules->words_may_be_signs ? psv_currency_code(s, length) : NULL;
    if (money != NULL) {                /* USD 9,500; Rs. 9500 */
        if (lex->s[end] == '$') return; /* US$18 */
        size_t next = end + (lex->s[end] == '.');
        next += strspn(lex->s + next, " ");
        if (isdigit((unsigned char)lex->s[next])) {
            push(lex, TK_CURRENCY, begin, money, strlen(money));
            lex->i = next;
            return;
        }
    }
    bool ratio = (psv_text_is(s, length, "to") || psv_text_is(s, length, "in")) && between_numbers(lex);
    if (!code && func < 0 && !ratio) {
        if (push_sign(lex, begin, s, length)) return;
        lex->i = begin;
        if (lex_phrase(lex)) return;
        lex->i = end;
    }
    if (code) {
        psv_token *token = push(lex, code, begin, s, length);
        if (token != NULL && code == TK_DEGREE) token->id = 1;
    } else if (ratio) {
        push(lex, *s == 't' ? ':' : '/', begin, s, length); /* 2 to 3, 1 in 5 */
    } else if (psv_word_is(s, length, "sqrt")) {
        push(lex, TK_SQRT, begin, s, length);
    } else if (psv_word_is(s, length, "pi")) {
        push(lex, TK_PI, begin, s, length);
    } else if (func >= 0 && func != PSV_RE && func != PSV_IM) {
        psv_token *token = push(lex, TK_FUNC, begin, s, length);
        if (token != NULL) token->id = func;
        lex_base_of_log(lex, func);
    } else {
        for (size_t k = 0, n; k < length && !lex->failed; k += n) {
            for (n = 1; k + n < length && ((unsigned char)s[k + n] & 0xC0) == 0x80;) /* the rest of a UTF-8 letter */
                n++;
            push_letter(lex, begin + k, s + k, n, k ? 1 : (int)length);
        }
    }
}

static size_t leading_blanks(const char *s, size_t length) {
    size_t n = 0;
    while (n < length && isspace((unsigned char)s[n]))
        n++;
    return n;
}

/* " chickens and ": the joining word at the end of a text is one of its own, so is one at its start. */
static bool push_joined(lexer *lex, size_t begin, const char *s, size_t length) {
    if (!lex->ctx->rules->words_are_no_factors) return false;
    if (length > 1 && strchr(",;", s[length - 1]) != NULL) { /* "each, " */
        push(lex, TK_TEXT, begin, s, length - 1);
        push(lex, ',', begin, ",", 1);
        return true;
    }
    for (int k = 0; k < 2; k++) {
        const char *word = k ? "or" : "and";
        size_t n = strlen(word), code = k ? TK_OR : TK_AND;
        if (length > n + 1 && psv_word_is(s + length - n, n, word) && strchr(" ,", s[length - n - 1]) != NULL) {
            size_t rest = length - n;
            while (rest && strchr(" ,", s[rest - 1]) != NULL)
                rest--;
            push(lex, TK_TEXT, begin, s, rest);
            lex->space = true;
            push(lex, (int)code, begin, word, n);
            return true;
        }
        if (length > n + 1 && psv_word_is(s, n, word) && s[n] == ' ') {
            push(lex, (int)code, begin, word, n);
            lex->space = true;
            push(lex, TK_TEXT, begin, s + n + 1, length - n - 1);
            return true;
        }
    }
    return false;
}

/* The contents of \text{…}, \mathrm{…}, \operatorname{…}: a function, a letter, a joining word, or words. */
static void push_textual(lexer *lex, size_t begin, const char *s, size_t length, bool bold) {
    size_t blanks = leading_blanks(s, length);
    lex->space |= blanks > 0;
    s += blanks;
    length -= blanks;
    bool space_after = length > 0 && isspace((unsigned char)s[length - 1]);
    while (length && isspace((unsigned char)s[length - 1]))
        length--;
    if (length > 1 && s[0] == ',' && isspace((unsigned char)s[1])) { /* "\text{, and }" */
        blanks = 1 + leading_blanks(s + 1, length - 1);
        s += blanks;
        length -= blanks;
    }
    int func = psv_find_function(s, length), code = psv_word_code(s, length);
    if (length == 0) {
        lex->space = true;
    } else if (psv_text_is(s, length, "$") || psv_text_is(s, length, "\\$")) {
        push(lex, TK_CURRENCY, begin, "dollar", 6);
    } else if (code) {
        psv_token *token = push(lex, code, begin, s, length);
        if (token != NULL && (code == TK_DEGREE || code == '%')) token->id = 1;
    } else if ((psv_text_is(s, length, "in") || psv_text_is(s, length, "out of")) && between_numbers(lex)) {
        push(lex, '/', begin, s, length); /* 1 in 5 */
    } else if (means_remainder(lex, s, length)) {
        push(lex, TK_REMAINDER, begin, s, length);
    } else if (push_sign(lex, begin, s, length)) {
        /* "plus", "at least" */
    } else if (push_joined(lex, begin, s, length)) {
        /* "boys and", "and" with words */
    } else if (psv_text_is(s, length, "to") && lex->ctx->rules->to_and_in_are_ratios) {
        push(lex, ':', begin, s, length); /* 3 to 4 */
    } else if (length == 1 && (*s == ',' || *s == ';')) {
        push(lex, *s, begin, s, 1);
    } else if (func >= 0) {
        psv_token *token = push(lex, TK_FUNC, begin, s, length);
        if (token != NULL) token->id = func;
    } else if (length == 1 && (*s | 32) == 'e' && ends_number(lex) && isdigit((unsigned char)lex->s[lex->i])) {
        push(lex, '*', begin, "*", 1); /* 3.5\text{e}2 */
        push(lex, TK_NUM, begin, "10", 2);
        push(lex, '^', begin, "^", 1);
    } else if (length == 1 && isalpha((unsigned char)*s)) {
        bool was = lex->bold;
        lex->bold |= bold;
        push_letter(lex, begin, s, 1, 1);
        if (lex->out->n && lex->out->data[lex->out->n - 1].code == TK_LETTER) lex->out->data[lex->out->n - 1].id = 1;
        lex->bold = was;
    } else {
        push(lex, TK_TEXT, begin, s, length);
    }
    lex->space |= space_after;
}

static bool lex_group_command(lexer *lex, const psv_command *cmd, size_t begin) {
    skip_blanks(lex);
    if (lex->i >= lex->length) return true;
    if (lex->s[lex->i] != '{') {
        if (cmd->code == PSV_TEXTUAL && isalnum((unsigned char)lex->s[lex->i])) {
            push_textual(lex, begin, lex->s + lex->i, 1, cmd->id == 1);
            lex->i++;
        }
        return true;
    }
    size_t open = lex->i, close = group_end(lex, open);
    size_t length = close - open - 1;
    const char *content = lex->s + open + 1;
    lex->i = close < lex->length ? close + 1 : close;
    if (cmd->code == PSV_SKIP_ARGUMENT) {
        lex->space = true;
        return true;
    }
    if (cmd->code == PSV_FONT) { /* a decorated name: keep what is in it, as a letter of its own kind */
        size_t blanks = leading_blanks(content, length);
        content += blanks;
        length -= blanks;
        if (cmd->id == 0) { /* decoration without meaning: read on inside the group */
            lex->i = open;
            return true;
        }
        bool name = length == 1 || (*content == '\\' && strspn(content + 1, LETTERS) == length - 1);
        if (cmd->id == 2 && !name) { /* \boldsymbol{42}: mathematics in bold */
            lex->i = open;
            return true;
        }
        lex->bold = true;
        push_letter(lex, begin, content, length, 1);
        lex->bold = false;
        return true;
    }
    bool ordinary = true, digit = false, numeral = lex->s[lex->i] == '_';
    for (size_t k = 0; k < length; k++)
        numeral &= isdigit((unsigned char)content[k]) || (content[k] >= 'A' && content[k] <= 'F');
    for (size_t k = 0; k < length && ordinary; k++) {
        ordinary = isdigit((unsigned char)content[k]) || strchr("+-*/^_=.,() {}\\", content[k]) != NULL;
        digit |= isdigit((unsigned char)content[k]) != 0;
    }
    if (numeral ||
        (ordinary && digit)) { /* \text{1A3}_{16}; \text{42}, \mathbf{3}: ordinary mathematics in another font */
        lex->i = open;
        return true;
    }
    push_textual(lex, begin, content, length, cmd->id == 1);
    return true;
}

static void lex_environment(lexer *lex, size_t begin, bool opens) {
    skip_blanks(lex);
    if (lex->i >= lex->length || lex->s[lex->i] != '{') return;
    size_t close = group_end(lex, lex->i);
    const char *name = lex->s + lex->i + 1;
    size_t length = close - lex->i - 1;
    lex->i = close < lex->length ? close + 1 : close;
    static const char *const known[] = {"matrix",  "pmatrix", "bmatrix", "Bmatrix",     "vmatrix",
                                        "Vmatrix", "array",   "cases",   "smallmatrix", "aligned"};
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        if (!psv_text_is(name, length, known[k])) continue;
        push(lex, opens ? TK_BEGIN : TK_ENDENV, begin, name, length);
        lex->environments += opens ? 1 : -1;
        if (opens && strcmp(known[k], "array") == 0) { /* \begin{array}{cc|c}: columns */
            skip_blanks(lex);
            if (lex->i < lex->length && lex->s[lex->i] == '{') {
                close = group_end(lex, lex->i);
                lex->i = close < lex->length ? close + 1 : close;
            }
        }
        return;
    }
    lex->space = true; /* align, gathered, …: a frame */
}

static void lex_blackboard(lexer *lex, size_t begin) {
    skip_blanks(lex);
    char letter = 0;
    if (lex->i < lex->length && lex->s[lex->i] == '{') {
        size_t close = group_end(lex, lex->i);
        if (close == lex->i + 2) letter = lex->s[lex->i + 1];
        lex->i = close < lex->length ? close + 1 : close;
    } else if (lex->i < lex->length) {
        letter = lex->s[lex->i++];
    }
    if (letter && strchr("RZQNC", letter) != NULL)
        push(lex, TK_NUMBERS, begin, &letter, 1);
    else
        push(lex, TK_BAD, begin, "mathbb", 6);
}

/* \left and its sizes: "\left." is nothing, "\left<" a bracket; any other bracket follows by itself. */
static void lex_sized(lexer *lex) {
    skip_blanks(lex);
    char c = lex->i < lex->length ? lex->s[lex->i] : 0;
    if (c == '<' || c == '>') push(lex, c == '<' ? TK_LANGLE : TK_RANGLE, lex->i, lex->s + lex->i, 1);
    if (c == '.' || c == '<' || c == '>') lex->i++;
}

/* "y =", "y_1 =" at the cursor, after an equation. */
static bool at_equation(const lexer *lex) {
    bool equation = false;
    for (size_t k = 0; k < lex->out->n; k++)
        equation |= lex->out->data[k].code == '=';
    int before = lex->out->n ? lex->out->data[lex->out->n - 1].code : 0;
    const char *s = lex->s + lex->i + strspn(lex->s + lex->i, " ");
    if (!equation || before == ',' || before == ';' || before == TK_AND || before == TK_OR ||
        !isalpha((unsigned char)*s))
        return false;
    s++;
    if (*s == '_') s += 1 + strspn(s + 1, "0123456789{}");
    s += strspn(s, " ");
    return *s == '=';
}

static void lex_known_command(lexer *lex, const psv_command *cmd, size_t begin) {
    static const char *const currency[] = {"dollar", "euro", "pound sterling", "yen", "rupee"};
    switch (cmd->code) {
    case PSV_SKIP: break;
    case PSV_SPACE:
        lex->space = true;
        if (strstr(cmd->name, "quad") != NULL && lex->ctx->rules->words_may_be_signs &&
            at_equation(lex)) /* x=1 \\quad y=2 */
            push(lex, ',', begin, ",", 1);
        break;
    case PSV_SIZED: lex_sized(lex); break;
    case PSV_CHARACTER: push(lex, cmd->id, begin, cmd->name, 1); break;
    case PSV_TEXTUAL:
    case PSV_FONT:
    case PSV_SKIP_ARGUMENT: lex_group_command(lex, cmd, begin); break;
    case TK_CURRENCY: push(lex, TK_CURRENCY, begin, currency[cmd->id], strlen(currency[cmd->id])); break;
    default: {
        psv_token *token = push(lex, cmd->code, begin, cmd->name, strlen(cmd->name));
        if (token != NULL) token->id = cmd->id;
    }
    }
}

/* siunitx: \SI{5}{\meter\per\second}, \qty{…}{…}, \ang{30}. What follows the number's group is remembered. */
static bool lex_quantity(lexer *lex, const char *name, size_t length) {
    bool unit = psv_text_is(name, length, "SI") || psv_text_is(name, length, "qty"),
         angle = psv_text_is(name, length, "ang");
    bool bare = psv_text_is(name, length, "si") || psv_text_is(name, length, "unit");
    if ((!unit && !angle && !bare) || lex->i >= lex->length || lex->s[lex->i] != '{') return false;
    size_t after = bare ? lex->i : group_end(lex, lex->i) + 1;
    if (angle)
        lex->degree_at = after;
    else
        lex->unit_at = after;
    return true;
}

/* The group of units of \SI: "\meter\per\second" is "meter per second". */
static void lex_unit_group(lexer *lex) {
    size_t open = lex->i, close = group_end(lex, open);
    lex->unit_at = 0;
    if (lex->s[open] != '{') return;
    char words[64];
    size_t n = 0;
    for (size_t k = open + 1; k < close && n + 1 < sizeof words; k++) {
        bool mark = lex->s[k] == '\\' || lex->s[k] == '.';
        if (mark && !n) continue;
        words[n++] = mark ? ' ' : lex->s[k];
    }
    lex->i = close < lex->length ? close + 1 : close;
    if (n) push(lex, TK_TEXT, open, words, n);
}

static void lex_named_command(lexer *lex, size_t begin, const char *name, size_t length) {
    const psv_command *cmd = psv_find_command(name, length);
    if (cmd != NULL) {
        lex_known_command(lex, cmd, begin);
        return;
    }
    if (psv_text_is(name, length, "begin") || psv_text_is(name, length, "end")) {
        lex_environment(lex, begin, length == 5);
        return;
    }
    if (psv_text_is(name, length, "mathbb") || psv_text_is(name, length, "Bbb")) {
        lex_blackboard(lex, begin);
        return;
    }
    if (psv_text_is(name, length, "not")) { /* \not= and \not\in */
        skip_blanks(lex);
        bool in = lex->length - lex->i >= 3 && memcmp(lex->s + lex->i, "\\in", 3) == 0;
        lex->i += in ? 3 : lex->i < lex->length ? 1 : 0;
        push(lex, in ? TK_NOTIN : TK_NE, begin, name, length);
        return;
    }
    if (psv_is_greek(name, length)) {
        const char *plain = lex->ctx->rules->variants_are_one_letter ? psv_plain_variant(name, length) : NULL;
        push_letter(lex, begin, plain != NULL ? plain : name, plain != NULL ? strlen(plain) : length, 1);
        return;
    }
    if (lex_quantity(lex, name, length)) return;
    int func = psv_find_function(name, length);
    if (func >= 0) {
        psv_token *token = push(lex, TK_FUNC, begin, name, length);
        if (token != NULL) token->id = func;
    } else if (length > 4 && memcmp(name, "quad", 4) == 0) { /* "\quadx": a lost space */
        lex->i -= length - 4;
        lex->space = true;
    } else if (lex->i < lex->length && lex->s[lex->i] == '{') {
        push(lex, TK_BAD, begin, name, length); /* a macro with arguments that nobody knows */
    } else {
        push_letter(lex, begin, name, length, 1);
    }
}

static void lex_command(lexer *lex) {
    size_t begin = lex->i++;
    if (lex->i >= lex->length) return;
    char c = lex->s[lex->i];
    if (c == '\\') { /* "\\": a new row, or, outside a matrix, the doubled backslash of a quoted string */
        bool row = lex->environments > 0;
        size_t next = lex->i + 1;
        if (!row && next < lex->length &&
            (isalpha((unsigned char)lex->s[next]) || strchr("{}$%!,;", lex->s[next]) != NULL))
            return; /* the second backslash starts the command */
        lex->i++;
        if (row)
            push(lex, TK_ROW, begin, "", 0);
        else
            lex->space = true;
        return;
    }
    if (!isalpha((unsigned char)c)) {
        lex->i++;
        char name[2] = {isspace((unsigned char)c) ? ' ' : c, 0};
        lex_named_command(lex, begin, name, 1);
        return;
    }
    size_t end = lex->i;
    while (end < lex->length && isalpha((unsigned char)lex->s[end]))
        end++;
    size_t name = lex->i;
    lex->i = end;
    lex_named_command(lex, begin, lex->s + name, end - name);
}

/* A lone dollar: money when a digit follows and no other dollar closes it, else a delimiter of mathematics. */
static void lex_dollar(lexer *lex) {
    size_t begin = lex->i++;
    bool digit = lex->i < lex->length && (isdigit((unsigned char)lex->s[lex->i]) || lex->s[lex->i] == '.');
    if (digit && memchr(lex->s + lex->i, '$', lex->length - lex->i) == NULL &&
        (begin == 0 || memchr(lex->s, '$', begin) == NULL)) {
        push(lex, TK_CURRENCY, begin, "dollar", 6);
        return;
    }
    lex->space = lex->dollars = true;
}

/* ^1/_2 is a fraction with raised and lowered digits. */
static bool lex_stacked_fraction(lexer *lex) {
    const char *s = lex->s + lex->i;
    size_t above = *s == '^' ? strspn(s + 1, "0123456789") : 0;
    if (!above || s[above + 1] != '/' || s[above + 2] != '_') return false;
    size_t below = strspn(s + above + 3, "0123456789");
    if (!below) return false;
    lex->space = true; /* before it stands the whole part of a mixed number */
    push(lex, TK_NUM, lex->i, s + 1, above);
    push(lex, '/', lex->i + above + 1, s + above + 1, 1);
    push(lex, TK_NUM, lex->i + above + 3, s + above + 3, below);
    lex->i += above + 3 + below;
    return true;
}

static void lex_relation_or_character(lexer *lex) {
    static const struct {
        const char *text;
        int code;
    } pairs[] = {{"<=", TK_LE},
                 {">=", TK_GE},
                 {"!=", TK_NE},
                 {"==", '='},
                 {"~=", TK_APPROX},
                 {":=", '='},
                 {"=<", TK_LE},
                 {"**", '^'},
                 {"->", TK_OTHER_RELATION},
                 {"+-", TK_PM},
                 {"+/-", TK_PM},
                 {"{:}", ':'},
                 {"=>", TK_OTHER_RELATION}};
    if (lex_stacked_fraction(lex)) return;
    const char *s = lex->s + lex->i;
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++) {
        size_t length = strlen(pairs[k].text);
        if (lex->length - lex->i < length || memcmp(s, pairs[k].text, length) != 0) continue;
        if (pairs[k].code == TK_PM && length == 2 && lex->i > 0) continue; /* "a+-b" is a sum */
        if (pairs[k].code == TK_NE && ends_number(lex)) continue;          /* 5!=120 */
        push(lex, pairs[k].code, lex->i, s, length);
        lex->i += length;
        return;
    }
    if (*s == '&' && s[1 + strspn(s + 1, " ")] == '=') { /* "x &= 3" in aligned rows */
        lex->i++;
        return;
    }
    if (lex->length - lex->i >= 3 && memcmp(s, "...", 3) == 0) {
        push(lex, TK_DOTS, lex->i, s, 3);
        lex->i += 3;
        return;
    }
    push(lex, *s, lex->i, s, 1);
    lex->i++;
}

/* What may follow a leading decimal point: ".5", ".\overline{3}". */
static bool starts_decimals(const char *after) {
    return isdigit((unsigned char)*after) || strncmp(after, "\\overline{", 10) == 0 || strncmp(after, "\\bar{", 5) == 0;
}

bool psv_tokenise(psv_ctx *ctx, const char *text, psv_tokens *out) {
    *out = (psv_tokens){.source = text};
    lexer lex = {.ctx = ctx, .s = text, .length = strlen(text), .out = out};
    if (lex.length >= PSV_MAX_SOURCE) return false;
    while (lex.i < lex.length && !lex.failed) {
        unsigned char c = (unsigned char)lex.s[lex.i];
        if (lex.degree_at && lex.i >= lex.degree_at) {
            push(&lex, TK_DEGREE, lex.i, "", 0);
            lex.degree_at = 0;
        } else if (lex.unit_at && lex.i == lex.unit_at) {
            lex_unit_group(&lex);
        } else if (isspace(c) || c == '~') {
            if (c == '~' && lex.i + 1 < lex.length && lex.s[lex.i + 1] == '=') {
                lex_relation_or_character(&lex);
                continue;
            }
            lex.space = true;
            lex.i++;
        } else if (isdigit(c) || (c == '.' && starts_decimals(lex.s + lex.i + 1)) || large_base_numeral(&lex)) {
            lex_number(&lex);
        } else if (isalpha(c) || c >= 128) {
            lex_letters(&lex);
        } else if (c == '\\') {
            lex_command(&lex);
        } else if (c == '$') {
            lex_dollar(&lex);
        } else {
            lex_relation_or_character(&lex);
        }
    }
    if (lex.degree_at && lex.i >= lex.degree_at) push(&lex, TK_DEGREE, lex.length, "", 0);
    if (!lex.failed) push(&lex, TK_END, lex.length, "", 0);
    return !lex.failed;
}
