/* Groups of tokens and their confidence (arXiv 2508.15260). A group is `window` tokens in a row, each place where one
 * ends has its own, and its confidence is the mean of its tokens'. A prefix that has not filled a window yet is one
 * group. The lowest of all groups is the prefix's own. */
#ifndef PERSAMP_RUN_CONFIDENCE_H
#define PERSAMP_RUN_CONFIDENCE_H

#include <stddef.h>

/* The lowest group of a prefix that has grown by `n` ≥ 1 tokens. tokens[0 .. before + n): the confidence of its last
 * ones, of which the first `before` were there, all of them where the prefix had no more than `window`; `lowest`: its
 * value before, read once it had filled a window. */
double ps_lowest_group(const double *tokens, size_t before, size_t n, size_t window, double lowest);

#endif
