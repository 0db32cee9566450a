/* Every fault of the server: one answer to each request, with the right status and words, and the client is as good as
 * new after it. */
#include "http/http_test.h"

/* ---- A server with a script ---------------------------------------------- */

typedef void (*answer_step)(const fault_request *request, fault_answer *answer);

/* The n-th request is answered by steps[n], all after the last by that; NULL is a good answer. */
typedef struct script {
    const answer_step *steps;
    size_t n;
    bool expects; /* a request had an Expect or an Accept-Encoding */
    char origin[64], key[64];
} script;

static void answer_good(const fault_request *request, fault_answer *answer) {
    fault_body(answer, "{\"path\":\"%s\",\"got\":%zu}", request->path, request->length);
}

static void follow_script(void *user, const fault_request *request, fault_answer *answer) {
    script *s = user;
    char value[64];
    size_t step = request->number < s->n ? request->number : s->n - 1;
    if (fault_header(request, "Expect", value, sizeof value) ||
        fault_header(request, "Accept-Encoding", value, sizeof value))
        s->expects = true;
    fault_header(request, "Authorization", s->key, sizeof s->key);
    if (s->n > 0 && s->steps[step] != NULL)
        s->steps[step](request, answer);
    else
        answer_good(request, answer);
}

/* ---- One request, one fault ---------------------------------------------- */

typedef struct expected {
    ps_status status;
    int code;
    unsigned attempts;
    const char *says; /* in the message, or in the body of a success */
    size_t requests;  /* that reached the server */
} expected;

static void check_reply(const ps_http_reply *reply, const expected *want) {
    assert_int_equal(reply->tag, 7);
    if (reply->status != want->status)
        fail_msg("status %s: %s", ps_status_text(reply->status), reply->message != NULL ? reply->message : reply->body);
    assert_int_equal(reply->code, want->code);
    assert_int_equal(reply->attempts, want->attempts);
    if (reply->status == PS_OK) {
        assert_null(reply->message);
        assert_int_equal(strlen(reply->body), reply->length);
        check_contains(reply->body, want->says);
    } else {
        check_contains(reply->message, "http://127.0.0.1:");
        check_contains(reply->message, "/v1/completions");
        check_contains(reply->message, want->says);
    }
}

/* One request through these steps; then another, which the server answers well. */
static void check_fault(const answer_step *steps, size_t n, double clock_step, expected want) {
    answer_step then_good[8];
    script s = {then_good, n + 1, .key = ""};
    test_client c;
    for (size_t i = 0; i < n; i++)
        then_good[i] = steps[i];
    then_good[n] = NULL;
    test_client_init(&c, follow_script, &s);
    c.options.outage_s = test_no_limit;
    test_client_open(&c);
    test_post(&c, 7, "{\"a\":1}");
    check_reply(test_reply(&c, clock_step), &want);
    test_no_reply(&c);
    assert_int_equal(fault_server_count(c.server, FAULT_REQUESTS), want.requests);
    test_post(&c, 7, "{}");
    check_reply(test_reply(&c, clock_step), &(expected){PS_OK, 200, 1, "\"got\":2}", 0});
    assert_true(fault_server_await(c.server, FAULT_REQUESTS, want.requests + 1));
    assert_false(s.expects);
    test_client_close(&c);
}

#define FAULT(steps, clock_step, ...)                                                                                  \
    check_fault((const answer_step[])steps, sizeof((const answer_step[])steps) / sizeof(answer_step), (clock_step),    \
                (expected)__VA_ARGS__)
#define STEPS(...)                                                                                                     \
    { __VA_ARGS__ }

/* ---- Faults -------------------------------------------------------------- */

static void silence(const fault_request *request, fault_answer *answer) {
    answer_good(request, answer);
    answer->hold = 1;
}

static void stall_in_body(const fault_request *request, fault_answer *answer) {
    answer_good(request, answer);
    answer->hold = 1;
    answer->hold_at = FAULT_BODY(4);
}

