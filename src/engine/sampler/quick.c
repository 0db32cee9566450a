/* Sampling from a large vocabulary: a pass for the largest logit, a pass for the sums by block, and a token found by
 * looking into one block. Truncation needs no sort either: whatever lies above a logit is summed in one pass that skips
 * the blocks below it, and a guess from a sixteenth of the vocabulary leaves two or three such passes to make until the
 * cut is among a few tokens. Those are ordered, as far as needed. */
#include "engine/sampler/kernels.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK = PS_SAMPLE_BLOCK };

typedef struct quick {
    const ps_sample_kernels *kernels;
    ps_quick_scratch *s;
    const float *logits;
    size_t n, blocks;
    float max;
    double scale; /* 1 / temperature */
    double total; /* Σ weight */
    size_t most;  /* top_k, or n */
    float floor;  /* a logit that no cut lies below */
    ps_cut cut;   /* the last token kept */
} quick;

void ps_quick_free(ps_quick_scratch *s) {
    ps_free(s->weight);
    ps_free(s->block_sum);
    ps_free(s->block_try);
    ps_free(s->block_max);
    ps_free(s->near_id);
    ps_free(s->heap);
    ps_free(s->near_logit);
    ps_free(s->near_weight);
    *s = (ps_quick_scratch){0};
}

static ps_status make_room(ps_quick_scratch *s, size_t blocks, ps_error *err) {
    const size_t n = blocks * BLOCK;
    if (s->capacity >= n) return PS_OK;
    ps_quick_free(s);
    s->weight = ps_calloc(n, sizeof *s->weight);
    s->block_sum = ps_calloc(blocks, sizeof *s->block_sum);
    s->block_try = ps_calloc(blocks, sizeof *s->block_try);
    s->block_max = ps_calloc(blocks, sizeof *s->block_max);
    s->near_id = ps_calloc(n, sizeof *s->near_id);
    s->heap = ps_calloc(n, sizeof *s->heap);
    s->near_logit = ps_calloc(n, sizeof *s->near_logit);
    s->near_weight = ps_calloc(n, sizeof *s->near_weight);
    if (!s->weight || !s->block_sum || !s->block_try || !s->block_max || !s->near_id || !s->heap || !s->near_logit ||
        !s->near_weight) {
        ps_quick_free(s);
        return ps_nomem(err);
    }
    s->capacity = n;
    return PS_OK;
}

/* The sums of block b. In a small vocabulary the raw ones are float64 too. */
static ps_block_sums sums_of(const quick *q, size_t b, bool store) {
    float spare[BLOCK];
    const float *block = ps_block_of(q->logits, q->n, b, spare);
    ps_block_sums sums = {0}, raw = {0};
    q->kernels->weigh(block, q->max, q->scale, store ? q->s->weight + b * BLOCK : NULL, &sums);
    if (q->scale == 1.0) return sums;
    if (q->n < PS_SAMPLE_LARGE)
        q->kernels->weigh(block, q->max, 1.0, NULL, &raw);
    else
        q->kernels->raw(block, q->max, &raw);
    return (ps_block_sums){raw.raw, raw.raw_x, sums.weight};
}

/* The two passes: maxima, then sums by block. */
static ps_status scan(quick *q, bool store, ps_logits_summary *summary, ps_error *err) {
    float spare[BLOCK];
    size_t best_block = 0;
    bool sound = true;
    const ps_status status = make_room(q->s, q->blocks, err);
    if (status != PS_OK) return status;
    for (size_t b = 0; b < q->blocks; b++) {
        q->s->block_max[b] = q->kernels->largest(ps_block_of(q->logits, q->n, b, spare));
        sound = sound && !isnan(q->s->block_max[b]);
        if (q->s->block_max[b] > q->s->block_max[best_block]) best_block = b;
    }
    q->max = q->s->block_max[best_block];
    if (!sound || !isfinite(q->max)) return ps_bad_logits(sound ? q->max : NAN, err);
    size_t best = best_block * BLOCK;
    while (q->logits[best] != q->max)
        best++;
    ps_block_sums all = {0};
    for (size_t b = 0; b < q->blocks; b++) {
        const ps_block_sums sums = sums_of(q, b, store);
        q->s->block_sum[b] = sums.weight;
        all.raw += sums.raw;
        all.raw_x += sums.raw_x;
        all.weight += sums.weight;
    }
    q->total = all.weight;
    *summary = (ps_logits_summary){.log_sum = (double)q->max + log(all.raw),
                                   .entropy = fmax(0.0, log(all.raw) - all.raw_x / all.raw),
                                   .best = (ps_token)best};
    return PS_OK;
}

/* ---- Where truncation cuts ----------------------------------------------- */

