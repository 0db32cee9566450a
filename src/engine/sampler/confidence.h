/* How sure the model is of its next token, from the logits of one position (ps_event). */
#ifndef PERSAMP_ENGINE_SAMPLER_CONFIDENCE_H
#define PERSAMP_ENGINE_SAMPLER_CONFIDENCE_H

#include "engine/sampler/cut.h"

/* Add block b to the sum of logits: a part of the one pass, for the block is then in the cache. */
void ps_position_add_logits(ps_position *position, size_t b);

/* KL(U‖p), once all blocks have been added. `log_sum`: log Σ exp(logit). */
double ps_position_certainty(const ps_position *position, double log_sum);

/* −Σ log p / k over the k likeliest tokens. Needs the blocks' maxima. */
double ps_position_confidence(const ps_position *position, double log_sum);

#endif
