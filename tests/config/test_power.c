/* What scoring.type power sets, refuses and warns of; and the preset power_smc. */
#include "config/support.h"

static void check_message(const char *yaml, const char *message) {
    ps_error err = {0};
    ps_config *cfg = fresh();
    load(cfg, yaml);
    assert_int_equal(ps_config_check(cfg, NULL, &err), PS_FORMAT);
    assert_string_equal(err.message, message);
    ps_config_free(cfg);
}

static void power_sets_what_its_target_needs(void **state) {
    (void)state;
    ps_config *cfg = fresh();
    load(cfg, "scoring: {type: power, params: {power_alpha: 8}}\n");
    assert_value(cfg, "generation.temperature", "0.125");
    assert_value(cfg, "generation.top_p", "1");
    assert_value(cfg, "generation.top_k", "0");
    assert_value(cfg, "ps.temperature_schedule.beta_max", "1");
    assert_origin(cfg, "generation.temperature", "scoring.type power");
    assert_int_equal(ps_config_check(cfg, NULL, NULL), PS_OK);
    set(cfg, "scoring.params.power_alpha", "3");
    assert_true(cfg->generation_temperature == 1.0 / 3);
    set(cfg, "scoring.type", "logprob_avg"); /* and lets go of it */
    assert_value(cfg, "generation.temperature", "0.7");
    assert_value(cfg, "generation.top_p", "0.95");
    assert_value(cfg, "ps.temperature_schedule.beta_max", "3");
    assert_origin(cfg, "generation.temperature", "default");
    ps_config_free(cfg);
}

/* A printed configuration means the same when it is read again, where every key is set. */
static void what_power_sets_survives_being_printed(void **state) {
    (void)state;
    ps_config *cfg = fresh(), *again = fresh();
    load(cfg, "scoring: {type: power, params: {power_alpha: 3}}\n");
    ps_text text = canonical(cfg);
    load(again, ps_text_cstr(&text));
    assert_int_equal(ps_config_check(again, NULL, NULL), PS_OK);
    assert_same(cfg, again);
    ps_text_clear(&text);
    ps_config_free(cfg);
    ps_config_free(again);
}

static void what_would_miss_the_target_is_refused(void **state) {
    (void)state;
    check_message("scoring: {type: power}\ngeneration: {temperature: 1}\n",
                  "t.yaml:2:27: generation.temperature: 1, but scoring.type power draws at 1 / "
                  "scoring.params.power_alpha, 0.25: leave it out");
    check_message("scoring: {type: power}\nps: {temperature_schedule: {beta_max: 3}}\n",
                  "t.yaml:2:39: ps.temperature_schedule.beta_max: 3, but the target of scoring.type power has its "
                  "exponent in the score: leave it out");
    check_message(
        "scoring: {type: power}\nmethod: particle_filter\nparticle_filter: {temperature: 0.5}\n",
        "t.yaml:3:32: particle_filter.temperature: 0.5, but the target of scoring.type power has its exponent "
        "in the score: leave it out");
}

static void logit_weights_would_not_read_the_target(void **state) {
    (void)state;
    check_message("scoring: {type: power}\nmodels: {prm: {enabled: true}}\nmethod: particle_filter\n"
                  "particle_filter: {weights: logit}\n",
                  "t.yaml:4:28: particle_filter.weights: logit, but the target of scoring.type power is in the score, "
                  "which logit does not read: leave it out");
}

/* Karan & Du propose at temperature 1/α from all tokens; another proposal is as right and slower, so it is obeyed. */
static void power_mcmc_proposes_as_its_paper_does(void **state) {
    (void)state;
    ps_config *cfg = fresh();
    load(cfg, "method: power_mcmc\npower_mcmc: {alpha: 8}\n");
    assert_value(cfg, "generation.temperature", "0.125");
    assert_value(cfg, "generation.top_p", "1");
    assert_value(cfg, "generation.top_k", "0");
    assert_value(cfg, "ps.temperature_schedule.beta_max", "3"); /* it has no β */
    assert_origin(cfg, "generation.top_p", "method power_mcmc");
    set(cfg, "generation.temperature", "1");
    assert_int_equal(ps_config_check(cfg, NULL, NULL), PS_OK);
    set(cfg, "method", "majority"); /* and lets go of the others */
    assert_value(cfg, "generation.temperature", "1");
    assert_value(cfg, "generation.top_p", "0.95");
    ps_config_free(cfg);
}

