/* persamp/score.h: scores and length priors: ℓ(prefix) = base + λ·length prior. Pure functions of
 * a prefix's numbers. */
#ifndef PERSAMP_SCORE_H
#define PERSAMP_SCORE_H

#include "persamp/base.h"
#include "persamp/core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a score may look at: the whole prefix, from the first token after the prompt. */
typedef struct ps_score_input {
    double sum_logp; /* Σ log p of its tokens under the raw model, ≤ 0 */
    double sum_logq; /* Σ log q under the distribution they were drawn from */
    size_t n_tokens;
    size_t n_steps;
    double reward; /* the PRM's aggregate in [0, 1]; NaN when there is no PRM */
} ps_score_input;

typedef enum ps_reward_transform { PS_REWARD_RAW, PS_REWARD_LOG, PS_REWARD_LOGIT } ps_reward_transform;

typedef struct ps_score_params {
    double tau;                    /* logprob_power: > 0 */
    double alpha;                  /* hybrid: [0, 1] */
    double gamma;                  /* prm_reward: factor of f(r) */
    ps_reward_transform transform; /* f */
    double min_score, max_score;   /* r is clipped to these, then away from 0 and 1 by 1e-6 */
    double prior_weight;           /* λ */
    double lambda_poisson, p_geometric, mu_lognormal, sigma_lognormal, penalty_linear;
} ps_score_params;
PS_API void ps_score_defaults(ps_score_params *params);

/* One score: logprob_power, logprob_avg, prm_reward, hybrid_prm_logprob. */
typedef struct ps_score_ops {
    const char *name, *doc;
    bool needs_reward, needs_logp; /* with both, params.alpha = 1 does without the log-probabilities */
    double (*base)(const ps_score_params *params, const ps_score_input *in);
} ps_score_ops;
/* One length prior over the number of tokens n: none, poisson, geometric, lognormal, linear_penalty. */
typedef struct ps_length_prior_ops {
    const char *name, *doc;
    double (*log_prior)(const ps_score_params *params, size_t n_tokens);
} ps_length_prior_ops;

PS_API const ps_score_ops *ps_score_find(const char *name); /* NULL when unknown */
PS_API const ps_score_ops *const *ps_scores(size_t *n);
PS_API const ps_length_prior_ops *ps_length_prior_find(const char *name);
PS_API const ps_length_prior_ops *const *ps_length_priors(size_t *n);

/* ℓ of a prefix. PS_DOMAIN when it is NaN (a missing reward, a NaN log-probability): the message names the score. */
PS_API ps_status ps_score(const ps_score_ops *score, const ps_length_prior_ops *prior, const ps_score_params *params,
                          const ps_score_input *in, double *ell, ps_error *err);

#ifdef __cplusplus
}
#endif
#endif
