/* Applying a head. Two small matrix products per step: nothing beside the model's own forward pass. */
#include "reward/head.h"

#include <math.h>

void ps_prm_head_clear(ps_prm_head *head) {
    for (size_t i = 0; i < 2; i++) {
        ps_free(head->layer[i].weight);
        ps_free(head->layer[i].bias);
    }
    ps_free(head->tag);
    ps_free(head->scratch);
    *head = (ps_prm_head){0};
}

void ps_prm_metadata_clear(ps_prm_metadata *metadata) {
    ps_free(metadata->tag);
    ps_free(metadata->positive);
    ps_free(metadata->negative);
    ps_free(metadata->system);
    ps_free(metadata->separator);
    *metadata = (ps_prm_metadata){0};
}

static void apply_layer(const ps_prm_layer *layer, const float *x, float *y) {
    for (size_t i = 0; i < layer->out; i++) {
        const float *row = layer->weight + i * layer->in;
        double sum = layer->bias[i];
        for (size_t j = 0; j < layer->in; j++)
            sum += (double)row[j] * (double)x[j];
        y[i] = (float)sum;
    }
}

/* Softmax at one label. */
static double softmax_at(const float *y, size_t n, size_t label) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += exp((double)y[i] - (double)y[label]); /* +∞ is fine: 1/∞ = 0 */
    return 1 / sum;
}

double ps_prm_head_apply(const ps_prm_head *head, const float *hidden) {
    const ps_prm_layer *last = &head->layer[head->n_layers - 1];
    float *y = head->scratch;
    apply_layer(&head->layer[0], hidden, y);
    if (head->n_layers == 2) {
        for (size_t i = 0; i < head->layer[0].out; i++)
            if (y[i] < 0) y[i] = 0; /* not fmaxf: NaN must stay NaN */
        apply_layer(&head->layer[1], y, y + head->layer[0].out);
        y += head->layer[0].out;
    }
    for (size_t i = 0; i < last->out; i++)
        if (!isfinite(y[i])) return NAN;
    return last->out == 1 ? 1 / (1 + exp(-(double)y[0])) : softmax_at(y, last->out, head->positive);
}
