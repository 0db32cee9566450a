/* docs/configs.md has a row for every key of the reference implementation, and each row says what the program does. */
#include "config/support.h"

#include "config/internal.h"

/* A row: "| `key` | acts with `a: b`, `c: d` | same | … |". */
typedef struct row {
    char key[96], here[200], as_there[16];
} row;

static const char *cell(const char *at, char *out, size_t size) {
    const char *bar = strchr(at, '|');
    assert_non_null(bar);
    at += strspn(at, " `");
    size_t length = (size_t)(bar - at);
    while (length > 0 && at[length - 1] == ' ')
        length--;
    assert_true(length < size);
    memcpy(out, at, length);
    out[length] = '\0';
    return bar + 1;
}

/* The rows whose first cell is a key of the schema; owned by the caller. */
static row *read_rows(size_t *n) {
    char path[512], *text = NULL;
    size_t length;
    row *rows = calloc(N_KEYS, sizeof *rows);
    assert_non_null(rows);
    *n = 0;
    snprintf(path, sizeof path, "%s/../docs/configs.md", PS_TEST_DIR);
    assert_int_equal(ps_read_file(path, 1 << 20, &text, &length, NULL), PS_OK);
    for (char *line = text; line != NULL && *line != '\0'; line = strchr(line, '\n'), line += line != NULL) {
        row one = {{0}, {0}, {0}};
        if (strncmp(line, "| `", 3) != 0) continue;
        const char *at = cell(line + 1, one.key, sizeof one.key);
        one.key[strcspn(one.key, "`")] = '\0';
        if (ps_config_find_key(one.key) == NULL) continue;
        at = cell(at, one.here, sizeof one.here);
        cell(at, one.as_there, sizeof one.as_there);
        assert_true(*n < N_KEYS);
        rows[(*n)++] = one;
    }
    ps_free(text);
    return rows;
}

/* The next text in backquotes, which *at is set behind; false when there is none. */
static bool quoted(const char **at, char *out, size_t size) {
    const char *open = strchr(*at, '`'), *close = open != NULL ? strchr(open + 1, '`') : NULL;
    if (close == NULL) return false;
    snprintf(out, size, "%.*s", (int)(close - open - 1), open + 1);
    *at = close + 1;
    return true;
}

/* A value that is not the key's default and contradicts no other default. */
static void some_value(const char *key, char *value, size_t size) {
    static const char *const values[][2] = {{"ps.temperature_schedule.beta_min", "0.5"},
                                            {"generation.min_tokens_per_step", "2"},
                                            {"generation.max_tokens_per_step", "64"},
                                            {"scoring.params.min_score", "0.1"},
                                            {"scoring.params.max_score", "0.5"},
                                            {"generation.step_boundary", "sentence"},
                                            {"evaluation.extract_answer", "last_number"},
                                            {"evaluation.dataset", "gsm8k"},
                                            {"scoring.type", "logprob_avg"}};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (strcmp(values[i][0], key) == 0) {
            snprintf(value, size, "%s", values[i][1]);
            return;
        }
    other_value(ps_config_find_key(key), value, size);
}

/* A file of the reference with the key in it, and what its row says it needs. */
static ps_config *file_with(const row *r, const char *value, bool needs) {
    char need[160];
    ps_text yaml = {0};
    ps_config *cfg = fresh();
    bool text = strncmp(ps_config_find_key(r->key)->type, "string", 6) == 0 ||
                strncmp(ps_config_find_key(r->key)->type, "path", 4) == 0;
    ps_text_printf(&yaml, text ? "preset: classic\n%s: '%s'\n" : "preset: classic\n%s: %s\n", r->key, value);
    const char *at = strstr(r->here, " with ");
    for (; needs && at != NULL && quoted(&at, need, sizeof need);)
        ps_text_printf(&yaml, "%s\n", need);
    load(cfg, ps_text_cstr(&yaml));
    ps_text_clear(&yaml);
    bool only =
        strcmp(ps_config_find_key(r->key)->initial, value) == 0; /* of one choice: in a file it asks for nothing */
    if (only) set(cfg, r->key, value);
    return cfg;
}

