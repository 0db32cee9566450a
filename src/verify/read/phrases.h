/* Answers in words that are mathematics: "no solution", "two thirds". */
#ifndef PERSAMP_VERIFY_READ_PHRASES_H
#define PERSAMP_VERIFY_READ_PHRASES_H

#include "verify/tree/tree.h"

/* "no solution", "all reals", "two thirds", "forty-two", "seven and a half", "one in five": what plain words mean; NULL
 * when they are only words. */
psv_node *psv_known_phrase(psv_ctx *ctx, const char *words);

/* " and a half", "and three quarters", "and two-thirds" after a number: how many bytes of s they take, and the
 * fraction; 0: something else stands there, such as "and a half of it". */
size_t psv_and_a_part(const char *s, size_t length, long *above, long *below);

/* "out of", "out of every" between two numbers: how many bytes of s they take, blanks included; 0: it is not that. */
size_t psv_out_of(const char *s, size_t length);

bool psv_means_reals(const char *words); /* "all real numbers" */

#endif
