#include "serve/sessions.h"

#include <string.h>

static void let_go(ps_kept_session *one) {
    ps_session_release(one->session);
    ps_free(one->key);
    *one = (ps_kept_session){0};
}

ps_session *ps_sessions_find(ps_sessions *sessions, const char *key, uint64_t *max_tokens) {
    for (size_t i = 0; i < PS_SESSIONS_KEPT; i++) {
        ps_kept_session *one = &sessions->kept[i];
        if (one->key == NULL || strcmp(one->key, key) != 0) continue;
        one->used = ++sessions->uses;
        *max_tokens = one->max_tokens;
        ps_session_retain(one->session);
        return one->session;
    }
    return NULL;
}

void ps_sessions_keep(ps_sessions *sessions, const char *key, ps_session *session, uint64_t max_tokens) {
    ps_kept_session *place = &sessions->kept[0];
    char *copy = ps_strdup(key);
    if (copy == NULL) return;
    for (size_t i = 1; i < PS_SESSIONS_KEPT; i++) /* a free place was never used */
        if (sessions->kept[i].used < place->used) place = &sessions->kept[i];
    let_go(place);
    ps_session_retain(session);
    *place = (ps_kept_session){.key = copy, .session = session, .max_tokens = max_tokens, .used = ++sessions->uses};
}

void ps_sessions_clear(ps_sessions *sessions) {
    for (size_t i = 0; i < PS_SESSIONS_KEPT; i++)
        let_go(&sessions->kept[i]);
}
