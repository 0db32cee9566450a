/* persamp/learn.h: a value head for a model, learned from the model's own answers.
 *
 * L(prefix) = P(the answer will be right | prefix) is what a search wants to know, and the model's hidden state knows
 * much of it (arXiv 2504.05419). From finished runs whose right answers are known: the states before the last token of
 * each step, and a small network on them, by logistic regression.
 *
 *     ps_learn(config, &options, NULL, &report, &err);     // writes the head
 *
 * The rules of run.h hold here, too. */
#ifndef PERSAMP_LEARN_H
#define PERSAMP_LEARN_H

#include "persamp/run.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- What was measured --------------------------------------------------- */

enum { PS_LEARN_STEPS = 12, PS_LEARN_BINS = 10 };

/* Steps of one number, or states of like predictions; each problem weighs the same. */
typedef struct ps_learn_row {
    size_t n;         /* states */
    double predicted; /* mean probability; NaN without any */
    double right;     /* share whose answers were right */
    double auc;       /* of steps: within problems; NaN where no problem has both kinds */
} ps_learn_row;

/* All figures are of states that the head they were predicted by has not seen, nor any of their problem (folds). */
typedef struct ps_learn_report {
    size_t problems, answers, states; /* that were learned from */
    size_t unfinished;                /* answers left out, for they were cut off */
    size_t mixed;                     /* problems with both right and wrong answers */
    double base;                      /* share of right answers, each problem alike */
    double auc;                       /* of all states: that of a right answer is above that of a wrong one */
    /* Within problems, which alone decides between particles: a right and a wrong answer of one problem, at the same
     * step; the mean over the mixed problems, and its 95% interval by bootstrap over these. NaN without any. */
    double auc_within, auc_low, auc_high;
    double brier, brier_base; /* of the head, and of saying `base` always */
    double log_loss;          /* nats */
    double l2;                /* that was chosen */
    double slope;             /* of the calibration, ≥ 0; 0: higher predictions were no sign of right ones */
    size_t hidden;            /* units between the layers; 0: logistic regression was as good */
    ps_learn_row steps[PS_LEARN_STEPS]; /* by number of the step, from 1; the last row has all from there on */
    ps_learn_row bins[PS_LEARN_BINS];   /* by the probability: a reliability diagram */
    double pass_seconds, fit_seconds;   /* of the model, and of the learning */
    size_t passed;                      /* tokens that the model read, in this run */
} ps_learn_report;
/* The report as JSON, appended to *text. */
PS_API ps_status ps_learn_json(const ps_learn_report *report, ps_text *text, ps_error *err);

/* ---- From states --------------------------------------------------------- */

/* A finished answer: the states of its steps in order. Not every step has one. */
typedef struct ps_learn_answer {
    size_t problem;
    bool right;
    double weight;        /* within its problem; ≥ 0 */
    const uint32_t *rows; /* [n_rows] of the states; answers may share them */
    size_t n_rows;        /* answers without any are passed over */
    /* [n_rows] ascending: which step of the answer each is the state of, from 0: states of the same step are compared.
     * NULL: 0, 1, 2, … */
    const uint32_t *steps;
} ps_learn_answer;

typedef struct ps_learn_states {
    size_t n, width;                /* numbers of a state */
    const float *states;            /* [n × width] */
    const ps_learn_answer *answers; /* [n_answers] in order of problem */
    size_t n_answers, n_problems;
    const char *const *texts; /* [n_problems] questions: their hash decides the fold, so that one that is there twice is
                                 never learned from and judged at once */
} ps_learn_states;

/* A head and what it is worth. */
typedef struct ps_learned {
    float *weight[2], *bias[2]; /* [out × in], [out] of one or two layers; owned */
    ps_head_layer layers[2];    /* the same, for ps_head_write */
    size_t n_layers;
    ps_learn_report report;
} ps_learned;
PS_API void ps_learned_clear(ps_learned *learned); /* {0} is fine */

/* Fit and judge: logistic regression with L2 chosen by inner folds, and a network of one hidden layer, where it
 * predicts better; calibrated on predictions out of fold. Each problem weighs the same, each answer by its weight, each
 * step of an answer the same. `cancelled` may be NULL. PS_DOMAIN: a state is not finite. PS_CANCELLED. O(states ·
 * width) for each of some thousand passes. */
PS_API ps_status ps_learn_fit(const ps_learn_states *states, uint64_t seed, bool (*cancelled)(void *user), void *user,
                              ps_learned *learned, ps_error *err);

/* Why a head is not worth writing, in *why: fewer than 30 problems with both right and wrong answers, a slope of 0, or
 * the interval of auc_within does not lie above one half. PS_OK, else PS_DOMAIN. */
PS_API ps_status ps_learn_judge(const ps_learn_report *report, ps_error *why);

/* ---- From folders of results --------------------------------------------- */

typedef struct ps_learn_options {
    const char *const *folders; /* [n_folders] of `persamp eval` with evaluation.save_particles: true */
    size_t n_folders;
    const char *output; /* the head's file */
    const char *states; /* file that keeps the states between runs; NULL: OUTPUT.states, removed at the end */
} ps_learn_options;

typedef struct ps_learn_observer {
    void *user;
    void (*progress)(void *user, const char *what, size_t done, size_t of);
    bool (*cancelled)(void *user);
    ps_log log;
} ps_learn_observer;

/* Take from the record of the first folder what decides the answers (the model, the prompt, how tokens are drawn, where
 * steps end, how answers are judged), where `config` does not set it. PS_ARG: no record of a run there. */
PS_API ps_status ps_learn_config(ps_config *config, const char *folder, ps_error *err);

/* All of it: read the folders, run the model over the answers, fit, judge, write. `config` from ps_learn_config.
 * PS_ARG: a folder of another model or of other settings, one that is named twice, answers of a search without their
 * weights (weight_q), lines without particles or tokens; PS_DOMAIN: not worth writing (ps_learn_judge); the report is
 * filled all the same, and the states are kept. The same call again goes on where an earlier one was cut off.
 * `observer` may be NULL. */
PS_API ps_status ps_learn(const ps_config *config, const ps_learn_options *options, const ps_learn_observer *observer,
                          ps_learn_report *report, ps_error *err);

#ifdef __cplusplus
}
#endif
#endif
