/* An axis: from what to what it goes, where a value lies on it, and its ticks. */
#ifndef PERSAMP_DRAW_AXIS_H
#define PERSAMP_DRAW_AXIS_H

#include "persamp/draw.h"

typedef struct ps_axis {
    const ps_chart_axis *about;
    double low, high;  /* of the values; low < high */
    double begin, end; /* of the picture: where low and high lie */
    bool empty;        /* no value was seen */
} ps_axis;

/* Start, see every value, end. */
void ps_axis_begin(ps_axis *axis, const ps_chart_axis *about);
void ps_axis_see(ps_axis *axis, double value); /* what is not finite, or not on the axis at all, is passed over */
void ps_axis_end(ps_axis *axis, double begin, double end);

bool ps_axis_has(const ps_axis *axis, double value); /* it lies on the axis */
double ps_axis_at(const ps_axis *axis, double value);

/* Ticks: at most PS_AXIS_TICKS, their number. Labels of rounded values are written to label[][]. */
enum { PS_AXIS_TICKS = 24, PS_AXIS_LABEL = 32 };
typedef struct ps_axis_tick {
    double value;
    const char *given; /* the caller's label; NULL: `label` */
    char label[PS_AXIS_LABEL];
} ps_axis_tick;
size_t ps_axis_ticks(const ps_axis *axis, ps_axis_tick ticks[PS_AXIS_TICKS]);

#endif
