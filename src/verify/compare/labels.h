/* Answers that are words and numbers without mathematics: "June 20". */
#ifndef PERSAMP_VERIFY_COMPARE_LABELS_H
#define PERSAMP_VERIFY_COMPARE_LABELS_H

#include "verify/read/read.h"

/* Words and numbers without any sign of mathematics ("\text{June } 20"): what plain words leave out says nothing. */
bool psv_is_label(const char *source);

/* May the plain words of two answers, which drop signs and brackets, stand for them? */
bool psv_are_words(const psv_answer *a, const psv_answer *b);

#endif
