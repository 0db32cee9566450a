/* Which problem is where. */
#include "engine/openai/call.h"

#include <assert.h>

bool ps_remote_is_usable(const ps_remote_endpoint *p) {
    return p->known && !p->refused && p->present;
}

/* ---- How busy ------------------------------------------------------------ */

static double sequences(const ps_remote_endpoint *p) {
    return p->limit.most > 0 ? (double)p->limit.most : 1;
}

static bool is_less_busy(const ps_remote_endpoint *a, const ps_remote_endpoint *b) {
    if (a->load != b->load) return a->load < b->load;
    return (double)a->problems / sequences(a) < (double)b->problems / sequences(b);
}

/* Tokens outstanding at each for each sequence, and the usable one with the fewest, leaving `but` out; NULL: there is
 * none. */
static ps_remote_endpoint *least_busy(ps_remote *e, const ps_remote_endpoint *but) {
    ps_remote_endpoint *best = NULL;
    for (size_t i = 0; i < e->n_endpoints; i++)
        e->endpoints[i].load = 0;
    for (const ps_remote_node *root = e->tree.roots; root != NULL; root = root->after)
        if (root->home != NULL)
            root->home->load += (double)(root->asked > 0 ? root->asked : e->usual_asked) / sequences(root->home);
    for (size_t i = 0; i < e->n_endpoints; i++) {
        ps_remote_endpoint *p = &e->endpoints[i];
        if (p == but || !ps_remote_is_usable(p)) continue;
        if (best == NULL || is_less_busy(p, best)) best = p;
    }
    return best;
}

ps_remote_endpoint *ps_remote_any(ps_remote *e) {
    assert(e->endpoints != NULL);
    ps_remote_endpoint *p = e->n_endpoints > 1 ? least_busy(e, NULL) : e->endpoints;
    for (size_t i = 0; p == NULL && i < e->n_endpoints; i++)
        if (!e->endpoints[i].refused) p = &e->endpoints[i];
    return p != NULL ? p : e->endpoints;
}

/* ---- Placing ------------------------------------------------------------- */

static void give(ps_remote_node *root, ps_remote_endpoint *p) {
    root->home = p;
    p->problems++;
    p->vacant = false;
}

void ps_remote_place(ps_remote *e, ps_remote_node *root) {
    root->home = NULL; /* it does not count where it was */
    give(root, ps_remote_any(e));
}

bool ps_remote_place_elsewhere(ps_remote *e, ps_remote_node *root) {
    ps_remote_endpoint *p = least_busy(e, root->home);
    if (p != NULL) give(root, p);
    return p != NULL;
}

void ps_remote_asked(ps_remote *e, ps_remote_node *root, size_t tokens) {
    if (root->asked_round != e->round) root->asked = 0;
    root->asked_round = e->round;
    root->asked += tokens;
    e->usual_asked = root->asked;
}

ps_remote_steps *ps_remote_waiting(const ps_remote_step *step) {
    return &ps_remote_node_root(step->parent)->home->waiting;
}

/* ---- Moving -------------------------------------------------------------- */

/* Of whose problem a call is; NULL: of none, or nobody waits for it any more. */
static ps_remote_node *root_of(const ps_remote_call *call) {
    for (size_t i = 0; i < call->n_steps; i++)
        if (call->steps[i] != NULL) return ps_remote_node_root(call->steps[i]->parent);
    return NULL;
}

static void send_to(ps_remote_call *call, ps_remote_endpoint *to) {
    if (call->steps != NULL) {
        call->endpoint->limit.under_way -= call->n_steps;
        to->limit.under_way += call->n_steps;
    }
    call->endpoint = to;
}

static uint64_t tag_of(const ps_remote_call *call) {
    return (uint64_t)(uintptr_t)call;
}

static void move(ps_remote_call *call, ps_remote_endpoint *to) {
    if (call->endpoint != to && ps_http_move(call->endpoint->http, tag_of(call), to->http)) send_to(call, to);
}

static void move_steps(ps_remote_endpoint *from) {
    ps_remote_steps all = from->waiting;
    from->waiting = (ps_remote_steps){0};
    for (ps_remote_step *step; (step = ps_remote_steps_pop(&all)) != NULL;)
        ps_remote_steps_push(ps_remote_waiting(step), step);
}

static void move_calls(ps_remote *e) {
    for (ps_remote_call *call = e->calls; call != NULL; call = call->after) {
        if (call->fixed || ps_remote_is_usable(call->endpoint)) continue;
        const ps_remote_node *root = root_of(call);
        if (call->steps == NULL || root != NULL) move(call, root != NULL ? root->home : ps_remote_any(e));
    }
}

/* Whether something may lie at one that is not usable, while another is. */
static bool is_to_be_moved(ps_remote *e) {
    bool usable = false, left = false;
    for (size_t i = 0; i < e->n_endpoints; i++) {
        ps_remote_endpoint *p = &e->endpoints[i];
        if (ps_remote_is_usable(p))
            usable = true;
        else
            left = left || !p->vacant;
    }
    return usable && left;
}

void ps_remote_rehome(ps_remote *e) {
    if (!is_to_be_moved(e)) return;
    for (ps_remote_node *root = e->tree.roots; root != NULL; root = root->after)
        if (root->home != NULL && !ps_remote_is_usable(root->home)) ps_remote_place(e, root);
    for (size_t i = 0; i < e->n_endpoints; i++) {
        ps_remote_endpoint *p = &e->endpoints[i];
        if (ps_remote_is_usable(p)) continue;
        move_steps(p);
        p->vacant = true;
    }
    move_calls(e);
}

/* ---- Refusing ------------------------------------------------------------ */

static bool may_go_on(const ps_remote *e) {
    for (size_t i = 0; i < e->n_endpoints; i++)
        if (!e->endpoints[i].refused) return true;
    return false;
}

void ps_remote_refuse_endpoint(ps_remote *e, ps_remote_endpoint *p, const char *why) {
    if (p->refused) return;
    p->refused = true;
    if (!may_go_on(e)) {
        ps_remote_lose(e, PS_HTTP, why);
        return;
    }
    ps_log_printf(&e->log, PS_LOG_WARNING, "%s; the run goes on without it", why);
    ps_remote_rehome(e);
    p->retires = true; /* once what it has answered is taken in */
}

/* What one server says of itself, another need not. */
static bool is_the_servers(const ps_http_reply *reply) {
    return reply->status == PS_HTTP && (reply->code == 0 || reply->code == 401 || reply->code == 403 ||
                                        reply->code == 404 || reply->code == 408 || reply->code >= 500);
}

bool ps_remote_try_elsewhere(ps_remote *e, ps_remote_call *call, const ps_http_reply *reply) {
    ps_error why;
    if (reply->status == PS_OK || e->n_endpoints == 1) return false;
    ps_remote_endpoint *was = call->endpoint, *to = least_busy(e, was);
    ps_remote_node *root = root_of(call);
    const bool wanted = call->steps == NULL || root != NULL, refused = reply->code >= 401 && reply->code <= 404;
    if (to == NULL || call->fixed || (call->moved && !refused) || !wanted || !is_the_servers(reply)) return false;
    if (root != NULL && root->home == was) give(root, to);
    if (root != NULL && ps_remote_is_usable(root->home)) to = root->home;
    (void)ps_remote_refusal(reply, &why);
    if (!ps_http_resend(was->http, tag_of(call), to->http)) return false;
    send_to(call, to);
    call->moved = true;
    if (refused) ps_remote_refuse_endpoint(e, was, why.message);
    return true;
}
