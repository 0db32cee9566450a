/* Evaluation of a tree to a ball, at a point and a precision. Sizes are guarded before a function is called. */
#include "verify/number/ball.h"

#include <string.h>

enum { MAX_LOG2 = 40, MAX_TRIG_LOG2 = 1200 };

/* ---- What operations cost, in tenths of a microsecond -------------------- */

static bool pay_simple(const psv_point *at) {
    return psv_spend(at->ctx, at->precision > 256 ? 3 : 1);
}
static bool pay_function(const psv_point *at) {
    return psv_spend(at->ctx, at->precision > 256 ? 400 : at->precision > 64 ? 60 : 25);
}
static bool pay_gamma(const psv_point *at) {
    return psv_spend(at->ctx, at->precision > 256 ? 8000 : at->precision > 64 ? 1000 : 300);
}

/* ---- Guards -------------------------------------------------------------- */

/* Is |x| < 2^bits for certain? */
bool psv_ball_below(const acb_t x, long bits) {
    mag_t m;
    mag_init(m);
    acb_get_mag(m, x);
    bool ok = !mag_is_inf(m) && mag_cmp_2exp_si(m, bits) < 0;
    mag_clear(m);
    return ok;
}

static bool certainly_negative(const acb_t x) {
    return acb_is_real(x) && arb_is_negative(acb_realref(x));
}

/* ---- Evaluation ---------------------------------------------------------- */

static bool eval(psv_point *at, const psv_node *node, acb_t out);

static bool eval_exp(psv_point *at, acb_t out, const acb_t x) {
    if (!psv_ball_below(x, MAX_LOG2) || !pay_function(at)) return false;
    acb_exp(out, x, at->precision);
    return true;
}

static bool real_root(psv_point *at, acb_t out, const acb_t x, ulong n) {
    bool negative = n % 2 == 1 && certainly_negative(x);
    if (!pay_function(at)) return false;
    acb_t y;
    acb_init(y);
    if (negative)
        acb_neg(y, x);
    else
        acb_set(y, x);
    if (n == 2)
        acb_sqrt(out, y, at->precision);
    else
        acb_root_ui(out, y, n, at->precision);
    if (negative) acb_neg(out, out);
    acb_clear(y);
    return true;
}

static bool eval_root(psv_point *at, const psv_node *node, acb_t out) {
    long n;
    if (!psv_small_integer(at->ctx, node->kid[1], &n) || n < 1 || n > 1000) return false;
    acb_t x;
    acb_init(x);
    bool ok = eval(at, node->kid[0], x) && real_root(at, out, x, (ulong)n);
    acb_clear(x);
    return ok;
}

/* x^(p/q) for whole p and q: the real root where there is one. */
static bool rational_power(psv_point *at, acb_t out, const acb_t x, const fmpq_t e) {
    const fmpz *p = fmpq_numref(e), *q = fmpq_denref(e);
    if (fmpz_bits(p) > 40 || fmpz_cmp_ui(q, 1000) > 0) return false;
    if (!psv_spend(at->ctx, (long)fmpz_bits(p) * (at->precision > 256 ? 6 : 2))) return false;
    if (acb_contains_zero(x) && fmpz_sgn(p) <= 0) return false; /* 0^0 is left alone */
    acb_t y;
    acb_init(y);
    bool ok = true;
    if (fmpz_is_one(q))
        acb_set(y, x);
    else
        ok = real_root(at, y, x, fmpz_get_ui(q));
    if (ok) acb_pow_fmpz(out, y, p, at->precision);
    acb_clear(y);
    return ok;
}

static bool eval_power(psv_point *at, const psv_node *node, acb_t out) {
    psv_exact e;
    psv_exact_init(&e);
    acb_t x, y;
    acb_init(x);
    acb_init(y);
    bool ok = eval(at, node->kid[0], x);
    bool exact = ok && psv_exact_eval(at->ctx, node->kid[1], &e) && fmpq_is_zero(e.im);
    if (exact && rational_power(at, out, x, e.re)) goto done;
    ok = ok && eval(at, node->kid[1], y) && !acb_contains_zero(x) && pay_function(at);
    if (ok) {
        acb_log(x, x, at->precision);
        acb_mul(x, x, y, at->precision);
        ok = eval_exp(at, out, x);
    }
done:
    acb_clear(x);
    acb_clear(y);
    psv_exact_clear(&e);
    return ok;
}

static bool eval_many(psv_point *at, const psv_node *node, acb_t out) {
    bool ok = eval(at, node->kid[0], out);
    acb_t next;
    acb_init(next);
    for (size_t i = 1; i < node->n && ok; i++) {
        ok = eval(at, node->kid[i], next) && pay_simple(at);
        if (!ok) break;
        if (node->kind == PSV_ADD)
            acb_add(out, out, next, at->precision);
        else if (node->kind == PSV_MUL)
            acb_mul(out, out, next, at->precision);
        else if (acb_contains_zero(next))
            ok = false;
        else
            acb_div(out, out, next, at->precision);
    }
    acb_clear(next);
    return ok;
}

