/* Systematic: the points (u + i)/M with one u for all. Each weight gets ⌊M·W⌋ or ⌈M·W⌉ picks. */
#include "core/resamplers.h"

static size_t uniforms(size_t M, size_t n, size_t subpools) {
    (void)M;
    (void)n;
    (void)subpools;
    return 1;
}

static ps_status pick(const ps_resample_input *in, size_t *picks, size_t *picked, ps_error *err) {
    ps_status status = ps_resample_check(in, err);
    if (status != PS_OK) return status;
    double *points = ps_reallocarray(NULL, in->M, sizeof *points);
    if (points == NULL) return ps_nomem(err);
    for (size_t i = 0; i < in->M; i++)
        points[i] = (in->uniforms[0] + (double)i) / (double)in->M;
    ps_inverse_cdf(in->W, in->n, points, in->M, picks);
    ps_free(points);
    *picked = in->M;
    return PS_OK;
}

const ps_resampler ps_resampler_systematic = {
    "systematic", "evenly spaced points with one common offset: the least variance in the counts", uniforms, pick};
