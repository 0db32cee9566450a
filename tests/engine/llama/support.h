/* Helpers of the tests of the engine on libllama, with the shipped model. */
#ifndef PERSAMP_TESTS_ENGINE_LLAMA_SUPPORT_H
#define PERSAMP_TESTS_ENGINE_LLAMA_SUPPORT_H

#include "persamp/engine.h"
#include "persamp/engine_llama.h"
#include "support/test.h"

#include <math.h>

#define MODEL PS_SOURCE_DATADIR "/models/reasoner.gguf"

/* One context with one thread unless a test says otherwise: the machine that runs the tests may be busy. */
static inline ps_llama_options usual(void) {
    return (ps_llama_options){.model_path = MODEL, .n_ctx = 512, .contexts = 1, .threads = 1, .gpu_layers = 0};
}

static inline ps_engine *open_engine(ps_llama_options options) {
    ps_engine *engine = NULL;
    assert_ok(ps_engine_llama_create(&options, &engine, err));
    return engine;
}

static inline ps_engine_stats stats_of(const ps_engine *engine) {
    ps_engine_stats stats;
    ps_engine_get_stats(engine, &stats);
    return stats;
}

static inline ps_generation lines(void) {
    return (ps_generation){
        .temperature = 1, .top_p = 1, .boundary = PS_BOUNDARY_NEWLINE, .min_tokens = 1, .max_tokens = 40};
}

static const char *const questions[] = {
    "Solve $3x+9=-5x+9$ for $x$.", "Compute $5\\cdot6+22+6\\cdot9-4$.",           "Write $3(2x+9)+5x$ as a polynomial.",
    "Factor $x^2-8x+16$.",         "Find the remainder of $3^{14}$ modulo $12$.", "What is $40\\%$ of $200$?",
};

/* The tokens of a question as a chat. */
static inline ps_token *prompt_of(ps_engine *engine, const char *question, size_t *n) {
    const ps_chat_message message = {"user", question};
    char *text = NULL;
    ps_token *tokens = NULL;
    assert_ok(ps_engine_render_chat(engine, &message, 1, &text, err));
    assert_ok(ps_engine_tokenize(engine, text, strlen(text), true, &tokens, n, err));
    ps_free(text);
    return tokens;
}

static inline ps_node root_of(ps_engine *engine, const char *question) {
    size_t n;
    ps_node node = 0;
    ps_token *tokens = prompt_of(engine, question, &n);
    assert_ok(ps_engine_root(engine, tokens, n, &node, err));
    ps_free(tokens);
    return node;
}

static inline void extend(ps_engine *engine, ps_node node, const ps_generation *g, ps_rng_key key, uint64_t tag) {
    const ps_extend_request request = {.node = node, .key = key, .generation = g, .tag = tag};
    assert_ok(ps_engine_extend(engine, &request, err));
}

/* Wait for exactly one event. */
static inline ps_event next_event(ps_engine *engine) {
    const ps_event *events = NULL;
    size_t n = 0;
    assert_ok(ps_engine_poll(engine, INFINITY, &events, &n, err));
    assert_int_equal(n, 1);
    return events[0];
}

/* ---- Many particles, each its own line ----------------------------------- */

enum { MOST_TOKENS = 600, MOST_STEPS = 40 };
typedef struct particle {
    ps_node node; /* the last; owned */
    ps_stop_reason reason;
    ps_token tokens[MOST_TOKENS];
    double logp[MOST_TOKENS], uniform[MOST_TOKENS];
    size_t n_tokens;
    int steps;
} particle;

/* The key of a step: of the particle and the step alone. */
static inline ps_rng_key key_of(size_t problem, size_t p, int step) {
    return (ps_rng_key){.seed = 5, .problem = problem, .id = p * 1000 + (uint64_t)step, .purpose = PS_RNG_TOKEN};
}

