/* The solver: problems that come and go while others run, waiting and being woken, progress, giving up. The engine
 * below is the toy engine, held back by a slow one, so that a test decides what is under way when. */
#include "engine/toy/toy.h"
#include "run/models.h"
#include "run/support.h"
#include "run/task.h"
#include "support/failing_allocator.h"
#include "support/faulty_engine.h"
#include "support/slow_engine.h"

#include <jansson.h>
#include <pthread.h>

enum { PROBLEMS = 6 };

/* ---- A bench: models, a session, a solver -------------------------------- */

typedef struct bench {
    ps_config *config;
    ps_models *models;
    slow_engine engine;
    ps_session *session;
    ps_solver *solver;
    ps_problem problems[PROBLEMS];
    ps_outcome *outcomes[PROBLEMS]; /* by tag */
    size_t n_outcomes, n_steps[PROBLEMS];
} bench;

static bench *bench_of(ps_config *config) {
    bench *b = calloc(1, sizeof *b);
    b->config = config;
    assert_ok(ps_models_open(config, NULL, &b->models, err));
    slow_engine_init(&b->engine, b->models->engine);
    b->models->engine = &b->engine.base;
    assert_ok(ps_session_create(config, b->models, NULL, &b->session, err));
    assert_ok(ps_solver_create(b->models, &b->solver, err));
    for (size_t i = 0; i < PROBLEMS; i++)
        b->problems[i] = (ps_problem){.index = i, .text = "which?", .answer = "1"};
    return b;
}

/* Whatever is under way is given up, and must leave nothing in the engine. */
static void end(bench *b) {
    ps_solver_free(b->solver);
    for (size_t i = 0; i < PROBLEMS; i++)
        ps_outcome_free(b->outcomes[i]);
    assert_int_equal(ps_toy_living_nodes(b->engine.inner), 0);
    ps_session_release(b->session);
    b->models->engine = b->engine.inner;
    ps_models_free(b->models);
    ps_engine_free(&b->engine.base);
    ps_config_free(b->config);
    free(b);
}

static void submit(bench *b, size_t i, bool progress) {
    ps_solve_request request = {b->session, &b->problems[i], .tag = i, .progress = progress};
    assert_ok(ps_solver_submit(b->solver, &request, err));
}

/* One poll; how many events it brought. */
static size_t poll(bench *b, double seconds) {
    const ps_solver_event *events = NULL;
    size_t n = 0;
    assert_ok(ps_solver_poll(b->solver, seconds, &events, &n, err));
    for (size_t i = 0; i < n; i++) {
        assert_true((events[i].outcome != NULL) != (events[i].step != NULL));
        if (events[i].step != NULL) {
            assert_null(b->outcomes[events[i].tag]); /* progress ends with the outcome */
            b->n_steps[events[i].tag]++;
            continue;
        }
        assert_null(b->outcomes[events[i].tag]); /* each once */
        b->outcomes[events[i].tag] = events[i].outcome;
        b->n_outcomes++;
    }
    return n;
}

static void poll_all(bench *b) {
    while (ps_solver_pending(b->solver) > 0)
        poll(b, INFINITY);
}

/* An outcome as JSON without its times; owned by the caller (free). */
static char *line_of(const ps_outcome *outcome) {
    char *text = NULL;
    assert_ok(ps_outcome_json(outcome, true, &text, err));
    json_t *line = json_loads(text, 0, NULL);
    json_object_del(line, "timing");
    char *plain = json_dumps(line, JSON_SORT_KEYS);
    json_decref(line);
    ps_free(text);
    return plain;
}

static void check_same(const ps_outcome *a, const ps_outcome *b) {
    char *one = line_of(a), *two = line_of(b);
    assert_string_equal(one, two);
    free(one);
    free(two);
}

static ps_config *table(void) {
    return config_of("evaluation.save_particles", "true", NULL);
}

static ps_config *with_rewards(void) {
    return config_of("engine.toy.kind", "synthetic", "models.prm.enabled", "true", "scoring.type", "prm_reward",
                     "evaluation.save_particles", "true", NULL);
}

