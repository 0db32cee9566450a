/* The grader for multiple choice: an answer is the letter of an option, its letter with its text, or its text. */
#ifndef PERSAMP_VERIFY_CHOICE_H
#define PERSAMP_VERIFY_CHOICE_H

#include "verify/extract/extract.h"

/* The option that a response chooses: what the rules of extraction find when that has a letter, else the last option
 * that is named ("option C", "(C)"), else what they find. NULL: nothing; arena. */
const char *psv_extract_choice(psv_ctx *ctx, const char *response, size_t length);

/* Do two answers choose the same option? By letters where both have some, else by the text beside the letter. */
psv_answer_is psv_compare_choices(psv_compare *c, const char *a, const char *b);

#endif
