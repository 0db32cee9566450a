/* A JSON document that can say on which line each of its values stands, so that a mistake in a table file is reported
 * as file:line like a mistake in a program. Shared by the toy engine and the toy reward model. */
#ifndef PERSAMP_ENGINE_TOY_JSON_H
#define PERSAMP_ENGINE_TOY_JSON_H

#include "persamp/base.h"

#include <jansson.h>

typedef struct ps_toy_json {
    char *name; /* path, or a name for a text without a file */
    char *text; /* kept: lines are looked up only when there is something to say */
    size_t length;
    json_t *root;
} ps_toy_json;

/* Parse a file of at most 64 MiB, or `text` under the name `path` when it is not NULL. PS_IO, PS_FORMAT (syntax,
 * duplicate keys), PS_NOMEM. On success free with ps_toy_json_clear. */
ps_status ps_toy_json_open(ps_toy_json *document, const char *path, const char *text, size_t length, ps_error *err);
void ps_toy_json_clear(ps_toy_json *document);

/* PS_FORMAT with "file:line: message", the line being that of a member of `parent`: of the value of `key` in an object
 * (key NULL: of the object itself), of element `index` in an array. `parent` NULL: the root. */
ps_status ps_toy_json_fail(const ps_toy_json *document, const json_t *parent, const char *key, size_t index,
                           ps_error *err, const char *format, ...) PS_PRINTF(6, 7);

/* Every key of `object` must be among names[0..n). The message names the nearest known one. */
ps_status ps_toy_json_keys(const ps_toy_json *document, const json_t *object, const char *const *names, size_t n,
                           ps_error *err);

/* A probability: a number in [0, 1] or a fraction such as "1/3". */
ps_status ps_toy_json_probability(const ps_toy_json *document, const json_t *parent, const char *key, double *p,
                                  ps_error *err);

#endif
