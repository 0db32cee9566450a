/* A reward model behind a server, in a search: its rewards are what the search goes by, and while it is away nothing is
 * answered wrongly. */
#include "config/support.h"
#include "persamp/run.h"
#include "support/model_server.h"
#include "support/pooling_server.h"

/* The toy engine draws, a server rewards. */
static ps_config *config_for(const char *kind, const char *url) {
    ps_config *cfg = fresh();
    load(cfg, "engine: {type: toy}\nmodels: {prm: {enabled: true, engine: openai}}\nscoring: {type: prm_reward}\n"
              "generation: {n_particles: 4}\nevaluation: {save_particles: true}\n");
    set(cfg, "scoring.prm.kind", kind);
    set(cfg, "scoring.prm.step_tag", strcmp(kind, "token") == 0 ? "}" : "<extra_0>");
    set(cfg, "models.prm.openai.base_url", url);
    set(cfg, "models.prm.openai.retries", "1");
    return cfg;
}

static ps_status solve(const ps_config *cfg, ps_models *models, size_t index, ps_outcome **outcome, ps_error *err) {
    const ps_problem problem = {.index = index, .text = "Which of the two is it?", .answer = "0"};
    return ps_solve(cfg, models, &problem, NULL, outcome, err);
}

static void a_search_goes_by_its_rewards(void **state) {
    (void)state;
    pooling_server server = {0};
    ps_models *models = NULL;
    ps_outcome *outcome = NULL;
    pooling_server_start(&server);
    ps_config *cfg = config_for("pooling", server.url);
    assert_ok(ps_models_open(cfg, NULL, &models, err));
    assert_string_equal(ps_models_prm(models)->ops->kind, "pooling");
    const size_t before = server.n_texts;
    assert_ok(solve(cfg, models, 1, &outcome, err));
    assert_int_equal(outcome->status, PS_OK);
    assert_true(server.n_texts > before && outcome->tokens.prm > 0);
    ps_outcome_free(outcome);
    ps_models_free(models);
    ps_config_free(cfg);
    pooling_server_stop(&server);
}

/* `remote` says the same in one word. */
static void remote_is_pooling_at_a_server(void **state) {
    (void)state;
    pooling_server server = {0};
    ps_models *models = NULL;
    pooling_server_start(&server);
    ps_config *cfg = config_for("remote", server.url);
    set(cfg, "models.prm.engine", "llama");
    assert_ok(ps_models_open(cfg, NULL, &models, err));
    assert_string_equal(ps_models_prm(models)->ops->kind, "pooling");
    ps_models_free(models);
    ps_config_free(cfg);
    pooling_server_stop(&server);
}

/* Once its requests are used up for good there is an error of the server's and no outcome. */
static void an_outage_is_no_outcome(void **state) {
    (void)state;
    pooling_server server = {0};
    ps_models *models = NULL;
    ps_outcome *outcome = NULL;
    ps_error error;
    pooling_server_start(&server);
    ps_config *cfg = config_for("pooling", server.url);
    set(cfg, "models.prm.openai.outage_s", "0.2");
    assert_ok(ps_models_open(cfg, NULL, &models, err));
    fault_server_down(server.server);
    assert_int_equal(solve(cfg, models, 1, &outcome, &error), PS_HTTP);
    assert_null(outcome);
    ps_models_free(models);
    ps_config_free(cfg);
    pooling_server_stop(&server);
}

/* What is wrong is told in the keys of the reward model. */
static void messages_name_its_own_keys(void **state) {
    (void)state;
    small_model *table = small_model_table();
    model_server server = {.name = "small"};
    ps_models *models = NULL;
    ps_error error;
    model_server_start(&server, table, MODEL_VLLM);
    ps_config *cfg = config_for("token", server.url);
    set(cfg, "models.prm.openai.model", "another");
    assert_int_equal(ps_models_open(cfg, NULL, &models, &error), PS_ARG);
    assert_non_null(strstr(error.message, "models.prm.openai.model may be \"small\""));
    assert_null(strstr(error.message, "engine.openai.model"));
    set(cfg, "models.prm.openai.api_key_file", "no-such-file");
    assert_int_equal(ps_models_open(cfg, NULL, &models, &error), PS_IO);
    assert_non_null(strstr(error.message, "models.prm.openai.api_key_file"));
    ps_config_free(cfg);
    model_server_stop(&server);
    small_model_free(table);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_search_goes_by_its_rewards),
        cmocka_unit_test(remote_is_pooling_at_a_server),
        cmocka_unit_test(an_outage_is_no_outcome),
        cmocka_unit_test(messages_name_its_own_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
