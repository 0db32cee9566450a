/* Reward models on libllama, with the shipped files: kind `token` against an independent forward pass, kind `head`
 * against kind `token`, one step at a time against all at once, and a cache that is always too small. */
#include "persamp/engine_llama.h"
#include "reward/prm_support.h"
#include "reward/tiny_gguf.h"

#include <jansson.h>
#include <math.h>

#define MODEL PS_SOURCE_DATADIR "/models/prm.gguf"
#define HEAD  PS_SOURCE_DATADIR "/models/prm_head.gguf"

static ps_engine *load(bool embeddings, int cells) {
    ps_engine *engine = NULL;
    const ps_llama_options options = {.model_path = MODEL,
                                      .n_ctx = 256,
                                      .contexts = 1,
                                      .threads = 1,
                                      .cells = cells,
                                      .flash_attn = 0,
                                      .gpu_layers = 0,
                                      .embeddings = embeddings};
    assert_ok(ps_engine_llama_create(&options, &engine, err));
    return engine;
}

static ps_prm *make(bool head, int cells) {
    ps_prm *prm = NULL;
    const ps_prm_options options = {.head_path = head ? HEAD : NULL};
    assert_ok(ps_prm_create(load(head, cells), MODEL, &options, &prm, err));
    return prm;
}

static json_t *fixture(void) {
    json_error_t error;
    json_t *rows = json_load_file(PS_TEST_DIR "/fixtures/prm_probs.json", 0, &error);
    if (rows == NULL) fail_msg("%s", error.text);
    return rows;
}

enum { MOST_STEPS = 64 };

/* Probabilities of a row's steps, scored one after the other. */
static size_t score_row(ps_prm *prm, const json_t *row, double *probability) {
    const json_t *steps = json_object_get(row, "steps");
    const size_t n = json_array_size(steps);
    ps_prm_node node = 0;
    assert_in_range(n, 1, MOST_STEPS);
    assert_ok(ps_prm_root(prm, json_string_value(json_object_get(row, "question")), &node, err));
    for (size_t i = 0; i < n; i++) {
        char line[1024];
        snprintf(line, sizeof line, "%s\n", json_string_value(json_array_get(steps, i)));
        const ps_prm_event event = score_step(prm, node, line);
        assert_int_equal(event.status, PS_OK);
        ps_prm_release(prm, node);
        node = event.node;
        probability[i] = event.step;
    }
    ps_prm_release(prm, node);
    return n;
}

/* numpy float32 over the same file. Ours keeps keys and values in float16 and adds up in another order: measured .0007
 * at most, allowed .01. */
static void token_probabilities_match_numpy(void **state) {
    (void)state;
    ps_prm *prm = make(false, 0);
    json_t *rows = fixture();
    double worst = 0;
    for (size_t r = 0; r < json_array_size(rows); r++) {
        const json_t *row = json_array_get(rows, r), *expected = json_object_get(row, "probs");
        double p[MOST_STEPS];
        const size_t n = score_row(prm, row, p);
        for (size_t i = 0; i < n; i++)
            worst = fmax(worst, fabs(p[i] - json_number_value(json_array_get(expected, i))));
    }
    print_message("kind token against numpy: largest difference %.2g\n", worst);
    assert_true(worst < 0.01);
    json_decref(rows);
    ps_prm_free(prm);
}

/* The head file holds the rows of the two choices: the same computation by another way. */
static void a_head_matches_the_token_it_was_made_from(void **state) {
    (void)state;
    ps_prm *token = make(false, 0), *head = make(true, 0);
    json_t *rows = fixture();
    double worst = 0;
    for (size_t r = 0; r < json_array_size(rows); r++) {
        double p[MOST_STEPS], q[MOST_STEPS];
        const size_t n = score_row(token, json_array_get(rows, r), p);
        assert_int_equal(score_row(head, json_array_get(rows, r), q), n);
        for (size_t i = 0; i < n; i++)
            worst = fmax(worst, fabs(p[i] - q[i]));
    }
    print_message("kind head against kind token: largest difference %.2g\n", worst);
    assert_true(worst < 1e-4);
    json_decref(rows);
    ps_prm_free(token);
    ps_prm_free(head);
}

/* All rows' steps at the same depth together, as particles do, in a cache that holds them or one that cannot: as one by
 * one up to the rounding of other batch shapes (docs/engine: .02 after recomputation). */
