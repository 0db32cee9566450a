/* A client: its requests go from list to list; loop.c drives them.
 *
 *   submit --> waiting --> under way --> done --> delivered
 *                 ^            |
 *                 '- pausing <-'  what may be tried again; at once where the server is away and all wait
 *
 * Probes have a line of their own, which the server's absence does not stop. */
#include "http/inside.h"
#include "http/sigpipe.h"

#include <limits.h>
#include <math.h>
#include <unistd.h>

/* ---- Time and chance ----------------------------------------------------- */

double ps_http_now(const ps_http *http) {
    return http->setup.clock.now(http->setup.clock.user);
}

/* In (0, 1), for a pause; no result depends on it. */
static double draw(ps_http *http) {
    return ps_uniform((ps_rng_key){.seed = http->seed, .purpose = PS_RNG_METHOD}, http->draws++);
}

/* Is somebody asking after the server? */
static bool is_asking(const ps_http *http) {
    return http->health->transfer != NULL || http->probes.first == http->health;
}

/* ---- Creating and freeing ------------------------------------------------ */

static ps_status check_options(const ps_http_options *options, ps_error *err) {
    if (options->max_under_way == 0 || options->max_under_way > INT_MAX)
        return ps_fail(err, PS_ARG, "max_under_way is %zu; at least one request must be on the wire at once",
                       options->max_under_way);
    if (options->retries < 0) return ps_fail(err, PS_ARG, "retries is %d; it is at least 0", options->retries);
    if (!(options->outage_s >= 0)) return ps_fail(err, PS_ARG, "outage_s is %g; it is at least 0", options->outage_s);
    if (!(options->quiet_s >= 0)) return ps_fail(err, PS_ARG, "quiet_s is %g; it is at least 0", options->quiet_s);
    return PS_OK;
}

static ps_status open_client(ps_http *http, const ps_http_options *options, ps_error *err) {
    const ps_http_request health = {.path = "/health", .timeout_s = 10, .probe = true};
    if (!ps_transfer_ready()) return ps_fail(err, PS_HTTP, "libcurl cannot be set up (curl_global_init failed)");
    ps_status status = ps_transfer_setup_init(&http->setup, options, err);
    if (status != PS_OK) return status;
    http->health = ps_http_item_create(&health, 0);
    ps_http_loop *loop = options->beside != NULL ? options->beside->loop : ps_http_loop_create();
    if (loop != NULL) ps_http_loop_join(loop, http);
    if (loop == NULL || http->health == NULL) return ps_nomem(err);
    http->health->home = http;
    ps_away_init(&http->away, http->setup.address.base, options->outage_s, options->log);
    http->away.others = loop->n > 1;
    /* Two programs must not pause alike. */
    http->seed = (uint64_t)getpid() << 32 ^ (uint64_t)(ps_now() * 1e6);
    return PS_OK;
}

ps_status ps_http_create(const ps_http_options *options, ps_http **http, ps_error *err) {
    ps_status status = check_options(options, err);
    if (status != PS_OK) return status;
    ps_http *h = ps_calloc(1, sizeof *h);
    if (h == NULL) return ps_nomem(err);
    h->rules = (ps_http_rules){.retries = options->retries, .outage_s = options->outage_s};
    h->max_under_way = options->max_under_way;
    h->quiet_s = options->quiet_s > 0 ? options->quiet_s : 30;
    h->log = options->log;
    status = open_client(h, options, err);
    if (status == PS_OK)
        *http = h;
    else
        ps_http_free(h);
    return status;
}

/* Take it off the wire or out of the line, so that it is in no list. */
static void stop_asking(ps_http *http) {
    if (!is_asking(http)) return;
    ps_http_list_remove(http->health->transfer != NULL ? &http->under_way : &http->probes, http->health);
    if (http->health->transfer == NULL) return;
    ps_transfer_end(http->health->transfer, http->loop->multi);
    ps_transfer_free(http->health->transfer);
    http->health->transfer = NULL;
}

void ps_http_free(ps_http *http) {
    if (http == NULL) return;
    ps_sigpipe held;
    ps_sigpipe_hold(&held);
    if (http->health != NULL) stop_asking(http);
    for (ps_http_item *item = http->under_way.first; item != NULL; item = item->next) {
        ps_transfer_end(item->transfer, http->loop->multi);
        ps_transfer_free(item->transfer);
    }
    while (http->idle != NULL) {
        ps_transfer *next = http->idle->next;
        ps_transfer_free(http->idle);
        http->idle = next;
    }
    if (http->loop != NULL) ps_http_loop_leave(http);
    ps_sigpipe_let_go(&held);
    ps_http_list *lists[] = {&http->probes, &http->waiting, &http->pausing, &http->under_way};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        ps_http_list_clear(lists[i]);
    ps_http_item_free(http->health);
    ps_transfer_setup_clear(&http->setup);
    ps_free(http);
}

