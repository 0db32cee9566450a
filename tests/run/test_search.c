/* Problems solved on the toy engine: alone and side by side, when requests fail, when the run is stopped, when memory
 * runs out. */
#include "engine/toy/toy.h"
#include "run/models.h"
#include "run/support.h"
#include "run/task.h"
#include "support/failing_allocator.h"
#include "support/faulty_engine.h"

#include <jansson.h>

enum { PROBLEMS = 12 };

/* ---- A run of some problems ---------------------------------------------- */

typedef struct some {
    ps_config *config;
    ps_models *models;
    ps_session *session;
    faulty_engine engine;
    ps_problem problems[PROBLEMS];
    size_t next;
    char *lines[PROBLEMS]; /* the outcomes as JSON without their timing */
    size_t n_lines;
    size_t asked, cancel_after; /* questions whether to stop; 0: never */
} some;

/* The steps' texts make the whole text, for every snapshot of the tree. */
static void check_texts(ps_task *task) {
    for (uint32_t i = 1; i < task->n_nodes; i++) {
        const ps_task_node *node = &task->nodes[i];
        const char *whole = ps_task_text(task, i), *parent = ps_task_text(task, node->parent);
        size_t length = strlen(parent);
        assert_int_equal(strlen(whole), length + node->length);
        assert_memory_equal(whole, parent, length);
        assert_string_equal(whole + length, node->text);
        assert_int_equal(node->node, 0); /* let go of */
    }
}

static void finished(some *s, ps_outcome *outcome) {
    char *text = NULL;
    assert_ok(ps_outcome_json(outcome, true, &text, err));
    json_t *line = json_loads(text, 0, NULL);
    json_object_del(line, "timing");
    assert_null(s->lines[outcome->problem->index]); /* each once */
    s->lines[outcome->problem->index] = json_dumps(line, JSON_SORT_KEYS);
    s->n_lines++;
    json_decref(line);
    ps_free(text);
    check_texts(outcome->task);
    ps_outcome_free(outcome);
}

static some *prepare(ps_config *config) {
    some *s = calloc(1, sizeof *s);
    s->config = config;
    assert_ok(ps_models_open(config, NULL, &s->models, err));
    faulty_engine_init(&s->engine, ps_models_engine(s->models));
    s->models->engine = &s->engine.base;
    assert_ok(ps_session_create(config, s->models, NULL, &s->session, err));
    for (size_t i = 0; i < PROBLEMS; i++)
        s->problems[i] = (ps_problem){.index = i, .text = "which?", .answer = i % 2 ? "1" : "2"};
    return s;
}

static ps_status run(some *s, size_t parallel, ps_error *err) {
    ps_solver *solver = NULL;
    check_ok(ps_solver_create(s->models, &solver, err));
    ps_status status = PS_OK;
    while (status == PS_OK) {
        const ps_solver_event *events = NULL;
        size_t n = 0;
        for (; s->next < PROBLEMS && ps_solver_running(solver) < parallel; s->next++)
            check_ok(ps_solver_submit(
                solver, &(ps_solve_request){s->session, &s->problems[s->next], s->next, .progress = false}, err));
        if (++s->asked == s->cancel_after) status = PS_CANCELLED;
        if (status != PS_OK || ps_solver_pending(solver) == 0) break;
        status = ps_solver_poll(solver, s->cancel_after > 0 ? 0 : INFINITY, &events, &n, err);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(events[i].tag, events[i].outcome->problem->index);
            finished(s, events[i].outcome);
        }
    }
    ps_solver_free(solver);
    return status;
}

/* A run that ends as it should. */
static ps_status run_clean(some *s, size_t parallel, ps_error *err) {
    ps_status status = run(s, parallel, err);
    assert_int_equal(ps_toy_living_nodes(s->engine.inner), 0); /* nothing of it is left in the engine */
    return status;
}

static void forget(some *s) {
    for (size_t i = 0; i < PROBLEMS; i++) {
        free(s->lines[i]);
        s->lines[i] = NULL;
    }
    s->n_lines = s->next = s->asked = s->cancel_after = 0;
}

