/* One thread drives all clients of a loop: what there is to send is sent, what comes is received, and the replies of
 * all are handed out together. */
#include "http/inside.h"
#include "http/sigpipe.h"

#include <math.h>

/* ---- Who belongs to it --------------------------------------------------- */

ps_http_loop *ps_http_loop_create(void) {
    ps_http_loop *loop = ps_calloc(1, sizeof *loop);
    if (loop == NULL) return NULL;
    atomic_init(&loop->woken, false);
    loop->multi = curl_multi_init();
    if (loop->multi != NULL) return loop;
    ps_free(loop);
    return NULL;
}

/* Each knows whether it is alone, and libcurl how many connections are worth keeping. */
static void tell_all(ps_http_loop *loop) {
    long most = 0;
    for (ps_http *http = loop->first; http != NULL; http = http->next) {
        http->away.others = http->rules.others = loop->n > 1;
        most += (long)http->max_under_way + 1;
    }
    curl_multi_setopt(loop->multi, CURLMOPT_MAXCONNECTS, most);
}

void ps_http_loop_join(ps_http_loop *loop, ps_http *http) {
    ps_http **last = &loop->first;
    while (*last != NULL)
        last = &(*last)->next;
    *last = http;
    http->loop = loop;
    loop->n++;
    tell_all(loop);
}

static void drop_items(ps_http_list *list, const ps_http *home) {
    for (ps_http_item *item = list->first, *next; item != NULL; item = next) {
        next = item->next;
        if (item->home != home) continue;
        ps_http_list_remove(list, item);
        ps_http_item_free(item);
    }
}

void ps_http_loop_leave(ps_http *http) {
    ps_http_loop *loop = http->loop;
    ps_http **link = &loop->first;
    while (*link != http)
        link = &(*link)->next;
    *link = http->next;
    loop->n--;
    drop_items(&loop->done, http);
    drop_items(&loop->delivered, http);
    if (loop->n > 0) {
        tell_all(loop);
        return;
    }
    curl_multi_cleanup(loop->multi);
    ps_free(loop->replies);
    ps_free(loop);
}

/* ---- Receiving ----------------------------------------------------------- */

static ps_status let_libcurl_work(ps_http_loop *loop, ps_error *err) {
    int running;
    loop->at_work = true;
    CURLMcode code = curl_multi_perform(loop->multi, &running);
    loop->at_work = false;
    if (code == CURLM_OUT_OF_MEMORY) return ps_nomem(err);
    return code == CURLM_OK ? PS_OK : ps_fail(err, PS_HTTP, "libcurl: %s", curl_multi_strerror(code));
}

static void collect(ps_http_loop *loop) {
    ps_transfer_outcome outcome;
    CURLMsg *told;
    int left;
    while ((told = curl_multi_info_read(loop->multi, &left)) != NULL) {
        char *transfer = NULL;
        if (told->msg != CURLMSG_DONE) continue;
        CURLcode code = told->data.result; /* `told` goes with the handle */
        curl_easy_getinfo(told->easy_handle, CURLINFO_PRIVATE, &transfer);
        ps_transfer *t = (ps_transfer *)(void *)transfer;
        ps_http_item *item = t->owner;
        ps_transfer_judge(t, code, &outcome);
        ps_http_settle(item->home, item, &outcome, ps_http_now(item->home));
    }
}

/* Once round: all that can be done without waiting. What is done makes room, which is filled before anybody looks at
 * the answers. It ends: a request that was sent comes back to the line after a pause, or once, or when the server is
 * gone and nothing goes out. */
static ps_status go_round(ps_http_loop *loop, ps_error *err) {
    bool more;
    for (ps_http *http = loop->first; http != NULL; http = http->next)
        ps_http_end_pauses(http, ps_http_now(http));
    do {
        for (ps_http *http = loop->first; http != NULL; http = http->next)
            ps_http_send(http, ps_http_now(http));
        ps_status status = let_libcurl_work(loop, err);
        if (status != PS_OK) return status;
        collect(loop);
        more = false;
        for (ps_http *http = loop->first; http != NULL; http = http->next) {
            ps_http_cut_off(http, ps_http_now(http));
            more = more || ps_http_may_send(http);
        }
    } while (more);
    return PS_OK;
}

/* ---- Waiting ------------------------------------------------------------- */

