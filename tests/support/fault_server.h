/* An HTTP/1.1 server on this machine's loopback, in a thread of the test: a handler says what to answer, and how badly.
 *
 * The handler runs in the server's thread, one request after another. What it wrote is visible to whoever has seen the
 * request counted (fault_server_await). It does not assert, for cmocka leaves a test by a jump in the test's own
 * thread: it notes what it sees, and the test judges. All memory here is malloc's, so that a test may fail the
 * library's. Nothing sleeps: a fault holds an answer until the test lets it go, unless it asks for a pause. */
#ifndef PERSAMP_TESTS_SUPPORT_FAULT_SERVER_H
#define PERSAMP_TESTS_SUPPORT_FAULT_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct fault_server fault_server;

/* ---- What was asked ------------------------------------------------------ */

typedef struct fault_request {
    const char *method, *path; /* "POST", "/v1/completions" */
    const char *headers;       /* all lines after the first, each with its \r\n */
    const char *body;          /* [length], NUL-terminated; "" when there is none */
    size_t length;
    size_t number;     /* of this request at this server, from 0 */
    size_t connection; /* it came on, from 0 */
    size_t nth;        /* on this connection, from 0: above 0 the connection was used again */
} fault_request;

/* Copy the value of a header (its name in any case) into value[size]; false, and "", where there is none. */
bool fault_header(const fault_request *request, const char *name, char *value, size_t size);

/* ---- What to answer ------------------------------------------------------ */

typedef enum fault_framing {
    FAULT_LENGTH,   /* Content-Length */
    FAULT_CHUNKED,  /* chunks of `slice` bytes, or one chunk */
    FAULT_EVENTS,   /* server-sent events: a chunk for each text that ends in an empty line; set `type` as well */
    FAULT_TO_CLOSE, /* no length: the body ends with the connection */
    FAULT_RAW       /* `body` is all that is sent, from the status line on */
} fault_framing;

/* Places in an answer: a number of bytes from its first one on, headers included; bytes of what follows the headers
 * (chunks with their sizes); none. */
#define FAULT_BODY(bytes) (((size_t)1 << 40) + (bytes))
#define FAULT_NEVER       SIZE_MAX

/* It comes to the handler as a good answer without a body. */
typedef struct fault_answer {
    int code;          /* 200 */
    const char *type;  /* "application/json"; static. NULL: no Content-Type */
    char headers[512]; /* "": lines to add, each with its \r\n */
    char *body;        /* [length], malloc: fault_body and fault_body_bytes write it; the server frees it */
    size_t length;
    fault_framing framing;
    long length_off; /* added to the Content-Length that is told */
    size_t slice;    /* send so many bytes at a time; 0: as many as go */
    double pause_s;  /* real time between two slices (of FAULT_EVENTS, between two events) */
    size_t close_at; /* FAULT_NEVER: close the connection there, cleanly or by a reset; 0: without an answer */
    bool reset;      /* close_at and `close` are resets */
    bool close;      /* close the connection after the whole answer */
    unsigned hold;   /* not 0: stop at hold_at until fault_server_release(server, hold), perhaps for ever */
    size_t hold_at;  /* 0: before the first byte */
} fault_answer;

/* Write the body in place of what is there. */
void fault_body(fault_answer *answer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void fault_body_bytes(fault_answer *answer, const char *bytes, size_t n);

typedef void (*fault_handler)(void *user, const fault_request *request, fault_answer *answer);

/* ---- The server ---------------------------------------------------------- */

/* It listens on a port that was free, or ends the test program in words. A TLS handshake is answered 400 and closed, as
 * real servers do, without a handler. */
fault_server *fault_server_start(fault_handler handler, void *user);
void fault_server_stop(fault_server *server); /* closes everything and joins the thread; NULL is fine */

int fault_server_port(const fault_server *server);
const char *fault_server_url(const fault_server *server); /* "http://127.0.0.1:PORT" */

/* Each is done when it returns. */
void fault_server_down(fault_server *server);                   /* reset all connections and refuse new ones */
void fault_server_up(fault_server *server);                     /* listen on the same port again */
void fault_server_release(fault_server *server, unsigned hold); /* let answers go that this number holds now */

typedef enum fault_count {
    FAULT_CONNECTIONS, /* accepted */
    FAULT_REQUESTS,    /* read as a whole and given to the handler */
    FAULT_ANSWERED,    /* answers that were sent as the handler wanted them, faults included */
    FAULT_ABORTED,     /* the client closed the connection before the last byte was handed to the system */
    FAULT_OPEN,        /* connections now */
    FAULT_UNDER_WAY,   /* requests now that have no whole answer */
    FAULT_MOST,        /* the largest number of FAULT_UNDER_WAY */
    FAULT_COUNTS
} fault_count;

size_t fault_server_count(fault_server *server, fault_count which);
/* Wait until a count is at least (or, for those that fall, at most) `n`; false: not within ten seconds. */
bool fault_server_await(fault_server *server, fault_count which, size_t n);
bool fault_server_await_fall(fault_server *server, fault_count which, size_t n);

#endif
