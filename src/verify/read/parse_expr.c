/* Sums, products, quotients, signs and mixed numbers: the arithmetic between atoms. */
#include "verify/read/parse.h"

#include <stdlib.h>
#include <string.h>

/* The "[" that closes [1, 4[: nothing that it could open follows. */
bool psv_at_reversed_bracket(const psv_parser *p) {
    if (!psv_at(p, '[')) return false;
    switch (p->t[p->i + 1].code) {
    case TK_END:
    case TK_CUP:
    case TK_CAP:
    case TK_SETMINUS:
    case TK_AND:
    case TK_OR:
    case TK_RSET:
    case ',':
    case ';':
    case '.': return true;
    default: return false;
    }
}

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
    case '{': return true;
    case '[': return !psv_at_reversed_bracket(p);
    case '|': return p->bars == 0 && p->braces == 0;
    default: return false;
    }
}

/* Is a node an unsigned integer as written? */
static bool is_plain_integer(const psv_node *node) {
    return node != NULL && node->kind == PSV_NUM && node->scale == 0 && !node->repeat;
}

/* After an integer: "\frac{4}{5}" or "4/5" makes a mixed number. A numerator that is not a plain integer does not. */
static psv_node *mixed_number(psv_parser *p, psv_node *whole) {
    size_t start = p->i;
    psv_node *top = NULL, *bottom = NULL;
    if (psv_at(p, TK_FRAC)) {
        p->i++;
        top = psv_parse_argument(p);
        bottom = top != NULL ? psv_parse_argument(p) : NULL;
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
    if (a == NULL || (a->kind != PSV_UNIT && a->kind != PSV_PERCENT && a->kind != PSV_DEGREE))
        return psv_unary(ctx, PSV_NEG, a);
    psv_node *copy = psv_copy(ctx, a);
    if (copy == NULL) return NULL;
    copy->kid[0] = negated(ctx, a->kid[0]);
    return copy->kid[0] != NULL ? copy : NULL;
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
        if (node != NULL) node->op = sign;
    } else {
        node = parse_factor(p);
    }
    p->depth--;
    return node;
}

static psv_node *currency(psv_parser *p, psv_node *value, const char *name) {
    psv_node *node = psv_unary(p->ctx, PSV_UNIT, value);
    if (node != NULL) node->text = name;
    return node;
}

/* Factors written side by side, as one tight product. */
static psv_node *tight_product(psv_parser *p) {
    psv_node *node = psv_parse_unary(p);
    while (node != NULL && psv_starts_factor(p) && !psv_unit_word(p))
        node = psv_binary(p->ctx, PSV_MUL, node, parse_factor(p));
    return node;
}

static psv_node *multiply(psv_ctx *ctx, psv_node *left, psv_node *right) {
    if (left == NULL || right == NULL) return NULL;
    if (left->kind != PSV_MUL) return psv_binary(ctx, PSV_MUL, left, right);
    psv_node *kids[PSV_MAX_ITEMS];
    if (left->n + 1 > PSV_MAX_ITEMS) return psv_binary(ctx, PSV_MUL, left, right);
    memcpy(kids, left->kid, left->n * sizeof *kids);
    kids[left->n] = right;
    return psv_node_new(ctx, PSV_MUL, left->n + 1, kids);
}

/* a/b, where a sign after b means the whole: 270/7° is (270/7)°. */
static psv_node *quotient(psv_ctx *ctx, psv_node *a, psv_node *b) {
    if (a == NULL || b == NULL || (b->kind != PSV_DEGREE && b->kind != PSV_PERCENT) || psv_has_kind(a, b->kind))
        return psv_binary(ctx, PSV_DIV, a, b);
    return psv_unary(ctx, b->kind, psv_binary(ctx, PSV_DIV, a, b->kid[0]));
}

/* At a number and a prime, plain or as an exponent: "30'", "30^\prime". How many tokens, and how many primes; else 0.
 */
static size_t primes_ahead(const psv_parser *p, int *primes) {
    const psv_token *t = psv_peek(p);
    if (t->code != TK_NUM) return 0;
    size_t k = 1;
    bool exponent = t[k].code == '^', braces = exponent && t[k + 1].code == '{';
    k += exponent + braces;
    for (*primes = 0; t[k].code == '\''; k++)
        ++*primes;
    if (!exponent && t[k].code == '"') {
        *primes = 2;
        k++;
    }
    if (braces && t[k++].code != '}') return 0;
    return *primes == 1 || *primes == 2 ? k : 0;
}

