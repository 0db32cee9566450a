/* Sessions that requests had, kept for the next one that asks for the same: nearly all do, and to make one costs more
 * than many a problem of a small model. They differ in anything but the seed, which is a problem's own. No locks. */
#ifndef PERSAMP_SERVE_SESSIONS_H
#define PERSAMP_SERVE_SESSIONS_H

#include "persamp/run.h"

enum { PS_SESSIONS_KEPT = 32 };

typedef struct ps_kept_session {
    char *key; /* owned; NULL: a free place */
    ps_session *session;
    uint64_t max_tokens; /* that a search of it may cost */
    uint64_t used;       /* when it was, in uses of any */
} ps_kept_session;

typedef struct ps_sessions {
    ps_kept_session kept[PS_SESSIONS_KEPT];
    uint64_t uses;
} ps_sessions;

/* A session made for the same key, retained for the caller; NULL: there is none. */
ps_session *ps_sessions_find(ps_sessions *sessions, const char *key, uint64_t *max_tokens);
/* Keep one, which is retained, in place of the one that has not been used for the longest. Without memory it is not
 * kept.
 */
void ps_sessions_keep(ps_sessions *sessions, const char *key, ps_session *session, uint64_t max_tokens);
void ps_sessions_clear(ps_sessions *sessions);

#endif
