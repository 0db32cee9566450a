/* Requests to HTTP servers over libcurl, many at once, driven by one thread: whoever calls ps_http_poll. What a failure
 * means is decided here (docs/remote.md): what may be tried again is tried again, with growing pauses; while a server
 * is away its requests wait; an answer comes once. Nothing here knows what the bodies say. */
#ifndef PERSAMP_HTTP_CLIENT_H
#define PERSAMP_HTTP_CLIENT_H

#include "persamp/base.h"

typedef struct ps_http ps_http;

/* Time as the client sees it; tests have one of their own. */
typedef struct ps_http_clock {
    double (*now)(void *user); /* seconds, monotone */
    void *user;
} ps_http_clock;

typedef struct ps_http_options {
    const char *base_url;       /* http:// or https://, without user and password; a path in front of /v1 is kept */
    const char *key;            /* sent as "Authorization: Bearer KEY" to this origin only; NULL: none */
    bool allow_plain_key;       /* the key may go over http:// to another machine */
    size_t max_under_way;       /* requests on the wire at once, ≥ 1; others wait in line */
    double connect_s;           /* 0: 10 */
    double idle_s;              /* connections idle for longer are not used again; 0: 3 */
    int retries;                /* of one request, ≥ 0, for what may be tried again */
    double outage_s;            /* the server may be away for as long; then ps_http_poll fails with PS_HTTP */
    size_t max_body;            /* bytes of an answer; 0: 64 MiB */
    const ps_http_clock *clock; /* NULL: the system's */
    ps_log log;
} ps_http_options;

/* PS_ARG: the address or the key is not usable; the message says why. Nothing is sent. */
ps_status ps_http_create(const ps_http_options *options, ps_http **http, ps_error *err);
void ps_http_free(ps_http *http); /* drops what is under way at once; NULL is fine */

typedef struct ps_http_request {
    const char
        *path; /* under /v1 ("/v1/completions") or beside it ("/tokenize"); the prefix of base_url is put before */
    const char *body; /* [length] JSON, copied; NULL: GET */
    size_t length;
    double timeout_s; /* once it is on the wire: no answer in this time is a failure. > 0 */
    bool probe;       /* goes out although the server is thought to be away, and is tried once */
    uint64_t tag;     /* the caller's own */
    /* OPTIONAL. Bytes of the body of a 200 as they come, in the driving thread. False closes the connection: the reply
     * is then a success with `cut`, and body is NULL. After a failure it is called anew from the first byte; `attempt`
     * counts up then. */
    bool (*on_bytes)(void *user, unsigned attempt, const char *bytes, size_t n);
    void *user;
} ps_http_request;
ps_status ps_http_submit(ps_http *http, const ps_http_request *request, ps_error *err);

/* One finished request; pointers live until the next call of ps_http_poll. */
typedef struct ps_http_reply {
    uint64_t tag;
    ps_status status;    /* PS_OK: `code` is 200 to 299. PS_HTTP: it will not succeed (never tried again, or tried often
                            enough). PS_CANCELLED. PS_NOMEM */
    const char *message; /* unless PS_OK: what happened, with the server's own words (at most 500 bytes, control
                            characters escaped) */
    int code;            /* HTTP's; 0: none came */
    const char *body;    /* [length], NUL-terminated, also of an error that has one */
    size_t length;
    bool cut;       /* on_bytes had enough */
    double seconds; /* on the wire, of the attempt that counted */
    unsigned attempts;
} ps_http_reply;

/* Drive: send what there is to send, receive, wait for something at most `seconds` (0: not at all), no longer once
 * ps_http_wake is called. PS_HTTP: the server was away for longer than outage_s; nothing goes on after that. */
ps_status ps_http_poll(ps_http *http, double seconds, const ps_http_reply **replies, size_t *n, ps_error *err);
void ps_http_wake(ps_http *http); /* from any thread */

/* Give up every request with this tag: its connection is closed, and its reply (PS_CANCELLED) comes with the next poll.
 */
void ps_http_cancel(ps_http *http, uint64_t tag);

/* The server came back after it was away: before any waiting request goes out, its owner may want to see whether it is
 * still the same. True once after each return; requests wait until ps_http_admit. */
bool ps_http_returned(ps_http *http);
void ps_http_admit(ps_http *http);

#endif
