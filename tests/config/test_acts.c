/* Keys that are set and cannot act are named, each on a line; keys that act are not. */
#include "config/support.h"

#include "config/acts.h"

/* ---- The table ----------------------------------------------------------- */

/* What a clause may ask of which type of key. */
static bool compares(const ps_clause *clause) {
    ps_value_type type = ps_schema_type(clause->key);
    switch (clause->kind) {
    case CLAUSE_IS:
    case CLAUSE_IS_NOT: return type == TYPE_BOOL || type == TYPE_INT || type == TYPE_CHOICE || type == TYPE_OPTCHOICE;
    case CLAUSE_ABOVE_ZERO: return type == TYPE_INT || type == TYPE_REAL;
    case CLAUSE_HAS: return type == TYPE_STRING || type == TYPE_OPTSTRING;
    case CLAUSE_UNSET: break;
    }
    return true;
}

/* Every key has a row, and every row can be read to its end. */
static void every_key_says_when_it_acts(void **state) {
    (void)state;
    for (ps_key_index key = 0; key < N_KEYS; key++) {
        const char *name = ps_schema_key(key)->name, *row = ps_acts_row(key);
        if (row == NULL) fail_msg("%s has no row in src/config/acts.def", name);
        if (*ps_schema_key(key)->engines == '-' && ps_acts_never(key) == NULL)
            fail_msg("%s: the schema names no engine, but the row is \"%s\"", name, row);
        if (strcmp(row, "always") == 0) continue;
        if (ps_acts_never(key) != NULL) {
            assert_true(strlen(ps_acts_never(key)) > 5);
            continue;
        }
        for (const char *at = row; at != NULL; at = ps_acts_next(at)) {
            ps_clause clause;
            size_t n = 0;
            for (; ps_acts_clause(&at, &clause); n++) {
                assert_int_not_equal(clause.key, key);
                assert_true(clause.kind == CLAUSE_ABOVE_ZERO || clause.kind == CLAUSE_UNSET || clause.length > 0);
                if (!compares(&clause)) fail_msg("%s: no such question of %s", name, ps_schema_key(clause.key)->name);
            }
            at += strspn(at, " ");
            if (n == 0 || (*at != '\0' && strncmp(at, "or ", 3) != 0)) fail_msg("%s: cannot read \"%s\"", name, at);
            if (*at != '\0') at--; /* the blank before "or" */
        }
    }
}

static const char *first_choice(const ps_clause *clause, char *value, size_t size) {
    snprintf(value, size, "%.*s", (int)strcspn(clause->values, "| "), clause->values);
    return value;
}

/* A value of a choice that is none of the clause's. */
static void another_choice(const ps_clause *clause, char *value, size_t size) {
    const char *allowed = ps_schema_key(clause->key)->allowed;
    for (const char *at = allowed; *at != '\0'; at += strcspn(at, "|"), at += *at == '|') {
        ps_text list = {0};
        snprintf(value, size, "%.*s", (int)strcspn(at, "|"), at);
        ps_text_printf(&list, "|%.*s|", (int)clause->length, clause->values);
        char word[160];
        snprintf(word, sizeof word, "|%s|", value);
        bool listed = strstr(ps_text_cstr(&list), word) != NULL;
        ps_text_clear(&list);
        if (!listed) return;
    }
    fail_msg("%s: every choice is in \"%.*s\"", allowed, (int)clause->length, clause->values);
}

/* Make a clause hold, or not. */
static void make(ps_config *cfg, const ps_clause *clause, bool hold) {
    char value[128];
    const ps_config_key *key = ps_schema_key(clause->key);
    bool boolean = strcmp(key->type, "bool") == 0, choice = strncmp(key->type, "choice", 6) == 0;
    switch (clause->kind) {
    case CLAUSE_ABOVE_ZERO: snprintf(value, sizeof value, "%s", hold ? "1" : "0"); break;
    case CLAUSE_HAS: snprintf(value, sizeof value, "{question}%s", hold ? "{system}" : ""); break;
    case CLAUSE_UNSET:
        if (hold) return; /* as it is where nobody has set it */
        snprintf(value, sizeof value, "%s", key->initial);
        break;
    case CLAUSE_IS:
    case CLAUSE_IS_NOT:
        if ((clause->kind == CLAUSE_IS) == hold)
            first_choice(clause, value, sizeof value);
        else if (boolean)
            snprintf(value, sizeof value, "%s", strncmp(clause->values, "true", 4) == 0 ? "false" : "true");
        else if (choice)
            another_choice(clause, value, sizeof value);
        else
            snprintf(value, sizeof value, "7"); /* of a number that is to be 0 */
        break;
    }
    set(cfg, key->name, value);
}

