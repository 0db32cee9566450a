/* The inner loops for AVX-512: eight doubles at a time. */
#include "core/kernels.h"

#ifdef PS_KERNELS_X86
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f")))
enum { LANES = 8 };
typedef __m512d vec;

TARGET static inline vec load(const double *p) {
    return _mm512_loadu_pd(p);
}
TARGET static inline void store(double *p, vec x) {
    _mm512_storeu_pd(p, x);
}
TARGET static inline vec all(double x) {
    return _mm512_set1_pd(x);
}
TARGET static inline vec fma_of(vec a, vec b, vec c) {
    return _mm512_fmadd_pd(a, b, c);
}
TARGET static inline vec max_of(vec a, vec b) {
    return _mm512_max_pd(a, b);
}
/* x where gate > limit, else `otherwise`. */
TARGET static inline vec where_above(vec gate, vec limit, vec x, vec otherwise) {
    return _mm512_mask_mov_pd(otherwise, _mm512_cmp_pd_mask(gate, limit, _CMP_GT_OQ), x);
}
TARGET static inline bool any_above(vec x, vec limit) {
    return _mm512_cmp_pd_mask(x, limit, _CMP_GT_OQ) != 0;
}
TARGET static inline vec nearest(vec x) {
    return _mm512_roundscale_pd(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
/* p · 2^k for integers −1022 ≤ k ≤ 0. */
TARGET static inline vec scale_by_power(vec p, vec k) {
    return _mm512_scalef_pd(p, k);
}

#include "core/kernels_vector.h"

const ps_kernels ps_kernels_avx512 = {"avx512", vector_mix, vector_moments, vector_exp};
#endif
