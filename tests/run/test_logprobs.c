/* generation.include_logprobs: the tokens of every saved particle with their log-probabilities. They are held against
 * what the toy engine says of the same tokens when it is asked again, and against the table's exact probability of each
 * answer. */
#include "engine/toy/toy.h"
#include "run/prompt.h"
#include "run/support.h"

#include <jansson.h>
#include <math.h>

enum { MOST_TOKENS = 512 };

static const ps_problem problem = {.index = 1, .text = "which?", .answer = "2"};

typedef struct setting {
    ps_config *config;
    ps_models *models;
    json_t *line; /* of one solved problem */
} setting;

/* Solve, and read the line as an evaluation would write it. */
static setting solved(ps_config *config) {
    setting s = {.config = config};
    ps_outcome *outcome = NULL;
    ps_error err;
    char *text = NULL;
    if (ps_models_open(config, NULL, &s.models, &err) != PS_OK) fail_msg("%s", err.message);
    if (ps_solve(config, s.models, &problem, NULL, &outcome, &err) != PS_OK) fail_msg("%s", err.message);
    check_ok(ps_outcome_json(outcome, config->evaluation_save_particles, &text, &err));
    s.line = json_loads(text, 0, NULL);
    assert_non_null(s.line);
    ps_free(text);
    ps_outcome_free(outcome);
    return s;
}

static void clear(setting *s) {
    json_decref(s->line);
    ps_models_free(s->models);
    ps_config_free(s->config);
}

static double at(const json_t *list, size_t i) {
    const json_t *value = json_array_get(list, i);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

static double sum_of(const json_t *list) {
    double sum = 0;
    for (size_t i = 0; i < json_array_size(list); i++)
        sum += at(list, i);
    return sum;
}

/* ---- Sums ---------------------------------------------------------------- */

/* Samplers of every kind: steps, several problems of the pool, whole answers that are cut and regrown, greedy. */
static ps_config *configured(int kind) {
    ps_config *c = NULL;
    switch (kind) {
    case 0: c = config_of("generation.temperature", "1", "generation.top_p", "1", NULL); break;
    case 1: c = config_of("ps.refill", "true", "ps.budget.max_tokens", "400", NULL); break;
    case 2: c = config_of("ps.mode", "completions", "ps.budget.max_tokens", "400", NULL); break;
    case 3: c = config_of("method", "greedy", NULL); break;
    default: c = config_of("generation.max_tokens_per_step", "2", "method", "best_of_n", NULL); break;
    }
    check_ok(ps_config_set(c, "evaluation.save_particles", "true", "test", NULL));
    return c;
}
enum { KINDS = 5 };

static void each_token_has_its_value_and_they_sum(void **state) {
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        setting s = solved(configured(kind));
        const json_t *list = json_object_get(s.line, "particles"), *one;
        size_t i, all = 0, different = 0;
        assert_true(json_array_size(list) > 0);
        json_array_foreach(list, i, one) {
            const json_t *ids = json_object_get(one, "token_ids");
            const json_t *logp = json_object_get(one, "token_logp"), *logq = json_object_get(one, "token_logq");
            size_t n = (size_t)json_integer_value(json_object_get(one, "tokens"));
            assert_int_equal(json_array_size(ids), n);
            assert_int_equal(json_array_size(logp), n);
            assert_int_equal(json_array_size(logq), n);
            check_near(sum_of(logp), json_number_value(json_object_get(one, "logp")), 1e-9);
            check_near(sum_of(logq), json_number_value(json_object_get(one, "logq")), 1e-9);
            for (size_t k = 0; k < n; k++)
                different += fabs(at(logp, k) - at(logq, k)) > 1e-6;
            all += n;
        }
        const json_t *tokens = json_object_get(s.line, "tokens");
        assert_int_equal(all, json_integer_value(json_object_get(tokens, "generated")));
        if (kind == 0)
            assert_int_equal(different, 0); /* drawn from the model itself */
        else
            assert_true(different > 0);
        clear(&s);
    }
}

/* ---- The same numbers computed another way ------------------------------- */

typedef struct path {
    ps_token tokens[MOST_TOKENS];
    double logp[MOST_TOKENS], logq, sum;
    size_t n;
} path;

/* From the root to a particle. */
static void path_to(const json_t *particles, json_int_t id, path *p) {
    if (id == 0) {
        p->n = 0;
        p->logq = p->sum = 0;
        return;
    }
    const json_t *one = json_array_get(particles, (size_t)id - 1);
    assert_int_equal(json_integer_value(json_object_get(one, "id")), id);
    path_to(particles, json_integer_value(json_object_get(one, "parent")), p);
    const json_t *ids = json_object_get(one, "token_ids"), *logp = json_object_get(one, "token_logp");
    for (size_t i = 0; i < json_array_size(ids); i++) {
        assert_true(p->n < MOST_TOKENS);
        p->tokens[p->n] = (ps_token)json_integer_value(json_array_get(ids, i));
        p->logp[p->n++] = at(logp, i);
    }
    p->sum += sum_of(logp);
    p->logq += sum_of(json_object_get(one, "token_logq"));
}

