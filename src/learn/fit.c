#include "learn/fit.h"

#include <lbfgs.h>
#include <math.h>
#include <string.h>

/* ---- Products ------------------------------------------------------------ */

/* Partial sums side by side: the compiler may not reorder a sum by itself. n: a multiple of PS_LANES. */
static double dot(const float *restrict a, const float *restrict b, size_t n) {
    float part[PS_LANES] = {0};
    double sum = 0;
    for (size_t j = 0; j < n; j += PS_LANES)
        for (size_t k = 0; k < PS_LANES; k++)
            part[k] += a[j + k] * b[j + k];
    for (size_t k = 0; k < PS_LANES; k++)
        sum += (double)part[k];
    return sum;
}

static void add_multiple(float factor, const float *restrict x, float *restrict sum, size_t n) {
    for (size_t j = 0; j < n; j += PS_LANES)
        for (size_t k = 0; k < PS_LANES; k++)
            sum[j + k] += factor * x[j + k];
}

/* log(1 + e^z) − y·z, and its derivative. */
static double cross_entropy(double z, double y) {
    return (z > 0 ? z + log1p(exp(-z)) : log1p(exp(z))) - y * z;
}
static double sigmoid(double z) {
    return 1 / (1 + exp(-z));
}

/* ---- The network --------------------------------------------------------- */

static size_t rows_of(size_t hidden) {
    return hidden > 0 ? hidden : 1;
}

size_t ps_fit_size(const ps_design *d, size_t hidden) {
    return rows_of(hidden) * (d->stride + 1) + (hidden > 0 ? hidden + 1 : 0);
}

/* Behind the rows of the first layer. */
static const double *biases_of(const ps_fit *f, const double *parameters) {
    return parameters + rows_of(f->hidden) * f->design->stride;
}

enum { MOST_HIDDEN = 64 };

/* The logit of a state; pre[u]: what the first layer gave. weights: the first layer's as float32. */
static double forward(const ps_fit *f, const double *parameters, const float *weights, const float *x, double *pre) {
    const double *bias = biases_of(f, parameters), *out = bias + rows_of(f->hidden);
    const size_t stride = f->design->stride;
    for (size_t u = 0; u < rows_of(f->hidden); u++)
        pre[u] = bias[u] + dot(weights + u * stride, x, stride);
    if (f->hidden == 0) return pre[0];
    double z = out[f->hidden];
    for (size_t u = 0; u < f->hidden; u++)
        z += pre[u] > 0 ? out[u] * pre[u] : 0;
    return z;
}

/* One fit under way. */
typedef struct work {
    const ps_fit *fit;
    size_t n;       /* parameters */
    float *weights; /* [rows × stride] of the first layer */
    float *slope;   /* likewise: their gradient over a block of states */
} work;

static void to_floats(const work *w, const double *parameters) {
    for (size_t i = 0; i < rows_of(w->fit->hidden) * w->fit->design->stride; i++)
        w->weights[i] = (float)parameters[i];
}

/* Float32 sums over a block go into the gradient in double. */
static void empty_block(const work *w, double *gradient) {
    for (size_t i = 0; i < rows_of(w->fit->hidden) * w->fit->design->stride; i++) {
        gradient[i] += (double)w->slope[i];
        w->slope[i] = 0;
    }
}

/* The gradient of one state, whose error (of the logit, weighed) is r. */
static void backward(const work *w, const double *parameters, const float *x, const double *pre, double r,
                     double *gradient) {
    const ps_fit *f = w->fit;
    const size_t stride = f->design->stride, rows = rows_of(f->hidden);
    double *bias = gradient + rows * stride, *out = bias + rows;
    const double *out_now = biases_of(f, parameters) + rows;
    if (f->hidden == 0) {
        bias[0] += r;
        add_multiple((float)r, x, w->slope, stride);
        return;
    }
    out[f->hidden] += r;
    for (size_t u = 0; u < f->hidden; u++) {
        if (!(pre[u] > 0)) continue;
        out[u] += r * pre[u];
        bias[u] += r * out_now[u];
        add_multiple((float)(r * out_now[u]), x, w->slope + u * stride, stride);
    }
}

