/* The sampling pass against a slow, plain computation in long double with a full sort. */
#include "engine/sampler/kernels.h"
#include "support/test.h"

#include <math.h>

static const ps_rng_key key = {.seed = 20, .purpose = PS_RNG_TEST};

/* ---- The plain computation ----------------------------------------------- */

typedef struct candidate {
    float logit;
    uint32_t id;
    bool kept;
} candidate;

static int by_logit(const void *a, const void *b) {
    const candidate *x = a, *y = b;
    if (x->logit != y->logit) return x->logit > y->logit ? -1 : 1;
    return x->id < y->id ? -1 : 1;
}

static int by_id(const void *a, const void *b) {
    const candidate *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* Probabilities of the distribution drawn from, in order of id; and the smallest distance of the top-p threshold from
 * a sum of probabilities, for a test to leave ties of rounding alone. */
static long double plain(const float *logits, size_t n, const ps_generation *g, long double *q) {
    candidate *c = calloc(n, sizeof *c);
    long double max = -INFINITY, total = 0, sum = 0, slack = 1;
    for (size_t i = 0; i < n; i++) {
        c[i] = (candidate){logits[i], (uint32_t)i, true};
        if (logits[i] > max) max = logits[i];
    }
    qsort(c, n, sizeof *c, by_logit);
    const size_t most = g->top_k > 0 && (size_t)g->top_k < n ? (size_t)g->top_k : n;
    for (size_t i = 0; i < most; i++)
        total += expl((c[i].logit - max) / g->temperature);
    for (size_t i = 0; i < n; i++) {
        c[i].kept = i < most && (i == 0 || g->top_p >= 1 || sum < (long double)g->top_p * total);
        if (c[i].kept) sum += expl((c[i].logit - max) / g->temperature);
        if (i < most) slack = fminl(slack, fabsl(sum / total - g->top_p));
    }
    qsort(c, n, sizeof *c, by_id);
    for (size_t i = 0; i < n; i++)
        q[i] = c[i].kept ? expl((c[i].logit - max) / g->temperature) / sum : 0;
    free(c);
    return slack;
}

/* One way of sampling: NULL is what ps_sample chooses, else a version of the quick way, which here also gets small
 * vocabularies. */
static const ps_sample_kernels *way;

static ps_status sample(ps_sampler *s, const float *logits, size_t n, const ps_generation *g, double u, ps_draw *draw,
                        ps_error *err) {
    return way != NULL ? ps_quick_sample(way, &s->quick, logits, n, g, &u, 1, draw, err)
                       : ps_sample(s, logits, n, g, u, draw, err);
}

static void check_near(long double got, long double want, long double tolerance) {
    assert_true(fabsl(got - want) <= tolerance * (1 + fabsl(want)));
}

static void check_draws(ps_sampler *s, const float *logits, size_t n, const ps_generation *g, uint64_t stream) {
    long double *q = calloc(n, sizeof *q), *p = calloc(n, sizeof *p);
    const ps_generation raw = {.temperature = 1, .top_p = 1};
    const long double slack = plain(logits, n, g, q);
    /* The quick way computes a large raw distribution in float32 unless it is the one drawn from. */
    const bool quick = n >= PS_SAMPLE_LARGE && ps_sample_kernels_get(0) != NULL;
    const long double raw_tolerance = quick && g->temperature != 1 ? 1e-6L : 1e-11L;
    plain(logits, n, &raw, p);
    long double entropy = 0;
    for (size_t i = 0; i < n; i++)
        if (p[i] > 0) entropy -= p[i] * logl(p[i]);
    for (int k = 0; k < 20 && (slack > 1e-12L || g->top_p >= 1); k++) {
        const double u = k == 0   ? 0x1p-53
                         : k == 1 ? 1 - 0x1p-53
                                  : ps_uniform((ps_rng_key){key.seed, stream, 1, PS_RNG_TEST}, (uint64_t)k);
        ps_draw draw;
        assert_int_equal(sample(s, logits, n, g, u, &draw, NULL), PS_OK);
        const size_t t = (size_t)draw.token;
        assert_true(t < n && q[t] > 0);
        long double below = 0;
        for (size_t i = 0; i < t; i++)
            below += q[i];
        assert_true(below <= u + 1e-12L && u <= below + q[t] + 1e-12L);
        check_near(draw.logp, logl(p[t]), raw_tolerance);
        check_near(draw.logq, logl(q[t]), 1e-11L);
        check_near(draw.entropy, entropy, raw_tolerance);
    }
    free(q);
    free(p);
}

/* Logits with the features that break samplers: equal ones, −∞, far outliers, a flat stretch. */
static void fill(float *logits, size_t n, uint64_t stream) {
    const ps_rng_key k = {key.seed, stream, 0, PS_RNG_TEST};
    const double scale = (double[]){0, 1, 5, 30, 1000}[stream % 5];
    for (size_t i = 0; i < n; i++) {
        const double u = ps_uniform(k, 3 * i);
        logits[i] = (float)(scale * ps_normal(k, i));
        if (u < 0.05) logits[i] = -INFINITY;
        if (u > 0.9) logits[i] = (float)(scale * 0.5);
    }
    if (isinf(logits[0])) logits[0] = 0;
}

static void against_plain_computation(void) {
    static const size_t sizes[] = {1, 2, 7, 255, 256, 257, 447, 1000, 5000};
    static const double temperatures[] = {1, 0.1, 0.7, 3}, top_ps[] = {1, 0.95, 0.5, 0.001, 0.999999};
    static const int top_ks[] = {0, 1, 3, 40, 300};
    ps_sampler s = {0};
    uint64_t stream = 0;
    for (size_t a = 0; a < sizeof sizes / sizeof *sizes; a++)
        for (size_t b = 0; b < 4; b++)
            for (size_t c = 0; c < 5; c++)
                for (size_t d = 0; d < 5; d++) {
                    const size_t n = sizes[a];
                    if (n > 500 && (b + c + d) % 3 != 0) continue;
                    float *logits = calloc(n, sizeof *logits);
                    fill(logits, n, ++stream);
                    const ps_generation g = {.temperature = temperatures[b], .top_p = top_ps[c], .top_k = top_ks[d]};
                    check_draws(&s, logits, n, &g, stream);
                    free(logits);
                }
    ps_sampler_free(&s);
}

static void every_way_against_plain_computation(void **state) {
    (void)state;
    way = NULL;
    against_plain_computation();
    for (size_t k = 0; (way = ps_sample_kernels_get(k)) != NULL; k++)
        against_plain_computation();
}

/* Each exponential of each version, alone in its block, so that the sums are it: weights within 1e−13; raw parts as
 * exact at scale 1, else within the bound stated for float32. */
static void exponentials_are_within_their_bounds(void **state) {
    (void)state;
    static const double scales[] = {1, 1 / 0.7, 10, 0.3};
    float logits[PS_SAMPLE_BLOCK];
    double weight[PS_SAMPLE_BLOCK];
    const ps_sample_kernels *k;
    for (size_t c = 0; (k = ps_sample_kernels_get(c)) != NULL; c++)
        for (int i = 0; i < 4000; i++) {
            const double scale = scales[i % 4];
            const float max = 3.0F;
            const int place = i % PS_SAMPLE_BLOCK;
            for (size_t j = 0; j < PS_SAMPLE_BLOCK; j++)
                logits[j] = -INFINITY;
            logits[place] = max - (float)(60 * ps_uniform(key, (uint64_t)i));
            const long double x = (long double)logits[place] - max, want = expl(x * scale), raw = expl(x);
            const long double bound = scale == 1 ? 1e-13L : 0x1p-24L * (fabsl(x) + 6);
            ps_block_sums sums = {0};
            k->weigh(logits, max, scale, weight, &sums);
            if (scale != 1) k->raw(logits, max, &sums);
            assert_true(fabsl(weight[place] - want) <= 1e-13L * want);
            assert_true(fabsl(sums.weight - want) <= 1e-13L * want + 1e-300L);
            assert_true(fabsl(sums.raw - raw) <= bound * raw + 1e-35L); /* the others' least normal number, 255 times */
            assert_true(weight[(place + 1) % PS_SAMPLE_BLOCK] < 1e-300);
        }
}

/* The same uniform draws the same token in every version. */
static void every_way_draws_the_same_token(void **state) {
    (void)state;
    enum { N = 30011, DRAWS = 40 };
    static const ps_generation ways[] = {{.temperature = 1, .top_p = 1},
                                         {.temperature = 0.6, .top_p = 1},
                                         {.temperature = 1.3, .top_p = 0.95},
                                         {.temperature = 0.7, .top_p = 0.9, .top_k = 40},
                                         {.temperature = 2, .top_p = 1, .top_k = 9000}};
    float *logits = calloc(N, sizeof *logits);
    ps_sampler s = {0};
    for (uint64_t stream = 0; stream < 10; stream++)
        for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
            fill(logits, N, stream);
            double u[DRAWS];
            ps_draw want[DRAWS], got[DRAWS];
            for (uint64_t i = 0; i < DRAWS; i++)
                u[i] = ps_uniform((ps_rng_key){key.seed, stream, 2, PS_RNG_TEST}, i);
            assert_int_equal(ps_plain_sample(&s.plain, logits, N, &ways[w], u, DRAWS, want, NULL), PS_OK);
            for (size_t k = 0; (way = ps_sample_kernels_get(k)) != NULL; k++) {
                assert_int_equal(ps_quick_sample(way, &s.quick, logits, N, &ways[w], u, DRAWS, got, NULL), PS_OK);
                for (size_t i = 0; i < DRAWS; i++) {
                    assert_int_equal(got[i].token, want[i].token);
                    check_near(got[i].logq, want[i].logq, 1e-11L);
                }
            }
        }
    free(logits);
    ps_sampler_free(&s);
}

