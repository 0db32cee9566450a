/* Driving the client: many at once and one after another, streams and their cutting, waking, cancelling, freeing; and
 * what is refused. */
#include "http/http_test.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>

enum { SILENT = 1 };

/* Answers with what it was sent. A body that begins with "hold" waits, "events" comes as three events of which the last
 * waits, "busy" is 503. */
static void echo(void *user, const fault_request *request, fault_answer *answer) {
    (void)user;
    fault_body(answer, "%s", request->body);
    if (strncmp(request->body, "hold", 4) == 0) answer->hold = SILENT;
    if (strncmp(request->body, "busy", 4) == 0) answer->code = 503;
    if (strncmp(request->body, "events", 6) != 0) return;
    fault_body(answer, "data: 1\n\ndata: 22\n\ndata: 333\n\n");
    answer->framing = FAULT_EVENTS;
    answer->type = "text/event-stream";
    answer->hold = SILENT;
    answer->hold_at = FAULT_BODY(9 + 5 + 10 + 6);
}

static void open_echo(test_client *c, size_t max_under_way) {
    test_client_init(c, echo, NULL);
    c->options.max_under_way = max_under_way;
    test_client_open(c);
}

/* The one reply to this tag. */
static const ps_http_reply *reply_to(test_client *c, uint64_t tag) {
    const ps_http_reply *reply = test_reply(c, 0);
    assert_int_equal(reply->tag, tag);
    return reply;
}

static double seconds_of(void (*work)(test_client *c), test_client *c) {
    double begin = ps_now();
    work(c);
    return ps_now() - begin;
}

/* ---- Many ---------------------------------------------------------------- */

enum { MANY = 200, AT_ONCE = 7 };

/* Each gets its own answer, once, while more are submitted as answers come. */
static void many_requests_get_their_own_answers(void **state) {
    (void)state;
    test_client c;
    bool seen[MANY] = {false};
    uint64_t sent = 0;
    open_echo(&c, AT_ONCE);
    for (; sent < 20; sent++)
        test_post(&c, sent, "0123456789");
    for (size_t got = 0; got < MANY;) {
        const ps_http_reply *replies;
        size_t n = test_poll(&c, &replies, 100);
        assert_true(n > 0);
        for (size_t i = 0; i < n; i++) {
            char body[32];
            snprintf(body, sizeof body, "{\"n\":%d}", (int)sent);
            if (sent < MANY) test_post(&c, sent++, body); /* replies[] stays as it is */
            snprintf(body, sizeof body, "{\"n\":%d}", (int)replies[i].tag);
            assert_int_equal(replies[i].status, PS_OK);
            assert_string_equal(replies[i].body, replies[i].tag < 20 ? "0123456789" : body);
            assert_false(seen[replies[i].tag]);
            seen[replies[i].tag] = true;
        }
        got += n;
    }
    test_no_reply(&c);
    assert_int_equal(fault_server_count(c.server, FAULT_REQUESTS), MANY);
    assert_true(fault_server_count(c.server, FAULT_MOST) <= AT_ONCE);
    assert_true(fault_server_count(c.server, FAULT_CONNECTIONS) <= AT_ONCE);
    test_client_close(&c);
}

static void no_more_than_its_limit_are_under_way(void **state) {
    (void)state;
    test_client c;
    open_echo(&c, 3);
    for (uint64_t tag = 0; tag < 9; tag++)
        test_post(&c, tag, "hold");
    test_no_reply(&c);
    assert_true(fault_server_await(c.server, FAULT_UNDER_WAY, 3));
    test_no_reply(&c);
    assert_int_equal(fault_server_count(c.server, FAULT_REQUESTS), 3);
    fault_server_release(c.server, SILENT);
    for (size_t got = 0; got < 3;) {
        const ps_http_reply *replies;
        got += test_poll(&c, &replies, 100);
    }
    assert_true(fault_server_await(c.server, FAULT_REQUESTS, 6)); /* their places were taken at once */
    assert_int_equal(fault_server_count(c.server, FAULT_MOST), 3);
    test_client_close(&c);
}

