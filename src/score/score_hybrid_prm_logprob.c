/* α·r + (1 − α)·Σ log p. */
#include "score/tables.h"

static double base(const ps_score_params *params, const ps_score_input *in) {
    double logp = params->alpha == 1 ? 0 : (1 - params->alpha) * in->sum_logp; /* 0·(−∞) is 0 here */
    return params->alpha * ps_clip_reward(params, in->reward) + logp;
}

const ps_score_ops ps_score_hybrid_prm_logprob = {
    "hybrid_prm_logprob", "alpha times the process reward model's probability plus (1 - alpha) times the sum of log p",
    true, true, base};
