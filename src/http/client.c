/* The client: requests go from list to list, and one call drives them all.
 *
 *   submit --> waiting --> under way --> done --> delivered
 *                 ^            |
 *                 '- pausing <-'  what may be tried again; at once where the server is away and all wait
 *
 * Probes have a line of their own, which the server's absence does not stop. */
#include "http/client.h"

#include "http/away.h"
#include "http/queue.h"
#include "http/sigpipe.h"
#include "http/transfer.h"

#include <limits.h>
#include <math.h>
#include <stdatomic.h>
#include <unistd.h>

struct ps_http {
    ps_transfer_setup setup;
    ps_http_rules rules;
    size_t max_under_way;
    CURLM *multi;
    ps_away away;
    ps_http_list probes, waiting, pausing, under_way, done, delivered;
    size_t n_requests; /* submitted and not yet delivered */
    uint64_t n_submitted;
    ps_http_item *health;   /* asks after a server that is gone; in under_way while it does, else in no list */
    ps_transfer *idle;      /* those without work */
    ps_http_reply *replies; /* of the last poll */
    size_t reply_capacity;
    uint64_t seed, draws; /* of the pauses */
    atomic_bool woken;
    bool at_work; /* libcurl is: on_bytes may be calling us */
    bool lost;    /* the server was away for too long … */
    ps_error why; /* … says this */
};

/* ---- Time and chance ----------------------------------------------------- */

static double now_of(const ps_http *http) {
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
    return PS_OK;
}

static ps_status open_client(ps_http *http, const ps_http_options *options, ps_error *err) {
    const ps_http_request health = {.path = "/health", .timeout_s = 10, .probe = true};
    if (!ps_transfer_ready()) return ps_fail(err, PS_HTTP, "libcurl cannot be set up (curl_global_init failed)");
    ps_status status = ps_transfer_setup_init(&http->setup, options, err);
    if (status != PS_OK) return status;
    http->health = ps_http_item_create(&health, 0);
    http->multi = curl_multi_init();
    if (http->health == NULL || http->multi == NULL) return ps_nomem(err);
    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)http->max_under_way + 1);
    ps_away_init(&http->away, http->setup.address.base, options->outage_s, options->log);
    /* Two programs must not pause alike. */
    http->seed = (uint64_t)getpid() << 32 ^ (uint64_t)(ps_now() * 1e6);
    return PS_OK;
}

ps_status ps_http_create(const ps_http_options *options, ps_http **http, ps_error *err) {
    ps_status status = check_options(options, err);
    if (status != PS_OK) return status;
    ps_http *h = ps_calloc(1, sizeof *h);
    if (h == NULL) return ps_nomem(err);
    h->rules = (ps_http_rules){options->retries, options->outage_s};
    h->max_under_way = options->max_under_way;
    atomic_init(&h->woken, false);
    status = open_client(h, options, err);
    if (status == PS_OK)
        *http = h;
    else
        ps_http_free(h);
    return status;
}

void ps_http_free(ps_http *http) {
    if (http == NULL) return;
    ps_sigpipe held;
    ps_sigpipe_hold(&held);
    for (ps_http_item *item = http->under_way.first; item != NULL; item = item->next) {
        ps_transfer_end(item->transfer, http->multi);
        ps_transfer_free(item->transfer);
    }
    if (http->health != NULL && is_asking(http)) /* it is freed below, once */
        ps_http_list_remove(http->health->transfer != NULL ? &http->under_way : &http->probes, http->health);
    while (http->idle != NULL) {
        ps_transfer *next = http->idle->next;
        ps_transfer_free(http->idle);
        http->idle = next;
    }
    curl_multi_cleanup(http->multi);
    ps_sigpipe_let_go(&held);
    ps_http_list *lists[] = {&http->probes,    &http->waiting, &http->pausing,
                             &http->under_way, &http->done,    &http->delivered};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        ps_http_list_clear(lists[i]);
    ps_http_item_free(http->health);
    ps_transfer_setup_clear(&http->setup);
    ps_free(http->replies);
    ps_free(http);
}

/* ---- A request's ends ---------------------------------------------------- */