/* ---- A request's ends ---------------------------------------------------- */

/* Every request comes here once. A failure that cannot be told for want of memory is want of memory. */
static void finish(ps_http *http, ps_http_item *item, ps_status status, const char *message) {
    item->status = status;
    if (message != NULL) item->message = ps_strdup(message);
    if (message != NULL && item->message == NULL) item->status = PS_NOMEM;
    ps_http_list_append(&http->loop->done, item);
}

static void rest(ps_http *http, ps_transfer *t) {
    ps_text_clear(&t->body); /* what one answer needed is not kept for all */
    t->next = http->idle;
    http->idle = t;
}

/* Take a request off the wire. What was heard of it stays in the transfer until that rests. */
static ps_transfer *take_off(ps_http *http, ps_http_item *item, double now) {
    ps_transfer *t = item->transfer;
    ps_http_list_remove(&http->under_way, item);
    ps_transfer_end(t, http->loop->multi);
    item->transfer = NULL;
    item->attempts += t->sent;
    item->seconds = t->sent ? now - t->sent_at : 0;
    return t;
}

static void finish_as(ps_http *http, ps_http_item *item, ps_transfer *t, const ps_transfer_outcome *outcome) {
    item->code = outcome->code;
    item->cut = t->cut;
    item->has_body = outcome->code > 0 && !t->cut && !t->no_memory;
    item->body = t->body;
    t->body = (ps_text){0};
    if (outcome->kind == PS_HTTP_GOOD) {
        finish(http, item, PS_OK, NULL);
        return;
    }
    ps_error said;
    ps_status status = outcome->kind == PS_HTTP_NO_MEMORY ? PS_NOMEM : PS_HTTP;
    (void)ps_fail(&said, status, item->attempts > 1 ? "%s: %s (tried %u times)" : "%s: %s", ps_text_cstr(&t->url),
                  outcome->why, item->attempts);
    finish(http, item, status, said.message);
}

static void give_up(ps_http *http, ps_http_item *item) {
    finish(http, item, PS_CANCELLED, NULL);
}

/* ---- What an attempt leads to -------------------------------------------- */

static void wait_again(ps_http *http, ps_http_item *item) {
    ps_http_list_insert(item->request.probe ? &http->probes : &http->waiting, item);
}

static bool is_failure(ps_http_kind kind) {
    return kind == PS_HTTP_BUSY || kind == PS_HTTP_BROKEN || kind == PS_HTTP_LATE || kind == PS_HTTP_UNREACHED;
}

/* A probe is tried once. It tells whether the server is there; after a return, also whether it serves. */
static void settle_probe(ps_http *http, ps_http_item *item, ps_transfer *t, const ps_transfer_outcome *outcome,
                         double now) {
    bool doubtful = http->away.state == PS_AWAY_RETURNED && is_failure(outcome->kind);
    if (doubtful || outcome->kind == PS_HTTP_UNREACHED)
        ps_away_fail(&http->away, t->turn, now, now, outcome->why, draw(http));
    finish_as(http, item, t, outcome);
}

static void settle_request(ps_http *http, ps_http_item *item, ps_transfer *t, const ps_transfer_outcome *outcome,
                           double now) {
    ps_http_verdict verdict = ps_http_retry(&http->rules, &item->tries, outcome->kind, now, http->away.last_good,
                                            outcome->retry_after, draw(http));
    if (verdict.what == PS_HTTP_GIVE_UP) {
        finish_as(http, item, t, outcome);
    } else if (verdict.what == PS_HTTP_AWAY) {
        double since = outcome->kind == PS_HTTP_BUSY ? item->tries.round_since : now;
        ps_away_fail(&http->away, t->turn, now, since, outcome->why, draw(http));
        wait_again(http, item);
    } else {
        item->due = now + verdict.after_s;
        ps_http_list_append(&http->pausing, item);
    }
}

/* A server that was there, but silent, and does not answer this either is gone. */
static void settle_health(ps_http *http, const ps_transfer *t, const char *why, double now) {
    http->heard = now;
    if (why != NULL && http->rules.others && http->away.state == PS_AWAY_PRESENT)
        ps_away_fail(&http->away, t->turn, now, now, why, draw(http));
    else
        ps_away_asked(&http->away, now, why, draw(http));
}

