/* The arithmetic of landing within a token budget: each number worked out by hand, and what the methods make of it. */
#include "method/pace.h"
#include "method/world.h"

static ps_score_params score;

static ps_method_params params(size_t max_tokens, size_t M, double pace) {
    score = (ps_score_params){0};
    ps_score_defaults(&score);
    ps_method_params p = method_params(&score);
    p.budget = (ps_budget){.max_tokens = max_tokens, .pace = pace};
    p.n_particles = M;
    p.max_steps = 10;
    return p;
}

/* A tree in which each of n lines has written `tokens` in `steps` steps; ids of the lines' ends in `ends`. */
static ps_tree lines(const ps_method_params *p, size_t n, size_t steps, size_t tokens, ps_snapshot_state end,
                     uint32_t *ends) {
    ps_tree tree;
    check_ok(ps_tree_init(&tree, NULL));
    for (size_t i = 0; i < n; i++) {
        uint32_t id = 0;
        for (size_t s = 0; s < steps; s++) {
            check_ok(ps_tree_reserve(&tree, id, &id, NULL));
            check_ok(ps_tree_fill(&tree, p,
                                  &(ps_step_result){.child = id,
                                                    .state = s + 1 == steps ? end : PS_OPEN,
                                                    .n_tokens = tokens / steps,
                                                    .has_logp = true,
                                                    .has_logq = true,
                                                    .reward = NAN},
                                  NULL));
        }
        ends[i] = id;
    }
    return tree;
}

static void what_a_line_needs(void **state) {
    (void)state;
    uint32_t ends[4];
    ps_method_params p = params(400, 4, 1); /* the plan: 100 tokens an answer */
    ps_tree tree = lines(&p, 4, 2, 20, PS_OPEN, ends);
    check_near(ps_pace_need(&p, &tree, 0), 100, 1e-12);
    check_near(ps_pace_need(&p, &tree, ends[0]), 80, 1e-12); /* 100 − 20; 8 more steps of 10 are 80 too */
    ps_tree_clear(&tree);

    tree = lines(&p, 4, 5, 90, PS_OPEN, ends);
    check_near(ps_pace_need(&p, &tree, ends[0]), 90, 1e-12); /* 10 to the plan, as much again by pace, 90 by steps */
    p.budget.pace = 0.5;
    check_near(ps_pace_need(&p, &tree, ends[0]), 45, 1e-12);
    p.max_steps = 6;
    check_near(ps_pace_need(&p, &tree, ends[0]), 18, 1e-12); /* one step of 18 is all there can be */
    ps_tree_clear(&tree);

    p.max_steps = 10;
    tree = lines(&p, 3, 2, 20, PS_FINISHED, ends);
    check_near(ps_pace_need(&p, &tree, 0), (100 + 3 * 20) / 4.0, 1e-12); /* answers turn out to be short */
    ps_tree_clear(&tree);
}

static void as_many_lines_as_can_end(void **state) {
    (void)state;
    uint32_t ends[4];
    ps_method_params p = params(400, 4, 1);
    ps_tree tree = lines(&p, 4, 5, 60, PS_OPEN, ends);      /* 160 left, each needs 60 */
    assert_int_equal(ps_pace_lines(&p, &tree, ends, 4), 3); /* the third by 40 of 60, more than half */
    p.budget.pace = 2;                                      /* each needs 60 by max_steps */
    assert_int_equal(ps_pace_lines(&p, &tree, ends, 4), 3);
    p.max_steps = 100; /* each needs 120 */
    assert_int_equal(ps_pace_lines(&p, &tree, ends, 4), 1);
    p.budget.pace = 0;
    assert_int_equal(ps_pace_lines(&p, &tree, ends, 4), 4);
    p.budget = (ps_budget){.pace = 1};
    assert_int_equal(ps_pace_lines(&p, &tree, ends, 4), 4);
    p.budget = (ps_budget){.max_tokens = 240, .pace = 1}; /* spent: one may make its last step */
    assert_int_equal(ps_pace_lines(&p, &tree, ends, 4), 1);
    ps_tree_clear(&tree);
}

static void new_answers_are_paid_in_full(void **state) {
    (void)state;
    uint32_t ends[4];
    ps_method_params p = params(400, 4, 1);
    ps_tree tree = lines(&p, 4, 5, 80, PS_FINISHED, ends); /* 80 left; an answer has (100 + 320)/5 = 84 */
    assert_int_equal(ps_pace_answers(&p, &tree), 0);
    assert_int_equal(ps_pace_lines(&p, &tree, (uint32_t[]){0, 0}, 2), 0);
    ps_tree_clear(&tree);
    tree = lines(&p, 4, 5, 40, PS_FINISHED, ends); /* 240 left; (100 + 160)/5 = 52: 4.6 of them, at most M */
    assert_int_equal(ps_pace_answers(&p, &tree), 4);
    p.n_particles = 10; /* the plan is 40: (40 + 160)/5 = 40 */
    assert_int_equal(ps_pace_answers(&p, &tree), 6);
    p.budget.pace = 0;
    assert_int_equal(ps_pace_answers(&p, &tree), 10);
    p.budget.max_tokens = 0;
    assert_int_equal(ps_pace_answers(&p, &tree), 0);
    ps_tree_clear(&tree);
}

