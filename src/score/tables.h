/* The entries of the tables of scores and length priors, a file each, and what they share. */
#ifndef PERSAMP_SCORE_TABLES_H
#define PERSAMP_SCORE_TABLES_H

#include "persamp/choices.h"
#include "persamp/score.h"

#define X(name) extern const ps_score_ops ps_score_##name;
PS_SCORE_LIST(X)
#undef X
#define X(name) extern const ps_length_prior_ops ps_length_prior_##name;
PS_LENGTH_PRIOR_LIST(X)
#undef X

/* For `needs_logp` of a score that reads Σ log p whatever its parameters are. */
bool ps_score_always(const ps_score_params *params);

/* The PRM's r, clipped to [min_score, max_score] and then away from 0 and 1 by 1e-6. NaN stays NaN. */
double ps_clip_reward(const ps_score_params *params, double reward);

#endif
