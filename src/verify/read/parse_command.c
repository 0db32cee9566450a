/* Commands with arguments: roots, fractions, binomials, functions, matrices, sums. */
#include "verify/read/parse.h"
#include "verify/tree/names.h"

#include <string.h>

psv_node *psv_parse_root(psv_parser *p) {
    p->i++;
    psv_node *index = NULL;
    if (psv_accept(p, '[')) {
        index = psv_parse_group(p, ']');
        if (index == NULL) return NULL;
    }
    psv_node *radicand;
    if (psv_at(p, TK_NUM)) /* \sqrt13: the whole number, as it is meant */
        radicand = psv_parse_number(p, false);
    else
        radicand = psv_parse_argument(p);
    if (index != NULL && psv_has_variable(index)) /* \sqrt[n]{a} */
        return psv_binary(p->ctx, PSV_POW, radicand, psv_binary(p->ctx, PSV_DIV, psv_integer(p->ctx, 1), index));
    if (index == NULL) index = psv_integer(p->ctx, 2);
    return psv_binary(p->ctx, PSV_ROOT, radicand, index);
}

/* The argument of sin, ln, …: a bracket, or the product that follows ("\sin 2x", not "\sin x \cos x"). */
static psv_node *parse_function_argument(psv_parser *p) {
    if (psv_at(p, '(')) return psv_parse_brackets(p);
    if (psv_accept(p, '{')) return psv_parse_group(p, '}');
    if (psv_accept(p, '-')) return psv_unary(p->ctx, PSV_NEG, parse_function_argument(p));
    if (psv_at(p, TK_FUNC)) return psv_parse_power(p);
    psv_node *node = psv_parse_power(p);
    while (node != NULL && psv_starts_factor(p) && !psv_at(p, TK_FUNC) && !psv_at(p, '(') && !psv_at(p, '['))
        node = psv_binary(p->ctx, PSV_MUL, node, psv_parse_power(p));
    if (node != NULL && psv_at(p, '/') && node->kind != PSV_FUNC) { /* \sin \pi/3 */
        bool constant = !psv_has_variable(node);
        if (constant && p->t[p->i + 1].code == TK_NUM) {
            p->i++;
            node = psv_binary(p->ctx, PSV_DIV, node, psv_parse_number(p, false));
        }
    }
    return node;
}

static psv_func inverse_of(psv_func func) {
    static const psv_func pairs[][2] = {{PSV_SIN, PSV_ARCSIN},   {PSV_COS, PSV_ARCCOS},   {PSV_TAN, PSV_ARCTAN},
                                        {PSV_COT, PSV_ARCCOT},   {PSV_SEC, PSV_ARCSEC},   {PSV_CSC, PSV_ARCCSC},
                                        {PSV_SINH, PSV_ARCSINH}, {PSV_COSH, PSV_ARCCOSH}, {PSV_TANH, PSV_ARCTANH}};
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++)
        if (pairs[k][0] == func) return pairs[k][1];
    return func;
}

/* The base of a logarithm. "\log_28" is log_2 8, but "\log_10 100" is to base ten. */
static psv_node *parse_log_base(psv_parser *p) {
    if (psv_at(p, TK_NUM)) {
        size_t next = p->i + 1;
        psv_parser ahead = *p;
        ahead.i = next;
        bool argument = ahead.t[next].code == TK_NUM || psv_starts_factor(&ahead);
        return psv_parse_number(p, !argument);
    }
    return psv_parse_argument(p);
}

static psv_node *many_arguments(psv_parser *p, psv_func func, psv_node *inner) {
    if (inner == NULL) return NULL;
    bool list = inner->kind == PSV_TUPLE || inner->kind == PSV_LIST || inner->kind == PSV_SET;
    psv_node *node = psv_node_new(p->ctx, PSV_FUNC, list ? inner->n : 1, list ? inner->kid : &inner);
    if (node != NULL) node->op = func;
    return node;
}

psv_node *psv_parse_function(psv_parser *p) {
    psv_func func = (psv_func)psv_peek(p)->id;
    p->i++;
    psv_node *base = NULL, *power = NULL;
    if (psv_at(p, '_')) {
        p->i++;
        if (func != PSV_LOG) return psv_parse_error(p, "an index to a function");
        if ((base = parse_log_base(p)) == NULL) return NULL;
    }
    if (psv_accept(p, '^')) {
        if ((power = psv_parse_argument(p)) == NULL) return NULL;
        bool minus_one =
            power->kind == PSV_NEG && power->kid[0]->kind == PSV_NUM && strcmp(power->kid[0]->text, "1") == 0;
        if (minus_one && inverse_of(func) != func) {
            func = inverse_of(func);
            power = NULL;
        }
    }
    psv_node *argument = parse_function_argument(p);
    psv_node *node;
    if (func == PSV_CIS) /* cos t + i sin t */
        node = psv_binary(p->ctx, PSV_POW, psv_constant(p->ctx, PSV_E),
                          psv_binary(p->ctx, PSV_MUL, psv_constant(p->ctx, PSV_I), argument));
    else if (psv_func_arity(func) == 2 && func != PSV_LOG)
        node = many_arguments(p, func, argument);
    else
        node = base != NULL       ? psv_call(p->ctx, func, argument, base)
               : argument != NULL ? psv_call(p->ctx, func, argument, NULL)
                                  : NULL;
    return power != NULL ? psv_binary(p->ctx, PSV_POW, node, power) : node;
}

