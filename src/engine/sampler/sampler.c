/* Which way to sample, and what the ways share. */
#include "engine/sampler/kernels.h"

void ps_sampler_free(ps_sampler *s) {
    ps_plain_free(&s->plain);
    ps_quick_free(&s->quick);
    *s = (ps_sampler){0};
}

const ps_sample_kernels *ps_sample_kernels_get(size_t choice) {
#ifdef PS_SAMPLE_X86
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f");
    if (choice == 0 && avx512) return &ps_sample_avx512;
    if (choice == (avx512 ? 1 : 0) && avx2) return &ps_sample_avx2;
#else
    (void)choice;
#endif
    return NULL;
}

ps_status ps_logits_summarise(ps_sampler *s, const float *logits, size_t n, ps_logits_summary *summary, ps_error *err) {
    const ps_sample_kernels *kernels = ps_sample_kernels_get(0);
    if (kernels != NULL) return ps_quick_summarise(kernels, &s->quick, logits, n, summary, err);
    return ps_plain_summarise(&s->plain, logits, n, summary, err);
}

ps_status ps_sample_several(ps_sampler *s, const float *logits, size_t n, const ps_generation *g,
                            const double *uniforms, size_t n_draws, ps_draw *draws, ps_error *err) {
    const ps_sample_kernels *kernels = ps_sample_kernels_get(0);
    if (kernels != NULL) return ps_quick_sample(kernels, &s->quick, logits, n, g, uniforms, n_draws, draws, err);
    return ps_plain_sample(&s->plain, logits, n, g, uniforms, n_draws, draws, err);
}

ps_status ps_bad_logits(float max, ps_error *err) {
    return ps_fail(err, PS_ENGINE, "the model gave %s logits: the file may be damaged or the model overflows",
                   isnan(max) ? "NaN" : "infinite");
}

static bool likelier(const float *logits, uint32_t a, uint32_t b) {
    return logits[a] > logits[b] || (logits[a] == logits[b] && a < b);
}

void ps_sift_down(const float *logits, uint32_t *heap, size_t n, size_t i) {
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && likelier(logits, heap[child + 1], heap[child])) child++;
        if (!likelier(logits, heap[child], heap[i])) return;
        const uint32_t t = heap[i];
        heap[i] = heap[child];
        heap[child] = t;
    }
}
