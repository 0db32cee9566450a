/* Charts: axes, series, a key. */
#include "draw/axis.h"
#include "draw/svg.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LEFT = 58, RIGHT = 16, HEAD = 30, FOOT = 46, KEY_ROW = 18, LETTER = 7, NAME_BYTES = 36 };

/* A chart as it is drawn. */
typedef struct frame {
    const ps_chart *chart;
    ps_axis x, y;
    double left, top, width, height; /* of the whole chart in the picture */
    double key;                      /* height of its key */
} frame;

/* ---- The key ------------------------------------------------------------- */

static double name_width(const char *name) {
    size_t n = ps_utf8_count(name, strlen(name));
    return LETTER * (double)(n < NAME_BYTES ? n : NAME_BYTES) + 38;
}

/* Where the names of the series lie, from the left and in rows; draws them unless out is NULL. The number of rows. */
static size_t put_key(ps_text *out, const frame *f, double top) {
    double x = f->left + 12;
    size_t rows = 0;
    for (size_t i = 0; i < f->chart->n_series; i++) {
        const ps_chart_series *s = &f->chart->series[i];
        if (s->name == NULL) continue;
        if (rows == 0 || x + name_width(s->name) > f->left + f->width) {
            x = f->left + 12;
            rows++;
        }
        double y = top + KEY_ROW * (double)(rows - 1) + 12;
        if (out != NULL) {
            ps_svg_put(out,
                       "<circle class=\"%s%u%s\" cx=\"%f\" cy=\"%f\" r=\"5\"/><text class=\"small\" x=\"%f\" "
                       "y=\"%f\">",
                       s->hollow ? "s" : "c", (unsigned)(s->colour % PS_DRAW_COLOURS), s->hollow ? " hollow" : "",
                       x + 5, y - 4, x + 15, y);
            ps_svg_line(out, s->name, strlen(s->name), NAME_BYTES);
            ps_text_puts(out, "</text>\n");
        }
        x += name_width(s->name);
    }
    return rows;
}

/* ---- Axes ---------------------------------------------------------------- */

static void measure(frame *f) {
    const ps_chart *c = f->chart;
    ps_axis_begin(&f->x, &c->x);
    ps_axis_begin(&f->y, &c->y);
    for (size_t s = 0; s < c->n_series; s++)
        for (size_t i = 0; i < c->series[s].n; i++) {
            const ps_chart_point *p = &c->series[s].points[i];
            if (!isfinite(p->x) || !isfinite(p->y)) continue;
            ps_axis_see(&f->x, p->x);
            ps_axis_see(&f->y, p->y);
            ps_axis_see(&f->y, p->low);
            ps_axis_see(&f->y, p->high);
            if (c->series[s].kind == PS_CHART_BARS) ps_axis_see(&f->y, 0);
        }
    f->key = KEY_ROW * (double)put_key(NULL, f, 0);
    ps_axis_end(&f->x, f->left + LEFT, f->left + f->width - RIGHT);
    ps_axis_end(&f->y, f->top + f->height - FOOT - f->key, f->top + HEAD);
}

static void put_tick_label(ps_text *out, const ps_axis_tick *tick, size_t most) {
    const char *label = tick->given != NULL ? tick->given : tick->label;
    ps_svg_line(out, label, strlen(label), most);
    ps_text_puts(out, "</text>\n");
}

static void put_x_axis(ps_text *out, const frame *f) {
    ps_axis_tick ticks[PS_AXIS_TICKS];
    size_t n = ps_axis_ticks(&f->x, ticks), letters = 0;
    for (size_t i = 0; i < n; i++) {
        size_t length = strlen(ticks[i].given != NULL ? ticks[i].given : ticks[i].label) + 2;
        letters += length < 16 ? length : 16;
    }
    bool turned = LETTER * (double)letters > f->x.end - f->x.begin; /* names that are longer than their places */
    for (size_t i = 0; i < n; i++) {
        double x = ps_axis_at(&f->x, ticks[i].value);
        ps_svg_put(out, "<path class=\"axis\" d=\"M%f %fv4\"/>", x, f->y.begin);
        if (turned)
            ps_svg_put(out,
                       "<text class=\"small soft\" text-anchor=\"end\" transform=\"translate(%f %f) rotate(-25)\">",
                       x + 4, f->y.begin + 14);
        else
            ps_svg_put(out, "<text class=\"small soft\" text-anchor=\"middle\" x=\"%f\" y=\"%f\">", x, f->y.begin + 16);
        put_tick_label(out, &ticks[i], 14);
    }
    ps_svg_put(out, "<path class=\"axis\" d=\"M%f %fH%f\"/>\n", f->x.begin, f->y.begin, f->x.end);
    if (f->chart->x.label != NULL)
        ps_svg_put(out, "<text class=\"small\" text-anchor=\"middle\" x=\"%f\" y=\"%f\">%t</text>\n",
                   (f->x.begin + f->x.end) / 2, f->y.begin + 36, f->chart->x.label);
}