/* Every problem by itself: what it must come to in whatever company. */
static bench *alone(ps_config *config) {
    bench *b = bench_of(config);
    for (size_t i = 0; i < PROBLEMS; i++) {
        submit(b, i, false);
        poll_all(b);
    }
    return b;
}

/* ---- Coming and going ---------------------------------------------------- */

static void a_problem_that_comes_late_joins_the_running_batch(void **state) {
    (void)state;
    bench *expected = alone(table()), *b = bench_of(table());
    b->engine.pace = 3;
    submit(b, 0, false);
    for (int i = 0; i < 4; i++)
        poll(b, 0);
    size_t before = b->engine.n_held;
    assert_true(before > 0);
    submit(b, 1, false);
    assert_true(b->engine.n_held > before); /* both are in the engine's hands, without a poll in between */
    poll_all(b);
    check_same(b->outcomes[0], expected->outcomes[0]);
    check_same(b->outcomes[1], expected->outcomes[1]);
    end(b);
    end(expected);
}

static void the_next_problem_is_begun_before_the_answers_are_read(void **state) {
    (void)state;
    bench *b = bench_of(config_of("generation.max_steps", "1", NULL));
    submit(b, 0, false);
    submit(b, 1, false);
    assert_int_equal(poll(b, INFINITY), 0); /* both searches are over: two places are free, */
    assert_int_equal(ps_solver_running(b->solver), 0);
    assert_int_equal(ps_solver_pending(b->solver), 2);
    assert_int_equal(ps_solver_over(b->solver, 0) + ps_solver_over(b->solver, 1), 0 + 1);
    submit(b, 2, false); /* are filled, */
    submit(b, 3, false);
    b->engine.begun = 0;
    assert_int_equal(poll(b, INFINITY), 2); /* and only then the outcomes come */
    assert_int_equal(b->engine.begun, 1);
    assert_int_equal(b->engine.held_at_begin, b->engine.n_held);
    assert_true(b->engine.n_held > 0);
    poll_all(b);
    end(b);
}

/* To hand a lone problem to another thread takes longer than its answers. */
static void with_one_problem_at_a_time_the_engine_is_not_told_to_begin(void **state) {
    (void)state;
    bench *b = alone(table());
    assert_int_equal(b->n_outcomes, PROBLEMS);
    assert_int_equal(b->engine.begun, 0);
    end(b);
}

static void sessions_of_different_methods_share_a_solver(void **state) {
    (void)state;
    bench *b = bench_of(table());
    ps_config *other = config_of("method", "best_of_n", "generation.temperature", "1.3", "system.seed", "9",
                                 "generation.stop_tokens", "[\"2\"]", "evaluation.save_particles", "true", NULL);
    ps_session *session = NULL;
    ps_outcome *expected = NULL, *mine = NULL;
    assert_ok(ps_session_create(other, b->models, NULL, &session, err));
    ps_solver_free(b->solver); /* models have one at a time */
    assert_ok(ps_solve(other, b->models, &b->problems[1], NULL, &expected, err));
    assert_ok(ps_solve(b->config, b->models, &b->problems[0], NULL, &mine, err));
    assert_ok(ps_solver_create(b->models, &b->solver, err));
    ps_config_free(other); /* a session keeps nothing of its configuration */
    submit(b, 0, false);
    assert_ok(ps_solver_submit(b->solver, &(ps_solve_request){session, &b->problems[1], .tag = 1}, err));
    ps_session_release(session); /* the solver has a reference of its own */
    poll_all(b);
    assert_string_equal(b->outcomes[1]->method, "best_of_n");
    check_same(b->outcomes[1], expected);
    check_same(b->outcomes[0], mine);
    ps_outcome_free(expected);
    ps_outcome_free(mine);
    end(b);
}

