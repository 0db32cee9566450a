/* The rules of comparison, each in both directions. */
#include "verify/support.h"

typedef struct rule {
    const char *a, *b;
    ps_verdict expected;
} rule;

static void check(const rule *table, size_t n) {
    for (size_t i = 0; i < n; i++)
        expect(table[i].a, table[i].b, table[i].expected);
}
#define CHECK(table) check(table, sizeof table / sizeof *table)
#define SAME         PS_SAME
#define OTHER        PS_DIFFERENT

static void numbers_are_compared_by_value_exactly(void **state) {
    (void)state;
    static const rule table[] = {
        {"0.5", "\\frac12", SAME},
        {"4.\\overline{6}", "\\frac{14}{3}", SAME},
        {"0.999\\ldots", "1", SAME},
        {"1\\frac45", "1.8", SAME},
        {"1 4/5", "\\frac95", SAME},
        {"3 5 7", "105", OTHER},
        {"3 5 7", "15", OTHER},
        {".0000672", ".000067", OTHER},
        {".0000672", "6.72 \\cdot 10^{-5}", SAME},
        {"\\frac{1}{2004!}", "\\frac{1}{2006!}", OTHER},
        {"2^{1000}", "4^{500}", SAME},
        {"\\frac{1}{2^{99}}", "\\frac{1}{2^{98}}", OTHER},
        {"i^2", "-1", SAME},
        {"6-5\\mathrm{i}", "6 - 5i", SAME},
        {"6-5\\mathrm{i}", "1", OTHER},
        {"\\frac{1}{1+i}", "\\frac{1-i}{2}", SAME},
        {"\\sqrt[3]{-8}", "-2", SAME},
        {"(-8)^{1/3}", "-2", SAME},
        {"\\sqrt{-4}", "2i", SAME},
        {"3\\sqrt13", "\\sqrt{117}", SAME},
        {"3\\sqrt13", "9", OTHER},
        {"\\binom{10}{5}", "252", SAME},
        {"\\lfloor 7/2 \\rfloor", "3", SAME},
        {"\\text{nine}", "9", SAME},
        {"5 \\text{ million}", "5000000", SAME},
        {"\\infty", "-\\infty", OTHER},
        {"\\infty", "10^{100}", OTHER},
        {"1{,}000", "1000", SAME},
    };
    CHECK(table);
}

static void a_decimal_of_six_digits_may_be_rounded(void **state) {
    (void)state;
    static const rule table[] = {
        {"\\pi", "3.14159", SAME},          {"\\pi", "3.14159265", SAME},
        {"\\pi", "3.1415", OTHER},          {"\\pi", "3.14160", OTHER},
        {"\\frac{14}{3}", "4.66667", SAME}, {"\\frac{14}{3}", "4.66666", SAME},
        {"\\frac{14}{3}", "4.667", OTHER},  {"3", "2.9999999", OTHER},
        {"3.141592", "3.1415926", OTHER},   {"-\\sqrt2", "-1.41421", SAME},
        {"-\\sqrt2", "-1.41422", OTHER},    {"\\sqrt{1+10^{-12}}", "1.0000009", OTHER},
    };
    CHECK(table);
}

static void constants_are_compared_by_value(void **state) {
    (void)state;
    static const rule table[] = {
        {"\\frac{\\sqrt3}{3}", "\\frac{1}{\\sqrt3}", SAME},
        {"\\frac{\\sqrt3}{3}", "\\frac{\\sqrt3}{2}", OTHER},
        {"\\sqrt{5+2\\sqrt6}", "\\sqrt2+\\sqrt3", SAME},
        {"\\frac{44}{\\sqrt5-1}", "11\\sqrt5+11", SAME},
        {"e^{i\\pi}", "-1", SAME},
        {"\\ln 8", "3\\ln 2", SAME},
        {"\\log_2 8", "3", SAME},
        {"\\log 100", "2", SAME},
        {"\\arctan 1", "\\frac{\\pi}{4}", SAME},
        {"\\sin^{-1}(1)", "\\frac{\\pi}{2}", SAME},
        {"\\sin \\frac{\\pi}{3}", "\\frac{\\sqrt3}{2}", SAME},
        {"\\cos 36^\\circ", "\\frac{1+\\sqrt5}{4}", SAME},
        {"18+2\\pi", "20\\pi", OTHER},
        {"\\sqrt[3]{2+\\sqrt5} + \\sqrt[3]{2-\\sqrt5}", "1", SAME},
        {"|3-4i|", "5", SAME},
    };
    CHECK(table);
}

