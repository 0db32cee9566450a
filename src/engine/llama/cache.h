/* The KV cache of a lane as a table of sequences: which request works in which, what is kept, what is dropped. All of
 * it belongs to the thread that runs the lane. */
#ifndef PERSAMP_ENGINE_LLAMA_CACHE_H
#define PERSAMP_ENGINE_LLAMA_CACHE_H

#include "engine/llama/request.h"

/* A sequence of libllama's: a path of the tree from the root down to `tip`, computed as far as n tokens. */
typedef struct ps_sequence {
    ps_llama_node *tip; /* the deepest node it passes through; NULL: free */
    size_t n;           /* tokens it has in the cache: positions 0 … n − 1 of the path */
    ps_request *user;   /* NULL: idle */
    uint64_t last_use;  /* on the lane's clock */
    uint64_t round;     /* of its root when it was last used */
} ps_sequence;

/* Give the request a sequence that holds as much of its path as any does. False: not now (another request is just
 * computing what it needs, no sequence is free, or there is no room beside what older problems hold). */
bool ps_cache_enter(ps_lane *lane, ps_request *request);
/* The request's sequence has `n` more tokens. Returns how many of these were prefill: given tokens, and generated ones
 * that had been computed before. */
size_t ps_cache_advance(ps_lane *lane, ps_request *request, size_t n);
/* The request goes on in another child, below its old one. */
void ps_cache_follow(ps_lane *lane, ps_request *request);
/* The request is done with its sequence. keep_tip: the child stays cached, else only its ancestors. */
void ps_cache_leave(ps_lane *lane, ps_request *request, bool keep_tip);
/* The request loses its sequence and all that only it held. */
void ps_cache_drop(ps_lane *lane, ps_request *request);
/* A node is about to be freed. */
void ps_cache_forget(ps_lane *lane, ps_llama_node *node);
/* Free cells for the problem of `root` by shortening the idle sequence least worth keeping, not one that an older
 * problem is about to choose from; NULL: whatever there is. False: none is left. */
bool ps_cache_shrink(ps_lane *lane, const ps_llama_node *root);
/* Drop sequences that were idle for longer than the lane's time to live. */
void ps_cache_expire(ps_lane *lane);

/* Keep the logits after a node's last token and, unless it is NULL, the hidden state they come from; failure to
 * allocate only costs a recomputation. */
void ps_cache_keep_logits(ps_lane *lane, ps_llama_node *node, const float *logits, const float *state);
void ps_cache_touch_logits(ps_lane *lane, ps_llama_node *node); /* they are used: the last to be dropped */

#endif