/* ---- Get and post -------------------------------------------------------- */

static void note_request(void *user, const fault_request *request, fault_answer *answer) {
    char type[64];
    fault_header(request, "Content-Type", type, sizeof type);
    snprintf(user, 256, "%s %s|%s|%s", request->method, request->path, type, request->body);
    fault_body(answer, "{}");
}

static void check_request(const char *base, const char *path, const char *body, const char *want) {
    char noted[256] = "", url[128];
    test_client c;
    test_client_init(&c, note_request, noted);
    snprintf(url, sizeof url, "%s%s", fault_server_url(c.server), base);
    c.options.base_url = url;
    test_client_open(&c);
    for (int again = 0; again < 2; again++) { /* a handle that posted also gets, and the other way round */
        ps_http_request request = {.path = path, .body = body, .timeout_s = test_no_limit, .tag = 1};
        ps_http_request other = {
            .path = "/o", .body = body == NULL ? "x" : NULL, .length = 1, .timeout_s = test_no_limit, .tag = 2};
        request.length = body != NULL ? strlen(body) : 0;
        assert_ok(ps_http_submit(c.http, &request, err));
        assert_int_equal(reply_to(&c, 1)->status, PS_OK);
        assert_int_equal(fault_server_count(c.server, FAULT_REQUESTS), 2 * again + 1);
        assert_string_equal(noted, want);
        assert_ok(ps_http_submit(c.http, &other, err));
        assert_int_equal(reply_to(&c, 2)->status, PS_OK);
    }
    test_client_close(&c);
}

static void paths_go_below_and_beside_v1(void **state) {
    (void)state;
    check_request("", "/v1/x", "{}", "POST /v1/x|application/json|{}");
    check_request("/v1", "/v1/x", NULL, "GET /v1/x||");
    check_request("/v1/", "/tokenize", "", "POST /tokenize|application/json|");
    check_request("/proxy/v1", "/v1/x", "{}", "POST /proxy/v1/x|application/json|{}");
    check_request("/proxy/v1", "/tokenize", "{}", "POST /proxy/tokenize|application/json|{}");
}

/* ---- Streams ------------------------------------------------------------- */

typedef struct stream {
    test_client *client;
    char text[256];
    size_t length, most; /* it has enough at `most` bytes */
    unsigned attempt;
    uint64_t cancels, submits; /* a tag: what it does at its first bytes; 0: nothing */
} stream;

static bool take_bytes(void *user, unsigned attempt, const char *bytes, size_t n) {
    stream *s = user;
    if (attempt != s->attempt) s->length = 0;
    s->attempt = attempt;
    if (s->length == 0 && s->cancels != 0) ps_http_cancel(s->client->http, s->cancels);
    if (s->length == 0 && s->submits != 0) test_post(s->client, s->submits, "{}");
    memcpy(s->text + s->length, bytes, n);
    s->length += n;
    s->text[s->length] = '\0';
    return s->length < s->most;
}

static void post_stream(test_client *c, uint64_t tag, const char *body, stream *s) {
    const ps_http_request request = {.path = "/v1/completions",
                                     .body = body,
                                     .length = strlen(body),
                                     .timeout_s = test_no_limit,
                                     .tag = tag,
                                     .on_bytes = take_bytes,
                                     .user = s};
    s->client = c;
    if (s->most == 0) s->most = SIZE_MAX;
    assert_ok(ps_http_submit(c->http, &request, err));
}

static void a_stream_comes_as_it_is_sent_and_whole_in_the_end(void **state) {
    (void)state;
    test_client c;
    stream s = {.length = 0};
    open_echo(&c, 8);
    post_stream(&c, 1, "events", &s);
    for (int i = 0; i < 100 && s.length < 19; i++)
        test_no_reply(&c);
    assert_string_equal(s.text, "data: 1\n\ndata: 22\n\n"); /* the third is held */
    fault_server_release(c.server, SILENT);
    const ps_http_reply *reply = reply_to(&c, 1);
    assert_int_equal(reply->status, PS_OK);
    assert_string_equal(reply->body, "data: 1\n\ndata: 22\n\ndata: 333\n\n");
    assert_string_equal(s.text, reply->body);
    assert_false(reply->cut);
    test_client_close(&c);
}

