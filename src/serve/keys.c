#include "serve/keys.h"

#include <string.h>
#include <strings.h>

enum { SHORTEST = 16, LARGEST_FILE = 1 << 20, MOST_KEYS = 4096 };

/* Memory that held keys. */
static void wipe(char *text, size_t length) {
    for (volatile char *at = text; length > 0; at++, length--)
        *at = 0;
}

void ps_keys_clear(ps_keys *keys) {
    for (size_t i = 0; i < keys->n; i++) {
        wipe(keys->keys[i], strlen(keys->keys[i]));
        ps_free(keys->keys[i]);
    }
    ps_free(keys->keys);
    *keys = (ps_keys){0};
}

/* Whether all bytes are the same, looking at every one of `given`. */
static unsigned same(const char *key, const char *given, size_t length) {
    size_t n = strlen(key);
    unsigned difference = n != length;
    for (size_t i = 0; i < length; i++)
        difference |= (unsigned char)key[i % n] ^ (unsigned char)given[i];
    return difference == 0;
}

static ps_status add(ps_keys *keys, size_t *capacity, const char *path, size_t line, const char *text, size_t length,
                     ps_error *err) {
    if (length < SHORTEST)
        return ps_fail(err, PS_FORMAT,
                       "%s:%zu: a key of fewer than %d characters can be guessed; make one by: openssl "
                       "rand -hex 24",
                       path, line, SHORTEST);
    for (size_t i = 0; i < length; i++)
        if (text[i] <= ' ' || text[i] >= 0x7f)
            return ps_fail(err, PS_FORMAT, "%s:%zu: a key has no blanks and no characters beyond ASCII", path, line);
    for (size_t i = 0; i < keys->n; i++)
        if (same(keys->keys[i], text, length))
            return ps_fail(err, PS_FORMAT, "%s:%zu: this key was there before", path, line);
    if (keys->n == MOST_KEYS) return ps_fail(err, PS_FORMAT, "%s:%zu: more than %d keys", path, line, MOST_KEYS);
    if (ps_reserve(&keys->keys, capacity, keys->n + 1) != PS_OK) return ps_nomem(err);
    keys->keys[keys->n] = ps_strndup(text, length);
    return keys->keys[keys->n] != NULL ? (keys->n++, PS_OK) : ps_nomem(err);
}

ps_status ps_keys_load(const char *path, ps_keys *out, ps_error *err) {
    char *data = NULL;
    size_t length = 0, capacity = 0, line = 1;
    ps_keys keys = {0};
    ps_status status = ps_read_file(path, LARGEST_FILE, &data, &length, err);
    if (status != PS_OK) return ps_error_prefix(err, status, "serve.api_key_file");
    for (const char *at = data, *end = data + length; at < end && status == PS_OK; line++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        const char *last = stop != NULL ? stop : end;
        const char *next = stop != NULL ? stop + 1 : end;
        while (at < last && strchr(" \t\r", *at) != NULL)
            at++;
        while (last > at && strchr(" \t\r", last[-1]) != NULL)
            last--;
        if (at < last && *at != '#') status = add(&keys, &capacity, path, line, at, (size_t)(last - at), err);
        at = next;
    }
    if (status == PS_OK && keys.n == 0) status = ps_fail(err, PS_FORMAT, "%s: no key in it; expected one a line", path);
    wipe(data, length);
    ps_free(data);
    if (status == PS_OK)
        *out = keys;
    else
        ps_keys_clear(&keys);
    return status;
}

size_t ps_keys_find(const ps_keys *keys, const char *authorization) {
    static const char scheme[] = "Bearer ";
    size_t found = SIZE_MAX;
    if (authorization == NULL || strncasecmp(authorization, scheme, sizeof scheme - 1) != 0) return SIZE_MAX;
    const char *given = authorization + sizeof scheme - 1;
    size_t length = strlen(given);
    for (size_t i = 0; i < keys->n; i++)
        found = same(keys->keys[i], given, length) ? i : found;
    return found;
}
