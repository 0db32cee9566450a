/* Notation found by inventing answers in the style of the data sets: each rule with what it must not let through.
 * Every pair both ways round. */
#include "verify/support.h"

typedef struct pair {
    const char *a, *b;
} pair;

static void same(const pair *table, size_t n) {
    for (size_t i = 0; i < n; i++)
        expect(table[i].a, table[i].b, PS_SAME);
}

static void other(const pair *table, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (verdict_of(table[i].a, table[i].b, PS_VERIFY_STRICT) == PS_SAME ||
            verdict_of(table[i].b, table[i].a, PS_VERIFY_STRICT) == PS_SAME)
            fail_msg("'%s' and '%s' are not the same", table[i].a, table[i].b);
}
#define SAME(...)  same((const pair[]){__VA_ARGS__}, sizeof((const pair[]){__VA_ARGS__}) / sizeof(pair))
#define OTHER(...) other((const pair[]){__VA_ARGS__}, sizeof((const pair[]){__VA_ARGS__}) / sizeof(pair))

static void sets_of_numbers_are_their_points(void **state) {
    (void)state;
    SAME({"[-1,0)\\cup(0,1)\\cup(1,\\infty)", "x\\ge -1, x\\ne 0,1"},
         {"[-1,0)\\cup(0,1)\\cup(1,\\infty)", "x \\ge -1 \\text{ and } x \\neq 0, 1"},
         {"(-\\infty,-3)\\cup(5,\\infty)", "x < -3, x > 5"},
         {"(-\\infty,-3)\\cup(5,\\infty)", "\\{x \\in \\mathbb{R} : x<-3 \\text{ or } x>5\\}"},
         {"(-\\infty,-3)\\cup(5,\\infty)", "(-\\infty,-3)\\text{ or }(5,\\infty)"},
         {"(-\\infty,-3)\\cup(5,\\infty)", "(5,\\infty), (-\\infty,-3)"}, {"[0,\\pi]", "0\\leqq x\\leqq\\pi"},
         {"(1,4]", "]1,4]"}, {"(1,4)", "x\\in]1,4["}, {"(0,1)\\cup(2,3)", "]0,1[\\cup]2,3["},
         {"\\mathbb{R}", "\\text{any real number}"}, {"\\mathbb{R}", "\\text{All real } x"}, {"x\\ne0", "ℝ∖{0}"},
         {"\\mathbb{R}\\setminus\\{0\\}", "\\text{all real numbers except }0"},
         {"\\mathbb{R}\\setminus\\{1,2\\}", "all real numbers except 1 and 2"},
         {"\\mathbb{R}\\setminus\\{1\\}", "\\text{all real numbers except } x=1"});
    OTHER({"(-\\infty,-3)\\cup(5,\\infty)", "x > -3, x < 5"}, {"(0,3)", "(0,2),(1,3)"}, {"(0,2)", "(0,1),(1,2)"},
          {"[5,\\infty)", "]5,\\infty["}, {"[1,4]", "]1,4["}, {"(-\\infty,\\infty)", "(-\\infty,\\infty),[0,\\infty)"},
          {"0", "all real numbers except 0"}, {"\\mathbb{R}", "\\text{all real numbers except }0"},
          {"x^2 \\ge 1", "(-\\infty,-1]\\cup[1,\\infty)"}); /* not solved */
}

/* A pair whose second member is the smaller one is no empty interval. */
static void points_are_no_empty_intervals(void **state) {
    (void)state;
    OTHER({"(15,-29)", "\\emptyset"}, {"(0,0)", "\\emptyset"}, {"(3,2)", "\\text{None}"},
          {"(0,0),(1,1)", "\\text{no solution}"}, {"(3,2)\\cup(5,6)", "(5,6)"}, {"[2,3]", "x=2,y=3"},
          {"(2,3]", "x=2,y=3"}, {"[2,3)", "\\begin{pmatrix}2\\\\3\\end{pmatrix}"});
    SAME({"[5,5]", "\\{5\\}\\cup\\{5\\}"});
}

