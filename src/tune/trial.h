/* A trial as it is read out of a study: what its attributes and distributions say. */
#ifndef PERSAMP_TUNE_TRIAL_H
#define PERSAMP_TUNE_TRIAL_H

#include "persamp/tune.h"

#include <jansson.h>

/* User attributes that are ours. */
#define PS_ATTRIBUTE_STUDY   "persamp:study"   /* of a study: what it tunes, on what (identity.c) */
#define PS_ATTRIBUTE_SETTING "persamp:setting" /* of a trial: the hash of all that decides its results */
#define PS_ATTRIBUTE_SAMPLES "persamp:samples" /* likewise, of all but how the answer is chosen */

/* Set param->value from its distribution and internal value: of a categorical the choice, else the number. A
 * distribution that is not understood gives the number. */
ps_status ps_trial_value_text(ps_trial_param *param, ps_arena *arena, ps_error *err);

/* What ours of the attributes say, and all of them as text. */
ps_status ps_trial_read_attributes(ps_trial *trial, const json_t *attributes, ps_arena *arena, ps_error *err);

/* A number as short as it can be read back: "0.1", "12". */
void ps_trial_put_number(ps_text *text, double x);

#endif
