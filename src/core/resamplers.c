/* The table of resamplers, and what they share. */
#include "core/resamplers.h"

#include <string.h>

static const ps_resampler *const resamplers[] = {
#define X(name) &ps_resampler_##name,
    PS_RESAMPLER_LIST(X)
#undef X
};

const ps_resampler *const *ps_resamplers(size_t *n) {
    *n = sizeof resamplers / sizeof *resamplers;
    return resamplers;
}

const ps_resampler *ps_resampler_find(const char *name) {
    for (size_t i = 0; i < sizeof resamplers / sizeof *resamplers; i++)
        if (strcmp(resamplers[i]->name, name) == 0) return resamplers[i];
    return NULL;
}

ps_status ps_resample_check(const ps_resample_input *in, ps_error *err) {
    if (in->n == 0) return ps_fail(err, PS_ARG, "there is nothing to resample from");
    if (in->M == 0) return ps_fail(err, PS_ARG, "resampling needs at least one pick");
    bool any = false;
    for (size_t i = 0; i < in->n; i++) {
        if (!(in->W[i] >= 0))
            return ps_fail(err, PS_DOMAIN, "weight %zu is %g: expected a number from 0 up", i, in->W[i]);
        any = any || in->W[i] > 0;
    }
    return any ? PS_OK : ps_fail(err, PS_DOMAIN, "all %zu weights are zero", in->n);
}

/* A query that the float sum of W falls short of goes to the last weight above zero. */
static size_t last_positive(const double *W, size_t n) {
    size_t last = n - 1;
    while (last > 0 && !(W[last] > 0))
        last--;
    return last;
}

void ps_inverse_cdf(const double *W, size_t n, const double *sorted_queries, size_t m, size_t *picks) {
    if (n == 0) return;
    size_t last = last_positive(W, n);
    size_t i = 0;
    double cumulative = W[0];
    for (size_t k = 0; k < m; k++) {
        while (i < last && !(cumulative > sorted_queries[k]))
            cumulative += W[++i];
        picks[k] = i;
    }
}

/* First index whose cumulative weight exceeds the query: a zero weight adds nothing, so it is never the first. */
static size_t first_above(const double *cumulative, size_t last, double query) {
    size_t lo = 0, hi = last;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (cumulative[mid] > query)
            hi = mid;
        else
            lo = mid + 1;
    }
    return lo;
}

void ps_resample_independent(const double *weights, size_t n, double total, const double *uniforms, size_t m,
                             double *cumulative, size_t *picks) {
    size_t last = last_positive(weights, n);
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        cumulative[i] = sum += weights[i];
    for (size_t k = 0; k < m; k++)
        picks[k] = first_above(cumulative, last, total * uniforms[k]);
}
