/* Helpers of the toy engine's tests. */
#ifndef PERSAMP_TESTS_ENGINE_TOY_SUPPORT_H
#define PERSAMP_TESTS_ENGINE_TOY_SUPPORT_H

#include "engine/toy/toy.h"
#include "persamp/engine.h"
#include "persamp/engine_toy.h"
#include "support/check.h"

static inline ps_generation newline_generation(void) {
    return (ps_generation){
        .temperature = 1, .top_p = 1, .boundary = PS_BOUNDARY_NEWLINE, .min_tokens = 1, .max_tokens = 128};
}

/* A table engine from JSON text, through a file in the current folder. */
static inline ps_engine *engine_of(const char *json, int n_ctx) {
    ps_engine *engine = NULL;
    const char *path = NULL;
    char name[64];
    if (json != NULL) {
        snprintf(name, sizeof name, "toy-%p.json", (void *)&engine);
        FILE *file = fopen(name, "wb");
        assert_non_null(file);
        fputs(json, file);
        fclose(file);
        path = name;
    }
    assert_ok(ps_engine_toy_create(&(ps_toy_options){.table_path = path, .n_ctx = n_ctx}, &engine, err));
    if (path != NULL) remove(path);
    return engine;
}

static inline ps_node root_of(ps_engine *engine, const char *prompt) {
    ps_token *tokens = NULL;
    size_t n = 0;
    ps_node node = 0;
    assert_ok(ps_engine_tokenize(engine, prompt, strlen(prompt), true, &tokens, &n, err));
    assert_ok(ps_engine_root(engine, tokens, n, &node, err));
    ps_free(tokens);
    return node;
}

/* One extension, submitted and polled; the event is valid until the next poll. */
static inline const ps_event *step_of(ps_engine *engine, ps_node node, const ps_generation *generation,
                                      ps_rng_key key) {
    const ps_event *events = NULL;
    size_t n = 0;
    assert_ok(ps_engine_extend(
        engine, &(ps_extend_request){.node = node, .key = key, .generation = generation, .tag = 7}, err));
    assert_ok(ps_engine_poll(engine, INFINITY, &events, &n, err));
    assert_int_equal(n, 1);
    assert_int_equal(events[0].tag, 7);
    return &events[0];
}

/* A whole answer: its text, and Σ logp, Σ logq, tokens, steps; the nodes are released. */
typedef struct whole {
    char text[4096];
    double logp, logq;
    size_t n_tokens, n_steps;
    ps_stop_reason reason;
} whole;
static inline whole answer_of(ps_engine *engine, ps_node root, const ps_generation *generation, ps_rng_key key) {
    whole w = {.reason = PS_STOP_STEP};
    ps_node at = root;
    size_t length = 0;
    ps_engine_retain(engine, root);
    for (; w.reason == PS_STOP_STEP || w.reason == PS_STOP_LENGTH; key.id++) {
        const ps_event *event = step_of(engine, at, generation, key);
        assert_int_equal(event->status, PS_OK);
        assert_true(length + event->text_length < sizeof w.text);
        memcpy(w.text + length, event->text, event->text_length);
        length += event->text_length;
        for (size_t i = 0; i < event->n_tokens; i++) {
            w.logp += event->logp[i];
            w.logq += event->logq[i];
        }
        w.n_tokens += event->n_tokens;
        w.n_steps++;
        w.reason = event->reason;
        ps_engine_release(engine, at);
        at = event->child;
    }
    ps_engine_release(engine, at);
    return w;
}

#endif
