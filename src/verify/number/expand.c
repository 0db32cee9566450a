/* Finite sums and products and small binomials, written out, so that they can be computed with like anything else. */
#include "verify/number/numeric.h"

#include <string.h>

enum { MAX_TERMS = 64, MAX_CHOSEN = 12 };

/* "k = 1" below the sign: the name and where it starts. */
static bool lower_bound(psv_ctx *ctx, const psv_node *below, const char **name, long *first) {
    if (!psv_is_relation(below, PSV_EQUAL)) return false;
    const psv_node *index = below->kid[0];
    bool imaginary = index->kind == PSV_CONST && index->op == PSV_I; /* i as an index is no constant */
    if (index->kind != PSV_VAR && !imaginary) return false;
    *name = imaginary ? "i" : index->text;
    return psv_small_integer(ctx, below->kid[1], first);
}

/* \sum_{k=1}^{5} k^2 as 1^2 + … + 5^2; NULL when the bounds are no small integers. */
static psv_node *written_out(psv_ctx *ctx, const psv_node *big) {
    const char *name;
    long first, last;
    if (big->n != 3 || !lower_bound(ctx, big->kid[0], &name, &first) || !psv_small_integer(ctx, big->kid[1], &last))
        return NULL;
    if (last < first || last - first >= MAX_TERMS || first < -1000000 || last > 1000000) return NULL;
    psv_node *terms[MAX_TERMS];
    size_t n = 0;
    for (long k = first; k <= last; k++)
        if ((terms[n++] = psv_substitute(ctx, big->kid[2], name, psv_integer(ctx, k))) == NULL) return NULL;
    if (n == 1) return terms[0];
    return psv_node_new(ctx, strcmp(big->text, "sum") ? PSV_MUL : PSV_ADD, n, terms);
}

/* binom(x, 3) as x(x − 1)(x − 2)/3!, which holds for every x; of numbers it is left as it is. */
static psv_node *falling_factorial(psv_ctx *ctx, const psv_node *binomial) {
    psv_node *top = binomial->kid[0];
    long chosen;
    if (!psv_has_variable(top) || !psv_small_integer(ctx, binomial->kid[1], &chosen)) return NULL;
    if (chosen < 1 || chosen > MAX_CHOSEN) return NULL;
    psv_node *factors[MAX_CHOSEN];
    long factorial = 1;
    for (long k = 0; k < chosen; k++) {
        factors[k] = psv_binary(ctx, PSV_ADD, top, psv_integer(ctx, -k));
        if (factors[k] == NULL) return NULL;
        factorial *= k + 1;
    }
    return psv_binary(ctx, PSV_DIV, psv_node_new(ctx, PSV_MUL, (size_t)chosen, factors), psv_integer(ctx, factorial));
}

static bool is_big(const psv_node *node) {
    return node->kind == PSV_APPLY && (strcmp(node->text, "sum") == 0 || strcmp(node->text, "prod") == 0);
}

/* C(8, 3): a binomial where a number is asked for. */
static bool is_choose(const psv_node *node) {
    return node->kind == PSV_APPLY && node->n == 2 && strcmp(node->text, "C") == 0;
}

static bool has_any(const psv_node *node) {
    if (is_big(node) || is_choose(node) || (node->kind == PSV_FUNC && node->op == PSV_BINOMIAL)) return true;
    for (size_t k = 0; k < node->n; k++)
        if (has_any(node->kid[k])) return true;
    return false;
}

psv_node *psv_expand_finite(psv_ctx *ctx, psv_node *node) {
    if (!has_any(node)) return node;
    psv_node *copy = psv_copy(ctx, node);
    for (size_t k = 0; copy != NULL && k < copy->n; k++) {
        bool bound = is_big(node) && k == 0;
        psv_node *kid = bound ? node->kid[k] : psv_expand_finite(ctx, node->kid[k]);
        if (kid != NULL) copy->kid[k] = kid;
    }
    if (copy == NULL) return node;
    if (is_choose(copy)) {
        psv_node *binomial = psv_call(ctx, PSV_BINOMIAL, copy->kid[0], copy->kid[1]);
        if (binomial != NULL) copy = binomial;
    }
    psv_node *out = NULL;
    if (is_big(copy)) out = written_out(ctx, copy);
    if (copy->kind == PSV_FUNC && copy->op == PSV_BINOMIAL) out = falling_factorial(ctx, copy);
    return out != NULL ? out : copy;
}
