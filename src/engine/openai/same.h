/* A server that was away and is back, and one more at the start: before anything goes out, has it the model? */
#ifndef PERSAMP_ENGINE_OPENAI_SAME_H
#define PERSAMP_ENGINE_OPENAI_SAME_H

#include "engine/openai/call.h"

void ps_remote_check_same(ps_remote *engine, ps_remote_endpoint *endpoint); /* [mutex] */

/* What the log-probabilities of a server are, by its answer to ps_remote_print_ask_numbers. */
ps_remote_numbers ps_remote_numbers_of(const ps_remote_answer *answer);

#endif
