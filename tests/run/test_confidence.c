/* The lowest group of tokens, step by step, against all groups of the whole. */
#include "run/confidence.h"
#include "support/check.h"

enum { N = 400 };

/* Straight from the definition. */
static double lowest_of_all(const double *tokens, size_t n, size_t window) {
    const size_t width = n < window ? n : window;
    double lowest = INFINITY;
    for (size_t end = width; end <= n; end++) {
        double sum = 0;
        for (size_t i = end - width; i < end; i++)
            sum += tokens[i];
        lowest = fmin(lowest, sum / (double)width);
    }
    return lowest;
}

static void a_prefix_knows_the_lowest_group_of_the_whole(void **state) {
    (void)state;
    static const size_t windows[] = {1, 2, 7, 32, N - 1, N, N + 1};
    double tokens[N];
    for (size_t i = 0; i < N; i++)
        tokens[i] = 5 + ps_normal(check_key(1), i);
    for (size_t w = 0; w < sizeof windows / sizeof *windows; w++)
        for (size_t step = 1; step < 60; step += 7) {
            double lowest = NAN;
            for (size_t n = 0; n < N;) {
                const size_t more = n + step < N ? step : N - n, before = n < windows[w] ? n : windows[w];
                lowest = ps_lowest_group(tokens + n - before, before, more, windows[w], lowest);
                n += more;
                check_near(lowest, lowest_of_all(tokens, n, windows[w]), 1e-12);
            }
        }
}

static void a_step_longer_than_the_window_counts_every_group_in_it(void **state) {
    (void)state;
    static const double tokens[] = {4, 4, 1, 1, 4, 4};
    check_near(ps_lowest_group(tokens, 0, 6, 2, NAN), 1, 1e-15);
    check_near(ps_lowest_group(tokens, 0, 6, 3, NAN), 2, 1e-15);
    check_near(ps_lowest_group(tokens, 2, 4, 2, 0.5), 0.5, 1e-15); /* what was lower stays lowest */
    check_near(ps_lowest_group(tokens, 0, 6, 6, NAN), 3, 1e-15);
    check_near(ps_lowest_group(tokens, 0, 6, 100, NAN), 3, 1e-15);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_prefix_knows_the_lowest_group_of_the_whole),
                                       cmocka_unit_test(a_step_longer_than_the_window_counts_every_group_in_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
