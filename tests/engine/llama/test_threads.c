/* A crew does each thing once, never two as one member, and stands many short runs. */
#include "engine/llama/threads.h"
#include "support/test.h"

#include <stdatomic.h>

enum { MOST = 1000, MEMBERS = 5 };

typedef struct tally {
    atomic_int done[MOST];
    atomic_int busy[MEMBERS]; /* a member at work */
    atomic_int clashes;
} tally;

static void count(void *context, size_t i, size_t member) {
    tally *t = context;
    if (member >= MEMBERS || atomic_exchange(&t->busy[member], 1)) t->clashes++;
    t->done[i]++;
    atomic_store(&t->busy[member], 0);
}

static void run_and_check(ps_crew *crew, tally *t, size_t n) {
    memset(t, 0, sizeof *t);
    ps_crew_run(crew, n, count, t);
    assert_int_equal(t->clashes, 0);
    for (size_t i = 0; i < MOST; i++)
        assert_int_equal(t->done[i], i < n);
}

static void each_once(void **state) {
    (void)state;
    static tally t;
    for (size_t size = 1; size <= MEMBERS; size++) {
        ps_crew *crew = NULL;
        assert_int_equal(ps_crew_create(size, &crew, NULL), PS_OK);
        assert_int_equal(ps_crew_size(crew), size);
        for (size_t n = 0; n < 40; n++)
            run_and_check(crew, &t, n);
        run_and_check(crew, &t, MOST);
        ps_crew_free(crew);
    }
}

/* Runs follow each other before the threads have gone back to sleep. */
static void many_short_runs(void **state) {
    (void)state;
    static tally t;
    ps_crew *crew = NULL;
    assert_int_equal(ps_crew_create(3, &crew, NULL), PS_OK);
    for (int run = 0; run < 5000; run++)
        ps_crew_run(crew, 3, count, &t);
    assert_int_equal(t.clashes, 0);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(t.done[i], 5000);
    ps_crew_free(crew);
}

static void a_crew_never_used_and_none(void **state) {
    (void)state;
    ps_crew *crew = NULL;
    assert_int_equal(ps_crew_create(4, &crew, NULL), PS_OK);
    ps_crew_free(crew);
    ps_crew_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_once),
        cmocka_unit_test(many_short_runs),
        cmocka_unit_test(a_crew_never_used_and_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
