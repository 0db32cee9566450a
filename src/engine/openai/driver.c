/* The thread that drives: takes in what callers asked, sends it, reads what comes, tells them. */
#include "engine/openai/ask.h"
#include "engine/openai/errand.h"
#include "engine/openai/evaluate.h"
#include "engine/openai/look_up.h"
#include "engine/openai/prompt.h"
#include "engine/openai/same.h"

#include <math.h>
#include <string.h>

/* ---- Ends ---------------------------------------------------------------- */

void ps_remote_lose(ps_remote *e, ps_status status, const char *message) {
    if (e->lost.code != PS_OK) return;
    (void)ps_fail(&e->lost, status, "%s", message);
    e->told = true;
}

/* The child that the step has made; one that was written with the same tokens is the same. */
static ps_status make_child(ps_remote *e, ps_remote_step *step) {
    const ps_event *event = &step->event;
    ps_remote_node *child = NULL;
    ps_status status = ps_remote_tree_add(&e->tree, step->parent, &child, &step->error);
    if (status != PS_OK) return status;
    child->state = step->matcher.state;
    child->run = step->run;
    child->generation = step->generation;
    child->reason = event->reason;
    child->n_tokens = step->n_read;
    child->text_length = event->text_length;
    child->text = ps_strndup(event->text, event->text_length);
    if (step->tokens != NULL) child->tokens = ps_malloc(step->n_read * sizeof *child->tokens + 1);
    if (child->text == NULL || (step->tokens != NULL && child->tokens == NULL)) {
        child->n_tokens = 0;
        ps_remote_tree_unreference(&e->tree, child);
        return ps_nomem(&step->error);
    }
    if (step->tokens != NULL && step->n_read > 0)
        memcpy(child->tokens, step->tokens, step->n_read * sizeof *child->tokens);
    ps_remote_node *equal = ps_remote_node_equal(step->parent, child);
    if (equal != NULL) {
        ps_remote_tree_unreference(&e->tree, child);
        equal->references++;
        equal->holds++;
        child = equal;
    }
    step->event.child = ps_remote_tree_handle(&e->tree, child);
    return PS_OK;
}

static void over(ps_remote *e, ps_remote_step *step) {
    ps_remote_tree_unreference(&e->tree, step->parent);
    step->parent = NULL;
    ps_remote_steps_push(&e->results, step);
    e->under_way--;
    e->told = true;
}

void ps_remote_deliver_failure(ps_remote *e, ps_remote_step *step, ps_status status, const char *message) {
    ps_remote_step_fail(step, status, message);
    over(e, step);
}

void ps_remote_deliver(ps_remote *e, ps_remote_step *step) {
    if (make_child(e, step) != PS_OK) {
        ps_remote_deliver_failure(e, step, PS_NOMEM, step->error.message);
        return;
    }
    e->stats.generated += step->event.n_tokens;
    e->stats.prefilled += step->event.prefilled;
    over(e, step);
}

void ps_remote_go_on(ps_remote *e, ps_remote_step *step, ps_status status, ps_remote_need need) {
    if (status != PS_OK)
        ps_remote_deliver_failure(e, step, status, step->error.message);
    else if (need == PS_REMOTE_NEED_NOTHING)
        ps_remote_deliver(e, step);
    else if (need == PS_REMOTE_NEED_SPELLING)
        ps_remote_steps_push(&e->unspelled, step);
    else if (step->n_read > 0)
        ps_remote_steps_push_front(ps_remote_waiting(step), step); /* what has begun is finished before others begin */
    else
        ps_remote_steps_push(ps_remote_waiting(step), step);
}

/* ---- Beginning ----------------------------------------------------------- */

/* Of a step whose prompt is there, or will never be; else it waits for it. */
static void begin_step(ps_remote *e, ps_remote_step *step) {
    const ps_remote_node *root = ps_remote_node_root(step->parent);
    ps_remote_need need = PS_REMOTE_NEED_TOKENS;
    if (root->failed.code != PS_OK) {
        ps_remote_deliver_failure(e, step, root->failed.code, root->failed.message);
    } else if (root->prompt != NULL) {
        ps_remote_steps_push(&e->blocked, step);
    } else if (step->evaluation != NULL) {
        ps_remote_steps_push(&e->unread, step);
    } else {
        ps_status status = ps_remote_step_begin(step, e->context, e->numbers, &need);
        if (need == PS_REMOTE_NEED_TOKENS && status == PS_OK)
            ps_remote_asked(e, ps_remote_node_root(step->parent), ps_remote_step_room(step));
        ps_remote_go_on(e, step, status, need);
    }
}

static void begin_all(ps_remote *e, ps_remote_steps *list) {
    ps_remote_steps all = *list;
    *list = (ps_remote_steps){0};
    for (ps_remote_step *step; (step = ps_remote_steps_pop(&all)) != NULL;)
        begin_step(e, step);
}

void ps_remote_unblock(ps_remote *e) {
    begin_all(e, &e->blocked);
}

/* ---- Giving up ----------------------------------------------------------- */

