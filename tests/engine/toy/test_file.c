/* Damaged table files: each mistake is named with file and line, and nothing is lost on the way. */
#include "engine/toy/support.h"
#include "support/failing_allocator.h"

static void write_file(const char *name, const char *text, size_t length) {
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    fwrite(text, 1, length, file);
    fclose(file);
}

static const struct {
    const char *text, *where, *what;
} mistakes[] = {
    {"", "t.json:1:", ""},
    {"{\n  \"tokens\": [\"a\",\n", "t.json:3:", ""},
    {"{\n\n\"tokens\": [\"a\"], \"tokens\": []}", "t.json:3:", "duplicate"},
    {"[1]", "t.json:1:", "expected an object"},
    {"\n{}", "t.json:2:", "\"tokens\""},
    {"{\"tokens\": 3}", "t.json:1:", "list"},
    {"{\"tokens\": []}", "t.json:1:", "list"},
    {"{\"tokens\": [\"a\",\n \"\"]}", "t.json:2:", "empty"},
    {"{\"tokens\": [\"a\",\n \"b\",\n 7]}", "t.json:3:", "string"},
    {"{\"tokens\": [\"a\",\n \"b\",\n \"a\"]}", "t.json:3:", "\"a\" is there twice"},
    {"{\"tokens\": [\"a\"],\n \"end\": \"a\"}", "t.json:2:", "name of its own"},
    {"{\"tokens\": [\"a\"],\n \"end\": 1}", "t.json:2:", "\"end\""},
    {"{\"tokens\": [\"a\"],\n \"bytes\": 1}", "t.json:2:", "true or false"},
    {"{\"tokens\": [\"a\"],\n\n \"token\": 1}", "t.json:3:", "did you mean \"tokens\"?"},
    {"{\"tokens\": [\"a\"],\n \"max_tokens\": 0}", "t.json:2:", "1 or more"},
    {"{\"tokens\": [\"a\"],\n \"max_tokens\": 1.5}", "t.json:2:", "whole number"},
    {"{\"tokens\": [\"a\"],\n \"name\": 0}", "t.json:2:", "string"},
    {"{\"tokens\": [\"a\"]}", "t.json:1:", "\"rules\""},
    {"{\"tokens\": [\"a\"],\n \"rules\": {}}", "t.json:2:", "list of rules"},
    {"{\"tokens\": [\"a\"],\n \"rules\": []}", "t.json:2:", "\"after\": []"},
    {"{\"tokens\": [\"a\"], \"rules\": [\n3]}", "t.json:2:", "expected a rule"},
    {"{\"tokens\": [\"a\"], \"rules\": [\n{\"after\": [],\n \"nxt\": {}}]}", "t.json:3:", "did you mean \"next\"?"},
    {"{\"tokens\": [\"a\"], \"rules\": [\n{\"next\": {}}]}", "t.json:2:", "\"after\""},
    {"{\"tokens\": [\"a\"], \"rules\": [\n{\"after\":\n \"a\", \"next\": {}}]}", "t.json:3:", "list of tokens"},
    {"{\"tokens\": [\"a\"], \"rules\": [{\"after\": [\"a\",\n\"z\"], \"next\": {}}]}",
     "t.json:2:", "\"z\" is not a token"},
    {"{\"tokens\": [\"a\"], \"rules\": [{\"after\": [\"a\",\n4], \"next\": {}}]}", "t.json:2:", "expected a string"},
    {"{\"tokens\": [\"a\"], \"rules\": [{\"after\": [\n\"<end>\"], \"next\": {}}]}", "t.json:2:", "ends an answer"},
    {"{\"tokens\": [\"a\"], \"rules\": [{\"after\": [],\n\"start\": 1, \"next\": {}}]}", "t.json:2:", "true or false"},
    {"{\"tokens\": [\"a\"], \"rules\": [{\"after\": []}]}", "t.json:1:", "\"next\""},
    {"{\"tokens\": [\"a\"], \"rules\": [{\"after\": [],\n\"next\": [1]}]}", "t.json:2:", "\"next\""},
    {"{\"tokens\": [\"a\"], \"rules\": [{\"after\": [],\n\"next\": {}}]}", "t.json:2:", "sum to 0"},
    {"{\"tokens\": [\"a\"], \"rules\": [{\"after\": [],\n\"next\": {\"a\": 0.5,\n\"<end>\": 0.4}}]}",
     "t.json:2:", "sum to 0.9"},
    {"{\"tokens\": [\"a\"], \"rules\": [{\"after\": [], \"next\": {\"a\": 0.5,\n\"q\": 0.5}}]}",
     "t.json:2:", "\"q\" is not a token"},
    {"{\"tokens\": [\"a\"], \"rules\": [{\"after\": [], \"next\": {\"a\": 1.5,\n\"<end>\": -0.5}}]}",
     "t.json:1:", "not a probability"},
    {"{\"tokens\": [\"a\"], \"rules\": [{\"after\": [], \"next\": {\"<end>\": 0,\n\"a\": \"x/2\"}}]}",
     "t.json:2:", "not a probability"},
    {"{\"tokens\": [\"a\"], \"rules\": [{\"after\": [], \"next\": {\"a\": \"1/0\"}}]}",
     "t.json:1:", "not a probability"},
    {"{\"tokens\": [\"a\"], \"rules\": [{\"after\": [], \"next\": {\"a\": 1}},\n{\n\"after\": [], \"next\": {\"a\": "
     "1}}]}",
     "t.json:3:", "another rule"},
    {"{\"tokens\": [\"\\u0000\"]}", "t.json:1:", ""},
    {"{\"tokens\": [\"\xff\"]}", "t.json:1:", ""},
    /* Strings that could confuse the search for lines: */
    {"{\"name\": \"a \\\" [ { \\\\\",\n\"tokens\": [\"}\\\\\", \"]\"], \"max_tokens\":\n\n-1}",
     "t.json:4:", "1 or more"},
};

