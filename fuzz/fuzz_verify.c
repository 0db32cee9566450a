/* libFuzzer target of the verifier: extraction from prose, parsing, comparison in both directions, classes, choices.
 * The input is a gold answer and a response, parted by a newline; its first byte chooses the mode, and which allocation
 * fails. Every call must come back, quickly, with the same verdict in both directions and, short of memory, with that
 * verdict or PS_NOMEM. */
#include "persamp/verify.h"
#include "support/failing_allocator.h"

#include <stdlib.h>
#include <string.h>

static void check(bool condition) {
    if (!condition) abort();
}

static void compare_short_of_memory(const char *gold, const char *response, const ps_verify_options *options, size_t n,
                                    ps_verdict expected) {
    ps_verify_result result = {0};
    failing_allocator memory;
    failing_install(&memory, n);
    ps_status status = ps_verify(gold, response, options, &result, NULL);
    ps_verdict verdict = result.verdict;
    ps_verify_result_clear(&result);
    failing_remove();
    check(status == PS_NOMEM || (status == PS_OK && verdict == expected));
    check(memory.alive == 0);
}

static void compare(const char *gold, const char *response, ps_verify_mode mode, size_t failing) {
    ps_verify_options options = {.mode = mode};
    ps_verify_result result;
    check(ps_verify(gold, response, &options, &result, NULL) == PS_OK);
    ps_verdict expected = result.verdict;
    ps_verify_result_clear(&result);
    if (failing > 0) compare_short_of_memory(gold, response, &options, failing, expected);
    ps_verdict there, back;
    check(ps_verify_answers(gold, response, &options, &there, NULL) == PS_OK);
    check(ps_verify_answers(response, gold, &options, &back, NULL) == PS_OK);
    if (mode != PS_VERIFY_MATH_VERIFY) check((there == PS_SAME) == (back == PS_SAME));
    ps_verdict itself;
    check(ps_verify_answers(gold, gold, &options, &itself, NULL) == PS_OK);
    check(itself != PS_DIFFERENT || !*gold);
}

static void classify(const char *a, const char *b, ps_verify_mode mode) {
    const char *answers[] = {a, b, NULL, a};
    int class_of[4];
    size_t n;
    ps_verify_options options = {.mode = mode};
    check(ps_answer_classes(answers, 4, &options, class_of, &n, NULL) == PS_OK);
    check(class_of[0] == class_of[3] && class_of[2] == -1 && n >= 1 && n <= 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1) return 0;
    static const ps_verify_mode modes[4] = {PS_VERIFY_MATH_VERIFY, PS_VERIFY_STRICT, PS_VERIFY_STRICT,
                                            PS_VERIFY_STRICT};
    ps_verify_mode mode = data[0] % 16 == 15 ? PS_VERIFY_CHOICE : modes[data[0] % 4];
    char *text = malloc(size);
    if (text == NULL) return 0;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = 0;
    char *newline = memchr(text, '\n', size - 1);
    const char *response = newline != NULL ? newline + 1 : text;
    if (newline != NULL) *newline = 0;
    compare(text, response, mode, data[0] / 16);
    classify(text, response, mode);
    free(text);
    return 0;
}
