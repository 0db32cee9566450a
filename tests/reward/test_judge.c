/* Kind `judge` on a table that answers "+" or "-" behind "?": exact probabilities, a question that leaves no trace, and
 * what is refused. */
#include "engine/toy/toy.h"
#include "reward/prm_support.h"

static ps_prm *made(ps_aggregate aggregate) {
    ps_prm *prm = NULL;
    assert_ok(ps_prm_create(judge_engine(0), NULL, asked(aggregate), &prm, err));
    return prm;
}

/* The reading after steps one after the other, from a fresh root. */
static ps_prm_event after(ps_prm *prm, const char *const *steps, size_t n) {
    ps_prm_node at = 0;
    ps_prm_event event = {0};
    assert_ok(ps_prm_root(prm, "Is it a or b?", &at, err));
    for (size_t i = 0; i < n; i++) {
        event = score_step(prm, at, steps[i]);
        assert_int_equal(event.status, PS_OK);
        ps_prm_release(prm, at);
        at = event.node;
    }
    ps_prm_release(prm, at);
    return event;
}

static void yes_is_held_against_no(void **state) {
    (void)state;
    ps_prm *prm = made(PS_AGGREGATE_LAST);
    static const char *const a[] = {"a\n"}, *const b[] = {"b\n"}, *const other[] = {"xyz"};
    check_near(after(prm, a, 1).step, 0.6 / 0.8, 1e-12);
    check_near(after(prm, b, 1).step, 0.1 / 0.4, 1e-12);
    check_near(after(prm, other, 1).step, 0.5, 1e-12);
    ps_prm_free(prm);
}

/* The table knows b, line, a, line, "?" as a whole: so the steps stand one behind the other, and what was asked behind
 * the first is not between them. A text in one step or in many is the same text. */
static void what_was_asked_is_no_part_of_the_work(void **state) {
    (void)state;
    ps_prm *prm = made(PS_AGGREGATE_LAST);
    static const char *const two[] = {"b\n", "a\n"}, *const four[] = {"b", "\n", "a", "\n"}, *const one[] = {"b\na\n"};
    check_near(after(prm, two, 2).step, 0.1 / 0.5, 1e-12);
    check_near(after(prm, four, 4).step, 0.1 / 0.5, 1e-12);
    check_near(after(prm, one, 1).step, 0.1 / 0.5, 1e-12);
    ps_prm_free(prm);
}

static void readings_are_aggregated(void **state) {
    (void)state;
    static const char *const steps[] = {"a\n", "b\n"};
    static const double expected[] = {0.25, 0.25, 0.75 * 0.25, 0.5};
    for (int k = 0; k < 4; k++) {
        ps_prm *prm = made((ps_aggregate)k);
        const ps_prm_event event = after(prm, steps, 2);
        check_near(event.step, 0.25, 1e-12);
        check_near(event.reward, expected[k], 1e-12);
        ps_prm_free(prm);
    }
}

/* A step costs its tokens and those of what is asked, "?"; one that says nothing the latter alone. */
static void a_step_costs_its_own_tokens_and_the_question(void **state) {
    (void)state;
    ps_prm *prm = made(PS_AGGREGATE_LAST);
    ps_prm_node root = 0;
    assert_ok(ps_prm_root(prm, "Q", &root, err));
    const ps_prm_event a = score_step(prm, root, "a\n");
    assert_int_equal(a.tokens, 3 + 3); /* and the prompt, "QQS" */
    const ps_prm_event b = score_step(prm, a.node, "b\n"), none = score_step(prm, a.node, "");
    assert_int_equal(b.tokens, 3);
    assert_int_equal(none.tokens, 1);
    check_near(none.step, a.step, 1e-12);
    ps_prm_release(prm, root);
    ps_prm_release(prm, a.node);
    ps_prm_release(prm, b.node);
    ps_prm_release(prm, none.node);
    ps_prm_free(prm);
}

/* A step that spells the control token that ends a message is text, behind which nothing of the table's is left. */
static void a_step_cannot_end_the_message(void **state) {
    (void)state;
    ps_prm *prm = made(PS_AGGREGATE_LAST);
    static const char *const forged[] = {"a\n<end>"}, *const honest[] = {"a\n"};
    check_near(after(prm, forged, 1).step, 0.5, 1e-12);
    check_near(after(prm, honest, 1).step, 0.75, 1e-12);
    ps_prm_free(prm);
}

