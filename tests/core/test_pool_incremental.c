/* What a pool keeps up to date as it grows, against the same computed afresh in long double: the mixtures, the mean
 * merits of the depths, the candidates. Long random lives of up to a thousand events, in which particles finish and
 * have impossible scores, snapshots are pruned, and nobody looks at the pool for a while. The mixtures must
 * agree within 1e−12 of max(1, |log m|) and within the bound that pool_mixture.c states. */
#include "core/pool.h"
#include "support/check.h"

enum { M = 4 };

static uint64_t life_id, position;
static double next_uniform(void) {
    return ps_uniform(check_key(life_id), position++);
}

/* ---- Afresh -------------------------------------------------------------- */

typedef struct long_sum {
    long double max, sum;
} long_sum;

static void add(long_sum *s, long double x) {
    if (x == -INFINITY) return;
    if (x > s->max) {
        s->sum = s->sum * expl(s->max - x) + 1;
        s->max = x;
    } else {
        s->sum += expl(x - s->max);
    }
}

static long double log_of(const long_sum *s) {
    return s->sum > 0 ? s->max + logl(s->sum) : -INFINITY;
}

static long double power(double ell, double beta) {
    return beta == 0 ? 0 : (long double)beta * ell;
}

static double ell_at(const ps_pool *pool, uint32_t id, size_t depth) {
    while (pool->snapshots[id].depth > depth)
        id = pool->snapshots[id].parent;
    return pool->snapshots[id].ell;
}

static long double mixture_of(const ps_pool *pool, uint32_t id) {
    long_sum sum = {-INFINITY, 0};
    const size_t d = pool->snapshots[id].depth;
    if (pool->params.weighting == PS_BALANCE) {
        for (size_t e = 0; e < pool->n_events; e++)
            add(&sum, logl(pool->events[e].count) + power(pool->ell[id], pool->events[e].beta) - pool->events[e].log_z);
        return log_of(&sum);
    }
    for (size_t c = 0; c < pool->levels[d].n_cohorts; c++) {
        const ps_cohort *cohort = &pool->cohorts[pool->levels[d].cohorts[c]];
        const double beta = pool->events[cohort->event].beta;
        add(&sum, logl(cohort->count) + power(ell_at(pool, id, cohort->launch_depth), beta) -
                      ps_pool_event_log_z(pool, cohort->event, cohort->launch_depth));
    }
    return log_of(&sum);
}

/* ---- Comparing ----------------------------------------------------------- */

static double worst;

static void compare_mixtures(const ps_pool *pool, size_t updates) {
    double largest = 0;
    for (uint32_t id = 1; id <= pool->size; id++)
        if (isfinite(pool->log_mix[id])) largest = fmax(largest, fabs(pool->log_mix[id]));
    const double bound = (double)updates * 0x1p-53 * (largest + 8);
    for (uint32_t id = 1; id <= pool->size; id++) {
        const long double want = mixture_of(pool, id);
        if (want == -INFINITY) {
            assert_true(pool->log_mix[id] == -INFINITY);
            continue;
        }
        const double error = fabs((double)(pool->log_mix[id] - want)), size = fmax(1, fabs((double)want));
        worst = fmax(worst, error / size);
        /* Besides the updates' own rounding there is that of the terms, which a computation afresh has too. */
        if (!(error <= 1e-12 * size && error <= bound + 4 * 0x1p-53 * (largest + 8)))
            fail_msg("log m of snapshot %u is off by %g of %g after %zu updates", id, error, (double)want, updates);
    }
}

static void compare_means(const ps_pool *pool) {
    for (size_t d = 1; d < pool->n_levels; d++) {
        const ps_level *level = &pool->levels[d];
        long_sum sum = {-INFINITY, 0};
        size_t n = 0;
        for (size_t i = 0; i < level->n_ids; i++)
            if (pool->snapshots[level->ids[i]].state == PS_OPEN) {
                add(&sum, pool->snapshots[level->ids[i]].merit);
                n++;
            }
        assert_int_equal(level->n_open, n);
        const double want = (double)(log_of(&sum) - (n > 0 ? logl((long double)n) : 0));
        check_near(ps_level_log_mean(level), want, 1e-12 * fmax(1, fabs(want)));
    }
}

/* Every snapshot that can be selected, once, in the order promised, with its own numbers. */
static void compare_candidates(const ps_pool *pool, const uint32_t *ids, size_t n) {
    const bool lineage = pool->params.weighting == PS_LINEAGE;
    size_t expected = 0;
    for (uint32_t id = lineage ? 0 : 1; id <= pool->size; id++)
        expected += lineage ? ps_snapshot_selectable(&pool->snapshots[id]) : !pool->snapshots[id].pruned;
    assert_int_equal(n, expected);
    for (size_t i = 0; i < n; i++) {
        const ps_snapshot *s = &pool->snapshots[ids[i]], *before = i > 0 ? &pool->snapshots[ids[i - 1]] : NULL;
        assert_true(!s->pruned && (!lineage || s->state == PS_OPEN));
        if (i > 0 && lineage) assert_true(before->depth <= s->depth);
        if (i > 0 && (!lineage || before->depth == s->depth)) assert_true(ids[i - 1] < ids[i]);
        assert_true(pool->candidate_ell[i] == pool->ell[ids[i]] && pool->candidate_mix[i] == pool->log_mix[ids[i]]);
    }
}

