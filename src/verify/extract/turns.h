/* Which part of a response is the model's own answer to this question. */
#ifndef PERSAMP_VERIFY_EXTRACT_TURNS_H
#define PERSAMP_VERIFY_EXTRACT_TURNS_H

#include "verify/extract/extract.h"

/* After the end of the thinking, when something follows it; else all of it. */
psv_span psv_after_thinking(const char *text, psv_span span);

/* Whether a text that is still being written stands within its thinking. `inside`: it begins there. Not so: *span
 * begins after it from now on. */
bool psv_is_thinking(const char *text, psv_span *span, bool inside);

/* Up to where a new question or turn begins ("Question:", "User:", "<|im_end|>"), when an answer was given before it.
 */
psv_span psv_before_next_turn(const char *text, psv_span span);

#endif
