/* A server from its first breath to its last. */
#include "serve/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- The lock ------------------------------------------------------------ */

/* As in run/waker.c: a clock that is never set, where one can wait by it. */
#ifdef __APPLE__
static const clockid_t wait_clock = CLOCK_REALTIME;
#else
static const clockid_t wait_clock = CLOCK_MONOTONIC;
#endif

void ps_server_lock(ps_server *server) {
    pthread_mutex_lock(&server->mutex);
}

void ps_server_unlock(ps_server *server) {
    pthread_mutex_unlock(&server->mutex);
}

void ps_server_wait(ps_server *server, double seconds) {
    struct timespec until;
    clock_gettime(wait_clock, &until);
    long nanoseconds = until.tv_nsec + (long)(fmod(seconds, 1) * 1e9);
    until.tv_sec += (time_t)seconds + nanoseconds / 1000000000;
    until.tv_nsec = nanoseconds % 1000000000;
    pthread_cond_timedwait(&server->changed, &server->mutex, &until);
}

static void open_lock(ps_server *s) {
    pthread_condattr_t attributes;
    pthread_mutex_init(&s->mutex, NULL);
    pthread_condattr_init(&attributes);
#ifndef __APPLE__
    pthread_condattr_setclock(&attributes, wait_clock);
#endif
    pthread_cond_init(&s->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

/* ---- The address --------------------------------------------------------- */

typedef union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} address;

static bool read_address(const char *text, unsigned port, address *out, socklen_t *length) {
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, text, &out->v4.sin_addr) == 1) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons((uint16_t)port);
        *length = sizeof out->v4;
        return true;
    }
    if (inet_pton(AF_INET6, text, &out->v6.sin6_addr) != 1) return false;
    out->v6.sin6_family = AF_INET6;
    out->v6.sin6_port = htons((uint16_t)port);
    *length = sizeof out->v6;
    return true;
}

/* Whether only programs of this machine reach it. */
static bool is_loopback(const address *a) {
    if (a->any.sa_family == AF_INET) return ntohl(a->v4.sin_addr.s_addr) >> 24 == 127;
    return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
}

static ps_status check_open(const ps_server *s, const address *a, ps_error *err) {
    if (is_loopback(a) || s->keys.n > 0 || s->config->serve_allow_anonymous) return PS_OK;
    return ps_fail(err, PS_ARG,
                   "serve.address %s: others can reach it, and nobody needs a key; name a file of keys "
                   "(--api-key-file), or let anybody in (--allow-anonymous)",
                   s->config->serve_address);
}

static ps_status bind_to(ps_server *s, const address *a, socklen_t length, ps_error *err) {
    int on = 1;
    address bound = {.any.sa_family = 0};
    socklen_t size = sizeof bound;
    s->listener = socket(a->any.sa_family, SOCK_STREAM, 0);
    bool ok = s->listener >= 0 && setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
              bind(s->listener, &a->any, length) == 0 && listen(s->listener, 511) == 0 &&
              getsockname(s->listener, &bound.any, &size) == 0;
    if (!ok)
        return ps_fail(err, PS_IO, "serve.address %s, serve.port %lld: cannot listen there: %s",
                       s->config->serve_address, (long long)s->config->serve_port, strerror(errno));
    bool six = bound.any.sa_family == AF_INET6;
    s->port = ntohs(six ? bound.v6.sin6_port : bound.v4.sin_port);
    snprintf(s->url, sizeof s->url, six ? "http://[%.64s]:%u" : "http://%.64s:%u", s->config->serve_address, s->port);
    return PS_OK;
}

static ps_status listen_there(ps_server *s, ps_error *err) {
    address a;
    socklen_t length = 0;
    if (!read_address(s->config->serve_address, (unsigned)s->config->serve_port, &a, &length))
        return ps_fail(err, PS_ARG, "serve.address %s: expected an IPv4 or IPv6 address such as 127.0.0.1",
                       s->config->serve_address);
    ps_status status = check_open(s, &a, err);
    return status == PS_OK ? bind_to(s, &a, length, err) : status;
}

/* ---- Life ---------------------------------------------------------------- */

/* What is wrong with serve.models is told before a model is loaded. */
static ps_status try_catalogue(const ps_config *config, ps_error *err) {
    ps_catalogue catalogue = {0};
    ps_status status = ps_catalogue_create(config, "", &catalogue, err);
    ps_catalogue_clear(&catalogue);
    return status;
}

static ps_status start(ps_server *s, ps_error *err) {
    const ps_config *c = s->config;
    ps_status status = c->serve_api_key_file != NULL ? ps_keys_load(c->serve_api_key_file, &s->keys, err) : PS_OK;
    if (status == PS_OK) status = ps_queue_init(&s->queue, s->keys.n > 0 ? s->keys.n : 1, err);
    if (status == PS_OK) status = try_catalogue(c, err);
    if (status == PS_OK) status = listen_there(s, err);
    if (status != PS_OK) return status;
    s->queue.most_running = (size_t)c->serve_limits_running;
    s->queue.most_waiting = (size_t)c->serve_limits_waiting;
    status = ps_daemon_start(s, err);
    if (status != PS_OK) return status;
    s->listener = -1; /* the daemon's from now on */
    s->watches = pthread_create(&s->watcher, NULL, ps_watch, s) == 0;
    return s->watches ? PS_OK : ps_fail(err, PS_IO, "no thread can be started for the server");
}

