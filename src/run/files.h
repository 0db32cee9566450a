/* Where files lie that a configuration leaves out or names in short. */
#ifndef PERSAMP_RUN_FILES_H
#define PERSAMP_RUN_FILES_H

#include "persamp/run.h"

/* The file of a model: `configured` as a path or as owner/name in the hub's local cache, else the one that comes with
 * persamp. *path is owned by the caller. PS_IO: it is not there, and what to do. */
ps_status ps_model_file(const ps_config *config, const char *configured, const char *shipped, char **path,
                        ps_error *err);

/* Where what was measured of a model is kept, in *text; NULL where nobody says where to. */
const char *ps_measurements_folder(ps_text *text);

#endif
