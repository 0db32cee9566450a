/* Is the server there? A state machine without a connection: it is told what came of requests, and says when to ask
 * after the server, when to say something, and when it has been away for too long.
 *
 *              a failure                    /health, or a probe, is answered
 *   PRESENT ------------------> GONE -------------------------------------------> RETURNED --> PRESENT
 *                                ^                 a probe fails                     |   admitted
 *                                '---------------------------------------------------'
 *
 * An outage begins with the first failure and ends when a request is answered: so a proxy whose /health is fine while
 * the server behind it is dead does not end it. */
#ifndef PERSAMP_HTTP_AWAY_H
#define PERSAMP_HTTP_AWAY_H

#include "persamp/base.h"

typedef enum ps_away_state { PS_AWAY_PRESENT, PS_AWAY_GONE, PS_AWAY_RETURNED } ps_away_state;

typedef struct ps_away {
    const char *base; /* the server's name in messages; borrowed */
    double outage_s;
    ps_log log;
    ps_away_state state;
    uint64_t turn;    /* counts how often it was taken for gone: what was sent in an earlier turn tells nothing of it */
    bool outage;      /* one goes on … */
    double since;     /* … from here */
    double seen;      /* when it last failed */
    double next_ask;  /* GONE: when to ask after it */
    unsigned asked;   /* so often in vain */
    double next_word; /* of an outage: when to say again that it lasts */
    double last_good; /* when a request was last answered; −INFINITY: never */
    bool tell_returned; /* its owner was not told yet */
    uint64_t changes;   /* how often it went or came back */
    bool others;        /* there are other servers for its requests */
    char why[384];      /* the newest failure */
} ps_away;

void ps_away_init(ps_away *away, const char *base, double outage_s, ps_log log);

/* The server failed a request of this turn, and has done so from `since` on. `u` in (0, 1) is for the pause before it
 * is asked after. */
void ps_away_fail(ps_away *away, uint64_t turn, double now, double since, const char *why, double u);
/* It answered a request of this turn. */
void ps_away_answered(ps_away *away, uint64_t turn, double now);
/* Nobody knows yet whether it is the right one: as after a return. */
void ps_away_doubt(ps_away *away);
/* It was asked after: it is there (`why` NULL), or why not. */
void ps_away_asked(ps_away *away, double now, const char *why, double u);
/* Its owner lets the waiting requests go, of which there are n. */
void ps_away_admit(ps_away *away, double now, size_t n);

/* Say what is to be said, at its time. PS_HTTP: it was found away when it had been for outage_s; time in which nobody
 * asked after it does not count alone. */
ps_status ps_away_check(ps_away *away, double now, size_t n_waiting, ps_error *err);
/* When there is something to say or (unless somebody is `asking` already) to ask; INFINITY: never. */
double ps_away_next(const ps_away *away, bool asking);

#endif
