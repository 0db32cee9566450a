#include "view_rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Where it is shown --------------------------------------------------- */

/* By the convention of no-color.org. */
static bool wants_colour(void) {
    const char *no = getenv("NO_COLOR");
    return no == NULL || *no == '\0';
}

ps_cli_view *ps_cli_view_open(const char *method) {
    ps_cli_view *v = ps_calloc(1, sizeof *v);
    if (v == NULL) return NULL;
    v->terminal = ps_cli_redraws(stdout);
    v->colour = v->terminal && wants_colour();
    v->method = method;
    v->started = v->drawn = ps_now();
    v->beta = v->ess = NAN;
    return v;
}

void ps_cli_view_close(ps_cli_view *v) {
    if (v == NULL) return;
    for (size_t i = 0; i < v->n; i++)
        ps_free(v->snapshots[i].text);
    ps_free(v->snapshots);
    ps_free(v->rows);
    ps_free(v);
}

/* ---- Plain lines --------------------------------------------------------- */

static void print_particle(const ps_particle_view *p, size_t columns) {
    static const char marks[] = {' ', '*', '!'}; /* open, finished, truncated */
    enum { FEWEST = 8, MOST = 60 };
    ps_text line = {0};
    ps_text_printf(&line, "%c %4u <- %-4u depth %-3u score %8.3f", marks[p->state], p->snapshot, p->parent, p->depth,
                   p->ell);
    if (!isnan(p->reward)) ps_text_printf(&line, "  r %.3f", p->reward);
    size_t used = ps_cli_put_line(stdout, ps_text_cstr(&line), columns);
    ps_text_clear(&line);
    size_t left = columns >= used + 2 + FEWEST ? columns - used - 2 : 0;
    if (left > 0) fputs("  ", stdout);
    if (left > 0) ps_cli_put_line(stdout, p->text, left < MOST ? left : MOST);
    putchar('\n');
}

static void print_lines(const ps_step_view *step) {
    enum { IN_A_FILE = 120 };
    const ps_method_report *r = &step->report;
    size_t columns = isatty(STDOUT_FILENO) == 1 ? ps_cli_screen(stdout).columns : IN_A_FILE;
    char line[160];
    int n = snprintf(line, sizeof line, "iteration %zu: %zu steps, %zu tokens", r->n_iterations, step->n, r->tokens);
    if (r->n_iterations > 0) {
        const ps_iteration *last = &r->iterations[r->n_iterations - 1];
        snprintf(line + n, sizeof line - (size_t)n, ", beta %.3f, ESS %.2f%s", last->beta, last->ess,
                 last->resampled ? ", selection" : "");
    }
    ps_cli_put_line(stdout, line, columns);
    putchar('\n');
    for (size_t i = 0; i < step->n; i++)
        print_particle(&step->particles[i], columns);
    fflush(stdout);
}

/* ---- What an iteration brings -------------------------------------------- */

static uint64_t hash(uint64_t h, const char *text) { /* FNV-1a */
    for (; *text != '\0'; text++)
        h = (h ^ (unsigned char)*text) * 1099511628211u;
    return (h ^ 0xff) * 1099511628211u; /* a byte of no text: where a step ends counts */
}

static bool remember(ps_cli_view *v, const ps_particle_view *p) {
    size_t had = v->n;
    if (ps_reserve(&v->snapshots, &v->capacity, (size_t)p->snapshot + 1) != PS_OK) return false;
    if (p->snapshot >= had) {
        v->n = (size_t)p->snapshot + 1;
        memset(&v->snapshots[had], 0, (v->n - had) * sizeof *v->snapshots);
    }
    ps_view_seen *one = &v->snapshots[p->snapshot];
    ps_free(one->text);
    *one = (ps_view_seen){.parent = p->parent,
                          .depth = p->depth,
                          .prefix = hash(v->snapshots[p->parent].prefix, p->text),
                          .text = ps_strdup(p->text)};
    return one->text != NULL;
}

/* Steps back from the deepest snapshot to the parent, where that is none of the iteration before. */
static uint32_t steps_back(const ps_cli_view *v, const ps_particle_view *p) {
    if (v->iteration == 0 || p->depth > v->deepest) return 0;
    for (size_t i = 0; i < v->n_rows; i++)
        if (v->rows[i].snapshot == p->parent) return 0;
    const ps_view_seen *parent = ps_view_at(v, p->parent);
    for (size_t i = 0; i < v->n_rows && parent != NULL; i++)
        if (v->rows[i].prefix == parent->prefix && v->rows[i].depth == p->depth - 1) return 0;
    return v->deepest - (p->depth - 1);
}

