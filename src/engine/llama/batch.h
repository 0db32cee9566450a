/* One step of a lane: a batch of libllama and what follows from it. */
#ifndef PERSAMP_ENGINE_LLAMA_BATCH_H
#define PERSAMP_ENGINE_LLAMA_BATCH_H

#include "engine/llama/lane.h"

/* Admit what can start of lane->waiting, decode one batch of all that is active, draw their next tokens. What is done
 * is in lane->finished. */
void ps_batch_step(ps_lane *lane);
/* Put it among those that wait: after those of older problems; of its own problem's first where it has begun to write,
 * last where not. */
void ps_batch_wait(ps_lane *lane, ps_request *request, bool begun);
/* A request that is done leaves its place in the cache and goes to lane->finished. */
void ps_batch_finish(ps_lane *lane, ps_request *request);
/* All active requests that are done do so; the order of the others stays. */
void ps_batch_sweep(ps_lane *lane);

/* The marks that lie in the request's tokens of the batch just decoded (evaluate.c). */
void ps_batch_read_marks(ps_lane *lane, ps_request *request);

#endif
