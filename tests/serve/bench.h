/* A server over the toy engine in this process: its loop in a thread of its own, its port a free one. */
#ifndef PERSAMP_TESTS_SERVE_BENCH_H
#define PERSAMP_TESTS_SERVE_BENCH_H

#include "persamp/serve.h"
#include "run/models.h"
#include "serve/client.h"
#include "support/slow_engine.h"

#include <pthread.h>

typedef struct bench {
    ps_config *config;
    ps_models *models;
    slow_engine engine; /* holds back what a test wants held back */
    ps_server *server;
    unsigned port;
    pthread_t thread;
    ps_status status; /* what ps_server_run returned */
    ps_error error;
} bench;

static inline void *bench_run(void *user) {
    bench *b = user;
    b->status = ps_server_run(b->server, b->models, &b->error);
    return NULL;
}

/* Keys and values, ended by NULL. The server listens; nobody runs it yet. */
static inline bench *bench_open(const char *const *settings) {
    bench *b = calloc(1, sizeof *b);
    assert_ok(ps_config_create(&b->config, err));
    assert_ok(ps_config_set(b->config, "engine.type", "toy", "test", err));
    assert_ok(ps_config_set(b->config, "serve.port", "0", "test", err));
    for (; settings[0] != NULL; settings += 2)
        assert_ok(ps_config_set(b->config, settings[0], settings[1], "test", err));
    assert_ok(ps_models_open(b->config, NULL, &b->models, err));
    slow_engine_init(&b->engine, b->models->engine);
    b->models->engine = &b->engine.base;
    assert_ok(ps_server_create(b->config, NULL, &b->server, err));
    b->port = ps_server_port(b->server);
    return b;
}

static inline reply bench_get(const bench *b, const char *path) {
    return client_ask(b->port, "GET", path, "", NULL);
}

static inline void bench_start(bench *b) {
    assert_int_equal(pthread_create(&b->thread, NULL, bench_run, b), 0);
    for (int code = 0; code != 200;) {
        reply r = bench_get(b, "/health");
        code = r.code;
        reply_free(&r);
    }
}

#define bench_of(...) bench_of_settings((const char *const[]){__VA_ARGS__, NULL, NULL})
static inline bench *bench_of_settings(const char *const *settings) {
    bench *b = bench_open(settings);
    bench_start(b);
    return b;
}

static inline void bench_free(bench *b) {
    ps_server_free(b->server);
    b->models->engine = b->engine.inner;
    ps_models_free(b->models);
    ps_engine_free(&b->engine.base);
    ps_config_free(b->config);
    free(b);
}

/* What the engine held back goes on. */
static inline void bench_let_go(bench *b) {
    b->engine.pace = SIZE_MAX;
    ps_engine_wake(&b->engine.base);
}

/* It ends well, and within the time for what is under way. */
static inline void bench_end(bench *b) {
    ps_server_stop(b->server, 30);
    pthread_join(b->thread, NULL);
    if (b->status != PS_OK) fail_msg("%s", b->error.message);
    bench_free(b);
}

/* A number of /metrics. */
static inline double bench_metric(const bench *b, const char *name) {
    char line[128];
    reply r = bench_get(b, "/metrics");
    assert_int_equal(r.code, 200);
    snprintf(line, sizeof line, "\npersamp_%s ", name);
    const char *at = strstr(r.body, line);
    double value = at != NULL ? strtod(at + strlen(line), NULL) : 0;
    reply_free(&r);
    return value;
}

/* Until it is so: each look is a request, and a test that waits in vain is ended by its time limit. */
static inline void bench_await(const bench *b, const char *name, double value) {
    while (bench_metric(b, name) != value) {
    }
}

#define CHAT(more) "{\"messages\": [{\"role\": \"user\", \"content\": \"which?\"}]" more "}"

#endif
