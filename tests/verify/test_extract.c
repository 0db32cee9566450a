/* Where the answer of a response is found. */
#include "support/thinking.h"
#include "verify/support.h"

typedef struct extraction {
    const char *response, *answer; /* answer NULL: none */
} extraction;

static void check(const extraction *table, size_t n, const ps_verify_options *options) {
    for (size_t i = 0; i < n; i++) {
        char *answer;
        assert_int_equal(ps_extract_answer(table[i].response, options, &answer, NULL), PS_OK);
        if ((answer == NULL) != (table[i].answer == NULL) || (answer != NULL && strcmp(answer, table[i].answer) != 0))
            fail_msg("'%s': expected '%s', found '%s'", table[i].response,
                     table[i].answer != NULL ? table[i].answer : "(nothing)", answer != NULL ? answer : "(nothing)");
        ps_free(answer);
    }
}
#define CHECK(table, options) check(table, sizeof table / sizeof *table, options)

static void the_last_box_is_the_answer(void **state) {
    (void)state;
    static const extraction table[] = {
        {"so $\\boxed{42}$.", "42"},
        {"so $\\boxed {42}$.", "42"},
        {"so \\fbox{42}", "42"},
        {"\\boxed{3}. Wait: \\boxed{4}", "4"},
        {"\\boxed{3} and later, after some thought, \\boxed{4}", "4"},
        {"\\boxed{3} and \\boxed{4}", "3, 4"},
        {"$\\boxed{3}$, $\\boxed{4}$", "3, 4"},
        {"$\\boxed{3}$ \\text{ or } $\\boxed{4}$", "3, 4"},
        {"\\[\\boxed{3}\\]\n\n\\[\\boxed{4}\\]", "4"},
        {"\\boxed{3}, \\boxed{3}", "3"},
        {"\\boxed{15\\frac{39}{40}}, or $\\boxed{\\frac{639}{40}}$ inches", "\\frac{639}{40}"},
        {"\\boxed{\\frac{1}{2}}", "\\frac{1}{2}"},
        {"\\boxed{\\{1, 2\\}}", "\\{1, 2\\}"},
        {"\\boxed{5} \\boxed{}", "5"},
        {"it is $\\boxed{\\frac{1}{2}$ then", "\\frac{1}{2}"},
        {"it is \\boxed{7", "7"},
        {"$\\boxed5$", "5"},
        {"$\\boxed 5$ then", "5"},
        {"\\\\boxed{840}", "840"},
        {"\\boxed{\\text{Evelyn}}", "\\text{Evelyn}"},
        {"The answer is 3, so \\boxed{4}. The answer is 5", "4"},
    };
    CHECK(table, NULL);
}

/* In every language the noun alone announces; the number that comes last does not decide. */
static void every_noun_announces(void **state) {
    (void)state;
    static const char *const nouns[] = {"Answer",         "answers",      "The correct option",
                                        "correct choice", "right option", "Best option",
                                        "Respuesta",      "Réponse",      "reponse",
                                        "Antwort",        "risposta",     "resposta",
                                        "ответ",          "Ответ",        "ОТВЕТ",
                                        "решение",        "Απάντηση",     "απάντηση",
                                        "Đáp án",         "đáp án",       "答案",
                                        "答え",           "答",           "结果",
                                        "정답",           "cevap",        "Odpowiedź",
                                        "odpověď",        "jawaban",      "svar",
                                        "Vastaus",        "válasz",       "उत्तर",
                                        "الجواب",         "الإجابة",      "Final result",
                                        "Result",         "solution",     "Ans",
                                        "antwoord",       "Lösung",       "Ergebnis",
                                        "resultado"};
    for (size_t k = 0; k < sizeof nouns / sizeof *nouns; k++) {
        char response[96];
        ps_verify_result result;
        snprintf(response, sizeof response, "First 3.\n%s: 42\n\nIt was seen 7 times.", nouns[k]);
        assert_ok(ps_verify("42", response, NULL, &result, err));
        if (result.verdict != PS_SAME) fail_msg("%s: took %s", nouns[k], result.extracted);
        ps_verify_result_clear(&result);
    }
}

