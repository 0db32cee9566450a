/* What ps_learn_fit makes of states whose truth is known: planted signals are found and calibrated, flipped labels are
 * chance, and nothing of a problem is known beforehand. */
#include "learn/fit.h"
#include "support/check.h"
#include "support/failing_allocator.h"

enum { WIDTH = 24, STEPS = 4, MOST = 200, ANSWERS = 8 };

typedef struct world {
    float *states;
    uint32_t *rows;
    ps_learn_answer *answers;
    const char **texts;
    char (*names)[32];
    ps_learn_states all;
} world;

static double normal(size_t id, size_t at) {
    return ps_normal(check_key(id), at);
}

/* Problems with answers of STEPS steps. Number 0 of a state is signal · (±1 for right or wrong) + noise, number 1 is
 * the problem's own difficulty, which shifts both. The logit of "right" is part of the world, so calibration can be
 * judged. curved: the verdict is in the square of number 2, which no line separates. */
static world make(size_t problems, double signal, bool curved) {
    world w = {.states = calloc(problems * ANSWERS * STEPS * WIDTH, sizeof(float)),
               .rows = calloc(problems * ANSWERS * STEPS, sizeof(uint32_t)),
               .answers = calloc(problems * ANSWERS, sizeof(ps_learn_answer)),
               .texts = calloc(problems, sizeof(char *)),
               .names = calloc(problems, sizeof *w.names)};
    size_t row = 0;
    for (size_t p = 0; p < problems; p++) {
        const double easy = normal(1, p);
        snprintf(w.names[p], sizeof w.names[p], "problem %zu", p);
        w.texts[p] = w.names[p];
        for (size_t a = 0; a < ANSWERS; a++) {
            const size_t k = p * ANSWERS + a;
            const bool right = ps_uniform(check_key(2), k) < 1 / (1 + exp(-easy));
            w.answers[k] =
                (ps_learn_answer){.problem = p, .right = right, .weight = 1, .rows = w.rows + row, .n_rows = STEPS};
            for (size_t s = 0; s < STEPS; s++, row++) {
                float *x = w.states + row * WIDTH;
                for (size_t j = 0; j < WIDTH; j++)
                    x[j] = (float)(3 + normal(100 + j, row)); /* of another mean */
                if (!curved) x[0] += (float)(signal * (right ? 1 : -1));
                if (curved) x[2] = (float)(3 + (right ? 0.5 : 2) * normal(102, row));
                x[1] = (float)(100 * easy); /* of another scale */
                w.rows[row] = (uint32_t)row;
            }
        }
    }
    w.all = (ps_learn_states){.n = row,
                              .width = WIDTH,
                              .states = w.states,
                              .answers = w.answers,
                              .n_answers = problems * ANSWERS,
                              .n_problems = problems,
                              .texts = w.texts};
    return w;
}

static void unmake(world *w) {
    free(w->states);
    free(w->rows);
    free(w->answers);
    free(w->texts);
    free(w->names);
}

static ps_learned fit(const world *w) {
    ps_learned learned = {0};
    assert_ok(ps_learn_fit(&w->all, 1, NULL, NULL, &learned, err));
    return learned;
}

static double apply(const ps_learned *l, const float *x) {
    float hidden[64];
    for (size_t u = 0; u < l->layers[0].out; u++) {
        double sum = (double)l->layers[0].bias[u];
        for (size_t j = 0; j < WIDTH; j++)
            sum += (double)l->layers[0].weight[u * WIDTH + j] * (double)x[j];
        hidden[u] = (float)sum;
    }
    double z = l->n_layers == 1 ? (double)hidden[0] : (double)l->layers[1].bias[0];
    for (size_t u = 0; l->n_layers == 2 && u < l->layers[0].out; u++)
        z += hidden[u] > 0 ? (double)l->layers[1].weight[u] * (double)hidden[u] : 0;
    return 1 / (1 + exp(-z));
}

/* Two states of means ±s and deviation 1 are told apart in Φ(√2·s) of pairs. 150 problems, each pair seen at four
 * steps: the standard error of the AUC is about .01. */
static void a_planted_signal_is_found(void **state) {
    (void)state;
    const double signal = 0.7, truth = 0.5 * erfc(-signal);
    world w = make(150, signal, false);
    ps_learned l = fit(&w);
    const ps_learn_report *r = &l.report;
    check_near(r->auc_within, truth, 0.04);
    assert_true(r->auc_low < r->auc_within && r->auc_within < r->auc_high && r->auc_high - r->auc_low < 0.1);
    assert_true(r->auc > r->auc_within); /* it knows which problems are hard, too */
    assert_true(r->brier < 0.6 * r->brier_base);
    assert_int_equal(r->problems, 150);
    assert_int_equal(r->answers, 150 * ANSWERS);
    assert_ok(ps_learn_judge(r, err));
    ps_learned_clear(&l);
    unmake(&w);
}

