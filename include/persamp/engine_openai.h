/* persamp/engine_openai.h: models that a server runs: vLLM, llama-server, or any that speaks the OpenAI protocol.
 * docs/remote.md says how. */
#ifndef PERSAMP_ENGINE_OPENAI_H
#define PERSAMP_ENGINE_OPENAI_H

#include "persamp/engine.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ps_openai_options {
    const char *base_url;         /* the server's address up to /v1 */
    const char *const *base_urls; /* [n_base_urls] of several servers of one model; `base_url` is then not read */
    size_t n_base_urls;           /* 0: the one */
    const char *model;            /* its name there; NULL: the server's only one */
    const char *key;              /* NULL: none; never printed or stored */
    bool allow_plain_key;         /* the key may go over http:// to another machine */
    size_t max_under_way;         /* sequences at once at each server; 0: its slots, else 64 */
    double timeout_s;             /* least time that a request is given; 0: 120 */
    int retries;                  /* < 0: 5 */
    double outage_s;              /* the server, or all of several, may be away for as long; 0: 600 */
    size_t context;               /* tokens one answer may have, prompt included; 0: the server's */
    ps_log log;
} ps_openai_options;

/* Talks to the server: which kind it is, what it can, which model it has. Of several the first that answers says so;
 * one that has another model or is of another kind is left out, one that does not answer may come later, and the log
 * says which. PS_HTTP: none can be reached, or one refuses, with its own words. PS_ARG: an option. *engine is owned by
 * the caller; strings of `options` are copied. */
PS_API ps_status ps_engine_openai_create(const ps_openai_options *options, ps_engine **engine, ps_error *err);

#ifdef __cplusplus
}
#endif
#endif
