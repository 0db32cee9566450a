/* The inner loops of the sampler over vectors of LANES floats (vec) and of LANES / 2 doubles (wide).
 *
 * Not a header in the usual sense: kernels_INSTRUCTIONS.c includes it once, at its end, after it has defined TARGET
 * (the attribute that lets a function use the instructions), LANES, the types vec, wide and mask, on which - + * work
 * elementwise or which are only passed on, and these operations:
 *
 * - load, store, all(x), fma_of(a, b, c) = a·b + c, max_of, round_of (to integers)
 * - scale_of(x, k) = x·2^k, for x near 1 and integers k ≥ −125
 * - any_nan(x)
 * - at_least(x, limit): the mask of lanes where x ≥ limit; count_of(mask): how many; bits_of(mask): lane l as bit l
 * - wide_load (from floats), wide_store, wide_all, wide_fma, wide_max
 * - wide_where_low(mask, p), wide_where_high(mask, p): p[0 … LANES/2 − 1] where the lower or the upper half of the mask
 *   is set, else 0
 * - widen(x): the sum of the two halves of a vec, in float64; wide_sum(x): of all lanes
 * - wide_scale_of(x, shifted): x·2^k for x near 1, where k is the integer in the low bits of `shifted`; or, with
 *   OWN_POWER_OF defined, a better power_of than the one below
 */

enum { VECTORS = PS_SAMPLE_BLOCK / LANES, WIDE = LANES / 2, WIDES = PS_SAMPLE_BLOCK / WIDE };
static const double log2_e = 0x1.71547652b82fep+0;

/* ---- Float32 ------------------------------------------------------------- */

/* 2^(t·c) for t·c from −125 to 0, where c = hi + lo. t·hi is rounded to the integer k, then r = t·c − k is within 1/2
 * and 2^r = 1 + r·Q(r), with Q of degree 5 interpolated at Chebyshev points (error 5e−9). Computed by fused operations,
 * r carries one rounding only. */
TARGET static inline vec exp_of(vec t, vec hi, vec lo) {
    const vec k = round_of(t * hi);
    const vec r = fma_of(t, lo, fma_of(t, hi, all(0.0F) - k));
    vec q = fma_of(r, all(0x1.4413896cfe38dp-13F), all(0x1.5f089016285eap-10F));
    q = fma_of(q, r, all(0x1.3b2a530452b26p-7F));
    q = fma_of(q, r, all(0x1.c6af6cdbbdcfap-5F));
    q = fma_of(q, r, all(0x1.ebfbe00e63b9ep-3F));
    q = fma_of(q, r, all(0x1.62e4302fc626dp-1F));
    return scale_of(fma_of(q, r, all(1.0F)), k);
}

TARGET static float vector_largest(const float *logits) {
    vec max = load(logits);
    bool sound = !any_nan(max);
    for (int v = 1; v < VECTORS; v++) {
        const vec x = load(logits + v * LANES);
        sound &= !any_nan(x);
        max = max_of(max, x);
    }
    float lane[LANES], largest = -INFINITY;
    store(lane, max);
    for (int l = 0; l < LANES; l++)
        largest = lane[l] > largest ? lane[l] : largest;
    return sound ? largest : NAN;
}

/* Four vectors at a time: their sum (a + b) + (c + d) is float32, all further ones float64. */
TARGET static void vector_raw(const float *logits, float max, ps_block_sums *sums) {
    const vec top = all(max), hi = all((float)log2_e), lo = all((float)(log2_e - (double)(float)log2_e));
    const vec floor = all((float)(-125.0 / log2_e));
    wide raw = wide_all(0.0), raw_x = wide_all(0.0);
    for (int v = 0; v < VECTORS; v += 4) {
        vec t[4], w[4];
        for (int j = 0; j < 4; j++) {
            t[j] = max_of(load(logits + (v + j) * LANES) - top, floor);
            w[j] = exp_of(t[j], hi, lo);
        }
        raw += widen((w[0] + w[1]) + (w[2] + w[3]));
        raw_x += widen(fma_of(w[0], t[0], w[1] * t[1]) + fma_of(w[2], t[2], w[3] * t[3]));
    }
    sums->raw += wide_sum(raw);
    sums->raw_x += wide_sum(raw_x);
}

/* ---- Float64 ------------------------------------------------------------- */

enum { FLOOR = -1010 }; /* 2^FLOOR is about e^−700; normal numbers end soon after */