/* log p of each token after those before it: the engine reads given tokens instead of drawing its own. */
static void check_by_reading(ps_engine *engine, ps_node root, const path *p) {
    ps_node node = root;
    ps_engine_retain(engine, node);
    for (size_t i = 1; i < p->n; i++) { /* after token i − 1: how likely is token i? */
        const ps_event *events;
        size_t n;
        uint32_t mark = 0;
        ps_evaluate_request request = {.node = node,
                                       .tokens = &p->tokens[i - 1],
                                       .n_tokens = 1,
                                       .marks = &mark,
                                       .n_marks = 1,
                                       .choices = &p->tokens[i],
                                       .n_choices = 1};
        check_ok(ps_engine_evaluate(engine, &request, NULL));
        check_ok(ps_engine_poll(engine, INFINITY, &events, &n, NULL));
        assert_int_equal(n, 1);
        assert_int_equal(events[0].status, PS_OK);
        check_near(p->logp[i], events[0].choice_logp[0], 1e-9);
        ps_engine_release(engine, node);
        node = events[0].child;
    }
    ps_engine_release(engine, node);
}

/* Whether the answer is one of the table's, with just the probabilities that the table gives it. */
static bool check_by_enumeration(const ps_toy_answers *answers, const path *p) {
    for (size_t i = 0; i < answers->n; i++) {
        const ps_toy_answer *a = &answers->items[i];
        if (a->n_tokens != p->n || memcmp(a->tokens, p->tokens, p->n * sizeof *p->tokens) != 0) continue;
        check_near(p->sum, a->logp, 1e-9);
        check_near(p->logq, a->logq, 1e-9);
        return true;
    }
    return false;
}

static void the_numbers_are_the_tables_own(void **state) {
    (void)state;
    setting s =
        solved(config_of("evaluation.save_particles", "true", "generation.n_particles", "16", "answer.stop_at_boxed",
                         "false", "ps.refill", "true", "ps.budget.max_iterations", "12", NULL));
    ps_engine *engine = ps_models_engine(s.models);
    ps_session *session = NULL;
    ps_problem_prompt made;
    ps_toy_answers answers = {0};
    ps_node root = 0;
    size_t i, finished = 0;
    assert_ok(ps_session_create(s.config, s.models, NULL, &session, err));
    assert_ok(ps_toy_enumerate(engine, &session->generation, 0, session->params.max_steps, &answers, err));
    assert_ok(ps_problem_prompt_make(session, &problem, &made, err));
    assert_ok(ps_engine_prompt(engine, &made.prompt, &root, err));
    const json_t *particles = json_object_get(s.line, "particles"), *one;
    json_array_foreach(particles, i, one) {
        path p;
        path_to(particles, json_integer_value(json_object_get(one, "id")), &p);
        check_by_reading(engine, root, &p);
        if (strcmp(json_string_value(json_object_get(one, "state")), "finished") != 0) continue;
        assert_true(check_by_enumeration(&answers, &p));
        finished++;
    }
    assert_true(finished > 10);
    ps_engine_release(engine, root);
    ps_problem_prompt_clear(&made);
    ps_toy_answers_clear(&answers);
    ps_session_release(session);
    clear(&s);
}

/* ---- Off ----------------------------------------------------------------- */

/* Nothing but the three lists comes and goes with the key, and without saved particles it means nothing. */
static void off_takes_the_lists_away_and_nothing_else(void **state) {
    (void)state;
    ps_config *without = configured(1), *no_particles = configured(1);
    check_ok(ps_config_set(without, "generation.include_logprobs", "false", "test", NULL));
    check_ok(ps_config_set(no_particles, "evaluation.save_particles", "false", "test", NULL));
    setting on = solved(configured(1)), off = solved(without), none = solved(no_particles);
    static const char *const lists[] = {"token_ids", "token_logp", "token_logq"};
    json_t *one;
    size_t i;
    json_array_foreach(json_object_get(on.line, "particles"), i, one) {
        for (size_t k = 0; k < 3; k++)
            assert_int_equal(json_object_del(one, lists[k]), 0); /* it was there */
    }
    json_object_del(on.line, "timing");
    json_object_del(off.line, "timing");
    assert_true(json_equal(on.line, off.line));
    assert_null(json_object_get(none.line, "particles"));
    clear(&on);
    clear(&off);
    clear(&none);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_token_has_its_value_and_they_sum),
        cmocka_unit_test(the_numbers_are_the_tables_own),
        cmocka_unit_test(off_takes_the_lists_away_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
