/* Who answers at an address: the kind of server, its model, what its numbers are, what it can. Asked before the driving
 * thread begins. */
#ifndef PERSAMP_ENGINE_OPENAI_START_H
#define PERSAMP_ENGINE_OPENAI_START_H

#include "engine/openai/engine.h"

/* Fills what the engine has of its server. `wanted`: the model's name, or NULL; context: tokens of an answer, 0: the
 * server's. PS_HTTP: it cannot be reached or refuses, with its own words. */
ps_status ps_remote_start(ps_remote *engine, const char *wanted, size_t context, ps_error *err);

#endif
