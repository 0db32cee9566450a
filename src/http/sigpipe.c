/* SIGPIPE, held back in one thread for a while. */
#include "http/sigpipe.h"

#include <pthread.h>
#include <stddef.h>

static bool is_pending(void) {
    sigset_t pending;
    return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

static void only_sigpipe(sigset_t *set) {
    sigemptyset(set);
    sigaddset(set, SIGPIPE);
}

void ps_sigpipe_hold(ps_sigpipe *held) {
    sigset_t sigpipe;
    only_sigpipe(&sigpipe);
    held->pending = is_pending();
    pthread_sigmask(SIG_BLOCK, &sigpipe, &held->before);
}

void ps_sigpipe_let_go(const ps_sigpipe *held) {
    sigset_t sigpipe;
    int taken;
    only_sigpipe(&sigpipe);
    if (!held->pending && is_pending()) sigwait(&sigpipe, &taken); /* it is there: this does not wait */
    pthread_sigmask(SIG_SETMASK, &held->before, NULL);
}
