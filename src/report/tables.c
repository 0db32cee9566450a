#include "report/tables.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MOST_ROWS = 60, MOST_ARMS = 12, MOST_TRIALS = 30 };

/* ---- Building ------------------------------------------------------------ */

static ps_report_table *begin(ps_report_tables *all, const char *id, const char *title) {
    ps_report_table *t = &all->tables[all->n];
    *t = (ps_report_table){.id = id, .title = title};
    return t;
}

/* A table without a row is none. */
static void end(ps_report_tables *all, ps_report_table *t, size_t columns) {
    t->columns = columns;
    if (columns > 0 && t->n_cells > columns) all->n++;
}

static void cell(ps_report_tables *all, ps_report_table *t, const char *format, ...) PS_PRINTF(3, 4);
static void cell(ps_report_tables *all, ps_report_table *t, const char *format, ...) {
    char shown[512];
    va_list args;
    va_start(args, format);
    ps_format(shown, sizeof shown, format, args);
    va_end(args);
    if (ps_arena_reserve(all->arena, &t->cells, &t->capacity, t->n_cells + 1) == PS_OK)
        t->cells[t->n_cells++] = ps_arena_strndup(all->arena, shown, strlen(shown));
}

static void number_cell(ps_report_tables *all, ps_report_table *t, const char *format, double x) {
    char shown[64];
    if (!isfinite(x)) {
        cell(all, t, "-");
        return;
    }
    snprintf(shown, sizeof shown, format, x);
    cell(all, t, "%s", shown);
}

static void share_cell(ps_report_tables *all, ps_report_table *t, size_t correct, size_t n) {
    double low, high;
    ps_wilson(correct, n, &low, &high);
    if (n == 0)
        cell(all, t, "-");
    else
        cell(all, t, "%.1f%% (%.1f to %.1f) of %zu", 100 * (double)correct / (double)n, 100 * low, 100 * high, n);
}

/* ---- What went wrong ----------------------------------------------------- */

static void make_faults(const ps_report *r, ps_report_tables *all) {
    ps_report_table *t = begin(all, "failures", "Problems that failed");
    cell(all, t, "runs");
    cell(all, t, "why");
    for (size_t i = 0; i < r->n_faults; i++) {
        if (r->faults[i].n == 0) continue; /* solved by a later try */
        cell(all, t, "%zu", r->faults[i].n);
        cell(all, t, "%s", r->faults[i].message);
    }
    t->note = "A problem that failed counts as wrong; the same command tries it again.";
    end(all, t, 2);
}

/* ---- Accuracy ------------------------------------------------------------ */

static double calibration_error(const ps_report_arm *a) {
    double sum = 0;
    for (int b = 0; b < 10; b++)
        sum += fabs(a->bins[b].confidence - (double)a->bins[b].correct);
    return a->n_confident > 0 ? sum / (double)a->n_confident : NAN;
}

static void make_accuracy(const ps_report *r, ps_report_tables *all) {
    static const char *const headings[] = {"method",  "correct", "95% interval", "right", "of",    "failed",
                                           "cut off", "tokens",  "seconds",      "ESS",   "Brier", "ECE"};
    ps_report_table *t = begin(all, "accuracy", "Accuracy and cost");
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++)
        cell(all, t, "%s", headings[i]);
    for (size_t i = 0; i < r->n_arms; i++) {
        const ps_report_arm *a = &r->arms[i];
        double low, high, n = (double)a->done;
        ps_wilson(a->correct, a->known, &low, &high);
        cell(all, t, "%s", a->label);
        number_cell(all, t, "%.1f%%", a->known > 0 ? 100 * (double)a->correct / (double)a->known : NAN);
        cell(all, t, a->known > 0 ? "%.1f to %.1f%%" : "-", 100 * low, 100 * high);
        cell(all, t, "%zu", a->correct);
        cell(all, t, "%zu", a->known);
        cell(all, t, "%zu", a->errors);
        cell(all, t, "%zu", a->truncated);
        number_cell(all, t, "%.0f", n > 0 ? a->tokens / n : NAN);
        number_cell(all, t, "%.2f", a->n_seconds > 0 ? a->seconds / (double)a->n_seconds : NAN);
        number_cell(all, t, "%.1f", a->n_ess > 0 ? a->ess / (double)a->n_ess : NAN);
        number_cell(all, t, "%.3f", a->n_confident > 0 ? a->squares / (double)a->n_confident : NAN);
        number_cell(all, t, "%.3f", calibration_error(a));
    }
    t->note =
        "Intervals are Wilson's, over problems and seeds. Tokens and seconds are means of one problem; ESS is that "
        "of the last selection. Brier and ECE are of the confidence in the answer given (docs/compare.md).";
    end(all, t, sizeof headings / sizeof *headings);
}

