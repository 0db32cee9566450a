/* The inner loops for AVX2 with FMA: four doubles at a time. */
#include "core/kernels.h"

#ifdef PS_KERNELS_X86
#include <immintrin.h>

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
TARGET static inline vec nearest(vec x) {
    return _mm256_round_pd(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
/* p · 2^k for integers −1022 ≤ k ≤ 0: k + 2^52·1.5 has k in its lowest bits, which are moved into the exponent. */
TARGET static inline vec scale_by_power(vec p, vec k) {
    __m256i bits = _mm256_castpd_si256(_mm256_add_pd(k, _mm256_set1_pd(0x1.8p52)));
    return _mm256_castsi256_pd(_mm256_add_epi64(_mm256_castpd_si256(p), _mm256_slli_epi64(bits, 52)));
}

#include "core/kernels_vector.h"

const ps_kernels ps_kernels_avx2 = {"avx2", vector_mix, vector_moments, vector_exp};
#endif
