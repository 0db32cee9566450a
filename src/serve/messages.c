/* What an answer is to: a conversation, or a prompt as it stands. */
#include "serve/fields.h"

#include <stdio.h>
#include <string.h>

static bool is_text(const json_t *value, const char *text) {
    return json_is_string(value) && strcmp(json_string_value(value), text) == 0;
}

/* "user" for itself; a developer's message is the system's; NULL for any that is not known. */
static const char *role_of(const json_t *role) {
    static const char *const roles[][2] = {
        {"system", "system"}, {"developer", "system"}, {"user", "user"}, {"assistant", "assistant"}};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (is_text(role, roles[i][0])) return roles[i][1];
    return NULL;
}

/* The texts of a list of parts, a line each. */
static bool join_parts(ps_api_parser *p, const char *place, const json_t *parts, const char **content) {
    ps_text text = {.arena = p->out->arena};
    for (size_t i = 0; i < json_array_size(parts); i++) {
        const json_t *part = json_array_get(parts, i), *words = json_object_get(part, "text");
        if (!is_text(json_object_get(part, "type"), "text"))
            return ps_api_refuse(p->err, 400, place, "unsupported_content",
                                 "%s: part %zu is not of type text; this server reads no images, sounds or files",
                                 place, i);
        if (!json_is_string(words))
            return ps_api_refuse(p->err, 400, place, NULL, "%s: part %zu has no text", place, i);
        if (i > 0) ps_text_puts(&text, "\n");
        ps_text_append(&text, json_string_value(words), json_string_length(words));
    }
    *content = ps_text_cstr(&text);
    return true;
}

/* Only an assistant's message may have no content: one that called a tool, which is refused, or one that thought only.
 * What it thought ("reasoning", "reasoning_content") is not shown to the model again. */
static bool take_content(ps_api_parser *p, const char *place, const char *role, const json_t *content,
                         const char **out) {
    if (json_is_string(content)) {
        *out = ps_api_copy(p, content);
        return true;
    }
    if (json_is_array(content)) return join_parts(p, place, content, out);
    *out = "";
    if (strcmp(role, "assistant") == 0 && (content == NULL || json_is_null(content))) return true;
    return ps_api_refuse(p->err, 400, place, NULL, "%s: expected a text or a list of parts of type text", place);
}

static bool take_message(ps_api_parser *p, size_t i, const json_t *message, ps_chat_message *out) {
    char place[64];
    const json_t *calls = json_object_get(message, "tool_calls");
    snprintf(place, sizeof place, "messages[%zu].role", i);
    out->role = role_of(json_object_get(message, "role"));
    if (out->role == NULL)
        return ps_api_refuse(p->err, 400, place, NULL,
                             "%s: expected system, developer, user or assistant; this server calls no tools", place);
    if (json_array_size(calls) > 0 || json_is_object(json_object_get(message, "function_call"))) {
        snprintf(place, sizeof place, "messages[%zu].tool_calls", i);
        return ps_api_refuse(p->err, 400, place, "unsupported_parameter", "%s: this server calls no tools", place);
    }
    snprintf(place, sizeof place, "messages[%zu].content", i);
    return take_content(p, place, out->role, json_object_get(message, "content"), &out->content);
}

bool ps_take_messages(ps_api_parser *p, const json_t *value) {
    size_t n = json_array_size(value);
    if (!json_is_array(value))
        return ps_api_refuse(p->err, 400, "messages", NULL, "messages: expected a list of messages");
    ps_chat_message *messages = ps_arena_calloc(p->out->arena, n, sizeof *messages);
    for (size_t i = 0; i < n && messages != NULL; i++)
        if (!take_message(p, i, json_array_get(value, i), &messages[i])) return false;
    p->out->messages = messages;
    p->out->n_messages = n;
    return true;
}

bool ps_take_prompt(ps_api_parser *p, const json_t *value) {
    const json_t *prompt = json_is_array(value) && json_array_size(value) == 1 ? json_array_get(value, 0) : value;
    if (!json_is_string(prompt) || json_string_length(prompt) == 0)
        return ps_api_refuse(p->err, 400, "prompt", NULL,
                             "prompt: expected one text that is not empty; several, or tokens, are not understood");
    p->out->prompt = ps_api_copy(p, prompt);
    return true;
}
