/* persamp/study.h: many problems, results in a folder that survive kill -9: evaluation of one method, comparison of
 * several at equal cost.
 *
 *     ps_eval(config, &options, models, NULL, &summary, &err);
 *
 * The rules of run.h hold here, too. */
#ifndef PERSAMP_STUDY_H
#define PERSAMP_STUDY_H

#include "persamp/run.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Result files -------------------------------------------------------- */

/* What one line of a result file says (docs/results.md). A problem that failed is tried again by the next run: where it
 * has several lines, the last counts. */
typedef struct ps_result_line {
    size_t index;                   /* problem_idx */
    bool correct, truncated, error; /* correct: false also where the line has null, for want of a ground truth */
    bool correct_by[PS_SELECTS];
    size_t endings[PS_ENDINGS];    /* of its particles; zeros in lines of earlier versions */
    bool drawn;                    /* it tells of answer.select draw: lines of earlier versions do not */
    double confidence[PS_SELECTS]; /* in each prediction, in [0, 1]; NaN without an answer. See docs/compare.md */
    double ess, resamples;         /* NaN where the line has null */
    double shared_text;            /* as in ps_outcome */
    ps_token_counts tokens;
    double seconds; /* it took to solve: timing.total, 0 where the line does not say */
    bool read;      /* out of the samples of another method, whose tokens and seconds these are */
} ps_result_line;

/* Call `each` for every complete line of a file, in order. It stays as it is: another run may be writing it, so that a
 * last line without an end is passed over where it begins as a result does. PS_IO: it cannot be read; PS_FORMAT: a line
 * that is not a result (the message has its number). O(size of the file). */
PS_API ps_status ps_results_read(const char *path, void (*each)(void *user, const ps_result_line *line), void *user,
                                 ps_error *err);

/* A line as it is read back, during the call. */
typedef struct ps_stored_line {
    ps_result_line result;       /* what it says */
    const struct json_t *object; /* all of it: jansson's json_t */
    const char *text;            /* [length] as it stands in the file, without the newline */
    size_t length;
    uint64_t offset;  /* of its first byte in the file */
    const char *path; /* of the file */
    size_t number;    /* of the line, from 1 */
} ps_stored_line;
/* Anything but PS_OK ends the reading and is what it returns. */
typedef ps_status ps_each_line(void *user, const ps_stored_line *line, ps_error *err);
/* As ps_results_read, with all of each line. Memory: that of the longest line. */
PS_API ps_status ps_results_scan(const char *path, ps_each_line *each, void *user, ps_error *err);

/* A file of results in an output folder, and what its name says. Texts are owned by the list. */
typedef struct ps_result_file {
    char *path;
    char *name;           /* of the method, as the run was told it; "" for that of the configuration */
    uint64_t tokens;      /* budget of a comparison; 0: none */
    uint64_t seed;        /* likewise */
    bool has_seed;        /* it is of a comparison */
    size_t shard, shards; /* 0, 0: no shard */
} ps_result_file;
typedef struct ps_result_files {
    ps_result_file *files; /* [n] the configuration's own method first, then by name, budget, seed, shard */
    size_t n;
} ps_result_files;
/* The files of result lines in a folder, without those that measure the length of an answer. PS_IO: it cannot be
 * read. */
PS_API ps_status ps_results_list(const char *folder, ps_result_files *out, ps_error *err);
PS_API void ps_result_files_clear(ps_result_files *files); /* all zeros afterwards, and fine before */

/* How sure the answers of an outcome are of a prediction (ps_prediction.confidence); NaN where there is no answer. */
PS_API double ps_outcome_confidence(const ps_outcome *outcome, ps_select select);

/* Results whose confidence lies in one tenth: of a reliability diagram, whose points lie on the diagonal where the
 * confidence is to be believed. */
enum { PS_RELIABILITY_BINS = 10 };
typedef struct ps_reliability {
    size_t n;
    double confidence, right; /* the mean, and the share that is right; NaN without any */
} ps_reliability;

/* ---- Evaluation ---------------------------------------------------------- */

/* The problems that a configuration is judged on: as ps_dataset_open, but for the toy engine's synthetic reasoner,
 * which makes its own where no data set is named (*path is NULL then). */
PS_API ps_status ps_problems_open(const ps_config *config, ps_dataset **dataset, char **path, ps_error *err);

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
    size_t retried;             /* failed in an earlier run: not done, and tried again in this one */
    size_t endings[PS_ENDINGS]; /* of the particles of all problems whose lines tell */
    size_t alike;               /* problems whose answers share most of their text (ps_shares_most), … */
    const char *spread;         /* … and what to change for others; NULL where they share none. Static */
    size_t correct_by[PS_SELECTS];
    double low, high; /* Wilson 95% interval of correct/done */
    ps_token_counts tokens;
    double seconds;                  /* wall time of this run */
    double problem_seconds;          /* what all problems in its file that it drew itself took to solve, summed */
    double mean_ess, mean_resamples; /* NaN without weights */
    double brier, ece;               /* as in ps_compare_cell */
    ps_reliability reliability[PS_RELIABILITY_BINS];
    const char *path; /* of its result lines */
} ps_eval_arm;

