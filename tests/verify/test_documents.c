/* docs/verifier.md prints tables that the code is made of: are they the same? A failing test prints what should stand
 * there. */
#include "verify/extract/extract.h"
#include "verify/support.h"
#include "verify/tree/rules.h"

/* What stands in the document between "<!-- NAME -->" and "<!-- end of NAME -->". Free with ps_free. */
static char *section(const char *name) {
    char open[64], close[64];
    char *document;
    size_t length;
    assert_int_equal(ps_read_file(PS_TEST_DIR "/../docs/verifier.md", (size_t)1 << 20, &document, &length, NULL),
                     PS_OK);
    snprintf(open, sizeof open, "<!-- %s -->\n", name);
    snprintf(close, sizeof close, "<!-- end of %s -->", name);
    const char *begin = strstr(document, open), *end = strstr(document, close);
    if (begin == NULL || end == NULL || end < begin) fail_msg("docs/verifier.md has no section %s", name);
    begin += strlen(open);
    char *copy = ps_calloc((size_t)(end - begin) + 1, 1);
    assert_non_null(copy);
    memcpy(copy, begin, (size_t)(end - begin));
    ps_free(document);
    return copy;
}

static void expect_section(const char *name, ps_text *expected) {
    char *found = section(name);
    assert_true(ps_text_ok(expected));
    bool same = strcmp(found, ps_text_cstr(expected)) == 0;
    if (!same) {
        puts(ps_text_cstr(expected));
        fflush(stdout);
    }
    ps_free(found);
    ps_text_clear(expected);
    if (!same) fail_msg("section %s of docs/verifier.md should read as printed above", name);
}

static void the_document_prints_the_table_of_rules(void **state) {
    (void)state;
    ps_text table = {0};
    ps_text_puts(&table, "| rule | `strict` | `math_verify` | what yes means |\n|---|---|---|---|\n");
    for (size_t k = 0; k < psv_n_rules; k++) {
        const psv_rule_text *rule = &psv_rule_texts[k];
        ps_text_printf(&table, "| `%s` | %s | %s | %s |\n", rule->name, rule->strict ? "yes" : "no",
                       rule->math_verify ? "yes" : "no", rule->says);
    }
    expect_section("rules", &table);
}

static void the_document_prints_the_rules_for_candidates(void **state) {
    (void)state;
    ps_text table = {0};
    ps_text_puts(&table, "| | rule | the answer is | example | taken from it |\n|---|---|---|---|---|\n");
    for (size_t k = 0; k < psv_n_candidate_rules; k++) {
        const psv_candidate_rule *rule = psv_candidate_rule_at(k);
        ps_text_printf(&table, "| %zu | %s | %s | `%s` | `%s` |\n", k + 1, rule->name, rule->says, rule->example,
                       rule->answer);
    }
    expect_section("candidates", &table);
}

/* What is taken from a response, and by which rule, must be what the document says. */
static void expect_decided_by(size_t k, const char *response, const char *expected) {
    psv_ctx ctx = {.arena = ps_arena_create(), .work = PSV_WORK, .rules = psv_rules_of(PS_VERIFY_STRICT)};
    assert_non_null(ctx.arena);
    size_t by;
    const char *answer = psv_extract_by_rule(&ctx, response, strlen(response), &by);
    if (answer == NULL || strcmp(answer, expected) != 0)
        fail_msg("'%s': expected '%s', found '%s'", response, expected, answer != NULL ? answer : "(nothing)");
    if (by != k)
        fail_msg("'%s': rule %zu should decide, not %zu (%s)", response, k + 1, by + 1,
                 psv_candidate_rule_at(by)->name);
    ps_arena_free(ctx.arena);
}

static void every_rule_for_candidates_decides_its_example(void **state) {
    (void)state;
    for (size_t k = 0; k < psv_n_candidate_rules; k++)
        expect_decided_by(k, psv_candidate_rule_at(k)->example, psv_candidate_rule_at(k)->answer);
}

/* Responses in which two rules that follow each other find an answer each: the first one's counts. */
static void of_two_rules_the_first_decides(void **state) {
    (void)state;
    static const struct {
        const char *first, *response, *answer;
    } pairs[] = {
        {"final statement", "<answer>5</answer> \\boxed{6}\n\nFinal answer: 7", "7"},
        {"tag", "\\boxed{6} <answer>5</answer>", "5"},
        {"box", "The answer is 5. \\boxed{6}", "6"},
        {"announcement", "Answer: 5", "5"},
        {"nothing else", "**5**", "**5**"},
        {"bold", "It is **5**, says \"six\"", "5"},
        {"quoted", "Tom and Ann ran $5$ km. The faster one is \"Ann\"", "Ann"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        size_t k = 0;
        while (k < psv_n_candidate_rules && strcmp(psv_candidate_rule_at(k)->name, pairs[i].first) != 0)
            k++;
        assert_int_equal(k, i);
        expect_decided_by(k, pairs[i].response, pairs[i].answer);
    }
}

static void every_rule_tells_the_graders_apart(void **state) {
    (void)state;
    for (size_t k = 0; k < psv_n_rules; k++)
        assert_true(psv_rule_texts[k].strict != psv_rule_texts[k].math_verify);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_document_prints_the_table_of_rules),
                                       cmocka_unit_test(every_rule_tells_the_graders_apart),
                                       cmocka_unit_test(the_document_prints_the_rules_for_candidates),
                                       cmocka_unit_test(every_rule_for_candidates_decides_its_example),
                                       cmocka_unit_test(of_two_rules_the_first_decides)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
