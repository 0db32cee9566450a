#include "tune/space.h"
#include "base/json.h"
#include "tune/trial.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- What may be tuned --------------------------------------------------- */

static bool begins(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

/* Models are opened once for all trials, and all are judged alike on the same problems. */
static const char *why_not(const ps_config_key *key) {
    static const char *const once[] = {"models.", "engine.", "scoring.prm.", "system."};
    if (!key->changes_results) return "it changes no result";
    if (begins(key->name, "evaluation.")) return "all trials are judged alike, on the same problems";
    if (begins(key->name, "smoke_test.")) return "it is of the smoke test";
    if (strcmp(key->name, "scoring.prm.gamma") == 0 || strcmp(key->name, "scoring.prm.transform") == 0) return NULL;
    for (size_t i = 0; i < sizeof once / sizeof *once; i++)
        if (begins(key->name, once[i]))
            return "models are opened once for all trials, which share their random numbers";
    return NULL;
}

/* ---- Distributions ------------------------------------------------------- */

/* A value of the configuration as one of Optuna's choices: a number, true, false or null where it is one to the key,
 * else its text. */
static json_t *choice_json(const ps_config_key *key, const char *text) {
    double x;
    bool whole = strstr(key->type, "integer") != NULL, number = whole || strstr(key->type, "number") != NULL;
    if (strcmp(key->type, "bool") == 0) return json_boolean(strcmp(text, "true") == 0);
    if (strcmp(text, "null") == 0) return json_null();
    if (!number || !ps_parse_real(text, strlen(text), &x)) return ps_json_text(text);
    return whole ? json_integer((json_int_t)x) : json_real(x);
}

static ps_status put_distribution(const ps_config_key *key, ps_dim *dim, ps_arena *arena, ps_error *err) {
    static const char *const names[] = {"CategoricalDistribution", "FloatDistribution", "IntDistribution"};
    json_t *attributes = json_object();
    ps_text text = {0};
    if (dim->kind == PS_DIM_CHOICES) {
        json_t *choices = json_array();
        for (size_t i = 0; i < dim->n_choices; i++)
            json_array_append_new(choices, choice_json(key, dim->choices[i]));
        json_object_set_new(attributes, "choices", choices);
    } else {
        bool whole = dim->kind == PS_DIM_INTEGER;
        json_object_set_new(attributes, "log", json_boolean(dim->log));
        json_object_set_new(attributes, "step",
                            dim->step == 0 ? json_null()
                            : whole        ? json_integer((json_int_t)dim->step)
                                           : json_real(dim->step));
        json_object_set_new(attributes, "low", whole ? json_integer((json_int_t)dim->low) : json_real(dim->low));
        json_object_set_new(attributes, "high", whole ? json_integer((json_int_t)dim->high) : json_real(dim->high));
    }
    ps_status status =
        ps_json_dump(json_pack("{s:s,s:o}", "name", names[dim->kind], "attributes", attributes), 0, &text, err);
    if (status == PS_OK) dim->distribution = ps_arena_strndup(arena, text.data, text.length);
    ps_text_clear(&text);
    return status == PS_OK && dim->distribution == NULL ? ps_nomem(err) : status;
}

/* ---- The space ----------------------------------------------------------- */

/* A number of steps from the low end, as people write it: 1.4, and not 1.4000000000000001. */
static double step_point(const ps_dim *dim, double i) {
    char digits[40];
    double x = dim->low + i * dim->step, shorter;
    snprintf(digits, sizeof digits, "%.12g", x);
    return ps_parse_real(digits, strlen(digits), &shorter) ? shorter : x;
}

static ps_status make_choices(const ps_config_list *values, ps_dim *dim, ps_arena *arena, ps_error *err) {
    const char **choices = ps_arena_calloc(arena, values->n, sizeof *choices);
    for (size_t i = 0; i < values->n && choices != NULL; i++)
        choices[i] = ps_arena_strndup(arena, values->items[i], strlen(values->items[i]));
    if (!ps_arena_ok(arena)) return ps_nomem(err);
    dim->kind = PS_DIM_CHOICES;
    dim->choices = choices;
    dim->n_choices = values->n;
    return PS_OK;
}

static ps_status make_dim(const ps_config_space *keys, size_t i, ps_dim *dim, ps_arena *arena, ps_error *err) {
    const ps_config_key *key = ps_config_find_key(keys->keys[i]);
    const ps_config_range *range = &keys->ranges[i];
    const char *why = why_not(key);
    ps_status status = PS_OK;
    if (why != NULL)
        return ps_fail(err, PS_FORMAT,
                       "tuning.search_space: %s may not be tuned: %s; set it once, outside of the space", key->name,
                       why);
    dim->name = key->name;
    if (keys->values[i].n > 0) {
        status = make_choices(&keys->values[i], dim, arena, err);
    } else {
        dim->kind = strstr(key->type, "integer") != NULL ? PS_DIM_INTEGER : PS_DIM_REAL;
        dim->low = range->min;
        dim->high = range->max;
        dim->step = range->step;
        dim->log = range->log;
        /* Optuna wants a high end that steps reach. */
        if (dim->step > 0) dim->high = step_point(dim, floor((dim->high - dim->low) / dim->step + 1e-8));
    }
    return status == PS_OK ? put_distribution(key, dim, arena, err) : status;
}

ps_status ps_space_create(const ps_config *config, ps_space **out, ps_error *err) {
    const ps_config_space *keys = &config->tuning_search_space;
    if (keys->n == 0)
        return ps_fail(err, PS_FORMAT,
                       "tuning.search_space is empty: name the keys to tune, for example "
                       "--tuning.search_space='{scoring.params.tau: [0.5, 1, 2]}'");
    ps_space *space = ps_calloc(1, sizeof *space);
    if (space == NULL) return ps_nomem(err);
    space->arena = ps_arena_create();
    space->dims = space->arena != NULL ? ps_arena_calloc(space->arena, keys->n, sizeof *space->dims) : NULL;
    ps_status status = space->dims != NULL ? PS_OK : ps_nomem(err);
    for (size_t i = 0; i < keys->n && status == PS_OK; i++)
        status = make_dim(keys, i, &space->dims[space->n++], space->arena, err);
    if (status == PS_OK)
        *out = space;
    else
        ps_space_free(space);
    return status;
}

void ps_space_free(ps_space *space) {
    if (space == NULL) return;
    ps_arena_free(space->arena);
    ps_free(space);
}

/* ---- Points -------------------------------------------------------------- */

size_t ps_dim_points(const ps_dim *dim) {
    if (dim->kind == PS_DIM_CHOICES) return dim->n_choices;
    double n = dim->step > 0 ? round((dim->high - dim->low) / dim->step) + 1 : 0;
    return n < 1e15 ? (size_t)n : 0;
}

size_t ps_space_points(const ps_space *space) {
    size_t points = 1;
    for (size_t d = 0; d < space->n; d++) {
        size_t n = ps_dim_points(&space->dims[d]);
        if (n == 0 || points > (SIZE_MAX >> 1) / n) return 0;
        points *= n;
    }
    return points;
}

double ps_dim_point(const ps_dim *dim, size_t i) {
    return dim->kind == PS_DIM_CHOICES ? (double)i : step_point(dim, (double)i);
}

void ps_space_point(const ps_space *space, size_t i, double *x) {
    for (size_t d = space->n; d-- > 0;) {
        const size_t points = ps_dim_points(&space->dims[d]),
                     n = points > 0 ? points : 1; /* of a finite one: never 0 */
        x[d] = ps_dim_point(&space->dims[d], i % n);
        i /= n;
    }
}

double ps_dim_round(const ps_dim *dim, double x) {
    double low = dim->kind == PS_DIM_CHOICES ? 0 : dim->low;
    double high = dim->kind == PS_DIM_CHOICES ? (double)dim->n_choices - 1 : dim->high;
    if (dim->kind == PS_DIM_CHOICES)
        x = nearbyint(x);
    else if (dim->step > 0)
        x = step_point(dim, nearbyint((x - low) / dim->step));
    return x < low ? low : x > high ? high : x;
}

/* ---- Values -------------------------------------------------------------- */

void ps_dim_put(const ps_dim *dim, double x, ps_text *text) {
    if (dim->kind == PS_DIM_CHOICES)
        ps_text_puts(text, dim->choices[(size_t)x]);
    else
        ps_trial_put_number(text, dim->kind == PS_DIM_INTEGER ? nearbyint(x) : x);
}

bool ps_dim_find(const ps_dim *dim, const json_t *value, double *x) {
    if (dim->kind != PS_DIM_CHOICES) {
        if (!json_is_number(value)) return false;
        *x = json_number_value(value);
        double nearest = ps_dim_round(dim, *x);
        return *x >= dim->low && *x <= dim->high && fabs(nearest - *x) <= 1e-9 * fmax(1, fabs(*x));
    }
    json_t *root = json_loads(dim->distribution, 0, NULL);
    const json_t *choices = json_object_get(json_object_get(root, "attributes"), "choices");
    bool found = false;
    for (size_t i = 0; i < dim->n_choices && !found; i++) {
        const json_t *choice = json_array_get(choices, i);
        found = json_is_number(choice) && json_is_number(value) ? json_number_value(choice) == json_number_value(value)
                                                                : json_equal(choice, value);
        *x = (double)i;
    }
    json_decref(root);
    return found;
}

ps_status ps_space_config(const ps_space *space, const ps_config *base, const double *x, size_t trial, ps_config **out,
                          ps_error *err) {
    ps_config *config = NULL;
    char origin[40];
    snprintf(origin, sizeof origin, "trial %zu", trial);
    ps_status status = ps_config_copy(base, &config, err);
    for (size_t d = 0; d < space->n && status == PS_OK; d++) {
        ps_text value = {0};
        ps_dim_put(&space->dims[d], x[d], &value);
        status = ps_text_ok(&value) ? ps_config_set(config, space->dims[d].name, ps_text_cstr(&value), origin, err)
                                    : ps_nomem(err);
        ps_text_clear(&value);
    }
    if (status == PS_OK) status = ps_config_check(config, NULL, err);
    if (status == PS_OK)
        *out = config;
    else
        ps_config_free(config);
    return status;
}
