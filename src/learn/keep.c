#include "learn/keep.h"
#include "base/hash.h"
#include "base/write.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* "persamp states 1", the model, the width, and zeros. */
enum { HEADER = 256, KEY = PS_HASH_TEXT - 1 };

/* Behind the header: records of KEY bytes, the number of steps as 8 bytes, a byte for each step, their states. */
struct ps_keep {
    char *data; /* [length] what was there when it was opened, without the header */
    size_t length, width;
    char *path;
    int file;
    off_t end; /* of the last whole record */
};

static size_t record_size(const ps_keep *k, uint64_t steps) {
    return KEY + 8 + (size_t)steps * (1 + k->width * sizeof(float));
}

/* What decides the states of a question: its text and the tokens of its steps. */
static void key_of(const ps_question *q, char key[PS_HASH_TEXT]) {
    ps_hash hash;
    ps_hash_begin(&hash, 0);
    ps_hash_add(&hash, q->text, strlen(q->text) + 1);
    for (size_t i = 0; i < q->n_steps; i++) {
        ps_hash_add(&hash, &q->steps[i].parent, sizeof q->steps[i].parent);
        ps_hash_add(&hash, q->steps[i].tokens, q->steps[i].n_tokens * sizeof *q->steps[i].tokens);
    }
    ps_hash_end(&hash, key);
}

static void make_header(char header[HEADER], const char *model, size_t width) {
    memset(header, 0, HEADER);
    snprintf(header, HEADER, "persamp states 1\nmodel %s\nwidth %zu\n", model != NULL ? model : "unknown", width);
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

/* Where the last whole record ends, of what stands behind the header. */
static size_t whole_records(const ps_keep *k) {
    size_t at = 0;
    while (k->length - at >= KEY + 8) {
        uint64_t steps;
        memcpy(&steps, k->data + at + KEY, 8);
        if (steps > k->length || record_size(k, steps) > k->length - at) break;
        at += record_size(k, steps);
    }
    return at;
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
                       "%s is there and has no states of this model; remove it, or name another file with --states",
                       k->path);
    }
    k->data = all;
    k->length = length - HEADER;
    memmove(k->data, k->data + HEADER, k->length);
    k->length = whole_records(k);
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
    ps_free(k->path);
    ps_free(k);
}

bool ps_keep_find(const ps_keep *k, const ps_question *q, float *values, bool *there) {
    char key[PS_HASH_TEXT];
    key_of(q, key);
    for (size_t at = 0; at < k->length;) {
        uint64_t steps;
        const char *record = k->data + at;
        memcpy(&steps, record + KEY, 8);
        at += record_size(k, steps);
        if (steps != q->n_steps || memcmp(record, key, KEY) != 0) continue;
        for (size_t i = 0; i < q->n_steps; i++)
            there[i] = record[KEY + 8 + i] != 0;
        memcpy(values, record + KEY + 8 + q->n_steps, q->n_steps * k->width * sizeof *values);
        return true;
    }
    return false;
}

ps_status ps_keep_add(ps_keep *k, const ps_question *q, const float *values, const bool *there, ps_error *err) {
    char key[PS_HASH_TEXT];
    const uint64_t steps = q->n_steps;
    const size_t size = record_size(k, steps);
    char *record = ps_malloc(size);
    if (record == NULL) return ps_nomem(err);
    key_of(q, key);
    memcpy(record, key, KEY);
    memcpy(record + KEY, &steps, 8);
    for (size_t i = 0; i < q->n_steps; i++)
        record[KEY + 8 + i] = there[i] ? 1 : 0;
    memcpy(record + KEY + 8 + q->n_steps, values, q->n_steps * k->width * sizeof *values);
    ps_status status = write_all(k, record, size, err);
    ps_free(record);
    return status;
}
