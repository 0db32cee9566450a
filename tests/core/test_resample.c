/* Resamplers: a conformance test over the table, exact cases, mean counts by χ², and the rules of topN.
 *
 * χ² with fixed seeds; a test fails where p < 1e−6, so that one of the dozen tests here fails for a fresh seed once in
 * about 100,000 runs. */
#include "persamp/core.h"
#include "support/check.h"

enum { MOST = 4096 };
static double uniforms[MOST];
static size_t picks[MOST];

static size_t pick(const char *name, const double *W, size_t n, size_t M, uint64_t id) {
    const ps_resampler *r = ps_resampler_find(name);
    size_t picked = 0;
    assert_non_null(r);
    ps_uniforms(check_key(id), 0, r->uniforms(M, n, 0), uniforms);
    ps_resample_input in = {.W = W, .n = n, .M = M, .uniforms = uniforms};
    assert_ok(r->pick(&in, picks, &picked, err));
    return picked;
}

/* ---- For every entry of the table ---------------------------------------- */

static bool is_top_n(const ps_resampler *r) {
    return strcmp(r->name, "topN") == 0;
}

static void check_picks(const ps_resampler *r, const double *W, size_t n, size_t M, size_t subpools) {
    size_t picked = 0, positive = 0, needed = r->uniforms(M, n, subpools);
    ps_resample_input in = {.W = W, .n = n, .M = M, .uniforms = uniforms, .subpools = subpools};
    assert_true(needed <= MOST);
    assert_ok(r->pick(&in, picks, &picked, err));
    for (size_t i = 0; i < n; i++)
        positive += W[i] > 0;
    assert_int_equal(picked, is_top_n(r) && positive < M ? positive : M);
    for (size_t k = 0; k < picked; k++) {
        assert_true(picks[k] < n);
        assert_true(W[picks[k]] > 0);
    }
}

/* One candidate, far more picks than candidates and far fewer, zeros at both ends, weights whose float sum falls short
 * of one or exceeds it, with uniforms at both ends of (0, 1). */
static void every_resampler_picks_only_what_has_weight(void **state) {
    (void)state;
    size_t n_resamplers;
    const ps_resampler *const *table = ps_resamplers(&n_resamplers);
    assert_true(n_resamplers >= 5);
    const double one[] = {1}, zeros[] = {0, 0, 1, 0}, two[] = {0, 0.5, 0, 0.5, 0}, tiny[] = {1 - 1e-15, 1e-15, 0};
    const double short_of[] = {0.3, 0.3, 0.3, 0.0999, 0}, above[] = {0.3, 0.3, 0.3, 0.1001, 0};
    const struct {
        const double *W;
        size_t n;
    } cases[] = {{one, 1}, {zeros, 4}, {two, 5}, {tiny, 3}, {short_of, 5}, {above, 5}};
    const double ends[] = {0x1p-53, 0.5, 1 - 0x1p-53};
    for (size_t r = 0; r < n_resamplers; r++) {
        assert_true(strlen(table[r]->doc) > 10);
        assert_ptr_equal(ps_resampler_find(table[r]->name), table[r]);
        for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
            for (size_t e = 0; e < 4; e++) {
                for (size_t i = 0; i < MOST; i++)
                    uniforms[i] = e < 3 ? ends[e] : ps_uniform(check_key(c), i);
                for (size_t M = 1; M <= 1000; M *= 10)
                    for (size_t subpools = 0; subpools < 9; subpools += 2)
                        check_picks(table[r], cases[c].W, cases[c].n, M, subpools);
            }
    }
    assert_null(ps_resampler_find("no such thing"));
}

static void the_same_input_gives_the_same_picks(void **state) {
    (void)state;
    size_t n_resamplers, first[MOST];
    const ps_resampler *const *table = ps_resamplers(&n_resamplers);
    double W[50], sum = 0;
    for (size_t i = 0; i < 50; i++)
        sum += W[i] = ps_uniform(check_key(1), i);
    for (size_t i = 0; i < 50; i++)
        W[i] /= sum;
    for (size_t r = 0; r < n_resamplers; r++) {
        size_t n = pick(table[r]->name, W, 50, 20, 2);
        memcpy(first, picks, sizeof first);
        assert_int_equal(pick(table[r]->name, W, 50, 20, 2), n);
        assert_memory_equal(first, picks, n * sizeof *picks);
    }
}

