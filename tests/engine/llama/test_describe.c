/* A model in words, from libllama's words and counts. */
#include "engine/llama/engine.h"
#include "support/test.h"

static void counts_take_the_place_of_names(void **state) {
    (void)state;
    static const struct {
        const char *words;
        uint64_t parameters, bytes;
        const char *expected;
    } cases[] = {
        {"qwen2 ?B F16", 2371584, 4743168, "qwen2, 2.4 M parameters, F16, 4.7 MB"},
        {"qwen2 1.5B Q4_K - Medium", 1543714304, 986048000, "qwen2, 1.5 B parameters, Q4_K - Medium, 986 MB"},
        {"llama 8x7B all F32", 46702792704, 186811170816, "llama, 46.7 B parameters, all F32, 187 GB"},
        {"toy ?B F16", 999, 1998, "toy, 999 parameters, F16, 2.0 kB"},
        {"toy ?B F16", 999499, 999500, "toy, 999 k parameters, F16, 1.0 MB"},
        {"toy ?B F16", 99949, 99950, "toy, 99.9 k parameters, F16, 100 kB"},
        {"toy ?B", 0, 12, "toy, 0 parameters, 12 B"},
        {"", 1, 1, ", 1 parameters, 1 B"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[128];
        ps_llama_describe(cases[i].words, cases[i].parameters, cases[i].bytes, out, sizeof out);
        assert_string_equal(out, cases[i].expected);
        char cut[8]; /* never past the end */
        ps_llama_describe(cases[i].words, cases[i].parameters, cases[i].bytes, cut, sizeof cut);
        assert_int_equal(strlen(cut), sizeof cut - 1);
        assert_memory_equal(cut, cases[i].expected, sizeof cut - 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(counts_take_the_place_of_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
