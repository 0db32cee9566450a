/* persamp/draw.h: pictures as SVG text: the pool of a search, bars, charts.
 *
 *     ps_text svg = {0};
 *     ps_draw_pool(&(ps_pool_picture){.dots = dots, .n = n, .title = question}, PS_DRAW_ALONE, &svg, &err);
 *
 * Texts may be anything, also what a model wrote: markup in them is text, bytes that are no characters and characters
 * that XML does not have become U+FFFD. So every picture is well-formed XML. Each has a <title>, a <desc> and the role
 * of an image for who does not see it. Colours are CSS variables (--ps-ink, --ps-paper, --ps-c0 …) with defaults for
 * light and dark; ps_draw_style() is the sheet. Numbers are printed for any locale with a decimal point.
 *
 * Nothing is drawn by halves: on failure *svg is as long as before. Pure functions, for any thread. */
#ifndef PERSAMP_DRAW_H
#define PERSAMP_DRAW_H

#include "persamp/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ps_draw_use {
    PS_DRAW_ALONE, /* a file of its own: with the sheet in a <style> */
    PS_DRAW_INSIDE /* a part of a page that has the sheet: no <style>, no ids */
} ps_draw_use;

/* The style sheet of all pictures, as CSS; static. */
PS_API const char *ps_draw_style(void);

/* Append `text` for XML, between tags and inside quotes alike: at most `most` bytes of it, cut between characters with
 * an ellipsis (SIZE_MAX: all). */
PS_API void ps_draw_escape(ps_text *out, const char *text, size_t length, size_t most);

/* ---- The pool of a search ------------------------------------------------ */

typedef enum ps_dot_state { PS_DOT_OPEN, PS_DOT_FINISHED, PS_DOT_TRUNCATED } ps_dot_state;
typedef enum ps_dot_verdict { PS_DOT_UNKNOWN, PS_DOT_RIGHT, PS_DOT_WRONG } ps_dot_verdict;

/* One snapshot. The members are those of `particles` in a result line (docs/results.md). */
typedef struct ps_pool_dot {
    uint32_t id;           /* from 1 on, increasing in the list; gaps are fine. The root is 0 and not in the list */
    uint32_t parent;       /* the id of an earlier dot, or 0 */
    uint32_t selection;    /* its `event`: the selection that launched its line; 0: the launch at the root */
    uint32_t launch_depth; /* the depth that its line was launched from; tells where the search went back */
    ps_dot_state state;
    ps_dot_verdict verdict; /* of a finished one, where the truth is known */
    double weight;          /* posterior weight of an answer; 0 or NaN where there is none */
    double score, reward;   /* NaN: not known, not shown */
    const char *text;       /* [length] of its step, borrowed; NULL: none */
    size_t length;
} ps_pool_dot;

/* Columns are steps, dots are snapshots. A line is one step, coloured by the selection that launched it, and so is the
 * dot at its end. A dot's area is the posterior weight of the answers that passed through it, or where no answer has a
 * weight the number of steps that go on from it. A dashed ring (class "back") is where the search went back: a later
 * selection launched from it although a deeper snapshot was in the pool. A dot's <title> is its step's text, score,
 * reward and weight. Answers are ringed green with ✓ or red with ✗ where the truth is known.
 *
 * For tests and scripts: a dot is <circle class="dot cK" data-id="ID">, K = selection modulo PS_DRAW_COLOURS. */
typedef struct ps_pool_picture {
    const ps_pool_dot *dots; /* [n] */
    size_t n;
    const char *title; /* the question, say; NULL: "The pool of a search" */
    bool labels;       /* the beginning of each step beside its dot; makes the columns wider */
    size_t most_text;  /* bytes of a step in its dot's title; 0: 2,000 */
} ps_pool_picture;
enum { PS_DRAW_COLOURS = 8 };

/* Append the picture to *svg. An empty pool is the root alone. PS_ARG: ids that do not increase, or a parent that is
 * not an earlier dot. O(n log n) and the length of the texts, of which a title has `most_text` bytes. */
PS_API ps_status ps_draw_pool(const ps_pool_picture *pool, ps_draw_use use, ps_text *svg, ps_error *err);

/* ---- Bars ---------------------------------------------------------------- */

/* Classes of answers: a bar each, the label on its left. */
typedef struct ps_bar {
    const char *label;      /* borrowed; NULL: none was found */
    double value;           /* in [0, 1] */
    const char *note;       /* on its right, say "61%, 5 votes"; NULL: the value in percent */
    ps_dot_verdict verdict; /* its colour */
} ps_bar;
typedef struct ps_bars {
    const char *title;
    const ps_bar *bars; /* [n] from the top */
    size_t n;
} ps_bars;
PS_API ps_status ps_draw_bars(const ps_bars *bars, ps_draw_use use, ps_text *svg, ps_error *err);

/* ---- Charts -------------------------------------------------------------- */

typedef struct ps_chart_point {
    double x, y;      /* a point with a NaN or an infinity is left out, and a line has a gap there */
    double low, high; /* interval around y; both NaN: none */
    double shade;     /* in [0, 1]: coloured from low to high instead of by its series; NaN: not */
} ps_chart_point;

typedef enum ps_chart_kind {
    PS_CHART_LINE,   /* points joined, intervals shaded; of a single point as a bar with ends */
    PS_CHART_POINTS, /* points alone, intervals as bars with ends */
    PS_CHART_STEPS,  /* the value holds until the next point */
    PS_CHART_BARS    /* from zero up, as wide as the points lie apart */
} ps_chart_kind;

typedef struct ps_chart_series {
    const char *name; /* in the key; NULL: not there */
    ps_chart_kind kind;
    bool hollow;                  /* points as rings */
    size_t colour;                /* modulo PS_DRAW_COLOURS */
    const ps_chart_point *points; /* [n] */
    size_t n;
} ps_chart_series;

typedef struct ps_chart_tick {
    double value;
    const char *label;
} ps_chart_tick;

typedef struct ps_chart_axis {
    const char *label;          /* NULL: none */
    bool logarithmic;           /* positive values only; others are left out */
    bool percent;               /* 0.5 is shown as 50% */
    double low, high;           /* both 0: from the points */
    const ps_chart_tick *ticks; /* [n_ticks]; none: at round values */
    size_t n_ticks;
} ps_chart_axis;

typedef struct ps_chart {
    const char *title;
    ps_chart_axis x, y;
    const ps_chart_series *series; /* [n_series]; the first is drawn first */
    size_t n_series;
    bool diagonal; /* a dashed line y = x: what perfect calibration is */
} ps_chart;

/* Several charts as one picture, `columns` in a row, each width × height units, of which a letter is 13 high. Append it
 * to *svg. A chart without a point says so. O(points). */
typedef struct ps_charts {
    const char *title;      /* of the whole; NULL: of the first chart */
    const ps_chart *charts; /* [n] */
    size_t n, columns;
    double width, height; /* of one; 0: 480 × 320 */
} ps_charts;
PS_API ps_status ps_draw_charts(const ps_charts *charts, ps_draw_use use, ps_text *svg, ps_error *err);

#ifdef __cplusplus
}
#endif
#endif
