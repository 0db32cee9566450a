/* Studies and trials in the tables: every statement of SQL that is not the seam's own is here. */
#ifndef PERSAMP_TUNE_STORAGE_H
#define PERSAMP_TUNE_STORAGE_H

#include "tune/db.h"

/* ---- Studies ------------------------------------------------------------- */

/* *id is 0 where there is no study of this name. */
ps_status ps_storage_find_study(ps_db *db, const char *name, int64_t *id, ps_error *err);
/* Likewise, or PS_ARG with the nearest name. */
ps_status ps_storage_need_study(ps_db *db, const char *name, int64_t *id, ps_error *err);
/* Find or make it. *made: it was not there. PS_ARG: it has other directions. */
ps_status ps_storage_make_study(ps_db *db, const char *name, const bool *maximise, size_t n, int64_t *id, bool *made,
                                ps_error *err);
/* A user attribute of a study, put or replaced; in a transaction. */
ps_status ps_storage_set_study_attribute(ps_db *db, int64_t study, const char *key, const char *json, ps_error *err);
/* What its objectives are called, for those who look with Optuna's eyes: a JSON array of names. */
ps_status ps_storage_set_metric_names(ps_db *db, int64_t study, const char *json, ps_error *err);
/* Appended to *json; nothing where there is none. */
ps_status ps_storage_get_study_attribute(ps_db *db, int64_t study, const char *key, ps_text *json, ps_error *err);
/* Whether a worker is on one of its trials; `lapsed`: or was, and its lease is over. Who found none to take over asks
 * with it: a lease may end between the two questions. */
ps_status ps_storage_is_busy(ps_db *db, int64_t study, bool lapsed, bool *busy, ps_error *err);

/* All trials in order of number, with all that is known of them. Free with ps_trials_clear. */
ps_status ps_storage_trials(ps_db *db, int64_t study, ps_trials *out, ps_error *err);

/* ---- A worker's trials --------------------------------------------------- */

/* Who works, and how long a sign of life is good for. */
typedef struct ps_worker {
    char owner[40]; /* like no other's */
    double lease;   /* seconds */
} ps_worker;

/* In a transaction: no other worker makes or takes a trial of this study until its end. */
ps_status ps_storage_lock_study(ps_db *db, int64_t study, ps_error *err);
/* A new trial of this worker; its number is that of the trials before it. */
ps_status ps_storage_new_trial(ps_db *db, int64_t study, const ps_worker *worker, int64_t *id, ps_error *err);
ps_status ps_storage_set_param(ps_db *db, int64_t trial, const char *name, double internal, const char *distribution,
                               ps_error *err);
ps_status ps_storage_set_attribute(ps_db *db, int64_t trial, const char *key, const char *json, ps_error *err);
/* The WAITING trial with the smallest number becomes this worker's; *id is 0 where there is none. What it asks for
 * (Optuna's fixed_params, a JSON object) is appended to *asked. */
ps_status ps_storage_take_waiting(ps_db *db, int64_t study, const ps_worker *worker, int64_t *id, ps_text *asked,
                                  ps_error *err);
/* A RUNNING trial whose worker has given no sign of life for its lease, taken over; *id is 0 where there is none. */
ps_status ps_storage_take_expired(ps_db *db, int64_t study, const ps_worker *worker, int64_t *id, ps_error *err);

/* A sign of life, in a transaction before anything is written of the trial. *mine is false where another worker has
 * taken it over, or it is over already: then nothing may be written of it; and the lease of whoever has it is twice as
 * long from now on. */
ps_status ps_storage_beat(ps_db *db, int64_t trial, const ps_worker *worker, bool *mine, ps_error *err);
/* Whoever asks next may take the trial over at once. */
ps_status ps_storage_let_go(ps_db *db, int64_t trial, const ps_worker *worker, ps_error *err);
ps_status ps_storage_set_intermediate(ps_db *db, int64_t trial, size_t step, double value, ps_error *err);
/* How many trials of the study have a value at this step, and how many of those a better one (larger where
 * `maximise`). */
ps_status ps_storage_rank(ps_db *db, int64_t study, size_t step, double value, bool maximise, size_t *reached,
                          size_t *better, ps_error *err);
/* The end of a trial: its state, and values[0..n). */
ps_status ps_storage_end_trial(ps_db *db, int64_t trial, ps_trial_state state, const double *values, size_t n,
                               ps_error *err);

/* ---- Results of problems ------------------------------------------------- */

/* What came of one problem under one configuration. A failure is no result. */
typedef struct ps_result {
    bool known;
    bool failed;       /* of this session only: it is not stored */
    unsigned right_by; /* bit s: right by ps_select s */
    double confidence[PS_SELECTS];
    uint64_t tokens; /* generated */
    double seconds;
    bool truncated;
} ps_result;

/* The results of problems[0..n) under a configuration, into results[0..n) at the places of the problems; the others
 * stay. A transaction of its own. */
ps_status ps_storage_results(ps_db *db, const char *setting, const ps_problem *problems, size_t n, ps_result *results,
                             ps_error *err);
ps_status ps_storage_add_result(ps_db *db, const char *setting, uint64_t problem, const ps_result *result,
                                ps_error *err);

/* For which of problems[0..n) steps were drawn under a ps_setting.draws: there[i] is set, the others stay. A
 * transaction of its own. */
ps_status ps_storage_find_steps(ps_db *db, const char *draws, const ps_problem *problems, size_t n, bool *there,
                                ps_error *err);
/* The steps that were drawn for a problem under what decides them (ps_setting.draws), added to *steps. A transaction of
 * its own. */
ps_status ps_storage_read_steps(ps_db *db, const char *draws, uint64_t problem, ps_steps *steps, ps_error *err);
/* A record of ps_steps_add beside those that are there. */
ps_status ps_storage_add_steps(ps_db *db, const char *draws, uint64_t problem, const char *record, ps_error *err);

#endif
