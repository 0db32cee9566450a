/* From answers to an outcome: classes, votes, weights, predictions; and its line of JSON. The answers come from a
 * method that says what a test tells it to. */
#include "run/support.h"
#include "run/task.h"

#include <jansson.h>

/* ---- A scripted method --------------------------------------------------- */

typedef struct script {
    const char *text;
    double log_weight, ell, reward;
    ps_snapshot_state state;
} script;

/* Where an answer hangs in the tree. */
typedef struct shape {
    uint32_t parent; /* an earlier answer's snapshot, or the root */
    size_t n_tokens;
} shape;

static const script *said;
static size_t n_said;
static ps_method_report told; /* what the method reports */

static void destroy(ps_method *method) {
    ps_free(method);
}
static ps_status answers(const ps_method *method, ps_answer **list, size_t *n, ps_error *err) {
    (void)method, (void)err;
    *list = ps_calloc(n_said, sizeof **list);
    for (size_t i = 0; i < n_said; i++)
        (*list)[i] = (ps_answer){.snapshot = (uint32_t)i + 1,
                                 .state = said[i].state,
                                 .log_weight = said[i].log_weight,
                                 .ell = said[i].ell,
                                 .reward = said[i].reward};
    *n = n_said;
    return PS_OK;
}
static ps_status report(const ps_method *method, ps_method_report *out, ps_error *err) {
    (void)method;
    (void)err;
    *out = told;
    return PS_OK;
}
static ps_status create(const ps_method_ops *ops, const ps_method_params *params, ps_method **method, ps_error *err) {
    (void)params, (void)err;
    *method = ps_calloc(1, sizeof **method);
    (*method)->ops = ops;
    return PS_OK;
}
static const ps_method_ops scripted = {
    .name = "scripted", .doc = "", .create = create, .destroy = destroy, .answers = answers, .report = report};

/* ---- An outcome of it ---------------------------------------------------- */

typedef struct setting {
    ps_config *config;
    ps_models *models;
    ps_session *session;
    ps_problem problem;
} setting;

static int set_up(void **state) {
    setting *s = calloc(1, sizeof *s);
    s->config = config_of("models.prm.enabled", "true", "answer.select", "weighted", NULL);
    assert_ok(ps_models_open(s->config, NULL, &s->models, err));
    assert_ok(ps_session_create(s->config, s->models, NULL, &s->session, err));
    s->session->method = &scripted;
    s->session->name = "scripted";
    s->problem = (ps_problem){.index = 3, .text = "2+2?", .answer = "4"};
    told = (ps_method_report){.final_ess = NAN, .log_z = NAN};
    *state = s;
    return 0;
}

static int tear_down(void **state) {
    setting *s = *state;
    ps_session_release(s->session);
    ps_models_free(s->models);
    ps_config_free(s->config);
    free(s);
    return 0;
}

/* One step each, `shapes` says where; NULL: below the root, of no tokens. */
static ps_outcome *outcome_of_tree(setting *s, const script *list, const shape *shapes, size_t n) {
    ps_task *task = NULL;
    ps_error err;
    said = list;
    n_said = n;
    check_ok(ps_task_create(&(ps_solve_request){s->session, &s->problem, .tag = 0}, 0, &task, &err));
    if (task->outcome.status != PS_OK) fail_msg("%s", task->outcome.error);
    check_ok(ps_reserve(&task->nodes, &task->nodes_capacity, n + 1));
    for (size_t i = 0; i < n; i++) {
        const shape where = shapes != NULL ? shapes[i] : (shape){0};
        task->nodes[task->n_nodes++] = (ps_task_node){.text = list[i].text,
                                                      .length = strlen(list[i].text),
                                                      .state = list[i].state,
                                                      .reward = list[i].reward,
                                                      .parent = where.parent,
                                                      .n_tokens = where.n_tokens};
    }
    if (ps_task_finish(task, &err) != PS_OK) fail_msg("%s", err.message);
    return &task->outcome;
}

static ps_outcome *outcome_of(setting *s, const script *list, size_t n) {
    return outcome_of_tree(s, list, NULL, n);
}

