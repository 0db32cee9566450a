/* Exact values: rationals and Gaussian rationals. Sizes are estimated before anything is computed, because FLINT
 * aborts when memory runs out. */
#include "verify/number/numeric.h"

#include <stdlib.h>
#include <string.h>

/* gcc takes the address of a fraction's numerator for the address of an eight-byte object and warns where FLINT then
 * reads the denominator beside it. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wstringop-overflow"
#pragma GCC diagnostic ignored "-Wstringop-overread"
#endif

enum { MAX_BITS = 1 << 16, MAX_ROOT = 64, MAX_FACTORIAL = 5000 };

void psv_exact_init(psv_exact *x) {
    fmpq_init(x->re);
    fmpq_init(x->im);
}

void psv_exact_clear(psv_exact *x) {
    fmpq_clear(x->re);
    fmpq_clear(x->im);
}

static ulong bits_of(const psv_exact *x) {
    return fmpz_bits(fmpq_numref(x->re)) + fmpz_bits(fmpq_denref(x->re)) + fmpz_bits(fmpq_numref(x->im)) +
           fmpz_bits(fmpq_denref(x->im));
}

/* One operation on numbers of so many bits: gcds make it quadratic. */
static bool pay(psv_ctx *ctx, ulong bits) {
    if (bits > MAX_BITS) return false;
    long limbs = (long)(bits / 64 + 1);
    return psv_spend(ctx, 1 + limbs / 4 + limbs * limbs / 400);
}

bool psv_number_value(psv_ctx *ctx, const psv_node *number, fmpq_t out) {
    size_t length = strlen(number->text);
    if (!pay(ctx, 4 * (length + (size_t)number->scale))) return false;
    fmpz_t scale, kept, nines;
    fmpz_init(scale);
    fmpz_init(kept);
    fmpz_init(nines);
    fmpz_set_str(fmpq_numref(out), number->text, 10);
    fmpz_set_ui(scale, 10);
    fmpz_pow_ui(scale, scale, (ulong)(number->scale - number->repeat));
    if (number->repeat) { /* d.kkk(rrr) = (all − kept) / (10^kept places · (10^period − 1)) */
        fmpz_set_ui(nines, 10);
        fmpz_pow_ui(nines, nines, (ulong)number->repeat);
        fmpz_tdiv_q(kept, fmpq_numref(out), nines);
        fmpz_sub(fmpq_numref(out), fmpq_numref(out), kept);
        fmpz_sub_ui(nines, nines, 1);
        fmpz_mul(scale, scale, nines);
    }
    fmpz_set(fmpq_denref(out), scale);
    fmpq_canonicalise(out);
    fmpz_clear(scale);
    fmpz_clear(kept);
    fmpz_clear(nines);
    return true;
}

static bool is_zero(const psv_exact *x) {
    return fmpq_is_zero(x->re) && fmpq_is_zero(x->im);
}

static void multiply(psv_exact *x, const psv_exact *y) {
    if (fmpq_is_zero(x->im) && fmpq_is_zero(y->im)) {
        fmpq_mul(x->re, x->re, y->re);
        return;
    }
    fmpq_t re, im;
    fmpq_init(re);
    fmpq_init(im);
    fmpq_mul(re, x->re, y->re);
    fmpq_submul(re, x->im, y->im);
    fmpq_mul(im, x->re, y->im);
    fmpq_addmul(im, x->im, y->re);
    fmpq_swap(x->re, re);
    fmpq_swap(x->im, im);
    fmpq_clear(re);
    fmpq_clear(im);
}

static void invert(psv_exact *x) { /* x is not zero */
    if (fmpq_is_zero(x->im)) {
        fmpq_inv(x->re, x->re);
        return;
    }
    fmpq_t norm;
    fmpq_init(norm);
    fmpq_mul(norm, x->re, x->re);
    fmpq_addmul(norm, x->im, x->im);
    fmpq_div(x->re, x->re, norm);
    fmpq_div(x->im, x->im, norm);
    fmpq_neg(x->im, x->im);
    fmpq_clear(norm);
}

static bool integer_power(psv_ctx *ctx, psv_exact *x, const fmpz_t exponent) {
    if (is_zero(x)) return fmpz_sgn(exponent) > 0; /* 0^0 and 0^−1 are left alone */
    bool unit = fmpq_is_zero(x->im) && fmpz_is_one(fmpq_denref(x->re)) && fmpz_is_pm1(fmpq_numref(x->re));
    if (unit) {
        if (fmpz_is_even(exponent)) fmpq_one(x->re);
        return true;
    }
    if (fmpz_cmpabs(exponent, (fmpz[]){MAX_BITS}) > 0) return false;
    long e = fmpz_get_si(exponent);
    ulong count = (ulong)labs(e);
    if (!pay(ctx, bits_of(x) * count)) return false;
    if (fmpq_is_zero(x->im)) {
        if (e < 0) fmpq_inv(x->re, x->re);
        fmpz_pow_ui(fmpq_numref(x->re), fmpq_numref(x->re), count);
        fmpz_pow_ui(fmpq_denref(x->re), fmpq_denref(x->re), count);
        return true;
    }
    psv_exact result;
    psv_exact_init(&result);
    fmpq_one(result.re);
    if (e < 0) invert(x);
    for (; count; count >>= 1) {
        if (count & 1) multiply(&result, x);
        if (count > 1) {
            psv_exact square;
            psv_exact_init(&square);
            fmpq_set(square.re, x->re);
            fmpq_set(square.im, x->im);
            multiply(x, &square);
            psv_exact_clear(&square);
        }
    }
    fmpq_swap(x->re, result.re);
    fmpq_swap(x->im, result.im);
    psv_exact_clear(&result);
    return true;
}

