/* Log-probabilities, entropy and a token in float64: for small vocabularies, and where the quick way cannot be sure.
 * The pass works in blocks that stay in the first-level cache and leaves per-block sums and maxima behind, by which
 * later steps skip nearly everything. */
#include "engine/sampler/kernels.h"

#include <stdlib.h>
#include <string.h>

/* The vector widths of x86 differ; the loader picks. Not under sanitizers, whose start-up the resolvers precede. */
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__) &&                           \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define VECTOR_CLONES __attribute__((target_clones("default", "avx2", "avx512f"), optimize("O3")))
#define VECTOR_INLINE __attribute__((always_inline))
#else
#define VECTOR_INLINE
#define VECTOR_CLONES
#endif

enum { BLOCK = PS_SAMPLE_BLOCK, LANES = 8 };
static const double lowest_exponent = -708.0; /* exp() of less is below the smallest normal double: taken as 0 */

/* exp(x) for x ≤ 0 to within 1 ulp or two, without branches, so that a loop over it vectorises: x = n·ln 2 + r with
 * |r| ≤ ln 2 / 2, a Taylor polynomial for e^r, and 2^n through the exponent bits. */
static inline VECTOR_INLINE double exp_nonpositive(double x) {
    const double clamped = x < lowest_exponent ? lowest_exponent : x;
    const double shifted = clamped * 0x1.71547652b82fep+0 + 0x1.8p52; /* n in the low bits */
    const double n = shifted - 0x1.8p52;
    const double r = (clamped - n * 0x1.62e42fefa0000p-1) - n * 0x1.cf79abc9e3b3ap-40;
    double p = 1.0 / 6227020800.0;
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = p * r + 1.0;
    p = p * r + 1.0;
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 1023) << 52;
    double scale;
    memcpy(&scale, &bits, sizeof scale);
    return x < lowest_exponent ? 0.0 : p * scale;
}

static double sum_lanes(const double acc[LANES]) {
    return ((acc[0] + acc[4]) + (acc[1] + acc[5])) + ((acc[2] + acc[6]) + (acc[3] + acc[7]));
}

/* Largest of a whole block; NaN anywhere makes *sound false. */
VECTOR_CLONES static float block_maximum(const float *logits, bool *sound) {
    float acc[16];
    int bad[16] = {0};
    for (int j = 0; j < 16; j++)
        acc[j] = -INFINITY;
    for (int i = 0; i < BLOCK; i += 16)
        for (int j = 0; j < 16; j++) {
            const float x = logits[i + j];
            acc[j] = x > acc[j] ? x : acc[j];
            bad[j] |= x != x;
        }
    float largest = acc[0];
    int any = 0;
    for (int j = 0; j < 16; j++) {
        largest = acc[j] > largest ? acc[j] : largest;
        any |= bad[j];
    }
    if (any) *sound = false;
    return largest;
}

/* Sums of a block whose x = logit − max: Σ eˣ and Σ eˣ·x (into sums), and Σ weight (returned) with weight = e^(x/T). */
VECTOR_CLONES static double weigh_block(const float *logits, double max, double inverse_temperature, double *weight,
                                        double sums[2]) {
    double x[BLOCK], raw[BLOCK];
    for (int i = 0; i < BLOCK; i++) {
        x[i] = (double)logits[i] - max;
        raw[i] = exp_nonpositive(x[i]);
    }
    double s[LANES] = {0}, sx[LANES] = {0}, w[LANES] = {0};
    for (int i = 0; i < BLOCK; i += LANES)
        for (int j = 0; j < LANES; j++) {
            const double bounded = x[i + j] < lowest_exponent ? lowest_exponent : x[i + j]; /* 0·(−∞) is NaN */
            s[j] += raw[i + j];
            sx[j] += raw[i + j] * bounded;
        }
    sums[0] += sum_lanes(s);
    sums[1] += sum_lanes(sx);
    if (inverse_temperature == 1.0) {
        memcpy(weight, raw, sizeof raw);
    } else {
        for (int i = 0; i < BLOCK; i++)
            weight[i] = exp_nonpositive(x[i] * inverse_temperature);
    }
    for (int i = 0; i < BLOCK; i += LANES)
        for (int j = 0; j < LANES; j++)
            w[j] += weight[i + j];
    return sum_lanes(w);
}