/* 4 has the most votes, 5 the highest score, 6 the most weight, 7 the most reward. */
static const script election[] = {
    {"\\boxed{4}", -3, -3, 0.1, PS_FINISHED},
    {"so it is \\boxed{4}.", -3, -4, 0.1, PS_FINISHED},
    {"\\boxed{\\frac{8}{2}}", -3, -5, 0.1, PS_FINISHED},
    {"\\boxed{5}", -2, -1, 0.2, PS_FINISHED},
    {"\\boxed{6}", -1, -6, 0.3, PS_FINISHED},
    {"\\boxed{7}", -4, -7, 0.9, PS_FINISHED},
    {"I do not know", 0, 0, 0.9, PS_FINISHED},
};

static void each_selection_chooses_its_own(void **state) {
    setting *s = *state;
    static const char *const expected[PS_SELECTS] = {"5", "4", "6", "7"};
    ps_outcome *o = outcome_of(s, election, 7);
    for (int k = 0; k < PS_SELECT_DRAW; k++) {
        assert_string_equal(o->predictions[k].answer, expected[k]);
        assert_int_equal(o->predictions[k].correct, k == PS_SELECT_MAJORITY);
    }
    assert_int_equal(o->select, PS_SELECT_WEIGHTED);
    assert_string_equal(o->response, "\\boxed{6}");
    assert_false(o->truncated);
    assert_null(o->error);
    assert_int_equal(o->n_classes, 4);
    double sum = 0;
    size_t votes = 0;
    for (size_t i = 0; i < o->n_classes; i++) {
        sum += o->classes[i].weight;
        votes += o->classes[i].votes;
        if (i > 0) assert_true(o->classes[i - 1].weight >= o->classes[i].weight);
    }
    check_near(sum, 1, 1e-12); /* the text without an answer has no share */
    assert_int_equal(votes, 6);
    assert_string_equal(o->classes[0].answer, "6");
    double total = 3 * exp(-3) + exp(-2) + exp(-1) + exp(-4);
    check_near(o->classes[0].weight, exp(-1) / total, 1e-12);
    assert_string_equal(o->classes[1].answer, "4"); /* as its best member wrote it */
    assert_int_equal(o->classes[1].votes, 3);
    check_near(o->classes[1].weight, 3 * exp(-3) / total, 1e-12);
    ps_outcome_free(o);
}

/* Each problem has its own uniform, and the text without an answer is never drawn. 4,000 problems: within 4.9 binomial
 * standard errors, a false alarm of 1e-6 for each of the four; the uniforms are fixed. */
static void a_draw_is_by_weight(void **state) {
    setting *s = *state;
    enum { N = 4000 };
    const double total = 3 * exp(-3) + exp(-2) + exp(-1) + exp(-4);
    const double share[] = {3 * exp(-3) / total, exp(-2) / total, exp(-1) / total, exp(-4) / total};
    size_t drawn[4] = {0};
    for (size_t i = 0; i < N; i++) {
        s->problem.index = i;
        ps_outcome *o = outcome_of(s, election, 7);
        const char *answer = o->predictions[PS_SELECT_DRAW].answer;
        const int label = *answer == '\\' ? '4' : *answer; /* one spells it as a fraction */
        assert_true(label >= '4' && label <= '7');
        drawn[label - '4']++;
        ps_outcome_free(o);
    }
    for (int k = 0; k < 4; k++)
        check_near((double)drawn[k] / N, share[k], 4.9 * sqrt(share[k] * (1 - share[k]) / N));
}

/* What weighs nothing is not drawn; where all weigh nothing, each answer is as good as another. */
static void a_draw_takes_no_zero_weight(void **state) {
    setting *s = *state;
    static const script one[] = {{"\\boxed{1}", -INFINITY, -1, 0.5, PS_FINISHED},
                                 {"\\boxed{2}", -700, -1, 0.5, PS_FINISHED},
                                 {"\\boxed{3}", -INFINITY, -1, 0.5, PS_FINISHED}};
    for (size_t i = 0; i < 50; i++) {
        s->problem.index = i;
        ps_outcome *o = outcome_of(s, one, 3);
        assert_string_equal(o->predictions[PS_SELECT_DRAW].answer, "2");
        ps_outcome_free(o);
    }
}

