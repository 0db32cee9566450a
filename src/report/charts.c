#include "report/charts.h"
#include "report/tables.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_SERIES = 10, MOST_PLACES = 16 };

/* A chart that is being made: its series and points lie in the arena. */
typedef struct making {
    const ps_report *r;
    ps_arena *arena;
    ps_text *html;
    ps_chart chart;
    ps_chart_series series[MOST_SERIES];
    ps_chart_point *points; /* of the series under way */
    size_t capacity, n_points;
} making;

static void begin(making *m, const char *title, ps_chart_axis x, ps_chart_axis y) {
    m->chart = (ps_chart){.title = title, .x = x, .y = y, .series = m->series};
    m->n_points = 0;
}

/* The series that the next points belong to; false: there are enough. */
static bool begin_series(making *m, const char *name, ps_chart_kind kind, size_t colour) {
    if (m->chart.n_series == MOST_SERIES) return false;
    m->series[m->chart.n_series] =
        (ps_chart_series){.name = name, .kind = kind, .colour = colour, .hollow = colour / PS_DRAW_COLOURS % 2 != 0};
    m->points = NULL;
    m->capacity = 0;
    return true;
}

static void add_point(making *m, double x, double y, double low, double high) {
    ps_chart_series *s = &m->series[m->chart.n_series];
    if (!isfinite(x) || !isfinite(y)) return;
    if (ps_arena_reserve(m->arena, &m->points, &m->capacity, s->n + 1) != PS_OK) return;
    m->points[s->n++] = (ps_chart_point){x, y, low, high, NAN};
    s->points = m->points;
    m->n_points++;
}

/* A series without a point is none. */
static void end_series(making *m) {
    if (m->series[m->chart.n_series].n > 0) m->chart.n_series++;
}

/* A chart without a point is none either. */
static ps_status end(making *m, const char *id, ps_error *err) {
    if (!ps_arena_ok(m->arena)) return ps_nomem(err);
    if (m->n_points == 0) return PS_OK;
    ps_text_printf(m->html, "<figure id=\"chart-%s\">\n", id);
    ps_status status = ps_draw_charts(&(ps_charts){.charts = &m->chart, .n = 1, .width = 400, .height = 300},
                                      PS_DRAW_INSIDE, m->html, err);
    ps_text_puts(m->html, "</figure>\n");
    return status;
}

/* ---- Accuracy against cost ----------------------------------------------- */

static double cost_of(const ps_report_arm *a, bool seconds) {
    size_t n = seconds ? a->n_seconds : a->done;
    return n > 0 ? (seconds ? a->seconds : a->tokens) / (double)n : NAN;
}

/* Whether the two are one method at several budgets. */
static bool is_line(const ps_report_arm *a, const ps_report_arm *b) {
    return a->folder == b->folder && strcmp(a->method, b->method) == 0;
}

/* The next arm of the method of `first` that costs more than `least`; SIZE_MAX: none. */
static size_t next_arm(const ps_report *r, size_t first, double least, bool seconds) {
    size_t found = SIZE_MAX;
    for (size_t i = first; i < r->n_arms; i++) {
        double cost = cost_of(&r->arms[i], seconds);
        if (!is_line(&r->arms[first], &r->arms[i]) || !(cost > least)) continue;
        if (found == SIZE_MAX || cost < cost_of(&r->arms[found], seconds)) found = i;
    }
    return found;
}

static const char *method_label(making *m, const ps_report_arm *arm) {
    const char *comma = strstr(arm->label, ", "); /* "persistent, 2048 tokens": the budget is on the axis */
    return arm->budget > 0 && comma != NULL ? ps_arena_strndup(m->arena, arm->label, (size_t)(comma - arm->label))
                                            : arm->label;
}

