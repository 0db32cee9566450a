/* Files of the reference implementation, which knows no presets, mean classic; overrides never decide. */
#include "config/support.h"

static void assert_preset(const char *yaml, const char *expected) {
    ps_config *cfg = fresh();
    load(cfg, yaml);
    if (!ps_config_is(cfg->preset, expected)) fail_msg("preset %s, not %s, of: %s", cfg->preset, expected, yaml);
    ps_config_free(cfg);
}

static void a_key_of_the_references_search_means_classic(void **state) {
    (void)state;
    static const char *const classic[] = {
        "ps: {temperature_schedule: {target_ess: 0.5}}",
        "ps: {temperature_schedule: {mode: fixed_linear}}",
        "ps: {resample: {method: topN}}",
        "ps.resample.alpha_end: 0.8",
        "ps: {snapshot_pool: {max_size: 10}}",
        "ps: {z_estimation: {log_space: true}}",
        "ps: {snapshot_pool: {enabled: true}}\nsystem: {seed: 3}\ngeneration: {n_particles: 4}",
    };
    static const char *const recommended[] = {
        "",
        "ps:\n  resample:\n",
        "generation: {n_particles: 8}\nscoring: {type: logprob_avg}\nevaluation: {verifier: contains}",
        /* Keys that only we have. */
        "ps: {resample: {method: topN, policy: ess}}",
        "ps: {resample: {method: topN}, weights: balance}",
        "ps: {temperature_schedule: {beta_max: 1, monotone: true}}",
        "ps: {snapshot_pool: {max_size: 10}}\nanswer: {select: best}",
        "ps: {snapshot_pool: {max_size: 10}}\ngeneration: {top_k: 0}",
        "ps: {snapshot_pool: {max_size: 10}}\nengine: {type: toy}",
        "ps: {snapshot_pool: {max_size: 10}}\nmethod: persistent",
        "ps: {snapshot_pool: {max_size: 10}}\nevaluation: {parallel_problems: 3}",
        /* The file names it. */
        "ps: {resample: {method: topN}}\npreset: recommended",
    };
    for (size_t i = 0; i < sizeof classic / sizeof *classic; i++)
        assert_preset(classic[i], "classic");
    for (size_t i = 0; i < sizeof recommended / sizeof *recommended; i++)
        assert_preset(recommended[i], "recommended");
}

/* Each key alone: the reference's four sections imply classic, everything else does not; and each key that only we have
 * keeps the reference's from doing so. */
static void each_key_decides_as_it_should(void **state) {
    (void)state;
    static const char *const sections[] = {"ps.temperature_schedule.", "ps.resample.", "ps.snapshot_pool.",
                                           "ps.z_estimation."};
    static const char *const ours[] = {"ps.temperature_schedule.monotone", "ps.resample.policy", "ps.resample.subpools",
                                       "ps.resample.topN_distinct_lineage", "ps.resample.ess_over"};
    size_t n, implying = 0;
    const ps_config_key *keys = ps_config_keys(&n);
    for (size_t i = 0; i < n; i++) {
        bool implies = false;
        for (size_t k = 0; k < sizeof sections / sizeof *sections; k++)
            implies = implies || strncmp(keys[i].name, sections[k], strlen(sections[k])) == 0;
        for (size_t k = 0; k < sizeof ours / sizeof *ours; k++)
            implies = implies && strcmp(keys[i].name, ours[k]) != 0;
        if (strcmp(keys[i].name, "preset") == 0) continue;
        ps_config *cfg = fresh();
        ps_text yaml = {0};
        ps_text_printf(&yaml, "%s: %s\n", keys[i].name, keys[i].initial);
        if (strcmp(keys[i].name, "prompt.system") == 0) {
            ps_text_reset(&yaml);
            ps_text_puts(&yaml, "prompt.system: Hello.\n");
        }
        load(cfg, ps_text_cstr(&yaml));
        if (ps_config_preset_is_implied(cfg) != implies) fail_msg("%s alone: preset %s", keys[i].name, cfg->preset);
        implying += implies;
        ps_text_clear(&yaml);
        ps_config_free(cfg);
    }
    assert_int_equal(implying, 15);
}

static void the_whole_reference_file_is_classic_without_the_word(void **state) {
    (void)state;
    char path[512], *text = NULL;
    size_t length;
    ps_config *named = fresh(), *bare = fresh();
    snprintf(path, sizeof path, "%s/../docs/configs/classic.yaml", PS_TEST_DIR);
    assert_int_equal(ps_read_file(path, 1 << 20, &text, &length, NULL), PS_OK);
    load(named, text);
    char *line = strstr(text, "\npreset: classic\n");
    assert_non_null(line);
    memset(line + 1, ' ', strlen("preset: classic"));
    load(bare, text);
    assert_true(ps_config_preset_is_implied(bare));
    assert_false(ps_config_preset_is_implied(named));
    assert_same(named, bare);
    ps_free(text);
    ps_config_free(named);
    ps_config_free(bare);
}

