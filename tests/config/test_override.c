/* Layers: presets, files, environment, command line; and arguments as the commands take them. */
#include "config/support.h"

static void a_higher_layer_wins_in_any_order(void **state) {
    (void)state;
    ps_config *cfg = fresh();
    setenv("OPENAI_BASE_URL", "http://from-environment/v1", 1);
    unsetenv("HF_HOME");
    unsetenv("HF_HUB_CACHE");
    unsetenv("HUGGINGFACE_HUB_CACHE");
    set(cfg, "system.seed", "3"); /* before the file: still wins */
    load(cfg, "system: {seed: 1}\nengine: {openai: {base_url: http://from-file/v1}}\n");
    assert_value(cfg, "system.seed", "3");
    assert_origin(cfg, "system.seed", "test");
    assert_string_equal(cfg->engine_openai_base_url.items[0], "http://from-file/v1");
    assert_int_equal(ps_config_environment(cfg, NULL), PS_OK);
    assert_string_equal(cfg->engine_openai_base_url.items[0], "http://from-environment/v1");
    assert_origin(cfg, "engine.openai.base_url", "environment OPENAI_BASE_URL");
    load(cfg, "engine: {openai: {base_url: http://later-file/v1}}\n");
    assert_string_equal(cfg->engine_openai_base_url.items[0], "http://from-environment/v1");
    set(cfg, "engine.openai.base_url", "http://set/v1");
    assert_string_equal(cfg->engine_openai_base_url.items[0], "http://set/v1");
    unsetenv("OPENAI_BASE_URL");
    ps_config_free(cfg);
}

/* One address, several with commas between them, or a list. */
static void addresses_are_one_or_several(void **state) {
    (void)state;
    ps_config *cfg = fresh();
    const ps_config_list *urls = &cfg->engine_openai_base_url;
    assert_int_equal(urls->n, 1);
    set(cfg, "engine.openai.base_url", "http://a/v1, http://b/v1,http://c/v1");
    assert_int_equal(urls->n, 3);
    assert_string_equal(urls->items[1], "http://b/v1");
    assert_value(cfg, "engine.openai.base_url", "[\"http://a/v1\", \"http://b/v1\", \"http://c/v1\"]");
    set(cfg, "engine.openai.base_url", "[\"http://a/v1?x=1,2\", http://b/v1]");
    assert_int_equal(urls->n, 2);
    assert_string_equal(urls->items[0], "http://a/v1?x=1,2");
    set(cfg, "engine.openai.base_url", "[\"http://a/v1?x=1,2\"]");
    assert_value(cfg, "engine.openai.base_url", "[\"http://a/v1?x=1,2\"]");
    set(cfg, "engine.openai.base_url", "http://one/v1");
    assert_value(cfg, "engine.openai.base_url", "\"http://one/v1\"");
    ps_config_free(cfg);
    cfg = fresh();
    load(cfg, "engine:\n  openai:\n    base_url:\n      - http://a/v1\n      - http://b/v1\n");
    assert_int_equal(cfg->engine_openai_base_url.n, 2);
    assert_string_equal(cfg->engine_openai_base_url.items[1], "http://b/v1");
    ps_config_free(cfg);
}

static void the_later_of_a_layer_wins(void **state) {
    (void)state;
    ps_config *cfg = fresh();
    load(cfg, "generation: {n_particles: 4, max_steps: 5}");
    load(cfg, "generation: {n_particles: 6}");
    assert_int_equal(cfg->generation_n_particles, 6);
    assert_int_equal(cfg->generation_max_steps, 5);
    set(cfg, "generation.n_particles", "7");
    set(cfg, "generation.n_particles", "9");
    assert_int_equal(cfg->generation_n_particles, 9);
    ps_config_free(cfg);
}

static void empty_variables_are_unset(void **state) {
    (void)state;
    ps_config *cfg = fresh(), *initial = fresh();
    setenv("OPENAI_BASE_URL", "", 1);
    setenv("HF_HOME", "", 1);
    assert_int_equal(ps_config_environment(cfg, NULL), PS_OK);
    assert_same(cfg, initial);
    setenv("HF_HOME", "/cache/hf", 1);
    assert_int_equal(ps_config_environment(cfg, NULL), PS_OK);
    assert_string_equal(cfg->hub_home, "/cache/hf");
    unsetenv("OPENAI_BASE_URL");
    unsetenv("HF_HOME");
    ps_config_free(cfg);
    ps_config_free(initial);
}

