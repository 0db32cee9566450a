/* An arm: one method over the chosen problems of a data set, its results in a file of the output folder. Evaluations
 * and comparisons are made of arms. */
#ifndef PERSAMP_STUDY_ARM_H
#define PERSAMP_STUDY_ARM_H

#include "study/findings.h"
#include "study/store.h"

typedef struct ps_arm {
    const ps_config *config;
    const char *method; /* NULL: the configured one; else "greedy", "sample" or a method's name */
    const char *name;   /* what the arm is called; NULL: as the method */
    const char *file;   /* of its result lines, in the folder */
    char *const *also;  /* [n_also] paths of more files with its lines, read only; `file` may be among them */
    size_t n_also;
    char *const *resume; /* [n_resume] likewise, and what is finished there is copied into `file` */
    size_t n_resume;
    bool keep_steps;      /* lines have the steps, for other arms to read, … */
    unsigned tells;       /* … and these tell them PS_READS_… besides */
    char *const *samples; /* [n_samples] paths of files whose lines have such steps: read with this arm's own score, a
                             problem's need not be drawn */
    size_t n_samples;
    bool independent; /* lines of every method that draws independent answers are its own: only the samples matter */
    const ps_problem *problems; /* [n] in order of index */
    size_t n;
    const ps_problem *all; /* [n_all] the whole data set, in order of index: lines of any of it may be in the files */
    size_t n_all;
    const ps_eval_observer *observer; /* may be NULL */
    size_t arm_number, n_arms;
    /* Each line as it is counted, read back or new; `position` is that of its problem. May be NULL. */
    void (*counted)(void *user, size_t position, const ps_result_line *line);
    void *user;
} ps_arm;

/* Before a folder is made: whether questions become prompts at all. */
ps_status ps_arm_check(const ps_config *config, ps_models *models, ps_error *err);

/* Read the lines that ps_arm_run would read back, and note those that are of something else: of each file the first,
 * and how many there are. Nothing is written. */
ps_status ps_arm_look(const ps_arm *arm, ps_store *store, ps_models *models, ps_findings *findings, ps_error *err);

/* Run what is not done yet: a problem without a line, or with one that has an error. A line that is read back must be
 * of this method, this seed and the data set as it is now, or PS_ARG. *out is filled also on failure as far as the arm
 * came; its path is owned by it. */
ps_status ps_arm_run(const ps_arm *arm, ps_store *store, ps_models *models, ps_eval_arm *out, ps_error *err);

/* The problems of a configuration's data set that the options choose, for evaluations and comparisons alike. */
typedef struct ps_chosen {
    ps_dataset *dataset;
    char *path;           /* of the data set; NULL where problems are generated */
    ps_problem *problems; /* [n] */
    size_t n;
    size_t faults; /* unusable records */
} ps_chosen;
/* How many of them evaluation.tuned_on names. */
ps_status ps_count_tuned_on(const ps_config *config, const ps_chosen *chosen, size_t *n, ps_error *err);
ps_status ps_choose_problems(const ps_config *config, const ps_eval_options *options, const ps_eval_observer *observer,
                             ps_chosen *chosen, ps_error *err);
/* Before anything is run. */
void ps_tell_doubtful(const ps_chosen *chosen, const ps_models *models, const ps_eval_observer *observer);
void ps_chosen_clear(ps_chosen *chosen);

#endif
