/* By what results were made: the record that lies beside them. It is the effective configuration with the origin of
 * each value, and behind it, as comments that a configuration's reader passes over, which models they were: a path may
 * hold another model tomorrow. */
#ifndef PERSAMP_STUDY_RECORD_H
#define PERSAMP_STUDY_RECORD_H

#include "persamp/config.h"

/* What each model is by its content, in one line of text; NULL: not known, or there is none. */
typedef struct ps_record_models {
    const char *generator, *prm;
} ps_record_models;

/* The record of today, appended to *text. */
ps_status ps_record_write(const ps_config *config, const ps_record_models *models, ps_text *text, ps_error *err);

/* What differs between today and the record at `path`, a line each, appended to *difference; nothing when they agree.
 * A model that the record does not know is none. PS_FORMAT: it cannot be read. */
ps_status ps_record_compare(const ps_config *config, const ps_record_models *models, const char *path,
                            ps_text *difference, ps_error *err);

/* PS_ARG: the file at `path` is no record of ours, but a configuration that somebody wrote. */
ps_status ps_record_is_ours(const char *path, ps_error *err);

#endif
