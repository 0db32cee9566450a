/* Status codes and error records: what a user reads when something failed. */
#include "support/check.h"

static ps_status fail_here(ps_error *err, int number) {
    return ps_fail(err, PS_FORMAT, "line %d: expected a number", number);
}

static void every_status_has_a_text(void **state) {
    (void)state;
    assert_string_equal(ps_status_text(PS_OK), "success");
    for (ps_status s = PS_OK; s <= PS_BUDGET; s++)
        assert_true(strlen(ps_status_text(s)) > 3);
    assert_string_equal(ps_status_text((ps_status)9999), "unknown status");
}

static void a_failure_has_a_code_and_a_message(void **state) {
    (void)state;
    ps_error err = {0};
    assert_int_equal(fail_here(&err, 7), PS_FORMAT);
    assert_int_equal(err.code, PS_FORMAT);
    assert_string_equal(err.message, "line 7: expected a number");
    assert_non_null(strstr(err.file, "test_status.c"));
    assert_true(err.line > 0);
    assert_int_equal(fail_here(NULL, 7), PS_FORMAT);
    assert_int_equal(ps_nomem(&err), PS_NOMEM);
    assert_string_equal(err.message, "out of memory");
}

static void long_messages_are_cut(void **state) {
    (void)state;
    ps_error err = {0};
    char *longer = calloc(1, 5000);
    assert_non_null(longer);
    memset(longer, 'x', 4999);
    ps_fail(&err, PS_IO, "%s", longer);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    free(longer);
}

static void a_prefix_goes_before_the_message(void **state) {
    (void)state;
    ps_error err = {0};
    fail_here(&err, 3);
    int line = err.line;
    assert_int_equal(ps_error_prefix(&err, PS_FORMAT, "%s", "data.jsonl"), PS_FORMAT);
    assert_string_equal(err.message, "data.jsonl: line 3: expected a number");
    assert_int_equal(err.line, line); /* where it happened, not where it was passed on */
    assert_int_equal(ps_error_prefix(NULL, PS_IO, "x"), PS_IO);
    for (int i = 0; i < 500; i++) /* far beyond the room: the oldest end is lost, nothing else */
        ps_error_prefix(&err, PS_IO, "context %d", i);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    assert_true(strncmp(err.message, "context 499: context 498: ", 26) == 0);
    assert_int_equal(err.code, PS_IO);
    char wide[400];
    memset(wide, 'y', sizeof wide);
    wide[sizeof wide - 1] = '\0';
    ps_error_prefix(&err, PS_IO, "%s", wide);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
}

static char logged[4096];
static ps_log_level logged_level;

static void write_log(void *user, ps_log_level level, const char *message) {
    ++*(int *)user;
    logged_level = level;
    snprintf(logged, sizeof logged, "%s", message);
}

static void a_log_gets_what_it_asks_for(void **state) {
    (void)state;
    int calls = 0;
    ps_log log = {write_log, &calls, PS_LOG_WARNING};
    ps_log_printf(&log, PS_LOG_INFO, "not %s", "this");
    assert_int_equal(calls, 0);
    ps_log_printf(&log, PS_LOG_ERROR, "but %s %d", "this", 5);
    assert_int_equal(calls, 1);
    assert_string_equal(logged, "but this 5");
    assert_int_equal(logged_level, PS_LOG_ERROR);
    ps_log_printf(NULL, PS_LOG_ERROR, "silent");
    ps_log_printf(&(ps_log){0}, PS_LOG_ERROR, "silent");
    double before = ps_now();
    assert_true(ps_now() >= before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_a_text), cmocka_unit_test(a_failure_has_a_code_and_a_message),
        cmocka_unit_test(long_messages_are_cut), cmocka_unit_test(a_prefix_goes_before_the_message),
        cmocka_unit_test(a_log_gets_what_it_asks_for)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
