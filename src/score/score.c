/* ℓ = base + λ·length prior, and its parameters. */
#include "score/tables.h"

#include <math.h>

void ps_score_defaults(ps_score_params *params) {
    *params = (ps_score_params){
#define X(member, field, initial) .member = initial,
        PS_SCORE_PARAM_LIST(X)
#undef X
            .transform = PS_REWARD_LOG,
    };
}

bool ps_score_needs_logp(const ps_score_ops *score, const ps_score_params *params) {
    return score->needs_logp != NULL && score->needs_logp(params);
}

bool ps_score_always(const ps_score_params *params) {
    (void)params;
    return true;
}

/* Comparisons written so that NaN passes through. */
double ps_clip_reward(const ps_score_params *params, double reward) {
    double margin = 1e-6;
    if (reward < params->min_score) reward = params->min_score;
    if (reward > params->max_score) reward = params->max_score;
    if (reward < margin) reward = margin;
    if (reward > 1 - margin) reward = 1 - margin;
    return reward;
}

static ps_status check(const char *score, double value, const char *part, ps_error *err) {
    if (isnan(value))
        return ps_fail(err, PS_DOMAIN, "score %s: the %s is not a number (a missing reward or log-probability?)", score,
                       part);
    if (value == INFINITY) return ps_fail(err, PS_DOMAIN, "score %s: the %s is +infinity", score, part);
    return PS_OK;
}

ps_status ps_score(const ps_score_ops *score, const ps_length_prior_ops *prior, const ps_score_params *params,
                   const ps_score_input *in, double *ell, ps_error *err) {
    if (score->needs_reward && isnan(in->reward))
        return ps_fail(err, PS_DOMAIN, "score %s needs the reward of a process reward model, and there is none",
                       score->name);
    double value = score->base(params, in);
    ps_status status = check(score->name, value, "base score", err);
    if (status != PS_OK) return status;
    /* λ = 0 switches the prior off, also where it is −∞. */
    if (prior != NULL && params->prior_weight != 0)
        value += params->prior_weight * prior->log_prior(params, in->n_tokens);
    status = check(score->name, value, "score with its length prior", err);
    if (status == PS_OK) *ell = value;
    return status;
}