static ps_status make_room(ps_plain_scratch *s, size_t n, ps_error *err) {
    const size_t blocks = (n + BLOCK - 1) / BLOCK;
    if (s->capacity >= blocks * BLOCK && s->capacity > 0) return PS_OK;
    ps_plain_free(s);
    s->weight = ps_calloc(blocks * BLOCK, sizeof *s->weight);
    s->block_sum = ps_calloc(blocks, sizeof *s->block_sum);
    s->block_max = ps_calloc(blocks, sizeof *s->block_max);
    s->kept = ps_calloc(blocks * BLOCK, sizeof *s->kept);
    s->sorted = ps_calloc(blocks * BLOCK, sizeof *s->sorted);
    s->mass = ps_calloc(PS_SAMPLE_BUCKETS, sizeof *s->mass);
    s->count = ps_calloc(PS_SAMPLE_BUCKETS, sizeof *s->count);
    if (!s->weight || !s->block_sum || !s->block_max || !s->kept || !s->sorted || !s->mass || !s->count) {
        ps_plain_free(s);
        return ps_nomem(err);
    }
    s->capacity = blocks * BLOCK;
    return PS_OK;
}

void ps_plain_free(ps_plain_scratch *s) {
    ps_free(s->weight);
    ps_free(s->block_sum);
    ps_free(s->block_max);
    ps_free(s->kept);
    ps_free(s->sorted);
    ps_free(s->mass);
    ps_free(s->count);
    *s = (ps_plain_scratch){0};
}

/* Fill the scratch and the summary. */
static ps_status scan(ps_plain_scratch *s, const float *logits, size_t n, double inverse_temperature,
                      ps_logits_summary *summary, ps_error *err) {
    if (n == 0) return ps_fail(err, PS_ENGINE, "the model gave no logits");
    const ps_status status = make_room(s, n, err);
    if (status) return status;
    const size_t blocks = (n + BLOCK - 1) / BLOCK;
    float spare[BLOCK];
    bool sound = true;
    size_t best_block = 0;
    for (size_t b = 0; b < blocks; b++) {
        s->block_max[b] = block_maximum(ps_block_of(logits, n, b, spare), &sound);
        if (s->block_max[b] > s->block_max[best_block]) best_block = b;
    }
    const float max = s->block_max[best_block];
    if (!sound || !isfinite(max)) return ps_bad_logits(sound ? max : NAN, err);
    size_t best = best_block * BLOCK;
    while (logits[best] != max)
        best++;
    double sums[2] = {0};
    for (size_t b = 0; b < blocks; b++)
        s->block_sum[b] =
            weigh_block(ps_block_of(logits, n, b, spare), max, inverse_temperature, s->weight + b * BLOCK, sums);
    summary->log_sum = (double)max + log(sums[0]);
    summary->entropy = fmax(0.0, log(sums[0]) - sums[1] / sums[0]);
    summary->best = (ps_token)best;
    return PS_OK;
}

ps_status ps_plain_summarise(ps_plain_scratch *s, const float *logits, size_t n, ps_logits_summary *summary,
                             ps_error *err) {
    return scan(s, logits, n, 1.0, summary, err);
}

/* ---- Drawing ------------------------------------------------------------- */

/* The token at `target` on the line of all weights, in order of id. */
static size_t draw_from_all(const ps_plain_scratch *s, size_t n, double target) {
    const size_t blocks = (n + BLOCK - 1) / BLOCK;
    double below = 0.0;
    size_t last = 0;
    for (size_t b = 0; b < blocks; b++) {
        if (s->block_sum[b] <= 0.0) continue;
        const bool here = below + s->block_sum[b] > target;
        double sum = below;
        for (size_t i = b * BLOCK; here && i < (b + 1) * BLOCK; i++) {
            sum += s->weight[i];
            if (s->weight[i] > 0.0) last = i;
            if (sum > target) return i;
        }
        below += s->block_sum[b];
        last = here ? last : b * BLOCK + BLOCK - 1;
    }
    while (s->weight[last] <= 0.0) /* the sums fell short by rounding: the last token that has any weight */
        last--;
    return last;
}

