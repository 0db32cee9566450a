/* States as a regression sees them: numbers of one scale, a weight and a target for each, and the fold it is in. */
#ifndef PERSAMP_LEARN_DESIGN_H
#define PERSAMP_LEARN_DESIGN_H

#include "persamp/learn.h"

enum { PS_FOLDS = 5, PS_LANES = 16 /* partial sums of a product: a vector or two of any processor */ };

/* Each problem weighs 1, each answer its share w of that, each step of an answer the same. A state that several answers
 * share weighs as much as their steps there together; its target is Σ w·right / Σ w, however long they are. */
typedef struct ps_design {
    size_t n, width, stride; /* stride: width rounded up to PS_LANES, zeros there */
    float *x;                /* [n × stride] of mean 0 and deviation 1 */
    double *weight, *target; /* [n]; states that no answer has weigh 0 */
    uint8_t *fold;           /* [n] */
    double *mean, *scale;    /* [width] x = (state − mean) · scale */
} ps_design;

/* PS_DOMAIN: a state is not finite. Free with ps_design_clear, also after a failure. */
ps_status ps_design_make(const ps_learn_states *states, ps_design *design, ps_error *err);
void ps_design_clear(ps_design *design);

/* By the question's text: the same one is in the same fold whatever folder it comes from. */
unsigned ps_fold_of(const char *text);

#endif
