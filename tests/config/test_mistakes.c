/* Wrong files: each kind of mistake, and every word of what a user is told. */
#include "config/support.h"

typedef struct wrong {
    const char *yaml, *message;
} wrong;

static const wrong cases[] = {
    /* Keys. */
    {"generation:\n  temprature: 0.5\n",
     "t.yaml:2:3: generation.temprature: unknown key; did you mean generation.temperature?"},
    {"generaton: {}\n", "t.yaml:1:1: generaton: unknown key; did you mean generation?"},
    {"temperature: 0.5\n", "t.yaml:1:1: temperature: unknown key; did you mean generation.temperature?"},
    {"ps: {resamle: {method: topN}}\n", "t.yaml:1:6: ps.resamle: unknown key; did you mean ps.resample?"},
    {"engine: {openai: {api_key: x}}\n",
     "t.yaml:1:19: engine.openai.api_key: unknown key; did you mean engine.openai.api_key_env?"},
    {"zzzzzzzzzzzz: 1\n", "t.yaml:1:1: zzzzzzzzzzzz: unknown key; `persamp config --explain` lists all"},
    {"? [a, b]\n: c\n", "t.yaml:1:3: a key must be a plain name"},
    {"system: {seed: 1, seed: 2}\n", "t.yaml:1:19: seed: stands here twice"},
    {"ps: {}\nps: {}\n", "t.yaml:2:1: ps: stands here twice"},
    {"ps.mode: steps\nps:\n  mode: steps\n", "t.yaml:3:3: ps.mode: set twice, first on line 1"},
    /* Shapes. */
    {"- a\n", "t.yaml:1:1: found a list, expected a mapping of keys such as `generation: {n_particles: 8}`"},
    {"hello\n", "t.yaml:1:1: found hello, expected a mapping of keys such as `generation: {n_particles: 8}`"},
    {"ps: 3\n", "t.yaml:1:5: ps: found 3, expected a mapping of keys"},
    {"ps: [a]\n", "t.yaml:1:5: ps: found a list, expected a mapping of keys"},
    {"system: {seed: {a: 1}}\n",
     "t.yaml:1:16: system.seed: found a mapping, expected an integer from 0 to 9223372036854775807"},
    {"a: 1\n---\nb: 2\n", "t.yaml:2:1: a second document; a configuration is one"},
    /* Types. */
    {"generation:\n  temperature: \"0.7\"\n",
     "t.yaml:2:16: generation.temperature: found \"0.7\", expected a number from 0 to 100, without quotes"},
    {"generation: {temperature: hot}\n",
     "t.yaml:1:27: generation.temperature: found hot, expected a number from 0 to 100"},
    {"generation: {temperature: }\n",
     "t.yaml:1:14: generation.temperature: found nothing, expected a number from 0 to 100"},
    {"generation: {max_steps: 8.0}\n", "t.yaml:1:25: generation.max_steps: found 8.0, expected an integer from 0 to "
                                       "10000, written without point or exponent"},
    {"generation: {max_steps: 1e3}\n", "t.yaml:1:25: generation.max_steps: found 1e3, expected an integer from 0 to "
                                       "10000, written without point or exponent"},
    {"generation: {max_steps: 8.5}\n",
     "t.yaml:1:25: generation.max_steps: found 8.5, expected an integer from 0 to 10000"},
    {"ps: {refill: 1}\n", "t.yaml:1:14: ps.refill: found 1, expected true or false"},
    {"ps: {refill: \"true\"}\n", "t.yaml:1:14: ps.refill: found \"true\", expected true or false, without quotes"},
    {"models: {generator: {model_path: 42}}\n", "t.yaml:1:34: models.generator.model_path: found 42, expected a path "
                                                "or name, or null; put it in quotes if it is meant as text"},
    {"evaluation: {output_dir: null}\n", "t.yaml:1:26: evaluation.output_dir: found null, expected a path or name; put "
                                         "it in quotes if it is meant as text"},
    {"generation: {stop_tokens: END}\n",
     "t.yaml:1:27: generation.stop_tokens: found END, expected a list of strings such as [a, b]"},
    {"generation: {stop_tokens: [a, 1]}\n", "t.yaml:1:31: generation.stop_tokens: found 1, expected a list of strings "
                                            "such as [a, b]; put text that looks like something else in quotes"},
    {"generation: {stop_tokens: [a, \"\"]}\n",
     "t.yaml:1:31: generation.stop_tokens: found \"\", expected strings that are not empty"},
    {"engine: {llama: {threads: many}}\n",
     "t.yaml:1:27: engine.llama.threads: found many, expected auto or an integer from 1 to 1024"},
    /* Ranges. */
    {"generation:\n  n_particles: 0\n",
     "t.yaml:2:16: generation.n_particles: found 0, expected an integer from 1 to 65536"},
    {"generation:\n  n_particles: 100000\n",
     "t.yaml:2:16: generation.n_particles: found 100000, expected an integer from 1 to 65536"},
    {"generation: {top_p: 0}\n", "t.yaml:1:21: generation.top_p: found 0, expected a number above 0 and at most 1"},
    {"ps: {depth_decay: .inf}\n", "t.yaml:1:19: ps.depth_decay: found .inf, expected a number from 0 to 1"},
    {"ps: {depth_retreat: automatic}\n",
     "t.yaml:1:21: ps.depth_retreat: found automatic, expected auto or a number from 0 to 1000"},
    {"ps: {depth_tilt: -1}\n", "t.yaml:1:18: ps.depth_tilt: found -1, expected auto or a number from 0 to 1000"},
    {"ps: {depth_decay: .nan}\n", "t.yaml:1:19: ps.depth_decay: found .nan, expected a number from 0 to 1"},
    {"ps: {stop_ess: 1e999}\n", "t.yaml:1:16: ps.stop_ess: found 1e999, expected a number from 0 to 1e6"},
    {"scoring: {length_prior: {p_geometric: 1}}\n", "t.yaml:1:39: scoring.length_prior.p_geometric: found 1, expected "
                                                    "a number between 0 and 1, both excluded"},
    {"system: {seed: 9223372036854775808}\n", "t.yaml:1:16: system.seed: found 9223372036854775808, expected an "
                                              "integer from 0 to 9223372036854775807"},
    {"evaluation: {extract_answer: Last_Number}\n",
     "t.yaml:1:30: evaluation.extract_answer: found Last_Number, expected boxed, last_number or regex; did you mean "
     "last_number?"},
    {"evaluation: {dataset: imagenet}\n",
     "t.yaml:1:23: evaluation.dataset: found imagenet, expected null, math500, gsm8k, aime24, aime25 or custom"},
    {"preset: clasic\n",
     "t.yaml:1:9: preset: found clasic, expected classic, recommended or power_smc; did you mean classic?"},
    /* A path or a name is not empty. */
    {"models: {generator: {model_path: ''}}\n",
     "t.yaml:1:34: models.generator.model_path: the value is empty; leave the key out for the shipped model"},
    {"evaluation: {output_dir: \"\"}\n",
     "t.yaml:1:26: evaluation.output_dir: the value is empty; leave the key out for ./outputs"},
    {"hub: {token_env: \"\"}\n", "t.yaml:1:18: hub.token_env: the value is empty; leave the key out for HF_TOKEN"},
    /* The search space. */
    {"tuning:\n  search_space:\n    generation.temperatur: [1]\n",
     "t.yaml:3:5: tuning.search_space: unknown key generation.temperatur; did you mean generation.temperature?"},
    {"tuning:\n  search_space:\n    generation.temperature: [1, -1]\n",
     "t.yaml:3:33: tuning.search_space: generation.temperature: found -1, expected a number from 0 to 100"},
    {"tuning:\n  search_space:\n    generation.temperature: 1\n",
     "t.yaml:3:29: tuning.search_space: generation.temperature: expected a list of values to try such as [a, b], or a "
     "range {min: a, max: b}"},
    {"tuning:\n  search_space:\n    generation.temperature: []\n",
     "t.yaml:3:29: tuning.search_space: generation.temperature: expected a list of values to try such as [a, b]; the "
     "list is empty"},
    {"tuning:\n  search_space:\n    generation.temperature: {min: 1, max: 0.5}\n",
     "t.yaml:3:29: tuning.search_space: generation.temperature: the range is upside down: min 1 is above max 0.5"},
    {"tuning:\n  search_space:\n    generation.temperature: {min: 1}\n",
     "t.yaml:3:29: tuning.search_space: generation.temperature: a range has a min and a max, such as {min: 1, max: 2}"},
    {"tuning:\n  search_space:\n    generation.temperature: {min: 1, max: 2, steps: 3}\n",
     "t.yaml:3:46: tuning.search_space: found steps, expected min, max, step or log"},
    {"tuning:\n  search_space:\n    generation.temperature: {min: 0, max: 2, log: true}\n",
     "t.yaml:3:29: tuning.search_space: generation.temperature: log needs a min above 0"},
    {"tuning:\n  search_space:\n    generation.temperature: {min: 1, max: 2, log: true, step: 0.1}\n",
     "t.yaml:3:29: tuning.search_space: generation.temperature: step and log do not go together; leave one out"},
    {"tuning:\n  search_space:\n    generation.n_particles: {min: 1, max: 9, step: 0.5}\n",
     "t.yaml:3:52: tuning.search_space: generation.n_particles: step: expected an integer above 0"},
    {"tuning:\n  search_space:\n    ps.mode: {min: 1, max: 9}\n",
     "t.yaml:3:14: tuning.search_space: ps.mode: only numbers have a range; expected a list of values such as [a, b]"},
    {"tuning: {metric: [accuracy, accuracy]}\n", "t.yaml:1:29: tuning.metric: accuracy stands here twice"},
    {"tuning: {metric: [accuracy, speed]}\n",
     "t.yaml:1:29: tuning.metric: found speed, expected accuracy, accuracy_per_token, brier or tokens, or a list of "
     "them"},
    {"tuning: {search_space: {ps.mode: [steps], ps.mode: [steps]}}\n",
     "t.yaml:1:43: tuning.search_space: ps.mode stands here twice"},
    {"serve: {models: {a: {ps.mode: step}}}\n",
     "t.yaml:1:31: serve.models: a: ps.mode: found step, expected steps or completions; did you mean steps?"},
    {"serve: {models: {a: {ps.mod: steps}}}\n",
     "t.yaml:1:22: serve.models: a: unknown key ps.mod; did you mean ps.mode?"},
    {"serve: {models: {a: {serve.models: {}}}}\n", "t.yaml:1:36: serve.models: a: serve.models cannot stand here"},
    {"serve: {models: {a: 7}}\n",
     "t.yaml:1:21: serve.models: a: found 7, expected a mapping of names to mappings of dotted keys to values"},
    {"tuning: {search_space: {preset: [classic]}}\n", "t.yaml:1:33: tuning.search_space: preset cannot be tuned"},
    /* YAML itself. */
    {"ps:\n\tmode: steps\n", "t.yaml:2:1: indented by a tab; YAML wants spaces"},
    {"ps: {mode: steps\n", "t.yaml:2:1: not YAML: missing comma in flow mapping"},
    {"prompt: {system: *who}\n", "t.yaml:1:18: an alias without an anchor before it"},
    {"prompt: &p {system: *p}\n", "t.yaml:1:21: an alias without an anchor before it"},
    {"prompt: {system: !!python/object x}\n", "t.yaml:1:18: an unknown tag; only !!str and its like are understood"},
    {"prompt: {system: \"a\\0b\"}\n", "t.yaml:1:18: a NUL character in a text"},
    {"prompt: {system: \"\xc3\xa9\xff\"}\n", "t.yaml:1:20: not UTF-8"},
    {"ps:\n  mode: \xed\xa0\x80\n", "t.yaml:2:9: not UTF-8"},
    {"%~\xd3,", "t.yaml:1:3: not UTF-8"}, /* libfyaml alone would never come back */
    {"prompt: {<<: 3}\n", "t.yaml:1:10: <<: expected a mapping or a list of mappings"},
};

