/* The grader for multiple choice. */
#include "verify/support.h"

typedef struct question {
    const char *gold, *response;
    bool same;
} question;

static void the_letter_of_an_option_is_compared(void **state) {
    (void)state;
    static const question table[] = {
        {"B", "The answer is B.", true},
        {"B", "**Answer: (B)**", true},
        {"(B)", "\\boxed{\\text{B}}", true},
        {"B", "\\boxed{b}", true},
        {"\\text{(B)}", "So the correct option is B) 12 apples.", true},
        {"B", "A is too small and C too large, so I choose option B", true},
        {"B", "It can not be (A), so it is (B) because 3 < 4.", true},
        {"B", "<think>\\boxed{A}?</think> The answer is B", true},
        {"B", "Answer: B\n\nQuestion: what is next?\nAnswer: C", true},
        {"A, C", "\\boxed{A \\text{ and } C}", true},
        {"A, C", "\\boxed{C, A}", true},
        {"B", "The answer is C.", false},
        {"B", "\\boxed{A, B}", false},
        {"A, C", "\\boxed{A}", false},
        {"B", "I do not know.", false},
        {"B", "", false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        ps_verify_options options = {.mode = PS_VERIFY_CHOICE};
        ps_verify_result result;
        assert_int_equal(ps_verify(table[i].gold, table[i].response, &options, &result, NULL), PS_OK);
        if ((result.verdict == PS_SAME) != table[i].same)
            fail_msg("'%s' in '%s': got %d from '%s'", table[i].gold, table[i].response, result.verdict,
                     result.extracted != NULL ? result.extracted : "(nothing)");
        ps_verify_result_clear(&result);
    }
}

static void the_text_of_an_option_answers_where_a_letter_is_missing(void **state) {
    (void)state;
    static const question table[] = {
        {"B) 12", "\\boxed{12}", true},  {"(B) 12 apples", "The answer is 12 apples.", true},
        {"\\frac12", "(C) 0.5", true},   {"Paris", "B) Paris", true},
        {"B) 12", "\\boxed{B}", true},   {"B) 12", "(B) 13", true}, /* the letter decides */
        {"B) 12", "\\boxed{13}", false}, {"B", "\\boxed{12}", false},
        {"Paris", "B) London", false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        ps_verify_options options = {.mode = PS_VERIFY_CHOICE};
        ps_verify_result result;
        assert_int_equal(ps_verify(table[i].gold, table[i].response, &options, &result, NULL), PS_OK);
        if ((result.verdict == PS_SAME) != table[i].same)
            fail_msg("'%s' in '%s': got %d from '%s'", table[i].gold, table[i].response, result.verdict,
                     result.extracted != NULL ? result.extracted : "(nothing)");
        ps_verify_result_clear(&result);
    }
}

static void votes_for_an_option_are_counted_together(void **state) {
    (void)state;
    const char *answers[] = {"B", "(B)", "C", "\\text{B}", NULL, "c"};
    int class_of[6];
    size_t n;
    ps_verify_options options = {.mode = PS_VERIFY_CHOICE};
    assert_int_equal(ps_answer_classes(answers, 6, &options, class_of, &n, NULL), PS_OK);
    assert_int_equal(n, 2);
    const int expected[] = {0, 0, 1, 0, -1, 1};
    assert_memory_equal(class_of, expected, sizeof expected);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_letter_of_an_option_is_compared),
                                       cmocka_unit_test(the_text_of_an_option_answers_where_a_letter_is_missing),
                                       cmocka_unit_test(votes_for_an_option_are_counted_together)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
