/* What follows from a failure. Pure: no clock, no connection, no memory. client.h has the table that this is. */
#ifndef PERSAMP_HTTP_RETRY_H
#define PERSAMP_HTTP_RETRY_H

#include "persamp/base.h"

#include <curl/curl.h>

/* What came of one attempt. */
typedef enum ps_http_kind {
    PS_HTTP_GOOD,      /* 2xx */
    PS_HTTP_FINAL,     /* the same would come again */
    PS_HTTP_BUSY,      /* the server cannot now, whoever asks */
    PS_HTTP_BROKEN,    /* it failed at this request, or the connection broke */
    PS_HTTP_LATE,      /* no answer in time */
    PS_HTTP_STALE,     /* the connection had been given up by the server before the request came */
    PS_HTTP_UNREACHED, /* no connection came about */
    PS_HTTP_NO_MEMORY
} ps_http_kind;

ps_http_kind ps_http_kind_of_code(int code);

/* Of an attempt that ended without an answer by HTTP. `sent`: there was a connection; `reused`: it had served before;
 * `heard`: a byte of an answer came. */
ps_http_kind ps_http_kind_of_curl(CURLcode code, bool sent, bool reused, bool heard);

/* Seconds that a Retry-After asks for: a number, or an HTTP date seen from `now`, in seconds since 1970. At least 0; −1
 * where it says nothing of use. */
double ps_http_retry_after(const char *value, int64_t now);

/* Pause number `n`, from 1: half a second, doubling up to 30; `retry_after` where that is longer, of it at most 120;
 * and the share `u`/2 of it, u in (0, 1), so that those who failed together do not come back together. */
double ps_http_pause(unsigned n, double retry_after, double u);

/* What a request has been through. Start with {0}. */
typedef struct ps_http_tries {
    unsigned broken, late;
    unsigned busy;      /* in all */
    double busy_since;  /* the first of them */
    unsigned round;     /* of them, since … */
    double round_since; /* … the server was last in doubt */
} ps_http_tries;

typedef enum ps_http_what {
    PS_HTTP_GIVE_UP, /* also: it is good */
    PS_HTTP_AGAIN,
    PS_HTTP_AWAY /* the request waits for the server to return */
} ps_http_what;

typedef struct ps_http_verdict {
    ps_http_what what;
    double after_s; /* AGAIN: wait so long before */
} ps_http_verdict;

typedef struct ps_http_rules {
    int retries;
    double outage_s;
    bool others; /* there are other servers: who is late is away */
} ps_http_rules;

/* Take one more failure in. `now`: the client's clock; `last_good`: when any request was last answered, −INFINITY:
 * never; `retry_after` as above; `u` as in ps_http_pause. */
ps_http_verdict ps_http_retry(const ps_http_rules *rules, ps_http_tries *tries, ps_http_kind kind, double now,
                              double last_good, double retry_after, double u);

#endif
