/* From a configuration to a session; prompts; boxes; Wilson's interval. */
#include "persamp/study.h"
#include "run/files.h"
#include "run/task.h"

/* A session of a configuration; the caller ends it. */
typedef struct opened {
    ps_config *config;
    ps_models *models;
    ps_session session;
} opened;

static ps_status open_session(opened *o, ps_config *config, const char *arm, ps_error *err) {
    *o = (opened){.config = config};
    check_ok(ps_models_open(config, NULL, &o->models, err));
    return ps_session_init(&o->session, config, o->models, arm, err);
}

static void close_session(opened *o) {
    ps_session_clear(&o->session);
    ps_models_free(o->models);
    ps_config_free(o->config);
}

static void arms(void **state) {
    (void)state;
    opened o;
    ps_error err;
    check_ok(
        open_session(&o, config_of("generation.temperature", "0.5", "ps.budget.max_tokens", "100", NULL), NULL, &err));
    assert_string_equal(o.session.method->name, "persistent");
    check_near(o.session.generation.temperature, 0.5, 0);
    assert_int_equal(o.session.params.n_particles, 8);
    assert_int_equal(o.session.params.budget.max_tokens, 100);
    close_session(&o);

    check_ok(open_session(&o, config_of(NULL), "greedy", &err));
    check_near(o.session.generation.temperature, 0, 0);
    assert_int_equal(o.session.select, PS_SELECT_BEST);
    close_session(&o);

    /* One draw at temperature 1 from the whole distribution, whatever the search may spend. */
    check_ok(
        open_session(&o, config_of("ps.budget.max_tokens", "1000", "generation.top_k", "3", NULL), "sample", &err));
    assert_string_equal(o.session.name, "sample");
    assert_int_equal(o.session.params.n_particles, 1);
    assert_int_equal(o.session.params.budget.max_tokens, 0);
    check_near(o.session.generation.temperature, 1, 0);
    check_near(o.session.generation.top_p, 1, 0);
    assert_int_equal(o.session.generation.top_k, 0);
    close_session(&o);

    check_ok(open_session(&o, config_of("method", "majority", "answer.select", "best", NULL), NULL, &err));
    assert_int_equal(o.session.select, PS_SELECT_MAJORITY); /* the method's own */
    close_session(&o);

    check_ok(open_session(&o, config_of("answer.select", "auto", NULL), NULL, &err));
    assert_int_equal(o.session.select, PS_SELECT_WEIGHTED);
    close_session(&o);
    check_ok(open_session(&o, config_of("answer.select", "auto", "models.prm.enabled", "true", NULL), NULL, &err));
    assert_int_equal(o.session.select, PS_SELECT_WEIGHTED); /* the PRM is there, the score does not read it */
    close_session(&o);
    check_ok(open_session(
        &o, config_of("answer.select", "auto", "models.prm.enabled", "true", "scoring.type", "prm_reward", NULL), NULL,
        &err));
    assert_int_equal(o.session.select, PS_SELECT_PRM_WEIGHTED);
    close_session(&o);

    assert_int_equal(open_session(&o, config_of(NULL), "nonsense", &err), PS_ARG);
    check_contains(err.message, "nonsense");
    check_contains(err.message, "persistent, greedy");
    close_session(&o);
    assert_int_equal(open_session(&o, config_of("answer.select", "prm_weighted", NULL), NULL, &err), PS_ARG);
    check_contains(err.message, "models.prm.enabled");
    close_session(&o);
}

/* A stop string that marks a step is not the end of the answer. */
static void stop_strings(void **state) {
    (void)state;
    static const struct {
        const char *boundary, *kept;
    } cases[] = {{"newline", "END|"},
                 {"paragraph", "\n|END|"},
                 {"sentence", "END|"},
                 {"fixed", "\n|\n\n|END|"},
                 {"[\"END\"]", "\n|\n\n|"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        opened o;
        ps_error err;
        ps_text kept = {0};
        check_ok(open_session(&o,
                              config_of("generation.stop_tokens", "[\"\\n\", \"\\n\\n\", END]",
                                        "generation.step_boundary", cases[i].boundary, NULL),
                              NULL, &err));
        for (size_t k = 0; k < o.session.generation.n_stops; k++)
            ps_text_printf(&kept, "%s|", o.session.generation.stops[k]);
        assert_string_equal(ps_text_cstr(&kept), cases[i].kept);
        ps_text_free(&kept);
        close_session(&o);
    }
}

static void prompts(void **state) {
    (void)state;
    opened o;
    ps_error err;
    char *text = NULL;
    check_ok(open_session(&o,
                          config_of("prompt.template", "S={system} {{question}} {question} \\frac{1}{2} {x}{question",
                                    "prompt.system", "sys", NULL),
                          NULL, &err));
    check_ok(ps_render_prompt(&o.session, "1+{system}?", &text, &err)); /* what is filled in is not filled again */
    assert_string_equal(text, "S=sys {1+{system}?} 1+{system}? \\frac{1}{2} {x}{question");
    ps_free(text);
    check_ok(ps_render_prompt(&o.session, "", &text, &err));
    assert_string_equal(text, "S=sys {}  \\frac{1}{2} {x}{question");
    ps_free(text);
    close_session(&o);
}

/* What a model is asked without a prompt.template of the user's: its own chat template, and Qwen2.5-Math's system
 * message unless another is set. */
static void prompts_of_the_models_template(void **state) {
    (void)state;
    static const struct {
        const char *system, *expected;
    } cases[] = {
        {NULL, "<|im_start|>system\nPlease reason step by step, and put your final answer within \\boxed{}.<|im_end|>\n"
               "<|im_start|>user\nWhat is 2+2?<|im_end|>\n<|im_start|>assistant\n"},
        {"Be brief.", "<|im_start|>system\nBe brief.<|im_end|>\n"
                      "<|im_start|>user\nWhat is 2+2?<|im_end|>\n<|im_start|>assistant\n"},
        {"", "<|im_start|>user\nWhat is 2+2?<|im_end|>\n<|im_start|>assistant\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        opened o = {.config = config_of("engine.type", "llama", "engine.llama.contexts", "1", "engine.llama.threads",
                                        "1", "engine.llama.flash_attn", "false", NULL)};
        ps_error err;
        char *text = NULL;
        if (cases[i].system != NULL) check_ok(ps_config_set(o.config, "prompt.system", cases[i].system, "test", &err));
        if (ps_models_open(o.config, NULL, &o.models, &err) != PS_OK) { /* a build without libllama */
            check_contains(err.message, "no libllama");
            ps_config_free(o.config);
            skip();
        }
        check_ok(ps_session_init(&o.session, o.config, o.models, NULL, &err));
        check_ok(ps_render_prompt(&o.session, "What is 2+2?", &text, &err));
        assert_string_equal(text, cases[i].expected);
        ps_free(text);
        close_session(&o);
    }
}