static double weight_of(const ps_particle_view *p, double beta, double most) {
    if (!isfinite(most)) return 1;
    return isfinite(p->ell) ? exp(beta * (p->ell - most)) : 0; /* 0 · −∞ is not a number */
}

static int heavier_first(const void *a, const void *b) {
    const ps_view_row *x = a, *y = b;
    if (x->weight != y->weight) return x->weight < y->weight ? 1 : -1;
    return (x->snapshot > y->snapshot) - (x->snapshot < y->snapshot);
}

/* Into the row of its equals, or one of its own. */
static void add_row(ps_view_row *rows, size_t *n, const ps_view_row *one) {
    for (size_t i = 0; i < *n; i++)
        if (rows[i].prefix == one->prefix && rows[i].depth == one->depth && rows[i].state == one->state) {
            rows[i].copies++;
            rows[i].weight += one->weight;
            rows[i].back = one->back > rows[i].back ? one->back : rows[i].back;
            return;
        }
    rows[(*n)++] = *one;
}

/* Weights are exp(β·ℓ), among the particles of this iteration. */
static void fold(ps_cli_view *v, const ps_step_view *step, ps_view_row *rows, size_t *n) {
    double beta = isfinite(v->beta) ? v->beta : 1, most = -INFINITY, sum = 0;
    for (size_t i = 0; i < step->n; i++)
        if (step->particles[i].ell > most) most = step->particles[i].ell;
    for (size_t i = 0; i < step->n; i++)
        sum += weight_of(&step->particles[i], beta, most);
    for (size_t i = 0; i < step->n; i++) {
        const ps_particle_view *p = &step->particles[i];
        ps_view_row one = {.snapshot = p->snapshot,
                           .depth = p->depth,
                           .prefix = v->snapshots[p->snapshot].prefix,
                           .copies = 1,
                           .weight = weight_of(p, beta, most) / sum,
                           .ell = p->ell,
                           .reward = p->reward,
                           .back = steps_back(v, p),
                           .state = p->state};
        add_row(rows, n, &one);
        v->finished += p->state == PS_FINISHED;
        v->back_particles += one.back > 0;
        v->back_steps = one.back > v->back_steps ? one.back : v->back_steps;
    }
    qsort(rows, *n, sizeof *rows, heavier_first);
}

static void take(ps_cli_view *v, const ps_step_view *step) {
    const ps_method_report *r = &step->report;
    const ps_iteration *last = r->n_iterations > 0 ? &r->iterations[r->n_iterations - 1] : NULL;
    size_t n = 0, particles = v->back_particles;
    uint32_t steps = v->back_steps;
    ps_view_row *rows = ps_calloc(step->n + 1, sizeof *rows);
    bool ok = rows != NULL;
    for (size_t i = 0; i < step->n && ok; i++)
        ok = remember(v, &step->particles[i]);
    if (!ok) {
        ps_free(rows);
        return;
    }
    v->beta = last != NULL ? last->beta : NAN;
    v->ess = last != NULL ? last->ess : NAN;
    v->tokens = r->tokens;
    v->selections = r->resamples;
    v->back_particles = v->back_steps = 0;
    fold(v, step, rows, &n);
    v->iteration = r->n_iterations;
    if (v->back_particles > 0) {
        v->back_at = v->iteration;
    } else { /* the last time is told until the next */
        v->back_particles = particles;
        v->back_steps = steps;
    }
    for (size_t i = 0; i < step->n; i++)
        if (step->particles[i].depth > v->deepest) v->deepest = step->particles[i].depth;
    ps_free(v->rows);
    v->rows = rows;
    v->n_rows = n;
    v->n_particles = step->n;
}

/* ---- What shows it ------------------------------------------------------- */

void ps_cli_view_step(ps_cli_view *v, const ps_step_view *step) {
    if (v == NULL) return;
    if (!v->terminal) {
        print_lines(step);
        return;
    }
    take(v, step);
    ps_view_draw(v);
}

void ps_cli_view_tick(ps_cli_view *v) {
    if (v == NULL || !v->terminal) return;
    ps_cli_size size = ps_cli_screen(stdout);
    bool resized = v->lines > 0 && (size.columns != v->size.columns || size.rows != v->size.rows);
    if (resized || ps_now() - v->drawn >= 1) ps_view_draw(v);
}
