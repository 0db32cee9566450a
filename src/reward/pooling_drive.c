/* The thread that drives: what was submitted goes out, up to 64 prefixes in a request; answers are read and told. */
#include "reward/pooling_body.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { REPEATS = 3 }; /* of a step whose answer cannot be used */

/* A request under way. */
struct ps_pooling_call {
    ps_pooling_call *next;
    void (*done)(ps_pooling *p, ps_pooling_call *call, const ps_http_reply *reply);
    ps_pooling_step *steps[PS_POOLING_MOST]; /* NULL: given up */
    size_t n, bytes;
};

/* ---- Ends ---------------------------------------------------------------- */

static void lose(ps_pooling *p, ps_status status, const char *message) {
    if (p->lost.code != PS_OK) return;
    (void)ps_fail(&p->lost, status, "%s", message);
    p->told = true;
}

static void over(ps_pooling *p, ps_pooling_step *step) {
    ps_pooling_push(&p->results, step);
    p->told = true;
}

static void fail(ps_pooling *p, ps_pooling_step *step, ps_status status, const char *message) {
    if (message != step->error.message) (void)ps_fail(&step->error, status, "%s", message);
    over(p, step);
}

static void give_up(ps_pooling *p, ps_pooling_step *step) {
    fail(p, step, PS_CANCELLED, "the request was cancelled");
}

/* ---- Refusals ------------------------------------------------------------ */

static bool is_about_the_run(const ps_http_reply *reply) {
    return reply->status == PS_HTTP && (reply->code == 401 || reply->code == 403 || reply->code == 404);
}

/* Tried for as long as a server may be away (http/client.h): no answer, and no fault of the text. */
static bool is_away(const ps_http_reply *reply) {
    static const int codes[] = {0, 408, 429, 502, 503, 504};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (reply->code == codes[i]) return true;
    return false;
}

