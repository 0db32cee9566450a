/* Which thread computes, and that nothing waits for one that does not come. */
#include "engine/llama/support.h"

#include "engine/llama/lane.h"

#include <time.h>

/* What on_ready told. */
typedef struct calls {
    pthread_mutex_t mutex;
    pthread_cond_t called;
    pthread_t caller;
    size_t mine, others;
} calls;

static void count(void *user) {
    calls *c = user;
    pthread_mutex_lock(&c->mutex);
    if (pthread_equal(pthread_self(), c->caller))
        c->mine++;
    else
        c->others++;
    pthread_cond_signal(&c->called);
    pthread_mutex_unlock(&c->mutex);
}

static void listen_to(ps_engine *engine, calls *c) {
    *c = (calls){.mutex = PTHREAD_MUTEX_INITIALIZER, .called = PTHREAD_COND_INITIALIZER, .caller = pthread_self()};
    assert_true(ps_engine_on_ready(engine, count, c));
}

static void extend_all(ps_engine *engine, ps_node root, const ps_generation *g, size_t problem, size_t n) {
    for (size_t i = 0; i < n; i++)
        extend(engine, root, g, key_of(problem, i, 0), i);
}

/* Events until so many have come. */
static void take(ps_engine *engine, size_t wanted) {
    while (wanted > 0) {
        const ps_event *events = NULL;
        size_t n = 0;
        assert_ok(ps_engine_poll(engine, INFINITY, &events, &n, err));
        assert_true(n > 0 && n <= wanted);
        for (size_t i = 0; i < n; i++) {
            assert_int_not_equal(events[i].reason, PS_STOP_ERROR);
            ps_engine_release(engine, events[i].child);
        }
        wanted -= n;
    }
}

static void one_problem_is_computed_by_who_waits_for_it(void **state) {
    (void)state;
    ps_llama_options two = usual();
    two.contexts = 2;
    ps_engine *engine = open_engine(two);
    const ps_generation g = lines();
    calls c;
    listen_to(engine, &c);
    for (size_t problem = 0; problem < 3; problem++) { /* one after the other */
        const ps_node root = root_of(engine, questions[problem]);
        extend_all(engine, root, &g, problem, 6);
        take(engine, 6);
        ps_engine_release(engine, root);
    }
    assert_true(c.mine > 0);
    assert_int_equal(c.others, 0);
    ps_engine_free(engine);
}

static void several_problems_have_their_own_threads(void **state) {
    (void)state;
    for (int contexts = 1; contexts <= 2; contexts++) {
        ps_llama_options options = usual();
        options.contexts = contexts;
        ps_engine *engine = open_engine(options);
        const ps_generation g = lines();
        calls c;
        listen_to(engine, &c);
        ps_node roots[2];
        for (size_t problem = 0; problem < 2; problem++) {
            roots[problem] = root_of(engine, questions[problem]);
            extend_all(engine, roots[problem], &g, problem, 6);
        }
        take(engine, 12);
        assert_int_equal(c.mine, 0);
        assert_true(c.others > 0);
        ps_engine_release(engine, roots[1]);
        extend_all(engine, roots[0], &g, 9, 6); /* whoever does it */
        take(engine, 6);
        ps_engine_free(engine);
    }
}

/* What one poll has left half done goes on without another. */
static void begun_work_goes_on_by_itself(void **state) {
    (void)state;
    ps_engine *engine = open_engine(usual());
    const ps_generation g = lines();
    ps_generation brief = lines();
    brief.max_tokens = 2;
    calls c;
    listen_to(engine, &c);
    const ps_node root = root_of(engine, questions[1]);
    extend_all(engine, root, &brief, 0, 6);
    extend_all(engine, root, &g, 0, 6);
    const ps_event *events = NULL;
    size_t n = 0;
    assert_ok(ps_engine_poll(engine, INFINITY, &events, &n, err));
    assert_int_equal(n, 6);
    for (size_t i = 0; i < n; i++)
        ps_engine_release(engine, events[i].child);
    extend(engine, root, &g, key_of(1, 0, 0), 0);
    ps_engine_begin(engine);
    pthread_mutex_lock(&c.mutex);
    while (c.others == 0)
        pthread_cond_wait(&c.called, &c.mutex);
    pthread_mutex_unlock(&c.mutex);
    take(engine, 7);
    ps_engine_release(engine, root);
    ps_engine_free(engine);
}