/* The n-th root, when it is a (Gaussian) rational. Odd roots of negative numbers are real; square roots imaginary. */
static bool exact_root(psv_ctx *ctx, psv_exact *x, long n) {
    if (n < 1 || n > MAX_ROOT || !fmpq_is_zero(x->im) || !pay(ctx, bits_of(x))) return false;
    bool negative = fmpq_sgn(x->re) < 0;
    if (negative && n % 2 == 0 && n != 2) return false;
    fmpq_t root;
    fmpq_init(root);
    fmpq_abs(root, x->re);
    bool exact =
        fmpz_root(fmpq_numref(root), fmpq_numref(root), n) && fmpz_root(fmpq_denref(root), fmpq_denref(root), n);
    if (exact && negative && n == 2) {
        fmpq_zero(x->re);
        fmpq_set(x->im, root);
    } else if (exact) {
        fmpq_set(x->re, root);
        if (negative) fmpq_neg(x->re, x->re);
    }
    fmpq_clear(root);
    return exact;
}

static bool eval_power(psv_ctx *ctx, const psv_node *node, psv_exact *out) {
    psv_exact exponent;
    psv_exact_init(&exponent);
    bool ok = psv_exact_eval(ctx, node->kid[1], &exponent) && fmpq_is_zero(exponent.im) &&
              psv_exact_eval(ctx, node->kid[0], out);
    if (ok && !fmpz_is_one(fmpq_denref(exponent.re)))
        ok = fmpz_cmp_si(fmpq_denref(exponent.re), MAX_ROOT) <= 0 &&
             exact_root(ctx, out, fmpz_get_si(fmpq_denref(exponent.re)));
    ok = ok && integer_power(ctx, out, fmpq_numref(exponent.re));
    psv_exact_clear(&exponent);
    return ok;
}

bool psv_small_integer(psv_ctx *ctx, const psv_node *node, long *out) {
    psv_exact x;
    psv_exact_init(&x);
    bool ok = psv_exact_eval(ctx, node, &x) && fmpq_is_zero(x.im) && fmpz_is_one(fmpq_denref(x.re)) &&
              fmpz_bits(fmpq_numref(x.re)) < 60;
    if (ok) *out = fmpz_get_si(fmpq_numref(x.re));
    psv_exact_clear(&x);
    return ok;
}

static bool eval_factorial(psv_ctx *ctx, const psv_node *node, psv_exact *out) {
    long n;
    if (!psv_small_integer(ctx, node->kid[0], &n) || n < 0 || n > MAX_FACTORIAL) return false;
    if (!pay(ctx, (ulong)n * 12)) return false;
    fmpq_one(out->re);
    if (node->op == PSV_FACTORIAL)
        fmpz_fac_ui(fmpq_numref(out->re), (ulong)n);
    else
        for (long k = n; k > 1; k -= 2)
            fmpz_mul_si(fmpq_numref(out->re), fmpq_numref(out->re), k);
    return true;
}

static bool eval_binomial(psv_ctx *ctx, const psv_node *node, psv_exact *out) {
    long n, k;
    if (!psv_small_integer(ctx, node->kid[0], &n) || !psv_small_integer(ctx, node->kid[1], &k)) return false;
    if (n < 0 || k < 0 || n > MAX_BITS || !pay(ctx, (ulong)n)) return false;
    fmpq_one(out->re);
    fmpz_bin_uiui(fmpq_numref(out->re), (ulong)n, (ulong)k);
    return true;
}

static bool eval_rounding(psv_ctx *ctx, const psv_node *node, psv_exact *out) {
    if (!psv_exact_eval(ctx, node->kid[0], out) || !fmpq_is_zero(out->im)) return false;
    if (node->op == PSV_FLOOR)
        fmpz_fdiv_q(fmpq_numref(out->re), fmpq_numref(out->re), fmpq_denref(out->re));
    else
        fmpz_cdiv_q(fmpq_numref(out->re), fmpq_numref(out->re), fmpq_denref(out->re));
    fmpz_one(fmpq_denref(out->re));
    return true;
}