/* The hub's own rule: HF_HUB_CACHE, its old name after it, else HF_HOME/hub. Who names a home on the command line means
 * that one, whatever cache the environment has. */
static void the_hubs_cache_is_where_its_own_programs_have_it(void **state) {
    (void)state;
    ps_config *cfg = fresh();
    setenv("HF_HOME", "/home/hf", 1);
    setenv("HUGGINGFACE_HUB_CACHE", "/old", 1);
    assert_int_equal(ps_config_environment(cfg, NULL), PS_OK);
    assert_string_equal(cfg->hub_cache, "/old");
    setenv("HF_HUB_CACHE", "/new", 1);
    assert_int_equal(ps_config_environment(cfg, NULL), PS_OK);
    assert_string_equal(cfg->hub_cache, "/new");
    assert_origin(cfg, "hub.cache", "environment HF_HUB_CACHE");
    load(cfg, "hub: {home: /file, cache: /file/cache}\n");
    assert_string_equal(cfg->hub_cache, "/new");
    set(cfg, "hub.home", "/mine");
    assert_null(cfg->hub_cache);
    set(cfg, "hub.cache", "/mine/cache");
    assert_string_equal(cfg->hub_cache, "/mine/cache");
    unsetenv("HF_HOME");
    unsetenv("HF_HUB_CACHE");
    unsetenv("HUGGINGFACE_HUB_CACHE");
    ps_config_free(cfg);
}

static void secrets_are_never_read(void **state) {
    (void)state;
    ps_config *cfg = fresh();
    ps_text text = {0};
    setenv("OPENAI_API_KEY", "sk-very-secret", 1);
    setenv("HF_TOKEN", "hf_very_secret", 1);
    assert_int_equal(ps_config_environment(cfg, NULL), PS_OK);
    ps_config_yaml(cfg, true, &text, NULL);
    assert_null(strstr(ps_text_cstr(&text), "secret"));
    assert_non_null(strstr(ps_text_cstr(&text), "OPENAI_API_KEY"));
    unsetenv("OPENAI_API_KEY");
    unsetenv("HF_TOKEN");
    ps_text_clear(&text);
    ps_config_free(cfg);
}

/* ---- Presets ------------------------------------------------------------- */

static void explicit_keys_win_over_the_preset(void **state) {
    (void)state;
    ps_config *cfg = fresh();
    assert_value(cfg, "ps.weights", "lineage");
    assert_origin(cfg, "ps.weights", "preset recommended");
    assert_value(cfg, "ps.resample.ess_over", "pool");
    assert_value(cfg, "ps.depth_retreat", "auto");
    assert_value(cfg, "ps.depth_tilt", "auto");
    load(cfg, "ps: {weights: balance}\npreset: recommended\n");
    assert_value(cfg, "ps.weights", "balance");
    assert_value(cfg, "ps.resample.method", "systematic");
    set(cfg, "preset", "classic");
    assert_value(cfg, "ps.resample.method", "topN");
    assert_origin(cfg, "ps.resample.method", "default");
    set(cfg, "preset", "recommended");
    assert_value(cfg, "ps.resample.method", "systematic");
    assert_value(cfg, "ps.weights", "balance");
    ps_config_free(cfg);
}

static void classic_is_the_reference(void **state) {
    (void)state;
    ps_config *cfg = fresh();
    set(cfg, "preset", "classic");
    assert_value(cfg, "ps.weights", "balance");
    assert_value(cfg, "ps.resample.method", "topN");
    assert_value(cfg, "ps.resample.policy", "ess");
    assert_value(cfg, "ps.resample.ess_over", "particles");
    assert_value(cfg, "ps.depth_retreat", "0");
    assert_value(cfg, "ps.temperature_schedule.monotone", "true");
    assert_value(cfg, "ps.temperature_schedule.beta_max", "1");
    assert_value(cfg, "ps.temperature_schedule.target_ess", "0.5");
    assert_value(cfg, "answer.select", "best");
    ps_config_free(cfg);
}

/* Mode completions is another algorithm: what recommended sets for steps would contradict it. */
static void the_preset_fits_the_mode(void **state) {
    (void)state;
    ps_config *cfg = fresh();
    set(cfg, "ps.mode", "completions");
    assert_value(cfg, "ps.weights", "balance");
    assert_value(cfg, "ps.temperature_schedule.monotone", "true");
    assert_value(cfg, "answer.select", "auto");
    assert_int_equal(ps_config_check(cfg, NULL, NULL), PS_OK);
    set(cfg, "ps.mode", "steps");
    assert_value(cfg, "ps.weights", "lineage");
    ps_config_free(cfg);
}

