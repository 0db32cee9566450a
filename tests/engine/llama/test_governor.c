/* How many threads a lane uses, in worlds whose speeds are known: a machine alone, and one that others use. */
#include "engine/llama/governor.h"
#include "support/check.h"

/* Seconds of a batch of n tokens with so many threads. */
typedef double world(int threads, size_t n);

static double alone(int threads, size_t n) {
    return 1e-3 * (double)n / threads;
}

/* One thread loses half of its time; several wait for each other through whole slices of it. */
static double busy(int threads, size_t n) {
    return threads == 1 ? 2e-3 * (double)n : 0.25 * threads;
}

/* One core of many is taken: all threads wait for the one that shares it. */
static double one_core_taken(int threads, size_t n) {
    return threads >= 8 ? 4 * alone(threads, n) : alone(threads, n);
}

/* Batches of n tokens; seconds. */
static double run(ps_governor *g, world *w, int batches, size_t n) {
    double seconds = 0;
    for (int i = 0; i < batches; i++) {
        const double took = w(ps_governor_threads(g), n);
        ps_governor_after(g, n, took, 10e-3 * (double)n);
        seconds += took;
    }
    return seconds;
}

static void alone_all_threads_are_used(void **state) {
    (void)state;
    for (int threads = 1; threads <= 64; threads++) {
        ps_governor g;
        ps_governor_start(&g, threads);
        check_near(run(&g, alone, 1000, 4), 1000 * alone(threads, 4), 1e-6);
        assert_int_equal(ps_governor_threads(&g), threads);
    }
}

/* From the first batch on, and when others come later: nearly as fast as one thread, after a look or two at what more
 * of them would do. */
static void beside_others_it_comes_down_to_one(void **state) {
    (void)state;
    for (int before = 0; before <= 500; before += 500)
        for (int threads = 2; threads <= 64; threads *= 2) {
            ps_governor g;
            ps_governor_start(&g, threads);
            run(&g, alone, before, 4);
            const double seconds = run(&g, busy, 20000, 4), one = 20000 * busy(1, 4);
            if (seconds > 1.15 * one + 4 * busy(threads, 4))
                fail_msg("%d threads, busy after %d: %.1f s, one thread %.1f s", threads, before, seconds, one);
        }
}

static void when_others_are_gone_it_comes_back(void **state) {
    (void)state;
    for (int threads = 2; threads <= 64; threads *= 2) {
        ps_governor g;
        ps_governor_start(&g, threads);
        run(&g, busy, 2000, 4);
        assert_true(ps_governor_threads(&g) < threads);
        run(&g, alone, 200000, 4);
        assert_int_equal(ps_governor_threads(&g), threads);
    }
}

static void half_of_the_threads_may_be_best(void **state) {
    (void)state;
    ps_governor g;
    ps_governor_start(&g, 8);
    run(&g, alone, 100, 16);
    const double seconds = run(&g, one_core_taken, 2000, 16), half = 2000 * alone(4, 16);
    if (seconds > 1.2 * half) fail_msg("%.2f s, with half of the threads %.2f s", seconds, half);
}

/* Batches of all sizes in turn: each is compared with its like. */
static void sizes_are_not_mixed_up(void **state) {
    (void)state;
    ps_governor g;
    double seconds = 0, expected = 0;
    ps_governor_start(&g, 4);
    for (int i = 0; i < 5000; i++) {
        const size_t n = (size_t)1 << i % 9;
        seconds += run(&g, alone, 1, n);
        expected += alone(4, n);
    }
    check_near(seconds, expected, 1e-6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alone_all_threads_are_used),
        cmocka_unit_test(beside_others_it_comes_down_to_one),
        cmocka_unit_test(when_others_are_gone_it_comes_back),
        cmocka_unit_test(half_of_the_threads_may_be_best),
        cmocka_unit_test(sizes_are_not_mixed_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
