/* The many ways to write one answer, and answers that look like it and are another: rule by rule of docs/verifier.md,
 * every pair both ways round. */
#include "verify/support.h"

enum { MOST = 52 };

typedef struct answer {
    const char *gold, *same[MOST], *other[MOST]; /* both end in NULL */
} answer;

static void check(const answer *table, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const answer *a = &table[i];
        for (size_t k = 0; k < MOST && a->same[k] != NULL; k++)
            expect(a->gold, a->same[k], PS_SAME);
        for (size_t k = 0; k < MOST && a->other[k] != NULL; k++)
            if (verdict_of(a->gold, a->other[k], PS_VERIFY_STRICT) == PS_SAME ||
                verdict_of(a->other[k], a->gold, PS_VERIFY_STRICT) == PS_SAME)
                fail_msg("'%s' and '%s' are not the same", a->gold, a->other[k]);
    }
}
#define CHECK(table) check(table, sizeof table / sizeof *table)

/* Rule: Fractions by value; an integer before a fraction is a mixed number. */
static void fractions_are_compared_by_value(void **state) {
    (void)state;
    static const answer table[] = {
        {"\\frac{7}{8}",
         {"\\dfrac{7}{8}",
          "\\tfrac78",
          "7/8",
          "0.875",
          ".875",
          "\\frac{14}{16}",
          "\\frac78",
          "{7 \\over 8}",
          "\\left(\\frac{7}{8}\\right)",
          "\\cfrac{7}{8}",
          "7\\div 8",
          "87.5\\%",
          "\\frac{7}{8}.",
          "$\\frac{7}{8}$",
          "\\frac{-7}{-8}",
          "7\\cdot 8^{-1}",
          "7:8",
          "\\frac{7}{8}\\text{ of the pie}",
          "\\text{7/8}",
          "\\mathbf{\\frac78}",
          "\\displaystyle{\\frac{7}{8}}"},
         {"\\frac{8}{7}", "-\\frac{7}{8}", "0.87", "0.88", "78", "7,8", "\\frac78 x", "(7,8)", "7\\frac18"}},
        {"-\\frac{3}{11}",
         {"\\frac{-3}{11}", "\\frac{3}{-11}", "-3/11", "-0.\\overline{27}", "-0.2727272727", "-.\\overline{27}",
          "-\\frac3{11}", "−3/11", "- \\frac {3} {11}"},
         {"\\frac{3}{11}", "-0.27", "-\\frac{11}{3}"}},
        {"3\\frac{1}{7}",
         {"\\frac{22}{7}", "3 1/7", "3 \\frac17", "3+\\frac17", "3\\,\\frac{1}{7}", "3\\tfrac{1}{7}", "3~\\dfrac{1}{7}",
          "22/7", "3-1/7 + 2/7"},
         {"\\frac37", "\\frac{31}{7}", "3.14", "\\pi"}},
        {"-2\\frac{3}{4}", {"-2.75", "-\\frac{11}{4}", "-2 3/4"}, {"-1.25", "-\\frac54", "-1.5"}},
    };
    CHECK(table);
}

/* Rule: A comma or thin space before groups of three digits joins them; a space after the comma makes a list. */
static void groups_of_three_digits_are_one_number(void **state) {
    (void)state;
    static const answer table[] = {
        {"1,234,567",
         {"1234567", "1{,}234{,}567", "1\\,234\\,567", "1\\!,\\!234\\!,\\!567", "1,\\!234,\\!567", "1 234 567",
          "1{,}234{,}567.0", "1.234567\\times 10^6", "1,234,567.", "1.234567 \\text{ million}", "1\\;234\\;567",
          "1\\ 234\\ 567", "1\\thinspace234\\thinspace567", "1{\\,}234{\\,}567"},
         {"1,234", "1234,567", "123456", "1.234567", "1234568"}},
        {"45,600",
         {"45600", "\\$45{,}600", "\\$ 45,600", "45,600\\text{ dollars}", "45,600.00", "45.6\\text{ thousand}",
          "45,600 people"},
         {NULL}},
        {"\\$7.50",
         {"7.5", "7.50", "\\$7.5", "7.50 \\text{ dollars}", "7\\frac12", "750\\text{ cents}", "\\$7\\frac{1}{2}",
          "750¢", "\\mathdollar 7.50"},
         {"\\$75", "\\$7.05", "750", "7.50\\text{ cents}"}},
        {"\\pounds 12", {"12", "£12", "12\\text{ pounds}"}, {"\\$12"}},
        {"€ 40", {"40", "40 euros", "40\\text{ euro}"}, {NULL}},
    };
    CHECK(table);
}

/* Rule: Percent by value, or the sign was left out. */
static void a_percent_sign_counts_or_was_left_out(void **state) {
    (void)state;
    static const answer table[] = {
        {"12.5\\%",
         {"12.5", "0.125", "\\frac18", "12\\frac12\\%", "12.5 \\text{ percent}", "12.5\\text{ per cent}", "12.50\\%",
          "12.5%", "\\frac{25}{2}\\%"},
         {"1.25", "125\\%", "0.0125", "\\frac14"}},
        {"120\\%", {"1.2", "\\frac65", "120"}, {NULL}},
        {"0.3\\%", {"0.003", "\\frac{3}{1000}"}, {"30", "0.03"}},
    };
    CHECK(table);
}

