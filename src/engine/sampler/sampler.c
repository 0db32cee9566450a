/* The pass over a vocabulary, in blocks: their maxima, their sums, where truncation cuts (cut.c), and the draws. A draw
 * walks the sums to the block that its uniform falls into, and then that block alone. */
#include "engine/sampler/confidence.h"

#include <float.h>

enum { BLOCK = PS_SAMPLE_BLOCK };

/* ---- Scratch ------------------------------------------------------------- */

void ps_sampler_clear(ps_sampler *s) {
    ps_free(s->weight);
    ps_free(s->block_sum);
    ps_free(s->block_probe);
    ps_free(s->block_max);
    ps_free(s->candidate_id);
    ps_free(s->heap);
    ps_free(s->candidate_logit);
    ps_free(s->candidate_weight);
    *s = (ps_sampler){0};
}

static ps_status make_room(ps_sampler *s, size_t blocks, ps_error *err) {
    const size_t n = blocks * BLOCK;
    if (s->capacity >= n) return PS_OK;
    const size_t vocabulary = s->vocabulary;
    ps_sampler_clear(s);
    s->vocabulary = vocabulary;
    s->weight = ps_calloc(n, sizeof *s->weight);
    s->block_sum = ps_calloc(blocks, sizeof *s->block_sum);
    s->block_probe = ps_calloc(blocks, sizeof *s->block_probe);
    s->block_max = ps_calloc(blocks, sizeof *s->block_max);
    s->candidate_id = ps_calloc(n, sizeof *s->candidate_id);
    s->heap = ps_calloc(n, sizeof *s->heap);
    s->candidate_logit = ps_calloc(n, sizeof *s->candidate_logit);
    s->candidate_weight = ps_calloc(n, sizeof *s->candidate_weight);
    if (s->weight == NULL || s->block_sum == NULL || s->block_probe == NULL || s->block_max == NULL ||
        s->candidate_id == NULL || s->heap == NULL || s->candidate_logit == NULL || s->candidate_weight == NULL) {
        ps_sampler_clear(s);
        return ps_nomem(err);
    }
    s->capacity = n;
    return PS_OK;
}

/* ---- The pass ------------------------------------------------------------ */

/* Set p->max and the blocks' maxima. */
static ps_status find_maxima(ps_position *p, ps_token *best, ps_error *err) {
    float spare[BLOCK], *block_max = p->scratch->block_max;
    size_t best_block = 0;
    bool any_nan = false;
    for (size_t b = 0; b < p->blocks; b++) {
        block_max[b] = p->kernels->largest(ps_block_of(p, b, spare));
        any_nan = any_nan || isnan(block_max[b]);
        if (block_max[b] > block_max[best_block]) best_block = b;
    }
    p->max = block_max[best_block];
    if (any_nan || !isfinite(p->max))
        return ps_fail(err, PS_ENGINE, "the model gave %s logits: the file may be damaged or the model overflows",
                       any_nan ? "NaN" : "infinite");
    size_t id = best_block * BLOCK;
    while (p->logits[id] != p->max)
        id++;
    *best = (ps_token)id;
    return PS_OK;
}

/* The sums of block b, and where p->stores_weights its weights. */
static ps_block_sums sums_of(const ps_position *p, size_t b) {
    float spare[BLOCK];
    const float *block = ps_block_of(p, b, spare);
    ps_block_sums sums = {0}, raw = {0};
    p->kernels->weigh(block, p->max, p->scale, p->stores_weights ? p->scratch->weight + b * BLOCK : NULL, &sums);
    if (p->scale == 1.0) return sums;
    if (p->n < PS_SAMPLE_LARGE)
        p->kernels->weigh(block, p->max, 1.0, NULL, &raw);
    else
        p->kernels->raw(block, p->max, &raw);
    return (ps_block_sums){raw.raw, raw.raw_x, sums.weight};
}

