/* The samplers: the Parzen estimator's density against Optuna's own, its draws against its density, and what it is good
 * for on functions with known minima. */
#include "support/check.h"
#include "tune/functions.h"
#include "tune/mixed.h"
#include "tune/parzen.h"
#include "tune/sampler.h"

/* ---- Optuna's numbers ---------------------------------------------------- */

/* log_pdf of optuna 5.0.0's _ParzenEstimator (prior_weight 1, magic clip, no endpoints) around the first n points of
 * mixed_point, at three places. Its own erf is within 1e-9. */
static void the_density_is_that_of_optuna(void **state) {
    (void)state;
    static const double at[3][MIXED] = {
        {0.5, 1, 9, 0.5, 0, 8}, {0.05, 0.12, 2, 0.1, 1, 1}, {0.99, 9.5, 16, 0.9, 2, 64}};
    static const struct {
        size_t n;
        double log_pdf[3];
    } cases[] = {{0, {-10.988499512754, -9.305261969335, -13.637992910267}},
                 {1, {-10.691564175864, -9.016962027712, -14.176490133907}},
                 {2, {-11.052391743369, -7.525490075381, -14.721452917107}},
                 {7, {-11.113277120240, -4.670362710255, -15.326378546718}},
                 {40, {-14.505626361424, -9.547823835176, -17.155119758936}}};
    ps_dim dims[MIXED];
    const ps_space space = mixed_space(dims);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        double points[40][MIXED];
        const double *rows[40];
        ps_parzen *parzen = NULL;
        for (size_t i = 0; i < cases[c].n; i++) {
            mixed_point(i, points[i]);
            rows[i] = points[i];
        }
        assert_ok(ps_parzen_create(&space, rows, cases[c].n, &parzen, err));
        for (size_t i = 0; i < 3; i++)
            if (fabs(ps_parzen_log(parzen, at[i]) - cases[c].log_pdf[i]) > 1e-8)
                fail_msg("%zu points, place %zu: %.12f, not %.12f", cases[c].n, i, ps_parzen_log(parzen, at[i]),
                         cases[c].log_pdf[i]);
        ps_parzen_free(parzen);
    }
}

/* ---- Draws --------------------------------------------------------------- */

/* Of the discrete dimensions alone the probabilities of all points sum to one, and draws have them: χ² over 27 cells
 * with 40,000 draws; a right sampler exceeds 60 (26 degrees of freedom) with p = 1.7e-4. */
static void draws_have_the_density(void **state) {
    (void)state;
    enum { DRAWS = 40000, STEPS = 9, CHOICES = 3 };
    ps_dim all[MIXED];
    mixed_space(all);
    ps_dim dims[2] = {all[3], all[4]};
    const ps_space space = {.dims = dims, .n = 2};
    const double a[2] = {0.2, 1}, b[2] = {0.7, 1}, c[2] = {0.3, 2};
    const double *rows[] = {a, b, c};
    size_t count[STEPS][CHOICES] = {{0}};
    double chi = 0, sum = 0;
    ps_parzen *parzen = NULL;
    assert_ok(ps_parzen_create(&space, rows, 3, &parzen, err));
    for (size_t i = 0; i < DRAWS; i++) {
        double u[3], x[2];
        ps_uniforms((ps_rng_key){.seed = check_seed(), .purpose = PS_RNG_TEST}, 3 * i, 3, u);
        ps_parzen_draw(parzen, u, x);
        count[(size_t)nearbyint((x[0] - 0.1) / 0.1)][(size_t)x[1]]++;
    }
    for (size_t s = 0; s < STEPS; s++)
        for (size_t k = 0; k < CHOICES; k++) {
            double x[2] = {0.1 + 0.1 * (double)s, (double)k}, p = exp(ps_parzen_log(parzen, x)),
                   away = (double)count[s][k] - DRAWS * p;
            sum += p;
            chi += away * away / (DRAWS * p);
        }
    assert_true(fabs(sum - 1) < 1e-12);
    assert_true(chi < 60);
    ps_parzen_free(parzen);
}

static void the_normal_distribution_holds_in_its_tails(void **state) {
    (void)state;
    /* The asymptotic series with 20 terms, and log erf(1/√2). */
    assert_true(fabs(ps_log_gauss_mass(-INFINITY, -30) - -454.3212439563) < 1e-8);
    assert_true(fabs(ps_log_gauss_mass(30, INFINITY) - -454.3212439563) < 1e-8);
    assert_true(fabs(ps_log_gauss_mass(-1, 1) - -0.3817151463) < 1e-9);
    for (double p = 0.05; p < 1; p += 0.1)
        for (double a = -35; a < 35; a += 7) {
            double x = ps_gauss_quantile(p, a, a + 3);
            assert_true(fabs(exp(ps_log_gauss_mass(a, x) - ps_log_gauss_mass(a, a + 3)) - p) < 1e-9);
        }
}

/* ---- Known functions ----------------------------------------------------- */

/* Half of random's trials suffice for the same regret: the mean over 15 seeds with 60 trials is below that of random
 * with 120. */
static void half_of_randoms_trials_are_enough(void **state) {
    (void)state;
    enum { SEEDS = 15, TRIALS = 60 };
    known_function functions[KNOWN_FUNCTIONS];
    known_functions(functions);
    for (size_t f = 0; f < KNOWN_FUNCTIONS; f++) {
        double ours = 0, random = 0, best;
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            assert_ok(known_search(&functions[f], true, check_seed() + seed, TRIALS, &best, err));
            ours += best / SEEDS;
            assert_ok(known_search(&functions[f], false, check_seed() + 1000 + seed, 2 * TRIALS, &best, err));
            random += best / SEEDS;
        }
        if (ours > random)
            fail_msg("%s: mean regret %.4f after %d trials, random has %.4f after %d", functions[f].name, ours, TRIALS,
                     random, 2 * TRIALS);
    }
}

/* ---- Random -------------------------------------------------------------- */

static void random_points_lie_in_the_space(void **state) {
    (void)state;
    ps_dim dims[MIXED];
    const ps_space space = mixed_space(dims);
    bool low = false, high = false;
    for (uint64_t i = 0; i < 2000; i++) {
        double x[MIXED], again[MIXED];
        ps_sample_random(&space, check_seed(), i, 0, x);
        ps_sample_random(&space, check_seed(), i, 0, again);
        assert_memory_equal(x, again, sizeof x);
        for (size_t d = 0; d < MIXED; d++)
            assert_true(fabs(ps_dim_round(&dims[d], x[d]) - x[d]) < 1e-12);
        low = low || x[2] == 2;
        high = high || x[2] == 16;
    }
    assert_true(low && high);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_density_is_that_of_optuna),
        cmocka_unit_test(draws_have_the_density),
        cmocka_unit_test(the_normal_distribution_holds_in_its_tails),
        cmocka_unit_test(half_of_randoms_trials_are_enough),
        cmocka_unit_test(random_points_lie_in_the_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