/* Rule: Degrees by value in radians, or the sign was left out; minutes of arc. */
static void a_degree_sign_counts_or_was_left_out(void **state) {
    (void)state;
    static const answer table[] = {
        {"45^\\circ",
         {"45^{\\circ}", "45\\degree", "45°", "45 \\text{ degrees}", "45^\\text{o}", "45^{\\text{o}}",
          "\\angle A = 45^\\circ", "45\\text{ deg}", "\\frac{\\pi}{4}", "45^o", "\\frac{\\pi}{4}\\text{ radians}",
          "\\frac\\pi4 \\text{ rad}", "45.0^\\circ"},
         {"54^\\circ", "\\frac{\\pi}{3}", "4.5^\\circ", "45^\\circ 30^\\prime"}},
        {"\\frac{2\\pi}{3}",
         {"120^\\circ", "\\frac23\\pi", "2\\pi/3", "\\frac{2}{3}\\cdot\\pi", "\\frac{2\\pi}{3}\\text{ radians}",
          "\\dfrac{2 \\pi}{3}", "\\frac{2 * \\pi}{3}", "\\frac{4\\pi}{6}", "(2/3)\\pi", "2π/3"},
         {"\\frac{2}{3}", "\\frac{3\\pi}{2}", "60^\\circ", "120"}},
        {"22.5^\\circ", {"\\frac{\\pi}{8}", "22^\\circ 30^\\prime", "22^\\circ 30'", "22\\frac12^\\circ"}, {NULL}},
    };
    CHECK(table);
}

/* Rule: Units of one kind are converted, unknown ones ignored; what measures something else is another answer. */
static void units_are_converted_or_were_left_out(void **state) {
    (void)state;
    static const answer table[] = {
        {"24\\text{ cm}^3",
         {"24", "24\\text{ cubic centimeters}", "24 cm^3", "24\\,\\mathrm{cm}^3", "24\\ \\text{cm}^{3}",
          "24~\\mathrm{cm^3}", "24 \\text{cm}^3.", "24\\text{ cm³}", "24 cm³", "24\\text{ mL}", "24\\,\\text{cubic cm}",
          "0.024\\text{ liters}", "V = 24\\text{ cm}^3", "24 \\operatorname{cm}^3", "24\\mbox{ cm}^3",
          "24\\textrm{ cm}^3"},
         {"24\\text{ cm}^2", "24\\text{ m}^3", "42\\text{ cm}^3", "24\\text{ inches}"}},
        {"60\\text{ mph}",
         {"60", "60\\text{ miles per hour}", "60\\,\\frac{\\text{miles}}{\\text{hour}}", "60\\text{ miles/hour}",
          "60 \\text{ mi/h}", "60 miles per hour", "60\\frac{\\text{mi}}{\\text{hr}}"},
         {"60\\text{ km/h}", "1\\text{ mph}"}},
        {"90\\text{ minutes}",
         {"1.5\\text{ hours}", "90", "90 min", "1\\frac12\\text{ hours}", "1 \\text{ hour } 30 \\text{ minutes}",
          "1\\text{ hour and }30\\text{ minutes}", "5400\\text{ seconds}"},
         {"90\\text{ hours}", "1.5", "1\\text{ hour }20\\text{ minutes}"}},
        {"2\\text{ kg}", {"2000\\text{ g}", "2\\text{ kilograms}", "2", "2 kg", "2\\,\\mathrm{kg}"}, {NULL}},
        {"5\\text{ ft}", {"60\\text{ inches}", "5\\text{ feet}", "5 ft", "5"}, {NULL}},
        {"3\\text{ units}^2",
         {"3", "3\\text{ square units}", "3\\text{ sq. units}", "3\\text{ units squared}"},
         {NULL}},
        {"17\\text{ students}", {"17", "17 students", "17\\text{ students.}", "\\text{17 students}"}, {NULL}},
    };
    CHECK(table);
}

/* Rule: Powers of ten by value: 1.5e3 and times ten to the third. */
static void powers_of_ten_are_compared_by_value(void **state) {
    (void)state;
    static const answer table[] = {
        {"3.2\\times10^4",
         {"32000", "32,000", "3.2\\cdot 10^{4}", "3.2e4", "3.2E4", "3.2 * 10^4", "32\\times 10^3",
          "3.20 \\times 10^{4}", "3.2 x 10^4", "3.2×10⁴"},
         {"3.2", "3200", "3.2\\times 10^{-4}", "320000"}},
        {"4.5\\times10^{-3}",
         {"0.0045", ".0045", "4.5e-3", "\\frac{9}{2000}", "45 \\times 10^{-4}"},
         {"0.045", "4500"}},
    };
    CHECK(table);
}

/* Rule: A period goes on for ever when it is marked, or shown three times before the dots. */
static void a_marked_period_goes_on_for_ever(void **state) {
    (void)state;
    static const answer table[] = {
        {"0.\\overline{36}",
         {"\\frac{4}{11}", "0.363636\\ldots", "0.\\overline{36}\\ldots", "0.(36)", "0.3636363636", ".\\overline{36}",
          "0.36\\overline{36}", "0.\\dot{3}\\dot{6}", "0.\\bar{36}"},
         {"0.36", "\\frac{9}{25}", "0.3\\overline{6}"}},
        {"2.1\\overline{3}",
         {"\\frac{32}{15}", "2.1333\\ldots", "2\\frac{2}{15}", "2.13333333", "2.1\\bar{3}", "2.1\\bar3",
          "2.1\\overline3"},
         {NULL}},
    };
    CHECK(table);
}

/* Rule: Numerals by equal digits and base, or the base was left out; never by value. */
static void numerals_are_compared_by_digits_and_base(void **state) {
    (void)state;
    static const answer table[] = {
        {"1011_2",
         {"1011_{2}", "(1011)_2", "1011", "1011_{\\text{two}}", "1011\\text{ base }2", "1011_{\\text{2}}",
          "1011 \\text{ (base 2)}", "1011 in base 2", "\\text{1011}_2", "{1011}_2", "1011_{(2)}"},
         {"11", "1011_3", "1101_2", "1011_{10}"}},
        {"2A7_{16}", {NULL}, {"2A8_{16}"}},
    };
    CHECK(table);
}

