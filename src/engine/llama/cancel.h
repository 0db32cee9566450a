/* Requests that the caller gives up (ps_engine_cancel). */
#ifndef PERSAMP_ENGINE_LLAMA_CANCEL_H
#define PERSAMP_ENGINE_LLAMA_CANCEL_H

#include "engine/llama/lane.h"

/* Mark the lane's requests under way that have this tag. O(requests of the lane). [mutex] */
void ps_cancel_mark(ps_lane *lane, uint64_t tag);
/* What is marked goes to lane->finished with its event, unless it is done already. Of the thread that runs the lane.
 * [mutex] */
void ps_cancel_marked(ps_lane *lane);

#endif
