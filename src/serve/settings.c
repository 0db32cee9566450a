/* The object persamp of a request: keys of the configuration that it sets for itself, a budget, a wish for events. */
#include "persamp/config.h"
#include "serve/fields.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST_NAME = 96, LONGEST_VALUE = 64, DEEPEST = 4, MOST_SETTINGS = 64 };

static bool refuse(ps_api_parser *p, const char *name, const char *why) {
    char param[LONGEST_NAME + 16];
    snprintf(param, sizeof param, "persamp.%s", name);
    return ps_api_refuse(p->err, 400, param, NULL, "%s: %s", param, why);
}

/* What somebody who wrote `name` may have meant. */
static const char *nearest(const char *name) {
    enum { MOST = 256 };
    const char *names[MOST] = {"budget", "events", "picture"};
    size_t n, known = 3;
    const ps_config_key *keys = ps_config_keys(&n);
    for (size_t i = 0; i < n && known < MOST; i++)
        if (keys[i].per_request) names[known++] = keys[i].name;
    return ps_nearest_name(name, names, known);
}

static bool refuse_unknown(ps_api_parser *p, const char *name) {
    char why[2 * LONGEST_NAME];
    const char *near = nearest(name);
    snprintf(why, sizeof why, "unknown%s%s%s", near != NULL ? "; did you mean " : "", near != NULL ? near : "",
             near != NULL ? "?" : "");
    return refuse(p, name, why);
}

/* A value as the configuration reads it: a number, true or false, a word. */
static const char *text_of(ps_api_parser *p, const json_t *value) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+-";
    char text[LONGEST_VALUE];
    if (json_is_boolean(value)) return json_is_true(value) ? "true" : "false";
    if (json_is_integer(value))
        snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        snprintf(text, sizeof text, "%.17g", json_real_value(value));
    else if (json_is_string(value) && json_string_length(value) < LONGEST_VALUE && json_string_length(value) > 0 &&
             strspn(json_string_value(value), plain) == json_string_length(value))
        snprintf(text, sizeof text, "%s", json_string_value(value));
    else
        return NULL;
    const char *copy = ps_arena_strndup(p->out->arena, text, strlen(text));
    return copy != NULL ? copy : "";
}

static bool add_setting(ps_api_parser *p, const char *name, const json_t *value) {
    ps_api_request *r = p->out;
    const ps_config_key *key = ps_config_find_key(name);
    if (key == NULL) return refuse_unknown(p, name);
    if (!key->per_request) return refuse(p, name, "belongs to whoever runs the server; a request cannot set it");
    const char *text = text_of(p, value);
    if (text == NULL) return refuse(p, name, "expected a number, true, false or a word");
    if (r->n_settings == MOST_SETTINGS) return refuse(p, name, "too many settings; at most 64 are read");
    ps_api_setting *settings = (ps_api_setting *)r->settings;
    if (settings == NULL) settings = ps_arena_calloc(r->arena, MOST_SETTINGS, sizeof *settings);
    if (settings == NULL) return true; /* the arena remembers */
    settings[r->n_settings++] = (ps_api_setting){key->name, text};
    r->settings = settings;
    return true;
}

/* "8x": mean answers; 2000: tokens. */
static bool take_budget(ps_api_parser *p, const json_t *value) {
    static const char what[] = "expected a number of tokens such as 2000, or of mean answers such as \"8x\"";
    const char *text = json_is_string(value) ? json_string_value(value) : "";
    size_t length = strlen(text);
    if (json_is_integer(value) && json_integer_value(value) > 0) {
        p->out->budget_tokens = (uint64_t)json_integer_value(value);
        return true;
    }
    if (length < 2 || text[length - 1] != 'x' || !ps_parse_real(text, length - 1, &p->out->budget_answers) ||
        !(p->out->budget_answers > 0 && isfinite(p->out->budget_answers)))
        return refuse(p, "budget", what);
    return true;
}

static bool take_member(ps_api_parser *p, const char *name, const json_t *value) {
    if (strcmp(name, "budget") == 0) return take_budget(p, value);
    bool events = strcmp(name, "events") == 0, picture = strcmp(name, "picture") == 0;
    if (!events && !picture) return add_setting(p, name, value);
    *(events ? &p->out->events : &p->out->picture) = json_is_true(value);
    return json_is_boolean(value) ? true : refuse(p, name, "expected true or false");
}

/* Nested names and dotted ones mean the same: {"ps": {"mode": "steps"}}, {"ps.mode": "steps"}. */
static bool take_object(ps_api_parser *p, const char *prefix, const json_t *object, int depth) {
    const char *key;
    json_t *value;
    char name[LONGEST_NAME];
    json_object_foreach((json_t *)object, key, value) {
        int length = snprintf(name, sizeof name, "%s%s%s", prefix, *prefix != '\0' ? "." : "", key);
        if (length < 0 || (size_t)length >= sizeof name || *key == '\0') {
            name[ps_utf8_cut(name, strlen(name), 32)] = '\0';
            return refuse(p, name, "no setting has such a name");
        }
        if (json_is_null(value)) continue;
        bool ok = json_is_object(value) && depth < DEEPEST ? take_object(p, name, value, depth + 1)
                                                           : take_member(p, name, value);
        if (!ok) return false;
    }
    return true;
}

bool ps_take_persamp(ps_api_parser *p, const json_t *value) {
    if (!json_is_object(value)) return ps_api_refuse(p->err, 400, "persamp", NULL, "persamp: expected an object");
    return take_object(p, "", value, 1);
}
