/* Out of memory is PS_NOMEM and never another verdict: every allocation of a call fails once, over all kinds of
 * answers. A call that says PS_OK all the same did without, and says what an undisturbed one says. */
#include "support/failing_allocator.h"
#include "verify/support.h"

static const struct pair {
    const char *gold, *response;
} pairs[] = {
    {"(-\\infty,2)\\cup(3,\\infty)", "x<2 \\text{ or } x>3"},
    {"x^2+2x+1", "(x+1)^2"},
    {"\\sin x + \\frac12", "the answer: $x = \\sin x + 0.5$, \\boxed{\\cos} and \\boxed{½ + \\sin x}"},
    {"(2,3)", "so $2 < x < 3$ in 4 ways"},
    {"|x-11|<3", "\\boxed{(8,14)}"},
    {"-2x+1\\ge 5", "\\boxed{x\\le -2}"},
    {"\\{1\\pm\\sqrt5\\}", "We get $x_1 = 1+\\sqrt5$ and $x_2 = 1-\\sqrt5$."},
    {"0.\\overline{36}", "\\boxed{0.\\dot{3}\\dot{6}}"},
    {"\\frac{4}{11}", "It is $0.3636\\ldots$"},
    {"\\text{(C) } 12", "Therefore the correct choice is **C**."},
    {"C", "Option (C) is right, so the final answer is (C) 12."},
    {"ellipse", "The graph is an **ellipse**."},
    {"no solution", "There are no solutions."},
    {"all real numbers except 0", "\\boxed{\\mathbb{R}\\setminus\\{0\\}}"},
    {"1A3_{16}", "\\boxed{1A3}"},
    {"52_8", "\\boxed{52_{\\text{eight}}}"},
    {"15\\text{ square cm}", "The area is 15 cm^2."},
    {"60\\frac{\\text{miles}}{\\text{hour}}", "Her speed is \\(60\\text{ mi/h}\\)."},
    {"90 minutes", "It takes 1 hour 30 minutes."},
    {"18", "She makes 9 * 2 = $<<9*2=18>>18 every day.\n#### 18"},
    {"18", "Thus, Janet makes **$18** every day at the farmers' market (9 eggs × $2)."},
    {"1.500,23", "\\boxed{1500.23}"},
    {"\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\boxed{(1, 2)}"},
    {"f^{-1}(x) = \\frac{x_{12}-1}{2}", "\\boxed{\\frac{x_{12}}{2}-\\frac12}"},
    {"n \\equiv 0 \\pmod 3", "\\boxed{n=3k}"},
    {"7:32", "The ratio is 14 : 64."},
    {"4:30 p.m.", "It ends at 4:30 PM."},
    {"\\sqrt{xy}", "\\boxed{\\sqrt x\\sqrt y}"},
    {"2\\mathbf{i}-\\mathbf{j}", "\\boxed{\\langle 2,-1\\rangle}"},
    {"3\\sqrt2", "<think>maybe \\boxed{4}</think> So it is $\\boxed{3}\\sqrt{2}$."},
    {"x=2,y=3", "\\boxed{x=2} and \\boxed{y=3}"},
    {"25\\%", "The share is \\boxed{25}\\%."},
    {"π/4", "\\(\\arctan 1\\)"},
    {"\\overline{3+4i}", "\\boxed{3-4i}"},
    {"5", "\\boxed{\\text{five}}"},
    {"2^{100}", "1267650600228229401496703205376"},
    {"5x-7y+11z+4=0", "10x-14y+22z=-8"},
    {"1,2,\\ldots,100", "1,2,3,\\ldots,100"},
    {"12", "None of the steps helps me."},
};

typedef struct outcome {
    ps_status status;
    ps_verify_result result;
} outcome;

static outcome verified(const struct pair *pair, const ps_verify_options *options) {
    outcome out = {0};
    out.status = ps_verify(pair->gold, pair->response, options, &out.result, NULL);
    return out;
}