static void expressions_are_compared_as_functions(void **state) {
    (void)state;
    static const rule table[] = {
        {"(a+5)(b+2)", "ab+2a+5b+10", SAME},
        {"x^5-x^4+x^3-x^2+x-1", "\\frac{x^6-1}{x+1}", SAME},
        {"x^3+3x-6", "x^3+3x+6", OTHER},
        {"x^3+3x-6", "y^3+3y-6", OTHER},
        {"3R^2", "3r^2", SAME},
        {"R^2-r^2", "r^2-R^2", OTHER},
        {"\\cot x", "\\frac{\\cos x}{\\sin x}", SAME},
        {"\\cot x", "\\tan x", OTHER},
        {"\\tan^2 y+1", "\\sec^2 y", SAME},
        {"2\\sin x\\cos x", "\\sin 2x", SAME},
        {"\\sqrt{x^2}", "|x|", SAME},
        {"\\sqrt{x^2}", "x", OTHER},
        {"\\frac{x^2-1}{x-1}", "x+1", SAME},
        {"x^{1/2}", "\\sqrt x", SAME},
        {"e^{x+y}", "e^x e^y", SAME},
        {"x_1+x_2", "x_2+x_1", SAME},
        {"\\frac{n!}{(n-1)!}", "n", SAME},
        {"F(x)", "F(y)", PS_UNKNOWN},
    };
    CHECK(table);
}

static void units_may_be_left_out_but_not_contradicted(void **state) {
    (void)state;
    static const rule table[] = {
        {"15\\text{ cm}^2", "15", SAME},
        {"15\\text{ cm}^2", "15 cm^2", SAME},
        {"15\\text{ cm}^2", "15\\text{ square centimeters}", SAME},
        {"15\\text{ cm}^2", "15\\text{ cm}", OTHER},
        {"15\\text{ cm}", "15\\text{ m}", OTHER},
        {"1\\text{ hour}", "60\\text{ minutes}", SAME},
        {"1\\text{ hour}", "1\\text{ minute}", OTHER},
        {"5.4\\text{ cents}", "\\$0.054", SAME},
        {"5.4\\text{ cents}", "\\$5.4", OTHER},
        {"50\\text{ cents}", "0.50", SAME},
        {"\\$0.50", "50", OTHER},
        {"7 \\text{ and a half}", "7.5", SAME},
        {"7 \\text{ and a half}", "7", OTHER},
        {"3 out of 8 students", "3", SAME},
        {"3 out of 8", "\\frac38", SAME},
        {"3 out of 8", "8", OTHER},
        {"3 out of 8", "3 out of 7", OTHER},
        {"58500", "58500\\text{ people}", SAME},
        {"5\\text{ apples}", "5\\text{ pears}", SAME},
        {"5 m", "5", SAME},
        {"5m", "5n", OTHER},
        {"\\$36", "36^\\circ", OTHER},
        {"25\\%", "25", SAME},
        {"25\\%", "0.25", SAME},
        {"25\\%", "\\frac14", SAME},
        {"25\\%", "2500\\%", OTHER},
        {"0.28", "0.28\\%", OTHER},
        {"\\frac12", "\\frac12\\%", OTHER},
        {"28\\%", "28\\text{ students}", OTHER},
        {"30^\\circ", "30\\text{ rad}", OTHER},
        {"180^\\circ", "\\pi\\text{ rad}", SAME},
        {"|A\\cap B| = 12", "12", SAME},
        {"Sum: 24", "24", SAME},
        {"x+1, x \\ne 0", "x+1", SAME},
        {"\\forall x>0, f(x)=0", "f(x)=0", SAME},
        {"twenty-one apples", "21", SAME},
        {"90^\\circ", "90", SAME},
        {"90^\\circ", "\\frac{\\pi}{2}", SAME},
        {"90^\\circ", "9", OTHER},
    };
    CHECK(table);
}

static void bases_by_digits_and_ratios_by_proportion(void **state) {
    (void)state;
    static const rule table[] = {
        {"52_8", "52_{8}", SAME},
        {"52_8", "52_9", OTHER},
        {"52_8", "52", SAME},
        {"52_8", "42", OTHER},
        {"204_5", "204_{\\text{five}}", SAME},
        {"7:32", "14:64", SAME},
        {"7:32", "\\frac{7}{32}", SAME},
        {"12:30", "1:30", OTHER},
        {"12:30", "4:10", OTHER},
        {"4:30 p.m.", "4:30", SAME},
        {"4:30 p.m.", "4:30 a.m.", OTHER},
        {"1:2:3", "2:4:6", SAME},
    };
    CHECK(table);
}