/* Rule: Roots by value; unbraced roots take the whole number. */
static void roots_are_compared_by_value(void **state) {
    (void)state;
    static const answer table[] = {
        {"\\sqrt{72}",
         {"6\\sqrt{2}", "6\\sqrt2", "6 \\sqrt 2", "6\\cdot\\sqrt{2}", "\\sqrt{72}.", "\\frac{12}{\\sqrt2}", "72^{1/2}",
          "6*sqrt(2)", "6√2", "2\\sqrt{18}", "6\\cdot 2^{0.5}", "6 \\times \\sqrt{2}", "\\sqrt[2]{72}", "8.485281374",
          "6\\sqrt{2}\\text{ units}", "\\sqrt {72}", "72^{\\frac12}", "6\\surd2"},
         {"2\\sqrt6", "\\sqrt{27}", "6+\\sqrt2", "8.49", "36\\sqrt2", "\\sqrt[3]{72}", "72"}},
        {"\\frac{3+\\sqrt{5}}{2}",
         {"\\frac{\\sqrt5+3}2", "\\frac32+\\frac{\\sqrt5}2", "1.5+0.5\\sqrt5", "\\frac{1}{2}(3+\\sqrt{5})",
          "\\left(\\frac{1+\\sqrt5}{2}\\right)^2", "(3+\\sqrt5)/2", "\\frac{2}{3-\\sqrt5}",
          "\\sqrt{\\frac{7+3\\sqrt5}{2}}", "1+\\frac{1+\\sqrt5}{2}"},
         {"\\frac{3-\\sqrt{5}}{2}", "3+\\frac{\\sqrt5}{2}", "\\frac{3\\pm\\sqrt5}{2}", "2.618"}},
        {"\\sqrt{3+2\\sqrt{2}}", {"1+\\sqrt2", "\\sqrt2+1"}, {NULL}},
        {"\\sqrt[3]{54}", {"3\\sqrt[3]{2}", "3\\cdot 2^{1/3}", "54^{\\frac13}", "3 \\sqrt[3]2"}, {NULL}},
        {"\\sqrt[4]{8}", {"2^{3/4}", "8^{0.25}", "\\sqrt{\\sqrt8}"}, {"\\sqrt[3]{8}", "2"}},
        {"\\frac{\\sqrt{6}}{4}",
         {"\\frac{\\sqrt3}{2\\sqrt2}", "\\sqrt{\\frac38}", "\\sqrt{3/8}", "\\frac14\\sqrt6", "\\sqrt{0.375}",
          "\\frac{\\sqrt{6}}{\\sqrt{16}}", "\\dfrac{\\sqrt 6}{4}"},
         {NULL}},
    };
    CHECK(table);
}

/* Rule: Functions by value: logarithms, trigonometry, factorials, binomials, rounding. */
static void functions_are_compared_by_value(void **state) {
    (void)state;
    static const answer table[] = {
        {"\\log_3 81",
         {"4", "\\log_{3}{81}", "\\log_3(81)", "\\frac{\\ln 81}{\\ln 3}", "\\frac{\\log 81}{\\log 3}", "2\\log_3 9"},
         {NULL}},
        {"\\ln 2",
         {"\\log_e 2", "0.69314718", "\\ln(2)", "\\frac12\\ln4", "-\\ln\\frac12", "\\ln{2}", "\\ln\\left(2\\right)",
          "\\frac{\\log 2}{\\log e}"},
         {"\\log_2 e", "\\ln 3", "0.69", "2"}},
        {"\\log_{10} 50", {"\\lg 50", "1+\\log_{10}5", "2-\\log_{10} 2", "\\log 50"}, {NULL}},
        {"\\sin 75^\\circ",
         {"\\frac{\\sqrt6+\\sqrt2}{4}", "\\cos 15^\\circ", "\\frac{\\sqrt2+\\sqrt6}4", "\\sin\\frac{5\\pi}{12}",
          "\\sin(75^\\circ)", "\\frac{1+\\sqrt3}{2\\sqrt2}", "0.9659258263"},
         {"\\cos 75^\\circ", "\\frac{\\sqrt6-\\sqrt2}{4}"}},
        {"\\tan 60^\\circ", {"\\sqrt3", "\\tan\\frac\\pi3", "\\cot 30^\\circ", "3^{1/2}"}, {NULL}},
        {"\\arcsin\\frac12",
         {"\\frac{\\pi}{6}", "\\sin^{-1}\\frac12", "30^\\circ", "\\operatorname{arcsin}(1/2)", "\\arcsin 0.5",
          "\\arcsin\\left(\\frac{1}{2}\\right)"},
         {NULL}},
        {"\\arctan 2",
         {"\\tan^{-1} 2", "\\tan^{-1}(2)", "\\operatorname{arctg} 2", "\\frac{\\pi}{2}-\\arctan\\frac12",
          "1.107148718"},
         {NULL}},
        {"\\sec^2 x-1",
         {"\\tan^2 x", "(\\tan x)^2", "\\frac{\\sin^2 x}{\\cos^2 x}", "\\frac{1-\\cos^2x}{\\cos^2x}"},
         {"\\tan x", "\\tan x^2"}},
        {"\\cos 2\\theta",
         {"1-2\\sin^2\\theta", "2\\cos^2\\theta-1", "\\cos(2\\theta)", "\\cos^2\\theta-\\sin^2\\theta"},
         {"2\\cos\\theta", "\\cos^2\\theta"}},
    };
    CHECK(table);
}

