/* API keys: a file with one a line. Their values go nowhere but into comparisons. */
#ifndef PERSAMP_SERVE_KEYS_H
#define PERSAMP_SERVE_KEYS_H

#include "persamp/base.h"

typedef struct ps_keys {
    char **keys; /* [n]; none: nobody needs one */
    size_t n;
} ps_keys;

/* Blank lines and those that begin with # are passed over, blanks around a key are not part of it. PS_IO; PS_FORMAT: no
 * key in it, one shorter than 16 characters, with blanks inside, or one that stands there twice; the message has the
 * line's number and nothing of it. */
ps_status ps_keys_load(const char *path, ps_keys *keys, ps_error *err);
void ps_keys_clear(ps_keys *keys);

/* The number of the key of an Authorization header ("Bearer KEY"), in a time that depends on the header's length alone;
 * SIZE_MAX: none of them. NULL is no header. */
size_t ps_keys_find(const ps_keys *keys, const char *authorization);

#endif
