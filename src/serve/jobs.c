/* The life of a job: who waits for it, and who lets go of it when. */
#include "serve/server.h"

#include <math.h>

ps_job *ps_job_create(void) {
    ps_job *job = ps_calloc(1, sizeof *job);
    if (job == NULL) return NULL;
    job->references = 1;
    job->arrived = job->quiet_since = ps_now();
    job->progress_at = -INFINITY;
    job->created = time(NULL);
    return job;
}

ps_job *ps_job_release(ps_job *job) {
    return --job->references == 0 ? job : NULL;
}

void ps_job_free(ps_job *job) {
    if (job == NULL) return;
    ps_outcome_free(job->outcome);
    ps_session_release(job->session);
    ps_api_request_clear(&job->request);
    ps_text_clear(&job->progress);
    ps_text_clear(&job->event);
    ps_sketch_clear(&job->sketch);
    ps_free(job);
}

void ps_job_suspend(ps_job *job, struct MHD_Connection *connection) {
    job->connection = connection;
    job->suspended = true;
    MHD_suspend_connection(connection);
}

void ps_job_resume(ps_job *job) {
    if (!job->suspended) return;
    job->suspended = false;
    MHD_resume_connection(job->connection);
}

/* Seconds until a place may be free, about: as long as the requests before took, for each that stands in the line. */
static unsigned retry_after(const ps_server *server, const ps_job *job) {
    const ps_queue_line *line = &server->queue.lines[job->queued.key];
    double each = server->metrics.searches > 0 ? server->metrics.seconds / (double)server->metrics.searches : 1;
    double wait = each * (double)(line->waiting + 1) / (double)server->queue.most_running;
    return wait < 1 ? 1 : wait > 60 ? 60 : (unsigned)ceil(wait);
}

bool ps_job_queue(ps_server *server, ps_job *job, ps_api_error *err) {
    if (!ps_queue_push(&server->queue, &job->queued)) {
        ps_api_refuse(err, 429, NULL, "rate_limit_exceeded",
                      "%zu requests of this key run and %zu wait; try again later",
                      server->queue.lines[job->queued.key].running, server->queue.lines[job->queued.key].waiting);
        err->retry_after = retry_after(server, job);
        return false;
    }
    job->references++;
    job->next = server->jobs;
    if (job->next != NULL) job->next->previous = job;
    server->jobs = job;
    if (server->solver != NULL) ps_solver_wake(server->solver);
    return true;
}

ps_job *ps_job_abandon(ps_server *server, ps_job *job) {
    if (job->previous != NULL)
        job->previous->next = job->next;
    else
        server->jobs = job->next;
    if (job->next != NULL) job->next->previous = job->previous;
    job->abandoned = true;
    if (job->state == PS_JOB_WAITING && ps_queue_remove(&server->queue, &job->queued)) {
        job->state = PS_JOB_OVER;
        job->references--; /* the queue's; the connection still has its own */
    }
    if (job->state == PS_JOB_RUNNING && server->solver != NULL) ps_solver_wake(server->solver);
    pthread_cond_broadcast(&server->changed);
    return ps_job_release(job);
}

void ps_job_leave(ps_server *server, ps_job *job) {
    if (job->state != PS_JOB_RUNNING) return;
    job->state = PS_JOB_READING;
    server->reading++;
    ps_queue_over(&server->queue, &job->queued);
}

ps_job *ps_job_over(ps_server *server, ps_job *job, ps_outcome *outcome, const ps_api_error *error) {
    ps_job_leave(server, job);
    if (job->state == PS_JOB_READING) server->reading--;
    job->state = PS_JOB_OVER;
    job->outcome = outcome;
    if (error != NULL) job->error = *error;
    job->begin = true;
    ps_job_resume(job);
    return ps_job_release(job);
}
