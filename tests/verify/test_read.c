/* Every rule of the normaliser and the parser: what an answer is read as. */
#include "verify/support.h"

typedef struct reading {
    const char *text, *form; /* form NULL: it cannot be read */
} reading;

static void check(const reading *table, size_t n) {
    for (size_t i = 0; i < n; i++) {
        ps_verify_result result;
        assert_int_equal(ps_verify_answers_explained(table[i].text, table[i].text, NULL, &result, NULL), PS_OK);
        if (table[i].form == NULL && result.gold_form != NULL)
            fail_msg("'%s' was read as '%s'", table[i].text, result.gold_form);
        if (table[i].form != NULL && (result.gold_form == NULL || strcmp(result.gold_form, table[i].form) != 0))
            fail_msg("'%s': expected '%s', read '%s'", table[i].text, table[i].form,
                     result.gold_form != NULL ? result.gold_form : "(nothing)");
        ps_verify_result_clear(&result);
    }
}
#define CHECK(table) check(table, sizeof table / sizeof *table)

static void typography_says_nothing(void **state) {
    (void)state;
    static const reading table[] = {
        {"$5$", "5"},
        {"\\(5\\)", "5"},
        {"\\[ 5 \\]", "5"},
        {"$$5$$", "5"},
        {"\\boxed{5}", "5"},
        {"\\fbox{\\boxed{5}}", "5"},
        {"**5**", "5"},
        {"5.", "5"},
        {" 5 , ", "5"},
        {"\\left( 1, \\dfrac{1}{2} \\right)", "(1, 1/2)"},
        {"\\bigl( 1,2 \\bigr)", "(1, 2)"},
        {"\\displaystyle\\frac{1}{2}", "1/2"},
        {"\\tfrac12", "1/2"},
        {"\\cfrac{1}{2}", "1/2"},
        {"2\\,\\cdot\\;3", "2*3"},
        {"2 \\times 3", "2*3"},
        {"6 \\div 3", "6/3"},
        {"\\mathrm{x}+\\mathit{y}", "x + y"},
        {"\\\\frac{1}{2}", "1/2"},
        {"{5}", "5"},
        {"= 5", "5"},
        {"\\textbf{12}", "12"},
        {"−5", "-5"},
        {"√2 × π²", "root(2, 2)*(pi^2)"},
        {"½", "1/2"},
        {"x⁻¹²", "x^(-12)"},
        {"x≤3", "x <= 3"},
    };
    CHECK(table);
}

static void numbers_are_read_as_written(void **state) {
    (void)state;
    static const reading table[] = {
        {"3,400", "3400"},
        {"3, 400", "3, 400"},
        {"10,\\!080", "10080"},
        {"11,\\! 111,\\! 111,\\! 100", "11111111100"},
        {"10{,}080", "10080"},
        {"1 000 000", "1000000"},
        {"12\\,345", "12345"},
        {"1,2,3", "1, 2, 3"},
        {"(1,234)", "(1, 234)"},
        {"\\{1,234\\}", "{1, 234}"},
        {"(0,100)", "(0, 100)"},
        {"3 5 7", "3, 5, 7"},
        {".0000672", "0.0000672"},
        {"9.", "9"},
        {"4.\\overline{6}", "4.(6)"},
        {"0.1\\overline{23}", "0.1(23)"},
        {".\\overline{3}", "0.(3)"},
        {"0.(3)", "0.(3)"},
        {"0.333\\ldots", "0.33(3)"},
        {"0.1666...", "0.166(6)"},
        {"1\\frac45", "1 + 4/5"},
        {"137 \\frac{1}{2}", "137 + 1/2"},
        {"1 4/5", "1 + 4/5"},
        {"-1\\frac{1}{2}", "-(1 + 1/2)"},
        {"2\\frac{x}{3}", "2*(x/3)"},
        {"38\\frac{4}{7}^\\circ", "(38 + 4/7) deg"},
        {"52_8", "52_8"},
        {"52_{8}", "52_8"},
        {"204_{\\text{five}}", "204_5"},
        {"4210 \\text{ base 5}", "4210_5"},
        {"6.72 \\times 10^{-5}", "6.72*(10^(-5))"},
        {"10^-5", "10^(-5)"},
        {"2^10", "2^10"},
        {"25\\%", "25%"},
        {"25 percent", "25%"},
        {"25 \\text{ percent}", "25%"},
        {"90^\\circ", "90 deg"},
        {"90°", "90 deg"},
        {"90^{\\circ}", "90 deg"},
        {"90 degrees", "90 deg"},
        {"90\\text{ degrees}", "90 deg"},
        {"\\$36", "36 [dollar]"},
        {"$36", "36 [dollar]"},
        {"5 \\text{ million}", "5*1000000"},
        {"\\text{nine}", "9"},
        {"twenty-one", "21"},
        {"5^{\\text{th}}", "5"},
        {"7:32", "7:32"},
        {"4:30 \\text{ p.m.}", "4:30 pm"},
        {"\\text{4:30 a.m.}", "4:30 am"},
    };
    CHECK(table);
}

