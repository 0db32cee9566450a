/* γ·f(r): a process reward model's probability that the prefix is right, itself, as log or as logit. */
#include "score/tables.h"

#include <math.h>

double ps_score_reward(const ps_score_params *params, double reward) {
    double r = ps_clip_reward(params, reward);
    switch (params->transform) {
    case PS_REWARD_RAW: break;
    case PS_REWARD_LOG: r = log(r); break;
    case PS_REWARD_LOGIT: r = log(r) - log1p(-r); break;
    }
    return params->gamma * r;
}

static double base(const ps_score_params *params, const ps_score_input *in) {
    return ps_score_reward(params, in->reward);
}

const ps_score_ops ps_score_prm_reward = {
    .name = "prm_reward",
    .doc = "gamma times the process reward model's probability, its log or its logit",
    .needs_reward = true,
    .base = base,
};