static void ties_go_to_the_heavier_then_the_older(void **state) {
    setting *s = *state;
    static const script tie[] = {{"\\boxed{1}", -2, -1, 0.5, PS_FINISHED},
                                 {"\\boxed{2}", -1, -1, 0.5, PS_FINISHED},
                                 {"\\boxed{3}", -1, -1, 0.5, PS_FINISHED}};
    ps_outcome *o = outcome_of(s, tie, 3);
    assert_string_equal(o->predictions[PS_SELECT_BEST].answer, "1");
    assert_string_equal(o->predictions[PS_SELECT_MAJORITY].answer, "2");
    assert_string_equal(o->predictions[PS_SELECT_WEIGHTED].answer, "2");
    assert_string_equal(o->predictions[PS_SELECT_PRM_WEIGHTED].answer, "2");
    ps_outcome_free(o);
}

static void where_nobody_has_an_answer_the_best_text_stands_for_it(void **state) {
    setting *s = *state;
    static const script mute[] = {{"hm, I am not sure of it", -1, -2, 0.5, PS_FINISHED},
                                  {"well, nobody could say", -1, -1, 0.5, PS_FINISHED}};
    ps_outcome *o = outcome_of(s, mute, 2);
    assert_int_equal(o->n_classes, 0);
    for (int k = 0; k < PS_SELECTS; k++) {
        assert_null(o->predictions[k].answer);
        assert_false(o->predictions[k].correct);
    }
    assert_string_equal(o->response, "well, nobody could say"); /* the best text stands for it */
    ps_outcome_free(o);

    o = outcome_of(s, NULL, 0); /* and no snapshot at all */
    assert_int_equal(o->n_classes, 0);
    assert_string_equal(o->response, "");
    ps_outcome_free(o);
}

static void where_all_weights_are_zero_the_votes_count(void **state) {
    setting *s = *state;
    static const script dead[] = {{"\\boxed{1}", -INFINITY, -INFINITY, 0, PS_FINISHED},
                                  {"\\boxed{2}", -INFINITY, -INFINITY, 0, PS_FINISHED},
                                  {"\\boxed{2}", -INFINITY, -INFINITY, 0, PS_FINISHED},
                                  {"I do not know", 0, 0, 0, PS_FINISHED}};
    ps_outcome *o = outcome_of(s, dead, 4);
    assert_int_equal(o->n_classes, 2);
    assert_string_equal(o->predictions[PS_SELECT_WEIGHTED].answer, "2");
    check_near(o->classes[0].weight, 2.0 / 3, 1e-12); /* the votes are what is left */
    check_near(o->classes[1].weight, 1.0 / 3, 1e-12);
    ps_outcome_free(o);
}

static void cut_off_answers_are_flagged(void **state) {
    setting *s = *state;
    for (int open = 0; open < 2; open++) {
        script cut = {"so \\boxed{4} and", -1, -1, 0.5, open ? PS_OPEN : PS_TRUNCATED};
        ps_outcome *o = outcome_of(s, &cut, 1);
        assert_true(o->truncated);
        assert_true(o->predictions[PS_SELECT_BEST].correct); /* an answer that can be read counts */
        ps_outcome_free(o);
    }
}

static void without_a_ground_truth_nothing_is_correct(void **state) {
    setting *s = *state;
    s->problem.answer = NULL;
    ps_outcome *o = outcome_of(s, election, 7);
    for (int k = 0; k < PS_SELECTS; k++)
        assert_false(o->predictions[k].correct);
    assert_string_equal(o->predictions[PS_SELECT_MAJORITY].answer, "4");
    ps_outcome_free(o);
}

/* The first: answers of 10, 20 and 20 tokens, of which one is the beginning of another: 10 of the 30 beyond the longest
 * were written for two of them. */
