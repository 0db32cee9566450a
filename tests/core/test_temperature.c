/* The temperature: the three modes, and a test for each wrong version that public code is known to have. */
#include "persamp/core.h"
#include "support/check.h"

typedef struct points {
    const double *ell, *log_mix;
    size_t n;
} points;

static double ess_of_points(void *context, double beta) {
    const points *p = context;
    return ps_ess_at(p->ell, p->log_mix, p->n, beta);
}

enum { N = 64 };
static double ell[N], flat[N];

static points plain_points(double scale) {
    for (size_t i = 0; i < N; i++)
        ell[i] = -scale * ps_uniform(check_key(5), i);
    return (points){ell, flat, N};
}

static ps_temperature adaptive(double target) {
    return (ps_temperature){.mode = PS_ADAPTIVE_ESS, .beta_min = 0, .beta_max = 1, .target_ess = target};
}

/* Bisection ends on the target to the last bit of β, from scores that make β as small as 1e−12 too: an absolute
 * tolerance would stall there. */
static void bisection_ends_on_the_target(void **state) {
    (void)state;
    for (double scale = 100; scale < 1e14; scale *= 100)
        for (double target = 0.1; target < 1; target += 0.2) {
            points p = plain_points(scale);
            ps_temperature t = adaptive(target);
            double beta = ps_temperature_beta(&t, ess_of_points, &p, 0, N, 1, 20);
            assert_true(beta > 0 && beta < 1);
            check_near(ess_of_points(&p, beta), target * N, 1e-9 * N);
            assert_true(ess_of_points(&p, beta) >= target * N);
            t.tolerance = 1e-4; /* the default's coarse search still makes a step, and is as near as it says */
            double coarse = ps_temperature_beta(&t, ess_of_points, &p, 0, N, 1, 20);
            check_near(coarse, beta, 1e-4 * beta);
            assert_true(coarse <= beta);
        }
}

/* Wrong version: "the smallest β with ESS ≥ target", which is always β_lo. */
static void it_is_the_largest_beta_that_keeps_the_target(void **state) {
    (void)state;
    points p = plain_points(10);
    ps_temperature t = adaptive(0.5);
    double beta = ps_temperature_beta(&t, ess_of_points, &p, 0, N, 1, 20);
    assert_true(beta > 0.05);
    assert_true(ess_of_points(&p, beta * 1.001) < 0.5 * N); /* the largest: nothing above it is allowed */
}

/* Wrong version: ESS of β·ℓ alone. With a mixture that has sampled at β = 0.5 already, far more of β is allowed. */
static void what_the_mixture_has_sampled_counts(void **state) {
    (void)state;
    double log_mix[N];
    plain_points(30);
    double log_z = ps_log_sum_exp(ell, N); /* of β = 1, near enough as any constant */
    ps_balance_event events[] = {{0, 0, N / 4}, {0.5, 0.5 * log_z, 3 * N / 4}};
    ps_balance_log_mixture(ell, N, events, 2, log_mix);
    points with = {ell, log_mix, N}, without = {ell, flat, N};
    ps_temperature t = adaptive(0.3);
    double beta = ps_temperature_beta(&t, ess_of_points, &with, 0, N, 1, 20);
    double naive = ps_temperature_beta(&t, ess_of_points, &without, 0, N, 1, 20);
    check_near(ess_of_points(&with, beta), 0.3 * N, 1e-9);
    assert_true(fabs(beta - naive) > 0.01);
}

/* Wrong version: comparing the ESS with log(target). A target of 2·M is legal for a pool larger than M. */
static void a_target_above_the_particles_is_legal(void **state) {
    (void)state;
    points p = plain_points(10);
    ps_temperature t = adaptive(2);
    double beta = ps_temperature_beta(&t, ess_of_points, &p, 0, N / 4, 1, 20);
    check_near(ess_of_points(&p, beta), 2.0 * N / 4, 1e-9);
}

static void both_ends_of_the_range_are_reached(void **state) {
    (void)state;
    points p = plain_points(10);
    ps_temperature t = adaptive(0.5);
    t.beta_min = 0.9;
    assert_true(ess_of_points(&p, 0.9) < 0.5 * N);
    assert_true(ps_temperature_beta(&t, ess_of_points, &p, 0, N, 1, 20) == 0.9); /* already below at β_lo: stays */
    p = plain_points(1e-3);
    assert_true(ps_temperature_beta(&t, ess_of_points, &p, 0, N, 1, 20) == 1); /* still above at β_max */
    t.monotone = true;
    assert_true(ps_temperature_beta(&t, ess_of_points, &p, 1.5, N, 1, 20) == 1.5); /* never falls, not even to β_max */
    t.beta_max = t.beta_min = 0;
    t.monotone = false;
    assert_true(ps_temperature_beta(&t, ess_of_points, &p, 0, N, 1, 20) == 0);
}

