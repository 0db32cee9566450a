/* Requests of a client and the lists they stand in. A request is in one list at a time. */
#ifndef PERSAMP_HTTP_QUEUE_H
#define PERSAMP_HTTP_QUEUE_H

#include "http/transfer.h"

typedef struct ps_http_item {
    struct ps_http_item *next, *before;
    ps_http_request request; /* its path and body are those below */
    char *path, *sent_body;  /* owned, NUL-terminated */
    uint64_t number;         /* in order of submission */
    ps_transfer *transfer;   /* while it is under way */
    ps_http *home;           /* the client whose request it is */
    ps_http_tries tries;
    unsigned attempts; /* that reached the server */
    bool fresh;        /* the next one is on a new connection */
    bool dropped;      /* cancelled in the midst of libcurl's work */
    double due;        /* not before, while it pauses */
    /* Once it is done: */
    ps_status status;
    char *message; /* owned; NULL with a status that needs none, and where there was no memory for it */
    int code;
    ps_text body;
    bool has_body, cut;
    double seconds;
} ps_http_item;

/* A copy; NULL: no memory. */
ps_http_item *ps_http_item_create(const ps_http_request *request, uint64_t number);
void ps_http_item_free(ps_http_item *item); /* in no list; NULL is fine */
void ps_http_item_reply(const ps_http_item *item, ps_http_reply *reply);

/* Start with {0}. */
typedef struct ps_http_list {
    ps_http_item *first, *last;
    size_t n;
} ps_http_list;

void ps_http_list_append(ps_http_list *list, ps_http_item *item);
/* Before the first that was submitted later: whoever tries again keeps his place in the line. */
void ps_http_list_insert(ps_http_list *list, ps_http_item *item);
void ps_http_list_remove(ps_http_list *list, ps_http_item *item);
void ps_http_list_clear(ps_http_list *list); /* frees what is in it */

#endif
