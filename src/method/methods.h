/* The entries of the table of methods: a line here, a line in method.c. */
#ifndef PERSAMP_METHOD_METHODS_H
#define PERSAMP_METHOD_METHODS_H

#include "persamp/method.h"

extern const ps_method_ops ps_method_persistent;
extern const ps_method_ops ps_method_greedy;
extern const ps_method_ops ps_method_best_of_n;
extern const ps_method_ops ps_method_majority;
extern const ps_method_ops ps_method_weighted_majority;
extern const ps_method_ops ps_method_beam;
extern const ps_method_ops ps_method_dvts;
extern const ps_method_ops ps_method_particle_filter;
extern const ps_method_ops ps_method_particle_gibbs;
extern const ps_method_ops ps_method_power_mcmc;

#endif
