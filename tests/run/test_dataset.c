/* Data sets: what is read, what is passed over and named, what is refused. */
#include "run/support.h"
#include "support/failing_allocator.h"

static ps_dataset *load(const char *text) {
    ps_dataset *d = NULL;
    ps_error err;
    if (ps_dataset_load(write_text("data.jsonl", text), &d, &err) != PS_OK) fail_msg("%s", err.message);
    return d;
}

static void refused(const char *text, size_t length, const char *why) {
    ps_dataset *d = NULL;
    ps_error err;
    assert_int_equal(ps_dataset_load(write_bytes("data.jsonl", text, length), &d, &err), PS_FORMAT);
    assert_null(d);
    check_contains(err.message, "data.jsonl");
    check_contains(err.message, why);
}

/* The only problem of a file. */
static const ps_problem *only(const ps_dataset *d) {
    size_t n;
    const ps_problem *p = ps_dataset_problems(d, &n);
    assert_int_equal(n, 1);
    return p;
}

static void fields_are_read(void **state) {
    (void)state;
    ps_dataset *d = load("{\"problem\": \"2+2?\", \"answer\": \"4\", \"unique_id\": \"u/1\", \"subject\": \"Sums\", "
                         "\"level\": 3, \"extra\": [1]}\n"
                         "{\"question\": \"3+3?\", \"answer\": \"\\\\frac{6}{1}\"}\n");
    size_t n;
    const ps_problem *p = ps_dataset_problems(d, &n);
    assert_int_equal(n, 2);
    assert_string_equal(p[0].text, "2+2?");
    assert_string_equal(p[0].answer, "4");
    assert_string_equal(p[0].unique_id, "u/1");
    assert_string_equal(p[0].subject, "Sums");
    assert_string_equal(p[0].level, "3");
    assert_int_equal(p[1].index, 1);
    assert_string_equal(p[1].text, "3+3?");
    assert_string_equal(p[1].answer, "\\frac{6}{1}");
    assert_null(p[1].unique_id);
    assert_null(p[1].subject);
    assert_null(p[1].level);
    ps_dataset_faults(d, &n);
    assert_int_equal(n, 0);
    assert_int_equal(ps_dataset_unusable(d), 0);
    ps_dataset_free(d);
    ps_dataset_free(NULL);
}

static void answers_come_in_other_forms_too(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"18", "18"},
        {"-7", "-7"},
        {"0.1", "0.1"},
        {"2.5", "2.5"},
        {"1e-7", "1e-07"},
        {"0.30000000000000004", "0.30000000000000004"},
        {"9223372036854775807", "9223372036854775807"},
        {"\"so 6 * 7\\n#### 42\"", "42"},
        {"\"#### 1 but\\n#### 1,234 \\r\\n\"", "1,234"},
        {"\"####\"", ""},
        {"\"\\u00bd\"", "\xC2\xBD"},
        {"[\"204\"]", "204"},
        {"[[204]]", "204"},
        {"204.0", "204"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[256];
        snprintf(line, sizeof line, "{\"problem\": \"?\", \"answer\": %s}", cases[i][0]);
        ps_dataset *d = load(line);
        assert_string_equal(only(d)->answer, cases[i][1]);
        ps_dataset_free(d);
    }
}

static void a_file_may_be_laid_out_in_many_ways(void **state) {
    (void)state;
    static const char *const files[] = {
        "{\"problem\":\"a\",\"answer\":\"1\"}",                          /* no newline at the end */
        "\xEF\xBB\xBF{\"problem\":\"a\",\"answer\":\"1\"}\n",            /* byte-order mark */
        "{\"problem\":\"a\",\"answer\":\"1\"}\r\n\r\n",                  /* CR LF */
        "\n \t\n{\"problem\":\"a\",\"answer\":\"1\"}\n\n",               /* blank lines */
        "[{\"problem\":\"a\",\"answer\":\"1\"}]",                        /* an array */
        "\xEF\xBB\xBF\n [\n{\"problem\":\"a\",\n\"answer\":\"1\"}\n]\n", /* all at once */
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        ps_dataset *d = load(files[i]);
        assert_string_equal(only(d)->text, "a");
        assert_string_equal(only(d)->answer, "1");
        assert_int_equal(only(d)->index, 0);
        ps_dataset_free(d);
    }
}

