/* topN: the M largest weights, each once. With subpools, the candidates are dealt into k random subsets and the best of
 * each is taken in turn (the selection of arXiv 2605.25143). No unbiasedness, no consistency: nothing is claimed for an
 * estimate made with it. */
#include "core/resamplers.h"

#include <stdlib.h>

typedef struct candidate {
    double W, deal; /* deal: the uniform that orders the candidates for dealing */
    size_t index, age;
    size_t subset, round; /* round: how many of its subset come before it */
} candidate;

static size_t uniforms(size_t M, size_t n, size_t subpools) {
    (void)M;
    return subpools > 1 ? n : 0;
}

static int compare(size_t a, size_t b) {
    return a < b ? -1 : a > b;
}

static int by_deal(const void *a, const void *b) {
    const candidate *x = a, *y = b;
    return x->deal != y->deal ? (x->deal < y->deal ? -1 : 1) : compare(x->index, y->index);
}

static int by_weight_down(const void *a, const void *b) {
    const candidate *x = a, *y = b;
    return x->W != y->W ? (x->W > y->W ? -1 : 1) : compare(x->age, y->age);
}

static int by_round(const void *a, const void *b) {
    const candidate *x = a, *y = b;
    return x->round != y->round ? compare(x->round, y->round) : compare(x->subset, y->subset);
}

/* Put the candidates into the order in which they are taken. `counters` has room for one per subset. */
static void order(const ps_resample_input *in, candidate *candidates, size_t *counters, size_t subsets) {
    for (size_t i = 0; i < in->n; i++)
        candidates[i] = (candidate){.W = in->W[i],
                                    .deal = subsets > 1 ? in->uniforms[i] : 0,
                                    .index = i,
                                    .age = in->id_of != NULL ? in->id_of[i] : i};
    if (subsets > 1) qsort(candidates, in->n, sizeof *candidates, by_deal);
    for (size_t i = 0; i < in->n; i++)
        candidates[i].subset = i % subsets;
    qsort(candidates, in->n, sizeof *candidates, by_weight_down);
    for (size_t s = 0; s < subsets; s++)
        counters[s] = 0;
    for (size_t i = 0; i < in->n; i++)
        candidates[i].round = counters[candidates[i].subset]++;
    if (subsets > 1) qsort(candidates, in->n, sizeof *candidates, by_round);
}

static bool is_ancestor(const uint32_t *parent_of, uint32_t ancestor, uint32_t id) {
    while (id != 0) {
        id = parent_of[id];
        if (id == ancestor) return true;
    }
    return false;
}

static bool shares_lineage(const ps_resample_input *in, size_t index, const size_t *picks, size_t made) {
    if (in->parent_of == NULL) return false;
    for (size_t k = 0; k < made; k++) {
        uint32_t a = in->id_of[picks[k]], b = in->id_of[index];
        if (is_ancestor(in->parent_of, a, b) || is_ancestor(in->parent_of, b, a)) return true;
    }
    return false;
}

static ps_status pick(const ps_resample_input *in, size_t *picks, size_t *picked, ps_error *err) {
    ps_status status = ps_resample_check(in, err);
    if (status != PS_OK) return status;
    size_t wanted = in->subpools > 1 ? in->subpools : 1, subsets = wanted < in->n ? wanted : in->n;
    candidate *candidates = ps_reallocarray(NULL, in->n, sizeof *candidates);
    size_t *counters = ps_reallocarray(NULL, subsets, sizeof *counters), made = 0;
    if (candidates == NULL || counters == NULL) {
        status = ps_nomem(err);
        goto done;
    }
    order(in, candidates, counters, subsets);
    for (size_t i = 0; i < in->n && made < in->M; i++) {
        const candidate *c = &candidates[i];
        if (c->W > 0 && !shares_lineage(in, c->index, picks, made)) picks[made++] = c->index;
    }
    *picked = made;
done:
    ps_free(candidates);
    ps_free(counters);
    return status;
}

const ps_resampler ps_resampler_topN = {
    "topN", "the M largest weights, each once; a search heuristic without any claim of consistency", uniforms, pick};
