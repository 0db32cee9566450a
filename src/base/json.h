/* What every writer of JSON here has to settle: numbers that JSON does not have, texts that are not UTF-8, memory. */
#ifndef PERSAMP_BASE_JSON_H
#define PERSAMP_BASE_JSON_H

#include "persamp/base.h"

#include <jansson.h>

/* A number; null for NaN and the infinities, which JSON does not have. A new reference; NULL without memory. */
json_t *ps_json_number(double x);

/* A string; null for NULL. A text that a model wrote need not be UTF-8: what is not becomes U+FFFD. A new reference;
 * NULL without memory. */
json_t *ps_json_text(const char *text);

/* An object with a member for each name, up to the first that is NULL: counts[i] under name(i). A new reference. */
json_t *ps_json_counts(const size_t *counts, const char *(*name)(size_t i));
/* Back from one. What is missing or no count is 0. */
void ps_json_read_counts(const json_t *object, const char *(*name)(size_t i), size_t *counts);

/* Append `root` as text with jansson's flags, and let go of it. PS_NOMEM also for a NULL `root`: a builder that ran out
 * of memory needs no check of its own. */
ps_status ps_json_dump(json_t *root, size_t flags, ps_text *out, ps_error *err);

/* Parse what came from elsewhere: keys come once, texts may have NUL in them, arrays and objects are no deeper than
 * jansson allows (2048), and of values there are at most `most`, so that a small body cannot become a large tree. *root
 * is owned by the caller (json_decref). PS_FORMAT: "is no JSON: …", "has more than … values". */
ps_status ps_json_read(const char *bytes, size_t length, size_t most, json_t **root, ps_error *err);

#endif