/* ---- Known answers ------------------------------------------------------- */

static void greedy_takes_the_first_of_the_largest(void **state) {
    (void)state;
    const float logits[] = {1, 3, 3, 2};
    ps_sampler s = {0};
    ps_draw draw;
    const ps_generation g = {.temperature = 0, .top_p = 1};
    assert_int_equal(ps_sample(&s, logits, 4, &g, 0.99, &draw, NULL), PS_OK);
    assert_int_equal(draw.token, 1);
    assert_true(draw.logq == 0);
    const double z = exp(-2) + 2 + exp(-1);
    assert_true(fabs(draw.logp + log(z)) < 1e-15);
    ps_sampler_free(&s);
}

/* Many draws at once are what each alone is, to the bit. */
static void draws_together_are_draws_alone(void **state) {
    (void)state;
    enum { N = 5000, DRAWS = 100 };
    static const ps_generation ways[] = {
        {.temperature = 0}, {.temperature = 1, .top_p = 1}, {.temperature = 0.7, .top_p = 0.9, .top_k = 300}};
    float logits[N];
    double u[DRAWS];
    ps_sampler s = {0};
    fill(logits, N, 3);
    for (uint64_t i = 0; i < DRAWS; i++)
        u[i] = ps_uniform((ps_rng_key){key.seed, 3, 3, PS_RNG_TEST}, i);
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
        ps_draw together[DRAWS], plain[DRAWS], one;
        assert_int_equal(ps_sample_several(&s, logits, N, &ways[w], u, DRAWS, together, NULL), PS_OK);
        assert_int_equal(ps_plain_sample(&s.plain, logits, N, &ways[w], u, DRAWS, plain, NULL), PS_OK);
        for (size_t i = 0; i < DRAWS; i++) {
            assert_int_equal(ps_sample(&s, logits, N, &ways[w], u[i], &one, NULL), PS_OK);
            assert_true(one.token == together[i].token && one.logp == together[i].logp &&
                        one.logq == together[i].logq && one.entropy == together[i].entropy);
            assert_int_equal(ps_plain_sample(&s.plain, logits, N, &ways[w], &u[i], 1, &one, NULL), PS_OK);
            assert_true(one.token == plain[i].token && one.logp == plain[i].logp && one.logq == plain[i].logq &&
                        one.entropy == plain[i].entropy);
        }
    }
    ps_sampler_free(&s);
}

