/* Requests given up at any moment: each has its event, nobody else notices, and what they held is free again. */
#include "engine/llama/support.h"

#include "engine/llama/cancel.h"

#include <stdatomic.h>
#include <time.h>

/* ---- Cancelling between two batches -------------------------------------- */

enum { PROBLEMS = 2, M = 12, ALL = PROBLEMS * M, NEVER = 1000000 };

/* Marks tags when the lane comes to a certain batch. */
typedef struct moment {
    ps_llama *engine;
    int at;
    atomic_int batches; /* of all lanes */
    const uint64_t *tags;
    size_t n_tags;
} moment;

static void look(void *user, const ps_lane *lane, bool rested) {
    moment *m = user;
    (void)rested;
    (void)lane;
    if (m->batches++ != m->at) return;
    pthread_mutex_lock(&m->engine->mutex);
    for (size_t i = 0; i < m->engine->n_lanes; i++)
        for (size_t k = 0; k < m->n_tags; k++)
            ps_cancel_mark(&m->engine->lanes[i], m->tags[k]);
    pthread_mutex_unlock(&m->engine->mutex);
}

typedef struct outcome {
    int events;
    ps_status status;
    size_t n_tokens;
    ps_token tokens[64];
    double logp[64];
    ps_node child;
} outcome;

static void keep(outcome *o, const ps_event *e) {
    o->events++;
    o->status = e->status;
    o->child = e->child;
    o->n_tokens = e->n_tokens;
    assert_true(e->n_tokens <= 64);
    assert_int_equal(e->reason == PS_STOP_ERROR, e->status != PS_OK);
    if (e->status != PS_OK) {
        assert_int_equal(e->status, PS_CANCELLED);
        assert_non_null(strstr(e->message, "cancelled"));
        assert_true(e->child == 0 && e->n_tokens == 0);
        return;
    }
    memcpy(o->tokens, e->tokens, e->n_tokens * sizeof *e->tokens);
    memcpy(o->logp, e->logp, e->n_tokens * sizeof *e->logp);
}

/* Poll until n events have come; tags are indices of out. */
static void gather(ps_engine *engine, outcome *out, size_t n) {
    while (n > 0) {
        const ps_event *events = NULL;
        size_t got = 0;
        assert_ok(ps_engine_poll(engine, INFINITY, &events, &got, err));
        assert_true(got > 0 && got <= n);
        for (size_t i = 0; i < got; i++)
            keep(&out[events[i].tag], &events[i]);
        n -= got;
    }
}

static void nothing_is_left(ps_engine *engine) {
    ps_llama *llama = (ps_llama *)engine;
    ps_engine_release(engine, root_of(engine, questions[0])); /* clears away what was released */
    for (size_t i = 0; i < llama->n_lanes; i++) {
        ps_lane *lane = &llama->lanes[i];
        bool busy = true;
        for (int k = 0; k < 1000 && busy; k++) {
            const struct timespec brief = {.tv_nsec = 5000000};
            pthread_mutex_lock(&llama->mutex);
            busy = lane->awake;
            if (!busy) ps_lane_collect(lane);
            pthread_mutex_unlock(&llama->mutex);
            if (busy) nanosleep(&brief, NULL);
        }
        assert_false(busy);
        assert_int_equal(lane->used, 0);
        assert_int_equal(lane->n_active, 0);
        assert_int_equal(lane->n_under_way, 0);
        assert_null(lane->under_way);
        for (int s = 0; s < lane->n_sequences; s++)
            assert_true(lane->sequences[s].tip == NULL && lane->sequences[s].user == NULL);
    }
    assert_int_equal(llama->under_way, 0);
    assert_int_equal(llama->n_free, llama->n_slots);
}

