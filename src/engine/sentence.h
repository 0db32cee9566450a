/* Sentences of the rule of steps: what the line so far says of a full stop. The functions are told of each word, mark
 * and character in turn (step_rule.c), and keep what they need in the line. */
#ifndef PERSAMP_ENGINE_SENTENCE_H
#define PERSAMP_ENGINE_SENTENCE_H

#include "engine/step_rule.h"

/* Characters of ASCII, whatever the locale. */
static inline bool ps_is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}
static inline bool ps_is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static inline bool ps_is_digit(char c) {
    return c >= '0' && c <= '9';
}
static inline bool ps_is_one_of(char c, const char *set) {
    while (*set != '\0' && *set != c)
        set++;
    return *set != '\0'; /* no call of strchr: this is asked of every byte */
}
static inline void ps_count(uint8_t *n) {
    if (*n < UINT8_MAX) ++*n;
}

/* A letter or a digit; '\0': a letter beyond ASCII. */
void ps_sentence_word(ps_step_line *line, char c);

/* A character beyond ASCII. Full stops of full width need no white space behind them; quotes and brackets that were
 * opened before them close after them. `closes`: the character is one of these. */
void ps_sentence_character(ps_step_line *line, uint32_t code, bool closes);

/* The mark of ASCII that a mark of full width is; '\0': none. */
char ps_sentence_plain(uint32_t code);

/* Whether the sentence ends with this . ! or ?, if white space comes. 1. and a. are marks of a list, A. is an initial,
 * Mr. and Step 1. go on, and 5! or (n - 1)! is a number. */
bool ps_sentence_ends(const ps_step_line *line, char c);

/* A visible byte of ASCII. $5, $5,000.00, **$5** and $5/hour are money, and no mathematics: after the number comes
 * neither an operator nor, without white space, a letter or a bracket. */
void ps_sentence_money(ps_step_line *line, char c);

#endif
