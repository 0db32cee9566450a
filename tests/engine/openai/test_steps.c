/* The same tokens are the same steps, whatever server drew them: held to the matcher, byte by byte, over servers of
 * every kind; and siblings, seeds and numbers over them. */
#include "engine/boundary.h"
#include "engine/openai/openai_test.h"

/* ---- Boundaries ---------------------------------------------------------- */

/* Words beside the bytes: 256 + i. */
enum { FULL_STOP = 256, BRACKET, GRIN_1, GRIN_2, GRIN_3, SO, THE, STOP_A };
static const model_word words[] = {{".\n\n", 3}, {"\"])\n\n", 5}, {" \xF0", 2},    {"\x9F\x98", 2},
                                   {"\x80", 1},  {"so it is", 8}, {" the box", 8}, {"xSTOPx", 6}};
enum { WORDS = sizeof words / sizeof *words };

typedef struct script {
    ps_token tokens[24];
    size_t n;
    ps_boundary boundary;
    int min_tokens, max_tokens, max_answer;
} script;

static const char *const answer_stops[] = {"STOP"};
static const script scripts[] = {
    {{SO, FULL_STOP, SO, THE, FULL_STOP, SO}, 6, PS_BOUNDARY_NEWLINE, 1, 64, 0},
    {{SO, FULL_STOP, SO, THE, FULL_STOP, SO}, 6, PS_BOUNDARY_PARAGRAPH, 1, 64, 0},
    {{SO, FULL_STOP, SO, '.', ' ', 'A', SO}, 7, PS_BOUNDARY_SENTENCE, 1, 64, 0},
    {{SO, BRACKET, SO, '\n', '\n', SO, BRACKET}, 7, PS_BOUNDARY_PARAGRAPH, 1, 64, 0},
    {{SO, BRACKET, '\n', '\n', '\n', SO, '\n'}, 7, PS_BOUNDARY_NEWLINE, 1, 64, 0},
    {{SO, GRIN_1, GRIN_2, GRIN_3, '\n', SO, GRIN_1, GRIN_2, GRIN_3, GRIN_1, GRIN_2, GRIN_3, '\n'},
     13,
     PS_BOUNDARY_NEWLINE,
     1,
     64,
     0},
    {{SO, GRIN_1, GRIN_2, GRIN_3, SO, '\n', SO}, 7, PS_BOUNDARY_NEWLINE, 1, 3, 0}, /* a step ends inside a character */
    {{SO, GRIN_1, GRIN_2, GRIN_3, '\n'}, 5, PS_BOUNDARY_NEWLINE, 1, 64, 3},        /* the answer is cut inside one */
    {{SO, '\n', SO, '\n', SO, '\n', SO, '\n'}, 8, PS_BOUNDARY_NEWLINE, 3, 64, 0},
    {{'\n', '\\', '[', '\n', SO, '\n', '\\', ']', '\n', SO, '\n'}, 11, PS_BOUNDARY_NEWLINE, 1, 64, 0},
    {{SO, '\n', SO, 'S', 'T', 'O', 'P', SO}, 8, PS_BOUNDARY_NEWLINE, 1, 64, 0},
    {{SO, 'S', 'T', '\n', SO, STOP_A, SO}, 7, PS_BOUNDARY_NEWLINE, 1, 64, 0},
    {{SO, 'S', 'T', 'O', 'P', SO}, 6, PS_BOUNDARY_NEWLINE, 1, 3, 0}, /* a stop string across two steps */
    {{SO, THE, SO, THE, SO, THE, SO}, 7, PS_BOUNDARY_FIXED, 1, 64, 0},
};

static ps_generation generation_of(const script *s) {
    return (ps_generation){.temperature = 1,
                           .top_p = 1,
                           .boundary = s->boundary,
                           .fixed_tokens = 3,
                           .stops = answer_stops,
                           .n_stops = 1,
                           .min_tokens = s->min_tokens,
                           .max_tokens = s->max_tokens,
                           .max_answer_tokens = s->max_answer,
                           .logq = true};
}

