/* Shared by the tests of the verifier. */
#ifndef PERSAMP_TESTS_VERIFY_SUPPORT_H
#define PERSAMP_TESTS_VERIFY_SUPPORT_H

#include "persamp/verify.h"
#include "support/test.h"

static inline ps_verdict verdict_of(const char *a, const char *b, ps_verify_mode mode) {
    ps_verify_options options = {.mode = mode};
    ps_verdict verdict;
    assert_ok(ps_verify_answers(a, b, &options, &verdict, err));
    return verdict;
}

/* The verdict, the same in both directions. */
static inline void expect(const char *a, const char *b, ps_verdict expected) {
    ps_verdict there = verdict_of(a, b, PS_VERIFY_STRICT), back = verdict_of(b, a, PS_VERIFY_STRICT);
    if (there != expected) fail_msg("'%s' and '%s': expected %d, got %d", a, b, expected, there);
    if (back != expected) fail_msg("'%s' and '%s' turned round: expected %d, got %d", b, a, expected, back);
}

/* A file of the data sets, which are no part of the repository; NULL when it is not there. Free with ps_free. */
static inline char *data_file(const char *name) {
    const char *folder = getenv("PERSAMP_DATA");
    const char *folders[] = {folder, "../shared/data", PS_TEST_DIR "/../../shared/data"};
    for (size_t i = 0; i < 3; i++) {
        char path[4096];
        char *data;
        size_t length;
        if (!folders[i]) continue;
        snprintf(path, sizeof path, "%s/%s", folders[i], name);
        if (ps_read_file(path, (size_t)1 << 28, &data, &length, NULL) == PS_OK) return data;
    }
    return NULL;
}

#endif
