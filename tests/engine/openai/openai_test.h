/* What the tests of the remote engine share: an engine over a model server, one step, a whole answer. */
#ifndef PERSAMP_TESTS_ENGINE_OPENAI_OPENAI_TEST_H
#define PERSAMP_TESTS_ENGINE_OPENAI_OPENAI_TEST_H

#include "persamp/engine_openai.h"
#include "support/check.h"
#include "support/model_server.h"

static inline ps_openai_options options_of(const model_server *server) {
    return (ps_openai_options){.base_url = server->url, .retries = 2, .outage_s = 30};
}

static inline ps_engine *engine_with(const ps_openai_options *options) {
    ps_engine *engine = NULL;
    assert_ok(ps_engine_openai_create(options, &engine, err));
    return engine;
}

static inline ps_engine *engine_over(const model_server *server) {
    const ps_openai_options options = options_of(server);
    return engine_with(&options);
}

static inline ps_generation by_lines(void) {
    return (ps_generation){
        .temperature = 1, .top_p = 1, .boundary = PS_BOUNDARY_NEWLINE, .min_tokens = 1, .max_tokens = 64};
}

static inline ps_node root_of(ps_engine *engine, const char *prompt) {
    ps_node node = 0;
    assert_ok(ps_engine_prompt(engine, &(ps_prompt){.text = prompt}, &node, err));
    return node;
}

static inline void submit(ps_engine *engine, ps_node node, const ps_generation *g, uint64_t id, uint64_t tag) {
    const ps_extend_request request = {.node = node,
                                       .key = {.seed = 42, .problem = 7, .id = id, .purpose = PS_RNG_TOKEN},
                                       .generation = g,
                                       .tag = tag};
    assert_ok(ps_engine_extend(engine, &request, err));
}

enum { STEP_TOKENS = 256 };
typedef struct step_told {
    size_t n_events;
    ps_stop_reason reason;
    ps_status status;
    char message[512];
    ps_node child;
    ps_token tokens[STEP_TOKENS];
    double logp[STEP_TOKENS], logq[STEP_TOKENS];
    size_t n_tokens, prompt, discarded;
    double bound;
    char text[2048];
} step_told;

static inline void take(step_told *s, const ps_event *e) {
    s->n_events++;
    s->reason = e->reason;
    s->status = e->status;
    s->child = e->child;
    s->discarded = e->discarded;
    snprintf(s->message, sizeof s->message, "%s", e->message != NULL ? e->message : "");
    if (e->status != PS_OK) return;
    assert_true(e->n_tokens <= STEP_TOKENS && e->text_length < sizeof s->text);
    s->n_tokens = e->n_tokens;
    s->prompt = e->prompt;
    s->bound = e->logq_bound;
    for (size_t i = 0; i < e->n_tokens; i++) {
        s->tokens[i] = e->tokens != NULL ? e->tokens[i] : -1;
        s->logp[i] = e->logp != NULL ? e->logp[i] : 0;
        s->logq[i] = e->logq != NULL ? e->logq[i] : 0;
    }
    memcpy(s->text, e->text, e->text_length + 1);
}

/* Until n events have come, each of another tag, which is its place in `steps`. */
static inline void collect(ps_engine *engine, size_t n, step_told *steps) {
    const ps_event *events = NULL;
    size_t n_events = 0;
    for (size_t seen = 0; seen < n; seen += n_events) {
        assert_ok(ps_engine_poll(engine, INFINITY, &events, &n_events, err));
        for (size_t i = 0; i < n_events; i++) {
            assert_int_equal(steps[events[i].tag].n_events, 0);
            take(&steps[events[i].tag], &events[i]);
        }
    }
}

static inline step_told one_step(ps_engine *engine, ps_node node, const ps_generation *g, uint64_t id) {
    step_told s = {0};
    submit(engine, node, g, id, 0);
    collect(engine, 1, &s);
    return s;
}

static inline bool is_open(const step_told *s) {
    return s->status == PS_OK && (s->reason == PS_STOP_STEP || s->reason == PS_STOP_LENGTH);
}

#endif
