/* A regression on a design, by L-BFGS: one layer, which is logistic regression, or two with a ReLU between.
 *
 * Parameters: of one layer [width] weights and a bias; of two, `hidden` rows of [stride] weights, [hidden] biases,
 * [hidden] weights of the output and its bias. */
#ifndef PERSAMP_LEARN_FIT_H
#define PERSAMP_LEARN_FIT_H

#include "learn/design.h"

typedef struct ps_fit {
    const ps_design *design;
    bool excluded[PS_FOLDS]; /* states of these folds are not looked at */
    size_t hidden;           /* 0: one layer */
    double l2;
    int iterations; /* at most */
    bool (*cancelled)(void *user);
    void *user;
} ps_fit;

size_t ps_fit_size(const ps_design *design, size_t hidden); /* of its parameters */
/* Minimise mean cross-entropy + l2/2 · Σ weights² from where `parameters` are. PS_CANCELLED. */
ps_status ps_fit_run(const ps_fit *fit, double *parameters, ps_error *err);
/* The logits of the states of fold `of` (PS_FOLDS: of all) into logits[]; the others are left alone. */
void ps_fit_predict(const ps_fit *fit, const double *parameters, unsigned of, double *logits);
/* Mean cross-entropy over the states of a fold, and their weight. */
double ps_fit_loss(const ps_design *design, const double *logits, unsigned of, double *weight);

/* The pair (a, b), a ≥ 0, for which sigmoid(a · logit + b) predicts best over all states: Platt's calibration. a = 0: a
 * higher logit is no sign of a right answer, and what predicts best is the same number always. (A negative a would turn
 * the ranking over by the very labels that it is judged by.) */
ps_status ps_fit_platt(const ps_design *design, const double *logits, double *a, double *b, ps_error *err);

#endif