/* Where truncation cuts in the order (logit descending, id ascending): what is at or before it is kept. */
/* Buckets of equal width in logit ÷ temperature, 128 to a nat; the last takes all that is beyond 32 nats. */
static size_t bucket_of(float logit, float max, double inverse_temperature) {
    const double below = ((double)max - (double)logit) * inverse_temperature * 128.0;
    return below >= PS_SAMPLE_BUCKETS - 1 ? PS_SAMPLE_BUCKETS - 1 : (size_t)below;
}

/* What may be left out of the buckets, because no cut can fall below it: logits under `logit`,
 * weights under `weight`. */
typedef struct least {
    float logit;
    double weight;
} least;

static int descending(const void *a, const void *b) {
    const float x = *(const float *)a, y = *(const float *)b;
    return (x < y) - (x > y);
}

/* With top_k: the k-th largest of the blocks' maxima, since the k largest logits are no smaller. With top_p alone: as
 * all tokens lighter than (1 − top_p)·total/n weigh no more than 1 − top_p together, the others suffice (half of that,
 * for rounding). In a peaked distribution either leaves a few blocks of hundreds. */
static least find_least(ps_plain_scratch *s, size_t n, size_t most, double top_p, double total) {
    const size_t blocks = (n + BLOCK - 1) / BLOCK;
    least l = {-INFINITY, 0.0};
    if (most < n && most <= blocks) {
        float *order = (float *)s->sorted; /* at least as large as the list of maxima, and not yet in use */
        memcpy(order, s->block_max, blocks * sizeof *order);
        qsort(order, blocks, sizeof *order, descending);
        l.logit = order[most - 1];
    } else if (most == n && top_p < 1.0) {
        l.weight = 0.5 * (1.0 - top_p) * total / (double)n;
    }
    return l;
}

static void fill_buckets(ps_plain_scratch *s, const float *logits, size_t n, float max, double inverse_temperature,
                         least l) {
    memset(s->mass, 0, PS_SAMPLE_BUCKETS * sizeof *s->mass);
    memset(s->count, 0, PS_SAMPLE_BUCKETS * sizeof *s->count);
    for (size_t b = 0; b * BLOCK < n; b++) {
        if (s->block_max[b] < l.logit || s->block_sum[b] < l.weight) continue;
        for (size_t i = b * BLOCK; i < n && i < (b + 1) * BLOCK; i++) {
            if (logits[i] < l.logit || s->weight[i] < l.weight) continue;
            const size_t k = bucket_of(logits[i], max, inverse_temperature);
            s->mass[k] += s->weight[i];
            s->count[k]++;
        }
    }
}

/* The members of one bucket as a heap in s->sorted; how many. */
static size_t collect_bucket(ps_plain_scratch *s, const float *logits, size_t n, float max, double inverse_temperature,
                             size_t bucket) {
    size_t m = 0;
    for (size_t b = 0; b * BLOCK < n; b++) {
        if (bucket_of(s->block_max[b], max, inverse_temperature) > bucket) continue;
        for (size_t i = b * BLOCK; i < n && i < (b + 1) * BLOCK; i++)
            if (bucket_of(logits[i], max, inverse_temperature) == bucket) s->sorted[m++] = (uint32_t)i;
    }
    for (size_t i = m / 2; i-- > 0;)
        ps_sift_down(logits, s->sorted, m, i);
    return m;
}

/* The cut after the first `most` tokens, or as soon as their mass reaches `enough`; *mass is what lies before it. Only
 * the bucket in which the cut falls is ordered, and only as far as needed. */