/* "acts", "warned" or "refused". */
static const char *verdict(const ps_config *cfg, const char *key) {
    heard h = {0};
    ps_log log = {hear, &h, PS_LOG_WARNING};
    ps_status status = ps_config_check(cfg, &log, NULL);
    const char *word = status != PS_OK ? "refused" : names(&h, "warning", key) ? "warned" : "acts";
    ps_text_clear(&h.lines);
    return word;
}

static void expect(const row *r, const char *value, bool needs, const char *word) {
    ps_config *cfg = file_with(r, value, needs);
    const char *got = verdict(cfg, r->key);
    if (strcmp(got, word) != 0)
        fail_msg("%s: %s%s: %s, not %s", r->key, value, needs ? " with the rest" : "", got, word);
    ps_config_free(cfg);
}

static void each_row_is_what_the_program_does(void **state) {
    (void)state;
    size_t n;
    row *rows = read_rows(&n);
    for (size_t i = 0; i < n; i++) {
        const row *r = &rows[i];
        char value[128];
        const char *with = strstr(r->here, " with "), *at = strstr(r->here, ", `");
        some_value(r->key, value, sizeof value);
        if (strcmp(r->here, "warned") == 0) {
            expect(r, value, false, "warned");
        } else if (with != NULL) {
            assert_memory_equal(r->here, "acts with ", 10);
            expect(r, value, false, "warned");
            expect(r, value, true, "acts");
        } else {
            assert_memory_equal(r->here, "acts", 4);
            expect(r, value, false, "acts");
            if (at != NULL && quoted(&at, value, sizeof value)) expect(r, value, false, "refused");
        }
    }
    free(rows);
}

/* Ignored is what a user is warned of, and nothing else. */
static void what_is_ignored_is_warned_of(void **state) {
    (void)state;
    size_t n;
    row *rows = read_rows(&n);
    for (size_t i = 0; i < n; i++) {
        bool ignored = strcmp(rows[i].as_there, "ignored") == 0;
        bool known = ignored || strcmp(rows[i].as_there, "same") == 0 || strcmp(rows[i].as_there, "different") == 0;
        if (!known || ignored != (strcmp(rows[i].here, "warned") == 0))
            fail_msg("%s: %s, but %s", rows[i].key, rows[i].as_there, rows[i].here);
    }
    free(rows);
}

static void every_key_of_the_reference_has_one_row(void **state) {
    (void)state;
    size_t n, keys = 0;
    row *rows = read_rows(&n);
    for (ps_key_index key = 0; key < N_KEYS; key++) {
        const char *name = ps_schema_key(key)->name;
        size_t found = 0;
        for (size_t i = 0; i < n; i++)
            found += strcmp(rows[i].key, name) == 0;
        keys += ps_config_key_of_reference(key);
        if (found != ps_config_key_of_reference(key)) fail_msg("%s has %zu rows in docs/configs.md", name, found);
    }
    assert_int_equal(keys, 87);
    free(rows);
}

/* docs/configs/classic.yaml claims to have every key of the reference. */
static void the_classic_file_has_every_key(void **state) {
    (void)state;
    char path[512];
    ps_config *cfg = fresh();
    snprintf(path, sizeof path, "%s/../docs/configs/classic.yaml", PS_TEST_DIR);
    assert_int_equal(ps_config_load_file(cfg, path, NULL), PS_OK);
    for (ps_key_index key = 0; key < N_KEYS; key++) {
        bool expected = ps_config_key_of_reference(key) || key == KEY_preset;
        if (cfg->origins->of[key].in_file != expected)
            fail_msg("classic.yaml %s %s", expected ? "lacks" : "has", ps_schema_key(key)->name);
    }
    ps_config_free(cfg);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_is_what_the_program_does),
        cmocka_unit_test(what_is_ignored_is_warned_of),
        cmocka_unit_test(every_key_of_the_reference_has_one_row),
        cmocka_unit_test(the_classic_file_has_every_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
