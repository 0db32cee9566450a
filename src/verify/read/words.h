/* Words in answers: plain text, numbers spelled out, units of measure. */
#ifndef PERSAMP_VERIFY_READ_WORDS_H
#define PERSAMP_VERIFY_READ_WORDS_H

#include "verify/tree/tree.h"

/* The value of a number spelled in English ("nine", "twenty-one", "a hundred"), or −1. `words` is plain lower case. */
long psv_number_word(const char *words);

/* "thousand", "million", "billion", "trillion", "dozen": the exponent of ten is not enough for the last, so the
 * factor itself; 0 when the word is none of them. */
long psv_multiplier_word(const char *word, size_t length);

/* A unit of measure: what it measures, to which power, and how many of the base unit of that quantity it is. */
typedef struct psv_unit {
    char dimension; /* 'L' length, 'T' time, 'M' mass, '$' money, 'V' volume in litres, … ; 0: not known */
    int power;
    long numerator, denominator;
    char per;      /* what it is divided by: 'T' of miles per hour; 0: nothing */
    bool is_pound; /* of weight, though the word may mean money */
    int shift;     /* of a scale of temperature: hundredths that are added before the factor */
} psv_unit;
extern const psv_unit psv_no_unit; /* dimension 0 */

/* Look up a unit as the parser writes it: lower case words, an optional "^k" at the end. */
psv_unit psv_find_unit(const char *text);
bool psv_is_unit_word(const char *word, size_t length);
char psv_unit_measures(const char *word, size_t length); /* dimension of a single word; 0 when it is not known */

/* Is \name typography, so that only its argument counts? */
bool psv_is_text_command(const char *name, size_t length);

/* Same words, apart from articles and words that only say what kind of thing it is ("even" and "even function"). */
bool psv_same_words(psv_ctx *ctx, const char *a, const char *b);

#endif