static void wait_for_something(ps_http_loop *loop, double seconds) {
    const double longest = 1000; /* a poll that is to wait for longer waits again */
    double next = INFINITY;
    for (const ps_http *http = loop->first; http != NULL; http = http->next)
        next = fmin(next, ps_http_next_time(http));
    double wait = fmin(fmin(seconds, next - ps_http_now(loop->first)), longest);
    curl_multi_poll(loop->multi, NULL, 0, wait > 0 ? (int)ceil(wait * 1000) : 0, NULL);
}

/* That one is away is said by itself; that all are matters to the run. */
static void say_all_away(ps_http_loop *loop) {
    size_t live = 0, gone = 0;
    for (const ps_http *http = loop->first; http != NULL; http = http->next) {
        if (http->retired) continue;
        live++;
        gone += http->away.state == PS_AWAY_GONE;
    }
    const bool all = live > 0 && gone == live;
    if (all && !loop->all_away && loop->n > 1)
        ps_log_printf(&loop->first->log, PS_LOG_WARNING,
                      "none of the %zu servers answers: the run waits until one of them does, at most %.0f s", live,
                      loop->first->rules.outage_s);
    loop->all_away = all;
}

/* Answers are handed out before the outage ends the run, and it has ended for good when the last has lost patience. */
static ps_status check_outage(ps_http_loop *loop, ps_error *err) {
    size_t live = 0, lost = 0;
    if (loop->done.first != NULL) return PS_OK;
    say_all_away(loop);
    for (ps_http *http = loop->first; http != NULL && !loop->lost; http = http->next) {
        if (http->retired) continue;
        live++;
        lost += ps_away_check(&http->away, ps_http_now(http), http->waiting.n + http->pausing.n, &loop->why) != PS_OK;
    }
    if (live > 0 && lost == live) {
        loop->lost = true;
        if (live > 1) (void)ps_error_prefix(&loop->why, PS_HTTP, "none of %zu servers answers", live);
    }
    if (!loop->lost) return PS_OK;
    if (err != NULL) *err = loop->why;
    return PS_HTTP;
}

/* Of several how often one has gone or come back; of one, how often it has come back. */
static uint64_t news(const ps_http_loop *loop) {
    uint64_t n = 0;
    for (const ps_http *http = loop->first; http != NULL; http = http->next)
        n += http->away.changes;
    return n;
}

/* ---- Polling ------------------------------------------------------------- */

/* Hand out what is done; without memory for the list it is handed out the next time. */
static ps_status deliver(ps_http_loop *loop, const ps_http_reply **replies, size_t *n, ps_error *err) {
    if (ps_reserve(&loop->replies, &loop->reply_capacity, loop->done.n) != PS_OK) return ps_nomem(err);
    size_t count = 0;
    while (loop->done.first != NULL) {
        ps_http_item *item = loop->done.first;
        ps_http_list_remove(&loop->done, item);
        ps_http_list_append(&loop->delivered, item);
        ps_http_item_reply(item, &loop->replies[count++]);
        item->home->n_requests--;
    }
    *replies = loop->replies;
    *n = count;
    return PS_OK;
}

static ps_status drive(ps_http_loop *loop, double seconds, ps_error *err) {
    double end = ps_now() + seconds;
    const uint64_t told = news(loop);
    for (;;) {
        ps_sigpipe held;
        ps_sigpipe_hold(&held);
        ps_status status = loop->lost ? PS_OK : go_round(loop, err);
        ps_sigpipe_let_go(&held);
        if (status == PS_OK) status = check_outage(loop, err);
        if (status != PS_OK) return status;
        bool woken = atomic_exchange(&loop->woken, false);
        if (woken || loop->done.first != NULL || news(loop) != told) return PS_OK;
        double left = end - ps_now();
        if (left <= 0) return PS_OK;
        wait_for_something(loop, left);
    }
}

ps_status ps_http_poll(ps_http *http, double seconds, const ps_http_reply **replies, size_t *n, ps_error *err) {
    ps_http_loop *loop = http->loop;
    ps_http_list_clear(&loop->delivered);
    ps_status status = drive(loop, seconds, err);
    return status == PS_OK ? deliver(loop, replies, n, err) : status;
}

void ps_http_wake(ps_http *http) {
    atomic_store(&http->loop->woken, true);
    curl_multi_wakeup(http->loop->multi);
}
