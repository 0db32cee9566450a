/* Model files that are not fit to be loaded: each a clear error, none an abort. Made from the shipped model. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem NOLINT(bugprone-reserved-identifier) */
#endif
#include "engine/llama/model_copy.h"
#include "support/failing_allocator.h"

#include <sys/stat.h>

#define BAD PS_TEST_TMP "/bad.gguf"

static void expect_error(ps_status status, const char *word) {
    ps_llama_options options = usual();
    ps_engine *engine = NULL;
    ps_error error = {0};
    options.model_path = BAD;
    assert_int_equal(ps_engine_llama_create(&options, &engine, &error), status);
    assert_null(engine);
    if (strstr(error.message, word) == NULL) fail_msg("\"%s\" does not say \"%s\"", error.message, word);
    assert_non_null(strstr(error.message, "bad.gguf"));
}

/* ---- Damaged bytes ------------------------------------------------------- */

static char *bytes_of(const char *path, size_t *n) {
    char *data = NULL;
    assert_ok(ps_read_file(path, 1 << 28, &data, n, err));
    return data;
}

static void write_bytes(const char *data, size_t n) {
    FILE *file = fopen(BAD, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, n, file), n);
    fclose(file);
}

static void missing_and_foreign_files_are_refused(void **state) {
    (void)state;
    remove(BAD);
    expect_error(PS_IO, "cannot open");
    write_bytes("", 0);
    expect_error(PS_FORMAT, "not a GGUF file");
    write_bytes("{\"model\": 1}", 12);
    expect_error(PS_FORMAT, "not a GGUF file");
    ps_llama_options options = usual();
    ps_engine *engine = NULL;
    ps_error error;
    options.model_path = PS_TEST_TMP;
    assert_int_equal(ps_engine_llama_create(&options, &engine, &error), PS_IO);
    assert_non_null(strstr(error.message, "folder"));
    options.model_path = NULL;
    assert_int_equal(ps_engine_llama_create(&options, &engine, &error), PS_ARG);
}

static void truncated_files_are_refused(void **state) {
    (void)state;
    size_t n;
    char *data = bytes_of(MODEL, &n);
    static const double shares[] = {0.99999, 0.9, 0.5, 0.01, 0.001};
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        write_bytes(data, (size_t)((double)n * shares[i]));
        expect_error(PS_FORMAT, "truncated");
    }
    write_bytes(data, 12);
    expect_error(PS_FORMAT, "damaged");
    ps_free(data);
}

/* Bits flipped in the header: refused or loaded, as it happens, but no crash. False alarms: none possible. */
static void flipped_bits_in_the_header_are_survived(void **state) {
    (void)state;
    enum { HEADER = 2000, TRIES = 60 };
    size_t n;
    char *data = bytes_of(MODEL, &n);
    for (uint64_t i = 0; i < TRIES; i++) {
        const ps_rng_key k = {.seed = 3, .purpose = PS_RNG_TEST};
        const size_t at = 4 + (size_t)(ps_uniform(k, 2 * i) * HEADER);
        const char bit = (char)(1 << (int)(8 * ps_uniform(k, 2 * i + 1)));
        data[at] ^= bit;
        write_bytes(data, n);
        ps_llama_options options = usual();
        ps_engine *engine = NULL;
        ps_error error;
        options.model_path = BAD;
        ps_status status = ps_engine_llama_create(&options, &engine, &error);
        assert_true(status == PS_OK || status == PS_FORMAT || status == PS_ENGINE);
        ps_engine_free(engine);
        data[at] ^= bit;
    }
    ps_free(data);
}

/* ---- Changed contents ---------------------------------------------------- */

static void write_model(copy c) {
    write_copy(c, BAD);
}

static void no_layers_no_tokenizer(void **state) {
    (void)state;
    copy c = read_model();
    gguf_set_val_u32(c.gguf, "qwen2.block_count", 0);
    write_model(c);
    expect_error(PS_FORMAT, "block_count");
    c = read_model();
    gguf_set_val_u32(c.gguf, "qwen2.attention.head_count", 0);
    write_model(c);
    expect_error(PS_FORMAT, "head_count");
    c = read_model();
    gguf_remove_key(c.gguf, "tokenizer.ggml.tokens");
    write_model(c);
    expect_error(PS_FORMAT, "no tokenizer");
    c = read_model();
    gguf_set_val_str(c.gguf, "tokenizer.ggml.model", "no_vocab");
    write_model(c);
    expect_error(PS_FORMAT, "no tokenizer");
    c = read_model();
    gguf_remove_key(c.gguf, "general.architecture");
    write_model(c);
    expect_error(PS_FORMAT, "architecture");
    c = read_model();
    gguf_set_val_str(c.gguf, "general.architecture", "unheard_of");
    write_model(c);
    expect_error(PS_ENGINE, "unheard_of");
    c = read_model();
    gguf_set_val_u32(c.gguf, "qwen2.block_count", 9); /* more layers than there are tensors of */
    write_model(c);
    expect_error(PS_ENGINE, "cannot load");
}

