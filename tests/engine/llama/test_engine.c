/* The engine on libllama through its seam: what a caller sees. */
#include "engine/llama/support.h"

static void an_engine_tells_the_facts_of_its_model(void **state) {
    (void)state;
    ps_llama_options options = usual();
    options.n_ctx = 100000; /* more than the model was trained on */
    ps_engine *engine = open_engine(options);
    ps_engine_info info;
    ps_engine_get_info(engine, &info);
    assert_string_equal(info.engine, "llama");
    assert_string_equal(info.model, MODEL);
    assert_int_equal(info.context, 1024);
    assert_int_equal(info.hidden_size, 0); /* not asked for */
    const unsigned always = PS_ENGINE_LOGP | PS_ENGINE_LOGQ | PS_ENGINE_ENTROPY | PS_ENGINE_TOKENS |
                            PS_ENGINE_EVALUATE | PS_ENGINE_SEEDS | PS_ENGINE_CERTAINTY | PS_ENGINE_CONFIDENCE |
                            PS_ENGINE_RAMP;
    assert_int_equal(info.can, always);
    ps_llama_options more = usual();
    more.deterministic = more.embeddings = true;
    ps_engine *other = open_engine(more);
    ps_engine_get_info(other, &info);
    assert_int_equal(info.can, always | PS_ENGINE_HIDDEN | PS_ENGINE_STEP_HIDDEN | PS_ENGINE_DETERMINISTIC);
    assert_true(info.hidden_size > 0);
    ps_engine_free(other);
    ps_engine_get_info(engine, &info);
    assert_true(info.parameters > 1000000 && info.vocabulary > 100);
    assert_true(ps_engine_in_flight(engine, 1) >= 1 && ps_engine_in_flight(engine, 1000) >= 1);
    assert_non_null(strstr(info.description, "1 context of 1 thread"));
    assert_null(strchr(info.description, '?')); /* libllama has no name for a small model's size */
    ps_engine_free(engine);
    ps_engine_free(NULL);
}

static void the_chat_template_of_the_model(void **state) {
    (void)state;
    ps_engine *engine = open_engine(usual());
    const ps_chat_message messages[] = {{"system", "Think."}, {"user", "What is 2+2?"}};
    char *text = NULL;
    assert_ok(ps_engine_render_chat(engine, messages, 2, &text, err));
    assert_string_equal(text, "<|im_start|>system\nThink.<|im_end|>\n<|im_start|>user\nWhat is 2+2?<|im_end|>\n"
                              "<|im_start|>assistant\n");
    ps_free(text);
    ps_engine_free(engine);
}

/* A whole greedy answer, step by step: texts end at their boundaries, the last with the model's end of sequence. */
static void a_greedy_answer(void **state) {
    (void)state;
    ps_engine *engine = open_engine(usual());
    ps_generation g = lines();
    g.temperature = 0;
    ps_node node = root_of(engine, questions[1]);
    char answer[1000] = "";
    ps_event e = {0};
    for (int step = 0; step < 30; step++) {
        extend(engine, node, &g, key_of(0, 0, step), 7);
        e = next_event(engine);
        assert_int_equal(e.tag, 7);
        assert_true(e.n_tokens > 0);
        assert_int_equal(strlen(e.text), e.text_length);
        for (size_t i = 0; i < e.n_tokens; i++)
            assert_true(e.logq[i] == 0 && e.logp[i] <= 0 && e.logp[i] > -3 && e.entropy[i] >= 0);
        strncat(answer, e.text, sizeof answer - strlen(answer) - 1);
        ps_engine_release(engine, node);
        node = e.child;
        if (e.reason != PS_STOP_STEP) break;
        assert_int_equal(e.text[e.text_length - 1], '\n');
    }
    assert_int_equal(e.reason, PS_STOP_EOS);
    assert_null(strstr(answer, "<|im_end|>"));
    assert_non_null(strstr(answer, "\\boxed{"));
    ps_engine_release(engine, node);
    ps_engine_free(engine);
}

