/* Any other server that speaks the OpenAI protocol: text in, text out. Such a server does not say which stop string
 * ended a text, so none are sent: who continues by steps asks for a stream and cuts it. A chat is a whole answer. */
#include "engine/openai/events.h"
#include "engine/openai/read.h"
#include "engine/openai/write.h"

#include <string.h>

/* ---- Asking -------------------------------------------------------------- */

/* Fields of the protocol only: servers refuse what they do not know. top_k is no such field, and sent where it says
 * something: a refusal is better than another distribution. */
static ps_status write_ask(const ps_remote_ask *ask, ps_text *body, const char **path, ps_error *err) {
    if (ask->tokens != NULL) return ps_fail(err, PS_ARG, "this server is asked by text, not by tokens");
    const bool chat = ask->messages != NULL;
    json_t *rest = json_pack("{s:o, s:o, s:i, s:f, s:f, s:f, s:f, s:I, s:I, s:b, s:o*, s:o*}", "model",
                             ps_json_text(ask->model), chat ? "messages" : "prompt",
                             chat ? ps_remote_json_messages(ask->messages, ask->n_messages)
                                  : ps_remote_json_string(ask->text, ask->text_length),
                             "max_tokens", ask->max_tokens, "temperature", ask->temperature, "top_p", ask->top_p,
                             "presence_penalty", 0.0, "frequency_penalty", 0.0, "seed",
                             (json_int_t)(ask->seed & INT64_MAX), "n", (json_int_t)ask->n, "stream", (int)ask->stream,
                             "stream_options", ask->stream ? json_pack("{s:b}", "include_usage", 1) : NULL, "top_k",
                             ask->top_k > 0 ? json_integer(ask->top_k) : NULL);
    *path = chat ? "/v1/chat/completions" : "/v1/completions";
    return ps_remote_put(rest, body, err);
}

/* ---- Choices ------------------------------------------------------------- */

/* "text", or what is in "message" or, of a stream, in "delta"; there it may be missing. */
static ps_status read_text(const ps_remote_ask *ask, const json_t *choice, bool piece, ps_arena *arena,
                           const char **text, size_t *length, ps_error *err) {
    const char *key = "text";
    const json_t *holder = choice;
    if (ask->messages != NULL) {
        key = "content";
        holder = json_object_get(choice, piece ? "delta" : "message");
        if (!json_is_object(holder)) return ps_remote_unexpected(piece ? "delta" : "message", holder, "an object", err);
    }
    const json_t *value = json_object_get(holder, key);
    if (value != NULL && !json_is_null(value)) return ps_remote_get_text(holder, key, arena, text, length, err);
    if (!piece) return ps_remote_unexpected(key, value, "a text", err);
    *text = "";
    *length = 0;
    return PS_OK;
}

/* false: it goes on. */
static ps_status read_end(const json_t *choice, bool *ended, ps_remote_end *end, ps_error *err) {
    const json_t *value = json_object_get(choice, "finish_reason");
    const char *reason = json_is_string(value) ? json_string_value(value) : "";
    *ended = value != NULL && !json_is_null(value);
    if (!*ended) return PS_OK;
    *end = strcmp(reason, "length") == 0 ? PS_REMOTE_LENGTH : PS_REMOTE_EOS;
    if (strcmp(reason, "length") == 0 || strcmp(reason, "stop") == 0) return PS_OK;
    return ps_remote_unexpected("finish_reason", value, "\"stop\" or \"length\"", err);
}

static ps_status read_usage(const json_t *root, ps_remote_answer *answer, ps_error *err) {
    const json_t *usage = json_object_get(root, "usage");
    if (!json_is_object(usage)) return PS_OK;
    ps_status status = ps_remote_get_count_or(usage, "prompt_tokens", 0, &answer->prompt_tokens, err);
    if (status == PS_OK) status = ps_remote_get_count_or(usage, "completion_tokens", 0, &answer->drawn, err);
    if (status == PS_OK)
        status = ps_remote_get_count_or(json_object_get(usage, "prompt_tokens_details"), "cached_tokens", SIZE_MAX,
                                        &answer->cached, err);
    return status;
}

/* ---- By events ----------------------------------------------------------- */

static bool is_done(const char *data, size_t length) {
    static const char done[] = "[DONE]";
    return length == sizeof done - 1 && memcmp(data, done, length) == 0;
}

static ps_status piece_of(const ps_remote_ask *ask, const json_t *root, ps_arena *arena, ps_remote_piece *piece,
                          ps_error *err) {
    const json_t *choices = NULL;
    ps_status status = ps_remote_get_array(root, "choices", &choices, err);
    if (status != PS_OK || json_array_size(choices) == 0) return status;
    if (json_array_size(choices) > 1)
        return ps_fail(err, PS_FORMAT, "an event of the server tells of %zu choices", json_array_size(choices));
    const json_t *choice = json_array_get(choices, 0);
    status = ps_remote_get_count_or(choice, "index", 0, &piece->index, err);
    if (status == PS_OK && piece->index >= ask->n)
        status = ps_fail(err, PS_FORMAT, "choice %zu of %zu in the server's answer", piece->index, ask->n);
    if (status == PS_OK) status = read_text(ask, choice, true, arena, &piece->text, &piece->text_length, err);
    return status == PS_OK ? read_end(choice, &piece->ended, &piece->end, err) : status;
}