typedef struct ps_eval_summary {
    ps_eval_arm *arms; /* [n_arms]: the configured method first */
    size_t n_arms;
    size_t faults;             /* unusable records of the data set */
    size_t problems, tuned_on; /* of this run, and how many of them evaluation.tuned_on names */
} ps_eval_summary;
/* Free what it holds; all zeros afterwards, and fine before. */
PS_API void ps_eval_summary_clear(ps_eval_summary *summary);

/* Progress of an evaluation: the arm under way, of `total` problems. */
typedef struct ps_eval_progress {
    const ps_eval_arm *arm;
    size_t arm_number, n_arms, total;
    const ps_outcome *last; /* the result that was just written; NULL at the start of an arm */
} ps_eval_progress;
typedef struct ps_eval_observer {
    void *user;
    void (*fault)(void *user, const char *path, const ps_dataset_fault *fault); /* the first PS_DATASET_FAULTS */
    void (*more_faults)(void *user, const char *path, size_t n);                /* and how many there are besides */
    void (*doubtful)(void *user, size_t n, size_t of); /* of n of the problems there is a ps_models_doubt */
    void (*progress)(void *user, const ps_eval_progress *progress);
    bool (*cancelled)(void *user); /* asked some 20 times a second; true ends the run with PS_CANCELLED */
} ps_eval_observer;

/* Run the configured method over the configured data set. smoke_test.* is not looked at. Each result line is on disk
 * before the next problem counts; the same call again goes on where an earlier one was cut off, and tries again what
 * failed. PS_ARG: the output folder belongs to another configuration, or its lines are of other problems than the data
 * set has now (the message shows the difference). PS_IO: the folder was removed or replaced in the meantime.
 * PS_CANCELLED: *summary is written all the same. */
PS_API ps_status ps_eval(const ps_config *config, const ps_eval_options *options, ps_models *models,
                         const ps_eval_observer *observer, ps_eval_summary *summary, ps_error *err);

/* An output folder that was begun before keeps its preset: where `config` sets none and its files imply one
 * (ps_config_preset_is_implied), but the config.yaml in evaluation.output_dir says another, that one is set. *kept: it
 * was. A folder or a config.yaml that is not there or cannot be read changes nothing. */
PS_API ps_status ps_config_keep_preset(ps_config *config, bool *kept, ps_error *err);

/* ---- Smoke test ---------------------------------------------------------- */

/* What came of one problem. Strings are owned by the report. */
typedef struct ps_smoke_problem {
    size_t index;    /* in the data set */
    char *answer;    /* NULL: none was found */
    char *error;     /* why it failed; NULL: it did not */
    size_t finished; /* particles that came to an end */
    uint64_t tokens; /* generated */
    double seconds;
    size_t logps, bad_logps;     /* tokens with a log-probability, and of these: not finite or above 0 */
    double mean_logp;            /* of the others, nats; NaN without any */
    size_t rewards, bad_rewards; /* of the reward model, and of these: outside [0, 1] */
} ps_smoke_problem;
typedef struct ps_smoke_report {
    ps_smoke_problem *problems; /* [n] */
    size_t n, of;               /* of that many that a run would solve */
} ps_smoke_report;
PS_API void ps_smoke_report_clear(ps_smoke_report *report); /* all zeros afterwards, and fine before */
/* No problem failed, tokens were drawn, and every number makes sense. */
PS_API bool ps_smoke_passed(const ps_smoke_report *report);

/* Make of a configuration the one of its smoke test: smoke_test.n_particles, max_steps and model_path take their
 * places. Models for the test are opened with it. */
PS_API ps_status ps_smoke_config(ps_config *config, ps_error *err);
/* Solve the first smoke_test.n_samples of the problems that ps_eval would, one after the other, by a configuration made
 * by ps_smoke_config. Nothing is read from or written to the output folder. A problem that cannot be solved is in the
 * report; PS_ARG: no problem could be. PS_CANCELLED: *report has what was done. */
PS_API ps_status ps_smoke_test(const ps_config *config, const ps_eval_options *options, ps_models *models,
                               const ps_eval_observer *observer, ps_smoke_report *report, ps_error *err);

/* ---- Comparison ---------------------------------------------------------- */

/* What a comparison is read at equal amounts of. */
typedef enum ps_cost {
    PS_COST_TOKENS, /* generated: what the budgets of the runs are of */
    PS_COST_PASSES, /* forward passes: tokens that a model computed one by one. Particles that write the same share one,
                       what the reward model reads counts, the prompt does not */
    PS_COST_SECONDS /* wall time */
} ps_cost;

