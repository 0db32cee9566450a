/* The sampling pass against a slow, plain computation in long double with a full sort: the same for every table of
 * kernels that this processor runs. */
#include "engine/sampler/kernels.h"
#include "support/check.h"
#include "support/failing_allocator.h"

#include <float.h>

static const ps_rng_key key = {.seed = 20, .purpose = PS_RNG_TEST};

static void with_every_table(void (*check)(const ps_sample_kernels *kernels)) {
    const ps_sample_kernels *kernels;
    for (size_t k = 0; (kernels = ps_sample_kernels_get(k)) != NULL; k++)
        check(kernels);
}

static ps_status sample(const ps_sample_kernels *kernels, ps_sampler *s, const float *logits, size_t n,
                        const ps_generation *g, double u, ps_draw *draw, ps_error *err) {
    return ps_sample_with(kernels, s, logits, n, g, &u, 1, draw, err);
}

static float *new_logits(size_t n) {
    float *logits = calloc(n, sizeof *logits);
    assert_non_null(logits);
    return logits;
}

/* ---- The reference ------------------------------------------------------- */

typedef struct candidate {
    float logit;
    uint32_t id;
    long double weight;
} candidate;

static int by_logit(const void *a, const void *b) {
    const candidate *x = a, *y = b;
    if (x->logit != y->logit) return x->logit > y->logit ? -1 : 1;
    return x->id < y->id ? -1 : 1;
}

/* Probabilities of the distribution drawn from, in order of id. Returns the smallest distance of the top_p threshold
 * from a sum of probabilities, for a test to leave ties of rounding alone. Each exponential is taken once: on
 * processors without a long double of their own they are what the test costs. */
static long double reference(const float *logits, size_t n, const ps_generation *g, long double *q) {
    candidate *c = calloc(n, sizeof *c);
    assert_non_null(c);
    long double max = -INFINITY, total = 0, sum = 0, slack = 1;
    for (size_t i = 0; i < n; i++) {
        c[i] = (candidate){logits[i], (uint32_t)i, 0};
        if (logits[i] > max) max = logits[i];
    }
    qsort(c, n, sizeof *c, by_logit);
    const size_t most = g->top_k > 0 && (size_t)g->top_k < n ? (size_t)g->top_k : n;
    for (size_t i = 0; i < most; i++)
        total += c[i].weight = expl((c[i].logit - max) / g->temperature);
    for (size_t i = 0; i < most && g->top_p < 1; i++) {
        if (i > 0 && sum >= (long double)g->top_p * total) c[i].weight = 0;
        sum += c[i].weight;
        slack = fminl(slack, fabsl(sum / total - g->top_p));
    }
    if (g->top_p >= 1) sum = total;
    for (size_t i = 0; i < n; i++)
        q[c[i].id] = c[i].weight / sum;
    free(c);
    return slack;
}

static long double entropy_of(const long double *p, size_t n) {
    long double entropy = 0;
    for (size_t i = 0; i < n; i++)
        if (p[i] > 0) entropy -= p[i] * logl(p[i]);
    return entropy;
}

static void check_relative(long double got, long double want, long double tolerance) {
    if (!(fabsl(got - want) <= tolerance * (1 + fabsl(want))))
        fail_msg("got %.17Lg, expected %.17Lg within %Lg", got, want, tolerance);
}

/* The probability of all before each token. */
static void add_up(const long double *q, size_t n, long double *below) {
    long double sum = 0;
    for (size_t i = 0; i < n; i++) {
        below[i] = sum;
        sum += q[i];
    }
}

