/* How likely given tokens are: llama-server tells of the likeliest alone, so the choices are made the likeliest. The
 * same is added to the logit of each, which leaves their ratios as they are, and the probabilities after the samplers
 * are told: of one of the choices, given that it is one of them. */
#include "engine/openai/llama_server.h"
#include "engine/openai/read.h"

#include <math.h>

/* Added to a logit: what no other token can make good. */
static const double BIAS = 100;

ps_status ps_llama_server_write_choices(const ps_remote_ask *ask, ps_text *body, const char **path, ps_error *err) {
    const ps_remote_ask plain = {.temperature = 1, .top_p = 1};
    json_t *bias = json_array();
    for (size_t i = 0; bias != NULL && i < ask->n_choices; i++)
        bias = ps_remote_json_grown(bias, json_pack("[i, f]", (int)ask->choices[i], BIAS));
    json_t *own = json_pack("{s:o, s:i, s:I, s:b, s:b, s:b, s:o}", "model", ps_json_text(ask->model), "n_predict", 1,
                            "n_probs", (json_int_t)ask->n_choices, "post_sampling_probs", 1, "cache_prompt", 1,
                            "stream", 0, "logit_bias", bias);
    *path = "/completion";
    return ps_remote_put_with_ids("prompt", ask->tokens, ask->n_tokens,
                                  ps_llama_server_joined(ps_llama_server_sampling(&plain), own), body, err);
}

static ps_status read_chance(const ps_remote_ask *ask, const json_t *one, double *logp, ps_error *err) {
    const json_t *prob = json_object_get(one, "prob");
    const double p = json_is_number(prob) ? json_number_value(prob) : NAN;
    ps_token id = -1;
    size_t i = 0;
    ps_status status = ps_remote_read_id(json_object_get(one, "id"), &id, err);
    if (status != PS_OK) return status;
    while (i < ask->n_choices && ask->choices[i] != id)
        i++;
    if (i == ask->n_choices) return ps_fail(err, PS_FORMAT, "top_probs has token %d, which was not asked for", (int)id);
    if (!(p >= 0 && p <= 1 + 1e-6)) return ps_remote_unexpected("prob", prob, "a number from 0 to 1", err);
    logp[i] = fmin(log(p), 0);
    return PS_OK;
}

ps_status ps_llama_server_read_choices(const ps_remote_ask *ask, const char *body, size_t length, ps_arena *arena,
                                       ps_remote_chances *chances, ps_error *err) {
    json_t *root = NULL;
    const json_t *list = NULL, *tops = NULL;
    ps_remote_chances read = {.logp = ps_arena_calloc(arena, ask->n_choices + 1, sizeof *read.logp)};
    if (read.logp == NULL) return ps_nomem(err);
    for (size_t i = 0; i < ask->n_choices; i++)
        read.logp[i] = NAN;
    ps_status status = ps_remote_json_open(body, length, ps_remote_most_values(ask), arena, &root, err);
    if (status == PS_OK) status = ps_remote_get_array(root, "completion_probabilities", &list, err);
    if (status == PS_OK) status = ps_remote_get_array(json_array_get(list, 0), "top_probs", &tops, err);
    for (size_t i = 0; status == PS_OK && i < json_array_size(tops); i++)
        status = read_chance(ask, json_array_get(tops, i), read.logp, err);
    for (size_t i = 0; status == PS_OK && i < ask->n_choices; i++)
        if (isnan(read.logp[i]))
            status = ps_fail(err, PS_FORMAT, "top_probs lacks token %d, which was asked for", (int)ask->choices[i]);
    if (status == PS_OK) status = ps_remote_get_count(root, "tokens_evaluated", SIZE_MAX / 2, &read.prompt_tokens, err);
    if (status == PS_OK)
        status = ps_remote_get_count_or(json_object_get(root, "timings"), "cache_n", SIZE_MAX, &read.cached, err);
    if (status == PS_OK) status = ps_remote_check_prompt(ask, read.prompt_tokens, err);
    json_decref(root);
    if (status == PS_OK) *chances = read;
    return status;
}
