/* The inner loops of the weights for AVX2 with FMA: four doubles at a time. */
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
TARGET static inline vec where_above(vec gate, vec limit, vec x, vec otherwise) {
    return _mm256_blendv_pd(otherwise, x, _mm256_cmp_pd(gate, limit, _CMP_GT_OQ));
}
TARGET static inline bool any_above(vec x, vec limit) {
    return _mm256_movemask_pd(_mm256_cmp_pd(x, limit, _CMP_GT_OQ)) != 0;
}

TARGET static inline vec scale_of(vec x, vec shifted) {
    const __m256i exponent = _mm256_slli_epi64(_mm256_castpd_si256(shifted), 52);
    return _mm256_castsi256_pd(_mm256_add_epi64(_mm256_castpd_si256(x), exponent));
}

#include "core/kernels_vector.h"

static bool supported(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

const ps_kernels ps_kernels_avx2 = {
    .name = "avx2",
    .supported = supported,
    .mix = vector_mix,
    .moments = vector_moments,
    .exp = vector_exp,
};
#endif
