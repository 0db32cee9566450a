/* vLLM: /v1/completions over token ids, whole answers without a stream. Log-probabilities are raw by the server's
 * default; whoever is built on that asks it first (docs/remote.md). */
#include "engine/openai/read.h"
#include "engine/openai/write.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Stop strings that it takes, unless VLLM_MAX_STOP_STRINGS of its environment says more. */
enum { MOST_STOPS = 4 };

/* ---- Asking -------------------------------------------------------------- */

/* Every field of sampling is sent: what is missing vLLM takes from the model's generation_config.json. */
static ps_status write_ask(const ps_remote_ask *ask, ps_text *body, const char **path, ps_error *err) {
    if (ask->messages != NULL) return ps_fail(err, PS_ARG, "vLLM is asked for tokens, not for chats");
    json_t *rest = json_pack(
        "{s:o, s:i, s:f, s:f, s:i, s:f, s:f, s:f, s:f, s:I, s:I, s:i, s:i, s:b, s:b, s:b, s:b, s:o}", "model",
        ps_json_text(ask->model), "max_tokens", ask->max_tokens, "temperature", ask->temperature, "top_p", ask->top_p,
        "top_k", ask->top_k, "min_p", 0.0, "repetition_penalty", 1.0, "presence_penalty", 0.0, "frequency_penalty", 0.0,
        "seed", (json_int_t)(ask->seed & INT64_MAX), "n", (json_int_t)ask->n, "logprobs", (int)ask->n_top, "min_tokens",
        0, "ignore_eos", 0, "include_stop_str_in_output", 1, "return_tokens_as_token_ids", 1, "add_special_tokens", 0,
        "stop", ps_remote_json_stops(ask, MOST_STOPS));
    *path = "/v1/completions";
    if (ask->tokens != NULL) return ps_remote_put_with_ids("prompt", ask->tokens, ask->n_tokens, rest, body, err);
    if (rest != NULL && json_object_set_new(rest, "prompt", ps_remote_json_string(ask->text, ask->text_length)) != 0) {
        json_decref(rest);
        rest = NULL;
    }
    return ps_remote_put(rest, body, err);
}

/* ---- The tokens of a choice ---------------------------------------------- */

/* "token_id:N", as return_tokens_as_token_ids spells tokens. Digits come in one way only, so that equal ids are equal
 * keys. */
static bool read_spelled(const char *spelled, ps_token *id) {
    static const char before[] = "token_id:";
    const size_t skip = sizeof before - 1, length = strlen(spelled);
    uint64_t n;
    if (length <= skip || strncmp(spelled, before, skip) != 0 || (spelled[skip] == '0' && length > skip + 1))
        return false;
    if (!ps_parse_count(spelled + skip, length - skip, 10, INT32_MAX, &n)) return false;
    *id = (ps_token)n;
    return true;
}

static ps_status read_token(const json_t *value, ps_token *id, ps_error *err) {
    const char *spelled = json_string_value(value);
    if (spelled != NULL && read_spelled(spelled, id)) return PS_OK;
    return ps_remote_unexpected("logprobs.tokens", value, "\"token_id:N\"", err);
}

/* The most likely at one place: the drawn token and the K most likely, which may have it among them. So with K + 1 of
 * them the drawn one is there in addition, and left out. */
static ps_status read_top(const ps_remote_ask *ask, const json_t *object, ps_token drawn, ps_token *tokens,
                          double *logp, ps_error *err) {
    const size_t n = json_object_size(object), K = ask->n_top;
    if (!json_is_object(object) || n > K + 1)
        return ps_remote_unexpected("logprobs.top_logprobs", object, "an object of the most likely", err);
    json_t *mutable = (json_t *)object; /* jansson's iterators want it so; nothing is changed */
    bool there = false;
    size_t k = 0;
    for (void *i = json_object_iter(mutable); i != NULL; i = json_object_iter_next(mutable, i)) {
        const char *key = json_object_iter_key(i);
        ps_token id;
        double x;
        if (!read_spelled(key, &id))
            return ps_fail(err, PS_FORMAT, "logprobs.top_logprobs: \"%s\" is no \"token_id:N\"", key);
        ps_status status = ps_remote_read_logp(json_object_iter_value(i), &x, err);
        if (status != PS_OK) return status;
        there = there || id == drawn;
        if (n == K + 1 && id == drawn) continue;
        if (k == K) break;
        tokens[k] = id;
        logp[k++] = x;
    }
    if (!there) return ps_fail(err, PS_FORMAT, "logprobs.top_logprobs lacks the drawn token %d", (int)drawn);
    ps_remote_sort_top(tokens, logp, k);
    return PS_OK;
}