/* Rule: i is a constant; complex numbers by both parts. */
static void complex_numbers_are_compared_by_both_parts(void **state) {
    (void)state;
    static const answer table[] = {
        {"3-4i",
         {"-4i+3", "3-4 i", "3 - 4\\mathrm{i}", "3+(-4)i", "\\frac{25}{3+4i}", "(2-i)^2", "3-i4", "3-4\\cdot i",
          "z=3-4i", "3-4\\imath", "3-4\\textit{i}", "3-i\\cdot 4", "3-4\\sqrt{-1}"},
         {"3+4i", "-3-4i", "4-3i", "5", "(3,-4)"}},
        {"e^{i\\pi/3}",
         {"\\frac12+\\frac{\\sqrt3}{2}i", "\\frac{1+i\\sqrt3}{2}", "\\cos\\frac\\pi3+i\\sin\\frac\\pi3",
          "\\cos 60^\\circ+i\\sin 60^\\circ", "\\operatorname{cis}60^\\circ", "e^{\\frac{\\pi i}{3}}",
          "\\text{cis}\\frac{\\pi}{3}", "\\mathrm{e}^{\\mathrm{i}\\pi/3}", "\\frac{1}{2} + \\frac{i\\sqrt{3}}{2}"},
         {NULL}},
        {"2i", {"\\sqrt{-4}", "(1+i)^2", "2\\sqrt{-1}", "0+2i"}, {NULL}},
        {"-i", {"\\frac1i", "i^3", "i^{2023}", "-1i"}, {NULL}},
    };
    CHECK(table);
}

/* Rule: Polynomials and rational functions as functions; names matter. */
static void polynomials_are_compared_as_functions(void **state) {
    (void)state;
    static const answer table[] = {
        {"x^2-5x+6",
         {"(x-2)(x-3)", "6-5x+x^2", "(2-x)(3-x)", "x(x-5)+6", "x^{2}-5x+6", "x^2 - 5 x + 6", "x\\cdot x-5\\cdot x+6",
          "f(x)=x^2-5x+6", "y=x^2-5x+6", "(x-2)*(x-3)", "x**2-5*x+6", "\\left(x-2\\right)\\left(x-3\\right)",
          "(x-\\frac52)^2-\\frac14"},
         {"x^2+5x+6", "x^2-5x-6", "x^2-5x+6=0", "(x+2)(x+3)", "t^2-5t+6"}},
        {"(a-b)(a^2+ab+b^2)", {"a^3-b^3", "-(b^3-a^3)", "(a-b)((a+b)^2-ab)"}, {NULL}},
        {"6a^2b-4ab^2", {"2ab(3a-2b)", "-4ab^2+6a^2b", "2ab\\cdot(3a-2b)"}, {"2ab(3a+2b)", "2a^2b^2"}},
        {"\\frac{x+1}{x-1}",
         {"\\frac{x^2+2x+1}{x^2-1}", "1+\\frac{2}{x-1}", "(x+1)/(x-1)", "-\\frac{x+1}{1-x}", "\\frac{-x-1}{1-x}",
          "(x+1)(x-1)^{-1}"},
         {"\\frac{x-1}{x+1}", "x+1/x-1"}},
        {"2^{n+1}-2", {"2(2^n-1)", "2\\cdot 2^n-2", "2^{n+1} - 2", "2^{n}\\cdot2-2"}, {"2^n-2", "2^{n+1}-1", "4^n-2"}},
        {"\\frac{n(n+1)}{2}",
         {"\\binom{n+1}{2}", "\\frac{n^2+n}2", "n(n+1)/2", "\\frac12n(n+1)", "{n+1 \\choose 2}", "\\frac{(n+1)n}{2}"},
         {NULL}},
        {"n!", {"n\\cdot(n-1)!", "n(n-1)!"}, {NULL}},
        {"\\frac{1}{x^2y^3}", {"x^{-2}y^{-3}", "\\frac{x^{-2}}{y^3}", "(x^2y^3)^{-1}"}, {NULL}},
        {"\\pi r^2h", {"\\pi hr^2", "r^2h\\pi", "\\pi r^{2} h", "πr²h"}, {NULL}},
        {"\\frac{a+b}{2}", {"0.5(a+b)", "\\frac a2+\\frac b2", "\\frac{1}{2}a+\\frac{1}{2}b", "(a+b)/2"}, {NULL}},
        {"k\\pi,k\\in\\mathbb{Z}", {"k\\pi, k \\in \\mathbb{Z}", "k \\pi,\\ k \\in \\mathbb{Z}"}, {NULL}},
    };
    CHECK(table);
}

/* Rule: Finite sums and products are worked out. */
static void finite_sums_are_worked_out(void **state) {
    (void)state;
    static const answer table[] = {
        {"\\sum_{k=1}^{5}k^2", {"55", "\\sum_{k=1}^5 k^{2}"}, {NULL}},
        {"\\prod_{k=1}^{5}k", {"120", "5!"}, {NULL}},
        {"\\sum_{i=0}^{3}2^i", {"15"}, {NULL}},
        {"\\frac{1}{1-\\frac13}", {"\\frac32", "1.5"}, {NULL}},
        {"5!",
         {"120", "5\\cdot4!", "5 \\cdot 4 \\cdot 3 \\cdot 2 \\cdot 1", "5\\times4\\times3\\times2\\times1"},
         {NULL}},
        {"\\binom{8}{3}",
         {"56", "{8\\choose3}", "\\dbinom83", "\\tbinom{8}{3}", "\\frac{8!}{3!5!}", "C(8,3)", "\\binom85"},
         {NULL}},
        {"\\lfloor -2.5\\rfloor", {"-3", "\\left\\lfloor-\\frac52\\right\\rfloor", "\\lfloor -5/2 \\rfloor"}, {NULL}},
        {"\\lceil\\pi\\rceil", {"4"}, {NULL}},
        {"|-7|", {"7", "\\left|-7\\right|", "\\lvert -7\\rvert", "\\vert -7\\vert"}, {NULL}},
        {"|2-x|", {"|x-2|", "\\sqrt{(x-2)^2}"}, {"2-x", "x-2"}},
        {"\\max(3,5)", {"5"}, {NULL}},
        {"\\gcd(12,18)", {"6"}, {NULL}},
        {"\\operatorname{lcm}(4,6)", {"12", "\\text{lcm}(4,6)"}, {NULL}},
        {"17\\bmod5", {"2", "17 \\mod 5", "17\\bmod 5"}, {NULL}},
        {"2\\pmod 7", {"2", "2\\mod 7", "x\\equiv2\\pmod 7", "2 (mod 7)"}, {"3\\pmod 7"}},
    };
    CHECK(table);
}

