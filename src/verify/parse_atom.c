/* What sums and products are made of: numbers, names, brackets, fractions, roots, functions, matrices. */
#include "parse.h"
#include "words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- Numbers ---------------------------------------------------------------------------------------------------- */

/* 0.333… shows its period three times at least; then it is taken to go on for ever. */
static int dotted_period(const char *digits, size_t length, size_t scale) {
    for (size_t period = 1; period <= 6 && 3 * period <= scale; period++) {
        const char *last = digits + length - period;
        if (memcmp(last - period, last, period) == 0 && memcmp(last - 2 * period, last, period) == 0)
            return (int)period;
    }
    return 0;
}

static psv_node *repeating_number(psv_parser *p, const psv_token *t, const char *period, size_t length) {
    ps_text digits = {0};
    ps_text_append(&digits, t->text, t->length);
    ps_text_append(&digits, period, length);
    psv_node *node = ps_text_ok(&digits) ? psv_named(p->ctx, PSV_NUM, ps_text_cstr(&digits), digits.length) : NULL;
    ps_text_free(&digits);
    if (!node) return NULL;
    node->scale = t->id + (int)length;
    node->repeat = (int)length;
    return node;
}

/* Take the first digit of the number at the cursor away. */
static psv_node *split_digit(psv_parser *p) {
    psv_token *t = &p->t[p->i];
    psv_node *node = psv_named(p->ctx, PSV_NUM, t->text, 1);
    if (t->length > 1) {
        t->text++;
        t->length--;
        t->space = false;
    } else {
        p->i++;
    }
    return node;
}

psv_node *psv_parse_number(psv_parser *p, bool one_digit) {
    psv_token *t = &p->t[p->i];
    if (one_digit && t->id == 0 && !t->point) return split_digit(p);
    const psv_token *next = t + 1;
    if (t->point && next->code == TK_OVERLINE && next[1].code == '{' && next[2].code == TK_NUM && next[3].code == '}' &&
        next[2].id == 0) {
        p->i += 5;
        return repeating_number(p, t, next[2].text, next[2].length);
    }
    if (t->point && t->id == 0 && next->code == '(' && !next->space && next[1].code == TK_NUM && next[2].code == ')') {
        p->i += 4; /* 0.(3) */
        return repeating_number(p, t, next[1].text, next[1].length);
    }
    if (t->length == 0) return psv_parse_error(p, "a point without digits");
    p->i++;
    psv_node *node = psv_named(p->ctx, PSV_NUM, t->text, t->length);
    if (!node) return NULL;
    node->scale = t->id;
    node->commas = t->commas;
    if (next->code == TK_DOTS && t->id > 0) {
        p->i++;
        node->repeat = dotted_period(t->text, t->length, (size_t)t->id);
    }
    return node;
}

/* ---- Names ------------------------------------------------------------------------------------------------------ */

/* "_1", "_{n+1}", "'" after a name become part of it. */
static bool append_decorations(psv_parser *p, ps_text *name) {
    for (;;) {
        if (psv_accept(p, '\'')) {
            ps_text_puts(name, "'");
        } else if (psv_at(p, '_')) {
            p->i++;
            ps_text_puts(name, "_");
            if (psv_at(p, '{')) {
                int depth = 0;
                do {
                    const psv_token *t = psv_peek(p);
                    if (t->code == TK_END) return false;
                    if (t->code == '{') depth++;
                    if (t->code == '}') depth--;
                    if (t->code != '{' && t->code != '}') ps_text_append(name, t->text, t->length);
                    p->i++;
                } while (depth > 0);
            } else {
                const psv_token *t = psv_peek(p);
                if (t->code == TK_END) return false;
                ps_text_append(name, t->text, t->length);
                p->i++;
            }
        } else if (psv_at(p, '^') &&
                   (p->t[p->i + 1].code == '\'' ||
                    (p->t[p->i + 1].code == '{' && p->t[p->i + 2].code == '\'' && p->t[p->i + 3].code == '}'))) {
            p->i += p->t[p->i + 1].code == '\'' ? 2 : 4;
            ps_text_puts(name, "'");
        } else {
            return true;
        }
    }
}