/* Probabilities are what they say: in each tenth, and of the head itself on answers nobody has seen. */
static void probabilities_are_calibrated(void **state) {
    (void)state;
    world w = make(MOST, 0.7, false);
    ps_learned l = fit(&w);
    for (size_t b = 0; b < PS_LEARN_BINS; b++)
        if (l.report.bins[b].n > 200) check_near(l.report.bins[b].predicted, l.report.bins[b].right, 0.1);
    double brier = 0;
    size_t n = 0;
    for (size_t i = 0; i < w.all.n_answers; i++, n++) {
        const double p = apply(&l, w.states + w.answers[i].rows[0] * WIDTH);
        brier += (p - w.answers[i].right) * (p - w.answers[i].right);
    }
    check_near(brier / (double)n, l.report.brier, 0.02);
    ps_learned_clear(&l);
    unmake(&w);
}

/* The golds are thrown by a coin: nothing is to be found, and it is said. Fewer than one seed in forty is above by
 * chance. */
static void flipped_golds_are_chance(void **state) {
    (void)state;
    world w = make(120, 0.7, false);
    for (size_t i = 0; i < w.all.n_answers; i++)
        w.answers[i].right = ps_uniform(check_key(77), i) < 0.5;
    ps_learned l = fit(&w);
    ps_error why;
    check_near(l.report.auc_within, 0.5, 0.05);
    assert_true(l.report.auc_low <= 0.5 && l.report.auc_high >= 0.5);
    assert_int_equal(ps_learn_judge(&l.report, &why), PS_DOMAIN);
    assert_non_null(strstr(why.message, "it would be noise"));
    assert_true(l.report.brier <= l.report.brier_base + 0.005); /* nor does it pretend to know */
    ps_learned_clear(&l);
    unmake(&w);
}

/* Predictions out of fold that point the wrong way are not turned round by the labels that they are judged by: they
 * become the share that was right, and no head is made of them. Those that point the right way keep their slope. */
static void calibration_never_turns_the_ranking_round(void **state) {
    (void)state;
    double weight[100], target[100], logits[100], turned[100], a = -1, b = -1;
    for (size_t i = 0; i < 100; i++) {
        weight[i] = 1;
        target[i] = i % 5 < 2;
        logits[i] = (target[i] > 0 ? 1 : -1) + normal(7, i);
        turned[i] = -logits[i];
    }
    const ps_design d = {.n = 100, .weight = weight, .target = target};
    assert_ok(ps_fit_platt(&d, logits, &a, &b, err));
    assert_true(a > 0.5);
    assert_ok(ps_fit_platt(&d, turned, &a, &b, err));
    assert_true(a == 0);
    check_near(1 / (1 + exp(-b)), 0.4, 1e-9);
    ps_error why;
    const ps_learn_report report = {.problems = 100, .mixed = 100, .slope = 0, .auc_within = 0.5, .auc_low = 0.5};
    assert_int_equal(ps_learn_judge(&report, &why), PS_DOMAIN);
    assert_non_null(strstr(why.message, "nothing that carries over"));
}

/* A head that knows a problem's difficulty alone moves no particle, however good it looks over all. */
static void difficulty_alone_is_not_enough(void **state) {
    (void)state;
    world w = make(150, 0, false);
    ps_learned l = fit(&w);
    ps_error why;
    assert_true(l.report.auc > 0.65);
    check_near(l.report.auc_within, 0.5, 0.05);
    assert_int_equal(ps_learn_judge(&l.report, &why), PS_DOMAIN);
    ps_learned_clear(&l);
    unmake(&w);
}

static void a_network_where_no_line_will_do(void **state) {
    (void)state;
    world w = make(MOST, 0, true);
    ps_learned l = fit(&w);
    assert_true(l.report.hidden > 0 && l.n_layers == 2);
    assert_true(l.report.auc_within > 0.7);
    ps_learned_clear(&l);
    unmake(&w);
}

/* Too few problems that have both, said with the number. */
static void too_few_problems_are_refused(void **state) {
    (void)state;
    world w = make(25, 2, false);
    ps_learned l = fit(&w);
    ps_error why;
    assert_int_equal(ps_learn_judge(&l.report, &why), PS_DOMAIN);
    assert_non_null(strstr(why.message, "at least 30"));
    ps_learned_clear(&l);
    unmake(&w);
}

/* A problem with a hundred answers weighs as one with eight, and a long answer as a short one: where those disagree
 * with the others, they are outvoted. */
