/* While the server is away: what waits, what is said, who is asked first when it is back, and the end of patience. */
#include "http/away.h"
#include "http/http_test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- The state machine alone --------------------------------------------- */

static void an_outage_is_told_once_then_every_minute_then_that_it_is_over(void **state) {
    (void)state;
    test_log log = {.length = 0};
    ps_away a;
    ps_away_init(&a, "http://h:1", 600, (ps_log){test_log_write, &log, PS_LOG_DEBUG});
    assert_true(isinf(ps_away_next(&a, false)));
    ps_away_fail(&a, a.turn, 100, 100, "refused", 0.5);
    assert_int_equal(a.state, PS_AWAY_GONE);
    assert_string_equal(log.text, "http://h:1 does not answer (refused): requests wait for it, at most 600 s\n");
    ps_away_fail(&a, a.turn, 101, 101, "refused", 0.5);
    assert_int_equal(log.lines, 1);
    for (double t = 100; t < 400; t += 0.25) {
        if (t >= ps_away_next(&a, true)) assert_ok(ps_away_check(&a, t, 5, err));
        if (t >= ps_away_next(&a, false)) ps_away_asked(&a, t, "timed out", 0.5);
    }
    assert_int_equal(log.lines, 5); /* at 160, 220, 280, 340 */
    check_contains(log.text, "http://h:1 has been away for 240 s (timed out); 5 requests wait\n");
    ps_away_asked(&a, 400, NULL, 0.5);
    assert_int_equal(a.state, PS_AWAY_RETURNED);
    ps_away_admit(&a, 400, 5);
    assert_int_equal(a.state, PS_AWAY_PRESENT);
    assert_int_equal(log.lines, 5); /* an answer to a request says it */
    ps_away_answered(&a, a.turn, 401);
    ps_away_answered(&a, a.turn, 402);
    assert_int_equal(log.lines, 6);
    check_contains(log.text, "http://h:1 answers again, after 301 s\n");
}

static void it_is_asked_after_at_growing_pauses_and_at_the_end(void **state) {
    (void)state;
    ps_away a;
    ps_away_init(&a, "h", 40, (ps_log){0});
    ps_away_fail(&a, a.turn, 0, 0, "x", 0.5);
    const double asked_at[] = {0.625, 1.875, 4.375, 9.375, 19.375, 29.375, 39.375, 40};
    for (size_t i = 0; i < sizeof asked_at / sizeof *asked_at; i++) {
        assert_true(fabs(ps_away_next(&a, false) - asked_at[i]) < 1e-9);
        assert_int_equal(ps_away_check(&a, asked_at[i], 1, NULL), PS_OK);
        ps_away_asked(&a, asked_at[i], "x", 0.5);
    }
    ps_error why;
    assert_int_equal(ps_away_check(&a, 40, 1, &why), PS_HTTP);
    check_contains(why.message, "h has been away for 40 s, which is as long as it is waited for (outage_s): x");
}

/* Nobody drove the client for an hour: it is asked after once more before all is given up. */
static void time_in_which_nobody_asked_does_not_count_alone(void **state) {
    (void)state;
    ps_away a;
    ps_away_init(&a, "h", 40, (ps_log){0});
    ps_away_fail(&a, a.turn, 0, 0, "x", 0.5);
    assert_int_equal(ps_away_check(&a, 3600, 1, NULL), PS_OK);
    ps_away_asked(&a, 3600, NULL, 0.5);
    assert_int_equal(ps_away_check(&a, 3600, 1, NULL), PS_OK);
    assert_int_equal(a.state, PS_AWAY_RETURNED);
}

static void what_was_sent_before_it_went_tells_nothing(void **state) {
    (void)state;
    ps_away a;
    ps_away_init(&a, "h", 40, (ps_log){0});
    uint64_t before = a.turn;
    ps_away_fail(&a, before, 0, 0, "x", 0.5);
    ps_away_answered(&a, before, 1); /* on a connection that still lived */
    assert_int_equal(a.state, PS_AWAY_GONE);
    ps_away_asked(&a, 2, NULL, 0.5);
    ps_away_fail(&a, before, 3, 3, "x", 0.5); /* a connection that came about in vain, begun before */
    assert_int_equal(a.state, PS_AWAY_RETURNED);
    ps_away_fail(&a, a.turn, 4, 4, "x", 0.5);
    assert_int_equal(a.state, PS_AWAY_GONE);
    assert_true(a.outage && a.since == 0); /* the same outage goes on */
}

