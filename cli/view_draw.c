/* The live view on a terminal. */
#include "view_rows.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- A frame ------------------------------------------------------------- */

/* A view that is being written, line by line. One column stays free, since a cursor beyond the last would wrap. */
typedef struct frame {
    FILE *out;
    const ps_cli_view *view;
    size_t columns, rows; /* that may be used */
    size_t used;          /* columns of this line */
    size_t *widths, lines;
} frame;

static void paint(frame *f, const char *sgr) {
    if (f->view->colour) fprintf(f->out, "\033[%sm", sgr);
}

static void put(frame *f, const char *text) {
    if (f->used < f->columns) f->used += ps_cli_put_line(f->out, text, f->columns - f->used);
}

static void put_blanks(frame *f, size_t n) {
    size_t room = f->columns - f->used;
    n = n < room ? n : room;
    fprintf(f->out, "%*s", (int)n, "");
    f->used += n;
}

/* Up to a column, counted from 0. */
static void fill(frame *f, size_t column) {
    if (column > f->used) put_blanks(f, column - f->used);
}

PS_PRINTF(2, 3) static void putf(frame *f, const char *format, ...) {
    char text[160];
    va_list arguments;
    va_start(arguments, format);
    ps_format(text, sizeof text, format, arguments);
    va_end(arguments);
    size_t blanks = strspn(text, " ");
    put_blanks(f, blanks);
    put(f, text + blanks);
}

static bool has_room(const frame *f) {
    return f->lines < f->rows;
}

static void end_line(frame *f) {
    paint(f, "0");
    fputs("\033[K\n", f->out);
    f->widths[f->lines++] = f->used;
    f->used = 0;
}

/* A few words of a list: after those before, or on the next line where they do not fit. */
PS_PRINTF(2, 3) static void put_fact(frame *f, const char *format, ...) {
    char text[160];
    va_list arguments;
    va_start(arguments, format);
    ps_format(text, sizeof text, format, arguments);
    va_end(arguments);
    if (f->used > 0 && f->used + 2 + ps_cli_width(text) > f->columns && f->lines + 1 < f->rows) end_line(f);
    if (f->used > 0) put_blanks(f, 2);
    put(f, text);
}

/* Blocks of an eighth. */
static void put_bar(frame *f, double share, size_t width) {
    static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    if (width > f->columns) width = f->columns;
    size_t eighths = (size_t)lround(share * 8 * (double)width);
    if (eighths == 0 && share > 0) eighths = 1;
    size_t full = eighths / 8, shown = full + (eighths % 8 > 0);
    paint(f, "36");
    for (size_t i = 0; i < full; i++)
        fputs("█", f->out);
    fputs(parts[eighths % 8], f->out);
    paint(f, "0");
    fprintf(f->out, "%*s", (int)(width - shown), "");
    f->used += width;
}

/* ---- Its parts ----------------------------------------------------------- */

static const char *ending(size_t n) {
    return n == 1 ? "" : "s";
}

static void put_heading(frame *f) {
    const ps_cli_view *v = f->view;
    unsigned s = (unsigned)(v->drawn - v->started);
    paint(f, "1");
    put_fact(f, "%s", v->method);
    paint(f, "0");
    put_fact(f, "iteration %zu", v->iteration);
    put_fact(f, "%zu particle%s", v->n_particles, ending(v->n_particles));
    put_fact(f, "%zu token%s", v->tokens, ending(v->tokens));
    put_fact(f, "%u:%02u", s / 60, s % 60);
    end_line(f);
    if (!has_room(f)) return;
    if (isfinite(v->beta)) put_fact(f, "beta %.3f", v->beta);
    if (isfinite(v->ess)) put_fact(f, "ESS %.1f", v->ess);
    put_fact(f, "%zu selection%s", v->selections, ending(v->selections));
    put_fact(f, "%zu finished", v->finished);
    end_line(f);
}

static void put_back(frame *f) {
    const ps_cli_view *v = f->view;
    if (v->back_at == 0 || !has_room(f)) return;
    paint(f, "33");
    putf(f, "↶ back %u step%s in iteration %zu (%zu particle%s)", v->back_steps, ending(v->back_steps), v->back_at,
         v->back_particles, ending(v->back_particles));
    end_line(f);
}

/* The columns of a row before its text, by what the terminal has. */
typedef struct layout {
    size_t bar;
    bool score, reward;
} layout;

static layout layout_of(const frame *f) {
    const ps_cli_view *v = f->view;
    bool scored = v->n_rows > 0 && !isnan(v->rows[0].reward);
    return (layout){.bar = f->columns >= 60   ? 10
                           : f->columns >= 30 ? 5
                                              : 2,
                    .score = f->columns >= 60,
                    .reward = scored && f->columns >= 76};
}

/* Columns after the bar at which these end, and that a mark of going back takes. */
enum { SHARE = 6, COPIES = 11, SCORE = 16, BACK = 5 };

static void put_titles(frame *f, const layout *l) {
    paint(f, "2");
    put(f, "weight");
    fill(f, l->bar + COPIES);
    put(f, "step");
    fill(f, l->bar + SCORE);
    if (l->score) putf(f, "    score");
    if (l->reward) putf(f, " reward");
    put_blanks(f, BACK);
    put(f, "text");
    end_line(f);
}