/* A step of M particles of each problem; `tags` are cancelled when batch `at` is about to be decoded. How many were. */
static size_t run_and_cancel(ps_llama_options options, int at, const uint64_t *tags, size_t n_tags, outcome *out) {
    ps_engine *engine = open_engine(options);
    ps_generation g = lines();
    moment when = {.engine = (ps_llama *)engine, .at = at, .tags = tags, .n_tags = n_tags};
    const ps_llama_trace trace = {.batch = look, .user = &when};
    ps_node roots[PROBLEMS];
    size_t cancelled = 0;
    when.engine->trace = &trace;
    memset(out, 0, ALL * sizeof *out);
    for (size_t p = 0; p < PROBLEMS; p++) {
        roots[p] = root_of(engine, questions[p]);
        for (size_t i = 0; i < M; i++)
            extend(engine, roots[p], &g, key_of(p, i, 0), p * M + i);
    }
    gather(engine, out, ALL);
    for (size_t i = 0; i < ALL; i++) {
        assert_int_equal(out[i].events, 1);
        cancelled += out[i].status == PS_CANCELLED;
        ps_engine_release(engine, out[i].child);
    }
    for (size_t p = 0; p < PROBLEMS; p++)
        ps_engine_release(engine, roots[p]);
    nothing_is_left(engine);
    ps_engine_free(engine);
    return cancelled;
}

/* Leaders and followers, of one problem and of both, from the prompt's batch to the last. */
static void a_cancelled_request_changes_no_token_of_the_others(void **state) {
    (void)state;
    static const uint64_t first[] = {0}, follower[] = {5}, several[] = {0, 1, 2, 7, M, M + 3};
    uint64_t whole[M];
    for (uint64_t i = 0; i < M; i++)
        whole[i] = i;
    const struct {
        const uint64_t *tags;
        size_t n;
    } sets[] = {{first, 1}, {follower, 1}, {several, 6}, {whole, M}};
    static const int moments[] = {0, 1, 2, 4, 9, 25, 60};
    static outcome undisturbed[ALL], out[ALL];
    ps_llama_options options = usual();
    options.deterministic = true;
    assert_int_equal(run_and_cancel(options, NEVER, NULL, 0, undisturbed), 0);
    size_t cancelled = 0;
    for (size_t s = 0; s < sizeof sets / sizeof *sets; s++)
        for (size_t k = 0; k < sizeof moments / sizeof *moments; k++) {
            cancelled += run_and_cancel(options, moments[k], sets[s].tags, sets[s].n, out);
            for (size_t i = 0; i < ALL; i++) {
                bool asked = false;
                for (size_t t = 0; t < sets[s].n; t++)
                    asked = asked || sets[s].tags[t] == i;
                if (!asked) assert_int_equal(out[i].status, PS_OK);
                if (out[i].status != PS_OK) continue;
                assert_int_equal(out[i].n_tokens, undisturbed[i].n_tokens);
                assert_memory_equal(out[i].tokens, undisturbed[i].tokens, out[i].n_tokens * sizeof(ps_token));
                assert_memory_equal(out[i].logp, undisturbed[i].logp, out[i].n_tokens * sizeof(double));
            }
        }
    assert_true(cancelled > 60); /* most moments come before the end */
}

/* The same with batches of many, in two contexts, and with cells for two lines at a time: requests are preempted. */
static void what_was_cancelled_leaves_nothing_behind(void **state) {
    (void)state;
    static const uint64_t tags[] = {0, 2, 3, M + 1, M + 2, M + 3, M + 4};
    static outcome out[ALL];
    size_t cancelled = 0;
    for (int at = 0; at < 16; at++) {
        ps_llama_options options = usual();
        options.contexts = 1 + at % 2;
        if (at % 3 == 0) options.cells = 128;
        cancelled += run_and_cancel(options, at, tags, 7, out);
    }
    assert_true(cancelled > 20);
}

/* ---- Every state of a request -------------------------------------------- */

static void what_was_only_submitted_is_answered_at_once(void **state) {
    (void)state;
    ps_engine *engine = open_engine(usual());
    const ps_generation g = lines();
    const ps_node root = root_of(engine, questions[1]);
    const ps_event *events = NULL;
    size_t n = 0;
    for (size_t i = 0; i < 4; i++)
        extend(engine, root, &g, key_of(0, i, 0), i / 2);
    ps_engine_cancel(engine, 7); /* nobody's */
    ps_engine_cancel(engine, 1);
    ps_engine_cancel(engine, 1); /* nothing more */
    ps_engine_cancel(engine, 0);
    assert_ok(ps_engine_poll(engine, 0, &events, &n, err));
    assert_int_equal(n, 4);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(events[i].status, PS_CANCELLED);
    assert_int_equal(stats_of(engine).batches, 0);
    assert_ok(ps_engine_poll(engine, INFINITY, &events, &n, err));
    assert_int_equal(n, 0);
    ps_engine_release(engine, root);
    nothing_is_left(engine);
    ps_engine_free(engine);
}

