#include "learn/keep.h"
#include "base/write.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* "persamp states 2", the model, the width, and zeros. */
enum { HEADER = 256, KEY = PS_HASH_TEXT - 1 };

/* Behind the header: records of KEY bytes and a state. */
struct ps_keep {
    char *data;          /* [length] what was there when it was opened, without the header */
    const char **sorted; /* [n] its records, by key */
    size_t length, n, width;
    char *path;
    int file;
    off_t end; /* of the last whole record */
};

static size_t record_size(const ps_keep *k) {
    return KEY + k->width * sizeof(float);
}

/* ---- Keys ---------------------------------------------------------------- */

/* The tokens from the root to a step's end. */
typedef struct prefix {
    ps_hash hash;
    size_t n_tokens;
} prefix;

static prefix prefix_of_question(const ps_question *q) {
    prefix made = {0};
    ps_hash_begin(&made.hash, 0);
    ps_hash_add(&made.hash, q->text, strlen(q->text) + 1);
    return made;
}

static void add_tokens(prefix *p, const ps_token *tokens, size_t n) {
    ps_hash_add(&p->hash, tokens, n * sizeof *tokens);
    p->n_tokens += n;
}

ps_status ps_keep_keys(const ps_question *q, ps_keep_key *keys, ps_error *err) {
    prefix *after = ps_calloc(q->n_steps, sizeof *after);
    if (after == NULL) return ps_nomem(err);
    for (size_t i = 0; i < q->n_steps; i++) { /* parents stand before their children */
        const ps_step *s = &q->steps[i];
        prefix p = s->parent != PS_NO_STEP ? after[s->parent] : prefix_of_question(q);
        keys[i] = (ps_keep_key){0};
        if (s->n_tokens > 0) {
            add_tokens(&p, s->tokens, s->n_tokens - 1);
            if (p.n_tokens > 0) ps_hash_end(&p.hash, keys[i].text);
            add_tokens(&p, s->tokens + s->n_tokens - 1, 1);
        }
        after[i] = p;
    }
    ps_free(after);
    return PS_OK;
}

/* ---- The file ------------------------------------------------------------ */

static void make_header(char header[HEADER], const char *model, size_t width) {
    memset(header, 0, HEADER);
    snprintf(header, HEADER, "persamp states 2\nmodel %s\nwidth %zu\n", model != NULL ? model : "unknown", width);
}

static ps_status io_error(const ps_keep *k, ps_error *err) {
    return ps_fail(err, PS_IO, "%s: cannot keep the states: %s", k->path, strerror(errno));
}

static ps_status write_all(ps_keep *k, const void *bytes, size_t n, ps_error *err) {
    for (size_t at = 0; at < n;) {
        ssize_t written = pwrite(k->file, (const char *)bytes + at, n - at, k->end + (off_t)at);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return io_error(k, err);
        at += (size_t)written;
    }
    k->end += (off_t)n;
    return PS_OK;
}

static int by_key(const void *a, const void *b) {
    return memcmp(*(const char *const *)a, *(const char *const *)b, KEY);
}

/* The whole records of what stands behind the header. */
static ps_status index_records(ps_keep *k, ps_error *err) {
    k->n = k->length / record_size(k);
    k->length = k->n * record_size(k);
    k->sorted = ps_calloc(k->n, sizeof *k->sorted);
    if (k->sorted == NULL) return ps_nomem(err);
    for (size_t i = 0; i < k->n; i++)
        k->sorted[i] = k->data + i * record_size(k);
    if (k->n > 1) qsort(k->sorted, k->n, sizeof *k->sorted, by_key);
    return PS_OK;
}

static ps_status read_back(ps_keep *k, const char *model, ps_error *err) {
    char header[HEADER], *all = NULL;
    size_t length = 0;
    make_header(header, model, k->width);
    ps_status status = ps_read_file(k->path, (size_t)1 << 38, &all, &length, err);
    if (status != PS_OK) return status;
    if (length == 0) {
        ps_free(all);
        return write_all(k, header, HEADER, err);
    }
    if (length < HEADER || memcmp(all, header, HEADER) != 0) {
        ps_free(all);
        return ps_fail(err, PS_ARG,
                       "%s is there and has no states of this model as this version keeps them; remove it, or name "
                       "another file with --states",
                       k->path);
    }
    k->data = all;
    k->length = length - HEADER;
    memmove(k->data, k->data + HEADER, k->length);
    status = index_records(k, err);
    if (status != PS_OK) return status;
    k->end = (off_t)(HEADER + k->length);
    return ftruncate(k->file, k->end) == 0 ? PS_OK : io_error(k, err);
}

ps_status ps_keep_open(const char *path, const char *model, size_t width, ps_keep **keep, ps_error *err) {
    ps_keep *k = ps_calloc(1, sizeof *k);
    if (k == NULL) return ps_nomem(err);
    k->file = -1;
    k->width = width;
    k->path = ps_strdup(path);
    ps_status status = k->path != NULL ? ps_file_grow(path, &k->file, err) : ps_nomem(err);
    if (status == PS_OK && flock(k->file, LOCK_EX | LOCK_NB) != 0)
        status = ps_fail(err, PS_ARG,
                         "%s: another run is writing this file; wait for it, or name another with --states", path);
    if (status == PS_OK) status = read_back(k, model, err);
    if (status == PS_OK)
        *keep = k;
    else
        ps_keep_close(k);
    return status;
}

void ps_keep_close(ps_keep *k) {
    if (k == NULL) return;
    if (k->file >= 0) close(k->file);
    ps_free(k->data);
    ps_free(k->sorted);
    ps_free(k->path);
    ps_free(k);
}

bool ps_keep_find(const ps_keep *k, const ps_keep_key *key, float *values) {
    const char *wanted = key->text;
    const char *const *found = k->n > 0 ? bsearch(&wanted, k->sorted, k->n, sizeof *k->sorted, by_key) : NULL;
    if (found == NULL) return false;
    memcpy(values, *found + KEY, k->width * sizeof *values);
    return true;
}

ps_status ps_keep_add(ps_keep *k, const ps_keep_key *keys, const float *values, const bool *which, size_t n,
                      ps_error *err) {
    size_t length = 0;
    char *records = ps_calloc(n, record_size(k));
    if (records == NULL) return ps_nomem(err);
    for (size_t i = 0; i < n; i++) {
        if (!which[i]) continue;
        memcpy(records + length, keys[i].text, KEY);
        memcpy(records + length + KEY, values + i * k->width, k->width * sizeof *values);
        length += record_size(k);
    }
    ps_status status = write_all(k, records, length, err);
    ps_free(records);
    return status;
}
