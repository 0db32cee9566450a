/* Clients that mean harm, and those that do what few do: each gets what it is due, within its time, and the next honest
 * one is answered. */
#include "serve/bench.h"

#include <poll.h>
#include <sys/resource.h>

static const char chat_path[] = "/v1/chat/completions";

static void must_answer(const bench *b) {
    reply r = client_post(b->port, chat_path, CHAT(", \"seed\": 1"));
    assert_int_equal(r.code, 200);
    reply_free(&r);
}

/* ---- The protocol -------------------------------------------------------- */

static void requests_behind_one_another_are_answered_in_order(void **state) {
    (void)state;
    bench *b = bench_of("system.log_level", "INFO");
    int fd = client_connect(b->port);
    bytes all = {0};
    char head[256];
    static const char *const bodies[] = {CHAT(", \"seed\": 11"), CHAT(", \"seed\": 12, \"stream\": true"),
                                         CHAT(", \"seed\": 13")};
    for (int i = 0; i < 3; i++) {
        snprintf(head, sizeof head,
                 "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                 chat_path, strlen(bodies[i]));
        bytes_puts(&all, head);
        bytes_puts(&all, bodies[i]);
        bytes_puts(&all, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    assert_true(client_send(fd, all.data, all.length)); /* the next ones wait in the socket while one is answered */
    static const char *const words[] = {"\"seed\":\"11\"", "\"seed\":\"12\"", "\"seed\":\"13\""};
    for (int i = 0; i < 3; i++) {
        reply r = client_read(fd);
        assert_int_equal(r.code, 200);
        assert_non_null(strstr(r.body, words[i]));
        reply_free(&r);
        r = client_read(fd);
        assert_non_null(strstr(r.body, "ready"));
        reply_free(&r);
    }
    close(fd);
    bytes_clear(&all);
    bench_end(b);
}

static void send_chunk(int fd, const char *data, size_t length, const char *extension) {
    char size[64];
    snprintf(size, sizeof size, "%zx%s\r\n", length, extension);
    client_send(fd, size, strlen(size));
    client_send(fd, data, length);
    client_send(fd, "\r\n", 2);
}

static void a_body_in_chunks_is_a_body(void **state) {
    (void)state;
    bench *b = bench_of("system.log_level", "INFO");
    static const char head[] = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                               "application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    static const char body[] = CHAT(", \"seed\": 5");
    static char blanks[1 << 16];
    int fd = client_connect(b->port);
    client_send(fd, head, sizeof head - 1);
    for (size_t i = 0; i < sizeof body - 1; i++) /* a byte each */
        send_chunk(fd, body + i, 1, i % 2 ? ";x=y" : "");
    client_send(fd, "0\r\n\r\n", 5);
    reply r = client_read(fd);
    assert_int_equal(r.code, 200);
    reply_free(&r);
    memset(blanks, ' ', sizeof blanks);
    client_send(fd, head, sizeof head - 1);
    for (size_t i = 0; i <= (1 << 20) / sizeof blanks; i++) /* nobody has said how long it will be */
        send_chunk(fd, blanks, sizeof blanks, "");
    client_send(fd, "0\r\n\r\n", 5);
    r = client_read(fd);
    assert_int_equal(r.code, 413);
    reply_free(&r);
    close(fd);
    fd = client_connect(b->port); /* one that never ends is not read for ever */
    client_send(fd, head, sizeof head - 1);
    size_t sent = 0;
    while (sent < (64 << 20)) {
        char size[16];
        snprintf(size, sizeof size, "%zx\r\n", sizeof blanks);
        if (!client_send(fd, size, strlen(size)) || !client_send(fd, blanks, sizeof blanks) ||
            !client_send(fd, "\r\n", 2))
            break;
        sent += sizeof blanks;
    }
    assert_true(sent < (64 << 20));
    close(fd);
    must_answer(b);
    bench_end(b);
}

static void headers_are_bounded(void **state) {
    (void)state;
    bench *b = bench_of("system.log_level", "INFO");
    static const char *const starts[] = {
        "GET /health HTTP/1.1\r\nHost: localhost\r\nX-Long: ", "GET /health HTTP/1.1\r\nHost: localhost\r\n", "GET /",
        "GET /health?a=", "GET /health HTTP/1.1\r\nHost: "};
    static const char *const more[] = {"x", "X-Many: y\r\n", "path/", "&a=b", "h"};
    for (int i = 0; i < 5; i++) {
        bytes text = {0};
        bytes_puts(&text, starts[i]);
        while (text.length < 200000)
            bytes_puts(&text, more[i]);
        int fd = client_connect(b->port);
        client_send(fd, text.data, text.length);
        shutdown(fd, SHUT_WR);
        reply r = client_head(fd); /* some 4xx, or none: the connection is closed in either case */
        assert_true(r.code == 0 || (r.code >= 400 && r.code < 500));
        while (client_byte(fd) >= 0) {
        }
        reply_free(&r);
        close(fd);
        bytes_clear(&text);
    }
    must_answer(b);
    bench_end(b);
}

/* ---- Bodies -------------------------------------------------------------- */

static char *repeated(const char *begin, const char *unit, size_t n, const char *end) {
    bytes text = {0};
    bytes_puts(&text, begin);
    for (size_t i = 0; i < n; i++)
        bytes_puts(&text, unit);
    bytes_puts(&text, end);
    return text.data;
}

static int code_of(const bench *b, const char *body, size_t length) {
    char head[256];
    int fd = client_connect(b->port);
    snprintf(head, sizeof head,
             "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
             chat_path, length);
    client_send(fd, head, strlen(head));
    client_send(fd, body, length);
    reply r = client_read(fd);
    int code = r.code;
    if (code >= 400) assert_non_null(strstr(r.body, "\"error\""));
    reply_free(&r);
    close(fd);
    return code;
}

static void bodies_that_are_no_request_are_400(void **state) {
    (void)state;
    bench *b = bench_of("system.log_level", "INFO");
    enum { DEEP = 100000 };
    static const char with_nul[] = "{\"messages\": [{\"role\": \"user\", \"content\": \"a\0b\"}]}";
    assert_int_equal(code_of(b, with_nul, sizeof with_nul - 1), 400);
    assert_int_equal(code_of(b, "\0\0\0\0", 4), 400);
    assert_int_equal(code_of(b, "", 0), 400);
    char *deep[] = {repeated("", "[", DEEP, ""), repeated("{\"messages\":", "[", DEEP, "]}"),
                    repeated("{\"persamp\":", "{\"ps\":", DEEP, "1}"), repeated("", "{\"a\":", DEEP, "1")};
    for (size_t i = 0; i < sizeof deep / sizeof *deep; i++) {
        assert_int_equal(code_of(b, deep[i], strlen(deep[i])), 400);
        free(deep[i]);
    }
    static const char *const texts[] = {
        "{\"messages\": [{\"role\": \"user\", \"content\": \"\xff\xfe\"}]}",         /* no UTF-8 */
        "{\"messages\": [{\"role\": \"user\", \"content\": \"\xc0\x80\"}]}",         /* NUL, written too long */
        "{\"messages\": [{\"role\": \"user\", \"content\": \"\xed\xa0\x80\"}]}",     /* half a pair */
        "{\"messages\": [{\"role\": \"user\", \"content\": \"\\ud800\"}]}",          /* likewise */
        "{\"messages\": [{\"role\": \"user\", \"content\": \"\xf4\x90\x80\x80\"}]}", /* beyond Unicode */
        "{\"messages\": [{\"role\": \"user\", \"content\": \"\\u0000\"}]}",
        CHAT(", \"temperature\": 1e999"),
        CHAT(", \"temperature\": NaN"),
        CHAT(", \"seed\": 9223372036854775808"),
        CHAT(", \"max_tokens\": 1e3"),
        CHAT("") CHAT(""),
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (code_of(b, texts[i], strlen(texts[i])) != 400) fail_msg("not 400: %s", texts[i]);
    must_answer(b);
    bench_end(b);
}

/* As nearly every reader of JSON has it, among them the one of the API's own client. */
static void of_a_field_that_comes_twice_the_last_counts(void **state) {
    (void)state;
    bench *b = bench_of("system.log_level", "INFO");
    reply r = client_post(b->port, chat_path, CHAT(", \"seed\": 1, \"n\": 0, \"seed\": 2, \"n\": 1"));
    assert_int_equal(r.code, 200);
    assert_non_null(strstr(r.body, "\"seed\":\"2\""));
    reply_free(&r);
    bench_end(b);
}

/* A megabyte of what is slow to read for some readers. */
static void large_bodies_take_no_time(void **state) {
    (void)state;
    bench *b = bench_of("system.log_level", "INFO");
    char *bodies[] = {repeated("{\"x\": [", "[],", 340000, "0]}"),
                      repeated("{", "\"a\":1,", 170000, "\"b\":1}"),
                      repeated("{\"messages\": [", "{\"role\":\"user\",\"content\":\"\"},", 30000, "7]}"),
                      repeated("{\"persamp\": {", "\"budget\":1,", 90000, "\"x\":1}}"),
                      repeated("{\"x\": ", "9", 1000000, "}"),
                      repeated("{\"stop\": [", "\"a\",", 250000, "\"b\"]}")};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        double start = ps_now();
        assert_int_equal(code_of(b, bodies[i], strlen(bodies[i])), 400);
        assert_true(ps_now() - start < 20);
        free(bodies[i]);
    }
    must_answer(b);
    bench_end(b);
}

/* ---- Connections --------------------------------------------------------- */

/* The server cannot tell one that says no more from one that has gone: both have closed their half. */
static void one_that_closes_its_half_is_given_up(void **state) {
    (void)state;
    bench *b = bench_of("serve.limits.running", "2");
    b->engine.pace = 0;
    for (int stream = 0; stream < 2; stream++) {
        int fd = client_connect(b->port);
        client_request(fd, "POST", chat_path, "", stream ? CHAT(", \"stream\": true") : CHAT(""));
        bench_await(b, "in_flight", 1);
        shutdown(fd, SHUT_WR);
        bench_await(b, "in_flight", 0); /* though it could still read */
        while (client_byte(fd) >= 0) {
        }
        close(fd);
    }
    assert_true(bench_metric(b, "searches_cancelled_total") == 2);
    bench_let_go(b);
    must_answer(b);
    bench_end(b);
}

/* From 127.0.0.1, 127.0.0.2, …: each is an address of its own. */
static int connect_from(unsigned port, unsigned address) {
    struct sockaddr_in own = {.sin_family = AF_INET},
                       server = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct timeval minute = {.tv_sec = 60};
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK + address);
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &minute, sizeof minute);
    if (bind(fd, (struct sockaddr *)&own, sizeof own) == 0 &&
        connect(fd, (struct sockaddr *)&server, sizeof server) == 0)
        return fd;
    close(fd);
    return -1;
}

