/* Requests for tokens: the steps that wait are sent as far as the limit allows, siblings together, and get what came of
 * them. */
#ifndef PERSAMP_ENGINE_OPENAI_ASK_H
#define PERSAMP_ENGINE_OPENAI_ASK_H

#include "engine/openai/call.h"

/* An answer to a step cannot be read: it is asked for again, some times. Where no other can be read either, the server
 * is none of ours (PS_HTTP); where others can, it is this step's own error (PS_ENGINE). [mutex] */
void ps_remote_ask_again(ps_remote *engine, ps_remote_step *step, ps_status status, const char *message);

/* An answer has come, with `tokens` in all, of which its longest choice has `longest`, to a prompt of so many tokens,
 * of which the server had `cached` (SIZE_MAX: not told): counted, and learned from. [mutex] */
void ps_remote_came(ps_remote_call *call, size_t tokens, size_t longest, size_t prompt, size_t cached);

void ps_remote_ask_waiting(ps_remote *engine); /* [mutex] */

#endif
