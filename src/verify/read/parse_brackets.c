/* Brackets of all kinds and what they enclose: groups, tuples, intervals, sets, absolute values. */
#include "verify/read/parse.h"

#include <ctype.h>
#include <string.h>

/* What a group holds: a list, or two around \over or \choose. */
psv_node *psv_parse_content(psv_parser *p) {
    psv_node *top = psv_parse_list(p);
    if (top == NULL || !psv_at(p, TK_OVER)) return top;
    bool choose = p->t[p->i++].id == 1;
    psv_node *bottom = psv_parse_list(p);
    if (bottom == NULL) return NULL; /* a call with one argument would be no binomial */
    return choose ? psv_call(p->ctx, PSV_BINOMIAL, top, bottom) : psv_binary(p->ctx, PSV_DIV, top, bottom);
}

psv_node *psv_parse_group(psv_parser *p, int close) {
    int bars = p->bars, braces = p->braces;
    p->bars = p->braces = 0;
    psv_node *inner = psv_parse_content(p);
    p->bars = bars;
    p->braces = braces;
    if (inner != NULL && !psv_accept(p, close)) return psv_parse_error(p, "unbalanced brackets");
    return inner;
}

/* "(1,234)" is a pair: a number with commas alone in brackets is the list it looks like. */
static psv_node *split_commas(psv_parser *p, psv_node *number, size_t begin, size_t end) {
    psv_node *items[PSV_MAX_ITEMS];
    size_t n = 0;
    for (size_t i = begin; i < end && n < PSV_MAX_ITEMS;) {
        size_t digits = 0;
        while (i + digits < end && isdigit((unsigned char)p->source[i + digits]))
            digits++;
        if (digits) items[n++] = psv_named(p->ctx, PSV_NUM, p->source + i, digits);
        i += digits ? digits : 1;
    }
    return n > 1 ? psv_node_new(p->ctx, PSV_LIST, n, items) : number;
}

static psv_node *tuple(psv_parser *p, psv_node *inner, int open, int close) {
    bool list = inner->kind == PSV_LIST;
    psv_node *node = psv_node_new(p->ctx, PSV_TUPLE, list ? inner->n : 1, list ? inner->kid : &inner);
    if (node != NULL) node->op = PSV_BRACKETS(open, close);
    return node;
}

/* "x : x > 2" was read as a chain whose first side is the ratio x : x; its condition, or NULL. The chain may be the
 * first of several conditions. */
static psv_node *after_colon(psv_parser *p, const psv_node *chain) {
    if ((chain->kind == PSV_OR || chain->kind == PSV_AND) && chain->n) {
        psv_node *first = after_colon(p, chain->kid[0]), *copy = first != NULL ? psv_copy(p->ctx, chain) : NULL;
        if (copy != NULL) copy->kid[0] = first;
        return copy;
    }
    if (chain->kind != PSV_REL) return NULL;
    size_t k = 0;
    while (k < chain->n && chain->kid[k]->kind != PSV_RATIO)
        k++;
    if (k + 1 >= chain->n || chain->kid[k]->n != 2) return NULL;
    psv_node *condition = psv_node_new(p->ctx, PSV_REL, chain->n - k, chain->kid + k);
    if (condition == NULL) return NULL;
    condition->kid[0] = chain->kid[k]->kid[1];
    condition->text = chain->text + k;
    return condition;
}

/* \left\{ \begin{array}{l} x = 2 \\ y = 1 \end{array} \right.: a brace that only opens, before rows of equations. */
static bool opens_cases(const psv_parser *p) {
    const psv_token *t = psv_peek(p);
    if (t->code != TK_BEGIN) return false;
    while (t->code != TK_END && t->code != TK_ENDENV)
        t++;
    return t->code == TK_ENDENV && t[1].code != TK_RSET;
}

/* \{ … \}: members, or "x | condition". */
static psv_node *parse_set(psv_parser *p) {
    if (psv_accept(p, TK_RSET)) return psv_node_new(p->ctx, PSV_EMPTY, 0, NULL);
    if (opens_cases(p)) {
        p->i++;
        return psv_parse_cases(p, false);
    }
    int bars = p->bars, braces = p->braces;
    p->bars = 0;
    p->braces = 1;
    size_t begin = psv_peek(p)->begin;
    psv_node *inner = psv_parse_list(p);
    p->braces = 0;
    psv_node *condition = NULL;
    if (inner != NULL && (psv_accept(p, '|') || psv_accept(p, TK_MID))) {
        condition = psv_parse_list(p);
        if (condition == NULL) return NULL;
    }
    p->bars = bars;
    p->braces = braces;
    if (inner == NULL) return NULL;
    size_t end = psv_peek(p)->begin;
    if (!psv_accept(p, TK_RSET)) return psv_parse_error(p, "unbalanced braces");
    if (condition != NULL) return condition;
    psv_node *such_that = after_colon(p, inner);
    if (such_that != NULL) return such_that;
    if (psv_any_relation(inner, psv_is_order)) return inner; /* {x ≤ 0} */
    if (inner->kind == PSV_NUM && inner->commas) inner = split_commas(p, inner, begin, end);
    if (inner == NULL) return NULL;
    bool list = inner->kind == PSV_LIST;
    return psv_node_new(p->ctx, PSV_SET, list ? inner->n : 1, list ? inner->kid : &inner);
}

psv_node *psv_parse_brackets(psv_parser *p) {
    int open = psv_peek(p)->code;
    p->i++;
    bool reversed = open == ']'; /* ]1, 4[ is (1, 4) */
    if (reversed) open = '(';
    if (open == TK_LSET) return parse_set(p);
    int bars = p->bars, braces = p->braces;
    p->bars = p->braces = 0;
    size_t begin = psv_peek(p)->begin;
    psv_node *inner = psv_parse_list(p);
    p->bars = bars;
    p->braces = braces;
    if (inner == NULL) return NULL;
    size_t end = psv_peek(p)->begin;
    int close = psv_peek(p)->code;
    if (reversed || (open == '[' && close == '[')) {
        if (inner->kind != PSV_LIST || inner->n != 2 || (close != '[' && close != ']'))
            return psv_parse_error(p, "unbalanced brackets");
        p->i++;
        return tuple(p, inner, open, close == '[' ? ')' : ']');
    }
    if (open == TK_LANGLE ? close != TK_RANGLE && close != '>' : close != ')' && close != ']')
        return psv_parse_error(p, "unbalanced brackets");
    p->i++;
    if (open == TK_LANGLE) return tuple(p, inner, '(', 'v'); /* a vector, never an interval */
    if (inner->kind == PSV_NUM && inner->commas) inner = split_commas(p, inner, begin, end);
    if (inner == NULL) return NULL;
    if (inner->kind == PSV_LIST) return tuple(p, inner, open, close);
    if (open == '(' ? close == ')' : close == ']') return inner;
    return psv_parse_error(p, "unbalanced brackets");
}

psv_node *psv_parse_absolute(psv_parser *p) {
    p->i++;
    int bars = p->bars;
    p->bars = 1;
    psv_node *inner = psv_parse_sum(p);
    p->bars = bars;
    if (inner != NULL && !psv_accept(p, '|')) return psv_parse_error(p, "unbalanced bars");
    return psv_call(p->ctx, PSV_ABS, inner, NULL);
}

psv_node *psv_parse_rounding(psv_parser *p, psv_func func, int close) {
    p->i++;
    return psv_call(p->ctx, func, psv_parse_group(p, close), NULL);
}
