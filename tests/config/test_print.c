/* The printed configuration: canonical, complete, readable back; differences; the files in docs/. */
#include "config/support.h"

#include <locale.h>

/* Texts that are hard to write in YAML. */
static const char *const hard[] = {
    "",
    " ",
    "null",
    "~",
    "true",
    "no",
    "42",
    "0x1f",
    "1e3",
    ".inf",
    "a: b",
    "# x",
    "- a",
    "[x]",
    "{x}",
    "*a",
    "&a",
    "!t",
    "%d",
    "@x",
    "`x`",
    "\"",
    "'",
    "\\",
    "a\nb",
    "\ta\t",
    "\r\n",
    " lead",
    "trail ",
    "---",
    "...",
    "a#b",
    "a #b",
    "\x01",
    "\x7f",
    "\xc2\x85",
    "\xc2\xa0",
    "\xe2\x80\xa8",
    "\xef\xbb\xbf",
    "\xef\xbf\xbf",
    "\xf0\x9f\x98\x80",
    "Schl\xc3\xbcssel",
    "<<",
    "=",
    "?",
    ":",
    ",",
    "|",
    ">",
    "http://x/y?z=1&b",
};

static void hard_texts_survive(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof hard / sizeof *hard; i++) {
        ps_config *cfg = fresh(), *again = fresh();
        ps_text quoted = {0};
        ps_error err;
        bool is_yaml = *hard[i] == '"' || *hard[i] == '\''; /* given as YAML, these would need an end */
        if (!is_yaml) {
            set(cfg, "prompt.system", hard[i]);
            assert_string_equal(cfg->prompt_system, hard[i]);
            ps_text yaml = canonical(cfg);
            if (ps_config_load_text(again, ps_text_cstr(&yaml), "t", &err) != PS_OK) fail_msg("%s", err.message);
            assert_string_equal(again->prompt_system, hard[i]);
            assert_same(cfg, again);
            ps_text_clear(&yaml);
        }
        ps_text_clear(&quoted);
        ps_config_free(cfg);
        ps_config_free(again);
    }
}

static void numbers_survive_to_the_last_bit(void **state) {
    (void)state;
    ps_config *cfg = fresh(), *again = fresh();
    for (int i = 0; i < 2000; i++) {
        char text[64];
        double x = ps_uniform((ps_rng_key){.seed = 1, .purpose = PS_RNG_TEST}, (uint64_t)i);
        if (i % 3 == 1) x *= 1e-12;
        if (i % 3 == 2) x *= 1e-300;
        snprintf(text, sizeof text, "%.17g", x);
        set(cfg, "ps.depth_decay", text);
        assert_true(cfg->ps_depth_decay == x);
        ps_text printed = {0};
        ps_config_get_text(cfg, "ps.depth_decay", &printed, NULL);
        set(again, "ps.depth_decay", ps_text_cstr(&printed));
        assert_true(again->ps_depth_decay == x);
        ps_text_clear(&printed);
    }
    ps_config_free(cfg);
    ps_config_free(again);
}

static void numbers_look_as_people_write_them(void **state) {
    (void)state;
    static const char *const same[] = {"120", "0.7", "1e-30", "86400", "0.0001", "100.5", "1", "3600"};
    ps_config *cfg = fresh();
    set(cfg, "engine.openai.timeout_s", "1e2");
    assert_value(cfg, "engine.openai.timeout_s", "100");
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        set(cfg, "engine.openai.timeout_s", same[i]);
        assert_value(cfg, "engine.openai.timeout_s", same[i]);
    }
    set(cfg, "ps.depth_decay", "-0.0"); /* one zero, or equal configurations would differ */
    assert_value(cfg, "ps.depth_decay", "0");
    ps_config_free(cfg);
}

/* The decimal comma of a program's locale is none of our business. */
static void the_locale_does_not_matter(void **state) {
    (void)state;
    if (setlocale(LC_NUMERIC, "de_DE.UTF-8") == NULL) skip();
    ps_config *cfg = fresh();
    load(cfg, "generation: {temperature: 0.25}\n");
    assert_true(cfg->generation_temperature == 0.25);
    assert_value(cfg, "generation.temperature", "0.25");
    setlocale(LC_NUMERIC, "C");
    ps_config_free(cfg);
}

static void origins_are_comments(void **state) {
    (void)state;
    ps_config *cfg = fresh(), *again = fresh();
    ps_text text = {0};
    load(cfg, "ps: {depth_decay: 0.25}\n");
    ps_config_set(cfg, "system.seed", "7", "odd\norigin: [", NULL);
    assert_int_equal(ps_config_yaml(cfg, true, &text, NULL), PS_OK);
    const char *line = strstr(ps_text_cstr(&text), "  depth_decay: 0.25 ");
    assert_non_null(line);
    assert_int_equal(strcspn(line, "#"), 58); /* the comments stand in one column */
    assert_memory_equal(line + 58, "# t.yaml:1:19\n", 14);
    assert_non_null(strstr(ps_text_cstr(&text), "# odd?origin: [\n"));
    load(again, ps_text_cstr(&text));
    assert_same(cfg, again);
    ps_text_clear(&text);
    ps_config_free(cfg);
    ps_config_free(again);
}

