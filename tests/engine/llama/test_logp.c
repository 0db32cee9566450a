/* Are the log-probabilities right? Against an independent computation of the same file: tests/oracle/gguf_forward.py, a
 * forward pass in numpy float32, whose numbers for eight problems are in tests/fixtures/reasoner_logp.json.
 *
 * Tolerance, in nats times max(1, |logp|): 0.01 with a float32 KV cache, 0.03 with the usual float16 one (libllama
 * multiplies in float16 besides; seen with several models: up to 0.0035 and 0.016, on average 6e-5 and 1.4e-4). */
#include "engine/llama/support.h"

#include <jansson.h>

static size_t tokens_of(const json_t *list, ps_token *tokens, size_t room) {
    const size_t n = json_array_size(list);
    assert_true(n > 0 && n < room);
    for (size_t i = 0; i < n; i++)
        tokens[i] = (ps_token)json_integer_value(json_array_get(list, i));
    return n;
}

static void compare(const char *kv_type, double tolerance) {
    json_error_t error;
    json_t *all = json_load_file(PS_TEST_DIR "/fixtures/reasoner_logp.json", 0, &error);
    assert_non_null(all);
    ps_llama_options options = usual();
    options.kv_type = kv_type;
    ps_engine *engine = open_engine(options);
    ps_engine_info info;
    ps_engine_get_info(engine, &info);
    double worst = 0, sum = 0, count = 0;
    for (size_t k = 0; k < json_array_size(all); k++) {
        const json_t *item = json_array_get(all, k), *logp = json_object_get(item, "logp");
        ps_token prompt[512], answer[512];
        const size_t n_prompt = tokens_of(json_object_get(item, "prompt_tokens"), prompt, 512);
        const size_t n = tokens_of(json_object_get(item, "answer_tokens"), answer, 512);
        double *full = distributions(engine, prompt, n_prompt, answer, n);
        for (size_t i = 0; i < n; i++) {
            const double expected = json_real_value(json_array_get(logp, i));
            const double difference = fabs(full[i * info.vocabulary + (size_t)answer[i]] - expected);
            worst = fmax(worst, difference / fmax(1, -expected));
            sum += difference;
            count++;
        }
        free(full);
    }
    print_message("%s, %g tokens: largest difference of logp %.2g, mean %.2g\n", kv_type, count, worst, sum / count);
    assert_true(count > 100);
    assert_true(worst < tolerance);
    assert_true(sum / count < tolerance / 10);
    ps_engine_free(engine);
    json_decref(all);
}

static void equals_an_independent_computation(void **state) {
    (void)state;
    compare("f32", 0.01);
    compare("f16", 0.03);
}

/* What the prompt's text becomes, token for token, as the trainer's own tokenizer has it. */
static void tokenizes_as_the_trainer_did(void **state) {
    (void)state;
    json_error_t error;
    json_t *all = json_load_file(PS_TEST_DIR "/fixtures/reasoner_tokens.json", 0, &error);
    assert_non_null(all);
    ps_engine *engine = open_engine(usual());
    for (size_t k = 0; k < json_array_size(all); k++) {
        const json_t *item = json_array_get(all, k), *ids = json_object_get(item, "ids");
        const char *text = json_string_value(json_object_get(item, "text"));
        ps_token *tokens = NULL;
        size_t n = 0;
        assert_ok(ps_engine_tokenize(engine, text, strlen(text), true, &tokens, &n, err));
        assert_int_equal(n, json_array_size(ids));
        for (size_t i = 0; i < n; i++)
            assert_int_equal(tokens[i], json_integer_value(json_array_get(ids, i)));
        ps_free(tokens);
    }
    ps_engine_free(engine);
    json_decref(all);
}

/* The numbers of a generated step are those that evaluation gives for its tokens, and every token is the one that its
 * own uniform draws from the distribution: so the whole chain from key to token is right. A uniform may fall beside its
 * token's interval by what logits move with the shape of a batch. */
static void every_token_is_drawn_by_its_uniform(void **state) {
    (void)state;
    const double shift = 0.01;
    ps_engine *engine = open_engine(usual());
    ps_engine_info info;
    ps_engine_get_info(engine, &info);
    const ps_generation g = lines();
    particle *all = run_particles(engine, 3, 8, MOST_STEPS, &g);
    for (size_t k = 0; k < 24; k++) {
        const particle *p = &all[k];
        size_t n_prompt;
        ps_token *prompt = prompt_of(engine, questions[k / 8], &n_prompt);
        double *full = distributions(engine, prompt, n_prompt, p->tokens, p->n_tokens);
        for (size_t i = 0; i < p->n_tokens; i++) {
            const double *row = full + i * info.vocabulary;
            double below = 0;
            for (ps_token t = 0; t < p->tokens[i]; t++)
                below += exp(row[t]);
            assert_true(fabs(row[p->tokens[i]] - p->logp[i]) < 0.02 * fmax(1, -p->logp[i]));
            assert_true(p->uniform[i] > below - shift);
            assert_true(p->uniform[i] < below + exp(row[p->tokens[i]]) + shift);
        }
        free(full);
        ps_free(prompt);
    }
    free_particles(engine, all, 24);
    ps_engine_free(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_an_independent_computation),
        cmocka_unit_test(tokenizes_as_the_trainer_did),
        cmocka_unit_test(every_token_is_drawn_by_its_uniform),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
