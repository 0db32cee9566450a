/* One thread, one poll() over all connections. A connection reads a request, has its answer laid out as the bytes that
 * go over the wire, and sends them as far as the answer's faults let it. */
#include "support/fault_server.h"

#include "support/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

typedef struct bytes {
    char *data; /* malloc, with a NUL behind it */
    size_t length, capacity;
} bytes;

typedef struct connection {
    int fd;
    size_t number, served;
    bytes in;
    bool answering;
    /* The answer under way. */
    bytes out;
    size_t sent;
    size_t close_at, hold_at; /* in `out`, FAULT_NEVER: not */
    unsigned hold;
    fault_framing framing;
    size_t slice;
    double pause_s, not_before;
    bool reset, close;
    struct connection *next;
} connection;

typedef enum order { NOTHING, DOWN, UP, RELEASE, STOP } order_kind;

struct fault_server {
    fault_handler handler;
    void *user;
    int port, socket; /* bound to the port, also while down: nobody else may get it, this machine's clients included */
    bool up;
    int call[2]; /* a pipe: orders have come */
    char url[40];
    connection *connections; /* the thread's own */
    size_t n_connections;
    pthread_t thread;
    pthread_mutex_t mutex; /* holds what follows */
    pthread_cond_t changed;
    size_t counts[FAULT_COUNTS];
    order_kind order;
    unsigned order_hold;
};

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void must(bool holds, const char *what) {
    if (holds) return;
    fprintf(stderr, "fault server: %s: %s\n", what, strerror(errno));
    abort();
}

/* ---- Bytes --------------------------------------------------------------- */

static void add(bytes *to, const char *from, size_t n) {
    if (to->length + n + 1 > to->capacity) {
        to->capacity = 2 * (to->length + n + 1);
        to->data = realloc(to->data, to->capacity);
        must(to->data != NULL, "no memory");
    }
    if (n > 0) memcpy(to->data + to->length, from, n);
    to->length += n;
    to->data[to->length] = '\0';
}

static void add_text(bytes *to, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add_text(bytes *to, const char *format, ...) {
    char line[1024];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    must(n >= 0 && (size_t)n < sizeof line, "a header line is too long");
    add(to, line, (size_t)n);
}

static void drop_first(bytes *from, size_t n) {
    from->length -= n;
    memmove(from->data, from->data + n, from->length + 1);
}

void fault_body_bytes(fault_answer *answer, const char *from, size_t n) {
    bytes body = {0};
    add(&body, from, n);
    free(answer->body);
    answer->body = body.data;
    answer->length = n;
}

void fault_body(fault_answer *answer, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    must(n >= 0, "a body cannot be written");
    char *text = malloc((size_t)n + 1);
    must(text != NULL, "no memory");
    vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    free(answer->body);
    answer->body = text;
    answer->length = (size_t)n;
}

/* ---- Headers ------------------------------------------------------------- */

bool fault_header(const fault_request *request, const char *name, char *value, size_t size) {
    size_t length = strlen(name);
    value[0] = '\0';
    for (const char *line = request->headers; *line != '\0';) {
        const char *end = strstr(line, "\r\n");
        if (end == NULL) return false;
        if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
            const char *begin = line + length + 1;
            while (begin < end && *begin == ' ')
                begin++;
            snprintf(value, size, "%.*s", (int)(end - begin), begin);
            return true;
        }
        line = end + 2;
    }
    return false;
}

/* ---- Counts -------------------------------------------------------------- */

static void count(fault_server *s, fault_count which, int by) {
    pthread_mutex_lock(&s->mutex);
    s->counts[which] += (size_t)by; /* −1 wraps as it should */
    if (which == FAULT_UNDER_WAY && s->counts[which] > s->counts[FAULT_MOST]) s->counts[FAULT_MOST] = s->counts[which];
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->mutex);
}

