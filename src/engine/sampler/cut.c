/* Where truncation cuts: the last token, in order of likelihood, with which top_k tokens or top_p of the mass are
 * reached. The vocabulary is never sorted. Instead the cut is bracketed between two logits:
 *
 * - A probe gives the count and the mass of all tokens at or above some logit. It is one pass that skips every block
 *   whose largest logit is lower, which is most of them where the distribution is peaked.
 * - Every 16th block alone says nearly where the cut lies. A probe a little below that and one a little above leave at
 *   most a few thousand candidates between them.
 * - The candidates are copied side by side, and the bracket is tightened among them until a few dozen are left.
 * - These are taken from a heap, the likeliest first, until the target is reached.
 *
 * A vocabulary of a few thousand tokens is a list of candidates from the start. */
#include "engine/sampler/cut.h"

#include <stdlib.h>

enum {
    BLOCK = PS_SAMPLE_BLOCK,
    SAMPLE_STRIDE = 16, /* every 16th block is the sample by which the cut is estimated */
    CANDIDATES = 4096,  /* so few tokens are worked on by themselves */
    ORDERED = 64        /* and of so few a heap is made */
};

/* How many tokens, and the sum of their weights. */
typedef struct amount {
    size_t count;
    double mass;
} amount;

/* The cut is at a logit in [lo, hi): the tokens at or above lo reach the target, those at or above hi do not. */
typedef struct bracket {
    float lo, hi;
    amount at_lo, at_hi; /* of the tokens at or above lo, hi */
} bracket;

/* The target is so many tokens or so much mass, whichever comes first. */
static bool reaches(amount a, amount target) {
    return a.count >= target.count || a.mass >= target.mass;
}

static size_t inside(const bracket *b) {
    return b->at_lo.count - b->at_hi.count;
}

/* ---- Tightening the bracket ---------------------------------------------- */

static void tighten(bracket *b, float threshold, amount at_threshold, amount target) {
    if (reaches(at_threshold, target)) {
        b->lo = threshold;
        b->at_lo = at_threshold;
    } else {
        b->hi = threshold;
        b->at_hi = at_threshold;
    }
}

static bool is_inside(const bracket *b, float threshold) {
    return threshold > b->lo && threshold < b->hi;
}

static float middle(const bracket *b) {
    return (float)(((double)b->lo + (double)b->hi) / 2);
}

/* Where the target would be reached if the tokens lay evenly in the bracket. */
static double interpolate(const bracket *b, amount target) {
    const double by_count = ((double)target.count - (double)b->at_hi.count) / (double)inside(b);
    const double by_mass = (target.mass - b->at_hi.mass) / (b->at_lo.mass - b->at_hi.mass);
    const double share = fmax(0.0, fmin(by_count, by_mass)); /* top_k has no mass to reach: by_mass is infinite */
    return (double)b->hi - share * ((double)b->hi - (double)b->lo);
}

/* What lies at or above a logit, in every stride-th block; each block's mass into by_block unless that is NULL. */
static amount amount_above(const ps_position *p, float threshold, size_t stride, double *by_block) {
    float spare[BLOCK];
    amount a = {0};
    for (size_t b = 0; b < p->blocks; b += stride) {
        double mass = 0.0;
        if (p->scratch->block_max[b] >= threshold)
            mass = p->kernels->above(ps_block_of(p, b, spare), p->scratch->weight + b * BLOCK, threshold, &a.count);
        if (by_block != NULL) by_block[b] = mass;
        a.mass += mass;
    }
    return a;
}

/* Tighten the bracket by one pass, if the threshold is inside; block_sum stays what lies at or above hi. */
static bool probe(const ps_position *p, bracket *b, float threshold, amount target) {
    if (!is_inside(b, threshold)) return false;
    ps_sampler *s = p->scratch;
    tighten(b, threshold, amount_above(p, threshold, 1, s->block_probe), target);
    if (b->hi == threshold) {
        double *sums = s->block_probe;
        s->block_probe = s->block_sum;
        s->block_sum = sums;
    }
    return true;
}