/* ---- What would end the process inside libllama -------------------------- */

/* The shipped model with another type for a tensor. Its data are of that type's size, or ggml would see it at once. */
static void write_with_type(const char *name, enum ggml_type type) {
    copy c = read_model();
    struct ggml_tensor *tensor = ggml_get_tensor(c.tensors, name);
    assert_non_null(tensor);
    void *data = calloc((size_t)ggml_nelements(tensor), 8);
    assert_non_null(data);
    gguf_set_tensor_type(c.gguf, name, type);
    gguf_set_tensor_data(c.gguf, name, data);
    write_model(c);
    free(data);
}

/* Each died of a signal: 11 in a matrix product, 6 in a norm, a bias or the embedding. */
static void weights_that_are_no_fractions_are_refused(void **state) {
    (void)state;
    static const enum ggml_type types[] = {GGML_TYPE_I8, GGML_TYPE_I16, GGML_TYPE_I32, GGML_TYPE_I64, GGML_TYPE_F64};
    static const char *const names[] = {"blk.0.attn_q.weight", "blk.0.attn_norm.weight", "blk.0.attn_q.bias",
                                        "token_embd.weight"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
            write_with_type(names[k], types[i]);
            expect_error(PS_FORMAT, names[k]);
            expect_error(PS_FORMAT, "expected F32");
        }
}

/* What ggml held when its assertion failed is lost, as guard.h says: it is not ours to free. (Asked by LeakSanitizer,
 * where a test is built with it.) */
#define EXPORTED __attribute__((visibility("default"))) /* to a sanitizer that is a shared library */
EXPORTED const char *__lsan_default_suppressions(void); // NOLINT(bugprone-reserved-identifier)
const char *__lsan_default_suppressions(void) {         // NOLINT(bugprone-reserved-identifier)
    return "leak:libggml-base";
}

/* What only an assertion of ggml's finds: caught, and the process goes on. */
static void assertions_become_errors(void **state) {
    (void)state;
    write_with_type("blk.0.attn_norm.weight", GGML_TYPE_Q8_0); /* norms are of floating point */
    expect_error(PS_ENGINE, "cannot compute with");
    copy c = read_model();
    gguf_set_val_u32(c.gguf, "qwen2.rope.dimension_count", 7);
    write_model(c);
    expect_error(PS_ENGINE, "GGML_ASSERT");
    c = read_model();
    gguf_set_val_str(c.gguf, "qwen2.rope.scaling.type", "of my own");
    write_model(c);
    expect_error(PS_ENGINE, "GGML_ASSERT");
}

static void numbers_that_libllama_would_compute_with_are_refused(void **state) {
    (void)state;
    static const float bad[] = {0, -1, NAN, INFINITY};
    static const char *const fractions[] = {"qwen2.attention.layer_norm_rms_epsilon", "qwen2.rope.freq_base"};
    static const struct {
        const char *key;
        uint32_t value;
    } numbers[] = {{"qwen2.rope.dimension_count", 0},          {"qwen2.attention.key_length", 0},
                   {"qwen2.attention.key_length", 1 << 20},    {"qwen2.attention.sliding_window", 1000000007},
                   {"qwen2.feed_forward_length", UINT32_MAX},  {"qwen2.block_count", 513},
                   {"qwen2.attention.head_count_kv", 0},       {"qwen2.context_length", 0},
                   {"qwen2.embedding_length_out", UINT32_MAX}, {"qwen2.embedding_length_out", 1}};
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
            copy c = read_model();
            gguf_set_val_f32(c.gguf, fractions[k], bad[i]);
            write_model(c);
            expect_error(PS_FORMAT, fractions[k]);
        }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        copy c = read_model();
        gguf_set_val_u32(c.gguf, numbers[i].key, numbers[i].value);
        write_model(c);
        expect_error(PS_FORMAT, numbers[i].key);
    }
}

