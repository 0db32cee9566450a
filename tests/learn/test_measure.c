/* How good predictions are, counted by hand. */
#include "learn/measure.h"
#include "support/check.h"

/* Two problems of a right and a wrong answer each. A right answer whose first step has no state is compared at the
 * steps that both have: its second with the other's second, and not with the first. */
static void states_of_the_same_step_are_compared(void **state) {
    (void)state;
    const uint32_t rows[] = {0, 1, 2, 3}, more[] = {4, 5, 6, 7}, late[] = {1, 2}, three[] = {0, 1, 2};
    /* right at steps 1, 2: .6, .7; wrong at 0, 1, 2: .9, .5, .8 */
    const double p[] = {0.6, 0.7, 0, 0, 0.9, 0.5, 0.8, 0};
    const ps_learn_answer answers[] = {{.right = true, .weight = 1, .rows = rows, .n_rows = 2, .steps = late},
                                       {.right = false, .weight = 1, .rows = more, .n_rows = 3, .steps = three}};
    const char *const texts[] = {"Which?"};
    const float values[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    const ps_learn_states states = {
        .n = 8, .width = 1, .states = values, .answers = answers, .n_answers = 2, .n_problems = 1, .texts = texts};
    ps_design d = {0};
    ps_learn_report report = {0};
    assert_ok(ps_design_make(&states, &d, err));
    assert_ok(ps_measure(&states, &d, p, 1, &report, err));
    check_near(report.auc_within, 0.5, 1e-12);
    assert_true(isnan(report.steps[0].auc));
    check_near(report.steps[1].auc, 1, 1e-12);
    check_near(report.steps[2].auc, 0, 1e-12);
    assert_int_equal(report.steps[0].n, 1);
    assert_int_equal(report.steps[1].n, 2);
    check_near(report.steps[0].predicted, 0.9, 1e-12);
    ps_design_clear(&d);
}

/* Four wrong answers to one problem, a right one to another: half is right at each step, as the share says. */
static void every_problem_weighs_the_same_in_the_table(void **state) {
    (void)state;
    const uint32_t rows[] = {0, 1, 2, 3, 4};
    const double p[] = {0.25, 0.25, 0.25, 0.25, 0.75};
    const char *const texts[] = {"Which?", "What?"};
    const float values[5] = {1, 2, 3, 4, 5};
    ps_learn_answer answers[5];
    for (size_t i = 0; i < 5; i++)
        answers[i] = (ps_learn_answer){.problem = i / 4, .right = i == 4, .weight = 1, .rows = rows + i, .n_rows = 1};
    const ps_learn_states states = {
        .n = 5, .width = 1, .states = values, .answers = answers, .n_answers = 5, .n_problems = 2, .texts = texts};
    ps_design d = {0};
    ps_learn_report report = {0};
    assert_ok(ps_design_make(&states, &d, err));
    assert_ok(ps_measure(&states, &d, p, 1, &report, err));
    check_near(report.base, 0.5, 1e-12);
    check_near(report.steps[0].right, 0.5, 1e-12);
    check_near(report.steps[0].predicted, 0.5, 1e-12);
    assert_int_equal(report.steps[0].n, 5);
    ps_design_clear(&d);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(states_of_the_same_step_are_compared),
                                       cmocka_unit_test(every_problem_weighs_the_same_in_the_table)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
