/* The inside of a server. One lock for all that its threads share; what it guards is small, and nothing long is done
 * under it. Order of locks: the server's, then those of the solver's waker and of libmicrohttpd. */
#ifndef PERSAMP_SERVE_SERVER_H
#define PERSAMP_SERVE_SERVER_H

#include "persamp/serve.h"
#include "serve/job.h"
#include "serve/keys.h"
#include "serve/metrics.h"
#include "serve/plan.h"
#include "serve/sessions.h"

#include <pthread.h>

/* A connection, while it lives: kept by MHD's notifications. */
typedef struct ps_connection {
    struct ps_connection *next, *previous;
    int socket;
    double deadline; /* by when a whole request must be here; INFINITY while one is answered */
} ps_connection;

struct ps_server {
    /* Written once: */
    ps_config *config;
    ps_log log;
    ps_keys keys;
    int listener;
    unsigned port;
    char address[64], url[96];
    struct MHD_Daemon *daemon;
    pthread_t watcher;
    bool watches;
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* a clock that never goes back: for the watcher, and for who waits that all is quiet */
    /* Under the mutex: */
    ps_models *models; /* NULL: still loading, or over */
    ps_catalogue catalogue;
    ps_sessions sessions;
    ps_solver *solver; /* NULL where nobody polls */
    size_t planning;   /* threads that make a session over the models */
    ps_queue queue;
    size_t reading;             /* jobs whose place is free and whose answers are being read */
    ps_job *jobs;               /* all that have a connection */
    ps_connection *connections; /* all */
    bool stopping, quit;        /* quit: the watcher is to end */
    double stop_at;             /* ps_now() at which what is left is given up; INFINITY: not stopping */
    ps_metrics metrics;
};

/* ---- The lock ------------------------------------------------------------ */

void ps_server_lock(ps_server *server);
void ps_server_unlock(ps_server *server);
void ps_server_wait(ps_server *server, double seconds); /* for `changed`; the lock is held before and after */

/* ---- Jobs (jobs.c); with the lock held, unless it says otherwise --------- */

ps_job *ps_job_create(void); /* without the lock; NULL without memory. One reference, the connection's */
/* One reference less. Whoever lets go of the last one gets the job back, to free it without the lock. */
ps_job *ps_job_release(ps_job *job);
void ps_job_free(ps_job *job); /* without the lock; NULL is fine */

/* The connection of this job waits from now on, or goes on. */
void ps_job_suspend(ps_job *job, struct MHD_Connection *connection);
void ps_job_resume(ps_job *job);

/* Queue it; 429 in *err where the key has too many. */
bool ps_job_queue(ps_server *server, ps_job *job, ps_api_error *err);
/* Nobody waits for it any more. Returns what is to be freed without the lock. */
ps_job *ps_job_abandon(ps_server *server, ps_job *job);
/* Its search is over: the place is another's. What came of it is still to be read. */
void ps_job_leave(ps_server *server, ps_job *job);
/* It is over, with an outcome (taken over) or an error. Returns what is to be freed without the lock. */
ps_job *ps_job_over(ps_server *server, ps_job *job, ps_outcome *outcome, const ps_api_error *error);

/* ---- Parts --------------------------------------------------------------- */

/* The daemon of libmicrohttpd over server->listener (daemon.c). */
ps_status ps_daemon_start(ps_server *server, ps_error *err);
/* The answer of a stream as its reader goes (stream.c); NULL without memory. With the lock not held. */
struct MHD_Response *ps_stream_response(ps_server *server, ps_job *job);
/* The thread that looks after quiet connections (watch.c). */
void *ps_watch(void *server);
/* Submit and poll until the server is to stop (loop.c). */
ps_status ps_loop(ps_server *server, ps_solver *solver, ps_error *err);

#endif
