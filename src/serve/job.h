/* One request while it is served: what was asked, what came of it, and what its stream has not sent yet. Shared by the
 * connection's thread and the solver's; see the fields for who may touch what. */
#ifndef PERSAMP_SERVE_JOB_H
#define PERSAMP_SERVE_JOB_H

#include "persamp/run.h"
#include "serve/picture.h"
#include "serve/queue.h"
#include "serve/request.h"

#include <microhttpd.h>
#include <time.h>

typedef struct ps_job {
    ps_queued queued; /* first: what the queue holds */
    /* Written once, before the job is queued: */
    ps_api_request request;
    ps_session *session;
    ps_problem problem; /* its messages and texts are the request's */
    uint64_t seed;
    uint64_t max_tokens; /* that its search may cost */
    const char *model;   /* its name, of the catalogue */
    char id[40];
    time_t created;
    double arrived;     /* ps_now() */
    size_t event_bytes; /* of events since progress_at; the solver's thread alone */
    /* Under the server's lock: */
    unsigned references;            /* the connection, its stream, the queue or the solver */
    struct ps_job *next, *previous; /* among all jobs that have a connection */
    enum { PS_JOB_WAITING, PS_JOB_RUNNING, PS_JOB_READING, PS_JOB_OVER } state;
    bool abandoned;      /* nobody waits for it any more: give it up */
    bool told;           /* … and the solver has been told */
    bool gone;           /* the client has closed its connection */
    ps_outcome *outcome; /* once it is over; NULL: `error` says why. The reader's alone from then on */
    ps_api_error error;
    struct MHD_Connection *connection; /* that waits for it, while `suspended` */
    int socket;
    bool suspended;
    double quiet_since;      /* when the connection last got something, or was suspended for the first time */
    bool ping;               /* it has been quiet for long: show that somebody is here */
    bool begin;              /* a stream may begin: something has come, or it has waited for long */
    ps_text progress, event; /* the newest that has not been taken; "" when it has */
    double progress_at;
    ps_sketch sketch; /* of its search, where the request wants pictures */
    bool picture;     /* it shows more than what was drawn last, and a picture is due */
} ps_job;

#endif
