/* What every engine must keep to, whatever runs the model. A new engine is a new row of `rows`, and nothing else: what
 * it cannot do it says itself (ps_engine_info.can, calls left out of its table), and is then held to that.
 *
 * No test asserts a time. Where it matters that a call does not wait, the calls are counted that came back while the
 * first event of some long work was not there yet. Work that turns out to be short shows nothing and asserts nothing.
 */
#include "engine/step_rule.h"
#include "persamp/engine.h"
#include "persamp/engine_llama.h"
#include "persamp/engine_openai.h"
#include "persamp/engine_toy.h"
#include "support/failing_allocator.h"
#include "support/model_server.h"
#include "support/test.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum { USUAL_CONTEXT = 512, MOST_TOKENS = USUAL_CONTEXT, LONG_WORK = 96 };

typedef struct row {
    const char *name;
    ps_status (*open)(int n_ctx, ps_engine **engine, ps_error *err);
    const char *question;
    bool own_steps; /* its steps are not drawn token by token: boundaries, stop strings and lengths do not apply */
    bool no_chat;   /* it renders no messages, and says so */
} row;

/* ---- The engines --------------------------------------------------------- */

static ps_status open_table(int n_ctx, ps_engine **engine, ps_error *err) {
    return ps_engine_toy_create(&(ps_toy_options){.n_ctx = n_ctx}, engine, err);
}

static ps_status open_synthetic(int n_ctx, ps_engine **engine, ps_error *err) {
    const ps_toy_options options = {.kind = PS_TOY_SYNTHETIC, .synthetic = ps_toy_synthetic_defaults(), .n_ctx = n_ctx};
    return ps_engine_toy_create(&options, engine, err);
}

#ifdef PS_HAVE_LLAMA
static ps_status open_llama(int n_ctx, ps_engine **engine, ps_error *err) {
    const ps_llama_options options = {.model_path = PS_SOURCE_DATADIR "/models/reasoner.gguf",
                                      .n_ctx = n_ctx,
                                      .contexts = 1,
                                      .threads = 1,
                                      .deterministic = true};
    return ps_engine_llama_create(&options, engine, err);
}
#endif

/* The toy engine's table behind servers of three kinds, which run from their first use to the end of the program. */
static ps_status open_remote(model_kind kind, int n_ctx, ps_engine **engine, ps_error *err) {
    static model_server servers[3];
    static small_model *table;
    if (table == NULL) table = small_model_table();
    if (servers[kind].server == NULL) model_server_start(&servers[kind], table, kind);
    const ps_openai_options options = {.base_url = servers[kind].url, .context = (size_t)n_ctx, .retries = -1};
    return ps_engine_openai_create(&options, engine, err);
}
static ps_status open_vllm(int n_ctx, ps_engine **engine, ps_error *err) {
    return open_remote(MODEL_VLLM, n_ctx, engine, err);
}
static ps_status open_llama_server(int n_ctx, ps_engine **engine, ps_error *err) {
    return open_remote(MODEL_LLAMA_SERVER, n_ctx, engine, err);
}
/* The same table behind two servers at once. */
static ps_status open_two(int n_ctx, ps_engine **engine, ps_error *err) {
    static model_server servers[2];
    static small_model *table;
    if (table == NULL) table = small_model_table();
    for (size_t i = 0; i < 2; i++)
        if (servers[i].server == NULL) model_server_start(&servers[i], table, MODEL_LLAMA_SERVER);
    const char *urls[] = {servers[0].url, servers[1].url};
    const ps_openai_options options = {.base_urls = urls, .n_base_urls = 2, .context = (size_t)n_ctx, .retries = -1};
    return ps_engine_openai_create(&options, engine, err);
}
static ps_status open_plain(int n_ctx, ps_engine **engine, ps_error *err) {
    return open_remote(MODEL_PLAIN, n_ctx, engine, err);
}

static const row rows[] = {
    {"table", open_table, "which?", false, false},
    {"synthetic", open_synthetic, "Problem 3", true, false},
#ifdef PS_HAVE_LLAMA
    {"llama", open_llama, "Solve $3x+9=-5x+9$ for $x$.", false, false},
#endif
    {"vllm", open_vllm, "which?", false, false},
    {"llama-server", open_llama_server, "which?", false, false},
    {"two llama-servers", open_two, "which?", false, false},
    {"plain", open_plain, "which?", false, true},
};
enum { N_ROWS = sizeof rows / sizeof *rows };

static ps_engine *opened(const row *r, int n_ctx) {
    ps_engine *engine = NULL;
    assert_ok(r->open(n_ctx, &engine, err));
    return engine;
}

static bool can(const ps_engine *engine, unsigned what) {
    ps_engine_info info;
    ps_engine_get_info(engine, &info);
    return (info.can & what) != 0;
}

/* ---- Requests and what came of them -------------------------------------- */

/* Warm enough that different keys soon write different text. */
static ps_generation lines(void) {
    return (ps_generation){.temperature = 1.5,
                           .top_p = 1,
                           .boundary = PS_BOUNDARY_NEWLINE,
                           .min_tokens = 1,
                           .max_tokens = 60,
                           .logq = true};
}

/* No boundary ever: a step is the whole answer. */
static const char *const never[] = {"\x01\x02\x03"};
static ps_generation whole_answers(void) {
    ps_generation g = lines();
    g.boundary = PS_BOUNDARY_LITERALS;
    g.literals = never;
    g.n_literals = 1;
    g.temperature = 1;
    g.max_tokens = USUAL_CONTEXT;
    return g;
}

static ps_node prompted(ps_engine *engine, const char *text) {
    ps_node node = 0;
    assert_ok(ps_engine_prompt(engine, &(ps_prompt){.text = text}, &node, err));
    assert_int_not_equal(node, 0);
    return node;
}

static ps_rng_key key_of(uint64_t id) {
    return (ps_rng_key){.seed = 20261123, .problem = 3, .id = id, .purpose = PS_RNG_TOKEN};
}

static void submit(ps_engine *engine, ps_node node, const ps_generation *g, uint64_t id, uint64_t tag) {
    const ps_extend_request request = {.node = node, .key = key_of(id), .generation = g, .tag = tag};
    assert_ok(ps_engine_extend(engine, &request, err));
}

