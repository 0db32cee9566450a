/* The life of a pool: what is counted, what can be selected, what is refused. */
#include "persamp/core.h"
#include "support/check.h"

static ps_pool *make_pool(ps_pool_params params, size_t M) {
    ps_pool *pool;
    uint32_t roots[64] = {0};
    assert_ok(ps_pool_create(&params, &pool, err));
    assert_ok(ps_pool_launch(pool, 0, roots, M, err));
    return pool;
}

static uint32_t append(ps_pool *pool, uint32_t parent, double ell, ps_snapshot_state state) {
    uint32_t id;
    assert_ok(ps_pool_append(pool, parent, ell, ell, state, &id, err));
    return id;
}

static size_t prepare(ps_pool *pool, const uint32_t **ids) {
    size_t n;
    assert_ok(ps_pool_prepare(pool, ids, &n, err));
    return n;
}

static double W[256];

/* Two particles: one finishes at once, the other goes on. Both count at every depth they could have reached. */
static void particles_that_finish_early_count_further_down(void **state) {
    (void)state;
    ps_pool *pool = make_pool((ps_pool_params){.depth_decay = 0.5, .max_depth = 3}, 2);
    const uint32_t *ids;
    uint32_t a = append(pool, 0, -1, PS_OPEN);
    append(pool, 0, -2, PS_FINISHED);
    assert_ok(ps_pool_advance(pool, err));
    uint32_t b = append(pool, a, -1.5, PS_OPEN);
    assert_ok(ps_pool_advance(pool, err));
    assert_int_equal(ps_pool_launched(pool, 0, 0, 1), 2);
    assert_int_equal(ps_pool_launched(pool, 0, 0, 2), 2);
    assert_int_equal(ps_pool_launched(pool, 0, 0, 3), 0);

    assert_int_equal(prepare(pool, &ids), 3); /* root, a, b: the finished one is no candidate */
    assert_true(ids[0] == 0 && ids[1] == a && ids[2] == b);
    check_near(ps_pool_log_z(pool, 1, 0), 0, 0);
    check_near(ps_pool_log_z(pool, 1, 1), -1 - log(2), 1e-15); /* one open of two counted */
    check_near(ps_pool_log_z(pool, 1, 2), -1.5 - log(2), 1e-15);
    assert_true(ps_pool_log_z(pool, 1, 3) == -INFINITY && ps_pool_log_z(pool, 1, 99) == -INFINITY);
    assert_ok(ps_pool_weights(pool, 1, W, err)); /* one candidate per depth: shares 1/4, 1/2, 1 */
    for (size_t i = 0; i < 3; i++)
        check_near(W[i], pow(2, (double)i) / 7, 1e-15);
    check_near(ps_pool_ess(pool, 1), 49.0 / 21, 1e-14);

    assert_ok(ps_pool_launch(pool, 0.5, (uint32_t[]){a, 0}, 2, err));
    assert_int_equal(ps_pool_events(pool), 2);
    assert_true(ps_pool_event_beta(pool, 1) == 0.5 && isnan(ps_pool_event_beta(pool, 2)));
    check_near(ps_pool_event_log_z(pool, 1, 1), -0.5 - log(2), 1e-15);
    assert_true(ps_pool_event_log_z(pool, 1, 0) == 0 && ps_pool_event_log_z(pool, 0, 0) == 0);
    assert_true(isnan(ps_pool_event_log_z(pool, 1, 3)) && isnan(ps_pool_event_log_z(pool, 0, 1)));

    /* max_depth cuts an open snapshot off, and no depth beyond it is counted. */
    uint32_t c = append(pool, a, -3, PS_OPEN), d = append(pool, 0, -4, PS_OPEN);
    assert_ok(ps_pool_advance(pool, err));
    assert_int_equal(ps_pool_launched(pool, 1, 0, 1), 1);
    assert_int_equal(ps_pool_launched(pool, 1, 1, 2), 1);
    uint32_t e = append(pool, c, -5, PS_OPEN);
    assert_int_equal(ps_pool_snapshots(pool)[e].state, PS_TRUNCATED);
    assert_true(ps_pool_snapshots(pool)[e].event == 1 && ps_pool_snapshots(pool)[e].launch_depth == 1);
    append(pool, d, -5, PS_OPEN);
    assert_ok(ps_pool_advance(pool, err));
    assert_ok(ps_pool_advance(pool, err));
    assert_int_equal(ps_pool_launched(pool, 1, 0, 3), 1);
    assert_int_equal(ps_pool_launched(pool, 1, 1, 3), 1);
    assert_int_equal(ps_pool_launched(pool, 1, 1, 4), 0);
    assert_int_equal(ps_pool_size(pool), 7);
    ps_pool_free(pool);
}

