/* What the files of an output folder are called, and which of those that lie in one are ours. A user may keep files of
 * her own there: they are neither read nor removed. */
#ifndef PERSAMP_STUDY_NAMES_H
#define PERSAMP_STUDY_NAMES_H

#include "persamp/base.h"

/* Append to *name the first file of `folder`, in order of name, that is called as a file of results is (not
 * config.yaml, .lock or a temporary one) and begins with `start`; nothing where there is none. PS_IO. */
ps_status ps_names_find(const char *folder, const char *start, ps_text *name, ps_error *err);

/* Remove the files of an earlier run: what is called as ours and begins as ours do, config.yaml last, so that what is
 * left by an interruption still belongs to somebody. PS_IO. */
ps_status ps_names_remove(const char *folder, ps_error *err);

/* Remove what a run that was killed had not finished writing. Nobody else may be writing. PS_IO. */
ps_status ps_names_tidy(const char *folder, ps_error *err);

#endif
