/* Data sets by name: where they are looked for, in which order, what is said when they are nowhere; and their fields.
 */
#include "run/support.h"
#include "support/failing_allocator.h"

#include <unistd.h>

/* ---- A home of the test's own -------------------------------------------- */

static char started_in[4096];

static void make_folders(const char *path) {
    char part[512];
    for (const char *slash = path + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        mkdir(part, 0777);
    }
}

static const char *put(const char *name, const char *text) {
    make_folders(path_of(name));
    return write_text(name, text);
}

/* The hub keeps what it has fetched under its hash in blobs/, and links to it from the revision's folder. */
static void put_in_hub(const char *set, const char *revision, const char *file, const char *text) {
    static int blobs;
    char name[256], target[64], up[64] = "";
    snprintf(name, sizeof name, "hf/hub/datasets--%s/blobs/%040d", set, ++blobs);
    put(name, text);
    for (const char *at = file; (at = strchr(at, '/')) != NULL; at++)
        strcat(up, "../");
    snprintf(target, sizeof target, "%s../../blobs/%040d", up, blobs);
    snprintf(name, sizeof name, "hf/hub/datasets--%s/snapshots/%s/%s", set, revision, file);
    make_folders(path_of(name));
    assert_int_equal(symlink(target, path_of(name)), 0);
}

static void name_main(const char *set, const char *revision) {
    char name[256];
    snprintf(name, sizeof name, "hf/hub/datasets--%s/refs/main", set);
    put(name, revision);
}

/* An empty home, its data folder and hub cache, and an empty current folder. */
static int begin(void **state) {
    (void)state;
    if (*started_in == '\0') assert_non_null(getcwd(started_in, sizeof started_in));
    remove_all(path_of(""));
    setenv("XDG_DATA_HOME", path_of("share"), 1);
    put("here/x", "");
    assert_int_equal(chdir(path_of("here")), 0);
    return 0;
}

static int end(void **state) {
    assert_int_equal(chdir(started_in), 0);
    return remove_files(state);
}

static ps_config *named(const char *name) {
    return config_of("evaluation.dataset", name, "hub.home", path_of("hf"), NULL);
}

/* ---- Where --------------------------------------------------------------- */

static void found_at(const char *name, const char *part) {
    ps_config *c = named(name);
    char *path = NULL;
    assert_ok(ps_dataset_path(c, &path, err));
    check_contains(path, part);
    assert_int_equal(access(path, R_OK), 0);
    ps_free(path);
    ps_config_free(c);
}

static void refused(const char *name, ps_status status, const char *const *parts, size_t n) {
    ps_config *c = named(name);
    char *path = NULL;
    ps_error err;
    assert_int_equal(ps_dataset_path(c, &path, &err), status);
    assert_null(path);
    for (size_t i = 0; i < n; i++)
        check_contains(err.message, parts[i]);
    ps_config_free(c);
}

static void a_path_is_taken_as_it_is_and_nothing_is_the_shipped_file(void **state) {
    (void)state;
    char *path = NULL;
    ps_config *c = config_of("evaluation.dataset_path", "some/file.jsonl", "evaluation.dataset", "math500", NULL);
    assert_ok(ps_dataset_path(c, &path, err));
    assert_string_equal(path, "some/file.jsonl");
    ps_free(path);
    ps_config_free(c);
    c = config_of(NULL);
    assert_ok(ps_dataset_path(c, &path, err));
    check_contains(path, "data/test.jsonl");
    assert_int_equal(access(path, R_OK), 0);
    ps_free(path);
    ps_config_free(c);
}

