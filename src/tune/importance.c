/* How much each key decided: exact shares of the variance over a complete grid, else PED-ANOVA (Watanabe et al., IJCAI
 * 2023) with the estimators of Optuna 5.0.0, so that both give the same numbers for the same study. */
#include "persamp/tune.h"
#include "tune/parzen.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The complete trials, and in them one key after the other. */
typedef struct sample {
    const ps_trial **trials; /* [n] complete, with a finite value */
    double *loss;            /* [n] */
    size_t n;
} sample;

static const ps_trial_param *param_of(const ps_trial *t, const char *name) {
    for (size_t i = 0; i < t->n_params; i++)
        if (strcmp(t->params[i].name, name) == 0) return &t->params[i];
    return NULL;
}

/* ---- A complete grid ----------------------------------------------------- */

/* The values that a key takes, in order of appearance; where each trial has which. False where one does not have the
 * key. */
static bool index_values(const sample *s, const char *name, size_t *at, size_t *n_values) {
    const ps_trial_param *first[256];
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        const ps_trial_param *p = param_of(s->trials[i], name);
        size_t k = 0;
        if (p == NULL) return false;
        while (k < n && first[k]->internal != p->internal)
            k++;
        if (k == sizeof first / sizeof *first) return false;
        if (k == n) first[n++] = p;
        at[i] = k;
    }
    *n_values = n;
    return true;
}

/* Σ (mean over the trials with a value − mean)², each value as often as it stands there, over Σ (loss − mean)². */
static double share_of(const sample *s, const size_t *at, size_t n_values, double mean, double total) {
    double between = 0;
    for (size_t k = 0; k < n_values; k++) {
        double sum = 0;
        size_t n = 0;
        for (size_t i = 0; i < s->n; i++)
            if (at[i] == k) {
                sum += s->loss[i];
                n++;
            }
        double away = sum / (double)n - mean;
        between += (double)n * away * away;
    }
    return between / total;
}

/* Does each combination of the values stand there exactly once? at: [keys × n]. */
static bool is_grid(const sample *s, const size_t *at, const size_t *n_values, size_t keys, bool *seen) {
    size_t cells = 1;
    for (size_t d = 0; d < keys; d++) {
        if (n_values[d] == 0 || n_values[d] > s->n / cells) return false;
        cells *= n_values[d];
    }
    if (cells != s->n) return false;
    for (size_t i = 0; i < s->n; i++) {
        size_t cell = 0;
        for (size_t d = 0; d < keys; d++)
            cell = cell * n_values[d] + at[d * s->n + i];
        if (seen[cell]) return false;
        seen[cell] = true;
    }
    return true;
}

static ps_status exact_shares(const sample *s, ps_importances *out, ps_error *err) {
    size_t *at = ps_calloc(out->n * s->n, sizeof *at), *n_values = ps_calloc(out->n, sizeof *n_values);
    bool *seen = ps_calloc(s->n, sizeof *seen), all = true;
    ps_status status = at != NULL && n_values != NULL && seen != NULL ? PS_OK : ps_nomem(err);
    double mean = 0, total = 0;
    for (size_t d = 0; d < out->n && status == PS_OK && all; d++)
        all = index_values(s, out->items[d].name, at + d * s->n, &n_values[d]);
    for (size_t i = 0; i < s->n; i++)
        mean += s->loss[i] / (double)s->n;
    for (size_t i = 0; i < s->n; i++)
        total += (s->loss[i] - mean) * (s->loss[i] - mean);
    out->exact = status == PS_OK && all && is_grid(s, at, n_values, out->n, seen);
    for (size_t d = 0; d < out->n && out->exact; d++)
        out->items[d].share = share_of(s, at + d * s->n, n_values[d], mean, total);
    ps_free(at);
    ps_free(n_values);
    ps_free(seen);
    return status;
}

/* ---- PED-ANOVA ----------------------------------------------------------- */

enum { MOST_CELLS = 50 };

/* A distribution of Optuna's, read. */
typedef struct shape {
    size_t choices; /* 0: a range */
    double low, high, step;
    bool log, whole;
} shape;

static bool read_shape(const char *text, shape *out) {
    json_t *root = json_loads(text, 0, NULL), *a = json_object_get(root, "attributes");
    const char *name = json_string_value(json_object_get(root, "name"));
    *out = (shape){.choices = json_array_size(json_object_get(a, "choices")),
                   .low = json_number_value(json_object_get(a, "low")),
                   .high = json_number_value(json_object_get(a, "high")),
                   .step = json_number_value(json_object_get(a, "step")),
                   .log = json_is_true(json_object_get(a, "log")),
                   .whole = name != NULL && strcmp(name, "IntDistribution") == 0};
    bool understood = a != NULL && (out->choices > 1 || out->high > out->low);
    json_decref(root);
    return understood;
}

