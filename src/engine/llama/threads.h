/* A few threads that do a list of like things together, for one that would be late alone: a lane draws hundreds of
 * tokens from vocabularies of 150,000 after every batch. Internal to the engine room. */
#ifndef PERSAMP_ENGINE_LLAMA_THREADS_H
#define PERSAMP_ENGINE_LLAMA_THREADS_H

#include "persamp/base.h"

typedef struct ps_crew ps_crew;

/* A crew of `size` ≥ 1 members: the caller, member 0, and size − 1 threads that sleep between runs. The threads are
 * started by the first run of more than one thing; a thread that cannot be started is done without. */
ps_status ps_crew_create(size_t size, ps_crew **crew, ps_error *err);
void ps_crew_free(ps_crew *crew); /* NULL is fine */
size_t ps_crew_size(const ps_crew *crew);

/* Call task(context, i, member) once for each i < n, in any order and at once, and return when all are done. What runs
 * as one member never overlaps: scratch space can be had per member. One run at a time. */
void ps_crew_run(ps_crew *crew, size_t n, void (*task)(void *context, size_t i, size_t member), void *context);

#endif