static void lists_in_any_order_tuples_in_theirs(void **state) {
    (void)state;
    static const rule table[] = {
        {"1,-2", "-2, 1", SAME},
        {"1,-2", "\\{-2,1\\}", SAME},
        {"1,-2", "x=1 \\text{ or } x=-2", SAME},
        {"1,-2", "(1,-2)", OTHER},
        {"1,-2", "(1,-2,3)", OTHER},
        {"1,-2", "-1,2", OTHER},
        {"\\{1,1,2\\}", "\\{1,2\\}", SAME},
        {"3,5,7", "357", OTHER},
        {"100,200,300", "100, 200, 300", SAME},
        {"1\\pm\\sqrt{19}", "1-\\sqrt{19},1+\\sqrt{19}", SAME},
        {"1\\pm\\sqrt{19}", "1+\\sqrt{19}", OTHER},
        {"x=1\\pm\\sqrt{19}", "1\\pm\\sqrt{19}", SAME},
        {"\\{5\\}", "5", SAME},
        {"(1,2),(2,1)", "(2,1), (1,2)", SAME},
        {"(1,2),(2,1)", "(1,2),(1,2)", OTHER},
        {"(-2,1)", "(1,-2)", OTHER},
        {"(-2,1)", "[-2,1]", OTHER},
        {"(-2,1)", "\\{-2,1\\}", OTHER},
        {"(-2,1)", "x=-2,y=1", SAME},
        {"(-2,1)", "(x,y)=(-2,1)", SAME},
        {"x=-2,y=1", "y=1,x=-2", SAME},
        {"x=-2,y=1", "(x,y)=(-2,1)", SAME},
        {"x=-2,y=1", "x=1,y=-2", OTHER},
        {"(6,31,-1)", "\\langle 6,31,-1\\rangle", SAME},
        {"\\begin{pmatrix}1\\\\2\\end{pmatrix}", "(1,2)", SAME},
        {"\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\begin{pmatrix}1&2\\end{pmatrix}", OTHER},
        {"\\begin{pmatrix}1/5\\\\-18/5\\end{pmatrix}", "\\frac15\\begin{pmatrix}1\\\\-18\\end{pmatrix}", SAME},
        {"\\begin{pmatrix}6&8\\\\10&12\\end{pmatrix}",
         "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}+\\begin{pmatrix}5&6\\\\7&8\\end{pmatrix}", SAME},
        {"\\begin{pmatrix}19&22\\\\43&50\\end{pmatrix}",
         "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}\\begin{pmatrix}5&6\\\\7&8\\end{pmatrix}", SAME},
    };
    CHECK(table);
}

static void sets_of_reals_by_their_points(void **state) {
    (void)state;
    static const rule table[] = {
        {"[-2,7]", "-2\\le x\\le 7", SAME},
        {"[-2,7]", "x \\in [-2,7]", SAME},
        {"[-2,7]", "[-2,7)", OTHER},
        {"(2,\\infty)", "x>2", SAME},
        {"(2,\\infty)", "2 < x < \\infty", SAME},
        {"(-\\infty,2)\\cup(3,\\infty)", "x<2 \\text{ or } x>3", SAME},
        {"(-\\infty,2)\\cup(3,\\infty)", "\\mathbb{R}\\setminus[2,3]", SAME},
        {"(-\\infty,2)\\cup(3,\\infty)", "(3,\\infty)\\cup(-\\infty,2)", SAME},
        {"(-\\infty,3)\\cup(3,\\infty)", "x \\ne 3", SAME},
        {"(-\\infty,3)\\cup(3,\\infty)", "\\mathbb{R}-\\{3\\}", SAME},
        {"(-\\infty,\\infty)", "\\mathbb{R}", SAME},
        {"(0,2)\\cup(1,3)", "(0,3)", SAME},
        {"(0,1)\\cup[1,3)", "(0,3)", SAME},
        {"(0,1)\\cup(1,3)", "(0,3)", OTHER},
        {"(-\\sqrt3,\\sqrt3)", "|x|<\\sqrt3", SAME},
        {"(-2,4)", "|x-1|<3", SAME},
        {"(-\\infty,-2)\\cup(4,\\infty)", "|x-1|>3", SAME},
        {"x<1", "-x>-1", SAME},
        {"x<1", "2x<2", SAME},
        {"x<1", "y<1", OTHER},
        {"x<1", "x\\le1", OTHER},
        {"x\\le 5", "5\\ge x", SAME},
        {"x+y<1", "2x+2y<2", SAME},
        {"x+y<1", "-x-y<-1", OTHER},
        {"\\{-1\\}\\cup[0,7)", "[0,7)\\cup\\{-1\\}", SAME},
        {"[0,5]\\cap[3,9]", "[3,5]", SAME},
        {"\\emptyset", "\\text{no solution}", SAME},
        {"(a,b)\\cup(c,d)", "(c,d)\\cup(a,b)", SAME},
        {"0<f(x)<1", "(0,1)", SAME},
    };
    CHECK(table);
}