static void an_outage_after_which_nobody_asks_is_over(void **state) {
    (void)state;
    ps_away a;
    ps_away_init(&a, "h", 40, (ps_log){0});
    ps_away_fail(&a, a.turn, 0, 0, "x", 0.5);
    ps_away_admit(&a, 1, 0);
    assert_int_equal(a.state, PS_AWAY_GONE); /* not before it is back */
    ps_away_asked(&a, 2, NULL, 0.5);
    ps_away_admit(&a, 3, 0);
    assert_false(a.outage);
}

/* ---- With a server ------------------------------------------------------- */

/* It answers GET /health, other GETs and POSTs apart. The test changes it while the server's thread reads it. */
typedef struct desk {
    atomic_int code, health_code; /* of its answers */
    atomic_int busy;              /* so many of the next POSTs are 503 … */
    char headers[128];            /* … with these lines */
    atomic_size_t health, gets, posts;
} desk;

static void serve_desk(void *user, const fault_request *request, fault_answer *answer) {
    desk *d = user;
    bool health = strcmp(request->path, "/health") == 0, post = strcmp(request->method, "POST") == 0;
    answer->code = health ? d->health_code : d->code;
    if (post && d->busy > 0) {
        answer->code = 503;
        d->busy--;
        snprintf(answer->headers, sizeof answer->headers, "%s", d->headers);
    }
    if (health)
        d->health++;
    else if (post)
        d->posts++;
    else
        d->gets++;
    fault_body(answer, "%s", request->body);
}

static void open_desk(test_client *c, desk *d) {
    memset(d, 0, sizeof *d);
    d->code = d->health_code = 200;
    test_client_init(c, serve_desk, d);
    test_client_open(c);
}

static void probe(test_client *c, uint64_t tag) {
    const ps_http_request request = {.path = "/v1/models", .timeout_s = test_no_limit, .probe = true, .tag = tag};
    assert_ok(ps_http_submit(c->http, &request, err));
}

/* Poll, the clock running, until the server has returned. */
static void await_return(test_client *c) {
    for (int i = 0; i < 1000; i++) {
        const ps_http_reply *replies;
        if (ps_http_returned(c->http)) return;
        assert_int_equal(test_poll(c, &replies, 1), 0);
        c->time += 0.5;
    }
    fail_msg("the server does not return");
}

static void requests_wait_for_a_server_that_is_down_and_its_owner_is_asked_first(void **state) {
    (void)state;
    test_client c;
    desk d;
    open_desk(&c, &d);
    fault_server_down(c.server);
    for (uint64_t tag = 1; tag <= 5; tag++)
        test_post(&c, tag, "{}");
    test_no_reply(&c);
    c.time += 100;
    test_no_reply(&c);
    assert_int_equal(c.log.lines, 2);
    check_contains(c.log.text, "5 requests wait");
    fault_server_up(c.server);
    await_return(&c);
    assert_false(ps_http_returned(c.http)); /* once */
    test_no_reply(&c);
    assert_int_equal(d.posts, 0);
    probe(&c, 9);
    assert_int_equal(test_reply(&c, 0)->tag, 9);
    assert_int_equal(c.log.lines, 3);
    check_contains(c.log.text, "answers again");
    ps_http_admit(c.http);
    bool seen[6] = {false};
    for (size_t got = 0; got < 5;) {
        const ps_http_reply *replies;
        size_t n = test_poll(&c, &replies, 100);
        assert_true(n > 0);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(replies[i].status, PS_OK);
            assert_false(seen[replies[i].tag]);
            seen[replies[i].tag] = true;
        }
        got += n;
    }
    test_no_reply(&c);
    assert_int_equal(d.posts, 5);
    test_client_close(&c);
}

static void patience_ends_in_words_that_name_server_and_time(void **state) {
    (void)state;
    test_client c;
    desk d;
    open_desk(&c, &d);
    fault_server_down(c.server);
    test_post(&c, 1, "{}");
    const ps_http_reply *replies;
    size_t n;
    ps_error why = {0};
    ps_status status = PS_OK;
    for (int i = 0; i < 1000 && status == PS_OK; i++) {
        status = ps_http_poll(c.http, 0.01, &replies, &n, &why);
        c.time += 5;
    }
    assert_int_equal(status, PS_HTTP);
    assert_true(c.time < 1000 + 600 + 20);
    check_contains(why.message, fault_server_url(c.server));
    check_contains(why.message, "has been away for 60");
    check_contains(why.message, "onnect");
    fault_server_up(c.server);
    assert_int_equal(ps_http_poll(c.http, 0.01, &replies, &n, NULL), PS_HTTP); /* nothing goes on */
    assert_int_equal(d.health + d.posts, 0);
    test_client_close(&c);
}

