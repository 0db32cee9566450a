/* From a connection to a route, and from an answer to bytes. What the requests mean is elsewhere. */
#include "serve/answer.h"
#include "serve/guard.h"
#include "serve/routes.h"

#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { LARGEST_BODY = 1 << 20, LARGEST_REFUSED = 16 << 20, HTTP_THREADS = 4, HEADER_MEMORY = 32 << 10 };

/* ---- Answers ------------------------------------------------------------- */

static void add_header(struct MHD_Response *response, const char *name, const char *value) {
    (void)MHD_add_response_header(response, name, value); /* without memory it is missing, and the next call fails */
}

static void add_headers(const ps_exchange *x, struct MHD_Response *response) {
    add_header(response, "X-Content-Type-Options", "nosniff");
    add_header(response, "Content-Security-Policy",
               "default-src 'none'; script-src 'self'; connect-src 'self'; font-src 'self'; style-src 'self'; "
               "style-src-attr 'unsafe-inline'; frame-ancestors 'none'");
    if (x->cors == NULL) return;
    add_header(response, "Access-Control-Allow-Origin", x->cors);
    add_header(response, "Vary", "Origin");
}

enum MHD_Result ps_send(ps_exchange *x, int code, const char *type, struct MHD_Response *response) {
    if (response == NULL) return MHD_NO;
    add_headers(x, response);
    if (type != NULL) add_header(response, "Content-Type", type);
    ps_server_lock(x->server);
    ps_metrics_answer(&x->server->metrics, code);
    bool last = x->server->stopping;
    ps_server_unlock(x->server);
    if (last) add_header(response, "Connection", "close");
    enum MHD_Result result = MHD_queue_response(x->connection, (unsigned)code, response);
    MHD_destroy_response(response);
    return result;
}

static void free_text(void *data) {
    ps_free(data);
}

/* Takes the text over. */
static struct MHD_Response *response_of(ps_text *text) {
    if (!ps_text_ok(text)) {
        ps_text_clear(text);
        return NULL;
    }
    if (text->data == NULL) return MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT);
    struct MHD_Response *response =
        MHD_create_response_from_buffer_with_free_callback(text->length, text->data, free_text);
    if (response == NULL) ps_text_clear(text);
    return response;
}

enum MHD_Result ps_send_text(ps_exchange *x, int code, const char *type, ps_text *text) {
    return ps_send(x, code, type, response_of(text));
}

enum MHD_Result ps_send_error(ps_exchange *x, const ps_api_error *error) {
    ps_text text = {0};
    char seconds[16];
    if (ps_api_error_json(error, &text, NULL) != PS_OK) ps_text_clear(&text);
    struct MHD_Response *response = response_of(&text);
    if (response != NULL && error->retry_after > 0) {
        snprintf(seconds, sizeof seconds, "%u", error->retry_after);
        add_header(response, "Retry-After", seconds);
    }
    if (response != NULL && error->http == 401) add_header(response, "WWW-Authenticate", "Bearer");
    if (response != NULL && error->http == 405) add_header(response, "Allow", x->allow);
    return ps_send(x, error->http, "application/json", response);
}

/* ---- The first look at a request ----------------------------------------- */

static const char *header(ps_exchange *x, const char *name) {
    return MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

static int socket_of(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info != NULL ? info->connect_fd : -1;
}

/* The address that a connection came to, as text; "" where it cannot be told. */
static void bound_address(int fd, char *text, socklen_t size) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    *text = '\0';
    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0) return;
    const void *at = address.ss_family == AF_INET6 ? (const void *)&((struct sockaddr_in6 *)&address)->sin6_addr
                                                   : (const void *)&((struct sockaddr_in *)&address)->sin_addr;
    if (inet_ntop(address.ss_family, at, text, size) == NULL) *text = '\0';
    static const char mapped[] = "::ffff:";
    if (strncmp(text, mapped, sizeof mapped - 1) == 0)
        memmove(text, text + sizeof mapped - 1, strlen(text) - sizeof mapped + 2);
}

static bool has_key(ps_exchange *x) {
    const ps_keys *keys = &x->server->keys;
    if (keys->n == 0 || x->route->open) return true;
    x->key = ps_keys_find(keys, header(x, "Authorization"));
    if (x->key != SIZE_MAX) return true;
    x->key = 0;
    return ps_api_refuse(&x->error, 401, NULL, "invalid_api_key",
                         "a valid API key is needed, as the header Authorization: Bearer KEY");
}