/* Γ(x + 1), and its halves for double factorials of constants only. */
static bool eval_factorial(psv_point *at, acb_t out, const acb_t x) {
    if (!psv_ball_below(x, 60) || !pay_gamma(at)) return false;
    acb_add_ui(out, x, 1, at->precision);
    acb_gamma(out, out, at->precision);
    return true;
}

static bool eval_binomial(psv_point *at, const acb_t n, const acb_t k, acb_t out) {
    acb_t a, b, c;
    acb_init(a);
    acb_init(b);
    acb_init(c);
    acb_sub(c, n, k, at->precision);
    bool ok = eval_factorial(at, a, n) && eval_factorial(at, b, k) && eval_factorial(at, c, c);
    if (ok) {
        acb_mul(b, b, c, at->precision);
        ok = !acb_contains_zero(b);
    }
    if (ok) acb_div(out, a, b, at->precision);
    acb_clear(a);
    acb_clear(b);
    acb_clear(c);
    return ok;
}

static bool invert(psv_point *at, acb_t x) {
    if (acb_contains_zero(x)) return false;
    acb_inv(x, x, at->precision);
    return true;
}

/* Circular and hyperbolic functions: the six of each from sine and cosine. */
static bool eval_circular(psv_point *at, int func, acb_t x) {
    if (!psv_ball_below(x, func >= PSV_SINH ? MAX_LOG2 : MAX_TRIG_LOG2) || !pay_function(at)) return false;
    slong precision = at->precision;
    switch (func) {
    case PSV_SIN: acb_sin(x, x, precision); return true;
    case PSV_COS: acb_cos(x, x, precision); return true;
    case PSV_TAN: acb_tan(x, x, precision); return acb_is_finite(x);
    case PSV_COT: acb_cot(x, x, precision); return acb_is_finite(x);
    case PSV_SEC: acb_cos(x, x, precision); return invert(at, x);
    case PSV_CSC: acb_sin(x, x, precision); return invert(at, x);
    case PSV_SINH: acb_sinh(x, x, precision); return true;
    case PSV_COSH: acb_cosh(x, x, precision); return true;
    case PSV_TANH: acb_tanh(x, x, precision); return true;
    case PSV_COTH: acb_coth(x, x, precision); return acb_is_finite(x);
    case PSV_SECH: acb_cosh(x, x, precision); return invert(at, x);
    default: acb_sinh(x, x, precision); return invert(at, x);
    }
}

static bool eval_inverse(psv_point *at, int func, acb_t x) {
    if (!psv_ball_below(x, MAX_TRIG_LOG2) || !pay_function(at) || !pay_function(at)) return false;
    slong precision = at->precision;
    switch (func) {
    case PSV_ARCSEC:
        if (!invert(at, x)) return false; /* fall through */
    case PSV_ARCCOS: acb_acos(x, x, precision); break;
    case PSV_ARCCSC:
        if (!invert(at, x)) return false; /* fall through */
    case PSV_ARCSIN: acb_asin(x, x, precision); break;
    case PSV_ARCCOT:
        if (!invert(at, x)) return false; /* fall through */
    case PSV_ARCTAN: acb_atan(x, x, precision); break;
    case PSV_ARCSINH: acb_asinh(x, x, precision); break;
    case PSV_ARCCOSH: acb_acosh(x, x, precision); break;
    default: acb_atanh(x, x, precision); break;
    }
    return acb_is_finite(x);
}

static bool eval_log(psv_point *at, const psv_node *node, acb_t x) {
    if (acb_contains_zero(x) || !pay_function(at)) return false;
    acb_log(x, x, at->precision);
    if (node->op == PSV_LN) return true;
    acb_t base;
    acb_init(base);
    bool ok = true;
    if (node->n == 2)
        ok = eval(at, node->kid[1], base);
    else
        acb_set_ui(base, 10);
    ok = ok && !acb_contains_zero(base) && pay_function(at);
    if (ok) {
        acb_log(base, base, at->precision);
        ok = !acb_contains_zero(base);
    }
    if (ok) acb_div(x, x, base, at->precision);
    acb_clear(base);
    return ok;
}

static bool eval_real(int func, acb_t x, slong precision) {
    if (!acb_is_real(x)) return false;
    arb_ptr re = acb_realref(x);
    if (!arb_is_finite(re) || arb_rel_accuracy_bits(re) < 8) return false;
    if (func == PSV_FLOOR)
        arb_floor(re, re, precision);
    else
        arb_ceil(re, re, precision);
    return true;
}

static bool eval_absolute(psv_point *at, acb_t x) {
    if (!pay_function(at)) return false;
    acb_abs(acb_realref(x), x, at->precision);
    arb_zero(acb_imagref(x));
    return true;
}