static void drop_cancelled(ps_remote *e, ps_remote_steps *list) {
    ps_remote_steps all = *list;
    *list = (ps_remote_steps){0};
    for (ps_remote_step *step; (step = ps_remote_steps_pop(&all)) != NULL;) {
        if (step->cancelled)
            ps_remote_deliver_failure(e, step, PS_CANCELLED, "the request was cancelled");
        else
            ps_remote_steps_push(list, step);
    }
}

/* A request that nobody waits for any more is closed. */
static void drop_from_call(ps_remote *e, ps_remote_call *call) {
    bool wanted = false, dropped = false;
    for (size_t i = 0; i < call->n_steps; i++) {
        ps_remote_step *step = call->steps[i];
        if (step != NULL && step->cancelled) {
            call->steps[i] = NULL;
            ps_remote_deliver_failure(e, step, PS_CANCELLED, "the request was cancelled");
            dropped = true;
        }
        wanted = wanted || call->steps[i] != NULL;
    }
    if (dropped && !wanted) ps_remote_call_cancel(e, call);
}

static void drop_all_cancelled(ps_remote *e) {
    if (!e->cancels) return;
    e->cancels = false;
    drop_cancelled(e, &e->inbox);
    drop_cancelled(e, &e->blocked);
    for (size_t i = 0; i < e->n_endpoints; i++)
        drop_cancelled(e, &e->endpoints[i].waiting);
    drop_cancelled(e, &e->unspelled);
    drop_cancelled(e, &e->unread);
    for (ps_remote_call *call = e->calls; call != NULL; call = call->after)
        if (call->steps != NULL) drop_from_call(e, call);
}

/* ---- The loop ------------------------------------------------------------ */

/* What was asked since the last turn, and what can be sent. [mutex] */
static void take_in(ps_remote *e) {
    drop_all_cancelled(e);
    ps_remote_prompts_begin(e);
    ps_remote_errands_begin(e);
    begin_all(e, &e->inbox);
    ps_remote_look_up_wanted(e);
    ps_remote_ask_waiting(e);
    ps_remote_read_waiting(e);
}

/* Tell whoever waits that there is something. [mutex] */
static void tell(ps_remote *e) {
    if (!e->told) return;
    e->told = false;
    pthread_cond_broadcast(&e->ready);
    if (e->on_ready != NULL) e->on_ready(e->on_ready_user);
}

static void take_replies(ps_remote *e, const ps_http_reply *replies, size_t n) {
    for (size_t i = 0; i < n && e->lost.code == PS_OK; i++) {
        ps_remote_call *call = (ps_remote_call *)(uintptr_t)replies[i].tag;
        if (ps_remote_try_elsewhere(e, call, &replies[i])) continue;
        call->again = false;
        call->done(e, call, &replies[i]);
        if (!call->again) ps_remote_call_free(e, call);
    }
}

/* Who has come back is asked who it is, and what lies at those that are gone is moved. */
static void look_after(ps_remote *e) {
    for (size_t i = 0; i < e->n_endpoints; i++) {
        ps_remote_endpoint *p = &e->endpoints[i];
        p->present = ps_http_is_present(p->http);
        if (ps_http_returned(p->http) && !p->refused) ps_remote_check_same(e, p);
    }
    ps_remote_rehome(e);
    for (size_t i = 0; i < e->n_endpoints; i++) {
        if (e->endpoints[i].retires) ps_http_retire(e->endpoints[i].http);
        e->endpoints[i].retires = false;
    }
}

ps_status ps_remote_turn(ps_remote *e, ps_error *err) {
    const ps_http_reply *replies = NULL;
    size_t n = 0;
    pthread_mutex_unlock(&e->mutex);
    ps_status status = ps_http_poll(e->http, INFINITY, &replies, &n, err);
    pthread_mutex_lock(&e->mutex);
    if (status != PS_OK) return status;
    take_replies(e, replies, n);
    look_after(e);
    return PS_OK;
}

static void *drive(void *user) {
    ps_remote *e = user;
    pthread_mutex_lock(&e->mutex);
    while (!e->closing && e->lost.code == PS_OK) {
        ps_error err = {0};
        take_in(e);
        tell(e);
        ps_status status = ps_remote_turn(e, &err);
        if (status != PS_OK) ps_remote_lose(e, status, err.message);
    }
    tell(e);
    pthread_cond_broadcast(&e->ready);
    pthread_mutex_unlock(&e->mutex);
    return NULL;
}

ps_status ps_remote_drive(ps_remote *e, ps_error *err) {
    if (pthread_create(&e->thread, NULL, drive, e) != 0)
        return ps_fail(err, PS_ENGINE, "the system gives no thread for the connections to %s", e->url);
    e->has_thread = true;
    return PS_OK;
}

void ps_remote_stop(ps_remote *e) {
    if (!e->has_thread) return;
    pthread_mutex_lock(&e->mutex);
    e->closing = true;
    pthread_mutex_unlock(&e->mutex);
    ps_http_wake(e->http);
    pthread_join(e->thread, NULL);
    e->has_thread = false;
}
