/* The probabilities of the steps so far as one number, kept up step by step. */
#ifndef PERSAMP_REWARD_AGGREGATE_H
#define PERSAMP_REWARD_AGGREGATE_H

#include "persamp/reward.h"

/* {0} stands for no steps. */
typedef struct ps_aggregate_state {
    size_t n;
    double last, min, product, sum;
} ps_aggregate_state;

static inline ps_aggregate_state ps_aggregate_add(ps_aggregate_state before, double step) {
    return (ps_aggregate_state){.n = before.n + 1,
                                .last = step,
                                .min = before.n == 0 || step < before.min ? step : before.min,
                                .product = before.n == 0 ? step : before.product * step,
                                .sum = before.sum + step};
}

/* In [0, 1]; a prefix without steps has no aggregate. */
static inline double ps_aggregate_value(const ps_aggregate_state *state, ps_aggregate aggregate) {
    switch (aggregate) {
    case PS_AGGREGATE_LAST: return state->last;
    case PS_AGGREGATE_MIN: return state->min;
    case PS_AGGREGATE_PROD: return state->product;
    case PS_AGGREGATE_MEAN: return state->sum / (double)state->n;
    }
    return state->last;
}

#endif