static const char *bytes_of(const small_model *m, ps_token token, size_t *n) {
    *n = m->words[token].length;
    return m->words[token].bytes;
}

/* The next step of the script from token *at on, as the matcher has it. */
static ps_stop_reason expected_step(const small_model *m, const script *s, const ps_generation *g, size_t *at,
                                    ps_text *before, ps_step_state *state, ps_text *text) {
    ps_step_matcher matcher = {0};
    ps_stop_reason reason = PS_STOP_EOS;
    const size_t lookback = ps_step_lookback(g), kept = before->length < lookback ? before->length : lookback;
    bool ended = false;
    ps_step_begin(&matcher, g, kept > 0 ? before->data + (before->length - kept) : "", kept, state);
    while (!ended) {
        size_t n = 0;
        const bool over = *at == s->n;
        const char *bytes = over ? "" : bytes_of(m, s->tokens[*at], &n);
        ended = ps_step_push(&matcher, bytes, n, over, &reason);
        ++*at;
        if (!ended && g->max_answer_tokens > 0 && *at == (size_t)g->max_answer_tokens) {
            reason = PS_STOP_CONTEXT_FULL;
            ended = true;
        }
    }
    size_t length;
    const char *written = ps_step_text(&matcher, &length);
    ps_text_reset(text);
    ps_text_append(text, written, length);
    ps_text_append(before, written, length);
    *state = matcher.state;
    ps_step_clear(&matcher);
    return reason;
}

/* Ids that are part of a character have their text when it is complete: so what was written so far agrees but for those
 * of a last, incomplete one, here a blank and the character's first bytes. */
static void assert_same_text(const ps_text *got, const ps_text *expected) {
    const size_t whole = ps_utf8_valid(ps_text_cstr(expected), expected->length);
    const size_t least = whole < expected->length ? whole - 1 : whole;
    assert_true(got->length <= expected->length && got->length >= least);
    assert_memory_equal(ps_text_cstr(got), ps_text_cstr(expected), got->length);
}

static void check_script(const script *s, model_kind kind) {
    small_model *model = small_model_script(words, WORDS, s->tokens, s->n);
    model_server server = {0};
    model_server_start(&server, model, kind);
    ps_engine *engine = engine_over(&server);
    const ps_generation g = generation_of(s);
    ps_node at = root_of(engine, "what?");
    ps_text before = {0}, text = {0}, got = {0};
    ps_step_state state = {0};
    size_t place = 0;
    for (uint64_t k = 0; k < 24; k++) {
        const size_t from = place;
        const ps_stop_reason reason = expected_step(model, s, &g, &place, &before, &state, &text);
        const step_told step = one_step(engine, at, &g, k);
        if (step.status != PS_OK) fail_msg("step %d: %s", (int)k, step.message);
        assert_int_equal(step.reason, reason);
        assert_int_equal(step.n_tokens, place - from);
        assert_int_equal(step.prompt, 5);
        for (size_t i = 0; i < step.n_tokens && kind != MODEL_PLAIN; i++) {
            assert_int_equal(step.tokens[i], from + i < s->n ? s->tokens[from + i] : model->end);
            assert_true(step.logp[i] == 0 && step.logq[i] == 0 && step.bound == 0); /* each is certain */
        }
        ps_text_append(&got, step.text, strlen(step.text));
        assert_same_text(&got, &before);
        ps_engine_release(engine, at);
        at = step.child;
        if (!is_open(&step)) break;
    }
    ps_engine_release(engine, at);
    ps_text_clear(&before);
    ps_text_clear(&text);
    ps_text_clear(&got);
    ps_engine_free(engine);
    model_server_stop(&server);
    small_model_free(model);
}

static void the_same_tokens_are_the_same_steps_at_vllm(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
        check_script(&scripts[i], MODEL_VLLM);
}

static void the_same_tokens_are_the_same_steps_at_llama_server(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
        check_script(&scripts[i], MODEL_LLAMA_SERVER);
}

