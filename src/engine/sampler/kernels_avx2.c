/* The inner loops of the quick way for AVX2 with FMA: eight floats at a time. */
#include "engine/sampler/kernels.h"

#ifdef PS_SAMPLE_X86
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,fma,popcnt")))
enum { LANES = 8 };
typedef __m256 vec;
typedef __m256d wide;

TARGET static inline vec load(const float *p) {
    return _mm256_loadu_ps(p);
}
TARGET static inline void store(float *p, vec x) {
    _mm256_storeu_ps(p, x);
}
TARGET static inline vec all(float x) {
    return _mm256_set1_ps(x);
}
TARGET static inline vec fma_of(vec a, vec b, vec c) {
    return _mm256_fmadd_ps(a, b, c);
}
TARGET static inline vec max_of(vec a, vec b) {
    return _mm256_max_ps(a, b);
}
TARGET static inline vec round_of(vec x) {
    return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
/* Into the exponent's bits. */
TARGET static inline vec scale_of(vec x, vec k) {
    const __m256i exponent = _mm256_slli_epi32(_mm256_cvtps_epi32(k), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x), exponent));
}
TARGET static inline bool any_nan(vec x) {
    return _mm256_movemask_ps(_mm256_cmp_ps(x, x, _CMP_UNORD_Q)) != 0;
}
TARGET static inline unsigned mask_at_least(vec gate, vec limit) {
    return (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(gate, limit, _CMP_GE_OQ));
}
TARGET static inline wide wide_all(double x) {
    return _mm256_set1_pd(x);
}
TARGET static inline wide wide_load(const float *p) {
    return _mm256_cvtps_pd(_mm_loadu_ps(p));
}
TARGET static inline void wide_store(double *p, wide x) {
    _mm256_storeu_pd(p, x);
}
TARGET static inline wide wide_max(wide a, wide b) {
    return _mm256_max_pd(a, b);
}
TARGET static inline wide wide_fma(wide a, wide b, wide c) {
    return _mm256_fmadd_pd(a, b, c);
}
/* p[l] where bit l of the mask is set, else 0. */
TARGET static inline wide wide_where(unsigned mask, const double *p) {
    const __m256i bits = _mm256_setr_epi64x(1, 2, 4, 8), set = _mm256_set1_epi64x((long long)mask);
    return _mm256_maskload_pd(p, _mm256_cmpeq_epi64(_mm256_and_si256(set, bits), bits));
}
/* The two halves' sum in float64. */
TARGET static inline wide widen(vec x) {
    return _mm256_cvtps_pd(_mm256_castps256_ps128(x)) + _mm256_cvtps_pd(_mm256_extractf128_ps(x, 1));
}
TARGET static inline double wide_sum(wide x) {
    double lane[4];
    _mm256_storeu_pd(lane, x);
    return (lane[0] + lane[1]) + (lane[2] + lane[3]);
}

/* t·c = k + r with k an integer, 2^r = 1 + r·Q(r) with Q of degree 8 interpolated at Chebyshev points (error 3.4e−14).
 * Adding 1.5·2^52 rounds to an integer, which is then in the lowest bits of the sum, ready to be moved into the
 * exponent. */
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
    const __m256i exponent = _mm256_slli_epi64(_mm256_castpd_si256(shifted), 52);
    return _mm256_castsi256_pd(_mm256_add_epi64(_mm256_castpd_si256(wide_fma(q, r, wide_all(1.0))), exponent));
}

#include "engine/sampler/kernels_vector.h"

const ps_sample_kernels ps_sample_avx2 = {"avx2",     vector_largest, vector_weigh,
                                          vector_raw, vector_above,   vector_between};
#endif
