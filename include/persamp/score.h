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
    double sum_logp; /* Σ log p of its tokens under the raw model, ≤ 0; NaN where the engine does not report it */
    double sum_logq; /* Σ log q under the distribution they were drawn from; likewise */
    size_t n_tokens;
    size_t n_steps;
    double reward;        /* the PRM's aggregate in [0, 1]; NaN when there is no PRM */
    bool finished;        /* the answer ends here */
    double sum_entropy;   /* Σ over its tokens of the raw model's entropy; NaN where the engine does not report it */
    double sum_certainty; /* likewise of KL(U‖p), from the uniform distribution (ps_event.certainty) */
    double confidence;    /* the lowest mean of ps_event.confidence over a window of its tokens; likewise */
} ps_score_input;

/* What a score may read of the tokens besides Σ log p: bits. */
typedef enum ps_score_reads {
    PS_READS_LOGQ = 1 << 0,
    PS_READS_ENTROPY = 1 << 1,
    PS_READS_CERTAINTY = 1 << 2,
    PS_READS_CONFIDENCE = 1 << 3
} ps_score_reads;

typedef enum ps_reward_transform { PS_REWARD_RAW, PS_REWARD_LOG, PS_REWARD_LOGIT } ps_reward_transform;

/* The numbers that scores and priors read: X(member, field of ps_config, default). A line here is the member, its
 * default and its way from a configuration; the key itself, with its range and its words, is in schema.def. */
#define PS_SCORE_PARAM_LIST(X)                                                                                         \
    X(tau, scoring_params_tau, 1)                   /* logprob_power: > 0 */                                           \
    X(alpha, scoring_params_alpha, 0.5)             /* hybrid_prm_logprob: in [0, 1] */                                \
    X(power_alpha, scoring_params_power_alpha, 4)   /* power: ≥ 1 */                                                 \
    X(power_ramp, scoring_params_power_ramp, 0)     /* power: tokens over which alpha grows from 1; 0: none */         \
    X(sharpness, scoring_params_sharpness, 1)       /* self_certainty, deepconf, entropy: factor */                    \
    X(gamma, scoring_prm_gamma, 1)                  /* prm_reward: factor of f(r) */                                   \
    X(min_score, scoring_params_min_score, 1e-30)   /* r is raised to this, then kept away from 0 and 1 by 1e-6 */     \
    X(max_score, scoring_params_max_score, 1)       /* r is lowered to this */                                         \
    X(prior_weight, scoring_length_prior_weight, 1) /* λ */                                                           \
    X(lambda_poisson, scoring_length_prior_lambda_poisson, 10)                                                         \
    X(p_geometric, scoring_length_prior_p_geometric, 0.1)                                                              \
    X(mu_lognormal, scoring_length_prior_mu_lognormal, 2)                                                              \
    X(sigma_lognormal, scoring_length_prior_sigma_lognormal, 0.5)                                                      \
    X(penalty_linear, scoring_length_prior_penalty_linear, 0.01)

typedef struct ps_score_params {
#define X(member, field, initial) double member;
    PS_SCORE_PARAM_LIST(X)
#undef X
    ps_reward_transform transform; /* f of prm_reward */
} ps_score_params;
PS_API void ps_score_defaults(ps_score_params *params);

/* One score: logprob_power, logprob_avg, power, self_certainty, deepconf, entropy, prm_reward, hybrid_prm_logprob. */
typedef struct ps_score_ops {
    const char *name, *doc;
    bool needs_reward;
    unsigned reads; /* of ps_score_reads, whatever the parameters */
    bool over_q; /* ℓ is a target's logarithm less Σ log q: ℓ + Σ log q says which answer the target likes best */
    double (*base)(const ps_score_params *params, const ps_score_input *in);
    bool (*needs_logp)(const ps_score_params *params); /* OPTIONAL: whether it reads sum_logp; NULL: never */
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

/* Whether a score with these parameters reads sum_logp. */
PS_API bool ps_score_needs_logp(const ps_score_ops *score, const ps_score_params *params);

/* The exponent α(n) of the score power at a prefix of n tokens: from 1 at 0 linearly to power_alpha at power_ramp. */
PS_API double ps_score_exponent(const ps_score_params *params, size_t n_tokens);

/* γ·f(r) of a reward r in [0, 1], clipped as the parameters say: what prm_reward scores a prefix by. NaN of NaN. */
PS_API double ps_score_reward(const ps_score_params *params, double reward);

/* ℓ of a prefix. PS_DOMAIN when it is NaN (a missing reward, a NaN log-probability): the message names the score. */
PS_API ps_status ps_score(const ps_score_ops *score, const ps_length_prior_ops *prior, const ps_score_params *params,
                          const ps_score_input *in, double *ell, ps_error *err);

#ifdef __cplusplus
}
#endif
#endif
