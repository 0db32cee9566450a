/* How good predictions are. */
#ifndef PERSAMP_LEARN_MEASURE_H
#define PERSAMP_LEARN_MEASURE_H

#include "learn/design.h"

/* Fill the report's figures from p[n], the probability of each state that it will come out right. */
ps_status ps_measure(const ps_learn_states *states, const ps_design *design, const double *p, uint64_t seed,
                     ps_learn_report *report, ps_error *err);

#endif