static void byte_by_byte(const fault_request *request, fault_answer *answer) {
    answer_good(request, answer);
    answer->slice = 1;
    answer->pause_s = 1e-4;
}

static void close_before(const fault_request *request, fault_answer *answer) {
    (void)request;
    answer->close_at = 0;
}

static void close_in_headers(const fault_request *request, fault_answer *answer) {
    (void)request;
    answer->close_at = 20;
}

static void close_in_body(const fault_request *request, fault_answer *answer) {
    answer_good(request, answer);
    answer->close_at = FAULT_BODY(4);
}

static void reset_in_body(const fault_request *request, fault_answer *answer) {
    close_in_body(request, answer);
    answer->reset = true;
}

static void close_in_chunks(const fault_request *request, fault_answer *answer) {
    close_in_body(request, answer);
    answer->framing = FAULT_CHUNKED;
    answer->slice = 2;
    answer->close_at = FAULT_BODY(9);
}

static void length_too_long(const fault_request *request, fault_answer *answer) {
    answer_good(request, answer);
    answer->length_off = 10;
    answer->close = true;
}

static void length_too_short(const fault_request *request, fault_answer *answer) {
    answer_good(request, answer);
    answer->length_off = -3;
}

static void error_200(const fault_request *request, fault_answer *answer) {
    (void)request;
    fault_body(answer, "{\"error\":{\"message\":\"no\"}}");
}

static void html_502(const fault_request *request, fault_answer *answer) {
    (void)request;
    answer->code = 502;
    answer->type = "text/html";
    fault_body(answer, "<html>\r\n<h1>502 Bad Gateway</h1>\x1b[31m\xff</html>\r\n");
}

static void error_500(const fault_request *request, fault_answer *answer) {
    (void)request;
    answer->code = 500;
    fault_body(answer, "{\"error\":\"boom\"}");
}

static void chunked(const fault_request *request, fault_answer *answer) {
    answer_good(request, answer);
    answer->framing = FAULT_CHUNKED;
    answer->slice = 3;
}

static void until_close(const fault_request *request, fault_answer *answer) {
    answer_good(request, answer);
    answer->framing = FAULT_TO_CLOSE;
}

static void gzip(const fault_request *request, fault_answer *answer) {
    (void)request;
    snprintf(answer->headers, sizeof answer->headers, "Content-Encoding: gzip\r\n");
    fault_body_bytes(answer, "\x1f\x8b\x08", 3);
}

static void redirect(const fault_request *request, fault_answer *answer) {
    (void)request;
    answer->code = 307;
    snprintf(answer->headers, sizeof answer->headers, "Location: http://elsewhere.example/v1/x\r\n");
}

static void no_http(const fault_request *request, fault_answer *answer) {
    (void)request;
    answer->framing = FAULT_RAW;
    answer->close = true;
    fault_body(answer, "220 smtp.example ESMTP\r\n");
}

static void endless_headers(const fault_request *request, fault_answer *answer) {
    char *text = calloc(200000, 1);
    (void)request;
    answer->framing = FAULT_RAW;
    answer->close = true;
    if (text == NULL) return;
    size_t n = (size_t)sprintf(text, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 3000; i++)
        n += (size_t)sprintf(text + n, "X-%d: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", i);
    fault_body(answer, "%s", text);
    free(text);
}

static void continues(const fault_request *request, fault_answer *answer) {
    (void)request;
    answer->framing = FAULT_RAW;
    fault_body(answer, "HTTP/1.1 100 Continue\r\nContent-Encoding: gzip\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
                       "2\r\n\r\n{}");
}

/* ---- Tests --------------------------------------------------------------- */

/* Wait until the server has `n` requests, then let `seconds` pass. */
static void pass_time_after(test_client *c, size_t n, double seconds) {
    for (int i = 0; i < 1000 && fault_server_count(c->server, FAULT_REQUESTS) < n; i++)
        test_no_reply(c);
    assert_int_equal(fault_server_count(c->server, FAULT_REQUESTS), n);
    for (int i = 0; i < 5; i++) /* for what the server sends before it falls silent */
        test_no_reply(c);
    c->time += seconds;
}