/* ---- Setting ------------------------------------------------------------- */

static void strings_are_taken_as_they_stand(void **state) {
    (void)state;
    ps_config *cfg = fresh();
    set(cfg, "prompt.system", "Note: be brief. # 1 [a, b] {c}");
    assert_string_equal(cfg->prompt_system, "Note: be brief. # 1 [a, b] {c}");
    set(cfg, "prompt.system", "42");
    assert_string_equal(cfg->prompt_system, "42");
    set(cfg, "prompt.system", "\"a\\nb\"");
    assert_string_equal(cfg->prompt_system, "a\nb");
    set(cfg, "prompt.system", "");
    assert_string_equal(cfg->prompt_system, "");
    set(cfg, "prompt.system", "null"); /* cannot be null: text */
    assert_string_equal(cfg->prompt_system, "null");
    set(cfg, "prompt.template", "x {question}");
    set(cfg, "prompt.template", "null");
    assert_null(cfg->prompt_template);
    set(cfg, "prompt.template", "'null'");
    assert_string_equal(cfg->prompt_template, "null");
    ps_config_free(cfg);
}

static void lists_and_mappings_are_flow_yaml(void **state) {
    (void)state;
    ps_config *cfg = fresh();
    set(cfg, "generation.stop_tokens", "[END, \"a, b\", '7']");
    assert_value(cfg, "generation.stop_tokens", "[END, \"a, b\", \"7\"]");
    set(cfg, "generation.stop_tokens", "[]");
    assert_int_equal(cfg->generation_stop_tokens.n, 0);
    set(cfg, "generation.step_boundary", "[\"\\n\\n\"]");
    assert_value(cfg, "generation.step_boundary", "literals");
    assert_value(cfg, "generation.step_literals", "[\"\\n\\n\"]");
    set(cfg, "tuning.search_space", "{generation.stop_tokens: [[a], [b, c]], prompt.system: [\"x: y\"]}");
    assert_value(cfg, "tuning.search_space", "{generation.stop_tokens: [[a], [b, c]], prompt.system: [\"x: y\"]}");
    set(cfg, "generation.stop_tokens", cfg->tuning_search_space.values[0].items[1]);
    assert_value(cfg, "generation.stop_tokens", "[b, c]");
    set(cfg, "prompt.system", cfg->tuning_search_space.values[1].items[0]);
    assert_string_equal(cfg->prompt_system, "x: y");
    ps_config_free(cfg);
}

static void wrong_settings_are_told(void **state) {
    (void)state;
    static const struct {
        const char *key, *value, *message;
    } cases[] = {
        {"generation.temprature", "1",
         "trial 3: generation.temprature: unknown key; did you mean "
         "generation.temperature?"},
        {"genration.temperature", "1",
         "trial 3: genration.temperature: unknown key; did you mean "
         "generation.temperature?"},
        {"ps.resample", "1", "trial 3: ps.resample: a section, not a key; set one of its keys"},
        {"ps.depth_decay", "2", "trial 3: ps.depth_decay: found 2, expected a number from 0 to 1"},
        {"ps.depth_decay", "", "trial 3: ps.depth_decay: found nothing, expected a number from 0 to 1"},
        {"ps.depth_decay", "\"0.1\"",
         "trial 3: ps.depth_decay: found \"0.1\", expected a number from 0 to 1, without quotes"},
        {"generation.stop_tokens", "[a",
         "trial 3: generation.stop_tokens: not YAML: flow sequence without a closing bracket"},
        {"prompt.system", "\xff", "trial 3: prompt.system: expected UTF-8 text"},
        {"prompt.system", "\xed\xa0\x80", "trial 3: prompt.system: expected UTF-8 text"},
        {"prompt.system", "\xc0\x80", "trial 3: prompt.system: expected UTF-8 text"},
    };
    ps_config *cfg = fresh(), *initial = fresh();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_error err = {0};
        assert_int_equal(ps_config_set(cfg, cases[i].key, cases[i].value, "trial 3", &err), PS_FORMAT);
        assert_string_equal(err.message, cases[i].message);
    }
    assert_same(cfg, initial);
    ps_config_free(cfg);
    ps_config_free(initial);
}

/* ---- Arguments ----------------------------------------------------------- */

