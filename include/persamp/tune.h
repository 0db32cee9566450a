/* persamp/tune.h: the settings of a model found on a validation set, in studies that Optuna opens.
 *
 *     ps_tune(config, &options, models, &observer, &summary, &err);     // tuning.* say what is tried
 *     ps_study_open("study.db", false, &db, &err);                      // look at what is there
 *
 * A study lies in a database of Optuna's (schema version 12; docs/tuning.md): a SQLite file, or PostgreSQL. Any number
 * of processes may work on one study at the same time; what one of them had under way when it died another takes up.
 * The rules of run.h hold here, too. */
#ifndef PERSAMP_TUNE_H
#define PERSAMP_TUNE_H

#include "persamp/run.h"
#include "persamp/study.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Studies ------------------------------------------------------------- */

/* A database of studies. One thread at a time. */
typedef struct ps_study_db ps_study_db;

/* `where`: the path of a SQLite file, or postgresql://… (the password comes from PGPASSFILE or PGPASSWORD, never from
 * the URL). With `create` a database that is not there or is empty gets Optuna's tables; without, it must be there.
 * PS_IO: it cannot be opened, is damaged or locked, or lies on a network file system, where SQLite's locks do not hold;
 * PS_FORMAT: it is something else, or of another schema version; PS_ARG: a URL with a password, or this build has no
 * libpq. *db is owned (ps_study_close). */
PS_API ps_status ps_study_open(const char *where, bool create, ps_study_db **db, ps_error *err);
PS_API void ps_study_close(ps_study_db *db); /* NULL is fine */

typedef enum ps_trial_state {
    PS_TRIAL_RUNNING,
    PS_TRIAL_COMPLETE,
    PS_TRIAL_PRUNED,
    PS_TRIAL_FAIL,
    PS_TRIAL_WAITING,
    PS_TRIAL_STATES
} ps_trial_state;
PS_API const char *ps_trial_state_name(ps_trial_state state); /* "RUNNING", … as Optuna has it */

enum { PS_OBJECTIVES = 4 }; /* at most so many in a study of ours */

typedef struct ps_trial_param {
    const char *name;         /* a dotted key */
    const char *value;        /* as text that ps_config_set takes */
    double internal;          /* as Optuna stores it: of a categorical the index of its choice */
    const char *distribution; /* Optuna's JSON */
} ps_trial_param;

/* A trial as it stands in a study. Strings and arrays are owned by the list. */
typedef struct ps_trial {
    int64_t id; /* in the database */
    size_t number;
    ps_trial_state state;
    double values[PS_OBJECTIVES]; /* NaN where there is none */
    ps_trial_param *params;       /* [n_params] in order of name */
    size_t n_params;
    const char *setting;             /* hash of all that decides its results; NULL where a trial is not ours */
    const char *started, *completed; /* as the database has them; NULL: not yet */
    const char *attributes;          /* user attributes as one JSON object (docs/tuning.md); never NULL */
    size_t done, correct;            /* problems, of the attributes; 0 where a trial is not ours */
    double low, high;                /* Wilson 95% interval of correct/done */
    double mean_tokens;              /* generated per problem; NaN where it is not known */
} ps_trial;

typedef struct ps_trials {
    ps_trial *trials; /* [n] in order of number */
    size_t n;
    size_t n_objectives;
    bool maximise[PS_OBJECTIVES];
    const char *metric[PS_OBJECTIVES]; /* NULL where a study does not say */
    ps_arena *arena;
} ps_trials;
PS_API void ps_trials_clear(ps_trials *trials);

/* A study in a database. */
typedef struct ps_study_entry {
    const char *name;
    size_t counts[PS_TRIAL_STATES]; /* trials in each state */
    double best;                    /* value of the first objective; NaN without a complete trial */
    bool maximise;
    size_t n_objectives;
    bool ours; /* made or gone on with by persamp */
} ps_study_entry;
typedef struct ps_study_list {
    ps_study_entry *entries; /* [n] in order of name */
    size_t n;
    ps_arena *arena;
} ps_study_list;
PS_API ps_status ps_study_list_all(ps_study_db *db, ps_study_list *list, ps_error *err);
PS_API void ps_study_list_clear(ps_study_list *list);

/* All trials of a study. PS_ARG: no such study, with the nearest; or more objectives than PS_OBJECTIVES. */
PS_API ps_status ps_study_trials(ps_study_db *db, const char *study, ps_trials *trials, ps_error *err);
/* A user attribute of a study as JSON, appended to *json; nothing where it has none. PS_ARG: no such study. */
PS_API ps_status ps_study_attribute(ps_study_db *db, const char *study, const char *key, ps_text *json, ps_error *err);
/* Remove a study with all its trials. PS_ARG: no such study, or a worker is on one of its trials. */
PS_API ps_status ps_study_remove(ps_study_db *db, const char *study, ps_error *err);