static void tokenizers_of_the_wrong_length_or_type_are_refused(void **state) {
    (void)state;
    static const char *const keys[] = {"tokenizer.ggml.token_type", "tokenizer.ggml.scores", "tokenizer.ggml.merges"};
    const int32_t few[3] = {1, 1, 1};
    for (size_t i = 0; i < 3; i++) {
        copy c = read_model();
        gguf_set_arr_data(c.gguf, keys[i], GGUF_TYPE_INT32, few, 3);
        write_model(c);
        expect_error(PS_FORMAT, keys[i]);
        c = read_model();
        gguf_set_arr_data(c.gguf, keys[i], GGUF_TYPE_INT8, few, 3);
        write_model(c);
        expect_error(PS_FORMAT, keys[i]);
        c = read_model();
        gguf_set_val_u32(c.gguf, keys[i], 1);
        write_model(c);
        expect_error(PS_FORMAT, keys[i]);
    }
}

/* gguf's writer keeps to its own alignment, so this one is changed in the bytes: a key of the same length becomes
 * general.alignment. */
static void an_alignment_that_no_buffer_has_is_refused(void **state) {
    (void)state;
    static const char name[] = "general.xlignment";
    size_t n;
    copy c = read_model();
    gguf_set_val_u32(c.gguf, name, 1);
    write_model(c);
    char *data = bytes_of(BAD, &n);
    char *key = memmem(data, n, name, sizeof name - 1);
    assert_non_null(key);
    key[8] = 'a';
    write_bytes(data, n);
    expect_error(PS_FORMAT, "general.alignment");
    ps_free(data);
}

/* Nobody waits for whoever writes into a pipe. */
static void a_fifo_is_no_model(void **state) {
    (void)state;
    remove(BAD);
    assert_int_equal(mkfifo(BAD, 0600), 0);
    expect_error(PS_IO, "FIFO");
    remove(BAD);
}

/* A text longer than the context times the longest token is not tokenized: 100 MB took minutes. Counted, not timed: no
 * memory is asked for. */
static void a_text_that_cannot_fit_is_refused_by_its_length(void **state) {
    (void)state;
    enum { LENGTH = 100 << 20 };
    ps_engine *engine = open_engine(usual());
    char *text = malloc(LENGTH + 1);
    assert_non_null(text);
    memset(text, 'a', LENGTH);
    text[LENGTH] = '\0';
    const ps_chat_message message = {"user", text};
    const ps_prompt_part part = {.text = text, .length = LENGTH, .user = true};
    const ps_prompt prompts[] = {
        {.messages = &message, .n_messages = 1}, {.text = text}, {.parts = &part, .n_parts = 1}};
    failing_allocator counter;
    ps_error error = {0};
    ps_node node = 0;
    ps_token *tokens = NULL;
    size_t n;
    failing_install(&counter, 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(ps_engine_prompt(engine, &prompts[i], &node, &error), PS_BUDGET);
        assert_non_null(strstr(error.message, "cannot fit"));
    }
    assert_int_equal(ps_engine_tokenize(engine, text, LENGTH, false, &tokens, &n, &error), PS_BUDGET);
    assert_int_equal(counter.calls, 0);
    failing_remove();
    free(text);
    ps_engine_free(engine);
}

/* ---- Odd, but usable ----------------------------------------------------- */

static ps_engine *open_changed(void) {
    ps_llama_options options = usual();
    options.model_path = BAD;
    return open_engine(options);
}

/* The branch without tools of the template that Qwen2.5-Math files carry: Jinja that libllama knows by its marks. */
static void the_chat_template_of_qwen_math(void **state) {
    (void)state;
    static const char template[] =
        "{%- if messages[0]['role'] == 'system' %}\n"
        "    {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}\n{%- else %}\n"
        "    {{- '<|im_start|>system\\nPlease reason step by step, and put your final answer within "
        "\\\\boxed{}.<|im_end|>\\n' }}\n{%- endif %}\n{%- for message in messages %}\n"
        "    {%- if (message.role == \"user\") or (message.role == \"system\" and not loop.first) %}\n"
        "        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}\n"
        "    {%- endif %}\n{%- endfor %}\n"
        "{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\\n' }}\n{%- endif %}\n";
    const ps_chat_message messages[] = {
        {"system", "Please reason step by step, and put your final answer within \\boxed{}."}, {"user", "1+1?"}};
    char *text = NULL;
    copy c = read_model();
    gguf_set_val_str(c.gguf, "tokenizer.chat_template", template);
    write_model(c);
    ps_engine *engine = open_changed();
    assert_ok(ps_engine_render_chat(engine, messages, 2, &text, err));
    assert_string_equal(
        text, "<|im_start|>system\nPlease reason step by step, and put your final answer within \\boxed{}.<|im_end|>\n"
              "<|im_start|>user\n1+1?<|im_end|>\n<|im_start|>assistant\n");
    ps_free(text);
    ps_engine_free(engine);
}