/* Each place added goes before those that were there. */
static void the_nearest_place_wins(void **state) {
    (void)state;
    static const char line[] = "{\"problem\":\"a\",\"answer\":\"1\"}\n";
    put_in_hub("math-ai--aime25", "0123abc", "test.jsonl", line);
    found_at("aime25", "hf/hub/datasets--math-ai--aime25/snapshots/0123abc/test.jsonl");
    setenv("PERSAMP_SHARE", path_of("shipped"), 1);
    put("shipped/data/aime25.jsonl", line);
    found_at("aime25", "shipped/data/aime25.jsonl");
    unsetenv("PERSAMP_SHARE");
    put("share/persamp/data/aime25.json", line);
    found_at("aime25", "share/persamp/data/aime25.json");
    put("share/persamp/data/aime25.jsonl", line);
    found_at("aime25", "share/persamp/data/aime25.jsonl");
    put("here/data/aime25.jsonl", line);
    found_at("aime25", "data/aime25.jsonl");
    ps_config *c = named("aime25");
    char *path = NULL;
    assert_ok(ps_dataset_path(c, &path, err));
    assert_string_equal(path, "data/aime25.jsonl");
    ps_free(path);
    ps_config_free(c);
}

static void the_hubs_main_revision_goes_before_others(void **state) {
    (void)state;
    static const char set[] = "HuggingFaceH4--MATH-500", line[] = "{\"problem\":\"a\",\"answer\":\"1\"}\n";
    put_in_hub(set, "aaaa", "test.jsonl", line);
    put_in_hub(set, "bbbb", "test.jsonl", line);
    found_at("math500", "snapshots/bbbb/test.jsonl"); /* no refs/main */
    name_main(set, "aaaa");
    found_at("math500", "snapshots/aaaa/test.jsonl");
    name_main(set, "aaaa\n");
    found_at("math500", "snapshots/aaaa/test.jsonl");
    name_main(set, "cccc"); /* without the file */
    found_at("math500", "snapshots/bbbb/test.jsonl");
    name_main(set, "../../../x");
    found_at("math500", "snapshots/bbbb/test.jsonl");
}

/* What a pattern would take for more than itself. */
static void a_cache_in_a_folder_of_odd_name_is_found(void **state) {
    (void)state;
    char *path = NULL;
    put("h[f]*/hub/datasets--math-ai--aime25/snapshots/aaaa/test.jsonl", "{\"problem\":\"a\",\"answer\":\"1\"}\n");
    ps_config *c = config_of("evaluation.dataset", "aime25", "hub.home", path_of("h[f]*"), NULL);
    assert_ok(ps_dataset_path(c, &path, err));
    check_contains(path, "/h[f]*/hub/");
    ps_free(path);
    ps_config_free(c);
}

static void the_cache_itself_goes_before_the_home_and_the_users_cache_folder_is_last(void **state) {
    (void)state;
    static const char *const places[] = {"cache", "hf/hub", "xdg/huggingface/hub"};
    char saved[512] = "";
    const char *caches = getenv("XDG_CACHE_HOME");
    if (caches != NULL) snprintf(saved, sizeof saved, "%s", caches);
    setenv("XDG_CACHE_HOME", path_of("xdg"), 1);
    for (size_t i = 0; i < 3; i++) {
        char file[128];
        snprintf(file, sizeof file, "%s/datasets--math-ai--aime25/snapshots/aaaa/test.jsonl", places[i]);
        put(file, "{\"problem\":\"a\",\"answer\":\"1\"}\n");
    }
    for (size_t i = 0; i < 3; i++) {
        char *path = NULL, home[512], cache[512];
        snprintf(home, sizeof home, "%s", i < 2 ? path_of("hf") : "null");
        snprintf(cache, sizeof cache, "%s", i < 1 ? path_of("cache") : "null");
        ps_config *c = config_of("evaluation.dataset", "aime25", "hub.home", home, "hub.cache", cache, NULL);
        assert_ok(ps_dataset_path(c, &path, err));
        check_contains(path, places[i]);
        ps_free(path);
        ps_config_free(c);
    }
    if (caches != NULL)
        setenv("XDG_CACHE_HOME", saved, 1);
    else
        unsetenv("XDG_CACHE_HOME");
}

