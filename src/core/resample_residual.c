/* Residual: ⌊M·W_i⌋ picks of each i for certain, the rest multinomial from what is left of M·W. */
#include "core/resamplers.h"

#include <math.h>

static size_t uniforms(size_t M, size_t n, size_t subpools) {
    (void)n;
    (void)subpools;
    return M;
}

static ps_status pick(const ps_resample_input *in, size_t *picks, size_t *picked, ps_error *err) {
    ps_status status = ps_resample_check(in, err);
    if (status != PS_OK) return status;
    double *rest = ps_reallocarray(NULL, 2 * in->n, sizeof *rest);
    if (rest == NULL) return ps_nomem(err);
    size_t made = 0;
    double total = 0;
    for (size_t i = 0; i < in->n; i++) {
        double expected = (double)in->M * in->W[i], certain = floor(expected);
        for (double c = 0; c < certain && made < in->M; c++)
            picks[made++] = i;
        rest[i] = expected - certain;
        total += rest[i];
    }
    /* Where rounding has left a pick to make and no remainder, the weights themselves decide. */
    if (made < in->M)
        ps_resample_independent(total > 0 ? rest : in->W, in->n, total > 0 ? total : 1, in->uniforms, in->M - made,
                                rest + in->n, picks + made);
    ps_free(rest);
    *picked = in->M;
    return PS_OK;
}

const ps_resampler ps_resampler_residual = {"residual", "the whole part of M times each weight, the rest at random",
                                            uniforms, pick};
