/* Whole responses against a gold answer: what is found in them and whether it is right. */
#include "verify/support.h"

typedef struct judged {
    const char *gold, *response;
    ps_verdict expected;
} judged;

static void whole_responses_get_the_right_verdict(void **state) {
    (void)state;
    static const judged table[] = {
        {"42", "We add the parts.\n\n**Final answer:** 42", PS_SAME},
        {"42", "Thus the total is $12+30=42$.", PS_SAME},
        {"7", "So x equals 7.\n\n\\[ \\boxed{x = 7} \\]\n\nLet me double check: 7 + 3 = 10, which is correct.",
         PS_SAME},
        {"\\frac{5}{6}", "The answer is $\\boxed{\\dfrac{5}{6}}$. Indeed $\\frac{1}{2}+\\frac13=\\frac56$.", PS_SAME},
        {"\\frac34", "Therefore, the answer is **$\\frac{3}{4}$**.", PS_SAME},
        {"\\text{Tuesday}", "The final answer is: $\\boxed{\\text{Tuesday}}$.", PS_SAME},
        {"17", "Hence the value of $n$ is $\\boxed{\\,17\\,}$ .", PS_SAME},
        {"10", "First $\\boxed{5}$ for part one, but the question wants twice that, so $\\boxed{10}$.", PS_SAME},
        {"5", "First $\\boxed{5}$ for part one, but the question wants twice that, so $\\boxed{10}$.", PS_DIFFERENT},
        {"2,-3", "The roots are $\\boxed{2}$ and $\\boxed{-3}$.", PS_SAME},
        {"-3", "The roots are $\\boxed{2}$ and $\\boxed{-3}$.", PS_DIFFERENT},
        {"25", "**\\boxed{25}**", PS_SAME},
        {"25", "**Answer: $\\boxed{25}$**", PS_SAME},
        {"25", "### Answer\n\n\\boxed{25}", PS_SAME},
        {"25", "#### 25", PS_SAME},
        {"18", "She earns $18 per day.\n#### 18", PS_SAME},
        {"18", "So the answer is $18.", PS_SAME},
        {"1250", "The answer is $1,250.", PS_SAME},
        {"1250", "The answer is 1,250 dollars.", PS_SAME},
        {"\\text{(B)}", "Answer: (B)", PS_SAME},
        {"\\text{(B)}", "The correct option is **B**.", PS_SAME},
        {"B", "The answer is B.", PS_SAME},
        {"\\text{(C)}", "The correct answer is (C) 12.", PS_SAME},
        {"\\text{(C)}", "\\boxed{\\textbf{(C) } 12}", PS_SAME},
        {"\\text{(C)}", "\\boxed{\\text{C}}", PS_SAME},
        {"(-\\infty,2)", "Final Answer: $\\boxed{(-\\infty, 2)}$", PS_SAME},
        {"1,2", "\\boxed{\\left\\{ 1, 2 \\right\\}}", PS_SAME},
        {"\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\boxed{\n\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}\n}", PS_SAME},
        {"3\\pi", "The answer is \\(\\boxed{3\\pi}\\).", PS_SAME},
        {"3\\pi", "The answer is 3π.", PS_SAME},
        {"6", "I think it's 5, no wait, it's 6. The answer is 6", PS_SAME},
        {"\\frac25", "The probability is \\(\\frac{2}{5}\\).", PS_SAME},
        {"\\frac25", "The probability is 2/5.", PS_SAME},
        {"\\frac25", "The probability is 40%.", PS_SAME},
        {"200", "This gives us 3 hours and 20 minutes, so the answer is 200 minutes.", PS_SAME},
        {"\\frac73", "The answer is: \\[ \\frac{7}{3} \\]", PS_SAME},
        {"12", "answer = 12", PS_SAME},
        {"9", "Thus, $f(2) = 9$.", PS_SAME},
        {"24", "so the area is $\\boxed{24}\\text{ cm}^2$.", PS_SAME},
        {"24", "so the area is $\\boxed{24\\text{ cm}^2}$.", PS_SAME},
        {"(4,5)", "so $x = \\boxed{4}, y = \\boxed{5}$.", PS_DIFFERENT},
        {"4:30\\text{ p.m.}", "\\boxed{4:30 \\text{ p.m.}}", PS_SAME},
        {"13", "\\boxed{12}\n\nWait, I made an error. The right one is \\boxed{13}.", PS_SAME},
        {"7", "\\boxed{\\boxed{7}}", PS_SAME},
        {"45", "The answer is $\\boxed{\\$45}$.", PS_SAME},
        {"45\\%", "The answer is \\boxed{45\\%}.", PS_SAME},
        {"\\frac{\\sqrt3}{2}", "The answer is \\boxed{\\frac{\\sqrt{3}}{2}", PS_SAME},
        {"\\frac18", "Final Answer: The final answer is $\\frac{1}{8}$. I hope it is correct.", PS_SAME},
        {"x^2+1", "The final answer is $x^2+1$. I hope it is correct.", PS_SAME},
        {"-4", "Therefore the answer is $-4$.\n\nNote: We used $b^2-4ac$.", PS_SAME},
        {"12", "The answer is twelve.", PS_SAME},
        {"\\text{No}", "The answer is no.", PS_SAME},
        {"4", "<think>maybe \\boxed{3}</think> The answer is \\boxed{4}.", PS_SAME},
        {"1234", "$\\boxed{1{,}234}$", PS_SAME},
        {"x^2", "$\\boxed{f(x)=x^2}$", PS_SAME},
        {"(1,2,3)", "$\\boxed{a=1, b=2, c=3}$", PS_SAME},
        {"(1,2),(3,4)", "The answer is $(1, 2)$ and $(3, 4)$.", PS_SAME},
        {"5", "Result: $5$", PS_SAME},
        {"5", "∴ x = 5", PS_SAME},
        {"5", "= 5", PS_SAME},
        {"\\pi", "x ≈ 3.14159", PS_SAME},
        {"7", "The answer is $7$ (seven).", PS_SAME},
        {"7", "The answer is 7 apples.", PS_SAME},
        {"6", "\\boxed{}\\boxed{6}", PS_SAME},
        {"6", "\\boxed{6}\\boxed{}", PS_SAME},
        {"6", "\\[\\boxed{6}.\\]", PS_SAME},
        {"6,7", "\\boxed{6 \\text{ or } 7}", PS_SAME},
        {"(1,2)", "$$\\boxed{\\begin{aligned} x &= 1 \\\\ y &= 2\\end{aligned}}$$", PS_SAME},
        {"\\frac12", "The answer is **1/2**.", PS_SAME},
        {"\\frac12", "The answer is `1/2`.", PS_SAME},
        {"5", "Ответ: $5$", PS_SAME},
        {"5", "答案是 \\boxed{5}", PS_SAME},
        {"5", "The answer is 5\n\nBut let me verify: 2+3=5 and 10/2=5. Yes.", PS_SAME},
        {"\\frac12", "Thus the answer is $\\frac{1}{2} \\approx 0.5$.", PS_SAME},
        {"2\\sqrt3", "So the final answer is $2\\sqrt{3} \\approx 3.46$.", PS_SAME},
        {"2\\sqrt3", "\\boxed{2\\sqrt{3} \\approx 3.46}", PS_SAME},
        {"\\frac{22}{7}", "\\boxed{\\frac{22}{7} = 3\\frac{1}{7}}", PS_SAME},
        {"5", "\\boxed{5 \\text{ (five)}}", PS_SAME},
        {"12", "\\boxed{A = 12}", PS_SAME},
        {"12", "\\boxed{\\text{Area} = 12}", PS_SAME},
        {"\\frac13", "\\boxed{P(A) = \\frac{1}{3}}", PS_SAME},
        {"3", "\\boxed{n \\equiv 3 \\pmod{5}}", PS_SAME},
        {"12", "\\boxed{\\text{The answer is } 12}", PS_SAME},
        {"12", "\\boxed{12\\text{ different ways}}", PS_SAME},
        {"10", "\\boxed{10^\\circ \\text{C}}", PS_SAME},
        {"\\pm\\frac12", "\\boxed{-\\frac{1}{2}, \\frac{1}{2}}", PS_SAME},
        {"(0,1)\\cup(2,3)", "\\boxed{x \\in (0, 1) \\cup (2, 3)}", PS_SAME},
        {"(-\\infty,0)\\cup(0,\\infty)", "\\boxed{\\mathbb{R} \\setminus \\{0\\}}", PS_SAME},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        ps_verify_result result;
        assert_int_equal(ps_verify(table[i].gold, table[i].response, NULL, &result, NULL), PS_OK);
        if (result.verdict != table[i].expected)
            fail_msg("'%s' in '%s': expected %d, got %d from '%s'", table[i].gold, table[i].response, table[i].expected,
                     result.verdict, result.extracted != NULL ? result.extracted : "(nothing)");
        ps_verify_result_clear(&result);
    }
}

