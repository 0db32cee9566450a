/* What is said to read samples only, tried: under another value no step that both draw is another. */
#include "config/support.h"
#include "persamp/run.h"
#include "run/task.h"
#include "support/test.h"
#include "tune/setting.h"

static const char *const worlds[] = {
    "method: persistent",
    "preset: classic\nps: {resample: {policy: always, method: systematic}}",
    "ps: {mode: completions}",
    "method: best_of_n\nscoring: {length_prior: {type: poisson}}",
    "method: weighted_majority\nscoring: {type: entropy}",
    "method: beam",
    "method: particle_filter",
    "method: power_mcmc",
    "scoring: {type: prm_reward}\nmodels: {prm: {enabled: true}}\nengine: {toy: {kind: synthetic}}",
    "scoring: {type: hybrid_prm_logprob}\nmodels: {prm: {enabled: true}}\nengine: {toy: {kind: synthetic}}",
};
enum { WORLDS = sizeof worlds / sizeof *worlds };

static ps_config *world(size_t w) {
    ps_config *config = fresh();
    set(config, "engine.type", "toy");
    load(config, worlds[w]);
    return config;
}

/* NULL where these values do not go together. */
static ps_outcome *solve(const ps_config *config, ps_models *models, const ps_problem *problem) {
    ps_outcome *outcome = NULL;
    if (ps_config_check(config, NULL, NULL) != PS_OK) return NULL;
    return ps_solve(config, models, problem, NULL, &outcome, NULL) == PS_OK ? outcome : NULL;
}

static const char *const values[][2] = {{"scoring.params.tau", "3"},
                                        {"ps.temperature_schedule.beta_max", "0.4"},
                                        {"ps.resample.alpha_start", "1"},
                                        {"ps.budget.max_tokens", "90"},
                                        {"ps.budget.max_iterations", "2"},
                                        {"ps.budget.n_finished", "1"},
                                        {"particle_filter.temperature", "2"},
                                        {"particle_filter.threshold", "0.9"},
                                        {"ps.snapshot_pool.max_size", "9"},
                                        {"beam.width", "1"},
                                        {"beam.expansion", "2"},
                                        {"ps.temperature_schedule.target_ess", "0.9"},
                                        {"ps.resample.method", "multinomial"},
                                        {"scoring.length_prior.weight", "5"},
                                        {"ps.move.n_moves", "2"},
                                        {"ps.stop_ess", "0.1"},
                                        {"ps.temperature_schedule.beta_min", "0.5"}};

static void another_value(const ps_config_key *key, char *value, size_t size) {
    other_value(key, value, size);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (strcmp(values[i][0], key->name) == 0) snprintf(value, size, "%s", values[i][1]);
}

/* Steps of the two that have one path. */
static size_t compare_steps(const ps_outcome *a, const ps_outcome *b, const char *key, const char *value) {
    ps_steps *steps = NULL;
    ps_text record = {0};
    size_t both = 0;
    assert_ok(ps_steps_create(&steps, err));
    assert_ok(ps_steps_add(steps, a, &record, err));
    for (size_t i = 1; i < b->task->n_nodes; i++) {
        const ps_task_node *node = &b->task->nodes[i];
        const ps_step *step = ps_steps_find(steps, node->path);
        if (step == NULL) continue;
        both++;
        if (strcmp(step->text, node->text) != 0 || step->n_tokens != node->n_tokens || step->state != node->state ||
            step->sum_logp != node->sum_logp)
            fail_msg("%s=%s is said to read only, and draws \"%s\" for \"%s\"", key, value, node->text, step->text);
    }
    ps_steps_free(steps);
    ps_text_clear(&record);
    return both;
}

/* Another value may set a key that draws (power_mcmc sets the temperature): then the draws are said to be others. */
static bool are_said_to_be_other_draws(const ps_config *a, const ps_config *b) {
    const ps_fixture fixture = {.generator = "g", .dataset = "d"};
    ps_setting of_a, of_b;
    bool alike;
    assert_ok(ps_setting_of(a, &fixture, &of_a, err));
    assert_ok(ps_setting_of(b, &fixture, &of_b, err));
    assert_ok(ps_draws_alike(a, b, &alike, err));
    assert_int_equal(alike, strcmp(of_a.draws, of_b.draws) == 0);
    return !alike;
}

static void what_only_reads_draws_nothing_else(void **state) {
    (void)state;
    size_t n, tried = 0, both = 0;
    const ps_config_key *keys = ps_config_keys(&n);
    const ps_problem problem = {.index = 3, .text = "Which?", .answer = "0"};
    for (size_t w = 0; w < WORLDS; w++) {
        ps_config *base = world(w);
        ps_models *models = NULL;
        assert_ok(ps_models_open(base, NULL, &models, err));
        ps_outcome *as_it_is = solve(base, models, &problem);
        assert_non_null(as_it_is);
        for (size_t k = 0; k < n; k++) {
            char value[128];
            if (!ps_key_only_reads(keys[k].name) || !ps_config_acts(base, keys[k].name)) continue;
            ps_config *changed = world(w);
            another_value(&keys[k], value, sizeof value);
            set(changed, keys[k].name, value);
            const bool apart = are_said_to_be_other_draws(base, changed);
            ps_outcome *other = apart ? NULL : solve(changed, models, &problem);
            if (other != NULL) {
                both += compare_steps(as_it_is, other, keys[k].name, value);
                tried++;
            }
            ps_outcome_free(other);
            ps_config_free(changed);
        }
        ps_outcome_free(as_it_is);
        ps_models_free(models);
        ps_config_free(base);
    }
    assert_true(tried > 100);
    assert_true(both > 1000);
}

static void draws_of(const char *key, const char *value, ps_setting *setting) {
    const ps_fixture fixture = {.generator = "g", .dataset = "d"};
    ps_config *config = fresh();
    set(config, "engine.type", "toy");
    set(config, key, value);
    assert_ok(ps_setting_of(config, &fixture, setting, err));
    ps_config_free(config);
}

/* What draws is of the key of the draws; what judges is of that of the results; what chooses of neither. */
static void settings_tell_apart_what_they_should(void **state) {
    (void)state;
    ps_setting base, other;
    draws_of("generation.temperature", "0.7", &base);
    draws_of("generation.temperature", "0.8", &other);
    assert_string_not_equal(base.draws, other.draws);
    assert_string_not_equal(base.samples, other.samples);
    draws_of("system.seed", "7", &other);
    assert_string_not_equal(base.draws, other.draws);
    draws_of("method", "greedy", &other);
    assert_string_not_equal(base.draws, other.draws);
    draws_of("scoring.params.tau", "3", &other);
    assert_string_equal(base.draws, other.draws);
    assert_string_not_equal(base.samples, other.samples);
    draws_of("evaluation.verifier", "exact_match", &other);
    assert_string_equal(base.draws, other.draws);
    assert_string_not_equal(base.samples, other.samples);
    draws_of("answer.select", "majority", &other);
    assert_string_equal(base.samples, other.samples);
    assert_string_not_equal(base.whole, other.whole);
    draws_of("ps.budget.max_seconds", "9", &other);
    assert_string_not_equal(base.draws, other.draws);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_only_reads_draws_nothing_else),
        cmocka_unit_test(settings_tell_apart_what_they_should),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