/* Siblings differ, the same key gives the same child, and q is the truncated, tempered distribution. */
static void keys_and_proposals(void **state) {
    (void)state;
    ps_engine *engine = open_engine(usual());
    ps_generation g = lines();
    g.temperature = 20; /* nearly uniform over three: 1 in 81 that siblings agree, and the seed is fixed */
    g.top_k = 3;
    g.boundary = PS_BOUNDARY_FIXED;
    g.fixed_tokens = 4;
    const ps_node root = root_of(engine, questions[3]);
    ps_token tokens[3][4];
    for (size_t i = 0; i < 3; i++) {
        extend(engine, root, &g, key_of(0, i % 2, 0), i);
        const ps_event e = next_event(engine);
        assert_true(e.n_tokens > 0 && e.n_tokens <= 4);
        for (size_t k = 0; k < e.n_tokens; k++)
            assert_true(e.logq[k] <= 0 && e.logq[k] >= -20);
        memset(tokens[i], 0, sizeof tokens[i]);
        memcpy(tokens[i], e.tokens, e.n_tokens * sizeof(ps_token));
        ps_engine_release(engine, e.child);
    }
    assert_memory_equal(tokens[0], tokens[2], sizeof tokens[0]);
    assert_memory_not_equal(tokens[0], tokens[1], sizeof tokens[0]);
    ps_engine_release(engine, root);
    ps_engine_free(engine);
}

static void a_stop_string_is_cut(void **state) {
    (void)state;
    ps_engine *engine = open_engine(usual());
    static const char *const stops[] = {"boxed"};
    ps_generation g = lines();
    g.temperature = 0;
    g.stops = stops;
    g.n_stops = 1;
    g.boundary = PS_BOUNDARY_FIXED; /* steps of two tokens: the string is found whatever cuts it */
    g.fixed_tokens = 2;
    g.max_tokens = 2;
    ps_node node = root_of(engine, questions[1]);
    ps_event e = {0};
    for (int step = 0; step < 100; step++) {
        extend(engine, node, &g, key_of(0, 0, step), 0);
        e = next_event(engine);
        ps_engine_release(engine, node);
        node = e.child;
        assert_null(strstr(e.text, "boxed"));
        if (e.reason != PS_STOP_STEP) break;
    }
    assert_int_equal(e.reason, PS_STOP_STRING);
    assert_true(e.n_tokens > 0); /* the tokens of the stop string stay */
    ps_engine_release(engine, node);
    ps_engine_free(engine);
}

/* ---- Evaluation ---------------------------------------------------------- */

static ps_event evaluate(ps_engine *engine, ps_node node, const ps_token *tokens, size_t n, bool hidden) {
    static const ps_token choices[] = {60, 61, 62};
    const uint32_t last = (uint32_t)n - 1;
    const ps_evaluate_request request = {.node = node,
                                         .tokens = tokens,
                                         .n_tokens = n,
                                         .marks = &last,
                                         .n_marks = 1,
                                         .choices = choices,
                                         .n_choices = 3,
                                         .hidden = hidden,
                                         .tag = 9};
    assert_ok(ps_engine_evaluate(engine, &request, err));
    const ps_event e = next_event(engine);
    if (e.reason == PS_STOP_ERROR) fail_msg("%s", e.message);
    assert_int_equal(e.reason, PS_STOP_STEP);
    assert_int_equal(e.tag, 9);
    return e;
}

/* In two parts as in one, and only what is new is computed. */
static void evaluation_is_incremental(void **state) {
    (void)state;
    ps_llama_options options = usual();
    options.embeddings = true;
    ps_engine *engine = open_engine(options);
    ps_engine_info info;
    ps_engine_get_info(engine, &info);
    const ps_node root = root_of(engine, questions[0]);
    size_t n;
    ps_token *tokens = prompt_of(engine, questions[4], &n);
    assert_true(n > 20);
    const ps_event part = evaluate(engine, root, tokens, 10, true);
    const ps_node first = part.child;
    const ps_event rest = evaluate(engine, first, tokens + 10, n - 10, true);
    assert_int_equal(rest.prefilled, n - 10);
    double logp[3], norm = 0;
    float *hidden = calloc(info.hidden_size, sizeof *hidden);
    memcpy(logp, rest.choice_logp, sizeof logp);
    memcpy(hidden, rest.hidden, info.hidden_size * sizeof *hidden);
    ps_engine_release(engine, rest.child);
    const ps_event whole = evaluate(engine, root, tokens, n, true);
    assert_int_equal(whole.prefilled, n); /* the root is there */
    for (size_t i = 0; i < 3; i++)
        assert_true(fabs(whole.choice_logp[i] - logp[i]) < 0.02 * fmax(1, -logp[i]));
    for (size_t i = 0; i < info.hidden_size; i++) {
        norm += (double)hidden[i] * hidden[i];
        assert_true(fabs(whole.hidden[i] - hidden[i]) < 0.1);
    }
    assert_true(norm > 1);
    /* The evaluated node can be extended like any other. */
    const ps_generation g = lines();
    extend(engine, whole.child, &g, key_of(0, 0, 0), 1);
    const ps_node child = whole.child;
    const ps_event e = next_event(engine);
    assert_true(e.n_tokens > 0);
    ps_engine_release(engine, e.child);
    ps_engine_release(engine, child);
    ps_engine_release(engine, first);
    ps_engine_release(engine, root);
    ps_free(tokens);
    free(hidden);
    ps_engine_free(engine);
}

