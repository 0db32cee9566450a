/* Model files made from the shipped one, with something changed. */
#ifndef PERSAMP_TESTS_ENGINE_LLAMA_MODEL_COPY_H
#define PERSAMP_TESTS_ENGINE_LLAMA_MODEL_COPY_H

#include "engine/llama/support.h"

#include <ggml.h>
#include <gguf.h>

typedef struct copy {
    struct gguf_context *gguf;
    struct ggml_context *tensors;
} copy;

/* The shipped model in memory, ready for changes: its metadata, and of its tensors numbers from … to − 1. (What
 * gguf_init_from_file returns cannot be written again.) */
static inline copy read_tensors(int64_t from, int64_t to) {
    copy c = {0};
    const struct gguf_init_params params = {.no_alloc = false, .ctx = &c.tensors};
    struct gguf_context *read = gguf_init_from_file(MODEL, params);
    assert_non_null(read);
    c.gguf = gguf_init_empty();
    gguf_set_kv(c.gguf, read);
    for (int64_t i = from; i < to && i < gguf_get_n_tensors(read); i++)
        gguf_add_tensor(c.gguf, ggml_get_tensor(c.tensors, gguf_get_tensor_name(read, i)));
    gguf_free(read);
    return c;
}

static inline copy read_model(void) {
    return read_tensors(0, INT64_MAX);
}

static inline void write_copy(copy c, const char *path) {
    assert_true(gguf_write_to_file(c.gguf, path, false));
    gguf_free(c.gguf);
    ggml_free(c.tensors);
}

#endif
