#include "support/slow_engine.h"

#include <math.h>
#include <string.h>
#include <time.h>

static slow_engine *self(ps_engine *engine) {
    return (slow_engine *)engine;
}

static void forget_first(slow_engine *s, size_t n) {
    for (size_t i = 0; i < n; i++)
        ps_engine_release(s->inner, s->held[i].node);
    s->n_held -= n;
    if (s->n_held > 0) memmove(s->held, s->held + n, s->n_held * sizeof *s->held);
}

static void destroy(ps_engine *engine) {
    slow_engine *s = self(engine);
    forget_first(s, s->n_held);
    ps_free(s->held);
    ps_free(s->events);
    ps_free(s->dropped);
    pthread_cond_destroy(&s->called);
    pthread_mutex_destroy(&s->mutex);
}

/* ---- Requests ------------------------------------------------------------ */

static ps_status extend(ps_engine *engine, const ps_extend_request *request, ps_error *err) {
    slow_engine *s = self(engine);
    if (ps_reserve(&s->held, &s->held_capacity, s->n_held + 1) != PS_OK) return ps_nomem(err);
    ps_engine_retain(s->inner, request->node);
    s->held[s->n_held++] = *request;
    return PS_OK;
}

static void begin(ps_engine *engine) {
    self(engine)->begun++;
    self(engine)->held_at_begin = self(engine)->n_held;
}

static void cancel(ps_engine *engine, uint64_t tag) {
    slow_engine *s = self(engine);
    for (size_t i = 0; i < s->n_held; i++) {
        if (s->held[i].tag != tag) continue;
        if (ps_reserve(&s->dropped, &s->dropped_capacity, s->n_dropped + 1) != PS_OK) return;
        s->dropped[s->n_dropped++] = tag;
        s->cancelled++;
        ps_engine_release(s->inner, s->held[i].node);
        s->n_held--;
        memmove(&s->held[i], &s->held[i + 1], (s->n_held - i) * sizeof *s->held);
        return;
    }
    ps_engine_cancel(s->inner, tag); /* it was let go before */
}

/* ---- Polling ------------------------------------------------------------- */

static void wake(ps_engine *engine) {
    slow_engine *s = self(engine);
    pthread_mutex_lock(&s->mutex);
    s->woken = true;
    pthread_cond_signal(&s->called);
    pthread_mutex_unlock(&s->mutex);
}

static void wait(slow_engine *s, double seconds) {
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    if (seconds > 3600) seconds = 3600;
    end.tv_sec += (time_t)(seconds + (double)end.tv_nsec * 1e-9);
    end.tv_nsec = (long)(fmod(seconds + (double)end.tv_nsec * 1e-9, 1) * 1e9);
    pthread_mutex_lock(&s->mutex);
    while (!s->woken && pthread_cond_timedwait(&s->called, &s->mutex, &end) == 0)
        ;
    s->woken = false;
    pthread_mutex_unlock(&s->mutex);
}

static ps_status poll(ps_engine *engine, double seconds, const ps_event **events, size_t *n, ps_error *err) {
    slow_engine *s = self(engine);
    const ps_event *ready = NULL;
    size_t some = s->n_held < s->pace ? s->n_held : s->pace, found = 0;
    ps_status status = PS_OK;
    if (some + s->n_dropped == 0 && s->n_held > 0 && seconds > 0) wait(s, seconds);
    for (size_t i = 0; i < some && status == PS_OK; i++)
        status = ps_engine_extend(s->inner, &s->held[i], err);
    forget_first(s, some);
    if (status == PS_OK) status = ps_engine_poll(s->inner, INFINITY, &ready, &found, err);
    if (status == PS_OK && ps_reserve(&s->events, &s->events_capacity, found + s->n_dropped) != PS_OK)
        status = ps_nomem(err);
    if (status != PS_OK) return status;
    if (found > 0) memcpy(s->events, ready, found * sizeof *ready);
    for (size_t i = 0; i < s->n_dropped; i++)
        s->events[found + i] =
            (ps_event){.tag = s->dropped[i], .reason = PS_STOP_ERROR, .status = PS_CANCELLED, .message = "cancelled"};
    *events = s->events;
    *n = found + s->n_dropped;
    s->n_dropped = 0;
    return PS_OK;
}

/* ---- What it passes on --------------------------------------------------- */

static ps_status prompt(ps_engine *engine, const ps_prompt *given, ps_node *node, ps_error *err) {
    return ps_engine_prompt(self(engine)->inner, given, node, err);
}

static void retain(ps_engine *engine, ps_node node) {
    ps_engine_retain(self(engine)->inner, node);
}

static void release(ps_engine *engine, ps_node node) {
    ps_engine_release(self(engine)->inner, node);
}

static void on_ready(ps_engine *engine, void (*ready)(void *user), void *user) {
    (void)engine, (void)ready, (void)user; /* what it has, it has when it is polled */
}

static void info(const ps_engine *engine, ps_engine_info *info) {
    ps_engine_get_info(((const slow_engine *)engine)->inner, info);
}

static size_t in_flight(const ps_engine *engine, size_t width) {
    return ps_engine_in_flight(((const slow_engine *)engine)->inner, width);
}

static void stats(const ps_engine *engine, ps_engine_stats *stats) {
    ps_engine_get_stats(((const slow_engine *)engine)->inner, stats);
}

static const ps_engine_ops slow_ops = {.name = "slow",
                                       .destroy = destroy,
                                       .prompt = prompt,
                                       .retain = retain,
                                       .release = release,
                                       .extend = extend,
                                       .poll = poll,
                                       .cancel = cancel,
                                       .begin = begin,
                                       .wake = wake,
                                       .on_ready = on_ready,
                                       .info = info,
                                       .in_flight = in_flight,
                                       .stats = stats};

void slow_engine_init(slow_engine *slow, ps_engine *passed_to) {
    *slow = (slow_engine){.base = {&slow_ops}, .inner = passed_to, .pace = SIZE_MAX};
    pthread_mutex_init(&slow->mutex, NULL);
    pthread_cond_init(&slow->called, NULL);
}
