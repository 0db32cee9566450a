/* How far the model's distributions were from knowing nothing, the mean over the tokens of KL(U‖p): self-certainty
 * (Kang et al., arXiv 2502.18581). */
#include "score/tables.h"

static double base(const ps_score_params *params, const ps_score_input *in) {
    return in->n_tokens == 0 ? 0 : params->sharpness * in->sum_certainty / (double)in->n_tokens;
}

const ps_score_ops ps_score_self_certainty = {
    .name = "self_certainty",
    .doc = "sharpness times the mean over the tokens of KL(U||p), from the uniform distribution to the model's",
    .reads = PS_READS_CERTAINTY,
    .base = base,
};
