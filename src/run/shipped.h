/* The model that comes with persamp, and what it can be asked. */
#ifndef PERSAMP_RUN_SHIPPED_H
#define PERSAMP_RUN_SHIPPED_H

#include "persamp/run.h"

/* The kinds of questions that the shipped model has learnt, from the problems in data/. Read-only once it is made: any
 * thread may ask. */
typedef struct ps_shipped ps_shipped;

/* Without the shipped problems it knows none. Owned by the caller. */
ps_status ps_shipped_create(ps_shipped **shipped, ps_error *err);
void ps_shipped_free(ps_shipped *shipped); /* NULL is fine */

/* NULL where a question has the words of one kind's problems and formulas like theirs: no four symbols in a row that
 * none of them has, no longer numbers, and whatever symbol they all have; or where `shipped` is NULL. Else what to tell
 * whoever asked. Static. */
const char *ps_shipped_doubt(const ps_shipped *shipped, const char *question);

#endif