static void copies_are_equal_and_apart(void **state) {
    (void)state;
    ps_config *cfg = fresh(), *copy = NULL;
    load(cfg,
         "generation: {stop_tokens: [a, b]}\ntuning: {search_space: {ps.mode: [steps], generation.temperature: {max: "
         "2, min: 0.5, log: true}, generation.n_particles: {min: 4, max: 16, step: 4}}, metric: [accuracy, tokens]}\n");
    assert_int_equal(ps_config_copy(cfg, &copy, NULL), PS_OK);
    assert_same(cfg, copy);
    assert_origin(copy, "generation.stop_tokens", "t.yaml:1:27");
    set(copy, "generation.stop_tokens", "[c]");
    assert_value(cfg, "generation.stop_tokens", "[a, b]");
    ps_config_free(cfg);
    assert_value(copy, "tuning.search_space",
                 "{ps.mode: [steps], generation.temperature: {min: 0.5, max: 2, log: true}, generation.n_particles: "
                 "{min: 4, max: 16, step: 4}}");
    assert_value(copy, "tuning.metric", "[accuracy, tokens]");
    ps_config_free(copy);
}

static void differences_are_those_that_matter(void **state) {
    (void)state;
    ps_config *now = fresh(), *was = fresh();
    ps_text text = {0};
    assert_int_equal(ps_config_difference(now, was, &text, NULL), PS_OK);
    assert_int_equal(text.length, 0);
    set(now, "system.seed", "7");
    set(now, "prompt.template", "a {question}");
    set(now, "evaluation.output_dir", "elsewhere");
    set(now, "logging.log_ess", "false");
    assert_int_equal(ps_config_difference(now, was, &text, NULL), PS_OK);
    assert_string_equal(ps_text_cstr(&text), "system.seed: 7, was 42\nprompt.template: \"a {question}\", was null\n");
    ps_text_clear(&text);
    ps_config_free(now);
    ps_config_free(was);
}

static void reports_of_unknown_keys_are_errors(void **state) {
    (void)state;
    ps_config *cfg = fresh();
    ps_text text = {0};
    ps_error err;
    assert_int_equal(ps_config_get_text(cfg, "ps.refil", &text, &err), PS_ARG);
    assert_string_equal(err.message, "ps.refil: unknown key; did you mean ps.refill?");
    assert_int_equal(ps_config_get_origin(cfg, "ps", &text, NULL), PS_ARG);
    assert_int_equal(text.length, 0);
    ps_config_free(cfg);
}

/* ---- docs/ --------------------------------------------------------------- */

static char *document(const char *name) {
    char path[512], *text = NULL;
    size_t length;
    snprintf(path, sizeof path, "%s/../docs/%s", PS_TEST_DIR, name);
    assert_int_equal(ps_read_file(path, 1 << 20, &text, &length, NULL), PS_OK);
    return text;
}

static void the_reference_page_is_up_to_date(void **state) {
    (void)state;
    ps_text text = {0};
    char *page = document("reference.md");
    assert_int_equal(ps_config_reference(&text, NULL), PS_OK);
    if (strcmp(page, ps_text_cstr(&text)) != 0)
        fail_msg("docs/reference.md is not what the schema says: persamp config --reference > docs/reference.md");
    ps_free(page);
    ps_text_clear(&text);
}

static void the_example_files_say_what_they_mean(void **state) {
    (void)state;
    ps_config *classic = fresh(), *reference = fresh(), *recommended = fresh(), *initial = fresh(), *demo = fresh(),
              *frontier = fresh();
    char *text = document("configs/classic.yaml");
    load(reference, text);
    ps_free(text);
    set(classic, "preset", "classic");
    assert_same(classic, reference);
    /* Under the classic preset its keys alone make the recommended configuration. */
    text = document("configs/recommended.yaml");
    set(recommended, "preset", "classic");
    load(recommended, text);
    ps_free(text);
    ps_text difference = {0};
    assert_int_equal(ps_config_difference(recommended, initial, &difference, NULL), PS_OK);
    assert_string_equal(ps_text_cstr(&difference), "");
    ps_text_clear(&difference);
    text = document("configs/demo.yaml");
    load(demo, text);
    ps_free(text);
    assert_int_equal(ps_config_check(demo, NULL, NULL), PS_OK);
    text = document("configs/frontier.yaml");
    load(frontier, text);
    ps_free(text);
    assert_int_equal(ps_config_check(frontier, NULL, NULL), PS_OK);
    ps_config_free(frontier);
    ps_config_free(classic);
    ps_config_free(reference);
    ps_config_free(recommended);
    ps_config_free(initial);
    ps_config_free(demo);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hard_texts_survive),
        cmocka_unit_test(numbers_survive_to_the_last_bit),
        cmocka_unit_test(numbers_look_as_people_write_them),
        cmocka_unit_test(the_locale_does_not_matter),
        cmocka_unit_test(origins_are_comments),
        cmocka_unit_test(copies_are_equal_and_apart),
        cmocka_unit_test(differences_are_those_that_matter),
        cmocka_unit_test(reports_of_unknown_keys_are_errors),
        cmocka_unit_test(the_reference_page_is_up_to_date),
        cmocka_unit_test(the_example_files_say_what_they_mean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