static void settle_by_kind(ps_http *http, ps_http_item *item, ps_transfer *t, const ps_transfer_outcome *outcome,
                           double now) {
    bool there = outcome->kind == PS_HTTP_GOOD || outcome->kind == PS_HTTP_FINAL;
    bool answered = there && outcome->code > 0;
    item->fresh = outcome->kind == PS_HTTP_STALE;
    if (item->fresh) {
        wait_again(http, item);
    } else if (item == http->health) {
        settle_health(http, t, there ? NULL : outcome->why, now);
    } else {
        if (answered) ps_away_answered(&http->away, t->turn, now);
        if (item->request.probe)
            settle_probe(http, item, t, outcome, now);
        else
            settle_request(http, item, t, outcome, now);
    }
}

void ps_http_settle(ps_http *http, ps_http_item *item, const ps_transfer_outcome *outcome, double now) {
    ps_transfer *t = take_off(http, item, now);
    if (item->dropped)
        give_up(http, item);
    else
        settle_by_kind(http, item, t, outcome, now);
    rest(http, t);
}

/* ---- Sending ------------------------------------------------------------- */

static ps_transfer *take_idle(ps_http *http) {
    ps_transfer *t = http->idle;
    if (t == NULL) return ps_transfer_create(&http->setup);
    http->idle = t->next;
    return t;
}

/* Put a request that is in no list on the wire. */
static ps_status put_on(ps_http *http, ps_http_item *item) {
    ps_transfer *t = take_idle(http);
    if (t == NULL) return PS_NOMEM;
    t->owner = item;
    t->attempt = item->attempts + 1;
    t->fresh = item->fresh;
    t->turn = http->away.turn;
    t->heard = &http->heard;
    if (http->under_way.n == 0) http->heard = ps_http_now(http);
    if (ps_transfer_begin(t, http->loop->multi, &item->request, NULL) != PS_OK) {
        rest(http, t);
        return PS_NOMEM;
    }
    item->transfer = t;
    ps_http_list_append(&http->under_way, item);
    return PS_OK;
}

static void send_or_fail(ps_http *http, ps_http_item *item, double now) {
    if (put_on(http, item) == PS_OK) return;
    if (item == http->health)
        ps_away_asked(&http->away, now, "out of memory", draw(http));
    else
        finish(http, item, PS_NOMEM, NULL);
}

static void send_first(ps_http *http, ps_http_list *list, double now) {
    ps_http_item *item = list->first;
    ps_http_list_remove(list, item);
    send_or_fail(http, item, now);
}

/* When a server of several that is silent is to be asked whether it is there; INFINITY: it is not. */
static double next_doubt(const ps_http *http) {
    const bool waits = http->under_way.n > 0 && http->away.state == PS_AWAY_PRESENT && !is_asking(http);
    return http->rules.others && waits ? http->heard + http->quiet_s : INFINITY;
}

void ps_http_send(ps_http *http, double now) {
    if (http->retired) return;
    const bool gone = http->away.state == PS_AWAY_GONE && !is_asking(http) && now >= http->away.next_ask;
    if (gone || now >= next_doubt(http)) send_or_fail(http, http->health, now);
    while (http->probes.first != NULL)
        send_first(http, &http->probes, now);
    while (http->away.state == PS_AWAY_PRESENT && http->waiting.first != NULL &&
           http->under_way.n < http->max_under_way)
        send_first(http, &http->waiting, now);
}

void ps_http_end_pauses(ps_http *http, double now) {
    for (ps_http_item *item = http->pausing.first, *next; item != NULL; item = next) {
        next = item->next;
        if (now < item->due) continue;
        ps_http_list_remove(&http->pausing, item);
        wait_again(http, item);
    }
}

/* ---- As time passes ------------------------------------------------------ */

static bool is_late(const ps_http_item *item, double now) {
    return item->transfer->sent && now - item->transfer->sent_at >= item->request.timeout_s;
}

void ps_http_cut_off(ps_http *http, double now) {
    ps_transfer_outcome outcome;
    for (ps_http_item *item = http->under_way.first, *next; item != NULL; item = next) {
        next = item->next;
        if (!item->dropped && !is_late(item, now)) continue;
        ps_transfer_judge_late(item->transfer, &outcome);
        ps_http_settle(http, item, &outcome, now);
    }
}

bool ps_http_may_send(const ps_http *http) {
    if (http->retired) return false;
    return http->probes.first != NULL || (http->away.state == PS_AWAY_PRESENT && http->waiting.first != NULL &&
                                          http->under_way.n < http->max_under_way);
}

double ps_http_next_time(const ps_http *http) {
    double next = fmin(ps_away_next(&http->away, is_asking(http)), next_doubt(http));
    if (http->retired) return INFINITY;
    for (const ps_http_item *item = http->under_way.first; item != NULL; item = item->next)
        if (item->transfer->sent) next = fmin(next, item->transfer->sent_at + item->request.timeout_s);
    for (const ps_http_item *item = http->pausing.first; item != NULL; item = item->next)
        next = fmin(next, item->due);
    return next;
}

/* ---- Submitting and cancelling ------------------------------------------- */

