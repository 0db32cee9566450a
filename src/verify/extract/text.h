/* What the files share that read running text. Most of them look at a copy without markdown, on one line. */
#ifndef PERSAMP_VERIFY_EXTRACT_TEXT_H
#define PERSAMP_VERIFY_EXTRACT_TEXT_H

#include "verify/extract/extract.h"

#include <ctype.h>

enum { PSV_LONGEST_VALUE = 300, PSV_LONGEST_SENTENCE = 1000 };

/* A stretch without markdown, quotes and notes, on one line; arena. */
char *psv_plain_copy(psv_ctx *ctx, const char *text, psv_span stretch);

/* The value that a text starts with: where it ends (0: there is none), and whether words after it change it or take it
 * back ("or more"). */
typedef struct psv_value_end {
    size_t end;
    bool denied;
} psv_value_end;
psv_value_end psv_find_value_end(const char *s);

/* The value at the start of a text as its own text, a choice too; NULL: it starts with something else. Arena. */
const char *psv_value_at_start(psv_ctx *ctx, const char *s);

/* The first formula that begins in a stretch; NULL: there is none. */
const psv_formula *psv_first_formula(const psv_formulas *formulas, psv_span stretch);

/* "at least", "twice", "the square root of": words at the start of a text that make another number, or none, of the one
 * after them. How long they are; 0: there are none. */
size_t psv_words_on_number(const char *s);

/* Do such words stand right before i, where a number starts? */
bool psv_changed_at(const char *s, size_t i);

bool psv_is_number_word(const char *word, size_t length); /* "three" */

static inline bool psv_letter(char c) {
    return isalpha((unsigned char)c) || (unsigned char)c >= 128;
}

static inline size_t psv_word_length(const char *s, size_t i) {
    size_t end = i;
    while (isalpha((unsigned char)s[end]))
        end++;
    return end - i;
}

static inline size_t psv_skip_spaces(const char *s, size_t i) {
    while (s[i] == ' ')
        i++;
    return i;
}

static inline bool psv_digit_within(const char *text, size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++)
        if (isdigit((unsigned char)text[i])) return true;
    return false;
}

#endif
