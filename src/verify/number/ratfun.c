/* Equality of rational functions in several variables, with every irrational part taken as one more unknown. */
#include "verify/number/numeric.h"

#include <flint/fmpz_mpoly.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TERMS = 600, MAX_COEFFICIENT_BITS = 4096, MAX_EXPONENT = 64, MAX_MONOMIAL_EXPONENT = 100000 };

typedef struct fraction {
    fmpz_mpoly_t num, den;
} fraction;

typedef struct atoms {
    psv_ctx *ctx;
    const char *name[PSV_MAX_VARIABLES];
    size_t n;
    bool dependent; /* an atom that may be algebraic over the others: √2, e, sin x, i */
    bool failed;
    fmpz_mpoly_ctx_t ring;
} atoms;

/* ---- Atoms --------------------------------------------------------------- */

static bool is_ring_operation(const psv_node *node) {
    switch (node->kind) {
    case PSV_NUM:
    case PSV_ADD:
    case PSV_MUL:
    case PSV_NEG:
    case PSV_DIV:
    case PSV_PERCENT:
    case PSV_UNIT: return true;
    case PSV_POW: {
        const psv_node *e = node->kid[1];
        if (e->kind == PSV_NEG) e = e->kid[0];
        return e->kind == PSV_NUM && e->scale == 0 && strlen(e->text) <= 6;
    }
    default: return false;
    }
}

static const char *atom_key(atoms *list, const psv_node *node) {
    if (node->kind == PSV_VAR) return node->text;
    ps_text text = psv_text(list->ctx);
    ps_text_puts(&text, " "); /* apart from every variable's name */
    psv_print(node, &text);
    return ps_text_cstr(&text);
}

static size_t find_atom(const atoms *list, const char *key) {
    size_t i = 0;
    while (i < list->n && strcmp(list->name[i], key) != 0)
        i++;
    return i;
}

static void collect(atoms *list, const psv_node *node) {
    if (list->failed) return;
    if (is_ring_operation(node)) {
        size_t kids = node->kind == PSV_POW ? 1 : node->n;
        for (size_t i = 0; i < kids; i++)
            collect(list, node->kid[i]);
        return;
    }
    if (node->kind == PSV_CONST && node->op == PSV_INFINITY) { /* ∞ − ∞ is not 0 */
        list->failed = true;
        return;
    }
    const char *key = psv_spend(list->ctx, 3) ? atom_key(list, node) : NULL;
    if (key == NULL) {
        list->failed = true;
        return;
    }
    if (find_atom(list, key) < list->n) return;
    if (list->n == PSV_MAX_VARIABLES) {
        list->failed = true;
        return;
    }
    bool pi = node->kind == PSV_CONST && node->op == PSV_PI; /* transcendental, so as good as a variable */
    if (node->kind != PSV_VAR && !pi) list->dependent = true;
    list->name[list->n++] = key;
}

/* ---- Evaluation ---------------------------------------------------------- */

static void fraction_init(fraction *f, const atoms *list) {
    fmpz_mpoly_init(f->num, list->ring);
    fmpz_mpoly_init(f->den, list->ring);
    fmpz_mpoly_one(f->den, list->ring);
}

static void fraction_clear(fraction *f, const atoms *list) {
    fmpz_mpoly_clear(f->num, list->ring);
    fmpz_mpoly_clear(f->den, list->ring);
}

static bool small_enough(const fmpz_mpoly_t p, const atoms *list) {
    return fmpz_mpoly_length(p, list->ring) <= MAX_TERMS && labs((long)fmpz_mpoly_max_bits(p)) <= MAX_COEFFICIENT_BITS;
}

static bool product(const atoms *list, fmpz_mpoly_t out, const fmpz_mpoly_t a, const fmpz_mpoly_t b) {
    long work = (long)fmpz_mpoly_length(a, list->ring) * (long)fmpz_mpoly_length(b, list->ring);
    long limbs = (labs((long)fmpz_mpoly_max_bits(a)) + labs((long)fmpz_mpoly_max_bits(b))) / 64 + 1;
    if (work > 40L * MAX_TERMS || !psv_spend(list->ctx, 5 + work * limbs)) return false;
    fmpz_mpoly_mul(out, a, b, list->ring);
    return small_enough(out, list);
}

