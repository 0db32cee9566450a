/* A server that was away and is back: before anything goes out, is it still the same model? */
#ifndef PERSAMP_ENGINE_OPENAI_SAME_H
#define PERSAMP_ENGINE_OPENAI_SAME_H

#include "engine/openai/call.h"

void ps_remote_check_same(ps_remote *engine); /* [mutex] */
/* Seconds until it is to be asked again, where it was not ready; asks when that time is there. [mutex] */
double ps_remote_check_again(ps_remote *engine);
/* Nothing new is sent meanwhile. [mutex] */
bool ps_remote_is_checking(const ps_remote *engine);

#endif