/* What is at least as likely as a logit. */
typedef struct reach {
    size_t count;
    double mass;
} reach;

/* What a cut is to reach: so many tokens or so much mass, whichever comes first. */
typedef struct goal {
    size_t count;
    double mass;
} goal;

/* A cut lies at a logit in [lo, hi): hi does not reach the goal, lo does. */
typedef struct bracket {
    float lo, hi;
    reach at_lo, at_hi;
} bracket;

enum { STRIDE = 16, MANY = 4096, FEW = 64 };

static bool reaches(reach r, goal g) {
    return r.count >= g.count || r.mass >= g.mass;
}

static size_t candidates(const bracket *b) {
    return b->at_lo.count - b->at_hi.count;
}

/* Where what is wanted should be reached if the tokens lay evenly in the bracket. */
static double interpolate(const bracket *b, goal g) {
    const double by_count = ((double)g.count - (double)b->at_hi.count) / (double)candidates(b);
    const double by_mass = (g.mass - b->at_hi.mass) / (b->at_lo.mass - b->at_hi.mass);
    const double share = fmax(0.0, fmin(by_count, by_mass)); /* an infinite mass leaves the count */
    return (double)b->hi - share * ((double)b->hi - (double)b->lo);
}

/* Over every stride-th block; a block below the threshold has nothing. by_block: each block's part, or NULL. */
static reach reach_of(const quick *q, float threshold, size_t stride, double *by_block) {
    float spare[BLOCK];
    reach r = {0};
    for (size_t b = 0; b < q->blocks; b += stride) {
        const double mass = q->s->block_max[b] < threshold
                                ? 0.0
                                : q->kernels->above(ps_block_of(q->logits, q->n, b, spare), q->s->weight + b * BLOCK,
                                                    threshold, &r.count);
        if (by_block != NULL) by_block[b] = mass;
        r.mass += mass;
    }
    return r;
}

/* Narrow the bracket at a logit; block_sum goes with hi. False when the logit is not inside. */
static bool look(const quick *q, bracket *b, float threshold, goal g) {
    if (!(threshold > b->lo && threshold < b->hi)) return false;
    const reach r = reach_of(q, threshold, 1, q->s->block_try);
    if (reaches(r, g)) {
        b->lo = threshold;
        b->at_lo = r;
        return true;
    }
    double *t = q->s->block_sum;
    q->s->block_sum = q->s->block_try;
    q->s->block_try = t;
    b->hi = threshold;
    b->at_hi = r;
    return true;
}

/* Where a sixteenth of the blocks have a sixteenth of the tokens wanted, or lack a sixteenth of the mass that may be
 * missing: what is cut off lies in many light tokens, so a sample knows it well, while the heavy ones may all be in it
 * or none. */
