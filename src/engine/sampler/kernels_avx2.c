/* The inner loops of the sampler for AVX2 with FMA: eight floats at a time. */
#include "engine/sampler/kernels.h"

#ifdef PS_SAMPLE_X86
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,fma,popcnt")))
enum { LANES = 8 };
typedef __m256 vec;
typedef __m256d wide;
typedef unsigned mask; /* bit l is lane l */

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
TARGET static inline vec scale_of(vec x, vec k) {
    const __m256i exponent = _mm256_slli_epi32(_mm256_cvtps_epi32(k), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x), exponent));
}
TARGET static inline bool any_nan(vec x) {
    return _mm256_movemask_ps(_mm256_cmp_ps(x, x, _CMP_UNORD_Q)) != 0;
}
TARGET static inline mask at_least(vec x, vec limit) {
    return (mask)_mm256_movemask_ps(_mm256_cmp_ps(x, limit, _CMP_GE_OQ));
}
TARGET static inline unsigned count_of(mask m) {
    return (unsigned)__builtin_popcount(m);
}
TARGET static inline unsigned bits_of(mask m) {
    return m;
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
/* p[l] where bit l is set, else 0. */
TARGET static inline wide wide_where(mask m, const double *p) {
    const __m256i bits = _mm256_setr_epi64x(1, 2, 4, 8), set = _mm256_set1_epi64x((long long)m);
    return _mm256_maskload_pd(p, _mm256_cmpeq_epi64(_mm256_and_si256(set, bits), bits));
}
TARGET static inline wide wide_where_low(mask m, const double *p) {
    return wide_where(m, p);
}
TARGET static inline wide wide_where_high(mask m, const double *p) {
    return wide_where(m >> (LANES / 2), p);
}
TARGET static inline wide widen(vec x) {
    return _mm256_cvtps_pd(_mm256_castps256_ps128(x)) + _mm256_cvtps_pd(_mm256_extractf128_ps(x, 1));
}
TARGET static inline double wide_sum(wide x) {
    double lane[4];
    _mm256_storeu_pd(lane, x);
    return (lane[0] + lane[1]) + (lane[2] + lane[3]);
}

TARGET static inline wide wide_scale_of(wide x, wide shifted) {
    const __m256i exponent = _mm256_slli_epi64(_mm256_castpd_si256(shifted), 52);
    return _mm256_castsi256_pd(_mm256_add_epi64(_mm256_castpd_si256(x), exponent));
}

#include "engine/sampler/kernels_vector.h"

static bool supported(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("popcnt");
}

const ps_sample_kernels ps_sample_avx2 = {
    .name = "avx2",
    .supported = supported,
    .largest = vector_largest,
    .weigh = vector_weigh,
    .raw = vector_raw,
    .total = vector_total,
    .above = vector_above,
    .between = vector_between,
};
#endif
