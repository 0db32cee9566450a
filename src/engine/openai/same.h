/* A server that was away and is back: before anything goes out, is it still the same model? */
#ifndef PERSAMP_ENGINE_OPENAI_SAME_H
#define PERSAMP_ENGINE_OPENAI_SAME_H

#include "engine/openai/call.h"

void ps_remote_check_same(ps_remote *engine); /* [mutex] */

#endif
