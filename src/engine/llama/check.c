/* Is a file fit for libllama? What it would abort() on is looked for here and said in words, before it sees the file:
 * a truncated file, no layers, no tokenizer, sizes of zero it would divide by. */
#include "engine/llama/check.h"

#include "base/file.h"
#include "base/hash.h"
#include "engine/llama/log.h"

#include <gguf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A part of a model: all of it but where it was split into several files. */
typedef struct part {
    const char *path;
    uint64_t size;
    struct gguf_context *gguf;
} part;

/* Its magic, before ggml looks at it. */
static ps_status check_magic(part *p, ps_error *err) {
    char magic[4];
    int fd;
    ps_status status = ps_file_open(p->path, &fd, &p->size, err);
    if (status != PS_OK) return ps_error_prefix(err, status, "the model");
    const bool good = p->size >= sizeof magic && ps_file_read(fd, p->path, 0, magic, sizeof magic, NULL) == PS_OK &&
                      memcmp(magic, "GGUF", sizeof magic) == 0;
    close(fd);
    return good ? PS_OK : ps_fail(err, PS_FORMAT, "%s is not a GGUF file: it does not begin with \"GGUF\"", p->path);
}

/* On success p->gguf is to be freed. */
static ps_status open_part(part *p, const char *path, ps_error *err) {
    const struct gguf_init_params params = {.no_alloc = true, .ctx = NULL};
    char why[200];
    *p = (part){.path = path};
    ps_status status = check_magic(p, err);
    if (status != PS_OK) return status;
    ps_llama_log_clear();
    p->gguf = gguf_init_from_file(path, params);
    if (p->gguf != NULL) return PS_OK;
    ps_llama_log_take_error(why, sizeof why);
    return ps_fail(err, PS_FORMAT, "%s is damaged or truncated: its GGUF header cannot be read%s%s", path,
                   why[0] ? ": " : "", why);
}

static const char *string_of(const struct gguf_context *g, const char *key) {
    const int64_t i = gguf_find_key(g, key);
    return i >= 0 && gguf_get_kv_type(g, i) == GGUF_TYPE_STRING ? gguf_get_val_str(g, i) : NULL;
}

static bool is_array_of(const struct gguf_context *g, const char *key, enum gguf_type type, size_t *n) {
    const int64_t i = gguf_find_key(g, key);
    if (i < 0 || gguf_get_kv_type(g, i) != GGUF_TYPE_ARRAY || gguf_get_arr_type(g, i) != type) return false;
    *n = gguf_get_arr_n(g, i);
    return true;
}

/* An unsigned number of the architecture; arrays (one value per layer) count as `otherwise`. */
static uint64_t number_of(const struct gguf_context *g, const char *architecture, const char *name,
                          uint64_t otherwise) {
    char key[256];
    snprintf(key, sizeof key, "%s.%s", architecture, name);
    const int64_t i = gguf_find_key(g, key);
    if (i < 0) return otherwise;
    switch (gguf_get_kv_type(g, i)) {
    case GGUF_TYPE_UINT16: return gguf_get_val_u16(g, i);
    case GGUF_TYPE_UINT32: return gguf_get_val_u32(g, i);
    case GGUF_TYPE_INT32: return gguf_get_val_i32(g, i) < 0 ? 0 : (uint64_t)gguf_get_val_i32(g, i);
    case GGUF_TYPE_UINT64: return gguf_get_val_u64(g, i);
    default: return otherwise;
    }
}

static ps_status check_tensors(const struct gguf_context *g, const char *path, uint64_t file_size, ps_error *err) {
    const int64_t n = gguf_get_n_tensors(g);
    if (n == 0) return ps_fail(err, PS_FORMAT, "%s holds no tensors", path);
    uint64_t end = 0;
    for (int64_t i = 0; i < n; i++) {
        const uint64_t last = gguf_get_tensor_offset(g, i) + gguf_get_tensor_size(g, i);
        if (last > end) end = last;
    }
    end += gguf_get_data_offset(g);
    if (end > file_size)
        return ps_fail(err, PS_FORMAT, "%s is truncated: it has %llu bytes and its tensors need %llu; fetch it again",
                       path, (unsigned long long)file_size, (unsigned long long)end);
    return PS_OK;
}

static ps_status check_shape(const struct gguf_context *g, const char *path, ps_error *err) {
    static const struct {
        const char *name;
        uint64_t least, most;
    } bounds[] = {
        {"block_count", 1, 512},
        {"embedding_length", 1, 1 << 20},
        {"context_length", 1, INT32_MAX},
        {"attention.head_count", 1, 4096},
        {"attention.head_count_kv", 1, 4096},
        {"expert_count", 0, 512},
        {"feed_forward_length", 1, 1 << 24},
    };
    const char *architecture = string_of(g, "general.architecture");
    if (architecture == NULL || strlen(architecture) > 128)
        return ps_fail(err, PS_FORMAT, "%s names no architecture (general.architecture): not a language model", path);
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        const uint64_t value = number_of(g, architecture, bounds[i].name, bounds[i].least);
        if (value < bounds[i].least || value > bounds[i].most)
            return ps_fail(err, PS_FORMAT, "%s: %s.%s is %llu; expected %llu … %llu: the file is damaged or empty",
                           path, architecture, bounds[i].name, (unsigned long long)value,
                           (unsigned long long)bounds[i].least, (unsigned long long)bounds[i].most);
    }
    const uint64_t embedding = number_of(g, architecture, "embedding_length", 0);
    const uint64_t heads = number_of(g, architecture, "attention.head_count", 1);
    const uint64_t heads_kv = number_of(g, architecture, "attention.head_count_kv", heads);
    if (heads % heads_kv != 0 || (embedding % heads != 0 && number_of(g, architecture, "attention.key_length", 0) == 0))
        return ps_fail(err, PS_FORMAT, "%s: %llu attention heads, %llu for keys, do not fit an embedding of %llu", path,
                       (unsigned long long)heads, (unsigned long long)heads_kv, (unsigned long long)embedding);
    const uint64_t experts = number_of(g, architecture, "expert_count", 0);
    if (number_of(g, architecture, "expert_used_count", 0) > experts)
        return ps_fail(err, PS_FORMAT, "%s uses more experts than its %llu", path, (unsigned long long)experts);
    return PS_OK;
}

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

