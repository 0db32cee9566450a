/* The mean entropy of the model over the tokens, with its sign turned: sure is good. */
#include "score/tables.h"

static double base(const ps_score_params *params, const ps_score_input *in) {
    return in->n_tokens == 0 ? 0 : -params->sharpness * in->sum_entropy / (double)in->n_tokens;
}

const ps_score_ops ps_score_entropy = {
    .name = "entropy",
    .doc = "minus sharpness times the mean over the tokens of the model's entropy",
    .reads = PS_READS_ENTROPY,
    .base = base,
};
