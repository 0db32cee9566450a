/* Right files: what YAML is understood, and what comes of it. */
#include "config/support.h"

static void an_empty_file_is_an_empty_configuration(void **state) {
    (void)state;
    const char *const empty[] = {"", "\n", "# nothing\n", "---\n", "null\n", "{}\n", "ps:\n", "ps:\n  resample:\n"};
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
        ps_config *cfg = fresh(), *initial = fresh();
        load(cfg, empty[i]);
        assert_same(cfg, initial);
        ps_config_free(cfg);
        ps_config_free(initial);
    }
}

static void values_of_every_type_are_read(void **state) {
    (void)state;
    ps_config *cfg = fresh();
    load(cfg, "generation:\n"
              "  n_particles: 0x10\n"
              "  temperature: 1\n"
              "  top_p: .5\n"
              "  stop_tokens: [\"\\n\\n\", 'it''s', END, \"7\"]\n"
              "scoring:\n"
              "  params: {min_score: 1e-30, tau: +2.5E0}\n"
              "models: {prm: {enabled: yes}}\n"
              "ps:\n"
              "  refill: True\n"
              "  resample: {method: 'residual'}\n"
              "engine:\n"
              "  llama: {threads: 2, contexts: auto, flash_attn: true}\n"
              "prompt:\n"
              "  system: |\n"
              "    Think.\n"
              "    Then answer.\n"
              "  template: ~\n"
              "evaluation: {dataset: gsm8k, dataset_path: data/x.jsonl}\n"
              "performance: {batch_size: 4}\n"
              "tuning:\n"
              "  search_space:\n"
              "    generation.temperature: [0.5, 0.70, 1]\n"
              "    ps.resample.method: [topN, systematic]\n");
    assert_int_equal(cfg->generation_n_particles, 16);
    assert_true(cfg->generation_temperature == 1.0);
    assert_true(cfg->generation_top_p == 0.5);
    assert_int_equal(cfg->generation_stop_tokens.n, 4);
    assert_string_equal(cfg->generation_stop_tokens.items[0], "\n\n");
    assert_string_equal(cfg->generation_stop_tokens.items[1], "it's");
    assert_string_equal(cfg->generation_stop_tokens.items[3], "7");
    assert_true(cfg->scoring_params_min_score == 1e-30);
    assert_true(cfg->scoring_params_tau == 2.5);
    assert_true(cfg->models_prm_enabled);
    assert_true(cfg->ps_refill);
    assert_true(ps_config_is(cfg->ps_resample_method, "residual"));
    assert_int_equal(cfg->engine_llama_threads, 2);
    assert_int_equal(cfg->engine_llama_contexts, PS_CONFIG_AUTO);
    assert_string_equal(cfg->engine_llama_flash_attn, "true");
    assert_string_equal(cfg->prompt_system, "Think.\nThen answer.\n");
    assert_null(cfg->prompt_template);
    assert_string_equal(cfg->evaluation_dataset, "gsm8k");
    assert_int_equal(cfg->performance_batch_size, 4);
    assert_int_equal(cfg->tuning_search_space.n, 2);
    assert_string_equal(cfg->tuning_search_space.keys[1], "ps.resample.method");
    assert_int_equal(cfg->tuning_search_space.values[0].n, 3);
    assert_string_equal(cfg->tuning_search_space.values[0].items[1], "0.7");
    ps_config_free(cfg);
}

static void origins_have_line_and_column(void **state) {
    (void)state;
    ps_config *cfg = fresh();
    load(cfg, "ps:\n  depth_decay: 0.5\n  move: {n_moves: 3}\n");
    assert_origin(cfg, "ps.depth_decay", "t.yaml:2:16");
    assert_origin(cfg, "ps.move.n_moves", "t.yaml:3:19");
    assert_origin(cfg, "ps.depth_tilt", "preset recommended");
    assert_origin(cfg, "system.seed", "default");
    ps_config_free(cfg);
}

