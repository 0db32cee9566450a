/* persamp/engine_toy.h: models without weights, instant and exact, for tests and comparisons. */
#ifndef PERSAMP_ENGINE_TOY_H
#define PERSAMP_ENGINE_TOY_H

#include "persamp/engine.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ps_toy_kind {
    PS_TOY_TABLE,    /* a finite language model given by a table: docs/toy-engine.md */
    PS_TOY_SYNTHETIC /* the synthetic reasoner of docs/algorithm.md: one step is one token whose text carries its state;
                        temperature, top_p, top_k, boundaries and stop strings do not apply to it */
} ps_toy_kind;

/* The synthetic reasoner and what its reward model reads of it. */
typedef struct ps_toy_synthetic {
    int steps;          /* of an answer: 1 to 10000 */
    int wrong_answers;  /* labels a wrong answer may have; the right one is 0 */
    double error_rate;  /* ε: mean probability that a step from a right prefix goes wrong */
    double detection;   /* PD: probability that a step shows an error that was made in it or before */
    double noise;       /* SN: of the reward model, in logits */
    double correlation; /* AR: of that noise from step to step */
    double separation;  /* SEP: distance of right from wrong in the reward model, in logits */
} ps_toy_synthetic;
/* 12 steps, ε .15, PD .5, SN 1, AR .7, SEP 4, 20 wrong answers. */
PS_API ps_toy_synthetic ps_toy_synthetic_defaults(void);

typedef struct ps_toy_options {
    ps_toy_kind kind;
    const char *table_path;     /* PS_TOY_TABLE: JSON file; NULL: the built-in table */
    ps_toy_synthetic synthetic; /* PS_TOY_SYNTHETIC */
    int n_ctx;                  /* 0: 4096 */
    ps_log log;
} ps_toy_options;
/* PS_IO, PS_FORMAT: the table, with file:line. PS_ARG: a parameter out of range. *engine is owned by the caller. */
PS_API ps_status ps_engine_toy_create(const ps_toy_options *options, ps_engine **engine, ps_error *err);

/* What the toy engine's reward model (persamp/reward.h) knows: the probability that a step is right, from its text: of
 * a table its "rewards", of the synthetic reasoner sigmoid(±separation/2 + noise·z). Errors as ps_engine_toy_create. */
typedef struct ps_toy_rewards ps_toy_rewards;
PS_API ps_status ps_toy_rewards_create(const ps_toy_options *options, ps_toy_rewards **rewards, ps_error *err);
PS_API void ps_toy_rewards_free(ps_toy_rewards *rewards); /* NULL is fine */
/* As ps_engine_info.identity; lives as long as the rewards. */
PS_API const char *ps_toy_rewards_identity(const ps_toy_rewards *rewards);
/* Whether rewards depend on more than the step: `prefix`, the whole answer up to its end, may else be NULL. */
PS_API bool ps_toy_rewards_need_prefix(const ps_toy_rewards *rewards);
/* PS_FORMAT: the synthetic reasoner did not write this step. */
PS_API ps_status ps_toy_reward(const ps_toy_rewards *rewards, const char *prefix, const char *step, double *reward,
                               ps_error *err);

#ifdef __cplusplus
}
#endif
#endif
