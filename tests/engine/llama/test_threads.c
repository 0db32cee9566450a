/* A thread pool does each thing once, never two as one worker, and stands many short runs. */
#include "engine/llama/threads.h"
#include "support/test.h"

#include <stdatomic.h>

enum { MOST = 1000, WORKERS = 5 };

typedef struct tally {
    atomic_int done[MOST];
    atomic_int busy[WORKERS]; /* a worker at work */
    atomic_int clashes;
} tally;

static void count(void *context, size_t i, size_t worker) {
    tally *t = context;
    if (worker >= WORKERS || atomic_exchange(&t->busy[worker], 1)) t->clashes++;
    t->done[i]++;
    atomic_store(&t->busy[worker], 0);
}

static void run_and_check(ps_threads *threads, tally *t, size_t n) {
    memset(t, 0, sizeof *t);
    ps_threads_run(threads, n, count, t);
    assert_int_equal(t->clashes, 0);
    for (size_t i = 0; i < MOST; i++)
        assert_int_equal(t->done[i], i < n);
}

static void everything_is_done_exactly_once(void **state) {
    (void)state;
    static tally t;
    for (size_t size = 1; size <= WORKERS; size++) {
        ps_threads *threads = NULL;
        assert_int_equal(ps_threads_create(size, &threads, NULL), PS_OK);
        assert_int_equal(ps_threads_count(threads), size);
        for (size_t n = 0; n < 40; n++)
            run_and_check(threads, &t, n);
        run_and_check(threads, &t, MOST);
        ps_threads_free(threads);
    }
}

/* Runs follow each other before the threads have gone back to sleep. */
static void many_short_runs(void **state) {
    (void)state;
    static tally t;
    ps_threads *threads = NULL;
    assert_int_equal(ps_threads_create(3, &threads, NULL), PS_OK);
    for (int run = 0; run < 5000; run++)
        ps_threads_run(threads, 3, count, &t);
    assert_int_equal(t.clashes, 0);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(t.done[i], 5000);
    ps_threads_free(threads);
}

static void a_pool_never_used_and_none(void **state) {
    (void)state;
    ps_threads *threads = NULL;
    assert_int_equal(ps_threads_create(4, &threads, NULL), PS_OK);
    ps_threads_free(threads);
    ps_threads_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_done_exactly_once),
        cmocka_unit_test(many_short_runs),
        cmocka_unit_test(a_pool_never_used_and_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