/* Every request comes here once. A failure that cannot be told for want of memory is want of memory. */
static void finish(ps_http *http, ps_http_item *item, ps_status status, const char *message) {
    item->status = status;
    if (message != NULL) item->message = ps_strdup(message);
    if (message != NULL && item->message == NULL) item->status = PS_NOMEM;
    ps_http_list_append(&http->done, item);
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
    ps_transfer_end(t, http->multi);
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

static void settle_by_kind(ps_http *http, ps_http_item *item, ps_transfer *t, const ps_transfer_outcome *outcome,
                           double now) {
    bool there = outcome->kind == PS_HTTP_GOOD || outcome->kind == PS_HTTP_FINAL;
    bool answered = there && outcome->code > 0;
    item->fresh = outcome->kind == PS_HTTP_STALE;
    if (item->fresh) {
        wait_again(http, item);
    } else if (item == http->health) {
        ps_away_asked(&http->away, now, there ? NULL : outcome->why, draw(http));
    } else {
        if (answered) ps_away_answered(&http->away, t->turn, now);
        if (item->request.probe)
            settle_probe(http, item, t, outcome, now);
        else
            settle_request(http, item, t, outcome, now);
    }
}

static void settle(ps_http *http, ps_http_item *item, const ps_transfer_outcome *outcome, double now) {
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
    if (ps_transfer_begin(t, http->multi, &item->request, NULL) != PS_OK) {
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

static void send_what_may_go(ps_http *http, double now) {
    if (http->away.state == PS_AWAY_GONE && !is_asking(http) && now >= http->away.next_ask)
        send_or_fail(http, http->health, now);
    while (http->probes.first != NULL)
        send_first(http, &http->probes, now);
    while (http->away.state == PS_AWAY_PRESENT && http->waiting.first != NULL &&
           http->under_way.n < http->max_under_way)
        send_first(http, &http->waiting, now);
}

static void end_pauses(ps_http *http, double now) {
    for (ps_http_item *item = http->pausing.first, *next; item != NULL; item = next) {
        next = item->next;
        if (now < item->due) continue;
        ps_http_list_remove(&http->pausing, item);
        wait_again(http, item);
    }
}

/* ---- Receiving ----------------------------------------------------------- */

static ps_status let_libcurl_work(ps_http *http, ps_error *err) {
    int running;
    http->at_work = true;
    CURLMcode code = curl_multi_perform(http->multi, &running);
    http->at_work = false;
    if (code == CURLM_OUT_OF_MEMORY) return ps_nomem(err);
    return code == CURLM_OK ? PS_OK : ps_fail(err, PS_HTTP, "libcurl: %s", curl_multi_strerror(code));
}

static void collect(ps_http *http) {
    ps_transfer_outcome outcome;
    CURLMsg *told;
    int left;
    while ((told = curl_multi_info_read(http->multi, &left)) != NULL) {
        char *transfer = NULL;
        if (told->msg != CURLMSG_DONE) continue;
        CURLcode code = told->data.result; /* `told` goes with the handle */
        curl_easy_getinfo(told->easy_handle, CURLINFO_PRIVATE, &transfer);
        ps_transfer *t = (ps_transfer *)(void *)transfer;
        ps_transfer_judge(t, code, &outcome);
        settle(http, t->owner, &outcome, now_of(http));
    }
}

static bool is_late(const ps_http_item *item, double now) {
    return item->transfer->sent && now - item->transfer->sent_at >= item->request.timeout_s;
}

/* Close the connections of what ran out of time or was cancelled by an on_bytes. */
static void cut_off(ps_http *http, double now) {
    ps_transfer_outcome outcome;
    for (ps_http_item *item = http->under_way.first, *next; item != NULL; item = next) {
        next = item->next;
        if (!item->dropped && !is_late(item, now)) continue;
        ps_transfer_judge_late(item->transfer, &outcome);
        settle(http, item, &outcome, now);
    }
}

static bool may_send_now(const ps_http *http) {
    return http->probes.first != NULL || (http->away.state == PS_AWAY_PRESENT && http->waiting.first != NULL &&
                                          http->under_way.n < http->max_under_way);
}

/* Once round: all that can be done without waiting. What is done makes room, which is filled before anybody looks at
 * the answers. It ends: a request that was sent comes back to the line after a pause, or once, or when the server is
 * gone and nothing goes out. */
static ps_status go_round(ps_http *http, ps_error *err) {
    end_pauses(http, now_of(http));
    do {
        send_what_may_go(http, now_of(http));
        ps_status status = let_libcurl_work(http, err);
        if (status != PS_OK) return status;
        collect(http);
        cut_off(http, now_of(http));
    } while (may_send_now(http));
    return PS_OK;
}

/* ---- Polling ------------------------------------------------------------- */

/* When, by the client's clock, there is something to do though no byte comes. */
static double next_time(const ps_http *http) {
    double next = INFINITY;
    for (const ps_http_item *item = http->under_way.first; item != NULL; item = item->next)
        if (item->transfer->sent) next = fmin(next, item->transfer->sent_at + item->request.timeout_s);
    for (const ps_http_item *item = http->pausing.first; item != NULL; item = item->next)
        next = fmin(next, item->due);
    return next;
}

static void wait_for_something(ps_http *http, double seconds) {
    const double longest = 1000; /* a poll that is to wait for longer waits again */
    double now = now_of(http), next = fmin(next_time(http), ps_away_next(&http->away, is_asking(http)));
    double wait = fmin(fmin(seconds, next - now), longest);
    curl_multi_poll(http->multi, NULL, 0, wait > 0 ? (int)ceil(wait * 1000) : 0, NULL);
}

/* Hand out what is done; without memory for the list it is handed out the next time. */
static ps_status deliver(ps_http *http, const ps_http_reply **replies, size_t *n, ps_error *err) {
    if (ps_reserve(&http->replies, &http->reply_capacity, http->done.n) != PS_OK) return ps_nomem(err);
    size_t count = 0;
    while (http->done.first != NULL) {
        ps_http_item *item = http->done.first;
        ps_http_list_remove(&http->done, item);
        ps_http_list_append(&http->delivered, item);
        ps_http_item_reply(item, &http->replies[count++]);
    }
    http->n_requests -= count;
    *replies = http->replies;
    *n = count;
    return PS_OK;
}

/* PS_HTTP once the server was away for too long; what is done by then is delivered before. */
static ps_status check_outage(ps_http *http, ps_error *err) {
    if (http->done.first != NULL) return PS_OK;
    ps_status status =
        ps_away_check(&http->away, now_of(http), http->waiting.n + http->pausing.n, http->lost ? NULL : &http->why);
    if (status == PS_OK && !http->lost) return PS_OK;
    http->lost = true;
    if (err != NULL) *err = http->why;
    return PS_HTTP;
}

static ps_status drive(ps_http *http, double seconds, ps_error *err) {
    double end = ps_now() + seconds;
    bool told = http->away.tell_returned;
    for (;;) {
        ps_sigpipe held;
        ps_sigpipe_hold(&held);
        ps_status status = http->lost ? PS_OK : go_round(http, err);
        ps_sigpipe_let_go(&held);
        if (status == PS_OK) status = check_outage(http, err);
        if (status != PS_OK) return status;
        bool woken = atomic_exchange(&http->woken, false);
        if (woken || http->done.first != NULL || (http->away.tell_returned && !told)) return PS_OK;
        double left = end - ps_now();
        if (left <= 0) return PS_OK;
        wait_for_something(http, left);
    }
}

ps_status ps_http_poll(ps_http *http, double seconds, const ps_http_reply **replies, size_t *n, ps_error *err) {
    ps_http_list_clear(&http->delivered);
    ps_status status = drive(http, seconds, err);
    return status == PS_OK ? deliver(http, replies, n, err) : status;
}

void ps_http_wake(ps_http *http) {
    atomic_store(&http->woken, true);
    curl_multi_wakeup(http->multi);
}

/* ---- Submitting and cancelling ------------------------------------------- */

ps_status ps_http_submit(ps_http *http, const ps_http_request *request, ps_error *err) {
    if (request->path == NULL || request->path[0] != '/')
        return ps_fail(err, PS_ARG, "the path of a request begins with a slash");
    if (!(request->timeout_s > 0))
        return ps_fail(err, PS_ARG, "a request's time limit is %g s; it is above 0", request->timeout_s);
    ps_http_item *item = ps_http_item_create(request, ++http->n_submitted);
    if (item == NULL) return ps_nomem(err);
    http->n_requests++;
    ps_http_list_append(request->probe ? &http->probes : &http->waiting, item);
    return PS_OK;
}

static void cancel_in(ps_http *http, ps_http_list *list, uint64_t tag) {
    for (ps_http_item *item = list->first, *next; item != NULL; item = next) {
        next = item->next;
        if (item == http->health || item->request.tag != tag) continue;
        if (list != &http->under_way) {
            ps_http_list_remove(list, item);
            give_up(http, item);
        } else if (http->at_work) {
            item->dropped = true; /* libcurl does not let go of it now */
        } else {
            rest(http, take_off(http, item, now_of(http)));
            give_up(http, item);
        }
    }
}

void ps_http_cancel(ps_http *http, uint64_t tag) {
    ps_sigpipe held;
    ps_sigpipe_hold(&held);
    cancel_in(http, &http->probes, tag);
    cancel_in(http, &http->waiting, tag);
    cancel_in(http, &http->pausing, tag);
    cancel_in(http, &http->under_way, tag);
    ps_sigpipe_let_go(&held);
}

/* ---- After an outage ----------------------------------------------------- */

bool ps_http_returned(ps_http *http) {
    bool returned = http->away.tell_returned;
    http->away.tell_returned = false;
    return returned;
}

void ps_http_admit(ps_http *http) {
    ps_away_admit(&http->away, now_of(http), http->n_requests);
}