/* f(x), f^{-1}(x), P(A): names that are functions by custom. */
static bool names_function(const char *name, size_t length) {
    return length >= 1 && strchr("fghFGHPT", name[0]) && (length == 1 || name[1] == '_' || name[1] == '\'');
}

static psv_node *parse_application(psv_parser *p, const char *name, size_t length) {
    p->i++;
    psv_node *inner = psv_parse_group(p, ')');
    if (!inner) return NULL;
    bool list = inner->kind == PSV_LIST;
    psv_node *node = psv_node_new(p->ctx, PSV_APPLY, list ? inner->n : 1, list ? inner->kid : &inner);
    if (!node) return NULL;
    node->text = ps_arena_strndup(p->ctx->arena, name, length);
    return node->text ? node : NULL;
}

static psv_node *parse_name(psv_parser *p) {
    ps_text name = {0};
    psv_node *node = NULL;
    const psv_token *t = psv_peek(p);
    p->i++;
    ps_text_append(&name, t->text, t->length);
    if (t->bold) ps_text_puts(&name, "^");
    if (!append_decorations(p, &name)) {
        psv_parse_error(p, "unfinished index");
        goto done;
    }
    if (!ps_text_ok(&name)) goto done;
    if (names_function(ps_text_cstr(&name), name.length)) {
        const psv_token *u = psv_peek(p);
        if (u->code == '^' && u[1].code == '{' && u[2].code == '-' && u[3].code == TK_NUM && u[4].code == '}' &&
            u[5].code == '(') {
            p->i += 5;
            ps_text_puts(&name, "^-1");
        }
        if (psv_at(p, '(')) {
            node = parse_application(p, ps_text_cstr(&name), name.length);
            goto done;
        }
    }
    node = psv_named(p->ctx, PSV_VAR, ps_text_cstr(&name), name.length);
done:
    ps_text_free(&name);
    return node;
}

/* \angle ABC, \triangle ABC, \overline{AB}: one name. */
static psv_node *parse_long_name(psv_parser *p) {
    ps_text name = {0};
    ps_text_puts(&name, psv_peek(p)->text);
    p->i++;
    bool braces = psv_accept(p, '{');
    while (psv_at(p, TK_LETTER) || psv_at(p, TK_E) || psv_at(p, TK_I))
        ps_text_puts(&name, p->t[p->i++].text);
    psv_node *node = ps_text_ok(&name) ? psv_named(p->ctx, PSV_VAR, ps_text_cstr(&name), name.length) : NULL;
    ps_text_free(&name);
    if (braces && !psv_accept(p, '}')) return psv_parse_error(p, "a bar over more than a name");
    return node;
}

/* ---- Brackets --------------------------------------------------------------------------------------------------- */

psv_node *psv_parse_group(psv_parser *p, int close) {
    int bars = p->bars, braces = p->braces;
    p->bars = p->braces = 0;
    psv_node *inner = psv_parse_list(p);
    p->bars = bars;
    p->braces = braces;
    if (inner && !psv_accept(p, close)) return psv_parse_error(p, "unbalanced brackets");
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
    if (node) node->op = PSV_BRACKETS(open, close);
    return node;
}

/* "x : x > 2" was read as a chain whose first side is the ratio x : x; its condition, or NULL. */
static psv_node *after_colon(psv_parser *p, const psv_node *chain) {
    if (chain->kind != PSV_REL) return NULL;
    size_t k = 0;
    while (k < chain->n && chain->kid[k]->kind != PSV_RATIO)
        k++;
    if (k + 1 >= chain->n || chain->kid[k]->n != 2) return NULL;
    psv_node *condition = psv_node_new(p->ctx, PSV_REL, chain->n - k, chain->kid + k);
    if (!condition) return NULL;
    condition->kid[0] = chain->kid[k]->kid[1];
    condition->text = chain->text + k;
    return condition;
}

