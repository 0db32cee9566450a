/* Several servers, driven together: who is away holds up no other, requests go from one to another, and a silent server
 * is found out. */
#include "http/http_test.h"

#include <stdatomic.h>

/* What a server does with POSTs, and with the question whether it is there. */
typedef struct desk {
    atomic_bool holds, holds_health;
    atomic_int code;
    atomic_size_t posts, health;
} desk;

static void serve(void *user, const fault_request *request, fault_answer *answer) {
    desk *d = user;
    const bool health = strcmp(request->path, "/health") == 0;
    if (health)
        d->health++;
    else
        d->posts++;
    if (!health && d->code != 0) answer->code = d->code;
    if (health ? d->holds_health : d->holds) answer->hold = 1;
    fault_body(answer, "%s", request->body);
}

typedef struct pair {
    desk desks[2];
    test_client a, b; /* b is driven with a; time is a's */
} pair;

static void open_pair(pair *p) {
    memset(p, 0, sizeof *p);
    test_client_init(&p->a, serve, &p->desks[0]);
    test_client_init(&p->b, serve, &p->desks[1]);
    p->b.options.clock = &p->a.clock;
    test_client_open(&p->a);
    p->b.options.beside = p->a.http;
    test_client_open(&p->b);
}

static void close_pair(pair *p) {
    test_client_close(&p->a);
    test_client_close(&p->b);
}

static void await_absence(pair *p, const ps_http *http, double step) {
    const ps_http_reply *replies;
    for (int i = 0; i < 1000 && ps_http_is_present(http); i++) {
        assert_int_equal(test_poll(&p->a, &replies, 1), 0);
        p->a.time += step;
    }
    assert_false(ps_http_is_present(http));
}

static void one_poll_drives_all(void **state) {
    (void)state;
    pair p;
    open_pair(&p);
    test_post(&p.a, 1, "to a");
    test_post(&p.b, 2, "to b");
    const ps_http_reply *replies;
    size_t seen[3] = {0};
    for (size_t got = 0; got < 2;) {
        const size_t n = test_poll(&p.a, &replies, 1000);
        assert_true(n > 0);
        for (size_t i = 0; i < n; i++) {
            assert_ok(replies[i].status);
            assert_string_equal(replies[i].body, replies[i].tag == 1 ? "to a" : "to b");
            seen[replies[i].tag]++;
        }
        got += n;
    }
    assert_true(seen[1] == 1 && seen[2] == 1 && p.desks[0].posts == 1 && p.desks[1].posts == 1);
    close_pair(&p);
}

/* In the midst of a held answer, in the line of a server that is gone, and after a failure was told. */
static void a_request_goes_from_one_server_to_another_once(void **state) {
    (void)state;
    pair p;
    open_pair(&p);
    p.desks[0].holds = true;
    test_post(&p.a, 1, "under way");
    test_no_reply(&p.a);
    assert_true(fault_server_await(p.a.server, FAULT_UNDER_WAY, 1));
    assert_true(ps_http_move(p.a.http, 1, p.b.http));
    assert_false(ps_http_move(p.a.http, 1, p.b.http));
    assert_string_equal(test_reply(&p.a, 0)->body, "under way");
    fault_server_down(p.a.server);
    test_post(&p.a, 2, "in line");
    await_absence(&p, p.a.http, 0);
    check_contains(p.a.log.text, "its requests go elsewhere");
    assert_true(ps_http_move(p.a.http, 2, p.b.http));
    assert_string_equal(test_reply(&p.a, 0)->body, "in line");
    p.desks[1].code = 404;
    test_post(&p.b, 3, "refused");
    const ps_http_reply *reply = test_reply(&p.a, 0);
    assert_int_equal(reply->status, PS_HTTP);
    p.desks[1].code = 0;
    assert_false(ps_http_move(p.b.http, 3, p.b.http)); /* it is in no line */
    assert_true(ps_http_resend(p.b.http, 3, p.b.http));
    reply = test_reply(&p.a, 0);
    assert_ok(reply->status);
    assert_string_equal(reply->body, "refused");
    assert_true(reply->message == NULL && reply->attempts == 2);
    test_no_reply(&p.a);
    close_pair(&p);
}