static int health_from(unsigned port, unsigned address) {
    int fd = connect_from(port, address);
    if (fd < 0) return -1; /* a system with one such address only */
    client_request(fd, "GET", "/health", "Connection: close\r\n", NULL);
    reply r = client_read(fd);
    int code = r.code;
    reply_free(&r);
    close(fd);
    return code;
}

static void an_address_has_its_share_of_the_connections(void **state) {
    (void)state;
    bench *b = bench_of("serve.limits.connections_per_address", "3");
    int fds[3];
    for (int i = 0; i < 3; i++)
        for (int code = 0; code != 200;) { /* 0 while it has not noticed that those before have gone */
            fds[i] = client_connect(b->port);
            client_request(fds[i], "GET", "/health", "", NULL);
            reply r = client_read(fds[i]);
            code = r.code;
            reply_free(&r);
            if (code != 200) close(fds[i]);
        }
    assert_int_equal(health_from(b->port, 0), 0); /* the fourth is closed at once */
    int other = health_from(b->port, 1);
    assert_true(other == 200 || other == -1);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    while (health_from(b->port, 0) != 200) { /* as soon as it has noticed */
    }
    bench_end(b);
}

/* One more than there may be is not answered until another has gone. */
static void all_connections_together_are_limited(void **state) {
    (void)state;
    bench *b = bench_of("serve.limits.connections", "4");
    int fds[5];
    for (int i = 0; i < 5; i++) {
        fds[i] = client_connect(b->port);
        client_request(fds[i], "GET", "/health", "", NULL);
        if (i == 4) break;
        reply r = client_read(fds[i]);
        assert_int_equal(r.code, 200);
        reply_free(&r);
    }
    struct pollfd last = {.fd = fds[4], .events = POLLIN};
    assert_int_equal(poll(&last, 1, 300), 0);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
    reply r = client_read(fds[4]);
    assert_int_equal(r.code, 200);
    reply_free(&r);
    close(fds[4]);
    bench_end(b);
}

