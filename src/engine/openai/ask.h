/* Requests for tokens: the steps that wait are sent as far as the limit allows, siblings together, and get what came of
 * them. */
#ifndef PERSAMP_ENGINE_OPENAI_ASK_H
#define PERSAMP_ENGINE_OPENAI_ASK_H

#include "engine/openai/call.h"

void ps_remote_ask_waiting(ps_remote *engine); /* [mutex] */

#endif
