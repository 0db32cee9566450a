/* For tests of numbers: fixed seeds, and assertions on doubles. */
#ifndef PERSAMP_TESTS_SUPPORT_CHECK_H
#define PERSAMP_TESTS_SUPPORT_CHECK_H

#include "support/test.h"

#include <math.h>

/* The fixed seed of the statistical tests. PS_TEST_SEED in the environment gives another: so were the false-alarm rates
 * measured that the tests state. */
static inline uint64_t check_seed(void) {
    const char *seed = getenv("PS_TEST_SEED");
    return seed != NULL ? strtoull(seed, NULL, 10) : 20261123;
}

static inline ps_rng_key check_key(uint64_t id) {
    return (ps_rng_key){check_seed(), 0, id, PS_RNG_TEST};
}

/* |got − want| ≤ tolerance; two equal infinities are near. */
#define check_near(got, want, tolerance)                                                                               \
    do {                                                                                                               \
        const double check_got = (got), check_want = (want);                                                           \
        if (!(check_got == check_want || fabs(check_got - check_want) <= (tolerance)))                                 \
            fail_msg("%s is %.17g, expected %.17g within %g", #got, check_got, check_want, (double)(tolerance));       \
    } while (0)

/* An array that the test owns (free). */
static inline double *check_doubles(size_t n) {
    double *x = calloc(n + 1, sizeof *x);
    assert_non_null(x);
    return x;
}

/* Upper tail of χ² by the Wilson–Hilferty normal approximation: within a few percent of the true value where tests ask
 * for it (p near 1e−4, 3 or more degrees of freedom). */
static inline double check_chi_square_tail(double chi_square, double freedom) {
    double z = (cbrt(chi_square / freedom) - (1 - 2 / (9 * freedom))) / sqrt(2 / (9 * freedom));
    return 0.5 * erfc(z / sqrt(2));
}

#endif