static void end(some *s) {
    forget(s);
    ps_session_release(s->session);
    s->models->engine = s->engine.inner;
    ps_models_free(s->models);
    ps_config_free(s->config);
    ps_engine_free(&s->engine.base);
    free(s);
}

static ps_config *configured(int kind) {
    switch (kind) {
    case 0: return config_of("evaluation.save_particles", "true", NULL);
    case 1:
        return config_of("engine.toy.kind", "synthetic", "models.prm.enabled", "true", "scoring.type", "prm_reward",
                         NULL);
    case 2: return config_of("method", "best_of_n", "ps.budget.max_tokens", "200", NULL);
    default: return config_of("models.prm.enabled", "true", "ps.refill", "true", "ps.resample.policy", "ess", NULL);
    }
}

/* ---- Tests --------------------------------------------------------------- */

static void problems_side_by_side_come_to_what_each_comes_to_alone(void **state) {
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        some *one = prepare(configured(kind)), *many = prepare(configured(kind));
        ps_error err;
        check_ok(run_clean(one, 1, &err));
        assert_int_equal(one->n_lines, PROBLEMS);
        for (size_t parallel = 2; parallel <= 32; parallel *= 4) {
            check_ok(run_clean(many, parallel, &err));
            assert_int_equal(many->n_lines, PROBLEMS);
            for (size_t i = 0; i < PROBLEMS; i++)
                assert_string_equal(one->lines[i], many->lines[i]);
            forget(many);
        }
        size_t different = 0; /* problems have random numbers of their own */
        for (size_t i = 2; i < PROBLEMS; i += 2)
            different += strstr(one->lines[i], strstr(one->lines[0], "\"particles\"")) == NULL;
        assert_true(different > 3);
        end(one);
        end(many);
    }
}

static void a_failed_request_fails_its_problem_only(void **state) {
    (void)state;
    for (int way = 0; way < 4; way++) {
        some *good = prepare(configured(0)), *bad = prepare(configured(0));
        ps_error err;
        bad->engine.problem = 5;
        bad->engine.child = way < 2 ? 3 : 11;
        bad->engine.at_submission = way % 2;
        check_ok(run_clean(good, 4, &err));
        check_ok(run_clean(bad, 4, &err));
        for (size_t i = 0; i < PROBLEMS; i++)
            if (i != 5) assert_string_equal(good->lines[i], bad->lines[i]);
        check_contains(bad->lines[5], way % 2 ? "\"error\": \"refused\"" : "\"error\": \"broken off\"");
        check_contains(bad->lines[5], "\"correct\": false");
        end(good);
        end(bad);
    }
}

static void a_lost_engine_ends_the_run(void **state) {
    (void)state;
    for (size_t after = 1; after < 14; after += 3) {
        some *s = prepare(configured(0));
        ps_error err;
        s->engine.lost_at = after;
        assert_int_equal(run(s, 3, &err), PS_ENGINE);
        assert_string_equal(err.message, "the engine is lost");
        end(s);
    }
}

static void a_cancelled_run_drains_and_can_be_repeated(void **state) {
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        some *whole = prepare(configured(kind)), *s = prepare(configured(kind));
        ps_error err;
        check_ok(run_clean(whole, 3, &err));
        for (size_t after = 1; after < 20; after += 3) {
            s->cancel_after = after;
            assert_int_equal(run_clean(s, 3, &err), PS_CANCELLED);
            assert_true(s->n_lines < PROBLEMS);
            for (size_t i = 0; i < PROBLEMS; i++) /* what was finished is right */
                if (s->lines[i] != NULL) assert_string_equal(s->lines[i], whole->lines[i]);
            forget(s);
        }
        check_ok(run_clean(s, 3, &err));
        for (size_t i = 0; i < PROBLEMS; i++)
            assert_string_equal(s->lines[i], whole->lines[i]);
        end(whole);
        end(s);
    }
}

