/* What the kinds with a learned head share: a prefix's readings as they follow one another. */
#ifndef PERSAMP_REWARD_READINGS_H
#define PERSAMP_REWARD_READINGS_H

#include "reward/aggregate.h"
#include "reward/head.h"

/* After a step whose state is `hidden`. Without one the last reading stands; before the first that is 1, since nothing
 * is held against an empty text yet. *step and *reward are NaN where the head gives no number. */
static inline ps_aggregate_state ps_reading_after(const ps_prm_head *head, ps_aggregate aggregate,
                                                  ps_aggregate_state before, const float *hidden, double *step,
                                                  double *reward) {
    const ps_aggregate_state after =
        hidden != NULL ? ps_aggregate_add(before, ps_prm_head_apply(head, hidden)) : before;
    *step = after.n > 0 ? after.last : 1;
    *reward = after.n > 0 ? ps_aggregate_value(&after, aggregate) : 1;
    return after;
}

#define PS_READING_NAN "the learned head gave NaN: its file may be damaged, or the model's states are not finite"

#endif
