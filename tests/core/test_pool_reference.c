/* Random lives of a pool against a second implementation: every number straight from the formulas of docs/algorithm.md,
 * computed afresh each time in long double from the list of snapshots, with M_d written where the formulas have it.
 * Scores may be −∞ or in the thousands, merits are numbers of their own; particles finish, are truncated, go missing,
 * are pruned. */
#include "persamp/core.h"
#include "support/check.h"

enum { ROUNDS = 60, DEPTHS = 7, MOST = 2000, MOST_EVENTS = 20 };

/* A record of launches: N(e,a,d) kept as a plain array. */
typedef struct reference {
    size_t launched[MOST_EVENTS][DEPTHS + 1], counted[MOST_EVENTS][DEPTHS + 1][DEPTHS + 1];
    double beta[MOST_EVENTS];
    long double log_z[MOST_EVENTS][DEPTHS + 1];
    size_t n_events, age;
    const ps_snapshot *s; /* the pool's */
    size_t size;
    size_t shallowest, deepest; /* the window of ps_pool_set_window */
    ps_pool_params params;
} reference;

static reference ref;

static long double power(double ell, double beta) {
    return beta == 0 ? 0 : (long double)beta * ell;
}

static double ell_at(uint32_t id, size_t depth) {
    while (ref.s[id].depth > depth)
        id = ref.s[id].parent;
    return ref.s[id].ell;
}

static long double counted_at(size_t d) {
    long double M_d = 0;
    for (size_t e = 0; e < ref.n_events; e++)
        for (size_t a = 0; a < d; a++)
            M_d += ref.counted[e][a][d];
    return M_d;
}

static long double log_m(uint32_t id) {
    const size_t d = ref.s[id].depth;
    if (d == 0) return 0;
    long double terms[MOST_EVENTS * DEPTHS], max = -INFINITY, sum = 0;
    size_t n = 0;
    for (size_t e = 0; e < ref.n_events; e++)
        for (size_t a = 0; a < d; a++)
            if (ref.counted[e][a][d] > 0)
                terms[n++] =
                    logl(ref.counted[e][a][d] / counted_at(d)) + power(ell_at(id, a), ref.beta[e]) - ref.log_z[e][a];
    for (size_t t = 0; t < n; t++)
        max = fmaxl(max, terms[t]);
    for (size_t t = 0; t < n; t++)
        sum += expl(terms[t] - max);
    return max + logl(sum);
}

static long double log_z_at(double beta, size_t d) {
    if (d == 0) return 0;
    long double sum = 0, M_d = counted_at(d);
    for (uint32_t id = 1; id <= ref.size; id++)
        if (ref.s[id].depth == d && ref.s[id].state == PS_OPEN) sum += expl(power(ref.s[id].ell, beta) - log_m(id));
    return sum > 0 ? logl(sum) - logl(M_d) : -INFINITY;
}

static bool selectable(uint32_t id) {
    return ref.s[id].state == PS_OPEN && !ref.s[id].pruned;
}

static bool open_at(size_t d, double beta) {
    if (d == 0) return true;
    for (uint32_t id = 1; id <= ref.size; id++)
        if (ref.s[id].depth == d && selectable(id) && (beta == 0 || ref.s[id].ell > -INFINITY)) return true;
    return false;
}

static bool in_window(size_t d, double beta) {
    return d >= ref.shallowest && d <= ref.deepest && open_at(d, beta);
}

/* The depth whose scores depth d is judged by: its own; the root has none and takes the shallowest open depth's, which
 * is above DEPTHS where there is none. */
static size_t scored_depth(size_t d, double beta) {
    if (d == 0)
        for (d = 1; d <= DEPTHS && !in_window(d, beta);)
            d++;
    return d;
}

static long double h_of(size_t d, double beta) {
    if ((d = scored_depth(d, beta)) > DEPTHS) return 0;
    long double sum = 0, n = 0;
    for (uint32_t id = 1; id <= ref.size; id++)
        if (ref.s[id].depth == d && ref.s[id].state == PS_OPEN) {
            sum += expl(ref.s[id].merit);
            n++;
        }
    return logl(sum / n);
}

/* V, child by child from the definition. */
static long double value_of(uint32_t id) {
    long double sum = expl(ref.s[id].merit), n = 1;
    for (uint32_t child = id + 1; child <= ref.size; child++)
        if (ref.s[child].parent == id) {
            sum += value_of(child);
            n++;
        }
    return sum / n;
}

/* g: log of the mean of V over depth d under the weights of a selection at β, summed candidate by candidate. */
static long double g_of(size_t d, double beta) {
    if ((d = scored_depth(d, beta)) > DEPTHS) return 0;
    long double sum = 0, weights = 0;
    for (uint32_t id = 1; id <= ref.size; id++)
        if (ref.s[id].depth == d && selectable(id)) {
            long double v = expl(power(ref.s[id].ell, beta) - log_m(id));
            sum += v * value_of(id);
            weights += v;
        }
    return logl(sum / weights);
}