static ps_status read_tokens(const ps_remote_ask *ask, const json_t *logprobs, ps_arena *arena,
                             ps_remote_choice *choice, ps_error *err) {
    const json_t *tokens = NULL, *values = NULL, *tops = NULL;
    ps_status status = ps_remote_get_array(logprobs, "tokens", &tokens, err);
    if (status == PS_OK) status = ps_remote_get_array(logprobs, "token_logprobs", &values, err);
    if (status == PS_OK && ask->n_top > 0) status = ps_remote_get_array(logprobs, "top_logprobs", &tops, err);
    if (status != PS_OK) return status;
    const size_t n = json_array_size(tokens), K = ask->n_top;
    if (json_array_size(values) != n || (K > 0 && json_array_size(tops) != n) || n > (size_t)ask->max_tokens)
        return ps_fail(err, PS_FORMAT,
                       "logprobs has %zu tokens, %zu log-probabilities, %zu lists; at most %d were asked for", n,
                       json_array_size(values), json_array_size(tops), ask->max_tokens);
    status = ps_remote_choice_room(choice, n, K, arena, err);
    for (size_t i = 0; status == PS_OK && i < n; i++) {
        status = read_token(json_array_get(tokens, i), &choice->tokens[i], err);
        if (status == PS_OK) status = ps_remote_read_logp(json_array_get(values, i), &choice->logp[i], err);
        if (status == PS_OK && K > 0)
            status = read_top(ask, json_array_get(tops, i), choice->tokens[i], choice->top_tokens + i * K,
                              choice->top_logp + i * K, err);
    }
    return status;
}

/* ---- Answers ------------------------------------------------------------- */

/* max_tokens beyond the context is cut to what is left of it. */
static ps_status read_end(const ps_remote_ask *ask, const json_t *object, ps_arena *arena, ps_remote_choice *choice,
                          ps_error *err) {
    const json_t *finish = json_object_get(object, "finish_reason"), *stop = json_object_get(object, "stop_reason");
    const char *reason = json_is_string(finish) ? json_string_value(finish) : "";
    if (strcmp(reason, "length") == 0) {
        choice->end = choice->n_tokens < (size_t)ask->max_tokens ? PS_REMOTE_CONTEXT : PS_REMOTE_LENGTH;
        return PS_OK;
    }
    if (strcmp(reason, "stop") != 0)
        return ps_remote_unexpected("finish_reason", finish, "\"stop\" or \"length\"", err);
    choice->end = json_is_string(stop) ? PS_REMOTE_STOPPED : PS_REMOTE_EOS;
    if (!json_is_string(stop)) return PS_OK;
    ps_status status = ps_remote_get_text(object, "stop_reason", arena, &choice->stop, NULL, err);
    return status == PS_OK ? ps_remote_match_stop(ask, choice->stop, err) : status;
}

static ps_status read_choice(const ps_remote_ask *ask, const json_t *object, bool *seen, ps_arena *arena,
                             ps_remote_choice *choices, ps_error *err) {
    size_t i = 0;
    ps_status status = ps_remote_get_index(ask, object, seen, &i, err);
    if (status != PS_OK) return status;
    ps_remote_choice *choice = &choices[i];
    status = read_tokens(ask, json_object_get(object, "logprobs"), arena, choice, err);
    if (status == PS_OK) status = read_end(ask, object, arena, choice, err);
    if (status == PS_OK) status = ps_remote_get_text(object, "text", arena, &choice->text, &choice->text_length, err);
    return status == PS_OK ? PS_OK : ps_error_prefix(err, status, "choice %zu", i);
}

static ps_status read_usage(const ps_remote_ask *ask, const json_t *usage, ps_remote_answer *answer, ps_error *err) {
    size_t read = 0;
    for (size_t i = 0; i < answer->n; i++)
        read += answer->choices[i].n_tokens;
    ps_status status = ps_remote_get_count(usage, "prompt_tokens", SIZE_MAX / 2, &answer->prompt_tokens, err);
    if (status == PS_OK) status = ps_remote_get_count(usage, "completion_tokens", SIZE_MAX / 2, &answer->drawn, err);
    if (status == PS_OK)
        status = ps_remote_get_count_or(json_object_get(usage, "prompt_tokens_details"), "cached_tokens", SIZE_MAX,
                                        &answer->cached, err);
    if (status == PS_OK && answer->drawn != read)
        status = ps_fail(err, PS_FORMAT, "the server counts %zu tokens and tells %zu", answer->drawn, read);
    return status == PS_OK ? ps_remote_check_prompt(ask, answer->prompt_tokens, err) : status;
}