/* Ten thousand that say nothing, from forty addresses. The others are answered meanwhile, and the idle ones are closed
 * when their time is over. */
static void ten_thousand_idle_connections_hold_nobody_up(void **state) {
    (void)state;
    enum { EACH = 250, MOST = 10000 };
    static int fds[MOST];
    struct rlimit files;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);
    getrlimit(RLIMIT_NOFILE, &files);
    const size_t room = files.rlim_cur == RLIM_INFINITY ? MOST : (size_t)(files.rlim_cur - 400) / 2; /* both ends */
    size_t n = room < MOST ? room : MOST;
    bench *b = bench_of("serve.limits.connections", "20000", "serve.limits.receive_seconds", "8");
    for (size_t i = 0; i < n; i++) {
        fds[i] = connect_from(b->port, (unsigned)(1 + i / EACH));
        if (fds[i] < 0) n = i; /* a system with one such address only */
    }
    double start = ps_now();
    must_answer(b);
    assert_true(ps_now() - start < 10);
    for (size_t i = 0; i < n; i++) /* a minute is the client's own limit */
        assert_int_equal(client_byte(fds[i]), -1);
    assert_true(ps_now() - start < 60);
    for (size_t i = 0; i < n; i++)
        close(fds[i]);
    bench_await(b, "connections", 1);
    must_answer(b);
    bench_end(b);
}

