#include "tune/trial.h"
#include "base/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *ps_trial_state_name(ps_trial_state state) {
    static const char *const names[] = {"RUNNING", "COMPLETE", "PRUNED", "FAIL", "WAITING"};
    return names[state];
}

void ps_trial_put_number(ps_text *text, double x) {
    char digits[40];
    for (int precision = 15; precision <= 17; precision++) {
        double back;
        snprintf(digits, sizeof digits, "%.*g", precision, x);
        if (!ps_parse_real(digits, strlen(digits), &back) || back == x) break;
    }
    ps_text_puts(text, digits);
}

/* A choice as text that ps_config_set takes. */
static void put_choice(ps_text *text, const json_t *choice) {
    if (json_is_string(choice))
        ps_text_puts(text, json_string_value(choice));
    else if (json_is_integer(choice))
        ps_text_printf(text, "%" JSON_INTEGER_FORMAT, json_integer_value(choice));
    else if (json_is_real(choice))
        ps_trial_put_number(text, json_real_value(choice));
    else
        ps_text_puts(text, json_is_true(choice) ? "true" : json_is_false(choice) ? "false" : "null");
}

ps_status ps_trial_value_text(ps_trial_param *param, ps_arena *arena, ps_error *err) {
    ps_text text = {.arena = arena};
    json_t *root = json_loads(param->distribution, 0, NULL);
    const json_t *choices = json_object_get(json_object_get(root, "attributes"), "choices");
    const json_t *choice = param->internal >= 0 ? json_array_get(choices, (size_t)param->internal) : NULL;
    if (choice != NULL)
        put_choice(&text, choice);
    else
        ps_trial_put_number(&text, param->internal);
    param->value = ps_text_cstr(&text);
    json_decref(root);
    return ps_text_ok(&text) ? PS_OK : ps_nomem(err);
}

static size_t count_of(const json_t *attributes, const char *key) {
    json_int_t n = json_integer_value(json_object_get(attributes, key));
    return n > 0 ? (size_t)n : 0;
}

ps_status ps_trial_read_attributes(ps_trial *t, const json_t *attributes, ps_arena *arena, ps_error *err) {
    ps_text text = {0};
    const char *setting = json_string_value(json_object_get(attributes, PS_ATTRIBUTE_SETTING));
    t->setting = setting != NULL ? ps_arena_strndup(arena, setting, strlen(setting)) : NULL;
    t->done = count_of(attributes, "problems");
    t->correct = count_of(attributes, "correct");
    if (t->correct > t->done) t->done = t->correct = 0; /* somebody else's attributes of the same name */
    ps_wilson(t->correct, t->done, &t->low, &t->high);
    if (t->done > 0) t->mean_tokens = (double)count_of(attributes, "tokens") / (double)t->done;
    ps_status status = ps_json_dump(json_incref((json_t *)attributes), JSON_COMPACT | JSON_SORT_KEYS, &text, err);
    if (status == PS_OK) t->attributes = ps_arena_strndup(arena, text.data, text.length);
    ps_text_clear(&text);
    return status == PS_OK && t->attributes == NULL ? ps_nomem(err) : status;
}

/* ---- The best ------------------------------------------------------------ */

static bool better(const ps_trials *trials, size_t objective, double x, double y) {
    return trials->maximise[objective] ? x > y : x < y;
}

static bool is_complete(const ps_trial *t) {
    return t->state == PS_TRIAL_COMPLETE && !isnan(t->values[0]);
}

size_t ps_trials_best(const ps_trials *trials) {
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < trials->n; i++)
        if (is_complete(&trials->trials[i]) &&
            (best == SIZE_MAX || better(trials, 0, trials->trials[i].values[0], trials->trials[best].values[0])))
            best = i;
    return best;
}

static bool dominates(const ps_trials *trials, const ps_trial *a, const ps_trial *b) {
    bool once = false;
    for (size_t k = 0; k < trials->n_objectives; k++) {
        if (better(trials, k, b->values[k], a->values[k])) return false;
        once = once || better(trials, k, a->values[k], b->values[k]);
    }
    return once;
}

bool ps_trials_is_front(const ps_trials *trials, size_t i) {
    if (!is_complete(&trials->trials[i])) return false;
    for (size_t k = 0; k < trials->n; k++)
        if (is_complete(&trials->trials[k]) && dominates(trials, &trials->trials[k], &trials->trials[i])) return false;
    return true;
}
