/* The files of one run in the folders that are read: its shards', and the whole ones of other folders. */
#ifndef PERSAMP_STUDY_PATHS_H
#define PERSAMP_STUDY_PATHS_H

#include "persamp/base.h"

typedef struct ps_paths {
    char **items; /* [n] */
    size_t n, capacity;
} ps_paths;

/* Append ".I-of-N" for shard i of n; nothing where there is one. */
void ps_shard_suffix(size_t shard, size_t shards, ps_text *name);
/* Every file named BASE + ENDING or BASE.I-of-N + ENDING in the n folders, in order of name, appended to *paths. PS_IO:
 * a folder that cannot be read. Free with ps_paths_clear, also after a failure. */
ps_status ps_paths_find(const char *const *folders, size_t n, const char *base, const char *ending, ps_paths *paths,
                        ps_error *err);
void ps_paths_clear(ps_paths *paths);

#endif