static void answers_have_their_final_weights(void **state) {
    (void)state;
    ps_pool *pool = make_pool((ps_pool_params){.depth_decay = 0.5, .max_depth = 2}, 4);
    uint32_t *ids;
    double *log_weights, log_z;
    size_t n;
    assert_ok(ps_pool_answers(pool, 1, false, &ids, &log_weights, &n, &log_z, err));
    assert_true(n == 0 && log_z == -INFINITY);
    ps_free(ids);
    ps_free(log_weights);
    uint32_t a = append(pool, 0, -1, PS_OPEN), b = append(pool, 0, -2, PS_FINISHED), c = append(pool, 0, -3, PS_OPEN);
    append(pool, 0, -INFINITY, PS_FINISHED);
    assert_ok(ps_pool_advance(pool, err));
    uint32_t d = append(pool, a, -4, PS_FINISHED), e = append(pool, c, -5, PS_OPEN);
    assert_ok(ps_pool_advance(pool, err));
    assert_ok(ps_pool_answers(pool, 2, false, &ids, &log_weights, &n, &log_z, err));
    assert_true(n == 3 && ids[0] == b && ids[2] == d);
    check_near(log_weights[0], -4 - log(4), 1e-14); /* importance sampling: L^β/M */
    assert_true(log_weights[1] == -INFINITY);
    check_near(log_weights[2], -8 - log(4), 1e-14);
    check_near(log_z, log((exp(-4) + exp(-8)) / 4), 1e-14);
    ps_free(ids);
    ps_free(log_weights);
    assert_ok(ps_pool_answers(pool, 2, true, &ids, &log_weights, &n, &log_z, err));
    assert_true(n == 4 && ids[3] == e);
    check_near(log_weights[3], -10 - log(4), 1e-14);
    ps_free(ids);
    ps_free(log_weights);
    ps_pool_free(pool);
}

/* β·ℓ is 0 at β = 0, also for ℓ = −∞: depths of nothing but impossible prefixes are open at 0 and closed above. */
static void depths_of_impossible_prefixes_are_closed_above_zero(void **state) {
    (void)state;
    ps_pool *pool = make_pool((ps_pool_params){.depth_decay = 0.5, .max_depth = 9, .depth_tilt = 1}, 2);
    const uint32_t *ids;
    uint32_t a = append(pool, 0, -INFINITY, PS_OPEN), b = append(pool, 0, -INFINITY, PS_OPEN);
    assert_ok(ps_pool_advance(pool, err));
    assert_int_equal(prepare(pool, &ids), 3);
    assert_ok(ps_pool_weights(pool, 0, W, err));
    check_near(W[0], 1.0 / 3, 1e-15); /* no mean score to tilt by */
    check_near(W[1], 1.0 / 3, 1e-15);
    assert_ok(ps_pool_weights(pool, 0.1, W, err));
    assert_true(W[0] == 1 && W[1] == 0 && W[2] == 0);
    assert_true(ps_pool_ess(pool, 0.1) == 1);
    assert_int_equal(ps_pool_launch(pool, 0.1, &a, 1, NULL), PS_ARG); /* weight zero */
    assert_ok(ps_pool_launch(pool, 0, (uint32_t[]){a, b}, 2, err));
    append(pool, a, -1, PS_OPEN);
    append(pool, b, -INFINITY, PS_OPEN);
    assert_ok(ps_pool_advance(pool, err));
    prepare(pool, &ids);
    assert_ok(ps_pool_weights(pool, 1, W, err));
    check_near(W[3], 0.8,
               1e-15); /* the one at depth 2; the root has decay² (h of the shallowest open depth: its own) */
    check_near(W[0], 0.2, 1e-15);
    check_near(ps_pool_log_z(pool, 1, 2), -1 - log(2), 1e-14);
    ps_pool_free(pool);
}