static void what_answers_share_is_measured(void **state) {
    setting *s = *state;
    static const struct {
        shape shapes[3];
        double shared;
    } cases[] = {{{{0, 10}, {1, 10}, {0, 20}}, 1.0 / 3},
                 {{{0, 10}, {0, 10}, {0, 10}}, 0},
                 {{{0, 10}, {1, 0}, {1, 0}}, 1},
                 {{{0, 10}, {1, 4}, {1, 5}}, 20.0 / 24}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_outcome *o = outcome_of_tree(s, election, cases[i].shapes, 3);
        check_near(o->shared_text, cases[i].shared, 1e-12);
        assert_int_equal(o->n_answers, 3);
        assert_int_equal(ps_shares_most(o->shared_text), i >= 2);
        ps_outcome_free(o);
    }
    ps_outcome *o = outcome_of_tree(s, election, cases[0].shapes, 1); /* nobody to share with */
    assert_true(isnan(o->shared_text));
    assert_false(ps_shares_most(o->shared_text));
    ps_outcome_free(o);
}

/* ---- JSON ---------------------------------------------------------------- */

static json_t *line_of(const ps_outcome *o, bool particles) {
    char *text = NULL;
    json_error_t where;
    check_ok(ps_outcome_json(o, particles, &text, NULL));
    assert_null(strchr(text, '\n'));
    json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, &where);
    if (line == NULL) fail_msg("%s in %s", where.text, text);
    ps_free(text);
    return line;
}

static const char *string_at(const json_t *line, const char *key) {
    return json_string_value(json_object_get(line, key));
}

static void check_keys(const json_t *object, const char *const *keys, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (json_object_get(object, keys[i]) == NULL) fail_msg("no field %s", keys[i]);
    assert_int_equal(json_object_size(object), n);
}

static void a_line_has_exactly_its_fields(void **state) {
    setting *s = *state;
    static const char *const keys[] = {"problem_idx",
                                       "problem",
                                       "ground_truth",
                                       "response",
                                       "extracted_answer",
                                       "correct",
                                       "timing",
                                       "resample_count",
                                       "final_ess",
                                       "unique_id",
                                       "subject",
                                       "level",
                                       "method",
                                       "seed",
                                       "answers",
                                       "shared_text",
                                       "confidence",
                                       "pred_best",
                                       "pred_majority",
                                       "pred_weighted",
                                       "pred_prm_weighted",
                                       "pred_draw",
                                       "correct_best",
                                       "correct_majority",
                                       "correct_weighted",
                                       "correct_prm_weighted",
                                       "correct_draw",
                                       "log_z",
                                       "betas",
                                       "ess_history",
                                       "tokens",
                                       "truncated",
                                       "sure",
                                       "endings",
                                       "error"};
    static const char *const timing[] = {"total", "generation", "scoring"};
    static const char *const tokens[] = {"generated", "shared", "discarded", "prompt", "prefilled", "prm"};
    static const char *const answer[] = {"answer", "weight", "votes", "draws"};
    ps_iteration iterations[] = {{.beta = 0.5, .ess = 4, .running = 8, .resampled = true}, {.beta = 1, .ess = NAN}};
    told = (ps_method_report){
        .iterations = iterations, .n_iterations = 2, .resamples = 1, .final_ess = 4, .log_z = -INFINITY};
    s->problem.level = "5";
    s->problem.subject = "Sums";
    ps_outcome *o = outcome_of(s, election, 7);
    json_t *line = line_of(o, false);
    check_keys(line, keys, sizeof keys / sizeof *keys);
    check_keys(json_object_get(line, "timing"), timing, 3);
    check_keys(json_object_get(line, "tokens"), tokens, 6);
    check_keys(json_array_get(json_object_get(line, "answers"), 0), answer, 4);
    assert_int_equal(json_integer_value(json_object_get(line, "problem_idx")), 3);
    assert_int_equal(json_integer_value(json_object_get(line, "level")), 5);
    assert_string_equal(string_at(line, "method"), "scripted");
    assert_string_equal(string_at(line, "extracted_answer"), "6");
    assert_string_equal(string_at(line, "pred_majority"), "4");
    assert_true(json_is_true(json_object_get(line, "correct_majority")));
    assert_true(json_is_false(json_object_get(line, "correct")));
    assert_true(json_is_null(json_object_get(line, "log_z"))); /* no infinity in JSON, no NaN */
    assert_true(json_is_null(json_array_get(json_object_get(line, "ess_history"), 1)));
    assert_int_equal(json_array_size(json_object_get(line, "betas")), 2);
    assert_true(json_is_null(json_object_get(line, "unique_id")));
    assert_true(json_is_null(json_object_get(line, "error")));
    json_decref(line);
    ps_outcome_free(o);
}

