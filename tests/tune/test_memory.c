/* Without memory every call fails in words, leaves nothing behind, and the study stays whole. */
#include "persamp/persamp.h"
#include "support/failing_allocator.h"
#include "support/test.h"

#include <unistd.h>

#define STUDY PS_TEST_TMP "/memory.db"
#define BEST  PS_TEST_TMP "/memory.yaml"

static void remove_study(void) {
    unlink(STUDY);
    unlink(STUDY "-wal");
    unlink(STUDY "-shm");
    unlink(BEST);
}

static ps_config *make_config(void) {
    ps_config *config = NULL;
    assert_ok(ps_config_create(&config, err));
    assert_ok(
        ps_config_load_text(config,
                            "engine: {type: toy, toy: {kind: synthetic}}\n"
                            "method: weighted_majority\n"
                            "tuning: {method: bayesian, n_trials: 2, validation_samples: 2, pruning: true,\n"
                            "  search_space: {scoring.params.tau: {min: 0.5, max: 2},\n"
                            "    weighted_majority.weights: [score, logprob]}}\n", /* the second reads the first's */
                            "test", err));
    return config;
}

/* The models are opened with it: an engine keeps memory from one call for the next. */
static ps_status tune(const ps_config *config, size_t *n, ps_error *err) {
    const ps_tune_options options = {.study = STUDY, .best_path = BEST, .held_out = 2, .lease = 600};
    ps_tune_summary summary;
    ps_models *models = NULL;
    ps_status status = ps_models_open(config, NULL, &models, err);
    if (status != PS_OK) return status;
    status = ps_tune(config, &options, models, NULL, &summary, err);
    *n = summary.trials.n;
    ps_tune_summary_clear(&summary);
    ps_models_free(models);
    return status;
}

static ps_status look(ps_error *err) {
    ps_study_db *db = NULL;
    ps_study_list list;
    ps_trials trials;
    ps_text text = {0};
    ps_status status = ps_study_open(STUDY, false, &db, err);
    if (status == PS_OK && (status = ps_study_list_all(db, &list, err)) == PS_OK) ps_study_list_clear(&list);
    if (status == PS_OK && (status = ps_study_trials(db, "persamp", &trials, err)) == PS_OK) {
        status = ps_trials_csv(&trials, &text, err);
        if (status == PS_OK) status = ps_trials_json(&trials, &text, err);
        ps_trials_clear(&trials);
    }
    ps_text_clear(&text);
    ps_study_close(db);
    return status;
}

/* Call it with each allocation failing in turn: PS_NOMEM, and nothing left. A step above 1 leaves some out. */
static void tuning_without_memory(void **state) {
    (void)state;
    ps_config *config = make_config();
    ps_error why;
    size_t n, done = 0;
    for (size_t fail_at = 1; done < 1; fail_at += 1 + fail_at / 12) {
        failing_allocator a;
        remove_study();
        failing_install(&a, fail_at);
        ps_status status = tune(config, &n, &why);
        size_t alive = a.alive;
        failing_remove();
        if (status == PS_OK && a.calls < fail_at) done++;
        if (status != PS_OK && status != PS_NOMEM)
            fail_msg("allocation %zu: status %d: %s", fail_at, status, why.message);
        if (alive != 0) fail_msg("allocation %zu: %zu blocks are left", fail_at, alive);
    }
    assert_int_equal(n, 2);
    ps_config_free(config);
}

static void looking_without_memory(void **state) {
    (void)state;
    ps_error err;
    for (size_t fail_at = 1;; fail_at++) {
        failing_allocator a;
        failing_install(&a, fail_at);
        ps_status status = look(&err);
        size_t alive = a.alive;
        failing_remove();
        if (alive != 0) fail_msg("allocation %zu: %zu blocks are left", fail_at, alive);
        if (status == PS_OK && a.calls < fail_at) break;
        if (status != PS_OK && status != PS_NOMEM)
            fail_msg("allocation %zu: status %d: %s", fail_at, status, err.message);
    }
    remove_study();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tuning_without_memory),
        cmocka_unit_test(looking_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
