/* persamp/run.h: problems in, results out: data sets, models opened from a configuration, many problems over one
 * engine, evaluation with results that survive kill -9.
 *
 *     ps_config_check(config, NULL, &err);
 *     ps_models_open(config, NULL, &models, &err);                       // once
 *     ps_solve(config, models, &problem, NULL, &outcome, &err);          // as often as you like, or
 *     ps_eval(config, &options, models, NULL, &summary, &err);
 *     ps_outcome_free(outcome);
 *     ps_models_free(models);
 *
 * Configurations are expected to have passed ps_config_check. One thread at a time may use a ps_models and what was
 * made with it; callbacks come from the calling thread. What is owned by the caller is freed by the function named with
 * it; all of these take NULL. PS_NOMEM is possible everywhere and not listed. */
#ifndef PERSAMP_RUN_H
#define PERSAMP_RUN_H

#include "persamp/base.h"
#include "persamp/config.h"
#include "persamp/engine.h"
#include "persamp/method.h"
#include "persamp/reward.h"
#include "persamp/verify.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Data sets ----------------------------------------------------------- */

typedef struct ps_problem {
    size_t index;                            /* position in its file, from 0: stable whatever is skipped */
    const char *text;                        /* "problem" or "question" */
    const char *answer;                      /* "answer"; of GSM8K what follows ####; NULL when there is none */
    const char *unique_id, *subject, *level; /* NULL when absent */
} ps_problem;

/* A record that cannot be used; the others can. */
typedef struct ps_dataset_fault {
    bool element; /* of a JSON array, and not a line */
    size_t line;  /* of the file, or the element's number; from 1 */
    const char *message;
} ps_dataset_fault;

typedef struct ps_dataset ps_dataset;
/* Read a JSONL file or a JSON array (GSM8K's answers too: what follows the last ####) of at most 1 GiB. A record that
 * cannot be used becomes a fault and is passed over. PS_IO: no such file; PS_FORMAT: an array that is not JSON, or no
 * usable record at all. *dataset is owned (ps_dataset_free); O(size of the file). */
PS_API ps_status ps_dataset_load(const char *path, ps_dataset **dataset, ps_error *err);
/* n problems for the toy engine's synthetic reasoner, whose right answer is always 0. */
PS_API ps_status ps_dataset_synthetic(size_t n, ps_dataset **dataset, ps_error *err);
PS_API void ps_dataset_free(ps_dataset *dataset);
/* [n] in the order of the file, owned by the data set, as are their strings. */
PS_API const ps_problem *ps_dataset_problems(const ps_dataset *dataset, size_t *n);
PS_API const ps_dataset_fault *ps_dataset_faults(const ps_dataset *dataset, size_t *n);

/* Where the data set of a configuration lies: evaluation.dataset_path, else the shipped file. *path is owned (ps_free).
 * PS_ARG: a named data set without its path; PS_IO: the shipped file is not there. */
PS_API ps_status ps_dataset_path(const ps_config *config, char **path, ps_error *err);

/* ---- Models -------------------------------------------------------------- */

/* The reasoner's engine and, when configured, the process reward model. */
typedef struct ps_models ps_models;
/* Load what engine.type, models.generator and (when enabled) models.prm name. `log` gets the engine's messages and may
 * be NULL; it is copied, what its `user` points to must live as long as the models. *models is owned (ps_models_free).
 * Takes as long as reading the weights, and for small models some 0.7 s of measuring how to run them. PS_IO: no such
 * file, with what to do about it; PS_FORMAT: it is damaged, truncated or has no tokenizer; PS_ENGINE: libllama refuses
 * it, a GPU was demanded and is not there, or this build has no libllama; PS_ARG: an engine that is not built. */
PS_API ps_status ps_models_open(const ps_config *config, const ps_log *log, ps_models **models, ps_error *err);
PS_API void ps_models_free(ps_models *models);
/* The three belong to the models. */
PS_API ps_engine *ps_models_engine(const ps_models *models);
PS_API ps_prm *ps_models_prm(const ps_models *models);      /* NULL without one */
PS_API const char *ps_models_path(const ps_models *models); /* of the reasoner; "toy" for the toy engine */