ps_status ps_server_create(const ps_config *config, const ps_log *log, ps_server **server, ps_error *err) {
    ps_server *s = ps_calloc(1, sizeof *s);
    if (s == NULL) return ps_nomem(err);
    s->listener = -1;
    s->stop_at = INFINITY;
    if (log != NULL) s->log = *log;
    open_lock(s);
    ps_status status = ps_config_copy(config, &s->config, err);
    if (status == PS_OK) status = start(s, err);
    if (status == PS_OK)
        *server = s;
    else
        ps_server_free(s);
    return status;
}

/* libmicrohttpd ends the process when a connection sleeps while it is stopped. */
static void wake_all(ps_server *s) {
    ps_server_lock(s);
    s->stopping = true;
    for (ps_job *job = s->jobs; job != NULL; job = job->next) {
        job->gone = true;
        ps_job_resume(job);
    }
    ps_server_unlock(s);
}

void ps_server_free(ps_server *s) {
    if (s == NULL) return;
    if (s->watches) {
        ps_server_lock(s);
        s->quit = true;
        pthread_cond_broadcast(&s->changed);
        ps_server_unlock(s);
        pthread_join(s->watcher, NULL);
    }
    if (s->daemon != NULL) {
        wake_all(s);
        MHD_stop_daemon(s->daemon);
    }
    if (s->listener >= 0) close(s->listener);
    ps_sessions_clear(&s->sessions);
    ps_catalogue_clear(&s->catalogue);
    ps_queue_clear(&s->queue);
    ps_keys_clear(&s->keys);
    ps_config_free(s->config);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->mutex);
    ps_free(s);
}

unsigned ps_server_port(const ps_server *server) {
    return server->port;
}

const char *ps_server_url(const ps_server *server) {
    return server->url;
}

void ps_server_stop(ps_server *s, double seconds) {
    ps_server_lock(s);
    double end = ps_now() + fmax(seconds, 0);
    s->stopping = true;
    s->stop_at = end < s->stop_at ? end : s->stop_at;
    if (s->solver != NULL) ps_solver_wake(s->solver);
    pthread_cond_broadcast(&s->changed);
    ps_server_unlock(s);
}

/* ---- Running ------------------------------------------------------------- */

/* Whether every name goes with these models, and how many requests of the first keep them busy. */
static ps_status try_names(ps_server *s, const ps_catalogue *c, ps_models *models, size_t *in_flight, ps_error *err) {
    ps_status status = PS_OK;
    for (size_t i = 0; i < c->n && status == PS_OK; i++) {
        ps_session *session = NULL;
        ps_error why;
        status = ps_session_create(c->entries[i].config, models, NULL, &session, err);
        if (status != PS_OK) return ps_error_prefix(err, status, "model %s", c->entries[i].name);
        if (i == 0) *in_flight = ps_session_in_flight(session);
        if (i == 0 && ps_session_check_prompt(session, &why) != PS_OK)
            ps_log_printf(&s->log, PS_LOG_WARNING, "/v1/chat/completions will refuse every request: %s", why.message);
        ps_session_release(session);
    }
    return status;
}

static void become_ready(ps_server *s, ps_models *models, ps_solver *solver, ps_catalogue *catalogue,
                         size_t in_flight) {
    ps_config_OPTINT wanted = s->config->serve_limits_in_flight;
    size_t running = s->queue.most_running;
    ps_server_lock(s);
    s->models = models;
    s->solver = solver;
    s->catalogue = *catalogue;
    s->queue.most_running_in_all = wanted != PS_CONFIG_AUTO ? (size_t)wanted
                                   : in_flight > running    ? in_flight
                                                            : running;
    ps_server_unlock(s);
    ps_log_printf(&s->log, PS_LOG_INFO, "ready: model %s at %s/v1, %zu requests at once", catalogue->entries[0].name,
                  s->url, s->queue.most_running_in_all);
}

/* Nobody makes a session over the models any more, nobody wakes the solver; and what was answered has been read, or had
 * two seconds for it, and what is left of the time to drain. */
static void retire(ps_server *s) {
    const double reading = 2;
    ps_server_lock(s);
    s->models = NULL;
    s->solver = NULL;
    s->stopping = true;
    double end = ps_now() + reading;
    if (isfinite(s->stop_at)) end = fmax(end, s->stop_at);
    while (s->planning > 0 || (s->jobs != NULL && ps_now() < end))
        ps_server_wait(s, 0.1);
    ps_server_unlock(s);
}

ps_status ps_server_run(ps_server *s, ps_models *models, ps_error *err) {
    ps_solver *solver = NULL;
    ps_catalogue catalogue = {0};
    size_t in_flight = 1;
    if (s->catalogue.n > 0) return ps_fail(err, PS_ARG, "a server runs once; make another");
    ps_status status = ps_catalogue_create(s->config, ps_models_path(models), &catalogue, err);
    if (status == PS_OK) status = try_names(s, &catalogue, models, &in_flight, err);
    if (status == PS_OK) status = ps_solver_create(models, &solver, err);
    if (status != PS_OK) {
        ps_catalogue_clear(&catalogue);
        return status;
    }
    become_ready(s, models, solver, &catalogue, in_flight);
    status = ps_loop(s, solver, err);
    retire(s);
    ps_solver_free(solver);
    return status;
}
