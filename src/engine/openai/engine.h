/* The remote engine, inside: its one struct, and who may touch what.
 *
 *     ops.c       the table of engine.h: submit, poll, wake, cancel     start.c     who answers there, what it can
 *     driver.c    the thread that drives: what comes in and goes out    same.c      … and whether it is still the same
 *     ask.c       requests for tokens, and what came of them            prompt.c    from messages or text to a root
 *     call.c      any request under way, and whom it is for             errand.c    questions that a caller waits for
 *     step.c      one step: 1 … k requests, the matcher decides         tree.c      nodes
 *     group.c     siblings become choices of one request; seeds         stops.c     after what a server may end
 *     spelling.c  the bytes of ids                                      logq.c      log q from the likeliest tokens
 *     look_up.c   … asked of the server                                 limit.c     how much at once
 *     text.c      servers that tell text alone                          print.c     what a model is known by
 *     evaluate.c  given tokens, read where a caller wants               dialect.h   the kinds of servers
 *     endpoint.c  which problem is at which server
 *
 * Locking. One thread drives the connections and does all the work. `mutex` guards everything here but what is set
 * before that thread begins; it lets go of it only while it waits for the network and while it reads an answer. A
 * function marked [mutex] is called with it held. */
#ifndef PERSAMP_ENGINE_OPENAI_ENGINE_H
#define PERSAMP_ENGINE_OPENAI_ENGINE_H

#include "engine/openai/endpoint.h"
#include "engine/openai/group.h"
#include "engine/openai/print.h"
#include "persamp/engine_openai.h"

#include <pthread.h>
#include <sys/types.h>

typedef struct ps_remote ps_remote;
typedef struct ps_remote_call ps_remote_call;     /* call.h */
typedef struct ps_remote_prompt ps_remote_prompt; /* prompt.h */
typedef struct ps_remote_errand ps_remote_errand; /* errand.h */

struct ps_remote {
    ps_engine base; /* first: what the seam hands in is cast */

    /* Set at the start: */
    ps_remote_endpoint *endpoints; /* [n_endpoints]; what changes in them is guarded by the mutex, too */
    size_t n_endpoints;
    ps_remote_endpoint *first; /* the one that said which model it is */
    ps_http *http;             /* of any of them: to poll and to wake */
    const ps_dialect *dialect;
    const ps_dialect *kind; /* of the servers; spoken to by another where a proxy hides what it needs */
    ps_arena *kept;         /* of the strings here */
    const char *url;        /* of all of them, for messages */
    size_t most;            /* sequences at once that an endpoint is given; 0: its slots, or 64 */
    ps_remote_facts facts;
    const char *description, *identity;
    const char *no_template; /* why no chat becomes a prompt, in the server's words; NULL: it does */
    const char *no_text;     /* why no text is one; NULL: it is */
    ps_remote_print print;
    ps_remote_numbers numbers;
    unsigned can;
    size_t context;                                  /* tokens of an answer with its prompt */
    ps_token bos;                                    /* −1: none */
    ps_token separator;                              /* between runs that are looked up; −1: none was found */
    const char *separator_first, *separator_between; /* its text at the beginning, and elsewhere */
    double timeout_s;
    double tokens_per_second; /* of one sequence, when it was alone */
    ps_log log;
    bool started;  /* it is known who the server is */
    pid_t process; /* that made it: its thread is in no other */

    pthread_t thread;
    bool has_thread;
    pthread_mutex_t mutex;
    pthread_cond_t ready; /* results are there, a wake, an errand is done, the engine is lost */
    bool woken, closing, cancels;
    void (*on_ready)(void *user);
    void *on_ready_user;
    ps_error lost; /* code PS_OK, or why nothing goes on */
    ps_engine_stats stats;
    ps_remote_tree tree;
    uint64_t round;            /* of submissions */
    size_t under_way;          /* steps submitted and not finished */
    ps_remote_steps submitted; /* since the last poll or begin */
    ps_remote_steps inbox;     /* for the driving thread */
    ps_remote_prompt *prompts; /* … to be begun */
    ps_remote_prompt *being_made;
    ps_remote_errand *errands; /* … likewise */
    ps_remote_steps blocked;   /* whose prompt is being made */
    ps_remote_steps unspelled; /* that wait for the bytes of ids */
    ps_remote_steps unread;    /* evaluations, to be gone on with */
    ps_remote_steps results;   /* finished, not polled */
    bool merged;               /* that a system message is put into a user's has been said */
    bool told;                 /* results have come since somebody was told */
    ps_remote_call *calls;     /* under way */
    size_t usual_asked;        /* tokens of the newest round of any problem */
    ps_remote_spellings spellings;
    ps_arena *answer; /* the answer that is being read */
    ps_text body;     /* of the request that is being written */
    ps_token *path;   /* … its tokens */
    size_t path_capacity;
    uint64_t n_answers; /* that were read */

    /* Of the caller's thread alone: */
    ps_remote_steps delivered; /* by the last poll */
    ps_event *events;
    size_t events_capacity;
};

extern const ps_engine_ops ps_remote_ops; /* ops.c */

/* ---- driver.c ------------------------------------------------------------ */

/* Once round: wait for replies and take them in. [mutex]: let go of while it waits */
ps_status ps_remote_turn(ps_remote *engine, ps_error *err);

ps_status ps_remote_drive(ps_remote *engine, ps_error *err); /* start the thread */
void ps_remote_stop(ps_remote *engine);                      /* … and end it */

/* Nothing goes on: every poll says why. [mutex] */
void ps_remote_lose(ps_remote *engine, ps_status status, const char *message);

/* A step is over, well or not: its event. [mutex] */
void ps_remote_deliver(ps_remote *engine, ps_remote_step *step);
void ps_remote_deliver_failure(ps_remote *engine, ps_remote_step *step, ps_status status, const char *message);
/* What becomes of it by what it needs. [mutex] */
void ps_remote_go_on(ps_remote *engine, ps_remote_step *step, ps_status status, ps_remote_need need);
/* The prompt at the root of the step is there, or never will be. [mutex] */
void ps_remote_unblock(ps_remote *engine);

#endif
