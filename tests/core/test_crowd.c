/* Large levels: a pool whose waves come back to the same depths a thousand times and that prunes nearly all of them.
 * log Ẑ of its depths, the mixtures of its candidates and the weights of its answers against the same computed in long
 * double, one snapshot after the other. */
#include "core/pool.h"
#include "support/check.h"
#include "support/failing_allocator.h"

enum { M = 8, DEPTHS = 4 };

static uint64_t life_id, position;
static double next_uniform(void) {
    return ps_uniform(check_key(life_id), position++);
}

/* ---- One after the other ------------------------------------------------- */

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

static double log_of(const long_sum *s) {
    return s->sum > 0 ? (double)(s->max + logl(s->sum)) : -INFINITY;
}

static long double power(double ell, double beta) {
    return beta == 0 ? 0 : (long double)beta * ell;
}

static double mixture_of(const ps_pool *pool, uint32_t id) {
    long_sum sum = {-INFINITY, 0};
    const ps_level *level = &pool->levels[pool->snapshots[id].depth];
    for (size_t i = 0; i < level->n_groups; i++) {
        uint32_t ancestor = id;
        while (pool->snapshots[ancestor].depth > level->groups[i].launch_depth)
            ancestor = pool->snapshots[ancestor].parent;
        add(&sum, level->groups[i].log_weight + power(pool->ell[ancestor], level->groups[i].beta));
    }
    return log_of(&sum);
}

/* ---- A life -------------------------------------------------------------- */

typedef struct life {
    size_t waves;
    double spread;       /* of the scores; 0: all snapshots of a depth have one */
    double early, later; /* the largest β before and after the middle of the life */
    bool impossible;     /* a tenth of the scores is −∞ */
    size_t quiet;        /* so many waves have no event but their launch */
    size_t skips;        /* after so many waves the others have one only after their first step; 0: none */
} life;

static const ps_pool_params params = {
    .depth_decay = 0.05, .max_depth = DEPTHS, .max_size = 60, .prune = PS_PRUNE_LOWEST_SCORE};

/* With `memory`, each allocation of the call fails once before it may go on. */
static failing_allocator *memory;
#define insist(call)                                                                                                   \
    do {                                                                                                               \
        ps_error err = {0};                                                                                            \
        ps_status status = PS_NOMEM;                                                                                   \
        for (size_t ahead = 1; memory != NULL && status == PS_NOMEM; ahead++) {                                        \
            memory->fail_at = memory->calls + ahead;                                                                   \
            status = (call);                                                                                           \
            memory->fail_at = 0;                                                                                       \
        }                                                                                                              \
        if (memory == NULL) status = (call);                                                                           \
        assert_int_equal(status, PS_OK);                                                                               \
    } while (0)

static size_t iterate(ps_pool *pool, uint32_t *running, size_t n, const life *l) {
    size_t going = 0;
    for (size_t i = 0; i < n; i++) {
        double from = ps_pool_snapshots(pool)[running[i]].ell, ell;
        if (from == -INFINITY) from = 0;
        ell = 0.8 * from - l->spread * next_uniform();
        if (l->impossible && next_uniform() < 0.1) ell = -INFINITY;
        ps_snapshot_state state = next_uniform() < 0.1 ? PS_FINISHED : PS_OPEN;
        insist(ps_pool_append(pool, running[i], ell, ell, state, &running[going], &err));
        going += ps_pool_snapshots(pool)[running[going]].state == PS_OPEN;
    }
    insist(ps_pool_advance(pool, &err));
    return going;
}

