/* What a request's headers must say before anything else of it is looked at: that it means this server, comes from no
 * foreign page, and has a key. Pure functions of texts. */
#ifndef PERSAMP_SERVE_GUARD_H
#define PERSAMP_SERVE_GUARD_H

#include "persamp/config.h"
#include "serve/api_error.h"

/* A Host header names one of these: `bound` (the address the connection came to), serve.address, localhost, or one of
 * serve.hosts. A page elsewhere whose name was made to point here (rebinding) says its own. NULL: no header, which no
 * browser leaves out. */
bool ps_guard_host(const ps_config *config, const char *host, const char *bound, ps_api_error *err);

/* An Origin header is this server's own or one of serve.cors. *cors: it is one of them, and is to be told so. */
bool ps_guard_origin(const ps_config *config, const char *origin, const char *host, bool *cors, ps_api_error *err);

/* A body of the type that no form can send. */
bool ps_guard_content_type(const char *type, ps_api_error *err);

#endif
