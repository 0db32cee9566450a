/* Comparison of two numbers or expressions: what stands around them (units, percent, degrees), then their values. */
#include "verify/compare/compare.h"
#include "verify/read/words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { SIGNIFICANT_DIGITS = 6 };

/* ---- Values -------------------------------------------------------------- */

/* A number written with a decimal point, perhaps negative: its node. */
static const psv_node *decimal_literal(const psv_node *node) {
    if (node->kind == PSV_NEG) node = node->kid[0];
    return node->kind == PSV_NUM && node->scale > 0 && !node->repeat ? node : NULL;
}

static int significant_digits(const psv_node *number) {
    const char *digits = number->text;
    while (*digits == '0')
        digits++;
    return (int)strlen(digits);
}

/* Is x the decimal d when rounded (|x − d| < u/2) or cut off (|d| ≤ |x| < |d| + u), where u is d's last place? */
static psv_answer_is rounds_to(psv_ctx *ctx, const psv_node *x, const fmpq_t d, int places) {
    fmpq_t half, middle;
    fmpq_init(half);
    fmpq_init(middle);
    fmpz_set_ui(fmpq_denref(half), 10);
    fmpz_pow_ui(fmpq_denref(half), fmpq_denref(half), (ulong)places);
    fmpz_mul_ui(fmpq_denref(half), fmpq_denref(half), 2);
    fmpz_one(fmpq_numref(half));
    psv_answer_is is = psv_ball_near(ctx, x, d, half);
    if (is != PSV_YES) {
        if (fmpq_sgn(d) < 0)
            fmpq_sub(middle, d, half);
        else
            fmpq_add(middle, d, half);
        is = psv_ball_near(ctx, x, middle, half);
    }
    fmpq_clear(half);
    fmpq_clear(middle);
    return is;
}

/* One side is a decimal of six or more digits, the other neither a decimal nor an integer. */
static psv_answer_is rounded_value(psv_compare *c, const psv_node *a, const psv_node *b) {
    const psv_node *da = decimal_literal(a), *db = decimal_literal(b);
    if ((da == NULL) == (db == NULL)) return PSV_NO;
    const psv_node *decimal = da != NULL ? da : db, *other = da != NULL ? b : a;
    if (significant_digits(decimal) < SIGNIFICANT_DIGITS || decimal->scale > 1000) return PSV_NO;
    long whole;
    if (psv_has_variable(other) || psv_small_integer(c->ctx, other, &whole)) return PSV_NO;
    psv_exact value;
    psv_exact_init(&value);
    psv_answer_is near = PSV_NO;
    if (psv_exact_eval(c->ctx, da != NULL ? a : b, &value)) near = rounds_to(c->ctx, other, value.re, decimal->scale);
    psv_exact_clear(&value);
    if (near != PSV_YES) return PSV_NO;
    c->proven = false;
    c->says_more[da != NULL ? PSV_SECOND : PSV_FIRST] = true;
    return psv_decide(c, "decimal", PSV_YES, "the decimal is the other value to its last digit");
}

static bool has_decimal(const psv_node *node) {
    if (node->kind == PSV_NUM && node->scale > 0) return true;
    for (size_t i = 0; i < node->n; i++)
        if (has_decimal(node->kid[i])) return true;
    return false;
}

/* Both sides rounded to the same number of places, when one is a decimal. */
static psv_answer_is rounded_both(psv_compare *c, const psv_node *a, const psv_node *b) {
    if (!has_decimal(a) && !has_decimal(b)) return PSV_NO;
    if (psv_has_variable(a) || psv_has_variable(b)) return PSV_NO;
    psv_node *minus = psv_unary(c->ctx, PSV_NEG, (psv_node *)b);
    psv_node *difference = minus != NULL ? psv_binary(c->ctx, PSV_ADD, (psv_node *)a, minus) : NULL;
    if (difference == NULL) return PSV_CANNOT_TELL;
    fmpq_t zero, bound; /* equal after rounding to d places implies nearer than 10^-d; half of that is the usual case */
    fmpq_init(zero);
    fmpq_init(bound);
    fmpq_set_si(bound, 1, 1);
    for (int k = 0; k < c->ctx->decimals; k++)
        fmpq_div_fmpz(bound, bound, (fmpz[]){10});
    psv_answer_is near = psv_ball_near(c->ctx, difference, zero, bound);
    fmpq_clear(zero);
    fmpq_clear(bound);
    if (near == PSV_YES) c->proven = false;
    return near == PSV_YES ? psv_decide(c, "decimal", PSV_YES, "equal when rounded") : PSV_NO;
}