/* Bad records are named by line; the others keep the numbers they would have had. */
static void bad_records_are_named(void **state) {
    (void)state;
    ps_dataset *d = load("{\"problem\": \"a\", \"answer\": \"1\"}\n"
                         "\n"
                         "{\"problem\": \"b\", \"answer\"\n"                             /* line 3: not JSON */
                         "{\"problem\": \"c\"}\n"                                        /* 4: no answer */
                         "{\"answer\": \"1\"}\n"                                         /* 5: no problem */
                         "[1, 2]\n"                                                      /* 6: not an object */
                         "{\"problem\": \"d\", \"problem\": \"e\", \"answer\": \"1\"}\n" /* 7: twice */
                         "{\"problem\": \"f\", \"answer\": true}\n"                 /* 8: neither text nor number */
                         "{\"problem\": \"g\xFF\", \"answer\": \"1\"}\n"            /* 9: not UTF-8 */
                         "{\"problem\": \"h\\u0000\", \"answer\": \"1\"}\n"         /* 10: a NUL */
                         "{\"problem\": \"i\", \"answer\": 99999999999999999999}\n" /* 11: too large */
                         "{\"problem\": \"j\", \"answer\": \"2\"} trailing\n"       /* 12 */
                         "{\"problem\": \"k\", \"answer\": \"2\"}\n");
    size_t n;
    const ps_problem *p = ps_dataset_problems(d, &n);
    assert_int_equal(n, 2);
    assert_string_equal(p[1].text, "k");
    assert_int_equal(p[0].index, 0);
    assert_int_equal(p[1].index, 11);
    const ps_dataset_fault *f = ps_dataset_faults(d, &n);
    assert_int_equal(n, 10);
    static const char *const words[] = {
        "not JSON", "answer",  "problem or question", "object", "uplicate", "answer", "decode",
        "\\u0000",  "integer", "end of file"};
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(f[i].line, i + 3);
        check_contains(f[i].message, words[i]);
    }
    ps_dataset_free(d);
}

/* What a file of nothing but faults costs does not grow with it, nor does what is said of it. */
static void the_first_ten_faults_are_kept_and_all_are_counted(void **state) {
    (void)state;
    enum { LINES = 100000 };
    char *text = malloc(3 * LINES + 64);
    strcpy(text, "{\"problem\":\"a\",\"answer\":1}\n");
    for (size_t i = 0, at = strlen(text); i < LINES; i++, at += 2)
        strcpy(text + at, "{\n");
    ps_dataset *d = load(text);
    size_t n;
    const ps_dataset_fault *faults = ps_dataset_faults(d, &n);
    assert_int_equal(n, PS_DATASET_FAULTS);
    assert_int_equal(faults[9].line, 11);
    assert_int_equal(ps_dataset_unusable(d), LINES);
    ps_dataset_free(d);
    free(text);
}

