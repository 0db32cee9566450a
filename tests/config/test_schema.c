/* The table itself: names, fields, words, and every key's way in and out. */
#include "config/support.h"

static void fields_follow_keys(void **state) {
    (void)state;
    size_t n;
    const ps_config_key *keys = ps_config_keys(&n);
    assert_true(n > 100);
    for (size_t i = 0; i < n; i++) {
        char field[128];
        snprintf(field, sizeof field, "%s", keys[i].name);
        for (char *c = field; *c != '\0'; c++)
            if (*c == '.') *c = '_';
        assert_string_equal(field, keys[i].field);
        assert_ptr_equal(ps_config_find_key(keys[i].name), &keys[i]);
        assert_true(strlen(keys[i].doc) > 10);
        size_t last = strlen(keys[i].doc) - 1;
        assert_true(keys[i].doc[last] == '.');
    }
    assert_null(ps_config_find_key("ps"));
    assert_null(ps_config_find_key(""));
}

/* Keys of one section stand together, or the printed YAML would open a section twice. */
static void sections_stand_together(void **state) {
    (void)state;
    ps_config *cfg = fresh();
    ps_text text = canonical(cfg);
    load(cfg, ps_text_cstr(&text)); /* refuses a section that stands twice */
    ps_text_clear(&text);
    ps_config_free(cfg);
}

static void engines_are_values_of_engine_type(void **state) {
    (void)state;
    size_t n;
    const ps_config_key *keys = ps_config_keys(&n);
    const char *known[] = {"", "-", "llama", "openai", "toy", "llama openai"};
    for (size_t i = 0; i < n; i++) {
        bool found = false;
        for (size_t j = 0; j < sizeof known / sizeof *known; j++)
            found = found || strcmp(keys[i].engines, known[j]) == 0;
        if (!found) fail_msg("%s: engines \"%s\"", keys[i].name, keys[i].engines);
    }
}

/* What is a path or a name is never empty, and says what it means to leave it out. */
static void paths_and_names_are_of_their_type(void **state) {
    (void)state;
    static const char *const endings[] = {"_path", "_dir", "_env", "_url", "_from", "home", ".model", ".table"};
    size_t n, found = 0;
    const ps_config_key *keys = ps_config_keys(&n);
    ps_config *cfg = fresh();
    for (size_t i = 0; i < n; i++) {
        bool named = strncmp(keys[i].type, "path or name", 12) == 0;
        for (size_t j = 0; j < sizeof endings / sizeof *endings; j++) {
            size_t length = strlen(keys[i].name), ending = strlen(endings[j]);
            if (strcmp(keys[i].name + length - ending, endings[j]) == 0 && !named)
                fail_msg("%s: \"%s\", not NAME or OPTNAME", keys[i].name, keys[i].type);
        }
        if (!named) continue;
        const char *null = strstr(keys[i].doc, "null: ");
        ps_error err;
        found++;
        assert_int_equal(ps_config_set(cfg, keys[i].name, "", "test", &err), PS_FORMAT);
        assert_non_null(strstr(err.message, "the value is empty; leave the key out for "));
        if (err.message[strlen(err.message) - 1] == ' ') fail_msg("%s: '%s'", keys[i].name, err.message);
        assert_int_equal(ps_config_set(cfg, keys[i].name, "''", "test", NULL), PS_FORMAT);
        if (strcmp(keys[i].type, "path or name, or null") == 0)
            assert_true(null != NULL && ps_config_set(cfg, keys[i].name, "null", "test", NULL) == PS_OK);
    }
    assert_true(found > 10);
    ps_config_free(cfg);
}

/* The default, given explicitly, is accepted and gives the default. */
static void defaults_are_accepted_as_values(void **state) {
    (void)state;
    size_t n;
    const ps_config_key *keys = ps_config_keys(&n);
    ps_config *cfg = fresh(), *same = fresh();
    set(cfg, "preset", "classic"); /* so that no preset stands between a default and its key */
    set(same, "preset", "classic");
    for (size_t i = 0; i < n; i++)
        if (strcmp(keys[i].name, "preset") != 0) set(cfg, keys[i].name, keys[i].initial);
    assert_same(cfg, same);
    ps_config_free(cfg);
    ps_config_free(same);
}

/* "auto" and "null" are kept as −1, which no such key may be otherwise. */
static void words_stand_apart_from_numbers(void **state) {
    (void)state;
    size_t n, found = 0;
    const ps_config_key *keys = ps_config_keys(&n);
    for (size_t i = 0; i < n; i++) {
        if (strstr(keys[i].type, "or word") == NULL) continue;
        const char *interval = strchr(keys[i].allowed, '[');
        assert_non_null(interval);
        assert_true(strtod(interval + 1, NULL) >= 0);
        found++;
    }
    assert_true(found >= 8);
}

