/* What only the whole configuration can be judged by. */
#include "config/support.h"

static void contradictions_are_told_with_their_place(void **state) {
    (void)state;
    static const struct {
        const char *yaml, *message;
    } cases[] = {
        {"preset: classic\nps: {temperature_schedule: {beta_min: 2}}\n",
         "t.yaml:2:39: ps.temperature_schedule.beta_min: 2 is above ps.temperature_schedule.beta_max, which is 1 "
         "(default)"},
        {"ps: {temperature_schedule: {beta_min: 0.5, beta_max: 0.25}}\n",
         "t.yaml:1:39: ps.temperature_schedule.beta_min: 0.5 is above ps.temperature_schedule.beta_max, which is 0.25 "
         "(t.yaml:1:54)"},
        {"generation: {max_tokens_per_step: 4, min_tokens_per_step: 5}\n",
         "t.yaml:1:59: generation.min_tokens_per_step: 5 is above generation.max_tokens_per_step, which is 4 "
         "(t.yaml:1:35)"},
        {"scoring: {params: {min_score: 1, max_score: 0.5}}\n",
         "t.yaml:1:31: scoring.params.min_score: 1 is above scoring.params.max_score, which is 0.5 (t.yaml:1:45)"},
        {"ps: {mode: completions, temperature_schedule: {monotone: false}}\n",
         "t.yaml:1:58: ps.temperature_schedule.monotone: false, but ps.mode completions needs true"},
        {"ps: {mode: completions, weights: lineage}\n",
         "t.yaml:1:34: ps.weights: lineage, but ps.mode completions needs balance"},
        {"scoring: {type: prm_reward}\n",
         "t.yaml:1:17: scoring.type: prm_reward needs a process reward model; set models.prm.enabled: true"},
        {"models: {prm: {enabled: true}}\nscoring: {prm: {kind: head}}\n",
         "t.yaml:2:23: scoring.prm.kind: head needs scoring.prm.head_path"},
        {"generation: {step_boundary: literals}\n",
         "t.yaml:1:29: generation.step_boundary: literals needs generation.step_literals, a list of strings"},
        {"evaluation: {extract_answer: regex}\n",
         "t.yaml:1:30: evaluation.extract_answer: regex needs evaluation.answer_regex"},
        {"evaluation: {extract_answer: regex,\n  answer_regex: 'Answer: (\\d+'}\n",
         "t.yaml:2:17: evaluation.answer_regex: not a regular expression: missing closing parenthesis, at character "
         "13"},
        {"evaluation: {answer_regex: ''}\n",
         "t.yaml:1:28: evaluation.answer_regex: empty; expected a regular expression"},
        {"evaluation: {dataset: custom}\n", "t.yaml:1:23: evaluation.dataset: custom needs evaluation.dataset_path"},
        {"prompt: {template: hello}\n", "t.yaml:1:20: prompt.template: lacks {question}, the place of the question"},
        {"engine: {openai: {base_url: localhost}}\n",
         "t.yaml:1:29: engine.openai.base_url: expected an address that begins with http:// or https://"},
        {"engine:\n  type: openai\n  deterministic: true\n",
         "t.yaml:3:18: engine.deterministic: a server's results depend on what it computes beside, in the last digits: "
         "set engine.type llama, or this to false (docs/remote.md has how many tokens differ)"},
        {"models: {prm: {enabled: true}}\nscoring: {prm: {kind: pooling}}\n",
         "t.yaml:2:23: scoring.prm.kind: pooling is asked of a server; set models.prm.engine: openai"},
        {"models: {prm: {enabled: true, engine: openai}}\n",
         "scoring.prm.step_tag: null, but a server tells no metadata: set the tag that the reward model was trained "
         "with"},
        {"models: {prm: {enabled: true, engine: openai}}\nscoring: {prm: {kind: head, head_path: h.gguf}}\n",
         "t.yaml:2:23: scoring.prm.kind: head reads hidden states, which no server gives; let vLLM apply the head, and "
         "set pooling (docs/reward.md)"},
        {"models: {prm: {openai: {base_url: localhost}}}\n",
         "t.yaml:1:35: models.prm.openai.base_url: expected an address that begins with http:// or https://"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_error err = {0};
        ps_config *cfg = fresh();
        load(cfg, cases[i].yaml);
        assert_int_equal(ps_config_check(cfg, NULL, &err), PS_FORMAT);
        assert_string_equal(err.message, cases[i].message);
        ps_config_free(cfg);
    }
}

/* A key pasted where its variable's name belongs is not repeated in the message. */
static void a_pasted_secret_is_not_repeated(void **state) {
    (void)state;
    ps_error err;
    ps_config *cfg = fresh();
    load(cfg, "engine: {openai: {api_key_env: sk-4242-secret}}\nhub: {token_env: 'hf secret'}\n");
    assert_int_equal(ps_config_check(cfg, NULL, &err), PS_FORMAT);
    assert_null(strstr(err.message, "secret}"));
    assert_null(strstr(err.message, "4242"));
    assert_null(strstr(err.message, "hf "));
    assert_non_null(strstr(err.message, "t.yaml:1:32: engine.openai.api_key_env: expected the name of"));
    assert_non_null(strstr(err.message, "\nt.yaml:2:18: hub.token_env: expected the name of"));
    ps_config_free(cfg);
}

static void the_toy_brings_its_own_prm(void **state) {
    (void)state;
    ps_config *cfg = fresh();
    load(cfg, "engine: {type: toy}\nscoring: {type: prm_reward}\nanswer: {select: prm_weighted}\n");
    assert_int_equal(ps_config_check(cfg, NULL, NULL), PS_OK);
    ps_config_free(cfg);
}

/* A check warns as ps_config_warn does, and needs no log. */
static void a_check_warns_too(void **state) {
    (void)state;
    heard h = {0};
    ps_log log = {hear, &h, PS_LOG_WARNING};
    ps_config *cfg = fresh();
    set(cfg, "ps.stop_ess", "2");
    assert_int_equal(ps_config_check(cfg, NULL, NULL), PS_OK);
    assert_int_equal(ps_config_check(cfg, &log, NULL), PS_OK);
    assert_string_equal(ps_text_cstr(&h.lines),
                        "warning: ps.stop_ess (test) cannot act: ps.mode is steps (default); it "
                        "needs completions\n");
    ps_text_clear(&h.lines);
    ps_config_free(cfg);
}

/* What compares depths by a reward and is set without one: obeyed, with a line for each such key. */
static void comparing_depths_without_a_reward_is_said(void **state) {
    (void)state;
    static const struct {
        const char *yaml, *named; /* NULL: no warning */
    } cases[] = {
        {"ps: {depth_retreat: auto, depth_tilt: auto}\n", NULL},
        {"ps: {depth_retreat: 0, depth_tilt: 0}\n", NULL},
        {"ps: {depth_retreat: 8}\n", "warning: without a reward model ps.depth_retreat (t.yaml:1:21) compares"},
        {"ps: {depth_tilt: 0.5}\n", "warning: without a reward model ps.depth_tilt (t.yaml:1:18) compares"},
        {"ps: {depth_retreat: 8}\nmodels: {prm: {enabled: true}}\n", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_config *cfg = fresh();
        load(cfg, cases[i].yaml);
        heard h = said_of(cfg, PS_LOG_WARNING);
        const char *said = ps_text_cstr(&h.lines);
        if (cases[i].named == NULL) assert_string_equal(said, "");
        if (cases[i].named != NULL) assert_ptr_equal(strstr(said, cases[i].named), said);
        ps_text_clear(&h.lines);
        ps_config_free(cfg);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contradictions_are_told_with_their_place),
        cmocka_unit_test(a_pasted_secret_is_not_repeated),
        cmocka_unit_test(the_toy_brings_its_own_prm),
        cmocka_unit_test(a_check_warns_too),
        cmocka_unit_test(comparing_depths_without_a_reward_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