static void kept_probabilities_sum_to_one(void **state) {
    (void)state;
    enum { N = 3000, DRAWS = 20000 };
    float logits[N];
    double q[N] = {0};
    fill(logits, N, 1);
    ps_sampler s = {0};
    const ps_generation g = {.temperature = 0.6, .top_p = 0.8, .top_k = 50};
    for (int i = 0; i < DRAWS; i++) {
        ps_draw draw;
        assert_int_equal(ps_sample(&s, logits, N, &g, (i + 0.5) / DRAWS, &draw, NULL), PS_OK);
        q[draw.token] = exp(draw.logq);
    }
    double sum = 0;
    int kept = 0;
    for (int i = 0; i < N; i++) {
        sum += q[i];
        kept += q[i] > 0;
    }
    assert_true(kept > 1 && kept <= 50);
    assert_true(fabs(sum - 1) < 1e-12);
    ps_sampler_free(&s);
}

static void large_vocabulary(void **state) {
    (void)state;
    enum { N = 152064 };
    float *logits = calloc(N, sizeof *logits);
    way = NULL;
    fill(logits, N, 2);
    ps_sampler s = {0};
    static const ps_generation g[] = {{.temperature = 1, .top_p = 1},
                                      {.temperature = 0.7, .top_p = 0.9},
                                      {.temperature = 1.5, .top_p = 0.999, .top_k = 20000}};
    for (size_t i = 0; i < 3; i++)
        check_draws(&s, logits, N, &g[i], 7 + i);
    /* What is asked about a reward model's choices comes from the same sums. */
    ps_logits_summary quick, exact;
    assert_int_equal(ps_logits_summarise(&s, logits, N, &quick, NULL), PS_OK);
    assert_int_equal(ps_plain_summarise(&s.plain, logits, N, &exact, NULL), PS_OK);
    check_near(quick.log_sum, exact.log_sum, 1e-12L);
    check_near(quick.entropy, exact.entropy, 1e-11L);
    assert_int_equal(quick.best, exact.best);
    free(logits);
    ps_sampler_free(&s);
}