/* Set all of the position and the scratch that depends on the logits, and the summary. */
static ps_status scan(ps_position *p, ps_logits_summary *summary, ps_error *err) {
    if (p->n == 0) return ps_fail(err, PS_ENGINE, "the model gave no logits");
    ps_token best = 0;
    ps_status status = make_room(p->scratch, p->blocks, err);
    if (status == PS_OK) status = find_maxima(p, &best, err);
    if (status != PS_OK) return status;
    ps_block_sums all = {0};
    for (size_t b = 0; b < p->blocks; b++) {
        const ps_block_sums sums = sums_of(p, b);
        p->scratch->block_sum[b] = sums.weight;
        all.raw += sums.raw;
        all.raw_x += sums.raw_x;
        all.weight += sums.weight;
        if (p->certainty) ps_position_add_logits(p, b);
    }
    p->total = all.weight;
    /* What is e^−640 of the likeliest or less is never drawn: it is less than rounding, and far less than 1 ÷ 2^53. */
    p->floor = (float)fmax((double)p->max - 640.0 / p->scale, (double)-FLT_MAX);
    *summary = (ps_logits_summary){.log_sum = (double)p->max + log(all.raw),
                                   .entropy = fmax(0.0, log(all.raw) - all.raw_x / all.raw),
                                   .best = best};
    return PS_OK;
}

/* ---- Drawing ------------------------------------------------------------- */

/* The distribution function inside the block that was last drawn from, not normalised: cumulative[i] is the mass of all
 * tokens kept up to id[i]. Most draws of one position fall into one block, and it is filled as far as they need it. */
typedef struct block_cdf {
    size_t block; /* SIZE_MAX: none yet */
    size_t seen;  /* tokens of the block that were looked at */
    size_t n;     /* those of them that are kept */
    double cumulative[BLOCK];
    uint32_t id[BLOCK];
    const double *weight; /* [BLOCK] */
    double weighed[BLOCK];
} block_cdf;

static void cdf_begin(const ps_position *p, size_t b, block_cdf *cdf) {
    float spare[BLOCK];
    ps_block_sums unused = {0};
    cdf->block = b;
    cdf->seen = cdf->n = 0;
    cdf->weight = p->stores_weights ? p->scratch->weight + b * BLOCK : cdf->weighed;
    if (!p->stores_weights) p->kernels->weigh(ps_block_of(p, b, spare), p->max, p->scale, cdf->weighed, &unused);
}

