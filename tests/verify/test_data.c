/* The bars on the data sets, which are no part of the repository: $PERSAMP_DATA or ../shared/data; skipped without. */
#include "verify/support.h"

#include <jansson.h>

typedef struct bar {
    const char *file, *gold, *response, *key; /* fields; key NULL: every pair is expected to agree */
    ps_verify_mode mode;
    bool extract;
    double at_least;        /* share that must agree */
    size_t false_positives; /* at most: called the same against the key */
} bar;

static const char *text_of(const json_t *line, const char *field) {
    return json_string_value(json_object_get(line, field));
}

static ps_verdict verdict(const bar *b, const json_t *line) {
    const char *gold = text_of(line, b->gold), *response = text_of(line, b->response);
    assert_non_null(gold);
    assert_non_null(response);
    ps_verify_options options = {.mode = b->mode};
    const json_t *precision = json_object_get(line, "precision");
    if (json_is_integer(precision)) options.decimals = (int)json_integer_value(precision);
    options.sets_are_relations = json_is_true(json_object_get(line, "allow_set_relation_comp"));
    if (!b->extract) return verdict_of(gold, response, b->mode);
    ps_verify_result result;
    assert_int_equal(ps_verify(gold, response, &options, &result, NULL), PS_OK);
    ps_verdict found = result.verdict;
    ps_verify_result_clear(&result);
    return found;
}

static void check(const bar *b) {
    char *data = data_file(b->file);
    if (data == NULL) {
        print_message("skipped: %s is not there (set PERSAMP_DATA)\n", b->file);
        skip();
    }
    size_t pairs = 0, agreed = 0, false_positives = 0;
    for (char *line = strtok(data, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        json_t *object = json_loads(line, 0, NULL);
        assert_non_null(object);
        bool expected = b->key != NULL ? json_is_true(json_object_get(object, b->key)) : true;
        bool same = verdict(b, object) == PS_SAME;
        pairs++;
        agreed += same == expected;
        false_positives += same && !expected;
        json_decref(object);
    }
    ps_free(data);
    print_message("%s: %zu/%zu, %zu false positives\n", b->file, agreed, pairs, false_positives);
    assert_true(pairs > 100);
    assert_true((double)agreed >= b->at_least * (double)pairs);
    assert_true(false_positives <= b->false_positives);
}

static void math500_solutions_agree_with_their_gold_answers(void **state) {
    (void)state;
    check(&(bar){"math500.jsonl", "answer", "solution", NULL, PS_VERIFY_STRICT, true, 1.0, 0});
}

static void real_responses_get_math_verifys_verdict(void **state) {
    (void)state;
    check(&(bar){"verify/real_pairs.jsonl", "gold", "response", "mv", PS_VERIFY_MATH_VERIFY, true, 0.99, 2});
}

static void math_verifys_own_cases_get_its_verdict(void **state) {
    (void)state;
    check(&(bar){"verify/math_verify_cases.jsonl", "gold", "pred", "expected", PS_VERIFY_MATH_VERIFY, true, 0.95, 4});
}

static void traps_catch_nothing(void **state) {
    (void)state;
    check(&(bar){"verify/trap_pairs.jsonl", "gold", "pred", "truth", PS_VERIFY_STRICT, false, 0.97, 0});
}

/* Among the distinct gold answers of MATH-500 these and no others are the same. */
static void distinct_gold_answers_of_math500_differ_but_for_those_named(void **state) {
    (void)state;
    static const char *const equal[][2] = {{"90^\\circ", "90"},
                                           {"5", "x=5"},
                                           {"\\pi", "180^\\circ"},
                                           {"1,-2", "-2,1"},
                                           {"40_9", "40"},
                                           {"120^\\circ", "120"},
                                           {"36", "36^\\circ"},
                                           {"36", "\\$36"},
                                           {"\\frac{1}{4}", "\\frac14"},
                                           {"30^\\circ", "30"},
                                           {"10,\\!080", "10080"},
                                           {"15", "15\\mbox{ cm}^2"},
                                           {"2 \\sqrt{5}", "2\\sqrt{5}"}};
    enum { PAIRS = sizeof equal / sizeof *equal };
    char *data = data_file("math500.jsonl");
    if (data == NULL) {
        print_message("skipped: math500.jsonl is not there (set PERSAMP_DATA)\n");
        skip();
    }
    static char *answers[500];
    size_t n = 0, found = 0;
    for (char *line = strtok(data, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        json_t *object = json_loads(line, 0, NULL);
        const char *answer = text_of(object, "answer");
        bool seen = false;
        for (size_t i = 0; i < n && !seen; i++)
            seen = strcmp(answers[i], answer) == 0;
        if (!seen) answers[n++] = ps_strdup(answer);
        json_decref(object);
    }
    ps_free(data);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) {
            bool expected = i == k;
            for (size_t e = 0; e < PAIRS; e++)
                expected |= (!strcmp(answers[i], equal[e][0]) && !strcmp(answers[k], equal[e][1])) ||
                            (!strcmp(answers[k], equal[e][0]) && !strcmp(answers[i], equal[e][1]));
            ps_verdict is = verdict_of(answers[i], answers[k], PS_VERIFY_STRICT);
            if ((is == PS_SAME) != expected) fail_msg("'%s' and '%s': %d", answers[i], answers[k], is);
            found += is == PS_SAME && i < k;
        }
    assert_int_equal(found, PAIRS);
    for (size_t i = 0; i < n; i++)
        ps_free(answers[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(math500_solutions_agree_with_their_gold_answers),
                                       cmocka_unit_test(real_responses_get_math_verifys_verdict),
                                       cmocka_unit_test(math_verifys_own_cases_get_its_verdict),
                                       cmocka_unit_test(traps_catch_nothing),
                                       cmocka_unit_test(distinct_gold_answers_of_math500_differ_but_for_those_named)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