static void put_y_axis(ps_text *out, const frame *f) {
    ps_axis_tick ticks[PS_AXIS_TICKS];
    size_t n = ps_axis_ticks(&f->y, ticks);
    double middle = (f->y.begin + f->y.end) / 2;
    for (size_t i = 0; i < n; i++) {
        double y = ps_axis_at(&f->y, ticks[i].value);
        ps_svg_put(out,
                   "<path class=\"rule\" d=\"M%f %fH%f\"/><text class=\"small soft\" text-anchor=\"end\" x=\"%f\" "
                   "y=\"%f\">",
                   f->x.begin, y, f->x.end, f->x.begin - 6, y + 4);
        put_tick_label(out, &ticks[i], 7);
    }
    if (f->chart->y.label != NULL)
        ps_svg_put(out,
                   "<text class=\"small\" text-anchor=\"middle\" transform=\"translate(%f %f) rotate(-90)\">%t"
                   "</text>\n",
                   f->left + 14, middle, f->chart->y.label);
}

/* ---- Series -------------------------------------------------------------- */

static bool is_drawn(const frame *f, const ps_chart_point *p) {
    return ps_axis_has(&f->x, p->x) && ps_axis_has(&f->y, p->y);
}

static bool has_interval(const frame *f, const ps_chart_point *p) {
    return ps_axis_has(&f->y, p->low) && ps_axis_has(&f->y, p->high);
}

static unsigned colour_of(const ps_chart_series *s) {
    return (unsigned)(s->colour % PS_DRAW_COLOURS);
}

/* Of each run of points without a gap: forward along the upper ends, back along the lower ones. */
static void put_band(ps_text *out, const frame *f, const ps_chart_series *s) {
    for (size_t begin = 0, end = 0; begin < s->n; begin = end + 1) {
        for (end = begin; end < s->n && is_drawn(f, &s->points[end]) && has_interval(f, &s->points[end]);)
            end++;
        if (end - begin < 2) continue;
        ps_svg_put(out, "<path class=\"band c%u\" d=\"", colour_of(s));
        for (size_t i = begin; i < end; i++)
            ps_svg_put(out, "%s%f %f", i == begin ? "M" : "L", ps_axis_at(&f->x, s->points[i].x),
                       ps_axis_at(&f->y, s->points[i].high));
        for (size_t i = end; i-- > begin;)
            ps_svg_put(out, "L%f %f", ps_axis_at(&f->x, s->points[i].x), ps_axis_at(&f->y, s->points[i].low));
        ps_text_puts(out, "Z\"/>\n");
    }
}

static void put_line(ps_text *out, const frame *f, const ps_chart_series *s) {
    bool goes_on = false;
    ps_svg_put(out, "<path class=\"line s%u\" d=\"", colour_of(s));
    for (size_t i = 0; i < s->n; i++) {
        const ps_chart_point *p = &s->points[i];
        bool drawn = is_drawn(f, p);
        if (drawn && goes_on && s->kind == PS_CHART_STEPS) ps_svg_put(out, "H%f", ps_axis_at(&f->x, p->x));
        if (drawn) ps_svg_put(out, "%s%f %f", goes_on ? "L" : "M", ps_axis_at(&f->x, p->x), ps_axis_at(&f->y, p->y));
        goes_on = drawn;
    }
    ps_text_puts(out, "\"/>\n");
}