/* ---- Errors -------------------------------------------------------------- */

static void wrong_arguments_are_refused(void **state) {
    (void)state;
    ps_engine *engine = open_engine(usual());
    ps_error error;
    ps_node node = 0;
    const ps_token bad[] = {5, 1 << 30};
    assert_int_equal(ps_engine_root(engine, bad, 2, &node, &error), PS_ARG);
    assert_int_equal(ps_engine_root(engine, bad, 0, &node, &error), PS_ARG);
    node = root_of(engine, questions[0]);
    ps_generation g = lines();
    ps_extend_request request = {.node = node + 1, .generation = &g};
    assert_int_equal(ps_engine_extend(engine, &request, &error), PS_ARG);
    request.node = node;
    g.temperature = NAN;
    assert_int_equal(ps_engine_extend(engine, &request, &error), PS_ARG);
    g = lines();
    g.top_p = 0;
    assert_int_equal(ps_engine_extend(engine, &request, &error), PS_ARG);
    ps_evaluate_request e = {.node = node, .tokens = bad, .n_tokens = 1, .hidden = true};
    assert_int_equal(ps_engine_evaluate(engine, &e, &error), PS_ARG);
    assert_non_null(strstr(error.message, "embeddings"));
    const uint32_t beyond = 1;
    e = (ps_evaluate_request){.node = node, .tokens = bad, .n_tokens = 1, .marks = &beyond, .n_marks = 1};
    assert_int_equal(ps_engine_evaluate(engine, &e, &error), PS_ARG);
    /* Too much to evaluate comes as an event. */
    ps_token *many = calloc(1000, sizeof *many);
    e = (ps_evaluate_request){.node = node, .tokens = many, .n_tokens = 1000};
    assert_ok(ps_engine_evaluate(engine, &e, err));
    const ps_event event = next_event(engine);
    assert_int_equal(event.reason, PS_STOP_ERROR);
    assert_int_equal(event.status, PS_BUDGET);
    free(many);
    ps_engine_release(engine, node);
    ps_engine_release(engine, node); /* once too often: no harm */
    const ps_event *events = NULL;
    size_t n = 1;
    assert_ok(ps_engine_poll(engine, INFINITY, &events, &n, err)); /* nothing is under way: does not wait */
    assert_int_equal(n, 0);
    ps_engine_free(engine);
}

static void options_out_of_range(void **state) {
    (void)state;
    ps_engine *engine = NULL;
    ps_error error;
    ps_llama_options options = usual();
    options.kv_type = "q3_x";
    assert_int_equal(ps_engine_llama_create(&options, &engine, &error), PS_ARG);
    assert_non_null(strstr(error.message, "q8_0"));
    options = usual();
    options.contexts = -1;
    assert_int_equal(ps_engine_llama_create(&options, &engine, &error), PS_ARG);
    assert_null(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_engine_tells_the_facts_of_its_model),
        cmocka_unit_test(the_chat_template_of_the_model),
        cmocka_unit_test(a_greedy_answer),
        cmocka_unit_test(keys_and_proposals),
        cmocka_unit_test(a_stop_string_is_cut),
        cmocka_unit_test(evaluation_is_incremental),
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(options_out_of_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