static long double merit_of(size_t d, double beta) {
    return (ref.params.depth_tilt > 0 ? ref.params.depth_tilt * h_of(d, beta) : 0) +
           (ref.params.depth_retreat > 0 ? ref.params.depth_retreat * g_of(d, beta) : 0);
}

static long double share_of(size_t d, double beta) {
    size_t deepest = 0;
    for (size_t k = 1; k <= DEPTHS; k++)
        if (in_window(k, beta)) deepest = k;
    if (!in_window(d, beta) && !(d == 0 && deepest == 0)) return 0;
    long double difference = merit_of(d, beta) - merit_of(deepest, beta);
    if (!isfinite(difference) || d == deepest) difference = 0;
    return powl(ref.params.depth_decay, (long double)(deepest - d)) * expl(difference);
}

/* The candidate's weight, not yet normalised over depths. */
static long double weight_of(uint32_t id, double beta) {
    const size_t d = ref.s[id].depth;
    long double sum = 0;
    for (uint32_t j = 0; j <= ref.size; j++)
        if (ref.s[j].depth == d && selectable(j)) sum += expl(power(ref.s[j].ell, beta) - log_m(j));
    return sum > 0 ? share_of(d, beta) * expl(power(ref.s[id].ell, beta) - log_m(id)) / sum : 0;
}

/* What the mixture of depth d + 1 would have taken from x, plus n·W, less the children x has; not below zero. */
static long double owed_to(uint32_t id, long double wanted) {
    const size_t d = ref.s[id].depth;
    long double steps = 0, children = 0, m = d == 0 ? 0 : log_m(id) + logl(counted_at(d));
    for (size_t e = 0; e < ref.n_events; e++)
        for (size_t a = 0; a <= d; a++)
            if (ref.counted[e][a][d + 1] > 0)
                steps += ref.counted[e][a][d + 1] * expl(power(ell_at(id, a), ref.beta[e]) - ref.log_z[e][a] - m);
    for (uint32_t child = id + 1; child <= ref.size; child++)
        children += ref.s[child].parent == id;
    return fmaxl(0, steps + wanted - children);
}

/* Within depth d the weights of a selection of m become what is owed; the depth's share and the rest stay. */
static void compare_completed(ps_pool *pool, size_t d, size_t m, const uint32_t *ids, size_t n, const double *W) {
    double completed[MOST];
    long double share = 0, owed = 0;
    memcpy(completed, W, n * sizeof *W);
    ps_pool_complete(pool, d, m, completed);
    for (size_t i = 0; i < n; i++)
        if (ref.s[ids[i]].depth == d) {
            share += W[i];
            owed += owed_to(ids[i], (long double)m * W[i]);
        }
    const bool changes = share > 0 && owed > 0;
    for (size_t i = 0; i < n; i++) {
        const bool here = changes && ref.s[ids[i]].depth == d;
        check_near(completed[i], here ? (double)(owed_to(ids[i], (long double)m * W[i]) * share / owed) : W[i], 1e-9);
    }
}

/* The effective sample size among every third candidate. */
static void compare_some(ps_pool *pool, const uint32_t *ids, size_t n, double beta, const long double *w) {
    uint32_t some[MOST];
    size_t k = 0;
    long double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i += 3) {
        some[k++] = ids[i];
        sum += w[i];
        squares += w[i] * w[i];
    }
    check_near(ps_pool_ess_of(pool, beta, some, k), squares > 0 ? (double)(sum * sum / squares) : 0, 1e-10 * (double)k);
}

static void compare(ps_pool *pool, const uint32_t *ids, size_t n, double beta, double *W) {
    long double total = 0, squares = 0, w[MOST];
    for (size_t i = 0; i < n; i++) {
        assert_true(selectable(ids[i]));
        total += w[i] = weight_of(ids[i], beta);
    }
    assert_ok(ps_pool_weights(pool, beta, W, err));
    for (size_t i = 0; i < n; i++) {
        squares += (w[i] / total) * (w[i] / total);
        check_near(W[i], (double)(w[i] / total), 1e-12);
    }
    check_near(ps_pool_ess(pool, beta), (double)(1 / squares), 1e-10 * (double)n);
    compare_some(pool, ids, n, beta, w);
    for (size_t d = 0; d <= DEPTHS; d++)
        check_near(ps_pool_log_z(pool, beta, d), (double)log_z_at(beta, d),
                   1e-11 * (1 + fabs((double)log_z_at(beta, d))));
    for (size_t d = 0; d < DEPTHS; d++)
        compare_completed(pool, d, 1 + d * 5, ids, n, W);
}

static void compare_answers(ps_pool *pool) {
    uint32_t *ids;
    double *log_weights, log_z;
    size_t n;
    assert_ok(ps_pool_answers(pool, 1.5, true, &ids, &log_weights, &n, &log_z, err));
    for (size_t i = 0; i < n; i++) {
        assert_int_not_equal(ref.s[ids[i]].state, PS_OPEN);
        long double want = power(ref.s[ids[i]].ell, 1.5) - log_m(ids[i]) - logl(counted_at(ref.s[ids[i]].depth));
        check_near(log_weights[i], (double)want, 1e-11 * (1 + fabs((double)want)));
    }
    ps_free(ids);
    ps_free(log_weights);
}

