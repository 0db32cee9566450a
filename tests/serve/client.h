/* A small client of HTTP for the tests of the server: blocking, over loopback, without a library that might be kinder
 * to a mistake than others are. Every wait ends after a minute with a failed test. */
#ifndef PERSAMP_TESTS_SERVE_CLIENT_H
#define PERSAMP_TESTS_SERVE_CLIENT_H

#include "support/test.h"

#include <errno.h>
#include <jansson.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* Bytes that grow, of the C library's: tests fail allocations of ours, which must meet the server. */
typedef struct bytes {
    char *data; /* owned, terminated; NULL while empty */
    size_t length, capacity;
} bytes;

static inline void bytes_clear(bytes *b) {
    free(b->data);
    *b = (bytes){0};
}

static inline const char *bytes_text(const bytes *b) {
    return b->data != NULL ? b->data : "";
}

static inline void bytes_append(bytes *b, const char *data, size_t n) {
    if (b->length + n >= b->capacity) {
        b->capacity = 2 * (b->length + n) + 1;
        b->data = realloc(b->data, b->capacity);
        assert_non_null(b->data);
    }
    memcpy(b->data + b->length, data, n);
    b->length += n;
    b->data[b->length] = '\0';
}

static inline void bytes_puts(bytes *b, const char *text) {
    bytes_append(b, text, strlen(text));
}

/* What came back; strings are owned (reply_free). */
typedef struct reply {
    int code; /* 0: the connection was closed without an answer */
    char *headers, *body;
} reply;

static inline void reply_free(reply *r) {
    free(r->headers);
    free(r->body);
    *r = (reply){0};
}

static inline int client_connect(unsigned port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct timeval minute = {.tv_sec = 60};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &minute, sizeof minute), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* False: the other side has closed. */
static inline bool client_send(int fd, const char *data, size_t length) {
    while (length > 0) {
        ssize_t n = send(fd, data, length, MSG_NOSIGNAL);
        if (n <= 0) return false;
        data += n;
        length -= (size_t)n;
    }
    return true;
}

/* One byte; −1: the end. */
static inline int client_byte(int fd) {
    unsigned char byte;
    ssize_t n = recv(fd, &byte, 1, 0);
    if (n < 0) assert_int_not_equal(errno, EAGAIN); /* a minute without a word */
    return n == 1 ? byte : -1;
}

/* A line without its end; false when there is none. Free it with bytes_clear. */
static inline bool client_line(int fd, bytes *line) {
    int byte;
    line->length = 0;
    if (line->data != NULL) line->data[0] = '\0';
    while ((byte = client_byte(fd)) >= 0 && byte != '\n')
        if (byte != '\r') bytes_append(line, (const char[]){(char)byte}, 1);
    return byte == '\n';
}

/* The value of a header, or NULL; points into the reply. */
static inline const char *reply_header(const reply *r, const char *name) {
    for (const char *at = r->headers; at != NULL && *at != '\0'; at = strchr(at, '\n') + 1)
        if (strncasecmp(at, name, strlen(name)) == 0 && at[strlen(name)] == ':') return at + strlen(name) + 2;
    return NULL;
}

static inline void client_bytes(int fd, size_t n, bytes *out) {
    for (int byte; n > 0 && (byte = client_byte(fd)) >= 0; n--)
        bytes_append(out, (const char[]){(char)byte}, 1);
}

/* The next chunk of a body, appended; false at its end, or where the connection ends. */
static inline bool client_chunk(int fd, bytes *out) {
    bytes line = {0};
    uint64_t length = 0;
    bool some = client_line(fd, &line) && ps_parse_count(bytes_text(&line), line.length, 16, 1 << 24, &length);
    if (some) client_bytes(fd, (size_t)length, out);
    if (some) client_line(fd, &line);
    bytes_clear(&line);
    return some && length > 0;
}

/* The status and the headers. */
static inline reply client_head(int fd) {
    reply r = {0};
    bytes line = {0}, headers = {0};
    if (client_line(fd, &line) && line.length > 12) r.code = atoi(bytes_text(&line) + 9);
    while (r.code != 0 && client_line(fd, &line) && line.length > 0)
        bytes_puts(&line, "\n"), bytes_puts(&headers, bytes_text(&line));
    bytes_clear(&line);
    r.headers = strdup(bytes_text(&headers));
    bytes_clear(&headers);
    return r;
}

/* A whole answer. */
static inline reply client_read(int fd) {
    bytes body = {0};
    reply r = client_head(fd);
    const char *length = reply_header(&r, "Content-Length");
    if (reply_header(&r, "Transfer-Encoding") != NULL)
        while (client_chunk(fd, &body)) {
        }
    else if (length != NULL)
        client_bytes(fd, (size_t)strtoul(length, NULL, 10), &body);
    r.body = strdup(bytes_text(&body));
    bytes_clear(&body);
    return r;
}

/* A request; `headers`: more of them, each with its line's end; `body` may be NULL. */
static inline bool client_request(int fd, const char *method, const char *path, const char *headers, const char *body) {
    bytes text = {0};
    char length[96] = "";
    const char *const parts[] = {method,  " ",    path,   " HTTP/1.1\r\nHost: localhost\r\n",
                                 headers, length, "\r\n", body != NULL ? body : ""};
    if (body != NULL)
        snprintf(length, sizeof length, "Content-Type: application/json\r\nContent-Length: %zu\r\n", strlen(body));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        bytes_puts(&text, parts[i]);
    bool sent = client_send(fd, text.data, text.length);
    bytes_clear(&text);
    return sent;
}

/* The same on a connection of its own, with the answer. */
static inline reply client_ask(unsigned port, const char *method, const char *path, const char *headers,
                               const char *body) {
    int fd = client_connect(port);
    client_request(fd, method, path, headers, body);
    reply r = client_read(fd);
    close(fd);
    return r;
}

static inline reply client_post(unsigned port, const char *path, const char *body) {
    return client_ask(port, "POST", path, "", body);
}

/* ---- Bodies -------------------------------------------------------------- */

static inline json_t *reply_json(const reply *r) {
    json_t *root = json_loads(r->body, 0, NULL);
    if (root == NULL) fail_msg("no JSON: %s", r->body);
    return root;
}

/* The value at a path such as "choices.0.message.content"; NULL where there is none. */
static inline json_t *json_at(const json_t *root, const char *path) {
    char name[64];
    json_t *at = (json_t *)root;
    while (*path != '\0' && at != NULL) {
        size_t n = strcspn(path, ".");
        snprintf(name, sizeof name, "%.*s", (int)n, path);
        at = json_is_array(at) ? json_array_get(at, (size_t)atoi(name)) : json_object_get(at, name);
        path += n + (path[n] == '.');
    }
    return at;
}

static inline const char *json_text_at(const json_t *root, const char *path) {
    const char *text = json_string_value(json_at(root, path));
    return text != NULL ? text : "(nothing)";
}

static inline long long json_int_at(const json_t *root, const char *path) {
    json_t *value = json_at(root, path);
    return json_is_integer(value) ? (long long)json_integer_value(value) : -1;
}

#endif
