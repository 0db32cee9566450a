/* The file of states: a header that says of which model, then a record for each question. */
#ifndef PERSAMP_LEARN_KEEP_H
#define PERSAMP_LEARN_KEEP_H

#include "learn/states.h"

typedef struct ps_keep ps_keep;

/* Open or make it. PS_ARG: it is another file, of another model or width, or in use; a record that was cut off is cut
 * away. */
ps_status ps_keep_open(const char *path, const char *model, size_t width, ps_keep **keep, ps_error *err);
void ps_keep_close(ps_keep *keep);
/* The states of the steps of a question, into values[n_steps × width] and there[n_steps]; false: it has none. */
bool ps_keep_find(const ps_keep *keep, const ps_question *question, float *values, bool *there);
/* Add them. PS_IO. */
ps_status ps_keep_add(ps_keep *keep, const ps_question *question, const float *values, const bool *there,
                      ps_error *err);

#endif
