/* From the logits of one position to a token: log-probabilities, entropy, and the token that a given uniform draws.
 * Shared by engines that see logits. Internal to the engine room.
 *
 * There is one algorithm. Its inner loops (kernels.h) exist for several instruction sets; the best that the processor
 * has is taken. What decides on a token is float64 in all of them, so all of them draw the same token. */
#ifndef PERSAMP_ENGINE_SAMPLER_SAMPLER_H
#define PERSAMP_ENGINE_SAMPLER_SAMPLER_H

#include "persamp/engine.h"

/* Scratch of one thread, grown on demand. Start with {0}. The vocabulary is worked on in blocks of PS_SAMPLE_BLOCK
 * tokens (kernels.h). */
typedef struct ps_sampler {
    double *weight;      /* [capacity] exp((logit − max) / temperature); not always filled */
    double *block_sum;   /* [capacity / PS_SAMPLE_BLOCK] Σ weight of what is kept of each block */
    double *block_probe; /* [capacity / PS_SAMPLE_BLOCK] the same for a cut that is being tried */
    float *block_max;    /* [capacity / PS_SAMPLE_BLOCK] the largest logit of each block */
    /* [capacity] The candidates for a cut, side by side in order of id; and a heap of places in that list. */
    uint32_t *candidate_id, *heap;
    float *candidate_logit;
    double *candidate_weight;
    size_t capacity;   /* in tokens, a multiple of PS_SAMPLE_BLOCK */
    size_t vocabulary; /* set by the caller: the first so many logits are tokens', the others only pad the output
                          matrix and are left out of certainty and confidence; 0: all are */
} ps_sampler;

void ps_sampler_clear(ps_sampler *sampler); /* frees what it owns and resets it to {0} */

/* log Σ exp(logit) and the entropy of the raw distribution. */
typedef struct ps_logits_summary {
    double log_sum;
    double entropy; /* nats */
    ps_token best;  /* the largest logit; the lowest id of equals */
} ps_logits_summary;

/* PS_ENGINE when there are no logits, one is NaN or +∞, or all are −∞. O(n). */
ps_status ps_logits_summarise(ps_sampler *sampler, const float *logits, size_t n, ps_logits_summary *summary,
                              ps_error *err);

typedef struct ps_draw {
    ps_token token;
    double logp;                  /* of the raw model: temperature 1, no truncation */
    double logq;                  /* of the distribution drawn from; 0 when greedy */
    double entropy;               /* of the raw model */
    double certainty, confidence; /* of the raw model, as in ps_event; NaN unless the generation asks */
} ps_draw;

/* Draw n_draws ≥ 1 tokens, each by inverting the distribution function at its uniform in (0, 1): draws[i] is what
 * ps_sample gives for uniforms[i], and all together cost little more than one. Errors as above.
 *
 * The order of truncation is temperature, top_k, top_p (of what top_k left), each keeping the smallest set of the
 * likeliest tokens, equals by id; kept probabilities are renormalised. Tokens lie on the unit interval in order of id,
 * not of probability: rounding that swaps two nearly equal tokens then moves no other token's interval, so the same
 * uniform draws the same token as often as it can.
 *
 * The token and logq are those of float64 arithmetic (1e−11 relative). So are logp and entropy of logits up to 10,000
 * in size, with one exception: at temperatures other than 1, vocabularies of PS_SAMPLE_LARGE tokens or more may use
 * float32 exponentials for them; they are then within 1e−6. */
ps_status ps_sample_several(ps_sampler *sampler, const float *logits, size_t n, const ps_generation *generation,
                            const double *uniforms, size_t n_draws, ps_draw *draws, ps_error *err);
static inline ps_status ps_sample(ps_sampler *sampler, const float *logits, size_t n, const ps_generation *generation,
                                  double uniform, ps_draw *draw, ps_error *err) {
    return ps_sample_several(sampler, logits, n, generation, &uniform, 1, draw, err);
}

enum { PS_SAMPLE_LARGE = 4096 };

#endif
