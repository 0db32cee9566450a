/* What of a model's file would end the process inside libllama, said in words. An assertion of its can be caught
 * (guard.h); a signal cannot, so whatever leads to one is here: types without the functions that compute with them,
 * arrays that are shorter than their user takes for granted, sizes that are divided by or allocated. All return
 * PS_FORMAT; `path` is for the message. */
#ifndef PERSAMP_ENGINE_LLAMA_CHECK_MODEL_H
#define PERSAMP_ENGINE_LLAMA_CHECK_MODEL_H

#include "persamp/base.h"

#include <gguf.h>

/* The tensors of a part: their types and sizes, and that the file has them to their ends. */
ps_status ps_check_tensors(const struct gguf_context *g, const char *path, uint64_t file_size, ps_error *err);
/* The numbers of the architecture. */
ps_status ps_check_shape(const struct gguf_context *g, const char *path, ps_error *err);
ps_status ps_check_tokenizer(const struct gguf_context *g, const char *path, ps_error *err);

/* The text of a key; NULL: there is none, or it is no text. */
static inline const char *ps_gguf_string(const struct gguf_context *g, const char *key) {
    const int64_t i = gguf_find_key(g, key);
    return i >= 0 && gguf_get_kv_type(g, i) == GGUF_TYPE_STRING ? gguf_get_val_str(g, i) : NULL;
}

#endif
