/* The marks that models put around their thinking: <think>…</think>, [THINK]…[/THINK], ◁think▷…◁/think▷ and so on. One
 * table for all who read answers: an opening mark that only one of them knew would never be closed for the other. */
#ifndef PERSAMP_BASE_THINKING_H
#define PERSAMP_BASE_THINKING_H

#include <stdbool.h>
#include <stddef.h>

enum { PS_THINKING_MARK = 32 }; /* more bytes than any mark has */

typedef enum ps_thinking {
    PS_THINKING_NONE,
    PS_THINKING_PARTIAL, /* the text ends within what may become a mark */
    PS_THINKING_OPENS,
    PS_THINKING_CLOSES,
    PS_THINKING_OTHER /* one that stands beside them and says nothing */
} ps_thinking;

/* What text[0..n) begins with, small and capital letters alike; of several marks the longest. *length: its bytes, where
 * it is a whole mark. No mark has white space in it, and O(1). */
ps_thinking ps_thinking_mark(const char *text, size_t n, size_t *length);

/* Whether a mark may begin with this byte. */
static inline bool ps_thinking_begins(char byte) {
    return byte == '<' || byte == '[' || byte == '\xE2';
}

/* Whether a token of this spelling is a mark or begins one: its text belongs to the answer whatever its type. */
bool ps_is_thinking_token(const char *text);

#endif
