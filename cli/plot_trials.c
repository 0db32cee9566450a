/* The pictures of a study: how the best came about, what each key does, and what two do together. */
#include "plot.h"
#include "tune.h"

#include "cli.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_KEYS = 6 };

typedef struct picture {
    const ps_trials *trials;
    const char *keys[MOST_KEYS]; /* [n] of the space */
    size_t n;
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

static void put_style(FILE *out, size_t columns, size_t rows) {
    fprintf(out, "set terminal svg size %zu,%zu font 'sans-serif,12' background '#ffffff'\n", 320 * columns,
            260 * rows);
    fputs("set border 3 lc rgb '#777777'\n"
          "set tics nomirror out scale 0.6 textcolor rgb '#333333'\n"
          "set grid ytics lc rgb '#e4e4e4' lt 1 lw 0.7\n"
          "set key off\nset offsets graph 0.06, graph 0.06, graph 0.06, graph 0.06\n"
          "set palette defined (0 '#56B4E9', 0.5 '#E69F00', 1 '#D55E00')\n",
          out);
}

/* ---- History ------------------------------------------------------------- */

static void put_history(FILE *out, const void *what, const char *path) {
    const ps_trials *s = ((const picture *)what)->trials;
    double best = NAN;
    (void)path;
    put_style(out, 2, 1);
    fputs("set key bottom right noenhanced\n$trials << END\n", out);
    for (size_t i = 0; i < s->n; i++) {
        const ps_trial *t = &s->trials[i];
        if (!is_drawn(t)) continue;
        bool better = isnan(best) || (s->maximise[0] ? t->values[0] > best : t->values[0] < best);
        if (t->state == PS_TRIAL_COMPLETE && better) best = t->values[0];
        fprintf(out, "%zu %.9g %.9g %d\n", t->number, t->values[0], best, t->state == PS_TRIAL_PRUNED);
    }
    fputs("END\nset xrange [-1:*]\nset xlabel 'trial'\nset ylabel ", out);
    ps_cli_plot_quote(out, name_of(s));
    fputs(" noenhanced\nplot $trials using 1:($4 == 0 ? $2 : NaN) with points pt 7 ps 0.5 lc rgb '#0072B2' title "
          "'complete', "
          "$trials using 1:($4 == 1 ? $2 : NaN) with points pt 6 ps 0.5 lc rgb '#999999' title 'stopped early', "
          "$trials using 1:3 with steps lw 2 lc rgb '#D55E00' title 'best so far'\n",
          out);
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
static void put_axis(FILE *out, const picture *p, const char *key, char axis) {
    bool first = true;
    fprintf(out, "unset logscale %c\nunset %ctics\nset %ctics nomirror\nset %clabel ", axis, axis, axis, axis);
    ps_cli_plot_quote(out, key);
    fputs(" noenhanced\n", out);
    for (size_t i = 0; i < p->trials->n; i++) {
        const ps_trial_param *param = param_of(&p->trials->trials[i], key);
        if (param != NULL && strstr(param->distribution, "\"log\": true") != NULL)
            fprintf(out, "set logscale %c\n", axis);
        if (param == NULL || strstr(param->distribution, "CategoricalDistribution") == NULL || seen_before(p, i, param))
            continue;
        fprintf(out, "set %ctics %s(", axis, first ? "" : "add ");
        ps_cli_plot_quote(out, param->value);
        fprintf(out, " %.9g) noenhanced\n", param->internal);
        first = false;
    }
}

/* Rows of two keys and the value; of one key where they are the same. */
static void put_rows(FILE *out, const picture *p, size_t x, size_t y) {
    fputs("$rows << END\n", out);
    for (size_t i = 0; i < p->trials->n; i++) {
        const ps_trial *t = &p->trials->trials[i];
        const ps_trial_param *a = param_of(t, p->keys[x]), *b = param_of(t, p->keys[y]);
        if (is_drawn(t) && a != NULL && b != NULL)
            fprintf(out, "%.9g %.9g %.9g\n", a->internal, b->internal, t->values[0]);
    }
    fputs("END\n", out);
}

static void put_slices(FILE *out, const void *what, const char *path) {
    const picture *p = what;
    size_t columns = p->n < 3 ? p->n : 3, rows = (p->n + columns - 1) / columns;
    (void)path;
    put_style(out, columns, rows);
    fprintf(out, "set multiplot layout %zu,%zu\nset ylabel ", rows, columns);
    ps_cli_plot_quote(out, name_of(p->trials));
    fputs(" noenhanced\n", out);
    for (size_t d = 0; d < p->n; d++) {
        put_rows(out, p, d, d);
        put_axis(out, p, p->keys[d], 'x');
        fputs("plot $rows using 1:3 with points pt 7 ps 0.5 lc rgb '#0072B2'\n", out);
    }
    fputs("unset multiplot\n", out);
}

static void put_pairs(FILE *out, const void *what, const char *path) {
    const picture *p = what;
    size_t pairs = p->n * (p->n - 1) / 2, columns = pairs < 3 ? pairs : 3, rows = (pairs + columns - 1) / columns;
    (void)path;
    put_style(out, columns, rows);
    fprintf(out, "set multiplot layout %zu,%zu\nset title ", rows, columns);
    ps_cli_plot_quote(out, name_of(p->trials));
    fputs(" noenhanced\nset offsets 0, 0, 0, 0\n", out);
    for (size_t x = 0; x < p->n; x++)
        for (size_t y = x + 1; y < p->n; y++) {
            put_rows(out, p, x, y);
            put_axis(out, p, p->keys[x], 'x');
            put_axis(out, p, p->keys[y], 'y');
            fputs("plot $rows using 1:2:3 with points pt 7 ps 1 lc palette\n", out);
        }
    fputs("unset multiplot\n", out);
}

/* ---- All of them --------------------------------------------------------- */

static int draw(const picture *p, const char *gnuplot, const char *folder, const char *name,
                void (*put)(FILE *out, const void *what, const char *path)) {
    ps_text path = {0};
    ps_text_printf(&path, "%s/%s.svg", folder, name);
    int code = ps_text_ok(&path) ? ps_cli_plot_draw(gnuplot, path.data, put, p) : EXIT_FAILED;
    if (code == EXIT_DONE) ps_cli_print_path("plot in ", path.data);
    ps_text_clear(&path);
    return code;
}

int ps_cli_plot_trials(const ps_trials *trials, const char *gnuplot, const char *folder) {
    picture p = {.trials = trials};
    struct stat about;
    size_t drawn = 0;
    find_keys(&p);
    for (size_t i = 0; i < trials->n; i++)
        drawn += is_drawn(&trials->trials[i]);
    if (drawn == 0 || p.n == 0) {
        ps_cli_say("--plot %s: no trial has a value yet", folder);
        return EXIT_FAILED;
    }
    if (mkdir(folder, 0777) != 0 && (stat(folder, &about) != 0 || !S_ISDIR(about.st_mode))) {
        ps_cli_say("--plot %s: this folder cannot be made", folder);
        return EXIT_FAILED;
    }
    int code = draw(&p, gnuplot, folder, "history", put_history);
    if (code == EXIT_DONE) code = draw(&p, gnuplot, folder, "slices", put_slices);
    if (code == EXIT_DONE && p.n > 1) code = draw(&p, gnuplot, folder, "pairs", put_pairs);
    return code;
}