/* An event, kept. */
typedef struct result {
    size_t n_events; /* with this tag */
    ps_stop_reason reason;
    ps_status status;
    ps_node child; /* owned */
    size_t prompt, n_tokens, text_length;
    ps_token tokens[MOST_TOKENS];
    char text[4096];
    bool has_tokens, has_logp, has_logq, has_entropy, has_certainty, has_confidence;
    double sum_logp, sum_logq, sum_certainty, sum_confidence;
} result;

static double sum(const double *x, size_t n) {
    double all = 0;
    for (size_t i = 0; i < n && x != NULL; i++)
        all += x[i];
    return all;
}

/* Keep an event, and check what holds of every one. */
static void keep(result *r, const ps_event *e) {
    r->n_events++;
    r->reason = e->reason;
    r->status = e->status;
    r->child = e->child;
    assert_int_equal(e->reason == PS_STOP_ERROR, e->status != PS_OK);
    assert_int_equal(e->child == 0, e->status != PS_OK);
    if (e->status != PS_OK) {
        assert_non_null(e->message);
        assert_true(e->message[0] != '\0');
        return;
    }
    assert_true(e->n_tokens <= MOST_TOKENS && e->text_length < sizeof r->text);
    assert_int_equal(strlen(e->text), e->text_length);
    memcpy(r->text, e->text, e->text_length + 1);
    if (e->tokens != NULL && e->n_tokens > 0) memcpy(r->tokens, e->tokens, e->n_tokens * sizeof *e->tokens);
    r->text_length = e->text_length;
    r->n_tokens = e->n_tokens;
    r->prompt = e->prompt;
    r->has_tokens = e->tokens != NULL;
    r->has_logp = e->logp != NULL;
    r->has_logq = e->logq != NULL;
    r->has_entropy = e->entropy != NULL;
    r->has_certainty = e->certainty != NULL;
    r->has_confidence = e->confidence != NULL;
    r->sum_certainty = sum(e->certainty, e->n_tokens);
    r->sum_confidence = sum(e->confidence, e->n_tokens);
    r->sum_logp = sum(e->logp, e->n_tokens);
    r->sum_logq = sum(e->logq, e->n_tokens);
}

/* Wait until each of n requests with tags 0 … n−1 has its event; each has exactly one, and then nothing is left. */
static void collect(ps_engine *engine, size_t n, result *results) {
    const ps_event *events = NULL;
    size_t n_events = 0, seen = 0;
    for (size_t i = 0; i < n; i++)
        seen += results[i].n_events;
    while (seen < n) {
        assert_ok(ps_engine_poll(engine, INFINITY, &events, &n_events, err));
        for (size_t i = 0; i < n_events; i++, seen++) {
            assert_true(events[i].tag < n);
            assert_int_equal(results[events[i].tag].n_events, 0);
            keep(&results[events[i].tag], &events[i]);
        }
    }
    assert_ok(ps_engine_poll(engine, 0, &events, &n_events, err));
    assert_int_equal(n_events, 0);
}

static result *results_of(size_t n) {
    result *results = calloc(n, sizeof *results);
    assert_non_null(results);
    return results;
}

static void release(ps_engine *engine, result *results, size_t n) {
    for (size_t i = 0; i < n; i++)
        ps_engine_release(engine, results[i].child);
    free(results);
}

static result one(ps_engine *engine, ps_node node, const ps_generation *g, uint64_t id) {
    result r = {0};
    submit(engine, node, g, id, 0);
    collect(engine, 1, &r);
    return r;
}

static void assert_same_step(const result *a, const result *b) {
    assert_int_equal(a->reason, b->reason);
    assert_string_equal(a->text, b->text);
    assert_int_equal(a->n_tokens, b->n_tokens);
    if (a->has_tokens) assert_memory_equal(a->tokens, b->tokens, a->n_tokens * sizeof *a->tokens);
    assert_true(a->sum_logp == b->sum_logp && a->sum_logq == b->sum_logq);
}

static bool is_open(const result *r) {
    return r->reason == PS_STOP_STEP || r->reason == PS_STOP_LENGTH;
}

/* ---- What an engine says it can ------------------------------------------ */

static void capabilities_say_the_truth_about_events(void **state) {
    ps_engine *engine = opened(*state, USUAL_CONTEXT);
    const ps_generation g = lines();
    ps_engine_info info;
    ps_engine_get_info(engine, &info);
    assert_non_null(info.engine);
    assert_non_null(info.model);
    assert_non_null(info.description);
    assert_int_equal(info.context, USUAL_CONTEXT);
    assert_true(ps_engine_in_flight(engine, 1) >= 1 && ps_engine_in_flight(engine, 1000) >= 1);
    result r = one(engine, prompted(engine, ((const row *)*state)->question), &g, 1);
    assert_int_equal(r.status, PS_OK);
    assert_true(r.n_tokens > 0);
    assert_int_equal(r.has_logp, can(engine, PS_ENGINE_LOGP));
    assert_int_equal(r.has_logq, can(engine, PS_ENGINE_LOGQ | PS_ENGINE_LOGQ_BOUNDED));
    assert_int_equal(r.has_entropy, can(engine, PS_ENGINE_ENTROPY));
    assert_true(r.has_tokens || !can(engine, PS_ENGINE_TOKENS));
    assert_true(r.sum_logp <= 0 && r.sum_logq <= 0);
    ps_engine_free(engine);
}

/* What costs something comes when it is asked for, and changes no token. */
static void certainty_and_confidence_come_when_asked_for(void **state) {
    ps_engine *engine = opened(*state, USUAL_CONTEXT);
    ps_generation plain = lines(), asking = plain;
    asking.certainty = asking.confidence = true;
    ps_node root = prompted(engine, ((const row *)*state)->question);
    result a = one(engine, root, &plain, 1), b = one(engine, root, &asking, 1);
    assert_false(a.has_certainty || a.has_confidence);
    assert_int_equal(b.has_certainty, can(engine, PS_ENGINE_CERTAINTY));
    assert_int_equal(b.has_confidence, can(engine, PS_ENGINE_CONFIDENCE));
    assert_true(b.sum_certainty >= -1e-9 && b.sum_certainty < 1e6);
    assert_true(b.sum_confidence >= -1e-9 && b.sum_confidence < 1e6);
    if (can(engine, PS_ENGINE_SEEDS)) assert_same_step(&a, &b);
    ps_engine_free(engine);
}

