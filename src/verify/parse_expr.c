/* Sums, products, quotients, signs, mixed numbers and units: the arithmetic between atoms. */
#include "parse.h"
#include "words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

bool psv_starts_factor(const psv_parser *p) {
    const psv_token *t = psv_peek(p);
    switch (t->code) {
    case TK_NUM: return p->i == 0 || p->t[p->i - 1].code != TK_NUM;
    case TK_LETTER:
    case TK_PI:
    case TK_E:
    case TK_I:
    case TK_INFINITY:
    case TK_FUNC:
    case TK_FRAC:
    case TK_SQRT:
    case TK_BINOM:
    case TK_LFLOOR:
    case TK_LCEIL:
    case TK_BEGIN:
    case TK_OVERLINE:
    case TK_BIG:
    case TK_IGNORED_NAME:
    case '(':
    case '[':
    case '{': return true;
    case '|': return p->bars == 0 && p->braces == 0;
    default: return false;
    }
}

/* Is a node an unsigned integer as written? */
static bool is_plain_integer(const psv_node *node) {
    return node && node->kind == PSV_NUM && node->scale == 0 && !node->repeat;
}

/* After an integer: "\frac{4}{5}" or "4/5" makes a mixed number. A numerator that is not a plain integer does not. */
static psv_node *mixed_number(psv_parser *p, psv_node *whole) {
    size_t start = p->i;
    psv_node *top = NULL, *bottom = NULL;
    if (psv_at(p, TK_FRAC)) {
        p->i++;
        top = psv_parse_argument(p);
        bottom = top ? psv_parse_argument(p) : NULL;
    } else if (psv_at(p, TK_NUM) && psv_peek(p)->space && p->t[p->i + 1].code == '/' && p->t[p->i + 2].code == TK_NUM) {
        top = psv_parse_number(p, false);
        p->i++;
        bottom = psv_parse_number(p, false);
    } else {
        return whole;
    }
    if (is_plain_integer(top) && is_plain_integer(bottom))
        return psv_binary(p->ctx, PSV_ADD, whole, psv_binary(p->ctx, PSV_DIV, top, bottom));
    p->i = start; /* a product; tokens that \frac took apart were digits, so this is read again the same way */
    return whole;
}

/* "\frac12" consumes digits inside a token, so going back needs the token as it was: only look ahead. */
static bool mixed_ahead(const psv_parser *p) {
    const psv_token *t = psv_peek(p);
    if (t->code == TK_NUM) return true;
    if (t->code != TK_FRAC) return false;
    for (int part = 0, k = 1; part < 2; part++) {
        if (t[k].code == TK_NUM && t[k].id == 0) {
            if (t[k].length > 1 && part == 0) part = 1; /* \frac12 */
            k++;
        } else if (t[k].code == '{' && t[k + 1].code == TK_NUM && t[k + 2].code == '}') {
            k += 3;
        } else {
            return false;
        }
    }
    return true;
}

static psv_node *parse_factor(psv_parser *p) {
    bool integer = psv_at(p, TK_NUM) && psv_peek(p)->id == 0 && !psv_peek(p)->point;
    psv_node *node = psv_parse_power(p);
    if (integer && is_plain_integer(node) && mixed_ahead(p)) node = psv_parse_postfix(p, mixed_number(p, node));
    return node;
}

/* −a, with the sign inside a unit, percent or degree: −(5 cm) is (−5) cm. */
static psv_node *negated(psv_ctx *ctx, psv_node *a) {
    if (!a || (a->kind != PSV_UNIT && a->kind != PSV_PERCENT && a->kind != PSV_DEGREE))
        return psv_unary(ctx, PSV_NEG, a);
    psv_node *copy = psv_copy(ctx, a);
    if (!copy) return NULL;
    copy->kid[0] = negated(ctx, a->kid[0]);
    return copy->kid[0] ? copy : NULL;
}

psv_node *psv_parse_unary(psv_parser *p) {
    if (++p->depth > PSV_MAX_DEPTH) return psv_parse_error(p, "nested too deeply");
    psv_node *node;
    if (psv_accept(p, '-')) {
        node = negated(p->ctx, psv_parse_unary(p));
    } else if (psv_accept(p, '+')) {
        node = psv_parse_unary(p);
    } else if (psv_at(p, TK_PM) || psv_at(p, TK_MP)) {
        int sign = psv_at(p, TK_PM) ? '+' : '-';
        p->i++;
        node = psv_unary(p->ctx, PSV_PM, psv_parse_unary(p));
        if (node) node->op = sign;
    } else {
        node = parse_factor(p);
    }
    p->depth--;
    return node;
}

static psv_node *currency(psv_parser *p, psv_node *value, const char *name) {
    psv_node *node = psv_unary(p->ctx, PSV_UNIT, value);
    if (node) node->text = name;
    return node;
}

