/* Every table of the inner loops that this processor runs, against long double arithmetic, on random and extreme input:
 * infinities, empty and short arrays, every tail length, scores in the tens of thousands. */
#include "core/kernels.h"
#include "support/check.h"

enum { MOST = 67 };

/* Scores of a magnitude drawn over decades, some −∞, some equal to the one before. */
static void random_scores(uint64_t id, double *ell, size_t n) {
    for (size_t i = 0; i < n; i++) {
        double kind = ps_uniform(check_key(id), 4 * i), scale = pow(10, 7 * ps_uniform(check_key(id), 4 * i + 1) - 3);
        ell[i] = (ps_uniform(check_key(id), 4 * i + 2) - 0.7) * scale;
        if (kind < 0.1) ell[i] = -INFINITY;
        if (kind > 0.9 && i > 0) ell[i] = ell[i - 1];
    }
}

static long double exact_log_weight(double ell, double log_mix, double beta) {
    if (log_mix == -INFINITY) return -INFINITY;
    return (beta == 0 ? 0.0L : (long double)beta * ell) - log_mix;
}

static long double exact_mix(double ell, const double *betas, const double *log_weights, size_t n, double start) {
    long double terms[MOST + 1], max = start, sum = 0;
    terms[n] = start;
    for (size_t t = 0; t < n; t++) {
        terms[t] = betas[t] == 0 ? log_weights[t] : (long double)betas[t] * ell + log_weights[t];
        max = fmaxl(max, terms[t]);
    }
    for (size_t t = 0; t <= n && max > -INFINITY; t++)
        sum += expl(terms[t] - max);
    return max + logl(sum);
}

static void check_mix(const ps_kernels *kernels, uint64_t id, size_t n, size_t n_terms) {
    double ell[MOST], mix[MOST], start[MOST], betas[MOST], log_weights[MOST];
    ps_mix_terms terms;
    ps_mix_reset(&terms);
    random_scores(id, ell, n);
    random_scores(id + 1, start, n);
    memcpy(mix, start, sizeof mix);
    for (size_t t = 0; t < n_terms; t++) {
        double u = ps_uniform(check_key(id + 2), 2 * t);
        betas[t] = u < 0.2 ? 0 : u;
        log_weights[t] = 40 * ps_uniform(check_key(id + 2), 2 * t + 1) - 20;
        assert_true(ps_mix_add(&terms, betas[t], log_weights[t]));
    }
    kernels->mix(ell, n, &terms, mix);
    for (size_t i = 0; i < n; i++) {
        double want = (double)exact_mix(ell[i], betas, log_weights, n_terms, start[i]);
        check_near(mix[i], want, 1e-15 * (8 + fabs(ell[i]) + fabs(want)));
    }
}

static void check_moments(const ps_kernels *kernels, uint64_t id, size_t n, double beta, bool with_mix) {
    double ell[MOST], log_mix[MOST];
    random_scores(id, ell, n);
    random_scores(id + 1, log_mix, n);
    long double max = -INFINITY, sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        max = fmaxl(max, exact_log_weight(ell[i], with_mix ? log_mix[i] : 0, beta));
    for (size_t i = 0; i < n && max > -INFINITY; i++) {
        long double e = expl(exact_log_weight(ell[i], with_mix ? log_mix[i] : 0, beta) - max);
        sum += e;
        squares += e * e;
    }
    ps_moments m = kernels->moments(ell, with_mix ? log_mix : NULL, n, beta);
    const double scale = isinf(max) ? 1 : 8 + (double)fabsl(max);
    check_near(m.max, (double)max, 1e-15 * scale);
    check_near(m.sum, (double)sum, 2e-11 * (double)(1 + sum)); /* 1e4 in the exponent has 1e-12 to lose */
    check_near(m.sum_squares, (double)squares, 2e-11 * (double)(1 + squares));
}

static void check_exp(const ps_kernels *kernels, uint64_t id, size_t n, bool aliased) {
    double x[MOST], out[MOST];
    random_scores(id, x, n);
    double max = -INFINITY;
    for (size_t i = 0; i < n; i++)
        max = fmax(max, x[i]);
    if (max == -INFINITY) return;
    memcpy(out, x, sizeof out);
    kernels->exp(aliased ? out : x, NULL, n, 1, max, 0.5, out);
    for (size_t i = 0; i < n; i++)
        check_near(out[i], 0.5 * exp(x[i] - max), 1e-300 + 3e-16 * exp(x[i] - max));
}

static void every_table_computes_what_long_double_computes(void **state) {
    (void)state;
    const ps_kernels *kernels;
    for (size_t choice = 0; (kernels = ps_kernels_get(choice)) != NULL; choice++) {
        print_message("kernels: %s%s\n", kernels->name, choice == 0 ? " (in use)" : "");
        for (uint64_t round = 0; round < 40; round++)
            for (size_t n = 0; n < MOST; n++) {
                const uint64_t id = 10 * (round * MOST + n);
                double beta = round % 4 == 0 ? 0 : 2 * ps_uniform(check_key(id), 1000);
                check_mix(kernels, id, n, round % 13);
                check_moments(kernels, id + 3, n, beta, true);
                check_moments(kernels, id + 5, n, 1, false);
                check_exp(kernels, id + 7, n, round % 2 == 0);
            }
    }
}