/* ---- Names --------------------------------------------------------------- */

/* The tree with all names in lower case; NULL when two names would fall together. */
static psv_node *folded(psv_ctx *ctx, const psv_node *node, bool *changed) {
    psv_node *copy = psv_copy(ctx, node);
    if (copy == NULL) return NULL;
    if (copy->kind == PSV_VAR) {
        size_t length = strlen(copy->text);
        char *lower = ps_arena_strndup(ctx->arena, copy->text, length);
        if (lower == NULL) return NULL;
        for (size_t i = 0; i < length; i++) {
            if (isupper((unsigned char)lower[i])) *changed = true;
            lower[i] = (char)tolower((unsigned char)lower[i]);
        }
        copy->text = lower;
    }
    for (size_t i = 0; i < copy->n; i++)
        if ((copy->kid[i] = folded(ctx, node->kid[i], changed)) == NULL) return NULL;
    return copy;
}

static bool fold_keeps_names_apart(const psv_node *before, const psv_node *after) {
    const char *names[PSV_MAX_VARIABLES + 1];
    size_t n = psv_variables(before, NULL, names);
    return n <= PSV_MAX_VARIABLES && n == psv_variables(after, NULL, names);
}

/* ---- Plain scalars ------------------------------------------------------- */

static psv_answer_is exact_values(psv_compare *c, const psv_node *a, const psv_node *b) {
    psv_exact x, y;
    psv_exact_init(&x);
    psv_exact_init(&y);
    psv_answer_is is = PSV_CANNOT_TELL;
    if (psv_exact_eval(c->ctx, a, &x) && psv_exact_eval(c->ctx, b, &y))
        is = fmpq_equal(x.re, y.re) && fmpq_equal(x.im, y.im) ? PSV_YES : PSV_NO;
    psv_exact_clear(&x);
    psv_exact_clear(&y);
    return is;
}

static psv_answer_is expressions(psv_compare *c, const psv_node *a, const psv_node *b) {
    a = psv_expand_finite(c->ctx, (psv_node *)a);
    b = psv_expand_finite(c->ctx, (psv_node *)b);
    psv_answer_is is = psv_ratfun_equal(c->ctx, a, b);
    if (is != PSV_CANNOT_TELL)
        return psv_decide(c, "expression", is,
                          is == PSV_YES ? "the same rational function" : "different rational functions");
    is = psv_ball_equal(c->ctx, a, b);
    if (is == PSV_YES) c->proven = false;
    if (is == PSV_CANNOT_TELL)
        return psv_decide(c, "ball", is,
                          c->ctx->work ? "evaluation cannot tell" : "too large for the work one comparison may do");
    return psv_decide(c, "ball", is, is == PSV_YES ? "the same to 2^-1000, not proven" : "different values");
}

static psv_answer_is plain_values(psv_compare *c, const psv_node *a, const psv_node *b) {
    if (psv_same_tree(a, b)) return psv_decide(c, "form", PSV_YES, "written alike");
    int sign_a, sign_b;
    bool infinite_a = psv_is_infinity(a, &sign_a), infinite_b = psv_is_infinity(b, &sign_b);
    if (infinite_a || infinite_b) {
        bool same = infinite_a && infinite_b && sign_a == sign_b;
        return psv_decide(c, "form", same ? PSV_YES : PSV_NO, same ? "both infinite" : "one is infinite");
    }
    if (a->kind == PSV_APPLY && b->kind == PSV_APPLY && a->n == b->n && strcmp(a->text, b->text) == 0) {
        size_t same = 0;
        while (same < a->n && psv_compare_nodes(c, a->kid[same], b->kid[same]) == PSV_YES)
            same++;
        if (same == a->n) return psv_decide(c, "expression", PSV_YES, "the same function of the same arguments");
        if (c->ctx->rules->function_differs_by_argument) return psv_no(c, "expression", "different arguments");
    }
    psv_answer_is is = exact_values(c, a, b);
    if (is == PSV_YES) return psv_decide(c, "rational", is, "the same number");
    if (is == PSV_CANNOT_TELL) is = expressions(c, a, b);
    if (is == PSV_YES) return is;
    if (is == PSV_NO && c->stage != NULL && strcmp(c->stage, "expression") != 0 && strcmp(c->stage, "ball") != 0)
        psv_decide(c, "rational", is, "different numbers");
    if ((c->ctx->rules->decimals_are_rounded ? rounded_both : rounded_value)(c, a, b) == PSV_YES) return PSV_YES;
    return is;
}

