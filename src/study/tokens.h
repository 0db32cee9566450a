/* Tokens by kind in the JSON of summaries and of result lines. */
#ifndef PERSAMP_STUDY_TOKENS_H
#define PERSAMP_STUDY_TOKENS_H

#include "persamp/run.h"

#include <jansson.h>

json_t *ps_tokens_json(const ps_token_counts *counts); /* a new reference; NULL without memory */
/* What is missing or no number counts as 0: lines of earlier versions lack some. */
ps_token_counts ps_tokens_read(const json_t *object);

#endif
