/* libllama's messages. */
#ifndef PERSAMP_ENGINE_LLAMA_LOG_H
#define PERSAMP_ENGINE_LLAMA_LOG_H

#include "engine/llama/engine.h"

void ps_llama_log_attach(ps_llama *engine);              /* they go to this engine's log from now on */
void ps_llama_log_detach(const ps_llama *engine);        /* … unless another took over */
void ps_llama_log_take_error(char *buffer, size_t size); /* the first since the last call; "" if none */
void ps_llama_log_clear(void);
void ps_llama_log_error(const char *message); /* as if libllama had said it */

#endif
