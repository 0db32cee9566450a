/* LaTeX to tokens: the walk over a text. What is only typography (\left, \!, \displaystyle, fonts, spaces) ends here;
 * what carries meaning and is easily lost (a plain comma inside a number, white space between two numbers) is kept as a
 * flag. */
#include "verify/read/lexer.h"

#include <string.h>

psv_token *psv_push(psv_lexer *lex, int code, size_t begin, const char *text, size_t length) {
    if (lex->out->n >= PSV_MAX_TOKENS ||
        ps_arena_reserve(lex->ctx->arena, &lex->out->data, &lex->capacity, lex->out->n + 1) != PS_OK) {
        lex->failed = true;
        return NULL;
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

size_t psv_group_end(const psv_lexer *lex, size_t i) {
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

/* A lone dollar: money when a digit follows and no other dollar closes it, else a delimiter of mathematics. */
static void lex_dollar(psv_lexer *lex) {
    size_t begin = lex->i++;
    bool digit = lex->i < lex->length && (isdigit((unsigned char)lex->s[lex->i]) || lex->s[lex->i] == '.');
    if (digit && memchr(lex->s + lex->i, '$', lex->length - lex->i) == NULL &&
        (begin == 0 || memchr(lex->s, '$', begin) == NULL)) {
        psv_push(lex, TK_CURRENCY, begin, "dollar", 6);
        return;
    }
    lex->space = lex->dollars = true;
}

/* ^1/_2 is a fraction with raised and lowered digits. */
static bool lex_stacked_fraction(psv_lexer *lex) {
    const char *s = lex->s + lex->i;
    size_t above = *s == '^' ? strspn(s + 1, "0123456789") : 0;
    if (!above || s[above + 1] != '/' || s[above + 2] != '_') return false;
    size_t below = strspn(s + above + 3, "0123456789");
    if (!below) return false;
    lex->space = true; /* before it stands the whole part of a mixed number */
    psv_push(lex, TK_NUM, lex->i, s + 1, above);
    psv_push(lex, '/', lex->i + above + 1, s + above + 1, 1);
    psv_push(lex, TK_NUM, lex->i + above + 3, s + above + 3, below);
    lex->i += above + 3 + below;
    return true;
}

static void lex_relation_or_character(psv_lexer *lex) {
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
        if (*pairs[k].text != *s) continue;
        size_t length = strlen(pairs[k].text);
        if (lex->length - lex->i < length || memcmp(s, pairs[k].text, length) != 0) continue;
        if (pairs[k].code == TK_PM && length == 2 && lex->i > 0) continue; /* "a+-b" is a sum */
        if (pairs[k].code == TK_NE && psv_ends_number(lex)) continue;      /* 5!=120 */
        psv_push(lex, pairs[k].code, lex->i, s, length);
        lex->i += length;
        return;
    }
    if (*s == '&' && s[1 + strspn(s + 1, " ")] == '=') { /* "x &= 3" in aligned rows */
        lex->i++;
        return;
    }
    if (lex->length - lex->i >= 3 && memcmp(s, "...", 3) == 0) {
        psv_push(lex, TK_DOTS, lex->i, s, 3);
        lex->i += 3;
        return;
    }
    psv_push(lex, *s, lex->i, s, 1);
    lex->i++;
}

/* What may follow a leading decimal point: ".5", ".\overline{3}". */
static bool starts_decimals(const char *after) {
    return isdigit((unsigned char)*after) || strncmp(after, "\\overline{", 10) == 0 || strncmp(after, "\\bar{", 5) == 0;
}

bool psv_tokenise(psv_ctx *ctx, const char *text, psv_tokens *out) {
    *out = (psv_tokens){.source = text};
    psv_lexer lex = {.ctx = ctx, .s = text, .length = strlen(text), .out = out};
    if (lex.length >= PSV_MAX_SOURCE) return false;
    if (ps_arena_reserve(ctx->arena, &out->data, &lex.capacity, 32) != PS_OK) return false; /* enough for most */
    while (lex.i < lex.length && !lex.failed) {
        unsigned char c = (unsigned char)lex.s[lex.i];
        if (lex.degree_at && lex.i >= lex.degree_at) {
            psv_push(&lex, TK_DEGREE, lex.i, "", 0);
            lex.degree_at = 0;
        } else if (lex.unit_at && lex.i == lex.unit_at) {
            psv_lex_unit_group(&lex);
        } else if (isspace(c) || c == '~') {
            if (c == '~' && lex.i + 1 < lex.length && lex.s[lex.i + 1] == '=') {
                lex_relation_or_character(&lex);
                continue;
            }
            lex.space = true;
            lex.i++;
        } else if (isdigit(c) || (c == '.' && starts_decimals(lex.s + lex.i + 1)) || psv_large_base_numeral(&lex)) {
            psv_lex_number(&lex);
        } else if (isalpha(c) || c >= 128) {
            psv_lex_letters(&lex);
        } else if (c == '\\') {
            psv_lex_command(&lex);
        } else if (c == '$') {
            lex_dollar(&lex);
        } else {
            lex_relation_or_character(&lex);
        }
    }
    if (lex.degree_at && lex.i >= lex.degree_at) psv_push(&lex, TK_DEGREE, lex.length, "", 0);
    if (!lex.failed) psv_push(&lex, TK_END, lex.length, "", 0);
    return !lex.failed;
}
