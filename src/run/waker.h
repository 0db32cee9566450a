/* What one thread waits for while others work: an engine that has events, or somebody who wants it back. */
#ifndef PERSAMP_RUN_WAKER_H
#define PERSAMP_RUN_WAKER_H

#include <pthread.h>
#include <stdbool.h>

typedef struct ps_waker {
    pthread_mutex_t mutex;
    pthread_cond_t called;
    bool ready; /* an engine has had events since this was last cleared */
    bool woken; /* somebody called, and nobody has taken notice */
} ps_waker;

void ps_waker_open(ps_waker *waker);
void ps_waker_close(ps_waker *waker);

/* From any thread. */
void ps_waker_ready(void *waker); /* for ps_engine_on_ready */
void ps_waker_wake(ps_waker *waker);

/* From the one thread: whether it was woken since it last asked; forget that engines were ready; wait for either, at
 * most `seconds` (INFINITY: no limit). */
bool ps_waker_take(ps_waker *waker);
void ps_waker_clear(ps_waker *waker);
void ps_waker_wait(ps_waker *waker, double seconds);

#endif