static void each_mistake_is_told(void **state) {
    (void)state;
    ps_config *cfg = fresh(), *initial = fresh();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_error err = {0};
        ps_status status = ps_config_load_text(cfg, cases[i].yaml, "t.yaml", &err);
        if (status != PS_FORMAT) fail_msg("accepted: %s", cases[i].yaml);
        assert_string_equal(err.message, cases[i].message);
    }
    assert_same(cfg, initial);
    ps_config_free(cfg);
    ps_config_free(initial);
}

static size_t count_lines(const char *text) {
    size_t n = 1;
    for (; *text != '\0'; text++)
        n += *text == '\n';
    return n;
}

/* Mistakes are told together: as many as fit, at most ten, and that there are more. */
static void many_mistakes_are_told_together(void **state) {
    (void)state;
    ps_config *cfg = fresh();
    ps_error err;
    assert_int_equal(ps_config_load_text(cfg, "aaa: 1\nps:\n  refill: 3\nsystem: {seed: x}\n", "t.yaml", &err),
                     PS_FORMAT);
    assert_int_equal(count_lines(err.message), 3);
    ps_text many = {0};
    for (int i = 0; i < 30; i++)
        ps_text_printf(&many, "k%d: 1\n", i);
    assert_int_equal(ps_config_load_text(cfg, ps_text_cstr(&many), "t", &err), PS_FORMAT);
    assert_int_equal(count_lines(err.message), 11);
    assert_non_null(strstr(err.message, "\nand more mistakes after these"));
    ps_text_reset(&many);
    char name[301];
    memset(name, 'n', 300);
    name[300] = '\0';
    assert_int_equal(ps_config_load_text(cfg, "a1: 1\nb1: 1\nc1: 1\nd1: 1\ne1: 1\n", name, &err), PS_FORMAT);
    assert_non_null(strstr(err.message, "\nand 3 more")); /* two of these long lines have room */
    ps_text_clear(&many);
    ps_config_free(cfg);
}

