/* How an answer is drawn and shown, and what is refused. */
#include "serve/fields.h"

#include <math.h>
#include <string.h>

const char *ps_api_copy(ps_api_parser *p, const json_t *string) {
    const char *copy = ps_arena_strndup(p->out->arena, json_string_value(string), json_string_length(string));
    return copy != NULL ? copy : "";
}

static bool expected(ps_api_parser *p, const char *what) {
    return ps_api_refuse(p->err, 400, p->field, NULL, "%s: expected %s", p->field, what);
}

static bool cannot(ps_api_parser *p, const char *what) {
    return ps_api_refuse(p->err, 400, p->field, "unsupported_parameter", "%s: %s; leave it out", p->field, what);
}

/* ---- How the answer is drawn --------------------------------------------- */

bool ps_take_model(ps_api_parser *p, const json_t *value) {
    if (!json_is_string(value)) return expected(p, "a name");
    p->out->model = ps_api_copy(p, value);
    return true;
}

/* Both names mean the same: frameworks rewrite one into the other. */
bool ps_take_max_tokens(ps_api_parser *p, const json_t *value) {
    if (!json_is_integer(value) || json_integer_value(value) < 1) return expected(p, "a whole number of at least 1");
    p->out->max_tokens = (uint64_t)json_integer_value(value);
    return true;
}

bool ps_take_n(ps_api_parser *p, const json_t *value) {
    enum { MOST_CHOICES = 128 };
    json_int_t n = json_integer_value(value);
    if (!json_is_integer(value) || n < 1 || n > MOST_CHOICES) return expected(p, "a whole number from 1 to 128");
    p->out->n = (size_t)n;
    return true;
}

/* All that the API takes, 64 bits with a sign; of a negative one the highest bit is dropped, so each still gives the
 * same tokens every time. And the digits of a number, as answers name it: JavaScript's numbers keep 53 bits. */
bool ps_take_seed(ps_api_parser *p, const json_t *value) {
    const char *digits = json_is_string(value) ? json_string_value(value) : NULL;
    if (json_is_integer(value))
        p->out->seed = (uint64_t)json_integer_value(value) & INT64_MAX;
    else if (digits == NULL || !ps_parse_count(digits, strlen(digits), 10, INT64_MAX, &p->out->seed))
        return expected(p, "a whole number of 64 bits, or the digits of one as a text");
    p->out->has_seed = true;
    return true;
}

static bool take_real(ps_api_parser *p, const json_t *value, double most, const char *range, double *out) {
    double x = json_number_value(value);
    if (!json_is_number(value) || !(x >= 0 && x <= most)) return expected(p, range);
    *out = x;
    return true;
}

bool ps_take_temperature(ps_api_parser *p, const json_t *value) {
    return take_real(p, value, 2, "a number from 0 to 2", &p->out->temperature);
}

/* 0 leaves the most probable token, as the smallest nucleus does. */
bool ps_take_top_p(ps_api_parser *p, const json_t *value) {
    if (!take_real(p, value, 1, "a number from 0 to 1", &p->out->top_p)) return false;
    p->out->top_p = fmax(p->out->top_p, 1e-9);
    return true;
}

bool ps_take_stop(ps_api_parser *p, const json_t *value) {
    enum { MOST_STOPS = 16 };
    static const char what[] = "a text, or a list of at most 16 texts, none of them empty";
    size_t n = json_is_array(value) ? json_array_size(value) : 1;
    if (n > MOST_STOPS) return expected(p, what);
    const char **stops = ps_arena_calloc(p->out->arena, n, sizeof *stops);
    for (size_t i = 0; i < n && stops != NULL; i++) {
        const json_t *one = json_is_array(value) ? json_array_get(value, i) : value;
        if (!json_is_string(one) || json_string_length(one) == 0) return expected(p, what);
        stops[i] = ps_api_copy(p, one);
    }
    p->out->stops = stops;
    p->out->n_stops = n;
    return true;
}

bool ps_take_effort(ps_api_parser *p, const json_t *value) {
    static const struct {
        const char *name;
        ps_effort effort;
    } names[] = {{"none", PS_EFFORT_NONE},     {"minimal", PS_EFFORT_LOW}, {"low", PS_EFFORT_LOW},
                 {"medium", PS_EFFORT_MEDIUM}, {"high", PS_EFFORT_HIGH},   {"xhigh", PS_EFFORT_HIGH}};
    for (size_t i = 0; json_is_string(value) && i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].name, json_string_value(value)) == 0) {
            p->out->effort = names[i].effort;
            return true;
        }
    return expected(p, "none, minimal, low, medium, high or xhigh");
}

bool ps_take_best_of(ps_api_parser *p, const json_t *value) {
    if (json_is_integer(value) && json_integer_value(value) == 1) return true;
    return cannot(p, "a search is asked for by persamp.budget");
}

/* ---- How it is shown ----------------------------------------------------- */

bool ps_take_stream(ps_api_parser *p, const json_t *value) {
    if (!json_is_boolean(value)) return expected(p, "true or false");
    p->out->stream = json_is_true(value);
    return true;
}

bool ps_take_stream_options(ps_api_parser *p, const json_t *value) {
    const json_t *usage = json_object_get(value, "include_usage");
    if (!json_is_object(value)) return expected(p, "an object");
    p->out->usage = json_is_true(usage);
    return usage == NULL || json_is_null(usage) || json_is_boolean(usage) ? true
                                                                          : expected(p, "include_usage: true or false");
}

/* ---- What is refused ----------------------------------------------------- */

bool ps_refuse_filled(ps_api_parser *p, const json_t *value) {
    bool empty = (json_is_array(value) && json_array_size(value) == 0) ||
                 (json_is_object(value) && json_object_size(value) == 0) ||
                 (json_is_string(value) && json_string_length(value) == 0);
    return empty ? true : cannot(p, "this server cannot do that");
}

bool ps_refuse_true(ps_api_parser *p, const json_t *value) {
    return json_is_false(value) ? true : cannot(p, "this server cannot do that");
}

bool ps_refuse_number(ps_api_parser *p, const json_t *value) {
    return json_is_number(value) && json_number_value(value) == 0 ? true
                                                                  : cannot(p, "this server knows no value but 0");
}

bool ps_refuse_any_number(ps_api_parser *p, const json_t *value) {
    return json_is_false(value) ? true : cannot(p, "this server gives no log-probabilities");
}

/* Without tools there is nothing to choose: auto is none. */
bool ps_take_tool_choice(ps_api_parser *p, const json_t *value) {
    const char *name = json_is_string(value) ? json_string_value(value) : "";
    return strcmp(name, "none") == 0 || strcmp(name, "auto") == 0 ? true : cannot(p, "this server calls no tools");
}

bool ps_take_response_format(ps_api_parser *p, const json_t *value) {
    const json_t *type = json_object_get(value, "type");
    bool text = json_is_string(type) && strcmp(json_string_value(type), "text") == 0;
    return text ? true : cannot(p, "this server writes text only");
}

bool ps_take_modalities(ps_api_parser *p, const json_t *value) {
    bool text = json_is_array(value);
    for (size_t i = 0; text && i < json_array_size(value); i++) {
        const json_t *one = json_array_get(value, i);
        text = json_is_string(one) && strcmp(json_string_value(one), "text") == 0;
    }
    return text ? true : cannot(p, "this server writes text only");
}
