/* Requests to an HTTP server over libcurl, many at once, driven by one thread: whoever calls ps_http_poll. Clients of
 * several servers can be driven together, each with its own absences and its own line of requests. What a
 * failure means is decided here: what may be tried again is tried again, with growing pauses; while the server is away
 * its requests wait; an answer comes once. Nothing here knows what the bodies say.
 *
 *   failure                                             what happens
 *   400 401 403 404 and other 4xx, a redirect, TLS,     PS_HTTP at once
 *   an encoded or too large answer, no HTTP
 *   no answer within timeout_s                          once more, then PS_HTTP
 *   reset or closed on a connection used before         again at once
 *   500 and other 5xx, reset, closed early              `retries` more times, then PS_HTTP
 *   408 429 502 503 504                                 again until outage_s has passed since it first failed so; once
 *                                                       its `retries` are used up and no request of anyone's has been
 *                                                       answered meanwhile, the server is away
 *   refused, no such name, no connection in connect_s   the server is away
 *
 * Pauses are half a second, doubling up to 30, or what Retry-After asks for up to 120, and up to half as much more, by
 * chance. The server is away until GET /health, asked at pauses of up to twelve seconds, is answered by anything but
 * 408, 429 or 5xx.
 *
 * Of several that are driven together one that is away holds up no other: its owner moves what waits for it. A request
 * without an answer in time then sends its server away at once (but the second time it fails, as above), and a server
 * that has requests under way and says nothing for quiet_s is asked GET /health, which it has ten seconds to answer.
 *
 * The first client of a process sets libcurl up (curl_global_init, under pthread_once); it is never torn down, for the
 * program may use libcurl itself. libcurl takes its memory from malloc, and where it has none a request is PS_NOMEM. */
#ifndef PERSAMP_HTTP_CLIENT_H
#define PERSAMP_HTTP_CLIENT_H

#include "persamp/base.h"

typedef struct ps_http ps_http;

/* Time as the client sees it: deadlines, pauses, outages. Tests have one of their own. What goes by the system's clock
 * all the same: how long a poll waits, connect_s and idle_s, which libcurl measures. */
typedef struct ps_http_clock {
    double (*now)(void *user); /* seconds, monotone */
    void *user;
} ps_http_clock;

typedef struct ps_http_options {
    const char *base_url;       /* http:// or https://, without user and password; a path in front of /v1 is kept */
    const char *key;            /* sent as "Authorization: Bearer KEY" to this origin only; NULL: none */
    bool allow_plain_key;       /* the key may go over http:// to another machine */
    size_t max_under_way;       /* requests on the wire at once, ≥ 1; others wait in line */
    double connect_s;           /* name, connection and TLS; 0: 10 */
    double idle_s;              /* connections idle for as long are not used again, in whole seconds; 0: 3 */
    int retries;                /* of one request, ≥ 0, for what may be tried again */
    double outage_s;            /* the server may be away for as long; then ps_http_poll fails with PS_HTTP */
    size_t max_body;            /* bytes of an answer; 0: 64 MiB */
    const ps_http_clock *clock; /* NULL: the system's. Clients that are driven together have the same */
    ps_log log;
    ps_http *beside; /* drive it together with this client; NULL: alone */
    double quiet_s;  /* of several: how long a server may say nothing; 0: 30 */
} ps_http_options;

/* PS_ARG: the address, the key or a limit is not usable; the message says why, without the key or a password. Nothing
 * is sent. What `options` points to is copied, but for the clock and the log. Not within on_bytes. */
ps_status ps_http_create(const ps_http_options *options, ps_http **http, ps_error *err);
/* Closes all its connections at once, whatever is under way, and drops its replies; those beside it go on. NULL is
 * fine.
 */
void ps_http_free(ps_http *http);