static void anchors_aliases_and_merge_keys_are_understood(void **state) {
    (void)state;
    ps_config *cfg = fresh();
    load(cfg, "x-sampling: &s\n"
              "  temperature: 0.3\n"
              "  top_p: 0.5\n"
              "x-more: &m {top_p: 0.6, top_k: 5, <<: *s}\n"
              "generation:\n"
              "  <<: [*m, *s]\n"
              "  top_k: 7\n"
              "  n_particles: &n 4\n"
              "smoke_test: {n_particles: *n}\n");
    assert_value(cfg, "generation.temperature", "0.3");
    assert_value(cfg, "generation.top_p", "0.6"); /* the first in the list wins */
    assert_value(cfg, "generation.top_k", "7");   /* what stands there itself wins over both */
    assert_int_equal(cfg->smoke_test_n_particles, 4);
    ps_config_free(cfg);
}

static void dotted_and_nested_keys_mean_the_same(void **state) {
    (void)state;
    ps_config *a = fresh(), *b = fresh();
    load(a, "ps.resample.method: topN\nps: {resample.policy: ess}\nps.temperature_schedule: {beta_max: 2}\n");
    load(b, "ps:\n  resample: {method: topN, policy: ess}\n  temperature_schedule: {beta_max: 2}\n");
    assert_same(a, b);
    ps_config_free(a);
    ps_config_free(b);
}

static void a_list_of_literals_is_a_step_boundary(void **state) {
    (void)state;
    ps_config *cfg = fresh();
    load(cfg, "generation:\n  step_boundary: [\"\\n\\n\", \"Step\"]\n");
    assert_true(ps_config_is(cfg->generation_step_boundary, "literals"));
    assert_int_equal(cfg->generation_step_literals.n, 2);
    assert_string_equal(cfg->generation_step_literals.items[1], "Step");
    assert_int_equal(ps_config_check(cfg, NULL, NULL), PS_OK);
    ps_config_free(cfg);
}

static void what_editors_do_to_files_is_understood(void **state) {
    (void)state;
    ps_config *cfg = fresh();
    load(cfg, "\xef\xbb\xbf%YAML 1.2\r\n---\r\nps:\r\n  mode: steps\r\n  refill: true   \r\n...\r\n");
    assert_true(cfg->ps_refill);
    load(cfg, "prompt: {system: \"Schl\xc3\xbcssel \\u00e9\"}");
    assert_string_equal(cfg->prompt_system, "Schl\xc3\xbcssel \xc3\xa9");
    load(cfg, "{\"generation\": {\"n_particles\": 3, \"stop_tokens\": [\"x\"]}}"); /* JSON is YAML */
    assert_int_equal(cfg->generation_n_particles, 3);
    ps_config_free(cfg);
}

static void tags_of_the_core_schema_are_understood(void **state) {
    (void)state;
    ps_config *cfg = fresh();
    load(cfg, "prompt: {system: !!str 5, template: ! '{question}'}\nsystem: {seed: !!int 7}\n");
    assert_string_equal(cfg->prompt_system, "5");
    assert_int_equal(cfg->system_seed, 7);
    ps_config_free(cfg);
}

static void a_failed_load_changes_nothing(void **state) {
    (void)state;
    ps_config *cfg = fresh(), *initial = fresh();
    assert_int_equal(ps_config_load_text(cfg, "ps: {refill: true, depth_decay: 7}", "t", NULL), PS_FORMAT);
    assert_same(cfg, initial);
    ps_config_free(cfg);
    ps_config_free(initial);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_file_is_an_empty_configuration),
        cmocka_unit_test(values_of_every_type_are_read),
        cmocka_unit_test(origins_have_line_and_column),
        cmocka_unit_test(anchors_aliases_and_merge_keys_are_understood),
        cmocka_unit_test(dotted_and_nested_keys_mean_the_same),
        cmocka_unit_test(a_list_of_literals_is_a_step_boundary),
        cmocka_unit_test(what_editors_do_to_files_is_understood),
        cmocka_unit_test(tags_of_the_core_schema_are_understood),
        cmocka_unit_test(a_failed_load_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