static void a_probe_is_tried_once(void **state) {
    (void)state;
    test_client c;
    desk d;
    open_desk(&c, &d);
    d.code = 503;
    probe(&c, 3);
    const ps_http_reply *reply = test_reply(&c, 0);
    assert_int_equal(reply->status, PS_HTTP);
    assert_int_equal(reply->code, 503);
    assert_int_equal(d.gets, 1);
    assert_int_equal(c.log.lines, 0); /* it is busy, not away */
    fault_server_down(c.server);
    probe(&c, 4);
    reply = test_reply(&c, 0);
    assert_int_equal(reply->status, PS_HTTP);
    assert_int_equal(reply->code, 0);
    check_contains(reply->message, "onnect");
    assert_int_equal(reply->attempts, 0);
    assert_int_equal(c.log.lines, 1);
    test_client_close(&c);
}

static void a_probe_that_is_answered_brings_the_server_back(void **state) {
    (void)state;
    test_client c;
    desk d;
    open_desk(&c, &d);
    fault_server_down(c.server);
    test_post(&c, 1, "{}");
    test_no_reply(&c);
    fault_server_up(c.server);
    probe(&c, 2); /* the clock stands: nobody else asks after it */
    assert_int_equal(test_reply(&c, 0)->tag, 2);
    assert_true(ps_http_returned(c.http));
    assert_int_equal(d.health, 0);
    test_no_reply(&c);
    ps_http_admit(c.http);
    assert_int_equal(test_reply(&c, 0)->tag, 1);
    test_client_close(&c);
}

static void a_server_that_fails_its_probe_is_away_again(void **state) {
    (void)state;
    test_client c;
    desk d;
    open_desk(&c, &d);
    fault_server_down(c.server);
    test_post(&c, 1, "{}");
    test_no_reply(&c);
    d.code = 502; /* a proxy is there, the server behind it is not */
    fault_server_up(c.server);
    for (int round = 0; round < 3; round++) {
        await_return(&c);
        probe(&c, 2);
        assert_int_equal(test_reply(&c, 0)->code, 502);
        ps_http_admit(c.http); /* does nothing now */
        test_no_reply(&c);
        assert_int_equal(d.posts, 0);
    }
    assert_int_equal(c.log.lines, 1); /* one outage */
    d.code = 200;
    await_return(&c);
    ps_http_admit(c.http);
    assert_int_equal(test_reply(&c, 0.5)->status, PS_OK);
    assert_int_equal(c.log.lines, 2);
    test_client_close(&c);
}

static void a_health_that_fails_keeps_it_away(void **state) {
    (void)state;
    test_client c;
    desk d;
    open_desk(&c, &d);
    fault_server_down(c.server);
    test_post(&c, 1, "{}");
    test_no_reply(&c);
    d.health_code = 503; /* llama-server, while it loads its model */
    fault_server_up(c.server);
    for (int i = 0; i < 1000 && d.health < 6; i++) {
        const ps_http_reply *replies;
        test_poll(&c, &replies, 1);
        assert_false(ps_http_returned(c.http));
        c.time += 2;
    }
    assert_int_equal(d.health, 6);
    assert_int_equal(d.posts, 0);
    d.health_code = 404; /* it has no such path: it is there */
    await_return(&c);
    test_client_close(&c);
}

/* All that is asked is 503: first again and again, then the server is away. No request fails. */
static void a_busy_server_is_waited_for(void **state) {
    (void)state;
    test_client c;
    desk d;
    open_desk(&c, &d);
    d.busy = 4; /* one more than its retries */
    test_post(&c, 1, "{}");
    await_return(&c);
    assert_int_equal(d.posts, 4);
    check_contains(c.log.text, "does not answer (answered 503");
    ps_http_admit(c.http);
    const ps_http_reply *reply = test_reply(&c, 0.5);
    assert_int_equal(reply->status, PS_OK);
    assert_int_equal(reply->attempts, 5);
    test_client_close(&c);
}

