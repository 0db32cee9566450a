/* Which model it is: the same wherever its file lies and however it is loaded, another one when anything of it changes;
 * models in several parts. */
#include "engine/llama/check.h"
#include "engine/llama/model_copy.h"

#include <unistd.h>

#define COPY PS_TEST_TMP "/identity.gguf"
/* What libllama calls the parts of a model. */
#define PART(i) PS_TEST_TMP "/parts-0000" #i "-of-00003.gguf"
static const char *const parts[] = {PART(1), PART(2), PART(3)};

static void identity_of(const char *path, char identity[PS_LLAMA_IDENTITY]) {
    assert_ok(ps_llama_check_file(path, identity, err));
}

static void assert_other(const char *path) {
    char shipped[PS_LLAMA_IDENTITY], other[PS_LLAMA_IDENTITY];
    identity_of(MODEL, shipped);
    identity_of(path, other);
    assert_string_not_equal(shipped, other);
}

static void the_name_and_the_options_do_not_matter(void **state) {
    (void)state;
    char *data, identity[PS_LLAMA_IDENTITY], start[32];
    size_t n;
    ps_llama_options options = usual();
    ps_engine_info info;
    assert_ok(ps_read_file(MODEL, 1 << 28, &data, &n, err));
    FILE *file = fopen(COPY, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, n, file), n);
    fclose(file);
    options.model_path = COPY;
    options.n_ctx = 300;
    options.embeddings = true;
    ps_engine *engine = open_engine(options);
    ps_engine_get_info(engine, &info);
    identity_of(MODEL, identity);
    assert_string_equal(info.identity, identity);
    snprintf(start, sizeof start, "gguf-%zu-", n);
    assert_int_equal(strncmp(identity, start, strlen(start)), 0);
    ps_engine_free(engine);
    ps_free(data);
}

static void metadata_and_weights_matter(void **state) {
    (void)state;
    copy c = read_model();
    gguf_set_val_str(c.gguf, "general.name", "another");
    write_copy(c, COPY);
    assert_other(COPY);
    c = read_model();
    *(float *)ggml_get_data(ggml_get_tensor(c.tensors, "output_norm.weight")) += 1;
    write_copy(c, COPY);
    assert_other(COPY);
}

/* ---- Several parts ------------------------------------------------------- */

static void write_parts(void) {
    static const int64_t ends[] = {0, 3, 20, INT64_MAX};
    for (uint16_t i = 0; i < 3; i++) {
        copy c = read_tensors(ends[i], ends[i + 1]);
        const struct gguf_init_params params = {.no_alloc = true};
        struct gguf_context *whole = gguf_init_from_file(MODEL, params);
        gguf_set_val_u16(c.gguf, "split.no", i);
        gguf_set_val_u16(c.gguf, "split.count", 3);
        gguf_set_val_i32(c.gguf, "split.tensors.count", (int32_t)gguf_get_n_tensors(whole));
        gguf_free(whole);
        write_copy(c, parts[i]);
    }
}

static void all_parts_matter(void **state) {
    (void)state;
    char before[PS_LLAMA_IDENTITY], after[PS_LLAMA_IDENTITY];
    ps_llama_options options = usual();
    write_parts();
    options.model_path = parts[0];
    ps_engine_free(open_engine(options)); /* it is what libllama takes for a model in parts */
    for (size_t i = 0; i < 3; i++) {
        identity_of(parts[0], before);
        FILE *file = fopen(parts[i], "r+b");
        assert_non_null(file);
        fseek(file, -8, SEEK_END);
        fputs("changed", file);
        fclose(file);
        identity_of(parts[0], after);
        assert_string_not_equal(before, after);
    }
}

static void expect(ps_status status, const char *word) {
    char identity[PS_LLAMA_IDENTITY] = "untouched";
    ps_error err = {0};
    assert_int_equal(ps_llama_check_file(parts[0], identity, &err), status);
    if (strstr(err.message, word) == NULL) fail_msg("\"%s\" does not say \"%s\"", err.message, word);
    assert_string_equal(identity, "untouched");
}

static void parts_that_are_missing_or_damaged_are_named(void **state) {
    (void)state;
    write_parts();
    assert_int_equal(truncate(parts[2], 30000), 0);
    expect(PS_FORMAT, parts[2]);
    assert_int_equal(rename(parts[2], COPY), 0);
    expect(PS_IO, parts[2]);
    assert_int_equal(rename(parts[0], COPY), 0);
    char identity[PS_LLAMA_IDENTITY];
    ps_error err;
    assert_int_equal(ps_llama_check_file(COPY, identity, &err), PS_FORMAT);
    assert_non_null(strstr(err.message, "-00001-of-00003.gguf"));
}

static int clean_up(void **state) {
    (void)state;
    for (size_t i = 0; i < 3; i++)
        remove(parts[i]);
    remove(COPY);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_name_and_the_options_do_not_matter),
        cmocka_unit_test(metadata_and_weights_matter),
        cmocka_unit_test(all_parts_matter),
        cmocka_unit_test(parts_that_are_missing_or_damaged_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, clean_up);
}
