/* A mixture of products of kernels around points that were seen: the density of the Parzen estimator. */
#ifndef PERSAMP_TUNE_PARZEN_H
#define PERSAMP_TUNE_PARZEN_H

#include "tune/space.h"

typedef struct ps_parzen ps_parzen;

/* Around points[0..n), each [space->n], in order of trial: the older of more than 25 count less. */
ps_status ps_parzen_create(const ps_space *space, const double *const *points, size_t n, ps_parzen **parzen,
                           ps_error *err);
void ps_parzen_free(ps_parzen *parzen);
/* log density at x; of lists and steps the log probability. */
double ps_parzen_log(const ps_parzen *parzen, const double *x);
/* A draw. u[0] chooses the kernel, u[1 + d] the value of dimension d. */
void ps_parzen_draw(const ps_parzen *parzen, const double *u, double *x);

/* log of the mass that the standard normal has between a < b, exact in both tails. */
double ps_log_gauss_mass(double a, double b);
/* The p-quantile of the standard normal between a and b. */
double ps_gauss_quantile(double p, double a, double b);

#endif
