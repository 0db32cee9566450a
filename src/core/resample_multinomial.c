/* Multinomial: M independent draws. */
#include "core/resamplers.h"

static size_t uniforms(size_t M, size_t n, size_t subpools) {
    (void)n;
    (void)subpools;
    return M;
}

static ps_status pick(const ps_resample_input *in, size_t *picks, size_t *picked, ps_error *err) {
    ps_status status = ps_resample_check(in, err);
    if (status != PS_OK) return status;
    double *cumulative = ps_reallocarray(NULL, in->n, sizeof *cumulative);
    if (cumulative == NULL) return ps_nomem(err);
    ps_resample_independent(in->W, in->n, 1, in->uniforms, in->M, cumulative, picks);
    ps_free(cumulative);
    *picked = in->M;
    return PS_OK;
}

const ps_resampler ps_resampler_multinomial = {"multinomial", "independent draws in proportion to the weights",
                                               uniforms, pick};