static bool fold_pair(int func, fmpq_t x, const fmpq_t y) {
    if (func == PSV_MIN || func == PSV_MAX) {
        if ((fmpq_cmp(y, x) < 0) == (func == PSV_MIN)) fmpq_set(x, y);
        return true;
    }
    if (!fmpz_is_one(fmpq_denref(x)) || !fmpz_is_one(fmpq_denref(y))) return false;
    if (func == PSV_GCD)
        fmpz_gcd(fmpq_numref(x), fmpq_numref(x), fmpq_numref(y));
    else if (func == PSV_LCM)
        fmpz_lcm(fmpq_numref(x), fmpq_numref(x), fmpq_numref(y));
    else if (fmpz_is_zero(fmpq_numref(y)))
        return false;
    else
        fmpz_fdiv_r(fmpq_numref(x), fmpq_numref(x), fmpq_numref(y));
    return true;
}

static bool eval_fold(psv_ctx *ctx, const psv_node *node, psv_exact *out) {
    bool ok = psv_exact_eval(ctx, node->kid[0], out) && fmpq_is_zero(out->im);
    for (size_t i = 1; i < node->n && ok; i++) {
        psv_exact next;
        psv_exact_init(&next);
        ok = psv_exact_eval(ctx, node->kid[i], &next) && fmpq_is_zero(next.im) &&
             pay(ctx, bits_of(out) + bits_of(&next)) && fold_pair(node->op, out->re, next.re);
        psv_exact_clear(&next);
    }
    return ok;
}

static bool eval_modulus(psv_ctx *ctx, psv_exact *x) {
    if (fmpq_is_zero(x->im)) {
        fmpq_abs(x->re, x->re);
        return true;
    }
    if (!pay(ctx, 2 * bits_of(x))) return false;
    fmpq_mul(x->re, x->re, x->re);
    fmpq_addmul(x->re, x->im, x->im);
    fmpq_zero(x->im);
    return exact_root(ctx, x, 2);
}

static bool eval_function(psv_ctx *ctx, const psv_node *node, psv_exact *out) {
    switch (node->op) {
    case PSV_FACTORIAL:
    case PSV_FACTORIAL2: return eval_factorial(ctx, node, out);
    case PSV_BINOMIAL: return node->n == 2 && eval_binomial(ctx, node, out);
    case PSV_FLOOR:
    case PSV_CEIL: return eval_rounding(ctx, node, out);
    case PSV_GCD:
    case PSV_LCM:
    case PSV_MIN:
    case PSV_MAX:
    case PSV_MOD: return eval_fold(ctx, node, out);
    case PSV_ABS: return psv_exact_eval(ctx, node->kid[0], out) && eval_modulus(ctx, out);
    case PSV_RE:
        if (!psv_exact_eval(ctx, node->kid[0], out)) return false;
        fmpq_zero(out->im);
        return true;
    case PSV_IM:
        if (!psv_exact_eval(ctx, node->kid[0], out)) return false;
        fmpq_swap(out->re, out->im);
        fmpq_zero(out->im);
        return true;
    case PSV_CONJ:
        if (!psv_exact_eval(ctx, node->kid[0], out)) return false;
        fmpq_neg(out->im, out->im);
        return true;
    default: return false;
    }
}

/* Sums and products: fold the kids into the first. */
static bool eval_many(psv_ctx *ctx, const psv_node *node, psv_exact *out) {
    bool ok = psv_exact_eval(ctx, node->kid[0], out);
    for (size_t i = 1; i < node->n && ok; i++) {
        psv_exact next;
        psv_exact_init(&next);
        ok = psv_exact_eval(ctx, node->kid[i], &next) && pay(ctx, bits_of(out) + bits_of(&next));
        if (ok && node->kind == PSV_ADD) {
            fmpq_add(out->re, out->re, next.re);
            fmpq_add(out->im, out->im, next.im);
        } else if (ok) {
            if (node->kind == PSV_DIV) {
                ok = !is_zero(&next);
                if (ok) invert(&next);
            }
            if (ok) multiply(out, &next);
        }
        psv_exact_clear(&next);
    }
    return ok;
}

bool psv_exact_eval(psv_ctx *ctx, const psv_node *node, psv_exact *out) {
    long index;
    switch (node->kind) {
    case PSV_NUM: fmpq_zero(out->im); return psv_number_value(ctx, node, out->re);
    case PSV_CONST:
        if (node->op != PSV_I) return false;
        fmpq_zero(out->re);
        fmpq_one(out->im);
        return true;
    case PSV_ADD:
    case PSV_MUL:
    case PSV_DIV: return eval_many(ctx, node, out);
    case PSV_NEG:
        if (!psv_exact_eval(ctx, node->kid[0], out)) return false;
        fmpq_neg(out->re, out->re);
        fmpq_neg(out->im, out->im);
        return true;
    case PSV_PERCENT:
        if (!psv_exact_eval(ctx, node->kid[0], out)) return false;
        fmpq_div_fmpz(out->re, out->re, (fmpz[]){100});
        fmpq_div_fmpz(out->im, out->im, (fmpz[]){100});
        return true;
    case PSV_POW: return eval_power(ctx, node, out);
    case PSV_ROOT:
        return psv_small_integer(ctx, node->kid[1], &index) && psv_exact_eval(ctx, node->kid[0], out) &&
               exact_root(ctx, out, index);
    case PSV_FUNC: return eval_function(ctx, node, out);
    case PSV_UNIT: return psv_exact_eval(ctx, node->kid[0], out);
    default: return false;
    }
}
