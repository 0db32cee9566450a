/* Independent samples of a comparison are drawn once and read by every score and vote. */
#include "config/support.h"
#include "run/support.h"
#include "study/compare.h"

#include <jansson.h>

enum { PROBLEMS = 12 };

static ps_config *made(const char *folder) {
    return config_of("engine.type", "toy", "generation.max_steps", "12", "evaluation.output_dir", path_of(folder),
                     NULL);
}

/* Runs a comparison; how many tokens the engine wrote for it. */
static uint64_t compare(const char *folder, const char *methods, ps_compare_summary *summary) {
    ps_config *config = made(folder);
    ps_models *models = NULL;
    ps_engine_stats stats;
    ps_error err;
    const ps_compare_options options = {.methods = methods, .budgets = "8x", .limit = PROBLEMS, .answer_tokens = 12};
    check_ok(ps_models_open(config, NULL, &models, &err));
    if (ps_compare(config, &options, models, NULL, summary, &err) != PS_OK) fail_msg("%s", err.message);
    ps_engine_get_stats(ps_models_engine(models), &stats);
    ps_models_free(models);
    ps_config_free(config);
    return stats.generated;
}

#define READERS                                                                                                        \
    "certainty=weighted_majority:scoring.type=self_certainty,deepconf=weighted_majority:scoring.type=deepconf,"        \
    "entropy=best_of_n:scoring.type=entropy,average=best_of_n:scoring.type=logprob_avg"

/* Lines by their problem: all but the time it took, the steps, and whether it was read. */
static json_t *reading(const char *folder, const char *file) {
    json_t *all = json_object();
    char name[256];
    snprintf(name, sizeof name, "%s/%s", folder, file);
    char *text = read_text(path_of(name)), *rest = text, *line;
    if (text == NULL) fail_msg("%s is not there", name);
    while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
        json_t *object = json_loads(line, 0, NULL);
        char index[32];
        snprintf(index, sizeof index, "%d", (int)json_integer_value(json_object_get(object, "problem_idx")));
        json_object_del(object, "timing");
        json_object_del(object, "steps");
        json_object_del(object, "read");
        json_object_set_new(all, index, object);
    }
    free(text);
    return all;
}

static void check_same(const char *a, const char *b, const char *file) {
    json_t *x = reading(a, file), *y = reading(b, file);
    assert_int_equal(json_object_size(x), PROBLEMS);
    /* A line has twelve digits of each number. */
    char *s = json_dumps(x, JSON_SORT_KEYS | JSON_REAL_PRECISION(9)),
         *t = json_dumps(y, JSON_SORT_KEYS | JSON_REAL_PRECISION(9));
    if (strcmp(s, t) != 0) fail_msg("%s: read\n%.2000s\nand drawn\n%.2000s", file, s, t);
    free(s);
    free(t);
    json_decref(x);
    json_decref(y);
}

static void samples_are_drawn_once(void **state) {
    (void)state;
    ps_compare_summary once, alone;
    const uint64_t majority = compare("alone", "majority", &alone);
    ps_compare_summary_clear(&alone);
    const uint64_t all = compare("once", "majority," READERS, &once);
    assert_true(majority > 0);
    assert_int_equal(all, majority);
    assert_int_equal(once.n_cells, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(once.cells[i].runs, PROBLEMS);
        assert_int_equal(once.cells[i].tokens.generated, once.cells[0].tokens.generated);
        assert_int_equal(once.cells[i].shared, i > 0);
        check_near(once.cells[i].seconds / once.cells[0].seconds, 1, 1e-9);
    }
    ps_compare_summary_clear(&once);
}

/* The same answers, weights and verdicts as when each draws its own with the same seed. */
static void what_is_read_is_what_would_be_drawn(void **state) {
    (void)state;
    static const char *const methods[] = {"certainty=weighted_majority:scoring.type=self_certainty",
                                          "deepconf=weighted_majority:scoring.type=deepconf",
                                          "entropy=best_of_n:scoring.type=entropy"};
    static const char *const files[] = {"results.certainty.96-tokens.seed-42.jsonl",
                                        "results.deepconf.96-tokens.seed-42.jsonl",
                                        "results.entropy.96-tokens.seed-42.jsonl"};
    for (size_t i = 0; i < 3; i++) {
        ps_compare_summary summary;
        char folder[32];
        snprintf(folder, sizeof folder, "own-%zu", i);
        assert_true(compare(folder, methods[i], &summary) > 0);
        ps_compare_summary_clear(&summary);
        check_same("once", folder, files[i]);
    }
}