static void a_stream_that_is_cut_is_a_success_and_frees_the_server(void **state) {
    (void)state;
    test_client c;
    stream s = {.most = 12};
    open_echo(&c, 8);
    post_stream(&c, 1, "events", &s);
    const ps_http_reply *reply = reply_to(&c, 1);
    assert_int_equal(reply->status, PS_OK);
    assert_true(reply->cut);
    assert_null(reply->body);
    assert_true(fault_server_await(c.server, FAULT_ABORTED, 1));
    test_client_close(&c);
}

static void an_error_does_not_stream(void **state) {
    (void)state;
    test_client c;
    stream s = {.length = 0};
    open_echo(&c, 8);
    c.options.retries = 0;
    post_stream(&c, 1, "busy", &s);
    for (int i = 0; i < 5; i++)
        test_no_reply(&c);
    assert_true(fault_server_await(c.server, FAULT_ANSWERED, 1));
    assert_int_equal(s.length, 0);
    test_client_close(&c);
}

static void break_once(void *user, const fault_request *request, fault_answer *answer) {
    (void)user;
    fault_body(answer, "0123456789");
    if (request->number == 0) answer->close_at = FAULT_BODY(5);
}

static void a_stream_that_breaks_begins_anew(void **state) {
    (void)state;
    test_client c;
    stream s = {.length = 0};
    test_client_init(&c, break_once, NULL);
    test_client_open(&c);
    post_stream(&c, 1, "x", &s);
    const ps_http_reply *reply = test_reply(&c, 0.1);
    assert_int_equal(reply->status, PS_OK);
    assert_int_equal(s.attempt, 2);
    assert_string_equal(s.text, "0123456789");
    assert_string_equal(reply->body, "0123456789");
    test_client_close(&c);
}

static void on_bytes_may_cancel_and_submit(void **state) {
    (void)state;
    test_client c;
    stream self = {.cancels = 1}, other = {.cancels = 3, .submits = 4, .most = 12};
    const ps_http_reply *replies;
    open_echo(&c, 8);
    post_stream(&c, 1, "events", &self);
    assert_int_equal(reply_to(&c, 1)->status, PS_CANCELLED);
    assert_true(fault_server_await(c.server, FAULT_ABORTED, 1));
    test_post(&c, 3, "hold");
    assert_int_equal(test_poll(&c, &replies, 3), 0);
    post_stream(&c, 2, "events", &other);
    bool seen[5] = {false};
    for (size_t got = 0; got < 3;) {
        size_t n = test_poll(&c, &replies, 100);
        assert_true(n > 0);
        for (size_t i = 0; i < n; i++) {
            assert_false(seen[replies[i].tag]);
            seen[replies[i].tag] = true;
            assert_int_equal(replies[i].status, replies[i].tag == 3 ? PS_CANCELLED : PS_OK);
        }
        got += n;
    }
    assert_true(seen[2] && seen[3] && seen[4]);
    test_client_close(&c);
}

/* A write to a connection that is gone sends SIGPIPE on some systems: the program lives, and its own is left to it. */
static bool raise_sigpipe(void *user, unsigned attempt, const char *bytes, size_t n) {
    (void)user, (void)attempt, (void)bytes, (void)n;
    pthread_kill(pthread_self(), SIGPIPE);
    return true;
}

static void a_sigpipe_from_a_connection_does_not_end_the_program(void **state) {
    (void)state;
    test_client c;
    sigset_t now;
    ps_http_request request = {
        .path = "/x", .body = "x", .length = 1, .timeout_s = test_no_limit, .tag = 1, .on_bytes = raise_sigpipe};
    open_echo(&c, 8);
    assert_ok(ps_http_submit(c.http, &request, err));
    assert_int_equal(reply_to(&c, 1)->status, PS_OK);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &now), 0);
    assert_int_equal(sigismember(&now, SIGPIPE), 0);
    test_client_close(&c);
}

