/* Regular expressions of a user's (PCRE2), with their memory from the allocator hook and their work bounded. */
#ifndef PERSAMP_BASE_PATTERN_H
#define PERSAMP_BASE_PATTERN_H

#include "persamp/base.h"

typedef struct ps_pattern ps_pattern;

/* PS_FORMAT: it is none; the message says why and at which character. */
ps_status ps_pattern_compile(const char *regex, ps_pattern **out, ps_error *err);
void ps_pattern_free(ps_pattern *pattern); /* NULL is fine */

/* Where the first group of the last match is, or the whole of it where it has none: text[*begin..*end). *found: there
 * is one. A search that takes too many steps finds what it has found until then. */
ps_status ps_pattern_last(ps_pattern *pattern, const char *text, size_t length, bool *found, size_t *begin, size_t *end,
                          ps_error *err);

#endif