/* The place of the first cumulative mass beyond the target, of those filled in; n if there is none. */
static size_t cdf_search(const block_cdf *cdf, double target) {
    size_t low = 0, high = cdf->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (cdf->cumulative[middle] > target)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* The token of the block at which the mass, `below` before the block, passes the target; the last one kept where
 * rounding lets the mass fall short, and `best` if the block has none. */
static size_t draw_in_block(const ps_position *p, block_cdf *cdf, double below, double target, size_t best) {
    const size_t found = cdf_search(cdf, target);
    if (found < cdf->n) return cdf->id[found];
    double mass = cdf->n > 0 ? cdf->cumulative[cdf->n - 1] : below;
    while (cdf->seen < BLOCK && mass <= target) {
        const size_t at = cdf->seen++, id = cdf->block * BLOCK + at;
        if (id >= p->n || !ps_is_kept(p, p->logits[id], (uint32_t)id) || p->logits[id] < p->floor) continue;
        mass += cdf->weight[at];
        cdf->cumulative[cdf->n] = mass;
        cdf->id[cdf->n++] = (uint32_t)id;
    }
    return cdf->n > 0 ? cdf->id[cdf->n - 1] : best;
}

/* The token at which the mass of all that is kept, in order of id, passes uniform · total. */
static size_t draw_one(const ps_position *p, double uniform, size_t best, block_cdf *cdf) {
    /* Less than any token above the floor weighs, and more than a block of others: their weights are at least e^−700,
     * which is not the 0 that it stands for. */
    const double nothing = 1e-280;
    const double target = uniform * p->total;
    double below = 0.0, end = 0.0;
    size_t b = 0;
    for (size_t k = 0; k < p->blocks; k++) {
        if (p->scratch->block_sum[k] <= nothing) continue;
        below = end;
        b = k;
        end = below + p->scratch->block_sum[k];
        if (end > target) break; /* where rounding lets the sums fall short, it is the last block */
    }
    if (cdf->block != b) cdf_begin(p, b, cdf);
    return draw_in_block(p, cdf, below, target, best);
}

/* ---- Entry points -------------------------------------------------------- */

static ps_position begin(const ps_sample_kernels *kernels, ps_sampler *s, const float *logits, size_t n, double scale) {
    return (ps_position){.kernels = kernels,
                         .scratch = s,
                         .logits = logits,
                         .n = n,
                         .blocks = (n + BLOCK - 1) / BLOCK,
                         .scale = scale,
                         .most = n,
                         .cut = {-INFINITY, UINT32_MAX},
                         .rows = s->vocabulary > 0 && s->vocabulary < n ? s->vocabulary : n};
}

ps_status ps_logits_summarise_with(const ps_sample_kernels *kernels, ps_sampler *s, const float *logits, size_t n,
                                   ps_logits_summary *summary, ps_error *err) {
    ps_position p = begin(kernels, s, logits, n, 1.0);
    return scan(&p, summary, err);
}

ps_status ps_sample_with(const ps_sample_kernels *kernels, ps_sampler *s, const float *logits, size_t n,
                         const ps_generation *g, const double *uniforms, size_t n_draws, ps_draw *draws,
                         ps_error *err) {
    const bool greedy = g->temperature <= 0.0;
    const double most_scale = 1e300; /* the inverse of a denormal temperature is infinite */
    ps_position p = begin(kernels, s, logits, n, greedy ? 1.0 : fmin(1.0 / g->temperature, most_scale));
    if (g->top_k > 0 && (size_t)g->top_k < n) p.most = (size_t)g->top_k;
    const bool truncated = !greedy && (p.most < n || g->top_p < 1.0);
    /* Truncation needs them. A draw needs those of one block: where there are many, that one is weighed again. */
    p.stores_weights = truncated || (!greedy && n < PS_SAMPLE_LARGE);
    p.certainty = g->certainty;
    ps_logits_summary summary;
    ps_status status = scan(&p, &summary, err);
    if (status != PS_OK) return status;
    const size_t best = (size_t)summary.best;
    const double certainty = g->certainty ? ps_position_certainty(&p, summary.log_sum) : NAN;
    const double confidence = g->confidence ? ps_position_confidence(&p, summary.log_sum) : NAN;
    if (truncated) ps_position_truncate(&p, g->top_p);
    const double log_total = log(p.total);
    block_cdf cdf;
    cdf.block = SIZE_MAX;
    for (size_t i = 0; i < n_draws; i++) {
        const size_t token = greedy ? best : draw_one(&p, uniforms[i], best, &cdf);
        draws[i] = (ps_draw){.token = (ps_token)token,
                             .logp = (double)logits[token] - summary.log_sum,
                             .logq = greedy ? 0.0 : ((double)logits[token] - (double)p.max) * p.scale - log_total,
                             .entropy = summary.entropy,
                             .certainty = certainty,
                             .confidence = confidence};
    }
    return PS_OK;
}

ps_status ps_logits_summarise(ps_sampler *s, const float *logits, size_t n, ps_logits_summary *summary, ps_error *err) {
    return ps_logits_summarise_with(ps_sample_kernels_get(0), s, logits, n, summary, err);
}

ps_status ps_sample_several(ps_sampler *s, const float *logits, size_t n, const ps_generation *g,
                            const double *uniforms, size_t n_draws, ps_draw *draws, ps_error *err) {
    return ps_sample_with(ps_sample_kernels_get(0), s, logits, n, g, uniforms, n_draws, draws, err);
}

const ps_sample_kernels *ps_sample_kernels_get(size_t choice) {
    static const ps_sample_kernels *const best_first[] = {
#ifdef PS_SAMPLE_X86
        &ps_sample_avx512,
        &ps_sample_avx2,
#endif
#ifdef PS_SAMPLE_NEON
        &ps_sample_neon,
#endif
        &ps_sample_plain,
    };
    for (size_t i = 0; i < sizeof best_first / sizeof *best_first; i++) {
        const bool supported = best_first[i]->supported == NULL || best_first[i]->supported();
        if (supported && choice-- == 0) return best_first[i];
    }
    return NULL;
}
