/* The inner loops of the sampler over one block of logits: a table of functions for each instruction set. Internal to
 * the sampler and its tests. */
#ifndef PERSAMP_ENGINE_SAMPLER_KERNELS_H
#define PERSAMP_ENGINE_SAMPLER_KERNELS_H

#include "engine/sampler/sampler.h"

#include <math.h>

/* Logits in a block. The last block of a vocabulary is completed with −∞. */
enum { PS_SAMPLE_BLOCK = 256 };

/* Sums over a block, x = logit − max. */
typedef struct ps_block_sums {
    double raw, raw_x; /* Σ eˣ and Σ eˣ·x */
    double weight;     /* Σ e^(x·scale) */
} ps_block_sums;

typedef struct ps_sample_kernels {
    const char *name;
    bool (*supported)(void); /* whether this processor can; NULL: any can that the program was compiled for */
    /* The largest logit; NaN when one is. */
    float (*largest)(const float *logits);
    /* The weight e^(x·scale) of each logit, in float64 within 1e−13 relative; at least e^−700 also where it should be
     * less. Stored unless `weight` is NULL, and added to sums->weight. At scale 1 the weights are the raw
     * exponentials: then the raw sums are added to as well. */
    void (*weigh)(const float *logits, float max, double scale, double *weight, ps_block_sums *sums);
    /* Adds to the raw sums alone. float32 is enough: each exponential within 2^−24·(|x| + 4) relative. */
    void (*raw)(const float *logits, float max, ps_block_sums *sums);
    /* Σ logits, in float64: not finite when one is not. */
    double (*total)(const float *logits);
    /* Σ weight over logits ≥ threshold; their number is added to *count. */
    double (*above)(const float *logits, const double *weight, float threshold, size_t *count);
    /* The places in the block where lo ≤ logit < hi, ascending, `first` added to each, into ids[PS_SAMPLE_BLOCK];
     * returns how many. */
    size_t (*between)(const float *logits, float lo, float hi, uint32_t first, uint32_t *ids);
} ps_sample_kernels;

/* Every table that this processor runs, the best first and plain C last; NULL past the last. */
const ps_sample_kernels *ps_sample_kernels_get(size_t choice);

extern const ps_sample_kernels ps_sample_plain;
#if defined(__x86_64__) && defined(__GNUC__)
#define PS_SAMPLE_X86 1
extern const ps_sample_kernels ps_sample_avx2, ps_sample_avx512;
#elif defined(__aarch64__) && defined(__ARM_NEON) && defined(__GNUC__)
#define PS_SAMPLE_NEON 1
extern const ps_sample_kernels ps_sample_neon;
#endif

/* ps_logits_summarise and ps_sample_several with kernels of one's choice. */
ps_status ps_logits_summarise_with(const ps_sample_kernels *kernels, ps_sampler *sampler, const float *logits, size_t n,
                                   ps_logits_summary *summary, ps_error *err);
ps_status ps_sample_with(const ps_sample_kernels *kernels, ps_sampler *sampler, const float *logits, size_t n,
                         const ps_generation *generation, const double *uniforms, size_t n_draws, ps_draw *draws,
                         ps_error *err);

#endif