/* The engine that a key means something to, and a value that is not its default. */
static ps_config *with_key(ps_key_index key) {
    char value[128], engine[32];
    const ps_config_key *k = ps_schema_key(key);
    ps_config *cfg = fresh();
    if (*k->engines != '\0' && *k->engines != '-') {
        snprintf(engine, sizeof engine, "%.*s", (int)strcspn(k->engines, " "), k->engines);
        set(cfg, "engine.type", engine);
    }
    other_value(k, value, sizeof value);
    set(cfg, k->name, value);
    return cfg;
}

static void assert_named(const ps_config *cfg, ps_key_index key, bool expected) {
    heard h = said_of(cfg, PS_LOG_WARNING);
    if (names(&h, "warning", ps_schema_key(key)->name) != expected)
        fail_msg("%s is%s named: %s", ps_schema_key(key)->name, expected ? " not" : "", ps_text_cstr(&h.lines));
    ps_text_clear(&h.lines);
}

/* For each alternative of each row: where all its clauses hold the key is not named. */
static void a_key_that_acts_is_not_named(void **state) {
    (void)state;
    size_t tried = 0;
    for (ps_key_index key = 0; key < N_KEYS; key++) {
        const char *row = ps_acts_row(key);
        if (ps_acts_never(key) != NULL) continue;
        for (const char *at = strcmp(row, "always") != 0 ? row : ""; at != NULL; at = ps_acts_next(at), tried++) {
            ps_config *cfg = with_key(key);
            ps_clause clause;
            while (ps_acts_clause(&at, &clause))
                make(cfg, &clause, true);
            assert_named(cfg, key, false);
            ps_config_free(cfg);
        }
    }
    assert_true(tried > 150);
}

/* For each clause of each row: where it fails, with the first clause of every other alternative, the key is named, and
 * so is what keeps it from acting. */
static void a_key_in_vain_is_named(void **state) {
    (void)state;
    size_t tried = 0;
    for (ps_key_index key = 0; key < N_KEYS; key++) {
        const char *row = ps_acts_row(key);
        if (strcmp(row, "always") == 0 || ps_acts_never(key) != NULL) continue;
        for (const char *at = row; at != NULL; at = ps_acts_next(at)) {
            ps_clause one, other;
            const char *alternative = at;
            while (ps_acts_clause(&at, &one)) {
                ps_config *cfg = with_key(key);
                for (const char *rest = alternative; ps_acts_clause(&rest, &other);)
                    make(cfg, &other, true);
                make(cfg, &one, false);
                ps_clause failing;
                bool acts = ps_acts(cfg, key, &failing); /* another alternative may hold */
                assert_named(cfg, key, !acts);
                if (ps_acts_next(row) == NULL && failing.key != one.key)
                    fail_msg("%s: %s is blamed for %s", ps_schema_key(key)->name, ps_schema_key(failing.key)->name,
                             ps_schema_key(one.key)->name);
                if (ps_acts_next(row) == NULL) assert_false(acts);
                tried += !acts;
                ps_config_free(cfg);
            }
        }
    }
    assert_true(tried > 150);
}

/* The schema's column of engines counts, too. */
static void a_key_of_another_engine_is_named(void **state) {
    (void)state;
    for (ps_key_index key = 0; key < N_KEYS; key++) {
        const char *engines = ps_schema_key(key)->engines;
        if (*engines == '\0' || *engines == '-') continue;
        ps_config *cfg = with_key(key);
        set(cfg, "engine.type", strcmp(engines, "toy") == 0 ? "llama" : "toy");
        assert_named(cfg, key, true);
        ps_config_free(cfg);
    }
}

static void a_key_that_never_acts_is_named(void **state) {
    (void)state;
    size_t never = 0;
    for (ps_key_index key = 0; key < N_KEYS; key++) {
        if (ps_acts_never(key) == NULL) continue;
        ps_config *cfg = with_key(key);
        assert_named(cfg, key, true);
        ps_config_free(cfg);
        never++;
    }
    assert_true(never > 15);
}

/* ---- What is said -------------------------------------------------------- */