static void a_prompt_that_does_not_fit_fails_its_problem_only(void **state) {
    (void)state;
    some *s = prepare(config_of("models.generator.max_model_len", "40", "prompt.template", "{question}", NULL));
    ps_error err;
    s->problems[4].text = "a question of more than forty tokens, each a byte";
    check_ok(run_clean(s, 3, &err));
    assert_int_equal(s->n_lines, PROBLEMS);
    check_contains(s->lines[4], "\"error\": \"");
    check_contains(s->lines[4], "40");
    check_contains(s->lines[4], "\"final_ess\": null");
    check_contains(s->lines[3], "\"error\": null");
    end(s);
}

/* A context that is full in the middle of an answer cuts it off; with refill and a budget of tokens it ends too. */
static void a_context_that_is_full_cuts_the_answer_off(void **state) {
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        some *s = prepare(config_of("models.generator.max_model_len", "16", "prompt.template", "{question}",
                                    "ps.budget.max_tokens", "500", "method", kind ? "best_of_n" : "persistent",
                                    "ps.refill", "true", NULL));
        ps_error err;
        for (size_t i = 0; i < PROBLEMS; i++)
            s->problems[i].text = "?";
        check_ok(run_clean(s, 2, &err));
        assert_int_equal(s->n_lines, PROBLEMS);
        for (size_t i = 0; i < PROBLEMS; i++)
            check_contains(s->lines[i], "\"error\": null");
        end(s);
    }
}

/* Each limit by itself: it cuts all of them off, and what it is called. */
static void a_particle_that_is_cut_off_says_by_which_limit(void **state) {
    (void)state;
    static const struct {
        const char *method, *key, *value;
        ps_ending ending;
    } limits[] = {
        {"persistent", "generation.max_steps", "1", PS_ENDING_STEPS},
        {"beam", "generation.max_steps", "1", PS_ENDING_STEPS},
        {"majority", "generation.max_answer_tokens", "1", PS_ENDING_ANSWER_TOKENS},
        {"persistent", "generation.max_answer_tokens", "1", PS_ENDING_ANSWER_TOKENS},
        {"persistent", "models.generator.max_model_len", "16", PS_ENDING_CONTEXT},
        {"majority", "ps.budget.max_tokens", "1", PS_ENDING_BUDGET},
        {"persistent", "ps.budget.max_tokens", "1", PS_ENDING_BUDGET},
        {"persistent", "ps.budget.max_iterations", "1", PS_ENDING_BUDGET},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        const char *prompt = limits[i].ending == PS_ENDING_CONTEXT ? "fourteen bytes" : "{question}";
        ps_config *c = config_of("method", limits[i].method, "prompt.template", "{question}", limits[i].key,
                                 limits[i].value, "generation.min_tokens_per_step", "1", NULL);
        const ps_problem problem = {.text = prompt};
        ps_models *models;
        ps_error err;
        ps_outcome *o = NULL;
        ps_text words = {0};
        check_ok(ps_models_open(c, NULL, &models, &err));
        check_ok(ps_solve(c, models, &problem, NULL, &o, &err));
        if (!o->truncated) fail_msg("limit %zu cut nothing off", i);
        for (size_t e = 0; e < PS_ENDINGS; e++)
            if (o->endings[e] != (e == limits[i].ending ? 8 : 0))
                fail_msg("limit %zu: %zu particles are %s", i, o->endings[e], ps_ending_name(e));
        ps_endings_words(o->endings, &words);
        check_contains(ps_text_cstr(&words), "8 of 8 particles were cut off by ");
        check_contains(ps_text_cstr(&words), ps_ending_key(limits[i].ending));
        ps_text_clear(&words);
        ps_outcome_free(o);
        ps_models_free(models);
        ps_config_free(c);
    }
}

