/* Data sets inside: read with the names of fields that a configuration gives, and found by name. */
#ifndef PERSAMP_RUN_DATASET_H
#define PERSAMP_RUN_DATASET_H

#include "run/record.h"

/* ps_dataset_load with other names of fields. */
ps_status ps_dataset_read(const char *path, const ps_field_names *fields, ps_dataset **dataset, ps_error *err);

/* PS_FORMAT: `path` is a Parquet file, with the command that makes JSONL of it. */
ps_status ps_dataset_fail_parquet(const char *path, ps_error *err);

#endif
