/* The entries of the table of resamplers, a file each, and what they share. */
#ifndef PERSAMP_CORE_RESAMPLERS_H
#define PERSAMP_CORE_RESAMPLERS_H

#include "persamp/choices.h"
#include "persamp/core.h"

#define X(name) extern const ps_resampler ps_resampler_##name;
PS_RESAMPLER_LIST(X)
#undef X

/* PS_ARG without weights or picks to make, PS_DOMAIN for a weight that is negative or NaN, or for none above zero. */
ps_status ps_resample_check(const ps_resample_input *in, ps_error *err);

/* m picks from weights of sum `total`, each with its own uniform; *cumulative has room for n. Consumes m uniforms. */
void ps_resample_independent(const double *weights, size_t n, double total, const double *uniforms, size_t m,
                             double *cumulative, size_t *picks);

#endif
