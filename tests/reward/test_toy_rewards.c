/* The toy engine's reward model: rewards of a table by step and by prefix, and what it reads of a synthetic step. */
#include "reward/prm_support.h"

static ps_prm *toy_of(const char *json) {
    ps_prm *prm = NULL;
    FILE *file = fopen("rewards.json", "wb");
    assert_non_null(file);
    fputs(json, file);
    fclose(file);
    assert_ok(ps_prm_toy_create(&(ps_toy_options){.table_path = "rewards.json"}, PS_AGGREGATE_LAST, &prm, err));
    return prm;
}

static void prefixes_before_steps(void **state) {
    (void)state;
    ps_prm *prm = toy_of("{\"rewards\": {\"default\": \"1/4\", \"steps\": {\"a\\n\": 0.8},"
                         "\"prefixes\": {\"b\\na\\n\": 0.1}}}");
    ps_prm_node root = 0;
    assert_ok(ps_prm_root(prm, "Q?", &root, err));
    const ps_prm_event a = score_step(prm, root, "a\n"), b = score_step(prm, root, "b\n");
    const ps_prm_event ba = score_step(prm, b.node, "a\n"), aa = score_step(prm, a.node, "a\n");
    check_near(a.step, 0.8, 0);
    check_near(b.step, 0.25, 0);
    check_near(ba.step, 0.1, 0);
    check_near(aa.step, 0.8, 0);
    ps_prm_free(prm);
}

static void synthetic_steps(void **state) {
    (void)state;
    ps_toy_options options = {.kind = PS_TOY_SYNTHETIC, .synthetic = ps_toy_synthetic_defaults()};
    options.synthetic.noise = 1.5;
    ps_prm *prm = NULL;
    ps_prm_node root = 0;
    assert_ok(ps_prm_toy_create(&options, PS_AGGREGATE_LAST, &prm, err));
    assert_ok(ps_prm_root(prm, "Problem 1", &root, err));
    check_near(score_step(prm, root, "step 1: ok z=0.500000\n").step, 1 / (1 + exp(-2.75)), 1e-15);
    check_near(score_step(prm, root, "step 2: slip z=-1.000000\n").step, 1 / (1 + exp(-0.5)), 1e-15);
    check_near(score_step(prm, root, "step 12: seen z=0.500000 \\boxed{3}").step, 1 / (1 + exp(1.25)), 1e-15);
    const ps_prm_event event = score_step(prm, root, "Let me think.\n");
    assert_int_equal(event.status, PS_FORMAT);
    assert_int_equal(event.node, 0);
    assert_non_null(strstr(event.message, "synthetic"));
    ps_prm_free(prm);
}

/* A long step takes the path of the heap. */
static void long_steps(void **state) {
    (void)state;
    char text[2000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    ps_prm *prm = toy_of("{\"rewards\": {\"default\": 0.75}}");
    ps_prm_node root = 0;
    assert_ok(ps_prm_root(prm, "Q?", &root, err));
    check_near(score_step(prm, root, text).step, 0.75, 0);
    check_near(score_step(prm, root, "").step, 0.75, 0);
    ps_prm_free(prm);
}

static void mistakes_are_named(void **state) {
    (void)state;
    static const struct {
        const char *text, *where, *what;
    } cases[] = {
        {"{}", "rewards.json:1:", "needs \"rewards\""},
        {"{\n\"rewards\": 3}", "rewards.json:2:", "needs \"rewards\""},
        {"{\"rewards\": {\n\"step\": {}}}", "rewards.json:2:", "did you mean \"steps\"?"},
        {"{\"rewards\": {\n\"steps\": 1}}", "rewards.json:2:", "must be an object"},
        {"{\"rewards\": {\n\"default\": 1.5}}", "rewards.json:2:", "not a probability"},
        {"{\"rewards\": {\"steps\": {\"a\": 1,\n\"b\":\n null}}}", "rewards.json:3:", "\"b\" is not a probability"},
        {"{\"rewards\": {\"prefixes\": {\"a\":\n true}}}", "rewards.json:2:", "not a probability"},
        {"nothing", "rewards.json:1:", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_prm *prm = NULL;
        ps_error error = {0};
        FILE *file = fopen("rewards.json", "wb");
        assert_non_null(file);
        fputs(cases[i].text, file);
        fclose(file);
        const ps_toy_options options = {.table_path = "rewards.json"};
        const ps_status status = ps_prm_toy_create(&options, PS_AGGREGATE_LAST, &prm, &error);
        if (status != PS_FORMAT || strncmp(error.message, cases[i].where, strlen(cases[i].where)) != 0 ||
            strstr(error.message, cases[i].what) == NULL)
            fail_msg("case %zu (expected %s … %s): %s", i, cases[i].where, cases[i].what, error.message);
    }
    ps_prm *prm = NULL;
    ps_toy_options synthetic = {.kind = PS_TOY_SYNTHETIC};
    assert_int_equal(ps_prm_toy_create(&synthetic, PS_AGGREGATE_LAST, &prm, NULL), PS_ARG);
    assert_int_equal(ps_prm_toy_create(&(ps_toy_options){.table_path = "none.json"}, PS_AGGREGATE_LAST, &prm, NULL),
                     PS_IO);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prefixes_before_steps),
        cmocka_unit_test(synthetic_steps),
        cmocka_unit_test(long_steps),
        cmocka_unit_test(mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