size_t fault_server_count(fault_server *server, fault_count which) {
    pthread_mutex_lock(&server->mutex);
    size_t n = server->counts[which];
    pthread_mutex_unlock(&server->mutex);
    return n;
}

static bool await(fault_server *s, fault_count which, size_t n, bool fall) {
    struct timespec end;
    int late = 0;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += 10;
    pthread_mutex_lock(&s->mutex);
    while ((fall ? s->counts[which] > n : s->counts[which] < n) && late == 0)
        late = pthread_cond_timedwait(&s->changed, &s->mutex, &end);
    bool there = fall ? s->counts[which] <= n : s->counts[which] >= n;
    pthread_mutex_unlock(&s->mutex);
    return there;
}

bool fault_server_await(fault_server *server, fault_count which, size_t n) {
    return await(server, which, n, false);
}

bool fault_server_await_fall(fault_server *server, fault_count which, size_t n) {
    return await(server, which, n, true);
}

/* ---- Laying out an answer ------------------------------------------------ */

static void add_chunk(bytes *out, const char *from, size_t n) {
    if (n == 0) return; /* an empty chunk would be the end */
    add_text(out, "%zx\r\n", n);
    add(out, from, n);
    add(out, "\r\n", 2);
}

/* The length of the first event in text[0..n): up to its empty line, or all. */
static size_t event_length(const char *text, size_t n) {
    for (size_t i = 1; i < n; i++)
        if (text[i] == '\n' && text[i - 1] == '\n') return i + 1;
    return n;
}

static void add_chunks(bytes *out, const fault_answer *answer) {
    for (size_t at = 0, n; at < answer->length; at += n) {
        n = answer->length - at;
        if (answer->framing == FAULT_EVENTS)
            n = event_length(answer->body + at, n);
        else if (answer->slice > 0 && answer->slice < n)
            n = answer->slice;
        add_chunk(out, answer->body + at, n);
    }
    add(out, "0\r\n\r\n", 5);
}

static void add_head(bytes *out, const fault_answer *answer) {
    add_text(out, "HTTP/1.1 %d %s\r\n", answer->code, answer->code == 200 ? "OK" : "Fault");
    if (answer->type != NULL) add_text(out, "Content-Type: %s\r\n", answer->type);
    if (answer->framing == FAULT_LENGTH)
        add_text(out, "Content-Length: %lld\r\n", (long long)answer->length + answer->length_off);
    if (answer->framing == FAULT_CHUNKED || answer->framing == FAULT_EVENTS)
        add_text(out, "Transfer-Encoding: chunked\r\n");
    if (answer->framing == FAULT_TO_CLOSE) add_text(out, "Connection: close\r\n");
    add_text(out, "%s\r\n", answer->headers);
}

static size_t place(size_t given, size_t head) {
    return given == FAULT_NEVER || given < FAULT_BODY(0) ? given : head + (given - FAULT_BODY(0));
}

static void lay_out(connection *c, const fault_answer *answer) {
    c->out.length = 0;
    if (answer->framing != FAULT_RAW) add_head(&c->out, answer);
    size_t head = c->out.length;
    if (answer->framing == FAULT_CHUNKED || answer->framing == FAULT_EVENTS)
        add_chunks(&c->out, answer);
    else
        add(&c->out, answer->body, answer->length);
    c->sent = 0;
    c->hold = answer->hold;
    c->hold_at = answer->hold != 0 ? place(answer->hold_at, head) : FAULT_NEVER;
    c->close_at = place(answer->close_at, head);
    c->framing = answer->framing;
    c->slice = answer->slice;
    c->pause_s = answer->pause_s;
    c->not_before = 0;
    c->reset = answer->reset;
    c->close = answer->close || answer->framing == FAULT_TO_CLOSE;
    c->answering = true;
}

/* ---- Connections --------------------------------------------------------- */

