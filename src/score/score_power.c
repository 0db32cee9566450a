/* α(n)·Σ log p − Σ log q, and α in full where the answer ends: with prior q the target is then p^α, whatever q is.
 * Every term of the past counts at the exponent of now: a sum of α(i)·log p_i over the places would leave out what the
 * past gains when the exponent grows. */
#include "score/tables.h"

double ps_score_exponent(const ps_score_params *params, size_t n_tokens) {
    double n = (double)n_tokens, ramp = params->power_ramp;
    return n >= ramp ? params->power_alpha : 1 + (params->power_alpha - 1) * n / ramp;
}

static double base(const ps_score_params *params, const ps_score_input *in) {
    double alpha = in->finished ? params->power_alpha : ps_score_exponent(params, in->n_tokens);
    return alpha * in->sum_logp - in->sum_logq;
}

const ps_score_ops ps_score_power = {
    .name = "power",
    .doc = "power_alpha times the sum of log p, minus the sum of log q: the target is p to that power",
    .reads = PS_READS_LOGQ,
    .over_q = true,
    .base = base,
    .needs_logp = ps_score_always,
};