static double add_penalty(const ps_fit *f, const double *parameters, double *gradient) {
    const size_t first = rows_of(f->hidden) * f->design->stride, out = first + rows_of(f->hidden);
    double sum = 0;
    for (size_t i = 0; i < first; i++) {
        gradient[i] += f->l2 * parameters[i];
        sum += parameters[i] * parameters[i];
    }
    for (size_t i = out; i < out + f->hidden; i++) {
        gradient[i] += f->l2 * parameters[i];
        sum += parameters[i] * parameters[i];
    }
    return f->l2 / 2 * sum;
}

static bool is_seen(const ps_fit *f, size_t i) {
    return f->design->weight[i] > 0 && !f->excluded[f->design->fold[i]];
}

/* What L-BFGS asks for. It may have rounded n up: what lies behind our parameters stays 0. */
static lbfgsfloatval_t evaluate(void *instance, const lbfgsfloatval_t *parameters, lbfgsfloatval_t *gradient,
                                const int n, const lbfgsfloatval_t step) {
    enum { BLOCK = 64 };
    work *w = instance;
    const ps_fit *f = w->fit;
    const ps_design *d = f->design;
    double total = 0, loss = 0, pre[MOST_HIDDEN];
    size_t in_block = 0;
    (void)step;
    memset(gradient, 0, (size_t)n * sizeof *gradient);
    to_floats(w, parameters);
    for (size_t i = 0; i < d->n; i++)
        if (is_seen(f, i)) total += d->weight[i];
    if (total <= 0) return 0;
    for (size_t i = 0; i < d->n; i++) {
        if (!is_seen(f, i)) continue;
        const float *x = d->x + i * d->stride;
        const double z = forward(f, parameters, w->weights, x, pre), share = d->weight[i] / total;
        loss += share * cross_entropy(z, d->target[i]);
        backward(w, parameters, x, pre, share * (sigmoid(z) - d->target[i]), gradient);
        if (++in_block < BLOCK) continue;
        empty_block(w, gradient);
        in_block = 0;
    }
    empty_block(w, gradient);
    return loss + add_penalty(f, parameters, gradient);
}

/* Anything but 0 ends the fit, and is what lbfgs returns: a number of none of its own. */
enum { INTERRUPTED = 1000 };
static int go_on(void *instance, const lbfgsfloatval_t *x, const lbfgsfloatval_t *g, const lbfgsfloatval_t fx,
                 const lbfgsfloatval_t xnorm, const lbfgsfloatval_t gnorm, const lbfgsfloatval_t step, int n, int k,
                 int ls) {
    const ps_fit *f = ((const work *)instance)->fit;
    (void)x, (void)g, (void)fx, (void)xnorm, (void)gnorm, (void)step, (void)n, (void)k, (void)ls;
    return f->cancelled != NULL && f->cancelled(f->user) ? INTERRUPTED : 0;
}

/* A search along a line that finds nothing better has found the least: with float32 sums that is how a fit often ends.
 */
static ps_status status_of(int code, ps_error *err) {
    if (code == LBFGSERR_OUTOFMEMORY) return ps_nomem(err);
    if (code == INTERRUPTED) return ps_fail(err, PS_CANCELLED, "interrupted");
    return PS_OK;
}

ps_status ps_fit_run(const ps_fit *f, double *parameters, ps_error *err) {
    const size_t n = ps_fit_size(f->design, f->hidden), first = rows_of(f->hidden) * f->design->stride;
    work w = {.fit = f, .n = n};
    lbfgs_parameter_t rules;
    lbfgs_parameter_init(&rules);
    rules.epsilon = 1e-4;
    rules.past = 3;
    rules.delta = 1e-5;
    rules.max_iterations = f->iterations;
    w.weights = ps_calloc(first, sizeof *w.weights);
    w.slope = ps_calloc(first, sizeof *w.slope);
    lbfgsfloatval_t *x = lbfgs_malloc((int)n);
    ps_status status = w.weights != NULL && w.slope != NULL && x != NULL ? PS_OK : ps_nomem(err);
    if (status == PS_OK) {
        memset(x, 0, n * sizeof *x);
        memcpy(x, parameters, n * sizeof *x);
        int code = lbfgs((int)n, x, NULL, evaluate, go_on, &w, &rules);
        status = status_of(code, err);
        memcpy(parameters, x, n * sizeof *x);
    }
    if (x != NULL) lbfgs_free(x);
    ps_free(w.weights);
    ps_free(w.slope);
    return status;
}

