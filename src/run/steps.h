/* The steps of one problem that are known, and how a task finds one. */
#ifndef PERSAMP_RUN_STEPS_H
#define PERSAMP_RUN_STEPS_H

#include "persamp/run.h"

#include <jansson.h>

/* A step as it was drawn; sums as in ps_step_result. */
typedef struct ps_step {
    uint64_t path;    /* 0: a free place of the table */
    const char *text; /* of `length` bytes */
    size_t length, n_tokens;
    ps_snapshot_state state;
    double sum_logp, sum_logq, sum_entropy, sum_certainty; /* logq, certainty: NaN where nobody asked for them */
    double reward, step_reward;                            /* likewise */
    const double *confidences;                             /* [n_tokens] as in ps_event, or NULL likewise */
} ps_step;

/* The path of the child with this number. The root's is 0, no other's. */
uint64_t ps_step_path(uint64_t parent, uint32_t child);
/* NULL: it is not known. */
const ps_step *ps_steps_find(const ps_steps *steps, uint64_t path);
/* Whether a step has all that a search of this session is told of one. */
bool ps_step_tells(const ps_step *step, const ps_session *session, bool reward);
/* All steps of an outcome as ps_steps_add writes them, an array of JSON: a new reference; NULL without memory. */
json_t *ps_steps_json(const ps_outcome *outcome);

#endif
