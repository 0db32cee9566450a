/* Σ log p / n: the mean over tokens, which does not punish length. */
#include "score/tables.h"

static double base(const ps_score_params *params, const ps_score_input *in) {
    (void)params;
    return in->n_tokens == 0 ? 0 : in->sum_logp / (double)in->n_tokens; /* the empty prefix scores as the root: 0 */
}

const ps_score_ops ps_score_logprob_avg = {"logprob_avg", "mean of log p over the tokens", false, true, base};