static bool find_route(ps_exchange *x, const char *url, const char *method) {
    x->route = ps_route_find(url);
    if (x->route == NULL && (x->file = ps_page_find(url)) != NULL) x->route = &ps_page_route;
    if (x->route == NULL)
        return ps_api_refuse(&x->error, 404, NULL, "not_found",
                             "there is nothing here; docs/serve.md lists the endpoints, which begin with /v1");
    bool get = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0, post = strcmp(method, "POST") == 0;
    x->preflight = strcmp(method, "OPTIONS") == 0 && x->cors != NULL;
    x->allow = x->route->post ? "POST" : "GET, HEAD";
    if (x->preflight || (x->route->post ? post : get)) return true;
    return ps_api_refuse(&x->error, 405, NULL, "method_not_allowed", "this endpoint is for %s", x->allow);
}

/* In this order: nothing of the server is shown to a page that should not see it. */
static bool judge(ps_exchange *x, const char *url, const char *method) {
    char bound[INET6_ADDRSTRLEN];
    bool cors = false;
    const char *host = header(x, "Host"), *origin = header(x, "Origin");
    bound_address(socket_of(x->connection), bound, sizeof bound);
    if (!ps_guard_host(x->server->config, host, bound, &x->error) ||
        !ps_guard_origin(x->server->config, origin, host, &cors, &x->error))
        return false;
    x->cors = cors ? origin : NULL;
    if (!find_route(x, url, method)) return false;
    if (x->preflight) return true;
    return has_key(x) && (!x->route->post || ps_guard_content_type(header(x, "Content-Type"), &x->error));
}

static void refuse_body(ps_exchange *x) {
    ps_api_refuse(&x->error, 413, NULL, "request_too_large", "the body is larger than 1 MiB");
}

/* A body of a size that is known to be too large is not waited for. */
static bool announces_too_much(ps_exchange *x) {
    const char *length = header(x, "Content-Length");
    uint64_t n;
    return length != NULL && (!ps_parse_count(length, strlen(length), 10, LARGEST_REFUSED, &n));
}

static enum MHD_Result begin(ps_server *server, struct MHD_Connection *connection, const char *url, const char *method,
                             void **context) {
    ps_exchange *x = ps_calloc(1, sizeof *x);
    if (x == NULL) return MHD_NO;
    x->server = server;
    x->connection = connection;
    *context = x;
    (void)judge(x, url, method);
    if (!announces_too_much(x)) return MHD_YES;
    if (x->error.http == 0) refuse_body(x);
    return ps_send_error(x, &x->error);
}

/* A request that is refused is read to its end all the same: a connection that is closed before may lose the answer. */
static enum MHD_Result take_body(ps_exchange *x, const char *data, size_t length) {
    x->received += length;
    if (x->received > LARGEST_REFUSED) return MHD_NO;
    if (x->error.http == 0 && x->received > LARGEST_BODY) refuse_body(x);
    if (x->error.http == 0) ps_text_append(&x->body, data, length);
    if (x->error.http == 0 && !ps_text_ok(&x->body)) ps_api_refuse(&x->error, 500, NULL, NULL, "out of memory");
    if (x->error.http != 0) ps_text_clear(&x->body);
    return MHD_YES;
}

static void set_deadline(struct MHD_Connection *connection, double deadline) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    ps_connection *c = info != NULL ? info->socket_context : NULL;
    if (c != NULL) c->deadline = deadline;
}

static enum MHD_Result answer_preflight(ps_exchange *x) {
    ps_text none = {0};
    struct MHD_Response *response = response_of(&none);
    const char *wanted = header(x, "Access-Control-Request-Headers");
    if (response == NULL) return MHD_NO;
    add_header(response, "Access-Control-Allow-Methods", x->allow);
    if (wanted != NULL) add_header(response, "Access-Control-Allow-Headers", wanted);
    add_header(response, "Access-Control-Max-Age", "600");
    return ps_send(x, 204, NULL, response);
}