static ps_status read_root(const ps_remote_ask *ask, const json_t *root, ps_arena *arena, ps_remote_answer *answer,
                           ps_error *err) {
    ps_remote_answer read = {.n = ask->n, .choices = ps_remote_choices(ask, arena)};
    bool *seen = ps_arena_calloc(arena, ask->n, sizeof *seen);
    const json_t *choices = NULL;
    if (!ps_arena_ok(arena)) return ps_nomem(err);
    ps_status status = ps_remote_get_array(root, "choices", &choices, err);
    if (status == PS_OK && json_array_size(choices) != ask->n)
        status = ps_fail(err, PS_FORMAT, "the server's answer has %zu choices, asked were %zu",
                         json_array_size(choices), ask->n);
    for (size_t i = 0; status == PS_OK && i < ask->n; i++)
        status = read_choice(ask, json_array_get(choices, i), seen, arena, read.choices, err);
    if (status == PS_OK) status = read_usage(ask, json_object_get(root, "usage"), &read, err);
    if (status == PS_OK) *answer = read;
    return status;
}

static ps_status read_answer(const ps_remote_ask *ask, const char *body, size_t length, ps_arena *arena,
                             ps_remote_answer *answer, ps_error *err) {
    json_t *root = NULL;
    ps_status status = ps_remote_json_open(body, length, ps_remote_most_values(ask), arena, &root, err);
    if (status == PS_OK) status = read_root(ask, root, arena, answer, err);
    json_decref(root);
    return status;
}

/* ---- Chances of given tokens --------------------------------------------- */

/* One token is drawn, and which is not looked at: at temperature 1 both of the server's modes tell the same. */
static ps_status write_choices(const ps_remote_ask *ask, ps_text *body, const char **path, ps_error *err) {
    json_t *ids = json_array();
    for (size_t i = 0; ids != NULL && i < ask->n_choices; i++)
        ids = ps_remote_json_grown(ids, json_integer(ask->choices[i]));
    json_t *rest =
        json_pack("{s:o, s:i, s:f, s:f, s:i, s:f, s:f, s:f, s:f, s:i, s:o, s:i, s:b, s:b}", "model",
                  ps_json_text(ask->model), "max_tokens", 1, "temperature", 1.0, "top_p", 1.0, "top_k", 0, "min_p", 0.0,
                  "repetition_penalty", 1.0, "presence_penalty", 0.0, "frequency_penalty", 0.0, "logprobs", 0,
                  "logprob_token_ids", ids, "n", 1, "return_tokens_as_token_ids", 1, "add_special_tokens", 0);
    *path = "/v1/completions";
    return ps_remote_put_with_ids("prompt", ask->tokens, ask->n_tokens, rest, body, err);
}

/* What is impossible it tells as −9999. */
static ps_status read_chance(const json_t *object, ps_token choice, double *logp, ps_error *err) {
    const double impossible = -9999;
    char key[32];
    snprintf(key, sizeof key, "token_id:%d", (int)choice);
    ps_status status = ps_remote_read_logp(json_object_get(object, key), logp, err);
    if (status == PS_OK && *logp <= impossible) *logp = -INFINITY;
    return status == PS_OK
               ? PS_OK
               : ps_error_prefix(err, status, "the chance of %s (logprob_token_ids, which an older vLLM ignores)", key);
}

