#include "tune/parzen.h"

#include <math.h>
#include <string.h>

struct ps_parzen {
    const ps_space *space;
    size_t n_kernels;    /* one a point, and the prior last */
    double *log_weights; /* [n_kernels] */
    double *mu, *sigma;  /* [space->n × n_kernels] of ranges, on the log scale where the range is */
    double *log_mass;    /* [space->n × n_kernels] of a kernel within its range */
    double *p;           /* of lists: p[offset[d] + kernel × n_choices + choice] */
    size_t *offset;      /* [space->n] */
    double *low, *high;  /* [space->n] of ranges: half a step beyond their ends, on the kernels' scale */
};

/* ---- The normal distribution --------------------------------------------- */

static double log_cdf(double x) {
    if (x > -20) return log(0.5 * erfc(-x / sqrt(2)));
    /* The asymptotic series: Φ(x) = φ(x)/|x| · (1 − 1/x² + 3/x⁴ − …). */
    double sum = 1, term = 1;
    for (int i = 1; i < 20; i++) {
        double next = -term * (2 * i - 1) / (x * x);
        if (fabs(next) >= fabs(term) || fabs(next) < 1e-17) break;
        term = next;
        sum += term;
    }
    return -0.5 * x * x - log(-x) - 0.5 * log(2 * acos(-1)) + log(sum);
}

double ps_log_gauss_mass(double a, double b) {
    if (a > 0) return ps_log_gauss_mass(-b, -a); /* the left tail is the exact one */
    if (b <= 0) {
        double high = log_cdf(b), low = log_cdf(a);
        return high + log1p(-exp(low - high));
    }
    return log1p(-0.5 * erfc(-a / sqrt(2)) - 0.5 * erfc(b / sqrt(2)));
}

double ps_gauss_quantile(double p, double a, double b) {
    if (a > 0) return -ps_gauss_quantile(1 - p, -b, -a);
    /* By halving: log Φ is monotone, and 60 steps are as many bits as the interval has. */
    double low = fmax(a, -40), high = fmin(b, 40), log_mass = ps_log_gauss_mass(a, b);
    if (!(low < high)) return a;
    for (int i = 0; i < 60; i++) {
        double middle = 0.5 * (low + high);
        bool below = middle <= a || ps_log_gauss_mass(a, middle) - log_mass < log(p);
        *(below ? &low : &high) = middle;
    }
    return 0.5 * (low + high);
}

/* ---- Making -------------------------------------------------------------- */

/* The last 25 count fully, those before them less the older they are: numpy's linspace(1/n, 1, n − 25). */
static double weight_of(size_t i, size_t n) {
    size_t ramp = n < 25 ? 0 : n - 25;
    if (i >= ramp) return 1;
    double first = 1.0 / (double)n;
    return ramp == 1 ? first : first + (1 - first) * (double)i / (double)(ramp - 1);
}

static void make_choices(ps_parzen *z, size_t d, const double *const *points, size_t n) {
    const size_t choices = z->space->dims[d].n_choices, kernels = z->n_kernels;
    for (size_t k = 0; k < kernels; k++) {
        double *p = z->p + z->offset[d] + k * choices;
        double prior = n > 0 ? 1.0 / (double)kernels : 1.0, sum = prior * (double)choices + (k < n);
        for (size_t c = 0; c < choices; c++)
            p[c] = (prior + (k < n && (size_t)points[k][d] == c)) / sum;
    }
}

/* The distance to the further of a point's two neighbours; at the two ends to the only one, but for a point alone. */
static double neighbour_distance(const double *mu, size_t n, size_t k, double low, double high) {
    double left = -INFINITY, right = INFINITY;
    bool has_left = false, has_right = false;
    for (size_t i = 0; i < n; i++) {
        if (i == k) continue;
        bool before = mu[i] < mu[k] || (mu[i] == mu[k] && i < k);
        if (before && mu[i] > left) left = mu[i];
        if (!before && mu[i] < right) right = mu[i];
        has_left = has_left || before;
        has_right = has_right || !before;
    }
    if (n >= 2 && !has_left) return right - mu[k];
    if (n >= 2 && !has_right) return mu[k] - left;
    return fmax(mu[k] - (has_left ? left : low), (has_right ? right : high) - mu[k]);
}

static void make_range(ps_parzen *z, size_t d, const double *const *points, size_t n) {
    const ps_dim *dim = &z->space->dims[d];
    double *mu = z->mu + d * z->n_kernels, *sigma = z->sigma + d * z->n_kernels;
    double low = dim->low - dim->step / 2, high = dim->high + dim->step / 2;
    if (dim->log) {
        low = log(low);
        high = log(high);
    }
    for (size_t k = 0; k < n; k++)
        mu[k] = dim->log ? log(points[k][d]) : points[k][d];
    double width = high - low, least = width / fmin(100, 2 + (double)n);
    for (size_t k = 0; k < n; k++)
        sigma[k] = fmin(fmax(neighbour_distance(mu, n, k, low, high), least), width);
    mu[n] = 0.5 * (low + high);
    sigma[n] = width;
    z->low[d] = low;
    z->high[d] = high;
    for (size_t k = 0; k <= n; k++)
        z->log_mass[d * z->n_kernels + k] = ps_log_gauss_mass((low - mu[k]) / sigma[k], (high - mu[k]) / sigma[k]);
}