static float guess(const quick *q, const bracket *b, goal g) {
    const double missing = (b->at_lo.mass - g.mass) / STRIDE;
    const goal part = {g.count / STRIDE + 1, reach_of(q, b->lo, STRIDE, NULL).mass - missing};
    float lo = b->lo, hi = b->hi;
    for (int i = 0; i < 16; i++) {
        const float mid = lo + (hi - lo) / 2;
        if (reaches(reach_of(q, mid, STRIDE, NULL), part))
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

/* Narrow the bracket until few enough tokens are in it to be looked at by themselves. */
static void narrow(const quick *q, bracket *b, goal g) {
    if (candidates(b) > MANY) {
        const float step = 0.06F / (float)q->scale, at = guess(q, b, g);
        look(q, b, at - step, g);
        look(q, b, at + step, g);
    }
    for (int i = 0; candidates(b) > MANY; i++) {
        const double at = interpolate(b, g);
        const double aside = ((double)b->hi - (double)b->lo) * (MANY * 0.25) / (double)candidates(b);
        if (i % 3 == 0 && look(q, b, (float)(at - aside), g)) continue;
        if (i % 3 == 1 && look(q, b, (float)(at + aside), g)) continue;
        if (!look(q, b, b->lo + (b->hi - b->lo) / 2, g)) return; /* equal logits */
    }
}

/* The tokens of the bracket side by side, completed to a whole block; how many. */
static size_t collect(const quick *q, const bracket *b) {
    const ps_quick_scratch *s = q->s;
    float spare[BLOCK];
    size_t m = 0;
    for (size_t k = 0; k < q->blocks; k++)
        if (s->block_max[k] >= b->lo)
            m += q->kernels->between(ps_block_of(q->logits, q->n, k, spare), b->lo, b->hi, (uint32_t)(k * BLOCK),
                                     s->near_id + m);
    for (size_t i = 0; i < m; i++) {
        s->near_logit[i] = q->logits[s->near_id[i]];
        s->near_weight[i] = s->weight[s->near_id[i]];
    }
    for (size_t i = m; i % BLOCK != 0; i++) {
        s->near_logit[i] = -INFINITY;
        s->near_weight[i] = 0.0;
    }
    return m;
}

/* Narrow further among the m collected tokens alone. */
static void narrow_near(const quick *q, bracket *b, goal g, size_t m) {
    const ps_quick_scratch *s = q->s;
    const reach above = b->at_hi;
    for (int i = 0; i < 40 && candidates(b) > FEW; i++) {
        const double at = i % 2 ? ((double)b->lo + (double)b->hi) / 2 : interpolate(b, g);
        const float threshold = (float)at;
        if (!(threshold > b->lo && threshold < b->hi)) continue;
        reach r = above;
        for (size_t k = 0; k < m; k += BLOCK)
            r.mass += q->kernels->above(s->near_logit + k, s->near_weight + k, threshold, &r.count);
        if (reaches(r, g)) {
            b->lo = threshold;
            b->at_lo = r;
        } else {
            b->hi = threshold;
            b->at_hi = r;
        }
    }
}

/* The bracket's tokens in order of likelihood until the goal is reached: the last of them is q->cut. Returns the mass
 * up to it. */
static double cut_at(quick *q, const bracket *b, goal g, size_t m) {
    const ps_quick_scratch *s = q->s;
    reach r = b->at_hi;
    size_t left = 0;
    for (size_t i = 0; i < m; i++)
        if (s->near_logit[i] >= b->lo && s->near_logit[i] < b->hi) s->heap[left++] = (uint32_t)i;
    for (size_t i = left / 2; i-- > 0;)
        ps_sift_down(s->near_logit, s->heap, left, i);
    while (left > 0) {
        const uint32_t top = s->heap[0];
        q->cut = (ps_cut){s->near_logit[top], s->near_id[top]};
        r.mass += s->near_weight[top];
        r.count++;
        if (reaches(r, g)) break;
        s->heap[0] = s->heap[--left];
        ps_sift_down(s->near_logit, s->heap, left, 0);
    }
    return r.mass;
}

/* What the floor reaches, or where it leaves most blocks and was not set by a cut, everything: near enough. */
static reach at_floor(const quick *q) {
    size_t open = 0;
    for (size_t b = 0; b < q->blocks; b++)
        open += q->s->block_max[b] >= q->floor;
    if (q->most == q->n && open > q->blocks / 4) return (reach){q->n, q->total};
    return reach_of(q, q->floor, 1, NULL);
}

/* Cut after the first token, in order of likelihood, with which the goal is reached; block_sum is then of what is kept,
 * and the result its mass. */
static double find_cut(quick *q, goal g) {
    ps_quick_scratch *s = q->s;
    bracket b = {.lo = q->floor, .hi = nextafterf(q->max, INFINITY), .at_lo = at_floor(q)};
    for (size_t k = 0; k < q->blocks; k++)
        s->block_sum[k] = 0.0;
    narrow(q, &b, g);
    const size_t m = collect(q, &b);
    narrow_near(q, &b, g, m);
    const double mass = cut_at(q, &b, g, m);
    for (size_t i = 0; i < m; i++)
        if (ps_before_or_at(s->near_logit[i], s->near_id[i], q->cut))
            s->block_sum[s->near_id[i] / BLOCK] += s->near_weight[i];
    return mass;
}

static int descending(const void *a, const void *b) {
    const float x = *(const float *)a, y = *(const float *)b;
    return (x < y) - (x > y);
}

/* The k-th largest of the blocks' maxima, for k up to their number: the k largest logits are no smaller. */
static float kth_maximum(const quick *q, size_t k) {
    float *order = q->s->near_logit; /* not yet in use */
    memcpy(order, q->s->block_max, q->blocks * sizeof *order);
    qsort(order, q->blocks, sizeof *order, descending);
    return order[k - 1];
}

/* top_k, then top_p of what it left; block_sum and total are then of what is kept. Nothing is kept below e^−640 of the
 * likeliest. */
static void truncate_all(quick *q, double top_p) {
    if (q->most < q->n) {
        if (q->most <= q->blocks) q->floor = fmaxf(q->floor, kth_maximum(q, q->most));
        q->total = find_cut(q, (goal){q->most, INFINITY});
        q->floor = q->cut.logit;
    } else {
        /* Tokens lighter than (1 − top_p)·total/n weigh no more than 1 − top_p together; half of that, for rounding. */
        const double least = 0.5 * (1.0 - top_p) * q->total / (double)q->n;
        if (least > 0.0) q->floor = fmaxf(q->floor, (float)((double)q->max + log(least) / q->scale));
    }
    if (top_p < 1.0) q->total = find_cut(q, (goal){q->most, top_p * q->total});
}

/* ---- Drawing ------------------------------------------------------------- */

/* The block that was last drawn from, as a line on which its tokens lie in order of id: where each of the first n that
 * are kept ends. Draws of one position mostly fall into one block; it is laid out as far as they need it. */
typedef struct line {
    size_t block; /* SIZE_MAX: none */
    size_t seen;  /* tokens of the block that were looked at */
    size_t n;
    double end[BLOCK], weight[BLOCK];
    uint32_t id[BLOCK];
} line;

static void begin_line(const quick *q, size_t b, line *l) {
    float spare[BLOCK];
    ps_block_sums unused = {0};
    l->block = b;
    l->seen = l->n = 0;
    q->kernels->weigh(ps_block_of(q->logits, q->n, b, spare), q->max, q->scale, l->weight, &unused);
}

/* Where on the line of block b, which begins at `below`, the target lies: the token, or the last one that is kept where
 * rounding makes the sums fall short; `best` if none is. */
static size_t find_in(const quick *q, line *l, double below, double target, size_t best) {
    size_t low = 0, high = l->n;
    while (low < high) { /* the first that ends beyond the target, of those laid out */
        const size_t middle = low + (high - low) / 2;
        if (l->end[middle] > target)
            high = middle;
        else
            low = middle + 1;
    }
    if (low < l->n) return l->id[low];
    double end = l->n > 0 ? l->end[l->n - 1] : below;
    while (l->seen < BLOCK && end <= target) {
        const size_t at = l->seen++, id = l->block * BLOCK + at;
        if (id >= q->n || !ps_before_or_at(q->logits[id], (uint32_t)id, q->cut) || q->logits[id] < q->floor) continue;
        end += l->weight[at];
        l->end[l->n] = end;
        l->id[l->n++] = (uint32_t)id;
    }
    return l->n > 0 ? l->id[l->n - 1] : best;
}

/* The token at uniform · Σ on the line of all that is kept. */
static size_t draw_kept(const quick *q, double uniform, size_t best, line *l) {
    /* Less than any token above the floor weighs, and more than a block of others. */
    const double target = uniform * q->total, nothing = 1e-280;
    double below = 0.0, end = 0.0;
    size_t b = 0;
    for (size_t k = 0; k < q->blocks; k++) {
        if (q->s->block_sum[k] <= nothing) continue;
        below = end;
        b = k;
        end = below + q->s->block_sum[k];
        if (end > target) break; /* where rounding makes the sums fall short, the last block is it */
    }
    if (l->block != b) begin_line(q, b, l);
    return find_in(q, l, below, target, best);
}

static quick begin(const ps_sample_kernels *kernels, ps_quick_scratch *s, const float *logits, size_t n, double scale) {
    return (quick){.kernels = kernels,
                   .s = s,
                   .logits = logits,
                   .n = n,
                   .blocks = (n + BLOCK - 1) / BLOCK,
                   .scale = scale,
                   .most = n,
                   .cut = {-INFINITY, (uint32_t)(n - 1)}};
}

ps_status ps_quick_summarise(const ps_sample_kernels *kernels, ps_quick_scratch *s, const float *logits, size_t n,
                             ps_logits_summary *summary, ps_error *err) {
    quick q = begin(kernels, s, logits, n, 1.0);
    return scan(&q, false, summary, err);
}

ps_status ps_quick_sample(const ps_sample_kernels *kernels, ps_quick_scratch *s, const float *logits, size_t n,
                          const ps_generation *g, const double *uniforms, size_t n_draws, ps_draw *draws,
                          ps_error *err) {
    const bool greedy = g->temperature <= 0.0;
    quick q = begin(kernels, s, logits, n, greedy ? 1.0 : 1.0 / g->temperature);
    if (g->top_k > 0 && (size_t)g->top_k < n) q.most = (size_t)g->top_k;
    const bool truncated = !greedy && (q.most < n || g->top_p < 1.0);
    ps_logits_summary summary;
    const ps_status status = scan(&q, truncated, &summary, err);
    if (status != PS_OK) return status;
    const size_t best = (size_t)summary.best;
    q.floor = (float)fmax((double)q.max - 640.0 / q.scale, -0x1p126);
    if (truncated) truncate_all(&q, g->top_p);
    const double log_total = log(q.total);
    line l;
    l.block = SIZE_MAX;
    for (size_t i = 0; i < n_draws; i++) {
        const size_t token = greedy ? best : draw_kept(&q, uniforms[i], best, &l);
        draws[i] = (ps_draw){.token = (ps_token)token,
                             .logp = (double)logits[token] - summary.log_sum,
                             .logq = greedy ? 0.0 : ((double)logits[token] - (double)q.max) * q.scale - log_total,
                             .entropy = summary.entropy};
    }
    return PS_OK;
}