static ps_cut find_cut(ps_plain_scratch *s, const float *logits, size_t n, float max, double inverse_temperature,
                       size_t most, double enough, double *mass) {
    size_t count = 0, bucket = 0;
    double sum = 0.0;
    while (bucket < PS_SAMPLE_BUCKETS - 1 && count + s->count[bucket] < most && sum + s->mass[bucket] < enough) {
        count += s->count[bucket];
        sum += s->mass[bucket++];
    }
    size_t m = collect_bucket(s, logits, n, max, inverse_temperature, bucket);
    ps_cut c = {max, 0};
    while (m > 0) {
        const uint32_t top = s->sorted[0];
        c = (ps_cut){logits[top], top};
        sum += s->weight[top];
        count++;
        if (count >= most || sum >= enough) break;
        s->sorted[0] = s->sorted[--m];
        ps_sift_down(logits, s->sorted, m, 0);
    }
    *mass = sum;
    return c;
}

/* Collect what the cut keeps, by id; their mass. */
static double keep(ps_plain_scratch *s, const float *logits, size_t n, ps_cut c, size_t *n_kept) {
    double mass = 0.0;
    size_t m = 0;
    for (size_t b = 0; b * BLOCK < n; b++) {
        if (s->block_max[b] < c.logit) continue;
        for (size_t i = b * BLOCK; i < n && i < (b + 1) * BLOCK; i++)
            if (ps_before_or_at(logits[i], (uint32_t)i, c) && s->weight[i] > 0.0) {
                s->kept[m++] = (uint32_t)i;
                mass += s->weight[i];
            }
    }
    *n_kept = m;
    return mass;
}

/* Truncate: s->kept has the *n_kept tokens that are left; their mass. */
static double truncate_all(ps_plain_scratch *s, const float *logits, size_t n, const ps_generation *g, float max,
                           double total, size_t *n_kept) {
    const double inverse_temperature = 1.0 / g->temperature;
    const size_t most = g->top_k > 0 && (size_t)g->top_k < n ? (size_t)g->top_k : n;
    double mass = total;
    ps_cut c = {-INFINITY, (uint32_t)(n - 1)};
    fill_buckets(s, logits, n, max, inverse_temperature, find_least(s, n, most, g->top_p, total));
    if (most < n) c = find_cut(s, logits, n, max, inverse_temperature, most, INFINITY, &mass);
    if (g->top_p < 1.0) c = find_cut(s, logits, n, max, inverse_temperature, most, g->top_p * mass, &mass);
    return keep(s, logits, n, c, n_kept);
}

static size_t draw_kept(const ps_plain_scratch *s, size_t n_kept, double target) {
    double sum = 0.0;
    for (size_t i = 0; i < n_kept; i++) {
        sum += s->weight[s->kept[i]];
        if (sum > target) return s->kept[i];
    }
    return s->kept[n_kept - 1];
}

ps_status ps_plain_sample(ps_plain_scratch *s, const float *logits, size_t n, const ps_generation *g,
                          const double *uniforms, size_t n_draws, ps_draw *draws, ps_error *err) {
    const bool greedy = g->temperature <= 0.0;
    ps_logits_summary summary;
    const ps_status status = scan(s, logits, n, greedy ? 1.0 : 1.0 / g->temperature, &summary, err);
    if (status) return status;
    const float max = logits[summary.best];
    const bool truncated = !greedy && ((g->top_k > 0 && (size_t)g->top_k < n) || g->top_p < 1.0);
    double mass = 0.0;
    size_t n_kept = 0;
    for (size_t b = 0; b * BLOCK < n; b++)
        mass += s->block_sum[b];
    if (truncated) mass = truncate_all(s, logits, n, g, max, mass, &n_kept);
    for (size_t i = 0; i < n_draws; i++) {
        const size_t token = greedy      ? (size_t)summary.best
                             : truncated ? draw_kept(s, n_kept, uniforms[i] * mass)
                                         : draw_from_all(s, n, uniforms[i] * mass);
        draws[i] = (ps_draw){.token = (ps_token)token,
                             .logp = (double)logits[token] - summary.log_sum,
                             .logq = greedy ? 0.0 : ((double)logits[token] - (double)max) / g->temperature - log(mass),
                             .entropy = summary.entropy};
    }
    return PS_OK;
}