static size_t cells_of(const shape *f) {
    double cells = MOST_CELLS;
    if (f->choices > 0) return f->choices;
    if (f->whole && f->log)
        cells = ceil(log(f->high - f->low + 1) / log(2)) + 1;
    else if (f->step > 0)
        cells = nearbyint((f->high - f->low) / f->step) + 1;
    return cells < MOST_CELLS ? (size_t)cells : MOST_CELLS;
}

static size_t cell_of(const shape *f, size_t cells, double x) {
    if (f->choices > 0) return (size_t)x;
    double low = f->log ? log(f->low) : f->low, high = f->log ? log(f->high) : f->high;
    double at = ceil(((f->log ? log(x) : x) - low) / ((high - low) / (double)(cells - 1)) - 0.5);
    return at < 0 ? 0 : at > (double)cells - 1 ? cells - 1 : (size_t)at;
}

/* Scott's rule over the cells that have trials: their standard deviation, or their quartiles where these are closer. */
static double bandwidth(const double *count, size_t cells) {
    double n = 0, mean = 0, square = 0, below = 0;
    size_t first = SIZE_MAX, third = SIZE_MAX, last = 0;
    for (size_t c = 0; c < cells; c++) {
        n += count[c];
        mean += count[c] * (double)c;
    }
    mean /= n;
    for (size_t c = 0; c < cells; c++)
        square += count[c] * ((double)c - mean) * ((double)c - mean);
    for (size_t c = 0; c < cells; c++) {
        if (count[c] == 0) continue;
        below += count[c];
        last = c;
        if (first == SIZE_MAX && below >= floor(n / 4)) first = c;
        if (third == SIZE_MAX && below > floor(n * 3 / 4)) third = c;
    }
    if (third == SIZE_MAX) third = last;
    double sigma = fmin((double)(third - first) / 1.34, sqrt(square / fmax(1, n - 1)));
    return fmax(1.059 * sigma * pow(n, -0.2), 0.5 / 1.64);
}

static double kernel(double x, double mu, double sigma, size_t cells) {
    return exp(ps_log_gauss_mass((x - 0.5 - mu) / sigma, (x + 0.5 - mu) / sigma) -
               ps_log_gauss_mass((-0.5 - mu) / sigma, ((double)cells - 0.5 - mu) / sigma));
}

/* The density over the cells: a kernel for each cell that has trials, as heavy as it has, and a prior as heavy as one.
 */
static void density(const shape *f, const double *count, size_t cells, double *p) {
    double n = 1, used = 1, sigma = f->choices > 0 ? 0 : bandwidth(count, cells), middle = ((double)cells - 1) / 2;
    for (size_t c = 0; c < cells; c++) {
        n += count[c];
        used += count[c] > 0;
    }
    for (size_t x = 0; x < cells; x++) {
        double sum = f->choices > 0 ? 1 / (double)cells : kernel((double)x, middle, (double)cells, cells);
        for (size_t c = 0; c < cells; c++) {
            if (count[c] == 0) continue;
            sum += count[c] * (f->choices > 0 ? (1 / used + (x == c)) / ((double)cells / used + 1)
                                              : kernel((double)x, (double)c, sigma, cells));
        }
        p[x] = sum / n + 1e-12;
    }
}

/* Pearson's divergence of the density of the trials at most `cutoff` from that of all, among those with one
 * distribution; weighted as conditional keys are. */
static ps_status divergence(const sample *s, const char *name, const char *distribution, double cutoff, double *out,
                            ps_error *err) {
    shape f;
    *out = 0;
    if (!read_shape(distribution, &f)) return PS_OK;
    size_t cells = cells_of(&f);
    double *top = ps_calloc(4 * cells, sizeof *top), n_top = 0, n_all = 0, tops = 0;
    if (top == NULL) return ps_nomem(err);
    double *all = top + cells, *p = all + cells, *q = p + cells;
    for (size_t i = 0; i < s->n; i++) {
        const ps_trial_param *param = param_of(s->trials[i], name);
        tops += s->loss[i] <= cutoff;
        if (param == NULL || strcmp(param->distribution, distribution) != 0) continue;
        size_t c = cell_of(&f, cells, param->internal);
        if (c >= cells) continue;
        all[c]++;
        n_all++;
        top[c] += s->loss[i] <= cutoff;
        n_top += s->loss[i] <= cutoff;
    }
    if (n_all >= 2 && n_top > 0) {
        density(&f, top, cells, p);
        density(&f, all, cells, q);
        for (size_t c = 0; c < cells; c++)
            *out += q[c] * (p[c] / q[c] - 1) * (p[c] / q[c] - 1);
        *out *= (n_top / tops) * (n_top / tops) / (n_all / (double)s->n);
    }
    ps_free(top);
    return PS_OK;
}

