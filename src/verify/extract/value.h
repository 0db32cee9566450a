/* The value that a stretch of prose states. */
#ifndef PERSAMP_VERIFY_EXTRACT_VALUE_H
#define PERSAMP_VERIFY_EXTRACT_VALUE_H

#include "verify/extract/extract.h"

/* The end of the sentence or line that starts at i. A point between digits, in a formula or in "p.m." does not end it;
 * one before "**", a quote or a bracket does. */
size_t psv_sentence_end(const char *text, size_t length, size_t i, const psv_formulas *formulas);

/* Can a stretch be read as an answer by itself: mathematics, or at most a few words? Its copy, else NULL. */
const char *psv_readable(psv_ctx *ctx, const char *text, psv_span span, size_t most_words);

/* What a stretch says after an announcement: its formula, or the value that it starts with, with sign, fraction and
 * unit; what follows explains it. Words only when there is no number, and at most four. NULL: nothing. */
const char *psv_stated_value(psv_ctx *ctx, const char *text, psv_span stretch, const psv_formulas *formulas);

/* As psv_stated_value, but only what the stretch starts with: "correct because 1+1=2" states nothing. */
const char *psv_first_value(psv_ctx *ctx, const char *text, psv_span stretch, const psv_formulas *formulas);

/* As psv_stated_value, but a stretch that works something out ("60 spools / 150 spools = 40%") states its result. */
const char *psv_stated_result(psv_ctx *ctx, const char *text, psv_span stretch, const psv_formulas *formulas);

/* "so it took three days": the number in words that a conclusion without digits ends in; NULL: there is none. */
const char *psv_spelled_result(psv_ctx *ctx, const char *text, psv_span span);

/* The number in words, if a text has one and no other; NULL. "one" does not count. */
const char *psv_only_number_word(psv_ctx *ctx, const char *text, psv_span span);

/* What a sentence comes to: what stands after its last "=", else its list of values, else the last number that no
 * preposition makes a circumstance ("in 5 years", "after 3 weeks"). NULL: there is no number. */
const char *psv_result_of_sentence(psv_ctx *ctx, const char *text, psv_span sentence);

#endif
