/* Do two mathematical answers mean the same? The verifier alone, without a model.
 *
 * build: cc answers.c $(pkg-config --cflags --libs persamp) */
#include <persamp/verify.h>

#include <stdio.h>

int main(void) {
    static const char *const pairs[][2] = {
        {"\\frac{1}{2}", "The answer is \\boxed{0.5}."},
        {"x^2-1", "so we get \\boxed{(x-1)(x+1)}"},
        {"\\sqrt{8}", "\\boxed{2\\sqrt{2}}"},
        {"7", "I think it is \\boxed{8}."},
    };
    static const char *const verdicts[] = {"different", "the same", "cannot tell"};

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        ps_verify_result result = {0};
        ps_error err;
        if (ps_verify(pairs[i][0], pairs[i][1], NULL, &result, &err) != PS_OK) {
            fprintf(stderr, "answers: %s\n", err.message);
            return 1;
        }
        printf("%s and %s: %s\n", pairs[i][0], result.extracted != NULL ? result.extracted : "no answer",
               verdicts[result.verdict]);
        ps_verify_result_clear(&result);
    }
    ps_verify_thread_end();
    return 0;
}
