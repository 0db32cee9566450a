/* What src/config/acts.def claims, tried on the toy engine: where a key cannot act, another value changes no result;
 * and where it can, another value does. */
#include "config/acts.h"
#include "config/support.h"
#include "persamp/run.h"

#include <jansson.h>

enum { FEW = 1, MORE = 3 }; /* problems */

/* The outcome of a problem, without its timing and what was read before the first token. */
static char *solve(const ps_config *config, ps_models *models, size_t index) {
    char *line = NULL;
    ps_outcome *outcome = NULL;
    ps_problem problem = {.index = index, .text = "Which of the two is it?", .answer = "0"};
    ps_error why;
    ps_status status = ps_solve(config, models, &problem, NULL, &outcome, &why);
    if (status != PS_OK) {
        ps_outcome_free(outcome);
        return strdup(why.message);
    }
    assert_ok(ps_outcome_json(outcome, true, &line, err));
    json_t *object = json_loads(line, 0, NULL);
    json_object_del(object, "timing");
    json_object_del(json_object_get(object, "tokens"), "prompt");
    json_object_del(json_object_get(object, "tokens"), "prefilled");
    ps_free(line);
    ps_outcome_free(outcome);
    line = json_dumps(object, JSON_SORT_KEYS);
    json_decref(object);
    return line;
}

/* The outcomes of some problems by a configuration, one after the other; or why there are none. */
static char *results_of(const ps_config *config, size_t problems) {
    ps_text all = {0};
    ps_models *models = NULL;
    ps_error why;
    if (ps_models_open(config, NULL, &models, &why) != PS_OK) return strdup(why.message);
    for (size_t i = 0; i < problems; i++) {
        char *line = solve(config, models, i);
        ps_text_printf(&all, "%s\n", line);
        free(line);
    }
    ps_models_free(models);
    char *copy = strdup(ps_text_cstr(&all));
    ps_text_clear(&all);
    return copy;
}

/* Keys that no result can show on the toy engine: what they are about is elsewhere. */
static bool is_elsewhere(const char *name) {
    static const char *const sections[] = {"system.log_level",
                                           "evaluation.",
                                           "smoke_test.",
                                           "logging.",
                                           "models.",
                                           "engine.llama",
                                           "hub.",
                                           "serve.",
                                           "tuning.",
                                           "scoring.prm.kind",
                                           "generation.include_logprobs"};
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        if (strncmp(name, sections[i], strlen(sections[i])) == 0) return true;
    return false;
}

