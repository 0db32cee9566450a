/* Which lines belong to a run: those of its problems as they are now, with its method and its seed. */
#include "run/support.h"
#include "study/same.h"
#include "support/failing_allocator.h"

static const ps_problem today = {.index = 3, .text = "What is $1+1$?", .answer = "2", .unique_id = "sum-1"};
static const ps_same run = {.method = "persistent", .seed = 42};

#define FIELDS(problem, answer, id, seed, method)                                                                      \
    "{\"problem_idx\":3,\"problem\":" problem ",\"ground_truth\":" answer ",\"unique_id\":" id ",\"seed\":" seed       \
    ",\"method\":" method "}"
#define SAME FIELDS("\"What is $1+1$?\"", "\"2\"", "\"sum-1\"", "42", "\"persistent\"")

static ps_status check_line(const ps_same *same, const ps_problem *problem, const char *text, ps_error *err) {
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    ps_stored_line line = {.result = {.index = 3}, .object = json, .path = "o/results.jsonl", .number = 7};
    ps_status status = ps_same_check(same, problem, &line, err);
    json_decref(json);
    return status;
}

static void a_line_of_this_run_is_taken(void **state) {
    (void)state;
    static const ps_problem bare = {.index = 3, .text = "x"};
    ps_error err;
    check_ok(check_line(&run, &today, SAME, &err));
    check_ok(check_line(&run, &bare, FIELDS("\"x\"", "null", "null", "42", "\"persistent\""), &err));
    check_ok(check_line(&run, &bare, "{\"problem\":\"x\",\"seed\":42,\"method\":\"persistent\"}", &err));
    ps_same large = {.method = "sample", .seed = UINT64_MAX}; /* as the line has it */
    check_ok(check_line(&large, &bare, "{\"problem\":\"x\",\"seed\":-1,\"method\":\"sample\"}", &err));
}

static void a_line_of_another_run_is_refused_with_both_values(void **state) {
    (void)state;
    static const struct {
        const char *line, *field, *now, *was;
    } cases[] = {
        {FIELDS("\"What is $1+2$?\"", "\"2\"", "\"sum-1\"", "42", "\"persistent\""), "the problem",
         "\"What is $1+1$?\"", "\"What is $1+2$?\""},
        {FIELDS("\"What is $1+1$?\"", "\"3\"", "\"sum-1\"", "42", "\"persistent\""), "the ground_truth", "\"2\"",
         "\"3\""},
        {FIELDS("\"What is $1+1$?\"", "null", "\"sum-1\"", "42", "\"persistent\""), "the ground_truth", "\"2\"",
         "nothing"},
        {FIELDS("\"What is $1+1$?\"", "\"2\"", "\"sum-2\"", "42", "\"persistent\""), "the unique_id", "\"sum-1\"",
         "\"sum-2\""},
        {FIELDS("\"What is $1+1$?\"", "\"2\"", "\"sum-1\"", "43", "\"persistent\""), "the seed", "42", "43"},
        {FIELDS("\"What is $1+1$?\"", "\"2\"", "\"sum-1\"", "42", "\"best_of_n\""), "the method", "\"persistent\"",
         "\"best_of_n\""},
        {"{\"problem_idx\":3}", "the problem", "\"What is $1+1$?\"", "nothing"},
        {FIELDS("7", "\"2\"", "\"sum-1\"", "42", "\"persistent\""), "the problem", "\"What is $1+1$?\"", "7"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char values[256];
        ps_error err;
        assert_int_equal(check_line(&run, &today, cases[i].line, &err), PS_ARG);
        snprintf(values, sizeof values, "  %s, was %s", cases[i].now, cases[i].was);
        check_contains(err.message, "o/results.jsonl:7: ");
        check_contains(err.message, "problem 3 ");
        check_contains(err.message, cases[i].field);
        check_contains(err.message, values);
    }
}

static void a_line_without_its_problem_in_the_data_set_is_refused(void **state) {
    (void)state;
    ps_error err;
    assert_int_equal(check_line(&run, NULL, SAME, &err), PS_ARG);
    check_contains(err.message, "o/results.jsonl:7: ");
    check_contains(err.message, "no usable problem 3");
}

/* Methods that draw independently draw the same; where only the samples matter, they are one. */
static void independent_methods_are_alike_where_only_samples_matter(void **state) {
    (void)state;
    static const ps_problem bare = {.index = 3, .text = "x"};
    static const char majority[] = "{\"problem\":\"x\",\"seed\":42,\"method\":\"majority\"}";
    ps_same same = {.method = "best_of_n", .independent = true, .seed = 42};
    ps_error err;
    check_ok(check_line(&same, &bare, majority, &err));
    same.independent = false;
    assert_int_equal(check_line(&same, &bare, majority, &err), PS_ARG);
    same.independent = true;
    assert_int_equal(check_line(&same, &bare, "{\"problem\":\"x\",\"seed\":42,\"method\":\"beam\"}", &err), PS_ARG);
    assert_int_equal(check_line(&same, &bare, "{\"problem\":\"x\",\"seed\":42,\"method\":\"?\"}", &err), PS_ARG);
}

/* Two long texts that part late: what differs is shown, on one line, cut between characters. */
static void a_late_difference_in_a_long_text_is_shown(void **state) {
    (void)state;
    enum { LENGTH = 4000 };
    char *now = malloc(LENGTH + 1), *was = malloc(LENGTH + 1);
    for (size_t i = 0; i < LENGTH; i += 2)
        memcpy(now + i, "\xC3\xA9", 2); /* é */
    now[LENGTH] = '\0';
    memcpy(was, now, LENGTH + 1);
    memcpy(now + 3000, "X\n", 2);
    memcpy(was + 3000, "Y\x1b", 2);
    ps_problem problem = {.index = 3, .text = now};
    json_t *json = json_pack("{s:s,s:i,s:s}", "problem", was, "seed", 42, "method", "persistent");
    ps_stored_line line = {.result = {.index = 3}, .object = json, .path = "o", .number = 1};
    ps_error err;
    assert_int_equal(ps_same_check(&run, &problem, &line, &err), PS_ARG);
    check_contains(err.message, "X\\n\xC3\xA9");
    check_contains(err.message, "Y\\u001B\xC3\xA9");
    assert_int_equal(ps_utf8_valid(err.message, strlen(err.message)), strlen(err.message));
    assert_true(strlen(err.message) < 700);
    json_decref(json);
    free(now);
    free(was);
}

static void without_memory_no_line_is_taken_or_refused(void **state) {
    (void)state;
    static const char *const lines[] = {SAME, "{\"problem_idx\":3}"};
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 1; i < 40; i++) {
            failing_allocator memory;
            json_t *json = json_loads(lines[k], 0, NULL);
            ps_stored_line line = {.result = {.index = 3}, .object = json, .path = "o", .number = 1};
            failing_install(&memory, i);
            ps_status status = ps_same_check(&run, &today, &line, NULL);
            failing_remove();
            assert_int_equal(memory.alive, 0);
            assert_true(status == PS_NOMEM || status == (k == 0 ? PS_OK : PS_ARG));
            json_decref(json);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_of_this_run_is_taken),
        cmocka_unit_test(a_line_of_another_run_is_refused_with_both_values),
        cmocka_unit_test(a_line_without_its_problem_in_the_data_set_is_refused),
        cmocka_unit_test(independent_methods_are_alike_where_only_samples_matter),
        cmocka_unit_test(a_late_difference_in_a_long_text_is_shown),
        cmocka_unit_test(without_memory_no_line_is_taken_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, remove_files);
}