/* Verdicts of Math-Verify 0.9.0 on boxed answers, strict or not. */
static void math_verify_mode_extracts_in_its_own_order(void **state) {
    (void)state;
    static const judged table[] = {
        {"12", "Therefore the result is $\\boxed{\\text{12}}$.", PS_SAME},
        {"\\frac{7}{8}", "Therefore the result is $\\boxed{\\text{7/8}}$.", PS_SAME},
        {"21^{\\text{st}}", "Therefore the result is $\\boxed{21st}$.", PS_SAME},
        {"(-1,6)", "Therefore the result is $\\boxed{(-1,6)\\text{ units}}$.", PS_SAME},
        {"(8,-2)", "Therefore the result is $\\boxed{\\$(8,-2)}$.", PS_SAME},
        {"333", "Therefore the result is $\\boxed{333 \\text{ or } 333}$.", PS_SAME},
        {"-125", "Therefore the result is $\\boxed{-125_8}$.", PS_SAME},
        {"12\\pi", "Therefore the result is $\\boxed{12\\pi^\\circ}$.", PS_SAME},
        {"2516_8", "Therefore the result is $\\boxed{2516_8\\text{ units}}$.", PS_SAME},
        {"14", "Therefore the result is $\\boxed{\\textbf{(D) }14}$.", PS_DIFFERENT},
        {"\\text{(D)}", "Therefore the result is $\\boxed{\\text{(D)}\\ 14}$.", PS_DIFFERENT},
        {"\\sin 75^\\circ", "Therefore the result is $\\boxed{\\cos 15^\\circ}$.", PS_DIFFERENT},
        {"\\tan 60^\\circ", "Therefore the result is $\\boxed{\\sqrt3}$.", PS_DIFFERENT},
        {"(-\\infty, 2) \\cup (3, \\infty)", "Therefore the result is $\\boxed{x=(-\\infty, 2) \\cup (3, \\infty)}$.",
         PS_SAME},
        {"1011_2", "Therefore the result is $\\boxed{1011_{(2)}}$.", PS_SAME},
    };
    ps_verify_options options = {.mode = PS_VERIFY_MATH_VERIFY};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        ps_verify_result result;
        assert_int_equal(ps_verify(table[i].gold, table[i].response, &options, &result, NULL), PS_OK);
        if (result.verdict != table[i].expected)
            fail_msg("'%s' and '%s': expected %d, got %d (%s)", table[i].gold, table[i].response, table[i].expected,
                     result.verdict, result.reason);
        ps_verify_result_clear(&result);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(whole_responses_get_the_right_verdict),
                                       cmocka_unit_test(math_verify_mode_extracts_in_its_own_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
