#include "engine/llama/check_model.h"

#include <stdlib.h>
#include <string.h>

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Two tokens of one spelling make libllama abort. */
static ps_status check_spellings(const struct gguf_context *g, const char *path, size_t n, ps_error *err) {
    const int64_t key = gguf_find_key(g, "tokenizer.ggml.tokens");
    const char **texts = ps_calloc(n, sizeof *texts);
    if (texts == NULL) return ps_nomem(err);
    for (size_t i = 0; i < n; i++)
        texts[i] = gguf_get_arr_str(g, key, i);
    qsort(texts, n, sizeof *texts, by_text);
    ps_status status = PS_OK;
    for (size_t i = 1; i < n && status == PS_OK; i++)
        if (texts[i][0] && strcmp(texts[i - 1], texts[i]) == 0)
            status = ps_fail(err, PS_FORMAT, "%s: the tokenizer has two tokens \"%.40s\": the file is damaged", path,
                             texts[i]);
    ps_free(texts);
    return status;
}

/* libllama takes an array's numbers for what it expects, and as many as there are tokens. */
static ps_status check_array(const struct gguf_context *g, const char *path, const char *key, enum gguf_type type,
                             size_t n, ps_error *err) {
    const int64_t i = gguf_find_key(g, key);
    if (i < 0) return PS_OK;
    const bool array = gguf_get_kv_type(g, i) == GGUF_TYPE_ARRAY;
    if (array && gguf_get_arr_type(g, i) == type && (n == 0 || gguf_get_arr_n(g, i) == n)) return PS_OK;
    const enum gguf_type given = array ? gguf_get_arr_type(g, i) : gguf_get_kv_type(g, i);
    return n == 0 ? ps_fail(err, PS_FORMAT, "%s: %s is %s%s; expected an array of %s", path, key,
                            array ? "an array of " : "", gguf_type_name(given), gguf_type_name(type))
                  : ps_fail(err, PS_FORMAT,
                            "%s: %s is %s%s (%zu); expected %s, one for each of the tokenizer's %zu tokens", path, key,
                            array ? "an array of " : "", gguf_type_name(given), array ? gguf_get_arr_n(g, i) : 1,
                            gguf_type_name(type), n);
}

/* Some are whole numbers. */
static enum gguf_type type_of_scores(const struct gguf_context *g) {
    const int64_t i = gguf_find_key(g, "tokenizer.ggml.scores");
    const bool whole =
        i >= 0 && gguf_get_kv_type(g, i) == GGUF_TYPE_ARRAY && gguf_get_arr_type(g, i) == GGUF_TYPE_INT32;
    return whole ? GGUF_TYPE_INT32 : GGUF_TYPE_FLOAT32;
}

ps_status ps_check_tokenizer(const struct gguf_context *g, const char *path, ps_error *err) {
    enum { MOST = 1 << 24 };
    const char *model = ps_gguf_string(g, "tokenizer.ggml.model");
    const int64_t tokens = gguf_find_key(g, "tokenizer.ggml.tokens");
    const bool there = tokens >= 0 && gguf_get_kv_type(g, tokens) == GGUF_TYPE_ARRAY &&
                       gguf_get_arr_type(g, tokens) == GGUF_TYPE_STRING;
    const size_t n = there ? gguf_get_arr_n(g, tokens) : 0;
    if (model == NULL || strcmp(model, "no_vocab") == 0 || strcmp(model, "none") == 0 || n == 0)
        return ps_fail(err, PS_FORMAT,
                       "%s has no tokenizer (tokenizer.ggml.model and .tokens): convert the model with its vocabulary",
                       path);
    if (n > MOST) return ps_fail(err, PS_FORMAT, "%s: a vocabulary of %zu tokens; at most %d", path, n, MOST);
    ps_status status = check_array(g, path, "tokenizer.ggml.token_type", GGUF_TYPE_INT32, n, err);
    if (status == PS_OK) status = check_array(g, path, "tokenizer.ggml.scores", type_of_scores(g), n, err);
    if (status == PS_OK) status = check_array(g, path, "tokenizer.ggml.merges", GGUF_TYPE_STRING, 0, err);
    if (status == PS_OK) status = check_spellings(g, path, n, err);
    return status;
}
