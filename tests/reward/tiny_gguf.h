/* GGUF files of a few tensors, written byte by byte, so that a test can also write wrong ones. */
#ifndef PERSAMP_TESTS_REWARD_TINY_GGUF_H
#define PERSAMP_TESTS_REWARD_TINY_GGUF_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* float32, ne[1] rows of ne[0] numbers; ne[1] = 0: a vector. */
typedef struct tiny_tensor {
    const char *name;
    size_t ne[2];
    const float *data;
} tiny_tensor;
/* A string, or, with `text` NULL, an unsigned number. */
typedef struct tiny_value {
    const char *key, *text;
    uint32_t number;
} tiny_value;

static inline void put_bytes(FILE *file, const void *bytes, size_t n) {
    fwrite(bytes, 1, n, file); /* this machine's order: little-endian everywhere that GGUF lives */
}

static inline void put_u32(FILE *file, uint32_t x) {
    put_bytes(file, &x, sizeof x);
}

static inline void put_u64(FILE *file, uint64_t x) {
    put_bytes(file, &x, sizeof x);
}

static inline void put_string(FILE *file, const char *text) {
    put_u64(file, strlen(text));
    put_bytes(file, text, strlen(text));
}

static inline void pad(FILE *file) {
    while (ftell(file) % 32 != 0)
        fputc(0, file);
}

static inline size_t tiny_size(const tiny_tensor *t) {
    return t->ne[0] * (t->ne[1] > 0 ? t->ne[1] : 1) * sizeof(float);
}

static inline void write_gguf(const char *path, const tiny_tensor *tensors, size_t n_tensors, const tiny_value *values,
                              size_t n_values) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    put_bytes(file, "GGUF", 4);
    put_u32(file, 3);
    put_u64(file, n_tensors);
    put_u64(file, n_values);
    for (size_t i = 0; i < n_values; i++) {
        put_string(file, values[i].key);
        put_u32(file, values[i].text != NULL ? 8 : 4);
        if (values[i].text != NULL)
            put_string(file, values[i].text);
        else
            put_u32(file, values[i].number);
    }
    uint64_t offset = 0;
    for (size_t i = 0; i < n_tensors; i++) {
        put_string(file, tensors[i].name);
        put_u32(file, tensors[i].ne[1] > 0 ? 2 : 1);
        put_u64(file, tensors[i].ne[0]);
        if (tensors[i].ne[1] > 0) put_u64(file, tensors[i].ne[1]);
        put_u32(file, 0); /* F32 */
        put_u64(file, offset);
        offset += (tiny_size(&tensors[i]) + 31) / 32 * 32;
    }
    pad(file);
    for (size_t i = 0; i < n_tensors; i++) {
        put_bytes(file, tensors[i].data, tiny_size(&tensors[i]));
        pad(file);
    }
    fclose(file);
}

#endif
