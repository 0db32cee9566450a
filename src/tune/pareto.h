/* Several objectives at once: which trials come first when none of them says it alone. */
#ifndef PERSAMP_TUNE_PARETO_H
#define PERSAMP_TUNE_PARETO_H

#include "persamp/base.h"

/* The volume that points[n × d] (each to be low) dominate within the box below `reference` [d]; what lies beyond it
 * counts nothing. By slicing objectives (While et al. 2006): O(n^(d−1) log n) for d > 1. */
ps_status ps_hypervolume(const double *points, size_t n, size_t d, const double *reference, double *volume,
                         ps_error *err);

/* One loss for each of points[n × d], into loss[n]: how many fronts must go before it is in the front of what is left;
 * and within a front, as a part of one, the less volume only it dominates the more (Ozaki et al. 2020, as in Optuna).
 * The box ends a tenth of its size beyond the worst values. */
ps_status ps_pareto_losses(const double *points, size_t n, size_t d, double *loss, ps_error *err);

#endif