static void launch(ps_pool *pool, double beta, const uint32_t *picks, size_t m) {
    for (size_t a = 0; a <= DEPTHS && ref.n_events > 0; a++)
        ref.log_z[ref.n_events][a] = log_z_at(beta, a);
    for (size_t i = 0; i < m; i++)
        ref.launched[ref.n_events][ref.n_events > 0 ? ref.s[picks[i]].depth : 0]++;
    assert_ok(ps_pool_launch(pool, beta, picks, m, err));
    ref.beta[ref.n_events++] = beta;
    ref.age = 0;
}

static void advance(ps_pool *pool) {
    assert_ok(ps_pool_advance(pool, err));
    ref.age++;
    for (size_t a = 0; a + ref.age <= ref.params.max_depth; a++)
        ref.counted[ref.n_events - 1][a][a + ref.age] = ref.launched[ref.n_events - 1][a];
    ref.s = ps_pool_snapshots(pool);
    ref.size = ps_pool_size(pool);
}

/* A source of uniforms for one round. */
static uint64_t round_id, position;
static double next_uniform(void) {
    return ps_uniform(check_key(round_id), position++);
}

static size_t iterate(ps_pool *pool, uint32_t *running, size_t n, double scale) {
    size_t going = 0;
    for (size_t i = 0; i < n; i++) {
        double u = next_uniform(), ell = ps_pool_snapshots(pool)[running[i]].ell;
        uint32_t id;
        if (u < 0.04) continue; /* its engine failed: it counts, and has no snapshot */
        if (ell == -INFINITY) ell = 0;
        ell = u < 0.1 ? -INFINITY : ell - scale * next_uniform();
        double merit = next_uniform() < 0.05 ? -INFINITY : -4 * next_uniform();
        ps_snapshot_state end = u > 0.85 ? (u > 0.95 ? PS_TRUNCATED : PS_FINISHED) : PS_OPEN;
        assert_ok(ps_pool_append(pool, running[i], ell, merit, end, &id, err));
        if (ps_pool_snapshots(pool)[id].state == PS_OPEN) running[going++] = id;
    }
    advance(pool);
    return going;
}

static void live(uint64_t round) {
    round_id = round;
    position = 0;
    memset(&ref, 0, sizeof ref);
    ref.deepest = SIZE_MAX;
    const size_t M = 1 + (size_t)(12 * next_uniform());
    ref.params = (ps_pool_params){.max_depth = 2 + (size_t)((DEPTHS - 2) * next_uniform()),
                                  .depth_decay = round % 5 == 0 ? 0 : next_uniform(),
                                  .depth_tilt = round % 3 == 0 ? 0 : next_uniform(),
                                  .depth_retreat = round % 6 < 3 ? 0 : 3 * next_uniform(),
                                  .max_size = round % 4 == 0 ? 1 + (size_t)(20 * next_uniform()) : 0,
                                  .prune = round % 8 == 0 ? PS_PRUNE_OLDEST : PS_PRUNE_LOWEST_SCORE};
    const double scale = round % 7 == 0 ? 1000 : 2;
    ps_pool *pool;
    uint32_t running[16] = {0};
    double W[MOST];
    assert_ok(ps_pool_create(&ref.params, &pool, err));
    launch(pool, 0, running, M);
    size_t n_running = M;
    for (size_t t = 0; t < 14; t++) {
        const uint32_t *ids;
        size_t n, picks[16], picked;
        double beta = t % 5 == 4 ? 0 : 1.5 * next_uniform(), uniforms[16];
        n_running = iterate(pool, running, n_running, scale);
        if (next_uniform() < 0.3) continue; /* nobody looks at the pool */
        if (round % 9 == 1) {               /* a window on the depths */
            ref.shallowest = (size_t)(3 * next_uniform());
            ref.deepest = ref.shallowest + (size_t)(4 * next_uniform());
            ps_pool_set_window(pool, ref.shallowest, ref.deepest);
        }
        assert_ok(ps_pool_prepare(pool, &ids, &n, err));
        compare(pool, ids, n, beta, W);
        if (next_uniform() < 0.4) continue;
        for (size_t i = 0; i < M; i++)
            uniforms[i] = next_uniform();
        ps_resample_input in = {.W = W, .n = n, .M = M, .uniforms = uniforms};
        assert_ok(ps_resampler_find("multinomial")->pick(&in, picks, &picked, err));
        for (size_t i = 0; i < M; i++)
            running[i] = ids[picks[i]];
        launch(pool, beta, running, n_running = M);
    }
    compare_answers(pool);
    ps_pool_free(pool);
}

static void random_lives_agree_with_the_formulas(void **state) {
    (void)state;
    for (uint64_t round = 0; round < ROUNDS; round++)
        live(round);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_lives_agree_with_the_formulas)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