/* Nearly where the cut lies, from a sample of the blocks, by bisection. Of top_k the sample has to reach its part. Of
 * top_p it may lack its part of the mass to be cut off: that lies in many light tokens, of which a sample has its
 * share, while the mass to be kept may lie in a few heavy ones, of which the sample has all or none. */
static float estimate(const ps_position *p, const bracket *b, amount target) {
    const double cut_off = (b->at_lo.mass - target.mass) / SAMPLE_STRIDE;
    const amount part = {.count = target.count / SAMPLE_STRIDE + 1,
                         .mass = amount_above(p, b->lo, SAMPLE_STRIDE, NULL).mass - cut_off};
    bracket sample = {.lo = b->lo, .hi = b->hi};
    for (int i = 0; i < 16; i++) {
        const float threshold = middle(&sample);
        tighten(&sample, threshold, amount_above(p, threshold, SAMPLE_STRIDE, NULL), part);
    }
    return sample.lo;
}

/* Probe until few enough tokens are inside; or until no logit is, where more are equal. */
static void bracket_vocabulary(const ps_position *p, bracket *b, amount target) {
    if (inside(b) <= CANDIDATES) return;
    const float margin = (float)(0.06 / p->scale), guess = estimate(p, b, target);
    probe(p, b, guess - margin, target);
    probe(p, b, guess + margin, target);
    for (int i = 0; inside(b) > CANDIDATES; i++) {
        /* Below where the target should be reached, then above it, then in the middle: whatever the distribution, the
         * bracket halves every third time. */
        const double near_cut = interpolate(b, target);
        const double aside = ((double)b->hi - (double)b->lo) * (CANDIDATES * 0.25) / (double)inside(b);
        if (i % 3 == 0 && probe(p, b, (float)(near_cut - aside), target)) continue;
        if (i % 3 == 1 && probe(p, b, (float)(near_cut + aside), target)) continue;
        if (!probe(p, b, middle(b), target)) return;
    }
}

/* ---- Among the candidates ------------------------------------------------ */

/* Copy the bracket's tokens side by side, completed to a whole block; returns how many. */
static size_t collect(const ps_position *p, const bracket *b) {
    const ps_sampler *s = p->scratch;
    float spare[BLOCK];
    size_t m = 0;
    for (size_t k = 0; k < p->blocks; k++)
        if (s->block_max[k] >= b->lo)
            m +=
                p->kernels->between(ps_block_of(p, k, spare), b->lo, b->hi, (uint32_t)(k * BLOCK), s->candidate_id + m);
    for (size_t i = 0; i < m; i++) {
        s->candidate_logit[i] = p->logits[s->candidate_id[i]];
        s->candidate_weight[i] = s->weight[s->candidate_id[i]];
    }
    for (size_t i = m; i % BLOCK != 0; i++) {
        s->candidate_logit[i] = -INFINITY;
        s->candidate_weight[i] = 0.0;
    }
    return m;
}

/* Tighten the bracket among the m candidates. It ends early where logits are equal. */
static void bracket_candidates(const ps_position *p, bracket *b, amount target, size_t m) {
    const ps_sampler *s = p->scratch;
    const amount beyond = b->at_hi; /* what lies above all candidates */
    for (int i = 0; i < 40 && inside(b) > ORDERED; i++) {
        const float threshold = i % 2 ? middle(b) : (float)interpolate(b, target);
        if (!is_inside(b, threshold)) continue;
        amount a = beyond;
        for (size_t k = 0; k < m; k += BLOCK)
            a.mass += p->kernels->above(s->candidate_logit + k, s->candidate_weight + k, threshold, &a.count);
        tighten(b, threshold, a, target);
    }
}

static bool likelier(const float *logits, uint32_t a, uint32_t b) {
    return logits[a] > logits[b] || (logits[a] == logits[b] && a < b);
}

