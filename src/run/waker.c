/* A flag for each reason to go on, and a condition variable with a limit of time. */
#include "run/waker.h"

#include <math.h>
#include <time.h>

/* Limits of time go by a clock that is never set. macOS cannot wait by it: there a wait may be short or long when the
 * clock is set. */
#ifdef __APPLE__
static const clockid_t wait_clock = CLOCK_REALTIME;
#else
static const clockid_t wait_clock = CLOCK_MONOTONIC;
#endif

void ps_waker_open(ps_waker *w) {
    pthread_condattr_t attributes;
    *w = (ps_waker){0};
    pthread_mutex_init(&w->mutex, NULL);
    pthread_condattr_init(&attributes);
#ifndef __APPLE__
    pthread_condattr_setclock(&attributes, wait_clock);
#endif
    pthread_cond_init(&w->called, &attributes);
    pthread_condattr_destroy(&attributes);
}

void ps_waker_close(ps_waker *w) {
    pthread_cond_destroy(&w->called);
    pthread_mutex_destroy(&w->mutex);
}

static void set(ps_waker *w, bool *flag) {
    pthread_mutex_lock(&w->mutex);
    *flag = true;
    pthread_cond_signal(&w->called);
    pthread_mutex_unlock(&w->mutex);
}

void ps_waker_ready(void *waker) {
    ps_waker *w = waker;
    set(w, &w->ready);
}

void ps_waker_wake(ps_waker *w) {
    set(w, &w->woken);
}

bool ps_waker_take(ps_waker *w) {
    pthread_mutex_lock(&w->mutex);
    bool woken = w->woken;
    w->woken = false;
    pthread_mutex_unlock(&w->mutex);
    return woken;
}

void ps_waker_clear(ps_waker *w) {
    pthread_mutex_lock(&w->mutex);
    w->ready = false;
    pthread_mutex_unlock(&w->mutex);
}

static struct timespec time_in(double seconds) {
    struct timespec at;
    clock_gettime(wait_clock, &at);
    double whole = floor(seconds);
    at.tv_sec += (time_t)whole;
    at.tv_nsec += (long)((seconds - whole) * 1e9);
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

void ps_waker_wait(ps_waker *w, double seconds) {
    const double endless = 1e9; /* thirty years: what is more does not fit every time_t */
    if (seconds <= 0) return;
    struct timespec end = time_in(seconds < endless ? seconds : endless);
    int late = 0;
    pthread_mutex_lock(&w->mutex);
    while (!w->ready && !w->woken && late == 0)
        late = pthread_cond_timedwait(&w->called, &w->mutex, &end);
    pthread_mutex_unlock(&w->mutex);
}
