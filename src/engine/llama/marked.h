/* Marked text: a prompt in which what a user wrote can be told from what the model's template wrote, byte for byte and
 * through whatever a template does to it (trim, split, replace, join).
 *
 * Control tokens are spelled with punctuation: <|im_end|>, [INST], </s>. UTF-8 never uses thirteen of the 256 bytes.
 * In a user's text each of thirteen punctuation characters is written as one of these bytes, its mark; the template's
 * own text is as it is. A search for the spelling of a control token then finds those of the template only. */
#ifndef PERSAMP_ENGINE_LLAMA_MARKED_H
#define PERSAMP_ENGINE_LLAMA_MARKED_H

#include "persamp/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The characters that have a mark, and beside each the byte that is its mark. */
#define PS_MARKED_CHARACTERS "<>[]|_{}#/@:~"
#define PS_MARKS             "\xC0\xC1\xF5\xF6\xF7\xF8\xF9\xFA\xFB\xFC\xFD\xFE\xFF"

/* The character that a byte stands for: itself unless it is a mark. */
extern const unsigned char ps_unmarked[256];
static inline bool ps_is_mark(char byte) {
    return ps_unmarked[(unsigned char)byte] != (unsigned char)byte;
}

/* Append a user's text, marked. Bytes that are no UTF-8 become U+FFFD. */
void ps_marked_user(ps_text *out, const char *text, size_t length);
/* Append a template's text, which has no marks: bytes that are no UTF-8 become U+FFFD. */
void ps_marked_own(ps_text *out, const char *text, size_t length);
/* Append marked text without its marks: what a reader sees. */
void ps_marked_plain(ps_text *out, const char *marked, size_t length);

#ifdef __cplusplus
}
#endif
#endif
