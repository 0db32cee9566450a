/* Given tokens, read where a caller wants: all that a process reward model needs. A text is tokenized by the server, a
 * user's as in prompts; then each mark is one request for one token, of which nothing is used but how likely the
 * choices were. What stands before a mark is in the server's cache from then on, where it has one. */
#ifndef PERSAMP_ENGINE_OPENAI_EVALUATE_H
#define PERSAMP_ENGINE_OPENAI_EVALUATE_H

#include "engine/openai/engine.h"
#include "engine/openai/step.h"

/* A step that is an evaluation, without a parent. PS_ARG: this server tells no chances of given tokens; hidden states
 * are asked for. */
ps_status ps_remote_evaluation_new(const ps_remote *engine, const ps_evaluate_request *asked, ps_remote_step **step,
                                   ps_error *err);
void ps_remote_evaluation_free(ps_remote_evaluation *evaluation); /* NULL is fine */

/* Go on with those that wait, as many as there is room for. [mutex] */
void ps_remote_read_waiting(ps_remote *engine);

#endif
