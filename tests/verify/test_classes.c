/* Voting classes: an equivalence relation whatever the order, and the cases where "same" alone would not be one. */
#include "verify/support.h"

#include <jansson.h>

enum { MOST = 512 };

static void classes(const char *const *answers, size_t n, int *class_of, size_t *count) {
    ps_error err;
    if (ps_answer_classes(answers, n, NULL, class_of, count, &err) != PS_OK) fail_msg("%s", err.message);
}

/* `expected`: one digit or letter per answer, '-' for none. */
static void check(const char *const *answers, const char *expected) {
    size_t n = strlen(expected), count;
    int class_of[MOST];
    classes(answers, n, class_of, &count);
    for (size_t i = 0; i < n; i++) {
        if ((expected[i] == '-') != (class_of[i] < 0)) fail_msg("'%s' has class %d", answers[i], class_of[i]);
        for (size_t k = 0; k < i; k++)
            if (expected[i] != '-' && expected[k] != '-' &&
                (expected[i] == expected[k]) != (class_of[i] == class_of[k]))
                fail_msg("'%s' and '%s' of %s: classes %d and %d", answers[k], answers[i], expected, class_of[k],
                         class_of[i]);
    }
}
#define CHECK(expected, ...) check((const char *const[]){__VA_ARGS__}, expected)

static void votes_join_what_agrees_and_keep_apart_what_differs(void **state) {
    (void)state;
    CHECK("aabab", "\\frac12", "0.5", "2", "\\frac{2}{4}", "\\sqrt4");
    CHECK("a-a-", "1", NULL, "1.0", NULL);
    CHECK("abcd", "52_8", "52_9", "52", "53");
    CHECK("aaa", "52_8", "52", "052_{8}");
    CHECK("aab", "15\\text{ cm}", "15", "16");
    CHECK("abc", "15\\text{ cm}", "15\\text{ kg}", "15");
    CHECK("aaab", "25\\%", "\\frac14", "25", "26");
    CHECK("aaa", "\\pi", "3.14159", "3.14159265");
    CHECK("ab", "3.14159", "3.14159265");
    CHECK("aaa", "x=5", "5", "5\\text{ cm}");
    CHECK("abc", "x=5", "y=5", "5");
    CHECK("abc", "x=-2,y=1", "-2<x<1", "(-2,1)");
    CHECK("aa", "x=-2,y=1", "(-2,1)");
    CHECK("aaa", "90^\\circ", "\\frac{\\pi}{2}", "90");
    CHECK("aab", "garbage \\foo{1", "garbage \\foo{1", "garbage \\foo{2");
}

static void classes_are_numbered_by_first_appearance(void **state) {
    (void)state;
    const char *answers[] = {NULL, "7", "5", "7.0", "x=5", "9"};
    int class_of[6];
    size_t count;
    classes(answers, 6, class_of, &count);
    const int expected[] = {-1, 0, 1, 0, 1, 2};
    assert_memory_equal(class_of, expected, sizeof expected);
    assert_int_equal(count, 3);
    classes(NULL, 0, class_of, &count);
    assert_int_equal(count, 0);
    ps_error err;
    assert_int_equal(ps_answer_classes(NULL, 2, NULL, class_of, &count, &err), PS_ARG);
}

/* In whatever order the answers come, the partition is one and the same. */
static void check_any_order(const char *const *answers, size_t n, uint64_t rounds) {
    int first[MOST], class_of[MOST];
    size_t order[MOST], count, again;
    const char *shuffled[MOST];
    assert_true(n <= MOST);
    classes(answers, n, first, &count);
    for (uint64_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < n; i++) {
            ps_rng_key key = {.seed = 9, .id = round, .purpose = PS_RNG_TEST};
            size_t k = (size_t)(ps_uniform(key, i) * (double)(i + 1));
            order[i] = order[k];
            order[k] = i;
        }
        for (size_t i = 0; i < n; i++)
            shuffled[i] = answers[order[i]];
        classes(shuffled, n, class_of, &again);
        assert_int_equal(again, count);
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < i; k++)
                if ((class_of[i] == class_of[k]) != (first[order[i]] == first[order[k]]))
                    fail_msg("round %d: '%s' and '%s'", (int)round, shuffled[i], shuffled[k]);
    }
}

static size_t add_distinct(const char **answers, size_t n, const char *answer) {
    assert_non_null(answer);
    for (size_t i = 0; i < n; i++)
        if (strcmp(answers[i], answer) == 0) return n;
    assert_true(n < MOST);
    answers[n] = ps_strdup(answer);
    return n + 1;
}