static void boxes(void **state) {
    (void)state;
    static const char *const closed[] = {"\\boxed{1}",          "so \\boxed{\\frac{1}{2}} it is",
                                         "\\boxed{}",           "\\boxed{\\{}",
                                         "\\boxed{ \\boxed{3}", "a \\boxed{ b\n\\boxed{7}"};
    static const char *const open[] = {"",  "boxed{1}", "\\boxed", "\\boxed{", "\\boxed{\\frac{1}{2}", "\\boxed{\\}",
                                       "}{"};
    for (size_t i = 0; i < sizeof closed / sizeof *closed; i++)
        if (!ps_has_closed_box(closed[i])) fail_msg("%s is closed", closed[i]);
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        if (ps_has_closed_box(open[i])) fail_msg("%s is not closed", open[i]);
}

/* Values of the score interval: Newcombe (1998), tables I and II, method 3, to their four decimals. */
static void wilson(void **state) {
    (void)state;
    static const struct {
        size_t k, n;
        double low, high;
    } known[] = {{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}};
    double low, high;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        ps_wilson(known[i].k, known[i].n, &low, &high);
        check_near(low, known[i].low, 6e-5);
        check_near(high, known[i].high, 6e-5);
        ps_wilson(known[i].n - known[i].k, known[i].n, &low, &high); /* and mirrored */
        check_near(low, 1 - known[i].high, 6e-5);
        check_near(high, 1 - known[i].low, 6e-5);
    }
    ps_wilson(0, 0, &low, &high);
    assert_true(low == 0 && high == 1);
    ps_wilson(5, 5, &low, &high);
    assert_true(high == 1);
}

/* ---- Models -------------------------------------------------------------- */

static void refused_models(void **state) {
    (void)state;
    static const struct {
        const char *key, *value;
        ps_status status;
        const char *word;
    } cases[] = {
        {"engine.toy.table", "/nowhere/table.json", PS_IO, "/nowhere/table.json"},
        {"engine.toy.table", "bad.json", PS_FORMAT, "bad.json:1:"},
        {"models.generator.model_path", "/nowhere/model.gguf", PS_IO, "/nowhere/model.gguf"},
        {"models.generator.model_path", "Some/Model-1B", PS_IO, "Some/Model-1B"},
        {"engine.type", "openai", PS_ARG, "engine.type"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_models *models = NULL;
        ps_error err;
        bool toy = strstr(cases[i].key, "toy") != NULL, bad = strcmp(cases[i].value, "bad.json") == 0;
        const char *value = bad ? write_text("bad.json", "{\"tokens\": 3}") : cases[i].value;
        ps_config *c = config_of(cases[i].key, value, NULL);
        if (!toy && i < 4) check_ok(ps_config_set(c, "engine.type", "llama", "test", &err));
        ps_status status = ps_models_open(c, NULL, &models, &err);
        if (status == PS_ENGINE && strstr(err.message, "no libllama") != NULL)
            status = cases[i].status; /* such a build */
        else
            check_contains(err.message, cases[i].word);
        assert_int_equal(status, cases[i].status);
        assert_null(models);
        ps_config_free(c);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arms),           cmocka_unit_test(stop_strings),
        cmocka_unit_test(prompts),        cmocka_unit_test(prompts_of_the_models_template),
        cmocka_unit_test(boxes),          cmocka_unit_test(wilson),
        cmocka_unit_test(refused_models),
    };
    return cmocka_run_group_tests(tests, NULL, remove_files);
}