/* … is that of a session made for it, whatever the method draws. */
static void a_problem_with_a_seed_of_its_own(void **state) {
    (void)state;
    static const char *const methods[] = {"persistent", "particle_gibbs", "power_mcmc", "majority"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        bench *b = bench_of(config_of("method", methods[i], "evaluation.save_particles", "true", NULL));
        ps_config *seeded =
            config_of("method", methods[i], "evaluation.save_particles", "true", "system.seed", "9", NULL);
        ps_outcome *expected = NULL;
        uint64_t seed = 9;
        ps_solver_free(b->solver);
        assert_ok(ps_solve(seeded, b->models, &b->problems[1], NULL, &expected, err));
        assert_ok(ps_solver_create(b->models, &b->solver, err));
        assert_ok(ps_solver_submit(b->solver, &(ps_solve_request){b->session, &b->problems[1], .tag = 1, .seed = &seed},
                                   err));
        seed = 0; /* it has been read */
        submit(b, 0, false);
        poll_all(b);
        assert_int_equal(b->outcomes[1]->seed, 9);
        assert_int_equal(b->outcomes[0]->seed, 42);
        check_same(b->outcomes[1], expected);
        ps_outcome_free(expected);
        ps_config_free(seeded);
        end(b);
    }
}

static void a_session_over_other_models_is_refused(void **state) {
    (void)state;
    bench *a = bench_of(table()), *b = bench_of(table());
    ps_error err;
    ps_solve_request request = {a->session, &a->problems[0], .tag = 0};
    assert_int_equal(ps_solver_submit(b->solver, &request, &err), PS_ARG);
    check_contains(err.message, "other models");
    end(a);
    end(b);
}

static void a_prompt_that_does_not_fit_is_an_outcome_of_its_problem(void **state) {
    (void)state;
    bench *b = bench_of(config_of("models.generator.max_model_len", "40", "prompt.template", "{question}", NULL));
    b->problems[1].text = "a question of more than forty tokens, each a byte";
    submit(b, 0, false);
    submit(b, 1, false);
    poll_all(b);
    assert_int_equal(b->outcomes[0]->status, PS_OK);
    assert_int_equal(b->outcomes[1]->status, PS_BUDGET);
    check_contains(b->outcomes[1]->error, "40");
    end(b);
}

static void outcomes_outlive_the_solver(void **state) {
    (void)state;
    bench *b = alone(table());
    ps_solver_free(b->solver);
    b->solver = NULL;
    ps_session_release(b->session);
    b->session = NULL;
    for (size_t i = 0; i < PROBLEMS; i++) {
        char *line = line_of(b->outcomes[i]);
        check_contains(line, "\"method\": \"persistent\"");
        free(line);
    }
    end(b);
}

/* ---- What a problem brings along ----------------------------------------- */

/* A line's end ends a step of the table; as a stop of the problem it ends the answer, and is cut. */
static void a_problem_has_stops_of_its_own(void **state) {
    (void)state;
    static const char *const stops[] = {"\n", "never"};
    bench *expected = alone(table()), *b = bench_of(table());
    b->problems[0].stops = stops;
    b->problems[0].n_stops = 2;
    submit(b, 0, false);
    submit(b, 1, false);
    poll_all(b);
    assert_true(strcmp(b->outcomes[0]->response, "so") == 0 || strcmp(b->outcomes[0]->response, "or") == 0);
    assert_false(b->outcomes[0]->truncated);
    check_same(b->outcomes[1], expected->outcomes[1]);
    end(b);
    end(expected);
}

static void a_limit_in_tokens_ends_a_search_with_what_is_there(void **state) {
    (void)state;
    bench *expected = alone(table()), *b = bench_of(table());
    uint64_t whole = expected->outcomes[0]->tokens.generated;
    for (size_t i = 0; i < 2; i++) { /* half of what it takes, and more than that */
        ps_solve_request request = {b->session, &b->problems[0], .tag = i,
                                    .max_tokens = i == 0 ? whole / 2 : 2 * whole};
        assert_ok(ps_solver_submit(b->solver, &request, err));
    }
    poll_all(b);
    assert_int_equal(b->outcomes[0]->status, PS_OK);
    assert_true(b->outcomes[0]->tokens.generated >= whole / 2 && b->outcomes[0]->tokens.generated < whole);
    assert_string_not_equal(b->outcomes[0]->response, "");
    check_same(b->outcomes[1], expected->outcomes[0]);
    end(b);
    end(expected);
}

