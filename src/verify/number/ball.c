/* Ball arithmetic (Johansson, Arb, IEEE Trans. Comput. 2017): enclosures at 64, 256 and 1100 bits. Disjoint
 * enclosures prove that two expressions differ; enclosures that still overlap when both are 2^-1000 wide say that they
 * agree so far as anyone will ever see. Variables get random rational values of both signs. */
#include "verify/number/ball.h"

#include <string.h>

enum { POINTS = 8, LAST_PRECISION = 1100, AGREE_BITS = 1000 };

/* ---- Points -------------------------------------------------------------- */

static void gather(const psv_node *node, const char **names, size_t *n) {
    if (node->kind == PSV_VAR && *n <= PSV_MAX_VARIABLES) {
        size_t i = 0;
        while (i < *n && strcmp(names[i], node->text) < 0)
            i++;
        if (i < *n && strcmp(names[i], node->text) == 0) return;
        memmove(names + i + 1, names + i, (*n - i) * sizeof *names);
        names[i] = node->text;
        ++*n;
    }
    for (size_t i = 0; i < node->n; i++)
        gather(node->kid[i], names, n);
}

size_t psv_variables(const psv_node *a, const psv_node *b, const char **names) {
    size_t n = 0;
    gather(a, names, &n);
    if (b != NULL) gather(b, names, &n);
    return n;
}

/* The k-th point: values of magnitude ¼ to 4, positive at even k, of either sign at odd k. */
static void place(psv_point *at, uint64_t k) {
    for (size_t i = 0; i < at->n; i++) {
        ps_rng_key key = {.seed = 20260101, .problem = k, .id = i, .purpose = PS_RNG_METHOD};
        slong magnitude = (1 << 14) + (slong)(ps_uniform(key, 0) * (15 << 14));
        bool negative = k % 2 == 1 && (ps_uniform(key, 1) < 0.5 || at->n == 1);
        at->value[i] = negative ? -magnitude : magnitude;
    }
}

static bool point_init(psv_point *at, psv_ctx *ctx, const psv_node *a, const psv_node *b, const char **names) {
    *at = (psv_point){.ctx = ctx, .name = names};
    at->n = psv_variables(a, b, names);
    return at->n <= PSV_MAX_VARIABLES && !psv_has_kind(a, PSV_APPLY) && !(b != NULL && psv_has_kind(b, PSV_APPLY));
}

/* Is every value of x − y below 2^-1000, or, where x and y are large, below 2^-500? Beyond 2^600 the precision does not
 * reach that far and nothing is said: 9^9^9 and 9^9^9 + 1 agree in their first bits. */
static bool agrees(const acb_t x, const acb_t y, slong precision) {
    acb_t d;
    mag_t width;
    acb_init(d);
    mag_init(width);
    acb_sub(d, x, y, precision);
    acb_get_mag(width, d);
    bool ok = mag_cmp_2exp_si(width, psv_ball_below(x, 20) ? -AGREE_BITS : 500 - AGREE_BITS) <= 0;
    acb_clear(d);
    mag_clear(width);
    return ok;
}

/* ---- Where roots and logarithms are real --------------------------------- */

/* An even root, a fractional power, a logarithm: what must be positive for it to be real; NULL for other nodes. */
static const psv_node *must_be_positive(const psv_node *node) {
    if (node->kind == PSV_FUNC && (node->op == PSV_LN || node->op == PSV_LOG)) return node->kid[0];
    if (node->kind == PSV_POW && node->kid[1]->kind == PSV_DIV) return node->kid[0];
    bool odd = node->kind == PSV_ROOT && node->kid[1]->kind == PSV_NUM &&
               strchr("13579", node->kid[1]->text[strlen(node->kid[1]->text) - 1]) != NULL;
    return node->kind == PSV_ROOT && !odd ? node->kid[0] : NULL;
}

/* Are all roots and logarithms in a tree real at a point? */
static bool in_domain(psv_point *at, const psv_node *node) {
    const psv_node *inner = must_be_positive(node);
    if (inner != NULL && psv_has_variable(inner)) {
        acb_t x;
        acb_init(x);
        bool positive = psv_ball_evaluate(at, inner, 64, x) && acb_is_real(x) && arb_is_positive(acb_realref(x));
        acb_clear(x);
        if (!positive) return false;
    }
    for (size_t i = 0; i < node->n; i++)
        if (!in_domain(at, node->kid[i])) return false;
    return true;
}

/* Does a difference at this point say nothing? With one variable both sides must be undefined there; a product under a
 * root that is written as two roots leaves out the points where both factors are negative. */
static bool outside_domain(psv_point *at, const psv_node *a, const psv_node *b) {
    if (!at->ctx->rules->roots_have_a_natural_domain || at->n == 0) return false;
    bool in_a = in_domain(at, a), in_b = in_domain(at, b);
    return at->n == 1 ? !in_a && !in_b : !in_a || !in_b;
}

