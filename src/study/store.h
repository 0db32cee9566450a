/* The output folder of a run: it belongs to one configuration, holds complete result lines only, and can be gone on
 * with after any interruption.
 *
 *     config.yaml       the effective configuration with the origin of each value
 *     config.<name>.yaml  likewise of a method of a comparison, whose results are results.<name>.….jsonl
 *     results.jsonl     a line a problem (results.<arm>.jsonl for baselines, results.<i>-of-<n>.jsonl for shards)
 *     .lock             shared by the runs that write here; each result file has a lock of its own */
#ifndef PERSAMP_STUDY_STORE_H
#define PERSAMP_STUDY_STORE_H

#include "persamp/study.h"

typedef struct ps_store ps_store;

/* Open or create the folder for this configuration. PS_ARG: it belongs to another one (the message shows the
 * difference) or another run is writing there; PS_IO: it cannot be made or written. With `fresh`, results of an earlier
 * run are removed. */
ps_status ps_store_open(const ps_config *config, bool fresh, ps_store **store, ps_error *err);
void ps_store_close(ps_store *store);
const char *ps_store_folder(const ps_store *store);
/* Why a lock was not to be had: PS_ARG another run holds it, PS_IO anything else. */
ps_status ps_store_busy(const char *path, int lock_errno, ps_error *err);

/* One file of results. */
typedef struct ps_results ps_results;

/* Open a file for appending after reading back what is there: `each` is called for every complete line; a torn last
 * line is cut off. PS_FORMAT: a line that is not a result. PS_ARG: another run is writing this file. */
ps_status ps_results_open(ps_store *store, const char *name, void (*each)(void *user, const ps_result_line *line),
                          void *user, ps_results **results, ps_error *err);
/* Append one line (the newline is added): whole or not at all. `hold` keeps it in memory until a checkpoint. */
ps_status ps_results_append(ps_results *results, const char *json, bool hold, ps_error *err);
/* Write what is held and have everything forced to the disk soon; errors of that may come with the next call. */
ps_status ps_results_checkpoint(ps_results *results, ps_error *err);
const char *ps_results_path(const ps_results *results);
/* Everything is forced to the disk, or the error says why not; the file is closed in any case. */
ps_status ps_results_close(ps_results *results, ps_error *err);

/* Write a small file of the folder at once: temporary, fsync, rename. */
ps_status ps_store_write(ps_store *store, const char *name, const char *text, size_t length, ps_error *err);

#endif
