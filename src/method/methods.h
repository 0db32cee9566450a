/* The entries of the table of methods. */
#ifndef PERSAMP_METHOD_METHODS_H
#define PERSAMP_METHOD_METHODS_H

#include "persamp/choices.h"
#include "persamp/method.h"

#define X(name) extern const ps_method_ops ps_method_##name;
PS_METHOD_LIST(X)
#undef X

#endif