psv_answer_is psv_ball_equal(psv_ctx *ctx, const psv_node *a, const psv_node *b) {
    static const slong precisions[] = {64, 256, LAST_PRECISION};
    const char *names[PSV_MAX_VARIABLES + 1];
    psv_point at;
    if (!point_init(&at, ctx, a, b, names)) return PSV_CANNOT_TELL;
    int points = at.n ? POINTS : 1, agreed = 0;
    bool differ = false, doubt = false;
    acb_t x, y;
    acb_init(x);
    acb_init(y);
    for (size_t step = 0; step < 3 && !differ; step++) {
        bool last = step == 2;
        if (step == 1 && at.n) continue; /* with variables a difference shows at once */
        for (int k = 0; k < points && !differ; k++) {
            place(&at, (uint64_t)k);
            if (!psv_ball_evaluate(&at, a, precisions[step], x) || !psv_ball_evaluate(&at, b, precisions[step], y))
                continue;
            differ = !acb_overlaps(x, y);
            if (differ && outside_domain(&at, a, b)) {
                differ = false;
                continue;
            }
            if (!last || differ) continue;
            if (agrees(x, y, LAST_PRECISION))
                agreed++;
            else
                doubt = true;
        }
    }
    acb_clear(x);
    acb_clear(y);
    if (differ) return PSV_NO;
    return !doubt && agreed >= (at.n ? 3 : 1) ? PSV_YES : PSV_CANNOT_TELL;
}

/* a(p)·b(q) = a(q)·b(p) at all pairs of points with a first one. */
psv_answer_is psv_ball_proportional(psv_ctx *ctx, const psv_node *a, const psv_node *b, bool *positive) {
    const char *names[PSV_MAX_VARIABLES + 1];
    psv_point at;
    if (!point_init(&at, ctx, a, b, names)) return PSV_CANNOT_TELL;
    acb_t a0, b0, x, y;
    acb_init(a0);
    acb_init(b0);
    acb_init(x);
    acb_init(y);
    int agreed = 0;
    bool differ = false, doubt = false, have_first = false;
    for (int k = 0; k < POINTS && !differ; k++) {
        place(&at, (uint64_t)k);
        if (!psv_ball_evaluate(&at, a, LAST_PRECISION, x) || !psv_ball_evaluate(&at, b, LAST_PRECISION, y)) continue;
        if (!have_first) {
            have_first = !acb_contains_zero(x) && !acb_contains_zero(y);
            acb_set(a0, x);
            acb_set(b0, y);
            *positive =
                acb_is_real(x) && acb_is_real(y) && arb_is_positive(acb_realref(x)) == arb_is_positive(acb_realref(y));
            continue;
        }
        acb_mul(x, x, b0, LAST_PRECISION);
        acb_mul(y, y, a0, LAST_PRECISION);
        differ = !acb_overlaps(x, y);
        if (agrees(x, y, LAST_PRECISION))
            agreed++;
        else
            doubt = true;
    }
    acb_clear(a0);
    acb_clear(b0);
    acb_clear(x);
    acb_clear(y);
    if (differ) return PSV_NO;
    return !doubt && agreed >= 2 ? PSV_YES : PSV_CANNOT_TELL;
}

int psv_order(psv_ctx *ctx, const psv_node *a, const psv_node *b) {
    int sign_a, sign_b;
    if (a == NULL || b == NULL) return 2;
    bool infinite_a = psv_is_infinity(a, &sign_a), infinite_b = psv_is_infinity(b, &sign_b);
    if (infinite_a || infinite_b)
        return (infinite_a ? 2 * sign_a : 0) < (infinite_b ? 2 * sign_b : 0)   ? -1
               : (infinite_a ? 2 * sign_a : 0) > (infinite_b ? 2 * sign_b : 0) ? 1
                                                                               : 0;
    if (psv_has_variable(a) || psv_has_variable(b)) return 2;
    psv_exact x, y;
    psv_exact_init(&x);
    psv_exact_init(&y);
    int order = 2;
    if (psv_exact_eval(ctx, a, &x) && psv_exact_eval(ctx, b, &y) && fmpq_is_zero(x.im) && fmpq_is_zero(y.im)) {
        order = fmpq_cmp(x.re, y.re);
        order = (order > 0) - (order < 0);
    }
    psv_exact_clear(&x);
    psv_exact_clear(&y);
    if (order != 2) return order;
    psv_point at = {.ctx = ctx};
    acb_t p, q;
    acb_init(p);
    acb_init(q);
    for (int step = 0; step < 2 && order == 2; step++) {
        slong precision = step ? LAST_PRECISION : 64;
        if (!psv_ball_evaluate(&at, a, precision, p) || !psv_ball_evaluate(&at, b, precision, q) || !acb_is_real(p) ||
            !acb_is_real(q))
            break;
        if (arb_lt(acb_realref(p), acb_realref(q)))
            order = -1;
        else if (arb_gt(acb_realref(p), acb_realref(q)))
            order = 1;
        else if (step && agrees(p, q, precision))
            order = 0;
    }
    acb_clear(p);
    acb_clear(q);
    return order;
}

psv_answer_is psv_ball_near(psv_ctx *ctx, const psv_node *a, const fmpq_t b, const fmpq_t bound) {
    psv_point at = {.ctx = ctx};
    if (psv_has_variable(a)) return PSV_CANNOT_TELL;
    acb_t x;
    arb_t y;
    acb_init(x);
    arb_init(y);
    psv_answer_is result = PSV_CANNOT_TELL;
    for (int step = 0; step < 2 && result == PSV_CANNOT_TELL; step++) {
        slong precision = step ? LAST_PRECISION : 128;
        if (!psv_ball_evaluate(&at, a, precision, x) || !acb_is_real(x)) break;
        arb_set_fmpq(y, b, precision);
        arb_sub(acb_realref(x), acb_realref(x), y, precision);
        arb_abs(acb_realref(x), acb_realref(x));
        arb_set_fmpq(y, bound, precision);
        if (arb_lt(acb_realref(x), y)) result = PSV_YES;
        if (arb_ge(acb_realref(x), y)) result = PSV_NO;
    }
    acb_clear(x);
    arb_clear(y);
    return result;
}
