/* Trials as CSV and JSON, for people and for other programs. */
#include "base/json.h"
#include "persamp/tune.h"

#include <math.h>
#include <string.h>

/* ---- JSON ---------------------------------------------------------------- */

static json_t *trial_json(const ps_trials *trials, const ps_trial *t) {
    json_t *values = json_array(), *params = json_object(), *attributes = json_loads(t->attributes, 0, NULL);
    for (size_t k = 0; k < trials->n_objectives; k++)
        json_array_append_new(values, ps_json_number(t->values[k]));
    for (size_t i = 0; i < t->n_params; i++)
        json_object_set_new(params, t->params[i].name, ps_json_text(t->params[i].value));
    return json_pack("{s:I,s:s,s:o,s:o,s:[f,f],s:o,s:o,s:o}", "number", (json_int_t)t->number, "state",
                     ps_trial_state_name(t->state), "values", values, "params", params, "interval_95", t->low, t->high,
                     "started", ps_json_text(t->started), "completed", ps_json_text(t->completed), "attributes",
                     attributes != NULL ? attributes : json_object());
}

ps_status ps_trials_json(const ps_trials *trials, ps_text *text, ps_error *err) {
    json_t *root = json_array();
    for (size_t i = 0; i < trials->n; i++)
        if (json_array_append_new(root, trial_json(trials, &trials->trials[i])) != 0) {
            json_decref(root);
            return ps_nomem(err);
        }
    return ps_json_dump(root, JSON_INDENT(2) | JSON_REAL_PRECISION(12), text, err);
}

/* ---- CSV ----------------------------------------------------------------- */

/* RFC 4180: in quotes where it has to be, a quote doubled. What a spreadsheet would take for a formula gets a quote of
 * its own before it. */
static void put_cell(ps_text *text, const char *value) {
    bool quoted = strpbrk(value, ",\"\r\n") != NULL;
    bool formula = *value != '\0' && strchr("=+@", *value) != NULL;
    if (quoted) ps_text_puts(text, "\"");
    if (formula) ps_text_puts(text, "'");
    for (const char *c = value; *c != '\0'; c++)
        ps_text_append(text, *c == '"' ? "\"\"" : c, *c == '"' ? 2 : 1);
    ps_text_puts(text, quoted ? "\"" : "");
}

/* Each cell but the first of a line comes after a comma. */
static void put_number(ps_text *text, double x) {
    ps_text_puts(text, ",");
    if (!isnan(x)) ps_text_printf(text, "%.12g", x);
}

/* All keys that a trial has, as the first such trial names them. */
static ps_status find_names(const ps_trials *trials, const char ***names, size_t *n, ps_error *err) {
    size_t capacity = 0;
    for (size_t i = 0; i < trials->n; i++)
        for (size_t k = 0; k < trials->trials[i].n_params; k++) {
            size_t d = 0;
            while (d < *n && strcmp((*names)[d], trials->trials[i].params[k].name) != 0)
                d++;
            if (d < *n) continue;
            if (ps_reserve(names, &capacity, *n + 1) != PS_OK) return ps_nomem(err);
            (*names)[(*n)++] = trials->trials[i].params[k].name;
        }
    return PS_OK;
}

static const char *value_of(const ps_trial *t, const char *name) {
    for (size_t i = 0; i < t->n_params; i++)
        if (strcmp(t->params[i].name, name) == 0) return t->params[i].value;
    return "";
}

static void put_row(const ps_trials *trials, const ps_trial *t, const char *const *names, size_t n, ps_text *text) {
    ps_text_printf(text, "%zu,%s", t->number, ps_trial_state_name(t->state));
    for (size_t k = 0; k < trials->n_objectives; k++)
        put_number(text, t->values[k]);
    put_number(text, t->done > 0 ? t->low : NAN);
    put_number(text, t->done > 0 ? t->high : NAN);
    ps_text_printf(text, ",%zu,%zu", t->done, t->correct);
    put_number(text, t->mean_tokens);
    for (size_t d = 0; d < n; d++) {
        ps_text_puts(text, ",");
        put_cell(text, value_of(t, names[d]));
    }
    ps_text_puts(text, "\n");
}

ps_status ps_trials_csv(const ps_trials *trials, ps_text *text, ps_error *err) {
    const char **names = NULL;
    size_t n = 0;
    ps_status status = find_names(trials, &names, &n, err);
    ps_text_puts(text, "number,state");
    for (size_t k = 0; k < trials->n_objectives; k++) {
        ps_text_puts(text, ",");
        put_cell(text, trials->metric[k] != NULL ? trials->metric[k] : "value");
    }
    ps_text_puts(text, ",low,high,problems,correct,tokens_per_problem");
    for (size_t d = 0; d < n; d++) {
        ps_text_puts(text, ",");
        put_cell(text, names[d]);
    }
    ps_text_puts(text, "\n");
    for (size_t i = 0; i < trials->n && status == PS_OK; i++)
        put_row(trials, &trials->trials[i], names, n, text);
    ps_free(names);
    return status == PS_OK && !ps_text_ok(text) ? ps_nomem(err) : status;
}
