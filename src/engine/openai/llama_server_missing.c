/* What llama-server left out of a choice, asked for: the ids by the same draw without a stream, then each
 * log-probability by the list of the most likely at its place, where a grammar makes the server draw something that it
 * does tell of. */
#include "engine/openai/llama_server.h"
#include "engine/openai/read.h"

#include <math.h>
#include <string.h>

/* How far down the list a missing token is looked for: at first, then so many times further, at last everything. */
enum { FIRST_TOP = 256, FURTHER = 64, WHOLE_TOP = 1 << 20, MOST_VALUES_OF_TOP = 1 << 23 };

/* The first place that is missing an id, or else its log-probability; n_tokens: none. */
static size_t place_without_id(const ps_remote_choice *choice) {
    size_t at = 0;
    while (at < choice->n_tokens && choice->tokens[at] >= 0)
        at++;
    return at;
}

static size_t place_without_logp(const ps_remote_choice *choice) {
    size_t at = 0;
    while (at < choice->n_tokens && !isnan(choice->logp[at]))
        at++;
    return at;
}

/* The same choice alone, so long and no longer, not as a stream: then all ids are told. */
static ps_remote_ask again(const ps_remote_ask *ask, size_t i, const ps_remote_choice *choice) {
    ps_remote_ask same = *ask;
    same.seed += i;
    same.n = 1;
    same.max_tokens = (int)choice->n_tokens;
    same.n_stops = 0;
    same.stream = false;
    return same;
}

/* One token after the `at` first ones of the choice, an "a" whatever is likely: the most likely are told all the same.
 */
static ps_status write_look(const ps_remote_ask *ask, const ps_remote_choice *choice, size_t at, ps_text *body,
                            ps_error *err) {
    if (ask->tokens == NULL) return ps_fail(err, PS_ARG, "what is missing is asked for by tokens");
    const size_t n = ask->n_tokens + at;
    ps_token *prefix = ps_reallocarray(NULL, n + 1, sizeof *prefix);
    if (prefix == NULL) return ps_nomem(err);
    if (ask->n_tokens > 0) memcpy(prefix, ask->tokens, ask->n_tokens * sizeof *prefix);
    if (at > 0) memcpy(prefix + ask->n_tokens, choice->tokens, at * sizeof *prefix);
    const ps_remote_ask greedy = {.top_p = 1};
    json_t *rest = json_pack("{s:o, s:i, s:I, s:s, s:b, s:b, s:b}", "model", ps_json_text(ask->model), "n_predict", 1,
                             "n_probs", (json_int_t)(choice->missing_top > 0 ? choice->missing_top : FIRST_TOP),
                             "grammar", "root ::= \"a\"", "post_sampling_probs", 0, "cache_prompt", 1, "stream", 0);
    ps_status status = ps_remote_put_with_ids(
        "prompt", prefix, n, ps_llama_server_joined(rest, ps_llama_server_sampling(&greedy)), body, err);
    ps_free(prefix);
    return status;
}

ps_status ps_llama_server_write_missing(const ps_remote_ask *ask, size_t i, const ps_remote_choice *choice,
                                        ps_text *body, const char **path, ps_error *err) {
    *path = "/completion";
    if (place_without_id(choice) == choice->n_tokens)
        return write_look(ask, choice, place_without_logp(choice), body, err);
    const ps_remote_ask same = again(ask, i, choice);
    return ps_llama_server_write_ask(&same, body, path, err);
}

/* Take over what the repetition tells. Where it is another draw, because other numbers were rounded otherwise beside
 * other requests, it takes the place of the first: it is as good a draw, and all of its ids are known. */
static ps_status read_again(const ps_remote_ask *ask, const char *body, size_t length, ps_arena *arena,
                            ps_remote_choice *choice, ps_error *err) {
    const ps_remote_ask same = again(ask, 0, choice);
    const size_t K = ask->n_top;
    ps_remote_answer answer;
    ps_status status = ps_llama_server_read_answer(&same, body, length, arena, &answer, err);
    if (status != PS_OK) return status;
    const ps_remote_choice *told = &answer.choices[0];
    if (place_without_id(told) < told->n_tokens)
        return ps_fail(err, PS_FORMAT, "the server tells %zu tokens and not all of their ids", told->n_tokens);
    bool differs = told->n_tokens != choice->n_tokens;
    for (size_t i = 0; !differs && i < told->n_tokens; i++)
        differs = choice->tokens[i] >= 0 && told->tokens[i] != choice->tokens[i];
    if (differs) {
        *choice = *told;
        return PS_OK;
    }
    for (size_t i = 0; i < told->n_tokens; i++) {
        choice->tokens[i] = told->tokens[i];
        if (!isnan(choice->logp[i])) continue;
        choice->logp[i] = told->logp[i];
        if (K == 0) continue;
        memcpy(choice->top_tokens + i * K, told->top_tokens + i * K, K * sizeof *told->top_tokens);
        memcpy(choice->top_logp + i * K, told->top_logp + i * K, K * sizeof *told->top_logp);
    }
    return PS_OK;
}

/* Look for a token among the most likely at its place, which are told in order. */
static ps_status find_in_top(const ps_remote_ask *ask, const json_t *list, size_t at, ps_remote_choice *choice,
                             ps_error *err) {
    const size_t K = ask->n_top, asked = choice->missing_top > 0 ? choice->missing_top : FIRST_TOP;
    const json_t *one;
    size_t i;
    json_array_foreach(list, i, one) {
        ps_token token = -1;
        double logp = 0;
        ps_status status = ps_remote_read_id(json_object_get(one, "id"), &token, err);
        if (status == PS_OK) status = ps_remote_read_logp(json_object_get(one, "logprob"), &logp, err);
        if (status != PS_OK) return status;
        if (i < K) {
            choice->top_tokens[at * K + i] = token;
            choice->top_logp[at * K + i] = logp;
        }
        if (token == choice->tokens[at]) choice->logp[at] = logp;
    }
    const bool found = !isnan(choice->logp[at]);
    if (!found && (i < asked || asked >= WHOLE_TOP))
        return ps_fail(err, PS_FORMAT, "the server drew token %d, which it does not know", (int)choice->tokens[at]);
    choice->missing_top = found ? 0 : asked * FURTHER < WHOLE_TOP ? asked * FURTHER : WHOLE_TOP;
    return PS_OK;
}

static ps_status read_look(const ps_remote_ask *ask, const char *body, size_t length, ps_arena *arena,
                           ps_remote_choice *choice, ps_error *err) {
    const size_t at = place_without_logp(choice);
    const json_t *probabilities = NULL, *list = NULL;
    json_t *root = NULL;
    if (at == choice->n_tokens) return PS_OK;
    ps_status status = ps_remote_json_open(body, length, MOST_VALUES_OF_TOP, arena, &root, err);
    if (status == PS_OK) status = ps_remote_get_array(root, "completion_probabilities", &probabilities, err);
    if (status == PS_OK) status = ps_remote_get_array(json_array_get(probabilities, 0), "top_logprobs", &list, err);
    if (status == PS_OK) status = find_in_top(ask, list, at, choice, err);
    json_decref(root);
    return status;
}

ps_status ps_llama_server_read_missing(const ps_remote_ask *ask, const char *body, size_t length, ps_arena *arena,
                                       ps_remote_choice *choice, ps_error *err) {
    const bool all_ids = place_without_id(choice) == choice->n_tokens;
    return (all_ids ? read_look : read_again)(ask, body, length, arena, choice, err);
}
