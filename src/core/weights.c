/* Log-weights, their effective sample size, and the classic mixture of eqs 13 to 17. */
#include "core/kernels.h"

double ps_log_sum_exp(const double *x, size_t n) {
    return ps_moments_log_sum(ps_kernels_best()->moments(x, NULL, n, 1));
}

double ps_ess(const double *log_w, size_t n) {
    return ps_moments_ess(ps_kernels_best()->moments(log_w, NULL, n, 1));
}

bool ps_normalise(const double *log_w, size_t n, double *W) {
    const ps_kernels *kernels = ps_kernels_best();
    ps_moments m = kernels->moments(log_w, NULL, n, 1);
    if (m.max == -INFINITY) return false;
    kernels->exp(log_w, NULL, n, 1, m.max, 1 / m.sum, W);
    return true;
}

void ps_balance_log_mixture(const double *ell, size_t n, const ps_balance_event *events, size_t n_events,
                            double *log_mix) {
    const ps_kernels *kernels = ps_kernels_best();
    double total = 0;
    for (size_t e = 0; e < n_events; e++)
        total += (double)events[e].count;
    for (size_t i = 0; i < n; i++)
        log_mix[i] = -INFINITY;
    ps_mix_terms terms;
    ps_mix_reset(&terms);
    for (size_t e = 0; e < n_events; e++) {
        if (events[e].count == 0) continue;
        double log_weight = log((double)events[e].count / total) - events[e].log_z;
        if (ps_mix_add(&terms, events[e].beta, log_weight)) continue;
        kernels->mix(ell, n, &terms, log_mix);
        ps_mix_reset(&terms);
        ps_mix_add(&terms, events[e].beta, log_weight);
    }
    kernels->mix(ell, n, &terms, log_mix);
}

void ps_log_weights(const double *ell, const double *log_mix, size_t n, double beta, double *log_w) {
    for (size_t i = 0; i < n; i++)
        log_w[i] = ps_log_weight(ell[i], log_mix[i], beta);
}

double ps_ess_at(const double *ell, const double *log_mix, size_t n, double beta) {
    return ps_moments_ess(ps_kernels_best()->moments(ell, log_mix, n, beta));
}
