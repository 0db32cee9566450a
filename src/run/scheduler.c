/* Many problems over one engine. */
#include "run/scheduler.h"

#include <math.h>
#include <pthread.h>

/* What wakes a thread that waits for either of two engines. */
typedef struct waker {
    pthread_mutex_t mutex;
    pthread_cond_t called;
    bool ready; /* since it was last cleared */
} waker;

typedef struct run {
    const ps_schedule *schedule;
    ps_task **slots; /* [parallel]; NULL: free */
    size_t busy;
    bool exhausted; /* no more problems */
    waker waker;
    bool wakes; /* the reasoner and the reward model call it */
} run;

static bool cancelled(const run *r) {
    const ps_observer *o = r->schedule->observer;
    return o != NULL && o->cancelled != NULL && o->cancelled(o->user);
}

/* Start problems while there are free slots. */
static ps_status refill(run *r, ps_error *err) {
    for (uint32_t i = 0; i < r->schedule->parallel && !r->exhausted; i++) {
        if (r->slots[i] != NULL) continue;
        const ps_problem *problem = r->schedule->next(r->schedule->user);
        if (problem == NULL) {
            r->exhausted = true;
            break;
        }
        ps_status status = ps_task_create(r->schedule->session, problem, i, &r->slots[i], err);
        if (status == PS_OK) status = ps_task_advance(r->slots[i], r->schedule->observer, err);
        if (status != PS_OK) return status;
        r->busy++;
    }
    return PS_OK;
}

static ps_status hand_over(run *r, ps_task *task, ps_error *err) {
    ps_status status = ps_task_finish(task, err);
    if (status != PS_OK) {
        ps_task_free(task);
        return status;
    }
    return r->schedule->finished(r->schedule->user, &task->outcome, err);
}

/* A task is done when the last of its requests has come back. The next problem is begun before the answers are read:
 * the model need not wait for that. With one in flight this thread may be the one that computes (engine.h): to hand
 * that to another and back takes longer than most answers do. */
static ps_status retire(run *r, uint32_t slot, ps_error *err) {
    ps_task *task = r->slots[slot];
    r->slots[slot] = NULL;
    r->busy--;
    ps_task_close(task);
    ps_status begun = refill(r, err);
    if (r->schedule->parallel > 1) ps_engine_begin(r->schedule->session->engine);
    ps_status status = hand_over(r, task, begun == PS_OK ? err : NULL);
    return begun != PS_OK ? begun : status;
}

/* ---- Waiting ------------------------------------------------------------- */

static void set_ready(waker *w, bool ready) {
    pthread_mutex_lock(&w->mutex);
    w->ready = ready;
    pthread_cond_signal(&w->called);
    pthread_mutex_unlock(&w->mutex);
}

static void call(void *user) {
    set_ready(user, true);
}

static void wait_for_call(waker *w) {
    pthread_mutex_lock(&w->mutex);
    while (!w->ready)
        pthread_cond_wait(&w->called, &w->mutex);
    pthread_mutex_unlock(&w->mutex);
}

/* An engine that calls nobody has its events ready when it is polled: nobody waits for it. */
static void open_waker(run *r) {
    const ps_session *s = r->schedule->session;
    pthread_mutex_init(&r->waker.mutex, NULL);
    pthread_cond_init(&r->waker.called, NULL);
    r->wakes =
        s->prm != NULL && ps_engine_on_ready(s->engine, call, &r->waker) && ps_prm_on_ready(s->prm, call, &r->waker);
}

static void close_waker(run *r) {
    const ps_session *s = r->schedule->session;
    (void)ps_engine_on_ready(s->engine, NULL, NULL);
    if (s->prm != NULL) (void)ps_prm_on_ready(s->prm, NULL, NULL);
    pthread_cond_destroy(&r->waker.called);
    pthread_mutex_destroy(&r->waker.mutex);
}

/* ---- Rounds -------------------------------------------------------------- */

/* Poll one side; `wait` only when the other has nothing to do. Every event that came is handed on, also after one of
 * them failed: its request is over, and its node must find its owner. */
