/* What the engine asks of libllama, told to whoever listens: benchmarks that do the same again without the rest of the
 * program, tests that look in between two batches. Nobody else pays more than a look at a pointer.
 *
 * Set ps_llama.trace once the engine is made and before anything is submitted. Calls come from the thread that runs the
 * lane, which does not hold the engine's mutex in `batch` and may hold it in the others. Calls of one lane are in
 * order. */
#ifndef PERSAMP_ENGINE_LLAMA_TRACE_H
#define PERSAMP_ENGINE_LLAMA_TRACE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct ps_lane ps_lane; /* lane.h */

typedef struct ps_llama_trace {
    /* lane->batch is decoded next. rested: nobody had run the lane for a while. */
    void (*batch)(void *user, const ps_lane *lane, bool rested);
    /* Positions 0 … n − 1 of sequence `from` were copied to sequence `to`. OPTIONAL, as the next. */
    void (*copy)(void *user, const ps_lane *lane, int from, int to, size_t n);
    /* Positions from n on were removed from a sequence. */
    void (*remove)(void *user, const ps_lane *lane, int sequence, size_t n);
    void *user;
} ps_llama_trace;

static inline void ps_llama_trace_copy(const ps_llama_trace *t, const ps_lane *lane, int from, int to, size_t n) {
    if (t != NULL && t->copy != NULL) t->copy(t->user, lane, from, to, n);
}

static inline void ps_llama_trace_remove(const ps_llama_trace *t, const ps_lane *lane, int sequence, size_t n) {
    if (t != NULL && t->remove != NULL) t->remove(t->user, lane, sequence, n);
}

#endif
