/* The server that tests the client is tested by bytes on a socket, without the client. */
#include "support/fault_server.h"
#include "support/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* ---- A client of a few lines --------------------------------------------- */

static int connect_to(const fault_server *server) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)fault_server_port(server))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    struct timeval limit = {.tv_sec = 10};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
    close(fd);
    return -1;
}

static void say(int fd, const char *text) {
    assert_int_equal(send(fd, text, strlen(text), 0), (ssize_t)strlen(text));
}

/* All that comes, until the end of the connection or until it ends with `last`; the return value of the last recv. */
static ssize_t hear(int fd, const char *last, char *text, size_t size) {
    size_t length = 0;
    for (;;) {
        ssize_t n = recv(fd, text + length, size - length - 1, 0);
        if (n > 0) length += (size_t)n;
        text[length] = '\0';
        size_t tail = last != NULL ? strlen(last) : 0;
        if (n <= 0 || (last != NULL && length >= tail && strcmp(text + length - tail, last) == 0)) return n;
    }
}

static const char *const post =
    "POST /v1/x HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer k\r\nContent-Length: 3\r\n\r\nabc";

/* ---- What it is asked to answer ------------------------------------------ */

typedef struct script {
    fault_answer answer;
    const char *body;
    size_t nth;
    bool as_sent; /* it read what was sent */
} script;

static void answer_script(void *user, const fault_request *request, fault_answer *answer) {
    script *s = user;
    char key[32];
    s->as_sent = strcmp(request->method, "POST") == 0 && strcmp(request->path, "/v1/x") == 0 &&
                 strcmp(request->body, "abc") == 0 && request->length == 3 &&
                 fault_header(request, "AUTHORIZATION", key, sizeof key) && strcmp(key, "Bearer k") == 0 &&
                 !fault_header(request, "Author", key, sizeof key);
    s->nth = request->nth;
    *answer = s->answer;
    fault_body(answer, "%s", s->body);
}

static fault_answer good(void) {
    return (fault_answer){.code = 200, .close_at = FAULT_NEVER};
}

static void check_answer(fault_answer answer, const char *body, const char *last, const char *expected, bool is_reset) {
    script s = {.answer = answer, .body = body};
    fault_server *server = fault_server_start(answer_script, &s);
    char text[4096];
    int fd = connect_to(server);
    assert_true(fd >= 0);
    say(fd, post);
    ssize_t end = hear(fd, last, text, sizeof text);
    assert_true(fault_server_await(server, FAULT_REQUESTS, 1));
    assert_true(s.as_sent);
    assert_string_equal(text, expected);
    if (last == NULL) assert_int_equal(end, is_reset ? -1 : 0);
    close(fd);
    fault_server_stop(server);
}

static void answers_go_out_as_the_handler_wants_them(void **state) {
    (void)state;
    fault_answer a = good();
    check_answer(a, "hi", "hi", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", false);
    a.slice = 1;
    a.length_off = 5;
    a.close = true;
    check_answer(a, "hi", NULL, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nhi", false);
    a = (fault_answer){.code = 502, .type = "text/html", .framing = FAULT_TO_CLOSE, .close_at = FAULT_NEVER};
    snprintf(a.headers, sizeof a.headers, "Retry-After: -1\r\n");
    check_answer(a, "<p>", NULL,
                 "HTTP/1.1 502 Fault\r\nContent-Type: text/html\r\nConnection: close\r\nRetry-After: -1\r\n\r\n<p>",
                 false);
    a = good();
    a.framing = FAULT_RAW;
    check_answer(a, "nonsense", "nonsense", "nonsense", false);
}

static void chunks_and_events(void **state) {
    (void)state;
    fault_answer a = good();
    a.framing = FAULT_CHUNKED;
    a.slice = 2;
    check_answer(a, "abc", "0\r\n\r\n",
                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", false);
    a.framing = FAULT_EVENTS;
    a.slice = 0;
    a.pause_s = 1e-3;
    check_answer(a, "data: 1\n\ndata: 2\n\n", "0\r\n\r\n",
                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n9\r\ndata: "
                 "2\n\n\r\n0\r\n\r\n",
                 false);
}

static void it_closes_where_it_is_told(void **state) {
    (void)state;
    fault_answer a = good();
    a.close_at = 0;
    check_answer(a, "hi", NULL, "", false);
    a.reset = true;
    check_answer(a, "hi", NULL, "", true);
    a.close_at = 10;
    a.reset = false;
    check_answer(a, "hi", NULL, "HTTP/1.1 2", false);
    a.close_at = FAULT_BODY(1);
    check_answer(a, "hi", NULL, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh", false);
}

static void a_held_answer_waits_to_be_let_go(void **state) {
    (void)state;
    script s = {.answer = good(), .body = "hi"};
    s.answer.hold = 3;
    s.answer.hold_at = FAULT_BODY(1);
    fault_server *server = fault_server_start(answer_script, &s);
    char text[4096];
    int fd = connect_to(server);
    say(fd, post);
    hear(fd, "\r\n\r\nh", text, sizeof text);
    assert_int_equal(fault_server_count(server, FAULT_UNDER_WAY), 1);
    fault_server_release(server, 4); /* another's */
    assert_int_equal(fault_server_count(server, FAULT_ANSWERED), 0);
    fault_server_release(server, 3);
    hear(fd, "i", text, sizeof text);
    assert_true(fault_server_await(server, FAULT_ANSWERED, 1));
    say(fd, post); /* the connection goes on */
    assert_true(fault_server_await(server, FAULT_REQUESTS, 2));
    assert_int_equal(s.nth, 1);
    assert_int_equal(fault_server_count(server, FAULT_ABORTED), 0);
    close(fd);
    assert_true(fault_server_await(server, FAULT_ABORTED, 1));
    assert_true(fault_server_await_fall(server, FAULT_OPEN, 0));
    assert_int_equal(fault_server_count(server, FAULT_UNDER_WAY), 0);
    assert_int_equal(fault_server_count(server, FAULT_CONNECTIONS), 1);
    assert_int_equal(fault_server_count(server, FAULT_MOST), 1);
    fault_server_stop(server);
}

static void it_goes_down_and_comes_back_at_the_same_port(void **state) {
    (void)state;
    script s = {.answer = good(), .body = "hi"};
    fault_server *server = fault_server_start(answer_script, &s);
    char text[4096];
    for (int round = 0; round < 2; round++) {
        int fd = connect_to(server);
        assert_true(fd >= 0);
        say(fd, post);
        hear(fd, "hi", text, sizeof text);
        fault_server_down(server);
        assert_int_equal(hear(fd, NULL, text, sizeof text), -1); /* a reset */
        assert_int_equal(connect_to(server), -1);
        close(fd);
        fault_server_up(server);
    }
    fault_server_stop(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_go_out_as_the_handler_wants_them),
        cmocka_unit_test(chunks_and_events),
        cmocka_unit_test(it_closes_where_it_is_told),
        cmocka_unit_test(a_held_answer_waits_to_be_let_go),
        cmocka_unit_test(it_goes_down_and_comes_back_at_the_same_port),
    };
    return cmocka_run_group_tests_name("http/fault_server", tests, NULL, NULL);
}