static void a_length_prior_is_named(void **state) {
    (void)state;
    ps_config *cfg = fresh();
    load(cfg, "scoring: {type: power, length_prior: {type: poisson}}\n");
    heard h = said_of(cfg, PS_LOG_WARNING);
    assert_int_equal(h.n, 1);
    assert_non_null(strstr(ps_text_cstr(&h.lines), "scoring.length_prior.type is poisson (t.yaml:1:"));
    assert_non_null(strstr(ps_text_cstr(&h.lines), "p^4 times that prior"));
    ps_text_clear(&h.lines);
    ps_config_free(cfg);
}

/* The warning names the target that is left. */
static void truncation_is_warned_about(void **state) {
    (void)state;
    static const char *const cut[][2] = {{"generation.top_p", "0.75"}, {"generation.top_k", "40"}};
    for (size_t k = 0; k < 4; k++) {
        ps_config *cfg = fresh();
        load(cfg, k < 2 ? "scoring: {type: power}\n" : "method: power_mcmc\n");
        heard h = said_of(cfg, PS_LOG_WARNING);
        assert_int_equal(h.n, 0);
        ps_text_clear(&h.lines);
        set(cfg, cut[k % 2][0], cut[k % 2][1]);
        assert_int_equal(ps_config_check(cfg, NULL, NULL), PS_OK);
        h = said_of(cfg, PS_LOG_WARNING);
        assert_int_equal(h.n, 1);
        assert_non_null(strstr(ps_text_cstr(&h.lines), cut[k % 2][0]));
        assert_non_null(strstr(ps_text_cstr(&h.lines), "p^4 of answers of which every token is among those kept"));
        ps_text_clear(&h.lines);
        ps_config_free(cfg);
    }
}

static void power_smc_is_that_of_its_paper(void **state) {
    (void)state;
    ps_config *cfg = fresh();
    set(cfg, "preset", "power_smc");
    assert_value(cfg, "method", "particle_filter");
    assert_value(cfg, "scoring.type", "power");
    assert_value(cfg, "generation.temperature", "0.25");
    assert_value(cfg, "scoring.params.power_alpha", "4");
    assert_value(cfg, "scoring.params.power_ramp", "400");
    assert_value(cfg, "generation.fixed_step_tokens", "64");
    assert_value(cfg, "particle_filter.policy", "ess");
    assert_value(cfg, "particle_filter.threshold", "0.5");
    assert_value(cfg, "answer.select", "draw");
    assert_int_equal(ps_config_check(cfg, NULL, NULL), PS_OK);
    set(cfg, "preset", "recommended"); /* and nothing of it stays */
    ps_config *plain = fresh();
    set(plain, "preset", "recommended");
    assert_same(cfg, plain);
    ps_config_free(cfg);
    ps_config_free(plain);
}

static void a_judge_is_asked_with_both_places(void **state) {
    (void)state;
    static const char message[] =
        "t.yaml:1:31: scoring.prm.judge_prompt: expected {question} once, and after it {steps} once";
    check_message("scoring: {prm: {judge_prompt: 'Is {steps} right for {question}?'}}\n", message);
    check_message("scoring: {prm: {judge_prompt: 'Is {steps} right?'}}\n", message);
    check_message("scoring: {prm: {judge_prompt: '{question} {steps} {steps}'}}\n", message);
    ps_config *cfg = fresh();
    load(cfg, "scoring: {prm: {judge_prompt: 'To {question}: is {steps} right?'}}\n");
    assert_int_equal(ps_config_check(cfg, NULL, NULL), PS_OK);
    ps_config_free(cfg);
}

/* Beside a server's generator there is no model in this process that could judge, until one is named. */
static void a_judge_needs_a_model(void **state) {
    (void)state;
    ps_error err = {0};
    ps_config *cfg = fresh();
    load(cfg, "engine: {type: openai}\nmodels: {prm: {enabled: true}}\nscoring: {prm: {kind: judge}}\n");
    assert_int_equal(ps_config_check(cfg, NULL, &err), PS_FORMAT);
    assert_non_null(strstr(err.message, "scoring.prm.kind: judge has no model in this process; set models.prm."));
    set(cfg, "models.prm.engine", "openai");
    assert_int_equal(ps_config_check(cfg, NULL, NULL), PS_OK);
    ps_config_free(cfg);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(power_sets_what_its_target_needs),
        cmocka_unit_test(what_power_sets_survives_being_printed),
        cmocka_unit_test(what_would_miss_the_target_is_refused),
        cmocka_unit_test(logit_weights_would_not_read_the_target),
        cmocka_unit_test(power_mcmc_proposes_as_its_paper_does),
        cmocka_unit_test(a_length_prior_is_named),
        cmocka_unit_test(truncation_is_warned_about),
        cmocka_unit_test(power_smc_is_that_of_its_paper),
        cmocka_unit_test(a_judge_is_asked_with_both_places),
        cmocka_unit_test(a_judge_needs_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
