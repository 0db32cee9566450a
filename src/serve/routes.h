/* The endpoints, and one request on its way through them. */
#ifndef PERSAMP_SERVE_ROUTES_H
#define PERSAMP_SERVE_ROUTES_H

#include "serve/page.h"
#include "serve/server.h"

typedef struct ps_exchange ps_exchange;

typedef struct ps_route {
    const char *path;
    bool post; /* else GET and HEAD */
    bool open; /* needs no key */
    enum MHD_Result (*answer)(ps_exchange *exchange);
} ps_route;
/* NULL: there is no such endpoint. */
const ps_route *ps_route_find(const char *path);
/* Of all files of the page: whoever can reach the server may read them without a key, nothing in them is anybody's. */
extern const ps_route ps_page_route;

/* One request and its answer; the connection's thread's alone. */
struct ps_exchange {
    ps_server *server;
    struct MHD_Connection *connection;
    const ps_route *route;
    const ps_page_file *file; /* ps_page_route: which */
    const char *allow;        /* the methods of the route */
    const char *cors;         /* the origin that may read the answer; NULL: there is none */
    bool preflight;
    size_t key; /* whose request it is */
    ps_text body;
    size_t received;    /* bytes of the body, kept or not */
    ps_api_error error; /* http ≠ 0: what it is answered with once it has been read */
    ps_job *job;        /* once it is queued */
};

/* The connection goes on: its job is over, its stream may begin, or its client has gone. */
enum MHD_Result ps_answer_job(ps_exchange *exchange);

/* Send (daemon.c). The response and the text are taken over; NULL for no memory closes the connection. */
enum MHD_Result ps_send(ps_exchange *exchange, int code, const char *type, struct MHD_Response *response);
enum MHD_Result ps_send_text(ps_exchange *exchange, int code, const char *type, ps_text *text);
enum MHD_Result ps_send_error(ps_exchange *exchange, const ps_api_error *error);

#endif
