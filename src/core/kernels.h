/* The three inner loops of the weights: a table of functions for each instruction set, chosen at run time.
 *
 * All of them know two facts of the mathematics: β·ℓ is 0 at β = 0 (also for ℓ = −∞), and a snapshot whose mixture is
 * −∞ (no event could have made it) has weight zero. */
#ifndef PERSAMP_CORE_KERNELS_H
#define PERSAMP_CORE_KERNELS_H

#include "persamp/core.h"

#include <math.h>

/* Terms log_weight + β·ℓ of a log-mixture, β > 0, and one constant term for all those with β = 0 (−∞: none). */
enum { PS_MIX_TERMS = 128 };
typedef struct ps_mix_term {
    double beta, log_weight;
} ps_mix_term;
typedef struct ps_mix_terms {
    double constant;
    size_t n;
    ps_mix_term terms[PS_MIX_TERMS];
} ps_mix_terms;

/* Σ exp(x_i − max) and Σ exp(x_i − max)²: all that LSE, eq. 16 and eq. 17 need. max = −∞: both sums are 0. */
typedef struct ps_moments {
    double max, sum, sum_squares;
} ps_moments;

typedef struct ps_kernels {
    const char *name;
    bool (*supported)(void); /* whether this processor can; NULL: any can that the program was compiled for */
    /* log_mix_i ← LSE(log_mix_i, terms at ℓ_i): adds terms to a mixture, −∞ starts one. */
    void (*mix)(const double *ell, size_t n, const ps_mix_terms *terms, double *log_mix);
    /* Moments of x_i = β·ℓ_i − log_mix_i; log_mix NULL means zeros. */
    ps_moments (*moments)(const double *ell, const double *log_mix, size_t n, double beta);
    /* out_i = scale · exp(x_i − shift) for the same x_i ≤ shift. out may alias ell or log_mix. */
    void (*exp)(const double *ell, const double *log_mix, size_t n, double beta, double shift, double scale,
                double *out);
} ps_kernels;

/* Every table that this processor runs, the best first and plain C last; NULL past the last. */
const ps_kernels *ps_kernels_get(size_t choice);
static inline const ps_kernels *ps_kernels_best(void) {
    return ps_kernels_get(0);
}

extern const ps_kernels ps_kernels_plain;
#if defined(__x86_64__) && defined(__GNUC__)
#define PS_KERNELS_X86 1
extern const ps_kernels ps_kernels_avx2, ps_kernels_avx512;
#elif defined(__aarch64__) && defined(__ARM_NEON) && defined(__GNUC__)
#define PS_KERNELS_NEON 1
extern const ps_kernels ps_kernels_neon;
#endif

/* x of the moments: the one place that says what infinite scores mean. */
static inline double ps_log_weight(double ell, double log_mix, double beta) {
    if (log_mix == -INFINITY) return log_mix;
    return (beta == 0 ? 0 : beta * ell) - log_mix;
}

/* Add a term; false when it would not fit, then the batch has to be mixed and emptied first. */
bool ps_mix_add(ps_mix_terms *terms, double beta, double log_weight);
void ps_mix_reset(ps_mix_terms *terms);

/* log of a mixture's moments; −∞ for none. */
double ps_moments_log_sum(ps_moments m);
/* (Σw)²/Σw² (eq. 17); 0 for none. */
double ps_moments_ess(ps_moments m);

#endif