typedef struct ps_http_request {
    const char
        *path; /* under /v1 ("/v1/completions") or beside it ("/tokenize"); the prefix of base_url is put before */
    const char *body; /* [length] JSON, copied; NULL: GET */
    size_t length;
    double timeout_s; /* once it is on the wire: no answer in this time is a failure. > 0 */
    bool probe;       /* goes out at once, although the server is thought to be away, and is tried once */
    uint64_t tag;     /* the caller's own */
    /* OPTIONAL. Bytes of the body of a 2xx as they come, in the driving thread; the reply has them all together, too.
     * False closes the connection: the reply is then a success with `cut`, and body is NULL. After a failure it is
     * called anew from the first byte; `attempt`, from 1, counts up then. It may call ps_http_submit, _cancel and
     * _wake. */
    bool (*on_bytes)(void *user, unsigned attempt, const char *bytes, size_t n);
    void *user;
} ps_http_request;
/* PS_ARG, PS_NOMEM: there will be no reply. */
ps_status ps_http_submit(ps_http *http, const ps_http_request *request, ps_error *err);

/* One finished request; pointers live until the next call of ps_http_poll. */
typedef struct ps_http_reply {
    uint64_t tag;
    ps_status status;    /* PS_OK: `code` is 200 to 299. PS_HTTP: it will not succeed (never tried again, or tried often
                            enough). PS_CANCELLED. PS_NOMEM */
    const char *message; /* unless PS_OK: what happened, with the server's own words (at most 500 bytes, control
                            characters escaped); never NULL */
    int code;            /* HTTP's; 0: none came */
    const char *body;    /* [length], NUL-terminated, also of an error that has one; NULL: none came. In the body of an
                            error the key, should the server repeat it, is overwritten by stars */
    size_t length;
    bool cut;          /* on_bytes had enough */
    double seconds;    /* on the wire, of the attempt that counted */
    unsigned attempts; /* that reached the server */
} ps_http_reply;

/* Drive: send what there is to send, receive, wait for a reply at most `seconds` (0: not at all; INFINITY), no longer
 * once ps_http_wake is called, the server has returned or, of several, one has gone. With others beside it all of them
 * are driven, and all their replies come. Cost: a look at each request under way. PS_HTTP: the server, or every one of
 * several, was away for longer than outage_s; the message names it and the time; nothing goes on after that. PS_NOMEM:
 * poll again, nothing is lost. */
ps_status ps_http_poll(ps_http *http, double seconds, const ps_http_reply **replies, size_t *n, ps_error *err);
void ps_http_wake(ps_http *http); /* from any thread; not lost when it comes before the poll */

/* Give up every request with this tag: its connection is closed, and its reply (PS_CANCELLED) comes with the next poll.
 */
void ps_http_cancel(ps_http *http, uint64_t tag);

/* The server came back after it was away: before any waiting request goes out, its owner may want to see whether it is
 * still the same. True once after each return; then only probes go out until ps_http_admit. A probe that finds the
 * server failing sends it away again: there will be another return, and admitting before it does nothing. */
bool ps_http_returned(ps_http *http);
void ps_http_admit(ps_http *http);
void ps_http_doubt(ps_http *http); /* as if it had just returned; for the beginning */

/* ---- Several servers ----------------------------------------------------- */

/* Requests go out to it: it is neither away nor, since it returned, waiting to be admitted, nor retired. */
bool ps_http_is_present(const ps_http *http);

/* Give the request with this tag to another client, from the beginning: what has come of it is forgotten, and on_bytes
 * counts one attempt more. False: there is none, it is a probe, or its reply is there. Not within on_bytes. */
bool ps_http_move(ps_http *from, uint64_t tag, ps_http *to);
/* The same of a request whose reply the last poll brought, which is gone with that; there will be another. */
bool ps_http_resend(ps_http *from, uint64_t tag, ps_http *to);

/* Out of use for good: nothing goes out to it, nobody asks after it, and that it is away counts no more. What stands in
 * its lines comes back as PS_CANCELLED. */
void ps_http_retire(ps_http *http);

#endif
