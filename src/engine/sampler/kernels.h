/* The two ways to sample, and what they share. Internal to sample*.c and its tests. */
#ifndef PERSAMP_ENGINE_SAMPLER_KERNELS_H
#define PERSAMP_ENGINE_SAMPLER_KERNELS_H

#include "engine/sampler/sampler.h"

#include <math.h>
#include <string.h>

/* ---- Plain C: sample_plain.c --------------------------------------------- */

void ps_plain_free(ps_plain_scratch *scratch);
ps_status ps_plain_summarise(ps_plain_scratch *scratch, const float *logits, size_t n, ps_logits_summary *summary,
                             ps_error *err);
ps_status ps_plain_sample(ps_plain_scratch *scratch, const float *logits, size_t n, const ps_generation *generation,
                          const double *uniforms, size_t n_draws, ps_draw *draws, ps_error *err);

/* ---- Vectorised: sample_quick.c ------------------------------------------ */

/* The inner loops over one block of PS_SAMPLE_BLOCK logits. */
typedef struct ps_block_sums {
    double raw, raw_x; /* Σ eˣ and Σ eˣ·x over x = logit − max */
    double weight;     /* Σ e^(x·scale) */
} ps_block_sums;
typedef struct ps_sample_kernels {
    const char *name;
    /* The largest, NaN when any is. */
    float (*largest)(const float *logits);
    /* The weights of a block, float64 within 1e−13 (relative; at least e^−700), are summed onto *sums, and onto its raw
     * part where scale is 1 and they are the same. weight NULL: not stored. */
    void (*weigh)(const float *logits, float max, double scale, double *weight, ps_block_sums *sums);
    /* The raw part alone, in float32: each exponential within 2^−24·(|x| + 4). */
    void (*raw)(const float *logits, float max, ps_block_sums *sums);
    /* Σ weight over logits ≥ threshold; their number is added to *count. */
    double (*above)(const float *logits, const double *weight, float threshold, size_t *count);
    /* The places in the block of lo ≤ logit < hi, ascending, each plus `first`, into ids; how many. */
    size_t (*between)(const float *logits, float lo, float hi, uint32_t first, uint32_t *ids);
} ps_sample_kernels;

/* Each version this processor runs, the best first; NULL past the last: some have none. */
const ps_sample_kernels *ps_sample_kernels_get(size_t choice);
#if defined(__x86_64__) && defined(__GNUC__)
#define PS_SAMPLE_X86 1
extern const ps_sample_kernels ps_sample_avx2, ps_sample_avx512;
#endif

void ps_quick_free(ps_quick_scratch *scratch);
ps_status ps_quick_summarise(const ps_sample_kernels *kernels, ps_quick_scratch *scratch, const float *logits, size_t n,
                             ps_logits_summary *summary, ps_error *err);
ps_status ps_quick_sample(const ps_sample_kernels *kernels, ps_quick_scratch *scratch, const float *logits, size_t n,
                          const ps_generation *generation, const double *uniforms, size_t n_draws, ps_draw *draws,
                          ps_error *err);

/* ---- Shared -------------------------------------------------------------- */

/* The last token kept: those before it are likelier, equals by id. */
typedef struct ps_cut {
    float logit;
    uint32_t id;
} ps_cut;

static inline bool ps_before_or_at(float logit, uint32_t id, ps_cut c) {
    return logit > c.logit || (logit == c.logit && id <= c.id);
}

/* Heap of places in `logits`: the likeliest on top, equals by place. */
void ps_sift_down(const float *logits, uint32_t *heap, size_t n, size_t i);

/* Block b of the logits, the last one completed with −∞ in `spare`. */
static inline const float *ps_block_of(const float *logits, size_t n, size_t b, float spare[PS_SAMPLE_BLOCK]) {
    if ((b + 1) * PS_SAMPLE_BLOCK <= n) return logits + b * PS_SAMPLE_BLOCK;
    const size_t left = n - b * PS_SAMPLE_BLOCK;
    memcpy(spare, logits + b * PS_SAMPLE_BLOCK, left * sizeof *spare);
    for (size_t i = left; i < PS_SAMPLE_BLOCK; i++)
        spare[i] = -INFINITY;
    return spare;
}

ps_status ps_bad_logits(float max, ps_error *err); /* NaN or infinite */

#endif