static size_t relaunch(ps_pool *pool, uint32_t *running, size_t n, size_t front, double most) {
    static double W[1000];
    double beta = next_uniform() < 0.3 ? most : most * next_uniform(), uniforms[M];
    const uint32_t *ids;
    size_t candidates, picks[M], picked;
    ps_pool_set_window(pool, 0, front);
    insist(ps_pool_prepare(pool, &ids, &candidates, &err));
    assert_true(candidates < sizeof W / sizeof *W);
    assert_ok(ps_pool_weights(pool, beta, W, err));
    for (size_t i = 0; i < n; i++)
        uniforms[i] = next_uniform();
    const ps_resample_input in = {.W = W, .n = candidates, .M = n, .uniforms = uniforms};
    insist(ps_resampler_find("multinomial")->pick(&in, picks, &picked, &err));
    for (size_t i = 0; i < n; i++)
        running[i] = ids[picks[i]];
    insist(ps_pool_launch(pool, beta, running, n, &err));
    return n;
}

static ps_pool *live(const life *l, uint64_t id) {
    ps_pool *pool = NULL;
    life_id = id;
    position = 0;
    insist(ps_pool_create(&params, &pool, &err));
    for (size_t wave = 0; wave < l->waves; wave++) {
        uint32_t running[M] = {0};
        const uint32_t *ids;
        size_t n = M, candidates;
        if (wave > 0) insist(ps_pool_prepare(pool, &ids, &candidates, &err));
        insist(ps_pool_launch(pool, 0, running, M, &err));
        for (size_t front = 1; n > 0; front++) {
            n = iterate(pool, running, n, l);
            bool skipped = wave < l->quiet || (l->skips > 0 && wave >= l->skips && front > 1);
            if (n > 0 && !skipped)
                n = relaunch(pool, running, n, front < DEPTHS ? front : DEPTHS - 1,
                             wave < l->waves / 2 ? l->early : l->later);
            if (front > 3 * DEPTHS) break;
        }
    }
    return pool;
}

/* ---- Comparing ----------------------------------------------------------- */

static double worst;

static void agrees(double got, double want, const char *what, size_t which) {
    double error = got == want ? 0 : fabs(got - want) / fmax(1, fabs(want));
    worst = fmax(worst, error);
    if (!(error <= 1e-12)) fail_msg("%s %zu is %.17g, expected %.17g: off by %g", what, which, got, want, error);
}

static void log_z_agrees(ps_pool *pool, const double *mixtures, double beta) {
    for (size_t d = 1; d < pool->n_levels; d++) {
        long_sum sum = {-INFINITY, 0};
        const ps_level *level = &pool->levels[d];
        for (size_t i = 0; i < level->n_ids; i++) {
            uint32_t id = level->ids[i];
            if (pool->snapshots[id].state == PS_OPEN) add(&sum, power(pool->ell[id], beta) - mixtures[id]);
        }
        agrees(ps_pool_log_z(pool, beta, d), log_of(&sum), "log Z of depth", d);
    }
}

static void answers_agree(ps_pool *pool, const double *mixtures) {
    uint32_t *ids;
    double *log_weights, log_z;
    size_t n;
    insist(ps_pool_answers(pool, 1, true, &ids, &log_weights, &n, &log_z, &err));
    assert_true(n > 0);
    for (size_t i = 0; i < n; i++)
        agrees(log_weights[i], pool->ell[ids[i]] - mixtures[ids[i]], "the weight of answer", ids[i]);
    ps_free(ids);
    ps_free(log_weights);
}

static void all_agrees(ps_pool *pool, const life *l) {
    const uint32_t *ids;
    size_t n;
    insist(ps_pool_prepare(pool, &ids, &n, &err));
    double *mixtures = check_doubles(ps_pool_size(pool) + 1);
    for (uint32_t id = 1; id <= ps_pool_size(pool); id++)
        mixtures[id] = mixture_of(pool, id);
    for (size_t i = 1; i < n; i++)
        agrees(pool->candidate_mix[i], mixtures[ids[i]], "the mixture of candidate", ids[i]);
    const double betas[] = {0, 0.1 * l->later, 0.7 * l->later, l->later, 1.4 * l->later};
    for (size_t i = 0; i < sizeof betas / sizeof *betas; i++)
        log_z_agrees(pool, mixtures, betas[i]);
    answers_agree(pool, mixtures);
    free(mixtures);
}