static void a_set_that_is_nowhere_is_told_with_the_command_that_brings_it(void **state) {
    (void)state;
    static const char *const math[] = {
        "evaluation.dataset is math500, which is not here: no math500.jsonl in ./data", "share/persamp/data",
        "no test.jsonl of HuggingFaceH4/MATH-500 in the hub's cache",
        "\n  hf download --repo-type dataset HuggingFaceH4/MATH-500 test.jsonl\n", "evaluation.dataset_path"};
    static const char *const aime25[] = {"hf download --repo-type dataset math-ai/aime25 test.jsonl\n"};
    static const char *const gsm8k[] = {"\n  mkdir -p data; python3 -c \"import pandas; "
                                        "pandas.read_parquet('hf://datasets/openai/gsm8k/main/"
                                        "test-00000-of-00001.parquet').to_json('data/gsm8k.jsonl', "
                                        "orient='records', lines=True)\"\n",
                                        "pandas, pyarrow and huggingface_hub"};
    static const char *const aime24[] = {"'hf://datasets/HuggingFaceH4/aime_2024/data/train-00000-of-00001.parquet'",
                                         "'data/aime24.jsonl'"};
    refused("math500", PS_IO, math, 5);
    refused("aime25", PS_IO, aime25, 1);
    refused("gsm8k", PS_IO, gsm8k, 2);
    refused("aime24", PS_IO, aime24, 2);
}

/* As the hub stores two of them. */
static void a_parquet_file_in_the_cache_is_told_with_the_command_that_converts_it(void **state) {
    (void)state;
    char command[1024], file[512];
    put_in_hub("openai--gsm8k", "0123abc", "main/test-00000-of-00001.parquet", "PAR1");
    snprintf(file, sizeof file, "%s/hub/datasets--openai--gsm8k/snapshots/0123abc/main/test-00000-of-00001.parquet",
             path_of("hf"));
    snprintf(command, sizeof command, "pandas.read_parquet('%s').to_json('data/gsm8k.jsonl'", file);
    const char *const parts[] = {file, "a Parquet file, which is not read here", command};
    refused("gsm8k", PS_FORMAT, parts, 3);
    put("here/data/gsm8k.jsonl", "{\"question\":\"a\",\"answer\":\"so\\n#### 1\"}\n");
    found_at("gsm8k", "data/gsm8k.jsonl");
}

/* ---- Fields -------------------------------------------------------------- */

/* The only problem of a data set read with a configuration; the text is its file. */
static ps_dataset *open_set(ps_config *c, const char *text, const ps_problem **problem) {
    ps_dataset *d = NULL;
    char *path = NULL;
    size_t n;
    assert_ok(ps_config_set(c, "evaluation.dataset_path", put("set.jsonl", text), "test", err));
    assert_ok(ps_dataset_open(c, &d, &path, err));
    *problem = ps_dataset_problems(d, &n);
    assert_int_equal(n, 1);
    ps_free(path);
    ps_config_free(c);
    return d;
}

static void a_name_sets_the_fields_of_its_set(void **state) {
    (void)state;
    static const char both[] = "{\"problem\": 7, \"question\": \"2+2?\", \"answer\": \"so\\n#### 1,004\", \"id\": 60}";
    const ps_problem *p;
    ps_dataset *d = open_set(named("gsm8k"), both, &p);
    assert_string_equal(p->text, "2+2?");
    assert_string_equal(p->answer, "1,004");
    assert_null(p->unique_id);
    ps_dataset_free(d);
    d = open_set(named("aime24"), both, &p);
    assert_string_equal(p->text, "7");
    assert_string_equal(p->unique_id, "60");
    ps_dataset_free(d);
    d = open_set(named("aime25"), "{\"problem\": \"a\", \"answer\": 70, \"id\": \"0\"}", &p);
    assert_string_equal(p->answer, "70");
    assert_string_equal(p->unique_id, "0");
    ps_dataset_free(d);
    d = open_set(named("custom"), both, &p);
    assert_string_equal(p->text, "7");
    assert_null(p->unique_id);
    ps_dataset_free(d);
}

