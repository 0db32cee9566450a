#include "learn/measure.h"

#include <math.h>
#include <stdlib.h>

/* ---- Over all states ----------------------------------------------------- */

typedef struct point {
    double p, right, wrong; /* weights of both kinds */
} point;

static int by_p(const void *a, const void *b) {
    double x = ((const point *)a)->p, y = ((const point *)b)->p;
    return (x > y) - (x < y);
}

/* The share of pairs, of one right and one wrong weight, in which the right one is above; equals count half. */
static double auc_of(point *points, size_t n) {
    double below = 0, above = 0, right = 0, wrong = 0;
    if (n > 1) qsort(points, n, sizeof *points, by_p);
    for (size_t from = 0, to; from < n; from = to) {
        double r = 0, w = 0;
        for (to = from; to < n && points[to].p == points[from].p; to++) {
            r += points[to].right;
            w += points[to].wrong;
        }
        above += r * (below + w / 2);
        below += w;
        right += r;
        wrong += w;
    }
    return right > 0 && wrong > 0 ? above / (right * wrong) : NAN;
}

/* Of right answers, each problem alike. */
static double share_of_right(const ps_learn_states *s) {
    double sum = 0, problems = 0;
    for (size_t from = 0, to; from < s->n_answers; from = to) {
        double right = 0, all = 0;
        for (to = from; to < s->n_answers && s->answers[to].problem == s->answers[from].problem; to++) {
            const ps_learn_answer *a = &s->answers[to];
            if (a->n_rows == 0) continue;
            right += a->right ? a->weight : 0;
            all += a->weight;
        }
        if (!(all > 0)) continue;
        sum += right / all;
        problems++;
    }
    return problems > 0 ? sum / problems : 0;
}

static ps_status measure_all(const ps_design *d, const double *p, ps_learn_report *out, ps_error *err) {
    point *points = ps_calloc(d->n, sizeof *points);
    double total = 0, target = 0;
    const double base = out->base;
    if (points == NULL) return ps_nomem(err);
    for (size_t i = 0; i < d->n; i++) {
        const double w = d->weight[i], y = d->target[i];
        points[i] = (point){p[i], w * y, w * (1 - y)};
        total += w;
        target += w * y;
        out->brier += w * (y * (1 - p[i]) * (1 - p[i]) + (1 - y) * p[i] * p[i]);
    }
    target /= total > 0 ? total : 1;
    out->brier /= total > 0 ? total : 1;
    out->brier_base = target * (1 - base) * (1 - base) + (1 - target) * base * base;
    out->auc = auc_of(points, d->n);
    ps_free(points);
    return PS_OK;
}

/* ---- Within problems ----------------------------------------------------- */

/* Sums over pairs of a right and a wrong answer of one problem, each at the steps that both have. */
typedef struct pairs {
    double above, weight;
    double step_above[PS_LEARN_STEPS], step_weight[PS_LEARN_STEPS];
} pairs;

static size_t row_of_step(size_t step) {
    return step < PS_LEARN_STEPS ? step : PS_LEARN_STEPS - 1;
}

/* Which step of the answer the state of its row k is of. */
static size_t step_of(const ps_learn_answer *a, size_t k) {
    return a->steps != NULL ? a->steps[k] : k;
}

/* Steps that only one of the two has a state of are passed over: a third step is never compared with a second. */
static void add_pair(const ps_learn_answer *right, const ps_learn_answer *wrong, const double *p, pairs *sum) {
    const double weight = right->weight * wrong->weight;
    double above = 0;
    size_t n = 0;
    for (size_t i = 0, k = 0; i < right->n_rows && k < wrong->n_rows;) {
        const size_t step = step_of(right, i), other = step_of(wrong, k);
        if (step == other) {
            const double a = p[right->rows[i]], b = p[wrong->rows[k]], is_above = a > b ? 1 : a == b ? 0.5 : 0;
            above += is_above;
            n++;
            sum->step_above[row_of_step(step)] += weight * is_above;
            sum->step_weight[row_of_step(step)] += weight;
        }
        i += step <= other;
        k += other <= step;
    }
    if (n == 0) return;
    sum->above += weight * above / (double)n;
    sum->weight += weight;
}