/* Factors written side by side, as one tight product. */
static psv_node *tight_product(psv_parser *p) {
    psv_node *node = psv_parse_unary(p);
    while (node && psv_starts_factor(p))
        node = psv_binary(p->ctx, PSV_MUL, node, parse_factor(p));
    return node;
}

static psv_node *multiply(psv_ctx *ctx, psv_node *left, psv_node *right) {
    if (!left || !right) return NULL;
    if (left->kind != PSV_MUL) return psv_binary(ctx, PSV_MUL, left, right);
    psv_node *kids[PSV_MAX_ITEMS];
    if (left->n + 1 > PSV_MAX_ITEMS) return psv_binary(ctx, PSV_MUL, left, right);
    memcpy(kids, left->kid, left->n * sizeof *kids);
    kids[left->n] = right;
    return psv_node_new(ctx, PSV_MUL, left->n + 1, kids);
}

/* a/b, where a sign after b means the whole: 270/7° is (270/7)°. */
static psv_node *quotient(psv_ctx *ctx, psv_node *a, psv_node *b) {
    if (!a || !b || (b->kind != PSV_DEGREE && b->kind != PSV_PERCENT) || psv_has_kind(a, b->kind))
        return psv_binary(ctx, PSV_DIV, a, b);
    return psv_unary(ctx, b->kind, psv_binary(ctx, PSV_DIV, a, b->kid[0]));
}

static psv_node *parse_term(psv_parser *p) {
    const char *money = psv_at(p, TK_CURRENCY) ? psv_peek(p)->text : NULL;
    if (money) p->i++;
    psv_node *node = psv_parse_unary(p);
    while (node) {
        bool found = false;
        const char *which;
        if (p->in_ratio && psv_half_day(p, &which)) break;
        node = psv_parse_unit(p, node, &found);
        if (found) continue;
        if (psv_accept(p, '*')) {
            node = multiply(p->ctx, node, psv_parse_unary(p));
        } else if (psv_accept(p, '/')) {
            psv_node *by = p->ctx->math_verify ? tight_product(p) : psv_parse_unary(p);
            node = quotient(p->ctx, node, by);
        } else if (psv_at(p, TK_MOD) && psv_peek(p)->id == 0) {
            p->i++;
            node = psv_call(p->ctx, PSV_MOD, node, psv_parse_unary(p));
        } else if (psv_accept(p, TK_MOD)) {
            (void)psv_parse_argument(p); /* \pmod{m} only says where the relation holds */
            if (p->why) return NULL;
        } else if (psv_at(p, TK_CURRENCY)) {
            node = currency(p, node, psv_peek(p)->text);
            p->i++;
        } else if (psv_starts_factor(p)) {
            node = multiply(p->ctx, node, parse_factor(p));
        } else {
            break;
        }
    }
    return money ? currency(p, node, money) : node;
}

psv_node *psv_parse_sum(psv_parser *p) {
    psv_node *terms[PSV_MAX_ITEMS];
    size_t n = 0;
    bool negative = false;
    if (psv_at(p, '-') || psv_at(p, '+')) negative = p->t[p->i++].code == '-';
    for (;;) {
        psv_node *term;
        if (n == 0 && (psv_at(p, TK_PM) || psv_at(p, TK_MP))) {
            int sign = psv_at(p, TK_PM) ? '+' : '-';
            p->i++;
            term = psv_unary(p->ctx, PSV_PM, parse_term(p));
            if (term) term->op = sign;
        } else {
            term = parse_term(p);
        }
        if (negative) term = negated(p->ctx, term);
        if (!term) return NULL;
        if (n == PSV_MAX_ITEMS) return psv_parse_error(p, "too many terms");
        terms[n++] = term;
        while (psv_at(p, TK_PM) || psv_at(p, TK_MP)) {
            int sign = psv_at(p, TK_PM) ? '+' : '-';
            p->i++;
            psv_node *left = n == 1 ? terms[0] : psv_node_new(p->ctx, PSV_ADD, n, terms);
            terms[0] = psv_binary(p->ctx, PSV_PM, left, parse_term(p));
            if (!terms[0]) return NULL;
            terms[0]->op = sign;
            n = 1;
        }
        if (!psv_at(p, '+') && !psv_at(p, '-')) break;
        negative = p->t[p->i++].code == '-';
    }
    return n == 1 ? terms[0] : psv_node_new(p->ctx, PSV_ADD, n, terms);
}

/* ---- Units ------------------------------------------------------------------------------------------------------ */