/* \{ … \}: members, or "x | condition". */
static psv_node *parse_set(psv_parser *p) {
    if (psv_accept(p, TK_RSET)) return psv_node_new(p->ctx, PSV_EMPTY, 0, NULL);
    int bars = p->bars, braces = p->braces;
    p->bars = 0;
    p->braces = 1;
    size_t begin = psv_peek(p)->begin;
    psv_node *inner = psv_parse_list(p);
    p->braces = 0;
    psv_node *condition = NULL;
    if (inner && (psv_accept(p, '|') || psv_accept(p, TK_MID))) {
        condition = psv_parse_list(p);
        if (!condition) return NULL;
    }
    p->bars = bars;
    p->braces = braces;
    if (!inner) return NULL;
    size_t end = psv_peek(p)->begin;
    if (!psv_accept(p, TK_RSET)) return psv_parse_error(p, "unbalanced braces");
    if (condition) return condition;
    psv_node *such_that = after_colon(p, inner);
    if (such_that) return such_that;
    if (inner->kind == PSV_REL && strpbrk(inner->text, "<>lg")) return inner; /* {x ≤ 0} */
    if (inner->kind == PSV_NUM && inner->commas) inner = split_commas(p, inner, begin, end);
    if (!inner) return NULL;
    bool list = inner->kind == PSV_LIST;
    return psv_node_new(p->ctx, PSV_SET, list ? inner->n : 1, list ? inner->kid : &inner);
}

psv_node *psv_parse_brackets(psv_parser *p) {
    int open = psv_peek(p)->code;
    p->i++;
    if (open == TK_LSET) return parse_set(p);
    int bars = p->bars, braces = p->braces;
    p->bars = p->braces = 0;
    size_t begin = psv_peek(p)->begin;
    psv_node *inner = psv_parse_list(p);
    p->bars = bars;
    p->braces = braces;
    if (!inner) return NULL;
    size_t end = psv_peek(p)->begin;
    int close = psv_peek(p)->code;
    if (open == TK_LANGLE ? close != TK_RANGLE && close != '>' : close != ')' && close != ']')
        return psv_parse_error(p, "unbalanced brackets");
    p->i++;
    if (open == TK_LANGLE) return tuple(p, inner, '(', 'v'); /* a vector, never an interval */
    if (inner->kind == PSV_NUM && inner->commas) inner = split_commas(p, inner, begin, end);
    if (!inner) return NULL;
    if (inner->kind == PSV_LIST) return tuple(p, inner, open, close);
    if (open == '(' ? close == ')' : close == ']') {
        if (inner->kind == PSV_NUM && inner->commas) return inner;
        return inner;
    }
    return psv_parse_error(p, "unbalanced brackets");
}

static psv_node *parse_absolute(psv_parser *p) {
    p->i++;
    int bars = p->bars;
    p->bars = 1;
    psv_node *inner = psv_parse_sum(p);
    p->bars = bars;
    if (inner && !psv_accept(p, '|')) return psv_parse_error(p, "unbalanced bars");
    return psv_call(p->ctx, PSV_ABS, inner, NULL);
}

static psv_node *parse_rounding(psv_parser *p, psv_func func, int close) {
    p->i++;
    return psv_call(p->ctx, func, psv_parse_group(p, close), NULL);
}

/* ---- Commands with arguments ------------------------------------------------------------------------------------ */

psv_node *psv_parse_argument(psv_parser *p) {
    if (psv_accept(p, '{')) return psv_parse_group(p, '}');
    if (psv_at(p, TK_NUM)) return psv_parse_number(p, true);
    if (psv_accept(p, '-')) return psv_unary(p->ctx, PSV_NEG, psv_parse_argument(p));
    return psv_parse_atom(p);
}