static void wrong_calls_are_refused(void **state) {
    (void)state;
    ps_pool *pool;
    ps_error refusal = {0};
    const uint32_t *ids;
    uint32_t root = 0, id, *found;
    double *log_weights, log_z;
    size_t n;
    const ps_pool_params bad[] = {{.max_depth = 0},
                                  {.max_depth = 5, .depth_decay = 1.1},
                                  {.max_depth = 5, .depth_decay = NAN},
                                  {.max_depth = 5, .depth_tilt = INFINITY}};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(ps_pool_create(&bad[i], &pool, &refusal), PS_ARG);
        assert_true(strlen(refusal.message) > 10);
    }
    assert_ok(ps_pool_create(&(ps_pool_params){.max_depth = 5, .depth_decay = 0.5}, &pool, err));
    assert_int_equal(ps_pool_append(pool, 0, -1, 0, PS_OPEN, &id, &refusal), PS_ARG); /* nothing launched yet */
    assert_int_equal(ps_pool_advance(pool, &refusal), PS_ARG);
    assert_int_equal(ps_pool_launch(pool, 0.5, &root, 1, &refusal), PS_ARG); /* the first has β = 0 */
    assert_int_equal(ps_pool_launch(pool, 0, &(uint32_t){1}, 1, &refusal), PS_ARG);
    assert_int_equal(ps_pool_launch(pool, 0, &root, 0, &refusal), PS_ARG);
    assert_ok(ps_pool_launch(pool, 0, (uint32_t[]){0, 0}, 2, err));
    assert_int_equal(ps_pool_launch(pool, 0, &root, 1, &refusal), PS_ARG); /* not prepared */
    assert_int_equal(ps_pool_append(pool, 7, -1, 0, PS_OPEN, &id, &refusal), PS_ARG);
    assert_int_equal(ps_pool_append(pool, 0, NAN, 0, PS_OPEN, &id, &refusal), PS_DOMAIN);
    assert_int_equal(ps_pool_append(pool, 0, INFINITY, 0, PS_OPEN, &id, &refusal), PS_DOMAIN);
    assert_true(isnan(ps_pool_ess_of(pool, 1, &root, 1)));
    uint32_t a = append(pool, 0, -1, PS_OPEN), b = append(pool, 0, -1, PS_FINISHED);
    assert_int_equal(ps_pool_append(pool, 0, -1, 0, PS_OPEN, &id, &refusal), PS_ARG); /* both have made their step */
    assert_int_equal(ps_pool_append(pool, a, -1, 0, PS_OPEN, &id, &refusal),
                     PS_ARG);                                            /* and a second in one iteration */
    assert_int_equal(ps_pool_prepare(pool, &ids, &n, &refusal), PS_ARG); /* in the middle of it */
    assert_int_equal(ps_pool_answers(pool, 1, false, &found, &log_weights, &n, &log_z, &refusal), PS_ARG);
    assert_true(isnan(ps_pool_ess(pool, 1)) && isnan(ps_pool_log_z(pool, 1, 0)));
    assert_int_equal(ps_pool_weights(pool, 1, W, &refusal), PS_ARG);
    assert_ok(ps_pool_advance(pool, err));
    assert_ok(ps_pool_advance(pool, err));
    assert_int_equal(ps_pool_append(pool, a, -1, 0, PS_OPEN, &id, &refusal), PS_ARG); /* missed an iteration */
    assert_ok(ps_pool_prepare(pool, &ids, &n, err));
    assert_int_equal(ps_pool_launch(pool, NAN, &a, 1, &refusal), PS_ARG);
    assert_int_equal(ps_pool_launch(pool, -1, &a, 1, &refusal), PS_ARG);
    assert_int_equal(ps_pool_launch(pool, 1, &b, 1, &refusal), PS_ARG); /* finished */
    assert_int_equal(ps_pool_launch(pool, 1, &(uint32_t){99}, 1, &refusal), PS_ARG);
    assert_int_equal(ps_pool_size(pool), 2);
    assert_int_equal(ps_pool_events(pool), 1);
    ps_pool_free(pool);
    ps_pool_free(NULL);
}