static ps_status poll_engine(run *r, bool wait, size_t *n, ps_error *err) {
    const ps_event *events;
    *n = 0;
    ps_status status = ps_engine_poll(r->schedule->session->engine, wait ? INFINITY : 0, &events, n, err);
    if (status != PS_OK) return status;
    for (size_t i = 0; i < *n; i++) {
        ps_status one = ps_task_extended(r->slots[events[i].tag >> 32], &events[i], status == PS_OK ? err : NULL);
        if (status == PS_OK) status = one;
    }
    return status;
}

static ps_status poll_prm(run *r, bool wait, size_t *n, ps_error *err) {
    const ps_prm_event *events;
    *n = 0;
    ps_status status = ps_prm_poll(r->schedule->session->prm, wait ? INFINITY : 0, &events, n, err);
    if (status != PS_OK) return status;
    for (size_t i = 0; i < *n; i++) {
        ps_status one = ps_task_scored(r->slots[events[i].tag >> 32], &events[i], status == PS_OK ? err : NULL);
        if (status == PS_OK) status = one;
    }
    return status;
}

static void count_requests(const run *r, size_t *extending, size_t *scoring) {
    *extending = *scoring = 0;
    for (size_t i = 0; i < r->schedule->parallel; i++) {
        if (r->slots[i] == NULL) continue;
        *extending += r->slots[i]->extending;
        *scoring += r->slots[i]->scoring;
    }
}

/* Events of both sides while both have something under way: whichever comes first. A finished step that is scored while
 * other problems write is seen at once, not when one of them comes to the end of a step. */
static ps_status poll_both(run *r, ps_error *err) {
    size_t extended, scored;
    set_ready(&r->waker, false); /* what comes after this is seen by the polls or waited for */
    ps_status status = poll_prm(r, false, &scored, err);
    if (status == PS_OK) status = poll_engine(r, scored == 0 && !r->wakes, &extended, err);
    if (status != PS_OK || extended + scored > 0) return status;
    wait_for_call(&r->waker);
    return PS_OK;
}

/* One round: gather events of both sides, then let every task that has some think. */
static ps_status turn(run *r, ps_error *err) {
    size_t extending, scoring, n;
    count_requests(r, &extending, &scoring);
    ps_status status = PS_OK;
    if (scoring > 0 && extending > 0)
        status = poll_both(r, err);
    else if (scoring > 0)
        status = poll_prm(r, true, &n, err);
    else if (extending > 0)
        status = poll_engine(r, true, &n, err);
    for (uint32_t i = 0; i < r->schedule->parallel && status == PS_OK; i++) {
        ps_task *task = r->slots[i];
        if (task == NULL) continue;
        bool idle = task->extending == 0 && task->scoring == 0;
        if (task->n_results > 0 || idle) status = ps_task_advance(task, r->schedule->observer, err);
        if (status == PS_OK && task->done) status = retire(r, i, err);
    }
    return status;
}

/* Wait for what is still under way, so that none of it turns up in a later run. An engine that is lost has nothing more
 * to give: then no event comes. */
static void drain(run *r) {
    size_t extending, scoring, n = 1;
    for (size_t i = 0; i < r->schedule->parallel; i++)
        if (r->slots[i] != NULL) r->slots[i]->abandoned = true;
    for (count_requests(r, &extending, &scoring); extending + scoring > 0 && n > 0;
         count_requests(r, &extending, &scoring))
        (void)(extending > 0 ? poll_engine(r, true, &n, NULL) : poll_prm(r, true, &n, NULL));
}

ps_status ps_schedule_run(const ps_schedule *schedule, ps_error *err) {
    run r = {.schedule = schedule};
    r.slots = ps_calloc(schedule->parallel, sizeof *r.slots);
    if (r.slots == NULL) return ps_nomem(err);
    open_waker(&r);
    ps_status status = refill(&r, err);
    while (status == PS_OK && r.busy > 0) {
        if (cancelled(&r)) {
            status = ps_fail(err, PS_CANCELLED, "interrupted");
            break;
        }
        status = turn(&r, err);
    }
    drain(&r);
    close_waker(&r);
    for (size_t i = 0; i < schedule->parallel; i++)
        ps_task_free(r.slots[i]);
    ps_free(r.slots);
    return status;
}