static ps_status read_piece(const ps_remote_ask *ask, const char *data, size_t length, ps_arena *arena,
                            ps_remote_piece *piece, ps_error *err) {
    ps_remote_piece read = {.index = SIZE_MAX, .text = ""};
    json_t *root = NULL;
    ps_status status = PS_OK;
    if (!is_done(data, length)) {
        status = ps_remote_json_open(data, length, ps_remote_most_values(ask), arena, &root, err);
        if (status == PS_OK) status = piece_of(ask, root, arena, &read, err);
        json_decref(root);
    }
    if (status == PS_OK) *piece = read;
    return status;
}

/* Usage comes in an event without choices. */
static ps_status read_usage_event(const char *data, size_t length, const ps_remote_ask *ask, ps_arena *arena,
                                  ps_remote_answer *answer, ps_error *err) {
    json_t *root = NULL;
    if (is_done(data, length)) return PS_OK;
    ps_status status = ps_remote_json_open(data, length, ps_remote_most_values(ask), arena, &root, err);
    if (status == PS_OK) status = read_usage(root, answer, err);
    json_decref(root);
    return status;
}

static ps_status read_stream(const ps_remote_ask *ask, const char *body, size_t length, ps_arena *arena,
                             ps_remote_answer *answer, ps_error *err) {
    ps_text *texts = ps_arena_calloc(arena, ask->n, sizeof *texts);
    bool *ended = ps_arena_calloc(arena, ask->n, sizeof *ended);
    const char *data = NULL;
    size_t at = 0, n = 0;
    ps_status status = PS_OK;
    if (texts == NULL || ended == NULL) return ps_nomem(err);
    for (size_t i = 0; i < ask->n; i++)
        texts[i].arena = arena;
    while (status == PS_OK && ps_remote_events_of(body, length, true, &at, &data, &n)) {
        ps_remote_piece piece;
        status = read_piece(ask, data, n, arena, &piece, err);
        if (status != PS_OK) break;
        if (piece.index == SIZE_MAX) {
            status = read_usage_event(data, n, ask, arena, answer, err);
            continue;
        }
        if (ended[piece.index]) return ps_fail(err, PS_FORMAT, "choice %zu goes on after its end", piece.index);
        ps_text_append(&texts[piece.index], piece.text, piece.text_length);
        ended[piece.index] = piece.ended;
        answer->choices[piece.index].end = piece.end;
    }
    for (size_t i = 0; status == PS_OK && i < ask->n; i++) {
        if (!ended[i]) return ps_fail(err, PS_FORMAT, "the stream ended before choice %zu did", i);
        answer->choices[i].text = ps_text_cstr(&texts[i]);
        answer->choices[i].text_length = texts[i].length;
    }
    return status == PS_OK && !ps_arena_ok(arena) ? ps_nomem(err) : status;
}

/* ---- Whole --------------------------------------------------------------- */

static ps_status read_choice(const ps_remote_ask *ask, const json_t *object, bool *seen, ps_arena *arena,
                             ps_remote_choice *choices, ps_error *err) {
    size_t i = 0;
    bool ended = false;
    ps_status status = ps_remote_get_index(ask, object, seen, &i, err);
    if (status != PS_OK) return status;
    ps_remote_choice *choice = &choices[i];
    status = read_text(ask, object, false, arena, &choice->text, &choice->text_length, err);
    if (status == PS_OK) status = read_end(object, &ended, &choice->end, err);
    if (status == PS_OK && !ended) status = ps_fail(err, PS_FORMAT, "choice %zu does not say why it ended", i);
    return status;
}

static ps_status read_whole(const ps_remote_ask *ask, const char *body, size_t length, ps_arena *arena,
                            ps_remote_answer *answer, ps_error *err) {
    bool *seen = ps_arena_calloc(arena, ask->n, sizeof *seen);
    const json_t *choices = NULL;
    json_t *root = NULL;
    if (seen == NULL) return ps_nomem(err);
    ps_status status = ps_remote_json_open(body, length, ps_remote_most_values(ask), arena, &root, err);
    if (status == PS_OK) status = ps_remote_get_array(root, "choices", &choices, err);
    if (status == PS_OK && json_array_size(choices) != ask->n)
        status = ps_fail(err, PS_FORMAT, "the server's answer has %zu choices, asked were %zu",
                         json_array_size(choices), ask->n);
    for (size_t i = 0; status == PS_OK && i < ask->n; i++)
        status = read_choice(ask, json_array_get(choices, i), seen, arena, answer->choices, err);
    if (status == PS_OK) status = read_usage(root, answer, err);
    json_decref(root);
    return status;
}

static ps_status read_answer(const ps_remote_ask *ask, const char *body, size_t length, ps_arena *arena,
                             ps_remote_answer *answer, ps_error *err) {
    ps_remote_answer read = {.n = ask->n, .choices = ps_remote_choices(ask, arena), .cached = SIZE_MAX};
    if (read.choices == NULL) return ps_nomem(err);
    ps_status status = (ask->stream ? read_stream : read_whole)(ask, body, length, arena, &read, err);
    if (status == PS_OK) *answer = read;
    return status;
}

const ps_dialect ps_dialect_plain = {
    .name = "plain",
    .streams = true,
    .seed_bits = 63,
    .write_ask = write_ask,
    .read_answer = read_answer,
    .read_piece = read_piece,
};
