/* The inner loops of the sampler for NEON, which every aarch64 processor has: four floats at a time. */
#include "engine/sampler/kernels.h"

#ifdef PS_SAMPLE_NEON
#include <arm_neon.h>

#define TARGET
enum { LANES = 4 };
typedef float32x4_t vec;
typedef float64x2_t wide;
typedef uint32x4_t mask; /* all bits of a lane or none */

static inline vec load(const float *p) {
    return vld1q_f32(p);
}
static inline void store(float *p, vec x) {
    vst1q_f32(p, x);
}
static inline vec all(float x) {
    return vdupq_n_f32(x);
}
static inline vec fma_of(vec a, vec b, vec c) {
    return vfmaq_f32(c, a, b);
}
static inline vec max_of(vec a, vec b) {
    return vmaxq_f32(a, b);
}
static inline vec round_of(vec x) {
    return vrndnq_f32(x);
}
static inline vec scale_of(vec x, vec k) {
    const int32x4_t exponent = vshlq_n_s32(vcvtq_s32_f32(k), 23);
    return vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(x), exponent));
}
static inline bool any_nan(vec x) {
    return vminvq_u32(vceqq_f32(x, x)) == 0;
}
static inline mask at_least(vec x, vec limit) {
    return vcgeq_f32(x, limit);
}
static inline unsigned count_of(mask m) {
    return vaddvq_u32(vshrq_n_u32(m, 31));
}
static inline unsigned bits_of(mask m) {
    const uint32x4_t bits = {1, 2, 4, 8};
    return vaddvq_u32(vandq_u32(m, bits));
}
static inline wide wide_all(double x) {
    return vdupq_n_f64(x);
}
static inline wide wide_load(const float *p) {
    return vcvt_f64_f32(vld1_f32(p));
}
static inline void wide_store(double *p, wide x) {
    vst1q_f64(p, x);
}
static inline wide wide_max(wide a, wide b) {
    return vmaxq_f64(a, b);
}
static inline wide wide_fma(wide a, wide b, wide c) {
    return vfmaq_f64(c, a, b);
}
/* A lane's bits are all equal, so widening a signed one makes a lane of twice the width of them. */
static inline wide wide_where(int32x2_t m, const double *p) {
    return vreinterpretq_f64_s64(vandq_s64(vmovl_s32(m), vreinterpretq_s64_f64(vld1q_f64(p))));
}
static inline wide wide_where_low(mask m, const double *p) {
    return wide_where(vget_low_s32(vreinterpretq_s32_u32(m)), p);
}
static inline wide wide_where_high(mask m, const double *p) {
    return wide_where(vget_high_s32(vreinterpretq_s32_u32(m)), p);
}
static inline wide widen(vec x) {
    return vcvt_f64_f32(vget_low_f32(x)) + vcvt_high_f64_f32(x);
}
static inline double wide_sum(wide x) {
    return vaddvq_f64(x);
}
static inline wide wide_scale_of(wide x, wide shifted) {
    const int64x2_t exponent = vshlq_n_s64(vreinterpretq_s64_f64(shifted), 52);
    return vreinterpretq_f64_s64(vaddq_s64(vreinterpretq_s64_f64(x), exponent));
}

#include "engine/sampler/kernels_vector.h"

const ps_sample_kernels ps_sample_neon = {
    .name = "neon",
    .largest = vector_largest,
    .weigh = vector_weigh,
    .raw = vector_raw,
    .total = vector_total,
    .above = vector_above,
    .between = vector_between,
};
#endif