/* Two steps of thinking, its end, then steps without an end of their own. */
static const char thinker[] =
    "{\"tokens\": [\"let us see\\n\", \"or else\\n\", \"</think>\\n\", \"the first\\n\", \"the next\\n\"], "
    "\"bytes\": true, \"max_tokens\": 40, \"rules\": ["
    "{\"after\": [], \"next\": {\"let us see\\n\": 1}},"
    "{\"after\": [\"let us see\\n\"], \"next\": {\"or else\\n\": 1}},"
    "{\"after\": [\"or else\\n\"], \"next\": {\"</think>\\n\": 1}},"
    "{\"after\": [\"</think>\\n\"], \"next\": {\"the first\\n\": 1}},"
    "{\"after\": [\"the first\\n\"], \"next\": {\"the next\\n\": 1}},"
    "{\"after\": [\"the next\\n\"], \"next\": {\"the next\\n\": 1}}]}";

/* Whatever leads over max_steps: a schedule of classic's, or none. A step that begins in the thinking is one of it. */
static void the_steps_of_thinking_do_not_count_against_max_steps(void **state) {
    (void)state;
    static const struct {
        const char *method, *template, *preset, *response;
    } cases[] = {
        {"persistent", "{question}<think>\n", "recommended",
         "let us see\nor else\n</think>\nthe first\nthe next\nthe next\n"},
        {"persistent", "{question}<think>\n", "classic",
         "let us see\nor else\n</think>\nthe first\nthe next\nthe next\n"},
        {"beam", "{question}<think>\n", "recommended",
         "let us see\nor else\n</think>\nthe first\nthe next\nthe next\n"},
        {"persistent", "{question}\n", "recommended", "let us see\nor else\n"},
    };
    const char *table = write_text("thinker.json", thinker);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_config *c = config_of("engine.toy.table", table, "method", cases[i].method, "preset", cases[i].preset,
                                 "prompt.template", cases[i].template, "generation.max_steps", "2",
                                 "generation.step_boundary", "newline", "generation.min_tokens_per_step", "1", NULL);
        const ps_problem problem = {.text = "which?"};
        ps_models *models;
        ps_error err;
        ps_outcome *o = NULL;
        check_ok(ps_models_open(c, NULL, &models, &err));
        check_ok(ps_solve(c, models, &problem, NULL, &o, &err));
        assert_string_equal(o->response, cases[i].response);
        assert_int_equal(o->endings[PS_ENDING_STEPS], ps_endings_cut(o->endings));
        ps_outcome_free(o);
        ps_models_free(models);
        ps_config_free(c);
    }
}

static const ps_prm_ops *of_the_model;
static size_t asked, ends;

static ps_status listen(ps_prm *prm, const ps_prm_request *request, ps_error *err) {
    asked++;
    ends += request->ends;
    return of_the_model->submit(prm, request, err);
}

/* Also of those that max_steps makes, which the engine knows nothing of. */
static void a_reward_model_is_told_of_every_end(void **state) {
    (void)state;
    for (int cut = 0; cut < 2; cut++) {
        ps_config *c =
            config_of("models.prm.enabled", "true", "generation.max_steps", cut ? "1" : "0", "generation.n_particles",
                      "3", "ps.resample.alpha_schedule", "constant", "generation.min_tokens_per_step", "1", NULL);
        const ps_problem problem = {.text = "which?"};
        ps_models *models;
        ps_error err;
        ps_outcome *o = NULL;
        check_ok(ps_models_open(c, NULL, &models, &err));
        of_the_model = models->prm->ops;
        ps_prm_ops heard = *of_the_model;
        heard.submit = listen;
        models->prm->ops = &heard;
        asked = ends = 0;
        check_ok(ps_solve(c, models, &problem, NULL, &o, &err));
        assert_true(o->truncated == (cut == 1));
        assert_int_equal(ends, o->endings[PS_ENDING_FINISHED] + ps_endings_cut(o->endings));
        assert_true(cut ? asked == ends : asked > ends);
        models->prm->ops = of_the_model;
        ps_outcome_free(o);
        ps_models_free(models);
        ps_config_free(c);
    }
}

