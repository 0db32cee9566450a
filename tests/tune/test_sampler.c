/* The samplers: the Parzen estimator's density against Optuna's own, its draws against its density, and what it is good
 * for on functions with known minima. */
#include "support/check.h"
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

/* Branin: three minima of 0.397887. */
static double branin(const double *x) {
    const double pi = acos(-1), b = 5.1 / (4 * pi * pi), c = 5 / pi, t = 1 / (8 * pi);
    double y = x[1] - b * x[0] * x[0] + c * x[0] - 6;
    return y * y + 10 * (1 - t) * cos(x[0]) + 10 - 0.397887357729739;
}

/* Four keys of six choices each, of which the right ones and a pair that belongs together count. */
static double choices(const double *x) {
    double loss = 0;
    for (size_t d = 0; d < 4; d++)
        loss += fabs(x[d] - (double)(d + 1)) / 5;
    return loss + 0.5 * (x[0] != 1 && x[1] == 2);
}

/* Hartmann's function of six variables: minimum −3.32237. */
static double hartmann(const double *x) {
    static const double alpha[] = {1, 1.2, 3, 3.2},
                        a[4][6] = {{10, 3, 17, 3.5, 1.7, 8},
                                   {0.05, 10, 17, 0.1, 8, 14},
                                   {3, 3.5, 1.7, 10, 17, 8},
                                   {17, 8, 0.05, 10, 0.1, 14}},
                        p[4][6] = {{1312, 1696, 5569, 124, 8283, 5886},
                                   {2329, 4135, 8307, 3736, 1004, 9991},
                                   {2348, 1451, 3522, 2883, 3047, 6650},
                                   {4047, 8828, 8732, 5743, 1091, 381}};
    double sum = 0;
    for (size_t i = 0; i < 4; i++) {
        double inner = 0;
        for (size_t d = 0; d < 6; d++)
            inner += a[i][d] * (x[d] - 1e-4 * p[i][d]) * (x[d] - 1e-4 * p[i][d]);
        sum += alpha[i] * exp(-inner);
    }
    return 3.322368011415515 - sum;
}

enum { MOST_TRIALS = 200, MOST_DIMS = 6 };

/* The smallest loss of the first `n` trials. */
static double search(const ps_space *space, double (*f)(const double *x), bool parzen, uint64_t seed, size_t n) {
    static double x[MOST_TRIALS][MOST_DIMS];
    static ps_seen seen[MOST_TRIALS];
    double best = INFINITY;
    for (size_t i = 0; i < n; i++) {
        if (parzen)
            assert_ok(ps_sample_tpe(space, seen, i, seed, i, 0, x[i], err));
        else
            ps_sample_random(space, seed, i, 0, x[i]);
        seen[i] = (ps_seen){.state = PS_TRIAL_COMPLETE, .x = x[i], .loss = f(x[i])};
        best = fmin(best, seen[i].loss);
    }
    return best;
}

/* Half of random's trials suffice for the same regret: the mean over 15 seeds with 60 trials is below that of random
 * with 120. */
static void half_of_randoms_trials_are_enough(void **state) {
    (void)state;
    enum { SEEDS = 15, TRIALS = 60 };
    static const char *const six[] = {"0", "1", "2", "3", "4", "5"};
    ps_dim plane[2] = {{.kind = PS_DIM_REAL, .low = -5, .high = 10}, {.kind = PS_DIM_REAL, .low = 0, .high = 15}},
           cube[6], keys[4];
    for (size_t d = 0; d < 6; d++)
        cube[d] = (ps_dim){.kind = PS_DIM_REAL, .low = 0, .high = 1};
    for (size_t d = 0; d < 4; d++)
        keys[d] = (ps_dim){.kind = PS_DIM_CHOICES, .choices = six, .n_choices = 6};
    const struct {
        const char *name;
        ps_space space;
        double (*f)(const double *x);
    } cases[] = {{"Branin", {.dims = plane, .n = 2}, branin},
                 {"Hartmann", {.dims = cube, .n = 6}, hartmann},
                 {"choices", {.dims = keys, .n = 4}, choices}};
    for (size_t c = 0; c < 3; c++) {
        size_t won = 0;
        double ours = 0, theirs = 0;
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            double a = search(&cases[c].space, cases[c].f, true, check_seed() + seed, TRIALS);
            double b = search(&cases[c].space, cases[c].f, false, check_seed() + 1000 + seed, 2 * TRIALS);
            won += a <= b;
            ours += a / SEEDS;
            theirs += b / SEEDS;
        }
        if (ours > theirs)
            fail_msg("%s: mean regret %.4f after %d trials, random has %.4f after %d (%zu of %d won)", cases[c].name,
                     ours, TRIALS, theirs, 2 * TRIALS, won, SEEDS);
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