/* Also of problems that never asked for anything. */
static void released_nodes_do_not_pile_up(void **state) {
    (void)state;
    ps_engine *engine = open_engine(usual());
    ps_llama *llama = (ps_llama *)engine;
    const ps_generation g = lines();
    for (size_t i = 0; i < 100; i++) {
        const ps_node root = root_of(engine, questions[i % 3]);
        if (i % 10 == 0) {
            extend_all(engine, root, &g, i, 3);
            take(engine, 3);
        }
        ps_engine_release(engine, root);
    }
    const ps_node last = root_of(engine, questions[0]);
    pthread_mutex_lock(&llama->mutex);
    assert_null(llama->lanes[0].garbage);
    assert_int_equal(llama->lanes[0].used, 0);
    pthread_mutex_unlock(&llama->mutex);
    ps_engine_release(engine, last);
    ps_engine_free(engine);
}

/* ---- Limits and wakes ---------------------------------------------------- */

/* What a trace does when a lane comes to a certain batch. */
typedef struct stop {
    ps_llama *engine;
    int at, batches;
    bool wakes;            /* wake the engine there, */
    bool (*until)(void *); /* … and wait until this holds, unless NULL; with the mutex */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool reached, go_on;
} stop;

static void look(void *user, const ps_lane *lane, bool rested) {
    stop *s = user;
    const struct timespec brief = {.tv_nsec = 1000000};
    (void)lane;
    (void)rested;
    if (++s->batches != s->at) return;
    if (s->wakes) ps_engine_wake(&s->engine->base);
    pthread_mutex_lock(&s->mutex);
    s->reached = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->mutex);
    for (bool go_on = s->until == NULL; !go_on; nanosleep(&brief, NULL)) {
        pthread_mutex_lock(&s->engine->mutex);
        go_on = s->until(s);
        pthread_mutex_unlock(&s->engine->mutex);
    }
}

static void stop_at(ps_engine *engine, stop *s, ps_llama_trace *trace, int at) {
    *s = (stop){.engine = (ps_llama *)engine,
                .at = at,
                .mutex = PTHREAD_MUTEX_INITIALIZER,
                .changed = PTHREAD_COND_INITIALIZER};
    *trace = (ps_llama_trace){.batch = look, .user = s};
    s->engine->trace = trace;
}

static size_t poll_for(ps_engine *engine, double seconds) {
    const ps_event *events = NULL;
    size_t n = 0;
    assert_ok(ps_engine_poll(engine, seconds, &events, &n, err));
    for (size_t i = 0; i < n; i++) {
        assert_int_not_equal(events[i].reason, PS_STOP_ERROR);
        ps_engine_release(engine, events[i].child);
    }
    return n;
}

/* A limit that is over at once still leaves a batch to each poll, so that a loop of them comes to an end. */
static void a_limit_ends_a_poll_after_one_batch(void **state) {
    (void)state;
    ps_engine *engine = open_engine(usual());
    const ps_generation g = lines();
    stop s;
    ps_llama_trace trace;
    stop_at(engine, &s, &trace, -1);
    const ps_node root = root_of(engine, questions[1]);
    extend_all(engine, root, &g, 0, 6);
    size_t polls = 0;
    for (size_t done = 0; done < 6; polls++) {
        const int before = s.batches;
        done += poll_for(engine, 1e-9);
        assert_int_equal(s.batches, before + 1);
    }
    assert_true(polls > 5);
    assert_int_equal(poll_for(engine, 1e9), 0); /* nothing is under way */
    ps_engine_release(engine, root);
    ps_engine_free(engine);
}

/* The lane's thread stands still: the wait is over when its time is. */
static bool told_to_go_on(void *user) {
    return ((stop *)user)->go_on;
}

static void a_wait_ends_when_its_time_is_over(void **state) {
    (void)state;
    ps_engine *engine = open_engine(usual());
    const ps_generation g = lines();
    stop s;
    ps_llama_trace trace;
    stop_at(engine, &s, &trace, 1);
    s.until = told_to_go_on;
    ps_node roots[2];
    for (size_t i = 0; i < 2; i++) {
        roots[i] = root_of(engine, questions[i]);
        extend_all(engine, roots[i], &g, i, 3);
    }
    assert_int_equal(poll_for(engine, 0), 0);
    const double start = ps_now();
    assert_int_equal(poll_for(engine, 0.03), 0);
    assert_true(ps_now() - start >= 0.03);
    pthread_mutex_lock(&s.engine->mutex);
    s.go_on = true;
    pthread_mutex_unlock(&s.engine->mutex);
    take(engine, 6);
    for (size_t i = 0; i < 2; i++)
        ps_engine_release(engine, roots[i]);
    ps_engine_free(engine);
}