static void fields_are_renamed_by_the_configuration(void **state) {
    (void)state;
    static const char record[] =
        "{\"Problem\": \"2+2?\", \"reward\": {\"ground.truth\": \"4\", \"truth\": [5]}, \"a.b\": \"6\", \"ID\": 3, "
        "\"tags\": [\"x\", \"y\"], \"problem\": \"other\", \"answer\": \"other\", \"subject\": [\"kept\", \"out\"]}";
    const ps_problem *p;
    ps_config *c = config_of("evaluation.fields.problem", "Problem", "evaluation.fields.answer", "reward.truth",
                             "evaluation.fields.unique_id", "ID", "evaluation.fields.level", "a.b", NULL);
    ps_dataset *d = open_set(c, record, &p);
    assert_string_equal(p->text, "2+2?");
    assert_string_equal(p->answer, "5");
    assert_string_equal(p->unique_id, "3");
    assert_string_equal(p->level, "6");
    assert_null(p->subject);
    ps_dataset_free(d);
    d = open_set(config_of("evaluation.dataset", "gsm8k", "evaluation.fields.answer", "reward.ground.truth", NULL),
                 record, &p);
    assert_string_equal(p->text, "other");
    assert_string_equal(p->answer, "4");
    ps_dataset_free(d);
}

/* Also for a field that a problem can do without: a slip of the pen must not pass in silence. */
static void a_name_that_no_record_has_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *key, *why;
    } cases[] = {
        {"evaluation.fields.problem", ":1: no field Probelm; the record has problem and answer; name its field with "
                                      "evaluation.fields.problem"},
        {"evaluation.fields.subject", "no record has the field Probelm, which evaluation.fields.subject names"}};
    for (size_t i = 0; i < 2; i++) {
        ps_dataset *d = NULL;
        char *path = NULL;
        ps_error err;
        ps_config *c =
            config_of("evaluation.dataset_path", put("set.jsonl", "{\"problem\": \"a\", \"answer\": \"1\"}\n"),
                      cases[i].key, "Probelm", NULL);
        assert_int_equal(ps_dataset_open(c, &d, &path, &err), PS_FORMAT);
        assert_true(d == NULL && path == NULL);
        check_contains(err.message, cases[i].why);
        ps_config_free(c);
    }
}

/* ---- The real files ------------------------------------------------------ */

/* A file of the data sets, which are no part of the repository; NULL when it is not there. */
static char *real_file(const char *name) {
    const char *folders[] = {getenv("PERSAMP_DATA"), PS_TEST_DIR "/../../shared/data"};
    char path[4096], *data = NULL;
    for (size_t i = 0; i < 2 && data == NULL; i++) {
        if (folders[i] == NULL) continue;
        snprintf(path, sizeof path, "%s/%s", folders[i], name);
        data = read_text(path);
    }
    if (data == NULL) print_message("skipped: %s is not there (set PERSAMP_DATA)\n", name);
    return data;
}

static ps_dataset *open_named(const char *name, size_t expected, const ps_problem **problems) {
    ps_config *c = named(name);
    ps_dataset *d = NULL;
    char *path = NULL;
    size_t n;
    assert_ok(ps_dataset_open(c, &d, &path, err));
    *problems = ps_dataset_problems(d, &n);
    assert_int_equal(n, expected);
    assert_int_equal(ps_dataset_unusable(d), 0);
    ps_free(path);
    ps_config_free(c);
    return d;
}