/* ---- Secrets ------------------------------------------------------------- */

typedef struct said {
    pthread_mutex_t mutex;
    bytes text;
} said;

static void write_said(void *user, ps_log_level level, const char *message) {
    said *s = user;
    (void)level;
    pthread_mutex_lock(&s->mutex);
    bytes_puts(&s->text, message);
    bytes_puts(&s->text, "\n");
    pthread_mutex_unlock(&s->mutex);
}

static void neither_texts_nor_keys_are_logged(void **state) {
    (void)state;
    static const char path[] = PS_TEST_TMP "/serve-hostile-keys.txt", keys[] = "key-of-alice-0123456789\n";
    static said s = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    assert_ok(ps_write_file(path, keys, sizeof keys - 1, err));
    bench *b = bench_open((const char *const[]){"serve.api_key_file", path, "system.log_level", "DEBUG", NULL, NULL});
    const ps_log log = {.write = write_said, .user = &s, .least = PS_LOG_DEBUG};
    ps_server_free(b->server);
    assert_ok(ps_server_create(b->config, &log, &b->server, err));
    b->port = ps_server_port(b->server);
    bench_start(b);
    static const char *const headers[] = {"Authorization: Bearer key-of-alice-0123456789\r\n",
                                          "Authorization: Bearer key-of-nobody-987654321\r\n",
                                          "Authorization: Bearer key-of-alice-0123456789\r\nHost: sesame.example\r\n"};
    static const char *const bodies[] = {
        "{\"messages\": [{\"role\": \"user\", \"content\": \"sesame\"}]}",
        "{\"messages\": [{\"role\": \"sesame\", \"content\": \"sesame\"}]}",
        "{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}], \"model\": \"sesame\", \"stop\": \"sesame\"}",
        "{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}], \"persamp\": {\"sesame\": 1}}",
        "sesame",
        "{\"messages\": [{\"role\": \"user\", \"content\": \"sesame\"}], \"stream\": true}"};
    for (size_t h = 0; h < sizeof headers / sizeof *headers; h++)
        for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
            reply r = client_ask(b->port, "POST", chat_path, headers[h], bodies[i]);
            assert_true(r.code > 0);
            reply_free(&r);
        }
    bench_end(b);
    assert_non_null(strstr(bytes_text(&s.text), "answered"));
    assert_null(strstr(bytes_text(&s.text), "sesame"));
    assert_null(strstr(bytes_text(&s.text), "key-of-"));
    bytes_clear(&s.text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_behind_one_another_are_answered_in_order),
        cmocka_unit_test(a_body_in_chunks_is_a_body),
        cmocka_unit_test(headers_are_bounded),
        cmocka_unit_test(bodies_that_are_no_request_are_400),
        cmocka_unit_test(of_a_field_that_comes_twice_the_last_counts),
        cmocka_unit_test(large_bodies_take_no_time),
        cmocka_unit_test(one_that_closes_its_half_is_given_up),
        cmocka_unit_test(an_address_has_its_share_of_the_connections),
        cmocka_unit_test(all_connections_together_are_limited),
        cmocka_unit_test(ten_thousand_idle_connections_hold_nobody_up),
        cmocka_unit_test(neither_texts_nor_keys_are_logged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
