#include "serve/picture.h"
#include "base/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- What is noted ------------------------------------------------------- */

static ps_dot_state state_of(ps_snapshot_state state) {
    return state == PS_FINISHED ? PS_DOT_FINISHED : state == PS_TRUNCATED ? PS_DOT_TRUNCATED : PS_DOT_OPEN;
}

/* A pool knows the selection that launched each line. Without one it is the last before the step. */
static ps_pool_dot dot_of(const ps_particle_view *p, const ps_method_report *r, size_t selections) {
    bool pooled = r->pool != NULL && p->snapshot <= r->snapshots;
    return (ps_pool_dot){.id = p->snapshot,
                         .parent = p->parent,
                         .selection = pooled ? r->pool[p->snapshot].event : (uint32_t)selections,
                         .launch_depth = pooled ? r->pool[p->snapshot].launch_depth : p->depth - 1,
                         .state = state_of(p->state),
                         .weight = NAN,
                         .score = NAN,
                         .reward = NAN};
}

static void add_dots(ps_sketch *s, const ps_step_view *view) {
    size_t room = PS_SKETCH_DOTS - s->n, n = view->n < room ? view->n : room;
    if (ps_reserve(&s->dots, &s->capacity, s->n + n) != PS_OK) return;
    for (size_t i = 0; i < n; i++)
        s->dots[s->n++] = dot_of(&view->particles[i], &view->report, s->selections);
}

static void add_point(ps_sketch *s, const ps_method_report *r, double seconds) {
    const ps_iteration *last = r->n_iterations > 0 ? &r->iterations[r->n_iterations - 1] : NULL;
    if (s->n_points == PS_SKETCH_POINTS) return;
    if (ps_reserve(&s->points, &s->point_capacity, s->n_points + 1) != PS_OK) return;
    s->points[s->n_points++] = (ps_sketch_point){.tokens = (double)r->tokens,
                                                 .seconds = seconds,
                                                 .ess = last != NULL ? last->ess : NAN,
                                                 .beta = last != NULL ? last->beta : NAN};
}

bool ps_sketch_add(ps_sketch *s, const ps_step_view *view, double seconds) {
    add_dots(s, view);
    add_point(s, &view->report, seconds);
    s->snapshots += view->n;
    s->selections = view->report.resamples;
    return s->n + s->n_points > s->copied;
}

void ps_sketch_weigh(ps_sketch *s, const ps_outcome *outcome) {
    for (size_t i = 0; i < s->n; i++)
        s->dots[i].weight = ps_outcome_weight(outcome, s->dots[i].id);
}

void ps_sketch_copy(ps_sketch *s, ps_sketch *copy) {
    s->copied = s->n + s->n_points;
    *copy = (ps_sketch){.snapshots = s->snapshots, .selections = s->selections};
    if (ps_reserve(&copy->dots, &copy->capacity, s->n) != PS_OK ||
        ps_reserve(&copy->points, &copy->point_capacity, s->n_points) != PS_OK) {
        ps_sketch_clear(copy);
        return;
    }
    if (s->n > 0) memcpy(copy->dots, s->dots, s->n * sizeof *s->dots);
    if (s->n_points > 0) memcpy(copy->points, s->points, s->n_points * sizeof *s->points);
    copy->n = s->n;
    copy->n_points = s->n_points;
}

void ps_sketch_clear(ps_sketch *s) {
    ps_free(s->dots);
    ps_free(s->points);
    *s = (ps_sketch){0};
}

/* ---- What is drawn ------------------------------------------------------- */

static int by_id(const void *a, const void *b) {
    const ps_pool_dot *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

/* Steps come as they are ready, a parent before its children; the picture takes them by their number. What grew from a
 * step that could not be noted is not in it either. */
static ps_status draw_pool(const ps_sketch *s, ps_text *svg) {
    size_t n = 0;
    ps_pool_dot *sorted = ps_calloc(s->n + 1, sizeof *sorted);
    if (sorted == NULL) return PS_NOMEM;
    if (s->n > 0) memcpy(sorted, s->dots, s->n * sizeof *sorted);
    qsort(sorted, s->n, sizeof *sorted, by_id);
    for (size_t i = 0; i < s->n; i++) {
        ps_pool_dot parent = {.id = sorted[i].parent};
        if (parent.id == 0 || bsearch(&parent, sorted, n, sizeof parent, by_id) != NULL) sorted[n++] = sorted[i];
    }
    ps_status status = ps_draw_pool(&(ps_pool_picture){.dots = sorted, .n = n}, PS_DRAW_INSIDE, svg, NULL);
    ps_free(sorted);
    return status;
}

enum { CHARTS = 4 };

static double value_of(const ps_sketch_point *p, size_t chart) {
    const double values[CHARTS] = {p->tokens, p->seconds, p->ess, p->beta};
    return values[chart];
}

static ps_status draw_lines(const ps_sketch *s, ps_text *svg) {
    static const char *const names[CHARTS] = {"tokens", "seconds", "ESS", "β"};
    ps_chart charts[CHARTS];
    ps_chart_series series[CHARTS];
    ps_chart_point *points = ps_calloc(CHARTS * s->n_points + 1, sizeof *points);
    if (points == NULL) return PS_NOMEM;
    for (size_t k = 0; k < CHARTS; k++) {
        ps_chart_point *own = &points[k * s->n_points];
        for (size_t i = 0; i < s->n_points; i++)
            own[i] = (ps_chart_point){
                .x = (double)(i + 1), .y = value_of(&s->points[i], k), .low = NAN, .high = NAN, .shade = NAN};
        series[k] = (ps_chart_series){.kind = PS_CHART_LINE, .colour = k, .points = own, .n = s->n_points};
        charts[k] = (ps_chart){.title = names[k], .x.label = "iteration", .series = &series[k], .n_series = 1};
    }
    ps_charts all = {.title = "Tokens, seconds, ESS and β",
                     .charts = charts,
                     .n = CHARTS,
                     .columns = 2,
                     .width = 260,
                     .height = 170};
    ps_status status = ps_draw_charts(&all, PS_DRAW_INSIDE, svg, NULL);
    ps_free(points);
    return status;
}

json_t *ps_picture_json(const ps_sketch *s, uint32_t chosen) {
    ps_text pool = {0}, lines = {0};
    json_t *object = NULL;
    if (draw_pool(s, &pool) == PS_OK && draw_lines(s, &lines) == PS_OK)
        object = json_pack("{s:o,s:o,s:I,s:I,s:I,s:o}", "pool", ps_json_text(ps_text_cstr(&pool)), "lines",
                           ps_json_text(ps_text_cstr(&lines)), "snapshots", (json_int_t)s->snapshots, "shown",
                           (json_int_t)s->n, "selections", (json_int_t)s->selections, "chosen",
                           chosen > 0 ? json_integer(chosen) : json_null());
    ps_text_clear(&pool);
    ps_text_clear(&lines);
    return object;
}