static void text_that_is_not_utf8_is_mended(void **state) {
    setting *s = *state;
    static const char *const bad[][2] = {
        {"\\boxed{4} \xFF end", "\\boxed{4} \xEF\xBF\xBD end"},
        {"\\boxed{4} \xE2\x82", "\\boxed{4} \xEF\xBF\xBD\xEF\xBF\xBD"},                   /* cut short */
        {"\\boxed{4} \xC0\xAF", "\\boxed{4} \xEF\xBF\xBD\xEF\xBF\xBD"},                   /* overlong */
        {"\\boxed{4} \xED\xA0\x80x", "\\boxed{4} \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDx"}, /* a surrogate */
        {"\\boxed{4} \xF0\x9F\x98\x80", "\\boxed{4} \xF0\x9F\x98\x80"},                   /* this one is fine */
        {"\\boxed{4} \x01\x1B[0m\"\\", "\\boxed{4} \x01\x1B[0m\"\\"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        script one = {bad[i][0], -1, -1, 0.5, PS_FINISHED};
        ps_outcome *o = outcome_of(s, &one, 1);
        json_t *line = line_of(o, true);
        assert_string_equal(string_at(line, "response"), bad[i][1]);
        json_decref(line);
        ps_outcome_free(o);
    }
}

static void without_a_reward_model_its_vote_is_null(void **state) {
    setting *s = *state;
    s->session->prm = NULL;
    ps_outcome *o = outcome_of(s, election, 7);
    json_t *line = line_of(o, false);
    assert_true(json_is_null(json_object_get(line, "pred_prm_weighted")));
    assert_true(json_is_null(json_object_get(line, "correct_prm_weighted")));
    json_decref(line);
    ps_outcome_free(o);
}

/* No right answer, or none looked for: nothing is known, and nothing is said. */
static void what_is_not_known_is_null(void **state) {
    setting *s = *state;
    static const char *const verdicts[] = {"correct", "correct_best", "correct_majority", "correct_weighted",
                                           "correct_prm_weighted"};
    for (int gold = 0; gold < 2; gold++) {
        s->problem.answer = gold ? "4" : NULL;
        ps_outcome *o = outcome_of(s, election, 7);
        json_t *line = line_of(o, false);
        for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
            const json_t *verdict = json_object_get(line, verdicts[i]);
            assert_true(gold ? json_is_boolean(verdict) : json_is_null(verdict));
        }
        assert_true(json_is_string(json_object_get(line, "pred_best")));
        json_decref(line);
        ps_outcome_free(o);
    }
}

static void particles_are_told_on_request(void **state) {
    setting *s = *state;
    static const char *const keys[] = {"id",   "parent", "state", "text",   "tokens",  "logp",
                                       "logq", "reward", "score", "weight", "weight_q"};
    s->session->keep_particles = true;
    ps_outcome *o = outcome_of(s, election, 7);
    json_t *line = line_of(o, true), *list = json_object_get(line, "particles");
    assert_int_equal(json_array_size(list), 7);
    for (size_t i = 0; i < 7; i++)
        check_keys(json_array_get(list, i), keys, sizeof keys / sizeof *keys);
    assert_int_equal(json_array_size(json_object_get(line, "events")), 1);
    json_decref(line);
    ps_outcome_free(o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_selection_chooses_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_draw_is_by_weight, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_draw_takes_no_zero_weight, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ties_go_to_the_heavier_then_the_older, set_up, tear_down),
        cmocka_unit_test_setup_teardown(where_nobody_has_an_answer_the_best_text_stands_for_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(where_all_weights_are_zero_the_votes_count, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cut_off_answers_are_flagged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_a_ground_truth_nothing_is_correct, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_answers_share_is_measured, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_line_has_exactly_its_fields, set_up, tear_down),
        cmocka_unit_test_setup_teardown(text_that_is_not_utf8_is_mended, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_a_reward_model_its_vote_is_null, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_known_is_null, set_up, tear_down),
        cmocka_unit_test_setup_teardown(particles_are_told_on_request, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