/* A fault that lets a request run out of time, met by it twice; and an answer the second time. */
static void check_late(answer_step fault, int code, const char *says) {
    for (int well = 0; well < 2; well++) {
        const answer_step steps[] = {fault, well ? NULL : fault};
        script s = {steps, 2, .key = ""};
        test_client c;
        test_client_init(&c, follow_script, &s);
        test_client_open(&c);
        test_post_for(&c, 7, "{\"a\":1}", 60);
        pass_time_after(&c, 1, 59.9);
        test_no_reply(&c);
        c.time += 0.1;
        test_no_reply(&c);
        assert_true(fault_server_await(c.server, FAULT_ABORTED, 1));
        c.time += 0.75; /* the pause */
        if (!well) pass_time_after(&c, 2, 60);
        const expected failure = {PS_HTTP, code, 2, says, 2}, success = {PS_OK, 200, 2, "\"got\":7", 2};
        check_reply(test_reply(&c, 0), well ? &success : &failure);
        fault_server_release(c.server, 1); /* an answer that comes too late */
        test_no_reply(&c);
        test_client_close(&c);
    }
}

static void silence_is_asked_once_more_and_then_an_error(void **state) {
    (void)state;
    check_late(silence, 0, "no answer within 60 s (tried 2 times)");
    check_late(stall_in_body, 200, "no end of its answer within 60 s (tried 2 times)");
}

static void slow_answers_are_answers(void **state) {
    (void)state;
    FAULT(STEPS(byte_by_byte), 0, {PS_OK, 200, 1, "{\"path\":\"/v1/completions\",\"got\":7}", 1});
    FAULT(STEPS(chunked), 0, {PS_OK, 200, 1, "{\"path\":\"/v1/completions\",\"got\":7}", 1});
    FAULT(STEPS(until_close), 0, {PS_OK, 200, 1, "{\"path\":\"/v1/completions\",\"got\":7}", 1});
    FAULT(STEPS(continues), 0, {PS_OK, 200, 1, "{}", 1});
}

static void a_broken_connection_is_tried_again(void **state) {
    (void)state;
    FAULT(STEPS(close_before, close_in_headers, reset_in_body), 1, {PS_OK, 200, 4, "\"got\":7", 4});
    FAULT(STEPS(close_in_body, close_in_chunks, length_too_long), 1, {PS_OK, 200, 4, "\"got\":7", 4});
    FAULT(STEPS(close_before, close_before, close_before, close_before), 20,
          {PS_HTTP, 0, 4, "Empty reply from server (tried 4 times)", 4});
    FAULT(STEPS(close_in_chunks, close_in_chunks, close_in_chunks, close_in_chunks), 20,
          {PS_HTTP, 200, 4, "(tried 4 times)", 4});
}

static void a_length_that_is_too_short_spoils_no_other_answer(void **state) {
    (void)state;
    FAULT(STEPS(length_too_short), 0, {PS_OK, 200, 1, "{\"path\":\"/v1/completions\",\"got", 1});
}

static void an_error_in_a_success_is_for_who_reads_it(void **state) {
    (void)state;
    FAULT(STEPS(error_200), 0, {PS_OK, 200, 1, "{\"error\":{\"message\":\"no\"}}", 1});
}

static void server_errors_are_tried_again(void **state) {
    (void)state;
    FAULT(STEPS(html_502, error_500, html_502), 1, {PS_OK, 200, 4, "\"got\":7", 4});
    FAULT(STEPS(error_500, error_500, error_500, error_500), 20,
          {PS_HTTP, 500, 4, "answered 500: {\"error\":\"boom\"} (tried 4 times)", 4});
}