static bool same_text(const char *a, const char *b) {
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void check_pair(const struct pair *pair, const ps_verify_options *options) {
    failing_allocator a;
    outcome expected = verified(pair, options);
    assert_int_equal(expected.status, PS_OK);
    for (size_t n = 1;; n++) {
        failing_install(&a, n);
        outcome got = verified(pair, options);
        bool failed = a.calls >= n;
        if (got.status == PS_OK) {
            if (got.result.verdict != expected.result.verdict || strcmp(got.result.stage, expected.result.stage) != 0 ||
                !same_text(got.result.extracted, expected.result.extracted) ||
                !same_text(got.result.gold_form, expected.result.gold_form) ||
                !same_text(got.result.response_form, expected.result.response_form))
                fail_msg("'%s' and '%s', mode %d, allocation %zu: %s by %s instead of %d by %s", pair->gold,
                         pair->response, (int)options->mode, n, "another answer", got.result.stage,
                         (int)expected.result.verdict, expected.result.stage);
        } else if (got.status != PS_NOMEM) {
            fail_msg("'%s' and '%s', allocation %zu: status %d", pair->gold, pair->response, n, (int)got.status);
        }
        ps_verify_result_clear(&got.result);
        failing_remove();
        if (a.alive) fail_msg("'%s', allocation %zu: %zu blocks left", pair->gold, n, (size_t)a.alive);
        if (!failed) break; /* the call needs no more than n − 1 */
    }
    ps_verify_result_clear(&expected.result);
}

static void a_failing_allocation_never_changes_a_verdict(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        for (int mode = PS_VERIFY_STRICT; mode <= PS_VERIFY_CHOICE; mode++) {
            check_pair(&pairs[i], &(ps_verify_options){.mode = (ps_verify_mode)mode});
            ps_verify_options last = {.mode = (ps_verify_mode)mode, .extract = PS_EXTRACT_LAST_NUMBER};
            check_pair(&pairs[i], &last);
        }
}

/* A match that runs out of memory is no missing match, and a pattern that does no bad pattern. */
static void a_failing_allocation_never_changes_what_a_pattern_finds(void **state) {
    (void)state;
    static const struct pair texts[] = {{"15", "is 15"}, {"is 15", "so it is 15, and 16"}, {"3", "nothing"}};
    static const char *const patterns[] = {"(\\d+)", "is (\\d+)", "((?:\\w+ )*)(\\d+)", "(?:(\\w)|,| )+$"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (size_t k = 0; k < sizeof patterns / sizeof *patterns; k++)
            check_pair(&texts[i], &(ps_verify_options){.extract = PS_EXTRACT_REGEX, .regex = patterns[k]});
}

static void a_failing_allocation_never_changes_a_class(void **state) {
    (void)state;
    enum { N = 9 };
    static const char *const answers[N] = {"\\{1\\pm\\sqrt5, x_{12}\\}",
                                           "15\\text{ square cm}",
                                           "\\text{(C) } 12",
                                           "\\sin x + f(2)^2",
                                           "15",
                                           "15\\text{ cm}^2",
                                           "52_8",
                                           "\\frac{30}{2}",
                                           "(2,3)"};
    for (int mode = PS_VERIFY_STRICT; mode <= PS_VERIFY_CHOICE; mode++) {
        ps_verify_options options = {.mode = (ps_verify_mode)mode};
        int expected[N], got[N];
        size_t n_expected, n_got;
        assert_ok(ps_answer_classes(answers, N, &options, expected, &n_expected, err));
        for (size_t n = 1;; n++) {
            failing_allocator a;
            failing_install(&a, n);
            ps_status status = ps_answer_classes(answers, N, &options, got, &n_got, NULL);
            bool failed = a.calls >= n;
            failing_remove();
            assert_true(status == PS_OK || status == PS_NOMEM);
            if (status == PS_OK) {
                assert_int_equal(n_got, n_expected);
                assert_memory_equal(got, expected, sizeof got);
            }
            assert_int_equal(a.alive, 0);
            if (!failed) break;
        }
    }
}

static void a_failing_allocation_never_changes_an_extraction(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char *expected = NULL;
        assert_ok(ps_extract_answer(pairs[i].response, NULL, &expected, err));
        for (size_t n = 1;; n++) {
            failing_allocator a;
            char *got = NULL;
            failing_install(&a, n);
            ps_status status = ps_extract_answer(pairs[i].response, NULL, &got, NULL);
            bool failed = a.calls >= n;
            assert_true(status == PS_OK || status == PS_NOMEM);
            if (status == PS_OK && !same_text(got, expected))
                fail_msg("'%s', allocation %zu: '%s' instead of '%s'", pairs[i].response, n, got, expected);
            if (status != PS_OK) assert_null(got);
            ps_free(got);
            failing_remove();
            assert_int_equal(a.alive, 0);
            if (!failed) break;
        }
        ps_free(expected);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_failing_allocation_never_changes_a_verdict),
                                       cmocka_unit_test(a_failing_allocation_never_changes_what_a_pattern_finds),
                                       cmocka_unit_test(a_failing_allocation_never_changes_a_class),
                                       cmocka_unit_test(a_failing_allocation_never_changes_an_extraction)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