/* The complete trial that is best in the first objective (of equals the one with the smaller number); SIZE_MAX when
 * there is none. O(n). */
PS_API size_t ps_trials_best(const ps_trials *trials);
/* Whether no other complete trial is at least as good in all objectives and better in one. O(n). */
PS_API bool ps_trials_is_front(const ps_trials *trials, size_t i);
/* All trials as CSV, or as a JSON array, appended to *text. */
PS_API ps_status ps_trials_csv(const ps_trials *trials, ps_text *text, ps_error *err);
PS_API ps_status ps_trials_json(const ps_trials *trials, ps_text *text, ps_error *err);

/* How much each key decided the first objective; docs/tuning.md has the formulas. */
typedef struct ps_importance {
    const char *name; /* owned by the trials */
    double share;     /* of 1 */
} ps_importance;
typedef struct ps_importances {
    ps_importance *items; /* [n] the most important first; free with ps_free */
    size_t n;
    bool exact; /* shares of the variance over a complete grid (what is left is interaction); else PED-ANOVA */
} ps_importances;
/* n is 0 where fewer than two trials are complete, or all of them have the same value: then nothing decided. */
PS_API ps_status ps_trials_importance(const ps_trials *trials, ps_importances *out, ps_error *err);

/* ---- Tuning -------------------------------------------------------------- */

typedef struct ps_tune_options {
    const char *study;     /* as for ps_study_open; NULL: ./study.db */
    const char *name;      /* of the study; NULL: "persamp" */
    const char *best_path; /* where the winner's configuration is written; NULL: ./best.yaml */
    size_t held_out;       /* problems the winner is judged on afterwards, at most; 0: none */
    double lease;          /* seconds without a sign of life after which a trial is taken over; 0: 30 */
    bool yes;              /* also a grid of more than PS_TUNE_MANY points */
} ps_tune_options;
enum { PS_TUNE_MANY = 10000 };

typedef struct ps_tune_summary {
    ps_trials trials;        /* of the study as it is now */
    size_t best;             /* index in trials; SIZE_MAX without a complete one */
    size_t points, folded;   /* of a grid or a finite space: points, and how many of them differ from another only in
                                keys that cannot act; 0 where that was not counted */
    size_t made, taken_over; /* trials of this session */
    size_t problems;         /* a trial's */
    size_t reused;           /* results that were there before they were asked for */
    size_t reread;           /* results that were made of samples that were there: no model took part */
    uint64_t drawn;          /* tokens that the model generated in this session */
    struct {
        size_t done, correct; /* of the winner on problems that no trial saw; 0 where there are none */
        double low, high;     /* Wilson 95% */
        double mean_tokens;
    } held_out;
    ps_importances importance;
    char *best_path; /* NULL: not written */
    size_t faults;   /* unusable records of the data set */
} ps_tune_summary;
PS_API void ps_tune_summary_clear(ps_tune_summary *summary);

/* What is told while it works. Every member may be NULL. Called from the calling thread. */
typedef struct ps_tune_observer {
    void *user;
    /* A trial got further or ended; `trial` has what is known of it but its parameters, `of` its problems; `best`
     * likewise the best complete one when it began, NULL without one. */
    void (*progress)(void *user, const ps_trial *trial, size_t of, const ps_trial *best);
    /* All trials of the study as they are, whenever this worker takes one. Valid during the call. */
    void (*trials)(void *user, const ps_trials *trials);
    void (*note)(void *user, const char *sentence); /* something a user should know */
    bool (*cancelled)(void *user);                  /* asked some 20 times a second */
    void (*fault)(void *user, const char *path, const ps_dataset_fault *fault);
    void (*more_faults)(void *user, const char *path, size_t n);
    void (*doubtful)(void *user, size_t n, size_t of); /* as a ps_eval_observer's */
} ps_tune_observer;

/* What ps_tune would refuse before a model is loaded: keys that may not be tuned, an empty space, a range in a grid
 * without a step, a grid of more than PS_TUNE_MANY points without options->yes, objectives that do not go with pruning.
 * PS_FORMAT. */
PS_API ps_status ps_tune_check(const ps_config *config, const ps_tune_options *options, const ps_log *log,
                               ps_error *err);

/* Go on with a study, or begin it, until its trials are done; write the winner's configuration and judge it on problems
 * that no trial saw. PS_ARG: the study of this name has another space, data set or model (the difference is shown).
 * PS_CANCELLED: *summary is written all the same. PS_IO: the database is lost. */
PS_API ps_status ps_tune(const ps_config *config, const ps_tune_options *options, ps_models *models,
                         const ps_tune_observer *observer, ps_tune_summary *summary, ps_error *err);

#ifdef __cplusplus
}
#endif
#endif