/* Plain words drop signs and brackets, so they decide only where there is no mathematics. */
static void words_hide_no_signs(void **state) {
    (void)state;
    OTHER({"12\"", "(1,2)"}, {"12\"", "1.2"}, {"12\"", "12!"}, {"B)", "a+b"}, {"B", "A, B"}, {"C", "\\text{A and C}"},
          {"(C)", "\\text{A, C}"}, {"\\oint x", "-\\oint x"}, {"1.5\\text{ apples}", "1,5\\text{ apples}"},
          {"\\text{June } 20", "\\text{June } 21"});
    SAME({"\\text{June 20}", "\\text{June } 20"}, {"\\text{A, C}", "\\text{A and C}"}, {"\\text{A, C}", "C, A"},
         {"\\text{(B)}", "B)"}, {"\\text{isosceles}", "\\text{an isosceles triangle}"},
         {"\\text{x-axis}", "\\text{the x axis}"});
}

static void numbers_keep_their_value_in_any_notation(void **state) {
    (void)state;
    SAME({"1,000,000", "1e6"}, {"\\frac{1}{5}", "one fifth"}, {"\\frac23", "\\text{two-thirds}"},
         {"\\frac12", "\\text{half}"}, {"\\frac15", "1\\text{ in }5"}, {"\\frac15", "1 in 5"},
         {"\\frac{3}{10}", "3\\text{ out of }10"}, {"2:3", "2 to 3"}, {"\\sqrt[n]{a}", "a^{1/n}"}, {"7:45", "7{:}45"});
    OTHER({"5", "1\\text{ in }5"}, {"2e-5", "0.00002"}, {"0,1", "1,000"}, {"4:03 p.m.", "4:3"}, {"3", "\\text{third}"});
}

static void numerals_keep_their_base(void **state) {
    (void)state;
    SAME({"1A3_{16}", "1A3"}, {"1A3_{16}", "\\text{1A3}"}, {"1A3_{16}", "1a3_{16}"}, {"1A3_{16}", "(1A3)_{16}"},
         {"1A3_{16}", "\\text{1A3}_{16}"}, {"11011_2", "11011_{\\text{base }2}"}, {"2516_8", "2516_{\\text{8}}"});
    OTHER({"1A3_{16}", "1A4"}, {"1A3_{16}", "1A3_{15}"}, {"1A3_{16}", "419"}, {"2a_{12}", "34"},
          {"1A3_{16}", "1A + 3"});
}

static void units_of_one_kind_are_converted(void **state) {
    (void)state;
    SAME({"30\\text{ km/h}", "30 km/h"}, {"30\\text{ km/h}", "30 \\frac{\\text{km}}{\\text{h}}"},
         {"9.8\\text{ m/s}^2", "9.8 m/s^2"}, {"9.8\\text{ m/s}^2", "9.8\\frac{\\text{m}}{\\text{s}^2}"},
         {"20^\\circ\\text{C}", "20^\\circ C"}, {"20^\\circ\\text{C}", "20°C"}, {"20^\\circ\\text{C}", "20"},
         {"\\frac12", "1/2 cup"}, {"\\max\\{3,5\\}", "5"}, {"\\$32,\\!348", "\\text{\\$}32,348"},
         {"1\\text{ m}^2", "10000\\text{ cm}^2"}, {"100\\text{ m}^2", "100\\,m^2"}, {"5\\text{ m}", "5 m"});
    OTHER({"30\\text{ km/h}", "30 m/s"}, {"100\\text{ cm}^2", "100\\,m^2"}, {"100\\text{ m}", "100\\,m^2"},
          {"5\\text{ cm}", "5 m"}, {"\\frac{k}{h}", "30 km/h"});
}