/* ---- By subject and level ------------------------------------------------ */

size_t *ps_report_order(const ps_report_words *words, ps_arena *arena) {
    size_t *order = ps_arena_calloc(arena, words->n + 1, sizeof *order);
    for (size_t i = 0; order != NULL && i < words->n; i++) {
        size_t at = i;
        for (; at > 0 && strcmp(words->words[order[at - 1]], words->words[i]) > 0; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    return order;
}

static size_t word_of(const ps_report_problem *p, bool level) {
    return level ? p->level : p->subject;
}

static void share_of_word(const ps_report *r, ps_report_tables *all, ps_report_table *t, size_t arm, size_t word,
                          bool level) {
    size_t correct = 0, n = 0;
    for (size_t p = 0; p < r->n_problems; p++) {
        size_t got, of;
        if (word_of(&r->problems[p], level) != word) continue;
        ps_report_got(r, arm, p, &got, &of);
        correct += got;
        n += of;
    }
    share_cell(all, t, correct, n);
}

static void make_words(const ps_report *r, ps_report_tables *all, const ps_report_words *words, bool level) {
    ps_report_table *t = begin(all, level ? "levels" : "subjects", level ? "Accuracy by level" : "Accuracy by subject");
    size_t arms = r->n_arms < MOST_ARMS ? r->n_arms : MOST_ARMS, *order = ps_report_order(words, all->arena);
    cell(all, t, level ? "level" : "subject");
    for (size_t a = 0; a < arms; a++)
        cell(all, t, "%s", r->arms[a].label);
    for (size_t i = 0; order != NULL && i < words->n && i < MOST_ROWS; i++) {
        cell(all, t, "%s", words->words[order[i]]);
        for (size_t a = 0; a < arms; a++)
            share_of_word(r, all, t, a, order[i], level);
    }
    if (words->n > MOST_ROWS || r->n_arms > MOST_ARMS) t->note = "Only the first 60 rows and 12 methods are shown.";
    end(all, t, 1 + arms);
}

/* ---- Where methods differ ------------------------------------------------ */

/* What an arm is compared with: the first method's at the same budget, else the first of all. */
static size_t base_of(const ps_report *r, size_t arm) {
    const ps_report_arm *first = &r->arms[0], *a = &r->arms[arm];
    for (size_t b = 0; b < r->n_arms; b++)
        if (r->arms[b].folder == first->folder && strcmp(r->arms[b].method, first->method) == 0 &&
            r->arms[b].budget == a->budget)
            return b;
    return 0;
}

/* A method has a problem right where more than half of its seeds have. */
static void make_differences(const ps_report *r, ps_report_tables *all) {
    ps_report_table *t = begin(all, "differences", "Where methods differ");
    static const char *const headings[] = {"method",          "compared with",        "both right",
                                           "only this right", "only the other right", "both wrong"};
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++)
        cell(all, t, "%s", headings[i]);
    for (size_t a = 1; a < r->n_arms; a++) {
        size_t counts[2][2] = {{0}}, base = base_of(r, a);
        if (base == a) continue;
        for (size_t p = 0; p < r->n_problems; p++) {
            size_t got, of, first_got, first_of;
            ps_report_got(r, base, p, &first_got, &first_of);
            ps_report_got(r, a, p, &got, &of);
            if (of > 0 && first_of > 0) counts[2 * got > of][2 * first_got > first_of]++;
        }
        cell(all, t, "%s", r->arms[a].label);
        cell(all, t, "%s", r->arms[base].label);
        cell(all, t, "%zu", counts[1][1]);
        cell(all, t, "%zu", counts[1][0]);
        cell(all, t, "%zu", counts[0][1]);
        cell(all, t, "%zu", counts[0][0]);
    }
    t->note = "Against the first method at the same budget, over the problems that both have done; of several seeds "
              "more than half decide.";
    end(all, t, sizeof headings / sizeof *headings);
}

/* ---- What compare said --------------------------------------------------- */

static double number_of(const json_t *object, const char *key, size_t place) {
    const json_t *value = json_object_get(object, key);
    if (json_is_array(value)) value = json_array_get(value, place);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static void add_cells(ps_report_tables *all, ps_report_table *t, const json_t *cells) {
    size_t i;
    const json_t *c;
    json_array_foreach(cells, i, c) {
        double runs = number_of(c, "runs", 0), difference = number_of(c, "difference", 0);
        const json_t *tokens = json_object_get(c, "tokens");
        cell(all, t, "%s", text_of(c, "method"));
        cell(all, t, "%s", text_of(c, "budget"));
        number_cell(all, t, "%.1f%%", 100 * number_of(c, "accuracy", 0));
        cell(all, t, "%.1f to %.1f%%", 100 * number_of(c, "interval_95", 0), 100 * number_of(c, "interval_95", 1));
        if (isnan(difference))
            cell(all, t, "-");
        else
            cell(all, t, "%+.1f (%+.1f to %+.1f)", 100 * difference, 100 * number_of(c, "difference_interval_95", 0),
                 100 * number_of(c, "difference_interval_95", 1));
        number_cell(all, t, "%.3f", number_of(c, "p_holm", 0));
        number_cell(all, t, "%.0f", number_of(tokens, "generated", 0) / runs);
        number_cell(all, t, "%.0f", runs);
    }
}

static void make_comparison(const ps_report *r, ps_report_tables *all) {
    static const char *const headings[] = {"method",   "budget", "correct", "95% interval", "difference to the first",
                                           "p (Holm)", "tokens", "runs"};
    ps_report_table *t = begin(all, "comparison", "Comparison at equal cost");
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++)
        cell(all, t, "%s", headings[i]);
    for (size_t f = 0; f < r->n_folders; f++)
        add_cells(all, t, json_object_get(r->folders[f].comparison, "cells"));
    t->note =
        "As summary.compare.json has it, by each method's own selection: differences in points at the same budget, "
        "paired over problems (docs/compare.md).";
    end(all, t, sizeof headings / sizeof *headings);
}

/* ---- Studies ------------------------------------------------------------- */

static void add_trial(ps_report_tables *all, ps_report_table *t, const ps_report_study *s, const ps_trial *trial) {
    ps_text settings = {.arena = all->arena};
    for (size_t i = 0; i < trial->n_params; i++)
        ps_text_printf(&settings, "%s%s=%s", i > 0 ? ", " : "", trial->params[i].name, trial->params[i].value);
    cell(all, t, "%s", s->name);
    cell(all, t, "%zu", trial->number);
    number_cell(all, t, "%.4g", trial->values[0]);
    share_cell(all, t, trial->correct, trial->done);
    number_cell(all, t, "%.0f", trial->mean_tokens);
    cell(all, t, "%s", ps_trial_state_name(trial->state));
    cell(all, t, "%s", ps_text_cstr(&settings));
}

/* Whether trial a comes before b: the better, of equals the older. */
static bool is_before(const ps_trials *s, size_t a, size_t b) {
    double x = s->trials[a].values[0], y = s->trials[b].values[0];
    bool x_done = s->trials[a].state == PS_TRIAL_COMPLETE && !isnan(x);
    bool y_done = s->trials[b].state == PS_TRIAL_COMPLETE && !isnan(y);
    if (x_done != y_done) return x_done;
    if (!x_done || !(x < y || x > y)) return a < b;
    return s->maximise[0] ? x > y : x < y;
}

/* The best MOST_TRIALS, in order. */
static void add_trials(ps_report_tables *all, ps_report_table *t, const ps_report_study *s) {
    size_t best[MOST_TRIALS], n = 0;
    for (size_t i = 0; i < s->trials.n; i++) {
        size_t at = n < MOST_TRIALS ? n++ : MOST_TRIALS;
        for (; at > 0 && is_before(&s->trials, i, best[at - 1]); at--)
            if (at < MOST_TRIALS) best[at] = best[at - 1];
        if (at < MOST_TRIALS) best[at] = i;
    }
    for (size_t i = 0; i < n; i++)
        add_trial(all, t, s, &s->trials.trials[best[i]]);
}

static void make_trials(const ps_report *r, ps_report_tables *all) {
    static const char *const headings[] = {"study", "trial", "value", "correct", "tokens", "state", "settings"};
    ps_report_table *t = begin(all, "trials", "Trials, the best first");
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++)
        cell(all, t, "%s", headings[i]);
    for (size_t i = 0; i < r->n_studies; i++)
        add_trials(all, t, &r->studies[i]);
    t->note = "At most 30 of a study; `persamp study export` has all. The best of many is best partly by luck.";
    end(all, t, sizeof headings / sizeof *headings);
}

/* ---- All of them --------------------------------------------------------- */

ps_status ps_report_make_tables(const ps_report *r, ps_report_tables *out, ps_error *err) {
    ps_report_tables all = {.arena = ps_arena_create()};
    if (all.arena == NULL) return ps_nomem(err);
    make_faults(r, &all);
    make_accuracy(r, &all);
    make_comparison(r, &all);
    make_differences(r, &all);
    make_words(r, &all, &r->subjects, false);
    make_words(r, &all, &r->levels, true);
    make_trials(r, &all);
    if (!ps_arena_ok(all.arena)) {
        ps_report_tables_clear(&all);
        return ps_nomem(err);
    }
    *out = all;
    return PS_OK;
}

void ps_report_tables_clear(ps_report_tables *tables) {
    ps_arena_free(tables->arena);
    *tables = (ps_report_tables){0};
}
