/* A program that owns its process gives GMP, FLINT and jansson the hook's memory, and says how it ends without any. */
#include "persamp/verify.h"
#include "support/test.h"

#include <flint/fmpz.h>
#include <gmp.h>
#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUT_OF_MEMORY = 7 };

static struct {
    size_t calls, bytes, peak;
    bool fails;
} memory;

static void *resize(void *user, void *p, size_t size) {
    (void)user;
    size_t before = p != NULL ? malloc_usable_size(p) : 0;
    if (size == 0) {
        memory.bytes -= before;
        free(p);
        return NULL;
    }
    memory.calls++;
    void *block = memory.fails ? NULL : realloc(p, size);
    if (block != NULL) memory.bytes += malloc_usable_size(block) - before;
    if (memory.bytes > memory.peak) memory.peak = memory.bytes;
    return block;
}

static void end_in_words(void) {
    _exit(OUT_OF_MEMORY);
}

static void use_gmp(void) {
    mpz_t x;
    mpz_init_set_ui(x, 1);
    mpz_mul_2exp(x, x, 100000);
    mpz_clear(x);
}

static void use_flint(void) {
    fmpz_t x;
    fmpz_init_set_ui(x, 3);
    fmpz_pow_ui(x, x, 100000);
    fmpz_clear(x);
}

static void use_jansson(void) {
    json_decref(json_loads("{\"number\": 12345678901234567890.5, \"text\": \"some text\"}", 0, NULL));
}

static void (*const uses[])(void) = {use_gmp, use_flint, use_jansson};

static void their_memory_comes_from_the_hook(void **state) {
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        size_t calls = memory.calls;
        uses[i]();
        if (memory.calls == calls) fail_msg("library %zu does not ask the hook", i);
    }
}

static void without_memory_the_program_ends_as_it_says(void **state) {
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            memory.fails = true;
            uses[i]();
            _exit(0);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != OUT_OF_MEMORY)
            fail_msg("library %zu without memory: %s %d", i, WIFSIGNALED(status) ? "signal" : "exit code",
                     WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    }
}

/* What verify.h promises: no answer makes the arithmetic take more. */
static void no_answer_takes_more_than_is_said(void **state) {
    (void)state;
    static const char *const answers[] = {"100000!",
                                          "\\binom{100000}{50000}",
                                          "9^{9^9}+1",
                                          "2^{1000000}",
                                          "2^{99999}-1",
                                          "(10^{3000})^{30}",
                                          "x^{99999}x",
                                          "(a+b+c+d+e+f+g+h)^{63}(a+b+c+d+e+f+g+h)",
                                          "(a+b+c)^{30}(a-b-c)^{30}",
                                          "(x+1)^{64}(y+1)^{64}(z+1)^{64}",
                                          "\\sin(10^{300})+\\sqrt2+\\pi^{1000}",
                                          "\\frac{(x+y)^{40}}{(x-y)^{40}}+\\frac{1}{(x+z)^{20}}",
                                          "(x^2)!+(y^2)!+e^{1000}",
                                          "\\gcd(10^{4000}, 3^{9000})",
                                          "12345^{12345^{2}}"};
    enum { N = sizeof answers / sizeof *answers };
    ps_verify_thread_end();
    size_t before = memory.bytes;
    memory.peak = before;
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < N; k++) {
            ps_verdict verdict;
            assert_ok(ps_verify_answers(answers[i], answers[k], NULL, &verdict, err));
        }
    size_t taken = memory.peak - before;
    print_message("at most %zu KiB\n", taken >> 10);
    assert_true(taken < (size_t)8 << 20);
    ps_verify_thread_end();
}

int main(void) {
    ps_set_allocator(&(ps_allocator){resize, NULL});
    ps_adopt_libraries(end_in_words);
    const struct CMUnitTest tests[] = {cmocka_unit_test(their_memory_comes_from_the_hook),
                                       cmocka_unit_test(without_memory_the_program_ends_as_it_says),
                                       cmocka_unit_test(no_answer_takes_more_than_is_said)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
