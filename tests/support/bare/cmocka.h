/* The part of cmocka that tests of numbers use, for machines that are emulated and have no cmocka (tools/check_neon).
 * The first failure ends the program. */
#ifndef PERSAMP_TESTS_SUPPORT_BARE_CMOCKA_H
#define PERSAMP_TESTS_SUPPORT_BARE_CMOCKA_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

struct CMUnitTest {
    const char *name;
    void (*run)(void **state);
};

static inline void bare_fail(const char *file, int line, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    printf("%s:%d: ", file, line);
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    exit(1);
}

#define print_message printf
#define fail_msg(...) bare_fail(__FILE__, __LINE__, __VA_ARGS__)
#define assert_true(condition)                                                                                         \
    do {                                                                                                               \
        if (!(condition)) fail_msg("not true: %s", #condition);                                                        \
    } while (0)
#define assert_false(condition)  assert_true(!(condition))
#define assert_null(pointer)     assert_true((pointer) == NULL)
#define assert_non_null(pointer) assert_true((pointer) != NULL)
#define assert_ptr_equal(a, b)   assert_true((a) == (b))
#define assert_int_equal(a, b)                                                                                         \
    do {                                                                                                               \
        const long long bare_a = (long long)(a), bare_b = (long long)(b);                                              \
        if (bare_a != bare_b) fail_msg("%s is %lld, %s is %lld", #a, bare_a, #b, bare_b);                              \
    } while (0)

#define cmocka_unit_test(function)                                                                                     \
    { #function, function }
#define cmocka_run_group_tests(tests, setup, teardown) bare_run_all(tests, sizeof(tests) / sizeof *(tests))

static inline int bare_run_all(const struct CMUnitTest *tests, size_t n) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < n; i++) {
        void *state = NULL;
        tests[i].run(&state);
        printf("ok   %s\n", tests[i].name);
    }
    return 0;
}

#endif