/* A piece of a stream is what a character completes: steps that count tokens inside one are others. */
static void the_same_text_is_the_same_steps_at_a_plain_server(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        bool partial = false;
        for (size_t k = 0; k < scripts[i].n; k++)
            partial = partial || scripts[i].tokens[k] == GRIN_1;
        if (!partial) check_script(&scripts[i], MODEL_PLAIN);
    }
}

/* A chat endpoint answers whole; what would go on from a part of an answer is refused, and so is a text. */
static void a_chat_endpoint_answers_whole(void **state) {
    (void)state;
    const ps_token told[] = {SO, '\n', SO, '\n', '\\', '[', 'x', '\n'};
    small_model *model = small_model_script(words, WORDS, told, 8);
    model_server server = {.chat = true};
    model_server_start(&server, model, MODEL_PLAIN);
    ps_engine *engine = engine_over(&server);
    ps_engine_info info;
    ps_engine_get_info(engine, &info);
    assert_int_equal(info.can, PS_ENGINE_CHATS_WHOLE);
    const ps_chat_message message = {"user", "what?"};
    const ps_generation whole = {
        .temperature = 1, .top_p = 1, .boundary = PS_BOUNDARY_LITERALS, .min_tokens = 1, .max_tokens = 1000};
    ps_node root = 0, text = 0;
    ps_error error = {0};
    assert_int_equal(ps_engine_prompt(engine, &(ps_prompt){.text = "what?"}, &text, &error), PS_ENGINE);
    assert_non_null(strstr(error.message, "prompt.template"));
    assert_ok(ps_engine_prompt(engine, &(ps_prompt){.messages = &message, .n_messages = 1}, &root, err));
    const step_told answer = one_step(engine, root, &whole, 1);
    if (answer.status != PS_OK) fail_msg("%s", answer.message);
    assert_int_equal(answer.reason, PS_STOP_EOS);
    assert_string_equal(answer.text, "so it is\nso it is\n\\[x\n");
    assert_int_equal(answer.prompt, 5);
    const ps_generation lines = by_lines();
    const step_told line = one_step(engine, root, &lines, 1);
    assert_int_equal(line.reason, PS_STOP_STEP);
    const step_told more = one_step(engine, line.child, &lines, 2);
    assert_int_equal(more.status, PS_ARG);
    assert_non_null(strstr(more.message, "whole"));
    ps_engine_free(engine);
    model_server_stop(&server);
    small_model_free(model);
}

/* ---- Siblings ------------------------------------------------------------ */

enum { SIBLINGS = 24 };

/* Their steps, with so many sequences under way. */
static void ask_siblings(const small_model *table, model_kind kind, size_t under_way, step_told *steps, size_t *asks) {
    model_server server = {.slots = under_way};
    model_server_start(&server, table, kind);
    ps_openai_options options = options_of(&server);
    options.max_under_way = under_way;
    ps_engine *engine = engine_with(&options);
    const ps_generation g = by_lines();
    const ps_node root = root_of(engine, "which?");
    const size_t before = server.n_asks;
    for (uint64_t i = 0; i < SIBLINGS; i++)
        submit(engine, root, &g, 100 + i, i);
    collect(engine, SIBLINGS, steps);
    *asks = server.n_asks - before;
    for (size_t i = 0; i < SIBLINGS; i++) {
        assert_int_equal(steps[i].status, PS_OK);
        for (size_t k = 0; k < i; k++) { /* who wrote the same has the same child */
            const bool alike = strcmp(steps[i].text, steps[k].text) == 0;
            assert_int_equal(steps[i].child == steps[k].child, alike);
        }
        ps_engine_release(engine, steps[i].child);
    }
    ps_engine_free(engine);
    model_server_stop(&server);
}