/* A word of plain letters at the cursor: its length, 0 when there is none that reads as a unit. */
static size_t unit_word(const psv_parser *p) {
    const psv_token *t = psv_peek(p);
    if (t->code == TK_FUNC && p->t[p->i + 1].code != '(' && p->t[p->i + 1].code != '{' &&
        psv_is_unit_word(p->source + t->begin, t->length) && isalpha((unsigned char)p->source[t->begin]) && t->space)
        return t->length;
    if ((t->code != TK_LETTER && t->code != TK_E && t->code != TK_I) || t->run < 2) return 0;
    const char *word = p->source + t->begin;
    size_t length = (size_t)t->run;
    bool lower = true;
    for (size_t k = 0; k < length; k++)
        lower &= !isupper((unsigned char)word[k]);
    if (psv_is_unit_word(word, length)) return length;
    return length >= 4 && lower && t->space ? length : 0;
}

/* "^2", "^{2}" after a unit. */
static void append_power(psv_parser *p, ps_text *text) {
    if (!psv_at(p, '^')) return;
    const psv_token *t = psv_peek(p);
    if (t[1].code == TK_NUM) {
        ps_text_printf(text, "^%s", t[1].text);
        p->i += 2;
    } else if (t[1].code == '{' && t[2].code == TK_NUM && t[3].code == '}') {
        ps_text_printf(text, "^%s", t[2].text);
        p->i += 4;
    }
}

/* What words after a value mean when they are not a unit: a base, a factor, a condition. NULL: a unit after all. */
static psv_node *special_words(psv_parser *p, psv_node *value, const char *words) {
    long factor = psv_multiplier_word(words, strcspn(words, " "));
    if (factor) {
        const char *rest = words + strcspn(words, " ");
        psv_node *node = psv_binary(p->ctx, PSV_MUL, value, psv_integer(p->ctx, factor));
        while (*rest == ' ')
            rest++;
        if (!*rest || !node) return node;
        psv_node *unit = psv_unary(p->ctx, PSV_UNIT, node);
        if (unit) unit->text = rest;
        return unit;
    }
    if (strncmp(words, "in base ", 8) == 0) words += 3;
    bool digits = (value->kind == PSV_NUM && value->scale == 0) || value->kind == PSV_BASE;
    if (strncmp(words, "base ", 5) == 0 && digits) {
        long base = isdigit((unsigned char)words[5]) ? strtol(words + 5, NULL, 10) : psv_number_word(words + 5);
        if (base < 2 || base > 36 || (value->kind == PSV_BASE && base != value->scale)) return NULL;
        psv_node *node = psv_copy(p->ctx, value);
        if (node) {
            node->kind = PSV_BASE;
            node->scale = (int)base;
        }
        return node;
    }
    static const char *const conditions[] = {"if", "when", "for", "where", "with", "since", "such", "as", "not"};
    for (size_t k = 0; k < sizeof conditions / sizeof *conditions; k++) {
        size_t length = strlen(conditions[k]);
        if (strncmp(words, conditions[k], length) == 0 && (words[length] == ' ' || !words[length]))
            return psv_parse_error(p, "a condition in words");
    }
    return NULL;
}

psv_node *psv_parse_unit(psv_parser *p, psv_node *value, bool *found) {
    ps_text text = {0};
    *found = false;
    for (;;) {
        const psv_token *t = psv_peek(p);
        size_t length = 0;
        const char *words = NULL;
        bool letter = t->code == TK_LETTER && t->id == 1 && psv_is_unit_word(t->text, t->length); /* \text{m} */
        if (t->code == TK_TEXT || letter) {
            words = psv_plain_words(p->ctx, t->text, t->length);
            p->i++;
        } else if ((length = unit_word(p)) != 0) {
            words = psv_plain_words(p->ctx, p->source + t->begin, length);
            size_t end = t->begin + length;
            while (!psv_at(p, TK_END) && psv_peek(p)->begin < end)
                p->i++;
        } else if (t->code == '/' && text.length &&
                   (p->t[p->i + 1].code == TK_TEXT || (p->t[p->i + 1].code == TK_LETTER && p->t[p->i + 1].id == 1))) {
            p->i++;
            ps_text_puts(&text, " per");
            continue;
        } else {
            break;
        }
        if (!words) break;
        size_t end = strlen(words);
        if (psv_at(p, TK_NUM) && end >= 4 && strcmp(words + end - 4, "base") == 0) /* "in base", 6 */
            ps_text_printf(&text, "base %s", p->t[p->i++].text), words = "";
        if (text.length && *words) ps_text_puts(&text, " ");
        ps_text_puts(&text, words);
        append_power(p, &text);
        *found = true;
    }
    psv_node *node = value;
    if (*found) {
        const char *words = ps_arena_strndup(p->ctx->arena, ps_text_cstr(&text), text.length);
        node = words && ps_text_ok(&text) ? special_words(p, value, words) : NULL;
        if (!node && !p->why && words && !*words) node = value;
        if (!node && !p->why && words) {
            node = psv_unary(p->ctx, PSV_UNIT, value);
            if (node) node->text = words;
        }
    }
    ps_text_free(&text);
    return node;
}