static void what_is_done_keeps_its_result(void **state) {
    (void)state;
    ps_engine *engine = open_engine(usual());
    const ps_llama *llama = (ps_llama *)engine;
    const ps_generation g = lines();
    const ps_node root = root_of(engine, questions[0]);
    extend(engine, root, &g, key_of(0, 0, 0), 3);
    ps_engine_begin(engine);
    for (bool done = false; !done;) {
        const struct timespec brief = {.tv_nsec = 1000000};
        pthread_mutex_lock(&((ps_llama *)engine)->mutex);
        done = llama->results.first != NULL;
        pthread_mutex_unlock(&((ps_llama *)engine)->mutex);
        nanosleep(&brief, NULL);
    }
    ps_engine_cancel(engine, 3);
    const ps_event e = next_event(engine);
    assert_int_equal(e.reason, PS_STOP_STEP);
    ps_engine_release(engine, e.child);
    ps_engine_release(engine, root);
    nothing_is_left(engine);
    ps_engine_free(engine);
}

/* 900 tokens are two batches; of a text that is given up after the first nothing more is computed. The text evaluated
 * afterwards from the same place has to be what it always is. */
static void a_prefill_under_way_is_given_up(void **state) {
    (void)state;
    enum { LONG = 900 };
    static const uint64_t tags[] = {1, 2};
    static ps_token tokens[LONG];
    const uint32_t mark = LONG - 1;
    const ps_token choice = 65;
    double logp[2];
    for (size_t i = 0; i < LONG; i++)
        tokens[i] = (ps_token)(60 + i % 40);
    for (size_t k = 0; k < 2; k++) {
        ps_llama_options options = usual();
        options.n_ctx = 1024;
        options.deterministic = true;
        ps_engine *engine = open_engine(options);
        moment when = {.engine = (ps_llama *)engine, .at = k == 0 ? NEVER : 1, .tags = tags, .n_tags = 2};
        const ps_llama_trace trace = {.batch = look, .user = &when};
        when.engine->trace = &trace;
        const ps_node root = root_of(engine, questions[0]);
        ps_evaluate_request request = {.node = root,
                                       .tokens = tokens,
                                       .n_tokens = LONG,
                                       .marks = &mark,
                                       .n_marks = 1,
                                       .choices = &choice,
                                       .n_choices = 1};
        for (request.tag = 1; request.tag <= 2 && k == 1; request.tag++)
            assert_ok(ps_engine_evaluate(engine, &request, err));
        if (k == 1) {
            outcome out[3] = {0};
            gather(engine, out, 2);
            assert_true(out[1].status == PS_CANCELLED && out[2].status == PS_CANCELLED);
            assert_int_equal(when.batches, 2); /* the prompt, and half of the text */
            assert_true(when.engine->lanes[0].used <= stats_of(engine).prompt);
        }
        assert_ok(ps_engine_evaluate(engine, &request, err));
        const ps_event e = next_event(engine);
        assert_int_equal(e.status, PS_OK);
        logp[k] = e.choice_logp[0];
        ps_engine_release(engine, e.child);
        ps_engine_release(engine, root);
        nothing_is_left(engine);
        ps_engine_free(engine);
    }
    assert_true(logp[0] == logp[1]);
}

/* ---- No memory ----------------------------------------------------------- */

static void *no_memory(void *user, void *p, size_t size) {
    (void)user;
    if (size == 0) free(p);
    return NULL;
}

static void cancelling_needs_no_memory(void **state) {
    (void)state;
    enum { N = 6 };
    ps_engine *engine = open_engine(usual());
    const ps_generation g = lines();
    const ps_node root = root_of(engine, questions[1]);
    outcome out[N] = {0};
    const ps_event *events = NULL;
    size_t n = 0;
    for (size_t i = 0; i < N; i++)
        extend(engine, root, &g, key_of(0, i, 0), i);
    assert_ok(ps_engine_poll(engine, 1e-9, &events, &n, err)); /* a batch */
    assert_int_equal(n, 0);
    ps_set_allocator(&(ps_allocator){no_memory, NULL});
    for (size_t i = 0; i + 1 < N; i++) /* each leads, and hands over to the next */
        ps_engine_cancel(engine, i);
    ps_set_allocator(NULL);
    assert_int_equal(((ps_llama *)engine)->under_way, 1);
    gather(engine, out, N);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(out[i].status, i + 1 < N ? PS_CANCELLED : PS_OK);
        ps_engine_release(engine, out[i].child);
    }
    ps_engine_release(engine, root);
    nothing_is_left(engine);
    ps_engine_free(engine);
}

