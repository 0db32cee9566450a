/* The inner loops of the weights for AVX-512: eight doubles at a time. */
#include "core/kernels.h"

#ifdef PS_KERNELS_X86
#include <immintrin.h>
#include <string.h>

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
TARGET static inline vec where_above(vec gate, vec limit, vec x, vec otherwise) {
    return _mm512_mask_mov_pd(otherwise, _mm512_cmp_pd_mask(gate, limit, _CMP_GT_OQ), x);
}
TARGET static inline bool any_above(vec x, vec limit) {
    return _mm512_cmp_pd_mask(x, limit, _CMP_GT_OQ) != 0;
}

/* 2^(j/16). */
static const double sixteenths[16] = {
    0x1.0000000000000p+0, 0x1.0b5586cf9890fp+0, 0x1.172b83c7d517bp+0, 0x1.2387a6e756238p+0,
    0x1.306fe0a31b715p+0, 0x1.3dea64c123422p+0, 0x1.4bfdad5362a27p+0, 0x1.5ab07dd485429p+0,
    0x1.6a09e667f3bcdp+0, 0x1.7a11473eb0187p+0, 0x1.8ace5422aa0dbp+0, 0x1.9c49182a3f090p+0,
    0x1.ae89f995ad3adp+0, 0x1.c199bdd85529cp+0, 0x1.d5818dcfba487p+0, 0x1.ea4afa2a490dap+0};

#define OWN_EXP_OF
/* exp(x) for −∞ ≤ x ≤ 0 within 1.2 ulp: x = k·ln 2 + r with k a multiple of 1/16, exp(x) = 2^⌊k⌋ · 2^(j/16) · (1 + r +
 * r²·Q(r)) with Q of degree 4 interpolated at Chebyshev points (error 2.8e−17). Adding 1.5·2^48 rounds to sixteenths
 * and leaves j in the lowest four bits, which look the table up in registers; scalef takes the floor of k itself, and
 * gives 0 below −745. SLEEF's exp took 2.7 times as long in the same loop. */
TARGET static inline vec exp_of(vec x) {
    const vec rounder = all(0x1.8p48), low_half = load(sixteenths), high_half = load(sixteenths + 8);
    const vec clipped = max_of(x, all(-1000.0));
    const vec shifted = fma_of(clipped, all(0x1.71547652b82fep+0), rounder), k = shifted - rounder;
    const vec power = _mm512_permutex2var_pd(low_half, _mm512_castpd_si512(shifted), high_half);
    vec r = fma_of(k, all(-0x1.62e42fee00000p-1), clipped);
    r = fma_of(k, all(-0x1.a39ef35793c76p-33), r);
    vec q = fma_of(r, all(0x1.6c17bbd1f560ap-10), all(0x1.11120b77051e7p-7));
    q = fma_of(q, r, all(0x1.55555555190f9p-5));
    q = fma_of(q, r, all(0x1.55555554dcc9bp-3));
    q = fma_of(q, r, all(0x1.0000000000000p-1));
    return _mm512_scalef_pd(fma_of(power, fma_of(r * r, q, r), power), k);
}

#include "core/kernels_vector.h"

static bool supported(void) {
    return __builtin_cpu_supports("avx512f");
}

const ps_kernels ps_kernels_avx512 = {
    .name = "avx512",
    .supported = supported,
    .mix = vector_mix,
    .moments = vector_moments,
    .exp = vector_exp,
};
#endif
