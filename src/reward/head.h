/* A small network on the hidden state at a step's tag, and what a model file says about itself as a reward model. */
#ifndef PERSAMP_REWARD_HEAD_H
#define PERSAMP_REWARD_HEAD_H

#include "persamp/reward.h"

/* prm.head.position of a learned head. */
#define PS_HEAD_POSITION "before_last_token"

/* y = W x + b with W (out, in) row by row. */
typedef struct ps_prm_layer {
    size_t in, out;
    float *weight; /* [out × in] owned */
    float *bias;   /* [out] owned */
} ps_prm_layer;

/* One or two layers; ReLU between them. The output is a distribution over labels by softmax, or, with one output, the
 * logit of "right". */
typedef struct ps_prm_head {
    ps_prm_layer layer[2];
    size_t n_layers;
    size_t positive; /* the label that means "right" */
    char *tag;       /* prm.head.tag, or NULL; owned */
    bool learned;    /* it reads the state before a step's last token, and has no tag */
    ps_head_origin origin;
    float *scratch;    /* [layer[0].out + layer[1].out] owned */
    char identity[64]; /* of its file, as ps_engine_info.identity */
} ps_prm_head;

/* PS_IO, PS_FORMAT (damaged, a tensor is missing or has the wrong shape), PS_ENGINE (no libllama in this build). On
 * success free with ps_prm_head_clear. */
ps_status ps_prm_head_read(const char *path, ps_prm_head *head, ps_error *err);
void ps_prm_head_clear(ps_prm_head *head); /* {0} is fine; resets to {0} */

/* "MODEL+HEAD" into *identity, owned: two heads on one model are two reward models. NULL where the model is not known.
 */
ps_status ps_prm_head_identify(const ps_prm_head *head, const char *model, char **identity, ps_error *err);

/* PS_FORMAT: `path` takes another width than the model `name` gives. */
ps_status ps_prm_head_fits(const ps_prm_head *head, const char *path, const char *name, size_t hidden_size,
                           ps_error *err);

/* P(right) for a hidden state of layer[0].in numbers; NaN when the state or the weights are not finite. */
double ps_prm_head_apply(const ps_prm_head *head, const float *hidden);

/* Strings of a model's metadata, each NULL when it is not there; owned. */
typedef struct ps_prm_metadata {
    char *tag, *positive, *negative, *system, *separator;
} ps_prm_metadata;
ps_status ps_prm_metadata_read(const char *path, ps_prm_metadata *metadata, ps_error *err);
void ps_prm_metadata_clear(ps_prm_metadata *metadata); /* {0} is fine */

#endif
