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

/* ---- Evaluation ---------------------------------------------------------- */

typedef struct ps_eval_options {
    size_t offset, limit;         /* of the data set; limit 0: all */
    size_t shard, shards;         /* this is shard 1 … shards; 0, 0: everything */
    bool fresh;                   /* start over in an output folder that has results */
    const char *const *baselines; /* other methods on the same problems: "greedy", "sample" */
    size_t n_baselines;
} ps_eval_options;

/* Accuracy and cost of one method over a data set. */
typedef struct ps_eval_arm {
    const char *name;
    size_t done, correct, errors, truncated, resumed; /* resumed: of `done`, read back from an earlier run */
    size_t correct_by[PS_SELECTS];
    double low, high; /* Wilson 95% interval of correct/done */
    ps_token_counts tokens;
    double seconds;                  /* wall time of this run */
    double mean_ess, mean_resamples; /* NaN without weights */
    const char *path;                /* of its result lines */
} ps_eval_arm;

typedef struct ps_eval_summary {
    ps_eval_arm *arms; /* [n_arms]: the configured method first */
    size_t n_arms;
    size_t faults; /* unusable records of the data set */
} ps_eval_summary;
PS_API void ps_eval_summary_free(ps_eval_summary *summary);

/* Progress of an evaluation: the arm under way, of `total` problems. */
typedef struct ps_eval_progress {
    const ps_eval_arm *arm;
    size_t arm_number, n_arms, total;
    const ps_outcome *last; /* the result that was just written; NULL at the start of an arm */
} ps_eval_progress;
typedef struct ps_eval_observer {
    void *user;
    void (*fault)(void *user, const char *path, const ps_dataset_fault *fault);
    void (*progress)(void *user, const ps_eval_progress *progress);
    bool (*cancelled)(void *user);
} ps_eval_observer;

/* Run the configured method over the configured data set. Each result line is on disk before the next problem counts;
 * the same call again goes on where an earlier one was cut off. PS_ARG: the output folder belongs to another
 * configuration (the message shows the difference). PS_CANCELLED: *summary is written all the same. */
PS_API ps_status ps_eval(const ps_config *config, const ps_eval_options *options, ps_models *models,
                         const ps_eval_observer *observer, ps_eval_summary *summary, ps_error *err);

/* ---- Comparison ---------------------------------------------------------- */

typedef struct ps_compare_options {
    /* Methods, separated by commas: a method's name, with overrides behind a colon and a name of its own before '=':
     *     "persistent,particle_filter"
     *     "persistent,old=persistent:ps.weights=balance,ps.refill=true,majority"
     * A piece that begins with a configuration key belongs to the method before it. The first is what the others are
     * compared with. */
    const char *methods;
    const char *budgets;     /* "4x,16x": multiples of the mean length of an answer; "2048": tokens. NULL: "4x,16x" */
    size_t seeds;            /* runs of each cell, with system.seed, system.seed + 1, …; 0: 1 */
    size_t offset, limit;    /* of the data set; limit 0: all */
    size_t shard, shards;    /* shard i of n, 1 ≤ i ≤ n: every n-th problem; 0, 0: all, those of shards read back */
    const char *const *from; /* [n_from] other folders whose finished problems are read as if they were here */
    size_t n_from;
    bool fresh;            /* start over in an output folder that has results */
    const char *json_path; /* also write the comparison here; NULL: only in the output folder */
} ps_compare_options;

/* One method at one budget, all seeds. Accuracies are those of the method's own selection of the answer. */
typedef struct ps_compare_cell {
    const char *method;             /* name of its variant */
    size_t method_number;           /* from 0, in the order given */
    const char *budget;             /* as given; "" for a method without one (greedy) */
    size_t max_tokens, n_particles; /* of a problem; 0, 1 for greedy */
    size_t seeds, runs, correct;    /* runs: problems × seeds that are done */
    size_t truncated, errors;
    double accuracy, low, high; /* Wilson 95% over the runs; NaN without any */
    /* Accuracy minus that of the first method at the same budget, over the problems that both have done: 95% interval
     * by paired bootstrap over problems, two-sided bootstrap p, and p after Holm's correction over all cells. NaN for
     * the first method, and where there is nothing to compare. */
    double difference, difference_low, difference_high, p, p_holm;
    double brier;           /* mean (confidence − correct)² */
    double ece;             /* expected calibration error, 10 bins of equal width */
    ps_token_counts tokens; /* of all runs */
    double seconds;         /* wall time of making them, over all sessions */
    bool shared;            /* its samples were drawn for an earlier method of the list and are only read differently */
} ps_compare_cell;

typedef struct ps_compare_summary {
    ps_compare_cell *cells; /* [n_cells] those without a budget first, then by budget, then by method */
    size_t n_cells, n_methods, problems;
    double answer_tokens; /* mean length of one answer: a budget of 1x */
    size_t comparisons;   /* how many p-values Holm's correction counts */
    size_t faults;        /* unusable records of the data set */
    const char *path;     /* of the JSON in the output folder */
    struct ps_plan *plan; /* owns the strings */
} ps_compare_summary;
PS_API void ps_compare_summary_free(ps_compare_summary *summary);

/* Run every method at every budget with every seed over the same problems with common random numbers, and compare.
 * Each run is a result file of the output folder; the same call again goes on where an earlier one was cut off, also
 * with more methods, budgets, seeds or problems. Methods that differ only in how they choose among the same samples
 * share them. PS_FORMAT: methods or budgets that cannot be read. PS_ARG: the folder belongs to another configuration.
 * PS_CANCELLED: *summary is written all the same. */
PS_API ps_status ps_compare(const ps_config *config, const ps_compare_options *options, ps_models *models,
                            const ps_eval_observer *observer, ps_compare_summary *summary, ps_error *err);

/* The comparison as JSON, appended to *text. */
PS_API ps_status ps_compare_json(const ps_compare_summary *summary, ps_text *text, ps_error *err);

/* Wilson score interval of `successes` of n at 95%. (0, 1) for n = 0. */
PS_API void ps_wilson(size_t successes, size_t n, double *low, double *high);

#ifdef __cplusplus
}
#endif
#endif
