/* Is it the same as before? A hash of 128 bits, of bytes as they come and of a large file by samples.
 *
 * MurmurHash3, x64, 128 bits (Austin Appleby, public domain). It guards against mistakes, a changed file under an old
 * name, and not against forgers: whoever wants two files of one hash can make them. */
#ifndef PERSAMP_BASE_HASH_H
#define PERSAMP_BASE_HASH_H

#include "persamp/base.h"

enum { PS_HASH_TEXT = 33 }; /* 32 hexadecimal digits and a NUL */

typedef struct ps_hash {
    uint64_t h[2];
    uint64_t length;        /* bytes so far */
    unsigned char rest[16]; /* those since the last whole block */
} ps_hash;

void ps_hash_begin(ps_hash *hash, uint64_t seed);
void ps_hash_add(ps_hash *hash, const void *bytes, size_t n);
/* The hash of all that was added, as text. More may be added afterwards. */
void ps_hash_end(const ps_hash *hash, char text[PS_HASH_TEXT]);

/* Add a file: its size, its first `head` bytes, and of the rest PS_HASH_SAMPLES blocks of PS_HASH_SAMPLE bytes spread
 * evenly from its beginning to its end, or all of it where it is not larger. So gigabytes take as long as 4 MiB do.
 * PS_IO. */
enum { PS_HASH_SAMPLES = 256, PS_HASH_SAMPLE = 1 << 14 };
ps_status ps_hash_file(ps_hash *hash, const char *path, uint64_t head, ps_error *err);

#endif
