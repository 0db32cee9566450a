/* What every test begins with: cmocka, the headers it needs before it, and calls of the library that must succeed. */
#ifndef PERSAMP_TESTS_SUPPORT_TEST_H
#define PERSAMP_TESTS_SUPPORT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "persamp/base.h"

/* A call that must succeed. It passes `err`, which the macro provides, as its error; the test fails with its message:
 * assert_ok(ps_engine_root(engine, tokens, n, &node, err)). */
#define assert_ok(call)                                                                                                \
    do {                                                                                                               \
        ps_error assert_ok_error = {0};                                                                                \
        ps_error *err = &assert_ok_error;                                                                              \
        if ((call) != PS_OK) fail_msg("%s: %s", #call, err->message);                                                  \
    } while (0)

/* The same for a call that passes an error of the test's own, or none. */
#define check_ok(call) assert_int_equal((call), PS_OK)

#endif