/* Enough answers, or none at all: nothing was cut off. */
static void a_search_that_has_enough_cuts_nothing_off(void **state) {
    (void)state;
    ps_config *c = config_of("ps.budget.n_finished", "1", NULL);
    ps_models *models;
    ps_error err;
    check_ok(ps_models_open(c, NULL, &models, &err));
    for (uint64_t i = 0; i < 10; i++) {
        const ps_problem problem = {.index = i, .text = "which?"};
        ps_outcome *o = NULL;
        check_ok(ps_solve(c, models, &problem, NULL, &o, &err));
        assert_true(o->endings[PS_ENDING_FINISHED] >= 1);
        assert_int_equal(ps_endings_cut(o->endings), 0);
        ps_outcome_free(o);
    }
    ps_models_free(models);
    ps_config_free(c);
}

static void without_time_a_problem_ends_without_an_answer(void **state) {
    (void)state;
    some *s = prepare(config_of("ps.budget.max_seconds", "1e-9", NULL));
    ps_error err;
    check_ok(run_clean(s, 2, &err));
    assert_int_equal(s->n_lines, PROBLEMS);
    check_contains(s->lines[0], "\"generated\": 0");
    check_contains(s->lines[0], "\"error\": null");
    end(s);
}

/* ---- ps_solve ------------------------------------------------------------ */

typedef struct seen {
    size_t n, steps, last_iteration;
} seen;

static void see(void *user, const ps_step_view *view) {
    seen *s = user;
    s->n++;
    s->steps += view->n;
    assert_int_equal(view->report.n_iterations, s->n); /* once an iteration */
    for (size_t i = 0; i < view->n; i++) {
        const ps_particle_view *p = &view->particles[i];
        assert_true(p->snapshot > p->parent && p->depth >= 1 && p->text != NULL && !isnan(p->ell));
        if (i > 0) assert_true(p->snapshot > view->particles[i - 1].snapshot);
    }
}

static void solve_shows_every_iteration(void **state) {
    (void)state;
    ps_config *c = config_of(NULL);
    ps_models *models;
    ps_error err;
    ps_outcome *o = NULL;
    ps_problem problem = {.text = "which?"};
    seen view = {0};
    ps_observer observer = {.user = &view, .step = see};
    check_ok(ps_models_open(c, NULL, &models, &err));
    check_ok(ps_solve(c, models, &problem, &observer, &o, &err));
    assert_int_equal(view.n, o->report.n_iterations);
    assert_int_equal(view.steps, o->report.snapshots);
    ps_outcome_free(o);
    ps_models_free(models);
    ps_config_free(c);
}

static void solve_passes_a_failure_on(void **state) {
    (void)state;
    ps_config *c = config_of("models.generator.max_model_len", "16", NULL);
    ps_models *models;
    ps_error err;
    ps_outcome *o = NULL;
    ps_problem problem = {.text = "a question of more than sixteen bytes"};
    check_ok(ps_models_open(c, NULL, &models, &err));
    assert_int_equal(ps_solve(c, models, &problem, NULL, &o, &err), PS_BUDGET);
    check_contains(err.message, "16");
    assert_null(o);
    ps_models_free(models);
    ps_config_free(c);
}

/* Every allocation fails once; nothing is left, nothing hangs. */
static void failing_allocations_leak_nothing(void **state) {
    (void)state;
    ps_config *c =
        config_of("models.prm.enabled", "true", "generation.n_particles", "3", "generation.max_steps", "4", NULL);
    ps_problem problem = {.text = "which?", .answer = "1"};
    ps_status status = PS_NOMEM;
    size_t tries = 0;
    for (size_t fail_at = 1; status != PS_OK; fail_at++, tries++) {
        failing_allocator allocator;
        ps_models *models = NULL;
        ps_outcome *o = NULL;
        ps_error err = {0};
        failing_install(&allocator, fail_at);
        status = ps_models_open(c, NULL, &models, &err);
        if (status == PS_OK) status = ps_solve(c, models, &problem, NULL, &o, &err);
        bool all = allocator.calls < fail_at;
        ps_outcome_free(o);
        ps_models_free(models);
        failing_remove();
        if (allocator.alive != 0) fail_msg("%zu blocks left when allocation %zu failed", allocator.alive, fail_at);
        if (status != PS_OK && status != PS_NOMEM)
            fail_msg("status %d (%s) at allocation %zu", status, err.message, fail_at);
        if (status == PS_OK && !all) status = PS_NOMEM; /* a failure that was got over: go on */
        assert_true(tries < 100000);
    }
    assert_true(tries > 50);
    ps_config_free(c);
}