/* Rule: Matrices entry by entry, in order; a column is the tuple of its entries. */
static void matrices_are_compared_in_order(void **state) {
    (void)state;
    static const answer table[] = {
        {"\\begin{pmatrix}2&-1\\\\0&5\\end{pmatrix}",
         {"\\begin{bmatrix}2&-1\\\\0&5\\end{bmatrix}", "\\left(\\begin{array}{cc}2&-1\\\\0&5\\end{array}\\right)",
          "\\begin{pmatrix}2 & -1\\\\ 0 & \\frac{10}{2}\\\\\\end{pmatrix}",
          "\\left[\\begin{array}{rr}2&-1\\\\0&5\\end{array}\\right]",
          "\\left(\\begin{matrix}2&-1\\\\0&5\\end{matrix}\\right)", "A=\\begin{pmatrix}2&-1\\\\0&5\\end{pmatrix}",
          "\\begin{pmatrix}2&-1\\\\[4pt]0&5\\end{pmatrix}", "\\begin{pmatrix}2&-1\\cr 0&5\\end{pmatrix}",
          "\\begin{smallmatrix}2&-1\\\\0&5\\end{smallmatrix}", "\\mathbf{A}=\\begin{pmatrix}2&-1\\\\0&5\\end{pmatrix}",
          "\\bigl(\\begin{smallmatrix}2&-1\\\\0&5\\end{smallmatrix}\\bigr)"},
         {"\\begin{pmatrix}2&0\\\\-1&5\\end{pmatrix}", "\\begin{pmatrix}2&-1&0&5\\end{pmatrix}",
          "\\begin{pmatrix}2&-1\\\\0&-5\\end{pmatrix}", "2,-1,0,5", "\\begin{vmatrix}2&-1\\\\0&5\\end{vmatrix}"}},
        {"\\begin{pmatrix}4\\\\-7\\\\1\\end{pmatrix}",
         {"(4,-7,1)", "\\langle4,-7,1\\rangle", "\\begin{bmatrix}4\\\\-7\\\\1\\end{bmatrix}",
          "\\begin{pmatrix}4\\\\ -7\\\\ 1.0\\end{pmatrix}", "\\mathbf{v}=\\begin{pmatrix}4\\\\-7\\\\1\\end{pmatrix}",
          "\\left<4,-7,1\\right>", "\\vec{v}=(4,-7,1)"},
         {NULL}},
    };
    CHECK(table);
}

/* Rule: Tuples in order; a list is no tuple. */
static void tuples_are_compared_in_order(void **state) {
    (void)state;
    static const answer table[] = {
        {"(3,-5)",
         {"(3, -5)", "\\left(3,-5\\right)", "x=3,y=-5", "(x,y)=(3,-5)", "x=3\\text{ and }y=-5", "(3;-5)",
          "\\big(3,-5\\big)", "P=(3,-5)", "P(3,-5)", "\\text{(3,-5)}", "(\\frac{6}{2},-5)", "x = 3, \\quad y = -5",
          "(3,\\,-5)", "\\left( 3 , -5 \\right).", "\\{(3,-5)\\}", "A(3, -5)", "x=3, \\text{ and } y=-5",
          "\\begin{cases}x=3\\\\y=-5\\end{cases}"},
         {"(-5,3)", "3,-5", "(3,5)", "[3,-5]", "\\{3,-5\\}", "(3,-5,0)", "-2", "y=3,x=-5"}},
        {"(1,2),(3,4)",
         {"(3,4),(1,2)", "\\{(1,2),(3,4)\\}", "(1,2)\\text{ and }(3,4)", "(1, 2), \\, (3, 4)", "(x,y)=(1,2),(3,4)",
          "(1,2);(3,4)", "(1,2)\\text{ or }(3,4)", "(x,y)=(1,2)\\text{ or }(x,y)=(3,4)", "(1,2),\\ (3,4)"},
         {"(1,2)", "(1,3),(2,4)", "(2,1),(4,3)", "1,2,3,4"}},
    };
    CHECK(table);
}

/* Rule: Lists and sets in any order; plus-minus is both values; a name goes on to the values that follow. */
static void lists_are_compared_in_any_order(void **state) {
    (void)state;
    static const answer table[] = {
        {"2,3,5",
         {"5,3,2",
          "\\{2,3,5\\}",
          "2, 3, 5",
          "2,\\,3,\\,5",
          "2,3,\\text{ and }5",
          "2, 3 \\text{ and } 5",
          "x=2,3,5",
          "x=2, x=3, x=5",
          "x\\in\\{2,3,5\\}",
          "\\left\\{2,3,5\\right\\}",
          "2;3;5",
          "x=2\\text{ or }3\\text{ or }5",
          "x = 2, 3, \\text{ or } 5",
          "\\lbrace 2,3,5\\rbrace",
          "2 , 3 , 5 .",
          "\\text{2, 3, 5}",
          "2\\text{, }3\\text{, and }5",
          "\\{5, 2, 3\\}",
          "x_1=2,x_2=3,x_3=5",
          "2 and 3 and 5",
          "x=2\\lor x=3\\lor x=5",
          "2,\\quad 3,\\quad 5",
          "x = 2 \\vee x = 3 \\vee x = 5"},
         {"(2,3,5)", "2,3", "2,3,5,7", "235", "2,3,6", "30", "10"}},
        {"\\pm\\frac12",
         {"\\frac12,-\\frac12", "-0.5,0.5", "\\{\\frac12,-\\frac12\\}", "x=\\pm\\frac12", "\\pm0.5",
          "x=\\frac12\\text{ or }x=-\\frac12", "+\\frac12,-\\frac12", "\\frac{\\pm 1}{2}",
          "\\frac12\\text{ and }-\\frac12", "-\\frac12 \\text{ or } \\frac12"},
         {"\\frac12", "-\\frac12", "\\pm2"}},
        {"\\frac{-3\\pm\\sqrt{17}}{4}",
         {"\\frac{-3+\\sqrt{17}}{4},\\frac{-3-\\sqrt{17}}{4}", "-\\frac34\\pm\\frac{\\sqrt{17}}4",
          "x=\\frac{-3\\pm\\sqrt{17}}{4}", "\\frac{-3\\mp\\sqrt{17}}{4}", "\\frac14(-3\\pm\\sqrt{17})",
          "\\frac{3\\pm\\sqrt{17}}{-4}"},
         {"\\frac{3\\pm\\sqrt{17}}{4}", "\\frac{-3+\\sqrt{17}}{4}"}},
        {"\\emptyset",
         {"\\varnothing", "\\{\\}", "\\text{no solution}", "\\text{No solutions}", "\\text{No real solutions}",
          "\\{ \\}", "\\text{none}", "\\text{There are no solutions.}", "\\text{empty set}"},
         {"0", "\\{0\\}", "\\{\\emptyset\\}"}},
    };
    CHECK(table);
}