static void a_wake_ends_the_poll_that_computes(void **state) {
    (void)state;
    ps_engine *engine = open_engine(usual());
    const ps_generation g = lines();
    stop s;
    ps_llama_trace trace;
    stop_at(engine, &s, &trace, 3);
    s.wakes = true;
    const ps_node root = root_of(engine, questions[1]);
    extend_all(engine, root, &g, 0, 2);
    assert_int_equal(poll_for(engine, INFINITY), 0);
    assert_int_equal(s.batches, 3);
    take(engine, 2); /* and it goes on */
    ps_engine_release(engine, root);
    ps_engine_free(engine);
}

static void a_wake_ends_the_poll_that_waits(void **state) {
    (void)state;
    ps_engine *engine = open_engine(usual());
    const ps_generation g = lines();
    stop s;
    ps_llama_trace trace;
    stop_at(engine, &s, &trace, 2);
    s.wakes = true;
    s.until = told_to_go_on;
    ps_node roots[2];
    for (size_t i = 0; i < 2; i++) {
        roots[i] = root_of(engine, questions[i]);
        extend_all(engine, roots[i], &g, i, 3);
    }
    assert_int_equal(poll_for(engine, INFINITY), 0);
    pthread_mutex_lock(&s.engine->mutex);
    s.go_on = true;
    pthread_mutex_unlock(&s.engine->mutex);
    take(engine, 6);
    for (size_t i = 0; i < 2; i++)
        ps_engine_release(engine, roots[i]);
    ps_engine_free(engine);
}

static void a_wake_that_nobody_waits_for_is_kept_for_the_next_poll(void **state) {
    (void)state;
    ps_engine *engine = open_engine(usual());
    const ps_generation g = lines();
    stop s;
    ps_llama_trace trace;
    stop_at(engine, &s, &trace, 1);
    s.until = told_to_go_on;
    const ps_node root = root_of(engine, questions[1]);
    extend_all(engine, root, &g, 0, 2);
    ps_engine_wake(engine);
    ps_engine_wake(engine); /* once is enough */
    assert_int_equal(poll_for(engine, INFINITY), 0);
    pthread_mutex_lock(&s.engine->mutex);
    s.go_on = true;
    pthread_mutex_unlock(&s.engine->mutex);
    take(engine, 2); /* waits again */
    ps_engine_release(engine, root);
    ps_engine_free(engine);
}

/* ---- The end ------------------------------------------------------------- */

static bool is_closing(void *user) {
    return ((stop *)user)->engine->closing;
}

static void an_engine_that_is_freed_computes_no_further_batch(void **state) {
    (void)state;
    ps_engine *engine = open_engine(usual());
    const ps_generation g = lines();
    stop s;
    ps_llama_trace trace;
    stop_at(engine, &s, &trace, 3);
    s.until = is_closing;
    const ps_node root = root_of(engine, questions[1]);
    extend_all(engine, root, &g, 0, 6);
    ps_engine_begin(engine);
    pthread_mutex_lock(&s.mutex);
    while (!s.reached)
        pthread_cond_wait(&s.changed, &s.mutex);
    pthread_mutex_unlock(&s.mutex);
    ps_engine_free(engine);
    assert_int_equal(s.batches, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_problem_is_computed_by_who_waits_for_it),
        cmocka_unit_test(several_problems_have_their_own_threads),
        cmocka_unit_test(begun_work_goes_on_by_itself),
        cmocka_unit_test(released_nodes_do_not_pile_up),
        cmocka_unit_test(a_limit_ends_a_poll_after_one_batch),
        cmocka_unit_test(a_wait_ends_when_its_time_is_over),
        cmocka_unit_test(a_wake_ends_the_poll_that_computes),
        cmocka_unit_test(a_wake_ends_the_poll_that_waits),
        cmocka_unit_test(a_wake_that_nobody_waits_for_is_kept_for_the_next_poll),
        cmocka_unit_test(an_engine_that_is_freed_computes_no_further_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
