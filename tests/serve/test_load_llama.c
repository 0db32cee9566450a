/* Two hundred streams at once over the embedded engine with the shipped model, half of them cut off in the middle
 * (load.h): in deterministic mode the others' answers are to the letter what they are alone, and in either mode the KV
 * cells and the snapshots of those who left are free again. `make asan` runs it, too. */
#include "engine/llama/engine.h"
#include "serve/load.h"

/* Two particles of a dozen tokens: seconds for all of them. */
static const load few_tokens = {
    .questions = {"Find the greatest common divisor of $84$ and $36$.", "Factor $x^2-8x+16$.", "What is $40$ plus $2$?",
                  "Find the remainder of $4^{54}$ modulo $6$.", "Write $3(2x+9)+5x$ as a polynomial.",
                  "Solve $3x+9=-5x+9$ for $x$.", "Factor $x^2-8x+16$.", "Find the remainder of $3^{14}$ modulo $12$."},
    .settings = "\"max_tokens\": 12, \"persamp\": {\"events\": true, \"generation.n_particles\": 2}",
    .pace = SIZE_MAX};

/* While the server lives, as its operator sees it: the next search that ends finds nothing of them in the cache. A
 * thread of the engine that is about to rest may still have it, so it is asked again. */
static void no_cells_are_in_use(const bench *b) {
    do {
        reply r = client_post(b->port, "/v1/chat/completions", CHAT(", \"max_tokens\": 2"));
        assert_int_equal(r.code, 200);
        reply_free(&r);
    } while (bench_metric(b, "kv_cells") != 0);
    assert_true(bench_metric(b, "kv_cells_most") > 0);
}

static void run(const char *deterministic) {
    load l = few_tokens;
    ps_engine_stats stats;
    l.same = strcmp(deterministic, "true") == 0;
    bench *b = bench_of(LOAD_LIMITS, "engine.type", "llama", "engine.llama.contexts", "2", "engine.llama.threads", "1",
                        "engine.deterministic", deterministic);
    load_run(b, &l);
    no_cells_are_in_use(b);
    load_stop(b);
    ps_engine_get_stats(b->engine.inner, &stats);
    assert_int_equal(stats.cells_now, 0);
    const ps_llama *engine = (const ps_llama *)b->engine.inner;
    assert_int_equal(engine->n_free, engine->n_slots);
    assert_int_equal(engine->under_way, 0);
    bench_free(b);
}

static void in_batches_those_who_leave_free_what_they_had(void **state) {
    (void)state;
    run("false");
}

static void in_deterministic_mode_those_who_leave_change_no_token_of_the_others(void **state) {
    (void)state;
    run("true");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_batches_those_who_leave_free_what_they_had),
        cmocka_unit_test(in_deterministic_mode_those_who_leave_change_no_token_of_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
