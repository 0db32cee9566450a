/* Is a line that is read back of the run that reads it? The same problem of the data set, with the same right answer,
 * solved by the same method with the same seed: a path may hold other problems than yesterday. */
#ifndef PERSAMP_STUDY_SAME_H
#define PERSAMP_STUDY_SAME_H

#include "study/store.h"

/* What a line must be of. */
typedef struct ps_same {
    const char *method;
    bool independent; /* of any method that draws independent answers, where `method` is one: they draw the same */
    uint64_t seed;
} ps_same;

/* What to do where a line is of another run: the same whatever differs. */
extern const char *const ps_same_advice;

/* PS_ARG: it is of something else; the message says where, and shows both, without the advice. `problem`: the record of
 * today under the line's index, NULL where there is none. */
ps_status ps_same_check(const ps_same *run, const ps_problem *problem, const ps_stored_line *line, ps_error *err);

#endif