typedef struct ps_compare_options {
    /* Methods, separated by commas: a method's name, with overrides behind a colon and a name of its own before '=':
     *     "persistent,particle_filter"
     *     "persistent,old=persistent:ps.weights=balance,ps.refill=true,majority"
     * A piece that begins with a configuration key belongs to the method before it. The first is what the others are
     * compared with. */
    const char *methods;
    const char *budgets;     /* "4x,16x": multiples of the mean length of an answer; "2048": tokens. NULL: "4x,16x" */
    double answer_tokens;    /* 1x: the mean length of an answer, where it is known; 0: it is measured once a folder */
    size_t seeds;            /* runs of each cell, with system.seed, system.seed + 1, …; 0: 1 */
    size_t offset, limit;    /* of the data set; limit 0: all */
    size_t shard, shards;    /* shard i of n, 1 ≤ i ≤ n: every n-th problem; 0, 0: all, those of shards read back */
    const char *const *from; /* [n_from] other folders whose finished problems are read as if they were here */
    size_t n_from;
    ps_cost per;           /* also read the runs at equal amounts of this: ps_compare_point */
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
    double brier; /* mean (confidence − correct)² */
    double ece;   /* expected calibration error, 10 bins of equal width */
    ps_reliability reliability[PS_RELIABILITY_BINS];
    ps_token_counts tokens; /* of all runs */
    double seconds;         /* wall time of making them, over all sessions */
    bool shared;            /* its samples were drawn for an earlier method of the list and are only read differently */
} ps_compare_cell;

/* One method at a cost that the first method has at one of its budgets. Each problem's accuracy is taken from the two
 * budgets of the method whose costs lie around it, linearly in the cost; so the intervals are of paired problems as
 * everywhere. */
typedef struct ps_compare_point {
    const char *method; /* name of its variant */
    size_t method_number;
    const char *budget; /* of the first method, whose cost this is; "" for one without */
    double cost;        /* of one problem, the mean */
    double least, most; /* costs of the method's own budgets: between these it is known; NaN without a run */
    size_t problems;    /* known for all its seeds; 0: the cost is out of its reach. A method without a budget costs
                           what it costs: from `least` on it is known */
    double accuracy, low, high;                                    /* Wilson 95%, over the problems */
    double difference, difference_low, difference_high, p, p_holm; /* as in ps_compare_cell, at equal cost */
} ps_compare_point;

typedef struct ps_compare_summary {
    ps_compare_cell *cells; /* [n_cells] those without a budget first, then by budget, then by method */
    size_t n_cells, n_methods, problems;
    double answer_tokens; /* mean length of one answer: a budget of 1x */
    size_t comparisons;   /* how many p-values Holm's correction counts */
    size_t faults;        /* unusable records of the data set */
    ps_cost per;
    size_t point_comparisons; /* as `comparisons`, of the points, which are a family of their own */
    ps_compare_point *points; /* [n_points] by cost, then by method; none where `per` is tokens */
    size_t n_points;
    const char *path;             /* of the JSON in the output folder */
    struct ps_compare_plan *plan; /* owns the strings */
} ps_compare_summary;
/* As ps_eval_summary_clear. */
PS_API void ps_compare_summary_clear(ps_compare_summary *summary);

/* Run every method at every budget with every seed over the same problems with common random numbers, and compare.
 * Each run is a result file of the output folder; the same call again goes on where an earlier one was cut off, also
 * with more methods, budgets, seeds or problems. Methods that differ only in how they choose among the same samples
 * share them. PS_FORMAT: methods or budgets that cannot be read. PS_ARG: the folder belongs to another configuration.
 * PS_CANCELLED: *summary is written all the same. */
PS_API ps_status ps_compare(const ps_config *config, const ps_compare_options *options, ps_models *models,
                            const ps_eval_observer *observer, ps_compare_summary *summary, ps_error *err);

/* What ps_compare would refuse of methods and budgets, before a model is loaded; and to `log` (may be NULL) what
 * ps_config_warn says of their configurations together. PS_FORMAT. */
PS_API ps_status ps_compare_check(const ps_config *config, const ps_compare_options *options, const ps_log *log,
                                  ps_error *err);

/* The comparison as JSON, appended to *text. */
PS_API ps_status ps_compare_json(const ps_compare_summary *summary, ps_text *text, ps_error *err);

/* Twelve hexadecimal digits by which a problem is known again, in whatever file: of its question and its right answer.
 * Of a `generated` problem, whose question is that of all others, they are of its number. */
enum { PS_PROBLEM_MARK = 13 };
PS_API void ps_problem_mark(const ps_problem *problem, bool generated, char mark[PS_PROBLEM_MARK]);

/* Wilson score interval of `successes` of n at 95%. (0, 1) for n = 0. */
PS_API void ps_wilson(size_t successes, size_t n, double *low, double *high);
/* Likewise of a mean share of n. */
PS_API void ps_wilson_share(double share, size_t n, double *low, double *high);

#ifdef __cplusplus
}
#endif
#endif