static void close_connection(fault_server *s, connection *c, bool reset) {
    if (reset) {
        struct linger at_once = {.l_onoff = 1, .l_linger = 0};
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    close(c->fd);
    c->fd = -1;
    if (c->answering) count(s, FAULT_UNDER_WAY, -1);
    c->answering = false;
    count(s, FAULT_OPEN, -1);
}

static void finish_answer(fault_server *s, connection *c, bool close_it) {
    c->answering = false;
    c->served++;
    count(s, FAULT_ANSWERED, 1);
    count(s, FAULT_UNDER_WAY, -1);
    if (close_it) close_connection(s, c, c->reset);
}

static void client_left(fault_server *s, connection *c) {
    if (c->answering) count(s, FAULT_ABORTED, 1);
    close_connection(s, c, false);
}

/* How far the next send may go. */
static size_t send_end(const connection *c) {
    size_t end = c->out.length;
    if (c->close_at < end) end = c->close_at;
    if (c->hold_at < end) end = c->hold_at;
    if (c->framing == FAULT_EVENTS && c->pause_s > 0) {
        size_t event = c->sent + event_length(c->out.data + c->sent, c->out.length - c->sent);
        if (event < end) end = event;
    } else if (c->slice > 0 && end - c->sent > c->slice)
        end = c->sent + c->slice;
    return end;
}

static bool is_held(const connection *c) {
    return c->answering && c->sent == c->hold_at;
}

/* Send until the system takes no more, or a fault says to stop. */
static void send_answer(fault_server *s, connection *c) {
    while (c->fd >= 0 && c->answering && !is_held(c)) {
        if (c->sent >= c->close_at || c->sent == c->out.length) {
            finish_answer(s, c, c->sent >= c->close_at || c->close);
            return;
        }
        if (now() < c->not_before) return;
        size_t n = send_end(c) - c->sent;
        ssize_t taken = send(c->fd, c->out.data + c->sent, n, MSG_NOSIGNAL);
        if (taken < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
        if (taken < 0) {
            client_left(s, c);
            return;
        }
        c->sent += (size_t)taken;
        if (c->pause_s > 0) c->not_before = now() + c->pause_s;
    }
}

/* ---- Requests ------------------------------------------------------------ */

static void hand_over(fault_server *s, connection *c, fault_request *request) {
    fault_answer answer = {.code = 200, .type = "application/json", .close_at = FAULT_NEVER};
    request->number = fault_server_count(s, FAULT_REQUESTS);
    request->connection = c->number;
    request->nth = c->served;
    s->handler(s->user, request, &answer);
    lay_out(c, &answer);
    free(answer.body);
    count(s, FAULT_UNDER_WAY, 1);
    count(s, FAULT_REQUESTS, 1);
}

/* A TLS handshake where a request is expected: https:// was written for http://. */
static bool refuse_handshake(fault_server *s, connection *c) {
    const char tls_handshake = 0x16;
    if (c->in.length == 0 || c->in.data[0] != tls_handshake) return false;
    fault_answer answer = {.framing = FAULT_RAW, .close = true, .close_at = FAULT_NEVER};
    fault_body(&answer, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    lay_out(c, &answer);
    free(answer.body);
    count(s, FAULT_UNDER_WAY, 1);
    return true;
}

/* Where a whole request has been read, hand it over; false: more bytes are needed. */
static bool take_request(fault_server *s, connection *c) {
    char *head_end = c->in.length > 0 ? strstr(c->in.data, "\r\n\r\n") : NULL;
    if (head_end == NULL) return false;
    char *headers = strstr(c->in.data, "\r\n") + 2;
    char length_text[32];
    uint64_t length = 0;
    char *body = head_end + 4;
    char kept = *body;
    *body = '\0';
    fault_request request = {.headers = headers < body ? headers : "\r\n"};
    if (fault_header(&request, "Content-Length", length_text, sizeof length_text))
        must(ps_parse_count(length_text, strlen(length_text), 10, SIZE_MAX / 2, &length), "a bad Content-Length");
    *body = kept;
    if (c->in.length - (size_t)(body - c->in.data) < length) return false;
    /* The pieces are made strings of their own: \0 over the separators, and a copy of the body. */
    char *first = strndup(c->in.data, (size_t)(headers - 2 - c->in.data));
    char *lines = strndup(headers, (size_t)(head_end + 2 - headers));
    char *content = calloc(length + 1, 1);
    must(first != NULL && lines != NULL && content != NULL, "no memory");
    memcpy(content, body, length);
    char *path = strchr(first, ' ');
    must(path != NULL, "not a request line");
    *path++ = '\0';
    path[strcspn(path, " ")] = '\0';
    drop_first(&c->in, (size_t)(body - c->in.data) + length);
    request = (fault_request){.method = first, .path = path, .headers = lines, .body = content, .length = length};
    hand_over(s, c, &request);
    free(first);
    free(lines);
    free(content);
    return true;
}

static void receive(fault_server *s, connection *c) {
    char buffer[65536];
    ssize_t n = recv(c->fd, buffer, sizeof buffer, 0);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
    if (n <= 0)
        client_left(s, c);
    else
        add(&c->in, buffer, (size_t)n);
}

static void go_on(fault_server *s, connection *c) {
    if (c->answering) send_answer(s, c);
    while (c->fd >= 0 && !c->answering && (refuse_handshake(s, c) || take_request(s, c)))
        send_answer(s, c);
}

/* ---- Listening ----------------------------------------------------------- */

static void set_up_socket(int fd) {
    int on = 1;
    must(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0, "fcntl");
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
#ifdef SO_NOSIGPIPE
    setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
}

static void bind_socket(fault_server *s) {
    int on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)s->port)};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->socket = socket(AF_INET, SOCK_STREAM, 0);
    must(s->socket >= 0, "socket");
    set_up_socket(s->socket);
    setsockopt(s->socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    must(bind(s->socket, (struct sockaddr *)&address, sizeof address) == 0, "bind");
    must(getsockname(s->socket, (struct sockaddr *)&address, &size) == 0, "getsockname");
    s->port = ntohs(address.sin_port);
}

static void go_up(fault_server *s) {
    if (s->up) return;
    must(listen(s->socket, 4096) == 0, "listen");
    s->up = true;
}

static void go_down(fault_server *s) {
    if (s->up) {
        close(s->socket);
        bind_socket(s);
        s->up = false;
    }
    for (connection *c = s->connections; c != NULL; c = c->next)
        if (c->fd >= 0) close_connection(s, c, true);
}

static void accept_all(fault_server *s) {
    for (int fd; (fd = accept(s->socket, NULL, NULL)) >= 0;) {
        connection *c = calloc(1, sizeof *c);
        must(c != NULL, "no memory");
        set_up_socket(fd);
        c->fd = fd;
        c->number = fault_server_count(s, FAULT_CONNECTIONS);
        c->next = s->connections;
        s->connections = c;
        s->n_connections++;
        count(s, FAULT_CONNECTIONS, 1);
        count(s, FAULT_OPEN, 1);
    }
}

/* Forget the connections that were closed. */
static void sweep(fault_server *s) {
    for (connection **at = &s->connections; *at != NULL;) {
        connection *c = *at;
        if (c->fd >= 0) {
            at = &c->next;
            continue;
        }
        *at = c->next;
        free(c->in.data);
        free(c->out.data);
        free(c);
        s->n_connections--;
    }
}

static void release_held(fault_server *s, unsigned hold) {
    for (connection *c = s->connections; c != NULL; c = c->next)
        if (c->answering && c->hold == hold) c->hold_at = FAULT_NEVER;
}

/* ---- The thread ---------------------------------------------------------- */

/* Carry out what the test ordered; false: stop. */
static bool obey(fault_server *s) {
    char call;
    while (read(s->call[0], &call, 1) == 1) {
    }
    pthread_mutex_lock(&s->mutex);
    order_kind order = s->order;
    unsigned hold = s->order_hold;
    pthread_mutex_unlock(&s->mutex);
    if (order == DOWN || order == STOP) go_down(s);
    if (order == UP) go_up(s);
    if (order == RELEASE) release_held(s, hold);
    pthread_mutex_lock(&s->mutex);
    s->order = NOTHING;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->mutex);
    return order != STOP;
}

