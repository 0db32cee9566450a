/* What makes a trial good, out of what came of its problems. */
#ifndef PERSAMP_TUNE_METRIC_H
#define PERSAMP_TUNE_METRIC_H

#include "tune/storage.h"

typedef struct ps_tally {
    size_t done, correct, failed, truncated;
    uint64_t tokens;
    double seconds, squares; /* squares: Σ (confidence − correct)² */
} ps_tally;
/* Of results[0..n), which are known: of a failed problem the answer is wrong. */
ps_tally ps_tally_of(const ps_result *results, size_t n, ps_select select);

/* Whether a metric of tuning.metric is to be high. */
bool ps_metric_is_high(const char *metric);
/* Its value: accuracy, right answers per 1,000 tokens, Brier score, tokens per problem. 0 for nothing done. */
double ps_metric_value(const char *metric, const ps_tally *tally);

#endif
