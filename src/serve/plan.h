/* What a name in /v1/models stands for, and what becomes of a request: a session that solves as it asks, within the
 * bounds of whoever runs the server. */
#ifndef PERSAMP_SERVE_PLAN_H
#define PERSAMP_SERVE_PLAN_H

#include "persamp/config.h"
#include "persamp/run.h"
#include "serve/request.h"

/* A name and its configuration. */
typedef struct ps_named {
    char *name;
    ps_config *config;
} ps_named;

/* The configured model, and one for each of serve.models. */
typedef struct ps_catalogue {
    ps_named *entries; /* [n], n ≥ 1 */
    size_t n;
} ps_catalogue;

/* PS_ARG: an entry of serve.models sets a key of the models or the engine, contradicts itself, or has the name of
 * another. Nothing is loaded; `path` is that of the model's file. */
ps_status ps_catalogue_create(const ps_config *config, const char *path, ps_catalogue *catalogue, ps_error *err);
void ps_catalogue_clear(ps_catalogue *catalogue);
/* NULL: the first. NULL is returned for a name that is not there. */
const ps_named *ps_catalogue_find(const ps_catalogue *catalogue, const char *name);

/* A session for the request, and the tokens that its search may cost at all. False: *err says what is wrong with it.
 * From any thread. The caller owns *session. */
bool ps_plan_session(const ps_named *model, ps_models *models, const ps_api_request *request, ps_session **session,
                     uint64_t *max_tokens, ps_api_error *err);

/* What that session depends on, appended to *key: requests with the same key get the same one. */
void ps_plan_key(const ps_catalogue *catalogue, const ps_named *model, const ps_api_request *request, ps_text *key);

#endif