static void unknown_chat_templates(void **state) {
    (void)state;
    const ps_chat_message message = {"user", "hello"};
    ps_error error;
    char *text = NULL;
    copy c = read_model();
    gguf_set_val_str(c.gguf, "tokenizer.chat_template", "{{ messages | my_own_filter }}");
    write_model(c);
    ps_engine *engine = open_changed();
    assert_int_equal(ps_engine_render_chat(engine, &message, 1, &text, &error), PS_ENGINE);
    assert_non_null(strstr(error.message, "prompt.template"));
    ps_engine_free(engine);
    c = read_model();
    gguf_remove_key(c.gguf, "tokenizer.chat_template");
    write_model(c);
    engine = open_changed();
    assert_int_equal(ps_engine_render_chat(engine, &message, 1, &text, &error), PS_ENGINE);
    assert_non_null(strstr(error.message, "prompt.template"));
    assert_null(text);
    ps_engine_free(engine);
}

/* A model that wants a beginning-of-sequence token gets exactly one, whether or not the prompt brings it. */
static void one_beginning_of_sequence(void **state) {
    (void)state;
    copy c = read_model();
    gguf_set_val_u32(c.gguf, "tokenizer.ggml.bos_token_id", 0);
    gguf_set_val_bool(c.gguf, "tokenizer.ggml.add_bos_token", true);
    write_model(c);
    ps_engine *engine = open_changed();
    ps_engine_stats stats;
    const ps_token without[] = {60, 61}, with[] = {0, 60, 61};
    ps_node a = 0, b = 0;
    assert_ok(ps_engine_root(engine, without, 2, &a, err));
    ps_engine_get_stats(engine, &stats);
    assert_int_equal(stats.prompt, 3);
    assert_ok(ps_engine_root(engine, with, 3, &b, err));
    ps_engine_get_stats(engine, &stats);
    assert_int_equal(stats.prompt, 6);
    ps_engine_release(engine, a);
    ps_engine_release(engine, b);
    ps_engine_free(engine);
}

/* Weights that give NaN spoil requests, not the engine. */
static void nan_weights_fail_requests(void **state) {
    (void)state;
    copy c = read_model();
    struct ggml_tensor *norm = ggml_get_tensor(c.tensors, "output_norm.weight");
    assert_non_null(norm);
    *(float *)ggml_get_data(norm) = NAN;
    write_model(c);
    ps_engine *engine = open_changed();
    const ps_generation g = lines();
    const ps_node root = root_of(engine, questions[0]);
    for (uint64_t i = 0; i < 3; i++) {
        extend(engine, root, &g, key_of(0, i, 0), i);
        const ps_event e = next_event(engine);
        assert_int_equal(e.tag, i);
        assert_int_equal(e.reason, PS_STOP_ERROR);
        assert_int_equal(e.status, PS_ENGINE);
        assert_non_null(strstr(e.message, "NaN"));
        assert_int_equal(e.child, 0);
    }
    ps_engine_release(engine, root);
    ps_engine_free(engine);
}

static int clean_up(void **state) {
    (void)state;
    remove(BAD);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_and_foreign_files_are_refused),
        cmocka_unit_test(truncated_files_are_refused),
        cmocka_unit_test(flipped_bits_in_the_header_are_survived),
        cmocka_unit_test(no_layers_no_tokenizer),
        cmocka_unit_test(weights_that_are_no_fractions_are_refused),
        cmocka_unit_test(assertions_become_errors),
        cmocka_unit_test(numbers_that_libllama_would_compute_with_are_refused),
        cmocka_unit_test(tokenizers_of_the_wrong_length_or_type_are_refused),
        cmocka_unit_test(an_alignment_that_no_buffer_has_is_refused),
        cmocka_unit_test(a_fifo_is_no_model),
        cmocka_unit_test(a_text_that_cannot_fit_is_refused_by_its_length),
        cmocka_unit_test(the_chat_template_of_qwen_math),
        cmocka_unit_test(unknown_chat_templates),
        cmocka_unit_test(one_beginning_of_sequence),
        cmocka_unit_test(nan_weights_fail_requests),
    };
    return cmocka_run_group_tests(tests, NULL, clean_up);
}
