/* Many problems over one engine: whoever has something to submit submits it, so that every batch is as full as the
 * problems allow. */
#include "run/task.h"
#include "run/waker.h"

#include <math.h>
#include <string.h>

struct ps_solver {
    ps_engine *engine;
    ps_prm *prm; /* NULL without one */
    ps_waker waker;
    bool calls;      /* the engine and the reward model call it when they have events */
    ps_task **slots; /* [n_slots]; NULL: free */
    size_t n_slots, slots_capacity;
    size_t running; /* slots that are not free */
    size_t most;    /* that were at once, since the last time there were none */
    ps_task **over; /* [n_over] whose answers have not been read */
    size_t n_over, over_capacity;
    ps_solver_event *events; /* [n_events] of this poll */
    size_t n_events, events_capacity;
    ps_arena *arena; /* of the steps among them */
    bool place;      /* one has become free in this poll */
    ps_error lost;   /* code PS_OK, or why nothing goes on */
};

/* ---- Life ---------------------------------------------------------------- */

ps_status ps_solver_create(ps_models *models, ps_solver **out, ps_error *err) {
    ps_solver *s = ps_calloc(1, sizeof *s);
    if (s == NULL) return ps_nomem(err);
    s->engine = ps_models_engine(models);
    s->prm = ps_models_prm(models);
    s->arena = ps_arena_create();
    if (s->arena == NULL) {
        ps_free(s);
        return ps_nomem(err);
    }
    ps_waker_open(&s->waker);
    s->calls = s->prm != NULL && ps_engine_on_ready(s->engine, ps_waker_ready, &s->waker) &&
               ps_prm_on_ready(s->prm, ps_waker_ready, &s->waker);
    *out = s;
    return PS_OK;
}

size_t ps_solver_running(const ps_solver *solver) {
    return solver->running;
}

size_t ps_solver_pending(const ps_solver *solver) {
    return solver->running + solver->n_over;
}

uint64_t ps_solver_over(const ps_solver *solver, size_t i) {
    return solver->over[i]->tag;
}

/* Nothing goes on after this. */
static ps_status lose(ps_solver *s, const ps_error *why, ps_error *err) {
    s->lost = *why;
    if (err != NULL) *err = *why;
    return why->code;
}

/* A search is done when the last of its requests has come back. */
static void give_place_free(ps_solver *s, uint32_t slot) {
    ps_task *task = s->slots[slot];
    ps_task_close(task);
    s->over[s->n_over++] = task;
    s->slots[slot] = NULL;
    if (--s->running == 0) s->most = 0;
    s->place = true;
}

/* ---- Submitting ---------------------------------------------------------- */

/* The first free slot; and room to put its task aside when it is over. */
static ps_status find_slot(ps_solver *s, uint32_t *slot, ps_error *err) {
    size_t i = 0;
    while (i < s->n_slots && s->slots[i] != NULL)
        i++;
    if (ps_reserve(&s->slots, &s->slots_capacity, i + 1) != PS_OK ||
        ps_reserve(&s->over, &s->over_capacity, ps_solver_pending(s) + 1) != PS_OK)
        return ps_nomem(err);
    if (i == s->n_slots) s->slots[s->n_slots++] = NULL;
    *slot = (uint32_t)i;
    return PS_OK;
}

ps_status ps_solver_submit(ps_solver *s, const ps_solve_request *request, ps_error *err) {
    ps_error why;
    uint32_t slot = 0;
    ps_task *task = NULL;
    if (s->lost.code != PS_OK) return lose(s, &s->lost, err);
    if (request->session->engine != s->engine || request->session->prm != s->prm)
        return ps_fail(err, PS_ARG, "the session was made over other models than the solver");
    ps_status status = find_slot(s, &slot, err);
    if (status == PS_OK) status = ps_task_create(request, slot, &task, err);
    if (status != PS_OK) return status;
    s->slots[slot] = task;
    if (++s->running > s->most) s->most = s->running;
    status = ps_task_advance(task, &why);
    if (status != PS_OK) return lose(s, &why, err); /* some of its requests may be under way */
    if (task->done) give_place_free(s, slot);
    return PS_OK;
}