ps_status ps_http_submit(ps_http *http, const ps_http_request *request, ps_error *err) {
    if (request->path == NULL || request->path[0] != '/')
        return ps_fail(err, PS_ARG, "the path of a request begins with a slash");
    if (!(request->timeout_s > 0))
        return ps_fail(err, PS_ARG, "a request's time limit is %g s; it is above 0", request->timeout_s);
    ps_http_item *item = ps_http_item_create(request, ++http->loop->n_submitted);
    if (item == NULL) return ps_nomem(err);
    item->home = http;
    http->n_requests++;
    if (http->retired)
        give_up(http, item);
    else
        ps_http_list_append(request->probe ? &http->probes : &http->waiting, item);
    return PS_OK;
}

/* With this tag, or all. */
static void cancel_in(ps_http *http, ps_http_list *list, const uint64_t *tag) {
    for (ps_http_item *item = list->first, *next; item != NULL; item = next) {
        next = item->next;
        if (item == http->health || (tag != NULL && item->request.tag != *tag)) continue;
        if (list != &http->under_way) {
            ps_http_list_remove(list, item);
            give_up(http, item);
        } else if (http->loop->at_work) {
            item->dropped = true; /* libcurl does not let go of it now */
        } else {
            rest(http, take_off(http, item, ps_http_now(http)));
            give_up(http, item);
        }
    }
}

static void cancel_all(ps_http *http, const uint64_t *tag) {
    ps_sigpipe held;
    ps_sigpipe_hold(&held);
    cancel_in(http, &http->probes, tag);
    cancel_in(http, &http->waiting, tag);
    cancel_in(http, &http->pausing, tag);
    cancel_in(http, &http->under_way, tag);
    ps_sigpipe_let_go(&held);
}

void ps_http_cancel(ps_http *http, uint64_t tag) {
    cancel_all(http, &tag);
}

/* ---- After an outage ----------------------------------------------------- */

bool ps_http_returned(ps_http *http) {
    bool returned = http->away.tell_returned;
    http->away.tell_returned = false;
    return returned;
}

void ps_http_admit(ps_http *http) {
    ps_away_admit(&http->away, ps_http_now(http), http->n_requests);
}

void ps_http_doubt(ps_http *http) {
    ps_away_doubt(&http->away);
}

/* ---- Several servers ----------------------------------------------------- */

bool ps_http_is_present(const ps_http *http) {
    return !http->retired && http->away.state == PS_AWAY_PRESENT;
}

static ps_http_item *find(const ps_http_list *list, uint64_t tag) {
    ps_http_item *item = list->first;
    while (item != NULL && (item->request.tag != tag || item->request.probe || item->dropped))
        item = item->next;
    return item;
}

/* As it was before anything came of it. */
static void forget(ps_http_item *item) {
    ps_free(item->message);
    ps_text_clear(&item->body);
    item->message = NULL;
    item->has_body = item->cut = item->fresh = false;
    item->code = 0;
    item->tries = (ps_http_tries){.late = item->tries.late}; /* the rest were the other server's failures */
}

/* Out of whichever list it stands in; NULL: it stands in none. */
static ps_http_item *take_out(ps_http *http, uint64_t tag) {
    ps_http_list *const lists[] = {&http->waiting, &http->pausing};
    for (size_t i = 0; i < 2; i++) {
        ps_http_item *item = find(lists[i], tag);
        if (item == NULL) continue;
        ps_http_list_remove(lists[i], item);
        return item;
    }
    ps_http_item *item = find(&http->under_way, tag);
    if (item != NULL) rest(http, take_off(http, item, ps_http_now(http)));
    return item;
}

static void put_in_line(ps_http *http, ps_http_item *item) {
    forget(item);
    item->home = http;
    http->n_requests++;
    ps_http_list_insert(&http->waiting, item);
}

bool ps_http_move(ps_http *from, uint64_t tag, ps_http *to) {
    ps_sigpipe held;
    ps_sigpipe_hold(&held);
    ps_http_item *item = take_out(from, tag);
    ps_sigpipe_let_go(&held);
    if (item == NULL) return false;
    from->n_requests--;
    put_in_line(to, item);
    return true;
}

bool ps_http_resend(ps_http *from, uint64_t tag, ps_http *to) {
    ps_http_item *item = find(&from->loop->delivered, tag);
    if (item == NULL || item->home != from) return false;
    ps_http_list_remove(&from->loop->delivered, item);
    put_in_line(to, item);
    return true;
}

void ps_http_retire(ps_http *http) {
    ps_sigpipe held;
    ps_sigpipe_hold(&held);
    stop_asking(http);
    ps_sigpipe_let_go(&held);
    cancel_all(http, NULL);
    http->retired = true;
}