static psv_answer_is with_names(psv_compare *c, const psv_node *a, const psv_node *b) {
    c->stage = "rational";
    psv_answer_is is = plain_values(c, a, b);
    if (is != PSV_NO || !psv_has_kind(a, PSV_VAR) || !psv_has_kind(b, PSV_VAR)) return is;
    bool changed = false;
    psv_node *fa = folded(c->ctx, a, &changed), *fb = folded(c->ctx, b, &changed);
    if (!changed || fa == NULL || fb == NULL || !fold_keeps_names_apart(a, fa) || !fold_keeps_names_apart(b, fb))
        return is;
    const char *stage = c->stage, *reason = c->reason;
    if (plain_values(c, fa, fb) == PSV_YES) {
        c->reason = "the same apart from upper and lower case of names";
        return PSV_YES;
    }
    c->stage = stage;
    c->reason = reason;
    return is;
}

/* ---- Percent, degrees ---------------------------------------------------- */

static const psv_node *inside(const psv_node *node, psv_kind kind) {
    return node->kind == kind ? node->kid[0] : NULL;
}

/* A share as it is written: a decimal below 1, or a fraction of whole numbers. With a percent sign it is another one.
 */
static bool is_share(const psv_node *node) {
    const psv_node *decimal = decimal_literal(node);
    if (decimal != NULL) return strspn(decimal->text, "0") >= strlen(decimal->text) - (size_t)decimal->scale;
    return node->kind == PSV_DIV && node->kid[0]->kind == PSV_NUM && node->kid[1]->kind == PSV_NUM;
}

/* May the sign on one of the sides have been left out on the other? */
static bool may_be_left_out(const psv_compare *c, psv_kind sign, const psv_node *signed_side, const psv_node *bare) {
    bool word = signed_side->op; /* \text{percent} */
    if (sign == PSV_PERCENT && c->ctx->rules->percent_sign_may_be_left_out && is_share(bare)) return false;
    return sign == PSV_DEGREE || word || c->ctx->rules->percent_sign_may_be_left_out;
}

/* One side carries a percent or degree sign: equal by value, or the sign was left out on the other side. */
static psv_answer_is with_sign(psv_compare *c, const psv_node *a, const psv_node *b, psv_kind sign) {
    const psv_node *ia = inside(a, sign), *ib = inside(b, sign);
    if (ia != NULL && ib != NULL) return with_names(c, ia, ib);
    bool by_value = sign == PSV_PERCENT || c->ctx->rules->degree_is_a_value;
    psv_answer_is is = by_value ? with_names(c, a, b) : PSV_NO;
    if (is == PSV_YES || !may_be_left_out(c, sign, ia != NULL ? a : b, ia != NULL ? b : a)) return is;
    psv_answer_is bare = with_names(c, ia != NULL ? ia : a, ib != NULL ? ib : b);
    if (bare == PSV_NO) return is;
    c->says_more[ia != NULL ? PSV_FIRST : PSV_SECOND] = true;
    if (bare == PSV_YES)
        c->reason = sign == PSV_PERCENT ? "the percent sign was left out" : "the degree sign was left out";
    return bare;
}

static psv_answer_is with_signs(psv_compare *c, const psv_node *a, const psv_node *b) {
    if (inside(a, PSV_PERCENT) != NULL || inside(b, PSV_PERCENT) != NULL) return with_sign(c, a, b, PSV_PERCENT);
    if (inside(a, PSV_DEGREE) != NULL || inside(b, PSV_DEGREE) != NULL) return with_sign(c, a, b, PSV_DEGREE);
    return with_names(c, a, b);
}

/* ---- Units --------------------------------------------------------------- */

static psv_node *in_base_units(psv_ctx *ctx, const psv_node *value, psv_unit unit) {
    if (unit.shift) {
        psv_node *shift = psv_binary(ctx, PSV_DIV, psv_integer(ctx, unit.shift), psv_integer(ctx, 100));
        value = psv_binary(ctx, PSV_ADD, (psv_node *)value, shift);
    }
    psv_node *factor = psv_binary(ctx, PSV_DIV, psv_integer(ctx, unit.numerator), psv_integer(ctx, unit.denominator));
    psv_node *power = psv_binary(ctx, PSV_POW, factor, psv_integer(ctx, unit.power));
    return psv_binary(ctx, PSV_MUL, (psv_node *)value, power);
}

