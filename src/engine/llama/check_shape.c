#include "engine/llama/check_model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The numbers of an architecture; of a part of them there is one for each layer. */
typedef struct numbers {
    const struct gguf_context *g;
    const char *path, *architecture;
    ps_error *err;
} numbers;

static int64_t find(const numbers *x, const char *name) {
    char key[256];
    snprintf(key, sizeof key, "%s.%s", x->architecture, name);
    return gguf_find_key(x->g, key);
}

/* ---- Whole numbers ------------------------------------------------------- */

static uint64_t of_signed(int32_t value) {
    return value < 0 ? UINT64_MAX : (uint64_t)value;
}

/* Element `at` of a number or an array of them. False: it is of no such type. */
static bool read_whole(const struct gguf_context *g, int64_t i, size_t at, uint64_t *value) {
    const bool array = gguf_get_kv_type(g, i) == GGUF_TYPE_ARRAY;
    const enum gguf_type type = array ? gguf_get_arr_type(g, i) : gguf_get_kv_type(g, i);
    if (type == GGUF_TYPE_STRING || type == GGUF_TYPE_ARRAY) return false;
    const void *data = array ? gguf_get_arr_data(g, i) : gguf_get_val_data(g, i);
    switch (type) {
    case GGUF_TYPE_UINT16: *value = ((const uint16_t *)data)[at]; return true;
    case GGUF_TYPE_UINT32: *value = ((const uint32_t *)data)[at]; return true;
    case GGUF_TYPE_INT32: *value = of_signed(((const int32_t *)data)[at]); return true;
    case GGUF_TYPE_UINT64: *value = ((const uint64_t *)data)[at]; return true;
    default: return false;
    }
}

static size_t count_of(const numbers *x, int64_t i) {
    return i < 0 ? 0 : gguf_get_kv_type(x->g, i) == GGUF_TYPE_ARRAY ? gguf_get_arr_n(x->g, i) : 1;
}

/* The only or first value; `otherwise` where there is none. */
static uint64_t number_of(const numbers *x, const char *name, uint64_t otherwise) {
    const int64_t i = find(x, name);
    uint64_t value;
    return count_of(x, i) > 0 && read_whole(x->g, i, 0, &value) ? value : otherwise;
}

/* What libllama divides by, or takes memory for. */
static const struct {
    const char *name;
    uint64_t least, most;
} bounds[] = {
    {"block_count", 1, 512},
    {"embedding_length", 1, 1 << 20},
    {"context_length", 1, INT32_MAX},
    {"attention.head_count", 1, 4096},
    {"attention.head_count_kv", 1, 4096},
    {"attention.key_length", 1, 1 << 16},
    {"attention.value_length", 1, 1 << 16},
    {"attention.key_length_swa", 1, 1 << 16},
    {"attention.value_length_swa", 1, 1 << 16},
    {"attention.sliding_window", 0, 1 << 24},
    {"rope.dimension_count", 1, 1 << 16},
    {"rope.dimension_count_swa", 1, 1 << 16},
    {"expert_count", 0, 512},
    {"expert_used_count", 0, 512},
    {"feed_forward_length", 0, 1 << 24},
    {"expert_feed_forward_length", 0, 1 << 24},
    {"nextn_predict_layers", 0, 512},
    {"vocab_size", 1, 1 << 24},
};

static ps_status check_bounds(const numbers *x) {
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        const int64_t key = find(x, bounds[i].name);
        uint64_t value;
        for (size_t at = 0; at < count_of(x, key); at++)
            if (read_whole(x->g, key, at, &value) && (value < bounds[i].least || value > bounds[i].most))
                return ps_fail(x->err, PS_FORMAT,
                               "%s: %s.%s is %llu; expected %llu … %llu: the file is damaged or empty", x->path,
                               x->architecture, bounds[i].name, (unsigned long long)value,
                               (unsigned long long)bounds[i].least, (unsigned long long)bounds[i].most);
    }
    return PS_OK;
}

static ps_status check_heads(const numbers *x) {
    const uint64_t embedding = number_of(x, "embedding_length", 0);
    const uint64_t heads = number_of(x, "attention.head_count", 1);
    const uint64_t heads_kv = number_of(x, "attention.head_count_kv", heads);
    if (heads % heads_kv != 0 || (embedding % heads != 0 && number_of(x, "attention.key_length", 0) == 0))
        return ps_fail(x->err, PS_FORMAT, "%s: %llu attention heads, %llu for keys, do not fit an embedding of %llu",
                       x->path, (unsigned long long)heads, (unsigned long long)heads_kv, (unsigned long long)embedding);
    const uint64_t experts = number_of(x, "expert_count", 0);
    if (number_of(x, "expert_used_count", 0) > experts)
        return ps_fail(x->err, PS_FORMAT, "%s uses more experts than its %llu", x->path, (unsigned long long)experts);
    return PS_OK;
}

/* libllama gives so many numbers of a hidden state, out of a row of embedding_length of them. */
static ps_status check_output(const numbers *x) {
    const uint64_t embedding = number_of(x, "embedding_length", 0), out = number_of(x, "embedding_length_out", 0);
    if (out == 0 || out == embedding) return PS_OK;
    return ps_fail(
        x->err, PS_FORMAT,
        "%s: %s.embedding_length_out is %llu; expected %llu, its embedding_length: the file is damaged, or of "
        "a model for embeddings",
        x->path, x->architecture, (unsigned long long)out, (unsigned long long)embedding);
}

/* ---- Fractions ----------------------------------------------------------- */

/* Of these a norm is no number if it is not above zero. */
static const char *const positive[] = {"attention.layer_norm_rms_epsilon", "attention.layer_norm_epsilon",
                                       "attention.group_norm_epsilon", "rope.freq_base", "rope.freq_base_swa"};

static ps_status check_fractions(const numbers *x) {
    for (size_t k = 0; k < sizeof positive / sizeof *positive; k++) {
        const int64_t i = find(x, positive[k]);
        if (i < 0 || gguf_get_kv_type(x->g, i) != GGUF_TYPE_FLOAT32) continue;
        const double value = (double)gguf_get_val_f32(x->g, i);
        if (!(value > 0 && value < HUGE_VAL))
            return ps_fail(x->err, PS_FORMAT, "%s: %s.%s is %g; expected a number above 0", x->path, x->architecture,
                           positive[k], value);
    }
    return PS_OK;
}

ps_status ps_check_shape(const struct gguf_context *g, const char *path, ps_error *err) {
    const numbers x = {.g = g, .path = path, .architecture = ps_gguf_string(g, "general.architecture"), .err = err};
    if (x.architecture == NULL || strlen(x.architecture) > 128)
        return ps_fail(err, PS_FORMAT, "%s names no architecture (general.architecture): not a language model", path);
    ps_status status = check_bounds(&x);
    if (status == PS_OK) status = check_heads(&x);
    if (status == PS_OK) status = check_output(&x);
    if (status == PS_OK) status = check_fractions(&x);
    return status;
}
