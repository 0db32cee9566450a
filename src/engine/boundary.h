/* Where a reasoning step ends: a matcher over the bytes of the answer, fed token by token. Shared by all engines that
 * generate tokens. Internal to the engine room.
 *
 * Boundaries and stop strings are found across the borders of tokens and of steps. Tokens are never split: a boundary
 * inside a token ends the step after that token, whose remaining bytes belong to the step. (The next step begins where
 * the model can go on: after a whole token.) A stop string ends the answer; text from its first byte on is cut, the
 * tokens stay, because their probabilities were paid for. */
#ifndef PERSAMP_ENGINE_BOUNDARY_H
#define PERSAMP_ENGINE_BOUNDARY_H

#include "persamp/engine.h"

/* Start with {0}; ps_step_begin may be called again and again. */
typedef struct ps_step_matcher {
    const ps_generation *generation; /* borrowed */
    ps_text text;                    /* the tail of the answer before the step, then the step */
    size_t carried;                  /* bytes of that tail */
    size_t boundary_from;            /* bytes before it cannot be part of a step boundary */
    size_t cut;                      /* end of the step's text in `text` */
    int n_tokens;
} ps_step_matcher;

/* How many bytes of the answer before a step can matter to it: one less than the longest pattern. */
size_t ps_step_lookback(const ps_generation *generation);

/* Begin a step. before[0..n_before): the end of the answer so far, not of the prompt. A step boundary may begin in it
 * only if `continued`: the step before ended by length, not at a boundary. */
void ps_step_begin(ps_step_matcher *matcher, const ps_generation *generation, const char *before, size_t n_before,
                   bool continued);

/* Begin where another stands. False: no memory, and `matcher` is as after ps_step_free. */
bool ps_step_copy(ps_step_matcher *matcher, const ps_step_matcher *other);

/* Add the bytes of the next token (none for a special one). True when the step ends, for *reason: PS_STOP_EOS if
 * `end_of_sequence`, else PS_STOP_STRING, PS_STOP_STEP or PS_STOP_LENGTH, in this order of precedence. */
bool ps_step_push(ps_step_matcher *matcher, const char *bytes, size_t n, bool end_of_sequence, ps_stop_reason *reason);

/* The text of a step that has ended, without a stop string, NUL-terminated; valid until the next call. */
const char *ps_step_text(ps_step_matcher *matcher, size_t *length);

void ps_step_free(ps_step_matcher *matcher); /* resets to {0} */

#endif
