/* The body of a request, read: every field that the API has and its refusals, without a model, a clock or a
 * connection. docs/serve.md has the table of fields. */
#ifndef PERSAMP_SERVE_REQUEST_H
#define PERSAMP_SERVE_REQUEST_H

#include "persamp/engine.h"
#include "serve/api_error.h"

/* reasoning_effort; minimal is low and xhigh is high. */
typedef enum ps_effort { PS_EFFORT_UNSET, PS_EFFORT_NONE, PS_EFFORT_LOW, PS_EFFORT_MEDIUM, PS_EFFORT_HIGH } ps_effort;

/* A configuration key that a request sets for itself; `value` as ps_config_set takes it. */
typedef struct ps_api_setting {
    const char *key, *value;
} ps_api_setting;

/* Texts and arrays lie in `arena`, which the request owns. */
typedef struct ps_api_request {
    ps_arena *arena;
    bool chat;                       /* else a raw prompt */
    const char *model;               /* NULL: whichever is the first */
    const ps_chat_message *messages; /* chat: [n_messages] of system, user and assistant */
    size_t n_messages;
    const char *prompt;  /* else */
    uint64_t max_tokens; /* of the answer shown; 0: no limit of its own */
    size_t n;            /* ≥ 1: choices wanted */
    bool has_seed;
    uint64_t seed;             /* below 2^63 */
    double temperature, top_p; /* NaN: not given */
    const char *const *stops;  /* [n_stops], none empty */
    size_t n_stops;
    ps_effort effort;
    double budget_answers;      /* persamp.budget "8x": mean answers; 0: not given so */
    uint64_t budget_tokens;     /* likewise as a number of tokens */
    bool stream, usage, events; /* usage: a last chunk of a stream tells it; events: one an iteration in the stream */
    bool picture;               /* persamp.picture: the pool as it grows, drawn, in the stream */
    const ps_api_setting *settings; /* [n_settings] under persamp, of keys that the schema marks REQUEST */
    size_t n_settings;
} ps_api_request;

/* Read a body of `length` bytes. False: *err says what to answer, and *request needs no clear. Any bytes are fine. */
bool ps_api_request_parse(const char *body, size_t length, bool chat, ps_api_request *request, ps_api_error *err);
void ps_api_request_clear(ps_api_request *request); /* resets to {0} */

#endif
