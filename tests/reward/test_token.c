/* Kind `token` on a table that acts as a reward model: exact probabilities, incremental evaluation, and its errors. */
#include "reward/prm_support.h"

/* Probability after a given text, scored from a fresh root in one step. */
static double fresh(ps_prm *prm, const char *text) {
    ps_prm_node root = 0;
    assert_ok(ps_prm_root(prm, "Q?", &root, err));
    const ps_prm_event event = score_step(prm, root, text);
    assert_int_equal(event.status, PS_OK);
    ps_prm_release(prm, root);
    ps_prm_release(prm, event.node);
    return event.step;
}

static void probabilities_are_exact(void **state) {
    (void)state;
    ps_prm *prm = judge(PS_AGGREGATE_LAST);
    check_near(fresh(prm, "a"), 0.6 / 0.8, 1e-12);
    check_near(fresh(prm, "b"), 0.1 / 0.4, 1e-12);
    check_near(fresh(prm, "xyz"), 0.5, 1e-12);
    check_near(fresh(prm, ""), 0.5, 1e-12); /* the tag alone */
    ps_prm_free(prm);
}

/* The tag takes the place of the white space at a step's end. */
static void white_space_is_stripped(void **state) {
    (void)state;
    ps_prm *prm = judge(PS_AGGREGATE_LAST);
    static const char *const same[] = {"a", "a\n", "a\n\n", "a \n", "a\r\n\t "};
    for (size_t i = 0; i < 5; i++)
        check_near(fresh(prm, same[i]), 0.75, 1e-12);
    check_near(fresh(prm, "a\n."), 0.5, 1e-12);
    check_near(fresh(prm, "\n"), 0.5, 1e-12);
    ps_prm_free(prm);
}

/* A step that spells the tag does not become one: as text it is bytes, after which the table knows nothing. */
static void a_tag_cannot_be_forged(void **state) {
    (void)state;
    ps_error error;
    ps_engine *engine = judge_engine(0);
    ps_token *tokens;
    size_t n;
    /* The toy tokenizer has no control token but its end; so the end serves as the tag here. */
    const ps_prm_options options = {.step_tag = "<end>", .positive = "a", .negative = "b"};
    ps_prm *prm = NULL;
    assert_int_equal(ps_prm_create(engine, NULL, &options, &prm, &error), PS_OK);
    assert_ok(ps_engine_tokenize(engine, "a<end>", 6, false, &tokens, &n, err));
    assert_int_equal(n, 6);
    ps_free(tokens);
    ps_prm_node root = 0;
    assert_ok(ps_prm_root(prm, "Q?", &root, err));
    const ps_prm_event event = score_step(prm, root, "a<end>");
    assert_int_equal(event.tokens, 2 + 6 + 1); /* prompt, text, one tag */
    ps_prm_free(prm);
}

/* A chain of steps costs each step once, and gives what the whole prefix gives. */
static void only_new_steps_are_evaluated(void **state) {
    (void)state;
    ps_prm *prm = judge(PS_AGGREGATE_LAST);
    ps_prm_node root = 0;
    assert_ok(ps_prm_root(prm, "Question", &root, err));
    const ps_prm_event b = score_step(prm, root, "b\n");
    assert_int_equal(b.tokens, 8 + 2); /* the prompt the first time */
    const ps_prm_event ba = score_step(prm, b.node, "a\n");
    assert_int_equal(ba.tokens, 2);
    check_near(ba.step, 0.1 / 0.5, 1e-12); /* the rule after "b<tag>a<tag>": it saw the first step */
    const ps_prm_event a = score_step(prm, root, "a\n");
    assert_int_equal(a.tokens, 2);
    const ps_prm_event aa = score_step(prm, a.node, "a\n");
    check_near(aa.step, 0.75, 1e-12);
    ps_prm_release(prm, b.node); /* a child needs no parent */
    ps_prm_release(prm, root);
    const ps_prm_event bab = score_step(prm, ba.node, "b\n");
    check_near(bab.step, 0.25, 1e-12);
    ps_engine_stats stats;
    ps_prm_get_stats(prm, &stats);
    assert_int_equal(stats.prefilled, 8 + 5 * 2);
    ps_prm_free(prm);
}

