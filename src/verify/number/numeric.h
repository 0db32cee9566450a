/* Is it the same number? Three ways, cheapest first: exact (Gaussian) rationals, rational functions over opaque atoms,
 * and ball arithmetic at random points. Each says what it knows and spends counted work. */
#ifndef PERSAMP_VERIFY_NUMBER_NUMERIC_H
#define PERSAMP_VERIFY_NUMBER_NUMERIC_H

#include "verify/tree/tree.h"

#include <flint/fmpq.h>
#include <flint/fmpz.h>
#if !defined(PS_HAVE_FLINT3) && defined(__has_include)
#if __has_include(<flint/arb.h>)
#define PS_HAVE_FLINT3 1 /* Arb is part of FLINT from version 3 */
#endif
#endif
#ifdef PS_HAVE_FLINT3
#include <flint/acb.h>
#include <flint/arb.h>
#else
#include <acb.h>
#include <arb.h>
#endif

typedef enum psv_answer_is { PSV_NO = 0, PSV_YES = 1, PSV_CANNOT_TELL = 2 } psv_answer_is;

/* ---- Exact --------------------------------------------------------------- */

typedef struct psv_exact {
    fmpq_t re, im;
} psv_exact;
void psv_exact_init(psv_exact *x);
void psv_exact_clear(psv_exact *x);

/* The value of a tree without variables and irrational parts. false: it is not a Gaussian rational, is undefined
 * (1/0), or is too large to write down. */
bool psv_exact_eval(psv_ctx *ctx, const psv_node *node, psv_exact *out);

/* A number as written: its value. false when it is too long for the work left. */
bool psv_number_value(psv_ctx *ctx, const psv_node *number, fmpq_t out);

/* The value when it is an integer that fits. */
bool psv_small_integer(psv_ctx *ctx, const psv_node *node, long *out);

/* ---- Rational functions -------------------------------------------------- */

/* Are two expressions the same rational function of their variables and of their irrational parts, taken as unknowns?
 * YES is a proof; NO only when the irrational parts cannot depend on each other. */
psv_answer_is psv_ratfun_equal(psv_ctx *ctx, const psv_node *a, const psv_node *b);

/* Are a and b each other's multiple by a constant other than zero? The equations a = 0 and b = 0 are then the same.
 * *positive: the constant's sign (for inequalities). */
psv_answer_is psv_ratfun_proportional(psv_ctx *ctx, const psv_node *a, const psv_node *b, bool *positive);

/* Finite sums and products, and binomials with a variable on top, written out where they are small. Never NULL. */
psv_node *psv_expand_finite(psv_ctx *ctx, psv_node *node);

/* ---- Balls --------------------------------------------------------------- */

/* Equality by evaluation. NO is a proof (disjoint balls); YES means equal to 2^-1000 wherever it was tried. */
psv_answer_is psv_ball_equal(psv_ctx *ctx, const psv_node *a, const psv_node *b);

/* As psv_ratfun_proportional, by evaluation. */
psv_answer_is psv_ball_proportional(psv_ctx *ctx, const psv_node *a, const psv_node *b, bool *positive);

/* Order of two real constants: −1, 0, 1; 2 when it cannot be told, as where one could not be made and is NULL. 0 as
 * sure as psv_ball_equal's YES. */
int psv_order(psv_ctx *ctx, const psv_node *a, const psv_node *b);

/* Is |a − b| < bound? b and bound are rational. */
psv_answer_is psv_ball_near(psv_ctx *ctx, const psv_node *a, const fmpq_t b, const fmpq_t bound);

/* The distinct variables of up to two trees, sorted: how many, at most PSV_MAX_VARIABLES + 1. */
size_t psv_variables(const psv_node *a, const psv_node *b, const char **names);

#endif