static ps_status check_tokenizer(const struct gguf_context *g, const char *path, ps_error *err) {
    const char *model = string_of(g, "tokenizer.ggml.model");
    size_t n = 0, n_types = 0;
    if (model == NULL || strcmp(model, "no_vocab") == 0 || strcmp(model, "none") == 0 ||
        !is_array_of(g, "tokenizer.ggml.tokens", GGUF_TYPE_STRING, &n) || n == 0)
        return ps_fail(err, PS_FORMAT,
                       "%s has no tokenizer (tokenizer.ggml.model and .tokens): convert the model with its vocabulary",
                       path);
    if (is_array_of(g, "tokenizer.ggml.token_type", GGUF_TYPE_INT32, &n_types) && n_types != n)
        return ps_fail(err, PS_FORMAT, "%s: the tokenizer has %zu tokens but %zu token types", path, n, n_types);
    return check_spellings(g, path, n, err);
}

/* ---- All parts ----------------------------------------------------------- */

static uint64_t parts_of(const struct gguf_context *g) {
    const int64_t i = gguf_find_key(g, "split.count");
    return i >= 0 && gguf_get_kv_type(g, i) == GGUF_TYPE_UINT16 ? gguf_get_val_u16(g, i) : 1;
}

/* "model-00001-of-00003.gguf", 2 of 3 → "model-00002-of-00003.gguf", as libllama names them. */
static ps_status name_part(const char *first, uint64_t i, uint64_t n, ps_text *path, ps_error *err) {
    ps_text ending = {0};
    ps_text_printf(&ending, "-%05d-of-%05d.gguf", 1, (int)n);
    const size_t length = strlen(first);
    const bool fits = ps_text_ok(&ending) && length > ending.length &&
                      strcmp(first + length - ending.length, ps_text_cstr(&ending)) == 0;
    ps_text_reset(path);
    if (fits) ps_text_printf(path, "%.*s-%05d-of-%05d.gguf", (int)(length - ending.length), first, (int)i + 1, (int)n);
    const bool good = ps_text_ok(&ending) && ps_text_ok(path);
    ps_text_clear(&ending);
    if (!good) return ps_nomem(err);
    return fits ? PS_OK
                : ps_fail(err, PS_FORMAT,
                          "%s is one of %llu parts and not named so; give the first one, whose name ends "
                          "in -00001-of-%05d.gguf",
                          first, (unsigned long long)n, (int)n);
}

/* What every part is looked at for. */
static ps_status check_part(const part *p, ps_hash *hash, uint64_t *bytes, ps_error *err) {
    ps_status status = check_tensors(p->gguf, p->path, p->size, err);
    if (status == PS_OK) status = ps_hash_file(hash, p->path, gguf_get_data_offset(p->gguf), err);
    *bytes += p->size;
    return status;
}

static ps_status check_other_parts(const char *first, uint64_t n, ps_hash *hash, uint64_t *bytes, ps_error *err) {
    ps_text path = {0};
    ps_status status = PS_OK;
    for (uint64_t i = 1; i < n && status == PS_OK; i++) {
        part p = {0};
        status = name_part(first, i, n, &path, err);
        if (status == PS_OK) status = open_part(&p, ps_text_cstr(&path), err);
        if (status == PS_OK) status = check_part(&p, hash, bytes, err);
        if (p.gguf != NULL) gguf_free(p.gguf);
    }
    ps_text_clear(&path);
    return status;
}

ps_status ps_llama_check_file(const char *path, char identity[PS_LLAMA_IDENTITY], ps_error *err) {
    part p;
    ps_hash hash;
    uint64_t bytes = 0;
    char text[PS_HASH_TEXT];
    ps_status status = open_part(&p, path, err);
    if (status != PS_OK) return status;
    ps_hash_begin(&hash, 0);
    status = check_shape(p.gguf, path, err);
    if (status == PS_OK) status = check_tokenizer(p.gguf, path, err);
    if (status == PS_OK) status = check_part(&p, &hash, &bytes, err);
    if (status == PS_OK) status = check_other_parts(path, parts_of(p.gguf), &hash, &bytes, err);
    gguf_free(p.gguf);
    if (status != PS_OK) return status;
    ps_hash_end(&hash, text);
    snprintf(identity, PS_LLAMA_IDENTITY, "gguf-%llu-%s", (unsigned long long)bytes, text);
    return PS_OK;
}
