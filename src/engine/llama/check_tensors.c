#include "engine/llama/check_model.h"

#include <ggml.h>

/* Weights are floating-point numbers: 32 bits, or a type that is turned into them. Integers are stored in GGUF, too,
 * and ggml calls the functions that they do not have. */
static bool is_weight_type(enum ggml_type type) {
    return type == GGML_TYPE_F32 || ggml_get_type_traits(type)->to_float != NULL;
}

static ps_status check_tensor(const struct gguf_context *g, int64_t i, const char *path, ps_error *err) {
    const enum ggml_type type = gguf_get_tensor_type(g, i);
    const char *name = gguf_get_tensor_name(g, i);
    if (!is_weight_type(type))
        return ps_fail(err, PS_FORMAT, "%s: the tensor %s has type %s; expected F32, F16, BF16 or a quantised one",
                       path, name, ggml_type_name(type));
    if (gguf_get_tensor_size(g, i) == 0) return ps_fail(err, PS_FORMAT, "%s: the tensor %s is empty", path, name);
    return PS_OK;
}

ps_status ps_check_tensors(const struct gguf_context *g, const char *path, uint64_t file_size, ps_error *err) {
    const int64_t n = gguf_get_n_tensors(g);
    const size_t alignment = gguf_get_alignment(g);
    uint64_t end = 0;
    if (n == 0) return ps_fail(err, PS_FORMAT, "%s holds no tensors", path);
    if (alignment % GGUF_DEFAULT_ALIGNMENT != 0)
        return ps_fail(err, PS_FORMAT, "%s: general.alignment is %zu; expected a multiple of %d", path, alignment,
                       GGUF_DEFAULT_ALIGNMENT);
    for (int64_t i = 0; i < n; i++) {
        ps_status status = check_tensor(g, i, path, err);
        if (status != PS_OK) return status;
        const uint64_t last = gguf_get_tensor_offset(g, i) + gguf_get_tensor_size(g, i);
        if (last > end) end = last;
    }
    end += gguf_get_data_offset(g);
    if (end > file_size)
        return ps_fail(err, PS_FORMAT, "%s is truncated: it has %llu bytes and its tensors need %llu; fetch it again",
                       path, (unsigned long long)file_size, (unsigned long long)end);
    return PS_OK;
}