static void what_would_come_again_is_an_error_at_once(void **state) {
    (void)state;
    FAULT(STEPS(gzip), 0, {PS_HTTP, 200, 1, "Content-Encoding gzip", 1});
    FAULT(STEPS(redirect), 0,
          {PS_HTTP, 307, 1, "a redirect to http://elsewhere.example/v1/x, which is not followed", 1});
    FAULT(STEPS(no_http), 0, {PS_HTTP, 0, 1, "HTTP/0.9", 1});
    FAULT(STEPS(endless_headers), 0, {PS_HTTP, 200, 1, "more than 65536 bytes of headers", 1});
}

/* ---- Words of the server ------------------------------------------------- */

static int refusing_code;

static void refuse(const fault_request *request, fault_answer *answer) {
    char key[64];
    fault_header(request, "Authorization", key, sizeof key);
    answer->code = refusing_code;
    fault_body(answer, "no:\n\x1b[1m\t%s\xc2\x9b is wrong \x7f\xff!",
               key[0] != '\0' ? key + strlen("Bearer ") : "nobody");
}

static void a_refusal_is_told_in_the_servers_own_words(void **state) {
    (void)state;
    const int codes[] = {400, 401, 403, 404, 405, 409, 413, 422, 451};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        refusing_code = codes[i];
        char says[64];
        snprintf(says, sizeof says, "answered %d: no:\\n\\x1b[1m\\tnobody\\x9b is wrong \\x7f\xef\xbf\xbd!", codes[i]);
        FAULT(STEPS(refuse), 0, {PS_HTTP, codes[i], 1, says, 1});
    }
}

static void the_key_goes_to_the_server_and_into_no_message(void **state) {
    (void)state;
    const answer_step steps[] = {refuse};
    script s = {steps, 1, .key = ""};
    test_client c;
    refusing_code = 401;
    test_client_init(&c, follow_script, &s);
    c.options.key = "sk-very-secret";
    test_client_open(&c);
    test_post(&c, 7, "{}");
    const ps_http_reply *reply = test_reply(&c, 0);
    assert_int_equal(fault_server_count(c.server, FAULT_REQUESTS), 1);
    assert_string_equal(s.key, "Bearer sk-very-secret");
    assert_int_equal(reply->status, PS_HTTP);
    check_contains(reply->message, "answered 401: no:\\n\\x1b[1m\\t***\\x9b is wrong");
    check_contains(reply->body, "**************");
    check_lacks(reply->message, "secret");
    check_lacks(reply->body, "secret");
    fault_server_down(c.server);
    test_post(&c, 7, "{}");
    const ps_http_reply *replies;
    assert_int_equal(test_poll(&c, &replies, 3), 0);
    assert_true(c.log.lines > 0);
    check_lacks(c.log.text, "secret");
    test_client_close(&c);
}

static void a_failure_of_tls_is_an_error_at_once(void **state) {
    (void)state;
    script s = {NULL, 0, .key = ""};
    test_client c;
    char url[64];
    test_client_init(&c, follow_script, &s);
    snprintf(url, sizeof url, "https://127.0.0.1:%d/v1", fault_server_port(c.server)); /* which speaks http:// */
    c.options.base_url = url;
    test_client_open(&c);
    test_post(&c, 7, "{}");
    const ps_http_reply *reply = test_reply(&c, 0);
    assert_int_equal(reply->status, PS_HTTP);
    assert_int_equal(reply->code, 0);
    assert_int_equal(reply->attempts, 0);
    assert_null(reply->body);
    check_contains(reply->message, "https://127.0.0.1:");
    assert_int_equal(c.log.lines, 0); /* it is not away */
    assert_int_equal(fault_server_count(c.server, FAULT_CONNECTIONS), 1);
    test_client_close(&c);
}

/* What a server wants us to do elsewhere is not done: the other origin hears nothing. */
static char elsewhere[64];

static void redirect_elsewhere(const fault_request *request, fault_answer *answer) {
    (void)request;
    answer->code = 302;
    snprintf(answer->headers, sizeof answer->headers, "Location: %s/v1/completions\r\n", elsewhere);
}

