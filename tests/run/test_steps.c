/* A search over steps that were drawn before is the search with the model, to the last bit. */
#include "config/support.h"
#include "persamp/run.h"
#include "support/test.h"

#include <jansson.h>

enum { PROBLEMS = 4 };

static const ps_problem problems[PROBLEMS] = {{.index = 0, .text = "Which?", .answer = "0"},
                                              {.index = 1, .text = "Which?", .answer = "1"},
                                              {.index = 5, .text = "Which?", .answer = "0"},
                                              {.index = 9, .text = "Which?", .answer = "\\frac{1}{2}"}};

static ps_config *world(const char *yaml) {
    ps_config *config = fresh();
    set(config, "engine.type", "toy");
    load(config, yaml);
    return config;
}

/* An outcome without the time and the passes that the model took. */
static char *text_of(const ps_outcome *outcome) {
    char *line = NULL;
    assert_ok(ps_outcome_json(outcome, false, &line, err));
    json_t *object = json_loads(line, 0, NULL), *tokens = json_object_get(object, "tokens");
    json_object_del(object, "timing");
    json_object_del(tokens, "prompt");
    json_object_del(tokens, "prefilled");
    json_object_del(tokens, "shared");
    json_object_del(tokens, "prm");
    ps_free(line);
    line = json_dumps(object, JSON_SORT_KEYS);
    json_decref(object);
    return line;
}

typedef struct bench {
    ps_models *models;
    ps_session *session;
} bench;

static bench open_bench(ps_config *config) {
    bench b = {0};
    assert_ok(ps_config_check(config, NULL, err));
    assert_ok(ps_models_open(config, NULL, &b.models, err));
    assert_ok(ps_session_create(config, b.models, NULL, &b.session, err));
    return b;
}

static void close_bench(bench *b) {
    ps_session_release(b->session);
    ps_models_free(b->models);
}

static ps_outcome *solve(const ps_config *config, ps_models *models, const ps_problem *problem) {
    ps_outcome *outcome = NULL;
    assert_ok(ps_solve(config, models, problem, NULL, &outcome, err));
    return outcome;
}

/* Steps drawn under `first`, read under `then`: the same as with the model, without it. */
static void check_reread(const char *first, const char *then) {
    ps_config *drawn = world(first), *read = world(then);
    bench a = open_bench(drawn), b = open_bench(read);
    for (size_t i = 0; i < PROBLEMS; i++) {
        ps_steps *steps = NULL, *again = NULL;
        ps_text record = {0}, nothing = {0};
        ps_engine_stats before, after;
        ps_outcome *with = solve(drawn, a.models, &problems[i]), *wanted = solve(read, b.models, &problems[i]), *got;
        assert_ok(ps_steps_create(&steps, err));
        assert_ok(ps_steps_create(&again, err));
        assert_ok(ps_steps_add(steps, with, &record, err));
        assert_true(record.length > 0);
        assert_ok(ps_steps_read(again, record.data, err));
        assert_ok(ps_steps_add(again, with, &nothing, err));
        if (nothing.length > 0) fail_msg("a record does not tell all: %.300s", nothing.data);
        ps_engine_get_stats(ps_models_engine(b.models), &before);
        assert_ok(ps_steps_solve(again, b.session, &problems[i], &got, err));
        ps_engine_get_stats(ps_models_engine(b.models), &after);
        assert_int_equal(before.generated, after.generated);
        if (got == NULL) fail_msg("\"%s\" read under \"%s\": a step is not known", first, then);
        ps_steps_free(steps);
        ps_steps_free(again); /* the outcome outlives them */
        char *x = text_of(got), *y = text_of(wanted);
        if (strcmp(x, y) != 0) fail_msg("\"%s\" read under \"%s\":\n%s\nand with the model\n%s", first, then, x, y);
        free(x);
        free(y);
        ps_text_clear(&record);
        ps_text_clear(&nothing);
        ps_outcome_free(with);
        ps_outcome_free(wanted);
        ps_outcome_free(got);
    }
    close_bench(&a);
    close_bench(&b);
    ps_config_free(drawn);
    ps_config_free(read);
}

#define PRM "models: {prm: {enabled: true}}\nengine: {toy: {kind: synthetic}}\n"