/* Fill fds with the pipe, the listener and the connections in their order; the milliseconds to wait. */
static int watch(const fault_server *s, struct pollfd *fds) {
    double wait = -1, t = now();
    size_t n = 2;
    fds[0] = (struct pollfd){.fd = s->call[0], .events = POLLIN};
    fds[1] = (struct pollfd){.fd = s->up ? s->socket : -1, .events = POLLIN}; /* −1 is passed over */
    for (const connection *c = s->connections; c != NULL; c = c->next) {
        short events = POLLIN;
        if (c->answering && !is_held(c)) {
            if (c->not_before <= t)
                events |= POLLOUT;
            else if (wait < 0 || c->not_before - t < wait)
                wait = c->not_before - t;
        }
        fds[n++] = (struct pollfd){.fd = c->fd, .events = events};
    }
    return wait < 0 ? -1 : (int)(wait * 1000) + 1;
}

static void *serve(void *user) {
    fault_server *s = user;
    struct pollfd *fds = NULL;
    for (bool on = true; on;) {
        fds = realloc(fds, (s->n_connections + 2) * sizeof *fds);
        must(fds != NULL, "no memory");
        int wait = watch(s, fds);
        poll(fds, (nfds_t)(s->n_connections + 2), wait);
        size_t i = 2;
        for (connection *c = s->connections; c != NULL; c = c->next, i++) {
            if (fds[i].revents & (POLLIN | POLLERR | POLLHUP)) receive(s, c);
            if (c->fd >= 0) go_on(s, c);
        }
        if (fds[1].revents & POLLIN) accept_all(s);
        if (fds[0].revents & POLLIN) on = obey(s);
        sweep(s);
    }
    free(fds);
    return NULL;
}