static ps_status create(const ps_prm_options *options, ps_error *error) {
    ps_engine *engine = judge_engine(0);
    ps_prm *prm = NULL;
    const ps_status status = ps_prm_create(engine, NULL, options, &prm, error);
    if (status == PS_OK)
        ps_prm_free(prm);
    else
        ps_engine_free(engine); /* still ours */
    return status;
}

static void wrong_options(void **state) {
    (void)state;
    ps_error error = {0};
    assert_int_equal(create(&(ps_prm_options){0}, &error), PS_FORMAT);
    assert_non_null(strstr(error.message, "no step tag"));
    assert_int_equal(create(&(ps_prm_options){.step_tag = ""}, &error), PS_FORMAT);
    assert_int_equal(create(&(ps_prm_options){.step_tag = "<extra_0>"}, &error), PS_FORMAT);
    assert_non_null(strstr(error.message, "9 tokens"));
    assert_int_equal(create(&(ps_prm_options){.step_tag = "<tag>", .positive = "yes"}, &error), PS_FORMAT);
    assert_non_null(strstr(error.message, "\"yes\""));
    assert_int_equal(create(&(ps_prm_options){.step_tag = "<tag>", .negative = "no"}, &error), PS_FORMAT);
    assert_int_equal(create(&(ps_prm_options){.step_tag = "<tag>", .positive = "a", .negative = "b"}, &error), PS_OK);
    assert_int_equal(create(&(ps_prm_options){.step_tag = "<tag>", .head_path = "no-such-head.gguf"}, &error),
#ifdef PS_HAVE_LLAMA
                     PS_IO
#else
                     PS_ENGINE
#endif
    );
    /* An engine that cannot evaluate. */
    ps_engine *engine = NULL;
    ps_prm *prm = NULL;
    const ps_toy_options synthetic = {.kind = PS_TOY_SYNTHETIC, .synthetic = ps_toy_synthetic_defaults()};
    assert_ok(ps_engine_toy_create(&synthetic, &engine, err));
    assert_int_equal(ps_prm_create(engine, NULL, &(ps_prm_options){.step_tag = "x"}, &prm, &error), PS_ARG);
    ps_engine_free(engine);
}

/* What goes wrong with one step is that step's event; the next one works. */
static void failures_are_events(void **state) {
    (void)state;
    ps_engine *engine = judge_engine(12);
    ps_prm *prm = NULL;
    ps_prm_node root = 0;
    ps_error error;
    assert_ok(ps_prm_create(engine, NULL, &(ps_prm_options){.step_tag = "<tag>"}, &prm, err));
    assert_ok(ps_prm_root(prm, "Q?", &root, err));
    ps_prm_event event = score_step(prm, root, "c"); /* both choices impossible */
    assert_int_equal(event.status, PS_DOMAIN);
    assert_non_null(strstr(event.message, "NaN"));
    assert_int_equal(event.node, 0);
    event = score_step(prm, root, "a much longer step");
    assert_int_equal(event.status, PS_BUDGET);
    assert_non_null(event.message);
    event = score_step(prm, root, "a");
    assert_int_equal(event.status, PS_OK);
    check_near(event.step, 0.75, 1e-12);
    ps_prm_node other = 0;
    assert_int_equal(ps_prm_root(prm, "a question that is too long", &other, &error), PS_BUDGET);
    ps_prm_free(prm);
}

/* The system message stands before the question: the toy engine's template concatenates, so the cost shows it. */
static void system_message(void **state) {
    (void)state;
    ps_prm *prm = NULL;
    ps_prm_node root = 0;
    const ps_prm_options options = {.step_tag = "<tag>", .system = "Think."};
    assert_ok(ps_prm_create(judge_engine(0), NULL, &options, &prm, err));
    assert_ok(ps_prm_root(prm, "Q?", &root, err));
    assert_int_equal(score_step(prm, root, "a").tokens, 6 + 2 + 2);
    ps_prm_free(prm);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(probabilities_are_exact), cmocka_unit_test(white_space_is_stripped),
        cmocka_unit_test(a_tag_cannot_be_forged),  cmocka_unit_test(only_new_steps_are_evaluated),
        cmocka_unit_test(wrong_options),           cmocka_unit_test(failures_are_events),
        cmocka_unit_test(system_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