static bool only_equals(const psv_node *node) {
    return psv_is_equation(node) && strchr(node->text, PSV_APPROX) == NULL;
}

/* \begin{cases} x = 3 \\ y = 5 \end{cases}: equations row by row. A value with its condition is not read. */
psv_node *psv_parse_cases(psv_parser *p, bool aligned) {
    psv_node *rows[PSV_MAX_ITEMS];
    size_t n = 0;
    while (!psv_accept(p, TK_ENDENV)) {
        if (psv_accept(p, TK_ROW)) continue;
        if (n == PSV_MAX_ITEMS) return psv_parse_error(p, "too many entries");
        if ((rows[n] = psv_parse_list(p)) == NULL) return NULL;
        if (aligned && n == 0 && psv_accept(p, TK_ENDENV)) return rows[0]; /* a frame */
        if (!only_equals(rows[n]) || psv_at(p, '&')) return psv_parse_error(p, "cases with conditions");
        n++;
        if (!psv_at(p, TK_ROW) && !psv_at(p, TK_ENDENV)) return psv_parse_error(p, "unfinished cases");
    }
    if (!n) return psv_parse_error(p, "empty");
    return n == 1 ? rows[0] : psv_node_new(p->ctx, PSV_LIST, n, rows);
}

psv_node *psv_parse_matrix(psv_parser *p) {
    const char *name = psv_peek(p)->text;
    if (strchr("vV", name[0]) != NULL) return psv_parse_error(p, "a determinant");
    p->i++;
    bool aligned = strcmp(name, "aligned") == 0;
    if (aligned || strcmp(name, "cases") == 0) return psv_parse_cases(p, aligned);
    psv_node *cells[PSV_MAX_ITEMS];
    size_t n = 0, columns = 0, in_row = 0;
    while (!psv_at(p, TK_ENDENV)) {
        if (psv_accept(p, TK_ROW)) { /* a last row may be empty */
            if (in_row == 0) continue;
            if (columns && in_row != columns) return psv_parse_error(p, "a ragged matrix");
            columns = in_row;
            in_row = 0;
            continue;
        }
        psv_accept(p, '&');
        if (n == PSV_MAX_ITEMS) return psv_parse_error(p, "too many entries");
        cells[n] = psv_parse_list(p);
        if (cells[n++] == NULL) return NULL;
        in_row++;
        if (!psv_at(p, '&') && !psv_at(p, TK_ROW) && !psv_at(p, TK_ENDENV))
            return psv_parse_error(p, "an unfinished matrix");
    }
    p->i++;
    if (in_row && columns && in_row != columns) return psv_parse_error(p, "a ragged matrix");
    if (!columns) columns = in_row;
    if (!n) return psv_parse_error(p, "an empty matrix");
    if (n == 1 && strcmp(name, "array") == 0 && p->ctx->rules->tuple_may_be_a_matrix) return cells[0]; /* a frame */
    psv_node *node = psv_node_new(p->ctx, PSV_MATRIX, n, cells);
    if (node != NULL) node->scale = (int)columns;
    return node;
}

/* \binom{a}{b}, \frac{a}{b} */
psv_node *psv_parse_two(psv_parser *p) {
    bool fraction = psv_at(p, TK_FRAC);
    p->i++;
    psv_node *a = psv_parse_argument(p);
    psv_node *b = a != NULL ? psv_parse_argument(p) : NULL;
    if (a == NULL || b == NULL) return NULL;
    return fraction ? psv_binary(p->ctx, PSV_DIV, a, b) : psv_call(p->ctx, PSV_BINOMIAL, a, b);
}

/* \sum_{k=1}^{n} a_k: an unknown function of its bounds and its body. */
psv_node *psv_parse_big(psv_parser *p) {
    const char *name = psv_peek(p)->text;
    p->i++;
    psv_node *parts[3] = {NULL};
    size_t n = 0;
    for (int bound = 0; bound < 2; bound++)
        if (psv_at(p, '_') || psv_at(p, '^')) {
            p->i++;
            if ((parts[n++] = psv_parse_argument(p)) == NULL) return NULL;
        }
    psv_node *body = psv_parse_power(p);
    while (body != NULL && psv_starts_factor(p))
        body = psv_binary(p->ctx, PSV_MUL, body, psv_parse_power(p));
    parts[n++] = body;
    psv_node *node = psv_node_new(p->ctx, PSV_APPLY, n, parts);
    if (node != NULL) node->text = name;
    return node;
}
