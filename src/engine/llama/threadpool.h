/* ggml's threads for a context. Left to itself libllama starts them anew for every batch, and ends the process where
 * the system has no more threads; a pool of the context's own is started once, under guard. */
#ifndef PERSAMP_ENGINE_LLAMA_THREADPOOL_H
#define PERSAMP_ENGINE_LLAMA_THREADPOOL_H

#include <llama.h>
#include <stdbool.h>
#include <stddef.h>

/* How long a thread of the pool looks for the next operation before it sleeps, from 0 to ggml's 100. */
enum { PS_THREADPOOL_POLL = 50 };

/* A pool of `threads` for the context, attached; NULL where one thread does, this ggml has no pools, or they cannot be
 * started. */
struct ggml_threadpool *ps_threadpool_attach(struct llama_context *context, int threads, unsigned poll);
/* After the context is freed; NULL is fine. */
void ps_threadpool_free(struct ggml_threadpool *pool);

#endif
