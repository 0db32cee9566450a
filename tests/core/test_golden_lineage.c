/* Recorded runs with lineage weights against 50-digit arithmetic: tests/golden/lineage_runs.json. The picks, β and
 * scores are the recording's; everything else has to come out of the pool. */
#include "core/golden.h"

#include "persamp/core.h"

static golden_errors error_w, error_log_z, error_ess, error_final, error_log_z_hat;

typedef struct replay {
    const json_t *run;
    ps_pool *pool;
    uint32_t *particles; /* where each running particle stands */
    size_t n_running, n_snapshots;
} replay;

/* One iteration: each running particle makes the snapshot that the recording has next. */
static void iterate(replay *r) {
    const json_t *snapshots = golden_get(r->run, "snapshots");
    size_t going = 0;
    for (size_t i = 0; i < r->n_running; i++) {
        const json_t *s = json_array_get(snapshots, r->n_snapshots++);
        const json_t *path = golden_get(s, "path_ell");
        size_t depth = golden_size(s, "depth");
        bool finished = json_is_true(golden_get(s, "finished"));
        uint32_t id;
        assert_int_equal(ps_pool_append(r->pool, r->particles[i], golden_at(path, depth), golden_at(path, depth),
                                        finished ? PS_FINISHED : PS_OPEN, &id, NULL),
                         PS_OK);
        const ps_snapshot *made = &ps_pool_snapshots(r->pool)[id];
        assert_int_equal(made->depth, depth);
        assert_int_equal(made->event, golden_size(s, "event"));
        assert_int_equal(made->launch_depth, golden_size(s, "launch_depth"));
        for (uint32_t x = id; x != 0; x = ps_pool_snapshots(r->pool)[x].parent)
            assert_true(ps_pool_snapshots(r->pool)[x].ell == golden_at(path, ps_pool_snapshots(r->pool)[x].depth));
        if (!finished) r->particles[going++] = id;
    }
    r->n_running = going;
    assert_int_equal(ps_pool_advance(r->pool, NULL), PS_OK);
}

static void check_weights(const replay *r, const json_t *selection, const uint32_t *ids, size_t n) {
    double beta = golden_number(selection, "beta"), *W = calloc(n, sizeof *W);
    assert_non_null(W);
    assert_int_equal(n, json_array_size(golden_get(selection, "W")));
    assert_int_equal(ps_pool_weights(r->pool, beta, W, NULL), PS_OK);
    for (size_t i = 0; i < n; i++) {
        const ps_snapshot *s = &ps_pool_snapshots(r->pool)[ids[i]];
        assert_int_equal(s->depth, golden_at(golden_get(selection, "candidate_depth"), i));
        assert_true(s->ell == golden_at(golden_get(selection, "candidate_ell"), i));
        golden_check_weight(&error_w, W[i], golden_at(golden_get(selection, "W"), i));
    }
    golden_check(&error_ess, ps_pool_ess(r->pool, beta), golden_number(selection, "ess"), "ESS");
    free(W);
}

/* log Ẑ(a) at the event's β: of the recorded depths, which are those that could be launched from, and no others. */
static void check_log_z(const replay *r, const json_t *log_z, double beta) {
    size_t depths = 0;
    const char *depth;
    json_t *value;
    json_object_foreach((json_t *)log_z, depth, value) {
        double got = ps_pool_log_z(r->pool, beta, strtoul(depth, NULL, 10));
        golden_check(&error_log_z, got, json_number_value(value), "log Z of an event");
    }
    for (size_t a = 0; a <= golden_size(r->run, "max_depth"); a++)
        depths += ps_pool_log_z(r->pool, beta, a) > -INFINITY;
    assert_int_equal(depths, json_object_size(log_z));
}

/* The event keeps it for the depths that it launched from. */
static void check_event(const replay *r, const json_t *log_z, double beta) {
    size_t event = ps_pool_events(r->pool) - 1;
    const char *depth;
    json_t *value;
    json_object_foreach((json_t *)log_z, depth, value) {
        double got = ps_pool_event_log_z(r->pool, event, strtoul(depth, NULL, 10));
        if (!isnan(got)) golden_check(&error_log_z, got, json_number_value(value), "log Z of an event");
    }
    for (size_t i = 0; i < r->n_running; i++)
        assert_false(isnan(ps_pool_event_log_z(r->pool, event, ps_pool_snapshots(r->pool)[r->particles[i]].depth)));
    assert_true(ps_pool_event_beta(r->pool, event) == beta);
}

