/* The parts of a comparison: what is to be run, what came of each run, and what follows from it. */
#ifndef PERSAMP_STUDY_COMPARE_H
#define PERSAMP_STUDY_COMPARE_H

#include "study/arm.h"

#include <jansson.h>

/* A method with its overrides. */
typedef struct ps_compare_variant {
    char *name;        /* as given, or the whole specification */
    ps_config *config; /* owned: the run's configuration with the overrides, before budget and seed */
    const ps_method_ops *method;
    ps_select select;
    bool own_particles; /* generation.n_particles is among the overrides: the budget does not set it */
    bool own_expansion; /* likewise beam.expansion */
    size_t source;      /* the first variant that draws the same samples: itself, or an earlier one */
    size_t drawer;   /* the first source whose samples it can read with a score of its own: itself, or an earlier one */
    unsigned tells;  /* of a drawer: PS_READS_… of the variants that read its samples */
    bool read_again; /* of a drawer: there are such */
    bool rewarded;   /* it reads the reward model: its readings are a cost of it */
} ps_compare_variant;

typedef struct ps_compare_budget {
    char *text;     /* "16x" or "2048" */
    double answers; /* multiple of the mean answer; 0: tokens are given */
    size_t tokens;
} ps_compare_budget;

/* What is known of one problem in one run. */
typedef struct ps_compare_mark {
    bool known, drawn, correct[PS_SELECTS]; /* drawn: answer.select draw is known too */
    bool read;                              /* out of the samples of the drawer */
    float confidence[PS_SELECTS];
} ps_compare_mark;

/* The samples of one source variant at one budget with one seed. */
typedef struct ps_compare_run {
    ps_compare_mark *marks; /* [n problems]; NULL while the run has not been reached */
    char *label;            /* for progress: "persistent 16x seed 43" */
    ps_eval_arm arm;
    double wall;             /* seconds of earlier sessions and this one, for all problems in its file */
    double solving, reading; /* what the chosen problems took to solve: those it drew, those it read; see
                                ps_compare_run_seconds */
} ps_compare_run;

typedef struct ps_compare_plan {
    ps_compare_variant *variants; /* [n_variants] */
    size_t n_variants;
    ps_compare_budget *budgets; /* [n_budgets] */
    size_t n_budgets;
    size_t seeds, problems;
    ps_compare_run *runs; /* [n_variants × n_budgets × seeds], see ps_compare_run_of */
    char *path;
    json_t *arguments; /* of a command that asks for the same comparison, beside the configuration */
} ps_compare_plan;

/* Methods and budgets from the options. PS_FORMAT says what could not be read. On failure the plan is still to be
 * freed. */
ps_status ps_compare_plan_create(const ps_config *config, const ps_compare_options *options, ps_models *models,
                                 ps_compare_plan **plan, ps_error *err);
/* Note among the plan's arguments how long an answer is, where that was said and not measured. */
ps_status ps_compare_plan_length(ps_compare_plan *plan, double answer_tokens, ps_error *err);
void ps_compare_plan_free(ps_compare_plan *plan);

/* The run behind a variant at a budget: that of its source. Greedy has one run in all. */
ps_compare_run *ps_compare_run_of(const ps_compare_plan *plan, size_t variant, size_t budget, size_t seed);

/* Wall time of a variant's chosen problems in a run: of all in its file their share by the time each took to solve, and
 * of what it read the drawer's likewise. */
double ps_compare_run_seconds(const ps_compare_plan *plan, size_t variant, size_t budget, size_t seed);

/* What decides which samples a variant draws: its configuration without the selection of the answer. Owned by the
 * caller. */
ps_status ps_compare_plan_samples(const ps_compare_variant *variant, ps_config **config, ps_error *err);

/* The variant's name as part of a file's name, appended to *name. Plain best_of_n, majority and weighted_majority have
 * one name: they draw the same samples. */
void ps_compare_plan_stem(const ps_compare_variant *variant, ps_text *name);
/* Stem, tokens and seed. */
void ps_compare_plan_file(const ps_compare_variant *variant, size_t max_tokens, uint64_t seed, ps_text *name);

/* Set the configuration of a run: budget, particles, seed. `answer_tokens` is the mean length of an answer. */
ps_status ps_compare_plan_config(const ps_compare_plan *plan, size_t variant, size_t budget, size_t seed,
                                 double answer_tokens, ps_config **config, ps_error *err);
size_t ps_compare_plan_tokens(const ps_compare_budget *budget, double answer_tokens);

/* Where a comparison's files lie. */
typedef struct ps_compare_place {
    const ps_config *config;
    const ps_record_models *identity;
    ps_store *store;
    const char *const *folders; /* [n_folders] all that are read; the store's is the first */
    size_t n_folders;
    ps_findings *findings;
} ps_compare_place;

/* Take the names of the plan's variants in the store's folder. PS_ARG: a name stands for another configuration in one
 * of the folders, or there are results under it of which nobody can say what made them; nothing is taken then. */
ps_status ps_compare_own_names(const ps_compare_plan *plan, const ps_compare_place *place, ps_error *err);

/* Fill the cells' statistics from the plan's runs: cells[c] belongs to budget_of[c] (SIZE_MAX: none). */
ps_status ps_compare_statistics(const ps_compare_plan *plan, const size_t *budget_of, uint64_t seed,
                                ps_compare_summary *summary, ps_error *err);

/* A problem's accuracy in a method at a budget, over its seeds; NaN while one of them is missing. */
double ps_compare_accuracy(const ps_compare_plan *plan, const ps_compare_cell *cell, size_t budget, size_t problem);

/* Read the runs at equal amounts of summary->per: fills the points from the cells and the plan's runs. */
ps_status ps_compare_view(const ps_compare_plan *plan, uint64_t seed, ps_compare_summary *summary, ps_error *err);

/* Holm's step-down correction of n p-values in place; NaNs are passed over. Returns how many there were. */
size_t ps_holm(double *p, size_t n);

/* Brier score and expected calibration error in 10 bins of equal width. */
typedef struct ps_calibration {
    double squares, confidence[10], correct[10];
    size_t n, count[10];
} ps_calibration;
void ps_calibration_add(ps_calibration *c, double confidence, bool correct);
double ps_calibration_brier(const ps_calibration *c); /* NaN when empty */
double ps_calibration_ece(const ps_calibration *c);
void ps_calibration_rows(const ps_calibration *c, ps_reliability rows[PS_RELIABILITY_BINS]);
json_t *ps_reliability_json(const ps_reliability rows[PS_RELIABILITY_BINS]); /* a new reference; NULL without memory */

/* Paired bootstrap over n differences in [−1, 1]: 95% percentile interval of their mean, and the two-sided p of "the
 * mean is zero". Where all are equal, which a bootstrap takes for certainty, the interval has room for the share that n
 * problems may not have shown. Deterministic in seed. O(n · 10,000). */
typedef struct ps_paired {
    double mean, low, high, p;
} ps_paired;
ps_status ps_paired_bootstrap(const double *differences, size_t n, uint64_t seed, ps_paired *out, ps_error *err);

#endif