static double together(ps_prm *prm, const json_t *rows, double (*expected)[MOST_STEPS]) {
    const size_t n_rows = json_array_size(rows);
    ps_prm_node node[64] = {0};
    double worst = 0;
    assert_in_range(n_rows, 1, 64);
    for (size_t r = 0; r < n_rows; r++)
        assert_ok(
            ps_prm_root(prm, json_string_value(json_object_get(json_array_get(rows, r), "question")), &node[r], err));
    for (size_t depth = 0, under_way = 1; under_way > 0; depth++) {
        under_way = 0;
        for (size_t r = 0; r < n_rows; r++) {
            const json_t *step = json_array_get(json_object_get(json_array_get(rows, r), "steps"), depth);
            if (step == NULL) continue;
            const char *text = json_string_value(step);
            assert_ok(ps_prm_submit(
                prm, &(ps_prm_request){.parent = node[r], .text = text, .length = strlen(text), .tag = r}, err));
            under_way++;
        }
        for (size_t done = 0; done < under_way;) {
            const ps_prm_event *events;
            size_t n;
            assert_ok(ps_prm_poll(prm, INFINITY, &events, &n, err));
            for (size_t i = 0; i < n; i++, done++) {
                const size_t r = events[i].tag;
                assert_int_equal(events[i].status, PS_OK);
                worst = fmax(worst, fabs(events[i].step - expected[r][depth]));
                ps_prm_release(prm, node[r]);
                node[r] = events[i].node;
            }
        }
    }
    for (size_t r = 0; r < n_rows; r++)
        ps_prm_release(prm, node[r]);
    return worst;
}

static void together_is_as_one_by_one(void **state) {
    (void)state;
    static double expected[64][MOST_STEPS];
    json_t *rows = fixture();
    ps_prm *prm = make(false, 0);
    for (size_t r = 0; r < json_array_size(rows); r++)
        score_row(prm, json_array_get(rows, r), expected[r]);
    const double roomy = together(prm, rows, expected);
    ps_engine_stats stats;
    ps_prm_free(prm);
    prm = make(false, 256);
    const double tight = together(prm, rows, expected);
    ps_prm_get_stats(prm, &stats);
    print_message("together against one by one: %.2g; with %llu evictions: %.2g\n", roomy,
                  (unsigned long long)stats.evictions, tight);
    assert_true(stats.evictions > 0);
    assert_true(roomy < 0.02);
    assert_true(tight < 0.02);
    json_decref(rows);
    ps_prm_free(prm);
}

/* Only the new step and its tag are computed; the prompt once. */
static void a_step_costs_its_own_tokens(void **state) {
    (void)state;
    ps_prm *prm = make(false, 0);
    ps_prm_node root = 0;
    assert_ok(ps_prm_root(prm, "Compute $3+4$.", &root, err));
    const ps_prm_event a = score_step(prm, root, "3+4=7\n"), b = score_step(prm, a.node, "3+4=7\n");
    const ps_prm_event again = score_step(prm, root, "3+4=7\n");
    assert_int_equal(b.tokens, 6); /* each character, and the tag */
    assert_int_equal(again.tokens, 6);
    assert_true(a.tokens > 6);
    check_near(again.step, a.step, 0.01);
    ps_prm_free(prm);
}

/* The tag written out in a step stays text: more tokens than one. */
static void a_tag_cannot_be_forged(void **state) {
    (void)state;
    ps_prm *prm = make(false, 0);
    ps_prm_node root = 0;
    assert_ok(ps_prm_root(prm, "Compute $3+4$.", &root, err));
    score_step(prm, root, "3+4=7");
    assert_int_equal(score_step(prm, root, "3+4=7").tokens, 5 + 1);
    assert_in_range(score_step(prm, root, "3+4=7<|step|>").tokens, 5 + 5 + 1, 5 + 8 + 1);
    ps_prm_free(prm);
}

static void wrong_models_are_refused(void **state) {
    (void)state;
    static const float w[] = {1, 0, 0, 0, 1, 0};
    const tiny_tensor tensors[] = {{"head.0.weight", {3, 2}, w}};
    ps_error error = {0};
    ps_prm *prm = NULL;
    ps_engine *engine = load(true, 0);
    ps_prm_options options = {.step_tag = "<extra_0>"};
    assert_int_equal(ps_prm_create(engine, MODEL, &options, &prm, &error), PS_FORMAT);
    assert_non_null(strstr(error.message, "<extra_0>"));
    write_gguf("narrow.gguf", tensors, 1, NULL, 0);
    options = (ps_prm_options){.head_path = "narrow.gguf"};
    assert_int_equal(ps_prm_create(engine, MODEL, &options, &prm, &error), PS_FORMAT);
    assert_non_null(strstr(error.message, "3 numbers"));
    assert_int_equal(remove("narrow.gguf"), 0);
    ps_engine_free(engine);
    /* The reasoner is no reward model: its metadata name no tag. */
    engine = NULL;
    const char *reasoner = PS_SOURCE_DATADIR "/models/reasoner.gguf";
    assert_ok(ps_engine_llama_create(
        &(ps_llama_options){.model_path = reasoner, .n_ctx = 256, .contexts = 1, .threads = 1}, &engine, err));
    assert_int_equal(ps_prm_create(engine, reasoner, &(ps_prm_options){0}, &prm, &error), PS_FORMAT);
    assert_non_null(strstr(error.message, "no step tag"));
    /* Without hidden states, no head. */
    assert_int_equal(ps_prm_create(engine, MODEL, &(ps_prm_options){.head_path = HEAD}, &prm, &error), PS_FORMAT);
    ps_engine_free(engine);
}

