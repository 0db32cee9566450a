/* The inner loops for AVX2 with FMA: four doubles at a time. */
#include "core/kernels.h"

#ifdef PS_KERNELS_X86
#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("avx2,fma")))
enum { LANES = 4 };
typedef __m256d vec;

TARGET static inline vec load(const double *p) {
    return _mm256_loadu_pd(p);
}
TARGET static inline void store(double *p, vec x) {
    _mm256_storeu_pd(p, x);
}
TARGET static inline vec all(double x) {
    return _mm256_set1_pd(x);
}
TARGET static inline vec fma_of(vec a, vec b, vec c) {
    return _mm256_fmadd_pd(a, b, c);
}
TARGET static inline vec max_of(vec a, vec b) {
    return _mm256_max_pd(a, b);
}
/* x where gate > limit, else `otherwise`. */
TARGET static inline vec where_above(vec gate, vec limit, vec x, vec otherwise) {
    return _mm256_blendv_pd(otherwise, x, _mm256_cmp_pd(gate, limit, _CMP_GT_OQ));
}
TARGET static inline bool any_above(vec x, vec limit) {
    return _mm256_movemask_pd(_mm256_cmp_pd(x, limit, _CMP_GT_OQ)) != 0;
}

/* exp(x) for −∞ ≤ x ≤ 0 within 1.1 ulp; e^−708 below that, where normal numbers end. Cody and Waite's reduction x =
 * k·ln 2 + r, then e^r = 1 + r + r²·Q(r) with Q of degree 9 interpolated at Chebyshev points (error 1.7e−17). Adding
 * 1.5·2^52 rounds to an integer, which is then in the lowest bits of the sum, ready to be moved into the exponent.
 * SLEEF's exp took 1.9 times as long in the same loop. */
TARGET static inline vec exp_of(vec x) {
    const vec rounder = all(0x1.8p52), clipped = max_of(x, all(-708.0));
    const vec shifted = fma_of(clipped, all(0x1.71547652b82fep+0), rounder), k = shifted - rounder;
    vec r = fma_of(k, all(-0x1.62e42fee00000p-1), clipped);
    r = fma_of(k, all(-0x1.a39ef35793c76p-33), r);
    vec q = all(0x1.af390ba7e6f47p-26);
    q = fma_of(q, r, all(0x1.2891d4ffbb0f9p-22));
    q = fma_of(q, r, all(0x1.71de0d85293b8p-19));
    q = fma_of(q, r, all(0x1.a019b8ca26fcfp-16));
    q = fma_of(q, r, all(0x1.a01a01a7cebcdp-13));
    q = fma_of(q, r, all(0x1.6c16c1789d1d7p-10));
    q = fma_of(q, r, all(0x1.11111111109a6p-7));
    q = fma_of(q, r, all(0x1.5555555553d37p-5));
    q = fma_of(q, r, all(0x1.5555555555556p-3));
    q = fma_of(q, r, all(0x1.0000000000001p-1));
    q = fma_of(q, r, all(1.0));
    const vec p = fma_of(q, r, all(1.0));
    const __m256i exponent = _mm256_slli_epi64(_mm256_castpd_si256(shifted), 52);
    return _mm256_castsi256_pd(_mm256_add_epi64(_mm256_castpd_si256(p), exponent));
}

#include "core/kernels_vector.h"

const ps_kernels ps_kernels_avx2 = {"avx2", vector_mix, vector_moments, vector_exp};
#endif
