/* A process reward model behind vLLM's /pooling, in the shapes that were recorded from the real one
 * (tests/fixtures/remote), on the fault server. A step that ends in "a" is right with .75, in "b" with .25, any other
 * with .5. Its chat is "<|im_start|>user\n…<|im_end|>\n<|im_start|>assistant\n", its tokens are bytes. */
#ifndef PERSAMP_TESTS_SUPPORT_POOLING_SERVER_H
#define PERSAMP_TESTS_SUPPORT_POOLING_SERVER_H

#include "support/fault_server.h"

typedef struct pooling_server {
    fault_server *server;
    char url[64];     /* up to /v1 */
    const char *name; /* of the model; "prm" */
    double shift;     /* added to every reward: another model of this name */
    bool single;      /* rows of one number */
    bool backwards;   /* the last text's entry comes first */
    size_t context;   /* bytes of a text; 0: any number */
    /* In the server's thread, once a good answer is written; `texts` of a request to /pooling, else 0. */
    void (*spoil)(void *user, const fault_request *request, size_t texts, fault_answer *answer);
    void *user;
    /* Seen by the test once the request has been counted: */
    size_t n_asks, n_texts, most_texts; /* of /pooling */
    char *last;                         /* the last text that was asked about; the server's */
} pooling_server;

/* Set what is to be other than usual in *server before. */
void pooling_server_start(pooling_server *server);
void pooling_server_stop(pooling_server *server);

#endif
