#include "learn/design.h"

#include <math.h>

void ps_design_clear(ps_design *design) {
    ps_free(design->x);
    ps_free(design->weight);
    ps_free(design->target);
    ps_free(design->fold);
    ps_free(design->mean);
    ps_free(design->scale);
    *design = (ps_design){0};
}

/* FNV-1a. */
unsigned ps_fold_of(const char *text) {
    uint64_t h = 0xcbf29ce484222325u;
    for (; *text != '\0'; text++)
        h = (h ^ (unsigned char)*text) * 0x100000001b3u;
    return (unsigned)((h >> 32) % PS_FOLDS);
}

/* `mass`: Σ w of the answers that have a row, w the weight of an answer within its problem. */
static void add_answer(ps_design *d, const ps_learn_answer *a, double w, unsigned fold, double *mass) {
    for (size_t k = 0; k < a->n_rows; k++) {
        const uint32_t row = a->rows[k];
        d->weight[row] += w / (double)a->n_rows;
        d->target[row] += a->right ? w : 0;
        d->fold[row] = (uint8_t)fold;
        mass[row] += w;
    }
}

/* Answers of one problem stand together. How long an answer is decides what its steps weigh in the fit, and nothing of
 * what a state that it shares with others is worth: P(right | prefix) is Σ w·right / Σ w. */
static ps_status weigh(const ps_learn_states *s, ps_design *d, ps_error *err) {
    double *mass = ps_calloc(d->n, sizeof *mass);
    if (mass == NULL) return ps_nomem(err);
    for (size_t from = 0, to; from < s->n_answers; from = to) {
        const size_t problem = s->answers[from].problem;
        double sum = 0;
        for (to = from; to < s->n_answers && s->answers[to].problem == problem; to++)
            sum += s->answers[to].n_rows > 0 ? s->answers[to].weight : 0;
        for (size_t i = from; i < to && sum > 0; i++)
            add_answer(d, &s->answers[i], s->answers[i].weight / sum, ps_fold_of(s->texts[problem]), mass);
    }
    for (size_t i = 0; i < d->n; i++)
        d->target[i] = mass[i] > 0 ? d->target[i] / mass[i] : 0;
    ps_free(mass);
    return PS_OK;
}

static ps_status find_scales(const ps_learn_states *s, ps_design *d, ps_error *err) {
    double total = 0;
    for (size_t i = 0; i < d->n; i++) {
        total += d->weight[i];
        for (size_t j = 0; j < d->width; j++)
            d->mean[j] += d->weight[i] * (double)s->states[i * d->width + j];
    }
    for (size_t j = 0; j < d->width; j++) {
        d->mean[j] /= total > 0 ? total : 1;
        if (!isfinite(d->mean[j]))
            return ps_fail(err, PS_DOMAIN,
                           "a hidden state is not finite: number %zu of %zu; the model computes NaN or "
                           "infinity somewhere",
                           j, d->width);
    }
    for (size_t i = 0; i < d->n; i++)
        for (size_t j = 0; j < d->width; j++) {
            const double x = (double)s->states[i * d->width + j] - d->mean[j];
            d->scale[j] += d->weight[i] * x * x;
        }
    /* A number that never changes says nothing: it becomes 0. */
    for (size_t j = 0; j < d->width; j++) {
        const double deviation = sqrt(d->scale[j] / (total > 0 ? total : 1));
        d->scale[j] = deviation > 1e-12 * (1 + fabs(d->mean[j])) ? 1 / deviation : 0;
    }
    return PS_OK;
}

ps_status ps_design_make(const ps_learn_states *s, ps_design *d, ps_error *err) {
    *d = (ps_design){.n = s->n, .width = s->width, .stride = (s->width + PS_LANES - 1) / PS_LANES * PS_LANES};
    d->x = ps_calloc(d->n, d->stride * sizeof *d->x);
    d->weight = ps_calloc(d->n, sizeof *d->weight);
    d->target = ps_calloc(d->n, sizeof *d->target);
    d->fold = ps_calloc(d->n, sizeof *d->fold);
    d->mean = ps_calloc(d->width, sizeof *d->mean);
    d->scale = ps_calloc(d->width, sizeof *d->scale);
    if (d->x == NULL || d->weight == NULL || d->target == NULL || d->fold == NULL || d->mean == NULL ||
        d->scale == NULL)
        return ps_nomem(err);
    ps_status status = weigh(s, d, err);
    if (status == PS_OK) status = find_scales(s, d, err);
    for (size_t i = 0; i < d->n && status == PS_OK; i++)
        for (size_t j = 0; j < d->width; j++)
            d->x[i * d->stride + j] = (float)(((double)s->states[i * d->width + j] - d->mean[j]) * d->scale[j]);
    return status;
}
