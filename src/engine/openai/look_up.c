#include "engine/openai/look_up.h"

#include <string.h>

enum { TOGETHER = 256 }; /* runs in one request */

static void look_up_done(ps_remote *e, ps_remote_call *call, const ps_http_reply *reply);

/* A separator, a run, a separator, a run, …, a separator; a run alone where there is none. */
static ps_status write(ps_remote *e, const ps_remote_call *call, const char **path, ps_error *err) {
    size_t n = 0;
    if (ps_reserve(&e->path, &e->path_capacity, call->n_runs * (PS_REMOTE_RUN + 1) + 1) != PS_OK) return ps_nomem(err);
    for (size_t i = 0; i < call->n_runs; i++) {
        if (e->separator >= 0) e->path[n++] = e->separator;
        memcpy(e->path + n, call->runs[i].ids, call->runs[i].n * sizeof *e->path);
        n += call->runs[i].n;
    }
    if (e->separator >= 0) e->path[n++] = e->separator;
    ps_remote_call_write(e);
    return e->dialect->write_detokenize(e->facts.model, e->path, n, &e->body, path, err);
}

static ps_status ask(ps_remote *e, const ps_remote_run *runs, size_t n, ps_error *err) {
    const char *path = NULL;
    ps_remote_call *call = ps_remote_call_new(e, look_up_done);
    if (call == NULL) return ps_nomem(err);
    call->runs = ps_arena_calloc(call->arena, n, sizeof *call->runs);
    if (call->runs == NULL) {
        ps_remote_call_free(e, call);
        return ps_nomem(err);
    }
    memcpy(call->runs, runs, n * sizeof *runs);
    call->n_runs = n;
    ps_status status = write(e, call, &path, err);
    if (status == PS_OK) status = ps_remote_call_send(e, call, path, e->timeout_s, false, err);
    if (status != PS_OK) ps_remote_call_free(e, call);
    return status;
}

void ps_remote_look_up_wanted(ps_remote *e) {
    ps_remote_spellings *s = &e->spellings;
    const size_t most = e->separator >= 0 ? TOGETHER : 1;
    ps_error err;
    ps_status status = PS_OK;
    if (e->dialect->write_detokenize == NULL) s->n_lacking = 0;
    for (size_t at = 0, n; at < s->n_lacking && status == PS_OK; at += n) {
        n = s->n_lacking - at < most ? s->n_lacking - at : most;
        status = ask(e, s->lacking + at, n, &err);
    }
    s->n_lacking = 0;
    if (status != PS_OK) ps_remote_lose(e, status, err.message); /* what waits for it would wait for ever */
}

/* Each run's text; a half of them each where one has the separator's text in it. */
static ps_status take(ps_remote *e, const ps_remote_call *call, const char *text, size_t length, ps_error *err) {
    const size_t n = call->n_runs;
    const char **parts = ps_arena_calloc(e->answer, n, sizeof *parts);
    size_t *lengths = ps_arena_calloc(e->answer, n, sizeof *lengths);
    ps_status status = parts != NULL && lengths != NULL ? PS_OK : ps_nomem(err);
    if (status != PS_OK) return status;
    if (e->separator < 0) {
        parts[0] = text;
        lengths[0] = length;
    } else if (!ps_remote_spelling_split(text, length, e->separator_first, e->separator_between, n, parts, lengths)) {
        if (n == 1)
            return ps_fail(err, PS_FORMAT, "the text of token %d is not what it is elsewhere",
                           (int)call->runs[0].ids[0]);
        status = ask(e, call->runs, n / 2, err);
        return status == PS_OK ? ask(e, call->runs + n / 2, n - n / 2, err) : status;
    }
    for (size_t i = 0; i < n && status == PS_OK; i++)
        status = ps_remote_spelling_put(&e->spellings, &call->runs[i], parts[i], lengths[i], err);
    return status;
}

/* The steps that waited go on, or wait for more. */
static void read_on(ps_remote *e) {
    ps_remote_steps all = e->unspelled;
    e->unspelled = (ps_remote_steps){0};
    for (ps_remote_step *step; (step = ps_remote_steps_pop(&all)) != NULL;) {
        ps_remote_need need = PS_REMOTE_NEED_TOKENS;
        ps_status status = ps_remote_step_read(step, &e->spellings, &need);
        ps_remote_go_on(e, step, status, need);
    }
}

static void look_up_done(ps_remote *e, ps_remote_call *call, const ps_http_reply *reply) {
    ps_error err = {0};
    const char *text = NULL;
    size_t length = 0;
    if (reply->status == PS_CANCELLED) return;
    ps_arena_reset(e->answer);
    ps_status status = reply->status == PS_OK
                           ? e->dialect->read_detokenize(reply->body, reply->length, e->answer, &text, &length, &err)
                           : ps_remote_refusal(reply, &err);
    if (status == PS_OK) status = take(e, call, text, length, &err);
    if (status != PS_OK) {
        (void)ps_error_prefix(&err, status, "%s, the bytes of tokens", e->url);
        ps_remote_lose(e, status == PS_NOMEM ? PS_NOMEM : PS_HTTP, err.message);
        return;
    }
    read_on(e);
}
