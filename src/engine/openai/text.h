/* Servers that tell text and no ids: a request is a stream, the matcher cuts it, and the connection is closed where the
 * step ends. Each piece of the stream counts as a token. */
#ifndef PERSAMP_ENGINE_OPENAI_TEXT_H
#define PERSAMP_ENGINE_OPENAI_TEXT_H

#include "engine/openai/call.h"

struct ps_remote_reading;

/* Write what the call's one step asks into engine->body. [mutex] */
ps_status ps_remote_text_ask(ps_remote *engine, ps_remote_call *call, const char **path, ps_error *err);
/* What came of it. [mutex] */
void ps_remote_text_done(ps_remote *engine, ps_remote_call *call, const ps_http_reply *reply);

/* As ps_http_request.on_bytes has it. */
bool ps_remote_reading_bytes(void *reading, unsigned attempt, const char *bytes, size_t n);
void ps_remote_reading_free(struct ps_remote_reading *reading); /* NULL is fine */

#endif