/* Pruned snapshots cannot be selected; log Ẑ and h do not change. Snapshots that particles stand on are spared. */
static void check_pruning(ps_prune prune, const bool *gone) {
    const double ells[] = {-5, -1, -4, -2, -3};
    ps_pool *whole = make_pool((ps_pool_params){.depth_decay = 0.5, .max_depth = 9, .depth_tilt = 2}, 5);
    ps_pool *pool = make_pool(
        (ps_pool_params){.depth_decay = 0.5, .max_depth = 9, .depth_tilt = 2, .max_size = 2, .prune = prune}, 5);
    ps_pool *const pools[] = {whole, pool};
    const uint32_t *ids;
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < 5; i++)
            append(pools[k], 0, ells[i], PS_OPEN);
        assert_ok(ps_pool_advance(pools[k], err));
        assert_int_equal(prepare(pools[k], &ids), 6); /* particles stand on all of them */
        assert_ok(ps_pool_launch(pools[k], 0.5, (uint32_t[]){0}, 1, err));
        append(pools[k], 0, -2.5, PS_OPEN);
        assert_ok(ps_pool_advance(pools[k], err));
    }
    assert_int_equal(prepare(whole, &ids), 7);
    assert_int_equal(prepare(pool, &ids), 3);
    for (uint32_t id = 1; id <= 5; id++) {
        assert_true(ps_pool_snapshots(pool)[id].pruned == gone[id - 1]);
        assert_int_equal(ps_pool_launch(pool, 0.5, &id, 1, NULL), gone[id - 1] ? PS_ARG : PS_OK);
    }
    assert_false(ps_pool_snapshots(pool)[6].pruned);
    check_near(ps_pool_log_z(pool, 0.7, 1), ps_pool_log_z(whole, 0.7, 1), 1e-14);
    assert_ok(ps_pool_weights(pool, 0.7, W, err));
    check_near(W[0], 1.0 / 3, 1e-14); /* the root has half the share of depth 1, whatever was pruned */
    check_near(W[0] + W[1] + W[2], 1, 1e-14);
    ps_pool_free(whole);
    ps_pool_free(pool);
}

static void pruned_snapshots_stay_in_the_sums(void **state) {
    (void)state;
    check_pruning(PS_PRUNE_OLDEST, (bool[]){true, true, true, true, false});
    check_pruning(PS_PRUNE_LOWEST_SCORE, (bool[]){true, false, true, true, true});
}

/* ---- Comparing depths ---------------------------------------------------- */

static void a_merit_is_judged_where_it_is_read(void **state) {
    (void)state;
    static const ps_pool_params all[] = {{.max_depth = 5, .depth_decay = 0.5},
                                         {.max_depth = 5, .depth_decay = 0.5, .depth_tilt = 1},
                                         {.max_depth = 5, .depth_decay = 0.5, .depth_retreat = 1},
                                         {.max_depth = 5, .weighting = PS_BALANCE, .depth_retreat = 1}};
    for (size_t i = 0; i < 4; i++) {
        ps_pool *pool = make_pool(all[i], 4);
        ps_error refusal = {0};
        uint32_t id;
        bool read = i == 1 || i == 2;
        assert_int_equal(ps_pool_append(pool, 0, -1, NAN, PS_OPEN, &id, &refusal), read ? PS_DOMAIN : PS_OK);
        assert_int_equal(ps_pool_append(pool, 0, -1, INFINITY, PS_OPEN, &id, NULL), read ? PS_DOMAIN : PS_OK);
        if (read) assert_non_null(strstr(refusal.message, "by which depths are compared"));
        assert_ok(ps_pool_append(pool, 0, -1, -INFINITY, PS_OPEN, &id, err));
        ps_pool_free(pool);
    }
}

/* Four particles make eight steps, with selections between them: the share of each depth in the last selection. Scores
 * are cumulative, merits are not. `a_token` is added to the score for each token; steps of one depth have the same
 * number of them, or with `uneven` any. With `by_score` the merit is the score. */
