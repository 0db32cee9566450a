/* Lineage weights are consistent: on an enumerable model the mean of Ẑ/Z goes to one, the answers' shares go to the
 * true ones, and the error falls as 1/√M, with rare events, ESS-triggered ones and one after every step, with and
 * without going back, with a tilt, under every unbiased resampler.
 *
 * Tolerances: |mean − 1| ≤ 4 standard errors + 2/M (Ẑ is biased by O(1/M)); √mean(Ẑ/Z − 1)² ≤ 2.5/√M; no share off by
 * more than 0.3/√M on average. False alarms with a fresh seed: below 1.5% with 95% confidence (none in 200 seeds). */
#include "core/toy_model.h"
#include "support/check.h"

enum { RUNS = 120, ITERATIONS = 12 };

static toy_model model;

static void check_consistent(const char *what, toy_run run) {
    for (run.M = 8; run.M <= 512; run.M *= 4) {
        toy_summary s = toy_repeat(&model, run, RUNS);
        const double M = (double)run.M;
        print_message("%-28s M = %3zu: mean of Z^/Z %.3f +- %.3f, rms error %.3f, worst bias of a share %.3f\n", what,
                      run.M, s.mean, s.standard_error, s.rms, s.worst_bias);
        check_near(s.mean, 1, 4 * s.standard_error + 2 / M);
        assert_true(s.rms <= 2.5 / sqrt(M));
        assert_true(s.worst_bias <= 0.3 / sqrt(M));
    }
}

static toy_run basic_run(toy_policy policy, double decay, double tilt, const char *resampler) {
    return (toy_run){.pool_params = {.weighting = PS_LINEAGE,
                                     .depth_decay = decay,
                                     .depth_tilt = tilt,
                                     .max_depth = model.max_depth},
                     .resampler = ps_resampler_find(resampler),
                     .policy = policy,
                     .iterations = ITERATIONS,
                     .seed = check_seed()};
}

static void every_policy_finds_the_enumerated_evidence(void **state) {
    (void)state;
    check_consistent("rare events", basic_run(TOY_RARE, 0.4, 0, "systematic"));
    check_consistent("ESS-triggered events", basic_run(TOY_ESS, 0.4, 0, "systematic"));
    check_consistent("an event after every step", basic_run(TOY_ALWAYS, 0.4, 0, "systematic"));
}

static void shares_of_answers_are_the_enumerated_ones(void **state) {
    (void)state;
    check_consistent("never looking back", basic_run(TOY_ALWAYS, 0, 0, "systematic"));
    check_consistent("hardly looking back", basic_run(TOY_ALWAYS, 0.02, 0, "systematic"));
    check_consistent("all depths alike", basic_run(TOY_ALWAYS, 1, 0, "systematic"));
    check_consistent("tilt 1.5", basic_run(TOY_ALWAYS, 0.3, 1.5, "systematic"));
}

static void every_resampler_finds_the_enumerated_evidence(void **state) {
    (void)state;
    check_consistent("multinomial", basic_run(TOY_ALWAYS, 0.3, 0, "multinomial"));
    check_consistent("stratified", basic_run(TOY_ALWAYS, 0.3, 0, "stratified"));
    check_consistent("residual", basic_run(TOY_ALWAYS, 0.3, 0, "residual"));
}

static int set_up(void **state) {
    (void)state;
    toy_create(&model, 6, 0.3, 3);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_policy_finds_the_enumerated_evidence),
                                       cmocka_unit_test(shares_of_answers_are_the_enumerated_ones),
                                       cmocka_unit_test(every_resampler_finds_the_enumerated_evidence)};
    return cmocka_run_group_tests(tests, set_up, NULL);
}