/* 20 draws against the reference, the ends of the unit interval among them. */
static void check_draws(const ps_sample_kernels *kernels, ps_sampler *s, const float *logits, size_t n,
                        const ps_generation *g, uint64_t stream) {
    long double *q = calloc(n, sizeof *q), *p = calloc(n, sizeof *p), *below = calloc(n, sizeof *below);
    const ps_generation raw = {.temperature = 1, .top_p = 1};
    const long double slack = reference(logits, n, g, q);
    /* A large raw distribution is float32, unless it is the one drawn from. */
    const long double raw_tolerance = n >= PS_SAMPLE_LARGE && g->temperature != 1 ? 1e-6L : 1e-11L;
    reference(logits, n, &raw, p);
    add_up(q, n, below);
    const long double entropy = entropy_of(p, n);
    for (int k = 0; k < 20 && (slack > 1e-12L || g->top_p >= 1); k++) {
        const double u = k == 0   ? 0x1p-53
                         : k == 1 ? 1 - 0x1p-53
                                  : ps_uniform((ps_rng_key){key.seed, stream, 1, PS_RNG_TEST}, (uint64_t)k);
        ps_draw draw;
        check_ok(sample(kernels, s, logits, n, g, u, &draw, NULL));
        const size_t t = (size_t)draw.token;
        assert_true(t < n && q[t] > 0);
        assert_true(below[t] <= u + 1e-12L && u <= below[t] + q[t] + 1e-12L);
        /* logp is the difference of two numbers as large as the logits. */
        check_relative(draw.logp, logl(p[t]), raw_tolerance + 0x1p-52L * fabsl(logits[t]));
        check_relative(draw.logq, logl(q[t]), 1e-11L);
        check_relative(draw.entropy, entropy, raw_tolerance);
    }
    free(q);
    free(p);
    free(below);
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

/* ---- Draws --------------------------------------------------------------- */

static void check_all_settings(const ps_sample_kernels *kernels) {
    static const size_t sizes[] = {1, 2, 7, 255, 256, 257, 447, 1000, 5000};
    static const double temperatures[] = {1, 0.1, 0.7, 3}, top_ps[] = {1, 0.95, 0.5, 0.001, 0.999999};
    static const int top_ks[] = {0, 1, 3, 40, 300};
    ps_sampler s = {0};
    uint64_t stream = 0;
    print_message("kernels: %s\n", kernels->name);
    for (size_t a = 0; a < sizeof sizes / sizeof *sizes; a++)
        for (size_t b = 0; b < 4; b++)
            for (size_t c = 0; c < 5; c++)
                for (size_t d = 0; d < 5; d++) {
                    const size_t n = sizes[a];
                    if (n > 500 && (b + c + d) % 3 != 0) continue;
                    float *logits = new_logits(n);
                    fill(logits, n, ++stream);
                    const ps_generation g = {.temperature = temperatures[b], .top_p = top_ps[c], .top_k = top_ks[d]};
                    check_draws(kernels, &s, logits, n, &g, stream);
                    free(logits);
                }
    ps_sampler_clear(&s);
}

static void every_table_draws_what_the_reference_draws(void **state) {
    (void)state;
    with_every_table(check_all_settings);
}

static void check_large(const ps_sample_kernels *kernels) {
    enum { N = 152064 };
    static const ps_generation g[] = {{.temperature = 1, .top_p = 1},
                                      {.temperature = 0.7, .top_p = 0.9},
                                      {.temperature = 1.5, .top_p = 0.999, .top_k = 20000},
                                      {.temperature = 1.5, .top_p = 0.9999}};
    float *logits = new_logits(N);
    ps_sampler s = {0};
    for (size_t i = 0; i < sizeof g / sizeof *g; i++) {
        fill(logits, N, 2 - i % 2); /* peaked and flat */
        check_draws(kernels, &s, logits, N, &g[i], 7 + i);
    }
    free(logits);
    ps_sampler_clear(&s);
}

static void every_table_draws_from_a_large_vocabulary(void **state) {
    (void)state;
    with_every_table(check_large);
}

/* The tables may differ in the last bits of logq, but not in a token. */
static void every_table_draws_the_same_token(void **state) {
    (void)state;
    enum { N = 30011, DRAWS = 40 };
    static const size_t sizes[] = {32, 539, N};
    static const ps_generation settings[] = {{.temperature = 1, .top_p = 1},
                                             {.temperature = 0.6, .top_p = 1},
                                             {.temperature = 1.3, .top_p = 0.95},
                                             {.temperature = 0.7, .top_p = 0.9, .top_k = 40},
                                             {.temperature = 2, .top_p = 1, .top_k = 9000}};
    float *logits = new_logits(N);
    ps_sampler s = {0};
    const ps_sample_kernels *kernels;
    for (uint64_t stream = 0; stream < 30; stream++)
        for (size_t w = 0; w < sizeof settings / sizeof *settings; w++) {
            const size_t n = sizes[stream % 3];
            double u[DRAWS];
            ps_draw want[DRAWS], got[DRAWS];
            fill(logits, n, stream);
            for (uint64_t i = 0; i < DRAWS; i++)
                u[i] = ps_uniform((ps_rng_key){key.seed, stream, 2, PS_RNG_TEST}, i);
            check_ok(ps_sample_with(&ps_sample_plain, &s, logits, n, &settings[w], u, DRAWS, want, NULL));
            for (size_t k = 0; (kernels = ps_sample_kernels_get(k)) != NULL; k++) {
                check_ok(ps_sample_with(kernels, &s, logits, n, &settings[w], u, DRAWS, got, NULL));
                for (size_t i = 0; i < DRAWS; i++) {
                    assert_int_equal(got[i].token, want[i].token);
                    check_relative(got[i].logq, want[i].logq, 1e-11L);
                }
            }
        }
    free(logits);
    ps_sampler_clear(&s);
}

static void check_together(const ps_sample_kernels *kernels) {
    enum { N = 5000, DRAWS = 100 };
    static const ps_generation settings[] = {
        {.temperature = 0}, {.temperature = 1, .top_p = 1}, {.temperature = 0.7, .top_p = 0.9, .top_k = 300}};
    float logits[N];
    double u[DRAWS];
    ps_sampler s = {0};
    fill(logits, N, 3);
    for (uint64_t i = 0; i < DRAWS; i++)
        u[i] = ps_uniform((ps_rng_key){key.seed, 3, 3, PS_RNG_TEST}, i);
    for (size_t w = 0; w < sizeof settings / sizeof *settings; w++) {
        ps_draw together[DRAWS], one;
        check_ok(ps_sample_with(kernels, &s, logits, N, &settings[w], u, DRAWS, together, NULL));
        for (size_t i = 0; i < DRAWS; i++) {
            check_ok(sample(kernels, &s, logits, N, &settings[w], u[i], &one, NULL));
            assert_true(one.token == together[i].token && one.logp == together[i].logp &&
                        one.logq == together[i].logq && one.entropy == together[i].entropy);
        }
    }
    ps_sampler_clear(&s);
}

static void draws_together_are_draws_alone_to_the_bit(void **state) {
    (void)state;
    with_every_table(check_together);
}

static void check_sum_of_kept(const ps_sample_kernels *kernels) {
    enum { N = 3000, DRAWS = 20000 };
    static const ps_generation g = {.temperature = 0.6, .top_p = 0.8, .top_k = 50};
    float logits[N];
    double q[N] = {0}, sum = 0;
    int kept = 0;
    ps_sampler s = {0};
    fill(logits, N, 1);
    for (int i = 0; i < DRAWS; i++) {
        ps_draw draw;
        check_ok(sample(kernels, &s, logits, N, &g, (i + 0.5) / DRAWS, &draw, NULL));
        q[draw.token] = exp(draw.logq);
    }
    for (int i = 0; i < N; i++) {
        sum += q[i];
        kept += q[i] > 0;
    }
    assert_true(kept > 1 && kept <= 50);
    check_near(sum, 1, 1e-12);
    ps_sampler_clear(&s);
}

static void kept_probabilities_sum_to_one(void **state) {
    (void)state;
    with_every_table(check_sum_of_kept);
}

static void check_greedy(const ps_sample_kernels *kernels) {
    static const float logits[] = {1, 3, 3, 2};
    static const ps_generation g = {.temperature = 0, .top_p = 1};
    ps_sampler s = {0};
    ps_draw draw;
    check_ok(sample(kernels, &s, logits, 4, &g, 0.99, &draw, NULL));
    assert_int_equal(draw.token, 1);
    assert_true(draw.logq == 0);
    check_near(draw.logp, -log(exp(-2) + 2 + exp(-1)), 1e-13);
    ps_sampler_clear(&s);
}

static void greedy_takes_the_first_of_the_largest(void **state) {
    (void)state;
    with_every_table(check_greedy);
}

static void check_summary(const ps_sample_kernels *kernels) {
    enum { N = 20000 };
    static const ps_generation raw = {.temperature = 1, .top_p = 1};
    float *logits = new_logits(N);
    long double *p = calloc(N, sizeof *p);
    ps_sampler s = {0};
    ps_logits_summary summary;
    fill(logits, N, 2);
    reference(logits, N, &raw, p);
    check_ok(ps_logits_summarise_with(kernels, &s, logits, N, &summary, NULL));
    for (size_t i = 0; i < N; i++)
        assert_true(logits[i] < logits[summary.best] ||
                    (logits[i] == logits[summary.best] && i >= (size_t)summary.best));
    check_relative(summary.log_sum, logits[summary.best] - logl(p[summary.best]), 1e-12L);
    check_relative(summary.entropy, entropy_of(p, N), 1e-11L);
    free(p);
    free(logits);
    ps_sampler_clear(&s);
}

static void a_summary_is_that_of_the_raw_distribution(void **state) {
    (void)state;
    with_every_table(check_summary);
}

/* ---- Hostile input ------------------------------------------------------- */

/* Logits at the ends of what a float can be. In each, some tokens have equal logits. */
static void check_extreme_logits(const ps_sample_kernels *kernels) {
    static const float pairs[][2] = {{0x1p-149F, -0x1p-149F},       /* denormal */
                                     {0x1p-130F, 0},                /* denormal */
                                     {FLT_MAX, -FLT_MAX},           /* their difference is not a float */
                                     {-FLT_MAX, -INFINITY},         /* nothing but the lowest */
                                     {-FLT_MAX, -FLT_MAX},          /* likewise, all equal */
                                     {0, -INFINITY},                /* most have no probability */
                                     {-0x1p126F, -0x1.000002p126F}, /* an ulp is larger than any exponent */
                                     {88, 0},
                                     {0, -0.0F}};
    static const size_t sizes[] = {1, 2, 300, 9000}; /* 9000: more equal logits than there may be candidates */
    static const ps_generation settings[] = {{.temperature = 1, .top_p = 1},
                                             {.temperature = 0.7, .top_p = 0.95},
                                             {.temperature = 1e5, .top_p = 0.9},
                                             {.temperature = 1, .top_p = 1, .top_k = 20},
                                             {.temperature = 1, .top_p = 0.77, .top_k = 5000}};
    ps_sampler s = {0};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        for (size_t a = 0; a < sizeof sizes / sizeof *sizes; a++)
            for (size_t w = 0; w < sizeof settings / sizeof *settings; w++) {
                const size_t n = sizes[a];
                float *logits = new_logits(n);
                for (size_t t = 0; t < n; t++)
                    logits[t] = pairs[i][t % 3 == 1];
                check_draws(kernels, &s, logits, n, &settings[w], i);
                free(logits);
            }
    ps_sampler_clear(&s);
}

static void logits_may_be_denormal_or_huge_or_equal(void **state) {
    (void)state;
    with_every_table(check_extreme_logits);
}

static void check_extreme_settings(const ps_sample_kernels *kernels) {
    static const size_t sizes[] = {1, 2, 400, 6000};
    ps_sampler s = {0};
    for (size_t a = 0; a < sizeof sizes / sizeof *sizes; a++) {
        const size_t n = sizes[a];
        float *logits = new_logits(n);
        fill(logits, n, 2);
        const ps_generation settings[] = {{.temperature = 1, .top_p = 1e-300},
                                          {.temperature = 1, .top_p = 1e-300, .top_k = 7},
                                          {.temperature = 1, .top_p = 1 - 0x1p-53},
                                          {.temperature = 1, .top_p = 1, .top_k = (int)n},
                                          {.temperature = 1, .top_p = 1, .top_k = (int)n - 1},
                                          {.temperature = 0.7, .top_p = 0.9, .top_k = INT32_MAX},
                                          {.temperature = 999999, .top_p = 0.5},
                                          {.temperature = 1e-6, .top_p = 1},
                                          {.temperature = 1e-300, .top_p = 0.9},
                                          {.temperature = 5e-324, .top_p = 1}};
        for (size_t w = 0; w < sizeof settings / sizeof *settings; w++)
            check_draws(kernels, &s, logits, n, &settings[w], w);
        free(logits);
    }
    ps_sampler_clear(&s);
}

static void settings_may_be_at_the_ends_of_their_ranges(void **state) {
    (void)state;
    with_every_table(check_extreme_settings);
}

static void check_refused(const ps_sample_kernels *kernels, const float *logits, size_t n, const char *why) {
    static const ps_generation settings[] = {
        {.temperature = 0, .top_p = 1}, {.temperature = 1, .top_p = 1}, {.temperature = 0.7, .top_p = 0.9, .top_k = 5}};
    ps_sampler s = {0};
    ps_error err;
    for (size_t w = 0; w < sizeof settings / sizeof *settings; w++) {
        ps_draw draw;
        assert_int_equal(sample(kernels, &s, logits, n, &settings[w], 0.5, &draw, &err), PS_ENGINE);
        assert_non_null(strstr(err.message, why));
    }
    ps_logits_summary summary;
    assert_int_equal(ps_logits_summarise_with(kernels, &s, logits, n, &summary, &err), PS_ENGINE);
    assert_non_null(strstr(err.message, why));
    ps_sampler_clear(&s);
}

/* Wherever in a block they are. */
static void check_unusable_logits(const ps_sample_kernels *kernels) {
    enum { N = 300 };
    float logits[N] = {0};
    check_refused(kernels, logits, 0, "no logits");
    for (size_t i = 0; i < N; i++) {
        logits[i] = NAN;
        check_refused(kernels, logits, N, "NaN");
        logits[(i + 7) % N] = INFINITY;
        check_refused(kernels, logits, N, "NaN");
        logits[i] = 0;
        check_refused(kernels, logits, N, "infinite");
        logits[(i + 7) % N] = 0;
    }
    for (size_t i = 0; i < N; i++)
        logits[i] = -INFINITY;
    check_refused(kernels, logits, N, "infinite");
    check_refused(kernels, logits, 1, "infinite");
    logits[N - 1] = NAN;
    check_refused(kernels, logits, N, "NaN");
}

static void unusable_logits_are_errors_with_every_table(void **state) {
    (void)state;
    with_every_table(check_unusable_logits);
}

static void without_memory_nothing_is_drawn_and_nothing_is_left(void **state) {
    (void)state;
    static const float logits[] = {0, 1};
    static const ps_generation g = {.temperature = 1, .top_p = 1};
    failing_allocator allocator;
    ps_status status = PS_NOMEM;
    for (size_t fail_at = 1; status != PS_OK; fail_at++) {
        ps_sampler s = {0};
        ps_draw draw;
        failing_install(&allocator, fail_at);
        status = ps_sample(&s, logits, 2, &g, 0.5, &draw, NULL);
        assert_true(status == PS_OK ? fail_at > 1 : status == PS_NOMEM);
        assert_true(status == PS_OK || allocator.alive == 0);
        ps_sampler_clear(&s);
        failing_remove();
        assert_int_equal(allocator.alive, 0);
    }
}

/* ---- One kernel at a time ------------------------------------------------ */

/* Each exponential alone in its block, so that the sums are it: weights within 1e−13; raw parts likewise at scale 1,
 * else within the bound that is stated for float32. */
static void check_exponentials(const ps_sample_kernels *kernels) {
    static const double scales[] = {1, 1 / 0.7, 10, 0.3};
    float logits[PS_SAMPLE_BLOCK];
    double weight[PS_SAMPLE_BLOCK];
    for (int i = 0; i < 4000; i++) {
        const double scale = scales[i % 4];
        const float max = 3.0F;
        const int place = i % PS_SAMPLE_BLOCK;
        for (size_t j = 0; j < PS_SAMPLE_BLOCK; j++)
            logits[j] = -INFINITY;
        logits[place] = max - (float)(60 * ps_uniform(key, (uint64_t)i));
        const long double x = (long double)logits[place] - max, want = expl(x * scale), raw = expl(x);
        const long double bound = scale == 1 ? 1e-13L : 0x1p-24L * (fabsl(x) + 4);
        ps_block_sums sums = {0};
        kernels->weigh(logits, max, scale, weight, &sums);
        if (scale != 1) kernels->raw(logits, max, &sums);
        assert_true(fabsl(weight[place] - want) <= 1e-13L * want);
        assert_true(fabsl(sums.weight - want) <= 1e-13L * want + 1e-300L);
        assert_true(fabsl(sums.raw - raw) <= bound * raw + 1e-35L); /* float32's least normal number, 255 times */
        assert_true(fabsl(sums.raw_x - raw * x) <= (bound + 0x1p-23L) * fabsl(raw * x) + 1e-33L);
        assert_true(weight[(place + 1) % PS_SAMPLE_BLOCK] < 1e-300);
    }
}

static void exponentials_are_within_their_bounds(void **state) {
    (void)state;
    with_every_table(check_exponentials);
}

/* Thresholds are logits of the block, infinities among them; no position of a vector is left out. */
static void check_comparisons(const ps_sample_kernels *kernels) {
    float logits[PS_SAMPLE_BLOCK];
    double weight[PS_SAMPLE_BLOCK];
    uint32_t ids[PS_SAMPLE_BLOCK];
    for (uint64_t stream = 0; stream < 200; stream++) {
        fill(logits, PS_SAMPLE_BLOCK, stream);
        for (uint64_t i = 0; i < PS_SAMPLE_BLOCK; i++)
            weight[i] = ps_uniform(key, i);
        const float lo = logits[stream % PS_SAMPLE_BLOCK], hi = stream % 9 == 0 ? INFINITY : logits[stream * 31 % 256];
        float largest = -INFINITY;
        size_t n_above = 5, n_inside = 0, count = 5;
        double above = 0;
        const size_t n = kernels->between(logits, lo, hi, 1000, ids);
        for (uint32_t i = 0; i < PS_SAMPLE_BLOCK; i++) {
            largest = fmaxf(largest, logits[i]);
            if (logits[i] >= lo) {
                above += weight[i];
                n_above++;
            }
            if (logits[i] >= lo && logits[i] < hi) {
                assert_true(n_inside < n);
                assert_int_equal(ids[n_inside++], 1000 + i);
            }
        }
        assert_int_equal(n, n_inside);
        check_near(kernels->above(logits, weight, lo, &count), above, 1e-12);
        assert_int_equal(count, n_above);
        assert_true(kernels->largest(logits) == largest);
    }
}

static void comparisons_find_each_logit_of_a_block(void **state) {
    (void)state;
    with_every_table(check_comparisons);
}

/* ---- How sure the model is ----------------------------------------------- */

/* Of the first `rows` logits that are not −∞: KL(U‖p), and −Σ log p / k of the k largest; p over all n. */
static void sure(const float *logits, size_t n, size_t rows, long double *certainty, long double *confidence) {
    candidate *c = calloc(n, sizeof *c);
    assert_non_null(c);
    long double max = -INFINITY, total = 0, all = 0, top = 0;
    size_t count = 0, best = 0;
    for (size_t i = 0; i < n; i++)
        max = fmaxl(max, logits[i]);
    for (size_t i = 0; i < n; i++)
        total += expl((long double)logits[i] - max);
    const long double log_sum = max + logl(total);
    for (size_t i = 0; i < rows; i++) {
        if (logits[i] == -INFINITY) continue;
        c[count++] = (candidate){logits[i], (uint32_t)i, true};
        all += log_sum - logits[i];
    }
    qsort(c, count, sizeof *c, by_logit);
    for (; best < count && best < PS_CONFIDENCE_TOP; best++)
        top += log_sum - c[best].logit;
    *certainty = count > 0 ? all / count - logl(count) : 0;
    *confidence = best > 0 ? top / best : 0;
    free(c);
}

static void check_sureness(const ps_sample_kernels *kernels) {
    static const size_t sizes[] = {1, 2, 19, 20, 21, 255, 256, 257, 700, 5000, 40000};
    static const ps_generation asked = {.temperature = 1, .top_p = 0.9, .certainty = true, .confidence = true};
    for (size_t v = 0; v < sizeof sizes / sizeof *sizes; v++)
        for (uint64_t stream = 0; stream < 10; stream++) {
            const size_t n = sizes[v], rows = stream < 5 ? n : n - n / 3;
            const bool blank = stream % 2 == 0 && n > 600; /* a whole block without −∞, which fill never leaves */
            float *logits = new_logits(n);
            long double certainty, confidence;
            ps_sampler s = {.vocabulary = stream < 5 ? 0 : rows};
            ps_draw draw, plain;
            fill(logits, n, stream);
            for (size_t i = 0; blank && i < 600; i++)
                logits[i] = isinf(logits[i]) ? 0.25F : logits[i];
            sure(logits, n, rows, &certainty, &confidence);
            check_ok(sample(kernels, &s, logits, n, &asked, 0.6, &draw, NULL));
            const long double size = 1e-12L * fabsl((long double)logits[0]) + 1e-11L;
            check_relative(draw.certainty, certainty, size);
            check_relative(draw.confidence, confidence, size);
            assert_true(s.vocabulary == (stream < 5 ? 0 : rows)); /* also after its scratch has grown */
            ps_generation silent = asked;
            silent.certainty = silent.confidence = false;
            check_ok(sample(kernels, &s, logits, n, &silent, 0.6, &plain, NULL));
            assert_true(plain.token == draw.token && plain.logp == draw.logp && plain.logq == draw.logq);
            assert_true(isnan(plain.certainty) && isnan(plain.confidence));
            ps_sampler_clear(&s);
            free(logits);
        }
}

static void every_table_says_how_sure_the_model_is(void **state) {
    (void)state;
    with_every_table(check_sureness);
}

/* Where all tokens are alike the model knows nothing; where one is everything the others are as far off as can be. */
static void certainty_goes_from_knowing_nothing_up(void **state) {
    (void)state;
    enum { N = 3000 };
    static const ps_generation asked = {.temperature = 1, .top_p = 1, .certainty = true, .confidence = true};
    float *logits = new_logits(N);
    ps_sampler s = {0};
    ps_draw draw;
    assert_ok(ps_sample(&s, logits, N, &asked, 0.5, &draw, err));
    check_near(draw.certainty, 0, 1e-12);
    check_near(draw.confidence, log(N), 1e-12);
    logits[7] = 100;
    assert_ok(ps_sample(&s, logits, N, &asked, 0.5, &draw, err));
    check_near(draw.certainty, 100 - log(N) - 100.0 / N, 1e-9);
    check_near(draw.confidence, 95, 1e-9); /* 19 of 20 are 100 nats away */
    ps_sampler_clear(&s);
    free(logits);
}

static void plain_c_is_the_last_table_and_always_there(void **state) {
    (void)state;
    size_t n = 0;
    while (ps_sample_kernels_get(n) != NULL)
        n++;
    assert_true(n >= 1);
    assert_ptr_equal(ps_sample_kernels_get(n - 1), &ps_sample_plain);
#ifdef PS_SAMPLE_NEON
    assert_ptr_equal(ps_sample_kernels_get(0), &ps_sample_neon);
#endif
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_table_draws_what_the_reference_draws),
        cmocka_unit_test(every_table_draws_from_a_large_vocabulary),
        cmocka_unit_test(every_table_draws_the_same_token),
        cmocka_unit_test(draws_together_are_draws_alone_to_the_bit),
        cmocka_unit_test(kept_probabilities_sum_to_one),
        cmocka_unit_test(greedy_takes_the_first_of_the_largest),
        cmocka_unit_test(a_summary_is_that_of_the_raw_distribution),
        cmocka_unit_test(logits_may_be_denormal_or_huge_or_equal),
        cmocka_unit_test(settings_may_be_at_the_ends_of_their_ranges),
        cmocka_unit_test(unusable_logits_are_errors_with_every_table),
        cmocka_unit_test(without_memory_nothing_is_drawn_and_nothing_is_left),
        cmocka_unit_test(exponentials_are_within_their_bounds),
        cmocka_unit_test(comparisons_find_each_logit_of_a_block),
        cmocka_unit_test(every_table_says_how_sure_the_model_is),
        cmocka_unit_test(certainty_goes_from_knowing_nothing_up),
        cmocka_unit_test(plain_c_is_the_last_table_and_always_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