static ps_status read_choices(const ps_remote_ask *ask, const char *body, size_t length, ps_arena *arena,
                              ps_remote_chances *chances, ps_error *err) {
    json_t *root = NULL;
    const json_t *list = NULL, *tops = NULL;
    ps_remote_chances read = {.logp = ps_arena_calloc(arena, ask->n_choices + 1, sizeof *read.logp)};
    if (read.logp == NULL) return ps_nomem(err);
    ps_status status = ps_remote_json_open(body, length, ps_remote_most_values(ask), arena, &root, err);
    if (status == PS_OK) status = ps_remote_get_array(root, "choices", &list, err);
    if (status == PS_OK)
        status = ps_remote_get_array(json_object_get(json_array_get(list, 0), "logprobs"), "top_logprobs", &tops, err);
    for (size_t i = 0; status == PS_OK && i < ask->n_choices; i++)
        status = read_chance(json_array_get(tops, 0), ask->choices[i], &read.logp[i], err);
    const json_t *usage = json_object_get(root, "usage");
    if (status == PS_OK) status = ps_remote_get_count(usage, "prompt_tokens", SIZE_MAX / 2, &read.prompt_tokens, err);
    if (status == PS_OK)
        status = ps_remote_get_count_or(json_object_get(usage, "prompt_tokens_details"), "cached_tokens", SIZE_MAX,
                                        &read.cached, err);
    if (status == PS_OK) status = ps_remote_check_prompt(ask, read.prompt_tokens, err);
    json_decref(root);
    if (status == PS_OK) *chances = read;
    return status;
}

/* ---- Texts and ids ------------------------------------------------------- */

static ps_status write_text(const char *model, json_t *text, bool around, ps_text *body, const char **path,
                            ps_error *err) {
    *path = "/tokenize";
    return ps_remote_put(
        json_pack("{s:o, s:o, s:b}", "model", ps_json_text(model), "prompt", text, "add_special_tokens", around), body,
        err);
}

/* What spells a control token becomes one, whatever `special` says. */
static ps_status write_tokenize(const char *model, const char *text, size_t length, bool special, ps_text *body,
                                const char **path, ps_error *err) {
    (void)special;
    return write_text(model, ps_remote_json_string(text, length), false, body, path, err);
}

static ps_status write_bos(const char *model, ps_text *body, const char **path, ps_error *err) {
    return write_text(model, json_string("a"), true, body, path, err);
}

static ps_status read_tokenize(const char *body, size_t length, ps_arena *arena, ps_token **tokens, size_t *n,
                               ps_error *err) {
    json_t *root = NULL;
    ps_status status = ps_remote_json_open(body, length, PS_REMOTE_MOST_VALUES, arena, &root, err);
    if (status == PS_OK) status = ps_remote_get_ids(root, "tokens", arena, tokens, n, err);
    json_decref(root);
    return status;
}

static ps_status write_detokenize(const char *model, const ps_token *tokens, size_t n, ps_text *body, const char **path,
                                  ps_error *err) {
    *path = "/detokenize";
    return ps_remote_put_with_ids("tokens", tokens, n, json_pack("{s:o}", "model", ps_json_text(model)), body, err);
}

static ps_status read_detokenize(const char *body, size_t length, ps_arena *arena, const char **text,
                                 size_t *text_length, ps_error *err) {
    json_t *root = NULL;
    ps_status status = ps_remote_json_open(body, length, PS_REMOTE_MOST_VALUES, arena, &root, err);
    if (status == PS_OK) status = ps_remote_get_text(root, "prompt", arena, text, text_length, err);
    json_decref(root);
    return status;
}

/* The template is rendered and tokenized in one: what comes back are ids. */
static ps_status write_chat(const char *model, const ps_chat_message *messages, size_t n, ps_text *body,
                            const char **path, ps_error *err) {
    *path = "/tokenize";
    return ps_remote_put(json_pack("{s:o, s:o, s:b, s:b}", "model", ps_json_text(model), "messages",
                                   ps_remote_json_messages(messages, n), "add_generation_prompt", 1,
                                   "add_special_tokens", 0),
                         body, err);
}

static ps_status read_chat(const char *body, size_t length, ps_arena *arena, const char **text, ps_token **tokens,
                           size_t *n, ps_error *err) {
    ps_status status = read_tokenize(body, length, arena, tokens, n, err);
    if (status == PS_OK) *text = NULL;
    return status;
}

const ps_dialect ps_dialect_vllm = {
    .name = "vllm",
    .can = PS_ENGINE_LOGP | PS_ENGINE_LOGQ_BOUNDED | PS_ENGINE_TOKENS | PS_ENGINE_SEEDS | PS_ENGINE_EVALUATE,
    .control_always = true,
    .seed_bits = 63,
    .most_top = 20, /* --max-logprobs */
    .write_ask = write_ask,
    .read_answer = read_answer,
    .write_choices = write_choices,
    .read_choices = read_choices,
    .write_tokenize = write_tokenize,
    .read_tokenize = read_tokenize,
    .write_bos = write_bos,
    .write_detokenize = write_detokenize,
    .read_detokenize = read_detokenize,
    .write_chat = write_chat,
    .read_chat = read_chat,
};