/* Token by token on the way to its temperature, log q is not that of one temperature; where an engine has no ramp it
 * says so, and does not draw without. At the end of the ramp both are the same. */
static void a_ramp_is_followed_or_refused(void **state) {
    ps_engine *engine = opened(*state, USUAL_CONTEXT);
    ps_generation plain = lines(), ramped, over;
    plain.temperature = 0.25;
    ramped = over = plain;
    ramped.ramp_tokens = 1000;
    over.ramp_tokens = 1;
    ps_node root = prompted(engine, ((const row *)*state)->question);
    if (!can(engine, PS_ENGINE_RAMP)) {
        ps_error why;
        const ps_extend_request request = {.node = root, .key = key_of(1), .generation = &ramped};
        assert_int_equal(ps_engine_extend(engine, &request, &why), PS_ARG);
        assert_non_null(strstr(why.message, "ramp_tokens"));
    } else {
        result a = one(engine, root, &plain, 1), b = one(engine, root, &over, 1), c = one(engine, root, &ramped, 1);
        assert_same_step(&a, &b);
        assert_true(c.sum_logq < 0 && c.sum_logq != a.sum_logq);
        assert_true(fabs(c.sum_logq - c.sum_logp) < 0.02 * fabs(c.sum_logp) + 0.02); /* it begins as the model itself */
    }
    ps_engine_free(engine);
}

/* The same for the same model, opened anew and otherwise. */
static void a_model_has_an_identity(void **state) {
    char identity[128];
    ps_engine *engine = opened(*state, USUAL_CONTEXT);
    ps_engine_info info;
    ps_engine_get_info(engine, &info);
    assert_non_null(info.identity);
    assert_true(strlen(info.identity) > 32 && strlen(info.identity) < sizeof identity);
    assert_null(strpbrk(info.identity, " \t\n:#'\""));
    snprintf(identity, sizeof identity, "%s", info.identity);
    ps_engine_free(engine);
    engine = opened(*state, USUAL_CONTEXT / 2);
    ps_engine_get_info(engine, &info);
    assert_string_equal(info.identity, identity);
    ps_engine_free(engine);
}

static void capabilities_say_the_truth_about_tokens(void **state) {
    ps_engine *engine = opened(*state, USUAL_CONTEXT);
    const bool tokens_work = can(engine, PS_ENGINE_TOKENS);
    const char *question = ((const row *)*state)->question;
    ps_token *tokens = NULL;
    size_t n = 0;
    ps_node node = 0;
    ps_error error = {0};
    ps_status status = ps_engine_tokenize(engine, question, strlen(question), true, &tokens, &n, &error);
    assert_int_equal(status == PS_OK, tokens_work);
    if (tokens_work) {
        assert_ok(ps_engine_root(engine, tokens, n, &node, err));
        assert_int_equal(ps_engine_root(engine, tokens, 0, &node, &error), PS_ARG);
    } else {
        const ps_chat_message message = {"user", question};
        char *text = NULL;
        assert_non_null(strstr(error.message, "tokenizer"));
        assert_int_equal(ps_engine_root(engine, &(ps_token){1}, 1, &node, &error), PS_ENGINE);
        assert_int_equal(ps_engine_render_chat(engine, &message, 1, &text, &error), PS_ENGINE);
    }
    ps_free(tokens);
    ps_engine_free(engine);
}

static void capabilities_say_the_truth_about_evaluations(void **state) {
    ps_engine *engine = opened(*state, USUAL_CONTEXT);
    ps_engine_info info;
    ps_engine_get_info(engine, &info);
    const ps_token tokens[] = {0, 1, 0};
    const uint32_t marks[] = {0, 2};
    ps_evaluate_request request = {.node = prompted(engine, ((const row *)*state)->question),
                                   .tokens = tokens,
                                   .n_tokens = 3,
                                   .marks = marks,
                                   .n_marks = 2,
                                   .choices = tokens,
                                   .n_choices = 2,
                                   .hidden = can(engine, PS_ENGINE_HIDDEN)};
    const ps_event *events = NULL;
    size_t n = 0;
    ps_error error = {0};
    assert_int_equal(can(engine, PS_ENGINE_HIDDEN), info.hidden_size > 0);
    assert_true(can(engine, PS_ENGINE_EVALUATE) || !can(engine, PS_ENGINE_HIDDEN));
    ps_status status = ps_engine_evaluate(engine, &request, &error);
    if (!can(engine, PS_ENGINE_EVALUATE)) {
        assert_int_equal(status, PS_ARG);
        assert_non_null(strstr(error.message, "cannot evaluate"));
    } else {
        if (status != PS_OK) fail_msg("%s", error.message);
        while (n == 0)
            assert_ok(ps_engine_poll(engine, INFINITY, &events, &n, err));
        assert_int_equal(n, 1);
        assert_int_equal(events->status, PS_OK);
        assert_int_equal(events->reason, PS_STOP_STEP);
        for (size_t i = 0; i < 4; i++)
            assert_true(events->choice_logp[i] <= 0);
        assert_int_equal(events->hidden != NULL, request.hidden);
        assert_true(events->prefilled >= 3 && events->prompt > 0);
        ps_engine_release(engine, events->child);
    }
    ps_engine_free(engine);
}

/* ---- Prompts ------------------------------------------------------------- */

static void a_prompt_is_messages_or_text(void **state) {
    ps_engine *engine = opened(*state, USUAL_CONTEXT);
    const char *question = ((const row *)*state)->question;
    const ps_chat_message messages[] = {{"system", "Think."}, {"user", question}};
    const ps_prompt prompts[] = {
        {.text = question}, {.messages = messages + 1, .n_messages = 1}, {.messages = messages, .n_messages = 2}};
    const ps_generation g = lines();
    size_t tokens[3];
    for (size_t i = 0; i < 3; i++) {
        ps_node node = 0;
        if (i > 0 && ((const row *)*state)->no_chat) {
            ps_error refused = {0};
            assert_int_equal(ps_engine_prompt(engine, &prompts[i], &node, &refused), PS_ENGINE);
            assert_non_null(strstr(refused.message, "prompt.template"));
            tokens[i] = tokens[i - 1] + 1;
            continue;
        }
        assert_ok(ps_engine_prompt(engine, &prompts[i], &node, err));
        result r = one(engine, node, &g, 1);
        assert_int_equal(r.status, PS_OK);
        tokens[i] = r.prompt;
        ps_engine_release(engine, r.child);
        ps_engine_release(engine, node);
    }
    assert_true(tokens[0] > 0 && tokens[1] >= tokens[0] && tokens[2] > tokens[1]);
    ps_node node = 0;
    ps_error error = {0};
    assert_int_equal(ps_engine_prompt(engine, &(ps_prompt){0}, &node, &error), PS_ARG);
    assert_non_null(strstr(error.message, "messages or a text"));
    ps_engine_free(engine);
}