static void every_answer_of_an_outcome_has_its_text(void **state) {
    (void)state;
    bench *b = alone(table());
    const ps_outcome *o = b->outcomes[0];
    char *text = NULL;
    size_t tokens = 0;
    assert_ok(ps_outcome_text(o, o->predictions[o->select].snapshot, &text, &tokens, err));
    assert_string_equal(text, o->response);
    assert_true(tokens > 0);
    ps_free(text);
    for (size_t i = 0; i < o->n_classes; i++) {
        assert_ok(ps_outcome_text(o, o->classes[i].snapshot, &text, NULL, err));
        assert_non_null(strstr(text, o->classes[i].answer));
        ps_free(text);
    }
    assert_ok(ps_outcome_text(o, 0, &text, &tokens, err));
    assert_string_equal(text, "");
    assert_int_equal(tokens, 0);
    ps_free(text);
    assert_int_equal(ps_outcome_text(o, 1000000, &text, &tokens, NULL), PS_ARG);
    end(b);
}

/* ---- Progress ------------------------------------------------------------ */

static void progress_comes_where_it_was_asked_for_and_changes_nothing(void **state) {
    (void)state;
    bench *expected = alone(table()), *b = bench_of(table());
    submit(b, 0, true);
    submit(b, 1, false);
    poll_all(b);
    assert_int_equal(b->n_steps[0], b->outcomes[0]->report.n_iterations);
    assert_int_equal(b->n_steps[1], 0);
    check_same(b->outcomes[0], expected->outcomes[0]);
    check_same(b->outcomes[1], expected->outcomes[1]);
    end(b);
    end(expected);
}

/* ---- Waiting and waking -------------------------------------------------- */

/* A reward model that never has an answer: it waits, is woken and cancels. */
typedef struct mute_prm {
    ps_prm base;
    pthread_mutex_t mutex;
    pthread_cond_t called;
    bool woken;
    size_t n_under_way;
    uint64_t tags[64];
    bool dropped[64];
    ps_prm_event events[64];
} mute_prm;

static ps_status mute_root(ps_prm *prm, const char *question, ps_prm_node *node, ps_error *err) {
    (void)prm, (void)question, (void)err;
    *node = 1;
    return PS_OK;
}
static void mute_release(ps_prm *prm, ps_prm_node node) {
    (void)prm, (void)node;
}
static ps_status mute_submit(ps_prm *prm, const ps_prm_request *request, ps_error *err) {
    mute_prm *m = (mute_prm *)prm;
    (void)err;
    assert_true(m->n_under_way < 64);
    m->dropped[m->n_under_way] = false;
    m->tags[m->n_under_way++] = request->tag;
    return PS_OK;
}
static void mute_cancel(ps_prm *prm, uint64_t tag) {
    mute_prm *m = (mute_prm *)prm;
    for (size_t i = 0; i < m->n_under_way; i++)
        m->dropped[i] = m->dropped[i] || m->tags[i] == tag;
}
static void mute_wake(ps_prm *prm) {
    mute_prm *m = (mute_prm *)prm;
    pthread_mutex_lock(&m->mutex);
    m->woken = true;
    pthread_cond_signal(&m->called);
    pthread_mutex_unlock(&m->mutex);
}
static ps_status mute_poll(ps_prm *prm, double seconds, const ps_prm_event **events, size_t *n, ps_error *err) {
    mute_prm *m = (mute_prm *)prm;
    size_t kept = 0;
    (void)err;
    *n = 0;
    for (size_t i = 0; i < m->n_under_way; i++) {
        if (m->dropped[i])
            m->events[(*n)++] = (ps_prm_event){.tag = m->tags[i], .status = PS_CANCELLED, .message = "cancelled"};
        else
            m->tags[kept++] = m->tags[i];
    }
    m->n_under_way = kept;
    memset(m->dropped, 0, sizeof m->dropped);
    *events = m->events;
    if (*n > 0 || seconds == 0) return PS_OK;
    assert_true(isinf(seconds)); /* the tests below have no other limit */
    pthread_mutex_lock(&m->mutex);
    while (!m->woken)
        pthread_cond_wait(&m->called, &m->mutex);
    m->woken = false;
    pthread_mutex_unlock(&m->mutex);
    return PS_OK;
}
static bool mute_on_ready(ps_prm *prm, void (*ready)(void *user), void *user) {
    (void)prm, (void)ready, (void)user;
    return true;
}
static const ps_prm_ops mute_ops = {.kind = "mute",
                                    .root = mute_root,
                                    .release = mute_release,
                                    .submit = mute_submit,
                                    .poll = mute_poll,
                                    .cancel = mute_cancel,
                                    .on_ready = mute_on_ready,
                                    .wake = mute_wake};

