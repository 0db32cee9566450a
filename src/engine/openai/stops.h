/* After what a server may end: the strings that are sent as `stop`.
 *
 * The matcher (engine/boundary.h) alone decides where a step ends, from the tokens. The strings only keep a server from
 * writing on behind an end, so they are all that may be one (but for a blank line of several blanks, and a sentence
 * with several closing brackets): a candidate that the matcher refuses is continued by another request, and what a
 * server writes beyond an end that no string told it is dropped. A server looks at the text of its own request, so the
 * rest of what began before is among them. */
#ifndef PERSAMP_ENGINE_OPENAI_STOPS_H
#define PERSAMP_ENGINE_OPENAI_STOPS_H

#include "persamp/engine.h"

/* Strings for a request that goes on after before[0..n_before), the end of the answer so far, the likeliest first, for
 * a server may take a few only (vLLM: four): none has another in it, all are UTF-8. Array and strings lie in `arena`,
 * or are the generation's. PS_NOMEM. */
ps_status ps_remote_stops(const ps_generation *generation, const char *before, size_t n_before, ps_arena *arena,
                          const char *const **stops, size_t *n, ps_error *err);

/* As many bytes of the answer before as can matter. */
size_t ps_remote_stops_lookback(const ps_generation *generation);

#endif