/* A request that is answered 503 with these headers goes out again not before `least` and not after `most` seconds. */
static void check_pause(const char *headers, double least, double most) {
    test_client c;
    desk d;
    open_desk(&c, &d);
    d.busy = 1;
    snprintf(d.headers, sizeof d.headers, "%s", headers);
    test_post(&c, 1, "{}");
    for (int i = 0; i < 1000 && fault_server_count(c.server, FAULT_ANSWERED) == 0; i++)
        test_no_reply(&c);
    test_no_reply(&c);
    c.time += 0.99 * least;
    test_no_reply(&c);
    assert_int_equal(fault_server_count(c.server, FAULT_REQUESTS), 1);
    c.time += most; /* enough also where the 503 was read just now only */
    assert_int_equal(test_reply(&c, 0)->status, PS_OK);
    test_client_close(&c);
}

static void retry_after_is_heeded_within_bounds(void **state) {
    (void)state;
    check_pause("", 0.5, 0.75);
    check_pause("Retry-After: 10\r\n", 10, 15);
    check_pause("Retry-After: -1\r\n", 0.5, 0.75);
    check_pause("Retry-After: 1000000000\r\n", 120, 180);
    check_pause("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:49:57 GMT\r\n", 20, 30);
    check_pause("Retry-After: Sun, 06 Nov 1994 08:49:57 GMT\r\n", 0.5, 0.75); /* long ago */
}

static void a_name_that_nobody_knows_is_an_absence(void **state) {
    (void)state;
    test_client c;
    desk d;
    test_client_init(&c, serve_desk, &d);
    c.options.base_url = "http://no-such-host.invalid:1/v1";
    test_client_open(&c);
    test_post(&c, 1, "{}");
    for (int i = 0; i < 500 && c.log.lines == 0; i++)
        test_no_reply(&c);
    check_contains(c.log.text, "http://no-such-host.invalid:1 does not answer");
    check_contains(c.log.text, "resolve");
    test_client_close(&c);
}

/* A socket that listens and whose line is full: what knocks gets no answer. */
static int full_socket(int *port) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(listener >= 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 0), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return listener;
}

enum { KNOCKS = 4 };

static void a_connection_that_does_not_come_about_in_time_is_an_absence(void **state) {
    (void)state;
    test_client c;
    desk d;
    int port, knocks[KNOCKS], listener = full_socket(&port);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    char url[64];
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < KNOCKS; i++) {
        knocks[i] = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(fcntl(knocks[i], F_SETFL, O_NONBLOCK), 0);
        connect(knocks[i], (struct sockaddr *)&address, sizeof address);
    }
    test_client_init(&c, serve_desk, &d);
    snprintf(url, sizeof url, "http://127.0.0.1:%d", port);
    c.options.base_url = url;
    c.options.connect_s = 0.1;
    test_client_open(&c);
    test_post(&c, 1, "{}");
    for (int i = 0; i < 100 && c.log.lines == 0; i++)
        test_no_reply(&c);
    check_contains(c.log.text, "does not answer");
    check_contains(c.log.text, "imeout"); /* "Timeout was reached" or "Connection timeout" */
    test_client_close(&c);
    for (int i = 0; i < KNOCKS; i++)
        close(knocks[i]);
    close(listener);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_outage_is_told_once_then_every_minute_then_that_it_is_over),
        cmocka_unit_test(it_is_asked_after_at_growing_pauses_and_at_the_end),
        cmocka_unit_test(time_in_which_nobody_asked_does_not_count_alone),
        cmocka_unit_test(what_was_sent_before_it_went_tells_nothing),
        cmocka_unit_test(an_outage_after_which_nobody_asks_is_over),
        cmocka_unit_test(requests_wait_for_a_server_that_is_down_and_its_owner_is_asked_first),
        cmocka_unit_test(patience_ends_in_words_that_name_server_and_time),
        cmocka_unit_test(a_probe_is_tried_once),
        cmocka_unit_test(a_probe_that_is_answered_brings_the_server_back),
        cmocka_unit_test(a_server_that_fails_its_probe_is_away_again),
        cmocka_unit_test(a_health_that_fails_keeps_it_away),
        cmocka_unit_test(a_busy_server_is_waited_for),
        cmocka_unit_test(retry_after_is_heeded_within_bounds),
        cmocka_unit_test(a_name_that_nobody_knows_is_an_absence),
        cmocka_unit_test(a_connection_that_does_not_come_about_in_time_is_an_absence),
    };
    return cmocka_run_group_tests_name("http/away", tests, NULL, NULL);
}
