/* Two hundred streams at once, half of them cut off in the middle, over any engine: the others' answers, and nothing is
 * left of those who went. Nothing here depends on how fast the machine is: the engine is held back until all are there,
 * and until those who leave without a word have left. */
#ifndef PERSAMP_TESTS_SERVE_LOAD_H
#define PERSAMP_TESTS_SERVE_LOAD_H

#include "serve/bench.h"

enum { LOAD_CLIENTS = 200, LOAD_KINDS = 8 };

typedef struct load {
    const char *questions[LOAD_KINDS]; /* as JSON writes them */
    const char *settings;              /* more members of the body */
    size_t pace;                       /* of the slow engine, once it is let go */
    bool same;                         /* an answer is what it is alone */
} load;

typedef struct load_client {
    const bench *b;
    int number, fd;
    pthread_t thread;
    char *content; /* of one that stays to the end */
} load_client;

/* Keys and values of a server for all of them, to which a test adds its own. */
#define LOAD_LIMITS                                                                                                    \
    "serve.limits.running", "200", "serve.limits.in_flight", "200", "serve.limits.connections", "400",                 \
        "serve.limits.connections_per_address", "400"

static inline void load_body(const load *l, int number, bool stream, char *body, size_t size) {
    int kind = number % LOAD_KINDS;
    snprintf(body, size,
             "{\"messages\": [{\"role\": \"user\", \"content\": \"%s\"}], \"seed\": %d, \"stream\": %s, %s}",
             l->questions[kind], kind, stream ? "true" : "false", l->settings);
}

/* The text of the answer in a whole stream. */
static inline char *load_content(const char *stream) {
    static const char mark[] = "\"delta\":{\"content\":";
    const char *at = strstr(stream, mark);
    if (at == NULL) return NULL;
    json_t *text = json_loads(at + sizeof mark - 1, JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, NULL);
    char *copy = json_string_value(text) != NULL ? strdup(json_string_value(text)) : NULL;
    json_decref(text);
    return copy;
}

/* Every second one stays. Of the others a third leaves without having read a word, the rest after some events. */
static inline bool load_stays(int number) {
    return number % 2 == 0;
}
static inline bool load_leaves_at_once(int number) {
    return !load_stays(number) && number % 3 == 0;
}

static inline void *load_read(void *user) {
    load_client *c = user;
    if (load_stays(c->number)) {
        reply r = client_read(c->fd);
        c->content = load_content(r.body);
        reply_free(&r);
    } else {
        bytes some = {0};
        reply r = client_head(c->fd);
        for (int i = 0; i < c->number % 7 && client_chunk(c->fd, &some); i++) {
        }
        reply_free(&r);
        bytes_clear(&some);
    }
    close(c->fd);
    return NULL;
}

/* All of them are in flight, then the first ones leave. */
static inline void load_gather(bench *b, const load *l, load_client *clients) {
    char body[512];
    int left = 0;
    b->engine.pace = 0;
    for (int i = 0; i < LOAD_CLIENTS; i++) {
        clients[i] = (load_client){.b = b, .number = i, .fd = client_connect(b->port)};
        load_body(l, i, true, body, sizeof body);
        assert_true(client_request(clients[i].fd, "POST", "/v1/chat/completions", "", body));
    }
    bench_await(b, "in_flight", LOAD_CLIENTS);
    for (int i = 0; i < LOAD_CLIENTS; i++) {
        if (!load_leaves_at_once(i)) continue;
        close(clients[i].fd);
        left++;
    }
    bench_await(b, "in_flight", LOAD_CLIENTS - left);
    assert_true(bench_metric(b, "searches_cancelled_total") == left);
}

static inline void load_run(bench *b, const load *l) {
    static load_client clients[LOAD_CLIENTS];
    char body[512], *expected[LOAD_KINDS];
    for (int i = 0; i < LOAD_KINDS; i++) {
        load_body(l, i, false, body, sizeof body);
        reply r = client_post(b->port, "/v1/chat/completions", body);
        if (r.code != 200) fail_msg("%d: %s", r.code, r.body);
        json_t *answer = reply_json(&r);
        expected[i] = strdup(json_text_at(answer, "choices.0.message.content"));
        json_decref(answer);
        reply_free(&r);
    }
    load_gather(b, l, clients);
    b->engine.pace = l->pace;
    ps_engine_wake(&b->engine.base);
    for (int i = 0; i < LOAD_CLIENTS; i++)
        if (!load_leaves_at_once(i))
            assert_int_equal(pthread_create(&clients[i].thread, NULL, load_read, &clients[i]), 0);
    for (int i = 0; i < LOAD_CLIENTS; i++) {
        if (load_leaves_at_once(i)) continue;
        pthread_join(clients[i].thread, NULL);
        if (!load_stays(i)) continue;
        assert_non_null(clients[i].content);
        if (l->same) assert_string_equal(clients[i].content, expected[i % LOAD_KINDS]);
        free(clients[i].content);
    }
    bench_await(b, "in_flight", 0);
    assert_true(bench_metric(b, "searches_total") == LOAD_CLIENTS + LOAD_KINDS);
    assert_true(bench_metric(b, "searches_cancelled_total") <= LOAD_CLIENTS / 2);
    for (int i = 0; i < LOAD_KINDS; i++)
        free(expected[i]);
}

/* The server has ended well; its engine may be looked at, and bench_free is due. */
static inline void load_stop(bench *b) {
    ps_server_stop(b->server, 30);
    pthread_join(b->thread, NULL);
    if (b->status != PS_OK) fail_msg("%s", b->error.message);
}

#endif
