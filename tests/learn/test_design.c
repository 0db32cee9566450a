/* What a regression is given: the target and the weight of each state. */
#include "learn/design.h"
#include "support/check.h"

/* A right answer of nine steps and a wrong one of two share their first: half of what goes on from there is right,
 * though the wrong one is the shorter. What is trained on still weighs each answer the same. */
static void the_target_of_a_shared_step_is_the_share_of_answers(void **state) {
    (void)state;
    const uint32_t right[] = {0, 1, 2, 3, 4, 5, 6, 7, 8}, wrong[] = {0, 9};
    const ps_learn_answer answers[] = {{.right = true, .weight = 0.5, .rows = right, .n_rows = 9},
                                       {.right = false, .weight = 0.5, .rows = wrong, .n_rows = 2}};
    const char *const texts[] = {"How many?"};
    const float values[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    const ps_learn_states states = {
        .n = 10, .width = 1, .states = values, .answers = answers, .n_answers = 2, .n_problems = 1, .texts = texts};
    ps_design d = {0};
    assert_ok(ps_design_make(&states, &d, err));
    check_near(d.target[0], 0.5, 1e-12);
    check_near(d.target[1], 1, 1e-12);
    check_near(d.target[9], 0, 1e-12);
    check_near(d.weight[0], 0.5 / 9 + 0.5 / 2, 1e-12);
    check_near(d.weight[1], 0.5 / 9, 1e-12);
    check_near(d.weight[9], 0.5 / 2, 1e-12);
    ps_design_clear(&d);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_target_of_a_shared_step_is_the_share_of_answers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