static void the_line_says_where_and_why(void **state) {
    (void)state;
    static const struct {
        const char *yaml, *lines;
    } cases[] = {
        {"ps: {resample: {alpha_start: 0.3, policy: always}}\n",
         "warning: ps.resample.alpha_start (t.yaml:1:30) cannot act: ps.resample.policy is always (t.yaml:1:43); it "
         "needs ess\n"},
        {"preset: classic\nps: {temperature_schedule: {mode: fixed_linear, target_ess: 0.3}}\n",
         "warning: ps.temperature_schedule.target_ess (t.yaml:2:61) cannot act: ps.temperature_schedule.mode is "
         "fixed_linear (t.yaml:2:35); it needs adaptive_ess\n"},
        {"scoring: {length_prior: {type: geometric, lambda_poisson: 3, p_geometric: 0.2}}\n",
         "warning: scoring.length_prior.lambda_poisson (t.yaml:1:59) cannot act: scoring.length_prior.type is "
         "geometric (t.yaml:1:32); it needs poisson\n"},
        {"scoring: {params: {alpha: 0.25, tau: 2}}\n",
         "warning: scoring.params.alpha (t.yaml:1:27) cannot act: scoring.type is logprob_power (default); it needs "
         "hybrid_prm_logprob\n"},
        {"models: {prm: {model_path: x.gguf}}\n",
         "warning: models.prm.model_path (t.yaml:1:28) cannot act: models.prm.enabled is false (default); it needs "
         "true\n"},
        {"engine: {toy: {steps: 3}}\n",
         "warning: engine.toy.steps (t.yaml:1:23) cannot act: engine.type is llama (default); it needs toy\n"},
        {"answer: {select: weighted}\nmethod: majority\n",
         "warning: answer.select (t.yaml:1:18) cannot act: method is majority (t.yaml:2:9); it needs another than "
         "greedy, best_of_n, majority, weighted_majority or power_mcmc\n"},
        {"power_mcmc: {sweeps: 4}\nmethod: power_mcmc\nps: {budget: {max_tokens: 900}}\n",
         "warning: power_mcmc.sweeps (t.yaml:1:22) cannot act: ps.budget.max_tokens is 900 (t.yaml:3:27); it needs "
         "0\n"},
        {"system: {log_level: DEBUG}\nlogging: {console_level: ERROR}\n",
         "warning: system.log_level (t.yaml:1:21) cannot act: logging.console_level is set to ERROR (t.yaml:2:26); it "
         "needs not set\n"},
        {"tuning:\n  enabled: true\n", "warning: tuning.enabled (t.yaml:2:12) has no effect: `persamp tune` is the "
                                       "command that tunes; any other takes "
                                       "the configuration as it stands\n"},
        {"tuning:\n  n_trials: 7\n",
         "warning: tuning.n_trials (t.yaml:2:13) cannot act: tuning.enabled is false (default); it needs true\n"},
        {"hub: {token_env: MY_TOKEN}\nperformance: {num_workers: 8}\n",
         "warning: performance.num_workers (t.yaml:2:28) has no effect: a setting of PyTorch; see "
         "engine.llama.threads\n"
         "warning: hub.token_env (t.yaml:1:18) has no effect: this version fetches nothing from a hub and reads no "
         "token\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_config *cfg = fresh();
        load(cfg, cases[i].yaml);
        heard h = said_of(cfg, PS_LOG_WARNING);
        assert_string_equal(ps_text_cstr(&h.lines), cases[i].lines);
        ps_text_clear(&h.lines);
        ps_config_free(cfg);
    }
}

/* S4: of a sweep over a key that cannot act, the default among its values is named, too. */
static void the_command_line_is_always_meant(void **state) {
    (void)state;
    ps_config *cfg = fresh();
    set(cfg, "ps.resample.alpha_start", "0.5");
    assert_named(cfg, KEY_ps_resample_alpha_start, true);
    ps_config_free(cfg);
}

/* A file with every key the reference has: what stands there at its default is named in one line, as far as that goes.
 */
static void defaults_in_a_file_are_named_in_one_line(void **state) {
    (void)state;
    char path[512];
    ps_config *cfg = fresh();
    snprintf(path, sizeof path, "%s/../docs/configs/classic.yaml", PS_TEST_DIR);
    assert_int_equal(ps_config_load_file(cfg, path, NULL), PS_OK);
    heard quiet = said_of(cfg, PS_LOG_INFO), all = said_of(cfg, PS_LOG_DEBUG);
    assert_int_equal(quiet.n, 1);
    assert_int_equal(quiet.warnings, 0);
    char line[400];
    size_t named = 1;
    const char *told = ps_text_cstr(&quiet.lines), *first = strstr(told, "act: "), *rest = strstr(told, " and ");
    assert_true(first != NULL && rest != NULL && rest > first);
    for (const char *at = first; at < rest; at++)
        named += *at == ',';
    snprintf(line, sizeof line,
             "info: %zu keys in files, at the default, cannot act: %.*s and %zu more; `persamp config` "
             "marks them\n",
             all.n - 1, (int)(rest - first - 5), first + 5, all.n - 1 - named);
    assert_string_equal(told, line);
    assert_true(named >= 4 && strlen(told) < 300);
    assert_true(names(&all, "debug", "scoring.length_prior.lambda_poisson"));
    ps_text yaml = {0};
    assert_int_equal(ps_config_yaml(cfg, true, &yaml, NULL), PS_OK);
    const char *marked = strstr(ps_text_cstr(&yaml), "lambda_poisson: 10 ");
    assert_non_null(marked);
    assert_non_null(strstr(marked, "classic.yaml:"));
    assert_memory_equal(strchr(marked, '\n') - strlen("; cannot act"), "; cannot act", strlen("; cannot act"));
    ps_text_clear(&yaml);
    ps_text_clear(&quiet.lines);
    ps_text_clear(&all.lines);
    ps_config_free(cfg);
}

static void one_default_in_a_file_is_named(void **state) {
    (void)state;
    ps_config *cfg = fresh();
    load(cfg, "dvts: {subtrees: auto}\n");
    heard h = said_of(cfg, PS_LOG_INFO);
    assert_string_equal(
        ps_text_cstr(&h.lines),
        "info: 1 key in files, at the default, cannot act: dvts.subtrees; `persamp config` marks them\n");
    ps_text_clear(&h.lines);
    ps_config_free(cfg);
}

/* Defaults, presets and the environment are nobody's wish. */
static void what_nobody_set_is_not_named(void **state) {
    (void)state;
    static const char *const methods[] = {"persistent", "greedy", "beam", "particle_gibbs", "power_mcmc"};
    setenv("HF_HOME", "/cache/hf", 1);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        ps_config *cfg = fresh();
        set(cfg, "method", methods[i]);
        set(cfg, "engine.type", "toy");
        assert_int_equal(ps_config_environment(cfg, NULL), PS_OK);
        heard h = said_of(cfg, PS_LOG_DEBUG);
        assert_string_equal(ps_text_cstr(&h.lines), "");
        ps_config_free(cfg);
    }
    unsetenv("HF_HOME");
}