/* A mixture in which most pairs are related somehow. */
static void the_order_of_the_answers_does_not_matter(void **state) {
    (void)state;
    static const char *const answers[] = {"52_8",
                                          "52_9",
                                          "52",
                                          "15",
                                          "15\\text{ cm}",
                                          "0.15",
                                          "15\\%",
                                          "\\pi",
                                          "3.14159",
                                          "3.14159265",
                                          "180^\\circ",
                                          "180",
                                          "(-2,1)",
                                          "-2<x<1",
                                          "x=-2,y=1",
                                          "x=5",
                                          "5",
                                          "y=5",
                                          "\\{5\\}",
                                          "\\frac{10}{2}",
                                          "1,-2",
                                          "-2,1",
                                          "\\{1,-2\\}",
                                          "\\text{even}",
                                          "even",
                                          "7:32",
                                          "14:64",
                                          "7/32",
                                          "C",
                                          "\\text{(C)}",
                                          "(C) 12",
                                          "12"};
    check_any_order(answers, sizeof answers / sizeof *answers, 30);
}

/* The same of the answers of a data set, right ones and wrong ones; and "same" is symmetric and reflexive on them. */
static void answers_met_in_real_runs_fall_into_the_classes_they_should(void **state) {
    (void)state;
    char *data = data_file("verify/trap_pairs.jsonl");
    if (data == NULL) {
        print_message("skipped: trap_pairs.jsonl is not there (set PERSAMP_DATA)\n");
        skip();
    }
    static const char *answers[MOST];
    size_t n = 0;
    for (char *line = strtok(data, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        json_t *object = json_loads(line, 0, NULL);
        assert_non_null(object);
        n = add_distinct(answers, n, json_string_value(json_object_get(object, "gold")));
        n = add_distinct(answers, n, json_string_value(json_object_get(object, "pred")));
        json_decref(object);
    }
    ps_free(data);
    assert_true(n > 200);
    check_any_order(answers, n, 3);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(verdict_of(answers[i], answers[i], PS_VERIFY_STRICT), PS_SAME);
        for (size_t k = 0; k < i; k++)
            if (verdict_of(answers[i], answers[k], PS_VERIFY_STRICT) !=
                verdict_of(answers[k], answers[i], PS_VERIFY_STRICT))
                fail_msg("'%s' and '%s' are not compared alike both ways", answers[i], answers[k]);
    }
    for (size_t i = 0; i < n; i++)
        ps_free((char *)answers[i]);
}

/* Comparison itself: reflexive, symmetric; transitive among answers that leave nothing out. */
static void classes_are_an_equivalence_relation(void **state) {
    (void)state;
    static const char *const answers[] = {"\\frac12",
                                          "0.5",
                                          "\\frac{\\sqrt4}{4}",
                                          "2^{-1}",
                                          "\\sin\\frac{\\pi}{6}",
                                          "\\frac{x}{2x}",
                                          "0.50",
                                          "1/2",
                                          "x+1",
                                          "\\frac{x^2-1}{x-1}",
                                          "1+x",
                                          "\\sqrt{x^2}+1",
                                          "|x|+1",
                                          "y+1",
                                          "(0,1)\\cup(2,3)",
                                          "(2,3)\\cup(0,1)",
                                          "\\{1,2\\}",
                                          "2,1",
                                          "\\{2,1,1\\}",
                                          "(1,2,3)",
                                          "(1,3,2)",
                                          "x+y=1",
                                          "2x+2y=2",
                                          "1-x=y",
                                          "\\text{red}",
                                          "\\text{blue}"};
    enum { N = sizeof answers / sizeof *answers };
    static ps_verdict same[N][N];
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < N; k++)
            same[i][k] = verdict_of(answers[i], answers[k], PS_VERIFY_STRICT);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(same[i][i], PS_SAME);
        for (size_t k = 0; k < N; k++) {
            assert_int_equal(same[i][k], same[k][i]);
            for (size_t m = 0; m < N; m++)
                if (same[i][k] == PS_SAME && same[k][m] == PS_SAME && same[i][m] != PS_SAME)
                    fail_msg("'%s' = '%s' = '%s'", answers[i], answers[k], answers[m]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(votes_join_what_agrees_and_keep_apart_what_differs),
                                       cmocka_unit_test(classes_are_numbered_by_first_appearance),
                                       cmocka_unit_test(the_order_of_the_answers_does_not_matter),
                                       cmocka_unit_test(answers_met_in_real_runs_fall_into_the_classes_they_should),
                                       cmocka_unit_test(classes_are_an_equivalence_relation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