/* a/b + c/d */
static bool add(const atoms *list, fraction *x, const fraction *y) {
    if (fmpz_mpoly_equal(x->den, y->den, list->ring)) {
        fmpz_mpoly_add(x->num, x->num, y->num, list->ring);
        return psv_spend(list->ctx, 3 + fmpz_mpoly_length(x->num, list->ring) / 4);
    }
    fmpz_mpoly_t cross;
    fmpz_mpoly_init(cross, list->ring);
    bool ok = product(list, cross, y->num, x->den) && product(list, x->num, x->num, y->den) &&
              product(list, x->den, x->den, y->den);
    if (ok) fmpz_mpoly_add(x->num, x->num, cross, list->ring);
    fmpz_mpoly_clear(cross, list->ring);
    return ok;
}

static bool power_of(const atoms *list, fmpz_mpoly_t p, long e) {
    bool monomial = fmpz_mpoly_length(p, list->ring) <= 1;
    if (e > (monomial ? MAX_MONOMIAL_EXPONENT : MAX_EXPONENT)) return false;
    if (monomial) {
        if (labs((long)fmpz_mpoly_max_bits(p)) * e > MAX_COEFFICIENT_BITS + e) return false;
        return psv_spend(list->ctx, 20) && fmpz_mpoly_pow_ui(p, p, (ulong)e, list->ring);
    }
    fmpz_mpoly_t result;
    fmpz_mpoly_init(result, list->ring);
    fmpz_mpoly_one(result, list->ring);
    bool ok = true;
    for (long k = 0; k < e && ok; k++)
        ok = product(list, result, result, p);
    if (ok) fmpz_mpoly_swap(p, result, list->ring);
    fmpz_mpoly_clear(result, list->ring);
    return ok;
}

static bool eval(atoms *list, const psv_node *node, fraction *out);

static bool eval_power(atoms *list, const psv_node *node, fraction *out) {
    const psv_node *e = node->kid[1];
    bool negative = e->kind == PSV_NEG;
    if (negative) e = e->kid[0];
    long exponent = strtol(e->text, NULL, 10);
    if (!eval(list, node->kid[0], out)) return false;
    if (fmpz_mpoly_is_zero(out->num, list->ring) && (negative || exponent == 0)) return false;
    if (negative) fmpz_mpoly_swap(out->num, out->den, list->ring);
    return power_of(list, out->num, exponent) && power_of(list, out->den, exponent);
}

static bool eval_many(atoms *list, const psv_node *node, fraction *out) {
    bool ok = eval(list, node->kid[0], out);
    for (size_t i = 1; i < node->n && ok; i++) {
        fraction next;
        fraction_init(&next, list);
        ok = eval(list, node->kid[i], &next);
        if (ok && node->kind == PSV_DIV) {
            ok = !fmpz_mpoly_is_zero(next.num, list->ring);
            fmpz_mpoly_swap(next.num, next.den, list->ring);
        }
        if (ok && node->kind == PSV_ADD)
            ok = add(list, out, &next);
        else if (ok)
            ok = product(list, out->num, out->num, next.num) && product(list, out->den, out->den, next.den);
        fraction_clear(&next, list);
    }
    return ok;
}

static bool eval_number(atoms *list, const psv_node *node, fraction *out) {
    fmpq_t value;
    fmpq_init(value);
    bool ok = psv_number_value(list->ctx, node, value) && fmpz_bits(fmpq_numref(value)) < MAX_COEFFICIENT_BITS &&
              fmpz_bits(fmpq_denref(value)) < MAX_COEFFICIENT_BITS;
    if (ok) {
        fmpz_mpoly_set_fmpz(out->num, fmpq_numref(value), list->ring);
        fmpz_mpoly_set_fmpz(out->den, fmpq_denref(value), list->ring);
    }
    fmpq_clear(value);
    return ok;
}

