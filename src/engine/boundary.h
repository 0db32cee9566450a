/* Where a reasoning step ends: a matcher over the bytes of the answer, fed token by token. Every engine that draws
 * tokens uses it, so all agree on where steps end. Internal to the engine room. What a step is says step_rule.h.
 *
 * A step boundary (ps_boundary) ends the step. It may lie across tokens, and belongs to the step. A boundary inside a
 * token ends the step after that token: the model can go on only after a whole token, so the token's other bytes belong
 * to the step, too. With paragraphs: "Go.", "\n", "\nb" is one step, "Go.\n\nb".
 *
 * A stop string ends the whole answer. It may lie across tokens and steps. Its text is cut from its first byte on. Its
 * tokens stay in the step: they were drawn, and their probabilities count.
 *
 * Since a pattern may have begun before the step, the matcher is given the last bytes of the answer before it, and what
 * that answer has left open. */
#ifndef PERSAMP_ENGINE_BOUNDARY_H
#define PERSAMP_ENGINE_BOUNDARY_H

#include "engine/step_rule.h"

/* Start with {0}; ps_step_begin may be called again and again. Offsets count in `text`:
 *
 *     |  end of the answer before  |  the step's text  |  a stop string, when there was one
 *     0                            carried             cut                             length */
typedef struct ps_step_matcher {
    const ps_generation *generation; /* borrowed */
    ps_text text;
    size_t carried;
    size_t cut;
    size_t literal_from; /* a literal may not begin before it: those bytes ended a step, or were passed over */
    int n_tokens;        /* of the step */
    ps_step_state state; /* after its last byte; when the step has ended, what the next one begins with */
} ps_step_matcher;

/* How many bytes of the answer before a step can matter to it, beside the state: all but the last of the longest stop
 * string or literal. */
size_t ps_step_lookback(const ps_generation *generation);

/* Begin a step. before[0..n_before): the end of the answer so far, without the prompt; more than ps_step_lookback is
 * not needed. `state`: the matcher's after the step before, {0} for the first; copied. A stop string may begin in
 * `before`; a literal only where the step before was cut by its length, since after a boundary those bytes are spent.
 */
void ps_step_begin(ps_step_matcher *matcher, const ps_generation *generation, const char *before, size_t n_before,
                   const ps_step_state *state);

/* Begin where another stands. False: no memory, and `matcher` is as after ps_step_clear. */
bool ps_step_copy(ps_step_matcher *matcher, const ps_step_matcher *other);

/* Add the bytes of the next token (none for a special one). True when the step ends with it. *reason then is the first
 * of these that holds: PS_STOP_EOS (`end_of_sequence`), PS_STOP_STRING, PS_STOP_STEP, PS_STOP_LENGTH. */
bool ps_step_push(ps_step_matcher *matcher, const char *bytes, size_t n, bool end_of_sequence, ps_stop_reason *reason);

/* The text of a step that has ended, without a stop string, NUL-terminated; valid until the next call. */
const char *ps_step_text(ps_step_matcher *matcher, size_t *length);

/* What a step has read so far, a stop string's beginning among it; not NUL-terminated, valid until the next call. */
const char *ps_step_read(const ps_step_matcher *matcher, size_t *length);

void ps_step_clear(ps_step_matcher *matcher); /* resets to {0} */

#endif