/* ---- One problem --------------------------------------------------------- */

/* One class of equivalent answers. */
typedef struct ps_answer_class {
    const char *answer; /* as its best member wrote it */
    double weight;      /* posterior weight; the classes' weights sum to one */
    size_t votes;       /* finished snapshots */
} ps_answer_class;

/* One way to choose among the answers. */
typedef struct ps_prediction {
    const char *answer; /* NULL when there is none */
    bool correct;       /* against the ground truth; false without one */
    uint32_t snapshot;  /* that stands for it */
} ps_prediction;

typedef enum ps_select {
    PS_SELECT_BEST,
    PS_SELECT_MAJORITY,
    PS_SELECT_WEIGHTED,
    PS_SELECT_PRM_WEIGHTED,
    PS_SELECTS
} ps_select;

/* Tokens by kind. */
typedef struct ps_token_counts {
    uint64_t generated; /* drawn by the reasoner: what a budget counts */
    uint64_t shared;    /* of these, drawn by another particle at the same place, too, and computed once for both */
    uint64_t prompt;
    uint64_t prefilled; /* the prompt, and prefixes computed again */
    uint64_t prm;       /* read by the reward model; what particles have in common once */
} ps_token_counts;

/* Everything about one solved problem. Strings and arrays are owned by the outcome. */
typedef struct ps_outcome {
    const ps_problem *problem; /* borrowed */
    const char *method;
    uint64_t seed;
    const char *response;                  /* text of the chosen snapshot; "" when there is none */
    ps_select select;                      /* which prediction was asked for */
    ps_prediction predictions[PS_SELECTS]; /* PRM-weighted: without a PRM its answer is NULL */
    const ps_answer_class *classes;        /* [n_classes], heaviest first */
    size_t n_classes;
    bool has_reward;         /* a process reward model took part */
    bool truncated;          /* nothing finished: the answer is that of a cut-off snapshot */
    const char *error;       /* why this problem failed, else NULL */
    ps_method_report report; /* its arrays are owned by the outcome */
    ps_token_counts tokens;
    struct {
        double total, generation, scoring;
    } seconds;
    struct ps_task *task; /* what owns all this, and the tree of snapshots */
} ps_outcome;
PS_API void ps_outcome_free(ps_outcome *outcome);
/* The outcome as one line of JSON without the newline, with `particles` the token tree too. Owned by the caller. */
PS_API ps_status ps_outcome_json(const ps_outcome *outcome, bool particles, char **json, ps_error *err);

/* What a view may be shown after each iteration of a problem. Valid during the call. */
typedef struct ps_particle_view {
    uint32_t snapshot, parent, depth;
    ps_snapshot_state state;
    double ell, reward;
    const char *text; /* of its last step */
} ps_particle_view;
typedef struct ps_step_view {
    const ps_problem *problem;
    ps_method_report report;
    const ps_particle_view *particles; /* [n]: the steps of this iteration */
    size_t n;
} ps_step_view;

/* How a run tells its caller what happens. Every member may be NULL. Called from the calling thread. */
typedef struct ps_observer {
    void *user;
    void (*step)(void *user, const ps_step_view *view);
    bool (*cancelled)(void *user); /* asked often; true ends the run with PS_CANCELLED */
} ps_observer;

/* Solve one question by the configured method. *outcome is owned (ps_outcome_free) and borrows `problem` and the
 * models. `observer` may be NULL. PS_BUDGET: the prompt does not fit the context; PS_DOMAIN: a score is NaN; PS_ENGINE:
 * the engine failed; PS_ARG: the method does not go with this configuration; PS_CANCELLED. A search that ends without a
 * finished answer is no error: the outcome is `truncated`. */
PS_API ps_status ps_solve(const ps_config *config, ps_models *models, const ps_problem *problem,
                          const ps_observer *observer, ps_outcome **outcome, ps_error *err);

#ifdef __cplusplus
}
#endif
#endif
