/* Plain words: which letters are a word and which a product, and what words do to the number beside them. */
#ifndef PERSAMP_VERIFY_READ_PROSE_H
#define PERSAMP_VERIFY_READ_PROSE_H

#include "verify/tree/tree.h"

/* Is a run of letters a word of a language ("old", "apples") and not a product of variables ("xyz", "abcd")? Functions,
 * units and the words that mean mathematics are none. */
bool psv_is_plain_word(const char *word, size_t length);

/* Words that say no more than that a value follows: "the answer is", "exactly", "a total of", "there are". How many
 * bytes of text they take at its start, blanks and a colon after them included; 0 when there are none. */
size_t psv_lead_in(const char *text, size_t length);

/* Do the words after (or before) a number make it another one, or deny it: "or more", "squared", "tenths", "is wrong"?
 * `words` is plain: lower case, one space between. */
bool psv_changes_number(const char *words);

/* Words before a condition that says where an answer holds and not which answer it is: "for all x", "where n is an
 * integer", "such that". */
bool psv_opens_domain(const char *words);

/* The name of a currency, by its word, code or abbreviation: "usd", "rs", "eur"; NULL when it is none. */
const char *psv_currency_code(const char *word, size_t length);

#endif
