/* The Gaussian check: classic Persistent Sampling on a problem with a known evidence, log Z = −9.26102, through the
 * code of examples/gaussian.c, once with exact draws from each tempered posterior and once with the example's
 * Metropolis kernel. An independent implementation with exact moves had log Ẑ = −9.40 ± 0.28, −9.32 ± 0.14, −9.23 ±
 * 0.16, −9.27 ± 0.09 for target_ess 0.5, 0.9, 2, 3 and M = 100.
 *
 * Asked for: the mean of Ẑ/Z over 100 runs is 1 within 4 standard errors and 0.03 (Ẑ is biased by O(1/M)), and the
 * standard deviation of log Ẑ stays below a bound about 1.5 times what 400 runs have. False alarms with a fresh seed:
 * none in 100 seeds. */
#define main gaussian_main
#include "../../examples/gaussian.c"
#undef main

#include "support/check.h"

enum { RUNS = 100 };

/* The tempered posterior is N(12β/(1+4β), 1/(1+4β)) in each dimension. */
static void exact(point *p, double beta, double spread, ps_rng_key key) {
    (void)spread;
    for (uint64_t d = 0; d < DIMENSIONS; d++)
        p->x[d] = 12 * beta / (1 + 4 * beta) + ps_normal(key, d) / sqrt(1 + 4 * beta);
}

static void check_evidence(const char *what, kernel move, double target, double most_deviation) {
    double sum = 0, squares = 0, log_sum = 0, log_squares = 0, generations = 0;
    for (uint64_t r = 0; r < RUNS; r++) {
        double log_z;
        size_t g;
        assert_ok(sample(target, MOST_PARTICLES, check_seed() + r, move, &log_z, &g, err));
        double ratio = exp(log_z - TRUE_LOG_Z);
        sum += ratio;
        squares += ratio * ratio;
        log_sum += log_z;
        log_squares += log_z * log_z;
        generations += (double)g;
    }
    const double mean = sum / RUNS, error = sqrt((squares / RUNS - mean * mean) / RUNS);
    const double log_mean = log_sum / RUNS, deviation = sqrt(log_squares / RUNS - log_mean * log_mean);
    print_message("%-10s target_ess %.1f: log Z %.3f +- %.3f, mean of Z^/Z %.3f +- %.3f, %.1f generations\n", what,
                  target, log_mean, deviation, mean, error, generations / RUNS);
    check_near(mean, 1, 4 * error + 0.03);
    assert_true(deviation < most_deviation);
}

static void check_targets(const char *what, kernel move) {
    check_evidence(what, move, 0.5, 0.40);
    check_evidence(what, move, 0.9, 0.30);
    check_evidence(what, move, 2, 0.22);
    check_evidence(what, move, 3, 0.18);
}

static void exact_moves_give_the_known_evidence(void **state) {
    (void)state;
    check_targets("exact", exact);
}

static void metropolis_moves_give_the_known_evidence(void **state) {
    (void)state;
    check_targets("Metropolis", metropolis);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(exact_moves_give_the_known_evidence),
                                       cmocka_unit_test(metropolis_moves_give_the_known_evidence)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
