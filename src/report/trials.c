/* The pictures of a study: how the best came about, what each key does, and what two do together. */
#include "persamp/report.h"

#include <math.h>
#include <string.h>

enum { MOST_KEYS = 6, MOST_PAIRS = MOST_KEYS * (MOST_KEYS - 1) / 2 };

typedef struct picture {
    const ps_trials *trials;
    const char *keys[MOST_KEYS]; /* [n] of the space */
    size_t n;
    double least, most; /* of the values */
    ps_arena *arena;    /* of what is drawn */
} picture;

static bool is_drawn(const ps_trial *t) {
    return (t->state == PS_TRIAL_COMPLETE || t->state == PS_TRIAL_PRUNED) && isfinite(t->values[0]);
}

static void find_keys(picture *p) {
    for (size_t i = 0; i < p->trials->n && p->n == 0; i++)
        for (const ps_trial *t = &p->trials->trials[i]; p->n < t->n_params && p->n < MOST_KEYS; p->n++)
            p->keys[p->n] = t->params[p->n].name;
}

static const ps_trial_param *param_of(const ps_trial *t, const char *name) {
    for (size_t i = 0; i < t->n_params; i++)
        if (strcmp(t->params[i].name, name) == 0) return &t->params[i];
    return NULL;
}

static const char *name_of(const ps_trials *trials) {
    return trials->metric[0] != NULL ? trials->metric[0] : "value";
}

static bool is_share(const ps_trials *trials) {
    return strcmp(name_of(trials), "accuracy") == 0;
}

/* Room for as many points as there are trials; NULL without memory, which the arena remembers. */
static ps_chart_point *points_of(const picture *p) {
    return ps_arena_calloc(p->arena, p->trials->n + 1, sizeof(ps_chart_point));
}

/* ---- History ------------------------------------------------------------- */

static void draw_history(const picture *p, ps_chart *chart) {
    const ps_trials *s = p->trials;
    ps_chart_point *complete = points_of(p), *pruned = points_of(p), *best = points_of(p);
    ps_chart_series *series = ps_arena_calloc(p->arena, 3, sizeof *series);
    if (!ps_arena_ok(p->arena)) return;
    series[0] = (ps_chart_series){.name = "complete", .kind = PS_CHART_POINTS, .points = complete};
    series[1] = (ps_chart_series){
        .name = "stopped early", .kind = PS_CHART_POINTS, .colour = 6, .hollow = true, .points = pruned};
    series[2] = (ps_chart_series){.name = "best so far", .kind = PS_CHART_STEPS, .colour = 1, .points = best};
    double so_far = NAN;
    for (size_t i = 0; i < s->n; i++) {
        const ps_trial *t = &s->trials[i];
        if (!is_drawn(t)) continue;
        bool done = t->state == PS_TRIAL_COMPLETE;
        bool better = isnan(so_far) || (s->maximise[0] ? t->values[0] > so_far : t->values[0] < so_far);
        if (done && better) so_far = t->values[0];
        ps_chart_point point = {(double)t->number, t->values[0], NAN, NAN, NAN};
        if (done)
            complete[series[0].n++] = point;
        else
            pruned[series[1].n++] = point;
        if (isfinite(so_far)) best[series[2].n++] = (ps_chart_point){point.x, so_far, NAN, NAN, NAN};
    }
    *chart = (ps_chart){.title = "How the best came about",
                        .x = {.label = "trial"},
                        .y = {.label = name_of(s), .percent = is_share(s)},
                        .series = series,
                        .n_series = 3};
}

/* ---- Slices and pairs ---------------------------------------------------- */

/* Whether an earlier trial has the same value of a key. */
static bool seen_before(const picture *p, size_t trial, const ps_trial_param *param) {
    for (size_t i = 0; i < trial; i++) {
        const ps_trial_param *other = param_of(&p->trials->trials[i], param->name);
        if (other != NULL && other->internal == param->internal) return true;
    }
    return false;
}