static pairs pairs_of(const ps_learn_answer *answers, size_t n, const double *p) {
    pairs sum = {0};
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            if (answers[i].right && !answers[k].right) add_pair(&answers[i], &answers[k], p, &sum);
    return sum;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* 95% interval of the mean of x[n], by bootstrap. */
static ps_status bootstrap(const double *x, size_t n, uint64_t seed, double *low, double *high, ps_error *err) {
    enum { RESAMPLES = 4000 };
    double *means = ps_calloc(RESAMPLES, sizeof *means);
    if (means == NULL) return ps_nomem(err);
    for (size_t b = 0; b < RESAMPLES; b++) {
        const ps_rng_key key = {seed, n, (uint32_t)b, PS_RNG_METHOD};
        for (size_t i = 0; i < n; i++)
            means[b] += x[(size_t)(ps_uniform(key, i) * (double)n)];
        means[b] /= (double)n; /* of equal numbers exactly that number */
    }
    qsort(means, RESAMPLES, sizeof *means, by_value);
    *low = means[RESAMPLES / 40];
    *high = means[RESAMPLES - 1 - RESAMPLES / 40];
    ps_free(means);
    return PS_OK;
}

static ps_status measure_within(const ps_learn_states *s, const double *p, uint64_t seed, ps_learn_report *out,
                                ps_error *err) {
    double *of_problem = ps_calloc(s->n_problems, sizeof *of_problem), sum = 0;
    double above[PS_LEARN_STEPS] = {0}, mixed[PS_LEARN_STEPS] = {0};
    if (of_problem == NULL) return ps_nomem(err);
    out->auc_within = out->auc_low = out->auc_high = NAN;
    for (size_t from = 0, to; from < s->n_answers; from = to) {
        for (to = from; to < s->n_answers && s->answers[to].problem == s->answers[from].problem;)
            to++;
        const pairs of = pairs_of(s->answers + from, to - from, p);
        if (!(of.weight > 0)) continue;
        of_problem[out->mixed++] = of.above / of.weight;
        for (size_t k = 0; k < PS_LEARN_STEPS; k++)
            if (of.step_weight[k] > 0) {
                above[k] += of.step_above[k] / of.step_weight[k];
                mixed[k]++;
            }
    }
    for (size_t i = 0; i < out->mixed; i++)
        sum += of_problem[i];
    for (size_t k = 0; k < PS_LEARN_STEPS; k++)
        out->steps[k].auc = mixed[k] > 0 ? above[k] / mixed[k] : NAN;
    ps_status status = PS_OK;
    if (out->mixed > 0) {
        out->auc_within = sum / (double)out->mixed;
        status = bootstrap(of_problem, out->mixed, seed, &out->auc_low, &out->auc_high, err);
    }
    ps_free(of_problem);
    return status;
}

/* ---- Tables -------------------------------------------------------------- */

typedef struct sums {
    size_t n;
    double weight, p, right;
} sums;

static void add(sums *s, double weight, double p, double right) {
    s->n++;
    s->weight += weight;
    s->p += weight * p;
    s->right += weight * right;
}

static void finish(const sums *s, ps_learn_row *row) {
    row->n = s->n;
    row->predicted = s->weight > 0 ? s->p / s->weight : NAN;
    row->right = s->weight > 0 ? s->right / s->weight : NAN;
}

/* The steps of one problem's answers, each answer by its share: every problem weighs the same. */
static void add_steps(const ps_learn_answer *answers, size_t n, const double *p, sums *steps) {
    double all = 0;
    for (size_t i = 0; i < n; i++)
        all += answers[i].n_rows > 0 ? answers[i].weight : 0;
    for (size_t i = 0; i < n && all > 0; i++)
        for (size_t k = 0; k < answers[i].n_rows; k++)
            add(&steps[row_of_step(step_of(&answers[i], k))], answers[i].weight / all, p[answers[i].rows[k]],
                answers[i].right);
}

static void fill_tables(const ps_learn_states *s, const ps_design *d, const double *p, ps_learn_report *out) {
    sums steps[PS_LEARN_STEPS] = {0}, bins[PS_LEARN_BINS] = {0};
    for (size_t from = 0, to; from < s->n_answers; from = to) {
        for (to = from; to < s->n_answers && s->answers[to].problem == s->answers[from].problem;)
            to++;
        add_steps(s->answers + from, to - from, p, steps);
    }
    for (size_t i = 0; i < d->n; i++) {
        const int bin = (int)(p[i] * PS_LEARN_BINS);
        if (d->weight[i] > 0)
            add(&bins[bin < PS_LEARN_BINS ? bin : PS_LEARN_BINS - 1], d->weight[i], p[i], d->target[i]);
    }
    for (size_t k = 0; k < PS_LEARN_STEPS; k++)
        finish(&steps[k], &out->steps[k]);
    for (size_t k = 0; k < PS_LEARN_BINS; k++)
        finish(&bins[k], &out->bins[k]);
}

ps_status ps_measure(const ps_learn_states *states, const ps_design *design, const double *p, uint64_t seed,
                     ps_learn_report *report, ps_error *err) {
    report->base = share_of_right(states);
    ps_status status = measure_all(design, p, report, err);
    if (status == PS_OK) status = measure_within(states, p, seed, report, err);
    if (status == PS_OK) fill_tables(states, design, p, report);
    return status;
}