static void every_method_gives_the_same_again(void **state) {
    (void)state;
    size_t n;
    const ps_method_ops *const *methods = ps_methods(&n);
    char yaml[256];
    for (size_t i = 0; i < n; i++) {
        snprintf(yaml, sizeof yaml, "method: %s", methods[i]->name);
        check_reread(yaml, yaml);
        snprintf(yaml, sizeof yaml, PRM "scoring: {type: prm_reward}\nmethod: %s", methods[i]->name);
        check_reread(yaml, yaml);
    }
    check_reread("ps: {mode: completions}", "ps: {mode: completions}");
    check_reread("ps: {move: {enabled: true}, weights: lineage}", "ps: {move: {enabled: true}, weights: lineage}");
    check_reread("scoring: {type: self_certainty}", "scoring: {type: self_certainty}");
    check_reread("ps: {budget: {max_tokens: 60}}", "ps: {budget: {max_tokens: 60}}");
}

static void what_only_reads_is_read(void **state) {
    (void)state;
    static const char votes[] = PRM "method: weighted_majority\n";
    static const char *const readings[] = {
        PRM "method: weighted_majority\nweighted_majority: {weights: prm}",
        PRM "method: weighted_majority\nweighted_majority: {weights: logprob}",
        PRM "method: weighted_majority\nscoring: {params: {tau: 0.2}}",
        PRM "method: weighted_majority\nscoring: {length_prior: {type: geometric, weight: 3}}",
        PRM "method: weighted_majority\nscoring: {type: prm_reward, prm: {gamma: 7, transform: log}}",
        PRM "method: best_of_n\nscoring: {type: hybrid_prm_logprob, params: {alpha: 0.9}}",
        PRM "method: majority",
        PRM "method: best_of_n\nevaluation: {extract_answer: last_number, verifier: exact_match}",
    };
    for (size_t i = 0; i < sizeof readings / sizeof *readings; i++)
        check_reread(votes, readings[i]);
    check_reread("method: persistent", "method: persistent\nanswer: {select: majority}");
    check_reread("method: best_of_n\nscoring: {type: self_certainty}", "method: best_of_n\nscoring: {type: entropy}");
    check_reread("scoring: {type: deepconf}", "scoring: {type: deepconf}");
    check_reread("method: best_of_n\nscoring: {type: deepconf}",
                 "method: weighted_majority\nscoring: {type: deepconf, params: {deepconf_window: 3}}");
}

/* Steps of `first` are not all that `then` asks for. */
static void check_unknown(const char *first, const char *then) {
    ps_config *drawn = world(first), *read = world(then);
    bench a = open_bench(drawn), b = open_bench(read);
    ps_steps *steps = NULL;
    ps_text record = {0};
    ps_outcome *with = solve(drawn, a.models, &problems[0]), *got = with;
    assert_ok(ps_steps_create(&steps, err));
    assert_ok(ps_steps_add(steps, with, &record, err));
    assert_ok(ps_steps_solve(steps, b.session, &problems[0], &got, err));
    if (got != NULL) fail_msg("\"%s\" has steps for \"%s\"", first, then);
    ps_outcome_free(with);
    ps_steps_free(steps);
    ps_text_clear(&record);
    close_bench(&a);
    close_bench(&b);
    ps_config_free(drawn);
    ps_config_free(read);
}

static void what_is_not_known_is_not_made_up(void **state) {
    (void)state;
    check_unknown("generation: {n_particles: 2}\nmethod: majority", "generation: {n_particles: 5}\nmethod: majority");
    check_unknown("method: best_of_n", "method: best_of_n\nscoring: {type: self_certainty}");
    check_unknown("method: best_of_n\nengine: {toy: {kind: synthetic}}", PRM "method: best_of_n");
    check_unknown("method: best_of_n", "method: best_of_n\nscoring: {type: deepconf}");
    /* What numbers and text do not tell: how long it took. */
    check_unknown("ps: {budget: {max_seconds: 1000}}", "ps: {budget: {max_seconds: 1000}}");
}

static void what_is_no_record_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "{}",
        "null",
        "[[]]",
        "[1]",
        "[[\"zz\",0,1,0.5,null,0.5,null,null,null,\"a\"]]",
        "[[\"0\",0,1,0.5,null,0.5,null,null,null,\"a\"]]",
        "[[\"1\",7,1,0.5,null,0.5,null,null,null,\"a\"]]",
        "[[\"1\",0,-1,0.5,null,0.5,null,null,null,\"a\"]]",
        "[[\"1\",0,1,null,null,0.5,null,null,null,\"a\"]]",
        "[[\"1\",0,1,0.5,null,0.5,null,null,null,5]]",
        "[[\"1\",0,2,0.5,null,0.5,null,null,null,\"a\",[0.1]]]",
        "[[\"1\",0,2,0.5,null,0.5,null,null,null,\"a\",[0.1,null]]]",
        "[[\"1\",0,2,0.5,null,0.5,null,null,null,\"a\",null]]",
        "[[\"1\",0,1,0.5,null,0.5,null,null,null,\"a\",[0.1],0]]",
    };
    ps_steps *steps = NULL;
    ps_error why;
    assert_ok(ps_steps_create(&steps, err));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (ps_steps_read(steps, bad[i], &why) != PS_FORMAT) fail_msg("%s is taken for steps", bad[i]);
    assert_ok(ps_steps_read(steps, "[[\"1\",0,1,0.5,null,0.5,null,null,null,\"a\"]]", err));
    assert_ok(ps_steps_read(steps, "[[\"2\",0,1,0.5,null,0.5,null,null,null,\"a\",[0.1]]]", err));
    ps_steps_free(steps);
    ps_steps_free(NULL);
}