static void put_row(frame *f, const layout *l, const ps_view_row *r, double heaviest) {
    static const char *const marks[] = {"", "*", "!"}; /* open, finished, truncated */
    const ps_view_seen *one = ps_view_at(f->view, r->snapshot);
    put_bar(f, heaviest > 0 ? r->weight / heaviest : 0, l->bar);
    putf(f, " %3.0f%%", 100 * r->weight);
    fill(f, l->bar + SHARE);
    if (r->copies > 1) putf(f, "×%zu", r->copies);
    fill(f, l->bar + COPIES);
    putf(f, "%4u%s", r->depth, marks[r->state]);
    fill(f, l->bar + SCORE);
    if (l->score) putf(f, " %8.3f", r->ell);
    if (l->reward) putf(f, " %6.3f", r->reward);
    paint(f, "33");
    size_t here = f->used;
    if (r->back > 0) putf(f, " ↶%u", r->back);
    paint(f, "0");
    fill(f, here + BACK);
    put(f, one != NULL ? one->text : "");
    end_line(f);
}

static void put_rows(frame *f, size_t most) {
    const ps_cli_view *v = f->view;
    layout l = layout_of(f);
    size_t shown = v->n_rows < most ? v->n_rows : most > 0 ? most - 1 : 0;
    if (has_room(f)) put_titles(f, &l);
    for (size_t i = 0; i < shown && has_room(f); i++)
        put_row(f, &l, &v->rows[i], v->rows[0].weight);
    if (shown < v->n_rows && has_room(f)) {
        size_t left = 0;
        for (size_t i = shown; i < v->n_rows; i++)
            left += v->rows[i].copies;
        putf(f, "  … and %zu more", left);
        end_line(f);
    }
}

/* ---- The text of the heaviest -------------------------------------------- */

/* The end of the heaviest particle's text, as much as fits, the newest last. */
static void put_heaviest(frame *f, size_t most) {
    enum { MOST_STEPS = 32 };
    const ps_cli_view *v = f->view;
    const ps_view_seen *steps[MOST_STEPS];
    size_t n = 0, lines = 0;
    if (v->n_rows == 0 || most < 2) return;
    for (uint32_t at = v->rows[0].snapshot; at != 0 && n < MOST_STEPS; at = steps[n++]->parent) {
        steps[n] = ps_view_at(v, at);
        if (steps[n] == NULL || steps[n]->text == NULL) break;
        size_t own = ps_cli_rows(steps[n]->text, f->columns);
        if (lines + own > most - 1 && n > 0) break;
        lines += own;
    }
    paint(f, "2");
    put(f, "the heaviest writes:");
    end_line(f);
    size_t skip = lines > most - 1 ? lines - (most - 1) : 0; /* of a single long step the end is shown */
    for (size_t i = n; i-- > 0;)
        for (const char *rest = steps[i]->text; *rest != '\0';) {
            size_t used = 0;
            rest = ps_cli_put_row(skip > 0 ? NULL : f->out, rest, f->columns, &used);
            if (used == 0) continue; /* blanks */
            if (skip > 0) {
                skip--;
                continue;
            }
            f->used = used;
            end_line(f);
        }
}

/* ---- Drawing ------------------------------------------------------------- */

/* Rows that the last view takes now: a terminal that has become narrower has broken its lines. */
static size_t rows_of_last(const ps_cli_view *v, ps_cli_size size) {
    size_t rows = 0;
    for (size_t i = 0; i < v->lines; i++)
        rows += v->widths[i] > size.columns ? (v->widths[i] + size.columns - 1) / size.columns : 1;
    return rows < size.rows ? rows : size.rows - 1; /* what has scrolled away cannot be drawn over */
}

static void compose(frame *f) {
    enum { MOST_TEXT = 16 };
    put_heading(f);
    put_back(f);
    size_t left = f->rows - f->lines, text = left / 3 >= 3 ? left / 3 : 0; /* at least, for the heaviest */
    put_rows(f, left > text + 1 ? left - text - 1 : 0);
    left = f->rows > f->lines ? f->rows - f->lines : 0;
    put_heaviest(f, left < MOST_TEXT ? left : MOST_TEXT);
}

void ps_view_draw(ps_cli_view *v) {
    char *text = NULL;
    size_t length = 0, widths[PS_VIEW_LINES];
    ps_cli_size size = ps_cli_screen(stdout);
    FILE *out = open_memstream(&text, &length);
    if (out == NULL) return;
    v->drawn = ps_now();
    frame f = {.out = out, .view = v, .widths = widths};
    f.columns = size.columns > 2 ? size.columns - 1 : 1;
    f.rows = size.rows > 2 ? size.rows - 1 : 1;
    if (f.rows > PS_VIEW_LINES) f.rows = PS_VIEW_LINES;
    size_t up = rows_of_last(v, size);
    fputc('\r', out); /* a ^C may stand there */
    if (up > 0) fprintf(out, "\033[%zuA", up);
    if (size.columns != v->size.columns) fputs("\033[J", out); /* its lines are not where ours will be */
    compose(&f);
    fputs("\033[J", out);
    bool ok = fclose(out) == 0 && text != NULL;
    if (ok) fwrite(text, 1, length, stdout);
    if (ok) fflush(stdout);
    free(text);
    memcpy(v->widths, widths, f.lines * sizeof *widths);
    v->lines = f.lines;
    v->size = size;
}