static psv_node *parse_root(psv_parser *p) {
    p->i++;
    psv_node *index = NULL;
    if (psv_accept(p, '[')) {
        index = psv_parse_group(p, ']');
        if (!index) return NULL;
    }
    psv_node *radicand;
    if (psv_at(p, TK_NUM)) /* \sqrt13: the whole number, as it is meant */
        radicand = psv_parse_number(p, false);
    else
        radicand = psv_parse_argument(p);
    if (!index) index = psv_integer(p->ctx, 2);
    return psv_binary(p->ctx, PSV_ROOT, radicand, index);
}

/* The argument of sin, ln, …: a bracket, or the product that follows ("\sin 2x", not "\sin x \cos x"). */
static psv_node *parse_function_argument(psv_parser *p) {
    if (psv_at(p, '(')) return psv_parse_brackets(p);
    if (psv_accept(p, '{')) return psv_parse_group(p, '}');
    if (psv_accept(p, '-')) return psv_unary(p->ctx, PSV_NEG, parse_function_argument(p));
    if (psv_at(p, TK_FUNC)) return psv_parse_power(p);
    psv_node *node = psv_parse_power(p);
    while (node && psv_starts_factor(p) && !psv_at(p, TK_FUNC) && !psv_at(p, '(') && !psv_at(p, '['))
        node = psv_binary(p->ctx, PSV_MUL, node, psv_parse_power(p));
    if (node && psv_at(p, '/') && node->kind != PSV_FUNC) { /* \sin \pi/3 */
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
    if (!inner) return NULL;
    bool list = inner->kind == PSV_TUPLE || inner->kind == PSV_LIST;
    psv_node *node = psv_node_new(p->ctx, PSV_FUNC, list ? inner->n : 1, list ? inner->kid : &inner);
    if (node) node->op = func;
    return node;
}

static psv_node *parse_function(psv_parser *p) {
    psv_func func = (psv_func)psv_peek(p)->id;
    p->i++;
    psv_node *base = NULL, *power = NULL;
    if (psv_at(p, '_')) {
        p->i++;
        if (func != PSV_LOG) return psv_parse_error(p, "an index to a function");
        if (!(base = parse_log_base(p))) return NULL;
    }
    if (psv_accept(p, '^')) {
        if (!(power = psv_parse_argument(p))) return NULL;
        bool minus_one =
            power->kind == PSV_NEG && power->kid[0]->kind == PSV_NUM && strcmp(power->kid[0]->text, "1") == 0;
        if (minus_one && inverse_of(func) != func) {
            func = inverse_of(func);
            power = NULL;
        }
    }
    psv_node *argument = parse_function_argument(p);
    psv_node *node;
    if (psv_func_arity(func) == 2 && func != PSV_LOG)
        node = many_arguments(p, func, argument);
    else
        node = base ? psv_call(p->ctx, func, argument, base) : argument ? psv_call(p->ctx, func, argument, NULL) : NULL;
    return power ? psv_binary(p->ctx, PSV_POW, node, power) : node;
}

static psv_node *parse_matrix(psv_parser *p) {
    const char *name = psv_peek(p)->text;
    if (strcmp(name, "cases") == 0 || strchr("vV", name[0])) return psv_parse_error(p, "cases or a determinant");
    p->i++;
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
        if (!cells[n++]) return NULL;
        in_row++;
        if (!psv_at(p, '&') && !psv_at(p, TK_ROW) && !psv_at(p, TK_ENDENV))
            return psv_parse_error(p, "an unfinished matrix");
    }
    p->i++;
    if (in_row && columns && in_row != columns) return psv_parse_error(p, "a ragged matrix");
    if (!columns) columns = in_row;
    if (!n) return psv_parse_error(p, "an empty matrix");
    psv_node *node = psv_node_new(p->ctx, PSV_MATRIX, n, cells);
    if (node) node->scale = (int)columns;
    return node;
}