/* 22° 30' 15": minutes and seconds after degrees. */
static psv_node *arc_minutes(psv_parser *p, psv_node *node) {
    int primes, before = 0;
    size_t used;
    while (node != NULL && node->kind == PSV_DEGREE && (used = primes_ahead(p, &primes)) != 0 && primes > before) {
        size_t after = p->i + used;
        psv_node *part =
            psv_binary(p->ctx, PSV_DIV, psv_parse_number(p, false), psv_integer(p->ctx, primes == 1 ? 60 : 3600));
        node = psv_unary(p->ctx, PSV_DEGREE, psv_binary(p->ctx, PSV_ADD, node->kid[0], part));
        p->i = after;
        before = primes;
    }
    return node;
}

/* "3.2 x 10^4": an x between a number and a power of ten is the times sign. */
static bool at_times(const psv_parser *p) {
    const psv_token *t = psv_peek(p);
    return p->i > 0 && t[-1].code == TK_NUM && t->code == TK_LETTER && strcmp(t->text, "x") == 0 &&
           t[1].code == TK_NUM && strcmp(t[1].text, "10") == 0 && t[2].code == '^';
}

/* A sign of currency right before: "$5". */
static bool after_money(const psv_parser *p) {
    return p->i > 0 && p->t[p->i - 1].code == TK_CURRENCY;
}

/* $9.5k, $2M: a letter right after an amount of money. */
static long money_suffix(const psv_parser *p, const psv_node *value) {
    const psv_token *t = psv_peek(p);
    if (t->code != TK_LETTER || t->length != 1 || t->space || value->kind != PSV_NUM) return 0;
    switch (*t->text) {
    case 'k':
    case 'K': return 1000;
    case 'm':
    case 'M': return 1000000;
    case 'b':
    case 'B': return 1000000000;
    default: return 0;
    }
}

/* "7 pairs (a, b)": at the end, a bracket of names says what was counted. */
static void skip_named_tuple(psv_parser *p) {
    size_t i = p->i + 1;
    if (!psv_at(p, '(') || p->t[i].code != TK_LETTER || !p->ctx->rules->plain_words_are_text) return;
    while (p->t[i].code == TK_LETTER && p->t[i + 1].code == ',')
        i += 2;
    if (i > p->i + 1 && p->t[i].code == TK_LETTER && p->t[i + 1].code == ')' && p->t[i + 2].code == TK_END)
        p->i = i + 2;
}

static psv_node *parse_term(psv_parser *p) {
    const char *money = psv_at(p, TK_CURRENCY) ? psv_peek(p)->text : NULL;
    if (money != NULL) p->i++;
    psv_node *node = psv_parse_unary(p);
    long factor = money != NULL && node != NULL && p->ctx->rules->words_may_be_signs ? money_suffix(p, node) : 0;
    if (factor) {
        p->i++;
        node = psv_binary(p->ctx, PSV_MUL, node, psv_integer(p->ctx, factor));
    }
    while (node != NULL) {
        bool found = false;
        const char *which;
        if (p->in_ratio && psv_half_day(p, &which)) break;
        node = psv_parse_unit(p, node, &found);
        if (found) {
            node = psv_parse_smaller_part(p, node);
            skip_named_tuple(p);
            if (node != NULL && p->ctx->rules->words_are_no_factors && psv_starts_factor(p) && !after_money(p))
                return psv_parse_error(p, "words between values");
            continue;
        }
        if (node->kind == PSV_DEGREE && (node = arc_minutes(p, node)) == NULL) return NULL;
        if (at_times(p)) p->t[p->i].code = '*';
        if (psv_accept(p, '*')) {
            node = multiply(p->ctx, node, psv_parse_unary(p));
        } else if (psv_accept(p, '/')) {
            psv_node *by = p->ctx->rules->quotient_takes_one_factor ? psv_parse_unary(p) : tight_product(p);
            node = quotient(p->ctx, node, by);
        } else if (psv_accept(p, TK_REMAINDER)) {
            psv_node *parts[2] = {node, psv_parse_unary(p)};
            node = psv_node_new(p->ctx, PSV_APPLY, 2, parts);
            if (node != NULL) node->text = "remainder";
        } else if (psv_at(p, TK_MOD) && psv_peek(p)->id == 0) {
            p->i++;
            node = psv_call(p->ctx, PSV_MOD, node, psv_parse_unary(p));
        } else if (psv_at(p, '(') && p->t[p->i + 1].code == TK_FUNC && p->t[p->i + 1].id == PSV_MOD) {
            p->i += 2; /* (mod 7), as \pmod{7} */
            if ((p->modulus = psv_parse_group(p, ')')) == NULL) return NULL;
        } else if (psv_accept(p, TK_MOD)) {
            p->modulus = psv_parse_argument(p); /* \pmod{m} says where the relation holds */
            if (p->why != NULL) return NULL;
        } else if (psv_at(p, TK_CURRENCY)) {
            node = currency(p, node, psv_peek(p)->text);
            p->i++;
        } else if (psv_starts_factor(p)) {
            node = multiply(p->ctx, node, parse_factor(p));
        } else {
            break;
        }
    }
    return money != NULL ? currency(p, node, money) : node;
}

