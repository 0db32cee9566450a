/* The lexer: what its files share. token.c walks over the text; lex_number.c, lex_words.c and lex_command.c each read
 * one kind of thing at the cursor, push its tokens and move the cursor past it. */
#ifndef PERSAMP_VERIFY_READ_LEXER_H
#define PERSAMP_VERIFY_READ_LEXER_H

#include "verify/read/token.h"

#include <ctype.h>

#define PSV_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
enum { PSV_LONGEST_NUMERAL = 64 }; /* digits of a numeral with letters: the look ahead stays short */

typedef struct psv_lexer {
    psv_ctx *ctx;
    const char *s;
    size_t i, length;
    psv_tokens *out;
    size_t capacity;
    bool space, bold, dollars;
    int environments; /* open \begin: there "\\" is a new row */
    size_t unit_at;   /* where the unit of \SI{5}{…} starts; 0: nowhere */
    size_t degree_at; /* where the group of \ang{30} has ended */
    bool failed;
} psv_lexer;

/* A token of s[begin…); `text` is copied, NULL is the empty text. NULL when there are too many, or without memory. */
psv_token *psv_push(psv_lexer *lex, int code, size_t begin, const char *text, size_t length);

/* The end of the balanced group that opens at s[i] == '{': index of its '}', or the length when it never closes. */
size_t psv_group_end(const psv_lexer *lex, size_t i);

void psv_lex_number(psv_lexer *lex);
size_t psv_large_base_numeral(const psv_lexer *lex); /* length of a numeral like 1A3_{16} at the cursor, or 0 */

void psv_lex_letters(psv_lexer *lex);
void psv_push_letter(psv_lexer *lex, size_t begin, const char *name, size_t length, int run);
/* The contents of \text{…}, \mathrm{…}, \operatorname{…}: a function, a letter, a joining word, or words. */
void psv_push_textual(psv_lexer *lex, size_t begin, const char *s, size_t length, bool bold);

void psv_lex_command(psv_lexer *lex);
void psv_lex_unit_group(psv_lexer *lex); /* the group of units of \SI */

static inline void psv_skip_blanks(psv_lexer *lex) {
    while (lex->i < lex->length && isspace((unsigned char)lex->s[lex->i]))
        lex->i++;
}

static inline size_t psv_leading_blanks(const char *s, size_t length) {
    size_t n = 0;
    while (n < length && isspace((unsigned char)s[n]))
        n++;
    return n;
}

/* Is the token before the cursor the end of a number or a bracket, that "!" would make a factorial? */
static inline bool psv_ends_number(const psv_lexer *lex) {
    int before = lex->out->n ? lex->out->data[lex->out->n - 1].code : 0;
    return before == TK_NUM || before == ')';
}

#endif