static void *wake_soon(void *solver) {
    struct timespec moment = {.tv_nsec = 20000000};
    nanosleep(&moment, NULL); /* most likely it waits by now; if not, the wake holds for the next poll */
    ps_solver_wake(solver);
    return NULL;
}

/* A poll without a limit that brings nothing comes back when another thread wakes it. Without that, this would not end.
 */
static void check_wakes(bench *b) {
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, wake_soon, b->solver), 0);
    assert_int_equal(poll(b, INFINITY), 0);
    pthread_join(thread, NULL);
    poll(b, 0);                /* a wake that came twice, by way of the engine */
    ps_solver_wake(b->solver); /* when nobody waits, the next poll does not wait */
    assert_int_equal(poll(b, INFINITY), 0);
}

static void a_wake_ends_a_poll_that_has_nothing_to_do(void **state) {
    (void)state;
    bench *b = bench_of(table());
    check_wakes(b);
    end(b);
}

static void a_wake_ends_a_poll_that_waits_for_the_engine(void **state) {
    (void)state;
    bench *b = bench_of(table());
    b->engine.pace = 0;
    submit(b, 0, false);
    check_wakes(b);
    end(b);
}

static void a_wake_ends_a_poll_that_waits_for_the_reward_model_or_both(void **state) {
    (void)state;
    for (int both = 0; both < 2; both++) {
        bench *b = bench_of(config_of("models.prm.enabled", "true", "generation.n_particles", "4", NULL));
        mute_prm mute = {.base = {&mute_ops}};
        ps_prm *real = b->models->prm;
        pthread_mutex_init(&mute.mutex, NULL);
        pthread_cond_init(&mute.called, NULL);
        ps_solver_free(b->solver);
        ps_session_release(b->session);
        b->models->prm = &mute.base;
        assert_ok(ps_session_create(b->config, b->models, NULL, &b->session, err));
        assert_ok(ps_solver_create(b->models, &b->solver, err));
        submit(b, 0, false);
        poll(b, 0);
        assert_int_equal(mute.n_under_way, 4);
        b->engine.pace = 0;
        if (both) submit(b, 1, false);
        assert_int_equal(b->engine.n_held, both ? 4 : 0);
        check_wakes(b);
        ps_solver_free(b->solver); /* gives up rewards that would never come */
        b->solver = NULL;
        b->models->prm = real;
        end(b);
        pthread_cond_destroy(&mute.called);
        pthread_mutex_destroy(&mute.mutex);
    }
}

static void a_poll_takes_no_longer_than_it_may(void **state) {
    (void)state;
    bench *b = bench_of(table());
    b->engine.pace = 0;
    for (int idle = 0; idle < 2; idle++) {
        double started = ps_now();
        assert_int_equal(poll(b, 0.03), 0);
        double took = ps_now() - started;
        assert_true(took >= 0.025 && took < 5);
        submit(b, (size_t)idle, false);
    }
    end(b);
}

/* ---- Giving up ----------------------------------------------------------- */

static void a_cancelled_problem_is_gone_with_the_next_poll(void **state) {
    (void)state;
    bench *b = bench_of(table());
    submit(b, 0, false);
    submit(b, 1, false);
    poll(b, 0);
    poll(b, 0);
    b->engine.pace = 0; /* from here on nothing comes by itself */
    size_t held = b->engine.n_held, mine = 0;
    for (size_t i = 0; i < held; i++)
        mine += b->engine.held[i].key.problem == 0;
    assert_true(mine > 0 && mine < held);
    ps_solver_cancel(b->solver, 0);
    ps_solver_cancel(b->solver, 0); /* a second time changes nothing */
    ps_solver_cancel(b->solver, 77);
    assert_int_equal(b->engine.cancelled, mine);
    assert_int_equal(b->engine.n_held, held - mine);
    poll(b, INFINITY);
    assert_int_equal(ps_solver_running(b->solver), 1);
    poll(b, INFINITY);
    assert_int_equal(b->n_outcomes, 1);
    assert_int_equal(b->outcomes[0]->status, PS_CANCELLED);
    assert_string_equal(b->outcomes[0]->error, "cancelled");
    for (size_t i = 0; i < b->outcomes[0]->task->n_nodes; i++)
        assert_int_equal(b->outcomes[0]->task->nodes[i].node, 0);
    end(b); /* and the other is given up here */
}