/* \binom{a}{b}, \frac{a}{b} */
static psv_node *parse_two(psv_parser *p) {
    bool fraction = psv_at(p, TK_FRAC);
    p->i++;
    psv_node *a = psv_parse_argument(p);
    psv_node *b = a ? psv_parse_argument(p) : NULL;
    if (!a || !b) return NULL;
    return fraction ? psv_binary(p->ctx, PSV_DIV, a, b) : psv_call(p->ctx, PSV_BINOMIAL, a, b);
}

/* \sum_{k=1}^{n} a_k: an unknown function of its bounds and its body. */
static psv_node *parse_big(psv_parser *p) {
    const char *name = psv_peek(p)->text;
    p->i++;
    psv_node *parts[3] = {NULL};
    size_t n = 0;
    for (int bound = 0; bound < 2; bound++)
        if (psv_at(p, '_') || psv_at(p, '^')) {
            p->i++;
            if (!(parts[n++] = psv_parse_argument(p))) return NULL;
        }
    psv_node *body = psv_parse_power(p);
    while (body && psv_starts_factor(p))
        body = psv_binary(p->ctx, PSV_MUL, body, psv_parse_power(p));
    parts[n++] = body;
    psv_node *node = psv_node_new(p->ctx, PSV_APPLY, n, parts);
    if (node) node->text = name;
    return node;
}

static psv_node *parse_text(psv_parser *p) {
    const psv_token *t = psv_peek(p);
    p->i++;
    const char *words = psv_plain_words(p->ctx, t->text, t->length);
    if (!words) return NULL;
    long number = p->ctx->math_verify ? -1 : psv_number_word(words);
    if (number >= 0) {
        psv_node *node = psv_integer(p->ctx, number);
        if (node) node->spelled = true;
        return node;
    }
    if (psv_at(p, '=')) return psv_named(p->ctx, PSV_VAR, words, strlen(words));
    bool label = t->length && (t->text[t->length - 1] == ':' || t->text[t->length - 1] == '=');
    if (label && psv_starts_factor(p)) return psv_parse_power(p);
    return psv_named(p->ctx, PSV_TEXT, words, strlen(words));
}

static psv_node *parse_atom(psv_parser *p) {
    const psv_token *t = psv_peek(p);
    switch (t->code) {
    case TK_NUM: return psv_parse_number(p, false);
    case TK_LETTER: return parse_name(p);
    case TK_PI: p->i++; return psv_constant(p->ctx, PSV_PI);
    case TK_INFINITY: p->i++; return psv_constant(p->ctx, PSV_INFINITY);
    case TK_E:
    case TK_I:
        if (p->t[p->i + 1].code == '_') return parse_name(p);
        p->i++;
        return psv_constant(p->ctx, t->code == TK_E ? PSV_E : PSV_I);
    case TK_EMPTY: p->i++; return psv_node_new(p->ctx, PSV_EMPTY, 0, NULL);
    case TK_NUMBERS: p->i++; return psv_named(p->ctx, PSV_NUMBERS, t->text, t->length);
    case '{': p->i++; return psv_parse_group(p, '}');
    case '(':
    case '[':
    case TK_LSET:
    case TK_LANGLE: return psv_parse_brackets(p);
    case '|': return parse_absolute(p);
    case TK_LFLOOR: return parse_rounding(p, PSV_FLOOR, TK_RFLOOR);
    case TK_LCEIL: return parse_rounding(p, PSV_CEIL, TK_RCEIL);
    case TK_FRAC:
    case TK_BINOM: return parse_two(p);
    case TK_SQRT: return parse_root(p);
    case TK_FUNC: return parse_function(p);
    case TK_BEGIN: return parse_matrix(p);
    case TK_BIG: return parse_big(p);
    case TK_OVERLINE:
    case TK_IGNORED_NAME: return parse_long_name(p);
    case TK_TEXT: return parse_text(p);
    case TK_END: return psv_parse_error(p, "unfinished");
    case TK_BAD: return psv_parse_error(p, "an unknown command");
    default: return psv_parse_error(p, "unexpected symbol");
    }
}

