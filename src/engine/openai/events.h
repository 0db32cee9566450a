/* Server-sent events, as far as these servers use them: each line "data: …" is an event of its own. Other fields,
 * comments and blank lines are passed over. Bytes come in whatever pieces the network makes. */
#ifndef PERSAMP_ENGINE_OPENAI_EVENTS_H
#define PERSAMP_ENGINE_OPENAI_EVENTS_H

#include "persamp/base.h"

/* Start with {0}. */
typedef struct ps_remote_events {
    ps_text bytes; /* what has come and is not read; owned */
    size_t at;     /* of these, read */
} ps_remote_events;

void ps_remote_events_clear(ps_remote_events *events);
void ps_remote_events_add(ps_remote_events *events, const char *bytes, size_t n);

/* The data of the next event, valid until the next call with these events; false while its line is not complete.
 * Without memory there are no more events, and ps_text_ok(&events->bytes) is false. `ended`: nothing more comes, so
 * what stands without a newline is a line, too. */
bool ps_remote_events_next(ps_remote_events *events, bool ended, const char **data, size_t *length);

/* A whole body that the caller keeps: no copy is made. *at is where to go on, from 0. */
bool ps_remote_events_of(const char *body, size_t size, bool ended, size_t *at, const char **data, size_t *length);

#endif
