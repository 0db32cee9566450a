/* Certainty and confidence. The first is a sum over the vocabulary: KL(U‖p) = −Σ log(V·p)/V = log Σ e^logit − log V −
 * Σ logit / V. The second is of the likeliest tokens, of which few blocks have any: the others are passed over by their
 * maxima. */
#include "engine/sampler/confidence.h"

#include <float.h>

enum { BLOCK = PS_SAMPLE_BLOCK };

void ps_position_add_logits(ps_position *p, size_t b) {
    const size_t from = b * BLOCK, left = from < p->rows ? p->rows - from : 0, n = left < BLOCK ? left : BLOCK;
    const double sum = n == BLOCK ? p->kernels->total(p->logits + from) : -INFINITY;
    if (isfinite(sum)) {
        p->logit_sum += sum;
        p->n_logits += BLOCK;
        return;
    }
    for (size_t i = from; i < from + n; i++) {
        if (p->logits[i] == -INFINITY) continue;
        p->logit_sum += (double)p->logits[i];
        p->n_logits++;
    }
}

double ps_position_certainty(const ps_position *p, double log_sum) {
    const double n = (double)p->n_logits;
    return p->n_logits > 0 ? log_sum - log(n) - p->logit_sum / n : 0.0;
}

/* The largest logits so far, in descending order. */
typedef struct leaders {
    float logit[PS_CONFIDENCE_TOP];
    size_t n;
} leaders;

static void insert(leaders *top, float logit) {
    size_t at = top->n < PS_CONFIDENCE_TOP ? top->n++ : PS_CONFIDENCE_TOP - 1;
    for (; at > 0 && top->logit[at - 1] < logit; at--)
        top->logit[at] = top->logit[at - 1];
    top->logit[at] = logit;
}

/* What a logit must reach to be among them; anything but −∞ while there is room. */
static float least(const leaders *top) {
    return top->n < PS_CONFIDENCE_TOP ? -FLT_MAX : nextafterf(top->logit[PS_CONFIDENCE_TOP - 1], INFINITY);
}

double ps_position_confidence(const ps_position *p, double log_sum) {
    leaders top = {.n = 0};
    uint32_t ids[BLOCK];
    float spare[BLOCK];
    for (size_t b = 0; b * BLOCK < p->rows; b++) {
        if (p->scratch->block_max[b] < least(&top)) continue;
        const size_t n =
            p->kernels->between(ps_block_of(p, b, spare), least(&top), INFINITY, (uint32_t)(b * BLOCK), ids);
        for (size_t i = 0; i < n && ids[i] < p->rows; i++)
            if (p->logits[ids[i]] >= least(&top)) insert(&top, p->logits[ids[i]]);
    }
    double sum = 0.0;
    for (size_t i = 0; i < top.n; i++)
        sum += (double)top.logit[i];
    return top.n > 0 ? log_sum - sum / (double)top.n : 0.0;
}