static void every_problem_and_answer_weighs_the_same(void **state) {
    (void)state;
    world w = make(60, 0.7, false);
    ps_learned plain = fit(&w);
    /* Answers of the first problem, forty times over: nothing else changes. */
    const size_t extra = 40;
    ps_learn_answer *more = calloc(w.all.n_answers + extra * ANSWERS, sizeof *more);
    for (size_t k = 0; k < extra; k++)
        memcpy(more + k * ANSWERS, w.answers, ANSWERS * sizeof *more);
    memcpy(more + extra * ANSWERS, w.answers + ANSWERS, (w.all.n_answers - ANSWERS) * sizeof *more);
    ps_learn_states states = w.all;
    states.answers = more;
    states.n_answers = w.all.n_answers - ANSWERS + extra * ANSWERS;
    ps_learned repeated = {0};
    assert_ok(ps_learn_fit(&states, 1, NULL, NULL, &repeated, err));
    check_near(repeated.report.base, plain.report.base, 1e-9);
    check_near(repeated.report.brier, plain.report.brier, 1e-3);
    check_near(apply(&repeated, w.states), apply(&plain, w.states), 1e-3);
    /* Of a weight of 0 nothing is left. */
    memcpy(more, w.answers, w.all.n_answers * sizeof *more);
    for (size_t i = 0; i < w.all.n_answers; i++)
        if (!more[i].right) more[i].weight = 0;
    states.n_answers = w.all.n_answers;
    ps_learned right_only = {0};
    assert_ok(ps_learn_fit(&states, 1, NULL, NULL, &right_only, err));
    check_near(right_only.report.base, 1, 1e-9);
    ps_learned_clear(&plain);
    ps_learned_clear(&repeated);
    ps_learned_clear(&right_only);
    free(more);
    unmake(&w);
}

/* Answers of a tree share their first step: its target is the share of right ones by weight. */
static void shared_steps_have_the_share_that_was_right(void **state) {
    (void)state;
    world w = make(40, 0.7, false);
    for (size_t p = 0; p < 40; p++)
        for (size_t a = 1; a < ANSWERS; a++)
            w.rows[(p * ANSWERS + a) * STEPS] = w.rows[p * ANSWERS * STEPS];
    ps_learned l = fit(&w);
    assert_true(fabs(l.report.steps[0].auc - 0.5) < 1e-12); /* nobody can tell them apart there */
    assert_true(l.report.steps[1].auc > 0.7);
    ps_learned_clear(&l);
    unmake(&w);
}

/* The same question twice is in one fold: what was learned of it is never what it is judged by. */
static void a_question_that_comes_twice_is_not_judged_by_itself(void **state) {
    (void)state;
    world w = make(120, 0, false);
    for (size_t p = 60; p < 120; p++) { /* a copy of each, states and verdicts */
        w.texts[p] = w.texts[p - 60];
        memcpy(w.states + p * ANSWERS * STEPS * WIDTH, w.states + (p - 60) * ANSWERS * STEPS * WIDTH,
               (size_t)ANSWERS * STEPS * WIDTH * sizeof(float));
        for (size_t a = 0; a < ANSWERS; a++)
            w.answers[p * ANSWERS + a].right = w.answers[(p - 60) * ANSWERS + a].right;
    }
    ps_learned l = fit(&w);
    assert_true(l.report.auc_within < 0.58);
    ps_learned_clear(&l);
    unmake(&w);
}

static void a_state_that_is_no_number_is_refused(void **state) {
    (void)state;
    world w = make(40, 0.7, false);
    ps_learned l = {0};
    ps_error why;
    w.states[100] = NAN;
    assert_int_equal(ps_learn_fit(&w.all, 1, NULL, NULL, &l, &why), PS_DOMAIN);
    assert_non_null(strstr(why.message, "not finite"));
    unmake(&w);
}

static bool at_once(void *user) {
    (void)user;
    return true;
}

static void it_can_be_interrupted(void **state) {
    (void)state;
    world w = make(40, 0.7, false);
    ps_learned l = {0};
    ps_error why;
    assert_int_equal(ps_learn_fit(&w.all, 1, at_once, NULL, &l, &why), PS_CANCELLED);
    unmake(&w);
}

/* Whichever allocation fails: that is said, nothing of a head is left, and nothing leaks. */
static void without_memory_there_is_no_head(void **state) {
    (void)state;
    world w = make(12, 0.7, false);
    bool done = false;
    size_t failures = 0;
    for (size_t fail_at = 1; !done; fail_at++) {
        failing_allocator allocator;
        ps_learned l = {0};
        ps_error why;
        failing_install(&allocator, fail_at);
        ps_status status = ps_learn_fit(&w.all, 1, NULL, NULL, &l, &why);
        done = allocator.calls < fail_at;
        if (!done) {
            assert_int_equal(status, PS_NOMEM);
            assert_null(l.weight[0]);
            failures++;
        }
        ps_learned_clear(&l);
        failing_remove();
        assert_int_equal(allocator.alive, 0);
    }
    assert_true(failures > 10);
    unmake(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_planted_signal_is_found),
        cmocka_unit_test(probabilities_are_calibrated),
        cmocka_unit_test(flipped_golds_are_chance),
        cmocka_unit_test(calibration_never_turns_the_ranking_round),
        cmocka_unit_test(difficulty_alone_is_not_enough),
        cmocka_unit_test(a_network_where_no_line_will_do),
        cmocka_unit_test(too_few_problems_are_refused),
        cmocka_unit_test(every_problem_and_answer_weighs_the_same),
        cmocka_unit_test(shared_steps_have_the_share_that_was_right),
        cmocka_unit_test(a_question_that_comes_twice_is_not_judged_by_itself),
        cmocka_unit_test(a_state_that_is_no_number_is_refused),
        cmocka_unit_test(it_can_be_interrupted),
        cmocka_unit_test(without_memory_there_is_no_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
