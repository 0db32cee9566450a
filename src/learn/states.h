/* The hidden states of steps: the model runs over the answers again, and what it gave is kept in a file, so that a run
 * that was cut off goes on, and a second learning needs no model. */
#ifndef PERSAMP_LEARN_STATES_H
#define PERSAMP_LEARN_STATES_H

#include "learn/samples.h"

/* States of the steps of all questions, one after the other. A step without a token has none, nor has a first one of a
 * single token, whose state would be the prompt's. */
typedef struct ps_states {
    float *values; /* [n_steps of all × width] */
    bool *there;   /* [n_steps of all] */
    size_t *from;  /* [n questions] where the steps of each begin */
    size_t n, width;
    size_t passed;  /* tokens that the model read */
    size_t skipped; /* questions that the model could not read */
} ps_states;

/* `path`: the file that keeps them, made where it is not there. PS_ARG: it is of another model, or another run writes
 * it; PS_CANCELLED: what was computed is kept. Free with ps_states_clear, also after a failure. */
ps_status ps_states_compute(const ps_samples *samples, ps_models *models, const char *path,
                            const ps_learn_observer *observer, ps_states *states, ps_error *err);
void ps_states_clear(ps_states *states);

#endif