static void shares_of_depths(ps_pool_params params, double a_token, bool uneven, bool by_score, double shares[9]) {
    enum { M = 4 };
    params.max_depth = 9;
    ps_pool *pool = make_pool(params, M);
    uint32_t at[M] = {0}, tokens[M * 9 + 1] = {0};
    const uint32_t *ids;
    for (size_t t = 0; t < 8; t++) {
        for (size_t i = 0; i < M; i++) {
            uint32_t parent = at[i], id = (uint32_t)(t * M + i + 1);
            tokens[id] = tokens[parent] + (uint32_t)(1 + 9 * ps_uniform(check_key(uneven ? id : 1000 + t), 0));
            double ell = -0.3 * (double)t - ps_uniform(check_key(id), 1) + a_token * tokens[id];
            double merit = -ps_uniform(check_key(id), 2);
            assert_ok(ps_pool_append(pool, parent, ell, by_score ? ell : merit, PS_OPEN, &at[i], err));
        }
        assert_ok(ps_pool_advance(pool, err));
        if (t % 2 == 0) continue;
        size_t n = prepare(pool, &ids);
        assert_ok(ps_pool_weights(pool, 0.5, W, err));
        for (size_t d = 0; d < 9; d++)
            shares[d] = 0;
        for (size_t i = 0; i < n; i++)
            shares[ps_pool_snapshots(pool)[ids[i]].depth] += W[i];
        assert_ok(ps_pool_launch(pool, 0.5, at, M, err));
    }
    ps_pool_free(pool);
}

/* Log-probabilities, length priors and products fall with every token. Depths are not compared by them: what is added
 * to the score for each token changes no depth's share. (Tilt looks at no weight. Retreat asks for the mean merit of
 * what a selection takes of a depth: that is the same as long as what is added is, for all that it takes from.) */
static void a_constant_for_each_token_changes_no_depths_share(void **state) {
    (void)state;
    static const ps_pool_params both[] = {{.depth_decay = 0.5, .depth_tilt = 2},
                                          {.depth_decay = 0.5, .depth_retreat = 2}};
    for (size_t k = 0; k < 2; k++)
        for (int uneven = 0; uneven < (k == 0 ? 2 : 1); uneven++) {
            double shares[9], other[9], by_score[9], moved = 0;
            shares_of_depths(both[k], 0, uneven, false, shares);
            shares_of_depths(both[k], -1.5, uneven, false, other);
            shares_of_depths(both[k], -1.5, uneven, true, by_score);
            for (size_t d = 0; d < 9; d++) {
                check_near(other[d], shares[d], 1e-12);
                moved = fmax(moved, fabs(by_score[d] - shares[d]));
            }
            assert_true(moved > 0.2); /* so that the test could fail */
        }
}

/* ---- balance ------------------------------------------------------------- */

/* Open snapshots of other depths are left out; finished ones stay, and those that a particle stands on. */
static void a_window_on_a_balance_pool(void **state) {
    (void)state;
    ps_pool *pool = make_pool((ps_pool_params){.weighting = PS_BALANCE, .max_depth = 9}, 3);
    const uint32_t *ids;
    uint32_t a = append(pool, 0, -1, PS_OPEN), b = append(pool, 0, -2, PS_OPEN), c = append(pool, 0, -3, PS_FINISHED);
    assert_ok(ps_pool_advance(pool, err));
    uint32_t d = append(pool, a, -4, PS_OPEN);
    assert_ok(ps_pool_advance(pool, err)); /* one particle stands on b still */
    assert_int_equal(prepare(pool, &ids), 4);
    double log_z = ps_pool_log_z(pool, 1, 0), all[] = {-1, -2, -3, -4};
    check_near(ps_pool_ess(pool, 1), ps_ess(all, 4), 1e-12);
    check_near(ps_pool_ess_of(pool, 1, (uint32_t[]){b, d}, 2), ps_ess((double[]){-2, -4}, 2), 1e-12);

    ps_pool_set_window(pool, 2, SIZE_MAX);
    assert_int_equal(ps_pool_weights(pool, 1, W, NULL), PS_ARG); /* with the next preparation */
    assert_int_equal(prepare(pool, &ids), 3);
    assert_true(ids[0] == b && ids[1] == c && ids[2] == d);
    check_near(ps_pool_ess(pool, 1), ps_ess(all + 1, 3), 1e-12);
    check_near(ps_pool_log_z(pool, 1, 0), log_z, 1e-15); /* a sum over all, whatever can be selected */

    ps_pool_set_window(pool, 0, 0);
    assert_int_equal(ps_pool_launch(pool, 0.5, &a, 1, NULL), PS_ARG);
    prepare(pool, &ids);
    assert_ok(ps_pool_launch(pool, 0.5, &c, 1, err)); /* a finished pick: nobody stands anywhere */
    assert_int_equal(prepare(pool, &ids), 1);
    assert_int_equal(ids[0], c);
    ps_pool_free(pool);
}

