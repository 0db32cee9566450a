/* The logits of one position while tokens are drawn from them: what sampler.c and cut.c share. */
#ifndef PERSAMP_ENGINE_SAMPLER_CUT_H
#define PERSAMP_ENGINE_SAMPLER_CUT_H

#include "engine/sampler/kernels.h"

#include <string.h>

/* The last token that truncation keeps, in order of likelihood: larger logits first, equals by id. */
typedef struct ps_cut {
    float logit;
    uint32_t id;
} ps_cut;

typedef struct ps_position {
    const ps_sample_kernels *kernels;
    ps_sampler *scratch;
    const float *logits;
    size_t n, blocks;
    float max;
    double scale; /* 1 / temperature */
    bool stores_weights;
    double total; /* Σ weight of what is kept */
    size_t most;  /* top_k, or n */
    float floor;  /* no cut lies below this logit */
    ps_cut cut;
    size_t rows;      /* of these, the first so many are tokens: the others only pad the matrix */
    bool certainty;   /* somebody reads it: the two below are filled */
    double logit_sum; /* Σ over the rows that are tokens and not ruled out, */
    size_t n_logits;  /* and how many these are */
} ps_position;

static inline bool ps_is_kept(const ps_position *p, float logit, uint32_t id) {
    return logit > p->cut.logit || (logit == p->cut.logit && id <= p->cut.id);
}

/* The logits of block b; the last block is copied to `spare` and completed with −∞. */
static inline const float *ps_block_of(const ps_position *p, size_t b, float spare[PS_SAMPLE_BLOCK]) {
    const float *block = p->logits + b * PS_SAMPLE_BLOCK;
    const size_t left = p->n - b * PS_SAMPLE_BLOCK;
    if (left >= PS_SAMPLE_BLOCK) return block;
    memcpy(spare, block, left * sizeof *spare);
    for (size_t i = left; i < PS_SAMPLE_BLOCK; i++)
        spare[i] = -INFINITY;
    return spare;
}

/* Cut by top_k, then by top_p of what that left. Needs max, scale, most, floor and the scratch's weights and maxima of
 * all tokens, and total over them. Sets cut; total and block_sum are then over what is kept. */
void ps_position_truncate(ps_position *position, double top_p);

#endif