/* No part of a file reaches a terminal raw, and no message is longer than its lines. */
static void control_characters_stay_out_of_messages(void **state) {
    (void)state;
    ps_config *cfg = fresh();
    ps_error err;
    assert_int_equal(ps_config_load_text(cfg, "\"k\\e[31m\\n\": 1\nps: {mode: \"\\e[2J\\n\"}\n", "t.yaml", &err),
                     PS_FORMAT);
    for (const char *c = err.message; *c != '\0'; c++)
        assert_true((unsigned char)*c >= 0x20 || *c == '\n');
    assert_int_equal(count_lines(err.message), 2);
    ps_config_free(cfg);
}

/* Hostile sizes end quickly in an error. */
static void size_and_depth_are_bounded(void **state) {
    (void)state;
    ps_config *cfg = fresh();
    ps_error err;
    size_t size = (1 << 20) + 2;
    char *text = malloc(size + 1);
    assert_non_null(text);
    memset(text, '#', size);
    text[size] = '\0';
    assert_int_equal(ps_config_load_text(cfg, text, "t", &err), PS_FORMAT);
    assert_string_equal(err.message, "t:1:1: larger than 1 MiB: not a configuration");
    memset(text, '[', 100000);
    text[100000] = '\0';
    assert_int_equal(ps_config_load_text(cfg, text, "t", &err), PS_FORMAT);
    assert_non_null(strstr(err.message, "nested too deeply"));
    ps_text laughs = {0}; /* nine levels of nine aliases */
    ps_text_puts(&laughs, "x-0: &a0 {ps.mode: steps}\n");
    for (int i = 1; i < 10; i++) {
        ps_text_printf(&laughs, "x-%d: &a%d {", i, i);
        ps_text_printf(&laughs, "<<: [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]}\n", i - 1, i - 1, i - 1,
                       i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    }
    ps_text_puts(&laughs, "<<: *a9\n");
    assert_int_equal(ps_config_load_text(cfg, ps_text_cstr(&laughs), "t", &err), PS_FORMAT);
    assert_string_equal(err.message, "t:11:1: <<: merges too much");
    ps_text_clear(&laughs);
    free(text);
    ps_config_free(cfg);
}

static void a_file_that_is_no_text_is_refused(void **state) {
    (void)state;
    char path[512], message[600];
    ps_config *cfg = fresh();
    ps_error err;
    snprintf(path, sizeof path, "%s/nul.yaml", PS_TEST_TMP);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fwrite("ps:\n  \0x", 1, 8, file);
    fclose(file);
    assert_int_equal(ps_config_load_file(cfg, path, &err), PS_FORMAT);
    snprintf(message, sizeof message, "%s:2:3: a NUL byte: not a text file", path);
    assert_string_equal(err.message, message);
    remove(path);
    ps_config_free(cfg);
}

static void a_missing_file_is_named(void **state) {
    (void)state;
    ps_config *cfg = fresh();
    ps_error err;
    assert_int_equal(ps_config_load_file(cfg, "/nonexistent/c.yaml", &err), PS_IO);
    assert_string_equal(err.message, "/nonexistent/c.yaml: cannot open: No such file or directory");
    assert_int_not_equal(ps_config_load_file(cfg, "/", &err), PS_OK);
    ps_config_free(cfg);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mistake_is_told),
        cmocka_unit_test(many_mistakes_are_told_together),
        cmocka_unit_test(control_characters_stay_out_of_messages),
        cmocka_unit_test(size_and_depth_are_bounded),
        cmocka_unit_test(a_file_that_is_no_text_is_refused),
        cmocka_unit_test(a_missing_file_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
