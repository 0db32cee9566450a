/* Applying a head. Two small matrix products per step: nothing beside the model's own forward pass. */
#include "reward/head.h"

#include <math.h>
#include <string.h>

void ps_prm_head_clear(ps_prm_head *head) {
    for (size_t i = 0; i < 2; i++) {
        ps_free(head->layer[i].weight);
        ps_free(head->layer[i].bias);
    }
    ps_free(head->tag);
    ps_free(head->scratch);
    ps_head_origin_clear(&head->origin);
    *head = (ps_prm_head){0};
}

void ps_head_origin_clear(ps_head_origin *origin) {
    ps_free(origin->model);
    ps_free(origin->steps);
    ps_free(origin->system);
    ps_free(origin->prompt);
    *origin = (ps_head_origin){0};
}

ps_status ps_head_origin_read(const char *path, ps_head_origin *origin, bool *learned, ps_error *err) {
    ps_prm_head head = {0};
    ps_status status = ps_prm_head_read(path, &head, err);
    if (status != PS_OK) return status;
    *origin = head.origin;
    *learned = head.learned;
    head.origin = (ps_head_origin){0};
    ps_prm_head_clear(&head);
    return PS_OK;
}

ps_status ps_prm_head_identify(const ps_prm_head *head, const char *model, char **identity, ps_error *err) {
    ps_text text = {0};
    *identity = NULL;
    if (model == NULL) return PS_OK;
    ps_text_printf(&text, "%s+%s", model, head->identity);
    if (!ps_text_ok(&text)) {
        ps_text_clear(&text);
        return ps_nomem(err);
    }
    *identity = text.data;
    return PS_OK;
}

ps_status ps_prm_head_fits(const ps_prm_head *head, const char *path, const char *name, size_t hidden_size,
                           ps_error *err) {
    if (head->layer[0].in == hidden_size) return PS_OK;
    return hidden_size == 0
               ? ps_fail(err, PS_FORMAT,
                         "%s needs the model's hidden states, which this engine does not give; a "
                         "server that applies a head itself is read by scoring.prm.kind pooling",
                         path)
               : ps_fail(err, PS_FORMAT,
                         "%s takes a hidden state of %zu numbers and the model %s has %zu: they do not belong together",
                         path, head->layer[0].in, name, hidden_size);
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
