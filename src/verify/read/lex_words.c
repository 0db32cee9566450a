/* Plain words and the contents of \text: signs, functions, names, prose. */
#include "verify/read/commands.h"
#include "verify/read/lexer.h"
#include "verify/read/phrases.h"
#include "verify/read/prose.h"
#include "verify/read/words.h"

#include <stdio.h>
#include <string.h>

void psv_push_letter(psv_lexer *lex, size_t begin, const char *name, size_t length, int run) {
    int code = TK_LETTER;
    if (length == 1 && !lex->bold) {
        if (*name == 'e') code = TK_E;
        if (*name == 'i') code = TK_I;
    }
    psv_token *token = psv_push(lex, code, begin, name, length);
    if (token != NULL) token->run = run;
}

/* After a word: does a number stand before it and after it? */
static bool between_numbers(const psv_lexer *lex) {
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

/* (-∞, 2) U (3, ∞): does a set end before the cursor, and one start after it? */
static bool between_brackets(const psv_lexer *lex) {
    int before = lex->out->n ? lex->out->data[lex->out->n - 1].code : 0;
    size_t i = lex->i;
    while (i < lex->length && lex->s[i] == ' ')
        i++;
    bool opens = i < lex->length && (strchr("([{", lex->s[i]) != NULL || strncmp(lex->s + i, "\\{", 2) == 0 ||
                                     strncmp(lex->s + i, "\\left", 5) == 0);
    return opens && (before == ')' || before == ']' || before == '}' || before == TK_RSET);
}

/* log2(8), log10(x): the base between the name and a bracket. */
static void lex_base_of_log(psv_lexer *lex, int func) {
    size_t digits = strspn(lex->s + lex->i, "0123456789");
    if (func != PSV_LOG || !digits || digits > 3 || lex->s[lex->i + digits] != '(') return;
    psv_push(lex, '_', lex->i, "_", 1);
    psv_push(lex, TK_NUM, lex->i, lex->s + lex->i, digits);
    lex->i += digits;
}

static bool is_relation_code(int code) {
    return code == '<' || code == '>' || code == TK_LE || code == TK_GE;
}

/* Does a value follow the words before the cursor, and no further word? */
static bool value_follows(const psv_lexer *lex) {
    const char *s = lex->s + lex->i + strspn(lex->s + lex->i, " {}$");
    return *s && !(isalpha((unsigned char)s[0]) && isalpha((unsigned char)s[1])) && strchr(".,;:)", *s) == NULL;
}

/* Words as the sign they stand for; false when they stand for none. "is at least" is "at least". */
static bool push_sign(psv_lexer *lex, size_t begin, const char *s, size_t length) {
    if (!lex->ctx->rules->words_may_be_signs || length > 32) return false;
    for (int is = 0; is < 2; is++) {
        size_t skip = is && length > 3 && psv_word_is(s, 3, "is ") ? 3 : 0;
        if (is && !skip) break;
        for (size_t k = 0; k < sizeof word_signs / sizeof *word_signs; k++) {
            const struct word_sign *sign = &word_signs[k];
            if (!psv_word_is(s + skip, length - skip, sign->words) || (skip && !is_relation_code(sign->code))) continue;
            bool binary = strchr("+-*/", sign->code) != NULL && sign->code < 128;
            if (binary && !value_follows(lex)) continue; /* "22 times" counts */
            psv_push(lex, sign->code, begin, s, length);
            if (sign->power != NULL) psv_push(lex, TK_NUM, begin, sign->power, 1);
            return true;
        }
    }
    return false;
}

static bool is_word_character(const psv_lexer *lex, size_t i) {
    return i < lex->length && (isalnum((unsigned char)lex->s[i]) || strchr("_^(", lex->s[i]) != NULL);
}

/* The end of a word that starts at i: letters with hyphens and apostrophes between, or the article "a". i: none. */
static size_t word_end(const psv_lexer *lex, size_t i) {
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
static bool lex_phrase(psv_lexer *lex) {
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
    if (!push_sign(lex, begin, lex->s + begin, end - begin)) psv_push(lex, TK_TEXT, begin, lex->s + begin, end - begin);
    return true;
}

/* "R", "remainder" between two whole numbers. */
static bool means_remainder(const psv_lexer *lex, const char *s, size_t length) {
    static const char *const words[] = {"R", "r", "remainder", "rem", "Remainder"};
    return lex->ctx->rules->words_may_be_signs && PSV_IS_ONE_OF(words, s, length) && between_numbers(lex);
}

/* The last token as a number: a numeral without a point, or a number in words that becomes one. */
static bool ends_in_count(psv_lexer *lex) {
    psv_token *last = lex->out->n > 0 ? &lex->out->data[lex->out->n - 1] : NULL;
    if (last == NULL || (last->code != TK_NUM && last->code != TK_TEXT)) return false;
    if (last->code == TK_NUM) return strspn(last->text, "0123456789") == last->length;
    const char *words = psv_plain_words(lex->ctx, last->text, last->length);
    long count = words != NULL ? psv_number_word(words) : -1;
    if (count < 0) return false;
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%ld", count);
    const char *text = ps_arena_strndup(lex->ctx->arena, digits, (size_t)length);
    if (text == NULL) return false;
    last->code = TK_NUM;
    last->text = text;
    last->length = (size_t)length;
    return true;
}

/* "and a half" after a number at s, which stands at `begin`: the fraction of a mixed number. How long; 0: it is not
 * that.
 */
static size_t push_part(psv_lexer *lex, size_t begin, const char *s, size_t length) {
    long above, below;
    char digits[24];
    size_t used = lex->ctx->rules->words_may_be_values ? psv_and_a_part(s, length, &above, &below) : 0;
    if (used == 0 || !ends_in_count(lex)) return 0;
    lex->space = true;
    psv_push(lex, TK_NUM, begin, digits, (size_t)snprintf(digits, sizeof digits, "%ld", above));
    psv_push(lex, '/', begin, "/", 1);
    psv_push(lex, TK_NUM, begin, digits, (size_t)snprintf(digits, sizeof digits, "%ld", below));
    return used;
}

/* "is" before "less than", "at most": one sign with them. */
static bool is_compared(const psv_lexer *lex, const char *s, size_t length) {
    static const char *const next[] = {"at least",   "at most",      "less than",    "more than",   "greater than",
                                       "fewer than", "no more than", "no less than", "larger than", "smaller than"};
    size_t i = lex->i + strspn(lex->s + lex->i, " ");
    bool found = false;
    for (size_t k = 0; k < sizeof next / sizeof *next && psv_text_is(s, length, "is"); k++)
        found |= psv_word_is(lex->s + i, strnlen(lex->s + i, strlen(next[k])), next[k]);
    return found;
}

/* A run of plain letters: a known word, a function, or a product of letters. */
void psv_lex_letters(psv_lexer *lex) {
    size_t begin = lex->i, end = begin;
    while (end < lex->length && (isalpha((unsigned char)lex->s[end]) || (unsigned char)lex->s[end] >= 128))
        end++;
    const char *s = lex->s + begin;
    size_t length = end - begin;
    int code = length > 1 ? psv_word_code(s, length) : 0;
    int func = length > 1 ? psv_find_function(s, length) : -1;
    lex->i = end;
    if (means_remainder(lex, s, length)) {
        psv_push(lex, TK_REMAINDER, begin, s, length);
        return;
    }
    size_t part = code == TK_AND ? push_part(lex, begin, s, lex->length - begin) : 0;
    if (part > 0) {
        lex->i = begin + part;
        return;
    }
    if (psv_text_is(s, length, "U") && between_brackets(lex)) {
        psv_push(lex, TK_CUP, begin, s, length);
        return;
    }
    bool land =
        length <= 2 && isupper((unsigned char)s[0]) && s[length] == '$' && isdigit((unsigned char)s[length + 1]);
    if (land && lex->ctx->rules->words_may_be_signs) return; /* CA$18 */
    const char *money = lex->ctx->rules->words_may_be_signs ? psv_currency_code(s, length) : NULL;
    if (money != NULL) {                /* USD 9,500; Rs. 9500 */
        if (lex->s[end] == '$') return; /* US$18 */
        size_t next = end + (lex->s[end] == '.');
        next += strspn(lex->s + next, " ");
        if (isdigit((unsigned char)lex->s[next])) {
            psv_push(lex, TK_CURRENCY, begin, money, strlen(money));
            lex->i = next;
            return;
        }
    }
    bool ratio = (psv_text_is(s, length, "to") || psv_text_is(s, length, "in")) && between_numbers(lex);
    if (!code && func < 0 && !ratio) {
        if (!is_compared(lex, s, length) && push_sign(lex, begin, s, length)) return;
        lex->i = begin;
        if (lex_phrase(lex)) return;
        lex->i = end;
    }
    bool fraction = psv_text_is(s, length, "frac") || psv_text_is(s, length, "dfrac");
    if (code) {
        psv_token *token = psv_push(lex, code, begin, s, length);
        if (token != NULL && code == TK_DEGREE) token->id = 1;
    } else if (fraction && lex->s[end] == '{') {
        psv_push(lex, TK_FRAC, begin, s, length); /* its backslash was lost */
    } else if (ratio) {
        psv_push(lex, *s == 't' ? ':' : '/', begin, s, length); /* 2 to 3, 1 in 5 */
    } else if (psv_word_is(s, length, "sqrt")) {
        psv_push(lex, TK_SQRT, begin, s, length);
    } else if (psv_word_is(s, length, "pi")) {
        psv_push(lex, TK_PI, begin, s, length);
    } else if (func >= 0 && func != PSV_RE && func != PSV_IM) {
        psv_token *token = psv_push(lex, TK_FUNC, begin, s, length);
        if (token != NULL) token->id = func;
        lex_base_of_log(lex, func);
    } else {
        for (size_t k = 0, n; k < length && !lex->failed; k += n) {
            for (n = 1; k + n < length && ((unsigned char)s[k + n] & 0xC0) == 0x80;) /* the rest of a UTF-8 letter */
                n++;
            psv_push_letter(lex, begin + k, s + k, n, k ? 1 : (int)length);
        }
    }
}

/* " chickens and ": the joining word at the end of a text is one of its own, so is one at its start. */
static bool push_joined(psv_lexer *lex, size_t begin, const char *s, size_t length) {
    if (!lex->ctx->rules->words_are_no_factors) return false;
    if (length > 1 && strchr(",;", s[length - 1]) != NULL) { /* "each, " */
        psv_push(lex, TK_TEXT, begin, s, length - 1);
        psv_push(lex, ',', begin, ",", 1);
        return true;
    }
    for (int k = 0; k < 2; k++) {
        const char *word = k ? "or" : "and";
        size_t n = strlen(word), code = k ? TK_OR : TK_AND;
        if (length > n + 1 && psv_word_is(s + length - n, n, word) && strchr(" ,", s[length - n - 1]) != NULL) {
            size_t rest = length - n;
            while (rest && strchr(" ,", s[rest - 1]) != NULL)
                rest--;
            psv_push(lex, TK_TEXT, begin, s, rest);
            lex->space = true;
            psv_push(lex, (int)code, begin, word, n);
            return true;
        }
        if (length > n + 1 && psv_word_is(s, n, word) && s[n] == ' ') {
            psv_push(lex, (int)code, begin, word, n);
            lex->space = true;
            psv_push(lex, TK_TEXT, begin, s + n + 1, length - n - 1);
            return true;
        }
    }
    return false;
}

/* "\\euro": the name of the currency that a command in \text stands for; NULL: another text. */
static const char *currency_command(const char *s, size_t length) {
    static const char *const names[][2] = {{"\\euro", "euro"}, {"\\pounds", "pound sterling"}, {"\\yen", "yen"}};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        if (psv_text_is(s, length, names[k][0])) return names[k][1];
    return NULL;
}

void psv_push_textual(psv_lexer *lex, size_t begin, const char *s, size_t length, bool bold) {
    size_t blanks = psv_leading_blanks(s, length);
    lex->space |= blanks > 0;
    s += blanks;
    length -= blanks;
    bool space_after = length > 0 && isspace((unsigned char)s[length - 1]);
    while (length && isspace((unsigned char)s[length - 1]))
        length--;
    if (length > 1 && s[0] == ',' && isspace((unsigned char)s[1])) { /* "\text{, and }" */
        blanks = 1 + psv_leading_blanks(s + 1, length - 1);
        s += blanks;
        length -= blanks;
    }
    int func = psv_find_function(s, length), code = psv_word_code(s, length);
    if (func == PSV_MIN && psv_ends_number(lex)) func = -1; /* 90 minutes */
    const char *currency = currency_command(s, length);
    size_t part = push_part(lex, begin, s, length);
    if (length == 0) {
        lex->space = true;
    } else if (part > 0) {
        if (part < length) psv_push(lex, TK_TEXT, begin, s + part, length - part); /* "and a half hours" */
    } else if (psv_text_is(s, length, "$") || psv_text_is(s, length, "\\$")) {
        psv_push(lex, TK_CURRENCY, begin, "dollar", 6);
    } else if (currency != NULL) {
        psv_push(lex, TK_CURRENCY, begin, currency, strlen(currency));
    } else if (code) {
        psv_token *token = psv_push(lex, code, begin, s, length);
        if (token != NULL && (code == TK_DEGREE || code == '%')) token->id = 1;
    } else if ((psv_text_is(s, length, "in") || psv_text_is(s, length, "out of")) && between_numbers(lex)) {
        psv_push(lex, '/', begin, s, length); /* 1 in 5 */
    } else if (means_remainder(lex, s, length)) {
        psv_push(lex, TK_REMAINDER, begin, s, length);
    } else if (push_sign(lex, begin, s, length)) {
        /* "plus", "at least" */
    } else if (push_joined(lex, begin, s, length)) {
        /* "boys and", "and" with words */
    } else if (psv_text_is(s, length, "to") && lex->ctx->rules->to_and_in_are_ratios) {
        psv_push(lex, ':', begin, s, length); /* 3 to 4 */
    } else if (length == 1 && (*s == ',' || *s == ';')) {
        psv_push(lex, *s, begin, s, 1);
    } else if (func >= 0) {
        psv_token *token = psv_push(lex, TK_FUNC, begin, s, length);
        if (token != NULL) token->id = func;
    } else if (length == 1 && (*s | 32) == 'e' && psv_ends_number(lex) && isdigit((unsigned char)lex->s[lex->i])) {
        psv_push(lex, '*', begin, "*", 1); /* 3.5\text{e}2 */
        psv_push(lex, TK_NUM, begin, "10", 2);
        psv_push(lex, '^', begin, "^", 1);
    } else if (length == 1 && isalpha((unsigned char)*s)) {
        bool was = lex->bold;
        lex->bold |= bold;
        psv_push_letter(lex, begin, s, 1, 1);
        if (lex->out->n && lex->out->data[lex->out->n - 1].code == TK_LETTER) lex->out->data[lex->out->n - 1].id = 1;
        lex->bold = was;
    } else {
        psv_push(lex, TK_TEXT, begin, s, length);
    }
    lex->space |= space_after;
}