/* ---- Cancelling ---------------------------------------------------------- */

static void a_cancelled_request_gets_one_reply_and_frees_the_server(void **state) {
    (void)state;
    test_client c;
    open_echo(&c, 2);
    test_post(&c, 1, "hold");   /* under way, hung */
    test_post(&c, 2, "events"); /* under way, in mid-stream */
    test_post(&c, 3, "hold");   /* in line */
    test_no_reply(&c);
    assert_true(fault_server_await(c.server, FAULT_UNDER_WAY, 2));
    for (uint64_t tag = 1; tag <= 3; tag++) {
        ps_http_cancel(c.http, tag);
        ps_http_cancel(c.http, tag); /* again does nothing */
        const ps_http_reply *reply = reply_to(&c, tag);
        assert_int_equal(reply->status, PS_CANCELLED);
        assert_string_equal(reply->message, "cancelled");
        assert_true(fault_server_await(c.server, FAULT_ABORTED, tag < 3 ? (size_t)tag : 2));
    }
    ps_http_cancel(c.http, 4); /* there is none */
    test_no_reply(&c);
    test_post(&c, 5, "{}");
    assert_int_equal(reply_to(&c, 5)->status, PS_OK);
    test_client_close(&c);
}

static void what_pauses_or_waits_for_a_server_can_be_cancelled(void **state) {
    (void)state;
    test_client c;
    open_echo(&c, 2);
    test_post(&c, 1, "busy");
    for (int i = 0; i < 100 && fault_server_count(c.server, FAULT_ANSWERED) == 0; i++)
        test_no_reply(&c);
    test_no_reply(&c); /* it pauses: the clock stands */
    ps_http_cancel(c.http, 1);
    assert_int_equal(reply_to(&c, 1)->status, PS_CANCELLED);
    fault_server_down(c.server);
    test_post(&c, 2, "{}");
    test_no_reply(&c);
    ps_http_cancel(c.http, 2);
    assert_int_equal(reply_to(&c, 2)->status, PS_CANCELLED);
    test_client_close(&c);
}

/* ---- Freeing ------------------------------------------------------------- */

static void free_client(test_client *c) {
    ps_http_free(c->http);
    c->http = NULL;
}

static void freeing_is_over_at_once_whatever_is_under_way(void **state) {
    (void)state;
    test_client c;
    const char *const bodies[] = {"hold", "events", "busy", "{}"};
    for (size_t k = 0; k < 5; k++) {
        open_echo(&c, 8);
        for (uint64_t tag = 0; tag < 20; tag++)
            test_post(&c, tag, bodies[k % 4]);
        if (k == 4) fault_server_down(c.server);
        const ps_http_reply *replies;
        size_t n;
        if (k < 4) assert_ok(ps_http_poll(c.http, 0.01, &replies, &n, err));
        assert_true(seconds_of(free_client, &c) < 1);
        assert_true(fault_server_await_fall(c.server, FAULT_OPEN, 0));
        test_client_close(&c);
    }
    test_client_init(&c, echo, NULL);
    c.options.base_url = "http://no-such-host.invalid/v1"; /* its name is being looked up, perhaps for long */
    test_client_open(&c);
    test_post(&c, 1, "{}");
    test_no_reply(&c);
    assert_true(seconds_of(free_client, &c) < 1);
    test_client_close(&c);
    ps_http_free(NULL);
}

/* ---- Waiting and waking -------------------------------------------------- */

static void poll_once(test_client *c) {
    const ps_http_reply *replies;
    size_t n;
    assert_ok(ps_http_poll(c->http, 0.05, &replies, &n, err));
    assert_int_equal(n, 0);
}

static void poll_for_ever(test_client *c) {
    const ps_http_reply *replies;
    size_t n;
    assert_ok(ps_http_poll(c->http, INFINITY, &replies, &n, err));
    assert_int_equal(n, 0);
}