/* A single letter after a number may be a unit ("5 m"), if the other side has no variable: what stands before it. */
static const psv_node *before_unit_letter(const psv_node *node) {
    if (node->kind != PSV_MUL || node->n < 2) return NULL;
    const psv_node *last = node->kid[node->n - 1];
    if (last->kind == PSV_POW && last->kid[1]->kind == PSV_NUM) last = last->kid[0];
    if (last->kind != PSV_VAR || strlen(last->text) != 1 || strchr("mgshLl", last->text[0]) == NULL) return NULL;
    if (node->n != 2 || psv_has_variable(node->kid[0])) return NULL;
    return node->kid[0];
}

/* "100 m^2" beside an answer in a known unit: the letter with its power as that unit, and what stands before it. */
static psv_unit unit_of_letter(const psv_node **node) {
    const psv_node *before = before_unit_letter(*node), *last = before != NULL ? (*node)->kid[(*node)->n - 1] : NULL;
    if (before == NULL) return psv_no_unit;
    bool power = last->kind == PSV_POW;
    char name[8] = {(char)tolower((unsigned char)(power ? last->kid[0] : last)->text[0])};
    if (power && strlen(last->kid[1]->text) == 1) {
        name[1] = '^';
        name[2] = last->kid[1]->text[0];
    }
    *node = before;
    return psv_find_unit(name);
}

static psv_answer_is with_unit_letter(psv_compare *c, const psv_node *a, const psv_node *b) {
    psv_answer_is is = with_signs(c, a, b);
    if (is != PSV_NO) return is;
    bool power = psv_has_kind(a, PSV_POW) || psv_has_kind(b, PSV_POW);
    if (power && !c->ctx->rules->unit_letter_has_a_power) return is;
    const psv_node *ia = psv_has_variable(b) ? NULL : before_unit_letter(a);
    const psv_node *ib = psv_has_variable(a) ? NULL : before_unit_letter(b);
    if ((ia == NULL) == (ib == NULL)) return is;
    psv_answer_is bare = with_signs(c, ia != NULL ? ia : a, ib != NULL ? ib : b);
    if (bare != PSV_YES) return is;
    c->says_more[ia != NULL ? PSV_FIRST : PSV_SECOND] = true;
    c->reason = "the letter after the number is read as a unit";
    return PSV_YES;
}

/* A scalar and the unit that it was written with. */
typedef struct quantity {
    const psv_node *value;
    psv_unit unit;
} quantity;

static quantity quantity_of(const psv_node *node) {
    if (node->kind != PSV_UNIT) return (quantity){node, psv_no_unit};
    quantity q = {node->kid[0], psv_find_unit(node->text)};
    if (q.unit.dimension == 'K' && q.value->kind == PSV_DEGREE) q.value = q.value->kid[0]; /* degrees Celsius */
    return q;
}

/* £ and the weight share a name. */
static bool may_be_pounds(psv_unit a, psv_unit b) {
    return (a.dimension == 'p' && b.is_pound) || (b.dimension == 'p' && a.is_pound);
}

static bool has_sign(const psv_node *node) {
    return node->kind == PSV_DEGREE || node->kind == PSV_PERCENT;
}

/* "2 rad", "120 apples": beside a number of degrees or percent these left no sign out. */
static bool has_other_unit(const psv_node *node, psv_unit unit) {
    return node->kind == PSV_UNIT && unit.dimension != 'K';
}

/* "50 cents" beside a decimal without a unit, which may be of dollars. */
static psv_answer_is of_dollars(psv_compare *c, quantity x, quantity y, psv_answer_is is) {
    const quantity *money = x.unit.dimension == '$' ? &x : &y, *plain = money == &x ? &y : &x;
    bool cents = money->unit.dimension == '$' && money->unit.numerator == 1 && !money->unit.per;
    if (is != PSV_NO || !cents || plain->unit.dimension || decimal_literal(plain->value) == NULL) return is;
    psv_node *dollars = psv_binary(c->ctx, PSV_DIV, (psv_node *)money->value, psv_integer(c->ctx, 100));
    if (dollars == NULL) return PSV_CANNOT_TELL;
    return money == &x ? with_signs(c, dollars, y.value) : with_signs(c, x.value, dollars);
}

