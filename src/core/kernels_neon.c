/* The inner loops of the weights for NEON, which every aarch64 processor has: two doubles at a time. */
#include "core/kernels.h"

#ifdef PS_KERNELS_NEON
#include <arm_neon.h>
#include <string.h>

#define TARGET
enum { LANES = 2 };
typedef float64x2_t vec;

static inline vec load(const double *p) {
    return vld1q_f64(p);
}
static inline void store(double *p, vec x) {
    vst1q_f64(p, x);
}
static inline vec all(double x) {
    return vdupq_n_f64(x);
}
static inline vec fma_of(vec a, vec b, vec c) {
    return vfmaq_f64(c, a, b);
}
static inline vec max_of(vec a, vec b) {
    return vmaxq_f64(a, b);
}
static inline vec where_above(vec gate, vec limit, vec x, vec otherwise) {
    return vbslq_f64(vcgtq_f64(gate, limit), x, otherwise);
}
static inline bool any_above(vec x, vec limit) {
    return vmaxvq_u32(vreinterpretq_u32_u64(vcgtq_f64(x, limit))) != 0;
}
static inline vec scale_of(vec x, vec shifted) {
    const int64x2_t exponent = vshlq_n_s64(vreinterpretq_s64_f64(shifted), 52);
    return vreinterpretq_f64_s64(vaddq_s64(vreinterpretq_s64_f64(x), exponent));
}

#include "core/kernels_vector.h"

const ps_kernels ps_kernels_neon = {
    .name = "neon",
    .mix = vector_mix,
    .moments = vector_moments,
    .exp = vector_exp,
};
#endif