/* A prompt is as many tokens as its text has, and one more where the model begins with BOS. */
static void every_event_tells_the_length_of_the_prompt(void **state) {
    ps_engine *engine = opened(*state, USUAL_CONTEXT);
    const char *question = ((const row *)*state)->question;
    const ps_generation g = lines();
    const ps_node root = prompted(engine, question);
    ps_engine_stats stats;
    result first = one(engine, root, &g, 1), r = first;
    ps_engine_get_stats(engine, &stats);
    assert_int_equal(stats.prompt, first.prompt);
    for (uint64_t id = 2; is_open(&r) && id < 6; id++) {
        const ps_node parent = r.child;
        r = one(engine, parent, &g, id);
        assert_int_equal(r.prompt, first.prompt);
        ps_engine_release(engine, parent);
    }
    if (can(engine, PS_ENGINE_TOKENS)) {
        ps_token *tokens = NULL;
        size_t n = 0;
        assert_ok(ps_engine_tokenize(engine, question, strlen(question), true, &tokens, &n, err));
        assert_true(first.prompt == n || first.prompt == n + 1);
        ps_free(tokens);
    }
    ps_engine_release(engine, r.child);
    ps_engine_free(engine);
}

/* At once, or as the error of the first request: an engine of another machine learns it late. */
static void a_prompt_too_long_is_a_budget_error(void **state) {
    ps_engine *engine = opened(*state, 64);
    char text[4001];
    const ps_generation g = lines();
    ps_node node = 0;
    ps_error error = {0};
    for (size_t i = 0; i + 1 < sizeof text; i++)
        text[i] = "a 1+b "[i % 6];
    text[sizeof text - 1] = '\0';
    ps_status status = ps_engine_prompt(engine, &(ps_prompt){.text = text}, &node, &error);
    if (status == PS_OK) {
        result r = one(engine, node, &g, 1);
        status = r.status;
    } else {
        assert_non_null(strstr(error.message, "64"));
    }
    assert_int_equal(status, PS_BUDGET);
    result r = one(engine, prompted(engine, "1"), &g, 1); /* and the engine goes on */
    assert_int_equal(r.status, PS_OK);
    ps_engine_free(engine);
}

static void wrong_generations_are_refused_at_once(void **state) {
    ps_engine *engine = opened(*state, USUAL_CONTEXT);
    const ps_node root = prompted(engine, ((const row *)*state)->question);
    ps_generation wrong[6];
    for (size_t i = 0; i < 6; i++)
        wrong[i] = lines();
    wrong[0].temperature = NAN;
    wrong[1].temperature = -1;
    wrong[2].top_p = 0;
    wrong[3].top_k = -1;
    wrong[4].max_tokens = 0;
    wrong[5].boundary = PS_BOUNDARY_FIXED;
    for (size_t i = 0; i < 7; i++) {
        ps_error error = {0};
        const ps_extend_request request = {.node = root, .key = key_of(1), .generation = i < 6 ? &wrong[i] : NULL};
        assert_int_equal(ps_engine_extend(engine, &request, &error), PS_ARG);
        assert_true(error.message[0] != '\0');
    }
    ps_engine_free(engine);
}

/* ---- Steps --------------------------------------------------------------- */

static void the_same_key_draws_the_same_step_whatever_runs_beside_it(void **state) {
    enum { OTHERS = 9, MINE = 4 };
    ps_engine *engine = opened(*state, USUAL_CONTEXT);
    if (!can(engine, PS_ENGINE_SEEDS) || !can(engine, PS_ENGINE_DETERMINISTIC)) {
        ps_engine_free(engine);
        skip();
    }
    const ps_generation g = lines();
    const ps_node root = prompted(engine, ((const row *)*state)->question);
    result alone = one(engine, root, &g, 77);
    for (uint64_t place = 0; place < OTHERS; place += MINE) {
        result *all = results_of(OTHERS);
        for (uint64_t i = 0; i < OTHERS; i++)
            submit(engine, root, &g, i == place ? 77 : 1000 + 10 * place + i, i);
        collect(engine, OTHERS, all);
        assert_same_step(&alone, &all[place]);
        release(engine, all, OTHERS);
    }
    size_t different = 0;
    for (uint64_t id = 0; id < 8; id++) {
        result other = one(engine, root, &g, id);
        different += strcmp(other.text, alone.text) != 0;
        ps_engine_release(engine, other.child);
    }
    assert_true(different > 0); /* another key draws another step */
    ps_engine_free(engine);
}

/* What a token writes is learned from steps of one token; longer steps write no other text. */
static void a_step_writes_what_its_tokens_spell(void **state) {
    const row *r = *state;
    ps_engine *engine = opened(r, USUAL_CONTEXT);
    ps_engine_info info;
    ps_engine_get_info(engine, &info);
    if (r->own_steps || !can(engine, PS_ENGINE_TOKENS)) {
        ps_engine_free(engine);
        skip();
    }
    enum { VOCABULARY = 1 << 16 }; /* of those that say nothing of its size */
    const size_t vocabulary = info.vocabulary > 0 ? info.vocabulary : VOCABULARY;
    char(*spelling)[64] = calloc(vocabulary, sizeof *spelling);
    bool *known = calloc(vocabulary, sizeof *known);
    ps_generation g = lines();
    g.boundary = PS_BOUNDARY_FIXED;
    g.fixed_tokens = 1;
    const ps_node root = prompted(engine, r->question);
    for (uint64_t answer = 0; answer < 24; answer++) {
        result step = {.reason = PS_STOP_STEP, .child = root};
        ps_engine_retain(engine, root);
        for (uint64_t i = 0; i < 40 && is_open(&step); i++) {
            const ps_node parent = step.child;
            step = one(engine, parent, &g, 100 * answer + i);
            ps_engine_release(engine, parent);
            assert_int_equal(step.n_tokens, 1);
            const ps_token token = step.tokens[0];
            assert_true(token >= 0 && (size_t)token < vocabulary);
            if (known[token]) assert_string_equal(spelling[token], step.text);
            assert_true(step.text_length < sizeof *spelling);
            memcpy(spelling[token], step.text, step.text_length + 1);
            known[token] = true;
        }
        ps_engine_release(engine, step.child);
    }
    g = lines();
    size_t compared = 0;
    for (uint64_t id = 0; id < 40; id++) {
        char spelled[4096] = "";
        size_t i = 0;
        result step = one(engine, root, &g, id);
        for (; i < step.n_tokens && known[step.tokens[i]]; i++)
            strncat(spelled, spelling[step.tokens[i]], sizeof spelled - strlen(spelled) - 1);
        if (i == step.n_tokens) {
            assert_string_equal(step.text, spelled);
            compared++;
        }
        ps_engine_release(engine, step.child);
    }
    assert_true(compared >= 10);
    free(spelling);
    free(known);
    ps_engine_free(engine);
}

