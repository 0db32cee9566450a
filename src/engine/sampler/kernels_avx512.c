/* The inner loops of the sampler for AVX-512: sixteen floats at a time. */
#include "engine/sampler/kernels.h"

#ifdef PS_SAMPLE_X86
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,popcnt")))
enum { LANES = 16 };
typedef __m512 vec;
typedef __m512d wide;
typedef unsigned mask; /* bit l is lane l */

TARGET static inline vec load(const float *p) {
    return _mm512_loadu_ps(p);
}
TARGET static inline void store(float *p, vec x) {
    _mm512_storeu_ps(p, x);
}
TARGET static inline vec all(float x) {
    return _mm512_set1_ps(x);
}
TARGET static inline vec fma_of(vec a, vec b, vec c) {
    return _mm512_fmadd_ps(a, b, c);
}
TARGET static inline vec max_of(vec a, vec b) {
    return _mm512_max_ps(a, b);
}
TARGET static inline vec round_of(vec x) {
    return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
TARGET static inline vec scale_of(vec x, vec k) {
    return _mm512_scalef_ps(x, k);
}
TARGET static inline bool any_nan(vec x) {
    return _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q) != 0;
}
TARGET static inline mask at_least(vec x, vec limit) {
    return _mm512_cmp_ps_mask(x, limit, _CMP_GE_OQ);
}
TARGET static inline unsigned count_of(mask m) {
    return (unsigned)__builtin_popcount(m);
}
TARGET static inline unsigned bits_of(mask m) {
    return m;
}
TARGET static inline wide wide_all(double x) {
    return _mm512_set1_pd(x);
}
TARGET static inline wide wide_load(const float *p) {
    return _mm512_cvtps_pd(_mm256_loadu_ps(p));
}
TARGET static inline void wide_store(double *p, wide x) {
    _mm512_storeu_pd(p, x);
}
TARGET static inline wide wide_max(wide a, wide b) {
    return _mm512_max_pd(a, b);
}
TARGET static inline wide wide_fma(wide a, wide b, wide c) {
    return _mm512_fmadd_pd(a, b, c);
}
/* p[l] where bit l is set, else 0. */
TARGET static inline wide wide_where(mask m, const double *p) {
    return _mm512_maskz_loadu_pd((__mmask8)m, p);
}
TARGET static inline wide wide_where_low(mask m, const double *p) {
    return wide_where(m, p);
}
TARGET static inline wide wide_where_high(mask m, const double *p) {
    return wide_where(m >> (LANES / 2), p);
}
TARGET static inline wide widen(vec x) {
    const __m256 upper = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(x), 1));
    return _mm512_cvtps_pd(_mm512_castps512_ps256(x)) + _mm512_cvtps_pd(upper);
}
TARGET static inline double wide_sum(wide x) {
    double lane[8];
    _mm512_storeu_pd(lane, x);
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

/* 2^(j/16). */
static const double sixteenths[16] = {
    0x1.0000000000000p+0, 0x1.0b5586cf9890fp+0, 0x1.172b83c7d517bp+0, 0x1.2387a6e756238p+0,
    0x1.306fe0a31b715p+0, 0x1.3dea64c123422p+0, 0x1.4bfdad5362a27p+0, 0x1.5ab07dd485429p+0,
    0x1.6a09e667f3bcdp+0, 0x1.7a11473eb0187p+0, 0x1.8ace5422aa0dbp+0, 0x1.9c49182a3f090p+0,
    0x1.ae89f995ad3adp+0, 0x1.c199bdd85529cp+0, 0x1.d5818dcfba487p+0, 0x1.ea4afa2a490dap+0};

#define OWN_POWER_OF
/* 2^(t·c) within 1e−13: t·c = k + r with k a multiple of 1/16, 2^k = 2^⌊k⌋ · 2^(j/16), and 2^r = 1 + r·Q(r) with Q of
 * degree 4 interpolated at Chebyshev points (error 9e−15). Adding 1.5·2^48 rounds to sixteenths and leaves j in the
 * lowest four bits, which look 2^(j/16) up in registers; scalef takes the floor of k itself. */
TARGET static inline wide power_of(wide t, wide c) {
    const wide rounder = wide_all(0x1.8p48), shifted = wide_fma(t, c, rounder), k = shifted - rounder;
    const wide power = _mm512_permutex2var_pd(_mm512_loadu_pd(sixteenths), _mm512_castpd_si512(shifted),
                                              _mm512_loadu_pd(sixteenths + 8));
    const wide r = wide_fma(t, c, wide_all(0.0) - k);
    wide q = wide_fma(r, wide_all(0x1.5d89469dbe29bp-10), wide_all(0x1.3b2c4ac7da565p-7));
    q = wide_fma(q, r, wide_all(0x1.c6b08d6f956f4p-5));
    q = wide_fma(q, r, wide_all(0x1.ebfbdff6988c8p-3));
    q = wide_fma(q, r, wide_all(0x1.62e42fefa39f1p-1));
    return _mm512_scalef_pd(wide_fma(power * r, q, power), k);
}

#include "engine/sampler/kernels_vector.h"

static bool supported(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("popcnt");
}

const ps_sample_kernels ps_sample_avx512 = {
    .name = "avx512",
    .supported = supported,
    .largest = vector_largest,
    .weigh = vector_weigh,
    .raw = vector_raw,
    .total = vector_total,
    .above = vector_above,
    .between = vector_between,
};
#endif
