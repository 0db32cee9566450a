/* The one thread that submits and polls. */
#include "serve/answer.h"
#include "serve/server.h"

#include <math.h>

/* What is to be told to the solver, taken under the lock and told without it. */
typedef struct orders {
    ps_job **begin, **cancel;
    size_t n_begin, n_cancel, begin_capacity, cancel_capacity;
} orders;

static ps_job *job_of(uint64_t tag) {
    return (ps_job *)(uintptr_t)tag;
}

static uint64_t tag_of(const ps_job *job) {
    return (uint64_t)(uintptr_t)job;
}

/* ---- What is to be done -------------------------------------------------- */

/* Those that still stand in the line when the server ends. */
static void refuse_waiting(ps_server *s) {
    ps_api_error error;
    ps_api_refuse(&error, 503, NULL, "shutting_down", "the server ended before this request was begun; ask again");
    for (ps_job *job = s->jobs; job != NULL; job = job->next)
        if (job->state == PS_JOB_WAITING && ps_queue_remove(&s->queue, &job->queued))
            (void)ps_job_over(s, job, NULL, &error); /* its connection has a reference */
}

static ps_status take_waiting(ps_server *s, orders *o, ps_error *err) {
    for (ps_queued *next; (next = ps_queue_take(&s->queue)) != NULL;) {
        ps_job *job = (ps_job *)next;
        job->state = PS_JOB_RUNNING;
        if (ps_reserve(&o->begin, &o->begin_capacity, o->n_begin + 1) != PS_OK) {
            ps_api_error error;
            ps_api_refuse(&error, 500, NULL, NULL, "out of memory");
            (void)ps_job_over(s, job, NULL, &error);
            return ps_nomem(err);
        }
        o->begin[o->n_begin++] = job;
    }
    return PS_OK;
}

/* `running`: all that the solver has. */
static ps_status take_cancelled(ps_server *s, ps_job *const *running, size_t n, orders *o, ps_error *err) {
    bool over = s->stopping && ps_now() >= s->stop_at;
    for (size_t i = 0; i < n; i++) {
        ps_job *job = running[i];
        if (job->told || !(job->abandoned || over)) continue;
        if (ps_reserve(&o->cancel, &o->cancel_capacity, o->n_cancel + 1) != PS_OK) return ps_nomem(err);
        job->told = true;
        o->cancel[o->n_cancel++] = job;
    }
    return PS_OK;
}

/* ---- What comes of it ---------------------------------------------------- */

/* Twice a second is often enough for a reader. */
static const double progress_interval = 0.5;

/* Bytes of events that go into one stream in such an interval. A fast model writes more than a reader takes: what lies
 * between the two of them, in buffers that are not ours, would make all that the reader sees old. */
enum { MOST_EVENTS = 128 << 10 };

static void show(ps_server *s, ps_job *job, const ps_step_view *view) {
    double now = ps_now();
    ps_text line = {0}, event = {0};
    bool due = now - job->progress_at >= progress_interval;
    if (due) ps_progress_line(view, &line);
    if (due) job->event_bytes = 0;
    if (job->request.events && job->event_bytes < MOST_EVENTS && ps_chunk_event(job, view, &event, NULL) != PS_OK)
        ps_text_clear(&event);
    job->event_bytes += event.length;
    if (line.length == 0 && event.length == 0 && !job->request.picture) return;
    ps_server_lock(s);
    if (job->request.picture && ps_sketch_add(&job->sketch, view, now - job->arrived)) job->picture |= due;
    if (line.length > 0) {
        ps_text old = job->progress;
        job->progress = line;
        line = old;
        job->progress_at = now;
    }
    if (event.length > 0) {
        if (job->event.length > MOST_EVENTS) ps_text_reset(&job->event); /* nobody has read it: the newest is better */
        ps_text_append(&job->event, event.data, event.length);
    }
    job->begin = true;
    ps_job_resume(job);
    ps_server_unlock(s);
    ps_text_clear(&line);
    ps_text_clear(&event);
}

static void finish(ps_server *s, ps_job *job, ps_outcome *outcome) {
    ps_api_error error;
    ps_engine_stats stats;
    ps_answer_error(outcome, &error);
    size_t shown = error.http == 0 ? ps_answer_tokens(outcome) : 0;
    ps_engine_get_stats(ps_models_engine(s->models), &stats);
    ps_log_printf(&s->log, PS_LOG_DEBUG, "%s: %s, %llu tokens, %.3f s", job->id,
                  outcome->status == PS_OK ? "answered" : ps_status_text(outcome->status),
                  (unsigned long long)outcome->tokens.generated, ps_now() - job->arrived);
    ps_server_lock(s);
    ps_metrics *m = &s->metrics;
    m->searches++;
    m->cancelled += job->abandoned;
    m->seconds += ps_now() - job->arrived;
    ps_token_counts_add(&m->tokens, &outcome->tokens);
    m->answer_count += error.http == 0;
    m->answer_tokens += shown;
    m->cells = stats.cells_now;
    m->most_cells = stats.cells;
    ps_job *dead = ps_job_over(s, job, outcome, &error);
    ps_server_unlock(s);
    ps_job_free(dead);
}