/* What a problem keeps of an answer of so many steps, a brace in each. */
static size_t kept_of(int steps) {
    char table[512];
    snprintf(table, sizeof table,
             "{\"tokens\": [\"so } x = 1\", \"\\n\"], \"bytes\": true, \"max_tokens\": %d, \"rules\": ["
             "{\"after\": [], \"next\": {\"so } x = 1\": 1}}, {\"after\": [\"so } x = 1\"], \"next\": {\"\\n\": 1}},"
             "{\"after\": [\"\\n\"], \"next\": {\"so } x = 1\": 1}}]}",
             2 * steps);
    ps_config *config = config_of("engine.toy.table", write_text("braces.json", table), "method", "particle_filter",
                                  "generation.n_particles", "2", "generation.max_steps", "0",
                                  "generation.step_boundary", "newline", NULL);
    ps_models *models = NULL;
    ps_session *session = NULL;
    ps_solver *solver = NULL;
    const ps_solver_event *events;
    const ps_problem problem = {.text = "?"};
    size_t n = 0;
    assert_ok(ps_models_open(config, NULL, &models, err));
    assert_ok(ps_session_create(config, models, NULL, &session, err));
    assert_ok(ps_solver_create(models, &solver, err));
    assert_ok(ps_solver_submit(solver, &(ps_solve_request){.session = session, .problem = &problem}, err));
    while (n == 0)
        assert_ok(ps_solver_poll(solver, INFINITY, &events, &n, err));
    ps_outcome *outcome = events[0].outcome;
    const size_t kept = ps_arena_bytes(outcome->task->arena);
    assert_true(outcome->task->n_nodes > (size_t)steps);
    ps_outcome_free(outcome);
    ps_solver_free(solver);
    ps_session_release(session);
    ps_models_free(models);
    ps_config_free(config);
    return kept;
}

/* An answer is looked at after each step, and no look is kept. */
static void memory_grows_with_the_length_of_an_answer_and_no_faster(void **state) {
    (void)state;
    const size_t brief = kept_of(400), wordy = kept_of(1600);
    if (wordy > 5 * brief) fail_msg("%zu bytes for 400 steps, %zu for 1600", brief, wordy);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(problems_side_by_side_come_to_what_each_comes_to_alone),
        cmocka_unit_test(a_failed_request_fails_its_problem_only),
        cmocka_unit_test(a_lost_engine_ends_the_run),
        cmocka_unit_test(a_cancelled_run_drains_and_can_be_repeated),
        cmocka_unit_test(a_prompt_that_does_not_fit_fails_its_problem_only),
        cmocka_unit_test(a_context_that_is_full_cuts_the_answer_off),
        cmocka_unit_test(a_particle_that_is_cut_off_says_by_which_limit),
        cmocka_unit_test(the_steps_of_thinking_do_not_count_against_max_steps),
        cmocka_unit_test(a_reward_model_is_told_of_every_end),
        cmocka_unit_test(a_search_that_has_enough_cuts_nothing_off),
        cmocka_unit_test(without_time_a_problem_ends_without_an_answer),
        cmocka_unit_test(solve_shows_every_iteration),
        cmocka_unit_test(solve_passes_a_failure_on),
        cmocka_unit_test(failing_allocations_leak_nothing),
        cmocka_unit_test(memory_grows_with_the_length_of_an_answer_and_no_faster),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