static void arguments_set_keys(void **state) {
    (void)state;
    ps_error err = {0};
    ps_config *cfg = fresh();
    int used = -1;
    char path[512];
    snprintf(path, sizeof path, "%s/take_argument.yaml", PS_TEST_TMP);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("ps: {refill: true, depth_tilt: 2}\n", file);
    fclose(file);
    assert_int_equal(ps_config_take_argument(cfg, "--ps.depth_tilt=3", "x", &used, &err), PS_OK);
    assert_int_equal(used, 1);
    assert_int_equal(ps_config_take_argument(cfg, "--config", path, &used, &err), PS_OK);
    assert_int_equal(used, 2);
    assert_true(cfg->ps_refill);
    assert_true(cfg->ps_depth_tilt == 3);
    assert_int_equal(ps_config_take_argument(cfg, "-o", "ps.refill=false", &used, &err), PS_OK);
    assert_int_equal(used, 2);
    assert_false(cfg->ps_refill);
    assert_origin(cfg, "ps.refill", "command line");
    assert_int_equal(ps_config_take_argument(cfg, "--preset=classic", NULL, &used, &err), PS_OK);
    assert_value(cfg, "ps.weights", "balance");
    char joined[600];
    snprintf(joined, sizeof joined, "--config=%s", path);
    assert_int_equal(ps_config_take_argument(cfg, joined, NULL, &used, &err), PS_OK);
    assert_int_equal(used, 1);
    remove(path);
    ps_config_free(cfg);
}

static void arguments_of_others_are_left(void **state) {
    (void)state;
    static const char *const others[] = {"What is 1.5 = x?", "--limit", "--limit=5", "-h", "--", "-", "", "-output"};
    ps_config *cfg = fresh(), *initial = fresh();
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        int used = -1;
        assert_int_equal(ps_config_take_argument(cfg, others[i], "next", &used, NULL), PS_OK);
        assert_int_equal(used, 0);
    }
    assert_same(cfg, initial);
    ps_config_free(cfg);
    ps_config_free(initial);
}

static void wrong_arguments_are_told(void **state) {
    (void)state;
    static const struct {
        const char *argument, *next, *message;
        ps_status status;
    } cases[] = {
        {"--config", NULL, "command line: --config needs a value after it", PS_FORMAT},
        {"--config=/nonexistent.yaml", NULL, "--config: /nonexistent.yaml: cannot open: No such file or directory",
         PS_ARG},
        {"-o", NULL, "command line: -o needs a value after it", PS_FORMAT},
        {"-o", "ps.refill", "command line: ps.refill: expected KEY=VALUE such as ps.depth_decay=0.1", PS_FORMAT},
        {"--ps.refill", "true", "command line: --ps.refill: write its value after '=': --ps.refill=VALUE", PS_FORMAT},
        {"--method", "beam", "command line: --method: write its value after '=': --method=VALUE", PS_FORMAT},
        {"--ps=1", NULL, "command line: ps: a section, not a key; set one of its keys", PS_FORMAT},
        {"--ps.reffill=true", NULL, "command line: ps.reffill: unknown key; did you mean ps.refill?", PS_FORMAT},
    };
    ps_config *cfg = fresh();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_error err = {0};
        int used = -1;
        assert_int_equal(ps_config_take_argument(cfg, cases[i].argument, cases[i].next, &used, &err), cases[i].status);
        assert_string_equal(err.message, cases[i].message);
        assert_int_equal(used, -1);
    }
    ps_config_free(cfg);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_higher_layer_wins_in_any_order),
        cmocka_unit_test(addresses_are_one_or_several),
        cmocka_unit_test(the_later_of_a_layer_wins),
        cmocka_unit_test(empty_variables_are_unset),
        cmocka_unit_test(the_hubs_cache_is_where_its_own_programs_have_it),
        cmocka_unit_test(secrets_are_never_read),
        cmocka_unit_test(explicit_keys_win_over_the_preset),
        cmocka_unit_test(classic_is_the_reference),
        cmocka_unit_test(the_preset_fits_the_mode),
        cmocka_unit_test(strings_are_taken_as_they_stand),
        cmocka_unit_test(lists_and_mappings_are_flow_yaml),
        cmocka_unit_test(wrong_settings_are_told),
        cmocka_unit_test(arguments_set_keys),
        cmocka_unit_test(arguments_of_others_are_left),
        cmocka_unit_test(wrong_arguments_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
