/* A server of a small model for tests, in the shapes of vLLM, llama-server or a plain server as the recordings in
 * tests/fixtures/remote have them. Behind it is a finite model whose probabilities are known; what it draws depends on
 * the prefix, the seed and the place in the request, as at the real ones. It runs on the fault server: a test may spoil
 * each good answer. All memory while it serves is malloc's. */
#ifndef PERSAMP_TESTS_SUPPORT_MODEL_SERVER_H
#define PERSAMP_TESTS_SUPPORT_MODEL_SERVER_H

#include "persamp/engine.h"
#include "support/fault_server.h"

/* ---- Models -------------------------------------------------------------- */

typedef struct model_word {
    const char *bytes; /* [length]; of the end: how it is spelled where control tokens are read */
    size_t length;
} model_word;

typedef struct small_model {
    const model_word *words; /* [n] */
    size_t n;
    ps_token end, bos; /* bos −1: none */
    /* log p of each word after prefix[0..length), into logp[n]; −INFINITY for those that cannot come. */
    void (*next)(const struct small_model *model, const ps_token *prefix, size_t length, double *logp);
    const ps_token *script; /* [n_script] of a scripted model */
    size_t n_script;
    void *table; /* of the toy engine's */
} small_model;

/* The toy engine's built-in table: "so", "or", "\n", "\boxed{", "1", "2", "3", "}", the end, and all bytes. */
small_model *small_model_table(void);
small_model *small_model_toy(const char *json); /* a table of the toy engine's, as text */
/* Writes script[0..n) after a prompt that ends in '?', and then the end; every token is certain. words[0..n_words): a
 * vocabulary beside all bytes (ids 0 … 255); word i has id 256 + i, and the end the last id. The words are copied. */
small_model *small_model_script(const model_word *words, size_t n_words, const ps_token *script, size_t n);
void small_model_free(small_model *model);

/* ---- Servers ------------------------------------------------------------- */

typedef enum model_kind { MODEL_VLLM, MODEL_LLAMA_SERVER, MODEL_PLAIN } model_kind;

typedef struct model_server {
    fault_server *server;
    const small_model *model; /* borrowed */
    model_kind kind;
    size_t context, slots;
    bool chat;        /* plain: answers /v1/chat/completions, and nothing else */
    bool processed;   /* vLLM: log-probabilities are those of what is drawn from */
    const char *name; /* of the model; "small" */
    char url[64];     /* up to /v1 */
    /* In the server's thread, once a good answer to an ask for tokens (`is_ask`) or to anything else is written. */
    void (*spoil)(void *user, const fault_request *request, bool is_ask, fault_answer *answer);
    void *user;
    /* Seen by the test once the request has been counted: */
    size_t n_asks, n_choices, n_drawn;
} model_server;

/* Set what is to be other than usual in *server before (context, slots, spoil, …). The test fails where it cannot. */
void model_server_start(model_server *server, const small_model *model, model_kind kind);
void model_server_stop(model_server *server);

#endif
