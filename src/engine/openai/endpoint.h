/* The servers that have the model. A problem belongs to one of them, which keeps its prefix in its cache, until that is
 * gone: then it goes on at another, with the same bodies, so with the same seeds and tokens.
 *
 * They are of one kind: a seed draws other tokens at vLLM than at llama-server, and what one can the other may not. */
#ifndef PERSAMP_ENGINE_OPENAI_ENDPOINT_H
#define PERSAMP_ENGINE_OPENAI_ENDPOINT_H

#include "engine/openai/limit.h"
#include "engine/openai/step.h"
#include "http/client.h"

struct ps_remote;
struct ps_remote_call;

typedef struct ps_remote_endpoint {
    const char *url;
    ps_http *http;
    bool known;            /* it was seen to have the model */
    bool present;          /* it was there when the driving thread last looked: the client is that thread's alone */
    bool refused;          /* for good … */
    bool retires;          /* … and its client is to be told */
    bool checking;         /* it is being asked whether it has the model */
    size_t context, slots; /* as it says; 0: not told */
    ps_remote_limit limit;
    ps_remote_steps waiting; /* to be sent */
    bool vacant;             /* all that lay here while it was away has been moved */
    double load;             /* as it was when somebody last looked */
    size_t problems;         /* that were given to it, moved ones among them */
    ps_engine_server told;   /* counters */
} ps_remote_endpoint;

/* Requests can be sent to it now. */
bool ps_remote_is_usable(const ps_remote_endpoint *endpoint);
/* Any that is usable, the least busy; where none is, any that may become so. [mutex] */
ps_remote_endpoint *ps_remote_any(struct ps_remote *engine);

/* Give a root to the endpoint with the fewest tokens outstanding for each sequence that it runs at once; among equals
 * to the one that has had the fewest problems. A problem counts with what it asked in its newest round: between rounds
 * it is about to ask for as much again. Cost: a look at each root. [mutex] */
void ps_remote_place(struct ps_remote *engine, ps_remote_node *root);
/* … to another than it has, where another is usable; false: none is. [mutex] */
bool ps_remote_place_elsewhere(struct ps_remote *engine, ps_remote_node *root);
/* A step of the root asks for at most so many tokens in this round. [mutex] */
void ps_remote_asked(struct ps_remote *engine, ps_remote_node *root, size_t tokens);

/* Steps of this root that are to be sent. [mutex] */
ps_remote_steps *ps_remote_waiting(const ps_remote_step *step);

/* What lies at endpoints that are away goes on at others, if there are any. [mutex] */
void ps_remote_rehome(struct ps_remote *engine);
/* A request that failed by its server's fault is sent once more, elsewhere. True: it is under way again. [mutex] */
bool ps_remote_try_elsewhere(struct ps_remote *engine, struct ps_remote_call *call, const ps_http_reply *reply);
/* Nothing goes there any more, and the others go on; without others the engine is lost. `why` names the endpoint.
 * [mutex] */
void ps_remote_refuse_endpoint(struct ps_remote *engine, ps_remote_endpoint *endpoint, const char *why);

#endif
