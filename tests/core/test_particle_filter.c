/* With depth_decay = 0, one event after every step and no early finishers, lineage weights are those of a bootstrap
 * particle filter: W ∝ L_t^β_t / L_{t−1}^β_{t−1}, and log Ẑ is the sum of the logs of the mean increments. */
#include "persamp/core.h"
#include "support/check.h"

enum { M = 40, STEPS = 9 };

/* The increments' logs of one generation, in the order of its snapshots. */
static void increments(const ps_snapshot *snapshots, const uint32_t *ids, double beta, double beta_before,
                       double *log_v) {
    for (size_t i = 0; i < M; i++) {
        const ps_snapshot *s = &snapshots[ids[i]];
        log_v[i] = beta * s->ell - beta_before * snapshots[s->parent].ell;
    }
}

static void check_generation(ps_pool *pool, const uint32_t *made, double beta, double beta_before, double *log_z,
                             const uint32_t **ids, double *W) {
    double log_v[M], filter[M];
    size_t n;
    assert_ok(ps_pool_prepare(pool, ids, &n, err));
    assert_ok(ps_pool_weights(pool, beta, W, err));
    increments(ps_pool_snapshots(pool), made, beta, beta_before, log_v);
    assert_true(ps_normalise(log_v, M, filter));
    for (size_t i = 0; i < n - M; i++)
        assert_true(W[i] == 0); /* never back */
    for (size_t i = 0; i < M; i++) {
        assert_int_equal((*ids)[n - M + i], made[i]);
        check_near(W[n - M + i], filter[i], 1e-12);
    }
    *log_z += ps_log_sum_exp(log_v, M) - log(M);
    check_near(ps_pool_log_z(pool, beta, ps_pool_snapshots(pool)[made[0]].depth), *log_z, 1e-12 + 1e-11 * fabs(*log_z));
    check_near(ps_pool_ess(pool, beta), ps_ess(log_v, M), 1e-9);
}

/* β rises, falls and is 0 again on the way: the filter is tempered, not only annealed. */
static const double betas[STEPS] = {0, 0.3, 0.9, 1, 0.5, 0, 2, 1, 1};

static void never_looking_back_is_a_particle_filter(void **state) {
    (void)state;
    ps_pool *pool;
    uint32_t at[M] = {0};
    double W[M * STEPS + 1], log_z = 0;
    size_t picks[M], picked;
    assert_ok(ps_pool_create(&(ps_pool_params){.max_depth = STEPS + 1}, &pool, err));
    assert_ok(ps_pool_launch(pool, 0, at, M, err));
    for (size_t t = 0; t < STEPS; t++) {
        for (size_t i = 0; i < M; i++) {
            double ell = ps_pool_snapshots(pool)[at[i]].ell - 2 + 3 * ps_normal(check_key(t), i);
            assert_ok(ps_pool_append(pool, at[i], ell, 0, PS_OPEN, &at[i], err));
        }
        assert_ok(ps_pool_advance(pool, err));
        const uint32_t *ids;
        check_generation(pool, at, betas[t], t > 0 ? betas[t - 1] : 0, &log_z, &ids, W);
        double u = ps_uniform(check_key(100 + t), 0);
        ps_resample_input in = {.W = W, .n = (t + 1) * M + 1, .M = M, .uniforms = &u};
        assert_ok(ps_resampler_find("systematic")->pick(&in, picks, &picked, err));
        for (size_t i = 0; i < M; i++)
            at[i] = ids[picks[i]];
        assert_ok(ps_pool_launch(pool, betas[t], at, M, err));
    }
    ps_pool_free(pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(never_looking_back_is_a_particle_filter)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