/* One session asks for what another score reads; its own answers stay the same. */
static void a_session_tells_more_than_its_score_reads(void **state) {
    (void)state;
    static const char *const scores[] = {"self_certainty", "deepconf", "logprob_avg", "entropy"};
    ps_config *drawn = world("method: majority");
    bench a = open_bench(drawn);
    ps_session_tell(a.session, PS_READS_CERTAINTY | PS_READS_CONFIDENCE | PS_READS_LOGQ);
    for (size_t i = 0; i < sizeof scores / sizeof *scores; i++) {
        ps_outcome *with = NULL, *plain = solve(drawn, a.models, &problems[1]), *got = NULL, *wanted;
        ps_steps *steps = NULL;
        ps_text record = {0};
        char yaml[128];
        snprintf(yaml, sizeof yaml, "method: weighted_majority\nscoring: {type: %s}", scores[i]);
        ps_config *read = world(yaml);
        bench b = open_bench(read);
        ps_solve_request request = {.session = a.session, .problem = &problems[1]};
        ps_solver *solver = NULL;
        assert_ok(ps_solver_create(a.models, &solver, err));
        assert_ok(ps_solver_submit(solver, &request, err));
        while (with == NULL) {
            const ps_solver_event *events;
            size_t n;
            assert_ok(ps_solver_poll(solver, 1, &events, &n, err));
            if (n > 0) with = events[0].outcome;
        }
        ps_solver_free(solver);
        char *x = text_of(with), *y = text_of(plain);
        assert_string_equal(x, y);
        free(x);
        free(y);
        assert_ok(ps_steps_create(&steps, err));
        assert_ok(ps_steps_add(steps, with, &record, err));
        assert_ok(ps_steps_solve(steps, b.session, &problems[1], &got, err));
        if (got == NULL) fail_msg("%s is not told enough", scores[i]);
        wanted = solve(read, b.models, &problems[1]);
        x = text_of(got);
        y = text_of(wanted);
        assert_string_equal(x, y);
        free(x);
        free(y);
        ps_outcome_free(got);
        ps_outcome_free(wanted);
        ps_outcome_free(with);
        ps_outcome_free(plain);
        ps_steps_free(steps);
        ps_text_clear(&record);
        close_bench(&b);
        ps_config_free(read);
    }
    close_bench(&a);
    ps_config_free(drawn);
}

static void configurations_that_draw_alike_are_known(void **state) {
    (void)state;
    static const struct {
        const char *a, *b;
        bool alike;
    } pairs[] = {
        {"method: majority", "method: weighted_majority\nscoring: {type: deepconf, params: {deepconf_window: 9}}",
         true},
        {"method: majority", "method: best_of_n\nscoring: {type: power}", false}, /* draws at temperature 1/alpha */
        {"method: majority\ngeneration: {temperature: 0.25, top_p: 1}",
         "method: best_of_n\nscoring: {type: power, params: {power_ramp: 40}}", false},
        {"method: majority", "method: greedy", false},
        {"method: majority", "method: majority\ngeneration: {temperature: 0.4}", false},
        {"method: majority", "method: majority\ngeneration: {n_particles: 3}", false},
        {"method: majority", "method: majority\nanswer: {sure: 0.9}", false},
        {"method: majority", "method: majority\nsystem: {seed: 5}", false},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        ps_config *a = world(pairs[i].a), *b = world(pairs[i].b);
        bool alike = !pairs[i].alike;
        assert_ok(ps_draws_alike(a, b, &alike, err));
        if (alike != pairs[i].alike) fail_msg("\"%s\" and \"%s\": alike %d", pairs[i].a, pairs[i].b, alike);
        ps_config_free(a);
        ps_config_free(b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_method_gives_the_same_again),
        cmocka_unit_test(what_only_reads_is_read),
        cmocka_unit_test(what_is_not_known_is_not_made_up),
        cmocka_unit_test(what_is_no_record_is_refused),
        cmocka_unit_test(a_session_tells_more_than_its_score_reads),
        cmocka_unit_test(configurations_that_draw_alike_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
