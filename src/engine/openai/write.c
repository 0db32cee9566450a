#include "engine/openai/write.h"

#include <string.h>

json_t *ps_remote_json_string(const char *text, size_t length) {
    if (ps_utf8_valid(text, length) == length) return json_stringn_nocheck(text, length);
    ps_text repaired = {0};
    ps_utf8_repair(&repaired, text, length);
    json_t *string = ps_text_ok(&repaired) ? json_stringn_nocheck(ps_text_cstr(&repaired), repaired.length) : NULL;
    ps_text_clear(&repaired);
    return string;
}

json_t *ps_remote_json_grown(json_t *array, json_t *member) {
    if (array != NULL && json_array_append_new(array, member) == 0) return array;
    if (array == NULL) json_decref(member);
    json_decref(array);
    return NULL;
}

json_t *ps_remote_json_stops(const ps_remote_ask *ask, size_t most) {
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < ask->n_stops && i < most; i++)
        array = ps_remote_json_grown(array, ps_remote_json_string(ask->stops[i], strlen(ask->stops[i])));
    return array;
}

json_t *ps_remote_json_messages(const ps_chat_message *messages, size_t n) {
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < n; i++)
        array = ps_remote_json_grown(array, json_pack("{s:o, s:o}", "role", ps_json_text(messages[i].role), "content",
                                                      ps_json_text(messages[i].content)));
    return array;
}

ps_status ps_remote_put(json_t *rest, ps_text *body, ps_error *err) {
    return ps_json_dump(rest, JSON_COMPACT, body, err);
}

/* Digits by hand: a prefix of some hundred ids goes out with every step. */
static void put_id(ps_text *body, ps_token id, bool first) {
    char digits[16], *at = digits + sizeof digits;
    uint32_t left = (uint32_t)id;
    do
        *--at = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (!first) *--at = ',';
    ps_text_append(body, at, (size_t)(digits + sizeof digits - at));
}

ps_status ps_remote_put_with_ids(const char *key, const ps_token *tokens, size_t n, json_t *rest, ps_text *body,
                                 ps_error *err) {
    const bool alone = json_object_size(rest) == 0;
    ps_text_printf(body, "{\"%s\":[", key);
    for (size_t i = 0; i < n; i++)
        put_id(body, tokens[i], i == 0);
    ps_text_puts(body, alone ? "]" : "],");
    const size_t brace = body->length; /* of `rest`, which goes on where the ids end */
    ps_status status = ps_json_dump(rest, JSON_COMPACT, body, err);
    if (status != PS_OK) return status;
    memmove(body->data + brace, body->data + brace + 1, body->length - brace);
    body->length--;
    return PS_OK;
}
