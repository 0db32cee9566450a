/* What libmicrohttpd does not look after: a suspended connection neither times out nor notices that its client has
 * gone, and a request may trickle in for ever. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* POLLRDHUP NOLINT(bugprone-reserved-identifier) */
#endif
#include "serve/server.h"

#include <math.h>
#include <poll.h>
#include <sys/socket.h>

#ifndef POLLRDHUP
#define POLLRDHUP 0 /* then a closed peer is seen by an empty read */
#endif

static const double watch_interval = 0.25; /* seconds between two looks */
static const double stream_begins = 5;     /* a stream shows its headers after this even if nothing has come */
static const double ping_interval = 15;    /* a quiet stream says that it lives: proxies close those that do not */

static bool has_gone(int fd) {
    char byte;
    struct pollfd one = {.fd = fd, .events = POLLRDHUP | POLLIN};
    if (poll(&one, 1, 0) <= 0) return false;
    if (one.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) return true;
    return POLLRDHUP == 0 && recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static void look_at_job(ps_job *job, double now) {
    if (!job->suspended) return;
    if (has_gone(job->socket)) {
        job->gone = true;
        ps_job_resume(job); /* libmicrohttpd closes the connection, and the job is given up with it */
        return;
    }
    if (!job->request.stream) return;
    bool quiet = now - job->quiet_since >= (job->begin ? ping_interval : stream_begins);
    if (!quiet) return;
    job->ping = job->begin;
    job->begin = true;
    job->quiet_since = now;
    ps_job_resume(job);
}

void *ps_watch(void *user) {
    ps_server *s = user;
    ps_server_lock(s);
    while (!s->quit) {
        double now = ps_now();
        for (ps_job *job = s->jobs; job != NULL; job = job->next)
            look_at_job(job, now);
        for (ps_connection *c = s->connections; c != NULL; c = c->next) {
            if (now < c->deadline) continue;
            (void)shutdown(c->socket, SHUT_RDWR); /* libmicrohttpd sees the end and closes it */
            c->deadline = INFINITY;
        }
        ps_server_wait(s, watch_interval);
    }
    ps_server_unlock(s);
    return NULL;
}