/* What was heard of the first attempt is heard anew, as another attempt. */
static bool count_attempts(void *user, unsigned attempt, const char *bytes, size_t n) {
    unsigned *last = user;
    (void)bytes, (void)n;
    *last = attempt;
    return true;
}

static void a_moved_stream_counts_as_another_attempt(void **state) {
    (void)state;
    pair p;
    unsigned attempt = 0;
    open_pair(&p);
    p.desks[0].holds = true;
    const ps_http_request request = {.path = "/v1/completions",
                                     .body = "x",
                                     .length = 1,
                                     .timeout_s = test_no_limit,
                                     .tag = 1,
                                     .on_bytes = count_attempts,
                                     .user = &attempt};
    assert_ok(ps_http_submit(p.a.http, &request, err));
    test_no_reply(&p.a);
    assert_true(fault_server_await(p.a.server, FAULT_UNDER_WAY, 1));
    assert_true(ps_http_move(p.a.http, 1, p.b.http));
    assert_string_equal(test_reply(&p.a, 0)->body, "x");
    assert_int_equal(attempt, 2);
    close_pair(&p);
}

/* Half a minute without a byte: it is asked whether it is there. One that answers that is left in peace. */
static void a_silent_server_is_asked_whether_it_is_there(void **state) {
    (void)state;
    pair p;
    const ps_http_reply *replies;
    open_pair(&p);
    p.desks[0].holds = true;
    test_post(&p.a, 1, "x");
    test_no_reply(&p.a);
    assert_true(fault_server_await(p.a.server, FAULT_UNDER_WAY, 1));
    assert_int_equal(p.desks[0].health, 0);
    p.a.time += 31;
    for (int i = 0; i < 1000 && p.desks[0].health == 0; i++)
        assert_int_equal(test_poll(&p.a, &replies, 1), 0);
    for (int i = 0; i < 5; i++)
        assert_int_equal(test_poll(&p.a, &replies, 1), 0);
    assert_true(p.desks[0].health == 1 && ps_http_is_present(p.a.http));
    p.desks[0].holds_health = true;
    await_absence(&p, p.a.http, 1);
    assert_int_equal(p.desks[0].health, 2);
    assert_true(ps_http_is_present(p.b.http));
    assert_true(ps_http_move(p.a.http, 1, p.b.http));
    assert_string_equal(test_reply(&p.a, 0)->body, "x");
    close_pair(&p);
}

/* One alone is waited for in silence, as ever. */
static void a_server_alone_is_not_asked(void **state) {
    (void)state;
    desk d = {.holds = true};
    test_client c;
    const ps_http_reply *replies;
    test_client_init(&c, serve, &d);
    test_client_open(&c);
    test_post(&c, 1, "x");
    test_no_reply(&c);
    assert_true(fault_server_await(c.server, FAULT_UNDER_WAY, 1));
    c.time += 1000;
    for (int i = 0; i < 5; i++)
        assert_int_equal(test_poll(&c, &replies, 1), 0);
    assert_int_equal(d.health, 0);
    test_client_close(&c);
}

static void who_is_late_is_away_and_the_second_time_it_is_a_failure(void **state) {
    (void)state;
    pair p;
    open_pair(&p);
    p.desks[0].holds = p.desks[1].holds = true;
    test_post_for(&p.a, 1, "x", 5);
    test_no_reply(&p.a);
    assert_true(fault_server_await(p.a.server, FAULT_UNDER_WAY, 1));
    await_absence(&p, p.a.http, 6);
    assert_true(ps_http_move(p.a.http, 1, p.b.http));
    const ps_http_reply *reply = test_reply(&p.a, 1);
    assert_int_equal(reply->status, PS_HTTP);
    check_contains(reply->message, "within 5 s");
    close_pair(&p);
}