static void put_whiskers(ps_text *out, const frame *f, const ps_chart_series *s) {
    for (size_t i = 0; i < s->n; i++) {
        const ps_chart_point *p = &s->points[i];
        if (!is_drawn(f, p) || !has_interval(f, p)) continue;
        double x = ps_axis_at(&f->x, p->x), low = ps_axis_at(&f->y, p->low), high = ps_axis_at(&f->y, p->high);
        ps_svg_put(out, "<path class=\"whisker s%u\" d=\"M%f %fh8M%f %fV%fM%f %fh8\"/>\n", colour_of(s), x - 4, high, x,
                   high, low, x - 4, low);
    }
}

/* From blue over yellow to red, for eyes of every kind. */
static void put_shade(ps_text *out, double shade) {
    static const double stops[3][3] = {{0x56, 0xb4, 0xe9}, {0xe6, 0x9f, 0x00}, {0xd5, 0x5e, 0x00}};
    double at = 2 * fmax(0, fmin(1, shade));
    int from = at >= 1 ? 1 : 0;
    unsigned rgb[3];
    for (int c = 0; c < 3; c++)
        rgb[c] = (unsigned)lround(stops[from][c] + (at - from) * (stops[from + 1][c] - stops[from][c]));
    ps_text_printf(out, " fill=\"#%02x%02x%02x\"", rgb[0], rgb[1], rgb[2]);
}

/* What a pointer over a point is told. */
static void put_point_title(ps_text *out, const frame *f, const ps_chart_series *s, const ps_chart_point *p) {
    double times = f->chart->y.percent ? 100 : 1;
    const char *unit = f->chart->y.percent ? "%" : "";
    ps_text_puts(out, "<title>");
    if (s->name != NULL) ps_svg_put(out, "%t: ", s->name);
    ps_svg_put(out, "%g, %g%s", f->chart->x.percent ? 100 * p->x : p->x, times * p->y, unit);
    if (has_interval(f, p)) ps_svg_put(out, " (%g to %g%s)", times * p->low, times * p->high, unit);
    ps_text_puts(out, "</title>");
}

static void put_points(ps_text *out, const frame *f, const ps_chart_series *s) {
    double radius = s->kind == PS_CHART_LINE ? 3.5 : 3;
    for (size_t i = 0; i < s->n; i++) {
        const ps_chart_point *p = &s->points[i];
        if (!is_drawn(f, p)) continue;
        ps_text_puts(out, "<circle");
        if (isnan(p->shade))
            ps_svg_put(out, " class=\"point %s%u%s\"", s->hollow ? "s" : "c", colour_of(s), s->hollow ? " hollow" : "");
        else
            put_shade(out, p->shade);
        ps_svg_put(out, " cx=\"%f\" cy=\"%f\" r=\"%f\">", ps_axis_at(&f->x, p->x), ps_axis_at(&f->y, p->y),
                   isnan(p->shade) ? radius : 6);
        put_point_title(out, f, s, p);
        ps_text_puts(out, "</circle>\n");
    }
}

/* As wide as the nearest two points lie apart. */
static void put_bars(ps_text *out, const frame *f, const ps_chart_series *s) {
    double apart = (f->x.end - f->x.begin) / 4, zero = ps_axis_at(&f->y, fmax(0, f->y.low));
    for (size_t i = 1; i < s->n; i++)
        apart = fmin(apart, fabs(ps_axis_at(&f->x, s->points[i].x) - ps_axis_at(&f->x, s->points[i - 1].x)));
    for (size_t i = 0; i < s->n; i++) {
        const ps_chart_point *p = &s->points[i];
        if (!is_drawn(f, p)) continue;
        double y = ps_axis_at(&f->y, p->y), x = ps_axis_at(&f->x, p->x), half = fmax(1, 0.4 * apart);
        double from = fmax(x - half, f->x.begin), to = fmin(x + half, f->x.end);
        ps_svg_put(out, "<rect class=\"c%u\" opacity=\"0.55\" x=\"%f\" y=\"%f\" width=\"%f\" height=\"%f\">",
                   colour_of(s), from, fmin(y, zero), to - from, fabs(zero - y));
        put_point_title(out, f, s, p);
        ps_text_puts(out, "</rect>\n");
    }
}