static bool is_too_long(const char *words) {
    static const char *const signs[] = {"context length", "maximum context", "max_model_len", "too long",
                                        "longer than"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (strstr(words, signs[i]) != NULL) return true;
    return false;
}

ps_status ps_pooling_refusal(const ps_http_reply *reply, ps_error *err) {
    ps_status status = reply->status;
    if (status == PS_HTTP && !is_about_the_run(reply) && !is_away(reply))
        status = is_too_long(reply->message) ? PS_BUDGET : PS_ENGINE;
    return ps_fail(err, status, "%s", reply->message);
}

/* ---- Calls --------------------------------------------------------------- */

static ps_pooling_call *call_new(ps_pooling *p,
                                 void (*done)(ps_pooling *p, ps_pooling_call *call, const ps_http_reply *reply)) {
    ps_pooling_call *call = ps_calloc(1, sizeof *call);
    if (call == NULL) return NULL;
    call->done = done;
    call->next = p->calls;
    p->calls = call;
    p->n_calls++;
    return call;
}

static void call_free(ps_pooling *p, ps_pooling_call *call) {
    ps_pooling_call **link = &p->calls;
    while (*link != call)
        link = &(*link)->next;
    *link = call->next;
    p->n_calls--;
    ps_free(call);
}

static ps_status send(ps_pooling *p, ps_pooling_call *call, const char *path, const ps_text *body, double timeout_s,
                      bool probe, ps_error *err) {
    const ps_http_request request = {.path = path,
                                     .body = body->length > 0 ? body->data : NULL,
                                     .length = body->length,
                                     .timeout_s = timeout_s,
                                     .probe = probe,
                                     .tag = (uint64_t)(uintptr_t)call};
    return ps_text_ok(body) ? ps_http_submit(p->http, &request, err) : ps_nomem(err);
}

/* ---- Answers ------------------------------------------------------------- */

/* As often as may be, each by itself; where no other was read meanwhile the server is at fault, else the step is. */
static void again(ps_pooling *p, ps_pooling_step *step, ps_status status, const char *message) {
    if (step->refused++ == 0) step->read_then = p->n_read;
    step->alone = true;
    if (status == PS_NOMEM)
        fail(p, step, PS_NOMEM, message);
    else if (step->refused <= REPEATS)
        ps_pooling_push(&p->waiting, step);
    else
        fail(p, step, step->read_then == p->n_read ? PS_HTTP : PS_ENGINE, message);
}

static void take_rows(ps_pooling *p, ps_pooling_step *step, const ps_pooling_rows *rows) {
    ps_error err;
    ps_pooling_prefix *prefix = step->prefix;
    ps_status status = ps_pooling_last(prefix, rows, &prefix->p, &err);
    if (status != PS_OK) {
        (void)ps_error_prefix(&err, status, "%s", p->url);
        again(p, step, status, err.message);
        return;
    }
    prefix->aggregate = ps_aggregate_add(prefix->parent->aggregate, prefix->p);
    p->n_read++;
    over(p, step);
}

/* A share of what the server read, by the length of the text; all shares together are all of it. */
static size_t share_of(size_t tokens, size_t before, size_t behind, size_t all) {
    const double each = (double)tokens / (double)all;
    return (size_t)floor(each * (double)behind + 0.5) - (size_t)floor(each * (double)before + 0.5);
}

static void take_answer(ps_pooling *p, ps_pooling_call *call, const ps_pooling_rows *rows, size_t tokens,
                        double seconds) {
    size_t before = 0;
    p->stats.prefilled += tokens;
    p->stats.batches++;
    p->seconds_per_byte = fmax(p->seconds_per_byte, seconds / (double)call->bytes);
    for (size_t i = 0; i < call->n; i++) {
        ps_pooling_step *step = call->steps[i];
        if (step == NULL) continue;
        call->steps[i] = NULL;
        const size_t behind = before + step->prefix->bytes;
        step->tokens += share_of(tokens, before, behind, call->bytes);
        before = behind;
        take_rows(p, step, &rows[i]);
    }
}

/* One of them may be the reason: each goes on by itself, and the last one hears why. */
static void split(ps_pooling *p, ps_pooling_call *call, ps_status status, const ps_error *err, bool repeat) {
    const bool one = call->n == 1;
    for (size_t i = 0; i < call->n; i++) {
        ps_pooling_step *step = call->steps[i];
        call->steps[i] = NULL;
        if (step == NULL) continue;
        step->alone = true;
        if (repeat && one)
            again(p, step, status, err->message);
        else if (one)
            fail(p, step, status, err->message);
        else
            ps_pooling_push(&p->waiting, step);
    }
}

static void refuse(ps_pooling *p, ps_pooling_call *call, const ps_http_reply *reply) {
    ps_error err;
    ps_status status = ps_pooling_refusal(reply, &err);
    const bool all = status == PS_HTTP || status == PS_NOMEM;
    if (is_about_the_run(reply)) lose(p, PS_HTTP, err.message);
    for (size_t i = 0; all && i < call->n; i++) {
        if (call->steps[i] != NULL) fail(p, call->steps[i], status, err.message);
        call->steps[i] = NULL;
    }
    split(p, call, status, &err, false);
}

static void batch_done(ps_pooling *p, ps_pooling_call *call, const ps_http_reply *reply) {
    ps_error err = {0};
    ps_pooling_rows rows[PS_POOLING_MOST];
    size_t tokens = 0;
    if (reply->status != PS_OK) {
        refuse(p, call, reply);
        return;
    }
    ps_arena *arena = ps_arena_create();
    ps_status status =
        arena != NULL ? ps_pooling_read(reply->body, reply->length, call->n, arena, rows, &tokens, &err) : PS_NOMEM;
    if (status == PS_OK) {
        take_answer(p, call, rows, tokens, reply->seconds);
    } else {
        if (status == PS_NOMEM) (void)ps_nomem(&err);
        (void)ps_error_prefix(&err, status, "%s", p->url);
        split(p, call, status, &err, true);
    }
    ps_arena_free(arena);
}

/* ---- Batches ------------------------------------------------------------- */

/* The first that wait, or one that is to be alone. */
static void fill(ps_pooling *p, ps_pooling_call *call) {
    const bool alone = p->waiting.first->alone;
    do {
        ps_pooling_step *step = ps_pooling_pop(&p->waiting);
        call->bytes += step->prefix->bytes;
        call->steps[call->n++] = step;
    } while (!alone && p->waiting.first != NULL && !p->waiting.first->alone && call->n < PS_POOLING_MOST);
}

static void send_batch(ps_pooling *p) {
    ps_error err;
    ps_text body = {0};
    const ps_pooling_prefix *prefixes[PS_POOLING_MOST];
    ps_pooling_call *call = call_new(p, batch_done);
    if (call == NULL) {
        fail(p, ps_pooling_pop(&p->waiting), PS_NOMEM, "out of memory");
        return;
    }
    fill(p, call);
    for (size_t i = 0; i < call->n; i++)
        prefixes[i] = call->steps[i]->prefix;
    const double timeout_s = fmax(p->timeout_s, 8 * p->seconds_per_byte * (double)call->bytes);
    ps_status status = ps_pooling_write(p->model, prefixes, call->n, &body, &err);
    if (status == PS_OK) status = send(p, call, "/pooling", &body, timeout_s, false, &err);
    ps_text_clear(&body);
    if (status == PS_OK) return;
    for (size_t i = 0; i < call->n; i++)
        fail(p, call->steps[i], status, err.message);
    call_free(p, call);
}

/* ---- The same model? ----------------------------------------------------- */

static void another(ps_pooling *p, const char *what, const char *was, const char *is) {
    ps_error err;
    (void)ps_fail(&err, PS_HTTP,
                  "%s came back with another reward model: %s was %s, is %s; what was finished is kept, and the same "
                  "command goes on with the model that was there before",
                  p->url, what, was, is);
    lose(p, PS_HTTP, err.message);
}

/* A probe; a failure to send it ends all. */
static void probe(ps_pooling *p, const char *path, const ps_text *body,
                  void (*done)(ps_pooling *p, ps_pooling_call *call, const ps_http_reply *reply)) {
    ps_error err;
    ps_pooling_call *call = call_new(p, done);
    ps_status status = call != NULL ? send(p, call, path, body, p->timeout_s, true, &err) : ps_nomem(&err);
    if (status == PS_OK) return;
    if (call != NULL) call_free(p, call);
    lose(p, status, err.message);
}

static void fixed_done(ps_pooling *p, ps_pooling_call *call, const ps_http_reply *reply) {
    ps_error err = {0};
    double now[PS_POOLING_FIXED];
    (void)call;
    p->checking = false;
    if (reply->status != PS_OK) return; /* away again, or not ready: asked anew when it is back */
    ps_status status = ps_pooling_read_fixed(reply->body, reply->length, now, &err);
    if (status != PS_OK) {
        lose(p, PS_HTTP, err.message);
        return;
    }
    for (size_t i = 0; i < PS_POOLING_FIXED; i++) {
        char was[32], is[32];
        if (fabs(now[i] - p->fixed[i]) <= PS_POOLING_AGREE) continue;
        snprintf(was, sizeof was, "%.6g", p->fixed[i]);
        snprintf(is, sizeof is, "%.6g", now[i]);
        another(p, "its reward of a fixed text", was, is);
        return;
    }
    ps_http_admit(p->http);
}

static void models_done(ps_pooling *p, ps_pooling_call *call, const ps_http_reply *reply) {
    ps_error err = {0};
    ps_text body = {0};
    const char *model = NULL, *root = NULL;
    ps_arena *arena = ps_arena_create();
    (void)call;
    if (arena == NULL) {
        lose(p, PS_NOMEM, "out of memory");
        return;
    }
    if (reply->status != PS_OK) {
        p->checking = false;
    } else if (ps_pooling_read_models(reply->body, reply->length, p->model, arena, &model, &root, &err) != PS_OK) {
        another(p, "the model", p->model, err.message);
    } else if (p->root != NULL && root != NULL && strcmp(p->root, root) != 0) {
        another(p, "where it comes from", p->root, root);
    } else {
        if (ps_pooling_write_fixed(p, &body, &err) != PS_OK) body.failed = true;
        probe(p, "/pooling", &body, fixed_done);
        ps_text_clear(&body);
    }
    ps_arena_free(arena);
}

static void check_same(ps_pooling *p) {
    if (p->checking) return;
    p->checking = true;
    ps_log_printf(&p->log, PS_LOG_INFO, "%s is back; is it the same reward model?", p->url);
    probe(p, "/v1/models", &(ps_text){0}, models_done);
}

/* ---- Giving up ----------------------------------------------------------- */

void ps_pooling_mark(ps_pooling *p, uint64_t tag) {
    const ps_pooling_steps *const lists[] = {&p->submitted, &p->waiting};
    for (size_t i = 0; i < 2; i++)
        for (ps_pooling_step *step = lists[i]->first; step != NULL; step = step->next)
            if (step->tag == tag) step->cancelled = p->cancels = true;
    for (const ps_pooling_call *call = p->calls; call != NULL; call = call->next)
        for (size_t i = 0; i < call->n; i++)
            if (call->steps[i] != NULL && call->steps[i]->tag == tag) call->steps[i]->cancelled = p->cancels = true;
}

/* A request that nobody waits for any more is closed. */
static void drop_from_call(ps_pooling *p, ps_pooling_call *call) {
    bool wanted = call->n == 0, dropped = false;
    for (size_t i = 0; i < call->n; i++) {
        ps_pooling_step *step = call->steps[i];
        if (step != NULL && step->cancelled) {
            call->steps[i] = NULL;
            give_up(p, step);
            dropped = true;
        }
        wanted = wanted || call->steps[i] != NULL;
    }
    if (dropped && !wanted) ps_http_cancel(p->http, (uint64_t)(uintptr_t)call);
}

static void drop_cancelled(ps_pooling *p) {
    ps_pooling_steps all = p->waiting;
    if (!p->cancels) return;
    p->cancels = false;
    p->waiting = (ps_pooling_steps){0};
    for (ps_pooling_step *step; (step = ps_pooling_pop(&all)) != NULL;) {
        if (step->cancelled)
            give_up(p, step);
        else
            ps_pooling_push(&p->waiting, step);
    }
    for (ps_pooling_call *call = p->calls; call != NULL; call = call->next)
        drop_from_call(p, call);
}

/* ---- The loop ------------------------------------------------------------ */

/* Tell whoever waits that there is something. [mutex] */
static void tell(ps_pooling *p) {
    if (!p->told) return;
    p->told = false;
    pthread_cond_broadcast(&p->come);
    if (p->ready != NULL) p->ready(p->user);
}

static void *drive(void *user) {
    ps_pooling *p = user;
    pthread_mutex_lock(&p->mutex);
    while (!p->closing && p->lost.code == PS_OK) {
        const ps_http_reply *replies = NULL;
        size_t n = 0;
        ps_error err = {0};
        drop_cancelled(p);
        while (p->waiting.first != NULL && p->n_calls < p->most)
            send_batch(p);
        tell(p);
        pthread_mutex_unlock(&p->mutex);
        ps_status status = ps_http_poll(p->http, INFINITY, &replies, &n, &err);
        pthread_mutex_lock(&p->mutex);
        if (status != PS_OK) lose(p, status, err.message);
        for (size_t i = 0; i < n && p->lost.code == PS_OK; i++) {
            ps_pooling_call *call = (ps_pooling_call *)(uintptr_t)replies[i].tag;
            call->done(p, call, &replies[i]);
            call_free(p, call);
        }
        if (status == PS_OK && ps_http_returned(p->http)) check_same(p);
    }
    tell(p);
    pthread_cond_broadcast(&p->come);
    pthread_mutex_unlock(&p->mutex);
    return NULL;
}

ps_status ps_pooling_drive(ps_pooling *p, ps_error *err) {
    if (pthread_create(&p->thread, NULL, drive, p) != 0)
        return ps_fail(err, PS_ENGINE, "the system gives no thread for the connections to %s", p->url);
    p->has_thread = true;
    return PS_OK;
}

void ps_pooling_stop(ps_pooling *p) {
    if (p->has_thread) {
        pthread_mutex_lock(&p->mutex);
        p->closing = true;
        pthread_mutex_unlock(&p->mutex);
        ps_http_wake(p->http);
        pthread_join(p->thread, NULL);
        p->has_thread = false;
    }
    while (p->calls != NULL) {
        for (size_t i = 0; i < p->calls->n; i++)
            ps_pooling_step_free(p->calls->steps[i]);
        call_free(p, p->calls);
    }
}
