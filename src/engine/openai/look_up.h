/* The bytes of ids, asked of a server that only decodes: many runs in one request, with a token between them so that
 * each keeps the white space that it begins with. */
#ifndef PERSAMP_ENGINE_OPENAI_LOOK_UP_H
#define PERSAMP_ENGINE_OPENAI_LOOK_UP_H

#include "engine/openai/call.h"

/* Ask for all that is wanted. [mutex] */
void ps_remote_look_up_wanted(ps_remote *engine);

#endif