static bool seen_before(const sample *s, size_t i, const char *name, const char *distribution) {
    for (size_t k = 0; k < i; k++) {
        const ps_trial_param *p = param_of(s->trials[k], name);
        if (p != NULL && strcmp(p->distribution, distribution) == 0) return true;
    }
    return false;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The loss that a tenth of the trials reaches. */
static ps_status cutoff_of(const sample *s, double *cutoff, ps_error *err) {
    double *sorted = ps_calloc(s->n, sizeof *sorted);
    if (sorted == NULL) return ps_nomem(err);
    memcpy(sorted, s->loss, s->n * sizeof *sorted);
    qsort(sorted, s->n, sizeof *sorted, by_value);
    *cutoff = sorted[(size_t)ceil(0.1 * (double)s->n) - 1];
    ps_free(sorted);
    return PS_OK;
}

static ps_status ped_anova(const sample *s, ps_importances *out, ps_error *err) {
    double cutoff, sum = 0, part;
    ps_status status = cutoff_of(s, &cutoff, err);
    for (size_t d = 0; d < out->n && status == PS_OK; d++) {
        out->items[d].share = 0;
        for (size_t i = 0; i < s->n && status == PS_OK; i++) {
            const ps_trial_param *p = param_of(s->trials[i], out->items[d].name);
            if (p == NULL || seen_before(s, i, p->name, p->distribution)) continue;
            status = divergence(s, p->name, p->distribution, cutoff, &part, err);
            if (status == PS_OK) out->items[d].share += part;
        }
        sum += out->items[d].share;
    }
    for (size_t d = 0; d < out->n; d++)
        out->items[d].share = sum > 0 ? out->items[d].share / sum : 1 / (double)out->n;
    return status;
}

/* ---- All of it ----------------------------------------------------------- */

static ps_status find_names(const sample *s, ps_importances *out, ps_error *err) {
    size_t capacity = 0;
    for (size_t i = 0; i < s->n; i++)
        for (size_t k = 0; k < s->trials[i]->n_params; k++) {
            const char *name = s->trials[i]->params[k].name;
            size_t d = 0;
            while (d < out->n && strcmp(out->items[d].name, name) != 0)
                d++;
            if (d < out->n) continue;
            if (ps_reserve(&out->items, &capacity, out->n + 1) != PS_OK) return ps_nomem(err);
            out->items[out->n++] = (ps_importance){.name = name};
        }
    return PS_OK;
}

static bool differ(const sample *s) {
    for (size_t i = 1; i < s->n; i++)
        if (s->loss[i] != s->loss[0]) return true;
    return false;
}

static int by_share(const void *a, const void *b) {
    const ps_importance *x = a, *y = b;
    return x->share != y->share ? (x->share < y->share) - (x->share > y->share) : strcmp(x->name, y->name);
}

ps_status ps_trials_importance(const ps_trials *trials, ps_importances *out, ps_error *err) {
    *out = (ps_importances){0};
    sample s = {.trials = ps_calloc(trials->n + 1, sizeof *s.trials), .loss = ps_calloc(trials->n + 1, sizeof *s.loss)};
    ps_status status = s.trials != NULL && s.loss != NULL ? PS_OK : ps_nomem(err);
    for (size_t i = 0; i < trials->n && status == PS_OK; i++) {
        const ps_trial *t = &trials->trials[i];
        if (t->state != PS_TRIAL_COMPLETE || !isfinite(t->values[0])) continue;
        s.loss[s.n] = trials->maximise[0] ? -t->values[0] : t->values[0];
        s.trials[s.n++] = t;
    }
    if (status == PS_OK && s.n >= 2 && differ(&s)) status = find_names(&s, out, err);
    if (status == PS_OK && out->n > 0) status = exact_shares(&s, out, err);
    if (status == PS_OK && out->n > 0 && !out->exact) status = ped_anova(&s, out, err);
    if (status == PS_OK && out->n > 1) qsort(out->items, out->n, sizeof *out->items, by_share);
    if (status != PS_OK) {
        ps_free(out->items);
        *out = (ps_importances){0};
    }
    ps_free(s.trials);
    ps_free(s.loss);
    return status;
}
