/* Is a file fit for libllama, and which model is it? All parts of a model are opened, looked at (check_*.c) and hashed
 * before libllama sees them. */
#include "engine/llama/check.h"

#include "base/file.h"
#include "base/hash.h"
#include "engine/llama/check_model.h"
#include "engine/llama/log.h"

#include <stdio.h>
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
    ps_status status = ps_check_tensors(p->gguf, p->path, p->size, err);
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
    status = ps_check_shape(p.gguf, path, err);
    if (status == PS_OK) status = ps_check_tokenizer(p.gguf, path, err);
    if (status == PS_OK) status = check_part(&p, &hash, &bytes, err);
    if (status == PS_OK) status = check_other_parts(path, parts_of(p.gguf), &hash, &bytes, err);
    gguf_free(p.gguf);
    if (status != PS_OK) return status;
    ps_hash_end(&hash, text);
    snprintf(identity, PS_LLAMA_IDENTITY, "gguf-%llu-%s", (unsigned long long)bytes, text);
    return PS_OK;
}
