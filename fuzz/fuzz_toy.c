/* A table file of the toy engine: any bytes are refused with a message, or make a model that can draw. */
#include "engine/toy/model.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const ps_toy_model *model) {
    const ps_generation warm = {.temperature = 0.7, .top_p = 0.9, .top_k = 3};
    double *q = ps_reallocarray(NULL, model->largest_rule, sizeof *q);
    ps_token recent[8];
    for (size_t n = 0; q != NULL && n < 8; n++) {
        const size_t use = n < model->longest_context ? n : model->longest_context;
        const ps_toy_rule *rule = ps_toy_model_rule(model, recent + n - use, use, n);
        ps_toy_rule_truncate(rule, &warm, q);
        double sum = 0;
        for (size_t i = 0; i < rule->n; i++)
            sum += q[i];
        if (!(sum > 0.999 && sum < 1.001)) abort();
        const size_t k = ps_toy_rule_draw(rule, q, ps_uniform((ps_rng_key){.purpose = PS_RNG_TEST}, n));
        if (k >= rule->n || q[k] <= 0) abort();
        recent[n] = rule->token[k];
        if (recent[n] == model->end) break;
    }
    ps_free(q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ps_toy_json document = {0};
    ps_toy_model model = {0};
    ps_error error;
    if (ps_toy_json_open(&document, "fuzz", (const char *)data, size, &error) != PS_OK) return 0;
    if (ps_toy_model_read(&model, &document, &error) == PS_OK) {
        ps_token *tokens;
        size_t n;
        use(&model);
        if (ps_toy_model_tokenize(&model, (const char *)data, size, true, &tokens, &n, &error) == PS_OK)
            ps_free(tokens);
        ps_toy_model_clear(&model);
    }
    ps_toy_json_clear(&document);
    return 0;
}
