/* A learned head as a GGUF file, byte by byte: a head, strings, up to four matrices of float32. */
#include "base/write.h"
#include "reward/head.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { ALIGNMENT = 32, STRING = 8, F32 = 0, VERSION = 3 };

/* GGUF is little-endian, whatever the machine. */
static void put_number(ps_text *out, uint64_t x, size_t bytes) {
    char raw[8];
    for (size_t i = 0; i < bytes; i++)
        raw[i] = (char)(x >> (8 * i) & 0xff);
    ps_text_append(out, raw, bytes);
}

static void put_string(ps_text *out, const char *text) {
    put_number(out, strlen(text), 8);
    ps_text_puts(out, text);
}

static void put_value(ps_text *out, const char *key, const char *text, uint64_t *n) {
    if (text == NULL) return;
    put_string(out, key);
    put_number(out, STRING, 4);
    put_string(out, text);
    ++*n;
}

static void put_real(ps_text *out, const char *key, double x, uint64_t *n) {
    ps_text text = {0};
    if (isnan(x)) return;
    ps_text_printf(&text, "%.17g", x);
    put_value(out, key, ps_text_cstr(&text), n);
    out->failed = out->failed || text.failed;
    ps_text_clear(&text);
}

static void put_floats(ps_text *out, const float *x, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        put_number(out, bits, 4);
    }
    while (out->length % ALIGNMENT != 0)
        ps_text_append(out, "", 1);
}

/* The entry of a matrix (rows > 0) or a vector, and its numbers behind those that came before. */
static void put_tensor(ps_text *entries, ps_text *data, size_t layer, bool bias, size_t columns, size_t rows,
                       const float *x) {
    const char *const names[2][2] = {{"head.0.weight", "head.0.bias"}, {"head.2.weight", "head.2.bias"}};
    put_string(entries, names[layer][bias]);
    put_number(entries, rows > 0 ? 2 : 1, 4);
    put_number(entries, columns, 8);
    if (rows > 0) put_number(entries, rows, 8);
    put_number(entries, F32, 4);
    put_number(entries, data->length, 8);
    put_floats(data, x, columns * (rows > 0 ? rows : 1));
}

ps_status ps_head_write(const char *path, const ps_head_layer *layers, size_t n_layers, const ps_head_origin *origin,
                        ps_error *err) {
    ps_text values = {0}, entries = {0}, data = {0}, file = {0};
    uint64_t n_values = 0;
    assert(n_layers <= 2);
    put_value(&values, "prm.kind", "head", &n_values);
    put_value(&values, "prm.head.position", PS_HEAD_POSITION, &n_values);
    put_value(&values, "prm.head.activation", n_layers == 2 ? "relu" : "none", &n_values);
    put_value(&values, "prm.head.model", origin->model, &n_values);
    put_value(&values, "prm.head.steps", origin->steps, &n_values);
    put_value(&values, "prm.head.system", origin->system, &n_values);
    put_value(&values, "prm.head.prompt", origin->prompt, &n_values);
    put_real(&values, "prm.head.temperature", origin->temperature, &n_values);
    put_real(&values, "prm.head.top_p", origin->top_p, &n_values);
    put_real(&values, "prm.head.top_k", origin->top_k, &n_values);
    for (size_t i = 0; i < n_layers; i++) {
        put_tensor(&entries, &data, i, false, layers[i].in, layers[i].out, layers[i].weight);
        put_tensor(&entries, &data, i, true, layers[i].out, 0, layers[i].bias);
    }
    ps_text_append(&file, "GGUF", 4);
    put_number(&file, VERSION, 4);
    put_number(&file, 2 * n_layers, 8);
    put_number(&file, n_values, 8);
    ps_text_append(&file, ps_text_cstr(&values), values.length);
    ps_text_append(&file, ps_text_cstr(&entries), entries.length);
    while (file.length % ALIGNMENT != 0)
        ps_text_append(&file, "", 1);
    ps_text_append(&file, ps_text_cstr(&data), data.length);
    const bool ok = ps_text_ok(&values) && ps_text_ok(&entries) && ps_text_ok(&data) && ps_text_ok(&file);
    ps_status status = ok ? ps_file_replace(path, file.data, file.length, err) : ps_nomem(err);
    ps_text_clear(&values);
    ps_text_clear(&entries);
    ps_text_clear(&data);
    ps_text_clear(&file);
    return status;
}
