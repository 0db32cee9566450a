/* Problems solved under one configuration, each result in the database before the next is asked for; what is there
 * already is not computed again, and what can be made of samples that are there is made of them. */
#ifndef PERSAMP_TUNE_EVALUATE_H
#define PERSAMP_TUNE_EVALUATE_H

#include "tune/storage.h"

typedef struct ps_evaluation {
    ps_db *db;
    const ps_config *config;
    ps_models *models;
    ps_session *session;
    const char *setting;        /* under which results are stored */
    const char *draws;          /* likewise the steps that were drawn; NULL: none are read or stored */
    const ps_problem *problems; /* [n] */
    size_t n;
    int64_t trial; /* whose lease is kept; 0: of no trial */
    const ps_worker *worker;
    bool (*cancelled)(void *user);
    /* Called when more of the first problems are known: results[0..first). *stop ends it. May be NULL. */
    ps_status (*seen)(void *user, const ps_result *results, size_t first, bool *stop, ps_error *err);
    void *user;
} ps_evaluation;

/* What it took. */
typedef struct ps_effort {
    size_t reused;  /* results that were there */
    size_t reread;  /* results that were made of samples that were there: no model took part */
    uint64_t drawn; /* tokens that the model generated */
} ps_effort;

/* Into results[n], all zeros before. *effort is raised. *lost: another worker has taken the trial over, and nothing was
 * written since. PS_CANCELLED; what is finished then is stored. */
ps_status ps_evaluate(const ps_evaluation *e, ps_result *results, ps_effort *effort, bool *lost, ps_error *err);

#endif