#ifndef OWN_POWER_OF
/* 2^(t·c) within 1e−13 for t·c from FLOOR to 0: t·c = k + r with k an integer, 2^r = 1 + r·Q(r) with Q of degree 8
 * interpolated at Chebyshev points (error 3.4e−14). Adding 1.5·2^52 rounds to an integer, which is then in the lowest
 * bits of the sum, ready to be moved into the exponent. */
TARGET static inline wide power_of(wide t, wide c) {
    const wide rounder = wide_all(0x1.8p52), shifted = wide_fma(t, c, rounder), k = shifted - rounder;
    const wide r = wide_fma(t, c, wide_all(0.0) - k);
    wide q = wide_fma(r, wide_all(0x1.b638e4213a2a2p-24), wide_all(0x1.63d136366db24p-20));
    q = wide_fma(q, r, wide_all(0x1.ffcb94a5ba106p-17));
    q = wide_fma(q, r, wide_all(0x1.4308ac85aa947p-13));
    q = wide_fma(q, r, wide_all(0x1.5d87fe8728821p-10));
    q = wide_fma(q, r, wide_all(0x1.3b2ab7181b755p-7));
    q = wide_fma(q, r, wide_all(0x1.c6b08d7047cddp-5));
    q = wide_fma(q, r, wide_all(0x1.ebfbdff823cedp-3));
    q = wide_fma(q, r, wide_all(0x1.62e42fefa39f0p-1));
    return wide_scale_of(wide_fma(q, r, wide_all(1.0)), shifted);
}
#endif

/* Two vectors at a time: their arithmetic overlaps. */
TARGET static void vector_weigh(const float *logits, float max, double scale, double *weight, ps_block_sums *sums) {
    const wide top = wide_all((double)max), c = wide_all(scale * log2_e), floor = wide_all(FLOOR / (scale * log2_e));
    wide sum0 = wide_all(0.0), sum1 = wide_all(0.0), sum_x0 = wide_all(0.0), sum_x1 = wide_all(0.0);
    for (int v = 0; v < WIDES; v += 2) {
        const wide t0 = wide_max(wide_load(logits + v * WIDE) - top, floor);
        const wide t1 = wide_max(wide_load(logits + (v + 1) * WIDE) - top, floor);
        const wide w0 = power_of(t0, c), w1 = power_of(t1, c);
        if (weight != NULL) {
            wide_store(weight + v * WIDE, w0);
            wide_store(weight + (v + 1) * WIDE, w1);
        }
        sum0 += w0;
        sum1 += w1;
        sum_x0 = wide_fma(w0, t0, sum_x0);
        sum_x1 = wide_fma(w1, t1, sum_x1);
    }
    const double sum = wide_sum(sum0 + sum1);
    sums->weight += sum;
    if (scale != 1.0) return;
    sums->raw += sum;
    sums->raw_x += wide_sum(sum_x0 + sum_x1);
}

TARGET static double vector_total(const float *logits) {
    wide sum0 = wide_all(0.0), sum1 = wide_all(0.0);
    for (int i = 0; i < PS_SAMPLE_BLOCK; i += 2 * LANES) {
        sum0 += widen(load(logits + i));
        sum1 += widen(load(logits + i + LANES));
    }
    return wide_sum(sum0 + sum1);
}

TARGET static double vector_above(const float *logits, const double *weight, float threshold, size_t *count) {
    const vec limit = all(threshold);
    wide sum0 = wide_all(0.0), sum1 = wide_all(0.0);
    unsigned n = 0;
    for (int i = 0; i < PS_SAMPLE_BLOCK; i += LANES) {
        const mask above = at_least(load(logits + i), limit);
        n += count_of(above);
        sum0 += wide_where_low(above, weight + i);
        sum1 += wide_where_high(above, weight + i + WIDE);
    }
    *count += n;
    return wide_sum(sum0 + sum1);
}

TARGET static size_t vector_between(const float *logits, float lo, float hi, uint32_t first, uint32_t *ids) {
    size_t n = 0;
    for (int i = 0; i < PS_SAMPLE_BLOCK; i += LANES) {
        const vec x = load(logits + i);
        unsigned bits = bits_of(at_least(x, all(lo))) & ~bits_of(at_least(x, all(hi)));
        for (; bits != 0; bits &= bits - 1)
            ids[n++] = first + (uint32_t)(i + __builtin_ctz(bits));
    }
    return n;
}