/* ---- The test's side ----------------------------------------------------- */

static void give_order(fault_server *s, order_kind order, unsigned hold) {
    pthread_mutex_lock(&s->mutex);
    s->order = order;
    s->order_hold = hold;
    must(write(s->call[1], "x", 1) == 1, "write");
    while (s->order != NOTHING)
        pthread_cond_wait(&s->changed, &s->mutex);
    pthread_mutex_unlock(&s->mutex);
}

fault_server *fault_server_start(fault_handler handler, void *user) {
    fault_server *s = calloc(1, sizeof *s);
    must(s != NULL, "no memory");
    s->handler = handler;
    s->user = user;
    must(pipe(s->call) == 0, "pipe");
    set_up_socket(s->call[0]);
    bind_socket(s);
    go_up(s);
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d", s->port);
    pthread_mutex_init(&s->mutex, NULL);
    pthread_cond_init(&s->changed, NULL);
    must(pthread_create(&s->thread, NULL, serve, s) == 0, "pthread_create");
    return s;
}

void fault_server_stop(fault_server *server) {
    if (server == NULL) return;
    give_order(server, STOP, 0);
    pthread_join(server->thread, NULL);
    close(server->socket);
    close(server->call[0]);
    close(server->call[1]);
    pthread_cond_destroy(&server->changed);
    pthread_mutex_destroy(&server->mutex);
    free(server);
}

int fault_server_port(const fault_server *server) {
    return server->port;
}

const char *fault_server_url(const fault_server *server) {
    return server->url;
}

void fault_server_down(fault_server *server) {
    give_order(server, DOWN, 0);
}

void fault_server_up(fault_server *server) {
    give_order(server, UP, 0);
}

void fault_server_release(fault_server *server, unsigned hold) {
    give_order(server, RELEASE, hold);
}
