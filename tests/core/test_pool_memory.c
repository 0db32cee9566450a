/* Every allocation of a pool's life fails once: each call says PS_NOMEM, leaves the pool as it was, succeeds when it is
 * repeated, and nothing is left behind. */
#include "persamp/core.h"
#include "support/check.h"
#include "support/failing_allocator.h"

static failing_allocator memory;

/* Repeat a call that failed for want of memory: with memory back, it must succeed and go on as if nothing was. */
#define retry(call)                                                                                                    \
    do {                                                                                                               \
        ps_error err = {0};                                                                                            \
        ps_status status = (call);                                                                                     \
        if (status == PS_NOMEM) {                                                                                      \
            assert_int_equal(err.code, PS_NOMEM);                                                                      \
            failures++;                                                                                                \
            status = (call);                                                                                           \
        }                                                                                                              \
        assert_int_equal(status, PS_OK);                                                                               \
    } while (0)

typedef struct outcome {
    double log_z, W_sum;
    size_t size;
} outcome;

static size_t failures;

static void iterate(ps_pool *pool, uint32_t *running, size_t M, size_t t) {
    for (size_t i = 0; i < M; i++) {
        double ell = ps_normal(check_key(t), i);
        retry(ps_pool_append(pool, running[i], ell, ell, i % 7 == 6 ? PS_FINISHED : PS_OPEN, &running[i], &err));
    }
    retry(ps_pool_advance(pool, &err));
}

static void select_from(ps_pool *pool, uint32_t *running, size_t M, size_t t, outcome *out) {
    static double W[256];
    const uint32_t *ids;
    size_t n, picks[32], picked;
    double uniforms[256];
    retry(ps_pool_prepare(pool, &ids, &n, &err));
    retry(ps_pool_weights(pool, 0.5, W, &err));
    size_t n_resamplers;
    const ps_resampler *const *table = ps_resamplers(&n_resamplers);
    const ps_resampler *r = table[t % n_resamplers];
    ps_uniforms(check_key(t), 1000, r->uniforms(M, n, 2), uniforms);
    ps_resample_input in = {.W = W, .n = n, .M = M, .uniforms = uniforms, .subpools = 2};
    retry(r->pick(&in, picks, &picked, &err));
    for (size_t i = 0; i < M; i++)
        running[i] = ids[picks[i % picked]];
    retry(ps_pool_launch(pool, 0.5, running, M, &err));
    for (size_t i = 0; i < n; i++)
        out->W_sum += (double)(i + 1) * W[i];
}

static outcome live(void) {
    enum { M = 16 };
    ps_pool *pool = NULL;
    uint32_t running[M] = {0}, *ids;
    double *log_weights;
    size_t n;
    outcome out = {0};
    const ps_pool_params params = {.depth_decay = 0.5, .max_depth = 20, .max_size = 50};
    retry(ps_pool_create(&params, &pool, &err));
    retry(ps_pool_launch(pool, 0, running, M, &err));
    for (size_t t = 0; t < 8; t++) {
        iterate(pool, running, M, t);
        select_from(pool, running, M, t, &out);
    }
    retry(ps_pool_answers(pool, 1, false, &ids, &log_weights, &n, &out.log_z, &err));
    out.size = ps_pool_size(pool);
    ps_free(ids);
    ps_free(log_weights);
    ps_pool_free(pool);
    return out;
}

static void every_allocation_fails_once_and_the_pool_goes_on(void **state) {
    (void)state;
    failing_install(&memory, 0);
    outcome want = live();
    const size_t calls = memory.calls;
    assert_int_equal(memory.alive, 0);
    assert_true(calls > 50);
    for (size_t fail_at = 1; fail_at <= calls; fail_at++) {
        failing_install(&memory, fail_at);
        failures = 0;
        outcome got = live();
        assert_int_equal(failures, 1);
        assert_int_equal(memory.alive, 0);
        assert_true(got.size == want.size && got.log_z == want.log_z && got.W_sum == want.W_sum);
    }
    failing_remove();
    print_message("%zu allocations, each failed once\n", calls);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_fails_once_and_the_pool_goes_on)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