/* M parts of a budget are the budget, whatever the division is rounded to. */
static void the_plan_pays_for_all_of_it(void **state) {
    (void)state;
    uint32_t root[64] = {0};
    for (size_t M = 1; M <= 64; M++)
        for (size_t tokens = M; tokens < 2000; tokens += 7) {
            ps_method_params p = params(tokens, M, 1);
            ps_tree tree;
            check_ok(ps_tree_init(&tree, NULL));
            assert_int_equal(ps_pace_lines(&p, &tree, root, M), M);
            assert_int_equal(ps_pace_answers(&p, &tree), M);
            ps_tree_clear(&tree);
        }
}

static void how_far_back(void **state) {
    (void)state;
    uint32_t ends[2];
    ps_method_params p = params(200, 2, 1);
    ps_tree tree = lines(&p, 2, 4, 40, PS_OPEN, ends); /* 120 left, 60 needed: 60 to spare, in steps of 10 */
    assert_int_equal(ps_pace_steps_back(&p, &tree, ends[0]), 6);
    p.budget.max_tokens = 150; /* 70 left; the plan of 75 lacks 35, pace says 40: 30 to spare */
    assert_int_equal(ps_pace_steps_back(&p, &tree, ends[0]), 3);
    p.budget.max_tokens = 90; /* 10 left */
    assert_int_equal(ps_pace_steps_back(&p, &tree, ends[0]), 0);
    p.budget.pace = 0;
    assert_true(ps_pace_steps_back(&p, &tree, ends[0]) == SIZE_MAX);
    ps_tree_clear(&tree);
}

/* ---- What the methods make of it ----------------------------------------- */

/* Every answer takes 12 steps of 5 tokens, and the budget was thought to pay for M answers of half that length. */
static ps_step_result long_answer(uint32_t child, uint32_t depth) {
    return (ps_step_result){.child = child,
                            .state = depth == 12 ? PS_FINISHED : PS_OPEN,
                            .n_tokens = 5,
                            .has_logp = true,
                            .has_logq = true,
                            .sum_logp = -1,
                            .sum_logq = -1,
                            .reward = 0.5};
}

static size_t finished_within(const char *name, double pace, size_t *tokens) {
    ps_method_params p = params(8 * 30, 8, pace);
    ps_method *method;
    ps_method_report report;
    ps_answer *answers;
    const ps_work *work;
    uint32_t depth[4096] = {0};
    size_t n, finished = 0;
    p.max_steps = 40;
    check_ok(ps_method_create(ps_method_find(name), &p, &method, NULL));
    for (check_ok(ps_method_next(method, &work, &n, NULL)); n > 0; check_ok(ps_method_next(method, &work, &n, NULL))) {
        ps_step_result results[64];
        assert_true(n <= 64);
        for (size_t i = 0; i < n; i++) {
            depth[work[i].child] = depth[work[i].parent] + 1;
            results[i] = long_answer(work[i].child, depth[work[i].child]);
        }
        check_ok(ps_method_absorb(method, results, n, NULL));
    }
    check_ok(ps_method_answers(method, &answers, &n, NULL));
    for (size_t i = 0; i < n; i++)
        finished += answers[i].state == PS_FINISHED;
    check_ok(ps_method_get_report(method, &report, NULL));
    *tokens = report.tokens;
    ps_free(answers);
    ps_method_free(method);
    return finished;
}

static void long_answers_are_brought_to_an_end(void **state) {
    (void)state;
    static const char *const names[] = {"persistent",      "best_of_n", "majority", "weighted_majority",
                                        "particle_filter", "beam",      "dvts"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t tokens;
        assert_int_equal(finished_within(names[i], 0, &tokens), 0); /* all cut off together */
        assert_true(tokens >= 240 && tokens < 240 + 8 * 5);
        if (finished_within(names[i], 1, &tokens) == 0) fail_msg("%s: no answer within the budget", names[i]);
        assert_true(tokens <= 240 + 5);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_line_needs),
        cmocka_unit_test(as_many_lines_as_can_end),
        cmocka_unit_test(new_answers_are_paid_in_full),
        cmocka_unit_test(the_plan_pays_for_all_of_it),
        cmocka_unit_test(how_far_back),
        cmocka_unit_test(long_answers_are_brought_to_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
