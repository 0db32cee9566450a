/* Persistent Sampling, mode `completions`: made by the table entry `persistent` when the parameters say so. */
#ifndef PERSAMP_METHOD_COMPLETIONS_H
#define PERSAMP_METHOD_COMPLETIONS_H

#include "persamp/method.h"

extern const ps_method_ops ps_method_completions;

#endif
