#include "base/hash.h"

#include "base/file.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- Bytes --------------------------------------------------------------- */

static const uint64_t c1 = 0x87c37b91114253d5, c2 = 0x4cf5ad432745937f;

static uint64_t rotate(uint64_t x, int bits) {
    return x << bits | x >> (64 - bits);
}

static uint64_t scramble(uint64_t k, uint64_t first, int bits, uint64_t second) {
    return rotate(k * first, bits) * second;
}

static void add_block(ps_hash *hash, const unsigned char *block) {
    uint64_t k[2], *h = hash->h;
    memcpy(k, block, sizeof k);
    h[0] = (rotate(h[0] ^ scramble(k[0], c1, 31, c2), 27) + h[1]) * 5 + 0x52dce729;
    h[1] = (rotate(h[1] ^ scramble(k[1], c2, 33, c1), 31) + h[0]) * 5 + 0x38495ab5;
}

void ps_hash_begin(ps_hash *hash, uint64_t seed) {
    *hash = (ps_hash){.h = {seed, seed}};
}

void ps_hash_add(ps_hash *hash, const void *bytes, size_t n) {
    const unsigned char *at = bytes;
    const size_t block = sizeof hash->rest;
    size_t held = hash->length % block;
    hash->length += n;
    if (held > 0) {
        const size_t more = n < block - held ? n : block - held;
        memcpy(hash->rest + held, at, more);
        if (held + more < block) return;
        add_block(hash, hash->rest);
        at += more;
        n -= more;
    }
    for (; n >= block; at += block, n -= block)
        add_block(hash, at);
    if (n > 0) memcpy(hash->rest, at, n);
}

static uint64_t finish(uint64_t k) {
    k = (k ^ k >> 33) * 0xff51afd7ed558ccd;
    k = (k ^ k >> 33) * 0xc4ceb9fe1a85ec53;
    return k ^ k >> 33;
}

void ps_hash_end(const ps_hash *hash, char text[PS_HASH_TEXT]) {
    unsigned char tail[16] = {0};
    uint64_t k[2], a = hash->h[0], b = hash->h[1];
    const size_t held = hash->length % sizeof tail;
    memcpy(tail, hash->rest, held);
    memcpy(k, tail, sizeof k);
    if (held > 8) b ^= scramble(k[1], c2, 33, c1);
    if (held > 0) a ^= scramble(k[0], c1, 31, c2);
    a ^= hash->length;
    b ^= hash->length;
    a += b;
    b += a;
    a = finish(a);
    b = finish(b);
    a += b;
    b += a;
    snprintf(text, PS_HASH_TEXT, "%016llx%016llx", (unsigned long long)a, (unsigned long long)b);
}

/* ---- Files --------------------------------------------------------------- */

typedef struct source {
    const char *path;
    int fd;
    unsigned char *block; /* [PS_HASH_SAMPLE] */
    ps_error *err;
} source;

/* All bytes from `from` up to `to`. */
static ps_status add_range(ps_hash *hash, const source *s, uint64_t from, uint64_t to) {
    while (from < to) {
        const size_t n = to - from < PS_HASH_SAMPLE ? (size_t)(to - from) : PS_HASH_SAMPLE;
        ps_status status = ps_file_read(s->fd, s->path, from, s->block, n, s->err);
        if (status != PS_OK) return status;
        ps_hash_add(hash, s->block, n);
        from += n;
    }
    return PS_OK;
}

static ps_status add_samples(ps_hash *hash, const source *s, uint64_t from, uint64_t to) {
    const uint64_t all = to - from;
    if (all <= (uint64_t)PS_HASH_SAMPLES * PS_HASH_SAMPLE) return add_range(hash, s, from, to);
    const uint64_t last = all - PS_HASH_SAMPLE, steps = PS_HASH_SAMPLES - 1;
    ps_status status = PS_OK;
    for (uint64_t i = 0; i <= steps && status == PS_OK; i++) {
        const uint64_t at = from + last / steps * i + last % steps * i / steps;
        status = add_range(hash, s, at, at + PS_HASH_SAMPLE);
    }
    return status;
}

ps_status ps_hash_file(ps_hash *hash, const char *path, uint64_t head, ps_error *err) {
    source s = {.path = path, .err = err};
    uint64_t size;
    ps_status status = ps_file_open(path, &s.fd, &size, err);
    if (status != PS_OK) return status;
    s.block = ps_malloc(PS_HASH_SAMPLE);
    if (s.block == NULL) status = ps_nomem(err);
    if (head > size) head = size;
    ps_hash_add(hash, &size, sizeof size);
    if (status == PS_OK) status = add_range(hash, &s, 0, head);
    if (status == PS_OK) status = add_samples(hash, &s, head, size);
    ps_free(s.block);
    close(s.fd);
    return status;
}
