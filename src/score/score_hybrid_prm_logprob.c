/* α·r + (1 − α)·Σ log p. */
#include "score/tables.h"

static double base(const ps_score_params *params, const ps_score_input *in) {
    double logp = params->alpha == 1 ? 0 : (1 - params->alpha) * in->sum_logp; /* 0·(−∞) is 0 here */
    return params->alpha * ps_clip_reward(params, in->reward) + logp;
}

static bool needs_logp(const ps_score_params *params) {
    return params->alpha != 1;
}

const ps_score_ops ps_score_hybrid_prm_logprob = {
    .name = "hybrid_prm_logprob",
    .doc = "alpha times the process reward model's probability plus (1 - alpha) times the sum of log p",
    .needs_reward = true,
    .base = base,
    .needs_logp = needs_logp,
};