psv_node *psv_parse_atom(psv_parser *p) {
    if (++p->depth > PSV_MAX_DEPTH) return psv_parse_error(p, "nested too deeply");
    psv_node *node = parse_atom(p);
    p->depth--;
    return node;
}

/* ---- Powers and what else follows an atom ----------------------------------------------------------------------- */

static psv_node *base_n(psv_parser *p, psv_node *digits) {
    p->i++;
    long base = 0;
    bool braces = psv_accept(p, '{');
    const psv_token *t = psv_peek(p);
    if (t->code == TK_NUM && t->id == 0)
        base = strtol(t->text, NULL, 10);
    else if (t->code == TK_TEXT) {
        const char *words = psv_plain_words(p->ctx, t->text, t->length);
        if (words && strncmp(words, "base ", 5) == 0) words += 5;
        if (words) base = isdigit((unsigned char)*words) ? strtol(words, NULL, 10) : psv_number_word(words);
    }
    p->i += t->code != TK_END;
    if (braces && !psv_accept(p, '}')) return psv_parse_error(p, "unbalanced braces");
    if (base < 2 || base > 36 || digits->scale) return psv_parse_error(p, "an index to a number");
    psv_node *node = psv_copy(p->ctx, digits);
    if (!node) return NULL;
    node->kind = PSV_BASE;
    node->scale = (int)base;
    return node;
}

/* After '^'. Degrees and ordinals are no powers. */
static psv_node *parse_exponent(psv_parser *p, psv_node *base) {
    const psv_token *t = psv_peek(p);
    bool group = t->code == '{';
    const psv_token *inner = group ? t + 1 : t;
    bool alone = !group || inner[1].code == '}';
    if (inner->code == TK_DEGREE && alone) {
        p->i += group ? 3 : 1;
        return psv_unary(p->ctx, PSV_DEGREE, base);
    }
    if (inner->code == TK_TEXT && alone) { /* 5^\text{th} */
        p->i += group ? 3 : 1;
        return base;
    }
    psv_node *exponent;
    if (group) {
        p->i++;
        exponent = psv_parse_group(p, '}');
    } else if (t->code == TK_NUM) { /* x^10 as it is meant */
        exponent = psv_parse_number(p, false);
    } else if (psv_accept(p, '-')) {
        exponent = psv_at(p, TK_NUM) ? psv_parse_number(p, false) : psv_parse_atom(p);
        exponent = psv_unary(p->ctx, PSV_NEG, exponent);
    } else {
        exponent = psv_parse_atom(p);
    }
    return psv_binary(p->ctx, PSV_POW, base, exponent);
}

psv_node *psv_parse_power(psv_parser *p) {
    return psv_parse_postfix(p, psv_parse_atom(p));
}

psv_node *psv_parse_postfix(psv_parser *p, psv_node *node) {
    while (node) {
        switch (psv_peek(p)->code) {
        case '^':
            p->i++;
            node = parse_exponent(p, node);
            break;
        case '!': {
            p->i++;
            bool twice = psv_accept(p, '!');
            node = psv_call(p->ctx, twice ? PSV_FACTORIAL2 : PSV_FACTORIAL, node, NULL);
            break;
        }
        case '%':
            p->i++;
            node = psv_unary(p->ctx, PSV_PERCENT, node);
            break;
        case TK_DEGREE:
            p->i++;
            node = psv_unary(p->ctx, PSV_DEGREE, node);
            break;
        case '_':
            if (node->kind != PSV_NUM) return psv_parse_error(p, "an index to an expression");
            node = base_n(p, node);
            break;
        default: return node;
        }
    }
    return node;
}
