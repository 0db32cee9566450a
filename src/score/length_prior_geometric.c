/* log of the geometric probability of n = 0, 1, 2, … failures before the first success: n·log(1 − p) + log p. */
#include "score/tables.h"

#include <math.h>

static double log_prior(const ps_score_params *params, size_t n_tokens) {
    double p = params->p_geometric;
    return (n_tokens == 0 ? 0 : (double)n_tokens * log1p(-p)) + log(p);
}

const ps_length_prior_ops ps_length_prior_geometric = {
    .name = "geometric",
    .doc = "geometric on 0, 1, 2, ... with parameter p_geometric",
    .log_prior = log_prior,
};
