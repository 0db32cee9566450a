/* What decided: exact shares against a second computation, PED-ANOVA against Optuna's own numbers. */
#include "support/check.h"
#include "tune/mixed.h"

enum { MOST = 64 };

/* Trials with the values of points in a space, and a value of their own. */
static ps_trials make(const ps_space *space, double (*point)(size_t i, double *x), size_t n, ps_trial *trials,
                      ps_trial_param params[][MIXED]) {
    for (size_t i = 0; i < n; i++) {
        double x[MIXED], value = point(i, x);
        trials[i] = (ps_trial){
            .number = i, .state = PS_TRIAL_COMPLETE, .values = {value}, .params = params[i], .n_params = space->n};
        for (size_t d = 0; d < space->n; d++)
            params[i][d] = (ps_trial_param){
                .name = space->dims[d].name, .internal = x[d], .distribution = space->dims[d].distribution};
    }
    return (ps_trials){.trials = trials, .n = n, .n_objectives = 1, .maximise = {true}};
}

static double share_of(const ps_importances *all, const char *name) {
    for (size_t i = 0; i < all->n; i++)
        if (strcmp(all->items[i].name, name) == 0) return all->items[i].share;
    return NAN;
}

static double mixed_value(size_t i, double *x) {
    mixed_point(i, x);
    return x[0] + 0.5 * (x[4] == 1) + 0.01 * x[2] - 0.3 * fabs(x[3] - 0.5);
}

/* get_param_importances of optuna 5.0.0 with PedAnovaImportanceEvaluator on the same 40 trials; its erf is within 1e-9.
 */
static void shares_are_those_of_optuna(void **state) {
    (void)state;
    static const struct {
        const char *name;
        double share;
    } theirs[] = {{"a", 0.121426036777}, {"b", 0.110903078928}, {"c", 0.722701117639},
                  {"d", 0.001841873494}, {"e", 0.021368483890}, {"f", 0.021759409272}};
    ps_dim dims[MIXED];
    static ps_trial trials[MOST];
    static ps_trial_param params[MOST][MIXED];
    const ps_space space = mixed_space(dims);
    ps_trials all = make(&space, mixed_value, 40, trials, params);
    ps_importances got;
    assert_ok(ps_trials_importance(&all, &got, err));
    assert_int_equal(got.n, MIXED);
    assert_false(got.exact);
    assert_string_equal(got.items[0].name, "c");
    for (size_t i = 0; i < MIXED; i++)
        if (fabs(share_of(&got, theirs[i].name) - theirs[i].share) > 1e-6)
            fail_msg("%s: %.12f, not %.12f", theirs[i].name, share_of(&got, theirs[i].name), theirs[i].share);
    ps_free(got.items);
}

/* Over a 3 × 2 grid y = 2 a + 3 b + a b: by hand. a in {0, 1, 2}, b in {0, 1}. */
static double grid_value(size_t i, double *x) {
    x[0] = (double)(i / 2);
    x[1] = (double)(i % 2);
    return 2 * x[0] + 3 * x[1] + x[0] * x[1];
}

static void shares_of_a_grid_are_exact(void **state) {
    (void)state;
    ps_dim dims[MIXED] = {{.name = "a", .distribution = "{}"}, {.name = "b", .distribution = "{}"}};
    static ps_trial trials[MOST];
    static ps_trial_param params[MOST][MIXED];
    const ps_space space = {.dims = dims, .n = 2};
    ps_trials all = make(&space, grid_value, 6, trials, params);
    ps_importances got;
    assert_ok(ps_trials_importance(&all, &got, err));
    assert_true(got.exact);
    /* The values are 0 3 2 6 4 9: mean 4, variance 50/6. Means over a: 1.5, 4, 6.5, so 12.5/3; over b: 2 and 6, so 4.
     */
    assert_true(fabs(share_of(&got, "a") - (12.5 / 3) / (50.0 / 6)) < 1e-12);
    assert_true(fabs(share_of(&got, "b") - 4 / (50.0 / 6)) < 1e-12);
    ps_free(got.items);
    all.n = 5; /* no complete grid */
    assert_ok(ps_trials_importance(&all, &got, err));
    assert_false(got.exact);
    ps_free(got.items);
    for (size_t i = 0; i < 6; i++)
        trials[i].values[0] = 1;
    assert_ok(ps_trials_importance(&all, &got, err));
    assert_int_equal(got.n, 0); /* nothing decided */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_are_those_of_optuna),
        cmocka_unit_test(shares_of_a_grid_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
