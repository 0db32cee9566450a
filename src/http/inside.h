/* What client.c and loop.c share: one client for each server, and the loop that drives those that belong together. */
#ifndef PERSAMP_HTTP_INSIDE_H
#define PERSAMP_HTTP_INSIDE_H

#include "http/away.h"
#include "http/queue.h"

#include <stdatomic.h>

typedef struct ps_http_loop {
    CURLM *multi;
    ps_http *first; /* the clients, linked by `next` … */
    size_t n;       /* … so many */
    ps_http_list done, delivered;
    ps_http_reply *replies; /* of the last poll */
    size_t reply_capacity;
    uint64_t n_submitted;
    atomic_bool woken;
    bool at_work;  /* libcurl is: on_bytes may be calling us */
    bool all_away; /* it was said that none answers */
    bool lost;     /* all were away for too long … */
    ps_error why;  /* … says this */
} ps_http_loop;

struct ps_http {
    ps_transfer_setup setup;
    ps_http_rules rules;
    size_t max_under_way;
    ps_http_loop *loop;
    ps_http *next; /* in the loop */
    ps_away away;
    ps_log log;
    ps_http_list probes, waiting, pausing, under_way;
    size_t n_requests;    /* submitted and not yet delivered */
    ps_http_item *health; /* asks after a server that is gone or silent; in under_way while it does, else in no list */
    ps_transfer *idle;    /* those without work */
    double heard;         /* when a byte last came, or when the first of those under way went out */
    double quiet_s;
    bool retired;
    uint64_t seed, draws; /* of the pauses */
};

/* ---- loop.c -------------------------------------------------------------- */

ps_http_loop *ps_http_loop_create(void); /* NULL: no memory */
void ps_http_loop_join(ps_http_loop *loop, ps_http *http);
/* The last to leave takes it away. Its requests are in no list of its own any more. */
void ps_http_loop_leave(ps_http *http);

/* ---- client.c ------------------------------------------------------------ */

double ps_http_now(const ps_http *http);
/* Send what may go. */
void ps_http_send(ps_http *http, double now);
bool ps_http_may_send(const ps_http *http);
void ps_http_end_pauses(ps_http *http, double now);
/* One on the wire is over, as `outcome` says. */
void ps_http_settle(ps_http *http, ps_http_item *item, const ps_transfer_outcome *outcome, double now);
/* Close the connections of what ran out of time or was cancelled by an on_bytes. */
void ps_http_cut_off(ps_http *http, double now);
/* When, by the client's clock, there is something to do though no byte comes. */
double ps_http_next_time(const ps_http *http);

#endif
