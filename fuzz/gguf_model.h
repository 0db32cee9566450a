/* Tiny GGUF models to change and write: a few kilobytes, of several architectures and both kinds of tokenizer, kept as
 * what a file consists of, so that one thing can be wrong in a file that is otherwise consistent. */
#ifndef PERSAMP_FUZZ_GGUF_MODEL_H
#define PERSAMP_FUZZ_GGUF_MODEL_H

#include "persamp/base.h"

#include <ggml.h>
#include <gguf.h>

enum { GGUF_MOST_VALUES = 64, GGUF_MOST_TENSORS = 64 };

/* A key and its value as it stands in the file; of an array after its type and length. */
typedef struct gguf_value {
    char key[96];
    uint32_t type, element; /* element: of an array */
    uint64_t n;             /* elements of an array */
    ps_text bytes;
} gguf_value;

typedef struct gguf_tensor {
    char name[64];
    uint32_t type, n_dims;
    uint64_t ne[4];
    uint64_t offset_error; /* added to its offset */
} gguf_tensor;

typedef struct gguf_model {
    gguf_value values[GGUF_MOST_VALUES];
    gguf_tensor tensors[GGUF_MOST_TENSORS];
    uint64_t n_values, n_tensors;
    uint32_t version;
    uint64_t count_errors[2]; /* added to the counts of tensors and values */
    uint64_t alignment;       /* of the data as they are written */
} gguf_model;

/* A sound model: architecture number `kind` of GGUF_KINDS; the last is a head file of a reward model. */
enum { GGUF_KINDS = 6 };
void gguf_model_make(gguf_model *model, unsigned kind);
void gguf_model_clear(gguf_model *model);

/* The file. Sizes of tensor data that nobody could want are not written in full. */
void gguf_model_write(const gguf_model *model, ps_text *file);

void gguf_set_number(gguf_model *model, const char *key, uint32_t type, uint64_t value);
void gguf_set_float(gguf_model *model, const char *key, float value);

#endif