/* ---- Using it ------------------------------------------------------------ */

/* In double throughout: nothing is gained by haste here. */
static double logit_of(const ps_fit *f, const double *parameters, const float *x) {
    const size_t stride = f->design->stride, rows = rows_of(f->hidden);
    const double *bias = biases_of(f, parameters), *out = bias + rows;
    double z = f->hidden > 0 ? out[f->hidden] : 0;
    for (size_t u = 0; u < rows; u++) {
        double pre = bias[u];
        for (size_t j = 0; j < f->design->width; j++)
            pre += parameters[u * stride + j] * (double)x[j];
        z += f->hidden == 0 ? pre : pre > 0 ? out[u] * pre : 0;
    }
    return z;
}

void ps_fit_predict(const ps_fit *f, const double *parameters, unsigned of, double *logits) {
    const ps_design *d = f->design;
    for (size_t i = 0; i < d->n; i++)
        if (of == PS_FOLDS || d->fold[i] == of) logits[i] = logit_of(f, parameters, d->x + i * d->stride);
}

double ps_fit_loss(const ps_design *d, const double *logits, unsigned of, double *weight) {
    double sum = 0, total = 0;
    for (size_t i = 0; i < d->n; i++) {
        if ((of != PS_FOLDS && d->fold[i] != of) || !(d->weight[i] > 0)) continue;
        sum += d->weight[i] * cross_entropy(logits[i], d->target[i]);
        total += d->weight[i];
    }
    if (weight != NULL) *weight = total;
    return total > 0 ? sum / total : 0;
}

/* The logit of the share that was right; of all or none, of one in a million less. */
static double logit_of_mean(const ps_design *d) {
    const double least = 1e-6;
    double right = 0, total = 0;
    for (size_t i = 0; i < d->n; i++) {
        right += d->weight[i] * d->target[i];
        total += d->weight[i];
    }
    const double share = fmin(fmax(total > 0 ? right / total : 0.5, least), 1 - least);
    return log(share / (1 - share));
}

/* Newton's method on two numbers; the step is halved until the loss falls. */
ps_status ps_fit_platt(const ps_design *d, const double *logits, double *a, double *b, ps_error *err) {
    enum { ROUNDS = 50 };
    double *moved = ps_calloc(d->n, sizeof *moved), last = INFINITY, before[2] = {1, 0};
    if (moved == NULL) return ps_nomem(err);
    *a = 1;
    *b = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double g[2] = {0}, h[3] = {1e-9, 0, 1e-9};
        for (size_t i = 0; i < d->n; i++)
            moved[i] = *a * logits[i] + *b;
        const double loss = ps_fit_loss(d, moved, PS_FOLDS, NULL);
        if (!(loss < last - 1e-12)) { /* half-way back to where it was better */
            if (fabs(*a - before[0]) + fabs(*b - before[1]) < 1e-9) break;
            *a = (*a + before[0]) / 2;
            *b = (*b + before[1]) / 2;
            continue;
        }
        last = loss;
        before[0] = *a;
        before[1] = *b;
        for (size_t i = 0; i < d->n; i++) {
            const double p = sigmoid(moved[i]), r = d->weight[i] * (p - d->target[i]), c = d->weight[i] * p * (1 - p);
            g[0] += r * logits[i];
            g[1] += r;
            h[0] += c * logits[i] * logits[i];
            h[1] += c * logits[i];
            h[2] += c;
        }
        const double det = h[0] * h[2] - h[1] * h[1];
        if (!(fabs(det) > 0)) break;
        *a -= (h[2] * g[0] - h[1] * g[1]) / det;
        *b -= (h[0] * g[1] - h[1] * g[0]) / det;
    }
    *a = before[0];
    *b = before[1];
    if (!(*a > 0)) { /* the loss is convex: the best of what is allowed is at its edge */
        *a = 0;
        *b = logit_of_mean(d);
    }
    ps_free(moved);
    return PS_OK;
}
