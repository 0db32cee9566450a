/* persamp/serve.h: the solver under HTTP, in the words of the OpenAI API. docs/serve.md has the endpoints and the
 * meaning of every field.
 *
 *     ps_server_create(config, &log, &server, &err);    // listens; /health says "loading"
 *     ps_models_open(config, &log, &models, &err);
 *     ps_server_run(server, models, &err);               // until ps_server_stop, from another thread
 *     ps_server_free(server);
 *     ps_models_free(models);
 *
 * HTTP has threads of its own, which read requests and queue them; the thread that runs ps_server_run submits and
 * polls. PS_NOMEM is possible everywhere and not listed. */
#ifndef PERSAMP_SERVE_H
#define PERSAMP_SERVE_H

#include "persamp/base.h"
#include "persamp/config.h"
#include "persamp/run.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ps_server ps_server;

/* Listen as serve.* of the configuration say, and answer: until ps_server_run every request for an answer is refused
 * with 503. The configuration is copied; `log` may be NULL and is copied, what its `user` points to must live as long
 * as the server. Neither prompts nor keys are ever logged. *server is owned (ps_server_free). PS_ARG: an address that
 * is none, or that others can reach without keys; PS_IO: it cannot be had, or the key file cannot be read; PS_FORMAT:
 * the key file, or serve.models. */
PS_API ps_status ps_server_create(const ps_config *config, const ps_log *log, ps_server **server, ps_error *err);
/* Connections that are left are closed. Not while ps_server_run runs; NULL is fine. */
PS_API void ps_server_free(ps_server *server);

PS_API unsigned ps_server_port(const ps_server *server);
PS_API const char *ps_server_url(const ps_server *server); /* "http://127.0.0.1:8080"; lives as the server */

/* Answer requests with these models, in the calling thread, until ps_server_stop. They must have been opened from the
 * configuration of the server, and no other solver may use them meanwhile. A problem that fails is an error of its
 * request only. PS_ENGINE, PS_HTTP: the engine is lost; every client has been told. PS_ARG: a method of the
 * configuration or of serve.models does not go with these models, or the server has run before. */
PS_API ps_status ps_server_run(ps_server *server, ps_models *models, ps_error *err);

/* New requests are refused with 503 from now on. ps_server_run returns when what was under way is answered, or has been
 * given up after `seconds` (0: at once), within one batch of the model and the second or two that clients may take to
 * read. Of several calls the earliest end counts. From any thread, before ps_server_run, too. */
PS_API void ps_server_stop(ps_server *server, double seconds);

#ifdef __cplusplus
}
#endif
#endif
