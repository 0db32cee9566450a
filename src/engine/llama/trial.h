/* Can libllama compute with a model at all? */
#ifndef PERSAMP_ENGINE_LLAMA_TRIAL_H
#define PERSAMP_ENGINE_LLAMA_TRIAL_H

#include "engine/llama/engine.h"

/* PS_ENGINE: it cannot; the message has what it complains of. Takes as long as two tokens of one thread. */
ps_status ps_llama_try(ps_llama *engine, ps_error *err);

#endif