/* ---- Events of the engine and the reward model --------------------------- */

/* Every event that came is handed on, also after one of them failed: its request is over, and its node must find its
 * owner. */
static ps_status poll_engine(ps_solver *s, double seconds, size_t *n, ps_error *err) {
    const ps_event *events;
    *n = 0;
    ps_status status = ps_engine_poll(s->engine, seconds, &events, n, err);
    if (status != PS_OK) return status;
    for (size_t i = 0; i < *n; i++) {
        ps_status one = ps_task_extended(s->slots[events[i].tag >> 32], &events[i], status == PS_OK ? err : NULL);
        if (status == PS_OK) status = one;
    }
    return status;
}

static ps_status poll_prm(ps_solver *s, double seconds, size_t *n, ps_error *err) {
    const ps_prm_event *events;
    *n = 0;
    ps_status status = ps_prm_poll(s->prm, seconds, &events, n, err);
    if (status != PS_OK) return status;
    for (size_t i = 0; i < *n; i++) {
        ps_status one = ps_task_scored(s->slots[events[i].tag >> 32], &events[i], status == PS_OK ? err : NULL);
        if (status == PS_OK) status = one;
    }
    return status;
}

static void count_requests(const ps_solver *s, size_t *extending, size_t *scoring) {
    *extending = *scoring = 0;
    for (size_t i = 0; i < s->n_slots; i++) {
        if (s->slots[i] == NULL) continue;
        *extending += s->slots[i]->extending;
        *scoring += s->slots[i]->scoring;
    }
}

/* Both sides have something under way: whichever comes first. A finished step that is scored while other problems write
 * is seen at once, not when one of them comes to the end of a step. An engine that calls nobody has its events ready
 * when it is polled: nobody waits for it. */
static ps_status poll_both(ps_solver *s, double seconds, ps_error *err) {
    size_t extended = 0, scored = 0;
    ps_waker_clear(&s->waker); /* what comes after this is seen by the polls or waited for */
    ps_status status = poll_prm(s, 0, &scored, err);
    if (status == PS_OK) status = poll_engine(s, scored == 0 && !s->calls ? seconds : 0, &extended, err);
    if (status == PS_OK && extended + scored == 0 && s->calls) ps_waker_wait(&s->waker, seconds);
    return status;
}

static ps_status gather(ps_solver *s, double seconds, ps_error *err) {
    size_t extending, scoring, n;
    count_requests(s, &extending, &scoring);
    if (scoring > 0 && extending > 0) return poll_both(s, seconds, err);
    if (scoring > 0) return poll_prm(s, seconds, &n, err);
    if (extending > 0) return poll_engine(s, seconds, &n, err);
    ps_waker_clear(&s->waker);
    ps_waker_wait(&s->waker, seconds);
    return PS_OK;
}

/* ---- Polling ------------------------------------------------------------- */

static void show(ps_solver *s, ps_task *task) {
    const ps_step_view *view = ps_task_show(task, s->arena);
    if (view != NULL) s->events[s->n_events++] = (ps_solver_event){.tag = task->tag, .step = view};
}

/* One round: gather events of both sides, then let every task that has some think. */
static ps_status turn(ps_solver *s, double seconds, ps_error *err) {
    ps_status status = gather(s, seconds, err);
    for (uint32_t i = 0; i < s->n_slots && status == PS_OK; i++) {
        ps_task *task = s->slots[i];
        if (task == NULL) continue;
        bool idle = task->extending == 0 && task->scoring == 0;
        if (task->n_results > 0 || idle) status = ps_task_advance(task, err);
        if (status == PS_OK && task->round_over) show(s, task);
        if (status == PS_OK && task->done) give_place_free(s, i);
    }
    return status;
}

/* Read the answers of the searches that are over. The model need not wait for that: what was submitted since is begun
 * before. With one in flight this thread may be the one that computes (engine.h): to hand that to another and back
 * takes longer than most answers do. */
