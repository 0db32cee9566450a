/* The file of states: a header that says of which model, then a record for each state. */
#ifndef PERSAMP_LEARN_KEEP_H
#define PERSAMP_LEARN_KEEP_H

#include "base/hash.h"
#include "learn/samples.h"

typedef struct ps_keep ps_keep;

/* What decides a state: the question and all tokens before the step's last one, however these were cut into steps. So
 * a state is found again whatever other answers are there. */
typedef struct ps_keep_key {
    char text[PS_HASH_TEXT]; /* "": the step has no state. It has no token, or it is the first token of all, whose state
                                would be the prompt's */
} ps_keep_key;
/* Of each step of a question, into keys[n_steps]. PS_NOMEM. */
ps_status ps_keep_keys(const ps_question *question, ps_keep_key *keys, ps_error *err);

/* Open or make it. PS_ARG: it is another file, of another model or width, or in use; a record that was cut off is cut
 * away. */
ps_status ps_keep_open(const char *path, const char *model, size_t width, ps_keep **keep, ps_error *err);
void ps_keep_close(ps_keep *keep); /* NULL is fine */
/* A state that was there when the file was opened, into values[width]; false: there is none. O(log n). */
bool ps_keep_find(const ps_keep *keep, const ps_keep_key *key, float *values);
/* Add values[i × width] under keys[i] for each i < n with which[i]. PS_IO. */
ps_status ps_keep_add(ps_keep *keep, const ps_keep_key *keys, const float *values, const bool *which, size_t n,
                      ps_error *err);

#endif
