/* Status codes and error records: what a user reads when something failed. */
#include "support/check.h"
#include "support/failing_allocator.h"

static void fill(char *out, size_t size, const char *format, ...) PS_PRINTF(3, 4);
static void fill(char *out, size_t size, const char *format, ...) {
    va_list args;
    va_start(args, format);
    ps_format(out, size, format, args);
    va_end(args);
}

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

static void a_failure_fills_the_error(void **state) {
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

/* n bytes of `c`, to be freed. */
static char *many(char c, size_t n) {
    char *text = calloc(1, n + 1);
    assert_non_null(text);
    memset(text, c, n);
    return text;
}

static void a_long_path_loses_its_middle_and_the_reason_is_read(void **state) {
    (void)state;
    ps_error err = {0};
    char *path = many('x', 5000);
    memcpy(path, "/start/", 7);
    memcpy(path + 4993, "/end.gg", 7);
    ps_fail(&err, PS_IO, "%s", path);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    ps_fail(&err, PS_IO, "%d%%: %s: cannot write %zu bytes: %s", 5, path, (size_t)7, "No space left on device");
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    assert_int_equal(strncmp(err.message, "5%: /start/xxx", 14), 0);
    assert_non_null(strstr(err.message, "xxx \xE2\x80\xA6 xxx"));
    const char *end = strstr(err.message, "/end.gg: cannot write 7 bytes: No space left on device");
    assert_non_null(end);
    assert_int_equal(strlen(end), strlen("/end.gg: cannot write 7 bytes: No space left on device"));
    /* Two of them, one short: the long ones share what there is. */
    ps_fail(&err, PS_IO, "%s: %-3s is not %.*s; %s", path, "ab", 3000, path, "take another");
    assert_int_equal(strncmp(err.message, "/start/", 7), 0);
    assert_non_null(strstr(err.message, "/end.gg: ab  is not /start/xxx"));
    assert_non_null(strstr(err.message, "xxx; take another"));
    free(path);
}

static void what_is_cut_is_cut_between_characters(void **state) {
    (void)state;
    char *path = many('x', 3000);
    for (size_t i = 0; i + 1 < 3000; i += 2)
        memcpy(path + i, "\xC3\xA9", 2);
    for (size_t shift = 0; shift < 4; shift++) {
        ps_error err = {0};
        ps_fail(&err, PS_IO, "%.*s%s: why", (int)shift, "abc", path);
        assert_int_equal(ps_utf8_valid(err.message, strlen(err.message)), strlen(err.message));
        assert_true(strlen(err.message) > sizeof err.message - 8);
        assert_string_equal(err.message + strlen(err.message) - 5, ": why");
    }
    free(path);
}

/* Nothing can be left out of a message that is all of its own words; and without memory the end is lost. */
static void a_message_that_cannot_be_shortened_is_cut(void **state) {
    (void)state;
    char *words = many('w', 1500);
    char small[16];
    failing_allocator allocator;
    ps_error err = {0};
    failing_install(&allocator, 1);
    ps_fail(&err, PS_IO, "%s: why", words);
    failing_remove();
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    assert_null(strstr(err.message, "why"));
    fill(small, sizeof small, "the number is %d, not %d", 1, 2);
    assert_string_equal(small, "the number is 1");
    fill(small, sizeof small, "%s, but %s", words, "say");
    assert_int_equal(strlen(small), sizeof small - 1);
    free(words);
}

static void a_prefix_stands_before_the_message(void **state) {
    (void)state;
    ps_error err = {0};
    fail_here(&err, 3);
    int line = err.line;
    assert_int_equal(ps_error_prefix(&err, PS_FORMAT, "%s", "data.jsonl"), PS_FORMAT);
    assert_string_equal(err.message, "data.jsonl: line 3: expected a number");
    assert_int_equal(err.line, line); /* where it happened, not where it was passed on */
    assert_int_equal(ps_error_prefix(NULL, PS_IO, "x"), PS_IO);
    for (int i = 0; i < 500; i++) /* far beyond the room: the middle is lost, and the reason stays */
        ps_error_prefix(&err, PS_IO, "context %d", i);
    assert_true(strlen(err.message) > sizeof err.message - 8);
    assert_string_equal(err.message + strlen(err.message) - 25, "line 3: expected a number");
    assert_true(strncmp(err.message, "context 499: context 498: ", 26) == 0);
    assert_int_equal(err.code, PS_IO);
    char wide[400];
    memset(wide, 'y', sizeof wide);
    wide[sizeof wide - 1] = '\0';
    ps_error_prefix(&err, PS_IO, "%s", wide);
    assert_int_equal(strncmp(err.message, "yyy", 3), 0);
    assert_string_equal(err.message + strlen(err.message) - 25, "line 3: expected a number");
}

static char logged[4096];
static ps_log_level logged_level;

static void write_log(void *user, ps_log_level level, const char *message) {
    ++*(int *)user;
    logged_level = level;
    snprintf(logged, sizeof logged, "%s", message);
}

static void messages_below_the_least_level_are_not_written(void **state) {
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_status_has_a_text),
                                       cmocka_unit_test(a_failure_fills_the_error),
                                       cmocka_unit_test(a_long_path_loses_its_middle_and_the_reason_is_read),
                                       cmocka_unit_test(what_is_cut_is_cut_between_characters),
                                       cmocka_unit_test(a_message_that_cannot_be_shortened_is_cut),
                                       cmocka_unit_test(a_prefix_stands_before_the_message),
                                       cmocka_unit_test(messages_below_the_least_level_are_not_written)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