static bool eval_extreme(psv_point *at, const psv_node *node, acb_t out) {
    acb_t next;
    acb_init(next);
    bool ok = acb_is_real(out);
    for (size_t i = 1; i < node->n && ok; i++) {
        ok = eval(at, node->kid[i], next) && acb_is_real(next) && pay_simple(at);
        if (!ok) break;
        if (node->op == PSV_MIN)
            arb_min(acb_realref(out), acb_realref(out), acb_realref(next), at->precision);
        else
            arb_max(acb_realref(out), acb_realref(out), acb_realref(next), at->precision);
    }
    acb_clear(next);
    return ok;
}

static bool eval_function(psv_point *at, const psv_node *node, acb_t out) {
    if (node->n == 0 || !eval(at, node->kid[0], out)) return false;
    if (node->op <= PSV_CSC) return eval_circular(at, node->op, out);
    if (node->op <= PSV_ARCCSC) return eval_inverse(at, node->op, out);
    if (node->op <= PSV_CSCH) return eval_circular(at, node->op, out);
    if (node->op <= PSV_ARCTANH) return eval_inverse(at, node->op, out);
    switch (node->op) {
    case PSV_EXP: return eval_exp(at, out, out);
    case PSV_LN:
    case PSV_LOG: return eval_log(at, node, out);
    case PSV_ABS: return eval_absolute(at, out);
    case PSV_FLOOR:
    case PSV_CEIL: return eval_real(node->op, out, at->precision);
    case PSV_FACTORIAL: return eval_factorial(at, out, out);
    case PSV_MIN:
    case PSV_MAX: return eval_extreme(at, node, out);
    case PSV_RE: arb_zero(acb_imagref(out)); return true;
    case PSV_IM:
        arb_swap(acb_realref(out), acb_imagref(out));
        arb_zero(acb_imagref(out));
        return true;
    case PSV_CONJ: acb_conj(out, out); return true;
    case PSV_BINOMIAL: {
        acb_t k;
        acb_init(k);
        bool ok = node->n == 2 && eval(at, node->kid[1], k) && eval_binomial(at, out, k, out);
        acb_clear(k);
        return ok;
    }
    default: return false;
    }
}

/* A variable, or an unknown function of given arguments, which is a variable of its own. */
static bool eval_name(const psv_point *at, const char *name, acb_t out) {
    for (size_t i = 0; i < at->n; i++) {
        if (strcmp(at->name[i], name) != 0) continue;
        arb_set_fmpz(acb_realref(out), &at->value[i]);
        arb_mul_2exp_si(acb_realref(out), acb_realref(out), -16);
        arb_zero(acb_imagref(out));
        return true;
    }
    return false;
}

static bool eval_number(psv_point *at, const psv_node *node, acb_t out) {
    fmpq_t value;
    fmpq_init(value);
    bool ok = psv_number_value(at->ctx, node, value);
    if (ok) acb_set_fmpq(out, value, at->precision);
    fmpq_clear(value);
    return ok;
}

static bool eval_constant(const psv_point *at, int id, acb_t out) {
    switch (id) {
    case PSV_PI: acb_const_pi(out, at->precision); return true;
    case PSV_E:
        arb_const_e(acb_realref(out), at->precision);
        arb_zero(acb_imagref(out));
        return true;
    case PSV_I: acb_onei(out); return true;
    default: return false;
    }
}

static bool eval(psv_point *at, const psv_node *node, acb_t out) {
    if (!pay_simple(at)) return false;
    switch (node->kind) {
    case PSV_NUM: return eval_number(at, node, out);
    case PSV_CONST: return eval_constant(at, node->op, out);
    case PSV_VAR: return eval_name(at, node->text, out);
    case PSV_ADD:
    case PSV_MUL:
    case PSV_DIV: return eval_many(at, node, out);
    case PSV_NEG:
        if (!eval(at, node->kid[0], out)) return false;
        acb_neg(out, out);
        return true;
    case PSV_PERCENT:
        if (!eval(at, node->kid[0], out)) return false;
        acb_div_ui(out, out, 100, at->precision);
        return true;
    case PSV_DEGREE: {
        arb_t pi;
        if (!eval(at, node->kid[0], out)) return false;
        arb_init(pi);
        arb_const_pi(pi, at->precision);
        acb_mul_arb(out, out, pi, at->precision);
        acb_div_ui(out, out, 180, at->precision);
        arb_clear(pi);
        return true;
    }
    case PSV_POW: return eval_power(at, node, out);
    case PSV_ROOT: return eval_root(at, node, out);
    case PSV_FUNC: return eval_function(at, node, out);
    case PSV_UNIT: return eval(at, node->kid[0], out);
    default: return false;
    }
}

/* Evaluate to a finite ball. */
bool psv_ball_evaluate(psv_point *at, const psv_node *node, slong precision, acb_t out) {
    at->precision = precision;
    return eval(at, node, out) && acb_is_finite(out);
}
