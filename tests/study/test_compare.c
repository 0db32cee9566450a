/* The statistics of comparisons by hand, and the regression guard of method quality: the four synthetic settings of
 * docs/findings.md with few problems. */
#include "run/support.h"

#include "study/compare.h"

static void holms_correction_steps_down_and_ties_share(void **state) {
    (void)state;
    /* 4 p-values: .01·4, .02·3, .03·2, .04·1, never below the one before. */
    double p[] = {0.03, NAN, 0.01, 0.04, 0.02}, ties[] = {0.01, 0.01, 0.9}, all[] = {0.7, 0.8};
    assert_int_equal(ps_holm(p, 5), 4);
    check_near(p[2], 0.04, 1e-12);
    check_near(p[4], 0.06, 1e-12);
    check_near(p[0], 0.06, 1e-12);
    check_near(p[3], 0.06, 1e-12);
    assert_true(isnan(p[1]));
    ps_holm(ties, 3);
    check_near(ties[0], 0.03, 1e-12);
    check_near(ties[1], 0.03, 1e-12);
    ps_holm(all, 2);
    check_near(all[0], 1, 0);
}

static void calibration_is_counted_in_ten_bins(void **state) {
    (void)state;
    ps_calibration c = {0};
    assert_true(isnan(ps_calibration_brier(&c)) && isnan(ps_calibration_ece(&c)));
    ps_calibration_add(&c, 1, true);
    ps_calibration_add(&c, 0.75, true);
    ps_calibration_add(&c, 0.75, false);
    ps_calibration_add(&c, 0, false);
    check_near(ps_calibration_brier(&c), (0.0625 + 0.5625) / 4, 1e-12);
    check_near(ps_calibration_ece(&c), 0.5 / 4, 1e-12); /* |1.5 − 1| in one bin */
}

/* Against the normal interval, which is right for 400 differences; deterministic; no difference is no news. */
static void the_paired_bootstrap_agrees_with_the_normal_interval(void **state) {
    (void)state;
    enum { N = 400 };
    double d[N], zero[N] = {0};
    for (int i = 0; i < N; i++)
        d[i] = i % 4 == 0 ? 1 : i % 10 == 1 ? -1 : 0;
    double mean = 0, variance = 0;
    for (int i = 0; i < N; i++)
        mean += d[i] / N;
    for (int i = 0; i < N; i++)
        variance += (d[i] - mean) * (d[i] - mean) / N;
    ps_paired a, b;
    check_ok(ps_paired_bootstrap(d, N, 7, &a, NULL));
    check_ok(ps_paired_bootstrap(d, N, 7, &b, NULL));
    assert_memory_equal(&a, &b, sizeof a);
    check_near(a.mean, mean, 1e-12);
    check_near(a.low, mean - 1.96 * sqrt(variance / N), 0.004);
    check_near(a.high, mean + 1.96 * sqrt(variance / N), 0.004);
    assert_true(a.p < 0.001);
    check_ok(ps_paired_bootstrap(zero, N, 7, &a, NULL));
    check_near(a.p, 1, 1e-12);
    check_ok(ps_paired_bootstrap(d, 0, 7, &a, NULL));
    assert_true(isnan(a.mean));
}

/* ---- Regression of method quality ---------------------------------------- */

typedef struct setting {
    const char *pd, *sn, *ar, *gamma, *epsilon;
    double persistent; /* accuracy at 8x that 2,000 problems gave */
} setting;

/* 300 problems: standard error .023 at .83; 4 of them below the 2,000 problems' figure is a false alarm of 1e-4. */
static void check_setting(const setting *s, const char *folder) {
    ps_error err;
    ps_models *models = NULL;
    ps_compare_summary summary;
    ps_config *c = config_of("engine.toy.kind", "synthetic", "models.prm.enabled", "true", "scoring.type", "prm_reward",
                             "generation.max_steps", "12", "engine.toy.pd", s->pd, "engine.toy.sn", s->sn,
                             "engine.toy.ar", s->ar, "scoring.prm.gamma", s->gamma, "engine.toy.epsilon", s->epsilon,
                             "evaluation.output_dir", path_of(folder), NULL);
    ps_compare_options options = {
        .methods = "persistent,particle_filter,dvts,best_of_n,majority", .budgets = "8x", .limit = 300};
    check_ok(ps_models_open(c, NULL, &models, &err));
    if (ps_compare(c, &options, models, NULL, &summary, &err) != PS_OK) fail_msg("%s", err.message);
    assert_int_equal(summary.n_cells, 5);
    check_near(summary.answer_tokens, 12, 1e-9);
    const ps_compare_cell *cells = summary.cells;
    double floor = s->persistent - 4 * sqrt(s->persistent * (1 - s->persistent) / 300) - 0.005;
    print_message("%s: persistent %.3f, filter %.3f, dvts %.3f, best of n %.3f, majority %.3f\n", folder,
                  cells[0].accuracy, cells[1].accuracy, cells[2].accuracy, cells[3].accuracy, cells[4].accuracy);
    assert_true(cells[0].accuracy >= floor);
    for (size_t i = 0; i < summary.n_cells; i++) {
        assert_int_equal(cells[i].runs, 300);
        assert_int_equal(cells[i].errors, 0);
        assert_true(cells[i].tokens.generated <= 300 * (96 + 8)); /* within one step of the budget */
        if (i > 0) assert_true(cells[i].difference <= 0.04);
    }
    assert_true(cells[4].shared && !cells[3].shared);
    ps_compare_summary_clear(&summary);
    ps_models_free(models);
    ps_config_free(c);
}

static void the_methods_are_as_good_as_they_were(void **state) {
    (void)state;
    static const setting settings[] = {
        {"0.5", "1", "0.7", "2", "0.15", 0.93},
        {"0.3", "1.5", "0.7", "2", "0.15", 0.70},
        {"0.5", "2", "0.3", "1", "0.15", 0.83},
        {"1", "1", "0.5", "2", "0.2", 0.99},
    };
    static const char *const folders[] = {"setting-1", "setting-2", "setting-3", "setting-4"};
    for (size_t i = 0; i < 4; i++)
        check_setting(&settings[i], folders[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(holms_correction_steps_down_and_ties_share),
                                       cmocka_unit_test(calibration_is_counted_in_ten_bins),
                                       cmocka_unit_test(the_paired_bootstrap_agrees_with_the_normal_interval),
                                       cmocka_unit_test(the_methods_are_as_good_as_they_were)};
    return cmocka_run_group_tests(tests, NULL, remove_files);
}
