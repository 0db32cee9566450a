/* Balls at a point: what ball.c compares. */
#ifndef PERSAMP_VERIFY_NUMBER_BALL_H
#define PERSAMP_VERIFY_NUMBER_BALL_H

#include "verify/number/numeric.h"

/* Values of the variables, and the precision to evaluate with. */
typedef struct psv_point {
    psv_ctx *ctx;
    const char *const *name;
    size_t n;
    fmpz value[PSV_MAX_VARIABLES + 1]; /* in units of 2^-16; small, so without memory of their own */
    slong precision;
} psv_point;

/* The value at a point, when it is finite and within reach. Spends work. */
bool psv_ball_evaluate(psv_point *at, const psv_node *node, slong precision, acb_t out);

/* Is |x| < 2^bits for certain? */
bool psv_ball_below(const acb_t x, long bits);

#endif