/* S5: all that classic stands for comes with it, and one line says so. */
static void it_is_said_in_one_line(void **state) {
    (void)state;
    ps_config *cfg = fresh();
    load(cfg, "ps:\n  resample: {method: topN}\n  temperature_schedule: {beta_max: 1.0, target_ess: 0.5}\n");
    assert_value(cfg, "ps.weights", "balance");
    assert_value(cfg, "ps.resample.policy", "ess");
    assert_value(cfg, "answer.select", "best");
    assert_origin(cfg, "preset", "implied by the files' keys");
    heard h = said_of(cfg, PS_LOG_INFO);
    assert_string_equal(ps_text_cstr(&h.lines),
                        "info: preset classic: t.yaml:3:36 sets ps.temperature_schedule.beta_max and no file what only "
                        "persamp has; `preset: recommended` is ours\n");
    ps_text_clear(&h.lines);
    set(cfg, "preset", "classic"); /* who says it hears nothing */
    h = said_of(cfg, PS_LOG_INFO);
    assert_string_equal(ps_text_cstr(&h.lines), "");
    ps_config_free(cfg);
}

static void overrides_never_decide(void **state) {
    (void)state;
    ps_config *cfg = fresh();
    set(cfg, "ps.resample.method", "topN");
    assert_true(ps_config_is(cfg->preset, "recommended"));
    load(cfg, "ps: {resample: {alpha_start: 0.3}}");
    assert_true(ps_config_is(cfg->preset, "classic"));
    set(cfg, "ps.weights", "lineage"); /* ours, but no file's */
    set(cfg, "ps.resample.alpha_start", "0.7");
    assert_true(ps_config_is(cfg->preset, "classic"));
    assert_value(cfg, "answer.select", "best");
    assert_value(cfg, "ps.weights", "lineage");
    set(cfg, "preset", "recommended");
    assert_value(cfg, "answer.select", "auto");
    assert_false(ps_config_preset_is_implied(cfg));
    ps_config_free(cfg);
    cfg = fresh(); /* the same before the file */
    set(cfg, "ps.weights", "lineage");
    set(cfg, "ps.resample.alpha_start", "0.7");
    load(cfg, "ps: {resample: {alpha_start: 0.3}}");
    assert_true(ps_config_preset_is_implied(cfg));
    assert_value(cfg, "ps.resample.alpha_start", "0.7");
    ps_config_free(cfg);
}

/* Several files are one configuration in pieces, in any order. */
static void all_files_decide_together(void **state) {
    (void)state;
    static const char *const files[] = {"ps: {resample: {method: topN}}", "generation: {n_particles: 4}",
                                        "ps: {refill: true}", "preset: classic"};
    static const struct {
        int a, b;
        const char *preset;
    } cases[] = {{0, 1, "classic"},     {1, 0, "classic"}, {0, 2, "recommended"},
                 {2, 0, "recommended"}, {2, 3, "classic"}, {3, 2, "classic"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_config *cfg = fresh(), *copy = NULL;
        load(cfg, files[cases[i].a]);
        assert_int_equal(ps_config_copy(cfg, &copy, NULL), PS_OK); /* a copy remembers what files set */
        load(copy, files[cases[i].b]);
        assert_string_equal(copy->preset, cases[i].preset);
        ps_config_free(cfg);
        ps_config_free(copy);
    }
}

/* What is printed has the preset in it: read again, nothing is implied any more. */
static void a_printed_configuration_names_its_preset(void **state) {
    (void)state;
    static const char *const texts[] = {"ps: {resample: {alpha_start: 0.3}}", "system: {seed: 3}"};
    for (size_t i = 0; i < 2; i++) {
        ps_config *cfg = fresh(), *again = fresh();
        load(cfg, texts[i]);
        ps_text yaml = canonical(cfg);
        load(again, ps_text_cstr(&yaml));
        assert_same(cfg, again);
        assert_false(ps_config_preset_is_implied(again));
        ps_text_clear(&yaml);
        ps_config_free(cfg);
        ps_config_free(again);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_of_the_references_search_means_classic),
        cmocka_unit_test(each_key_decides_as_it_should),
        cmocka_unit_test(the_whole_reference_file_is_classic_without_the_word),
        cmocka_unit_test(it_is_said_in_one_line),
        cmocka_unit_test(overrides_never_decide),
        cmocka_unit_test(all_files_decide_together),
        cmocka_unit_test(a_printed_configuration_names_its_preset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