/* ---- Everything at once -------------------------------------------------- */

typedef struct waker {
    ps_engine *engine;
    atomic_bool stop;
} waker;

static void *wake_often(void *user) {
    waker *w = user;
    while (!w->stop) {
        const struct timespec brief = {.tv_nsec = 300000};
        ps_engine_wake(w->engine);
        nanosleep(&brief, NULL);
    }
    return NULL;
}

/* Submissions, cancellations, releases and polls of every kind in random order, with a thread that wakes: each request
 * has one event. Seeds are fixed, the threads' timing is not. */
static void no_request_is_lost_in_a_storm(void **state) {
    (void)state;
    enum { REQUESTS = 400, NODES = 8, AT_ONCE = 24 };
    for (uint64_t seed = 0; seed < 3; seed++) {
        ps_llama_options options = usual();
        options.contexts = seed == 0 ? 1 : 2;
        if (seed == 2) options.cells = 200;
        ps_engine *engine = open_engine(options);
        ps_generation g = lines();
        g.max_tokens = 12;
        waker w = {.engine = engine};
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, wake_often, &w), 0);
        static int events_of[REQUESTS];
        memset(events_of, 0, sizeof events_of);
        ps_node nodes[NODES] = {0};
        size_t submitted = 0, answered = 0, cancelled = 0;
        const ps_rng_key key = {.seed = 11, .problem = seed, .purpose = PS_RNG_TEST};
        for (uint64_t step = 0; answered < REQUESTS; step++) {
            const double u = ps_uniform(key, 3 * step), v = ps_uniform(key, 3 * step + 1);
            const size_t at = (size_t)(ps_uniform(key, 3 * step + 2) * NODES);
            if (nodes[at] == 0) nodes[at] = root_of(engine, questions[at % 6]);
            if (u < 0.5) {
                for (int k = 0; k < 4 && submitted < REQUESTS && submitted < answered + AT_ONCE; k++) {
                    extend(engine, nodes[at], &g, key_of(at, submitted, 0), submitted);
                    submitted++;
                }
            } else if (u < 0.65 && submitted > 0) {
                ps_engine_cancel(engine, submitted - 1 - (uint64_t)(v * AT_ONCE)); /* nobody's, at first */
            } else if (u < 0.7) {
                ps_engine_begin(engine);
            } else if (u < 0.75) {
                ps_engine_release(engine, nodes[at]);
                nodes[at] = 0;
            } else {
                const double seconds = v < 0.3 ? 0 : v < 0.6 ? 1e-4 : INFINITY;
                const ps_event *events = NULL;
                size_t n = 0;
                assert_ok(ps_engine_poll(engine, seconds, &events, &n, err));
                for (size_t i = 0; i < n; i++) {
                    assert_true(events[i].status == PS_OK || events[i].status == PS_CANCELLED);
                    events_of[events[i].tag]++;
                    cancelled += events[i].status == PS_CANCELLED;
                    const size_t to = events[i].tag % NODES;
                    const bool goes_on = events[i].reason == PS_STOP_STEP && events[i].n_tokens > 3;
                    if (events[i].child != 0) ps_engine_release(engine, goes_on ? nodes[to] : events[i].child);
                    if (events[i].child != 0 && goes_on) nodes[to] = events[i].child;
                    answered++;
                }
            }
        }
        w.stop = true;
        pthread_join(thread, NULL);
        for (size_t i = 0; i < REQUESTS; i++)
            assert_int_equal(events_of[i], 1);
        assert_true(cancelled > 0);
        for (size_t i = 0; i < NODES; i++)
            ps_engine_release(engine, nodes[i]);
        nothing_is_left(engine);
        ps_engine_free(engine);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cancelled_request_changes_no_token_of_the_others),
        cmocka_unit_test(what_was_cancelled_leaves_nothing_behind),
        cmocka_unit_test(what_was_only_submitted_is_answered_at_once),
        cmocka_unit_test(what_is_done_keeps_its_result),
        cmocka_unit_test(a_prefill_under_way_is_given_up),
        cmocka_unit_test(cancelling_needs_no_memory),
        cmocka_unit_test(no_request_is_lost_in_a_storm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