static void steps_end_at_boundary_stop_string_and_length(void **state) {
    const row *r = *state;
    if (r->own_steps) skip();
    ps_engine *engine = opened(r, USUAL_CONTEXT);
    const ps_node root = prompted(engine, r->question);
    ps_generation g = lines();
    size_t steps = 0, stopped = 0, cut = 0;
    for (uint64_t id = 0; id < 20; id++) {
        result step = one(engine, root, &g, id);
        if (step.reason == PS_STOP_STEP) {
            assert_non_null(strchr(step.text, '\n'));
            steps++;
        }
        /* The same, but what it wrote first ends the answer: cut from the text, and the tokens stay. */
        char first[2] = {step.text[0], '\0'};
        const char *const stops[] = {first};
        ps_generation stopping = g;
        stopping.stops = stops;
        stopping.n_stops = 1;
        result ended = one(engine, root, &stopping, id);
        if (first[0] != '\0') {
            assert_int_equal(ended.reason, PS_STOP_STRING);
            assert_int_equal(ended.text_length, 0);
            assert_true(ended.n_tokens >= 1 && ended.n_tokens <= step.n_tokens);
            stopped++;
        }
        ps_generation shorter = g;
        shorter.max_tokens = 1;
        result part = one(engine, root, &shorter, id);
        assert_int_equal(part.n_tokens, 1);
        if (step.n_tokens > 1) {
            assert_int_equal(part.reason, PS_STOP_LENGTH);
            assert_memory_equal(part.text, step.text, part.text_length);
            cut++;
        }
        ps_engine_release(engine, step.child);
        ps_engine_release(engine, ended.child);
        ps_engine_release(engine, part.child);
    }
    assert_true(steps > 0 && stopped > 0 && cut > 0);
    ps_engine_free(engine);
}

/* An answer never has more tokens than the context holds; one that reaches its end is cut, which is no error. */
/* Along an answer, the rule that reads its bytes one by one says the same ends as the engine. */
static void steps_end_where_the_rule_says(void **state) {
    enum { STEPS = 12, LONGEST_TOKEN = 24 };
    const row *r = *state;
    if (r->own_steps) skip();
    ps_engine *engine = opened(r, USUAL_CONTEXT);
    const ps_node root = prompted(engine, r->question);
    size_t ended = 0, cut = 0;
    for (uint64_t id = 0; id < 24; id++) {
        ps_generation g = lines();
        g.boundary = id % 3 == 0 ? PS_BOUNDARY_NEWLINE : id % 3 == 1 ? PS_BOUNDARY_PARAGRAPH : PS_BOUNDARY_SENTENCE;
        g.max_tokens = id % 2 == 0 ? 60 : 5;
        ps_step_state rule = {0};
        ps_node at = root;
        result step = {.reason = PS_STOP_STEP};
        for (uint64_t k = 0; k < STEPS && (step.reason == PS_STOP_STEP || step.reason == PS_STOP_LENGTH); k++) {
            step = one(engine, at, &g, 100 * id + k);
            if (at != root) ps_engine_release(engine, at);
            at = step.child;
            size_t ends = SIZE_MAX;
            for (size_t i = 0; i < step.text_length; i++)
                if (ps_step_scan(&rule, g.boundary, step.text[i], true) && ends == SIZE_MAX) ends = i + 1;
            if (step.reason == PS_STOP_STEP) assert_true(ends <= step.text_length);
            if (step.reason == PS_STOP_LENGTH) assert_int_equal(ends, SIZE_MAX);
            if (ends != SIZE_MAX) assert_true(ends + LONGEST_TOKEN > step.text_length);
            if (step.reason == PS_STOP_LENGTH) ps_step_cut(&rule);
            ended += step.reason == PS_STOP_STEP;
            cut += step.reason == PS_STOP_LENGTH;
        }
        ps_engine_release(engine, at);
    }
    assert_true(ended > 10);
    if (strcmp(r->question, "which?") != 0) assert_true(cut > 5); /* the table's lines have two tokens */
    ps_engine_release(engine, root);
    ps_engine_free(engine);
}

/* An answer has max_answer_tokens at most, in whatever steps it was written, and no token is other than without. */
static void an_answer_is_cut_at_its_most_tokens(void **state) {
    enum { MOST = 7 };
    const row *r = *state;
    ps_engine *engine = opened(r, USUAL_CONTEXT);
    const ps_node root = prompted(engine, r->question);
    size_t cut = 0;
    for (uint64_t id = 0; id < 10; id++) {
        ps_generation g = lines(), limited = g;
        limited.max_answer_tokens = MOST;
        ps_node at = root, free_at = root;
        size_t written = 0;
        result step = {.reason = PS_STOP_STEP};
        for (uint64_t k = 0; step.reason == PS_STOP_STEP || step.reason == PS_STOP_LENGTH; k++) {
            step = one(engine, at, &limited, 100 * id + k);
            result unlimited = one(engine, free_at, &g, 100 * id + k);
            assert_true(step.n_tokens <= unlimited.n_tokens);
            if (step.has_tokens) assert_memory_equal(step.tokens, unlimited.tokens, step.n_tokens * sizeof(ps_token));
            if (at != root) ps_engine_release(engine, at);
            if (free_at != root) ps_engine_release(engine, free_at);
            at = step.child;
            free_at = unlimited.child;
            written += step.n_tokens;
            assert_true(written <= MOST);
        }
        if (step.reason == PS_STOP_CONTEXT_FULL) assert_int_equal(written, MOST);
        cut += step.reason == PS_STOP_CONTEXT_FULL;
        ps_engine_release(engine, at);
        ps_engine_release(engine, free_at);
    }
    assert_true(cut > 0);
    ps_generation wrong = lines();
    wrong.max_answer_tokens = -1;
    assert_int_equal(ps_engine_extend(engine, &(ps_extend_request){.node = root, .generation = &wrong}, NULL), PS_ARG);
    ps_engine_release(engine, root);
    ps_engine_free(engine);
}