/* A box ends an answer where it has an answer in it. */
static void an_answer_is_boxed_once_its_box_is_closed_and_says_something(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool thinking, boxed;
    } table[] = {
        {"\\boxed{1}", false, true},
        {"so \\boxed{\\frac{1}{2}} it is", false, true},
        {"\\boxed{ \\boxed{3}", false, true}, /* the outer one was given up */
        {"a \\boxed{ b\n\\boxed{7}", false, true},
        {"", false, false},
        {"boxed{1}", false, false},
        {"\\boxed", false, false},
        {"\\boxed{", false, false},
        {"\\boxed{\\frac{1}{2}", false, false},
        {"\\boxed{4\\}", false, false},
        {"}{", false, false},
        {"\\boxed{}", false, false},
        {"\\boxed{ }", false, false},
        {"put it in \\boxed{...}", false, false},
        {"in \\boxed{\\text{your answer}}", false, false},
        {"\\boxed{} and then \\boxed{5}", false, true},
        {"<think>\\boxed{5}, or not", false, false},
        {"<think>\\boxed{5}</think>", false, false},
        {"<think>\\boxed{5}</think>It is \\boxed{6}", false, true},
        {"maybe \\boxed{5}", true, false},
        {"maybe \\boxed{5}\n</think>\n\n**6**", true, false},
        {"maybe \\boxed{5}\n</think>\n\n\\boxed{6}", true, true},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        bool boxed;
        assert_int_equal(ps_answer_is_boxed(table[i].text, table[i].thinking, &boxed, NULL), PS_OK);
        if (boxed != table[i].boxed) fail_msg("'%s' is %s", table[i].text, boxed ? "boxed" : "not boxed");
    }
    assert_true(ps_is_thinking("<|im_start|>assistant\n<think>\n", false));
    assert_false(ps_is_thinking("<|im_start|>assistant\n<think>\n\n</think>\n\n", false));
}

static bool is_boxed(const char *text, bool thinking) {
    bool boxed;
    check_ok(ps_answer_is_boxed(text, thinking, &boxed, NULL));
    return boxed;
}

static void a_box_in_the_thinking_of_any_family_is_no_answer(void **state) {
    (void)state;
    for (size_t f = 0; f < N_THINKING_FAMILIES; f++) {
        char text[256];
        snprintf(text, sizeof text, "%s\nmaybe \\boxed{5}", thinking_families[f].opens);
        if (is_boxed(text, false)) fail_msg("%s", text);
        assert_true(ps_is_thinking(text, false));
        snprintf(text, sizeof text, "maybe \\boxed{5}%sIt is \\boxed{6}", thinking_families[f].closes);
        if (!is_boxed(text, true)) fail_msg("%s", text);
        char *answer = NULL;
        assert_ok(ps_extract_answer(text, NULL, &answer, err));
        assert_string_equal(answer, "6");
        ps_free(answer);
    }
}

static void what_an_announcement_announces_is_the_answer(void **state) {
    (void)state;
    static const extraction table[] = {
        {"Final Answer: The final answer is $x=5$. I hope it is correct.", "x=5"},
        {"The answer is 42.", "42"},
        {"The answer is: 3.5. And so on", "3.5"},
        {"**Answer:** 7", "7"},
        {"Answer:\n\n12", "12"},
        {"The answer is $3$ and $4$.", "3, 4"},
        {"the answer is (C)", "(C)"},
        {"So the answer is yes.", "yes"},
        {"The answer to this is hard. It is $6$.", "6"},
        {"answer: 4:30 p.m.", "4:30 p.m."},
        {"She makes 9 * 2 = 18\n#### 18", "18"},
        {"#### 1,234", "1,234"},
    };
    CHECK(table, NULL);
}

static void without_either_the_last_formula_or_number_is(void **state) {
    (void)state;
    static const extraction table[] = {
        {"x=5 or x=3", "x=5 or x=3"},
        {"\\frac{1}{2}", "\\frac{1}{2}"},
        {"We get $x = 3$ where $x$ is the root", "x = 3"},
        {"We get \\(y\\) first. Then \\[ y = 4 \\] holds.", "y = 4"},
        {"the total comes to 1,234 dollars in the end", "1,234 dollars"},
        {"there is nothing to be found in this one", NULL},
        {"Because B is valid", "B"},
        {"There are 5 ways.", "5"},
        {"ans: 5", "5"},
        {"pi is about 3.14", "3.14"},
        {"so x = 3", "3"},
        {"15 cm", "15 cm"},
        {"so the length is 2√3.", "2√3"},
        {"The point is (1, 2).", "(1, 2)"},
        {"so the set is {1,2,3}", "{1,2,3}"},
        {"we call f(1, 2) twice", "2"},
        {"The roots are $2$ and $3$.", "2, 3"},
        {"The roots are $2$, $3$, and $5$.", "2, 3, 5"},
        {"Since $a>0$, $x=5$.", "x=5"},
        {"The sum of $3$ and $4$ is $7$", "7"},
        {"Total: \\$20", "$20"},
        {"", NULL},
        {"cost $5 then $6 in all of these shops", "$6"},
    };
    CHECK(table, NULL);
}