static void a_monotone_beta_never_falls(void **state) {
    (void)state;
    points p = plain_points(10);
    ps_temperature t = adaptive(0.5);
    double free_beta = ps_temperature_beta(&t, ess_of_points, &p, 0.7, N, 1, 20);
    assert_true(free_beta < 0.7); /* searched anew from β_min */
    t.monotone = true;
    assert_true(ps_temperature_beta(&t, ess_of_points, &p, 0.7, N, 1, 20) == 0.7);
    assert_true(ps_temperature_beta(&t, ess_of_points, &p, 0.01, N, 1, 20) == free_beta ||
                fabs(ps_temperature_beta(&t, ess_of_points, &p, 0.01, N, 1, 20) - free_beta) < 1e-12);
}

/* An ESS that falls, rises and falls again crosses the target three times; which crossing is not asked. */
static double wavy(void *context, double beta) {
    ++*(int *)context;
    return 50 + 30 * cos(3.14159265358979 * 3 * beta);
}

static void an_ess_that_is_not_monotone_is_searched_too(void **state) {
    (void)state;
    int calls = 0;
    double beta = ps_solve_beta(wavy, &calls, 0, 1, 45, 0, 0);
    check_near(wavy(&calls, beta), 45, 1e-9);
    assert_true(wavy(&calls, beta) >= 45);
}

/* The default of 50 halvings is a bound on the work. */
static void iterations_have_a_bound(void **state) {
    (void)state;
    int calls = 0;
    ps_solve_beta(wavy, &calls, 0, 1, 45, 0, 10);
    assert_int_equal(calls, 12);
    calls = 0;
    ps_solve_beta(wavy, &calls, 0, 1, 45, 1e-4, 50);
    assert_in_range(calls, 12, 20);
}

/* Weights that are all zero have ESS 0: the search stays where it is. */
static double nothing(void *context, double beta) {
    (void)context;
    (void)beta;
    return 0;
}

static void without_any_weight_beta_stays(void **state) {
    (void)state;
    assert_true(ps_solve_beta(nothing, NULL, 0.2, 1, 5, 0, 0) == 0.2);
}

static void schedules_go_where_they_say(void **state) {
    (void)state;
    ps_temperature t = {.mode = PS_FIXED_LINEAR, .beta_min = 0.2, .beta_max = 1.2};
    const double linear[] = {0.2, 0.45, 0.7, 0.95, 1.2, 1.2};
    const double cosine[] = {0.2, 0.2 + (1 - sqrt(0.5)) / 2, 0.7, 0.2 + (1 + sqrt(0.5)) / 2, 1.2, 1.2};
    for (size_t step = 0; step < 6; step++) {
        t.mode = PS_FIXED_LINEAR;
        check_near(ps_temperature_beta(&t, NULL, NULL, 0, 8, step, 4), linear[step], 1e-15);
        t.mode = PS_FIXED_COSINE;
        check_near(ps_temperature_beta(&t, NULL, NULL, 0, 8, step, 4), cosine[step], 1e-15);
        check_near(ps_alpha_threshold(0.5, 0.8, step, 4), step < 4 ? 0.5 + 0.3 * (double)step / 4 : 0.8, 1e-15);
        assert_true(ps_alpha_threshold(0.6, 0.6, step, 4) == 0.6);
    }
    assert_true(ps_alpha_threshold(0.5, 0.8, 0, 0) == 0.8);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(bisection_ends_on_the_target),
                                       cmocka_unit_test(it_is_the_largest_beta_that_keeps_the_target),
                                       cmocka_unit_test(what_the_mixture_has_sampled_counts),
                                       cmocka_unit_test(a_target_above_the_particles_is_legal),
                                       cmocka_unit_test(both_ends_of_the_range_are_reached),
                                       cmocka_unit_test(a_monotone_beta_never_falls),
                                       cmocka_unit_test(an_ess_that_is_not_monotone_is_searched_too),
                                       cmocka_unit_test(iterations_have_a_bound),
                                       cmocka_unit_test(without_any_weight_beta_stays),
                                       cmocka_unit_test(schedules_go_where_they_say)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