static void a_redirect_takes_the_key_to_no_other_origin(void **state) {
    (void)state;
    const answer_step steps[] = {redirect_elsewhere};
    script here = {steps, 1, .key = ""}, there = {NULL, 0, .key = ""};
    test_client c;
    fault_server *other = fault_server_start(follow_script, &there);
    snprintf(elsewhere, sizeof elsewhere, "%s", fault_server_url(other));
    test_client_init(&c, follow_script, &here);
    c.options.key = "sk-very-secret";
    test_client_open(&c);
    test_post(&c, 7, "{}");
    const ps_http_reply *reply = test_reply(&c, 0);
    assert_int_equal(reply->status, PS_HTTP);
    assert_int_equal(reply->code, 302);
    check_contains(reply->message, elsewhere);
    assert_int_equal(fault_server_count(other, FAULT_CONNECTIONS), 0);
    test_client_close(&c);
    fault_server_stop(other);
}

/* What a user keeps for other programs: a proxy, and passwords by name of machine. */
static void this_machine_is_asked_without_a_proxy_and_without_a_password_file(void **state) {
    (void)state;
    script here = {NULL, 0, .key = ""}, there = {NULL, 0, .key = ""};
    test_client c;
    fault_server *proxy = fault_server_start(follow_script, &there);
    const char *const names[] = {"http_proxy", "ALL_PROXY", "all_proxy"};
    FILE *file = fopen(PS_TEST_TMP "/.netrc", "w");
    assert_non_null(file);
    fputs("machine 127.0.0.1 login user password secret\ndefault login user password secret\n", file);
    fclose(file);
    assert_int_equal(setenv("HOME", PS_TEST_TMP, 1), 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(setenv(names[i], fault_server_url(proxy), 1), 0);
    test_client_init(&c, follow_script, &here);
    test_client_open(&c);
    test_post(&c, 7, "{}");
    assert_int_equal(test_reply(&c, 0)->status, PS_OK);
    assert_int_equal(fault_server_count(c.server, FAULT_REQUESTS), 1);
    assert_string_equal(here.key, "");
    assert_int_equal(fault_server_count(proxy, FAULT_CONNECTIONS), 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
    remove(PS_TEST_TMP "/.netrc");
    test_client_close(&c);
    fault_server_stop(proxy);
}

/* ---- Limits -------------------------------------------------------------- */

static void answer_long(const fault_request *request, fault_answer *answer) {
    char text[1001];
    (void)request;
    memset(text, 'a', sizeof text);
    fault_body_bytes(answer, text, request->number == 0 ? 1000 : 1001);
}

/* Above a megabyte libcurl would ask first whether it may send. */
static void a_large_body_is_sent_without_asking(void **state) {
    (void)state;
    script s = {NULL, 0, .key = ""};
    test_client c;
    enum { LARGE = 3 << 20 };
    char *body = malloc(LARGE + 1);
    assert_non_null(body);
    memset(body, 'x', LARGE);
    body[LARGE] = '\0';
    test_client_init(&c, follow_script, &s);
    test_client_open(&c);
    test_post(&c, 7, body);
    check_contains(test_reply(&c, 0)->body, "\"got\":3145728}");
    assert_int_equal(fault_server_count(c.server, FAULT_REQUESTS), 1);
    assert_false(s.expects);
    free(body);
    test_client_close(&c);
}

static void a_body_is_taken_up_to_its_limit(void **state) {
    (void)state;
    const answer_step steps[] = {answer_long};
    script s = {steps, 1, .key = ""};
    test_client c;
    test_client_init(&c, follow_script, &s);
    c.options.max_body = 1000;
    test_client_open(&c);
    test_post(&c, 7, "{}");
    const ps_http_reply *reply = test_reply(&c, 0);
    assert_int_equal(reply->status, PS_OK);
    assert_int_equal(reply->length, 1000);
    test_post(&c, 7, "{}");
    reply = test_reply(&c, 0);
    assert_int_equal(reply->status, PS_HTTP);
    check_contains(reply->message, "more than the 1000 bytes");
    test_client_close(&c);
}

/* ---- Connections --------------------------------------------------------- */

static void reset_when_reused(const fault_request *request, fault_answer *answer) {
    answer_good(request, answer);
    if (request->nth == 0) return;
    answer->close_at = 0;
    answer->reset = true;
}

static void a_stale_connection_is_replaced_at_once(void **state) {
    (void)state;
    const answer_step steps[] = {reset_when_reused};
    script s = {steps, 1, .key = ""};
    test_client c;
    test_client_init(&c, follow_script, &s);
    c.options.retries = 0; /* it is none */
    test_client_open(&c);
    for (int i = 0; i < 5; i++) {
        test_post(&c, 7, "{}");
        const ps_http_reply *reply = test_reply(&c, 0); /* the clock stands: no pause */
        assert_int_equal(reply->status, PS_OK);
        assert_int_equal(reply->attempts, 1);
    }
    assert_int_equal(fault_server_count(c.server, FAULT_REQUESTS), 9);
    test_client_close(&c);
}

static void a_connection_is_used_again(void **state) {
    (void)state;
    script s = {NULL, 0, .key = ""};
    test_client c;
    test_client_init(&c, follow_script, &s);
    test_client_open(&c);
    for (int i = 0; i < 5; i++) {
        test_post(&c, 7, "{}");
        assert_int_equal(test_reply(&c, 0)->status, PS_OK);
    }
    assert_int_equal(fault_server_count(c.server, FAULT_CONNECTIONS), 1);
    test_client_close(&c);
}

/* Servers close what was idle for five seconds, and a request may meet that. This test waits, by libcurl's clock. */
static void a_connection_that_was_idle_is_not_used_again(void **state) {
    (void)state;
    script s = {NULL, 0, .key = ""};
    test_client c;
    const ps_http_reply *replies;
    size_t n;
    test_client_init(&c, follow_script, &s);
    c.options.idle_s = 1;
    test_client_open(&c);
    test_post(&c, 7, "{}");
    assert_int_equal(test_reply(&c, 0)->status, PS_OK);
    assert_ok(ps_http_poll(c.http, 1.01, &replies, &n, err));
    test_post(&c, 7, "{}");
    assert_int_equal(test_reply(&c, 0)->status, PS_OK);
    assert_int_equal(fault_server_count(c.server, FAULT_CONNECTIONS), 2);
    test_client_close(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_is_asked_once_more_and_then_an_error),
        cmocka_unit_test(slow_answers_are_answers),
        cmocka_unit_test(a_broken_connection_is_tried_again),
        cmocka_unit_test(a_length_that_is_too_short_spoils_no_other_answer),
        cmocka_unit_test(an_error_in_a_success_is_for_who_reads_it),
        cmocka_unit_test(server_errors_are_tried_again),
        cmocka_unit_test(what_would_come_again_is_an_error_at_once),
        cmocka_unit_test(a_refusal_is_told_in_the_servers_own_words),
        cmocka_unit_test(the_key_goes_to_the_server_and_into_no_message),
        cmocka_unit_test(a_failure_of_tls_is_an_error_at_once),
        cmocka_unit_test(a_redirect_takes_the_key_to_no_other_origin),
        cmocka_unit_test(this_machine_is_asked_without_a_proxy_and_without_a_password_file),
        cmocka_unit_test(a_large_body_is_sent_without_asking),
        cmocka_unit_test(a_body_is_taken_up_to_its_limit),
        cmocka_unit_test(a_stale_connection_is_replaced_at_once),
        cmocka_unit_test(a_connection_is_used_again),
        cmocka_unit_test(a_connection_that_was_idle_is_not_used_again),
    };
    return cmocka_run_group_tests_name("http/faults", tests, NULL, NULL);
}