/* Rule: Sets of real numbers by their points, however they are written. */
static void intervals_are_compared_by_their_points(void **state) {
    (void)state;
    static const answer table[] = {
        {"[1,4)",
         {"[1, 4)",
          "1\\le x<4",
          "1\\leq x<4",
          "1\\leqslant x<4",
          "x\\in[1,4)",
          "\\left[1,4\\right)",
          "4>x\\ge1",
          "\\{x\\mid1\\le x<4\\}",
          "\\{x:1\\le x<4\\}",
          "x\\ge1\\text{ and }x<4",
          "\\{x\\in\\mathbb{R}\\mid1\\le x<4\\}",
          "[1,\\infty)\\cap(-\\infty,4)",
          "[1,4[",
          "1 <= x < 4",
          "[1,2)\\cup[2,4)",
          "1 ≤ x < 4",
          "\\left\\{x \\;\\middle|\\; 1\\le x<4\\right\\}",
          "x \\geq 1, x < 4",
          "\\{1\\}\\cup(1,4)",
          "[1,4]\\setminus\\{4\\}",
          "[1;4)"},
         {"(1,4)", "[1,4]", "(1,4]", "1<x<4", "1,4", "\\{1,4\\}", "[1,5)", "1\\le x", "\\{1,2,3\\}"}},
        {"(-\\infty,-1]\\cup[2,\\infty)",
         {"x\\le-1\\text{ or }x\\ge2", "x\\leq -1 \\cup x \\geq 2", "[2,\\infty)\\cup(-\\infty,-1]",
          "\\mathbb{R}\\setminus(-1,2)", "(-\\infty,-1]\\cup[2,+\\infty)", "x\\in(-\\infty,-1]\\cup[2,\\infty)",
          "\\left(-\\infty,-1\\right]\\cup\\left[2,\\infty\\right)", "|x-\\frac12|\\ge\\frac32",
          "(-\\infty, -1] \\cup [2, \\infty)", "x\\le -1 \\lor x\\ge 2", "\\{x\\mid x\\le-1\\text{ or }x\\ge2\\}",
          "(-\\infty,-1]\\bigcup[2,\\infty)", "(-∞,-1]∪[2,∞)", "x \\leqslant -1 \\text{ or } x \\geqslant 2",
          "2\\le x\\text{ or }x\\le-1"},
         {"(-\\infty,-1)\\cup(2,\\infty)", "[-1,2]", "\\mathbb{R}", "(-\\infty,-1]", "(-\\infty,-1]\\cup(2,\\infty)"}},
        {"(-\\infty,\\infty)",
         {"\\mathbb{R}", "\\text{all real numbers}", "\\text{All reals}", "-\\infty<x<\\infty", "x\\in\\mathbb{R}",
          "\\Bbb{R}", "(-\\infty,+\\infty)", "\\R"},
         {NULL}},
        {"x\\ne2",
         {"\\mathbb{R}\\setminus\\{2\\}", "(-\\infty,2)\\cup(2,\\infty)", "x\\neq2", "x<2\\text{ or }x>2",
          "\\{x\\mid x\\ne2\\}", "x\\in\\mathbb{R},x\\ne2", "\\mathbb{R}-\\{2\\}"},
         {NULL}},
        {"x>-3",
         {"(-3,\\infty)", "-3<x", "x \\gt -3", "x\\in(-3,\\infty)", "-x<3", "2x>-6", "x+3>0", "\\{x|x>-3\\}"},
         {"x\\ge-3", "x<-3", "x>3", "[-3,\\infty)", "-3"}},
        {"a\\ge\\frac12",
         {"a\\geq 0.5", "\\frac12\\le a", "2a\\ge1", "[\\frac12,\\infty)", "a\\in[\\frac12,\\infty)"},
         {NULL}},
        {"\\infty", {"+\\infty", "\\text{infinity}", "\\infty.", "∞"}, {"-\\infty", "0", "\\text{finite}"}},
    };
    CHECK(table);
}