static void bad_input_is_refused_by_all(void **state) {
    (void)state;
    size_t n_resamplers, picked;
    const ps_resampler *const *table = ps_resamplers(&n_resamplers);
    const double zero[] = {0, 0}, negative[] = {0.5, -0.1}, nan_weight[] = {0.5, NAN}, fine[] = {0.5, 0.5};
    for (size_t r = 0; r < n_resamplers; r++) {
        ps_error err = {0};
        ps_resample_input in = {.W = zero, .n = 2, .M = 3, .uniforms = uniforms};
        assert_int_equal(table[r]->pick(&in, picks, &picked, &err), PS_DOMAIN);
        in.W = negative;
        assert_int_equal(table[r]->pick(&in, picks, &picked, &err), PS_DOMAIN);
        in.W = nan_weight;
        assert_int_equal(table[r]->pick(&in, picks, &picked, &err), PS_DOMAIN);
        assert_non_null(strstr(err.message, "weight 1"));
        in.W = fine;
        in.M = 0;
        assert_int_equal(table[r]->pick(&in, picks, &picked, &err), PS_ARG);
        in.M = 3;
        in.n = 0;
        assert_int_equal(table[r]->pick(&in, picks, &picked, NULL), PS_ARG);
    }
}

/* ---- Counts -------------------------------------------------------------- */

/* Total counts over many rounds against rounds·M·W. For draws with less variance than independent ones the statistic is
 * smaller than χ², so the test holds for all. */
static void check_mean_counts(const char *name, size_t M, uint64_t id) {
    const double W[] = {0.37, 0, 0.21, 0.0009, 0.1591, 0.26};
    enum { N = 6, ROUNDS = 20000 };
    double counts[N] = {0}, chi_square = 0;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        size_t n = pick(name, W, N, M, (id << 32) + round);
        for (size_t k = 0; k < n; k++)
            counts[picks[k]]++;
    }
    for (size_t i = 0; i < N; i++) {
        double expected = (double)(ROUNDS * M) * W[i];
        if (expected > 0) chi_square += (counts[i] - expected) * (counts[i] - expected) / expected;
    }
    double p = check_chi_square_tail(chi_square, 4);
    print_message("%-12s M = %2zu: chi-square %.2f on 4 degrees of freedom, p = %.3f\n", name, M, chi_square, p);
    assert_true(counts[1] == 0);
    assert_true(p > 1e-6);
}

static void mean_counts_are_the_weights(void **state) {
    (void)state;
    const char *const names[] = {"multinomial", "systematic", "stratified", "residual"};
    for (size_t r = 0; r < 4; r++) {
        check_mean_counts(names[r], 1, r);
        check_mean_counts(names[r], 7, 10 + r);
        check_mean_counts(names[r], 64, 20 + r);
    }
}

/* ⌊M·W⌋ or ⌈M·W⌉ for systematic, at least ⌊M·W⌋ for residual. */
static void counts_keep_to_floor_and_ceiling(void **state) {
    (void)state;
    double W[9];
    for (uint64_t round = 0; round < 2000; round++) {
        double sum = 0;
        for (size_t i = 0; i < 9; i++)
            sum += W[i] = pow(ps_uniform(check_key(round), i), 3);
        for (size_t i = 0; i < 9; i++)
            W[i] /= sum;
        const size_t M = 1 + round % 40;
        for (int residual = 0; residual < 2; residual++) {
            size_t counts[9] = {0}, n = pick(residual ? "residual" : "systematic", W, 9, M, round);
            for (size_t k = 0; k < n; k++)
                counts[picks[k]]++;
            for (size_t i = 0; i < 9; i++) {
                double expected = (double)M * W[i];
                assert_true((double)counts[i] >= floor(expected - 1e-9));
                if (!residual) assert_true((double)counts[i] <= ceil(expected + 1e-9));
            }
        }
    }
}

/* ---- Exact cases --------------------------------------------------------- */

static void small_cases_are_exact_by_hand(void **state) {
    (void)state;
    const double W[] = {0.6, 0.2, 0.15, 0.05}, u = 0.3;
    const size_t want[] = {0, 0, 0, 2};
    size_t picked;
    ps_resample_input in = {.W = W, .n = 4, .M = 4, .uniforms = &u};
    assert_ok(ps_resampler_find("systematic")->pick(&in, picks, &picked, err));
    assert_memory_equal(picks, want, sizeof want);

    const double half[] = {0, 0.5, 0, 0.5, 0}, queries[] = {0, 0.25, 0.5, 0.75};
    const size_t taken[] = {1, 1, 3, 3};
    ps_inverse_cdf(half, 5, queries, 4, picks);
    assert_memory_equal(picks, taken, sizeof taken);

    /* Stratified with the same uniform everywhere is systematic. */
    const double same[] = {0.3, 0.3, 0.3, 0.3};
    in.uniforms = same;
    assert_ok(ps_resampler_find("stratified")->pick(&in, picks, &picked, err));
    assert_memory_equal(picks, want, sizeof want);

    /* Residual: 2·W copies, then the rest [.4, .8, .6, .2]/2 at .3 and .9: 1 (above .2, below .6) and 2. */
    const double rest[] = {0.3, 0.89};
    const size_t residual[] = {0, 0, 1, 2};
    in.uniforms = rest;
    assert_ok(ps_resampler_find("residual")->pick(&in, picks, &picked, err));
    assert_memory_equal(picks, residual, sizeof residual);

    /* Multinomial: each uniform is looked up by itself. */
    const double each[] = {0.97, 0.1, 0.61, 0.8};
    const size_t multinomial[] = {3, 0, 1, 2};
    in.uniforms = each;
    assert_ok(ps_resampler_find("multinomial")->pick(&in, picks, &picked, err));
    assert_memory_equal(picks, multinomial, sizeof multinomial);
}