static void last_number_takes_the_last_number(void **state) {
    (void)state;
    static const extraction table[] = {
        {"first 3 then 4.5.", "4.5"},
        {"-7", "-7"},
        {"3-7", "7"},
        {"x2 AZ3Y", NULL},
        {"1/2 of it", "1/2"},
        {"it is 25%.", "25%"},
        {"1,234,567", "1,234,567"},
        {".5", ".5"},
        {"no number", NULL},
    };
    CHECK(table, (&(ps_verify_options){.extract = PS_EXTRACT_LAST_NUMBER}));
}

static void a_regex_takes_its_last_match_and_bad_ones_are_refused(void **state) {
    (void)state;
    static const extraction groups[] = {{"A: 3; A: 4.", "4"}, {"nothing", NULL}};
    CHECK(groups, (&(ps_verify_options){.extract = PS_EXTRACT_REGEX, .regex = "A: (\\d+)"}));
    static const extraction whole[] = {{"ab 12 cd 34", "34"}};
    CHECK(whole, (&(ps_verify_options){.extract = PS_EXTRACT_REGEX, .regex = "\\d+"}));
    static const extraction empty[] = {{"aaa", ""}};
    CHECK(empty, (&(ps_verify_options){.extract = PS_EXTRACT_REGEX, .regex = "b*"}));
    char *answer;
    ps_error err;
    ps_verify_options bad = {.extract = PS_EXTRACT_REGEX, .regex = "(("};
    assert_int_equal(ps_extract_answer("x", &bad, &answer, &err), PS_FORMAT);
    assert_non_null(strstr(err.message, "not a regular expression"));
    bad.regex = NULL;
    assert_int_equal(ps_extract_answer("x", &bad, &answer, &err), PS_ARG);
    /* a pattern that would backtrack for ever ends at its limit */
    char many[3000];
    memset(many, 'a', sizeof many - 1);
    many[sizeof many - 1] = 0;
    ps_verify_options slow = {.extract = PS_EXTRACT_REGEX, .regex = "(a+)+$b"};
    assert_int_equal(ps_extract_answer(many, &slow, &answer, NULL), PS_OK);
    ps_free(answer);
}

static void exact_match_and_contains_compare_texts(void **state) {
    (void)state;
    ps_verify_result result;
    ps_verify_options exact = {.mode = PS_VERIFY_EXACT}, contains = {.mode = PS_VERIFY_CONTAINS};
    assert_int_equal(ps_verify(" 0.5", "\\boxed{0.5 }", &exact, &result, NULL), PS_OK);
    assert_int_equal(result.verdict, PS_SAME);
    ps_verify_result_clear(&result);
    assert_int_equal(ps_verify("1/2", "\\boxed{0.5}", &exact, &result, NULL), PS_OK);
    assert_int_equal(result.verdict, PS_DIFFERENT);
    ps_verify_result_clear(&result);
    assert_int_equal(ps_verify(" five ", "it is five, no \\boxed{6}", &contains, &result, NULL), PS_OK);
    assert_int_equal(result.verdict, PS_SAME);
    ps_verify_result_clear(&result);
    assert_int_equal(ps_verify("", "anything", &contains, &result, NULL), PS_OK);
    assert_int_equal(result.verdict, PS_DIFFERENT);
    ps_verify_result_clear(&result);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_box_is_the_answer),
        cmocka_unit_test(an_answer_is_boxed_once_its_box_is_closed_and_says_something),
        cmocka_unit_test(a_box_in_the_thinking_of_any_family_is_no_answer),
        cmocka_unit_test(every_noun_announces),
        cmocka_unit_test(what_an_announcement_announces_is_the_answer),
        cmocka_unit_test(without_either_the_last_formula_or_number_is),
        cmocka_unit_test(last_number_takes_the_last_number),
        cmocka_unit_test(a_regex_takes_its_last_match_and_bad_ones_are_refused),
        cmocka_unit_test(exact_match_and_contains_compare_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
