/* What a server says of an error. There are as many shapes as servers: {"error":{"message":"…"}}, {"error":"…"},
 * {"detail":"…"}, {"detail":[{"msg":"…"}]}, {"message":"…"}, a page of HTML, a line of text. */
#include "engine/openai/read.h"

#include <string.h>
#include <strings.h>

enum { LONGEST = 500 };

/* At most LONGEST bytes, whole characters, in one line, controls as \xNN. */
static const char *told(const char *text, size_t length, ps_arena *arena) {
    ps_text out = {.arena = arena};
    while (length > 0 && strchr(" \t\r\n", text[0]) != NULL && text[0] != '\0')
        text++, length--;
    while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL && text[length - 1] != '\0')
        length--;
    if (length == 0) return NULL;
    const size_t cut = ps_utf8_cut(text, length, LONGEST);
    for (size_t i = 0; i < cut;) {
        const unsigned char c = (unsigned char)text[i];
        const size_t n = ps_utf8_length(text + i, cut - i);
        const bool control = n == 0 || c < 0x20 || c == 0x7F || (c == 0xC2 && (unsigned char)text[i + 1] < 0xA0);
        if (control)
            ps_text_printf(&out, "\\x%02x", c);
        else
            ps_text_append(&out, text + i, n);
        i += control ? 1 : n;
    }
    if (cut < length) ps_text_puts(&out, " …");
    return ps_text_ok(&out) ? ps_text_cstr(&out) : NULL;
}

static const char *told_string(const json_t *value, ps_arena *arena) {
    return json_is_string(value) ? told(json_string_value(value), json_string_length(value), arena) : NULL;
}

/* A text, or what an object calls its message, or the first of a list of either. */
static const char *words_in(const json_t *value, ps_arena *arena) {
    static const char *const names[] = {"message", "msg", "detail", "error", "code", "type"};
    if (json_is_array(value)) value = json_array_get(value, 0);
    const char *words = told_string(value, arena);
    for (size_t i = 0; words == NULL && i < sizeof names / sizeof *names; i++)
        words = told_string(json_object_get(value, names[i]), arena);
    return words;
}

static bool is_something(const json_t *value) {
    return value != NULL && !json_is_null(value) && !json_is_false(value);
}

const char *ps_remote_words(const json_t *root, ps_arena *arena) {
    static const char *const names[] = {"error", "errors", "detail"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const json_t *value = json_object_get(root, names[i]);
        if (!is_something(value)) continue;
        const char *words = words_in(value, arena);
        return words != NULL ? words : "an error without a message";
    }
    const char *kind = json_string_value(json_object_get(root, "object"));
    return kind != NULL && strcmp(kind, "error") == 0 ? words_in(root, arena) : NULL;
}

/* The title of a page, as proxies send it. */
static const char *title_of(const char *body, size_t length, ps_arena *arena) {
    static const char open[] = "<title>", close[] = "</title>";
    for (size_t i = 0; i + sizeof open <= length; i++) {
        if (strncasecmp(body + i, open, sizeof open - 1) != 0) continue;
        const size_t from = i + sizeof open - 1;
        for (size_t to = from; to + sizeof close <= length + 1; to++)
            if (strncasecmp(body + to, close, sizeof close - 1) == 0) return told(body + from, to - from, arena);
        return NULL;
    }
    return NULL;
}

const char *ps_remote_error_text(const char *body, size_t length, ps_arena *arena) {
    json_error_t syntax;
    if (length == 0 || length > (1 << 20)) return NULL;
    json_t *root = json_loadb(body, length, JSON_ALLOW_NUL, &syntax);
    if (root != NULL) {
        const char *words = ps_remote_words(root, arena);
        if (words == NULL) words = words_in(root, arena);
        json_decref(root);
        return words;
    }
    if (memchr(body, '<', length) != NULL) return title_of(body, length, arena);
    const char *newline = memchr(body, '\n', length);
    return told(body, newline != NULL ? (size_t)(newline - body) : length, arena);
}