static void siblings_draw_the_same_together_in_parts_and_alone(void **state) {
    (void)state;
    static const model_kind kinds[] = {MODEL_VLLM, MODEL_LLAMA_SERVER};
    small_model *table = small_model_table();
    for (size_t k = 0; k < 2; k++) {
        step_told *all = calloc(SIBLINGS, sizeof *all), *parts = calloc(SIBLINGS, sizeof *parts),
                  *alone = calloc(SIBLINGS, sizeof *alone);
        size_t together, in_parts, one_by_one, different = 0;
        ask_siblings(table, kinds[k], SIBLINGS, all, &together);
        ask_siblings(table, kinds[k], 5, parts, &in_parts);
        ask_siblings(table, kinds[k], 1, alone, &one_by_one);
        assert_true(together == 1 && in_parts >= 5 && one_by_one == SIBLINGS);
        for (size_t i = 0; i < SIBLINGS; i++) {
            assert_string_equal(all[i].text, parts[i].text);
            assert_string_equal(all[i].text, alone[i].text);
            assert_memory_equal(all[i].tokens, alone[i].tokens, all[i].n_tokens * sizeof(ps_token));
            different += strcmp(all[i].text, all[0].text) != 0;
        }
        assert_true(different > 2);
        free(all);
        free(parts);
        free(alone);
    }
    small_model_free(table);
}

/* ---- Numbers ------------------------------------------------------------- */

/* log p is the table's; log q that of what was drawn from, exact where top_k says how many there are. */
static void numbers_are_those_of_the_model(void **state) {
    (void)state;
    static const model_kind kinds[] = {MODEL_VLLM, MODEL_LLAMA_SERVER};
    small_model *table = small_model_table();
    double logp[512];
    for (size_t k = 0; k < 2; k++) {
        model_server server = {0};
        model_server_start(&server, table, kinds[k]);
        ps_engine *engine = engine_over(&server);
        ps_generation g = by_lines();
        g.temperature = 0.7;
        g.top_k = 5;
        g.logq = true;
        const ps_node root = root_of(engine, "which?");
        size_t different = 0;
        for (uint64_t id = 0; id < 20; id++) {
            const step_told step = one_step(engine, root, &g, id);
            assert_int_equal(step.status, PS_OK);
            assert_true(step.bound < 1e-9);
            table->next(table, (const ps_token[]){'?' + 9}, 1, logp);
            assert_true(fabs(step.logp[0] - logp[step.tokens[0]]) < 1e-9);
            const double other = logp[step.tokens[0] == 0 ? 1 : 0], q = logp[step.tokens[0]];
            const double mass = exp(q / 0.7) + exp(other / 0.7);
            assert_true(fabs(step.logq[0] - (q / 0.7 - log(mass))) < 1e-9);
            different += step.logq[0] != step.logp[0];
            ps_engine_release(engine, step.child);
        }
        assert_true(different > 10);
        ps_engine_free(engine);
        model_server_stop(&server);
    }
    small_model_free(table);
}

/* A server that tells log q has no log p, and what needs it is refused by who asks (persamp/engine.h). */
static void processed_log_probabilities_are_log_q(void **state) {
    (void)state;
    small_model *table = small_model_table();
    model_server server = {.processed = true};
    model_server_start(&server, table, MODEL_VLLM);
    ps_engine *engine = engine_over(&server);
    ps_engine_info info;
    ps_engine_get_info(engine, &info);
    assert_int_equal(info.can & (PS_ENGINE_LOGP | PS_ENGINE_LOGQ | PS_ENGINE_LOGQ_BOUNDED), PS_ENGINE_LOGQ);
    ps_generation g = by_lines();
    g.top_k = 1;
    const step_told step = one_step(engine, root_of(engine, "which?"), &g, 1);
    assert_int_equal(step.status, PS_OK);
    assert_true(step.logq[0] == 0);
    ps_engine_free(engine);
    model_server_stop(&server);
    small_model_free(table);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_tokens_are_the_same_steps_at_vllm),
        cmocka_unit_test(the_same_tokens_are_the_same_steps_at_llama_server),
        cmocka_unit_test(the_same_text_is_the_same_steps_at_a_plain_server),
        cmocka_unit_test(a_chat_endpoint_answers_whole),
        cmocka_unit_test(siblings_draw_the_same_together_in_parts_and_alone),
        cmocka_unit_test(numbers_are_those_of_the_model),
        cmocka_unit_test(processed_log_probabilities_are_log_q),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