/* At every moment of its life, with and without a reward model. */
static void a_cancelled_problem_changes_no_token_of_the_others(void **state) {
    (void)state;
    for (int rewards = 0; rewards < 2; rewards++) {
        bench *expected = alone(rewards ? with_rewards() : table());
        size_t cancelled = 0;
        for (size_t moment = 0; moment < 24; moment++) {
            bench *b = bench_of(rewards ? with_rewards() : table());
            b->engine.pace = 5;
            for (size_t i = 0; i < 3; i++)
                submit(b, i, i == 1);
            for (size_t i = 0; i < moment; i++)
                poll(b, 0);
            ps_solver_cancel(b->solver, 1);
            poll_all(b);
            assert_int_equal(b->n_outcomes, 3);
            check_same(b->outcomes[0], expected->outcomes[0]);
            check_same(b->outcomes[2], expected->outcomes[2]);
            cancelled += b->outcomes[1]->status == PS_CANCELLED;
            if (b->outcomes[1]->status == PS_OK) check_same(b->outcomes[1], expected->outcomes[1]);
            end(b);
        }
        assert_true(cancelled > 8);
        end(expected);
    }
}

static void freeing_the_solver_gives_up_what_is_under_way(void **state) {
    (void)state;
    for (int rewards = 0; rewards < 2; rewards++)
        for (size_t moment = 0; moment < 12; moment++) {
            bench *b = bench_of(rewards ? with_rewards() : table());
            b->engine.pace = 5;
            for (size_t i = 0; i < 3; i++)
                submit(b, i, true);
            for (size_t i = 0; i < moment; i++)
                poll(b, 0);
            b->engine.pace = 0; /* what is not cancelled would be waited for without end */
            end(b);
        }
}

/* ---- Faults -------------------------------------------------------------- */

static void what_was_finished_comes_before_the_engine_is_lost(void **state) {
    (void)state;
    ps_models *models = NULL;
    ps_session *session = NULL;
    ps_solver *solver = NULL;
    faulty_engine engine;
    ps_config *config = config_of("generation.max_steps", "1", NULL);
    const ps_problem problem = {.text = "which?"};
    const ps_solver_event *events = NULL;
    size_t n = 0;
    ps_error err;
    check_ok(ps_models_open(config, NULL, &models, &err));
    faulty_engine_init(&engine, models->engine);
    engine.lost_at = 2;
    models->engine = &engine.base;
    check_ok(ps_session_create(config, models, NULL, &session, &err));
    check_ok(ps_solver_create(models, &solver, &err));
    check_ok(ps_solver_submit(solver, &(ps_solve_request){session, &problem, .tag = 0}, &err));
    check_ok(ps_solver_poll(solver, INFINITY, &events, &n, &err));
    check_ok(ps_solver_submit(solver, &(ps_solve_request){session, &problem, .tag = 1}, &err));
    check_ok(ps_solver_poll(solver, INFINITY, &events, &n, &err));
    assert_int_equal(n, 1);
    assert_int_equal(events[0].tag, 0);
    ps_outcome_free(events[0].outcome);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(ps_solver_poll(solver, INFINITY, &events, &n, &err), PS_ENGINE);
        assert_string_equal(err.message, "the engine is lost");
    }
    assert_int_equal(ps_solver_submit(solver, &(ps_solve_request){session, &problem, .tag = 2}, &err), PS_ENGINE);
    ps_solver_free(solver);
    ps_session_release(session);
    models->engine = engine.inner;
    ps_models_free(models);
    ps_engine_free(&engine.base);
    ps_config_free(config);
}