/* The value of an integer written in digits; false when the node is none. */
static bool written_integer(const psv_node *node, long *out) {
    bool negative = node->kind == PSV_NEG;
    if (negative) node = node->kid[0];
    if (!is_plain_integer(node) || strlen(node->text) > 9) return false;
    *out = strtol(node->text, NULL, 10) * (negative ? -1 : 1);
    return true;
}

/* 1 + 3 + … + z, where the terms before the dots go up by equal steps: (1 + z)/2 · ((z − 1)/2 + 1). */
static psv_node *arithmetic_sum(psv_parser *p, psv_node *const *terms, size_t n, psv_node *last) {
    long first, second, previous, next;
    if (last == NULL) return NULL;
    if (n < 2 || !written_integer(terms[0], &first) || !written_integer(terms[1], &second) || first == second)
        return psv_parse_error(p, "dots in a sum");
    previous = second;
    for (size_t k = 2; k < n; k++, previous = next)
        if (!written_integer(terms[k], &next) || next - previous != second - first)
            return psv_parse_error(p, "dots in a sum");
    psv_ctx *ctx = p->ctx;
    psv_node *steps = psv_binary(ctx, PSV_ADD, last, psv_integer(ctx, second - 2 * first));
    psv_node *count = psv_binary(ctx, PSV_DIV, steps, psv_integer(ctx, second - first));
    psv_node *ends = psv_binary(ctx, PSV_ADD, psv_integer(ctx, first), last);
    return psv_binary(ctx, PSV_MUL, psv_binary(ctx, PSV_DIV, ends, psv_integer(ctx, 2)), count);
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
            if (term != NULL) term->op = sign;
        } else {
            term = parse_term(p);
        }
        if (negative) term = negated(p->ctx, term);
        if (term == NULL) return NULL;
        if (n == PSV_MAX_ITEMS) return psv_parse_error(p, "too many terms");
        terms[n++] = term;
        while (psv_at(p, TK_PM) || psv_at(p, TK_MP)) {
            int sign = psv_at(p, TK_PM) ? '+' : '-';
            p->i++;
            psv_node *left = n == 1 ? terms[0] : psv_node_new(p->ctx, PSV_ADD, n, terms);
            terms[0] = psv_binary(p->ctx, PSV_PM, left, parse_term(p));
            if (terms[0] == NULL) return NULL;
            terms[0]->op = sign;
            n = 1;
        }
        if (!psv_at(p, '+') && !psv_at(p, '-')) break;
        negative = p->t[p->i++].code == '-';
        if (!negative && psv_at(p, TK_DOTS) && p->t[p->i + 1].code == '+') {
            p->i += 2;
            terms[0] = arithmetic_sum(p, terms, n, parse_term(p));
            if (terms[0] == NULL) return NULL;
            n = 1;
            if (!psv_at(p, '+') && !psv_at(p, '-')) break;
            negative = p->t[p->i++].code == '-';
        }
    }
    return n == 1 ? terms[0] : psv_node_new(p->ctx, PSV_ADD, n, terms);
}
