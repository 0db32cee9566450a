/* Answers in words: those that are mathematics, and those that are not. */
#ifndef PERSAMP_VERIFY_READ_PHRASES_H
#define PERSAMP_VERIFY_READ_PHRASES_H

#include "verify/answer.h"

/* "no solution", "all reals", "two thirds", "forty-two": what plain words mean; NULL when they are only words. */
psv_node *psv_known_phrase(psv_ctx *ctx, const char *words);

/* "all real numbers", also with "except 0, 1", in \text or plain; NULL when the answer says something else. */
psv_node *psv_reals_in_words(psv_ctx *ctx, const char *source);

/* Words and numbers without any sign of mathematics. */
bool psv_is_label(const char *source);

/* May the plain words of two answers, which drop signs and brackets, stand for them? */
bool psv_are_words(const psv_answer *a, const psv_answer *b);

#endif
