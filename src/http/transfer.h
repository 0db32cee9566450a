/* One request on the wire: an easy handle of libcurl, set so that it follows nothing, sends nothing that was not asked
 * for, and takes in no more than a bounded answer. It is used again for the next request. */
#ifndef PERSAMP_HTTP_TRANSFER_H
#define PERSAMP_HTTP_TRANSFER_H

#include "http/address.h"
#include "http/client.h"
#include "http/retry.h"
#include "http/words.h"

#include <curl/curl.h>

enum { PS_HTTP_WHY = 768 }; /* bytes of what a failure is said to be: a server's words, and ours around them */

/* What all transfers of a client share. */
typedef struct ps_transfer_setup {
    ps_http_address address;
    char *key;                       /* or NULL */
    struct curl_slist *get_headers;  /* of every request … */
    struct curl_slist *post_headers; /* … and of those with a body */
    double connect_s, idle_s;
    size_t max_body;
    ps_http_clock clock;
} ps_transfer_setup;

/* PS_ARG, PS_NOMEM: see ps_http_create. */
ps_status ps_transfer_setup_init(ps_transfer_setup *setup, const ps_http_options *options, ps_error *err);
void ps_transfer_setup_clear(ps_transfer_setup *setup);

typedef struct ps_transfer {
    const ps_transfer_setup *setup;
    CURL *easy;
    ps_text url;
    char curl_says[CURL_ERROR_SIZE];
    struct ps_transfer *next; /* of those without work */
    void *owner;              /* whose request it is */
    /* Of the request under way: */
    const ps_http_request *request;
    unsigned attempt;
    bool fresh;    /* on a new connection */
    uint64_t turn; /* of ps_away when it began */
    double *heard; /* when a byte last came from its server: written here */
    bool sent;
    double sent_at;
    /* Of its answer: */
    size_t head_bytes;
    bool head_ended;    /* by its empty line */
    double retry_after; /* seconds; −1: not asked for */
    char retry_after_text[64], date[64], encoding[64];
    ps_text body;
    bool cut, no_memory, long_head, long_body; /* why we took no more of it */
} ps_transfer;

ps_transfer *ps_transfer_create(const ps_transfer_setup *setup); /* NULL: no memory */
void ps_transfer_free(ps_transfer *transfer);                    /* not while it is under way; NULL is fine */

/* Put a request on the wire. It is borrowed until ps_transfer_end. PS_NOMEM. */
ps_status ps_transfer_begin(ps_transfer *transfer, CURLM *multi, const ps_http_request *request, ps_error *err);
/* Take it off the wire; where it was not at its end its connection is closed. What came stays until the next one. */
void ps_transfer_end(ps_transfer *transfer, CURLM *multi);

typedef struct ps_transfer_outcome {
    ps_http_kind kind;
    int code;              /* 0: none came */
    double retry_after;    /* −1: not asked for */
    char why[PS_HTTP_WHY]; /* unless GOOD: what happened, in words, without the address */
} ps_transfer_outcome;

/* What came of it, when libcurl is done with `code`. In the body of a failure the key is overwritten. */
void ps_transfer_judge(ps_transfer *transfer, CURLcode code, ps_transfer_outcome *outcome);
/* The same for one that ran out of time. */
void ps_transfer_judge_late(ps_transfer *transfer, ps_transfer_outcome *outcome);

/* libcurl, set up once for the process; false: it cannot be. */
bool ps_transfer_ready(void);

#endif
