/* An engine that holds requests back until a test lets them go, over another that answers them. It waits, wakes,
 * cancels and calls as an engine with threads does, so that a test decides what is under way when. */
#ifndef PERSAMP_TESTS_SUPPORT_SLOW_ENGINE_H
#define PERSAMP_TESTS_SUPPORT_SLOW_ENGINE_H

#include "persamp/engine.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct slow_engine {
    ps_engine base; /* first: &slow.base is the engine */
    ps_engine *inner;
    /* What a test sets: */
    atomic_size_t pace; /* from any thread: requests let go by each poll that finds any; 0: none, ever */
    /* What a test reads: */
    ps_extend_request *held; /* [n_held] in order of submission */
    size_t n_held, held_capacity;
    size_t begun; /* calls of ps_engine_begin */
    size_t held_at_begin;
    size_t cancelled;
    /* Its own: */
    ps_event *events;
    size_t events_capacity;
    uint64_t *dropped; /* tags of cancelled requests, until the next poll */
    size_t n_dropped, dropped_capacity;
    pthread_mutex_t mutex;
    pthread_cond_t called;
    bool woken;
} slow_engine;

/* pace SIZE_MAX: it holds nothing back. ps_engine_free(&slow->base) frees what it holds, not `inner`. */
void slow_engine_init(slow_engine *slow, ps_engine *inner);

#endif
