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

/* Append `root` as text with jansson's flags, and let go of it. PS_NOMEM also for a NULL `root`: a builder that ran out
 * of memory needs no check of its own. */
ps_status ps_json_dump(json_t *root, size_t flags, ps_text *out, ps_error *err);

#endif
