/* The solver on the shipped model: steps that take long can be left, given up and woken from within one batch, and
 * whatever is given up changes nothing of the rest. */
#include "run/support.h"

#include <jansson.h>
#include <pthread.h>
#include <time.h>

enum { PROBLEMS = 3 };

static const ps_problem problems[PROBLEMS] = {
    {.index = 0, .text = "Find the greatest common divisor of $84$ and $36$."},
    {.index = 1, .text = "Factor $x^2-8x+16$."},
    {.index = 2, .text = "Find the remainder of $4^{54}$ modulo $6$."},
};

typedef struct bench {
    ps_config *config;
    ps_models *models;
    ps_session *session;
    ps_solver *solver;
} bench;

/* "key", "value" pairs, NULL-terminated, on two contexts of one thread, whatever this machine has. */
static bench open_bench(const char *const *keys) {
    bench b = {.config = config_of("engine.type", "llama", "engine.llama.contexts", "2", "engine.llama.threads", "1",
                                   "engine.llama.flash_attn", "false", NULL)};
    for (; *keys != NULL; keys += 2)
        assert_ok(ps_config_set(b.config, keys[0], keys[1], "test", err));
    assert_ok(ps_models_open(b.config, NULL, &b.models, err));
    assert_ok(ps_session_create(b.config, b.models, NULL, &b.session, err));
    assert_ok(ps_solver_create(b.models, &b.solver, err));
    return b;
}

static void close_bench(bench *b) {
    ps_solver_free(b->solver);
    ps_session_release(b->session);
    ps_models_free(b->models);
    ps_config_free(b->config);
}

static void submit(bench *b, size_t i) {
    assert_ok(ps_solver_submit(b->solver, &(ps_solve_request){b->session, &problems[i], .tag = i}, err));
}

/* One poll; outcomes go to `outcomes` by tag. */
static size_t poll(bench *b, double seconds, ps_outcome **outcomes) {
    const ps_solver_event *events = NULL;
    size_t n = 0;
    assert_ok(ps_solver_poll(b->solver, seconds, &events, &n, err));
    for (size_t i = 0; i < n; i++)
        outcomes[events[i].tag] = events[i].outcome;
    return n;
}

static void poll_all(bench *b, ps_outcome **outcomes) {
    while (ps_solver_pending(b->solver) > 0)
        poll(b, INFINITY, outcomes);
}

static void forget(ps_outcome **outcomes) {
    for (size_t i = 0; i < PROBLEMS; i++) {
        ps_outcome_free(outcomes[i]);
        outcomes[i] = NULL;
    }
}

/* ---- To the bit ---------------------------------------------------------- */

/* An outcome with every token and all its numbers, without its times and what the cache had of it. */
static json_t *line_of(const ps_outcome *outcome) {
    char *text = NULL;
    assert_ok(ps_outcome_json(outcome, true, &text, err));
    json_t *line = json_loads(text, 0, NULL);
    json_object_del(line, "timing");
    json_object_del(line, "tokens");
    ps_free(text);
    return line;
}

static void a_cancelled_problem_changes_no_token_of_the_others_to_the_bit(void **state) {
    (void)state;
    static const char *const keys[] = {
        "engine.deterministic", "true", "generation.n_particles", "4", "evaluation.save_particles", "true", NULL};
    bench b = open_bench(keys);
    ps_outcome *outcomes[PROBLEMS] = {NULL};
    json_t *expected[PROBLEMS];
    size_t cancelled = 0;
    for (size_t i = 0; i < PROBLEMS; i++)
        submit(&b, i);
    poll_all(&b, outcomes);
    for (size_t i = 0; i < PROBLEMS; i++)
        expected[i] = line_of(outcomes[i]);
    forget(outcomes);
    for (size_t moment = 0; moment < 6; moment++) {
        for (size_t i = 0; i < PROBLEMS; i++)
            submit(&b, i);
        for (size_t i = 0; i < moment * 2; i++)
            poll(&b, 0.002, outcomes);
        ps_solver_cancel(b.solver, 1);
        poll_all(&b, outcomes);
        cancelled += outcomes[1]->status == PS_CANCELLED;
        for (size_t i = 0; i < PROBLEMS; i += 2) {
            json_t *line = line_of(outcomes[i]);
            if (!json_equal(line, expected[i])) fail_msg("problem %zu differs, cancelled at moment %zu", i, moment);
            json_decref(line);
        }
        forget(outcomes);
    }
    assert_true(cancelled > 0);
    for (size_t i = 0; i < PROBLEMS; i++)
        json_decref(expected[i]);
    close_bench(&b);
}