/* Choices are places on the axis, with their values as labels. */
static ps_chart_axis axis_of(const picture *p, const char *key) {
    ps_chart_axis axis = {.label = key};
    ps_chart_tick *ticks = NULL;
    size_t capacity = 0;
    for (size_t i = 0; i < p->trials->n; i++) {
        const ps_trial_param *param = param_of(&p->trials->trials[i], key);
        if (param == NULL) continue;
        if (strstr(param->distribution, "\"log\": true") != NULL) axis.logarithmic = true;
        if (strstr(param->distribution, "CategoricalDistribution") == NULL || seen_before(p, i, param)) continue;
        if (ps_arena_reserve(p->arena, &ticks, &capacity, axis.n_ticks + 1) != PS_OK) break;
        ticks[axis.n_ticks++] = (ps_chart_tick){param->internal, param->value};
    }
    axis.ticks = ticks;
    return axis;
}

/* One key against the value, or two against each other with the value as shade. */
static void draw_keys(const picture *p, size_t x, size_t y, ps_chart *chart) {
    const ps_trials *s = p->trials;
    ps_chart_point *points = points_of(p);
    ps_chart_series *series = ps_arena_calloc(p->arena, 1, sizeof *series);
    if (!ps_arena_ok(p->arena)) return;
    *series = (ps_chart_series){.kind = PS_CHART_POINTS, .points = points};
    for (size_t i = 0; i < s->n; i++) {
        const ps_trial *t = &s->trials[i];
        const ps_trial_param *a = param_of(t, p->keys[x]), *b = param_of(t, p->keys[y]);
        if (!is_drawn(t) || a == NULL || b == NULL) continue;
        double shade = p->most > p->least ? (t->values[0] - p->least) / (p->most - p->least) : 0.5;
        points[series->n++] = x == y ? (ps_chart_point){a->internal, t->values[0], NAN, NAN, NAN}
                                     : (ps_chart_point){a->internal, b->internal, NAN, NAN, shade};
    }
    *chart = (ps_chart){.title = x == y ? p->keys[x] : name_of(s), .series = series, .n_series = 1};
    chart->x = axis_of(p, p->keys[x]);
    chart->y = x == y ? (ps_chart_axis){.label = name_of(s), .percent = is_share(s)} : axis_of(p, p->keys[y]);
}

static size_t draw_slices(const picture *p, ps_chart *charts) {
    for (size_t d = 0; d < p->n; d++)
        draw_keys(p, d, d, &charts[d]);
    return p->n;
}

static size_t draw_pairs(const picture *p, ps_chart *charts) {
    size_t n = 0;
    for (size_t x = 0; x < p->n; x++)
        for (size_t y = x + 1; y < p->n; y++)
            draw_keys(p, x, y, &charts[n++]);
    return n;
}

/* ---- All of them --------------------------------------------------------- */

static ps_status look(picture *p, ps_error *err) {
    find_keys(p);
    for (size_t i = 0; i < p->trials->n; i++) {
        if (!is_drawn(&p->trials->trials[i])) continue;
        p->least = fmin(p->least, p->trials->trials[i].values[0]);
        p->most = fmax(p->most, p->trials->trials[i].values[0]);
    }
    if (p->least > p->most || p->n == 0) return ps_fail(err, PS_ARG, "no trial has a value yet");
    return PS_OK;
}

static ps_status draw(const picture *p, ps_trials_picture which, ps_draw_use use, ps_text *svg, ps_error *err) {
    ps_chart charts[MOST_PAIRS] = {0};
    ps_charts all = {.charts = charts, .n = 1, .width = 640};
    if (which == PS_TRIALS_HISTORY) {
        draw_history(p, charts);
    } else {
        all.title = which == PS_TRIALS_SLICES ? "What each key does" : "What two keys do together";
        all.n = which == PS_TRIALS_SLICES ? draw_slices(p, charts) : draw_pairs(p, charts);
        all.columns = all.n < 3 ? all.n : 3;
        all.width = 340;
        all.height = 280;
    }
    if (!ps_arena_ok(p->arena)) return ps_nomem(err);
    if (all.n == 0) return ps_fail(err, PS_ARG, "only one key was tuned: there is no pair");
    return ps_draw_charts(&all, use, svg, err);
}

ps_status ps_draw_trials(const ps_trials *trials, ps_trials_picture which, ps_draw_use use, ps_text *svg,
                         ps_error *err) {
    picture p = {.trials = trials, .least = INFINITY, .most = -INFINITY, .arena = ps_arena_create()};
    if (p.arena == NULL) return ps_nomem(err);
    ps_status status = look(&p, err);
    if (status == PS_OK) status = draw(&p, which, use, svg, err);
    ps_arena_free(p.arena);
    return status;
}
