/* Two graders, one set of rules: everything in which `strict` and `math_verify` differ, by name.
 *
 * `strict` is what is mathematically right. `math_verify` agrees with HuggingFace Math-Verify, for numbers comparable
 * with published ones. A rule that both share asks a member of this table, never for the mode. docs/verifier.md prints
 * the table; tests/verify/test_documents.c holds it to this one. */
#ifndef PERSAMP_VERIFY_TREE_RULES_H
#define PERSAMP_VERIFY_TREE_RULES_H

#include <stdbool.h>
#include <stddef.h>

/* X(name, strict, math_verify, what holds where it says yes) */
#define PSV_RULE_LIST(X)                                                                                               \
    X(searches_gold, false, true,                                                                                      \
      "a gold text with `$`, `\\(`, `\\[` or a box is searched for its answer as a response is")                       \
    X(searches_like_math_verify, false, true, "the answer is looked for in Math-Verify's order")                       \
    X(joins_near_boxes, false, true,                                                                                   \
      "boxes less than 10 characters apart, or less than 70 with a comma, \"and\" or \"or\" between, are one answer")  \
    X(box_may_be_a_placeholder, true, false,                                                                           \
      "`\\boxed{...}` and `\\boxed{your answer}` are no answer; braces that never close are closed")                   \
    X(box_brings_its_formula, true, false, "`-\\boxed{5}` is -5, `\\boxed{5}\\pi` 5π")                                 \
    X(number_brings_its_brackets, true, false, "a number in running text brings the list or root it is part of")       \
    X(comma_may_be_decimal, false, true, "`1,22` as a gold answer may also be 1.22")                                   \
    X(e_is_a_power_of_ten, true, false, "`1e6` is a million")                                                          \
    X(plain_words_are_text, true, false, "`24 years old` is 24 with words, not a product of letters")                  \
    X(words_may_be_signs, true, false, "`5 plus 7` is 12, `x is at least 3` is x ≥ 3, `5 squared` is 25")              \
    X(words_are_no_factors, true, false, "`2 per 5` and `almost 5` are not read; `5 or more` is not 5")                \
    X(dots_are_a_member, true, false, "`1,2,\\ldots,9` is what it goes on to; else the dots are dropped")              \
    X(temperature_has_a_scale, true, false, "`100^\\circ C` is `212^\\circ F`; else the letter is dropped")            \
    X(variants_are_one_letter, true, false, "`\\varepsilon` is `\\epsilon`, `\\varphi` is `\\phi`, `\\ell` is l")      \
    X(domain_may_be_left_out, true, false, "`n^2 \\text{ for all } n` is `n^2`; `where` defines a name")               \
    X(left_side_may_be_unread, true, false, "`\\int_0^1 f = 12` is 12: what is before the last = only names it")       \
    X(congruence_has_a_modulus, true, false, "`n \\equiv 0 \\pmod 3` is `n = 3k` and not `n \\equiv 0 \\pmod 4`")      \
    X(roots_have_a_natural_domain, true, false,                                                                        \
      "roots and logarithms are compared where they are real: `\\sqrt{xy}` is `\\sqrt x\\sqrt y`")                     \
    X(numbers_have_any_locale, true, false,                                                                            \
      "`1.500,23` and `1 500,23` are 1500.23, `3{,}14` is 3.14, `0,75` 0.75 where the gold answer is no list")         \
    X(to_and_in_are_ratios, true, false, "`2 to 3` is 2:3, `1 in 5` is 1/5, `3 out of 8` may be 3/8 as well as 3")     \
    X(words_may_be_values, true, false,                                                                                \
      "`nine` is 9, `7 and a half` 7.5, `no solution` the empty set, `all real numbers` the line")                     \
    X(text_holds_formulas, true, false, "`\\text{…}` is read on; else only a plain number in it is")                   \
    X(degree_is_a_value, true, false, "`90^\\circ` may be π/2; else the sign is dropped")                              \
    X(quotient_takes_one_factor, true, false, "`a/bc` is (a/b)·c; else a/(bc)")                                        \
    X(quantity_has_parts, true, false, "`1 hour 30 minutes` is one quantity")                                          \
    X(filler_words_say_nothing, true, false, "`an ellipse` is `ellipse`; words count whatever their case and signs")   \
    X(rows_are_a_matrix, true, false, "`[[0,3],[0,-1]]` is a matrix")                                                  \
    X(unit_vectors_are_tuples, true, false, "`2\\mathbf{i}-\\mathbf{j}` is (2, -1)")                                   \
    X(name_carries_on, true, false, "`x=2,3` is x=2, x=3")                                                             \
    X(list_is_a_set, false, true, "a list forgets repetitions")                                                        \
    X(named_values_have_an_order, true, false,                                                                         \
      "values of several names follow the alphabet and make a pair; several of one name make none")                    \
    X(tuple_may_be_a_list, false, true,                                                                                \
      "a gold tuple is compared with a list in order, a gold list with a tuple in any")                                \
    X(infinite_end_is_open, false, true, "`[1,\\infty]` is `[1,\\infty)`")                                             \
    X(tuple_may_be_a_matrix, true, false, "a column or a row is the tuple of its entries")                             \
    X(list_may_be_a_union, true, false, "`(0,1),(2,3)` is a union where a set is expected")                            \
    X(function_differs_by_argument, false, true, "f(a) and f(b) differ where a and b do, even if f is unknown")        \
    X(decimals_are_rounded, false, true,                                                                               \
      "with a decimal on a side both are rounded to 6 places; else a decimal of six digits is what it rounds or cuts " \
      "off")                                                                                                           \
    X(percent_sign_may_be_left_out, true, false,                                                                       \
      "`25\\%` may be 25 as well as 0.25; the word `percent` may be left out in both")                                 \
    X(units_are_compared, true, false, "known units are converted, and must measure the same thing")                   \
    X(unit_letter_has_a_power, true, false, "`5 m^2` may be 5; else only `5 m` may")                                   \
    X(choice_has_a_value, true, false, "`(C) 12` is the choice C and also the value 12")                               \
    X(inequality_may_be_a_set, true, false,                                                                            \
      "an inequality answers for a gold interval; the other way round it does in both")                                \
    X(identity_is_its_value, true, false, "`2k+2=2(k+1)` is the value 2k+2")                                           \
    X(equation_is_its_last_side, false, true, "a response's equation counts as what stands on its right")              \
    X(bases_are_compared, true, false, "`52_8` is not `52_9`")

typedef struct psv_rules {
#define X(name, strict, math_verify, says) bool name;
    PSV_RULE_LIST(X)
#undef X
} psv_rules;

extern const psv_rules psv_strict_rules, psv_math_verify_rules;

/* The table in words, for the document. */
typedef struct psv_rule_text {
    const char *name;
    bool strict, math_verify;
    const char *says;
} psv_rule_text;
extern const psv_rule_text psv_rule_texts[];
extern const size_t psv_n_rules;

#endif
