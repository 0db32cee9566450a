/* The entries of the tables of scores and length priors: one file each, one line here, one in tables.c. */
#ifndef PERSAMP_SCORE_TABLES_H
#define PERSAMP_SCORE_TABLES_H

#include "persamp/score.h"

extern const ps_score_ops ps_score_logprob_power;
extern const ps_score_ops ps_score_logprob_avg;
extern const ps_score_ops ps_score_prm_reward;
extern const ps_score_ops ps_score_hybrid_prm_logprob;

extern const ps_length_prior_ops ps_length_prior_none;
extern const ps_length_prior_ops ps_length_prior_poisson;
extern const ps_length_prior_ops ps_length_prior_geometric;
extern const ps_length_prior_ops ps_length_prior_lognormal;
extern const ps_length_prior_ops ps_length_prior_linear_penalty;

/* The PRM's r, clipped to [min_score, max_score] and then away from 0 and 1 by 1e-6. NaN stays NaN. */
double ps_clip_reward(const ps_score_params *params, double reward);

#endif
