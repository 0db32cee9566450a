/* A constant price for every token: −penalty·n. */
#include "score/tables.h"

static double log_prior(const ps_score_params *params, size_t n_tokens) {
    return -params->penalty_linear * (double)n_tokens;
}

const ps_length_prior_ops ps_length_prior_linear_penalty = {
    .name = "linear_penalty",
    .doc = "minus penalty_linear for each token",
    .log_prior = log_prior,
};
