/* The lowest confidence of any group of tokens that lie together (Fu et al., arXiv 2508.15260): an answer is as good as
 * its worst passage. What a group is, says run/confidence.h. */
#include "score/tables.h"

static double base(const ps_score_params *params, const ps_score_input *in) {
    return in->n_tokens == 0 ? 0 : params->sharpness * in->confidence;
}

const ps_score_ops ps_score_deepconf = {
    .name = "deepconf",
    .doc = "sharpness times the lowest mean confidence of deepconf_window tokens in a row",
    .reads = PS_READS_CONFIDENCE,
    .base = base,
};
