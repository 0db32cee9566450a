/* Inputs made to hurt: every call comes back (the work is counted, so a hang would be an endless loop), with a verdict
 * that claims nothing false. */
#include "verify/support.h"

static char *repeated(const char *piece, size_t n, const char *middle, const char *end) {
    size_t length = strlen(piece), tail = strlen(end), centre = strlen(middle);
    char *out = malloc(n * (length + tail) + centre + 1), *at = out;
    assert_non_null(out);
    for (size_t i = 0; i < n; i++, at += length)
        memcpy(at, piece, length);
    memcpy(at, middle, centre);
    at += centre;
    for (size_t i = 0; i < n; i++, at += tail)
        memcpy(at, end, tail);
    *at = 0;
    return out;
}

static void huge_values_are_unknown_at_once(void **state) {
    (void)state;
    expect("9^{9^9}", "9^{9^9}", PS_SAME);
    expect("9^{9^9}", "9^{9^9}+1", PS_UNKNOWN);
    expect("9^{9^9}", "9^{9^8}", PS_DIFFERENT);
    expect("9^{9^{9^9}}", "1", PS_UNKNOWN);
    expect("100000!", "100000!", PS_SAME);
    expect("100000!", "100001!", PS_DIFFERENT);
    expect("\\binom{100000}{50000}", "\\binom{100000}{49999}", PS_DIFFERENT);
    expect("\\sin(10^{1000})", "\\sin(10^{1001})", PS_UNKNOWN);
    expect("x^{99999}x", "x^{100000}", PS_SAME);
    expect("(a+b+c+d+e+f+g+h)^{64}", "(a+b+c+d+e+f+g+h)^{63}(a+b+c+d+e+f+g+h)", PS_SAME);
    expect("\\frac{1}{0}", "\\frac{2}{0}", PS_UNKNOWN);
    expect("0^0", "1", PS_UNKNOWN);
    expect("\\infty - \\infty", "0", PS_UNKNOWN);
}

static void long_texts_take_bounded_time(void **state) {
    (void)state;
    static const char *const pieces[] = {"\\",
                                         "(",
                                         "{",
                                         "}",
                                         "$",
                                         "$a ",
                                         "\\(",
                                         "-",
                                         "\\boxed{",
                                         "1,",
                                         "7",
                                         "\\left",
                                         "|",
                                         "^",
                                         "answer is ",
                                         "_{",
                                         "\\frac",
                                         "x+",
                                         "1 ",
                                         "!",
                                         "%",
                                         "\\{",
                                         "final answer",
                                         "####",
                                         "\\text{",
                                         "\n",
                                         "\\cup ",
                                         "(1,2),",
                                         "x=",
                                         "\xff",
                                         "½",
                                         "²",
                                         "\\begin{pmatrix}",
                                         "&",
                                         "\\\\",
                                         "<",
                                         "\\sqrt",
                                         "\\boxed6 ",
                                         "A",
                                         "(A) ",
                                         "all real numbers except ",
                                         "Let me know if you have 7 questions. ",
                                         "(Note 7)\n",
                                         "answer is 7? ",
                                         "half of 7 ",
                                         "2x+",
                                         "twenty-",
                                         "Sum: ",
                                         "."};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
        for (int mode = 0; mode < 2; mode++)
            for (size_t size = 100; size <= 1000000; size *= 100) {
                char *text = repeated(pieces[i], size / strlen(pieces[i]), "", "");
                ps_verify_options options = {.mode = (ps_verify_mode)mode};
                ps_verify_result result;
                assert_int_equal(ps_verify("5", text, &options, &result, NULL), PS_OK);
                assert_int_not_equal(result.verdict, PS_SAME);
                ps_verify_result_clear(&result);
                assert_int_not_equal(verdict_of(text, "5", (ps_verify_mode)mode), PS_SAME);
                assert_int_not_equal(verdict_of(text, text, (ps_verify_mode)mode), PS_DIFFERENT);
                free(text);
            }
}

static void deep_nesting_takes_bounded_stack(void **state) {
    (void)state;
    char *boxes = repeated("\\boxed{", 100000, "5", "}");
    expect(boxes, boxes, PS_SAME);
    expect("5", boxes, PS_SAME);
    ps_verify_result result;
    assert_int_equal(ps_verify("5", boxes, NULL, &result, NULL), PS_OK);
    assert_int_equal(result.verdict, PS_SAME);
    ps_verify_result_clear(&result);
    free(boxes);
    static const char *const open[] = {"(", "{", "\\sqrt{", "\\frac{1}{1+", "|", "\\sin(", "x^{", "-", "\\{", "f("};
    static const char *const close[] = {")", "}", "}", "}", "|", ")", "}", "", "\\}", ")"};
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        for (size_t n = 1; n <= 1000; n = n * 3 + 1) {
            char *text = repeated(open[i], n, "2", close[i]), *other = repeated(open[i], n, "2+0", close[i]);
            assert_int_not_equal(verdict_of(text, text, PS_VERIFY_STRICT), PS_DIFFERENT);
            (void)verdict_of(text, other, PS_VERIFY_STRICT);
            free(text);
            free(other);
        }
}

/* A product of matrices takes all nodes that a comparison may use: too large, not out of memory. */
static void trees_of_many_nodes_are_given_up(void **state) {
    (void)state;
    assert_int_not_equal(verdict_of("{Tn+1 \\choose [2over 2}", "1", PS_VERIFY_STRICT), PS_SAME);
    char *row = repeated("1&", 9, "1", ""), *rows = repeated(row, 1, "", "\\\\");
    char *cells = repeated(rows, 10, "", ""), *matrix = malloc(strlen(cells) + 40);
    assert_non_null(matrix);
    sprintf(matrix, "\\begin{pmatrix}%s\\end{pmatrix}", cells);
    char *eight = repeated(matrix, 8, "", ""), *nine = repeated(matrix, 9, "", "");
    expect(eight, nine, PS_UNKNOWN);
    expect(eight, eight, PS_SAME);
    assert_int_not_equal(verdict_of("5", nine, PS_VERIFY_MATH_VERIFY), PS_SAME);
    free(row);
    free(rows);
    free(cells);
    free(matrix);
    free(eight);
    free(nine);
}

static void answers_made_to_take_work_take_bounded_work(void **state) {
    (void)state;
    char *sines = repeated("\\sin 1 + ", 200, "\\pi", ""), *turned = repeated("", 1, "\\pi", " + \\sin 1");
    (void)verdict_of(sines, turned, PS_VERIFY_STRICT);
    free(sines);
    free(turned);
    char *gammas = repeated("(x^2)! + ", 100, "1", ""), *others = repeated("(x \\cdot x)! + ", 100, "1", "");
    assert_int_not_equal(verdict_of(gammas, others, PS_VERIFY_STRICT), PS_DIFFERENT);
    free(gammas);
    free(others);
    char *list = repeated("\\sqrt2+\\sqrt3,", 100, "1", ""), *same = repeated("\\sqrt{5+2\\sqrt6},", 100, "1", "");
    assert_int_not_equal(verdict_of(list, same, PS_VERIFY_STRICT), PS_DIFFERENT);
    free(list);
    free(same);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(huge_values_are_unknown_at_once), cmocka_unit_test(long_texts_take_bounded_time),
        cmocka_unit_test(deep_nesting_takes_bounded_stack), cmocka_unit_test(trees_of_many_nodes_are_given_up),
        cmocka_unit_test(answers_made_to_take_work_take_bounded_work)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