static void every_key_round_trips(void **state) {
    (void)state;
    size_t n;
    const ps_config_key *keys = ps_config_keys(&n);
    for (size_t i = 0; i < n; i++) {
        char value[128];
        ps_text before = {0}, after = {0};
        ps_config *cfg = fresh(), *again = fresh();
        other_value(&keys[i], value, sizeof value);
        ps_config_get_text(cfg, keys[i].name, &before, NULL);
        set(cfg, keys[i].name, value);
        ps_config_get_text(cfg, keys[i].name, &after, NULL);
        bool only_one = strcmp(keys[i].type, "choice") == 0 && strchr(keys[i].allowed, '|') == NULL;
        bool preset_agrees = ps_config_preset_value("recommended", keys[i].name) != NULL;
        if (strcmp(ps_text_cstr(&before), ps_text_cstr(&after)) == 0 && !only_one && !preset_agrees)
            fail_msg("%s: setting %s changed nothing", keys[i].name, value);
        ps_text yaml = canonical(cfg);
        load(again, ps_text_cstr(&yaml));
        assert_same(cfg, again);
        set(again, keys[i].name, ps_text_cstr(&after)); /* canonical text is input, too */
        assert_same(cfg, again);
        ps_text_clear(&before);
        ps_text_clear(&after);
        ps_text_clear(&yaml);
        ps_config_free(cfg);
        ps_config_free(again);
    }
}

/* Both ends of an interval: the closed one is in, what lies beyond is out. */
static void ranges_end_where_they_say(void **state) {
    (void)state;
    size_t n;
    const ps_config_key *keys = ps_config_keys(&n);
    ps_config *cfg = fresh();
    for (size_t i = 0; i < n; i++) {
        const char *open = strpbrk(keys[i].allowed, "[(");
        if (open == NULL) continue;
        char low[32], high[32];
        const char *comma = strchr(open, ','), *close = strpbrk(open, "])");
        snprintf(low, sizeof low, "%.*s", (int)(comma - open - 1), open + 1);
        snprintf(high, sizeof high, "%.*s", (int)(close - comma - 2), comma + 2);
        ps_status at_low = ps_config_set(cfg, keys[i].name, low, "test", NULL);
        ps_status at_high = ps_config_set(cfg, keys[i].name, high, "test", NULL);
        assert_int_equal(at_low, *open == '[' ? PS_OK : PS_FORMAT);
        assert_int_equal(at_high, *close == ']' ? PS_OK : PS_FORMAT);
        assert_int_equal(ps_config_set(cfg, keys[i].name, "-1000", "test", NULL), PS_FORMAT);
        assert_int_equal(ps_config_set(cfg, keys[i].name, "9999999999999999999", "test", NULL), PS_FORMAT);
    }
    ps_config_free(cfg);
}

static void explain_names_everything(void **state) {
    (void)state;
    size_t n;
    const ps_config_key *keys = ps_config_keys(&n);
    ps_text all = {0};
    assert_int_equal(ps_config_explain("", &all, NULL), PS_OK);
    for (size_t i = 0; i < n; i++) {
        ps_text text = {0};
        assert_int_equal(ps_config_explain(keys[i].name, &text, NULL), PS_OK);
        assert_non_null(strstr(ps_text_cstr(&text), keys[i].name));
        assert_non_null(strstr(ps_text_cstr(&text), "default   "));
        assert_non_null(strstr(ps_text_cstr(&all), ps_text_cstr(&text)));
        ps_text_clear(&text);
    }
    ps_text_clear(&all);
    ps_error err;
    assert_int_equal(ps_config_explain("ps.resample.metod", &all, &err), PS_ARG);
    assert_string_equal(err.message, "ps.resample.metod: unknown key; did you mean ps.resample.method?");
    ps_text_clear(&all);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_follow_keys),
        cmocka_unit_test(sections_stand_together),
        cmocka_unit_test(engines_are_values_of_engine_type),
        cmocka_unit_test(paths_and_names_are_of_their_type),
        cmocka_unit_test(defaults_are_accepted_as_values),
        cmocka_unit_test(words_stand_apart_from_numbers),
        cmocka_unit_test(every_key_round_trips),
        cmocka_unit_test(ranges_end_where_they_say),
        cmocka_unit_test(explain_names_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
