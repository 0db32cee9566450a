/* Conditions that are waited for until a time of ps_now(), which no change of the calendar's clock moves. */
#ifndef PERSAMP_BASE_CLOCK_H
#define PERSAMP_BASE_CLOCK_H

#include "persamp/base.h"

#include <pthread.h>
#include <time.h>

static inline void ps_clock_cond_init(pthread_cond_t *cond) {
#ifdef __APPLE__
    pthread_cond_init(cond, NULL);
#else
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attributes);
    pthread_condattr_destroy(&attributes);
#endif
}

/* As pthread_cond_wait, for a condition of ps_clock_cond_init, but no longer than until `deadline`; INFINITY: no limit.
 */
static inline void ps_clock_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, double deadline) {
    const double longest = 1e8; /* s, three years: what any time_t can tell */
    const double now = ps_now();
    if (!(deadline - now < longest)) {
        pthread_cond_wait(cond, mutex);
        return;
    }
#ifdef __APPLE__ /* has no condition on that clock, but waits for a span of time */
    const double until = deadline > now ? deadline - now : 0;
#else
    const double until = deadline;
#endif
    const time_t whole = (time_t)until;
    const struct timespec time = {whole, (long)((until - (double)whole) * 1e9)};
#ifdef __APPLE__
    pthread_cond_timedwait_relative_np(cond, mutex, &time);
#else
    pthread_cond_timedwait(cond, mutex, &time);
#endif
}

#endif