/* "3 out of 8 students": of how many; NULL: it is not that. */
static psv_node *counted_of(psv_compare *c, const psv_node *node) {
    static const char of[] = "out of ";
    size_t n = sizeof of - 1;
    if (node->kind != PSV_UNIT || strncmp(node->text, of, n) != 0 || !isdigit((unsigned char)node->text[n]))
        return NULL;
    const char *digits = node->text + n;
    size_t length = strspn(digits, "0123456789");
    return length < 18 ? psv_integer(c->ctx, strtol(digits, NULL, 10)) : NULL;
}

/* x out of y: a count, or the share that it is. Two of them are compared by their shares. */
static psv_answer_is compare_shares(psv_compare *c, const psv_node *a, const psv_node *b, psv_node *of_a,
                                    psv_node *of_b) {
    psv_answer_is is = PSV_NO;
    if (of_a == NULL || of_b == NULL) {
        c->says_more[of_a != NULL ? PSV_FIRST : PSV_SECOND] = true;
        is = psv_compare_scalars(c, of_a != NULL ? a->kid[0] : a, of_b != NULL ? b->kid[0] : b);
    }
    if (is != PSV_NO) return is;
    psv_node *x = of_a != NULL ? psv_binary(c->ctx, PSV_DIV, a->kid[0], of_a) : (psv_node *)a;
    psv_node *y = of_b != NULL ? psv_binary(c->ctx, PSV_DIV, b->kid[0], of_b) : (psv_node *)b;
    return x == NULL || y == NULL ? PSV_CANNOT_TELL : psv_compare_scalars(c, x, y);
}

psv_answer_is psv_compare_scalars(psv_compare *c, const psv_node *a, const psv_node *b) {
    if (!psv_is_scalar(a) || !psv_is_scalar(b)) return psv_no(c, "type", "different kinds of answer");
    psv_node *of_a = counted_of(c, a), *of_b = counted_of(c, b);
    if (of_a != NULL || of_b != NULL) return compare_shares(c, a, b, of_a, of_b);
    quantity x = quantity_of(a), y = quantity_of(b);
    if (c->ctx->rules->units_are_compared) {
        if (x.unit.dimension && !y.unit.dimension) y.unit = unit_of_letter(&y.value);
        if (y.unit.dimension && !x.unit.dimension) x.unit = unit_of_letter(&x.value);
        bool sign_x = has_sign(x.value), sign_y = has_sign(y.value);
        if ((has_other_unit(a, x.unit) && sign_y && !sign_x) || (has_other_unit(b, y.unit) && sign_x && !sign_y))
            return with_names(c, x.value, y.value);
        if (x.unit.dimension == 'K' && y.value->kind == PSV_DEGREE) sign_y = false;
        if (y.unit.dimension == 'K' && x.value->kind == PSV_DEGREE) sign_x = false;
        if ((x.unit.dimension && sign_y && !sign_x) || (y.unit.dimension && sign_x && !sign_y))
            return psv_no(c, "unit", "the units measure different things"); /* $36 and 36° */
    }
    bool one_unit = !x.unit.dimension || !y.unit.dimension || may_be_pounds(x.unit, y.unit);
    if (one_unit || !c->ctx->rules->units_are_compared) {
        if (x.unit.dimension && !y.unit.dimension) c->says_more[PSV_FIRST] = true;
        if (y.unit.dimension && !x.unit.dimension) c->says_more[PSV_SECOND] = true;
        psv_answer_is is = with_unit_letter(c, x.value, y.value);
        return c->ctx->rules->units_are_compared ? of_dollars(c, x, y, is) : is;
    }
    if (x.unit.dimension != y.unit.dimension || x.unit.power != y.unit.power || x.unit.per != y.unit.per)
        return psv_no(c, "unit", "the units measure different things");
    if (x.unit.numerator == y.unit.numerator && x.unit.denominator == y.unit.denominator &&
        x.unit.shift == y.unit.shift)
        return with_signs(c, x.value, y.value);
    psv_node *u = in_base_units(c->ctx, x.value, x.unit), *v = in_base_units(c->ctx, y.value, y.unit);
    if (u == NULL || v == NULL) return psv_decide(c, "unit", PSV_CANNOT_TELL, "too large");
    return with_signs(c, u, v);
}
