/* An engine that passes every call on to another and fails where a test says. */
#ifndef PERSAMP_TESTS_SUPPORT_FAULTY_ENGINE_H
#define PERSAMP_TESTS_SUPPORT_FAULTY_ENGINE_H

#include "persamp/engine.h"

typedef struct faulty_engine {
    ps_engine base;    /* first: &faulty.base is the engine */
    ps_engine_ops ops; /* what `inner` can, this one can */
    ps_engine *inner;  /* borrowed */
    /* Which extension fails; child 0: none. */
    uint64_t problem;   /* its key.problem */
    uint64_t child;     /* its key.id */
    bool at_submission; /* ps_engine_extend says "refused"; else the event's message is "broken off" */
    /* In place of every log-probability under the model; 0: those of the inner engine. */
    double logp;
    /* The poll, counted from 1, from which on the engine is lost; 0: never. */
    size_t lost_at;
    /* Its own: */
    size_t n_polls;
    bool armed; /* the request to fail is under way */
    uint64_t tag;
    ps_event *events; /* owned */
    size_t event_capacity;
    double logps[32]; /* all the same; steps of more tokens pass as they are */
} faulty_engine;

/* Without a fault: the test sets those it wants. ps_engine_free(&faulty->base) frees what it holds, not `inner`. */
void faulty_engine_init(faulty_engine *faulty, ps_engine *inner);

#endif