/* ---- Long steps ---------------------------------------------------------- */

/* Steps that are whole answers, of tokens drawn nearly without regard to the model: they go on until an end is drawn by
 * chance, one token in 580, or the context ends. */
static const char *const endless[] = {"generation.step_boundary",
                                      "fixed",
                                      "generation.fixed_step_tokens",
                                      "4096",
                                      "generation.max_tokens_per_step",
                                      "4096",
                                      "generation.temperature",
                                      "100",
                                      "generation.n_particles",
                                      "8",
                                      "generation.stop_tokens",
                                      "[]",
                                      NULL};

/* How long the whole of a problem takes. */
/* Batches of the model so far: a measure that a busy machine does not stretch. */
static uint64_t batches(const bench *b) {
    ps_engine_stats stats;
    ps_engine_get_stats(ps_models_engine(b->models), &stats);
    return stats.batches;
}

static uint64_t batches_of_whole(bench *b) {
    ps_outcome *outcomes[PROBLEMS] = {NULL};
    uint64_t before = batches(b);
    submit(b, 0);
    poll_all(b, outcomes);
    uint64_t took = batches(b) - before;
    assert_int_equal(outcomes[0]->status, PS_OK);
    forget(outcomes);
    return took;
}

static void *wake_soon(void *solver) {
    struct timespec moment = {.tv_nsec = 50000000};
    nanosleep(&moment, NULL);
    ps_solver_wake(solver);
    return NULL;
}

/* With one problem this thread computes, with two others do. */
static void a_wake_or_a_limit_ends_a_poll_in_the_midst_of_a_step(void **state) {
    (void)state;
    bench b = open_bench(endless);
    ps_outcome *outcomes[PROBLEMS] = {NULL};
    for (size_t n = 1; n <= 2; n++) {
        pthread_t thread;
        submit(&b, n - 1);
        assert_int_equal(poll(&b, 0.01, outcomes), 0);
        assert_int_equal(ps_solver_running(b.solver), n); /* none has come to the end of its step */
        assert_int_equal(pthread_create(&thread, NULL, wake_soon, b.solver), 0);
        assert_int_equal(poll(&b, INFINITY, outcomes), 0);
        assert_int_equal(ps_solver_running(b.solver), n);
        pthread_join(thread, NULL);
    }
    close_bench(&b);
}

static void giving_up_takes_no_longer_than_a_batch(void **state) {
    (void)state;
    bench b = open_bench(endless);
    ps_outcome *outcomes[PROBLEMS] = {NULL};
    uint64_t whole = batches_of_whole(&b);
    submit(&b, 0);
    submit(&b, 1);
    poll(&b, 0.01, outcomes);
    uint64_t before = batches(&b);
    ps_solver_cancel(b.solver, 0);
    while (outcomes[0] == NULL)
        poll(&b, INFINITY, outcomes);
    uint64_t cancelled = batches(&b) - before;
    assert_int_equal(outcomes[0]->status, PS_CANCELLED);
    assert_int_equal(ps_solver_running(b.solver), 1);
    before = batches(&b);
    ps_solver_free(b.solver);
    uint64_t freed = batches(&b) - before;
    print_message("batches: a whole problem %zu, cancelling %zu, freeing %zu\n", (size_t)whole, (size_t)cancelled,
                  (size_t)freed);
    /* One batch, and what the other context computed meanwhile. */
    assert_true(cancelled < whole / 4 && freed < whole / 4);
    b.solver = NULL;
    forget(outcomes);
    close_bench(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cancelled_problem_changes_no_token_of_the_others_to_the_bit),
        cmocka_unit_test(a_wake_or_a_limit_ends_a_poll_in_the_midst_of_a_step),
        cmocka_unit_test(giving_up_takes_no_longer_than_a_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
