/* The lines of a result file that count, as one JSON array beside it. */
#ifndef PERSAMP_STUDY_ARRAY_H
#define PERSAMP_STUDY_ARRAY_H

#include "study/store.h"

/* Of each problem the last line of the file at `path`, in the folder of the store, in the order of the file;
 * results.json for results.jsonl. */
ps_status ps_array_write(ps_store *store, const char *path, ps_error *err);

#endif
