/* What decides the results of a trial, as a hash: trials with one setting are one trial, and what came of a problem
 * under it need not be computed again. */
#ifndef PERSAMP_TUNE_SETTING_H
#define PERSAMP_TUNE_SETTING_H

#include "base/hash.h"
#include "persamp/tune.h"

/* What is the same for all trials: the models and the data set, by their content. */
typedef struct ps_fixture {
    const char *generator, *prm; /* NULL: not known, or there is none */
    char dataset[PS_HASH_TEXT];
} ps_fixture;

/* The hash of the problems [n] of a data set. */
void ps_fixture_dataset(const ps_problem *problems, size_t n, char text[PS_HASH_TEXT]);

typedef struct ps_setting {
    char draws[PS_HASH_TEXT];   /* of all that decides what is drawn */
    char samples[PS_HASH_TEXT]; /* of all that decides which samples are drawn, and how each is scored and judged */
    char whole[PS_HASH_TEXT];   /* likewise, and how the answer is chosen among them */
} ps_setting;
/* Of every key that changes results and can act under the rest of the configuration. */
ps_status ps_setting_of(const ps_config *config, const ps_fixture *fixture, ps_setting *setting, ps_error *err);

#endif
