/* Model files that are not fit to be loaded: each a clear error, none an abort. Made from the shipped model. */
#include "engine/llama/model_copy.h"

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
        cmocka_unit_test(the_chat_template_of_qwen_math),
        cmocka_unit_test(unknown_chat_templates),
        cmocka_unit_test(one_beginning_of_sequence),
        cmocka_unit_test(nan_weights_fail_requests),
    };
    return cmocka_run_group_tests(tests, NULL, clean_up);
}