/* The patience of each is its own, and the run ends with the last. */
static void the_outage_is_over_when_the_last_has_been_away_for_too_long(void **state) {
    (void)state;
    pair p;
    const ps_http_reply *replies;
    size_t n;
    ps_error error = {0};
    open_pair(&p);
    fault_server_down(p.a.server);
    test_post(&p.a, 1, "x");
    await_absence(&p, p.a.http, 0);
    for (int i = 0; i < 200; i++, p.a.time += 10) /* more than outage_s, with one that is there */
        assert_ok(ps_http_poll(p.a.http, 0, &replies, &n, err));
    check_lacks(p.a.log.text, "none of the 2 servers answers");
    fault_server_down(p.b.server);
    test_post(&p.b, 2, "y");
    await_absence(&p, p.b.http, 0);
    ps_status status = PS_OK;
    const double from = p.a.time;
    for (int i = 0; i < 3000 && status == PS_OK; i++, p.a.time += 1)
        status = ps_http_poll(p.a.http, 0.001, &replies, &n, &error);
    assert_int_equal(status, PS_HTTP);
    assert_true(p.a.time - from >= 590);
    check_contains(error.message, "none of 2 servers answers");
    check_contains(p.a.log.text, "none of the 2 servers answers: the run waits until one of them does, at most 600 s");
    close_pair(&p);
}

/* A server that is out of use is no server that is away, and asks for nothing. */
static void a_retired_server_gives_its_requests_back_and_counts_no_more(void **state) {
    (void)state;
    pair p;
    open_pair(&p);
    p.desks[1].holds = true;
    test_post(&p.b, 1, "x");
    test_no_reply(&p.a);
    assert_true(fault_server_await(p.b.server, FAULT_UNDER_WAY, 1));
    ps_http_retire(p.b.http);
    assert_int_equal(test_reply(&p.a, 0)->status, PS_CANCELLED);
    assert_false(ps_http_is_present(p.b.http));
    test_post(&p.b, 2, "y");
    assert_int_equal(test_reply(&p.a, 0)->status, PS_CANCELLED);
    fault_server_down(p.a.server);
    test_post(&p.a, 3, "z");
    await_absence(&p, p.a.http, 0);
    const ps_http_reply *replies;
    size_t n;
    ps_status status = PS_OK;
    for (int i = 0; i < 3000 && status == PS_OK; i++, p.a.time += 1)
        status = ps_http_poll(p.a.http, 0.001, &replies, &n, NULL);
    assert_int_equal(status, PS_HTTP); /* though the retired one never failed */
    close_pair(&p);
}

/* In any order, whatever is under way. */
static void one_is_freed_and_the_other_goes_on(void **state) {
    (void)state;
    for (int first = 0; first < 2; first++) {
        pair p;
        open_pair(&p);
        p.desks[0].holds = p.desks[1].holds = true;
        test_post(&p.a, 1, "x");
        test_post(&p.b, 2, "y");
        test_no_reply(&p.a);
        assert_true(fault_server_await(p.a.server, FAULT_UNDER_WAY, 1));
        assert_true(fault_server_await(p.b.server, FAULT_UNDER_WAY, 1));
        test_client *gone = first == 0 ? &p.a : &p.b, *left = first == 0 ? &p.b : &p.a;
        ps_http_free(gone->http);
        gone->http = NULL;
        fault_server_release(left->server, 1);
        assert_string_equal(test_reply(left, 0)->body, left == &p.a ? "x" : "y");
        close_pair(&p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_poll_drives_all),
        cmocka_unit_test(a_request_goes_from_one_server_to_another_once),
        cmocka_unit_test(a_moved_stream_counts_as_another_attempt),
        cmocka_unit_test(a_silent_server_is_asked_whether_it_is_there),
        cmocka_unit_test(a_server_alone_is_not_asked),
        cmocka_unit_test(who_is_late_is_away_and_the_second_time_it_is_a_failure),
        cmocka_unit_test(the_outage_is_over_when_the_last_has_been_away_for_too_long),
        cmocka_unit_test(a_retired_server_gives_its_requests_back_and_counts_no_more),
        cmocka_unit_test(one_is_freed_and_the_other_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
