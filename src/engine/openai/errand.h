/* A question that a caller waits for: the ids of a text, the text of a chat. */
#ifndef PERSAMP_ENGINE_OPENAI_ERRAND_H
#define PERSAMP_ENGINE_OPENAI_ERRAND_H

#include "engine/openai/call.h"

struct ps_remote_errand {
    ps_remote_errand *next;
    const ps_chat_message *messages; /* [n_messages] a chat; NULL: `text` */
    size_t n_messages;
    const char *text;
    size_t length;
    bool special;
    /* The answer: */
    bool done;
    ps_token *tokens; /* owned, [n] */
    char *rendered;   /* owned */
    size_t n;
    ps_error error;
};

/* Ask, and wait until it is done or the engine is lost. [mutex] */
ps_status ps_remote_errand_run(ps_remote *engine, ps_remote_errand *errand, ps_error *err);
void ps_remote_errands_begin(ps_remote *engine); /* [mutex] */

#endif
