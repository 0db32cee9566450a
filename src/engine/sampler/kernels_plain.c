/* The inner loops of the sampler in plain C: for processors that have no table of their own, and what the others are
 * tested beside. Written so that a compiler can turn the loops into vector code: fixed lengths, no branches, sums in
 * LANES parts. */
#include "engine/sampler/kernels.h"

#include <string.h>

enum { BLOCK = PS_SAMPLE_BLOCK, LANES = 8 };

static double sum_of(const double lane[LANES]) {
    return ((lane[0] + lane[4]) + (lane[1] + lane[5])) + ((lane[2] + lane[6]) + (lane[3] + lane[7]));
}

/* e^x for x from −700 to 0, within 4e−14: x = k·ln 2 + r with k an integer and ln 2 in two parts, so that without a
 * fused multiply-add r is exact all the same. e^r = 2^s = 1 + s·Q(s) with the Q of kernels_vector.h. Adding 1.5·2^52
 * rounds to an integer, which is then in the lowest bits of the sum, ready to be moved into the exponent. */
static inline double exp_of(double x) {
    const double log2_e = 0x1.71547652b82fep+0, shifted = x * log2_e + 0x1.8p52, k = shifted - 0x1.8p52;
    const double s = ((x - k * 0x1.62e42fefa0000p-1) - k * 0x1.cf79abc9e3b3ap-40) * log2_e;
    double q = 0x1.b638e4213a2a2p-24 * s + 0x1.63d136366db24p-20;
    q = q * s + 0x1.ffcb94a5ba106p-17;
    q = q * s + 0x1.4308ac85aa947p-13;
    q = q * s + 0x1.5d87fe8728821p-10;
    q = q * s + 0x1.3b2ab7181b755p-7;
    q = q * s + 0x1.c6b08d7047cddp-5;
    q = q * s + 0x1.ebfbdff823cedp-3;
    q = q * s + 0x1.62e42fefa39f0p-1;
    const double power = q * s + 1.0;
    uint64_t bits, exponent;
    memcpy(&bits, &power, sizeof bits);
    memcpy(&exponent, &shifted, sizeof exponent);
    bits += exponent << 52;
    double e;
    memcpy(&e, &bits, sizeof e);
    return e;
}

static float plain_largest(const float *logits) {
    float max[LANES];
    int nan[LANES] = {0}, any_nan = 0;
    memcpy(max, logits, sizeof max);
    for (int i = 0; i < BLOCK; i += LANES)
        for (int l = 0; l < LANES; l++) {
            const float x = logits[i + l];
            max[l] = x > max[l] ? x : max[l];
            nan[l] |= x != x;
        }
    float largest = -INFINITY;
    for (int l = 0; l < LANES; l++) {
        largest = max[l] > largest ? max[l] : largest;
        any_nan |= nan[l];
    }
    return any_nan ? NAN : largest;
}

static void plain_weigh(const float *logits, float max, double scale, double *weight, ps_block_sums *sums) {
    const double least = -700.0 / scale;
    double x[BLOCK], w[BLOCK], lane[LANES] = {0}, lane_x[LANES] = {0};
    for (int i = 0; i < BLOCK; i++) {
        const double t = (double)logits[i] - (double)max;
        x[i] = t > least ? t : least;
        w[i] = exp_of(x[i] * scale);
    }
    for (int i = 0; i < BLOCK; i += LANES)
        for (int l = 0; l < LANES; l++) {
            lane[l] += w[i + l];
            lane_x[l] += w[i + l] * x[i + l];
        }
    if (weight != NULL) memcpy(weight, w, sizeof w);
    const double sum = sum_of(lane);
    sums->weight += sum;
    if (scale != 1.0) return;
    sums->raw += sum;
    sums->raw_x += sum_of(lane_x);
}

/* In float64 too: one exponential less to maintain. */
static void plain_raw(const float *logits, float max, ps_block_sums *sums) {
    const double weight = sums->weight;
    plain_weigh(logits, max, 1.0, NULL, sums);
    sums->weight = weight;
}

static double plain_total(const float *logits) {
    double lane[LANES] = {0};
    for (int i = 0; i < BLOCK; i += LANES)
        for (int l = 0; l < LANES; l++)
            lane[l] += (double)logits[i + l];
    return sum_of(lane);
}

static double plain_above(const float *logits, const double *weight, float threshold, size_t *count) {
    double lane[LANES] = {0};
    unsigned n = 0;
    for (int i = 0; i < BLOCK; i += LANES)
        for (int l = 0; l < LANES; l++) {
            const bool is_above = logits[i + l] >= threshold;
            lane[l] += is_above ? weight[i + l] : 0.0;
            n += is_above;
        }
    *count += n;
    return sum_of(lane);
}

static size_t plain_between(const float *logits, float lo, float hi, uint32_t first, uint32_t *ids) {
    size_t n = 0;
    for (uint32_t i = 0; i < BLOCK; i++) {
        ids[n] = first + i;
        n += logits[i] >= lo && logits[i] < hi;
    }
    return n;
}

const ps_sample_kernels ps_sample_plain = {
    .name = "plain",
    .largest = plain_largest,
    .weigh = plain_weigh,
    .raw = plain_raw,
    .total = plain_total,
    .above = plain_above,
    .between = plain_between,
};