static void unusable_logits_are_errors(void) {
    float logits[300] = {0};
    ps_sampler s = {0};
    ps_draw draw;
    ps_error err;
    const ps_generation g = {.temperature = 1, .top_p = 1};
    logits[299] = NAN;
    assert_int_equal(sample(&s, logits, 300, &g, 0.5, &draw, &err), PS_ENGINE);
    assert_non_null(strstr(err.message, "NaN"));
    logits[299] = INFINITY;
    assert_int_equal(sample(&s, logits, 300, &g, 0.5, &draw, NULL), PS_ENGINE);
    for (int i = 0; i < 300; i++)
        logits[i] = -INFINITY;
    assert_int_equal(sample(&s, logits, 300, &g, 0.5, &draw, NULL), PS_ENGINE);
    ps_sampler_free(&s);
}

static void unusable_logits_are_errors_every_way(void **state) {
    (void)state;
    way = NULL;
    unusable_logits_are_errors();
    for (size_t k = 0; (way = ps_sample_kernels_get(k)) != NULL; k++)
        unusable_logits_are_errors();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_against_plain_computation),
        cmocka_unit_test(exponentials_are_within_their_bounds),
        cmocka_unit_test(every_way_draws_the_same_token),
        cmocka_unit_test(greedy_takes_the_first_of_the_largest),
        cmocka_unit_test(draws_together_are_draws_alone),
        cmocka_unit_test(kept_probabilities_sum_to_one),
        cmocka_unit_test(large_vocabulary),
        cmocka_unit_test(unusable_logits_are_errors_every_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
