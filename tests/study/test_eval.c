/* An evaluation whose memory runs out somewhere: it says so, leaves whole lines, and the same call goes on. */
#include "persamp/study.h"
#include "run/support.h"
#include "support/failing_allocator.h"

enum { PROBLEMS = 4 };

static const char data_set[] = "{\"problem\": \"Which is it, a?\", \"answer\": \"1\"}\n"
                               "{\"problem\": \"Which is it, b?\", \"answer\": \"2\"}\n"
                               "{\"problem\": \"Which is it, c?\", \"answer\": \"3\"}\n"
                               "{\"problem\": \"Which is it, d?\", \"answer\": \"1\"}\n";

static ps_config *into(const char *folder, const char *resume) {
    return config_of("evaluation.dataset_path", path_of("data.jsonl"), "evaluation.output_dir", folder,
                     "evaluation.output_format", "json", "generation.n_particles", "2", "evaluation.resume_from",
                     resume != NULL ? resume : "null", NULL);
}

static ps_status evaluate(const ps_config *config, ps_models *models, size_t limit, size_t *done, ps_error *err) {
    ps_eval_options options = {.limit = limit};
    ps_eval_summary summary;
    ps_status status = ps_eval(config, &options, models, NULL, &summary, err);
    *done = summary.n_arms > 0 ? summary.arms[0].done : 0;
    ps_eval_summary_clear(&summary);
    return status;
}

/* A problem's last line counts: one that found no memory has a line that says so, and is tried again. */
static void take_last(void *user, const ps_result_line *line) {
    bool *good = user;
    assert_true(line->index < PROBLEMS);
    assert_false(good[line->index]);
    good[line->index] = !line->error;
}

/* Two problems are finished in another folder; all is done in a new one, with the n-th allocation failing. */
static void an_evaluation_survives_every_failed_allocation(void **state) {
    (void)state;
    size_t done, failures = 0;
    ps_error err;
    ps_models *models = NULL;
    write_text("data.jsonl", data_set);
    ps_config *first = into(path_of("first"), NULL), *then = into(path_of("then"), path_of("first"));
    check_ok(ps_models_open(first, NULL, &models, &err));
    check_ok(evaluate(first, models, 2, &done, &err));
    for (size_t n = 1, finished = 0; finished == 0; n += 1 + n / 16) {
        failing_allocator memory;
        remove_all(path_of("then"));
        failing_install(&memory, n);
        ps_status status = evaluate(then, models, 0, &done, &err);
        failing_remove();
        finished = memory.calls < n;
        if (status != PS_OK && status != PS_NOMEM) fail_msg("allocation %zu: %s", n, err.message);
        if (finished) assert_int_equal(status, PS_OK);
        failures += status == PS_NOMEM;
        bool good[PROBLEMS] = {false};
        check_ok(evaluate(then, models, 0, &done, &err)); /* and now with memory */
        assert_int_equal(done, PROBLEMS);
        check_ok(ps_results_read(path_of("then/results.jsonl"), take_last, good, &err));
        for (size_t i = 0; i < PROBLEMS; i++)
            assert_true(good[i]);
    }
    assert_true(failures > 50);
    ps_models_free(models);
    ps_config_free(first);
    ps_config_free(then);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_evaluation_survives_every_failed_allocation)};
    return cmocka_run_group_tests(tests, NULL, remove_files);
}
