/* The output folder of a run: it belongs to one configuration, holds complete result lines only, and can be gone on
 * with after any interruption.
 *
 *     config.yaml       the record (study/record.h): the effective configuration, and which models they were
 *     config.<name>.yaml  likewise of a method of a comparison, whose results are results.<name>.….jsonl
 *     results.jsonl     a line a problem (results.<arm>.jsonl for baselines, results.<i>-of-<n>.jsonl for shards)
 *     .lock             shared by the runs that write here; each result file has a lock of its own */
#ifndef PERSAMP_STUDY_STORE_H
#define PERSAMP_STUDY_STORE_H

#include "persamp/study.h"
#include "study/record.h"

#include <jansson.h>

/* What the record of a folder says of these models. The texts live as long as they do. */
ps_record_models ps_store_models(const ps_models *models);

typedef struct ps_store ps_store;

/* Open or create the folder for this configuration and these models, whose texts are borrowed as long as the folder is
 * open. With `fresh`, results of an earlier run are removed, and nothing else. PS_ARG: it belongs to another
 * configuration (the message shows the difference), or to nobody one could know (results without config.yaml), or
 * another run is writing there; likewise of the folder of evaluation.resume_from. PS_IO: it cannot be made or
 * written. */
ps_status ps_store_open(const ps_config *config, const ps_record_models *models, bool fresh, ps_store **store,
                        ps_error *err);
void ps_store_close(ps_store *store);
const char *ps_store_folder(const ps_store *store);
/* The folder of evaluation.resume_from, whose finished problems are to be copied; NULL without one, or where it is the
 * output folder itself. */
const char *ps_store_resume(const ps_store *store);
/* PS_IO: the folder was removed or replaced since it was opened, so that what is written into it is lost. */
ps_status ps_store_check(const ps_store *store, ps_error *err);
/* Why a lock was not to be had: PS_ARG another run holds it, PS_IO anything else. */
ps_status ps_store_busy(const char *path, int lock_errno, ps_error *err);

/* One file of results. */
typedef struct ps_results ps_results;

/* Open a file for appending after reading back what is there: `each` is called for every complete line; a torn last
 * line, the beginning of one of ours, is cut off. PS_FORMAT: what is no result. PS_ARG: another run is writing this
 * file. Unless it succeeds, the file stays as it is. */
ps_status ps_results_open(ps_store *store, const char *name, ps_each_line *each, void *user, ps_results **results,
                          ps_error *err);
/* Append one line (the newline is added): whole or not at all. `hold` keeps it in memory until a checkpoint. PS_IO also
 * where the file was removed or replaced in the meantime: what would be written is lost. */
ps_status ps_results_append(ps_results *results, const char *json, bool hold, ps_error *err);
ps_status ps_results_append_bytes(ps_results *results, const char *json, size_t length, bool hold, ps_error *err);
/* Write what is held and have everything forced to the disk soon; errors of that may come with the next call. */
ps_status ps_results_checkpoint(ps_results *results, ps_error *err);
const char *ps_results_path(const ps_results *results);
/* Everything is forced to the disk, or the error says why not; the file is closed in any case. */
ps_status ps_results_close(ps_results *results, ps_error *err);

/* Write a small file of the folder at once (ps_file_replace). */
ps_status ps_store_write(ps_store *store, const char *name, const char *text, size_t length, ps_error *err);

#endif