/* What acts in one of several methods that are run is not set in vain; what acts in none is named once. */
static void several_configurations_are_judged_together(void **state) {
    (void)state;
    heard h = {0};
    ps_log log = {hear, &h, PS_LOG_DEBUG};
    ps_config *first = fresh(), *second = NULL;
    set(first, "beam.width", "3");
    set(first, "dvts.subtrees", "3");
    set(first, "ps.depth_decay", "0.5");
    assert_int_equal(ps_config_copy(first, &second, NULL), PS_OK);
    set(second, "method", "beam");
    set(second, "ps.depth_decay", "0.25"); /* this method's own, and in vain */
    const ps_config *both[] = {first, second};
    assert_int_equal(ps_config_warn(both, 2, &log, NULL), PS_OK);
    assert_string_equal(ps_text_cstr(&h.lines),
                        "warning: dvts.subtrees (test) cannot act: method is persistent (default); it needs dvts\n"
                        "warning: ps.depth_decay (test) cannot act: method is beam (test); it needs persistent\n");
    ps_text_clear(&h.lines);
    ps_config_free(first);
    ps_config_free(second);
}

/* `--explain` and docs/reference.md say of a key when it acts. */
static void the_documentation_says_when_a_key_acts(void **state) {
    (void)state;
    ps_text text = {0};
    assert_int_equal(ps_config_explain("ps.resample.alpha_end", &text, NULL), PS_OK);
    assert_non_null(strstr(ps_text_cstr(&text),
                           "\n  acts      with method: persistent, ps.mode: steps, ps.resample.policy: ess,\n"
                           "            ps.resample.alpha_schedule: linear\n"));
    ps_text_reset(&text);
    assert_int_equal(ps_config_explain("ps.z_estimation.method", &text, NULL), PS_OK);
    assert_non_null(strstr(ps_text_cstr(&text), "\n  acts      never: there is one estimator"));
    ps_text_reset(&text);
    assert_int_equal(ps_config_explain("engine.toy.table", &text, NULL), PS_OK);
    assert_non_null(strstr(ps_text_cstr(&text), "\n  acts      with engine.type: toy, engine.toy.kind: table\n"));
    ps_text_reset(&text);
    assert_int_equal(ps_config_explain("system.seed", &text, NULL), PS_OK);
    assert_null(strstr(ps_text_cstr(&text), "acts"));
    ps_text_clear(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_says_when_it_acts),
        cmocka_unit_test(a_key_that_acts_is_not_named),
        cmocka_unit_test(a_key_in_vain_is_named),
        cmocka_unit_test(a_key_of_another_engine_is_named),
        cmocka_unit_test(a_key_that_never_acts_is_named),
        cmocka_unit_test(the_line_says_where_and_why),
        cmocka_unit_test(the_command_line_is_always_meant),
        cmocka_unit_test(defaults_in_a_file_are_named_in_one_line),
        cmocka_unit_test(one_default_in_a_file_is_named),
        cmocka_unit_test(what_nobody_set_is_not_named),
        cmocka_unit_test(several_configurations_are_judged_together),
        cmocka_unit_test(the_documentation_says_when_a_key_acts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