/* ---- Kind `judge` -------------------------------------------------------- */

static const char judge_prompt[] = "{question} So far: {steps} Right, 1 or 2?";

static void append(ps_engine *engine, const char *text, size_t length, bool special, ps_token *all, size_t *n) {
    ps_token *tokens = NULL;
    size_t count = 0;
    if (length > 0) assert_ok(ps_engine_tokenize(engine, text, length, special, &tokens, &count, err));
    assert_true(*n + count <= 512);
    if (count > 0) memcpy(all + *n, tokens, count * sizeof *tokens);
    *n += count;
    ps_free(tokens);
}

/* p("1") against p("2") behind the first n steps, read in one pass from an empty tree. */
static double plain_pass(ps_engine *engine, const json_t *row, size_t n_steps) {
    char *text = NULL;
    ps_token tokens[512];
    size_t n = 0;
    const char *question = json_string_value(json_object_get(row, "question"));
    const ps_chat_message message = {"user", judge_prompt};
    assert_ok(ps_engine_render_chat(engine, &message, 1, &text, err));
    const char *first = strstr(text, "{question}"), *second = strstr(text, "{steps}");
    append(engine, text, (size_t)(first - text), true, tokens, &n);
    append(engine, question, strlen(question), false, tokens, &n);
    append(engine, first + 10, (size_t)(second - first - 10), true, tokens, &n);
    const size_t root_tokens = n;
    for (size_t i = 0; i < n_steps; i++) {
        char line[1024];
        snprintf(line, sizeof line, "%s\n", json_string_value(json_array_get(json_object_get(row, "steps"), i)));
        append(engine, line, strlen(line), false, tokens, &n);
    }
    append(engine, second + 7, strlen(second + 7), true, tokens, &n);
    ps_token choices[2];
    size_t k = 0;
    append(engine, "1", 1, true, choices, &k);
    append(engine, "2", 1, true, choices, &k);
    ps_node root = 0;
    const ps_event *events;
    size_t got = 0;
    const uint32_t mark = (uint32_t)(n - root_tokens - 1);
    assert_ok(ps_engine_root(engine, tokens, root_tokens, &root, err));
    assert_ok(ps_engine_evaluate(engine,
                                 &(ps_evaluate_request){.node = root,
                                                        .tokens = tokens + root_tokens,
                                                        .n_tokens = n - root_tokens,
                                                        .marks = &mark,
                                                        .n_marks = 1,
                                                        .choices = choices,
                                                        .n_choices = 2},
                                 err));
    while (got == 0)
        assert_ok(ps_engine_poll(engine, INFINITY, &events, &got, err));
    assert_int_equal(events[0].status, PS_OK);
    const double p = 1 / (1 + exp(events[0].choice_logp[1] - events[0].choice_logp[0]));
    ps_engine_release(engine, events[0].child);
    ps_engine_release(engine, root);
    ps_free(text);
    return p;
}

/* Step by step, with what was asked let go of between, also in a cache that is far too small: within the rounding of
 * other batch shapes. */
static void a_judge_reads_what_a_plain_pass_reads(void **state) {
    (void)state;
    json_t *rows = fixture();
    ps_engine *engine = load(false, 0);
    double worst = 0;
    for (int small = 0; small < 2; small++) {
        ps_prm *prm = NULL;
        const ps_prm_options options = {.judge = true, .judge_prompt = judge_prompt, .positive = "1", .negative = "2"};
        assert_ok(ps_prm_create(load(false, small ? 256 : 0), MODEL, &options, &prm, err));
        for (size_t r = 0; r < 3; r++) {
            double p[MOST_STEPS];
            const size_t n = score_row(prm, json_array_get(rows, r), p);
            for (size_t i = 0; i < n; i++) {
                assert_true(p[i] > 0 && p[i] < 1);
                worst = fmax(worst, fabs(p[i] - plain_pass(engine, json_array_get(rows, r), i + 1)));
            }
        }
        ps_prm_free(prm);
    }
    print_message("kind judge against a plain pass: largest difference %.2g\n", worst);
    assert_true(worst < 0.02);
    ps_engine_free(engine);
    json_decref(rows);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_judge_reads_what_a_plain_pass_reads),
        cmocka_unit_test(token_probabilities_match_numpy),
        cmocka_unit_test(a_head_matches_the_token_it_was_made_from),
        cmocka_unit_test(together_is_as_one_by_one),
        cmocka_unit_test(a_step_costs_its_own_tokens),
        cmocka_unit_test(a_tag_cannot_be_forged),
        cmocka_unit_test(wrong_models_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
