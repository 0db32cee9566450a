/* Σ log p / τ: the sequence's probability to the power 1/τ. */
#include "score/tables.h"

static double base(const ps_score_params *params, const ps_score_input *in) {
    return in->sum_logp / params->tau;
}

const ps_score_ops ps_score_logprob_power = {"logprob_power", "sum of log p over the tokens, divided by tau", false,
                                             true, base};
