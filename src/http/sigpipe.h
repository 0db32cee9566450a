/* A connection that the server closed must not end the program: where libcurl or its TLS library writes to one by a
 * plain write, the system sends SIGPIPE. The signal is the program's own, so it is not ignored for everyone, but held
 * back in this thread while libcurl works, and one that came is taken away. */
#ifndef PERSAMP_HTTP_SIGPIPE_H
#define PERSAMP_HTTP_SIGPIPE_H

#include <signal.h>
#include <stdbool.h>

typedef struct ps_sigpipe {
    sigset_t before;
    bool pending; /* one was, already */
} ps_sigpipe;

void ps_sigpipe_hold(ps_sigpipe *held);
void ps_sigpipe_let_go(const ps_sigpipe *held);

#endif
