/* Wherever memory ends once, the server goes on or ends with PS_NOMEM, its client has an answer or a closed connection,
 * and nothing is left. */
#include "serve/bench.h"
#include "support/failing_allocator.h"

#include <stdatomic.h>

enum { POINTS = 60 };

typedef struct attempt {
    bench b;
    atomic_bool over; /* ps_server_run has returned */
} attempt;

static void *run(void *user) {
    attempt *a = user;
    bench_run(&a->b);
    a->over = true;
    return NULL;
}

static bool is_ready(attempt *a) {
    while (!a->over) {
        reply r = bench_get(&a->b, "/health");
        int code = r.code;
        reply_free(&r);
        if (code == 200) return true;
    }
    return false;
}

static void ask(attempt *a, const char *body) {
    reply r = client_post(a->b.port, "/v1/chat/completions", body);
    assert_true(r.code == 0 || r.code == 200 || r.code == 500 || r.code == 503);
    reply_free(&r);
}

/* A server's life and two requests, of which allocation number `fail_at` fails (0: none). Returns how many there were.
 */
static size_t live(size_t fail_at) {
    failing_allocator memory;
    attempt a = {.b = {0}};
    bench *b = &a.b;
    failing_install(&memory, 0);
    assert_ok(ps_config_create(&b->config, err));
    assert_ok(ps_config_set(b->config, "engine.type", "toy", "test", err));
    assert_ok(ps_config_set(b->config, "serve.port", "0", "test", err));
    assert_ok(ps_models_open(b->config, NULL, &b->models, err));
    size_t before = memory.calls;
    if (fail_at > 0) memory.fail_at = before + fail_at;
    ps_status made = ps_server_create(b->config, NULL, &b->server, NULL);
    assert_true(made == PS_OK || made == PS_NOMEM);
    if (made == PS_OK) {
        b->port = ps_server_port(b->server);
        assert_int_equal(pthread_create(&b->thread, NULL, run, &a), 0);
        if (is_ready(&a)) ask(&a, CHAT(", \"seed\": 1, \"persamp\": {\"budget\": 100}"));
        if (!a.over) ask(&a, CHAT(", \"seed\": 1, \"stream\": true, \"stop\": \"x\", \"persamp\": {\"budget\": 100}"));
        ps_server_stop(b->server, 30);
        pthread_join(b->thread, NULL);
        assert_true(b->status == PS_OK || b->status == PS_NOMEM);
    }
    size_t calls = memory.calls - before;
    ps_server_free(b->server);
    ps_models_free(b->models);
    ps_config_free(b->config);
    assert_int_equal(memory.alive, 0);
    failing_remove();
    return calls;
}

static void wherever_memory_ends_nothing_is_left(void **state) {
    (void)state;
    size_t all = live(0);
    for (size_t i = 0; i < POINTS; i++)
        (void)live(1 + i * all / POINTS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wherever_memory_ends_nothing_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
