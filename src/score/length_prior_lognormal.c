/* log of the lognormal density at n. A density of nothing at length 0: −∞, its limit. */
#include "score/tables.h"

#include <math.h>

static double log_prior(const ps_score_params *params, size_t n_tokens) {
    double half_log_two_pi = 0.91893853320467274178;
    if (n_tokens == 0) return -INFINITY;
    double log_n = log((double)n_tokens), z = (log_n - params->mu_lognormal) / params->sigma_lognormal;
    return -log_n - log(params->sigma_lognormal) - half_log_two_pi - z * z / 2;
}

const ps_length_prior_ops ps_length_prior_lognormal = {
    .name = "lognormal",
    .doc = "lognormal density with mu_lognormal and sigma_lognormal; -infinity at length 0",
    .log_prior = log_prior,
};
