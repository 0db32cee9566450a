/* JSON with the line of every value. jansson forgets positions, so on a mistake the text is walked again beside the
 * parsed document: it is known to be valid, which keeps the walk short. */
#include "engine/toy/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST_FILE = 64 << 20 };

ps_status ps_toy_json_open(ps_toy_json *document, const char *path, const char *text, size_t length, ps_error *err) {
    ps_toy_json made = {.name = ps_strdup(path)};
    json_error_t syntax;
    ps_status status = PS_OK;
    if (made.name == NULL) return ps_nomem(err);
    if (text == NULL) {
        status = ps_read_file(path, LARGEST_FILE, &made.text, &made.length, err);
    } else {
        made.text = ps_strndup(text, length);
        made.length = length;
        if (made.text == NULL) status = ps_nomem(err);
    }
    if (status != PS_OK) goto done;
    made.root = json_loadb(made.text, made.length, JSON_REJECT_DUPLICATES, &syntax);
    if (made.root == NULL) {
        status = ps_fail(err, PS_FORMAT, "%s:%d:%d: %s", path, syntax.line, syntax.column, syntax.text);
        goto done;
    }
    if (!json_is_object(made.root)) {
        status = ps_toy_json_fail(&made, NULL, NULL, 0, err, "expected an object {…} at the top");
        goto done;
    }
    *document = made;
    made = (ps_toy_json){0};
done:
    ps_toy_json_clear(&made);
    return status;
}

void ps_toy_json_clear(ps_toy_json *document) {
    json_decref(document->root);
    ps_free(document->text);
    ps_free(document->name);
    *document = (ps_toy_json){0};
}

/* ---- Where a value stands ------------------------------------------------ */

static const char *skip_space(const char *at) {
    return at + strspn(at, " \t\r\n");
}

static const char *skip_string(const char *at) {
    for (at++; *at != '"'; at++)
        if (*at == '\\') at++;
    return at + 1;
}

/* The looked-for member, and where it was found. */
typedef struct search {
    const json_t *parent;
    const char *key;
    size_t index;
    const char *found;
} search;

static const char *walk(const char *at, const json_t *value, search *s);

static const char *walk_object(const char *at, const json_t *object, search *s) {
    json_t *mutable = (json_t *)object; /* jansson's iterators want it so; nothing is changed */
    if (object == s->parent && s->key == NULL) {
        s->found = at;
        return at;
    }
    at = skip_space(at + 1);
    for (void *i = json_object_iter(mutable); i != NULL; i = json_object_iter_next(mutable, i)) {
        if (*at == ',') at = skip_space(at + 1);
        at = skip_space(skip_space(skip_string(at)) + 1); /* "key" : */
        if (object == s->parent && strcmp(json_object_iter_key(i), s->key) == 0) s->found = at;
        if (s->found != NULL) return at;
        at = skip_space(walk(at, json_object_iter_value(i), s));
        if (s->found != NULL) return at;
    }
    return at + 1;
}

static const char *walk_array(const char *at, const json_t *array, search *s) {
    at = skip_space(at + 1);
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (*at == ',') at = skip_space(at + 1);
        if (array == s->parent && i == s->index) s->found = at;
        if (s->found != NULL) return at;
        at = skip_space(walk(at, json_array_get(array, i), s));
        if (s->found != NULL) return at;
    }
    return at + 1;
}

/* From the first character of a value to the one after it, or to what was looked for. */
static const char *walk(const char *at, const json_t *value, search *s) {
    if (json_is_object(value)) return walk_object(at, value, s);
    if (json_is_array(value)) return walk_array(at, value, s);
    if (json_is_string(value)) return skip_string(at);
    return at + strcspn(at, ",]} \t\r\n"); /* number, true, false, null */
}

static int line_of(const ps_toy_json *document, const json_t *parent, const char *key, size_t index) {
    search s = {parent, key, index, NULL};
    const char *start = skip_space(document->text);
    if (parent != NULL) walk(start, document->root, &s);
    const char *found = s.found != NULL ? s.found : start;
    int line = 1;
    for (const char *at = document->text; at < found; at++)
        line += *at == '\n';
    return line;
}

ps_status ps_toy_json_fail(const ps_toy_json *document, const json_t *parent, const char *key, size_t index,
                           ps_error *err, const char *format, ...) {
    char message[768];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return ps_fail(err, PS_FORMAT, "%s:%d: %s", document->name, line_of(document, parent, key, index), message);
}

/* ---- What tables have in common ------------------------------------------ */

ps_status ps_toy_json_keys(const ps_toy_json *document, const json_t *object, const char *const *names, size_t n,
                           ps_error *err) {
    json_t *mutable = (json_t *)object;
    for (void *i = json_object_iter(mutable); i != NULL; i = json_object_iter_next(mutable, i)) {
        const char *key = json_object_iter_key(i);
        bool known = false;
        for (size_t k = 0; k < n && !known; k++)
            known = strcmp(key, names[k]) == 0;
        if (known) continue;
        const char *nearest = ps_nearest_name(key, names, n);
        return ps_toy_json_fail(document, object, key, 0, err, "unknown key \"%s\"%s%s%s", key,
                                nearest != NULL ? "; did you mean \"" : "", nearest != NULL ? nearest : "",
                                nearest != NULL ? "\"?" : "");
    }
    return PS_OK;
}

/* "a/b" with positive integers; false for anything else. */
static bool fraction(const char *text, double *p) {
    uint64_t above, below;
    const char *bar = strchr(text, '/');
    if (bar == NULL || !ps_parse_count(text, (size_t)(bar - text), 10, UINT64_MAX, &above) ||
        !ps_parse_count(bar + 1, strlen(bar + 1), 10, UINT64_MAX, &below) || below == 0)
        return false;
    *p = (double)above / (double)below;
    return true;
}

ps_status ps_toy_json_probability(const ps_toy_json *document, const json_t *parent, const char *key, double *p,
                                  ps_error *err) {
    const json_t *value = json_object_get(parent, key);
    double given = NAN;
    if (json_is_number(value)) given = json_number_value(value);
    if (json_is_string(value)) fraction(json_string_value(value), &given);
    if (!(given >= 0 && given <= 1))
        return ps_toy_json_fail(document, parent, key, 0, err,
                                "\"%s\" is not a probability: expected a number from 0 to 1 or a fraction like \"1/3\"",
                                key);
    *p = given;
    return PS_OK;
}