static void math500_is_read_from_the_hubs_cache(void **state) {
    (void)state;
    char *data = real_file("math500.jsonl");
    if (data == NULL) skip();
    const ps_problem *p;
    put_in_hub("HuggingFaceH4--MATH-500", "6e4ed1a2", "test.jsonl", data);
    name_main("HuggingFaceH4--MATH-500", "6e4ed1a2");
    ps_dataset *d = open_named("math500", 500, &p);
    check_contains(p[0].text, "Convert the point $(0,3)$");
    assert_string_equal(p[0].answer, "\\left( 3, \\frac{\\pi}{2} \\right)");
    assert_string_equal(p[0].unique_id, "test/precalculus/807.json");
    assert_string_equal(p[0].subject, "Precalculus");
    assert_string_equal(p[0].level, "2");
    ps_dataset_free(d);
    free(data);
}

static void gsm8k_is_read_from_a_data_folder(void **state) {
    (void)state;
    char *data = real_file("gsm8k_test.jsonl");
    if (data == NULL) skip();
    const ps_problem *p;
    put("share/persamp/data/gsm8k.jsonl", data);
    ps_dataset *d = open_named("gsm8k", 1319, &p);
    check_contains(p[0].text, "ducks lay 16 eggs per day");
    assert_string_equal(p[0].answer, "18");
    for (size_t i = 0; i < 1319; i++) /* the number alone: nothing of the solution */
        assert_true(strspn(p[i].answer, "-0123456789.,") == strlen(p[i].answer) && *p[i].answer != '\0');
    ps_dataset_free(d);
    free(data);
}

static void failing_allocations_leak_nothing(void **state) {
    (void)state;
    put_in_hub("math-ai--aime25", "aaaa", "test.jsonl", "{\"problem\":\"a\",\"answer\":1,\"id\":2}\n{\"id\":1}\n");
    put_in_hub("math-ai--aime25", "bbbb", "test.jsonl", "{\"problem\":\"b\",\"answer\":1,\"id\":2}\n");
    name_main("math-ai--aime25", "aaaa");
    ps_config *found = named("aime25"), *missing = named("math500");
    for (int i = 0; i < 2; i++) {
        ps_status status = PS_NOMEM;
        for (size_t fail_at = 1; status == PS_NOMEM; fail_at++) {
            failing_allocator allocator;
            ps_dataset *d = NULL;
            char *path = NULL;
            failing_install(&allocator, fail_at);
            status = ps_dataset_open(i == 0 ? found : missing, &d, &path, NULL);
            if (status == PS_OK) check_contains(path, "/aaaa/"); /* never another revision for want of memory */
            ps_dataset_free(d);
            ps_free(path);
            failing_remove();
            assert_int_equal(allocator.alive, 0);
        }
        assert_int_equal(status, i == 0 ? PS_OK : PS_IO);
    }
    ps_config_free(found);
    ps_config_free(missing);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_path_is_taken_as_it_is_and_nothing_is_the_shipped_file, begin),
        cmocka_unit_test_setup(the_nearest_place_wins, begin),
        cmocka_unit_test_setup(the_hubs_main_revision_goes_before_others, begin),
        cmocka_unit_test_setup(a_cache_in_a_folder_of_odd_name_is_found, begin),
        cmocka_unit_test_setup(the_cache_itself_goes_before_the_home_and_the_users_cache_folder_is_last, begin),
        cmocka_unit_test_setup(a_set_that_is_nowhere_is_told_with_the_command_that_brings_it, begin),
        cmocka_unit_test_setup(a_parquet_file_in_the_cache_is_told_with_the_command_that_converts_it, begin),
        cmocka_unit_test_setup(a_name_sets_the_fields_of_its_set, begin),
        cmocka_unit_test_setup(fields_are_renamed_by_the_configuration, begin),
        cmocka_unit_test_setup(a_name_that_no_record_has_is_refused, begin),
        cmocka_unit_test_setup(math500_is_read_from_the_hubs_cache, begin),
        cmocka_unit_test_setup(gsm8k_is_read_from_a_data_folder, begin),
        cmocka_unit_test_setup(failing_allocations_leak_nothing, begin),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}