/* ---- topN ---------------------------------------------------------------- */

static size_t pick_top(ps_resample_input in, const double *u) {
    size_t picked = 0;
    in.uniforms = u;
    assert_ok(ps_resampler_find("topN")->pick(&in, picks, &picked, err));
    return picked;
}

static void top_n_takes_the_largest_weights(void **state) {
    (void)state;
    const double W[] = {0.1, 0.3, 0, 0.3, 0.2, 0.1};
    const size_t want[] = {1, 3, 4, 0, 5};
    assert_int_equal(pick_top((ps_resample_input){.W = W, .n = 6, .M = 9}, NULL), 5);
    assert_memory_equal(picks, want, sizeof want);
    const uint32_t ids[] = {1, 12, 3, 4, 5, 6}; /* ties go to the older: 4 before 12 */
    const size_t by_age[] = {3, 1};
    assert_int_equal(pick_top((ps_resample_input){.W = W, .n = 6, .M = 2, .id_of = ids}, NULL), 2);
    assert_memory_equal(picks, by_age, sizeof by_age);
}

/* 0 → 1 → 2 → 3, and 1 → 4, 0 → 5. */
static void distinct_lineage_picks_no_ancestor_of_a_pick(void **state) {
    (void)state;
    const uint32_t parents[] = {0, 0, 1, 2, 1, 0}, ids[] = {1, 2, 3, 4, 5};
    const double W[] = {0.2, 0.3, 0.25, 0.15, 0.1};
    const size_t want[] = {1, 3, 4}; /* 2; not 3, its child; not 1, its parent; 4 and 5 are other lines */
    ps_resample_input in = {.W = W, .n = 5, .M = 5, .id_of = ids, .parent_of = parents};
    assert_int_equal(pick_top(in, NULL), 3);
    assert_memory_equal(picks, want, sizeof want);

    const uint32_t with_root[] = {0, 3, 5};
    const double root_first[] = {0.5, 0.3, 0.2}, root_last[] = {0.2, 0.3, 0.5};
    in = (ps_resample_input){.W = root_first, .n = 3, .M = 3, .id_of = with_root, .parent_of = parents};
    assert_int_equal(pick_top(in, NULL), 1); /* the root is an ancestor of all */
    in.W = root_last;
    assert_int_equal(pick_top(in, NULL), 2);
}

/* Six candidates in three subsets dealt by the uniforms' order: the best of each, then the second of each. */
static void subsets_give_their_best_in_turn(void **state) {
    (void)state;
    const double W[] = {0.3, 0.25, 0.2, 0.15, 0.06, 0.04};
    const double u[] = {0.1, 0.4, 0.2, 0.3, 0.6, 0.5}; /* order 0 2 3 1 5 4: subsets {0,1} {2,5} {3,4} */
    const size_t want[] = {0, 2, 3, 1, 5, 4};
    ps_resample_input in = {.W = W, .n = 6, .M = 6, .subpools = 3};
    assert_int_equal(ps_resampler_find("topN")->uniforms(6, 6, 3), 6);
    assert_int_equal(pick_top(in, u), 6);
    assert_memory_equal(picks, want, sizeof want);
    in.subpools = 100; /* more subsets than candidates: each is the best of its own, in the order of the deal */
    const size_t dealt[] = {0, 2, 3, 1, 5, 4};
    assert_int_equal(pick_top(in, u), 6);
    assert_memory_equal(picks, dealt, sizeof dealt);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_resampler_picks_only_what_has_weight),
                                       cmocka_unit_test(the_same_input_gives_the_same_picks),
                                       cmocka_unit_test(bad_input_is_refused_by_all),
                                       cmocka_unit_test(mean_counts_are_the_weights),
                                       cmocka_unit_test(small_cases_are_exact_by_hand),
                                       cmocka_unit_test(counts_keep_to_floor_and_ceiling),
                                       cmocka_unit_test(top_n_takes_the_largest_weights),
                                       cmocka_unit_test(distinct_lineage_picks_no_ancestor_of_a_pick),
                                       cmocka_unit_test(subsets_give_their_best_in_turn)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
