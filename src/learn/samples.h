/* Answers of finished runs, read from their folders: for each problem the tree of steps below its finished answers. */
#ifndef PERSAMP_LEARN_SAMPLES_H
#define PERSAMP_LEARN_SAMPLES_H

#include "persamp/learn.h"

/* A step. Parents stand before their children. */
typedef struct ps_step {
    uint32_t parent;  /* of the same problem; PS_NO_STEP: the root */
    uint32_t depth;   /* steps before it */
    ps_token *tokens; /* [n_tokens] owned */
    size_t n_tokens;
} ps_step;
#define PS_NO_STEP UINT32_MAX

/* A finished answer. */
typedef struct ps_sample {
    uint32_t last; /* step */
    double weight; /* 1 for a draw from the model, else its weight_q */
    bool right;
} ps_sample;

typedef struct ps_question {
    char *text, *gold;  /* owned */
    ps_step *steps;     /* [n_steps] */
    ps_sample *samples; /* [n_samples] */
    size_t n_steps, steps_capacity, n_samples, samples_capacity;
} ps_question;

typedef struct ps_samples {
    ps_question *questions; /* [n] in order of first appearance; a text that comes again adds to its question */
    size_t n, capacity;
    size_t unfinished;         /* answers that were cut off, and left out */
    const ps_session *session; /* judges; borrowed */
    const char *model;         /* identity of the model; NULL: not known */
    const ps_config *config;   /* what every folder must agree with */
} ps_samples;

/* Read every result file of a folder. PS_ARG and PS_FORMAT as ps_learn. */
ps_status ps_samples_read(ps_samples *samples, const char *folder, ps_error *err);
void ps_samples_clear(ps_samples *samples);

#endif
