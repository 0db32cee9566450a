/* Trials as a table. */
#include "tune.h"

#include "cli.h"
#include "screen.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Order --------------------------------------------------------------- */

typedef struct ranked {
    size_t at;
    int rank; /* 0 on the front, 1 complete, 2 pruned, 3 anything else */
    double loss;
} ranked;

static int by_merit(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->rank != y->rank) return x->rank - y->rank;
    if (x->loss < y->loss || x->loss > y->loss) return x->loss < y->loss ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

static int rank_of(const ps_trials *trials, size_t i) {
    const ps_trial *t = &trials->trials[i];
    if (t->state == PS_TRIAL_COMPLETE) return trials->n_objectives > 1 && ps_trials_is_front(trials, i) ? 0 : 1;
    return t->state == PS_TRIAL_PRUNED ? 2 : 3;
}

size_t *ps_cli_order_trials(const ps_trials *trials) {
    ranked *all = ps_calloc(trials->n + 1, sizeof *all);
    size_t *order = ps_calloc(trials->n + 1, sizeof *order);
    if (all == NULL || order == NULL) {
        ps_free(all);
        ps_free(order);
        return NULL;
    }
    for (size_t i = 0; i < trials->n; i++) {
        double value = trials->trials[i].values[0];
        all[i] = (ranked){i, rank_of(trials, i), isnan(value) ? 0 : trials->maximise[0] ? -value : value};
    }
    qsort(all, trials->n, sizeof *all, by_merit);
    for (size_t i = 0; i < trials->n; i++)
        order[i] = all[i].at;
    ps_free(all);
    return order;
}

/* ---- The table ----------------------------------------------------------- */

enum { MOST_KEYS = 12 };

/* The keys of the first trial that has any: those of the space. */
static size_t find_keys(const ps_trials *trials, const char *keys[MOST_KEYS]) {
    for (size_t i = 0; i < trials->n; i++) {
        const ps_trial *t = &trials->trials[i];
        size_t n = 0;
        for (; n < t->n_params && n < MOST_KEYS; n++)
            keys[n] = t->params[n].name;
        if (n > 0) return n;
    }
    return 0;
}

/* "scoring.params.tau" as "tau". */
static const char *last_word(const char *key) {
    const char *dot = strrchr(key, '.');
    return dot != NULL ? dot + 1 : key;
}

static void add_row(ps_cli_table *table, const ps_trials *trials, const ps_trial *t, const char *const *keys,
                    size_t n) {
    ps_cli_number(table, "%zu", t->number);
    for (size_t k = 0; k < trials->n_objectives; k++) {
        const char *metric = trials->metric[k];
        bool share = metric != NULL && strcmp(metric, "accuracy") == 0;
        if (isnan(t->values[k]))
            ps_cli_cell(table, "-");
        else
            ps_cli_number(table, share ? "%.1f%%" : "%.4g", share ? 100 * t->values[k] : t->values[k]);
    }
    if (t->done > 0)
        ps_cli_number(table, "%.1f - %.1f%%", 100 * t->low, 100 * t->high);
    else
        ps_cli_cell(table, "-");
    ps_cli_number(table, "%zu", t->done);
    if (isnan(t->mean_tokens))
        ps_cli_cell(table, "-");
    else
        ps_cli_number(table, "%.0f", t->mean_tokens);
    for (size_t d = 0; d < n; d++) {
        const char *value = "-";
        for (size_t k = 0; k < t->n_params; k++)
            if (strcmp(t->params[k].name, keys[d]) == 0) value = t->params[k].value;
        ps_cli_cell(table, value);
    }
    bool front = trials->n_objectives > 1 && ps_trials_is_front(trials, (size_t)(t - trials->trials));
    const char *state = ps_trial_state_name(t->state);
    ps_cli_cell(table, front                           ? "front"
                       : t->state == PS_TRIAL_COMPLETE ? ""
                       : t->state == PS_TRIAL_PRUNED   ? "pruned"
                                                       : state);
}

static void fill_table(ps_cli_table *table, const ps_trials *trials, size_t most, bool over) {
    const char *keys[MOST_KEYS], *headings[MOST_KEYS + PS_OBJECTIVES + 5];
    size_t n = find_keys(trials, keys), columns = 0, rows = 0, *order = ps_cli_order_trials(trials);
    headings[columns++] = "trial";
    for (size_t k = 0; k < trials->n_objectives; k++)
        headings[columns++] = trials->metric[k] != NULL ? trials->metric[k] : "value";
    headings[columns++] = "95% interval";
    headings[columns++] = "problems";
    headings[columns++] = "tokens";
    for (size_t d = 0; d < n; d++)
        headings[columns++] = last_word(keys[d]);
    headings[columns++] = "";
    ps_cli_table_begin(table, columns, headings);
    for (size_t i = 0; order != NULL && i < trials->n && rows < most; i++) {
        const ps_trial *t = &trials->trials[order[i]];
        if (over && t->state != PS_TRIAL_COMPLETE && t->state != PS_TRIAL_PRUNED) continue;
        add_row(table, trials, t, keys, n);
        rows++;
    }
    ps_free(order);
}

void ps_cli_print_trials(const ps_trials *trials, size_t most) {
    ps_cli_table table;
    fill_table(&table, trials, most, false);
    ps_cli_table_print(&table);
    if (trials->n > most) ps_cli_note("and %zu more; `persamp study show` has all", trials->n - most);
}

size_t ps_cli_draw_trials(FILE *out, const ps_trials *trials, size_t most, size_t lines) {
    ps_cli_table table;
    fill_table(&table, trials, most, true);
    return ps_cli_table_draw(out, &table, lines);
}

void ps_cli_print_importance(const ps_importances *importance) {
    if (importance->n == 0) return;
    double rest = 1;
    ps_text text = {0};
    for (size_t i = 0; i < importance->n; i++) {
        ps_text_printf(&text, "%s %s %.1f%%", i > 0 ? "," : "", importance->items[i].name,
                       100 * importance->items[i].share);
        rest -= importance->items[i].share;
    }
    if (importance->exact && rest > 0.0005) ps_text_printf(&text, ", how they act together %.1f%%", 100 * rest);
    ps_cli_note("%s%s",
                importance->exact ? "what decided, as shares of the variance over the grid:"
                                  : "what decided (PED-ANOVA):",
                ps_text_cstr(&text));
    ps_text_clear(&text);
}
