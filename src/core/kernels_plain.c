/* The inner loops in plain C with the C library's exp and log: what processors run that have no
 * table of their own. */
#include "core/kernels.h"

static void plain_mix(const double *ell, size_t n, const ps_mix_terms *terms, double *log_mix) {
    for (size_t i = 0; i < n; i++) {
        double max = fmax(log_mix[i], terms->constant), sum = 0;
        for (size_t t = 0; t < terms->n; t++)
            max = fmax(max, terms->terms[t].beta * ell[i] + terms->terms[t].log_weight);
        if (max == -INFINITY) continue;
        for (size_t t = 0; t < terms->n; t++)
            sum += exp(terms->terms[t].beta * ell[i] + terms->terms[t].log_weight - max);
        log_mix[i] = max + log(sum + exp(terms->constant - max) + exp(log_mix[i] - max));
    }
}

static double x_at(const double *ell, const double *log_mix, size_t i, double beta) {
    return ps_log_weight(ell[i], log_mix != NULL ? log_mix[i] : 0, beta);
}

static ps_moments plain_moments(const double *ell, const double *log_mix, size_t n, double beta) {
    ps_moments m = {-INFINITY, 0, 0};
    for (size_t i = 0; i < n; i++)
        m.max = fmax(m.max, x_at(ell, log_mix, i, beta));
    if (m.max == -INFINITY) return m;
    for (size_t i = 0; i < n; i++) {
        double e = exp(x_at(ell, log_mix, i, beta) - m.max);
        m.sum += e;
        m.sum_squares += e * e;
    }
    return m;
}

static void plain_exp(const double *ell, const double *log_mix, size_t n, double beta, double shift, double scale,
                      double *out) {
    for (size_t i = 0; i < n; i++)
        out[i] = scale * exp(x_at(ell, log_mix, i, beta) - shift);
}

const ps_kernels ps_kernels_plain = {.name = "plain", .mix = plain_mix, .moments = plain_moments, .exp = plain_exp};