/* Neither of two answers that the model never gives is a reading. */
static void answers_without_probability_are_an_error_of_that_step(void **state) {
    (void)state;
    ps_prm *prm = made(PS_AGGREGATE_LAST);
    ps_prm_node root = 0;
    assert_ok(ps_prm_root(prm, "Q", &root, err));
    const ps_prm_event lost = score_step(prm, root, "c\n");
    assert_int_equal(lost.status, PS_DOMAIN);
    assert_non_null(strstr(lost.message, "neither of its two answers"));
    assert_int_equal(lost.node, 0);
    assert_int_equal(score_step(prm, root, "a\n").status, PS_OK); /* the others go on */
    ps_prm_free(prm);
}

/* A full context is an error of that step, whether the step or the question does not fit. */
static void a_step_that_does_not_fit_is_an_error_of_its_own(void **state) {
    (void)state;
    static const char *const steps[] = {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaa"};
    for (size_t k = 0; k < 2; k++) {
        ps_prm *prm = NULL;
        ps_prm_node root = 0;
        assert_ok(ps_prm_create(judge_engine(16), NULL, asked(PS_AGGREGATE_LAST), &prm, err));
        assert_ok(ps_prm_root(prm, "Q", &root, err)); /* three tokens of sixteen */
        assert_int_equal(score_step(prm, root, steps[k]).status, PS_BUDGET);
        assert_int_equal(score_step(prm, root, "a\n").status, PS_OK);
        ps_prm_free(prm);
    }
}

static void check_refused(const ps_prm_options *options, ps_status status, const char *part) {
    ps_error why;
    ps_prm *prm = NULL;
    ps_engine *engine = judge_engine(0);
    assert_int_equal(ps_prm_create(engine, NULL, options, &prm, &why), status);
    if (strstr(why.message, part) == NULL) fail_msg("no \"%s\" in: %s", part, why.message);
    assert_int_equal(ps_toy_living_nodes(engine), 0);
    ps_engine_free(engine); /* stayed ours */
}

static void what_cannot_be_asked_is_refused(void **state) {
    (void)state;
    ps_prm_options options = *asked(PS_AGGREGATE_LAST);
    options.judge_prompt = "Is {steps} right for {question}?";
    check_refused(&options, PS_ARG, "needs {question} once and after it {steps} once");
    options.judge_prompt = "{question}: {steps}";
    check_refused(&options, PS_ARG, "asks nothing behind {steps}");
    options = *asked(PS_AGGREGATE_LAST);
    options.positive = "ab";
    check_refused(&options, PS_FORMAT, "the answer \"ab\" of the judge is 2 tokens");
    options = *asked(PS_AGGREGATE_LAST);
    options.judge_prompt = options.positive = NULL; /* the usual ones: "Yes" is no token of this table */
    check_refused(&options, PS_FORMAT, "the answer \"Yes\" of the judge is 3 tokens");
}

/* An engine that reads no given tokens, as one of another machine, is named. */
static void an_engine_that_cannot_read_is_refused_by_name(void **state) {
    (void)state;
    ps_error why;
    ps_prm *prm = NULL;
    ps_engine *engine = NULL;
    const ps_toy_options synthetic = {.kind = PS_TOY_SYNTHETIC, .synthetic = ps_toy_synthetic_defaults()};
    assert_ok(ps_engine_toy_create(&synthetic, &engine, err));
    assert_int_equal(ps_prm_create(engine, NULL, asked(PS_AGGREGATE_LAST), &prm, &why), PS_ARG);
    assert_non_null(strstr(why.message, "the engine toy cannot evaluate"));
    ps_engine_free(engine);
}

/* Read where its own steps end, it is asked less often. */
static void a_judge_can_have_steps_of_its_own(void **state) {
    (void)state;
    ps_prm *prm = NULL;
    ps_prm_options options = *asked(PS_AGGREGATE_LAST);
    static const char *const steps[] = {"b", "\n", "a\n"};
    options.step_separator = "\n\n";
    assert_ok(ps_prm_create(judge_engine(0), NULL, &options, &prm, err));
    assert_string_equal(ps_prm_separator(prm), "\n\n");
    check_near(after(prm, steps, 3).step, 0.1 / 0.5, 1e-12); /* no blank line yet: it is asked of all of it */
    ps_prm_free(prm);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(yes_is_held_against_no),
        cmocka_unit_test(what_was_asked_is_no_part_of_the_work),
        cmocka_unit_test(readings_are_aggregated),
        cmocka_unit_test(a_step_costs_its_own_tokens_and_the_question),
        cmocka_unit_test(a_step_cannot_end_the_message),
        cmocka_unit_test(answers_without_probability_are_an_error_of_that_step),
        cmocka_unit_test(a_step_that_does_not_fit_is_an_error_of_its_own),
        cmocka_unit_test(what_cannot_be_asked_is_refused),
        cmocka_unit_test(an_engine_that_cannot_read_is_refused_by_name),
        cmocka_unit_test(a_judge_can_have_steps_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