/* What a record has instead, and the key that names it. */
static void a_missing_field_is_told_with_those_that_are_there(void **state) {
    (void)state;
    static const struct {
        const char *record, *why;
    } cases[] = {
        {"{\"id\": 1, \"text\": \"?\", \"answer\": \"4\"}",
         "no field problem or question; the record has id, text and answer; name its field with "
         "evaluation.fields.problem"},
        {"{\"problem\": \"?\"}",
         "no field answer; the record has problem; name its field with evaluation.fields.answer"},
        {"{}", "no field problem or question; the record has nothing; name"},
        {"{\"problem\": \"?\", \"answer\": true}", "the field answer is a boolean; expected a text or a number"},
        {"{\"problem\": \"?\", \"answer\": null}", "the field answer is null; expected"},
        {"{\"problem\": \"?\", \"answer\": [1, 2]}", "the field answer is a list; expected"},
        {"{\"question\": {\"text\": 1}, \"answer\": 2}",
         "the field question is an object (a member of it is named as FIELD.MEMBER); expected"},
        {"{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,\"j\":1,\"k\":1,\"l\":1,\"m\":1,"
         "\"n\":1}",
         "a, b, c, d, e, f, g, h, i, j, k, l and 2 more;"},
        {"{\"a name of more than forty bytes is cut at the fortieth\": 1}",
         "has a name of more than forty bytes is cut a…;"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refused(cases[i].record, strlen(cases[i].record), cases[i].why);
}

/* No context holds it: it is not tokenized first, and not written into results. */
static void a_text_that_no_context_holds_is_refused(void **state) {
    (void)state;
    enum { LIMIT = 16 << 20 };
    char *line = malloc(LIMIT + 256);
    for (int more = 0; more < 2; more++) {
        int n = sprintf(line, "{\"problem\":\"b\",\"answer\":\"1\"}\n{\"answer\":\"1\",\"problem\":\"");
        memset(line + n, 'x', LIMIT + (size_t)more);
        strcpy(line + n + LIMIT + more, "\"}\n");
        ps_dataset *d = load(line);
        size_t problems, faults;
        ps_dataset_problems(d, &problems);
        const ps_dataset_fault *f = ps_dataset_faults(d, &faults);
        assert_int_equal(problems, 2 - more);
        assert_int_equal(faults, more);
        if (more > 0) {
            assert_int_equal(f[0].line, 2);
            check_contains(f[0].message, "the field problem has 16777217 bytes; expected at most 16777216");
        }
        ps_dataset_free(d);
    }
    free(line);
}

/* A file of `size` bytes that takes none of the disk. */
static const char *sparse(const char *name, const char *beginning, off_t size) {
    const char *path = write_text(name, beginning);
    assert_int_equal(truncate(path, size), 0);
    return path;
}

/* Larger than the limit by a byte, or by a terabyte: refused by its size, and in no time. */
static void a_file_that_is_too_large_is_not_read(void **state) {
    (void)state;
    static const struct {
        const char *beginning;
        off_t size;
        const char *why;
    } cases[] = {
        {"{", ((off_t)1 << 30) + 1, "larger than 1073741824 bytes"},
        {"{", (off_t)1 << 40, "larger than 1073741824 bytes"},
        {"[", ((off_t)64 << 20) + 1, "a JSON array of 67108865 bytes, above 67108864; write one object a line"},
        {"{", ((off_t)64 << 20) + 1, ":1: a line of 67108865 bytes; expected at most 67108864"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_dataset *d = NULL;
        ps_error err;
        const char *path = sparse("large.jsonl", cases[i].beginning, cases[i].size);
        assert_int_equal(ps_dataset_load(path, &d, &err), PS_FORMAT);
        check_contains(err.message, "large.jsonl");
        check_contains(err.message, cases[i].why);
        remove(path);
    }
}

/* Nobody writes into the FIFO: opening it would wait for ever. */
static void what_is_no_regular_file_is_refused_at_once(void **state) {
    (void)state;
    ps_dataset *d = NULL;
    ps_error err;
    const char *path = path_of("fifo.jsonl");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(ps_dataset_load(path, &d, &err), PS_IO);
    check_contains(err.message, "fifo.jsonl: not a regular file but a pipe");
    assert_int_equal(ps_dataset_load("/dev/zero", &d, &err), PS_IO);
    check_contains(err.message, "/dev/zero: not a regular file but a device");
}

/* As a shell's <(command) hands it over. */
static void a_pipe_named_as_a_descriptor_is_read(void **state) {
    (void)state;
    static const char text[] = "{\"problem\":\"a\",\"answer\":\"1\"}\n";
    int ends[2];
    char path[32];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
    close(ends[1]);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    ps_dataset *d = NULL;
    assert_ok(ps_dataset_load(path, &d, err));
    assert_string_equal(only(d)->text, "a");
    ps_dataset_free(d);
    close(ends[0]);
}

static void a_parquet_file_is_told_with_how_to_convert_it(void **state) {
    (void)state;
    refused("PAR1\x15\x04\x15", 7, "a Parquet file, which is not read here");
    refused("PAR1\x15\x04\x15", 7, ".to_json('problems.jsonl', orient='records', lines=True)");
}

static void bad_elements_of_an_array_are_named(void **state) {
    (void)state;
    ps_dataset *d = load("[{\"problem\": \"a\", \"answer\": \"1\"}, 5,\n{\"problem\": \"c\"},\n"
                         "{\"question\": \"d\", \"answer\": 4}]");
    size_t n;
    const ps_problem *p = ps_dataset_problems(d, &n);
    assert_int_equal(n, 2);
    assert_int_equal(p[1].index, 3);
    const ps_dataset_fault *f = ps_dataset_faults(d, &n);
    assert_int_equal(n, 2);
    assert_int_equal(f[0].line, 2);
    assert_int_equal(f[1].line, 3);
    assert_true(f[0].element && f[1].element);
    ps_dataset_free(d);
}

static void files_without_a_problem_are_refused(void **state) {
    (void)state;
    refused("", 0, "empty");
    refused("\n\n  \r\n", 6, "empty");
    refused("\xEF\xBB\xBF", 3, "empty");
    refused("[]", 2, "empty");
    refused("hello\n", 6, "not JSON");
    refused("[{\"problem\": \"a\"\n", 17, ":2:"); /* an array is one document: line and column */
    refused("[{\"problem\": \"a\"}]\n", 19, ": element 1: no field answer");
    refused("{\"problem\": \"a\"}\n", 17, ":1: no field answer");
    refused("\0\0\0\0\n", 5, "not JSON");
    refused("{\"problem\":\"a\",\0\"answer\":\"1\"}\n", 30, "not JSON");
    ps_dataset *d = NULL;
    ps_error err;
    assert_int_equal(ps_dataset_load(path_of("nowhere.jsonl"), &d, &err), PS_IO);
    check_contains(err.message, "nowhere.jsonl");
    assert_int_equal(ps_dataset_load(path_of(""), &d, &err), PS_IO); /* a folder */
}

static void a_huge_line_is_read(void **state) {
    (void)state;
    enum { SIZE = 8 << 20 };
    char *line = malloc(SIZE + 128);
    int n = sprintf(line, "{\"answer\":\"1\",\"problem\":\"");
    memset(line + n, 'x', SIZE);
    strcpy(line + n + SIZE, "\"}\n");
    ps_dataset *d = load(line);
    assert_int_equal(strlen(only(d)->text), SIZE);
    ps_dataset_free(d);
    for (int i = 0; i < SIZE; i++) /* and one nested without end */
        line[i] = '[';
    line[SIZE] = '\0';
    line[0] = '{';
    ps_error err;
    assert_int_equal(ps_dataset_load(write_text("data.jsonl", line), &d, &err), PS_FORMAT);
    free(line);
}

static void failing_allocations_leak_nothing(void **state) {
    (void)state;
    const char *path = write_text("data.jsonl", "{\"problem\":\"a\",\"answer\":\"1\"}\n{\"problem\":\n"
                                                "{\"question\":\"a\",\"answer\":2,\"level\":5}\n");
    ps_status status = PS_NOMEM;
    for (size_t fail_at = 1; status != PS_OK; fail_at++) {
        failing_allocator allocator;
        ps_dataset *d = NULL;
        failing_install(&allocator, fail_at);
        status = ps_dataset_load(path, &d, NULL);
        ps_dataset_free(d);
        failing_remove();
        assert_int_equal(allocator.alive, 0);
        assert_true(status == PS_OK || status == PS_NOMEM);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_read),
        cmocka_unit_test(answers_come_in_other_forms_too),
        cmocka_unit_test(a_file_may_be_laid_out_in_many_ways),
        cmocka_unit_test(bad_records_are_named),
        cmocka_unit_test(the_first_ten_faults_are_kept_and_all_are_counted),
        cmocka_unit_test(a_missing_field_is_told_with_those_that_are_there),
        cmocka_unit_test(a_text_that_no_context_holds_is_refused),
        cmocka_unit_test(a_file_that_is_too_large_is_not_read),
        cmocka_unit_test(what_is_no_regular_file_is_refused_at_once),
        cmocka_unit_test(a_pipe_named_as_a_descriptor_is_read),
        cmocka_unit_test(a_parquet_file_is_told_with_how_to_convert_it),
        cmocka_unit_test(bad_elements_of_an_array_are_named),
        cmocka_unit_test(files_without_a_problem_are_refused),
        cmocka_unit_test(a_huge_line_is_read),
        cmocka_unit_test(failing_allocations_leak_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, remove_files);
}