static inline void take_step(particle *p, const ps_event *e, size_t problem, size_t index) {
    for (size_t i = 0; i < e->n_tokens && p->n_tokens < MOST_TOKENS; i++) {
        p->tokens[p->n_tokens] = e->tokens[i];
        p->logp[p->n_tokens] = e->logp[i];
        p->uniform[p->n_tokens++] = ps_uniform(key_of(problem, index, p->steps), i);
    }
    p->steps++;
    p->reason = e->reason;
}

/* Run n_problems × m particles for `steps` steps or to their ends, all at once. Returns [n_problems × m], to free with
 * free_particles. */
static inline particle *run_particles(ps_engine *engine, size_t n_problems, size_t m, int steps,
                                      const ps_generation *g) {
    particle *all = calloc(n_problems * m, sizeof *all);
    ps_node roots[sizeof questions / sizeof *questions];
    size_t running = n_problems * m;
    for (size_t i = 0; i < n_problems; i++) {
        roots[i] = root_of(engine, questions[i]);
        for (size_t p = 0; p < m; p++)
            extend(engine, roots[i], g, key_of(i, p, 0), i * m + p);
    }
    while (running > 0) {
        const ps_event *events = NULL;
        size_t n = 0;
        assert_ok(ps_engine_poll(engine, INFINITY, &events, &n, err));
        assert_true(n > 0);
        for (size_t k = 0; k < n; k++) {
            const ps_event *e = &events[k];
            particle *p = &all[e->tag];
            if (e->reason == PS_STOP_ERROR) fail_msg("%s", e->message);
            take_step(p, e, e->tag / m, e->tag % m);
            ps_engine_release(engine, p->node);
            p->node = e->child;
            const bool open = e->reason == PS_STOP_STEP || e->reason == PS_STOP_LENGTH;
            if (open && p->steps < steps)
                extend(engine, p->node, g, key_of(e->tag / m, e->tag % m, p->steps), e->tag);
            else
                running--;
        }
    }
    for (size_t i = 0; i < n_problems; i++)
        ps_engine_release(engine, roots[i]);
    return all;
}

static inline void free_particles(ps_engine *engine, particle *all, size_t n) {
    for (size_t i = 0; i < n; i++)
        ps_engine_release(engine, all[i].node);
    free(all);
}

/* The whole distribution after each of the n tokens that follow a prompt: log p(token) for every token of the
 * vocabulary, [n × vocabulary], to free. The last prompt token is evaluated with them, to see what follows it. */
static inline double *distributions(ps_engine *engine, const ps_token *prompt, size_t n_prompt, const ps_token *tokens,
                                    size_t n) {
    ps_engine_info info;
    ps_engine_get_info(engine, &info);
    ps_token *given = calloc(n, sizeof *given), *choices = calloc(info.vocabulary, sizeof *choices);
    uint32_t *marks = calloc(n, sizeof *marks);
    for (size_t i = 0; i < n; i++) {
        given[i] = i == 0 ? prompt[n_prompt - 1] : tokens[i - 1];
        marks[i] = (uint32_t)i;
    }
    for (size_t i = 0; i < info.vocabulary; i++)
        choices[i] = (ps_token)i;
    ps_node root = 0;
    assert_ok(ps_engine_root(engine, prompt, n_prompt - 1, &root, err));
    const ps_evaluate_request request = {.node = root,
                                         .tokens = given,
                                         .n_tokens = n,
                                         .marks = marks,
                                         .n_marks = n,
                                         .choices = choices,
                                         .n_choices = info.vocabulary};
    assert_ok(ps_engine_evaluate(engine, &request, err));
    const ps_event e = next_event(engine);
    assert_int_equal(e.reason, PS_STOP_STEP);
    double *logp = calloc(n * info.vocabulary, sizeof *logp);
    memcpy(logp, e.choice_logp, n * info.vocabulary * sizeof *logp);
    ps_engine_release(engine, e.child);
    ps_engine_release(engine, root);
    free(given);
    free(choices);
    free(marks);
    return logp;
}

#endif
