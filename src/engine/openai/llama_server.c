/* llama-server: its own /completion over token ids, by events, and /tokenize, /detokenize, /apply-template, /props. */
#include "engine/openai/llama_server.h"

#include "engine/openai/read.h"

/* ---- Asking -------------------------------------------------------------- */

/* Choice i draws with seed + i here, too: the group keeps its low 12 bits free, and stays below the largest number,
 * which means a random one. */
static json_int_t seed_of(uint64_t seed) {
    const uint64_t room = 1 << 12, groups = UINT32_MAX - room, mixed = (seed / room) * 0x9E3779B97F4A7C15u;
    return (json_int_t)((mixed >> 32) % groups + seed % room);
}

/* The server's own defaults are others (top_k 40, min_p .05), and so is the order of its samplers. */
json_t *ps_llama_server_sampling(const ps_remote_ask *ask) {
    return json_pack("{s:f, s:f, s:i, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:i, s:f, s:i, s:b, s:[], s:[sss]}",
                     "temperature", ask->temperature, "top_p", ask->top_p, "top_k", ask->top_k, "min_p", 0.0,
                     "typical_p", 1.0, "top_n_sigma", -1.0, "xtc_probability", 0.0, "dry_multiplier", 0.0,
                     "repeat_penalty", 1.0, "presence_penalty", 0.0, "frequency_penalty", 0.0, "dynatemp_range", 0.0,
                     "mirostat", 0, "adaptive_target", -1.0, "min_keep", 0, "ignore_eos", 0, "logit_bias", "samplers",
                     "top_k", "temperature", "top_p");
}

json_t *ps_llama_server_joined(json_t *object, json_t *more) {
    const bool done = object != NULL && more != NULL && json_object_update(object, more) == 0;
    json_decref(more);
    if (done) return object;
    json_decref(object);
    return NULL;
}

ps_status ps_llama_server_write_ask(const ps_remote_ask *ask, ps_text *body, const char **path, ps_error *err) {
    if (ask->messages != NULL) return ps_fail(err, PS_ARG, "llama-server is asked for tokens, not for chats");
    json_t *rest =
        json_pack("{s:o, s:i, s:I, s:I, s:I, s:b, s:b, s:b, s:b, s:o}", "model", ps_json_text(ask->model), "n_predict",
                  ask->max_tokens, "seed", seed_of(ask->seed), "n_cmpl", (json_int_t)ask->n, "n_probs",
                  (json_int_t)(ask->n_top > 0 ? ask->n_top : 1), "post_sampling_probs", 0, "return_tokens", 1,
                  "cache_prompt", 1, "stream", (int)ask->stream, "stop", ps_remote_json_stops(ask, SIZE_MAX));
    rest = ps_llama_server_joined(rest, ps_llama_server_sampling(ask));
    *path = "/completion";
    if (ask->tokens != NULL) return ps_remote_put_with_ids("prompt", ask->tokens, ask->n_tokens, rest, body, err);
    return ps_remote_put(
        ps_llama_server_joined(rest, json_pack("{s:o}", "prompt", ps_remote_json_string(ask->text, ask->text_length))),
        body, err);
}

/* ---- Texts and ids ------------------------------------------------------- */

static ps_status write_text(json_t *text, bool around, bool special, ps_text *body, const char **path, ps_error *err) {
    *path = "/tokenize";
    return ps_remote_put(
        json_pack("{s:o, s:b, s:b}", "content", text, "add_special", (int)around, "parse_special", (int)special), body,
        err);
}

static ps_status write_tokenize(const char *model, const char *text, size_t length, bool special, ps_text *body,
                                const char **path, ps_error *err) {
    (void)model;
    return write_text(ps_remote_json_string(text, length), false, special, body, path, err);
}

static ps_status write_bos(const char *model, ps_text *body, const char **path, ps_error *err) {
    (void)model;
    return write_text(json_string("a"), true, true, body, path, err);
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
    (void)model;
    *path = "/detokenize";
    return ps_remote_put_with_ids("tokens", tokens, n, json_object(), body, err);
}

/* The one text of an answer that has nothing else of interest. */
static ps_status read_text(const char *body, size_t length, const char *key, ps_arena *arena, const char **text,
                           size_t *text_length, ps_error *err) {
    json_t *root = NULL;
    ps_status status = ps_remote_json_open(body, length, PS_REMOTE_MOST_VALUES, arena, &root, err);
    if (status == PS_OK) status = ps_remote_get_text(root, key, arena, text, text_length, err);
    json_decref(root);
    return status;
}

static ps_status read_detokenize(const char *body, size_t length, ps_arena *arena, const char **text,
                                 size_t *text_length, ps_error *err) {
    return read_text(body, length, "content", arena, text, text_length, err);
}

static ps_status write_chat(const char *model, const ps_chat_message *messages, size_t n, ps_text *body,
                            const char **path, ps_error *err) {
    (void)model;
    *path = "/apply-template";
    return ps_remote_put(json_pack("{s:o}", "messages", ps_remote_json_messages(messages, n)), body, err);
}

static ps_status read_chat(const char *body, size_t length, ps_arena *arena, const char **text, ps_token **tokens,
                           size_t *n, ps_error *err) {
    ps_status status = read_text(body, length, "prompt", arena, text, n, err);
    if (status == PS_OK) *tokens = NULL;
    return status;
}

/* ---- Facts --------------------------------------------------------------- */

/* The context of one slot, not of all. */
static ps_status read_facts(const char *body, size_t length, ps_arena *arena, ps_remote_facts *facts, ps_error *err) {
    json_t *root = NULL;
    ps_remote_facts read = *facts;
    ps_status status = ps_remote_json_open(body, length, PS_REMOTE_MOST_VALUES, arena, &root, err);
    if (status == PS_OK) status = ps_remote_get_count(root, "total_slots", 1 << 20, &read.slots, err);
    if (status == PS_OK)
        status = ps_remote_get_count(json_object_get(root, "default_generation_settings"), "n_ctx", INT32_MAX,
                                     &read.context, err);
    if (status == PS_OK && json_object_get(root, "build_info") != NULL)
        status = ps_remote_get_text(root, "build_info", arena, &read.version, NULL, err);
    json_decref(root);
    if (status == PS_OK) *facts = read;
    return status;
}

const ps_dialect ps_dialect_llama_server = {
    .name = "llama-server",
    .can = PS_ENGINE_LOGP | PS_ENGINE_LOGQ_BOUNDED | PS_ENGINE_TOKENS | PS_ENGINE_SEEDS | PS_ENGINE_EVALUATE |
           PS_ENGINE_AMONG_CHOICES,
    .streams = true,
    .seed_bits = 32,
    .most_top = 100,
    .write_ask = ps_llama_server_write_ask,
    .read_answer = ps_llama_server_read_answer,
    .write_missing = ps_llama_server_write_missing,
    .read_missing = ps_llama_server_read_missing,
    .write_choices = ps_llama_server_write_choices,
    .read_choices = ps_llama_server_read_choices,
    .facts_path = "/props",
    .read_facts = read_facts,
    .write_tokenize = write_tokenize,
    .read_tokenize = read_tokenize,
    .write_bos = write_bos,
    .write_detokenize = write_detokenize,
    .read_detokenize = read_detokenize,
    .write_chat = write_chat,
    .read_chat = read_chat,
};
