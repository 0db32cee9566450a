/* One pass over the logits of a position: log-probabilities, entropy and the token that a given uniform draws. Shared
 * by engines that see logits. Internal to the engine room.
 *
 * Two ways lead to the same token: a plain one, and a quick one on processors with AVX2 or AVX-512. What decides on a
 * token is float64 in both. */
#ifndef PERSAMP_ENGINE_SAMPLER_SAMPLER_H
#define PERSAMP_ENGINE_SAMPLER_SAMPLER_H

#include "persamp/engine.h"

enum { PS_SAMPLE_BLOCK = 256, PS_SAMPLE_BUCKETS = 4096 };

typedef struct ps_plain_scratch {
    double *weight;    /* [capacity] exp((logit − max) / temperature), 0 beyond the vocabulary */
    double *block_sum; /* [capacity / PS_SAMPLE_BLOCK] */
    float *block_max;  /* [capacity / PS_SAMPLE_BLOCK] */
    uint32_t *kept;    /* [capacity] ids that survive truncation, ascending */
    uint32_t *sorted;  /* [capacity] */
    double *mass;      /* [PS_SAMPLE_BUCKETS] */
    uint32_t *count;   /* [PS_SAMPLE_BUCKETS] */
    size_t capacity;
} ps_plain_scratch;

typedef struct ps_quick_scratch {
    double *weight;                /* [capacity] as above; filled only where something is truncated */
    double *block_sum, *block_try; /* [capacity / PS_SAMPLE_BLOCK] */
    float *block_max;              /* [capacity / PS_SAMPLE_BLOCK] */
    /* [capacity] the tokens near a cut, in order of id: ids, logits, weights; and a heap of their places. */
    uint32_t *near_id, *heap;
    float *near_logit;
    double *near_weight;
    size_t capacity;
} ps_quick_scratch;

/* Scratch of one thread, grown on demand. Start with {0}. */
typedef struct ps_sampler {
    ps_plain_scratch plain;
    ps_quick_scratch quick;
} ps_sampler;
void ps_sampler_free(ps_sampler *sampler); /* resets to {0} */

/* log Σ exp(logit) and the entropy of the raw distribution. */
typedef struct ps_logits_summary {
    double log_sum;
    double entropy; /* nats */
    ps_token best;  /* the largest logit; the lowest id of equals */
} ps_logits_summary;

/* PS_ENGINE when a logit is NaN or +∞ or all are −∞. O(n). */
ps_status ps_logits_summarise(ps_sampler *sampler, const float *logits, size_t n, ps_logits_summary *summary,
                              ps_error *err);

typedef struct ps_draw {
    ps_token token;
    double logp;    /* of the raw model: temperature 1, no truncation */
    double logq;    /* of the distribution drawn from; 0 when greedy */
    double entropy; /* of the raw model */
} ps_draw;

/* Draw n_draws ≥ 1 tokens, each by inverting the distribution function at its uniform in (0, 1): draws[i] is what
 * ps_sample gives for uniforms[i], and all together cost little more than one.
 *
 * The order of truncation is temperature, top_k, top_p (of what top_k left), each keeping the smallest set of the
 * likeliest tokens, equals by id; kept probabilities are renormalised. Tokens lie on the unit interval in order of id,
 * not of probability: rounding that swaps two nearly equal tokens then moves no other token's interval, so the same
 * uniform draws the same token as often as it can.
 *
 * The token and logq are those of float64 arithmetic (1e−11 relative); so are logp and entropy, except that for
 * temperatures other than 1 and PS_SAMPLE_LARGE tokens or more they come from float32 exponentials: within 1e−6. */
ps_status ps_sample_several(ps_sampler *sampler, const float *logits, size_t n, const ps_generation *generation,
                            const double *uniforms, size_t n_draws, ps_draw *draws, ps_error *err);
static inline ps_status ps_sample(ps_sampler *sampler, const float *logits, size_t n, const ps_generation *generation,
                                  double uniform, ps_draw *draw, ps_error *err) {
    return ps_sample_several(sampler, logits, n, generation, &uniform, 1, draw, err);
}

enum { PS_SAMPLE_LARGE = 4096 };

#endif