ps_status ps_parzen_create(const ps_space *space, const double *const *points, size_t n, ps_parzen **out,
                           ps_error *err) {
    ps_parzen *z = ps_calloc(1, sizeof *z);
    if (z == NULL) return ps_nomem(err);
    size_t choices = 0;
    z->space = space;
    z->n_kernels = n + 1;
    z->offset = ps_calloc(space->n, sizeof *z->offset);
    for (size_t d = 0; d < space->n && z->offset != NULL; d++) {
        z->offset[d] = choices;
        choices += space->dims[d].n_choices * z->n_kernels;
    }
    z->log_weights = ps_calloc(z->n_kernels, sizeof *z->log_weights);
    z->mu = ps_calloc(3 * space->n * z->n_kernels + 2 * space->n + choices, sizeof *z->mu);
    if (z->offset == NULL || z->log_weights == NULL || z->mu == NULL) {
        ps_parzen_free(z);
        return ps_nomem(err);
    }
    z->sigma = z->mu + space->n * z->n_kernels;
    z->log_mass = z->sigma + space->n * z->n_kernels;
    z->low = z->log_mass + space->n * z->n_kernels;
    z->high = z->low + space->n;
    z->p = z->high + space->n;
    double sum = 1;
    for (size_t k = 0; k < n; k++)
        sum += weight_of(k, n);
    for (size_t k = 0; k <= n; k++)
        z->log_weights[k] = log((k < n ? weight_of(k, n) : 1) / sum);
    for (size_t d = 0; d < space->n; d++)
        if (space->dims[d].kind == PS_DIM_CHOICES)
            make_choices(z, d, points, n);
        else
            make_range(z, d, points, n);
    *out = z;
    return PS_OK;
}

void ps_parzen_free(ps_parzen *z) {
    if (z == NULL) return;
    ps_free(z->offset);
    ps_free(z->log_weights);
    ps_free(z->mu);
    ps_free(z);
}

/* ---- Reading and drawing ------------------------------------------------- */

static double log_kernel(const ps_parzen *z, size_t d, size_t k, double x) {
    const ps_dim *dim = &z->space->dims[d];
    if (dim->kind == PS_DIM_CHOICES) return log(z->p[z->offset[d] + k * dim->n_choices + (size_t)x]);
    double mu = z->mu[d * z->n_kernels + k], sigma = z->sigma[d * z->n_kernels + k],
           mass = z->log_mass[d * z->n_kernels + k];
    if (dim->step > 0) {
        double left = x - dim->step / 2, right = x + dim->step / 2;
        if (dim->log) {
            left = log(left);
            right = log(right);
        }
        return ps_log_gauss_mass((left - mu) / sigma, (right - mu) / sigma) - mass;
    }
    double t = ((dim->log ? log(x) : x) - mu) / sigma;
    return -0.5 * t * t - 0.5 * log(2 * acos(-1)) - log(sigma) - mass;
}

double ps_parzen_log(const ps_parzen *z, const double *x) {
    double largest = -INFINITY, sum = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t k = 0; k < z->n_kernels; k++) {
            double term = z->log_weights[k];
            for (size_t d = 0; d < z->space->n; d++)
                term += log_kernel(z, d, k, x[d]);
            if (pass == 0)
                largest = fmax(largest, term);
            else
                sum += exp(term - largest);
        }
    return largest + log(sum);
}

void ps_parzen_draw(const ps_parzen *z, const double *u, double *x) {
    size_t k = 0;
    double below = exp(z->log_weights[0]);
    while (k + 1 < z->n_kernels && u[0] > below)
        below += exp(z->log_weights[++k]);
    for (size_t d = 0; d < z->space->n; d++) {
        const ps_dim *dim = &z->space->dims[d];
        if (dim->kind == PS_DIM_CHOICES) {
            const double *p = z->p + z->offset[d] + k * dim->n_choices;
            size_t c = 0;
            for (double sum = p[0]; c + 1 < dim->n_choices && u[1 + d] > sum; sum += p[c])
                c++;
            x[d] = (double)c;
            continue;
        }
        double mu = z->mu[d * z->n_kernels + k], sigma = z->sigma[d * z->n_kernels + k];
        double t = mu + sigma * ps_gauss_quantile(u[1 + d], (z->low[d] - mu) / sigma, (z->high[d] - mu) / sigma);
        x[d] = ps_dim_round(dim, dim->log ? exp(t) : t);
    }
}