/* Rule: Equations up to a factor other than zero; a name before a value may be left out. */
static void equations_are_compared_up_to_a_factor(void **state) {
    (void)state;
    static const answer table[] = {
        {"y=-\\frac12x+3",
         {"x+2y=6", "2y+x-6=0", "y=3-\\frac x2", "y=-0.5x+3", "y=\\frac{6-x}2", "-\\frac12x+3", "y - 3 = -\\frac12 x",
          "6=x+2y", "y=-\\frac{x}{2}+3", "y-3=-\\tfrac{1}{2}(x-0)"},
         {"y=\\frac12x+3", "y=-2x+3", "x+2y=3", "x=-\\frac12y+3"}},
        {"(x-1)^2+(y+2)^2=9",
         {"x^2+y^2-2x+4y-4=0", "(y+2)^2+(x-1)^2=3^2", "(x-1)^2 + (y+2)^2 - 9 = 0", "9=(x-1)^2+(2+y)^2"},
         {"(x+1)^2+(y-2)^2=9", "(x-1)^2+(y+2)^2=3"}},
        {"x=7",
         {"7", "x = 7.0", "7=x", "x=\\frac{14}{2}", "x=+7", "\\boxed{x=7}", "x \\, = \\, 7", "x=7."},
         {"x=-7", "y=7", "x>7", "2x=7"}},
        {"a=2,b=3",
         {"b=3,a=2", "a=2\\text{ and }b=3", "(a,b)=(2,3)", "(2,3)", "a=2;b=3", "a = 2, \\ b = 3"},
         {"a=3,b=2", "(3,2)"}},
        {"f(x)=2x-1", {"2x-1", "y=2x-1", "f(x) = -1+2x", "f(x)=2(x-\\frac12)"}, {NULL}},
        {"\\frac{x^2}{16}+\\frac{y^2}{9}=1",
         {"9x^2+16y^2=144", "\\frac{y^2}{9}+\\frac{x^2}{16}=1",
          "\\left(\\frac x4\\right)^2+\\left(\\frac y3\\right)^2=1"},
         {NULL}},
    };
    CHECK(table);
}

/* Rule: Words whatever their case, articles and words of kind. */
static void words_are_compared_without_case_and_articles(void **state) {
    (void)state;
    static const answer table[] = {
        {"\\text{Monday}",
         {"Monday", "monday", "\\text{ Monday }", "\\textbf{Monday}", "\\mathrm{Monday}", "Monday.", "\\text{Monday.}",
          "**Monday**", "\\textit{Monday}", "\"Monday\"", "\\mathsf{Monday}", "\\text{MONDAY}",
          "\\operatorname{Monday}"},
         {"Tuesday", "Mon", "day", "\\text{not Monday}"}},
        {"\\text{Yes}", {"yes", "YES", "\\text{yes}", "\\textbf{Yes}", "Yes.", "\\text{Yes!}"}, {"no", "\\text{No}"}},
        {"\\text{parabola}",
         {"a parabola", "Parabola", "\\text{a parabola}", "\\text{Parabola}.", "the parabola"},
         {"hyperbola", "line"}},
        {"\\text{two lines}", {"Two lines", "two lines"}, {NULL}},
        {"\\text{rhombus}", {"Rhombus"}, {NULL}},
        {"\\text{True}", {"true", "\\text{true}"}, {"False"}},
    };
    CHECK(table);
}

/* Rule: A choice's letter or its text; several letters are a list. */
static void a_choice_is_its_letter_or_its_text(void **state) {
    (void)state;
    static const answer table[] = {
        {"\\text{(D)}",
         {"D",
          "(D)",
          "\\textbf{(D)}",
          "\\textbf{D}",
          "\\mathrm{(D)}",
          "\\text{D}",
          "\\text{(D)}\\ 14",
          "D)",
          "D.",
          "Option D",
          "\\textbf{(D) }14",
          "\\mathbf{D}",
          "\\textbf{(D)}\\ \\frac{3}{4}",
          "(\\text{D})",
          "(\\textbf{D})",
          "\\boxed{D}",
          "\\text{Choice D}",
          "\\text{option (D)}",
          "(d)",
          "D: 14",
          "\\mathrm{D}",
          "D) 14"},
         {"A", "(B)", "\\text{(C)}", "14", "\\text{(E) } 14"}},
        {"14", {"\\textbf{(D) }14", "(D) 14", "\\text{(D)}\\ 14", "\\mathrm{(D)}\\ 14"}, {"\\textbf{(D) }15", "(D)"}},
    };
    CHECK(table);
}

/* Rule: Ratios by proportion, times of day by their parts. */
static void times_are_compared_by_parts_and_ratios_by_proportion(void **state) {
    (void)state;
    static const answer table[] = {
        {"7:45",
         {"7:45\\text{ a.m.}", "7{:}45", "7:45 \\text{ AM}", "7\\!:\\!45", "07:45", "\\text{7:45}"},
         {"7:54", "8:45", "745", "7:45:30"}},
        {"\\text{3:15 p.m.}",
         {"3:15\\text{ PM}", "3:15 pm", "3:15", "3:15\\ \\text{p.m.}", "3{:}15\\text{ p.m.}", "15:15"},
         {"3:15 a.m."}},
        {"3:4",
         {"6:8", "\\frac34", "3 : 4", "3\\text{ to }4", "0.75", "3\\colon4", "3{:}4", "3/4"},
         {"4:3", "3:5", "34", "7"}},
        {"2:3:7", {"4:6:14", "2 : 3 : 7"}, {"7:3:2", "2:3"}},
    };
    CHECK(table);
}

