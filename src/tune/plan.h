/* What a worker of a study has at hand: the space, the problems, the grid, the database. */
#ifndef PERSAMP_TUNE_PLAN_H
#define PERSAMP_TUNE_PLAN_H

#include "tune/evaluate.h"
#include "tune/metric.h"
#include "tune/setting.h"
#include "tune/space.h"
#include "tune/storage.h"

/* A point of a grid. */
typedef struct ps_grid_point {
    bool valid;  /* false: its values contradict each other */
    bool folded; /* differs from an earlier point only in keys that cannot act */
    char setting[PS_HASH_TEXT];
} ps_grid_point;

typedef struct ps_plan {
    const ps_config *config;
    const ps_tune_options *options;
    const ps_tune_observer *observer; /* never NULL */
    ps_models *models;
    ps_db *db;
    int64_t study;
    ps_worker worker;
    ps_space *space;
    ps_fixture fixture;
    ps_dataset *dataset;
    char *path;           /* of the data set; NULL where problems are generated */
    ps_problem *problems; /* [n + n_held] in the order in which every trial sees them; those held out last */
    size_t n, n_held, n_dataset;
    bool maximise[PS_OBJECTIVES];
    bool rereads;          /* the space has a key by which samples that exist can be read (ps_key_only_reads) */
    ps_effort effort;      /* of this session */
    ps_grid_point *points; /* [n_points]; NULL where the space is not finite or has more than PS_TUNE_MANY points */
    size_t n_points, n_folded, cursor; /* cursor: of a larger grid, the first point that may not be tried yet */
    size_t target;                     /* trials in all; SIZE_MAX: as many as the grid has points */
} ps_plan;

/* Problems and their order: tuning.validation_samples of the data set by tuning.validation_seed. */
ps_status ps_plan_problems(ps_plan *plan, ps_error *err);
/* Every point's setting, where the space is finite and not too large. */
ps_status ps_plan_grid(ps_plan *plan, ps_error *err);
/* In a transaction: the study of this name is found or made. PS_ARG: it is another; the difference is shown. */
ps_status ps_plan_study(ps_plan *plan, ps_error *err);
void ps_plan_clear(ps_plan *plan);

/* Tell the observer. */
void ps_plan_note(const ps_plan *plan, const char *format, ...) PS_PRINTF(2, 3);
bool ps_plan_cancelled(const ps_plan *plan);

/* A trial that this worker has. */
typedef struct ps_job {
    int64_t id; /* 0: there is nothing to do */
    size_t number;
    double *x;         /* [space->n]; owned */
    ps_config *config; /* owned */
    ps_setting setting;
    bool taken_over;
    bool others; /* with id 0: other workers have trials under way */
    /* The best complete trial at the time, without what it points to; and what pruning compares with, "" where there is
     * none. */
    bool has_best;
    ps_trial best;
    char best_samples[PS_HASH_TEXT];
    ps_select best_select;
} ps_job;
/* In one transaction: a trial that somebody asked for, one that its worker left, or a new one. A point whose values
 * contradict each other or lie outside the space becomes FAIL with the reason, and the next is taken. */
ps_status ps_plan_next(ps_plan *plan, ps_job *job, ps_error *err);
void ps_job_clear(ps_job *job);

/* Run it to its end. *lost: another worker has it now. *effort is raised. */
ps_status ps_plan_run(ps_plan *plan, const ps_job *job, ps_effort *effort, bool *lost, ps_error *err);

/* The winner's configuration without tuning.*, as a file; and its accuracy on the problems held out. */
ps_status ps_plan_winner(ps_plan *plan, ps_tune_summary *summary, ps_error *err);

#endif
