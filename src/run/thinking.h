/* Models that think: their answers begin inside of a <think> that the end of the prompt has opened. */
#ifndef PERSAMP_RUN_THINKING_H
#define PERSAMP_RUN_THINKING_H

#include "run/models.h"

/* Whether answers to `template` (prompt.template), or without one to the model's own, begin inside of the thinking.
 * Where the prompt cannot be seen before it is used, they do not. */
ps_status ps_models_begin_thinking(ps_models *models, const char *template, bool *thinks, ps_error *err);

/* A line in the log where they do and have little room for it. */
ps_status ps_tell_of_thinking(ps_models *models, const ps_config *config, const ps_log *log, ps_error *err);

#endif