/* Rule: Plain integers and decimals: the value, whatever stands around it. */
static void plain_numbers_are_compared_by_value(void **state) {
    (void)state;
    static const answer table[] = {
        {"21^{\\text{st}}", {"21", "21st", "21^\\text{st}", "21\\text{st}"}, {NULL}},
        {"\\text{five}", {"5", "Five", "\\text{Five}"}, {NULL}},
        {"\\text{twelve}", {"12"}, {NULL}},
        {"12",
         {"\\text{twelve}",
          "twelve",
          "12 \\text{ (twelve)}",
          "12.0",
          "12\\ ",
          "+12",
          "012",
          "12.",
          "\\text{12}",
          "\\mathbf{12}",
          "{12}",
          "((12))",
          "\\textbf{12}",
          "12\\text{ ways}",
          "\\$12\\$",
          "\\,12\\,",
          "=12",
          "\\approx 12",
          "\\boxed{12}",
          "N=12",
          "12,",
          "\\underline{12}",
          "\\color{blue}{12}",
          "\\textcolor{red}{12}",
          "\\mathit{12}",
          "\\fbox{12}",
          "\\text{Answer: }12",
          "12\\checkmark",
          "12!/11!",
          "\\text{12.}",
          "\\bf 12",
          "\\rm{12}",
          "\\large 12",
          "\\mathbf{12.}",
          "\\underline{\\underline{12}}",
          "\\phantom{0}12",
          "12\\phantom{0}",
          "n = 12",
          "12\\ \\text{square units}",
          "12\\quad\\text{(units)}",
          "12",
          "*12*",
          "__12__",
          "\\(12\\)",
          "\\[12\\]",
          "$$12$$"},
         {"21", "-12", "12x", "1.2", "13", "\\sqrt{12}", "12!", "1,2", "(1,2)", "12i", "\\text{twenty}", "120",
          "12\\pi", "x>12", "\\frac1{12}"}},
        {"\\text{one hundred}", {"100"}, {NULL}},
        {"\\text{forty-two}", {"42"}, {NULL}},
    };
    CHECK(table);
}

/* Rule: Irrational constants by value; a decimal of six digits may stand for one. */
static void constants_are_compared_by_value(void **state) {
    (void)state;
    static const answer table[] = {
        {"36\\pi",
         {"36\\pi\\text{ cm}^2", "36 \\pi", "\\pi\\cdot 36", "36π", "36*pi", "\\pi 6^2", "113.0973355",
          "36\\cdot\\pi\\text{ square units}", "36{\\pi}"},
         {"36", "63\\pi", "36\\pi^2", "113.1", "36+\\pi"}},
        {"\\frac{4}{3}\\pi r^3",
         {"\\frac{4\\pi r^3}{3}", "4\\pi r^3/3", "\\frac43\\pi r^3", "1\\frac13\\pi r^3"},
         {NULL}},
        {"e^2", {"\\mathrm{e}^2", "\\exp(2)", "e\\cdot e", "7.389056099", "\\text{e}^2"}, {NULL}},
        {"2^{10}", {"1024", "4^5", "32^2", "2^{10}.", "1{,}024", "2**10", "2 ^ {10}"}, {NULL}},
        {"10^{-2}", {"0.01", "\\frac1{100}", "1\\%"}, {NULL}},
        {"2^{100}\\cdot3^{50}", {"12^{50}", "(2^2\\cdot3)^{50}", "3^{50}2^{100}"}, {"6^{150}", "2^{50}\\cdot 3^{50}"}},
        {"x\\sqrt{2}", {"\\sqrt2x", "\\sqrt{2}\\,x", "x \\cdot \\sqrt2"}, {"\\sqrt{2x}"}},
        {"\\frac{\\pi}{2}+2\\pi k", {"\\frac{\\pi}{2}+2k\\pi", "\\frac{(4k+1)\\pi}{2}", "2\\pi k+\\pi/2"}, {NULL}},
        {"5x^2", {"5 x^{2}", "x^2\\cdot5", "5\\,x^2", "5{x}^{2}", "5*x^2"}, {NULL}},
        {"\\frac{1}{2}\\ln 3+C", {"\\ln\\sqrt3+C"}, {NULL}},
        {"\\alpha+\\beta", {"\\beta+\\alpha", "α+β"}, {NULL}},
        {"\\overline{AB}", {"\\overline{AB}"}, {NULL}},
        {"\\triangle ABC", {"\\triangle ABC"}, {NULL}},
        {"A\\cup B", {"B\\cup A"}, {NULL}},
        {"0",
         {"0.0", "-0", "0\\%", "\\frac0{5}", "x=0", "\\text{zero}", "0^\\circ"},
         {"1", "\\emptyset", "O", "0.1", "x=1", "\\{\\}"}},
        {"-1",
         {"- 1", "−1", "(-1)", "-1.0", "\\cos\\pi", "i^2", "–1", "e^{i\\pi}", "\\text{-1}", "-\\,1", "{-1}", "- \\! 1"},
         {NULL}},
    };
    CHECK(table);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fractions_are_compared_by_value),
        cmocka_unit_test(groups_of_three_digits_are_one_number),
        cmocka_unit_test(a_percent_sign_counts_or_was_left_out),
        cmocka_unit_test(a_degree_sign_counts_or_was_left_out),
        cmocka_unit_test(units_are_converted_or_were_left_out),
        cmocka_unit_test(powers_of_ten_are_compared_by_value),
        cmocka_unit_test(a_marked_period_goes_on_for_ever),
        cmocka_unit_test(numerals_are_compared_by_digits_and_base),
        cmocka_unit_test(roots_are_compared_by_value),
        cmocka_unit_test(functions_are_compared_by_value),
        cmocka_unit_test(complex_numbers_are_compared_by_both_parts),
        cmocka_unit_test(polynomials_are_compared_as_functions),
        cmocka_unit_test(finite_sums_are_worked_out),
        cmocka_unit_test(matrices_are_compared_in_order),
        cmocka_unit_test(tuples_are_compared_in_order),
        cmocka_unit_test(lists_are_compared_in_any_order),
        cmocka_unit_test(intervals_are_compared_by_their_points),
        cmocka_unit_test(equations_are_compared_up_to_a_factor),
        cmocka_unit_test(words_are_compared_without_case_and_articles),
        cmocka_unit_test(a_choice_is_its_letter_or_its_text),
        cmocka_unit_test(times_are_compared_by_parts_and_ratios_by_proportion),
        cmocka_unit_test(plain_numbers_are_compared_by_value),
        cmocka_unit_test(constants_are_compared_by_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
