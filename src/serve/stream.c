/* A stream as its client reads it. Whenever the client has read what there was, the newest is asked for; where there is
 * nothing the connection is suspended until there is. So a slow reader makes no queue. */
#include "serve/answer.h"
#include "serve/server.h"

#include <string.h>

typedef struct stream {
    ps_server *server;
    ps_job *job; /* a reference of its own */
    ps_text out; /* composed, sent up to `sent` */
    size_t sent;
    bool begun, ended;
} stream;

/* What was taken for a client, with the lock held. */
typedef struct taken {
    ps_text progress, event;
    ps_sketch sketch; /* a copy, to be drawn without the lock; n = 0: nothing to draw */
    bool ping, over;
} taken;

/* False: there is nothing, and the connection sleeps. */
static bool take(stream *st, taken *t) {
    ps_job *job = st->job;
    *t = (taken){.progress = job->progress, .event = job->event, .ping = job->ping, .over = job->state == PS_JOB_OVER};
    job->progress = job->event = (ps_text){0};
    job->ping = false;
    if (job->picture) ps_sketch_copy(&job->sketch, &t->sketch);
    job->picture = false;
    bool something = !st->begun || t->progress.length + t->event.length + t->sketch.n > 0 || t->ping || t->over;
    if (something)
        job->quiet_since = ps_now();
    else
        ps_job_suspend(job, job->connection);
    return something;
}

/* The end of a stream: nothing else touches the job's outcome any more. */
static ps_status end(stream *st) {
    ps_job *job = st->job;
    st->ended = true;
    if (job->error.http != 0) return ps_chunk_error(&job->error, &st->out, NULL);
    uint32_t chosen = job->outcome->predictions[job->outcome->select].snapshot;
    ps_sketch_weigh(&job->sketch, job->outcome);
    ps_status status = job->sketch.n > 0 ? ps_chunk_picture(job, &job->sketch, chosen, &st->out, NULL) : PS_OK;
    return status == PS_OK ? ps_chunk_answer(job, &st->out, NULL) : status;
}

static ps_status compose(stream *st, const taken *t) {
    ps_status status = PS_OK;
    ps_text_reset(&st->out);
    st->sent = 0;
    if (!st->begun) status = ps_chunk_begin(st->job, &st->out, NULL);
    st->begun = true;
    if (status == PS_OK && t->progress.length > 0)
        status =
            ps_chunk_progress(st->job, t->progress.data, st->server->config->serve_reasoning_field, &st->out, NULL);
    ps_text_append(&st->out, ps_text_cstr(&t->event), t->event.length);
    if (status == PS_OK && t->sketch.n > 0 && !t->over)
        status = ps_chunk_picture(st->job, &t->sketch, 0, &st->out, NULL);
    if (status == PS_OK && t->over) status = end(st);
    if (st->out.length == 0) ps_text_puts(&st->out, ": still at work\n\n"); /* a comment: clients pass over it */
    return status == PS_OK && ps_text_ok(&st->out) ? PS_OK : PS_NOMEM;
}

/* Something to send; 0: nothing yet; else MHD's word for an end. */
static ssize_t fill(stream *st) {
    taken t;
    if (st->ended) return MHD_CONTENT_READER_END_OF_STREAM;
    ps_server_lock(st->server);
    bool gone = st->job->gone;
    bool something = !gone && take(st, &t);
    ps_server_unlock(st->server);
    if (gone) return MHD_CONTENT_READER_END_WITH_ERROR;
    if (!something) return 0;
    ps_status status = compose(st, &t);
    ps_text_clear(&t.progress);
    ps_text_clear(&t.event);
    ps_sketch_clear(&t.sketch);
    return status == PS_OK ? (ssize_t)st->out.length : MHD_CONTENT_READER_END_WITH_ERROR;
}

static ssize_t read_stream(void *user, uint64_t position, char *buffer, size_t room) {
    stream *st = user;
    (void)position;
    if (st->sent == st->out.length) {
        ssize_t some = fill(st);
        if (some <= 0) return some;
    }
    size_t left = st->out.length - st->sent, n = left < room ? left : room;
    memcpy(buffer, st->out.data + st->sent, n);
    st->sent += n;
    return (ssize_t)n;
}

static void free_stream(void *user) {
    stream *st = user;
    ps_server_lock(st->server);
    ps_job *dead = ps_job_release(st->job);
    ps_server_unlock(st->server);
    ps_job_free(dead);
    ps_text_clear(&st->out);
    ps_free(st);
}

struct MHD_Response *ps_stream_response(ps_server *server, ps_job *job) {
    enum { BLOCK = 16384 };
    stream *st = ps_calloc(1, sizeof *st);
    if (st == NULL) return NULL;
    st->server = server;
    st->job = job;
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, read_stream, st, free_stream);
    if (response == NULL) {
        ps_free(st);
        return NULL;
    }
    ps_server_lock(server);
    job->references++;
    ps_server_unlock(server);
    return response;
}