static ps_status put_cost(making *m, bool seconds, ps_error *err) {
    const ps_report *r = m->r;
    size_t colour = 0;
    begin(
        m, seconds ? "Accuracy against seconds" : "Accuracy against tokens",
        (ps_chart_axis){.label = seconds ? "seconds per problem" : "generated tokens per problem", .logarithmic = true},
        (ps_chart_axis){.label = "correct answers", .percent = true});
    for (size_t i = 0; i < r->n_arms; i++) {
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++)
            seen = is_line(&r->arms[k], &r->arms[i]);
        if (seen || !begin_series(m, method_label(m, &r->arms[i]), PS_CHART_LINE, colour)) continue;
        double least = 0;
        for (size_t a; (a = next_arm(r, i, least, seconds)) != SIZE_MAX; least = cost_of(&r->arms[a], seconds)) {
            double low, high;
            const ps_report_arm *arm = &r->arms[a];
            ps_wilson(arm->correct, arm->known, &low, &high);
            if (arm->known > 0)
                add_point(m, cost_of(arm, seconds), (double)arm->correct / (double)arm->known, low, high);
        }
        end_series(m);
        colour++;
    }
    return end(m, seconds ? "seconds" : "tokens", err);
}

/* ---- By subject and level ------------------------------------------------ */

static void add_share(making *m, size_t arm, size_t word, bool level, double x) {
    size_t correct = 0, n = 0, got, of;
    double low, high;
    for (size_t p = 0; p < m->r->n_problems; p++) {
        if ((level ? m->r->problems[p].level : m->r->problems[p].subject) != word) continue;
        ps_report_got(m->r, arm, p, &got, &of);
        correct += got;
        n += of;
    }
    ps_wilson(correct, n, &low, &high);
    if (n > 0) add_point(m, x, (double)correct / (double)n, low, high);
}

static ps_status put_words(making *m, const ps_report_words *words, bool level, ps_error *err) {
    size_t n = words->n < MOST_PLACES ? words->n : MOST_PLACES, *order = ps_report_order(words, m->arena);
    size_t arms = m->r->n_arms < MOST_SERIES ? m->r->n_arms : MOST_SERIES;
    ps_chart_tick *ticks = ps_arena_calloc(m->arena, n + 1, sizeof *ticks);
    if (order == NULL || ticks == NULL) return ps_nomem(err);
    for (size_t i = 0; i < n; i++)
        ticks[i] = (ps_chart_tick){(double)i + 0.5, words->words[order[i]]};
    begin(m, level ? "Accuracy by level" : "Accuracy by subject",
          (ps_chart_axis){.label = level ? "level" : NULL, .high = (double)n, .ticks = ticks, .n_ticks = n},
          (ps_chart_axis){.label = "correct answers", .percent = true});
    for (size_t a = 0; a < arms && begin_series(m, m->r->arms[a].label, PS_CHART_POINTS, a); a++) {
        double beside = 0.6 * (((double)a + 0.5) / (double)arms - 0.5);
        for (size_t i = 0; i < n; i++)
            add_share(m, a, order[i], level, (double)i + 0.5 + beside);
        end_series(m);
    }
    return end(m, level ? "levels" : "subjects", err);
}

/* ---- Calibration --------------------------------------------------------- */

static ps_status put_calibration(making *m, ps_error *err) {
    begin(m, "Calibration: confidence and truth", (ps_chart_axis){.label = "confidence", .percent = true, .high = 1},
          (ps_chart_axis){.label = "correct answers", .percent = true, .high = 1});
    m->chart.diagonal = true;
    for (size_t a = 0; a < m->r->n_arms && begin_series(m, m->r->arms[a].label, PS_CHART_LINE, a); a++) {
        for (int b = 0; b < 10; b++) {
            double low, high, n = (double)m->r->arms[a].bins[b].n;
            ps_wilson(m->r->arms[a].bins[b].correct, m->r->arms[a].bins[b].n, &low, &high);
            if (n > 0)
                add_point(m, m->r->arms[a].bins[b].confidence / n, (double)m->r->arms[a].bins[b].correct / n, low,
                          high);
        }
        end_series(m);
    }
    return end(m, "calibration", err);
}

/* ---- Over iterations ----------------------------------------------------- */

