/* What a server says, made fit for a message: no key, no control characters, no more than is read. */
#ifndef PERSAMP_HTTP_WORDS_H
#define PERSAMP_HTTP_WORDS_H

#include "persamp/base.h"

enum { PS_HTTP_WORDS = 500 }; /* bytes of a server's words in a message */

/* Overwrite each place where `key` stands in bytes[0..n) by stars. A key of fewer than four bytes is none, and stays;
 * so does NULL. */
void ps_http_mask(char *bytes, size_t n, const char *key);

/* Write at most PS_HTTP_WORDS bytes of what was said, terminated: control characters as \n or \x1b, what is not UTF-8
 * as U+FFFD, the key as stars, blanks around it left out, and "…" where it was cut. */
void ps_http_words(char out[PS_HTTP_WORDS + 1], const char *bytes, size_t n, const char *key);

#endif