/* Two problems, one of them cancelled, when any one allocation fails. */
static ps_status work_with_little_memory(ps_models *models, ps_config *config, ps_error *err) {
    static const ps_problem problems[2] = {{.index = 0, .text = "which?"}, {.index = 1, .text = "which?"}};
    ps_session *session = NULL;
    ps_solver *solver = NULL;
    ps_status status = ps_session_create(config, models, NULL, &session, err);
    if (status == PS_OK) status = ps_solver_create(models, &solver, err);
    for (size_t i = 0; i < 2 && status == PS_OK; i++)
        status = ps_solver_submit(solver, &(ps_solve_request){session, &problems[i], i, .progress = true}, err);
    for (size_t polls = 0; status == PS_OK && ps_solver_pending(solver) > 0; polls++) {
        const ps_solver_event *events = NULL;
        size_t n = 0;
        if (polls == 3) ps_solver_cancel(solver, 1);
        status = ps_solver_poll(solver, 0, &events, &n, err);
        for (size_t i = 0; i < n && status == PS_OK; i++)
            ps_outcome_free(events[i].outcome);
    }
    ps_solver_free(solver);
    ps_session_release(session);
    return status;
}

static void failing_allocations_leak_nothing(void **state) {
    (void)state;
    ps_config *config = config_of("models.prm.enabled", "true", "generation.n_particles", "3", "generation.max_steps",
                                  "4", "prompt.template", "{question}", NULL);
    ps_models *models = NULL;
    ps_status status = PS_NOMEM;
    size_t fail_at = 1;
    for (; status != PS_OK; fail_at++) {
        failing_allocator allocator;
        ps_error err = {0};
        failing_install(&allocator, fail_at);
        status = ps_models_open(config, NULL, &models, &err);
        if (status == PS_OK) status = work_with_little_memory(models, config, &err);
        bool all = allocator.calls < fail_at;
        ps_models_free(models);
        models = NULL;
        failing_remove();
        if (allocator.alive != 0) fail_msg("%zu blocks left when allocation %zu failed", allocator.alive, fail_at);
        if (status != PS_OK && status != PS_NOMEM) fail_msg("%s at allocation %zu", err.message, fail_at);
        if (status == PS_OK && !all) status = PS_NOMEM; /* a failure that was got over: go on */
    }
    assert_true(fail_at > 100);
    ps_config_free(config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_problem_that_comes_late_joins_the_running_batch),
        cmocka_unit_test(the_next_problem_is_begun_before_the_answers_are_read),
        cmocka_unit_test(with_one_problem_at_a_time_the_engine_is_not_told_to_begin),
        cmocka_unit_test(sessions_of_different_methods_share_a_solver),
        cmocka_unit_test(a_problem_with_a_seed_of_its_own),
        cmocka_unit_test(a_session_over_other_models_is_refused),
        cmocka_unit_test(a_prompt_that_does_not_fit_is_an_outcome_of_its_problem),
        cmocka_unit_test(outcomes_outlive_the_solver),
        cmocka_unit_test(a_problem_has_stops_of_its_own),
        cmocka_unit_test(a_limit_in_tokens_ends_a_search_with_what_is_there),
        cmocka_unit_test(every_answer_of_an_outcome_has_its_text),
        cmocka_unit_test(progress_comes_where_it_was_asked_for_and_changes_nothing),
        cmocka_unit_test(a_wake_ends_a_poll_that_has_nothing_to_do),
        cmocka_unit_test(a_wake_ends_a_poll_that_waits_for_the_engine),
        cmocka_unit_test(a_wake_ends_a_poll_that_waits_for_the_reward_model_or_both),
        cmocka_unit_test(a_poll_takes_no_longer_than_it_may),
        cmocka_unit_test(a_cancelled_problem_is_gone_with_the_next_poll),
        cmocka_unit_test(a_cancelled_problem_changes_no_token_of_the_others),
        cmocka_unit_test(freeing_the_solver_gives_up_what_is_under_way),
        cmocka_unit_test(what_was_finished_comes_before_the_engine_is_lost),
        cmocka_unit_test(failing_allocations_leak_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