/* The heap holds places in `logits`, the likeliest on top; candidates are in order of id, so equals are by id. */
static void sift_down(const float *logits, uint32_t *heap, size_t n, size_t i) {
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && likelier(logits, heap[child + 1], heap[child])) child++;
        if (!likelier(logits, heap[child], heap[i])) return;
        const uint32_t t = heap[i];
        heap[i] = heap[child];
        heap[child] = t;
    }
}

/* Take the bracket's candidates in order of likelihood until the target is reached: the last one taken is the cut.
 * Returns the mass up to it. */
static double take_in_order(ps_position *p, const bracket *b, amount target, size_t m) {
    const ps_sampler *s = p->scratch;
    const float *logits = s->candidate_logit;
    amount taken = b->at_hi;
    size_t left = 0;
    for (size_t i = 0; i < m; i++)
        if (logits[i] >= b->lo && logits[i] < b->hi) s->heap[left++] = (uint32_t)i;
    for (size_t i = left / 2; i-- > 0;)
        sift_down(logits, s->heap, left, i);
    while (left > 0) {
        const uint32_t top = s->heap[0];
        p->cut = (ps_cut){logits[top], s->candidate_id[top]};
        taken.mass += s->candidate_weight[top];
        taken.count++;
        if (reaches(taken, target)) break;
        s->heap[0] = s->heap[--left];
        sift_down(logits, s->heap, left, 0);
    }
    return taken.mass;
}

/* ---- The two cuts -------------------------------------------------------- */

/* What lies at or above the floor. It only guides interpolation. So where top_k has not raised the floor, and a pass
 * would skip few blocks, that pass is saved and everything is taken to lie above. */
static amount amount_above_floor(const ps_position *p) {
    size_t open = 0;
    for (size_t b = 0; b < p->blocks; b++)
        open += p->scratch->block_max[b] >= p->floor;
    if (p->most == p->n && open > p->blocks / 4) return (amount){p->n, p->total};
    return amount_above(p, p->floor, 1, NULL);
}

/* Set the cut; total and block_sum become those of what it keeps. */
static void cut_at(ps_position *p, amount target) {
    ps_sampler *s = p->scratch;
    bracket b = {.lo = p->floor, .hi = nextafterf(p->max, INFINITY), .at_lo = amount_above_floor(p)};
    memset(s->block_sum, 0, p->blocks * sizeof *s->block_sum);
    bracket_vocabulary(p, &b, target);
    const size_t m = collect(p, &b);
    bracket_candidates(p, &b, target, m);
    p->total = take_in_order(p, &b, target, m);
    /* block_sum is of what lies above all candidates so far. */
    for (size_t i = 0; i < m; i++)
        if (ps_is_kept(p, s->candidate_logit[i], s->candidate_id[i]))
            s->block_sum[s->candidate_id[i] / BLOCK] += s->candidate_weight[i];
}

static int descending(const void *a, const void *b) {
    const float x = *(const float *)a, y = *(const float *)b;
    return (x < y) - (x > y);
}

/* The k-th largest of the blocks' maxima, for k up to their number: the k largest logits are no smaller. */
static float kth_maximum(const ps_position *p, size_t k) {
    float *order = p->scratch->candidate_logit; /* not yet in use */
    memcpy(order, p->scratch->block_max, p->blocks * sizeof *order);
    qsort(order, p->blocks, sizeof *order, descending);
    return order[k - 1];
}

void ps_position_truncate(ps_position *p, double top_p) {
    if (p->most < p->n) {
        if (p->most <= p->blocks) p->floor = fmaxf(p->floor, kth_maximum(p, p->most));
        cut_at(p, (amount){p->most, INFINITY});
        p->floor = p->cut.logit;
    } else {
        /* Tokens lighter than (1 − top_p)·total/n weigh no more than (1 − top_p)·total together, so the others reach
         * top_p without them. Half of that, for rounding. */
        const double least = 0.5 * (1.0 - top_p) * p->total / (double)p->n;
        if (least > 0.0) p->floor = fmaxf(p->floor, (float)((double)p->max + log(least) / p->scale));
    }
    if (top_p < 1.0) cut_at(p, (amount){p->most, top_p * p->total});
}
