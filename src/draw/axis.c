#include "draw/axis.h"

#include "draw/svg.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void ps_axis_begin(ps_axis *axis, const ps_chart_axis *about) {
    *axis = (ps_axis){.about = about, .low = INFINITY, .high = -INFINITY, .empty = true};
    for (size_t i = 0; i < about->n_ticks; i++)
        ps_axis_see(axis, about->ticks[i].value);
    axis->empty = true; /* ticks alone are nothing to draw */
}

/* Beyond these no sum, difference or ratio of two values is finite and above zero any more, which an axis is made of.
 */
static const double largest = 1e100, least = 1e-100;

static bool can_be(const ps_axis *axis, double value) {
    return fabs(value) <= largest && (value >= least || !axis->about->logarithmic); /* not NaN */
}

void ps_axis_see(ps_axis *axis, double value) {
    if (!can_be(axis, value)) return;
    if (fabs(value) < least) value = 0;
    axis->low = fmin(axis->low, value);
    axis->high = fmax(axis->high, value);
    axis->empty = false;
}

/* A little room at both ends; a share stays between 0 and 1. */
static void widen(ps_axis *axis) {
    if (axis->about->logarithmic) {
        double room = pow(axis->high / axis->low, 0.04);
        if (room < 1.02) room = 1.2; /* a single value */
        axis->low /= room;
        axis->high *= room;
        return;
    }
    double room = 0.04 * (axis->high - axis->low);
    if (room <= 0) room = axis->high != 0 ? fabs(axis->high) * 0.1 : 1;
    bool from_zero = axis->low == 0 && axis->about->n_ticks == 0; /* the first of several choices is no origin */
    axis->low = from_zero ? 0 : axis->low - room;
    axis->high += room;
    if (axis->about->percent) {
        axis->low = fmax(axis->low, 0);
        axis->high = fmin(axis->high, 1);
        if (axis->low >= axis->high) axis->low = axis->high - 0.1;
    }
}

void ps_axis_end(ps_axis *axis, double begin, double end) {
    const ps_chart_axis *about = axis->about;
    if (axis->low > axis->high) { /* nothing was seen */
        axis->low = about->logarithmic ? 1 : 0;
        axis->high = about->logarithmic ? 10 : 1;
    }
    if (about->low < about->high) {
        axis->low = about->low;
        axis->high = about->high;
    } else {
        widen(axis);
    }
    axis->begin = begin;
    axis->end = end;
}

bool ps_axis_has(const ps_axis *axis, double value) {
    double slack = 1e-9 * (axis->high - axis->low);
    return can_be(axis, value) && value >= axis->low - slack && value <= axis->high + slack;
}

double ps_axis_at(const ps_axis *axis, double value) {
    double share = axis->about->logarithmic ? log(value / axis->low) / log(axis->high / axis->low)
                                            : (value - axis->low) / (axis->high - axis->low);
    return axis->begin + share * (axis->end - axis->begin);
}

/* ---- Ticks --------------------------------------------------------------- */

static void name_tick(const ps_axis *axis, double value, ps_axis_tick *tick) {
    char digits[PS_SVG_DIGITS];
    *tick = (ps_axis_tick){.value = value};
    double shown = axis->about->percent ? 100 * value : value;
    if (fabs(shown) < 1e-12 * (axis->high - axis->low)) shown = 0; /* a sum of steps that should be zero */
    bool thousands = fabs(shown) >= 10000 && fabs(shown) < 1e9 && fmod(shown, 1000) == 0;
    ps_svg_digits(thousands ? shown / 1000 : shown, digits);
    snprintf(tick->label, sizeof tick->label, "%.28s%s%s", digits, thousands ? "k" : "",
             axis->about->percent ? "%" : "");
}

/* 1, 2 or 5 times a power of ten, so that about five fit. */
static double round_step(double span) {
    double rough = span / 5, power = pow(10, floor(log10(rough))), times = rough / power;
    return power * (times < 1.5 ? 1 : times < 3.5 ? 2 : times < 7.5 ? 5 : 10);
}

static size_t linear_ticks(const ps_axis *axis, ps_axis_tick *ticks) {
    double step = round_step(axis->high - axis->low);
    size_t n = 0;
    for (double k = ceil(axis->low / step - 1e-9); n < PS_AXIS_TICKS && k * step <= axis->high + 1e-9 * step; k++)
        name_tick(axis, k * step, &ticks[n++]);
    return n;
}

/* Decades; with 2 and 5 between them, or only some of them, as many as fit. */
static size_t logarithmic_ticks(const ps_axis *axis, ps_axis_tick *ticks) {
    static const double times[] = {1, 2, 5};
    double decades = log10(axis->high / axis->low);
    if (decades < 0.5) return linear_ticks(axis, ticks);
    int every = decades > 8 ? (int)ceil(decades / 8) : 1;
    size_t n = 0;
    for (int e = (int)floor(log10(axis->low)); e <= (int)ceil(log10(axis->high)); e++)
        for (size_t t = 0; t < (decades > 3 ? 1 : 3); t++) {
            double value = times[t] * pow(10, e);
            if (e % every == 0 && n < PS_AXIS_TICKS && ps_axis_has(axis, value)) name_tick(axis, value, &ticks[n++]);
        }
    return n;
}

size_t ps_axis_ticks(const ps_axis *axis, ps_axis_tick ticks[PS_AXIS_TICKS]) {
    const ps_chart_axis *about = axis->about;
    if (about->n_ticks == 0) return about->logarithmic ? logarithmic_ticks(axis, ticks) : linear_ticks(axis, ticks);
    size_t n = 0;
    for (size_t i = 0; i < about->n_ticks && n < PS_AXIS_TICKS; i++)
        if (ps_axis_has(axis, about->ticks[i].value))
            ticks[n++] = (ps_axis_tick){.value = about->ticks[i].value, .given = about->ticks[i].label};
    return n;
}
