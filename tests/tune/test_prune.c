/* Stopping early: how often the truly best trial is stopped, and what is stopped for sure. */
#include "support/check.h"
#include "tune/prune.h"

/* The likelihood ratio as it is defined, by the midpoint rule over 100,000 pieces. */
static double integral(size_t lost, size_t won) {
    enum { PIECES = 100000 };
    double sum = 0;
    for (size_t i = 0; i < PIECES; i++) {
        double q = 0.5 * ((double)i + 0.5) / PIECES;
        sum += exp((double)won * log(2 * q) + (double)lost * log(2 * (1 - q))) / PIECES;
    }
    return log(sum);
}

static void the_evidence_is_its_integral(void **state) {
    (void)state;
    static const size_t cases[][2] = {{0, 0}, {1, 0}, {0, 1}, {5, 2}, {30, 10}, {10, 30}, {200, 120}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (fabs(ps_prune_evidence(cases[i][0], cases[i][1]) - integral(cases[i][0], cases[i][1])) > 1e-6)
            fail_msg("%zu lost, %zu won: %.9f", cases[i][0], cases[i][1], ps_prune_evidence(cases[i][0], cases[i][1]));
}

/* 2,000 studies of 10 trials over 200 problems. The first trial has the highest accuracy in truth; the others are as
 * good or a little worse, which is the hardest case. Trials come one after the other, each against the best complete
 * one so far, in a random order. The truly best may be stopped by the test in at most 5% of studies; with 2,000 studies
 * a rate of 5% would be seen as more than 6.5% with p = .001. Stopped for good because it cannot win any more is no
 * error. */
static void the_truly_best_trial_is_seldom_stopped(void **state) {
    (void)state;
    enum { STUDIES = 2000, TRIALS = 10, PROBLEMS = 200 };
    size_t stopped = 0, saved = 0, solved = 0;
    for (uint64_t study = 0; study < STUDIES; study++) {
        bool best[PROBLEMS] = {false}, right[PROBLEMS];
        size_t best_correct = 0,
               place = (size_t)(ps_uniform((ps_rng_key){.seed = check_seed(), .problem = study, .purpose = PS_RNG_TEST},
                                           0) *
                                TRIALS);
        bool wrong = false, any = false;
        for (uint64_t t = 0; t < TRIALS; t++) {
            bool is_best = t == place, pruned = false;
            size_t correct = 0, seen = 0, lost = 0, won = 0;
            for (; seen < PROBLEMS && !pruned; seen++) {
                double u[2];
                ps_uniforms((ps_rng_key){.seed = check_seed(), .problem = study, .id = 1 + t, .purpose = PS_RNG_TEST},
                            2 * seen, 2, u);
                right[seen] = u[0] < (is_best ? 0.6 : 0.6 - 0.05 * (double)(t % 3));
                correct += right[seen];
                lost += any && best[seen] && !right[seen];
                won += any && right[seen] && !best[seen];
                bool test = any && lost > won && ps_prune_evidence(lost, won) > log(TRIALS / 0.05);
                pruned = test || (any && correct + (PROBLEMS - seen - 1) < best_correct);
                if (any && study < 20)
                    assert_int_equal(pruned, ps_prune_stops(right, best, seen + 1, PROBLEMS, TRIALS));
                wrong = wrong || (test && is_best);
            }
            solved += PROBLEMS;
            saved += PROBLEMS - seen;
            if (pruned || (any && correct <= best_correct)) continue;
            memcpy(best, right, sizeof best);
            best_correct = correct;
            any = true;
        }
        stopped += wrong;
    }
    if (stopped > STUDIES * 65 / 1000) fail_msg("the best trial was stopped in %zu of %d studies", stopped, STUDIES);
    assert_true(saved * 20 > solved); /* it is good for something, even here */
}

static void a_trial_that_cannot_win_is_stopped(void **state) {
    (void)state;
    const bool best[6] = {true, true, true, true, false, false}, right[6] = {false, false, false, false, true, true};
    assert_false(ps_prune_stops(right, best, 2, 6, 10)); /* four may come */
    assert_true(ps_prune_stops(right, best, 3, 6, 10));
    assert_false(ps_prune_stops(best, best, 6, 6, 10));
}

static void rungs_are_a_ninth_and_a_third(void **state) {
    (void)state;
    size_t rungs[3];
    assert_int_equal(ps_prune_rungs(90, rungs), 3);
    assert_int_equal(rungs[0], 10);
    assert_int_equal(rungs[1], 30);
    assert_int_equal(rungs[2], 90);
    assert_int_equal(ps_prune_rungs(4, rungs), 2);
    assert_int_equal(rungs[0], 2);
    assert_int_equal(rungs[1], 4);
    assert_int_equal(ps_prune_rungs(1, rungs), 1);
    assert_true(ps_prune_survives(1, 0));
    assert_false(ps_prune_survives(3, 1));
    assert_true(ps_prune_survives(4, 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_evidence_is_its_integral),
        cmocka_unit_test(the_truly_best_trial_is_seldom_stopped),
        cmocka_unit_test(a_trial_that_cannot_win_is_stopped),
        cmocka_unit_test(rungs_are_a_ninth_and_a_third),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