static void put_series(ps_text *out, const frame *f) {
    for (size_t i = 0; i < f->chart->n_series; i++) {
        const ps_chart_series *s = &f->chart->series[i];
        if (s->kind == PS_CHART_BARS) put_bars(out, f, s);
        if (s->kind == PS_CHART_LINE) put_band(out, f, s);
    }
    for (size_t i = 0; i < f->chart->n_series; i++) {
        const ps_chart_series *s = &f->chart->series[i];
        if (s->kind == PS_CHART_LINE || s->kind == PS_CHART_STEPS) put_line(out, f, s);
        if (s->kind != PS_CHART_LINE || s->n == 1) put_whiskers(out, f, s);
        if (s->kind != PS_CHART_BARS && s->kind != PS_CHART_STEPS) put_points(out, f, s);
    }
}

/* ---- A chart ------------------------------------------------------------- */

static void put_diagonal(ps_text *out, const frame *f) {
    double low = fmax(f->x.low, f->y.low), high = fmin(f->x.high, f->y.high);
    if (low < high)
        ps_svg_put(out, "<path class=\"diagonal\" d=\"M%f %fL%f %f\"/>\n", ps_axis_at(&f->x, low),
                   ps_axis_at(&f->y, low), ps_axis_at(&f->x, high), ps_axis_at(&f->y, high));
}

static void put_chart(ps_text *out, frame *f) {
    measure(f);
    ps_svg_put(out, "<g class=\"chart\"><text class=\"head\" x=\"%f\" y=\"%f\">", f->left + 12, f->top + 18);
    ps_svg_line(out, f->chart->title, strlen(f->chart->title), (size_t)(f->width / 8));
    ps_text_puts(out, "</text>\n");
    put_y_axis(out, f);
    put_x_axis(out, f);
    if (f->chart->diagonal) put_diagonal(out, f);
    if (f->x.empty)
        ps_svg_put(out, "<text class=\"soft\" text-anchor=\"middle\" x=\"%f\" y=\"%f\">nothing to draw yet</text>\n",
                   (f->x.begin + f->x.end) / 2, (f->y.begin + f->y.end) / 2);
    put_series(out, f);
    put_key(out, f, f->top + f->height - f->key - 2);
    ps_text_puts(out, "</g>\n");
}

/* In words: what each chart shows of what, and what is in it. */
static void describe(const ps_charts *charts, ps_text *desc) {
    for (size_t c = 0; c < charts->n; c++) {
        const ps_chart *chart = &charts->charts[c];
        size_t points = 0;
        for (size_t s = 0; s < chart->n_series; s++)
            points += chart->series[s].n;
        ps_text_printf(desc, "%s%s: ", c > 0 ? " " : "", chart->title);
        if (chart->y.label != NULL) ps_text_printf(desc, "%s ", chart->y.label);
        if (chart->x.label != NULL) ps_text_printf(desc, "against %s, ", chart->x.label);
        ps_text_printf(desc, "%zu points.", points);
    }
}

ps_status ps_draw_charts(const ps_charts *charts, ps_draw_use use, ps_text *svg, ps_error *err) {
    double width = charts->width > 0 ? charts->width : 480, height = charts->height > 0 ? charts->height : 320;
    size_t before = svg->length, columns = charts->columns > 0 ? charts->columns : 1;
    if (columns > charts->n) columns = charts->n;
    if (charts->n == 0) return ps_fail(err, PS_ARG, "ps_draw_charts: there is no chart");
    size_t rows = (charts->n + columns - 1) / columns;
    ps_text desc = {0};
    describe(charts, &desc);
    if (!ps_text_ok(&desc)) svg->failed = true;
    ps_svg_begin(svg, use, "ps-charts", width * (double)columns, height * (double)rows,
                 charts->title != NULL ? charts->title : charts->charts[0].title, ps_text_cstr(&desc));
    ps_text_clear(&desc);
    for (size_t i = 0; i < charts->n; i++) {
        const size_t row = i / columns, column = i % columns;
        frame f = {.chart = &charts->charts[i],
                   .left = width * (double)column,
                   .top = height * (double)row,
                   .width = width,
                   .height = height};
        put_chart(svg, &f);
    }
    return ps_svg_end(svg, before, err);
}