static void a_poll_keeps_to_its_time(void **state) {
    (void)state;
    test_client c;
    open_echo(&c, 8);
    double idle = seconds_of(poll_once, &c);
    test_post(&c, 1, "hold");
    double busy = seconds_of(poll_once, &c);
    assert_true(idle >= 0.05 && idle < 5);
    assert_true(busy >= 0.05 && busy < 5);
    const ps_http_reply *replies;
    size_t n;
    assert_ok(ps_http_poll(c.http, 0, &replies, &n, err));
    assert_int_equal(n, 0);
    test_client_close(&c);
}

static void *wake_when_asked(void *user) {
    test_client *c = user;
    fault_server_await(c->server, FAULT_REQUESTS, 1); /* the poll is at work by then */
    ps_http_wake(c->http);
    return NULL;
}

static void a_wake_from_another_thread_ends_a_poll(void **state) {
    (void)state;
    test_client c;
    pthread_t thread;
    open_echo(&c, 8);
    test_post(&c, 1, "hold");
    assert_int_equal(pthread_create(&thread, NULL, wake_when_asked, &c), 0);
    poll_for_ever(&c);
    pthread_join(thread, NULL);
    ps_http_wake(c.http); /* before the poll: it is not lost */
    poll_for_ever(&c);
    test_client_close(&c);
}

/* ---- What is refused ----------------------------------------------------- */

static void check_refused(const ps_http_options *options, const char *says) {
    ps_http *http = NULL;
    ps_error why = {0};
    assert_int_equal(ps_http_create(options, &http, &why), PS_ARG);
    assert_null(http);
    check_contains(why.message, says);
}

static void options_and_requests_that_make_no_sense_are_refused(void **state) {
    (void)state;
    const ps_http_options good = {.base_url = "http://h", .max_under_way = 1, .outage_s = 1};
    ps_http_options bad = good;
    bad.max_under_way = 0;
    check_refused(&bad, "max_under_way");
    bad = good;
    bad.retries = -1;
    check_refused(&bad, "retries");
    bad = good;
    bad.outage_s = NAN;
    check_refused(&bad, "outage_s");
    bad = good;
    bad.base_url = "h:1";
    check_refused(&bad, "base_url");
    bad = good;
    bad.key = "secret";
    check_refused(&bad, "engine.openai.allow_plain_key");
    test_client c;
    ps_error why = {0};
    open_echo(&c, 1);
    assert_int_equal(ps_http_submit(c.http, &(ps_http_request){.path = "v1", .timeout_s = 1}, &why), PS_ARG);
    check_contains(why.message, "slash");
    assert_int_equal(ps_http_submit(c.http, &(ps_http_request){.path = NULL, .timeout_s = 1}, &why), PS_ARG);
    assert_int_equal(ps_http_submit(c.http, &(ps_http_request){.path = "/v1", .timeout_s = 0}, &why), PS_ARG);
    check_contains(why.message, "time limit");
    test_no_reply(&c);
    test_client_close(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_requests_get_their_own_answers),
        cmocka_unit_test(no_more_than_its_limit_are_under_way),
        cmocka_unit_test(paths_go_below_and_beside_v1),
        cmocka_unit_test(a_stream_comes_as_it_is_sent_and_whole_in_the_end),
        cmocka_unit_test(a_stream_that_is_cut_is_a_success_and_frees_the_server),
        cmocka_unit_test(an_error_does_not_stream),
        cmocka_unit_test(a_stream_that_breaks_begins_anew),
        cmocka_unit_test(on_bytes_may_cancel_and_submit),
        cmocka_unit_test(a_sigpipe_from_a_connection_does_not_end_the_program),
        cmocka_unit_test(a_cancelled_request_gets_one_reply_and_frees_the_server),
        cmocka_unit_test(what_pauses_or_waits_for_a_server_can_be_cancelled),
        cmocka_unit_test(freeing_is_over_at_once_whatever_is_under_way),
        cmocka_unit_test(a_poll_keeps_to_its_time),
        cmocka_unit_test(a_wake_from_another_thread_ends_a_poll),
        cmocka_unit_test(options_and_requests_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests_name("http/driving", tests, NULL, NULL);
}
