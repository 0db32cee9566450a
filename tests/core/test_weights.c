/* Log-weights, ESS and the classic mixture: the identities that hold whatever the numbers. */
#include "persamp/core.h"
#include "support/check.h"

static void uniform_and_one_hot_weights_are_exact(void **state) {
    (void)state;
    for (size_t n = 1; n <= 1000; n = n * 3 + 1) {
        double *log_w = check_doubles(n), *W = check_doubles(n);
        for (size_t i = 0; i < n; i++)
            log_w[i] = -3.7;
        check_near(ps_ess(log_w, n), (double)n, 1e-12 * (double)n);
        check_near(ps_log_sum_exp(log_w, n), log((double)n) - 3.7, 1e-14 * (double)n);
        assert_true(ps_normalise(log_w, n, W));
        check_near(W[n - 1], 1 / (double)n, 1e-16);
        for (size_t i = 0; i < n; i++)
            log_w[i] = i == n / 2 ? -1e4 : -INFINITY;
        assert_true(ps_ess(log_w, n) == 1);
        assert_true(ps_log_sum_exp(log_w, n) == -1e4);
        assert_true(ps_normalise(log_w, n, log_w)); /* in place */
        for (size_t i = 0; i < n; i++)
            assert_true(log_w[i] == (i == n / 2 ? 1 : 0));
        free(log_w);
        free(W);
    }
}

static void weights_of_nothing_are_no_error(void **state) {
    (void)state;
    double none[] = {-INFINITY, -INFINITY}, W[] = {7, 8};
    assert_true(ps_log_sum_exp(none, 2) == -INFINITY && ps_log_sum_exp(NULL, 0) == -INFINITY);
    assert_true(ps_ess(none, 2) == 0 && ps_ess(NULL, 0) == 0);
    assert_false(ps_normalise(none, 2, W));
    assert_true(W[0] == 7 && W[1] == 8);
}

/* A pool with a history: n scores and three events whose counts add up to n. */
typedef struct history {
    double *ell, *log_mix, *log_w, *W;
    size_t n;
    ps_balance_event events[3];
} history;

static history make_history(size_t n, double scale) {
    history h = {.n = n};
    h.ell = check_doubles(n);
    h.log_mix = check_doubles(n);
    h.log_w = check_doubles(n);
    h.W = check_doubles(n);
    for (size_t i = 0; i < n; i++)
        h.ell[i] = scale * (2 * ps_uniform(check_key(n), i) - 1);
    h.events[0] = (ps_balance_event){0, 0, n - n / 2 - n / 4};
    h.events[1] = (ps_balance_event){0.25, 0.1 * scale, n / 2};
    h.events[2] = (ps_balance_event){0.6, 0.3 * scale, n / 4};
    return h;
}

static void free_history(history *h) {
    free(h->ell);
    free(h->log_mix);
    free(h->log_w);
    free(h->W);
}

static double weigh(history *h, double beta) {
    ps_balance_log_mixture(h->ell, h->n, h->events, 3, h->log_mix);
    ps_log_weights(h->ell, h->log_mix, h->n, beta, h->log_w);
    assert_true(ps_normalise(h->log_w, h->n, h->W));
    check_near(ps_ess_at(h->ell, h->log_mix, h->n, beta), ps_ess(h->log_w, h->n), 1e-11 * (double)h->n);
    return ps_log_sum_exp(h->log_w, h->n) - log((double)h->n);
}

/* All ℓ + c and each log Ẑ_e + β_e·c: log Ẑ(β) moves by β·c and W stays. */
static void a_shift_of_all_scores_moves_only_the_evidence(void **state) {
    (void)state;
    const double beta = 0.8, shifts[] = {-1000, -1, 0.5, 300};
    for (size_t k = 0; k < sizeof shifts / sizeof *shifts; k++) {
        history h = make_history(57, 20), moved = make_history(57, 20);
        for (size_t i = 0; i < moved.n; i++)
            moved.ell[i] += shifts[k];
        for (size_t e = 0; e < 3; e++)
            moved.events[e].log_z += moved.events[e].beta * shifts[k];
        double log_z = weigh(&h, beta);
        check_near(weigh(&moved, beta), log_z + beta * shifts[k], 1e-11);
        for (size_t i = 0; i < h.n; i++)
            check_near(moved.W[i], h.W[i], 1e-12);
        free_history(&h);
        free_history(&moved);
    }
}

/* Permuting the pool permutes W. */
static void permuting_the_pool_permutes_the_weights(void **state) {
    (void)state;
    history h = make_history(101, 50), permuted = make_history(101, 50);
    for (size_t i = 0; i < h.n; i++)
        permuted.ell[i] = h.ell[(37 * i + 11) % h.n];
    double log_z = weigh(&h, 0.9);
    check_near(weigh(&permuted, 0.9), log_z, 1e-12);
    for (size_t i = 0; i < h.n; i++)
        check_near(permuted.W[i], h.W[(37 * i + 11) % h.n], 1e-15);
    free_history(&h);
    free_history(&permuted);
}

/* Pools of 1 and 10⁶, scores of ±1e4 and −∞: everything stays finite, and W sums to one. */
static void extreme_scores_stay_finite(void **state) {
    (void)state;
    const size_t sizes[] = {1, 5, 1000000};
    const double scales[] = {0, 1, 1e4};
    for (size_t s = 0; s < 3; s++)
        for (size_t k = 0; k < 3; k++) {
            history h = make_history(sizes[s], scales[k]);
            if (h.n > 1) h.ell[h.n / 3] = -INFINITY;
            for (double beta = 0; beta <= 1; beta += 0.5) {
                double sum = 0;
                assert_true(isfinite(weigh(&h, beta)));
                double ess = ps_ess_at(h.ell, h.log_mix, h.n, beta);
                assert_true(ess >= 1 - 1e-12 && ess <= (double)h.n * (1 + 1e-12));
                for (size_t i = 0; i < h.n; i++)
                    sum += h.W[i];
                check_near(sum, 1, 1e-9);
                if (h.n > 1 && beta > 0) assert_true(h.W[h.n / 3] == 0);
            }
            free_history(&h);
        }
}

/* Many events, empty ones among them: the same as adding them up one by one. */
static void many_events_are_their_sum(void **state) {
    (void)state;
    enum { EVENTS = 1000, N = 13 };
    ps_balance_event *events = calloc(EVENTS, sizeof *events);
    assert_non_null(events);
    double ell[N], log_mix[N], total = 0;
    for (size_t i = 0; i < N; i++)
        ell[i] = -10 * (double)i;
    for (size_t e = 0; e < EVENTS; e++) {
        events[e] = (ps_balance_event){(double)e / EVENTS, ps_normal(check_key(1), e), e % 3};
        total += (double)(e % 3);
    }
    ps_balance_log_mixture(ell, N, events, EVENTS, log_mix);
    for (size_t i = 0; i < N; i++) {
        long double sum = 0;
        for (size_t e = 0; e < EVENTS; e++)
            sum += (long double)events[e].count / total * expl((long double)events[e].beta * ell[i] - events[e].log_z);
        check_near(log_mix[i], (double)logl(sum), 1e-12);
    }
    free(events);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(uniform_and_one_hot_weights_are_exact),
                                       cmocka_unit_test(weights_of_nothing_are_no_error),
                                       cmocka_unit_test(a_shift_of_all_scores_moves_only_the_evidence),
                                       cmocka_unit_test(permuting_the_pool_permutes_the_weights),
                                       cmocka_unit_test(extreme_scores_stay_finite),
                                       cmocka_unit_test(many_events_are_their_sum)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