static void a_full_context_is_an_event_and_no_error(void **state) {
    const row *r = *state;
    const ps_generation g = lines();
    ps_engine *wide = opened(r, USUAL_CONTEXT);
    result asked = one(wide, prompted(wide, r->question), &g, 1);
    ps_engine_free(wide);
    const size_t context = asked.prompt + 4;
    ps_engine *engine = opened(r, (int)context);
    const ps_node root = prompted(engine, r->question);
    size_t full = 0;
    for (uint64_t answer = 0; answer < 20; answer++) {
        result step = {.reason = PS_STOP_STEP, .child = root};
        size_t n_tokens = asked.prompt;
        ps_engine_retain(engine, root);
        for (uint64_t i = 0; is_open(&step); i++) {
            const ps_node parent = step.child;
            step = one(engine, parent, &g, 100 * answer + i);
            ps_engine_release(engine, parent);
            assert_int_equal(step.status, PS_OK);
            n_tokens += step.n_tokens;
            assert_true(n_tokens <= context);
            assert_true(step.n_tokens > 0 || step.reason == PS_STOP_CONTEXT_FULL);
        }
        full += step.reason == PS_STOP_CONTEXT_FULL && n_tokens == context;
        ps_engine_release(engine, step.child);
    }
    assert_true(full > 0);
    ps_engine_free(engine);
}

static void a_node_may_be_released_while_its_request_is_under_way(void **state) {
    enum { N = 6 };
    ps_engine *engine = opened(*state, USUAL_CONTEXT);
    const ps_generation g = lines();
    result *all = results_of(N);
    const ps_node root = prompted(engine, ((const row *)*state)->question);
    for (uint64_t i = 0; i < N; i++)
        submit(engine, root, &g, i, i);
    ps_engine_release(engine, root);
    collect(engine, N, all);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(all[i].status, PS_OK);
        if (!is_open(&all[i])) continue;
        result next = one(engine, all[i].child, &g, 100 + i); /* a child needs no parent */
        assert_int_equal(next.status, PS_OK);
        ps_engine_release(engine, next.child);
    }
    release(engine, all, N);
    ps_engine_free(engine);
}

/* ---- Waiting ------------------------------------------------------------- */

/* Requests that take long on an engine that computes, tags 0 … LONG_WORK−1; the root is let go of. */
static void submit_long_work(ps_engine *engine, const row *r, const ps_generation *g) {
    const ps_node root = prompted(engine, r->question);
    for (uint64_t i = 0; i < LONG_WORK; i++)
        submit(engine, root, g, i, i);
    ps_engine_release(engine, root);
}

/* What is left of it, given up; each request still has its one event. */
static void give_up(ps_engine *engine, result *all) {
    for (uint64_t i = 0; i < LONG_WORK; i++)
        ps_engine_cancel(engine, i);
    collect(engine, LONG_WORK, all);
    release(engine, all, LONG_WORK);
}

/* How the polls went until the first events were there. */
typedef struct wait {
    size_t empty;  /* polls that came back without any */
    bool was_long; /* so many batches and so much time passed that some had to, were each kept to within one batch */
} wait;

/* Poll until the first events are there: with this time limit, while somebody wakes us every millisecond if it is
 * infinite. A step of T tokens is T batches at least, so polls of `limit` seconds, kept to within one batch, are some
 * took / (limit + took / T). */
static wait wait_for_first(ps_engine *engine, double seconds, result *all) {
    const ps_event *events = NULL;
    const struct timespec pause = {.tv_nsec = 1000000};
    const double limit = seconds > 0 && seconds < INFINITY ? seconds : 0.001, start = ps_now();
    wait w = {0};
    size_t n = 0, least = SIZE_MAX;
    for (;; w.empty++) {
        assert_ok(ps_engine_poll(engine, seconds, &events, &n, err));
        if (n > 0) break;
        if (seconds == 0) nanosleep(&pause, NULL);
    }
    const double took = ps_now() - start;
    for (size_t i = 0; i < n; i++) {
        keep(&all[events[i].tag], &events[i]);
        if (events[i].n_tokens < least) least = events[i].n_tokens;
    }
    w.was_long = least > 0 && took / (limit + took / (double)least) > 5;
    return w;
}

static void check_time_limit(const row *r, double seconds) {
    ps_engine *engine = opened(r, USUAL_CONTEXT);
    const ps_generation g = whole_answers();
    result *all = results_of(LONG_WORK);
    submit_long_work(engine, r, &g);
    const wait w = wait_for_first(engine, seconds, all);
    if (engine->ops->wake != NULL && w.was_long) assert_true(w.empty >= 1); /* others have all ready at once */
    give_up(engine, all);
    ps_engine_free(engine);
}

static void a_poll_of_no_time_does_not_wait(void **state) {
    check_time_limit(*state, 0);
}

static void a_poll_with_a_time_limit_returns_while_work_is_under_way(void **state) {
    check_time_limit(*state, 0.0001);
    check_time_limit(*state, 0.05);
}

static void a_poll_with_nothing_under_way_returns_at_once(void **state) {
    ps_engine *engine = opened(*state, USUAL_CONTEXT);
    const double limits[] = {0, 0.05, INFINITY};
    const ps_generation g = lines();
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < 3; i++) {
            const ps_event *events = NULL;
            size_t n = 1;
            assert_ok(ps_engine_poll(engine, limits[i], &events, &n, err));
            assert_int_equal(n, 0);
        }
        one(engine, prompted(engine, ((const row *)*state)->question), &g, 1);
    }
    ps_engine_free(engine);
}

typedef struct waker {
    ps_engine *engine;
    atomic_bool stop;
} waker;

static void *keep_waking(void *user) {
    waker *w = user;
    const struct timespec pause = {.tv_nsec = 1000000};
    while (!w->stop) {
        nanosleep(&pause, NULL);
        ps_engine_wake(w->engine);
    }
    return NULL;
}