static void expressions_bind_as_mathematicians_mean(void **state) {
    (void)state;
    static const reading table[] = {
        {"\\frac12", "1/2"},
        {"\\frac 59", "5/9"},
        {"\\frac9{19}", "9/19"},
        {"\\frac{270}7", "270/7"},
        {"\\frac{\\sqrt3}{2}", "root(3, 2)/2"},
        {"11\\sqrt2", "11*root(2, 2)"},
        {"3\\sqrt13", "3*root(13, 2)"},
        {"\\sqrt[3]{8}", "root(8, 3)"},
        {"sqrt(5)", "root(5, 2)"},
        {"2xy^2", "2*x*(y^2)"},
        {"-x^2", "-(x^2)"},
        {"a/b/c", "(a/b)/c"},
        {"1/2x", "(1/2)*x"},
        {"x_1 + x_{12}", "x_1 + x_12"},
        {"f'(x)", "f'(x)"},
        {"f^{-1}(x)", "f^-1(x)"},
        {"P(2)", "P(2)"},
        {"x(x+1)", "x*(x + 1)"},
        {"\\sin 2x", "sin(2*x)"},
        {"\\sin x \\cos x", "sin(x)*cos(x)"},
        {"\\sin^2 x", "sin(x)^2"},
        {"\\sin^{-1} x", "arcsin(x)"},
        {"\\arctan(2)", "arctan(2)"},
        {"\\log_2 8", "log(8, 2)"},
        {"\\log_28", "log(8, 2)"},
        {"\\log_10 100", "log(100, 10)"},
        {"\\ln 2", "ln(2)"},
        {"e^{i\\pi}", "e^(i*pi)"},
        {"6-5\\mathrm{i}", "6 - 5*i"},
        {"|x-1|", "abs(x - 1)"},
        {"\\lfloor 2.5 \\rfloor", "floor(2.5)"},
        {"\\lceil x \\rceil", "ceil(x)"},
        {"10!", "factorial(10)"},
        {"5!!", "doublefactorial(5)"},
        {"\\binom{10}{5}", "binom(10, 5)"},
        {"\\gcd(12, 18)", "gcd(12, 18)"},
        {"17 \\bmod 5", "mod(17, 5)"},
        {"15\\mbox{ cm}^2", "15 [cm^2]"},
        {"15 cm^2", "15 [cm^2]"},
        {"864 \\text{ square inches}", "864 [square inches]"},
        {"3 \\text{ m}/\\text{s}", "3 [m per s]"},
        {"30 min", "30 [min]"},
        {"\\angle ABC", "angleABC"},
        {"\\sum_{k=1}^{n} k", "sum(k = 1, n, k)"},
    };
    CHECK(table);
}

static void sets_tuples_intervals_and_matrices_are_read(void **state) {
    (void)state;
    static const reading table[] = {
        {"1 \\pm \\sqrt{19}", "1 + root(19, 2), 1 - root(19, 2)"},
        {"\\pm 3", "3, -3"},
        {"\\{1\\pm\\sqrt{5},-2\\}", "{1 + root(5, 2), 1 - root(5, 2), -2}"},
        {"3, 5, \\text{ and } 7", "3, 5, 7"},
        {"x=5 or x=3", "x = 5, x = 3"},
        {"(3,4]", "(3, 4]"},
        {"\\langle 1,2,3\\rangle", "<1, 2, 3>"},
        {"(-\\infty, 2) \\cup (3, \\infty)", "(-oo, 2) u (3, oo)"},
        {"\\mathbb{R}\\setminus\\{3\\}", "(R) \\ {3}"},
        {"x \\in [-2,7]", "x in [-2, 7]"},
        {"x<2 \\text{ or } x>3", "x < 2 or x > 3"},
        {"x \\ge 0, x \\neq 1", "x >= 0 and x != 1"},
        {"-2\\le x\\le 7", "-2 <= x <= 7"},
        {"\\{x | x > 2\\}", "x > 2"},
        {"\\{x : x > 2\\}", "x > 2"},
        {"\\emptyset", "{}"},
        {"\\text{no solution}", "{}"},
        {"\\text{all real numbers}", "R"},
        {"\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\\\ \\end{pmatrix}", "[1, 2; 3, 4]"},
        {"\\left[\\begin{array}{cc}1 & 2 \\\\ 3 & 4\\end{array}\\right]", "[1, 2; 3, 4]"},
        {"\\frac12\\begin{bmatrix}2\\\\4\\end{bmatrix}", "[2*(1/2); 4*(1/2)]"},
        {"\\text{(C)}", "choice C"},
        {"(C)", "choice C"},
        {"C) 12", "choice C"},
        {"\\text{Evelyn}", "\"evelyn\""},
        {"Evelyn", "\"evelyn\""},
        {"neither even nor odd", "\"neither even nor odd\""},
        {"2, \\ldots, 5", "2, ..., 5"},
    };
    CHECK(table);
}

static void what_cannot_be_read_is_left_unread(void **state) {
    (void)state;
    static const reading table[] = {
        {"", NULL},
        {"1 +", NULL},
        {"(1, 2", NULL},
        {"\\frac{1}", NULL},
        {"\\begin{cases} 1 \\\\ 2 \\end{cases}", NULL},
        {"\\int_0^1 x dx", NULL},
        {"\\foo{1}", NULL},
        {"|x", NULL},
        {"52_{x}", NULL},
        {"\\begin{pmatrix} 1 & 2 \\\\ 3 \\end{pmatrix}", NULL},
        {"4 adults 6 children", NULL},
        {"5 \\text{ or so}", "5, \"so\""},
        {"almost 5", NULL},
    };
    CHECK(table);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(typography_says_nothing),
        cmocka_unit_test(numbers_are_read_as_written),
        cmocka_unit_test(expressions_bind_as_mathematicians_mean),
        cmocka_unit_test(sets_tuples_intervals_and_matrices_are_read),
        cmocka_unit_test(what_cannot_be_read_is_left_unread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
