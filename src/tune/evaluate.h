/* Problems solved under one configuration, each result in the database before the next is asked for; what is there
 * already is not computed again. */
#ifndef PERSAMP_TUNE_EVALUATE_H
#define PERSAMP_TUNE_EVALUATE_H

#include "tune/storage.h"

typedef struct ps_evaluation {
    ps_db *db;
    const ps_config *config;
    ps_models *models;
    ps_session *session;
    const char *setting;        /* under which results are stored */
    const ps_problem *problems; /* [n] */
    size_t n;
    int64_t trial; /* whose lease is kept; 0: of no trial */
    const ps_worker *worker;
    bool (*cancelled)(void *user);
    /* Called when more of the first problems are known: results[0..first). *stop ends it. May be NULL. */
    ps_status (*seen)(void *user, const ps_result *results, size_t first, bool *stop, ps_error *err);
    void *user;
} ps_evaluation;

/* Into results[n], all zeros before. *reused: how many were there. *lost: another worker has taken the trial over, and
 * nothing was written since. PS_CANCELLED; what is finished then is stored. */
ps_status ps_evaluate(const ps_evaluation *e, ps_result *results, size_t *reused, bool *lost, ps_error *err);

#endif
