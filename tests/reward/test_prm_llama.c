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
static void token_matches_numpy(void **state) {
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
static void head_matches_token(void **state) {
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

static void together_or_one_by_one(void **state) {
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
static void costs(void **state) {
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

static void wrong_models(void **state) {
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(token_matches_numpy),    cmocka_unit_test(head_matches_token),
        cmocka_unit_test(together_or_one_by_one), cmocka_unit_test(costs),
        cmocka_unit_test(a_tag_cannot_be_forged), cmocka_unit_test(wrong_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
