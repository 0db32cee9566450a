/* Answers in words that are mathematics: "no solution", "two thirds". */
#ifndef PERSAMP_VERIFY_READ_PHRASES_H
#define PERSAMP_VERIFY_READ_PHRASES_H

#include "verify/tree/tree.h"

/* "no solution", "all reals", "two thirds", "forty-two": what plain words mean; NULL when they are only words. */
psv_node *psv_known_phrase(psv_ctx *ctx, const char *words);

bool psv_means_reals(const char *words); /* "all real numbers" */

#endif
