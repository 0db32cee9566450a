/* Where files lie that a configuration leaves out or names in short. */
#ifndef PERSAMP_RUN_FILES_H
#define PERSAMP_RUN_FILES_H

#include "persamp/run.h"

bool ps_is_file(const char *path); /* or a device, or a pipe: not a folder, and there */

/* A file that comes with persamp: where PERSAMP_SHARE says, in the installed tree around this library, in the source
 * tree it was built from, or where it was to be installed. *path is owned by the caller; NULL when it is nowhere. */
ps_status ps_find_shipped(const char *name, char **path, ps_error *err);
/* Likewise; PS_IO when it is nowhere. */
ps_status ps_shipped_file(const char *name, char **path, ps_error *err);

/* Append the hub's cache, as its own programs find it: hub.cache, else hub/ in hub.home, else in huggingface/ of the
 * user's cache folder. */
void ps_append_hub_cache(const ps_config *config, ps_text *text);

/* Append a path to a pattern for glob, in which it stands for itself only. */
void ps_append_literal(ps_text *pattern, const char *text);

/* The file of a model: `configured` as a path or as owner/name in the hub's local cache, else the one that comes with
 * persamp. *path is owned by the caller. PS_IO: it is not there, and what to do. */
ps_status ps_model_file(const ps_config *config, const char *configured, const char *shipped, char **path,
                        ps_error *err);

/* Where what was measured of a model is kept, in *text; NULL where nobody says where to. */
const char *ps_measurements_folder(ps_text *text);

#endif