static void fail(ps_server *s, ps_job *job, const char *why) {
    ps_api_error error;
    ps_api_refuse(&error, 500, NULL, NULL, "%s", why);
    ps_server_lock(s);
    ps_job *dead = ps_job_over(s, job, NULL, &error);
    ps_server_unlock(s);
    ps_job_free(dead);
}

/* ---- The loop ------------------------------------------------------------ */

typedef struct loop {
    ps_server *server;
    ps_solver *solver;
    ps_job **running; /* [n] jobs that the solver has */
    size_t n, capacity;
    orders orders;
} loop;

static void forget(loop *l, const ps_job *job) {
    for (size_t i = 0; i < l->n; i++)
        if (l->running[i] == job) {
            l->running[i] = l->running[--l->n];
            return;
        }
}

static ps_status carry_out(loop *l, ps_error *err) {
    ps_error why;
    ps_status status = PS_OK;
    if (ps_reserve(&l->running, &l->capacity, l->n + l->orders.n_begin + 1) != PS_OK) status = ps_nomem(err);
    for (size_t i = 0; i < l->orders.n_begin; i++) {
        ps_job *job = l->orders.begin[i];
        ps_solve_request request = {.session = job->session,
                                    .problem = &job->problem,
                                    .tag = tag_of(job),
                                    .progress = job->request.stream,
                                    .max_tokens = job->max_tokens,
                                    .seed = &job->seed};
        if (status != PS_OK)
            fail(l->server, job, "out of memory");
        else if (ps_solver_submit(l->solver, &request, &why) == PS_OK)
            l->running[l->n++] = job;
        else
            fail(l->server, job, why.message);
    }
    for (size_t i = 0; i < l->orders.n_cancel; i++)
        ps_solver_cancel(l->solver, tag_of(l->orders.cancel[i]));
    return status;
}

/* How long a poll may take: until somebody calls, or until what is left is given up. */
static double patience(const ps_server *s) {
    if (!s->stopping) return INFINITY;
    double left = s->stop_at - ps_now();
    return left > 0 ? left : INFINITY; /* all has been cancelled: within one batch there is an event */
}

/* A search that is over leaves its place before its answers are read: with the next poll, which sets the model to work
 * first. Whoever waits for a place gets it before that. */
static void leave_places(const loop *l) {
    size_t n = ps_solver_pending(l->solver) - ps_solver_running(l->solver);
    if (n == 0) return;
    ps_server_lock(l->server);
    for (size_t i = 0; i < n; i++)
        ps_job_leave(l->server, job_of(ps_solver_over(l->solver, i)));
    ps_server_unlock(l->server);
}

static ps_status poll(loop *l, double seconds, ps_error *err) {
    const ps_solver_event *events = NULL;
    size_t n = 0;
    ps_status status = ps_solver_poll(l->solver, seconds, &events, &n, err);
    for (size_t i = 0; i < n && status == PS_OK; i++) {
        ps_job *job = job_of(events[i].tag);
        if (events[i].step != NULL) {
            show(l->server, job, events[i].step);
            continue;
        }
        forget(l, job);
        finish(l->server, job, events[i].outcome);
    }
    leave_places(l);
    return status;
}

/* One round; *over once there is nothing left to do and nothing will come. */
static ps_status turn(loop *l, bool *over, ps_error *err) {
    ps_server *s = l->server;
    l->orders.n_begin = l->orders.n_cancel = 0;
    ps_server_lock(s);
    if (s->stopping && ps_now() >= s->stop_at) refuse_waiting(s);
    ps_status status = take_waiting(s, &l->orders, err);
    if (status == PS_OK) status = take_cancelled(s, l->running, l->n, &l->orders, err);
    *over = s->stopping && l->n + l->orders.n_begin == 0 && s->queue.waiting == 0;
    double seconds = patience(s);
    ps_server_unlock(s);
    ps_status done = carry_out(l, status == PS_OK ? err : NULL);
    status = status == PS_OK ? done : status;
    if (status != PS_OK) seconds = 0.05; /* no memory: what could not begin has been told, the rest is tried again */
    return *over ? PS_OK : poll(l, seconds, err);
}

ps_status ps_loop(ps_server *server, ps_solver *solver, ps_error *err) {
    loop l = {.server = server, .solver = solver};
    bool over = false;
    ps_status status = PS_OK;
    while (status == PS_OK && !over)
        status = turn(&l, &over, err);
    ps_server_lock(server);
    server->stopping = true; /* also where the engine is lost */
    refuse_waiting(server);
    ps_server_unlock(server);
    for (size_t i = 0; i < l.n; i++)
        fail(server, l.running[i], err != NULL ? err->message : "the engine is lost");
    ps_free(l.running);
    ps_free(l.orders.begin);
    ps_free(l.orders.cancel);
    return status;
}