static void select_and_launch(replay *r, const json_t *selection) {
    const uint32_t *ids;
    size_t n;
    double beta = golden_number(selection, "beta");
    assert_int_equal(r->n_snapshots, golden_size(selection, "snapshots_so_far"));
    assert_int_equal(ps_pool_prepare(r->pool, &ids, &n, NULL), PS_OK);
    check_weights(r, selection, ids, n);
    const json_t *picked = golden_get(selection, "picked");
    r->n_running = json_array_size(picked);
    for (size_t i = 0; i < r->n_running; i++)
        r->particles[i] = ids[json_integer_value(json_array_get(picked, i))];
    check_log_z(r, golden_get(selection, "log_z"), beta);
    assert_int_equal(ps_pool_launch(r->pool, beta, r->particles, r->n_running, NULL), PS_OK);
    check_event(r, golden_get(selection, "log_z"), beta);
}

static void check_launched(const replay *r) {
    const json_t *launched = golden_get(r->run, "launched");
    for (size_t d = 0; d <= golden_size(r->run, "max_depth") + 1; d++) {
        char key[24];
        snprintf(key, sizeof key, "%zu", d);
        const json_t *cohorts = json_object_get(launched, key);
        size_t want = 0, got = 0;
        for (size_t i = 0; i < json_array_size(cohorts); i++) {
            const json_t *c = json_array_get(cohorts, i);
            assert_int_equal(ps_pool_launched(r->pool, golden_size(c, "event"), golden_size(c, "launch_depth"), d),
                             golden_size(c, "count"));
            want += golden_size(c, "count");
        }
        for (size_t e = 0; e < ps_pool_events(r->pool); e++)
            for (size_t a = 0; a < d; a++)
                got += ps_pool_launched(r->pool, e, a, d);
        assert_int_equal(got, want);
    }
}

static void check_answers(const replay *r) {
    uint32_t *ids;
    double *log_weights, log_z;
    size_t n;
    assert_int_equal(ps_pool_answers(r->pool, 1, false, &ids, &log_weights, &n, &log_z, NULL), PS_OK);
    assert_int_equal(n, json_array_size(golden_get(r->run, "finished_log_weight")));
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(ps_pool_snapshots(r->pool)[ids[i]].depth, golden_at(golden_get(r->run, "finished_depth"), i));
        golden_check(&error_final, log_weights[i], golden_at(golden_get(r->run, "finished_log_weight"), i),
                     "log-weight of an answer");
    }
    golden_check(&error_log_z_hat, log_z, golden_number(r->run, "log_z_hat"), "log Z of the answers");
    ps_free(ids);
    ps_free(log_weights);
}

static void replay_run(const json_t *run) {
    replay r = {.run = run, .n_running = golden_size(run, "particles")};
    ps_pool_params params = {.weighting = PS_LINEAGE,
                             .depth_decay = golden_number(run, "depth_decay"),
                             .depth_tilt = golden_number(run, "depth_tilt"),
                             .max_depth = golden_size(run, "max_depth")};
    r.particles = calloc(r.n_running, sizeof *r.particles);
    assert_non_null(r.particles);
    assert_int_equal(ps_pool_create(&params, &r.pool, NULL), PS_OK);
    assert_int_equal(ps_pool_launch(r.pool, 0, r.particles, r.n_running, NULL), PS_OK);
    const json_t *selections = golden_get(run, "selections");
    size_t next = 0;
    for (size_t t = 1; t <= golden_size(run, "iterations"); t++) {
        iterate(&r);
        const json_t *selection = json_array_get(selections, next);
        if (selection != NULL && golden_size(selection, "iteration") == t) {
            select_and_launch(&r, selection);
            next++;
        }
    }
    assert_int_equal(next, json_array_size(selections));
    assert_int_equal(r.n_snapshots, json_array_size(golden_get(run, "snapshots")));
    check_launched(&r);
    check_answers(&r);
    ps_pool_free(r.pool);
    free(r.particles);
}

static void recorded_runs_replay_to_the_golden_numbers(void **state) {
    (void)state;
    json_t *runs = golden_load("lineage_runs.json");
    assert_true(json_array_size(runs) >= 6);
    for (size_t i = 0; i < json_array_size(runs); i++)
        replay_run(json_array_get(runs, i));
    golden_print("lineage W", &error_w);
    golden_print("lineage ESS", &error_ess);
    golden_print("lineage log Z by depth", &error_log_z);
    golden_print("lineage answers", &error_final);
    golden_print("lineage log Z hat", &error_log_z_hat);
    json_decref(runs);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(recorded_runs_replay_to_the_golden_numbers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
