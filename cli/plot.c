/* Pictures as files, and the plot of a comparison. */
#include "plot.h"

#include "cli.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- Pictures as files --------------------------------------------------- */

static bool ends_with(const char *text, const char *ending) {
    size_t n = strlen(text), m = strlen(ending);
    return n > m && strcmp(text + n - m, ending) == 0;
}

int ps_cli_picture_check(const char *option, const char *path) {
    ps_error err;
    for (const char *at = path; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f) {
            ps_cli_say("%s %s: a file name with a line break or another control character is not taken", option, path);
            return EXIT_USAGE;
        }
    if (ends_with(path, ".svg")) return -1;
    if (!ends_with(path, ".png")) {
        ps_cli_say("%s %s: expected a file that ends in .svg or .png", option, path);
        return EXIT_USAGE;
    }
    if (ps_cli_png_check(&err) == PS_OK) return -1;
    ps_cli_say("%s %s: %s", option, path, err.message);
    return EXIT_FAILED;
}

int ps_cli_picture_write(const char *option, const char *path, const ps_text *svg) {
    ps_text png = {0};
    ps_error err;
    const ps_text *file = ends_with(path, ".png") ? &png : svg;
    ps_status status = file == &png ? ps_cli_png(svg, &png, &err) : PS_OK;
    if (status == PS_OK) status = ps_write_file(path, file->data, file->length, &err);
    if (status != PS_OK) ps_cli_say("%s %s: %s", option, path, err.message);
    ps_text_clear(&png);
    return status == PS_OK ? EXIT_DONE : EXIT_FAILED;
}

/* ---- A comparison -------------------------------------------------------- */

static bool is_drawn(const ps_compare_cell *c) {
    return c->runs > 0 && c->tokens.generated > 0;
}

/* What is drawn: a series a method, a tick a budget. */
typedef struct plot {
    ps_chart_series *series; /* [n_methods] */
    ps_chart_point *points;  /* [n_cells], those of a method together */
    ps_chart_tick *ticks;    /* [n_cells] at most */
    size_t n_ticks;
    ps_text names; /* of the ticks, each with its NUL */
    char title[160];
} plot;

static void add_series(plot *p, const ps_compare_summary *s, size_t method, size_t *n_points) {
    ps_chart_series *series = &p->series[method];
    *series = (ps_chart_series){.kind = PS_CHART_LINE, .colour = method, .hollow = method / PS_DRAW_COLOURS % 2 != 0};
    series->points = &p->points[*n_points];
    for (size_t i = 0; i < s->n_cells; i++) {
        const ps_compare_cell *c = &s->cells[i];
        if (c->method_number != method || !is_drawn(c)) continue;
        series->name = c->method;
        series->n++;
        p->points[(*n_points)++] = (ps_chart_point){.x = (double)c->tokens.generated / (double)c->runs,
                                                    .y = c->accuracy,
                                                    .low = c->low,
                                                    .high = c->high,
                                                    .shade = NAN};
    }
}

/* Ticks where the budgets lie. */
static void add_ticks(plot *p, const ps_compare_summary *s) {
    const char *budget = NULL;
    size_t at = 0;
    for (size_t i = 0; i < s->n_cells; i++) {
        const ps_compare_cell *c = &s->cells[i];
        if (c->max_tokens == 0 || (budget != NULL && strcmp(budget, c->budget) == 0)) continue;
        ps_text_printf(&p->names, "%zu", c->max_tokens);
        ps_text_append(&p->names, "", 1);
        p->ticks[p->n_ticks++].value = (double)c->max_tokens;
        budget = c->budget;
    }
    for (size_t i = 0; i < p->n_ticks && ps_text_ok(&p->names); at += strlen(p->names.data + at) + 1)
        p->ticks[i++].label = p->names.data + at;
}

static ps_status draw(plot *p, const ps_compare_summary *s, ps_text *svg, ps_error *err) {
    size_t n = s->n_cells + 1, n_points = 0;
    p->series = ps_calloc(s->n_methods + 1, sizeof *p->series);
    p->points = ps_calloc(n, sizeof *p->points);
    p->ticks = ps_calloc(n, sizeof *p->ticks);
    if (p->series == NULL || p->points == NULL || p->ticks == NULL) return ps_nomem(err);
    for (size_t m = 0; m < s->n_methods; m++)
        add_series(p, s, m, &n_points);
    add_ticks(p, s);
    if (!ps_text_ok(&p->names)) return ps_nomem(err);
    snprintf(p->title, sizeof p->title, "%zu problems, 95%% intervals; one answer has %.0f tokens", s->problems,
             s->answer_tokens);
    const ps_chart chart = {
        .title = p->title,
        .series = p->series,
        .n_series = s->n_methods,
        .x = {.label = "generated tokens per problem", .logarithmic = true, .ticks = p->ticks, .n_ticks = p->n_ticks},
        .y = {.label = "correct answers", .percent = true}};
    return ps_draw_charts(&(ps_charts){.charts = &chart, .n = 1, .width = 640, .height = 420}, PS_DRAW_ALONE, svg, err);
}

int ps_cli_plot(const ps_compare_summary *summary, const char *path) {
    plot p = {0};
    ps_text svg = {0};
    ps_error err;
    ps_status status = draw(&p, summary, &svg, &err);
    if (status != PS_OK) ps_cli_say("--plot %s: %s", path, err.message);
    int code = status == PS_OK ? ps_cli_picture_write("--plot", path, &svg) : EXIT_FAILED;
    ps_text_clear(&svg);
    ps_text_clear(&p.names);
    ps_free(p.series);
    ps_free(p.points);
    ps_free(p.ticks);
    return code;
}