static enum MHD_Result on_request(void *user, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *data, size_t *length, void **context) {
    ps_server *server = user;
    ps_exchange *x = *context;
    (void)version;
    if (x == NULL) return begin(server, connection, url, method, context);
    if (*length > 0) {
        enum MHD_Result result = take_body(x, data, *length);
        *length = 0;
        return result;
    }
    if (x->job != NULL) return ps_answer_job(x);
    ps_server_lock(server);
    set_deadline(connection, INFINITY); /* all of it is here */
    ps_server_unlock(server);
    if (x->error.http != 0) return ps_send_error(x, &x->error);
    return x->preflight ? answer_preflight(x) : x->route->answer(x);
}

/* ---- The life of exchanges and connections ------------------------------- */

static void on_completed(void *user, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode why) {
    ps_server *s = user;
    ps_exchange *x = *context;
    (void)why;
    *context = NULL;
    ps_server_lock(s);
    ps_job *dead = x != NULL && x->job != NULL ? ps_job_abandon(s, x->job) : NULL;
    set_deadline(connection, ps_now() + s->config->serve_limits_receive_seconds);
    ps_server_unlock(s);
    ps_job_free(dead);
    if (x == NULL) return;
    ps_text_clear(&x->body);
    ps_free(x);
}

/* A peer that lost its power is noticed after a minute or two. */
static void keep_alive(int fd) {
    int on = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
#ifdef TCP_KEEPIDLE
    int idle = 30, interval = 15;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
#endif
}

static void on_connection(void *user, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what) {
    ps_server *s = user;
    ps_connection *c = *context;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        c = ps_calloc(1, sizeof *c);
        if (c == NULL) return; /* without memory it has no deadline but libmicrohttpd's */
        c->socket = socket_of(connection);
        c->deadline = ps_now() + s->config->serve_limits_receive_seconds;
        keep_alive(c->socket);
        ps_server_lock(s);
        c->next = s->connections;
        if (c->next != NULL) c->next->previous = c;
        s->connections = c;
        ps_server_unlock(s);
        *context = c;
    } else if (c != NULL) {
        ps_server_lock(s);
        if (c->previous != NULL)
            c->previous->next = c->next;
        else
            s->connections = c->next;
        if (c->next != NULL) c->next->previous = c->previous;
        ps_server_unlock(s);
        ps_free(c);
        *context = NULL;
    }
}

/* What libmicrohttpd says of single connections concerns nobody but who looks for a mistake. */
static void on_log(void *user, const char *format, va_list arguments) {
    ps_server *s = user;
    char line[512];
    vsnprintf(line, sizeof line, format, arguments);
    line[strcspn(line, "\r\n")] = '\0';
    ps_log_printf(&s->log, PS_LOG_DEBUG, "http: %s", line);
}

/* Files that are left for connections: the process has others open. */
static unsigned connection_limit(const ps_server *s) {
    enum { OTHERS = 64 };
    struct rlimit files;
    size_t most = (size_t)s->config->serve_limits_connections;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY) {
        size_t left = files.rlim_cur > 2 * OTHERS ? (size_t)files.rlim_cur - OTHERS : (size_t)files.rlim_cur / 2;
        if (most > left) {
            ps_log_printf(&s->log, PS_LOG_WARNING,
                          "serve.limits.connections %zu: the system gives this process %llu files, so there are %zu",
                          most, (unsigned long long)files.rlim_cur, left);
            most = left;
        }
    }
    return (unsigned)(most < HTTP_THREADS ? HTTP_THREADS : most);
}

ps_status ps_daemon_start(ps_server *s, ps_error *err) {
    unsigned seconds = (unsigned)fmin(fmax(ceil(s->config->serve_limits_receive_seconds), 1), 86400);
    s->daemon = MHD_start_daemon(
        MHD_USE_AUTO_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, s,
        MHD_OPTION_EXTERNAL_LOGGER, on_log, s, MHD_OPTION_LISTEN_SOCKET, s->listener, MHD_OPTION_THREAD_POOL_SIZE,
        (unsigned)HTTP_THREADS, MHD_OPTION_CONNECTION_LIMIT, connection_limit(s), MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        (unsigned)s->config->serve_limits_connections_per_address, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)HEADER_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT, seconds, MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_END);
    return s->daemon != NULL ? PS_OK : ps_fail(err, PS_IO, "the HTTP server cannot be started: out of memory or files");
}
