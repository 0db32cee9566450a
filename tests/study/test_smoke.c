/* The smoke test: what it runs, what it finds wrong, and that nothing is left. */
#include "run/models.h"
#include "run/support.h"
#include "support/failing_allocator.h"
#include "support/faulty_engine.h"

#include "persamp/study.h"

#include <math.h>

/* A toy run over a file of four problems, with the settings of its smoke test. */
static ps_config *toy(void) {
    const char *path =
        write_text("four.jsonl", "{\"problem\": \"a\", \"answer\": \"1\"}\n{\"problem\": \"b\", \"answer\": "
                                 "\"2\"}\n{\"problem\": \"c\", \"answer\": \"3\"}\n{\"problem\": \"d\", "
                                 "\"answer\": \"1\"}\n");
    return config_of("engine.type", "toy", "evaluation.dataset_path", path, "smoke_test.n_samples", "3",
                     "smoke_test.max_steps", "30", "evaluation.output_dir", path_of("never"), NULL);
}

static void its_settings_take_their_places(void **state) {
    (void)state;
    ps_config *c = toy();
    check_ok(ps_config_set(c, "smoke_test.n_particles", "5", "test", NULL));
    check_ok(ps_config_set(c, "smoke_test.model_path", "small.gguf", "test", NULL));
    check_ok(ps_config_set(c, "generation.max_tokens_per_step", "10", "test", NULL));
    check_ok(ps_smoke_config(c, NULL));
    assert_int_equal(c->generation_n_particles, 5);
    assert_int_equal(c->generation_max_steps, 30);
    assert_string_equal(c->models_generator_model_path, "small.gguf");
    assert_int_equal(c->generation_max_answer_tokens, 300); /* for methods that know no steps */
    ps_config_free(c);
    c = config_of("generation.max_answer_tokens", "7", "smoke_test.max_steps", "10000",
                  "generation.max_tokens_per_step", "1048576", NULL);
    check_ok(ps_smoke_config(c, NULL));
    assert_int_equal(c->generation_max_answer_tokens, 7);
    check_ok(ps_config_set(c, "generation.max_answer_tokens", "auto", "test", NULL));
    check_ok(ps_smoke_config(c, NULL));
    assert_int_equal(c->generation_max_answer_tokens, 1048576);
    ps_config_free(c);
}

/* Run over an engine whose log-probabilities are `logp` (0: right ones). */
static ps_status run(double logp, ps_smoke_report *report, ps_error *why) {
    ps_config *c = toy();
    ps_models *models = NULL;
    ps_eval_options options = {0};
    faulty_engine faulty;
    check_ok(ps_smoke_config(c, why));
    check_ok(ps_models_open(c, NULL, &models, why));
    ps_engine *inner = ps_models_engine(models);
    faulty_engine_init(&faulty, inner);
    faulty.logp = logp;
    models->engine = &faulty.base;
    ps_status status = ps_smoke_test(c, &options, models, NULL, report, why);
    ps_engine_free(&faulty.base);
    models->engine = inner;
    ps_models_free(models);
    ps_config_free(c);
    return status;
}

static void what_was_found_is_told(void **state) {
    (void)state;
    ps_smoke_report report;
    size_t answers = 0;
    check_ok(run(0, &report, NULL));
    assert_int_equal(report.n, 3);
    assert_int_equal(report.of, 4);
    assert_true(ps_smoke_passed(&report));
    for (size_t i = 0; i < report.n; i++) {
        const ps_smoke_problem *p = &report.problems[i];
        assert_int_equal(p->index, i);
        assert_null(p->error);
        answers += p->answer != NULL;
        assert_true(p->finished >= 1 && p->tokens > 0 && p->seconds >= 0);
        assert_true(p->logps >= p->tokens && p->bad_logps == 0); /* what moves and passages drew is there, too */
        assert_true(p->mean_logp < 0 && p->mean_logp > -3);
        assert_int_equal(p->rewards, 0);
    }
    assert_true(answers > 0);
    ps_smoke_report_clear(&report);
    assert_int_equal(report.n, 0);
    assert_int_not_equal(access(path_of("never"), F_OK), 0); /* the output folder */
}

/* Log-probabilities above 0, −∞ and NaN are those of a damaged model. */
static void insane_log_probabilities_fail_the_test(void **state) {
    (void)state;
    static const double wrong[] = {0.5, 1e-3, -INFINITY};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ps_smoke_report report;
        check_ok(run(wrong[i], &report, NULL));
        assert_false(ps_smoke_passed(&report));
        assert_true(report.problems[0].bad_logps > 0);
        assert_int_equal(report.problems[0].bad_logps, report.problems[0].logps);
        assert_true(isnan(report.problems[0].mean_logp));
        ps_smoke_report_clear(&report);
    }
    ps_smoke_report report;
    check_ok(run(NAN, &report, NULL)); /* a score that is no number fails the problem itself */
    assert_false(ps_smoke_passed(&report));
    assert_non_null(report.problems[0].error);
    ps_smoke_report_clear(&report);
    check_ok(run(-2.5, &report, NULL));
    assert_true(ps_smoke_passed(&report));
    assert_true(fabs(report.problems[0].mean_logp + 2.5) < 1e-9);
    ps_smoke_report_clear(&report);
}

static void nothing_tried_is_nothing_passed(void **state) {
    (void)state;
    ps_smoke_report report = {0};
    assert_false(ps_smoke_passed(&report));
    ps_smoke_report_clear(&report);
}

static void whichever_allocation_fails_nothing_is_left(void **state) {
    (void)state;
    static failing_allocator memory;
    ps_config *c = toy();
    check_ok(ps_smoke_config(c, NULL));
    check_ok(ps_config_set(c, "smoke_test.n_samples", "1", "test", NULL));
    for (size_t fail_at = 1;; fail_at += fail_at < 300 ? 1 : 17) {
        ps_error why;
        ps_models *models = NULL;
        ps_smoke_report report = {0};
        ps_eval_options options = {0};
        failing_install(&memory, fail_at);
        ps_status status = ps_models_open(c, NULL, &models, &why);
        if (status == PS_OK) status = ps_smoke_test(c, &options, models, NULL, &report, &why);
        bool passed = status == PS_OK && ps_smoke_passed(&report);
        ps_smoke_report_clear(&report);
        ps_models_free(models);
        bool over = memory.calls < fail_at;
        assert_int_equal(memory.alive, 0);
        failing_remove();
        if (over) {
            check_ok(status);
            assert_true(passed);
            break;
        }
        if (status != PS_NOMEM) assert_true(status == PS_OK && passed); /* it did without */
    }
    ps_config_free(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_settings_take_their_places),
        cmocka_unit_test(what_was_found_is_told),
        cmocka_unit_test(insane_log_probabilities_fail_the_test),
        cmocka_unit_test(nothing_tried_is_nothing_passed),
        cmocka_unit_test(whichever_allocation_fails_nothing_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, remove_files);
}
