/* A thread pool: a few threads that do a list of like things together. A lane draws with it, hundreds of tokens from
 * vocabularies of 150,000 after every batch: a single thread would be the slowest part of a step. */
#ifndef PERSAMP_ENGINE_LLAMA_THREADS_H
#define PERSAMP_ENGINE_LLAMA_THREADS_H

#include "persamp/base.h"

typedef struct ps_threads ps_threads;

/* A pool of `count` ≥ 1 workers: the caller, worker 0, and count − 1 threads that sleep between runs. The threads are
 * started by the first run of more than one thing; a thread that cannot be started is done without. */
ps_status ps_threads_create(size_t count, ps_threads **threads, ps_error *err);
/* How many of n more threads could be started now, all at once. Takes some 20 µs for each. */
size_t ps_threads_can_start(size_t n);
void ps_threads_free(ps_threads *threads); /* NULL is fine */
size_t ps_threads_count(const ps_threads *threads);

/* Call task(context, i, worker) once for each i < n, in any order and at once, and return when all are done. What runs
 * as one worker never overlaps: scratch space can be had per worker. One run at a time. */
void ps_threads_run(ps_threads *threads, size_t n, void (*task)(void *context, size_t i, size_t worker), void *context);

#endif
