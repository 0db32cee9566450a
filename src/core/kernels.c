/* Which tables of inner loops this processor runs, and what their moments mean. */
#include "core/kernels.h"

const ps_kernels *ps_kernels_get(size_t choice) {
    static const ps_kernels *const best_first[] = {
#ifdef PS_KERNELS_X86
        &ps_kernels_avx512,
        &ps_kernels_avx2,
#endif
#ifdef PS_KERNELS_NEON
        &ps_kernels_neon,
#endif
        &ps_kernels_plain,
    };
    for (size_t i = 0; i < sizeof best_first / sizeof *best_first; i++) {
        bool supported = best_first[i]->supported == NULL || best_first[i]->supported();
        if (supported && choice-- == 0) return best_first[i];
    }
    return NULL;
}

void ps_mix_reset(ps_mix_terms *terms) {
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
