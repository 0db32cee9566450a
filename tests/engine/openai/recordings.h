/* What real servers answered (tests/fixtures/remote, made by tests/remote/record), and how tests bend it. */
#ifndef PERSAMP_TESTS_ENGINE_OPENAI_RECORDINGS_H
#define PERSAMP_TESTS_ENGINE_OPENAI_RECORDINGS_H

#include "engine/openai/dialect.h"
#include "engine/openai/events.h"
#include "support/check.h"

#include <jansson.h>

/* ---- Looking up ---------------------------------------------------------- */

/* All recordings of a server: an array that the test owns. */
static inline json_t *recordings(const char *server) {
    char path[512];
    json_error_t err;
    snprintf(path, sizeof path, "%s/fixtures/remote/%s.json", PS_TEST_DIR, server);
    json_t *list = json_load_file(path, JSON_ALLOW_NUL, &err);
    if (!json_is_array(list)) fail_msg("%s:%d: %s", path, err.line, err.text);
    return list;
}

static inline const json_t *recorded(const json_t *list, const char *name) {
    const json_t *one;
    size_t i;
    json_array_foreach(list, i, one) if (strcmp(json_string_value(json_object_get(one, "name")), name) == 0) return one;
    fail_msg("no recording is called %s", name);
    return NULL;
}

static inline const char *body_of(const json_t *record, size_t *length) {
    const json_t *body = json_object_get(record, "body");
    assert_true(json_is_string(body));
    *length = json_string_length(body);
    return json_string_value(body);
}

/* ---- Asking -------------------------------------------------------------- */

/* What was asked, in the engine's words; in the arena, with strings of the recording. */
static inline ps_remote_ask ask_of(const json_t *record, ps_arena *arena) {
    const json_t *said = json_object_get(record, "ask"), *tokens = json_object_get(said, "tokens"),
                 *stops = json_object_get(said, "stops"), *choices = json_object_get(said, "choices"),
                 *model = json_object_get(json_object_get(record, "request"), "model");
    assert_true(json_is_object(said));
    ps_token *ids = ps_arena_alloc(arena, json_array_size(tokens) * sizeof *ids);
    const char **strings = ps_arena_alloc(arena, (json_array_size(stops) + 1) * sizeof *strings);
    for (size_t i = 0; i < json_array_size(tokens); i++)
        ids[i] = (ps_token)json_integer_value(json_array_get(tokens, i));
    for (size_t i = 0; i < json_array_size(stops); i++)
        strings[i] = json_string_value(json_array_get(stops, i));
    ps_token *chosen = ps_arena_calloc(arena, json_array_size(choices) + 1, sizeof *chosen);
    for (size_t i = 0; i < json_array_size(choices); i++)
        chosen[i] = (ps_token)json_integer_value(json_array_get(choices, i));
    return (ps_remote_ask){
        .model = json_string_value(model),
        .choices = chosen,
        .n_choices = json_array_size(choices),
        .tokens = ids,
        .n_tokens = json_array_size(tokens),
        .temperature = json_number_value(json_object_get(said, "temperature")),
        .top_p = json_number_value(json_object_get(said, "top_p")),
        .top_k = (int)json_integer_value(json_object_get(said, "top_k")),
        .max_tokens = (int)json_integer_value(json_object_get(said, "max_tokens")),
        .stops = strings,
        .n_stops = json_array_size(stops),
        .seed = (uint64_t)json_integer_value(json_object_get(said, "seed")),
        .n = (size_t)json_integer_value(json_object_get(said, "n")),
        .n_top = (size_t)json_integer_value(json_object_get(said, "n_top")),
        .stream = json_is_true(json_object_get(said, "stream")),
    };
}

/* Was this written, to there? Members may come in any order. */
static inline bool is_request(const json_t *record, const ps_text *body, const char *path) {
    json_t *written = json_loadb(ps_text_cstr(body), body->length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    assert_non_null(written);
    const bool same = json_equal(written, json_object_get(record, "request")) &&
                      strcmp(path, json_string_value(json_object_get(record, "path"))) == 0;
    json_decref(written);
    return same;
}

/* ---- Bending ------------------------------------------------------------- */

/* Put `value` (JSON; NULL: nothing) in the place of a member: "choices/0/index". */
static inline void bend(json_t *root, const char *place, const char *value) {
    char path[128], *rest = NULL;
    json_t *holder = NULL, *at = root;
    const char *key = NULL;
    snprintf(path, sizeof path, "%s", place);
    for (char *part = strtok_r(path, "/", &rest); part != NULL; part = strtok_r(NULL, "/", &rest)) {
        holder = at;
        key = part;
        at = json_is_array(at) ? json_array_get(at, (size_t)atoi(part)) : json_object_get(at, part);
    }
    json_t *made = value != NULL ? json_loads(value, JSON_DECODE_ANY, NULL) : NULL;
    assert_true(holder != NULL && (value == NULL) == (made == NULL));
    if (json_is_array(holder)) {
        const size_t i = (size_t)atoi(key), n = json_array_size(holder);
        assert_int_equal(made == NULL ? json_array_remove(holder, i)
                         : i == n     ? json_array_append_new(holder, made)
                                      : json_array_set_new(holder, i, made),
                         0);
    } else {
        assert_int_equal(made == NULL ? json_object_del(holder, key) : json_object_set_new(holder, key, made), 0);
    }
}

/* The events of a stream, as an array that the test owns, and back to a stream. */
static inline json_t *events_of(const char *body, size_t length) {
    json_t *events = json_array();
    const char *data = NULL;
    size_t at = 0, n = 0;
    while (ps_remote_events_of(body, length, true, &at, &data, &n)) {
        json_t *event = json_loadb(data, n, JSON_ALLOW_NUL, NULL);
        assert_non_null(event);
        json_array_append_new(events, event);
    }
    return events;
}

static inline ps_text stream_of(const json_t *events) {
    ps_text body = {0};
    const json_t *event;
    size_t i;
    json_array_foreach(events, i, event) {
        char *text = json_dumps(event, JSON_COMPACT);
        ps_text_printf(&body, "data: %s\n\n", text);
        free(text);
    }
    assert_true(ps_text_ok(&body));
    return body;
}

/* A recorded answer with one member bent; of a stream the place begins with the number of the event. */
static inline ps_text bent(const json_t *record, const char *place, const char *value) {
    size_t length;
    const char *body = body_of(record, &length);
    const bool stream = strncmp(body, "data:", 5) == 0;
    json_t *root = stream ? events_of(body, length) : json_loadb(body, length, JSON_ALLOW_NUL, NULL);
    assert_non_null(root);
    bend(root, place, value);
    ps_text made = {0};
    if (stream) {
        made = stream_of(root);
    } else {
        char *text = json_dumps(root, JSON_COMPACT);
        ps_text_puts(&made, text);
        free(text);
    }
    json_decref(root);
    return made;
}

/* The recorded bytes with the first `from` replaced by `to`: what is no JSON value. */
static inline ps_text replaced(const json_t *record, const char *from, const char *to) {
    size_t length;
    const char *body = body_of(record, &length), *found = strstr(body, from);
    assert_non_null(found);
    ps_text made = {0};
    ps_text_append(&made, body, (size_t)(found - body));
    ps_text_puts(&made, to);
    ps_text_puts(&made, found + strlen(from));
    return made;
}

#endif
