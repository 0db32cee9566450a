/* Requests that would compute the same are computed once: one leads, the others follow. */
#ifndef PERSAMP_ENGINE_LLAMA_JOIN_H
#define PERSAMP_ENGINE_LLAMA_JOIN_H

#include "engine/llama/request.h"

/* Follow a request that computes the same; false: there is none, and others may join this one. */
bool ps_join(ps_lane *lane, ps_request *request);
/* Nobody can join it any more. No harm where nobody could. */
void ps_join_close(ps_request *request);
/* Followers that have drawn another token than their leader leave it. Returned are those that lead from now on, one for
 * each token, with the others of that token as their followers; their tokens are not taken yet. */
ps_request_list ps_join_split(ps_lane *lane, ps_request *leader);
/* The answer is there, for its followers, too, each of which gets a hold on the child. Moves all to `results`.
 * [mutex] */
void ps_join_deliver(ps_request *request, ps_request_list *results);

#endif