/* exp over its whole range, in units of the last place of the true value. */
static void exp_is_within_one_and_a_half_ulp(void **state) {
    (void)state;
    const ps_kernels *kernels;
    enum { N = 4096 };
    double *x = check_doubles(N), *out = check_doubles(N);
    for (size_t choice = 0; (kernels = ps_kernels_get(choice)) != NULL; choice++) {
        double worst = 0;
        for (uint64_t round = 0; round < 100; round++) {
            for (size_t i = 0; i < N; i++)
                x[i] = -ps_uniform(check_key(round), i) * (round % 2 == 0 ? 2 : 700);
            kernels->exp(x, NULL, N, 1, 0, 1, out);
            for (size_t i = 0; i < N; i++) {
                const long double exact = expl(x[i]);
                const double want = (double)exact, ulp = nextafter(want, INFINITY) - want;
                worst = fmax(worst, (double)(fabsl(out[i] - exact) / ulp));
            }
        }
        print_message("exp, %s: largest error %.2f units in the last place\n", kernels->name, worst);
        assert_true(worst < 1.5);
    }
    free(x);
    free(out);
}

static void exp_ends_in_a_zero_that_is_exact(void **state) {
    (void)state;
    const ps_kernels *kernels;
    for (size_t choice = 0; (kernels = ps_kernels_get(choice)) != NULL; choice++) {
        double x[] = {0, -INFINITY, -1e308, -745.2, -709, -707, -1e-300, -0.0}, out[8];
        kernels->exp(x, NULL, 8, 1, 0, 1, out);
        assert_true(out[0] == 1 && out[6] == 1 && out[7] == 1);
        assert_true(out[1] == 0 && out[2] == 0); /* exactly: a zero weight is never picked */
        assert_true(out[3] <= 1e-307 && out[4] <= 1e-307 && out[3] >= 0 && out[4] >= 0);
        check_near(out[5], exp(-707), 1e-15 * exp(-707));
    }
}

/* A snapshot that no event could have made, and mixtures of nothing. */
static void scores_and_mixtures_may_be_minus_infinity(void **state) {
    (void)state;
    const ps_kernels *kernels;
    for (size_t choice = 0; (kernels = ps_kernels_get(choice)) != NULL; choice++) {
        double ell[] = {-INFINITY, 0, -INFINITY}, mix[] = {-INFINITY, -INFINITY, 3}, out[3];
        ps_moments m = kernels->moments(ell, mix, 3, 1);
        assert_true(m.max == -INFINITY && m.sum == 0 && m.sum_squares == 0);
        m = kernels->moments(ell, mix, 3, 0); /* β·ℓ = 0 at β = 0 */
        assert_true(m.max == -3 && m.sum == 1 && m.sum_squares == 1);
        kernels->exp(ell, mix, 3, 0, -3, 1, out);
        assert_true(out[0] == 0 && out[1] == 0 && out[2] == 1);
        assert_true(ps_moments_ess(kernels->moments(NULL, NULL, 0, 1)) == 0);
        assert_true(ps_moments_log_sum(kernels->moments(NULL, NULL, 0, 1)) == -INFINITY);

        double empty[] = {-INFINITY, -INFINITY}, points[] = {-INFINITY, 5};
        ps_mix_terms terms;
        ps_mix_reset(&terms);
        kernels->mix(points, 2, &terms, empty);
        assert_true(empty[0] == -INFINITY && empty[1] == -INFINITY);
        ps_mix_add(&terms, 1, 0.5);
        kernels->mix(points, 2, &terms, empty);
        assert_true(empty[0] == -INFINITY && empty[1] == 5.5);
        ps_mix_reset(&terms);
        ps_mix_add(&terms, 0, 0.5);
        ps_mix_add(&terms, 0, -INFINITY);
        kernels->mix(points, 2, &terms, empty);
        assert_true(empty[0] == 0.5);
    }
}

static void plain_c_is_the_last_table_and_always_there(void **state) {
    (void)state;
    size_t n = 0;
    while (ps_kernels_get(n) != NULL)
        n++;
    assert_true(n >= 1);
    assert_ptr_equal(ps_kernels_get(n - 1), &ps_kernels_plain);
    assert_ptr_equal(ps_kernels_best(), ps_kernels_get(0));
}

static void a_full_batch_takes_no_more_terms(void **state) {
    (void)state;
    ps_mix_terms terms;
    ps_mix_reset(&terms);
    for (size_t t = 0; t < PS_MIX_TERMS; t++) {
        assert_true(ps_mix_add(&terms, 0, 0));
        assert_true(ps_mix_add(&terms, 1, 0));
    }
    assert_false(ps_mix_add(&terms, 1, 0));
    assert_true(ps_mix_add(&terms, 0, 0)); /* constants need no room */
    assert_int_equal(terms.n, PS_MIX_TERMS);
    check_near(terms.constant, log(PS_MIX_TERMS + 1), 1e-13);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_table_computes_what_long_double_computes),
        cmocka_unit_test(exp_is_within_one_and_a_half_ulp),
        cmocka_unit_test(exp_ends_in_a_zero_that_is_exact),
        cmocka_unit_test(scores_and_mixtures_may_be_minus_infinity),
        cmocka_unit_test(a_full_batch_takes_no_more_terms),
        cmocka_unit_test(plain_c_is_the_last_table_and_always_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