/* What reads less of the samples pays for less, as much as when it draws alone; what drew its own is no reading. */
static void a_reader_pays_for_what_it_used(void **state) {
    (void)state;
    ps_compare_summary both, alone, own;
    compare("fewer", "majority,few=majority:ps.budget.n_finished=2", &both);
    compare("few", "few=majority:ps.budget.n_finished=2", &alone);
    assert_true(both.cells[1].shared && both.cells[1].tokens.generated < both.cells[0].tokens.generated);
    assert_int_equal(both.cells[1].tokens.generated, alone.cells[0].tokens.generated);
    assert_int_equal(both.cells[1].correct, alone.cells[0].correct);
    assert_true(both.cells[1].seconds < both.cells[0].seconds);
    compare("later", "majority", &own); /* its lines have no steps yet */
    ps_compare_summary_clear(&own);
    assert_true(compare("later", "majority,certainty=weighted_majority:scoring.type=self_certainty", &own) > 0);
    assert_false(own.cells[1].shared);
    assert_true(own.cells[1].seconds > 0);
    ps_compare_summary_clear(&both);
    ps_compare_summary_clear(&alone);
    ps_compare_summary_clear(&own);
}

/* Seconds are those of the chosen problems, whatever else is in the file. */
static void seconds_are_of_the_chosen_problems(void **state) {
    (void)state;
    ps_compare_summary all, some;
    ps_error err;
    ps_models *models = NULL;
    ps_config *config = made("seconds");
    compare("seconds", "majority", &all);
    const ps_compare_options options = {.methods = "majority", .budgets = "8x", .limit = 3, .answer_tokens = 12};
    check_ok(ps_models_open(config, NULL, &models, &err));
    check_ok(ps_compare(config, &options, models, NULL, &some, &err));
    assert_int_equal(some.cells[0].runs, 3);
    assert_true(some.cells[0].seconds > 0 && some.cells[0].seconds < all.cells[0].seconds);
    ps_models_free(models);
    ps_config_free(config);
    ps_compare_summary_clear(&all);
    ps_compare_summary_clear(&some);
}

/* A reading that is lost is read again, a method that comes later finds samples that tell it enough or draws its own,
 * and what draws otherwise draws. */
static void samples_stay_in_the_folder(void **state) {
    (void)state;
    ps_compare_summary summary;
    assert_int_equal(unlink(path_of("once/results.deepconf.96-tokens.seed-42.jsonl")), 0);
    assert_int_equal(compare("once", "majority," READERS, &summary), 0);
    ps_compare_summary_clear(&summary);
    check_same("once", "own-1", "results.deepconf.96-tokens.seed-42.jsonl");
    assert_int_equal(
        compare("once", "majority,window=best_of_n:scoring.type=deepconf,scoring.params.deepconf_window=3", &summary),
        0);
    ps_compare_summary_clear(&summary);
    assert_true(compare("once", "majority,cold=best_of_n:generation.temperature=0.3", &summary) > 0);
    ps_compare_summary_clear(&summary);
    assert_true(compare("alone", "majority,certainty=weighted_majority:scoring.type=self_certainty", &summary) > 0);
    ps_compare_summary_clear(&summary);
    check_same("alone", "own-0", "results.certainty.96-tokens.seed-42.jsonl");
}

/* Steps that are none are told with their place. */
static void damaged_samples_are_refused(void **state) {
    (void)state;
    ps_compare_summary summary;
    ps_error err;
    const char *path = path_of("once/results.best_of_n.96-tokens.seed-42.jsonl");
    char *text = read_text(path), *steps = strstr(text, "\"steps\":[[");
    assert_non_null(steps);
    steps[9] = '1';
    steps[10] = ' ';
    char *open = strchr(steps, '['), *end = strchr(steps, ']');
    if (open != NULL && open < end) *open = ' ';
    FILE *file = fopen(path, "wb");
    fwrite(text, 1, strlen(text), file);
    fclose(file);
    free(text);
    assert_int_equal(unlink(path_of("once/results.deepconf.96-tokens.seed-42.jsonl")), 0);
    ps_config *config = made("once");
    ps_models *models = NULL;
    const ps_compare_options options = {
        .methods = "majority," READERS, .budgets = "8x", .limit = PROBLEMS, .answer_tokens = 12};
    check_ok(ps_models_open(config, NULL, &models, &err));
    assert_int_not_equal(ps_compare(config, &options, models, NULL, &summary, &err), PS_OK);
    assert_non_null(strstr(err.message, "results.best_of_n.96-tokens.seed-42.jsonl:1"));
    ps_models_free(models);
    ps_config_free(config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_drawn_once),         cmocka_unit_test(what_is_read_is_what_would_be_drawn),
        cmocka_unit_test(a_reader_pays_for_what_it_used), cmocka_unit_test(seconds_are_of_the_chosen_problems),
        cmocka_unit_test(samples_stay_in_the_folder),     cmocka_unit_test(damaged_samples_are_refused)};
    return cmocka_run_group_tests(tests, NULL, remove_files);
}
