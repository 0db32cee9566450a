/* Which version of the inner loops this processor runs, and what their moments mean. */
#include "core/kernels.h"

#ifdef PS_KERNELS_X86
static bool has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avx512(void) {
    return has_avx2() && __builtin_cpu_supports("avx512f");
}
#endif

const ps_kernels *ps_kernels_get(size_t choice) {
    const ps_kernels *usable[3];
    size_t n = 0;
#ifdef PS_KERNELS_X86
    if (has_avx512()) usable[n++] = &ps_kernels_avx512;
    if (has_avx2()) usable[n++] = &ps_kernels_avx2;
#endif
    usable[n++] = &ps_kernels_plain;
    return choice < n ? usable[choice] : NULL;
}

const ps_kernels *ps_kernels_best(void) {
    return ps_kernels_get(0);
}

void ps_mix_clear(ps_mix_terms *terms) {
    terms->constant = -INFINITY;
    terms->n = 0;
}

bool ps_mix_add(ps_mix_terms *terms, double beta, double log_weight) {
    if (beta == 0) { /* β·ℓ is 0, whatever ℓ is */
        double max = fmax(terms->constant, log_weight), least = fmin(terms->constant, log_weight);
        terms->constant = max == -INFINITY ? max : max + log1p(exp(least - max));
        return true;
    }
    if (terms->n == PS_MIX_TERMS) return false;
    terms->terms[terms->n++] = (ps_mix_term){beta, log_weight};
    return true;
}

double ps_moments_log_sum(ps_moments m) {
    return m.max == -INFINITY ? -INFINITY : m.max + log(m.sum);
}

double ps_moments_ess(ps_moments m) {
    return m.max == -INFINITY ? 0 : m.sum * m.sum / m.sum_squares;
}
