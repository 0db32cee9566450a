/* Each allocation in turn fails: PS_NOMEM or an answer as always, one for each request, and nothing is left. */
#include "http/http_test.h"
#include "support/failing_allocator.h"

enum { REQUESTS = 4 };

static void mixed(void *user, const fault_request *request, fault_answer *answer) {
    (void)user;
    fault_body(answer, "%s", request->body);
    if (strcmp(request->body, "wrong") == 0) answer->code = 400;
    if (strcmp(request->body, "busy") == 0 && request->number % 2 == 0) answer->code = 503;
}

static bool take_all(void *user, unsigned attempt, const char *bytes, size_t n) {
    (void)user, (void)attempt, (void)bytes, (void)n;
    return true;
}

/* How many requests were taken. */
static size_t submit_all(ps_http *http) {
    const char *const bodies[REQUESTS] = {"stream", "wrong", "busy", NULL};
    size_t taken = 0;
    for (uint64_t tag = 0; tag < REQUESTS; tag++) {
        ps_http_request request = {.path = "/v1/x",
                                   .body = bodies[tag],
                                   .length = bodies[tag] != NULL ? strlen(bodies[tag]) : 0,
                                   .timeout_s = test_no_limit,
                                   .tag = tag,
                                   .probe = tag == 3,
                                   .on_bytes = tag == 0 ? take_all : NULL};
        ps_status status = ps_http_submit(http, &request, NULL);
        assert_true(status == PS_OK || status == PS_NOMEM);
        taken += status == PS_OK;
    }
    return taken;
}

static void check_replies(test_client *c, size_t taken) {
    bool seen[REQUESTS] = {false};
    for (size_t got = 0, rounds = 0; got < taken; rounds++) {
        const ps_http_reply *replies;
        size_t n = 0;
        assert_true(rounds < 1000);
        ps_status status = ps_http_poll(c->http, 0.01, &replies, &n, NULL);
        assert_true(status == PS_OK || status == PS_NOMEM);
        c->time += 0.5;
        if (status != PS_OK) continue;
        for (size_t i = 0; i < n; i++) {
            ps_status want = replies[i].tag == 1 ? PS_HTTP : PS_OK;
            assert_true(replies[i].status == want || replies[i].status == PS_NOMEM);
            if (replies[i].status != PS_OK) assert_non_null(replies[i].message);
            assert_false(seen[replies[i].tag]);
            seen[replies[i].tag] = true;
        }
        got += n;
    }
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    failing_allocator allocator;
    bool failed = true;
    for (size_t fail_at = 1; failed; fail_at++) {
        test_client c;
        test_client_init(&c, mixed, NULL);
        failing_install(&allocator, fail_at);
        ps_error why = {0};
        ps_status status = ps_http_create(&c.options, &c.http, &why);
        if (status == PS_OK)
            check_replies(&c, submit_all(c.http));
        else
            assert_int_equal(status, PS_NOMEM);
        ps_http_free(c.http);
        c.http = NULL;
        failed = allocator.calls >= fail_at;
        assert_int_equal(allocator.alive, 0);
        failing_remove();
        test_client_close(&c);
        assert_true(fail_at < 500);
    }
    assert_true(allocator.calls > 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("http/memory", tests, NULL, NULL);
}