typedef enum over { OVER_ESS, OVER_BETA, OVER_REACHED, OVER_LENGTH, OVERS } over;

static double value_at(const ps_report_tick *t, const ps_report_tick *first, over what) {
    switch (what) {
    case OVER_ESS: return t->n_ess > 0 ? t->ess / (double)t->n_ess : NAN;
    case OVER_BETA: return t->n_beta > 0 ? t->beta / (double)t->n_beta : NAN;
    case OVER_REACHED: return t->reached > 0 ? (double)t->reached / (double)first->reached : NAN;
    default: return t->n_tokens > 0 ? t->tokens / (double)t->n_tokens : NAN;
    }
}

static ps_status put_iterations(making *m, over what, ps_error *err) {
    static const struct {
        const char *id, *title, *x, *y;
    } charts[OVERS] = {{"ess", "Effective sample size", "iteration", "mean ESS"},
                       {"beta", "Temperature of the schedule", "iteration", "mean β"},
                       {"reached", "Length: searches still going on", "iteration", "of all"},
                       {"length", "Length of a step", "step", "mean tokens"}};
    begin(m, charts[what].title, (ps_chart_axis){.label = charts[what].x},
          (ps_chart_axis){.label = charts[what].y, .percent = what == OVER_REACHED});
    for (size_t i = 0; i < m->r->n_runs; i++) {
        const ps_report_run *run = &m->r->runs[i];
        if (m->r->arms[run->arm].first != i) continue; /* one seed of each tells enough */
        if (!begin_series(m, run->label, PS_CHART_LINE, run->arm)) break;
        for (size_t t = 0; t < PS_REPORT_TICKS; t++)
            add_point(m, (double)t + 1, value_at(&run->ticks[t], &run->ticks[0], what), NAN, NAN);
        end_series(m);
    }
    return end(m, charts[what].id, err);
}

/* ---- Studies ------------------------------------------------------------- */

static ps_status put_study(making *m, const ps_report_study *study, ps_error *err) {
    static const ps_trials_picture pictures[] = {PS_TRIALS_HISTORY, PS_TRIALS_SLICES, PS_TRIALS_PAIRS};
    ps_status status = PS_OK;
    for (size_t i = 0; i < sizeof pictures / sizeof *pictures && status == PS_OK; i++) {
        ps_text svg = {0};
        status = ps_draw_trials(&study->trials, pictures[i], PS_DRAW_INSIDE, &svg, err);
        if (status == PS_OK) {
            ps_text_puts(m->html, "<figure class=\"wide\">\n");
            ps_text_append(m->html, svg.data, svg.length);
            ps_text_puts(m->html, "</figure>\n");
        } else if (status == PS_ARG) {
            status = PS_OK; /* no trial has a value yet, or there is one key: nothing to draw */
        }
        ps_text_clear(&svg);
    }
    return status;
}

ps_status ps_report_put_charts(const ps_report *r, ps_text *html, ps_error *err) {
    making m = {.r = r, .arena = ps_arena_create(), .html = html};
    if (m.arena == NULL) return ps_nomem(err);
    ps_text_puts(html, "<div class=\"charts\">\n");
    ps_status status = put_cost(&m, false, err);
    if (status == PS_OK) status = put_cost(&m, true, err);
    if (status == PS_OK && r->subjects.n > 0) status = put_words(&m, &r->subjects, false, err);
    if (status == PS_OK && r->levels.n > 0) status = put_words(&m, &r->levels, true, err);
    if (status == PS_OK) status = put_calibration(&m, err);
    for (int what = 0; what < OVERS && status == PS_OK; what++)
        status = put_iterations(&m, (over)what, err);
    for (size_t i = 0; i < r->n_studies && status == PS_OK; i++)
        status = put_study(&m, &r->studies[i], err);
    ps_text_puts(html, "</div>\n");
    ps_arena_free(m.arena);
    return status == PS_OK && !ps_text_ok(html) ? ps_nomem(err) : status;
}
