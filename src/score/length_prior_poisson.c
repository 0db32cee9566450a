/* log of the Poisson probability of n: n·log λ − λ − log n!. */
#include "score/tables.h"

#include <math.h>

static double log_prior(const ps_score_params *params, size_t n_tokens) {
    double n = (double)n_tokens, lambda = params->lambda_poisson;
    return (n_tokens == 0 ? 0 : n * log(lambda)) - lambda - lgamma(n + 1);
}

const ps_length_prior_ops ps_length_prior_poisson = {
    .name = "poisson",
    .doc = "Poisson with mean lambda_poisson",
    .log_prior = log_prior,
};