static void a_wake_from_another_thread_ends_a_poll(void **state) {
    const row *r = *state;
    ps_engine *engine = opened(r, USUAL_CONTEXT);
    const ps_generation g = whole_answers();
    result *all = results_of(LONG_WORK);
    waker w = {.engine = engine};
    pthread_t thread;
    submit_long_work(engine, r, &g);
    assert_int_equal(pthread_create(&thread, NULL, keep_waking, &w), 0);
    const wait waited = wait_for_first(engine, INFINITY, all);
    w.stop = true;
    assert_int_equal(pthread_join(thread, NULL), 0);
    if (engine->ops->wake != NULL && waited.was_long) assert_true(waited.empty >= 1);
    give_up(engine, all);
    ps_engine_free(engine);
}

static void a_wake_before_a_poll_is_not_lost(void **state) {
    const row *r = *state;
    ps_engine *engine = opened(r, USUAL_CONTEXT);
    const ps_generation g = whole_answers();
    result *all = results_of(LONG_WORK);
    submit_long_work(engine, r, &g);
    ps_engine_wake(engine);
    const wait w = wait_for_first(engine, INFINITY, all);
    if (engine->ops->wake != NULL && w.was_long) assert_int_equal(w.empty, 1); /* it ends one poll, not two */
    give_up(engine, all);
    ps_engine_free(engine);
}

/* ---- Cancelling ---------------------------------------------------------- */

/* Whether a request that was cancelled ended as one may: an engine that cannot cancel lets it run to its end. */
static void assert_given_up(const ps_engine *engine, const result *r) {
    assert_int_equal(r->n_events, 1);
    assert_int_equal(r->status, engine->ops->cancel != NULL ? PS_CANCELLED : PS_OK);
}

static void a_queued_request_can_be_cancelled(void **state) {
    ps_engine *engine = opened(*state, USUAL_CONTEXT);
    const ps_generation g = lines();
    const ps_node root = prompted(engine, ((const row *)*state)->question);
    result *all = results_of(3);
    for (uint64_t i = 0; i < 3; i++)
        submit(engine, root, &g, i, i);
    ps_engine_cancel(engine, 1);
    ps_engine_cancel(engine, 1); /* twice is as once */
    collect(engine, 3, all);
    assert_int_equal(all[0].status, PS_OK);
    assert_given_up(engine, &all[1]);
    assert_int_equal(all[2].status, PS_OK);
    release(engine, all, 3);
    ps_engine_free(engine);
}

static void cancelling_ends_work_that_is_running(void **state) {
    const row *r = *state;
    ps_engine *engine = opened(r, USUAL_CONTEXT);
    const ps_generation g = whole_answers();
    result *all = results_of(LONG_WORK);
    size_t given_up = 0;
    submit_long_work(engine, r, &g);
    const wait w = wait_for_first(engine, INFINITY, all); /* until the first are done: the others are running */
    for (uint64_t i = 0; i < LONG_WORK; i++)
        ps_engine_cancel(engine, i);
    collect(engine, LONG_WORK, all);
    for (size_t i = 0; i < LONG_WORK; i++) {
        assert_true(all[i].status == PS_OK || all[i].status == PS_CANCELLED);
        given_up += all[i].status == PS_CANCELLED;
    }
    if (engine->ops->cancel != NULL && w.was_long) assert_true(given_up > 0);
    result after = one(engine, prompted(engine, r->question), &g, 7); /* and the engine goes on */
    assert_int_equal(after.status, PS_OK);
    release(engine, all, LONG_WORK);
    ps_engine_free(engine);
}

static void cancelling_what_is_finished_or_unknown_does_nothing(void **state) {
    ps_engine *engine = opened(*state, USUAL_CONTEXT);
    const ps_generation g = lines();
    const ps_node root = prompted(engine, ((const row *)*state)->question);
    result *all = results_of(3);
    ps_engine_cancel(engine, 1);
    result before = one(engine, root, &g, 1); /* tag 0 */
    assert_int_equal(before.status, PS_OK);
    ps_engine_cancel(engine, 0);
    for (uint64_t i = 0; i < 3; i++)
        submit(engine, root, &g, i, i);
    ps_engine_cancel(engine, 4);
    ps_engine_cancel(engine, UINT64_MAX);
    collect(engine, 3, all);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(all[i].status, PS_OK);
    assert_string_equal(all[1].text, before.text);
    ps_engine_release(engine, before.child);
    release(engine, all, 3);
    ps_engine_free(engine);
}

static void all_requests_of_a_tag_are_cancelled(void **state) {
    ps_engine *engine = opened(*state, USUAL_CONTEXT);
    const ps_generation g = lines();
    const ps_node root = prompted(engine, ((const row *)*state)->question);
    size_t seen = 0;
    for (uint64_t i = 0; i < 6; i++)
        submit(engine, root, &g, i, i % 2);
    ps_engine_cancel(engine, 1);
    while (seen < 6) {
        const ps_event *events = NULL;
        size_t n = 0;
        assert_ok(ps_engine_poll(engine, INFINITY, &events, &n, err));
        for (size_t i = 0; i < n; i++, seen++) {
            result r = {0};
            keep(&r, &events[i]);
            if (events[i].tag == 1)
                assert_given_up(engine, &r);
            else
                assert_int_equal(r.status, PS_OK);
        }
    }
    ps_engine_free(engine);
}