static ps_status deliver(ps_solver *s, ps_error *err) {
    ps_status status = PS_OK;
    size_t taken = 0;
    if (s->n_over == 0) return PS_OK;
    if (s->most > 1) ps_engine_begin(s->engine);
    for (; taken < s->n_over && status == PS_OK; taken++) {
        ps_task *task = s->over[taken];
        status = ps_task_finish(task, err);
        if (status == PS_OK)
            s->events[s->n_events++] = (ps_solver_event){.tag = task->tag, .outcome = &task->outcome};
        else
            ps_task_free(task);
    }
    s->n_over -= taken;
    memmove(s->over, s->over + taken, s->n_over * sizeof *s->over);
    return status;
}

/* Rounds until there is something for the caller. */
static ps_status go_on(ps_solver *s, double seconds, ps_error *err) {
    double end = ps_now() + seconds, left = ps_waker_take(&s->waker) ? 0 : seconds;
    ps_status status = deliver(s, err);
    while (status == PS_OK && s->n_events == 0 && !s->place) {
        status = turn(s, left, err);
        if (ps_waker_take(&s->waker)) break;
        if (left <= 0 || (left = end - ps_now()) <= 0) break;
    }
    return status;
}

ps_status ps_solver_poll(ps_solver *s, double seconds, const ps_solver_event **events, size_t *n, ps_error *err) {
    ps_error why;
    if (s->lost.code != PS_OK) return lose(s, &s->lost, err);
    s->n_events = 0;
    s->place = false;
    ps_arena_reset(s->arena);
    if (ps_reserve(&s->events, &s->events_capacity, ps_solver_pending(s) + 1) != PS_OK) return ps_nomem(err);
    if (go_on(s, seconds, &why) != PS_OK) lose(s, &why, NULL);
    if (s->lost.code != PS_OK && s->n_events == 0) return lose(s, &s->lost, err);
    *events = s->events;
    *n = s->n_events;
    return PS_OK;
}

/* The three places where a poll waits: in the engine, in the reward model, between the two (or for nothing). */
void ps_solver_wake(ps_solver *s) {
    ps_waker_wake(&s->waker);
    ps_engine_wake(s->engine);
    if (s->prm != NULL) ps_prm_wake(s->prm);
}

/* ---- Giving up ----------------------------------------------------------- */

void ps_solver_cancel(ps_solver *s, uint64_t tag) {
    for (size_t i = 0; i < s->n_slots; i++)
        if (s->slots[i] != NULL && s->slots[i]->tag == tag) ps_task_cancel(s->slots[i]);
}

/* Wait for what is still under way, so that none of it turns up later. An engine that is lost has nothing more to give:
 * then no event comes. */
static void drain(ps_solver *s) {
    ps_status status = PS_OK;
    size_t extending, scoring, n;
    for (count_requests(s, &extending, &scoring); extending + scoring > 0 && status == PS_OK;
         count_requests(s, &extending, &scoring))
        status = extending > 0 ? poll_engine(s, INFINITY, &n, NULL) : poll_prm(s, INFINITY, &n, NULL);
}

void ps_solver_free(ps_solver *s) {
    if (s == NULL) return;
    for (size_t i = 0; i < s->n_slots; i++)
        if (s->slots[i] != NULL) ps_task_cancel(s->slots[i]);
    drain(s);
    (void)ps_engine_on_ready(s->engine, NULL, NULL);
    if (s->prm != NULL) (void)ps_prm_on_ready(s->prm, NULL, NULL);
    for (size_t i = 0; i < s->n_slots; i++)
        ps_task_free(s->slots[i]);
    for (size_t i = 0; i < s->n_over; i++)
        ps_task_free(s->over[i]);
    ps_waker_close(&s->waker);
    ps_arena_free(s->arena);
    ps_free(s->slots);
    ps_free(s->over);
    ps_free(s->events);
    ps_free(s);
}