/* A value that would do something where the key acts: moderate, unlike the ends of ranges. */
static void another_value(const ps_config_key *key, char *value, size_t size) {
    static const char *const values[][2] = {
        {"generation.n_particles", "5"},
        {"generation.top_k", "1"},
        {"scoring.prm.kind", "head"},
        {"generation.top_p", "0.5"},
        {"generation.max_steps", "4"},
        {"generation.max_tokens_per_step", "2"},
        {"generation.min_tokens_per_step", "3"},
        {"generation.fixed_step_tokens", "3"},
        {"generation.step_literals", "[a]"},
        {"scoring.params.tau", "3"},
        {"scoring.params.power_alpha", "2"},
        {"scoring.params.power_ramp", "5"},
        {"scoring.params.sharpness", "20"},
        {"scoring.params.deepconf_window", "2"},
        {"scoring.length_prior.mu_lognormal", "1"},
        {"ps.budget.max_iterations", "2"},
        {"ps.budget.n_finished", "1"},
        {"ps.snapshot_pool.max_size", "9"},
        {"ps.resample.subpools", "3"},
        {"ps.temperature_schedule.beta_min", "0.5"},
        {"ps.temperature_schedule.beta_max", "0.4"},
        {"ps.temperature_schedule.target_ess", "0.9"},
        {"ps.temperature_schedule.bisection_max_iter", "1"},
        {"ps.resample.alpha_start", "1"},
        {"ps.resample.alpha_end", "0.1"},
        {"ps.depth_tilt", "3"},
        {"ps.depth_retreat", "5"},
        {"ps.move.n_moves", "2"},
        {"ps.stop_ess", "0.1"},
        {"particle_filter.temperature", "2"},
        {"particle_filter.threshold", "0.9"},
        {"particle_gibbs.sweeps", "3"},
        {"power_mcmc.alpha", "1"},
        {"power_mcmc.chains", "2"},
        {"power_mcmc.sweeps", "3"},
        {"beam.width", "1"},
        {"answer.sure", "0.3"},
        {"answer.sure_answers", "1"},
        {"answer.confidence_temperature", "0.5"},
        {"answer.confidence_prior", "2"},
        {"beam.expansion", "2"},
        {"dvts.subtrees", "1"},
        {"engine.toy.steps", "6"},
        {"engine.toy.wrong_answers", "5"},
        {"engine.toy.sep", "2"},
        {"engine.toy.sn", "2"},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (strcmp(values[i][0], key->name) == 0) {
            snprintf(value, size, "%s", values[i][1]);
            return;
        }
    other_value(key, value, size);
}

/* Configurations in which each key is in vain somewhere. */
static const char *const worlds[] = {
    "method: persistent",
    "preset: classic",
    "preset: classic\nps: {resample: {policy: never}}",
    "preset: classic\nps: {resample: {policy: always, alpha_schedule: constant, method: systematic}}",
    "ps: {snapshot_pool: {enabled: false}}",
    "ps: {depth_decay: 0, temperature_schedule: {mode: fixed_linear}}",
    "ps: {mode: completions}",
    "ps: {budget: {max_tokens: 90}}",
    "method: greedy",
    "method: best_of_n",
    "method: majority",
    "method: weighted_majority",
    "method: beam",
    "method: dvts",
    "method: particle_filter",
    "method: particle_filter\nparticle_filter: {policy: never}",
    "method: particle_gibbs",
    "method: particle_gibbs\nps: {budget: {max_tokens: 90}}",
    "method: power_mcmc",
    "method: power_mcmc\nps: {budget: {max_tokens: 90}}",
    "scoring: {length_prior: {type: poisson, weight: 0}}",
    "scoring: {length_prior: {type: geometric}}",
    "generation: {step_boundary: fixed, fixed_step_tokens: 2}",
    "scoring: {type: prm_reward}\nmodels: {prm: {enabled: true}}\nengine: {toy: {kind: synthetic}}",
    "scoring: {type: hybrid_prm_logprob}\nmodels: {prm: {enabled: true}}\nengine: {toy: {kind: synthetic}}",
    "engine: {toy: {kind: synthetic}}",
    "scoring: {type: power, params: {power_ramp: 4}}",
    "scoring: {type: self_certainty}",
    "scoring: {type: deepconf, params: {deepconf_window: 3}}",
    "scoring: {type: entropy}",
    "preset: power_smc\nscoring: {params: {power_ramp: 4}}\ngeneration: {fixed_step_tokens: 2}",
};
enum { WORLDS = sizeof worlds / sizeof *worlds };

static ps_config *world(size_t w) {
    ps_config *cfg = fresh();
    set(cfg, "engine.type", "toy");
    load(cfg, worlds[w]);
    return cfg;
}

/* In every world every key that the table says cannot act is given another value: not a bit may change. */
static void what_cannot_act_changes_nothing(void **state) {
    (void)state;
    size_t tried = 0;
    for (size_t w = 0; w < WORLDS; w++) {
        ps_config *as_it_is = world(w);
        char *expected = results_of(as_it_is, FEW);
        for (ps_key_index key = 0; key < N_KEYS; key++) {
            char value[128];
            ps_clause failing;
            const ps_config_key *k = ps_schema_key(key);
            if (ps_acts(as_it_is, key, &failing) || ps_acts_never(key) != NULL) continue;
            ps_config *changed = world(w);
            another_value(k, value, sizeof value);
            set(changed, k->name, value);
            char *got = results_of(changed, FEW);
            if (strcmp(got, expected) != 0)
                fail_msg("with \"%s\" %s is said not to act, but %s changes the results", worlds[w], k->name, value);
            free(got);
            ps_config_free(changed);
            tried++;
        }
        free(expected);
        ps_config_free(as_it_is);
    }
    assert_true(tried > 1000);
}

/* And each key that depends on others acts in one of the worlds, or in one made for it. */
static void what_acts_changes_something(void **state) {
    (void)state;
    static const char *const made[][2] = {
        {"ps.depth_tilt", "scoring: {type: prm_reward}\nmodels: {prm: {enabled: true}}\nengine: {toy: {kind: "
                          "synthetic}}\nps: {depth_decay: 0.3}"},
        {"ps.depth_retreat", "scoring: {type: prm_reward}\nmodels: {prm: {enabled: true}}\nengine: {toy: {kind: "
                             "synthetic}}\nps: {depth_decay: 0.3}"},
        {"ps.temperature_schedule.monotone", "ps: {temperature_schedule: {monotone: true, target_ess: 0.7}}"},
        {"ps.temperature_schedule.bisection_tol", "ps: {temperature_schedule: {target_ess: 0.7}}"},
        {"ps.temperature_schedule.bisection_max_iter", "ps: {temperature_schedule: {target_ess: 0.7}}"},
        {"ps.resample.alpha_start", "ps: {resample: {policy: ess, alpha_start: 0.2, alpha_end: 0.2}}"},
        {"ps.resample.alpha_end", "ps: {resample: {policy: ess, alpha_start: 1, alpha_end: 1}}\n"
                                  "generation: {max_steps: 3}"},
        {"ps.resample.alpha_schedule", "ps: {resample: {policy: ess, alpha_start: 0.05, alpha_end: 5}}"},
        {"ps.resample.subpools", "ps: {resample: {method: topN}}"},
        {"ps.resample.topN_distinct_lineage", "ps: {resample: {method: topN}, depth_decay: 1}"},
        {"ps.snapshot_pool.max_size", "ps: {depth_decay: 1}"},
        {"ps.snapshot_pool.prune_strategy", "ps: {depth_decay: 1, snapshot_pool: {max_size: 9}}"},
        {"ps.snapshot_pool.enabled", "ps: {depth_decay: 1}"},
        {"ps.move.n_moves", "ps: {move: {enabled: true}}"},
        {"ps.stop_ess", "ps: {mode: completions, stop_ess: 4}"},
        {"ps.budget.pace", "ps: {budget: {max_tokens: 90}}"},
        {"particle_filter.weights", "method: particle_filter\nscoring: {type: prm_reward}\nmodels: {prm: {enabled: "
                                    "true}}\nengine: {toy: {kind: synthetic}}"},
        {"particle_filter.threshold", "method: particle_filter\nparticle_filter: {policy: ess}"},
        {"weighted_majority.weights", "method: weighted_majority"},
        {"generation.step_literals", "generation: {step_boundary: literals, step_literals: [b]}"},
        {"answer.sure_answers", "answer: {sure: 0.3}"},
        {"scoring.length_prior.weight", "scoring: {length_prior: {type: poisson}}"},
        {"scoring.length_prior.lambda_poisson", "scoring: {length_prior: {type: poisson}}"},
        {"scoring.length_prior.p_geometric", "scoring: {length_prior: {type: geometric}}"},
        {"scoring.length_prior.mu_lognormal", "scoring: {length_prior: {type: lognormal}}"},
        {"scoring.length_prior.sigma_lognormal", "scoring: {length_prior: {type: lognormal}}"},
        {"scoring.length_prior.penalty_linear", "scoring: {length_prior: {type: linear_penalty}}"},
    };
    for (ps_key_index key = 0; key < N_KEYS; key++) {
        char value[128];
        ps_clause failing;
        const ps_config_key *k = ps_schema_key(key);
        bool found = false;
        if (ps_acts_always(key) || ps_acts_never(key) != NULL || is_elsewhere(k->name)) continue;
        if (*k->engines != '\0' && strcmp(k->engines, "toy") != 0) continue;
        for (size_t w = 0; w < WORLDS + sizeof made / sizeof *made && !found; w++) {
            bool for_it = w >= WORLDS && strcmp(made[w - WORLDS][0], k->name) == 0;
            if (w >= WORLDS && !for_it) continue;
            ps_config *before = fresh(), *after = NULL;
            set(before, "engine.type", "toy");
            load(before, w < WORLDS ? worlds[w] : made[w - WORLDS][1]);
            assert_int_equal(ps_config_copy(before, &after, NULL), PS_OK);
            another_value(k, value, sizeof value);
            set(after, k->name, value);
            if (ps_acts(after, key, &failing)) {
                char *x = results_of(before, MORE), *y = results_of(after, MORE);
                found = strcmp(x, y) != 0;
                free(x);
                free(y);
            }
            ps_config_free(before);
            ps_config_free(after);
        }
        if (!found) fail_msg("no change of a result was seen of %s", k->name);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_act_changes_nothing),
        cmocka_unit_test(what_acts_changes_something),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