static bool eval(atoms *list, const psv_node *node, fraction *out) {
    if (!psv_spend(list->ctx, 2)) return false;
    if (!is_ring_operation(node)) {
        const char *key = atom_key(list, node);
        size_t i = key != NULL ? find_atom(list, key) : list->n;
        if (i == list->n) return false;
        fmpz_mpoly_gen(out->num, (slong)i, list->ring);
        return true;
    }
    switch (node->kind) {
    case PSV_NUM: return eval_number(list, node, out);
    case PSV_NEG:
        if (!eval(list, node->kid[0], out)) return false;
        fmpz_mpoly_neg(out->num, out->num, list->ring);
        return true;
    case PSV_PERCENT:
        if (!eval(list, node->kid[0], out)) return false;
        fmpz_mpoly_scalar_mul_ui(out->den, out->den, 100, list->ring);
        return true;
    case PSV_POW: return eval_power(list, node, out);
    case PSV_UNIT: return eval(list, node->kid[0], out);
    default: return eval_many(list, node, out);
    }
}

/* ---- Comparison ---------------------------------------------------------- */

typedef psv_answer_is (*comparison)(const atoms *list, fraction *a, fraction *b, bool *positive);

static psv_answer_is with_fractions(psv_ctx *ctx, const psv_node *a, const psv_node *b, comparison compare,
                                    bool *positive) {
    atoms list = {.ctx = ctx};
    collect(&list, a);
    collect(&list, b);
    if (list.failed) return PSV_CANNOT_TELL;
    fmpz_mpoly_ctx_init(list.ring, list.n ? (slong)list.n : 1, ORD_LEX);
    fraction fa, fb;
    fraction_init(&fa, &list);
    fraction_init(&fb, &list);
    psv_answer_is result = PSV_CANNOT_TELL;
    if (eval(&list, a, &fa) && eval(&list, b, &fb)) result = compare(&list, &fa, &fb, positive);
    if (result == PSV_NO && list.dependent) result = PSV_CANNOT_TELL;
    fraction_clear(&fa, &list);
    fraction_clear(&fb, &list);
    fmpz_mpoly_ctx_clear(list.ring);
    return result;
}

static psv_answer_is compare_equal(const atoms *list, fraction *a, fraction *b, bool *positive) {
    (void)positive;
    if (!product(list, a->num, a->num, b->den) || !product(list, b->num, b->num, a->den)) return PSV_CANNOT_TELL;
    return fmpz_mpoly_equal(a->num, b->num, list->ring) ? PSV_YES : PSV_NO;
}

psv_answer_is psv_ratfun_equal(psv_ctx *ctx, const psv_node *a, const psv_node *b) {
    return with_fractions(ctx, a, b, compare_equal, NULL);
}

/* Polynomials p, q are proportional when lc(q)·p = lc(p)·q. Denominators must be constants: what they hide is not
 * worth guessing. */
static psv_answer_is compare_proportional(const atoms *list, fraction *a, fraction *b, bool *positive) {
    if (!fmpz_mpoly_is_fmpz(a->den, list->ring) || !fmpz_mpoly_is_fmpz(b->den, list->ring)) return PSV_CANNOT_TELL;
    bool zero_a = fmpz_mpoly_is_zero(a->num, list->ring), zero_b = fmpz_mpoly_is_zero(b->num, list->ring);
    *positive = true;
    if (zero_a || zero_b) return zero_a == zero_b ? PSV_YES : PSV_NO;
    fmpz_t la, lb;
    fmpz_init(la);
    fmpz_init(lb);
    fmpz_mpoly_get_term_coeff_fmpz(la, a->num, 0, list->ring);
    fmpz_mpoly_get_term_coeff_fmpz(lb, b->num, 0, list->ring);
    fmpz_t da, db;
    fmpz_init(da);
    fmpz_init(db);
    fmpz_mpoly_get_fmpz(da, a->den, list->ring);
    fmpz_mpoly_get_fmpz(db, b->den, list->ring);
    *positive = fmpz_sgn(la) * fmpz_sgn(da) == fmpz_sgn(lb) * fmpz_sgn(db);
    fmpz_mpoly_scalar_mul_fmpz(a->num, a->num, lb, list->ring);
    fmpz_mpoly_scalar_mul_fmpz(b->num, b->num, la, list->ring);
    bool equal = fmpz_mpoly_equal(a->num, b->num, list->ring);
    fmpz_clear(la);
    fmpz_clear(lb);
    fmpz_clear(da);
    fmpz_clear(db);
    return equal ? PSV_YES : PSV_NO;
}

psv_answer_is psv_ratfun_proportional(psv_ctx *ctx, const psv_node *a, const psv_node *b, bool *positive) {
    return with_fractions(ctx, a, b, compare_proportional, positive);
}
