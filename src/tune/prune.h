/* When a trial need not be gone on with. Trials see the same problems in the same order with the same random numbers,
 * so they are compared pair by pair. */
#ifndef PERSAMP_TUNE_PRUNE_H
#define PERSAMP_TUNE_PRUNE_H

#include "tune/storage.h"

/* Of the pairs in which a trial and the best so far differ, the trial lost `lost` and won `won`. The log of a
 * supermartingale under "the trial is at least as good": the likelihood ratio of a coin whose chance of winning is
 * uniform below one half, against a fair one. So it exceeds log x ever with a probability of at most 1/x (Ville),
 * wherever one looks and stops. */
double ps_prune_evidence(size_t lost, size_t won);

/* Whether a trial of which the first `seen` of n problems are known (right[i] says how they went) is stopped, against
 * the best complete one: it cannot reach it any more with all the rest right; or the evidence is above n_trials / .05,
 * so that in one study the truly best trial is stopped with a probability of at most .05, whatever others it is held
 * against. */
bool ps_prune_stops(const bool *right, const bool *best, size_t seen, size_t n, size_t n_trials);

/* Steps at which trials are held against each other: after a ninth, a third and all of n problems, each at least 2 and
 * none twice. Returns how many there are, at most 3. */
size_t ps_prune_rungs(size_t n, size_t rungs[3]);
/* Whether a trial with `better` of `reached` trials above it is in their best third. */
bool ps_prune_survives(size_t reached, size_t better);

#endif