static void mistakes_are_named(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        ps_error error = {0};
        ps_engine *engine = NULL;
        write_file("t.json", mistakes[i].text, strlen(mistakes[i].text));
        ps_status status = ps_engine_toy_create(&(ps_toy_options){.table_path = "t.json"}, &engine, &error);
        if (status != PS_FORMAT || strncmp(error.message, mistakes[i].where, strlen(mistakes[i].where)) != 0 ||
            strstr(error.message, mistakes[i].what) == NULL)
            fail_msg("mistake %zu (expected %s … %s): %s", i, mistakes[i].where, mistakes[i].what, error.message);
        assert_null(engine);
    }
    remove("t.json");
}

static void a_missing_file_is_named(void **state) {
    (void)state;
    ps_error error = {0};
    ps_engine *engine = NULL;
    assert_int_equal(ps_engine_toy_create(&(ps_toy_options){.table_path = "none.json"}, &engine, &error), PS_IO);
    assert_non_null(strstr(error.message, "none.json"));
    assert_int_equal(ps_engine_toy_create(&(ps_toy_options){.n_ctx = -1}, &engine, &error), PS_ARG);
}

/* Every file that ships loads, and its answers are a distribution. */
static void shipped_tables_are_right(void **state) {
    (void)state;
    static const char *const names[] = {"two-words.json", "coin.json", "detour.json"};
    for (size_t i = 0; i < 3; i++) {
        char path[512];
        double sum = 0;
        ps_engine *engine = NULL;
        ps_toy_answers answers = {0};
        const ps_generation g = newline_generation();
        snprintf(path, sizeof path, "%s/examples/toy/%s", PS_SOURCE_DATADIR, names[i]);
        assert_ok(ps_engine_toy_create(&(ps_toy_options){.table_path = path}, &engine, err));
        assert_ok(ps_toy_enumerate(engine, &g, 0, 0, &answers, err));
        for (size_t k = 0; k < answers.n; k++)
            sum += exp(answers.items[k].logp);
        check_near(sum, 1, 1e-12);
        ps_toy_answers_clear(&answers);
        ps_engine_free(engine);
    }
}

/* Loading, drawing, evaluating and enumerating while the n-th allocation fails, for every n until none does. */
static ps_status use_it_all(ps_error *err) {
    ps_engine *engine = NULL;
    ps_toy_answers answers = {0};
    ps_generation g = newline_generation();
    ps_token *tokens = NULL;
    const ps_token given[] = {0, 2, 1};
    const uint32_t mark = 2;
    size_t n = 0;
    ps_node root = 0;
    const ps_event *events = NULL;
    g.boundary = PS_BOUNDARY_PARAGRAPH; /* long steps: arrays that grow */
    ps_status status = ps_engine_toy_create(&(ps_toy_options){0}, &engine, err);
    if (status != PS_OK) return status;
    status = ps_engine_tokenize(engine, "What is 1+1?", 12, true, &tokens, &n, err);
    if (status == PS_OK) status = ps_engine_root(engine, tokens, n, &root, err);
    ps_free(tokens);
    const ps_evaluate_request e = {.node = root,
                                   .tokens = given,
                                   .n_tokens = 3,
                                   .marks = &mark,
                                   .n_marks = 1,
                                   .choices = given,
                                   .n_choices = 2,
                                   .hidden = true};
    if (status == PS_OK) status = ps_engine_evaluate(engine, &e, err);
    for (uint64_t i = 0; i < 3 && status == PS_OK; i++)
        status = ps_engine_extend(
            engine, &(ps_extend_request){.node = root, .key = {1, 0, i, PS_RNG_TOKEN}, .generation = &g}, err);
    n = 0;
    if (status == PS_OK) status = ps_engine_poll(engine, INFINITY, &events, &n, err);
    for (size_t i = 0; i < n; i++) {
        if (status == PS_OK) status = events[i].status;
        ps_engine_release(engine, events[i].child);
    }
    if (status == PS_OK) status = ps_toy_enumerate(engine, &g, 8, 2, &answers, err);
    ps_toy_answers_clear(&answers);
    ps_engine_free(engine);
    return status;
}

static void failing_allocations_leave_nothing(void **state) {
    (void)state;
    failing_allocator a;
    ps_status status = PS_NOMEM;
    for (size_t n = 1; status != PS_OK; n++) {
        ps_error error = {0};
        assert_true(n < 20000);
        failing_install(&a, n);
        status = use_it_all(&error);
        failing_remove();
        assert_int_equal(a.alive, 0);
        assert_true(status == PS_OK || status == PS_NOMEM);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(shipped_tables_are_right),
        cmocka_unit_test(failing_allocations_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