static void systems_of_equations_are_tuples_or_lists(void **state) {
    (void)state;
    SAME({"p=2, q=3 \\text{ or } p=3, q=2", "(p,q)=(2,3),(3,2)"}, {"p=2, q=3 \\text{ or } p=3, q=2", "(3,2),(2,3)"},
         {"x_1=1, x_2=-3", "x=1,-3"}, {"x_1=1, x_2=-3", "-3, 1"},
         {"(2,1)", "\\left\\{\\begin{array}{l}x=2\\\\y=1\\end{array}\\right."}, {"x_{1,2}=\\pm 2", "x=2,-2"},
         {"\\pi k, k \\in \\mathbb{Z}", "n\\pi, n\\in\\mathbb{Z}"}, {"x=\\pi k, k \\in \\mathbb{Z}", "x=k\\pi"},
         {"(1,2)", "B=2,A=1"}, {"x=2,3", "x=2,x=3"}, {"m+n=35", "35"},
         {"\\begin{pmatrix}0&3\\\\0&-1\\end{pmatrix}", "[[0,3],[0,-1]]"});
    OTHER({"p=2, q=3 \\text{ or } p=3, q=2", "(2,2),(3,3)"}, {"p=2, q=3 \\text{ or } p=3, q=2", "2,3"},
          {"a_1=1, a_2=-3", "-3, 1"}, {"\\begin{pmatrix}0&3\\\\0&-1\\end{pmatrix}", "[[0,0],[3,-1]]"},
          {"x=1 \\text{ or } x=2", "x=1, y=2"}, {"\\pi k, k \\in \\mathbb{Z}", "\\pi k, k \\in \\mathbb{N}"},
          {"\\pi k, k \\in \\mathbb{Z}", "2\\pi k, k \\in \\mathbb{Z}"}, {"x=2,3", "x=2,y=3"}, {"0", "x-y=0"},
          {"c", "a+b=c"}, {"(A)", "(A) and (C)"}, {"(A)", "\\text{(A), (C)}"});
}

/* What Math-Verify says too, or what both readings of a notation allow. */
static void math_verify_mode_has_the_references_readings(void **state) {
    (void)state;
    static const struct {
        pair of;
        ps_verdict expected;
    } table[] = {{{"5\\%", "5\\text{ percent}"}, PS_SAME},
                 {{"50", "50\\text{ percent}"}, PS_SAME},
                 {{"5\\%", "5"}, PS_DIFFERENT},
                 {{"[\\frac12,\\infty)", "[\\frac12,\\infty]"}, PS_SAME},
                 {{"[0,1)", "[0,1]"}, PS_DIFFERENT},
                 {{"500", "500 g"}, PS_SAME},
                 {{"5", "5 m^2"}, PS_DIFFERENT},
                 {{"3.5", "7/2 gallons"}, PS_SAME},
                 {{"500", "500 g"}, PS_SAME},
                 {{"5", "5 m^2"}, PS_DIFFERENT},
                 {{"3.5", "7/2 gallons"}, PS_SAME},
                 {{"2516_8", "2516_{\\text{8}}"}, PS_SAME},
                 {{"20^\\circ\\text{C}", "20"}, PS_SAME}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (verdict_of(table[i].of.a, table[i].of.b, PS_VERIFY_MATH_VERIFY) != table[i].expected)
            fail_msg("'%s' and '%s'", table[i].of.a, table[i].of.b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_of_numbers_are_their_points),
        cmocka_unit_test(points_are_no_empty_intervals),
        cmocka_unit_test(words_hide_no_signs),
        cmocka_unit_test(numbers_keep_their_value_in_any_notation),
        cmocka_unit_test(numerals_keep_their_base),
        cmocka_unit_test(units_of_one_kind_are_converted),
        cmocka_unit_test(systems_of_equations_are_tuples_or_lists),
        cmocka_unit_test(math_verify_mode_has_the_references_readings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
