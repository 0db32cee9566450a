/* Sessions and problems over servers: what a server does not give is refused by name before the first problem, a bound
 * that is too wide ends the run, and whole answers are answers. */
#include "run/support.h"
#include "support/model_server.h"

static ps_config *over(const model_server *server, const char *method, const char *key, const char *value) {
    return config_of("engine.type", "openai", "engine.openai.base_url", server->url, "method", method, "prompt.system",
                     "", "generation.n_particles", "4", "generation.temperature", "0.7", "generation.top_p", "1", key,
                     value, NULL);
}

static ps_status solve(const ps_config *config, ps_outcome **outcome, ps_error *err) {
    static ps_models *models; /* outlives the outcome; one at a time */
    const ps_problem problem = {.index = 1, .text = "which?", .answer = "1"};
    ps_models_free(models);
    models = NULL;
    *outcome = NULL;
    if (config == NULL) return PS_OK;
    ps_status status = ps_models_open(config, NULL, &models, err);
    return status == PS_OK ? ps_solve(config, models, &problem, NULL, outcome, err) : status;
}

static void close_models(void) {
    ps_outcome *none = NULL;
    (void)solve(NULL, &none, NULL);
}

static void what_a_server_does_not_give_is_refused_by_name(void **state) {
    (void)state;
    static const struct {
        bool chat;
        const char *method, *key, *value;
        const char *words[3]; /* NULL: it is solved */
    } cases[] = {
        {false,
         "best_of_n",
         "prompt.template",
         "{question}",
         {"scoring.type logprob_power", "log-probabilities", "majority"}},
        {false,
         "persistent",
         "prompt.template",
         "{question}",
         {"scoring.type logprob_power", "log-probabilities", "prm_reward"}},
        {false, "power_mcmc", "prompt.template", "{question}", {"scoring.type", "log-probabilities", "another"}},
        {false, "majority", "prompt.template", "{question}", {NULL, NULL, NULL}},
        {false, "majority", "generation.top_k", "0", {"no chat template", "prompt.template", "/v1/chat/completions"}},
        {true, "beam", "generation.top_k", "0", {"method beam", "prompt.template", "majority"}},
        {true, "majority", "generation.top_k", "0", {NULL, NULL, NULL}},
        {true, "greedy", "generation.top_k", "0", {NULL, NULL, NULL}},
        {true,
         "majority",
         "prompt.template",
         "{question}",
         {"continues no text", "prompt.template", "/v1/completions"}},
    };
    small_model *table = small_model_table();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        model_server server = {.chat = cases[i].chat};
        ps_outcome *outcome = NULL;
        ps_error err;
        model_server_start(&server, table, MODEL_PLAIN);
        ps_config *config = over(&server, cases[i].method, cases[i].key, cases[i].value);
        ps_status status = solve(config, &outcome, &err);
        if (cases[i].words[0] == NULL) {
            if (status != PS_OK) fail_msg("%s: %s", cases[i].method, err.message);
            assert_true(outcome->tokens.generated > 0 && !outcome->truncated && strlen(outcome->response) > 2);
        } else {
            assert_true(status == PS_ARG || status == PS_ENGINE);
            for (size_t k = 0; k < 3; k++)
                check_contains(err.message, cases[i].words[k]);
        }
        ps_outcome_free(outcome);
        close_models();
        ps_config_free(config);
        model_server_stop(&server);
    }
    small_model_free(table);
}

/* Every word is as likely as every other: of 257 the server tells twenty. */
static void next_of_any(const small_model *model, const ps_token *prefix, size_t length, double *logp) {
    (void)prefix;
    (void)length;
    for (size_t i = 0; i < model->n; i++)
        logp[i] = -log((double)model->n);
}

/* As over the embedded engine: by the answer's own limit, or by the context, ours or the server's. */
static void what_cut_an_answer_off_is_told_over_a_server_too(void **state) {
    (void)state;
    static const model_kind kinds[] = {MODEL_VLLM, MODEL_LLAMA_SERVER, MODEL_PLAIN};
    static const struct {
        const char *key, *value;
        ps_ending ending;
    } limits[] = {{"generation.max_answer_tokens", "1", PS_ENDING_ANSWER_TOKENS},
                  {"models.generator.max_model_len", "16", PS_ENDING_CONTEXT}};
    const ps_token script[] = {'x'};
    small_model *model = small_model_script(NULL, 0, script, 1);
    model->next = next_of_any;
    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; i < 2; i++) {
            model_server server = {0};
            ps_outcome *outcome = NULL;
            ps_error err;
            model_server_start(&server, model, kinds[k]);
            ps_config *config = over(&server, "majority", limits[i].key, limits[i].value);
            check_ok(ps_config_set(config, "prompt.template", "{question}", "test", &err));
            check_ok(ps_config_set(config, "generation.top_k", "20", "test", &err));
            check_ok(solve(config, &outcome, &err));
            if (outcome->endings[limits[i].ending] == 0 ||
                outcome->endings[limits[i].ending] != ps_endings_cut(outcome->endings))
                fail_msg("server %zu, %s: %zu particles", k, limits[i].key, outcome->endings[limits[i].ending]);
            ps_outcome_free(outcome);
            close_models();
            ps_config_free(config);
            model_server_stop(&server);
        }
    small_model_free(model);
}

static void log_q_that_is_not_known_well_enough_ends_the_run(void **state) {
    (void)state;
    const ps_token script[] = {'x'};
    small_model *model = small_model_script(NULL, 0, script, 1);
    model_server server = {0};
    ps_outcome *outcome = NULL;
    ps_error err;
    model->next = next_of_any;
    model_server_start(&server, model, MODEL_VLLM);
    ps_config *wide = over(&server, "power_mcmc", "generation.max_answer_tokens", "12");
    assert_int_not_equal(solve(wide, &outcome, &err), PS_OK);
    check_contains(err.message, "generation.top_k: 20");
    check_ok(ps_config_set(wide, "generation.top_k", "20", "test", &err));
    check_ok(solve(wide, &outcome, &err));
    assert_true(outcome->logq_bound == 0);
    ps_outcome_free(outcome);
    check_ok(ps_config_set(wide, "generation.top_k", "0", "test", &err)); /* and who does not read it goes on */
    check_ok(ps_config_set(wide, "method", "best_of_n", "test", &err));
    check_ok(solve(wide, &outcome, &err));
    assert_true(outcome->logq_bound == 0);
    ps_outcome_free(outcome);
    close_models();
    ps_config_free(wide);
    model_server_stop(&server);
    small_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_server_does_not_give_is_refused_by_name),
        cmocka_unit_test(what_cut_an_answer_off_is_told_over_a_server_too),
        cmocka_unit_test(log_q_that_is_not_known_well_enough_ends_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, remove_files);
}