/* Three generations of whole answers: W, ESS and log Ẑ are those of the functions over the same numbers. */
static void a_balance_pool_computes_what_the_functions_do(void **state) {
    (void)state;
    enum { M = 12, GENERATIONS = 3 };
    const double betas[GENERATIONS] = {0, 0.2, 0.7};
    ps_pool *pool;
    ps_balance_event events[GENERATIONS];
    const uint32_t *ids;
    uint32_t picks[M] = {0}, *found;
    double ell[M * GENERATIONS], log_mix[M * GENERATIONS], log_w[M * GENERATIONS], log_z = 0, *log_weights;
    size_t n = 0;
    assert_ok(ps_pool_create(&(ps_pool_params){.weighting = PS_BALANCE, .max_depth = 1}, &pool, err));
    for (size_t g = 0; g < GENERATIONS; g++) {
        const size_t size = M - 2 * g; /* of unequal size */
        assert_ok(ps_pool_launch(pool, betas[g], picks, size, err));
        check_near(ps_pool_event_log_z(pool, g, 5), log_z, 1e-12);
        events[g] = (ps_balance_event){betas[g], log_z, size};
        for (size_t i = 0; i < size; i++) {
            ell[n++] = 10 * ps_normal(check_key(g), i);
            assert_int_equal(append(pool, 0, ell[n - 1], PS_FINISHED), n);
        }
        assert_ok(ps_pool_advance(pool, err));
        assert_int_equal(prepare(pool, &ids), n);
        const double beta = g + 1 < GENERATIONS ? betas[g + 1] : 1;
        ps_balance_log_mixture(ell, n, events, g + 1, log_mix);
        ps_log_weights(ell, log_mix, n, beta, log_w);
        log_z = ps_log_sum_exp(log_w, n) - log((double)n);
        check_near(ps_pool_log_z(pool, beta, 0), log_z, 1e-12);
        check_near(ps_pool_ess(pool, beta), ps_ess(log_w, n), 1e-10);
        assert_ok(ps_pool_weights(pool, beta, W, err));
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(ids[i], i + 1);
            check_near(W[i], exp(log_w[i] - log_z) / (double)n, 1e-13);
        }
        for (size_t i = 0; i < M; i++)
            picks[i] = ids[i]; /* finished picks are legal here */
    }
    double answers_z;
    size_t n_answers;
    assert_ok(ps_pool_answers(pool, 1, false, &found, &log_weights, &n_answers, &answers_z, err));
    assert_int_equal(n_answers, n);
    check_near(answers_z, log_z, 1e-12); /* eq. 16 over the answers: all snapshots are answers */
    ps_free(found);
    ps_free(log_weights);
    ps_pool_free(pool);
}

static void a_balance_pool_without_weight_is_an_error(void **state) {
    (void)state;
    ps_pool *pool = make_pool((ps_pool_params){.weighting = PS_BALANCE, .max_depth = 4}, 1);
    const uint32_t *ids;
    append(pool, 0, -INFINITY, PS_OPEN);
    assert_ok(ps_pool_advance(pool, err));
    assert_int_equal(prepare(pool, &ids), 1);
    assert_int_equal(ps_pool_weights(pool, 1, W, NULL), PS_DOMAIN);
    assert_true(ps_pool_ess(pool, 1) == 0);
    assert_ok(ps_pool_weights(pool, 0, W, err));
    assert_true(W[0] == 1);
    ps_pool_free(pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(particles_that_finish_early_count_further_down),
                                       cmocka_unit_test(answers_have_their_final_weights),
                                       cmocka_unit_test(depths_of_impossible_prefixes_are_closed_above_zero),
                                       cmocka_unit_test(wrong_calls_are_refused),
                                       cmocka_unit_test(pruned_snapshots_stay_in_the_sums),
                                       cmocka_unit_test(a_merit_is_judged_where_it_is_read),
                                       cmocka_unit_test(a_constant_for_each_token_changes_no_depths_share),
                                       cmocka_unit_test(a_window_on_a_balance_pool),
                                       cmocka_unit_test(a_balance_pool_computes_what_the_functions_do),
                                       cmocka_unit_test(a_balance_pool_without_weight_is_an_error)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
