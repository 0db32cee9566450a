/* What the tests of the client share: a clock that stands until it is moved, a log that is kept, a client at a fault
 * server, and polling until something is there. */
#ifndef PERSAMP_TESTS_HTTP_HTTP_TEST_H
#define PERSAMP_TESTS_HTTP_HTTP_TEST_H

#include "http/client.h"
#include "support/fault_server.h"
#include "support/test.h"

/* ---- A clock ------------------------------------------------------------- */

static inline double test_clock_now(void *user) {
    return *(const double *)user;
}

/* ---- A log --------------------------------------------------------------- */

typedef struct test_log {
    char text[16384]; /* a line each */
    size_t length, lines;
} test_log;

static inline void test_log_write(void *user, ps_log_level level, const char *message) {
    test_log *log = user;
    (void)level;
    int n = snprintf(log->text + log->length, sizeof log->text - log->length, "%s\n", message);
    assert_true(n >= 0 && (size_t)n < sizeof log->text - log->length);
    log->length += (size_t)n;
    log->lines++;
}

/* ---- A client ------------------------------------------------------------ */

typedef struct test_client {
    double time;
    ps_http_clock clock;
    test_log log;
    ps_http_options options;
    fault_server *server;
    ps_http *http;
} test_client;

/* A server and the options of a client of it, which a test may change before test_client_open. */
static inline void test_client_init(test_client *c, fault_handler handler, void *user) {
    *c = (test_client){.time = 1000};
    c->clock = (ps_http_clock){test_clock_now, &c->time};
    c->server = fault_server_start(handler, user);
    c->options = (ps_http_options){.base_url = fault_server_url(c->server),
                                   .max_under_way = 64,
                                   .retries = 3,
                                   .outage_s = 600,
                                   .clock = &c->clock,
                                   .log = {test_log_write, &c->log, PS_LOG_DEBUG}};
}

static inline void test_client_open(test_client *c) {
    assert_ok(ps_http_create(&c->options, &c->http, err));
}

static inline void test_client_close(test_client *c) {
    ps_http_free(c->http);
    fault_server_stop(c->server);
}

/* On a busy machine an answer may take long while a test moves the clock on: time limits are for tests of them. */
static const double test_no_limit = 1e9;

static inline void test_post_for(test_client *c, uint64_t tag, const char *body, double timeout_s) {
    ps_http_request request = {
        .path = "/v1/completions", .body = body, .length = strlen(body), .timeout_s = timeout_s, .tag = tag};
    assert_ok(ps_http_submit(c->http, &request, err));
}

static inline void test_post(test_client *c, uint64_t tag, const char *body) {
    test_post_for(c, tag, body, test_no_limit);
}

/* Poll until replies are there, or `rounds` times for a hundredth of a second: how many there are. */
static inline size_t test_poll(test_client *c, const ps_http_reply **replies, int rounds) {
    size_t n = 0;
    for (int i = 0; i < rounds && n == 0; i++)
        assert_ok(ps_http_poll(c->http, 0.01, replies, &n, err));
    return n;
}

/* The one reply that must come; while none does, the clock goes on by `step` seconds every hundredth of a second. */
static inline const ps_http_reply *test_reply(test_client *c, double step) {
    const ps_http_reply *replies;
    for (int i = 0; i < 1000; i++) {
        size_t n = test_poll(c, &replies, 1);
        if (n > 1) fail_msg("%zu replies, expected one", n);
        if (n == 1) return replies;
        c->time += step;
    }
    fail_msg("no reply within ten seconds");
    return NULL;
}

/* No further reply comes. */
static inline void test_no_reply(test_client *c) {
    const ps_http_reply *replies;
    assert_int_equal(test_poll(c, &replies, 3), 0);
}

static inline void check_contains(const char *text, const char *part) {
    if (strstr(text, part) == NULL) fail_msg("\"%s\" is not in \"%s\"", part, text);
}

static inline void check_lacks(const char *text, const char *part) {
    if (strstr(text, part) != NULL) fail_msg("\"%s\" is in \"%s\"", part, text);
}

#endif
