/* One HTTP request under way, and what its reply is for. */
#ifndef PERSAMP_ENGINE_OPENAI_CALL_H
#define PERSAMP_ENGINE_OPENAI_CALL_H

#include "engine/openai/engine.h"

struct ps_remote_call {
    ps_remote_call *before, *after; /* of those under way */
    /* What is done with the reply. The call is freed after that, unless it was sent again. [mutex] */
    void (*done)(ps_remote *engine, ps_remote_call *call, const ps_http_reply *reply);
    ps_arena *arena;              /* of the call: what it needs until its reply is there */
    ps_remote_endpoint *endpoint; /* whom it is sent to */
    bool fixed;                   /* … and no other will do */
    bool moved;                   /* it failed at one and was sent to another */
    void *owner;                  /* a prompt or an errand; NULL: it is wanted no more */
    size_t index;                 /* of the owner's questions */
    /* Of a request for tokens: */
    ps_remote_ask ask;
    ps_remote_step **steps; /* [n_steps] by choice; NULL: given up */
    size_t n_steps;
    ps_remote_answer answer; /* what has come so far */
    double seconds;          /* … and the time it took */
    size_t missing;          /* the choice of which some is asked for again */
    bool again;              /* it was sent again */
    /* Of a request for spellings: */
    ps_remote_run *runs; /* [n_runs] */
    size_t n_runs;
    struct ps_remote_reading *reading; /* of text that is cut while it comes (text.h) */
};

/* A call that is to be sent, to whomever unless it is said; NULL: no memory. [mutex] */
ps_remote_call *ps_remote_call_new(ps_remote *engine,
                                   void (*done)(ps_remote *engine, ps_remote_call *call, const ps_http_reply *reply));
/* Empty engine->body, which is to be written. [mutex] */
void ps_remote_call_write(ps_remote *engine);
/* Send what stands in engine->body, or GET where that is empty. On failure the call is still the caller's. [mutex] */
ps_status ps_remote_call_send(ps_remote *engine, ps_remote_call *call, const char *path, double timeout_s, bool probe,
                              ps_error *err);
void ps_remote_call_cancel(ps_remote *engine, const ps_remote_call *call); /* its reply comes all the same. [mutex] */
void ps_remote_call_free(ps_remote *engine, ps_remote_call *call);         /* [mutex] */

/* What a reply means that is no success, in *err with the server's own words: PS_BUDGET: what was sent is too long;
 * PS_ENGINE: the server cannot do this one; PS_HTTP: it was never answered, or the key, the address or the model's name
 * are refused. PS_CANCELLED, PS_NOMEM. */
ps_status ps_remote_refusal(const ps_http_reply *reply, ps_error *err);
/* The same of a request of the run, which a refusal of the key, the address or the name ends. [mutex] */
ps_status ps_remote_refused(ps_remote *engine, const ps_http_reply *reply, ps_error *err);

#endif