static void compare_standing(const ps_pool *pool, const uint32_t *running, size_t n) {
    uint32_t *count = calloc(pool->size + 1, sizeof *count);
    assert_non_null(count);
    for (size_t i = 0; i < n; i++)
        count[running[i]]++;
    for (size_t id = 0; id <= pool->size; id++)
        assert_int_equal(pool->running[id], count[id]);
    free(count);
}

/* ---- Living -------------------------------------------------------------- */

/* Every particle makes a step; how many go on. */
static size_t iterate(ps_pool *pool, uint32_t *running, size_t n, double scale) {
    size_t going = 0;
    for (size_t i = 0; i < n; i++) {
        const double u = next_uniform();
        double ell = ps_pool_snapshots(pool)[running[i]].ell;
        uint32_t id;
        if (ell == -INFINITY) ell = 0;
        ell = u < 0.02 ? -INFINITY : ell * 0.9 - scale * (next_uniform() - 0.3);
        const ps_snapshot_state end = u > 0.95 ? PS_FINISHED : PS_OPEN;
        double merit = next_uniform() < 0.02 ? -INFINITY : scale * (next_uniform() - 0.5);
        assert_ok(ps_pool_append(pool, running[i], ell, merit, end, &id, err));
        if (ps_pool_snapshots(pool)[id].state == PS_OPEN) running[going++] = id;
    }
    assert_ok(ps_pool_advance(pool, err));
    return going;
}

static size_t relaunch(ps_pool *pool, const uint32_t *ids, size_t n, double *W, uint32_t *running) {
    const double beta = next_uniform() < 0.1 ? 0 : 1.5 * next_uniform();
    double uniforms[M];
    size_t picks[M], picked, going = 0;
    assert_ok(ps_pool_weights(pool, beta, W, err));
    for (size_t i = 0; i < M; i++)
        uniforms[i] = next_uniform();
    const ps_resample_input in = {.W = W, .n = n, .M = M, .uniforms = uniforms};
    assert_ok(ps_resampler_find("multinomial")->pick(&in, picks, &picked, err));
    for (size_t i = 0; i < M; i++)
        running[i] = ids[picks[i]];
    assert_ok(ps_pool_launch(pool, beta, running, M, err));
    for (size_t i = 0; i < M; i++)
        if (ps_pool_snapshots(pool)[running[i]].state == PS_OPEN) running[going++] = running[i];
    compare_standing(pool, running, going);
    return going;
}

static void live(ps_pool_params params, size_t iterations, double scale, uint64_t id) {
    ps_pool *pool;
    uint32_t running[M] = {0};
    double *W = check_doubles(M * iterations + 1);
    life_id = id;
    position = 0;
    assert_ok(ps_pool_create(&params, &pool, err));
    assert_ok(ps_pool_launch(pool, 0, running, M, err));
    size_t n_running = M, updates = 0;
    for (size_t t = 1; t <= iterations; t++) {
        const uint32_t *ids;
        size_t n;
        n_running = iterate(pool, running, n_running, scale);
        if (n_running > 0 && next_uniform() < 0.2 && t < iterations) continue; /* nobody looks */
        assert_ok(ps_pool_prepare(pool, &ids, &n, err));
        updates++;
        compare_candidates(pool, ids, n);
        if (t % (iterations / 5) == 0 || t == iterations) {
            compare_mixtures(pool, updates);
            compare_means(pool);
        }
        if (n_running == 0 || next_uniform() < 0.9) n_running = relaunch(pool, ids, n, W, running);
    }
    assert_true(ps_pool_events(pool) > iterations / 2);
    free(W);
    ps_pool_free(pool);
}

static void a_growing_balance_pool_is_one_computed_afresh(void **state) {
    (void)state;
    worst = 0;
    for (uint64_t round = 0; round < 4; round++)
        live((ps_pool_params){.weighting = PS_BALANCE, .max_depth = 1000, .max_size = round % 2 ? 50 : 0},
             round == 0 ? 1000 : 200, round == 3 ? 3000 : 3, round);
    print_message("balance: mixtures within %.1e of the computation afresh, relative to max(1, |log m|)\n", worst);
}

static void a_growing_lineage_pool_is_one_computed_afresh(void **state) {
    (void)state;
    worst = 0;
    for (uint64_t round = 0; round < 4; round++)
        live((ps_pool_params){.weighting = PS_LINEAGE,
                              .depth_decay = 0.8,
                              .depth_tilt = round == 1,
                              .max_depth = 8,
                              .max_size = round % 2 ? 100 : 0,
                              .prune = PS_PRUNE_LOWEST_SCORE},
             round == 0 ? 1000 : 200, round == 3 ? 300 : 2, 10 + round);
    print_message("lineage: mixtures within %.1e of the computation afresh, relative to max(1, |log m|)\n", worst);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_growing_balance_pool_is_one_computed_afresh),
                                       cmocka_unit_test(a_growing_lineage_pool_is_one_computed_afresh)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