static size_t in_crowds(const ps_pool *pool) {
    size_t n = 0;
    for (size_t d = 0; d < pool->n_levels; d++)
        n += pool->levels[d].n_crowd;
    return n;
}

/* The part of all snapshots that is in crowds at the end is in [least, most]. */
static void holds(const char *name, life l, double least, double most) {
    worst = 0;
    ps_pool *pool = live(&l, 100 + l.waves);
    double part = (double)in_crowds(pool) / (double)ps_pool_size(pool);
    all_agrees(pool, &l);
    print_message("%s: %zu snapshots, %.0f%% in crowds, all within %.1e\n", name, ps_pool_size(pool), 100 * part,
                  worst);
    if (!(part >= least && part <= most)) fail_msg("%g of the snapshots are in crowds", part);
    ps_pool_free(pool);
}

static void a_crowd_sums_what_its_snapshots_would(void **state) {
    (void)state;
    holds("scores as of rewards", (life){.waves = 400, .spread = 1.5, .early = 3, .later = 3}, 0.6, 1);
    holds("one score", (life){.waves = 250, .spread = 0, .early = 1, .later = 1}, 0.5, 1);
    holds("only beta 0", (life){.waves = 250, .spread = 1, .early = 0, .later = 0}, 0.5, 1);
}

static void scores_far_apart_or_impossible_are_looked_at_one_by_one(void **state) {
    (void)state;
    holds("far apart", (life){.waves = 250, .spread = 1e5, .early = 1, .later = 1}, 0, 0.3);
    holds("impossible ones", (life){.waves = 300, .spread = 2, .early = 1, .later = 1, .impossible = true}, 0.3, 0.9);
}

static void boxes_become_narrower_when_beta_grows(void **state) {
    (void)state;
    holds("a growing beta", (life){.waves = 400, .spread = 1.5, .early = 0.2, .later = 5}, 0.5, 1);
}

static void particles_that_go_on_without_an_event_end_the_crowd(void **state) {
    (void)state;
    holds("iterations that are no events", (life){.waves = 300, .spread = 1.5, .early = 3, .later = 3, .skips = 200}, 0,
          0.5);
}

static void without_events_no_score_has_a_say_until_one_has(void **state) {
    (void)state;
    holds("no events", (life){.waves = 250, .spread = 1.5, .quiet = 250, .later = 1}, 0.5, 1);
    holds("events at last", (life){.waves = 350, .spread = 1.5, .quiet = 200, .early = 2, .later = 3}, 0.5, 1);
    holds("after the first step only", (life){.waves = 250, .spread = 1.5, .skips = 1, .early = 2, .later = 3}, 0.2, 1);
}

static void every_allocation_fails_once_and_the_crowd_goes_on(void **state) {
    (void)state;
    static failing_allocator failing;
    const life l = {.waves = 300, .spread = 1.5, .early = 0.5, .later = 3};
    ps_pool *calm = live(&l, 7);
    failing_install(&failing, 0);
    memory = &failing;
    ps_pool *pool = live(&l, 7);
    const uint32_t *ids;
    size_t n;
    all_agrees(pool, &l);
    memory = NULL;
    assert_ok(ps_pool_prepare(calm, &ids, &n, err));
    assert_true(in_crowds(calm) > 0);
    assert_int_equal(in_crowds(pool), in_crowds(calm));
    for (size_t d = 0; d < calm->n_levels; d++)
        assert_true(ps_pool_log_z(pool, 2, d) == ps_pool_log_z(calm, 2, d));
    ps_pool_free(pool);
    assert_int_equal(failing.alive, 0);
    failing_remove();
    ps_pool_free(calm);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crowd_sums_what_its_snapshots_would),
        cmocka_unit_test(scores_far_apart_or_impossible_are_looked_at_one_by_one),
        cmocka_unit_test(boxes_become_narrower_when_beta_grows),
        cmocka_unit_test(particles_that_go_on_without_an_event_end_the_crowd),
        cmocka_unit_test(without_events_no_score_has_a_say_until_one_has),
        cmocka_unit_test(every_allocation_fails_once_and_the_crowd_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
