/* Where to try next. A sampler sees the trials that there are and gives a point; it reads no clock, and its random
 * numbers are those of the trial's number, so that the same study goes the same way. */
#ifndef PERSAMP_TUNE_SAMPLER_H
#define PERSAMP_TUNE_SAMPLER_H

#include "tune/space.h"

/* What a sampler knows of a trial. */
typedef struct ps_seen {
    ps_trial_state state; /* RUNNING, COMPLETE or PRUNED */
    double *x;            /* [space->n] */
    double loss;          /* of a complete one: to be low. Of a pruned one: likewise of what was seen of it */
    size_t reached;       /* of a pruned one: problems until then */
} ps_seen;

/* A point by chance: of a list and of steps each alike, of a log range each order of magnitude. `attempt` is another
 * draw. */
void ps_sample_random(const ps_space *space, uint64_t seed, uint64_t trial, uint64_t attempt, double *x);

/* The tree-structured Parzen estimator (Bergstra et al. 2011), multivariate as Falkner et al. 2018: two densities, of
 * the best tenth of the trials (at most 25) and of the others; of 24 draws from the first the one with the largest
 * ratio. Kernels, bandwidths and weights as in Optuna 5.0.0; what runs counts among the others. Until PS_TPE_STARTUP
 * trials are over it is ps_sample_random. O(n²) for n trials. */
enum { PS_TPE_STARTUP = 10, PS_TPE_CANDIDATES = 24 };
ps_status ps_sample_tpe(const ps_space *space, const ps_seen *seen, size_t n, uint64_t seed, uint64_t trial,
                        uint64_t attempt, double *x, ps_error *err);

#endif