static void equations_up_to_a_factor_and_names_left_out(void **state) {
    (void)state;
    static const rule table[] = {
        {"x=5", "5", SAME},
        {"x=5", "5=x", SAME},
        {"x=5", "y=5", OTHER},
        {"5", "2x+1=5", OTHER},
        {"0", "a+3z=0", OTHER},
        {"y=2x+3", "2x+3", SAME},
        {"y=2x+3", "2x-y+3=0", SAME},
        {"y=2x+3", "f(x)=2x+3", SAME},
        {"5x-7y+11z+4=0", "10x-14y+22z=-8", SAME},
        {"5x-7y+11z+4=0", "5x-7y+11z=4", OTHER},
        {"x^2/4+y^2/3=1", "3x^2+4y^2=12", SAME},
        {"\\sqrt2 x + y = 1", "2x+\\sqrt2 y=\\sqrt2", SAME},
        {"x=5+5+1=11", "11", SAME},
        {"2+3=5", "5", SAME},
        {"AB/CD=\\frac23", "\\frac23", SAME},
        {"m+n=35", "35", SAME},
        {"x \\approx 3.14159", "\\pi", SAME},
        {"\\pi \\approx 3.14", "\\pi", SAME},
        {"f(2)<f(1)<f(4)", "f(4)>f(1)>f(2)", SAME},
        {"f(2)<f(1)<f(4)", "f(1)<f(2)<f(4)", OTHER},
    };
    CHECK(table);
}

static void words_whatever_their_case_and_articles(void **state) {
    (void)state;
    static const rule table[] = {
        {"\\text{Evelyn}", "evelyn", SAME},
        {"\\text{Evelyn}", "\\textbf{Evelyn}.", SAME},
        {"\\text{even}", "even", SAME},
        {"\\text{even}", "neve", OTHER},
        {"\\text{even}", "\\text{even function}", SAME},
        {"\\text{even}", "\\text{not even}", OTHER},
        {"\\text{even}", "\\text{neither}", OTHER},
        {"\\text{ellipse}", "\\text{an ellipse}", SAME},
        {"\\text{east}", "west", OTHER},
        {"\\text{yes}", "yes", SAME},
        {"\\text{(C)}", "C", SAME},
        {"\\text{(C)}", "\\text{(C) } 12", SAME},
        {"\\text{(C)}", "(B)", OTHER},
        {"12", "\\text{(C) } 12", SAME},
        {"\\text{(C)}", "12", OTHER},
    };
    CHECK(table);
}

static void every_verdict_says_its_stage_and_reason(void **state) {
    (void)state;
    ps_verify_result result;
    assert_int_equal(ps_verify("\\sqrt{5+2\\sqrt6}", "It is $\\boxed{\\sqrt2+\\sqrt3}$.", NULL, &result, NULL), PS_OK);
    assert_int_equal(result.verdict, PS_SAME);
    assert_string_equal(result.extracted, "\\sqrt2+\\sqrt3");
    assert_string_equal(result.response_form, "root(2, 2) + root(3, 2)");
    assert_string_equal(result.stage, "ball");
    assert_string_equal(result.reason, "the same to 2^-1000, not proven");
    ps_verify_result_clear(&result);
    assert_null(result.extracted);
    assert_int_equal(ps_verify("5", "", NULL, &result, NULL), PS_OK);
    assert_int_equal(result.verdict, PS_DIFFERENT);
    assert_string_equal(result.stage, "extract");
    ps_verify_result_clear(&result);
    ps_error err;
    assert_int_equal(ps_verify(NULL, "", NULL, &result, &err), PS_ARG);
    ps_verify_thread_end();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_compared_by_value_exactly),
        cmocka_unit_test(a_decimal_of_six_digits_may_be_rounded),
        cmocka_unit_test(constants_are_compared_by_value),
        cmocka_unit_test(expressions_are_compared_as_functions),
        cmocka_unit_test(units_may_be_left_out_but_not_contradicted),
        cmocka_unit_test(words_whatever_their_case_and_articles),
        cmocka_unit_test(lists_in_any_order_tuples_in_theirs),
        cmocka_unit_test(bases_by_digits_and_ratios_by_proportion),
        cmocka_unit_test(sets_of_reals_by_their_points),
        cmocka_unit_test(equations_up_to_a_factor_and_names_left_out),
        cmocka_unit_test(every_verdict_says_its_stage_and_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