/* Answers of several steps, with and without a neighbour that is given up in the middle of its second step. */
static void cancelling_changes_no_token_of_the_others(void **state) {
    enum { N = 8, STEPS = 4, VICTIM = 3 };
    ps_engine *engine = opened(*state, USUAL_CONTEXT);
    if (!can(engine, PS_ENGINE_DETERMINISTIC)) {
        ps_engine_free(engine);
        skip();
    }
    const ps_generation g = lines();
    result *runs[2] = {results_of(N * STEPS), results_of(N * STEPS)};
    for (size_t k = 0; k < 2; k++) {
        const ps_node root = prompted(engine, ((const row *)*state)->question);
        size_t running = 0;
        for (uint64_t i = 0; i < N; i++, running++)
            submit(engine, root, &g, i, i * STEPS);
        while (running > 0) {
            const ps_event *events = NULL;
            size_t n = 0;
            assert_ok(ps_engine_poll(engine, INFINITY, &events, &n, err));
            running -= n;
            for (size_t e = 0; e < n; e++)
                keep(&runs[k][events[e].tag], &events[e]);
            for (uint64_t tag = 0; tag < N * STEPS; tag++) { /* the next step of what has come */
                const result *r = &runs[k][tag];
                if (r->n_events == 0 || r->status != PS_OK || !is_open(r) || tag % STEPS == STEPS - 1) continue;
                if (runs[k][tag + 1].n_events > 0 || runs[k][tag + 1].prompt == SIZE_MAX) continue;
                runs[k][tag + 1].prompt = SIZE_MAX; /* submitted */
                submit(engine, r->child, &g, 100 + tag, tag + 1);
                running++;
            }
            if (k == 1) ps_engine_cancel(engine, VICTIM * STEPS + 1);
        }
        ps_engine_release(engine, root);
    }
    size_t compared = 0;
    for (size_t tag = 0; tag < N * STEPS; tag++) {
        if (tag / STEPS == VICTIM) continue;
        assert_int_equal(runs[0][tag].n_events, runs[1][tag].n_events);
        if (runs[0][tag].n_events > 0) assert_same_step(&runs[0][tag], &runs[1][tag]);
        compared += runs[0][tag].n_events;
    }
    assert_true(compared > N);
    release(engine, runs[0], N * STEPS);
    release(engine, runs[1], N * STEPS);
    ps_engine_free(engine);
}

/* ---- Memory -------------------------------------------------------------- */

/* An engine's life: opened, asked, one of its requests cancelled, freed with one under way. The first thing that fails
 * ends it. */
static ps_status live(const row *r, ps_error *err) {
    ps_engine *engine = NULL;
    const ps_generation g = lines();
    ps_node root = 0;
    ps_status status = r->open(USUAL_CONTEXT, &engine, err);
    if (status != PS_OK) return status;
    status = ps_engine_prompt(engine, &(ps_prompt){.text = r->question}, &root, err);
    for (uint64_t i = 0; i < 4 && status == PS_OK; i++)
        status = ps_engine_extend(
            engine, &(ps_extend_request){.node = root, .key = key_of(i), .generation = &g, .tag = i}, err);
    if (status == PS_OK) ps_engine_cancel(engine, 2);
    for (size_t seen = 0, n = 0; seen < 4 && status == PS_OK; seen += n) {
        const ps_event *events = NULL;
        status = ps_engine_poll(engine, INFINITY, &events, &n, err);
        for (size_t i = 0; i < n && status == PS_OK; i++)
            if (events[i].status != PS_CANCELLED) status = events[i].status;
    }
    if (status == PS_OK)
        status = ps_engine_extend(engine, &(ps_extend_request){.node = root, .key = key_of(9), .generation = &g}, err);
    ps_engine_free(engine);
    return status;
}

static void failing_allocations_leave_nothing(void **state) {
    const row *r = *state;
    bool failed = true;
    ps_engine_free(opened(r, USUAL_CONTEXT)); /* what is made once for the whole program is there */
    for (size_t n = 1; failed; n++) {
        failing_allocator allocator;
        ps_error error = {0};
        failing_install(&allocator, n);
        ps_status status = live(r, &error);
        failing_remove();
        failed = allocator.calls >= n;
        if (allocator.alive != 0) fail_msg("%zu blocks left when allocation %zu failed", (size_t)allocator.alive, n);
        if (status != PS_OK && status != PS_NOMEM) fail_msg("allocation %zu: status %d", n, status);
        assert_true(failed || status == PS_OK);
        assert_true(n < 10000);
    }
}

/* ---- Every test on every engine ------------------------------------------ */

#define TEST(name)                                                                                                     \
    { #name, name }
static const struct {
    const char *name;
    CMUnitTestFunction test;
} tests[] = {
    TEST(capabilities_say_the_truth_about_events),
    TEST(certainty_and_confidence_come_when_asked_for),
    TEST(a_ramp_is_followed_or_refused),
    TEST(a_model_has_an_identity),
    TEST(capabilities_say_the_truth_about_tokens),
    TEST(capabilities_say_the_truth_about_evaluations),
    TEST(a_prompt_is_messages_or_text),
    TEST(every_event_tells_the_length_of_the_prompt),
    TEST(a_prompt_too_long_is_a_budget_error),
    TEST(wrong_generations_are_refused_at_once),
    TEST(the_same_key_draws_the_same_step_whatever_runs_beside_it),
    TEST(a_step_writes_what_its_tokens_spell),
    TEST(steps_end_at_boundary_stop_string_and_length),
    TEST(steps_end_where_the_rule_says),
    TEST(an_answer_is_cut_at_its_most_tokens),
    TEST(a_full_context_is_an_event_and_no_error),
    TEST(a_node_may_be_released_while_its_request_is_under_way),
    TEST(a_poll_of_no_time_does_not_wait),
    TEST(a_poll_with_a_time_limit_returns_while_work_is_under_way),
    TEST(a_poll_with_nothing_under_way_returns_at_once),
    TEST(a_wake_from_another_thread_ends_a_poll),
    TEST(a_wake_before_a_poll_is_not_lost),
    TEST(a_queued_request_can_be_cancelled),
    TEST(cancelling_ends_work_that_is_running),
    TEST(cancelling_what_is_finished_or_unknown_does_nothing),
    TEST(all_requests_of_a_tag_are_cancelled),
    TEST(cancelling_changes_no_token_of_the_others),
    TEST(failing_allocations_leave_nothing),
};
enum { N_TESTS = sizeof tests / sizeof *tests };

int main(void) {
    static struct CMUnitTest all[N_ROWS * N_TESTS];
    static char names[N_ROWS * N_TESTS][128];
    for (size_t i = 0; i < N_ROWS * N_TESTS; i++) {
        const row *r = &rows[i / N_TESTS];
        snprintf(names[i], sizeof names[i], "%s: %s", r->name, tests[i % N_TESTS].name);
        all[i] = (struct CMUnitTest){
            .name = names[i], .test_func = tests[i % N_TESTS].test, .initial_state = (void *)(uintptr_t)r};
    }
    cmocka_set_test_filter(getenv("PS_TEST")); /* PS_TEST='vllm: *' runs those of one engine */
    return cmocka_run_group_tests(all, NULL, NULL);
}
