/* Two hundred streams at once, half of them cut off in the middle: the others' answers are what they are alone, and
 * nothing is left. `make asan` and `make tsan` run it, too. */
#include "engine/toy/toy.h"
#include "serve/bench.h"

enum { CLIENTS = 200, SEEDS = 8 };

typedef struct client {
    const bench *b;
    int number;
    char *content; /* of one that stays to the end */
} client;

static void body_of(int number, bool stream, char *body, size_t size) {
    snprintf(body, size, CHAT(", \"seed\": %d, \"stream\": %s, \"persamp\": {\"events\": true, \"budget\": 600}"),
             number % SEEDS, stream ? "true" : "false");
}

/* The text of the answer in a whole stream. */
static char *content_of(const char *stream) {
    static const char mark[] = "\"delta\":{\"content\":";
    const char *at = strstr(stream, mark);
    if (at == NULL) return NULL;
    json_t *text = json_loads(at + sizeof mark - 1, JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, NULL);
    char *copy = json_string_value(text) != NULL ? strdup(json_string_value(text)) : NULL;
    json_decref(text);
    return copy;
}

/* Every second one goes away: before a word, after the headers, after some events. */
static void *run_client(void *user) {
    client *c = user;
    char body[256];
    bytes some = {0};
    int fd = client_connect(c->b->port);
    body_of(c->number, true, body, sizeof body);
    client_request(fd, "POST", "/v1/chat/completions", "", body);
    if (c->number % 2 == 0) {
        reply r = client_read(fd);
        c->content = content_of(r.body);
        reply_free(&r);
    } else if (c->number % 3 > 0) {
        reply r = client_head(fd);
        for (int i = 0; i < c->number % 7 && client_chunk(fd, &some); i++) {
        }
        reply_free(&r);
    }
    bytes_clear(&some);
    close(fd);
    return NULL;
}

static void half_of_two_hundred_streams_are_cut_off(void **state) {
    (void)state;
    bench *b = bench_of("serve.limits.running", "200", "serve.limits.connections", "400", "serve.limits.in_flight",
                        "200", "serve.limits.connections_per_address", "400");
    char body[256], *expected[SEEDS];
    for (int i = 0; i < SEEDS; i++) {
        body_of(i, false, body, sizeof body);
        reply r = client_post(b->port, "/v1/chat/completions", body);
        json_t *answer = reply_json(&r);
        expected[i] = strdup(json_text_at(answer, "choices.0.message.content"));
        json_decref(answer);
        reply_free(&r);
    }
    b->engine.pace = 50; /* so that they are all there at the same time */
    static client clients[CLIENTS];
    static pthread_t threads[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (client){.b = b, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, run_client, &clients[i]), 0);
    }
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(threads[i], NULL);
        if (i % 2 > 0) continue;
        assert_non_null(clients[i].content);
        assert_string_equal(clients[i].content, expected[i % SEEDS]);
        free(clients[i].content);
    }
    bench_await(b, "in_flight", 0);
    assert_true(bench_metric(b, "searches_total") <= CLIENTS + SEEDS);
    assert_true(bench_metric(b, "searches_cancelled_total") > 0);
    ps_server_stop(b->server, 30);
    pthread_join(b->thread, NULL);
    assert_int_equal(b->status, PS_OK);
    assert_int_equal(ps_toy_living_nodes(b->engine.inner), 0);
    bench_free(b);
    for (int i = 0; i < SEEDS; i++)
        free(expected[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_of_two_hundred_streams_are_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
