/* persamp/method.h: the seam to search methods. A method is a pure state machine over the numbers of snapshots: it says
 * which prefixes to extend by one step and is told what came of it. It never sees an engine, a text or a clock, so
 * every method runs on every engine, can be replayed, and many problems share one engine.
 *
 *     create → { next → work → (someone extends the nodes) → absorb } … until next gives no work and none is under way
 *            → answers, report → destroy
 *
 * Determinism: a method's decisions depend on the results and its own uniforms (ps_uniform on its seed and problem),
 * never on the order in which results of one round arrive. */
#ifndef PERSAMP_METHOD_H
#define PERSAMP_METHOD_H

#include "persamp/base.h"
#include "persamp/core.h"
#include "persamp/score.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ps_method ps_method;

/* ---- Parameters ---------------------------------------------------------- */

typedef enum ps_policy { PS_POLICY_ESS, PS_POLICY_ALWAYS, PS_POLICY_NEVER } ps_policy;

/* Policy ess of Persistent Sampling: whose ESS is compared with α_t, and in what units. */
typedef enum ps_ess_over {
    PS_ESS_OVER_PARTICLES, /* of the particles that run, with α_t times their number; fewer than two are never selected
                              among */
    PS_ESS_OVER_POOL       /* of all that could be selected, with α_t · M: it grows with the pool */
} ps_ess_over;

/* What a vote of weighted majority weighs: exp(ℓ), the PRM's r, exp(Σ log p / n). */
typedef enum ps_vote { PS_VOTE_SCORE, PS_VOTE_REWARD, PS_VOTE_LOGPROB, PS_VOTE_CONFIDENCE } ps_vote;

/* When to stop. 0 means no such limit. */
typedef struct ps_budget {
    size_t max_tokens;     /* generated tokens; a method stops within one step of it */
    size_t max_iterations; /* rounds of steps; 0: 2 · max_steps, or no limit where max_tokens is set. Where neither is:
                              2 · n_particles · max_answer_tokens generated tokens */
    size_t n_finished; /* finished answers, beyond which nothing is begun: particle filters count when one is over */
    double pace;       /* with max_tokens: how the tokens that a line of steps still needs are estimated, once it is
                          longer than max_tokens / n_particles: pace times what it has written. Lines whose need the
                          rest of the budget does not cover are not continued (src/method/pace.h). 0: no such rule,
                          all lines run until the budget cuts them off together */
} ps_budget;

/* Persistent Sampling. */
typedef struct ps_persistent_params {
    ps_pool_params pool; /* its max_depth is set by the method */
    ps_temperature temperature;
    size_t subpools;       /* of a selection; 0: as the resampler likes */
    bool distinct_lineage; /* topN */
    ps_policy policy;
    ps_ess_over ess_over;          /* policy ess */
    double alpha_start, alpha_end; /* threshold of the ESS, in units that ess_over says */
    bool refill;                   /* events relaunch M particles until the budget ends */
    bool completions;              /* mode `completions`: whole answers, weights balance, β never falls */
} ps_persistent_params;

/* Persistent Sampling, what only mode `completions` has. */
typedef struct ps_completions_params {
    size_t n_moves;  /* cut-and-regrow moves of each answer in a generation, ≥ 1 */
    double stop_ess; /* stop when ESS(β_max) ≥ stop_ess · M */
} ps_completions_params;

/* The particle filter, and particle Gibbs. */
typedef struct ps_filter_params {
    bool logit;         /* weights are the PRM's odds instead of ratios of scores */
    double temperature; /* divides the log-weights, > 0 */
    ps_policy policy;
    double threshold; /* policy ess: in units of M */
    size_t sweeps;    /* particle Gibbs: filters without a token budget */
} ps_filter_params;

/* Answers drawn independently. */
typedef struct ps_independent_params {
    ps_vote vote; /* weighted majority */
} ps_independent_params;

/* Beam search and DVTS. Width and subtrees: at most n_particles / expansion, rounded up, which is also what 0 means. A
 * round has n_particles children at most: where there would be more, they are shared out evenly among the prefixes. */
typedef struct ps_beam_params {
    size_t width;     /* beam: prefixes kept */
    size_t expansion; /* children of each, at most; 0 is 1 */
    size_t subtrees;  /* DVTS: beams of width one */
} ps_beam_params;

/* Metropolis-Hastings on p^α. */
typedef struct ps_power_params {
    double alpha;  /* ≥ 1 */
    size_t chains; /* at most n_particles; 0: n_particles / 8, at least 1 */
    size_t sweeps; /* moves of a whole answer without a token budget */
} ps_power_params;

/* Everything a method may be told: what all of them read, and a group for each kind of method, which the others do not
 * look at. Borrowed pointers must outlive the method. */
typedef struct ps_method_params {
    uint64_t seed, problem; /* of its random numbers */
    size_t n_particles;     /* M ≥ 1: no method has more steps under way at once */
    size_t max_steps;       /* depth at which an open answer is cut off; 0: none. Methods that never choose among open
                               answers (`whole`) do without it */
    size_t schedule_steps;  /* steps that schedules lead over; 0: max_steps */
    size_t
        max_answer_tokens; /* as many as an answer can have; 0: not known. Bounds searches that have no other limit */
    const ps_score_ops *score;
    const ps_length_prior_ops *prior;
    const ps_score_params *score_params;
    bool has_reward;         /* a PRM is there: results carry rewards */
    bool reward_shrinks;     /* they fall with every step whatever it is worth: the PRM's aggregate is a product */
    bool has_logp, has_logq; /* the engine reports them: results carry their sums */
    unsigned gives;          /* of ps_score_reads: what else of the tokens results carry */
    bool keep_weights;       /* the report's iterations tell the weights of selections */
    ps_budget budget;

    /* persistent and the particle filter */
    const ps_resampler *resampler;
    size_t n_moves; /* cut-and-regrow moves of each particle after a selection; 0: none */

    ps_persistent_params persistent;
    ps_completions_params completions;
    ps_filter_params filter;
    ps_independent_params independent;
    ps_beam_params beam;
    ps_power_params power;
} ps_method_params;

/* ---- Work and results ---------------------------------------------------- */

/* "Extend snapshot `parent` by one step and call the result `child`." Ids are chosen by the method, small and dense
 * (0 is the root), never used twice; the child's id also keys its random numbers. */
typedef struct ps_work {
    uint32_t parent, child;
    bool want_reward;
} ps_work;

/* What came of it; numbers of this step alone. */
typedef struct ps_step_result {
    uint32_t child;
    ps_snapshot_state state;
    size_t n_tokens;
    bool has_logp, has_logq;   /* without them the sum is never read */
    double sum_logp, sum_logq; /* nats; −∞ is legal, NaN is an error */
    double sum_entropy,
        sum_certainty;  /* as in ps_score_input, of this step's tokens; read where params.gives says so */
    double confidence;  /* likewise, of the whole prefix */
    double reward;      /* the PRM's aggregate over the prefix; NaN when not asked for */
    double step_reward; /* its reading of this step alone, read with reward_shrinks only */
} ps_step_result;

/* An answer a method offers: a finished snapshot; where there is none, a truncated one from which an answer may be
 * extracted; where a budget ended the search before that, an open one. */
typedef struct ps_answer {
    uint32_t snapshot;
    ps_snapshot_state state;
    double log_weight;   /* posterior weight, unnormalised; 0 where the method has none */
    double log_weight_q; /* of an unbiased estimate of the model's own distribution q over finished answers: Σ exp over
                            those of a kind is the share of draws of that kind. NaN where the method does not know */
    double ell;          /* log-score */
    double reward;       /* NaN without a PRM */
} ps_answer;

/* Why a method ended. */
typedef enum ps_end {
    PS_END_FINISHED, /* every particle finished */
    PS_END_BUDGET,   /* tokens, iterations or answers reached their limit */
    PS_END_CONVERGED /* the method's own criterion */
} ps_end;

/* A candidate of a selection, and its normalised weight there. */
typedef struct ps_candidate {
    uint32_t snapshot;
    double weight;
} ps_candidate;
#define PS_MOST_CANDIDATES 16 /* kept of a selection */

/* One selection, or one iteration without one. */
typedef struct ps_iteration {
    double beta, ess; /* after this iteration */
    bool resampled;
    uint32_t running;  /* particles that made the step */
    double steps_back; /* of a selection: from the deepest running particle back to what it launched from, the mean */
    uint32_t n_candidates;               /* of the selection; 0 without one, or without keep_weights */
    const ps_candidate *best_candidates; /* [the least of n_candidates and PS_MOST_CANDIDATES] the heaviest first */
} ps_iteration;

/* A method's own account. Pointers are owned by the method. Counts start at 0. */
typedef struct ps_method_report {
    const ps_iteration *iterations; /* [n_iterations] */
    size_t n_iterations;
    size_t resamples;
    double final_ess; /* NaN where the method has no weights */
    double log_z;     /* log evidence; NaN where there is none */
    size_t tokens;    /* generated */
    size_t snapshots;
    const ps_snapshot *pool; /* [snapshots + 1], the root first; NULL where the method keeps no pool */
    ps_end end;
} ps_method_report;

/* ---- The table a method fills: REQUIRED, but where it says OPTIONAL ------ */

typedef struct ps_method_ops ps_method_ops;
struct ps_method_ops {
    const char *name, *doc;
    bool greedy;        /* tokens are drawn at temperature 0 */
    bool unscored;      /* it chooses without a score: one draw, or a plain vote */
    bool whole;         /* it chooses among whole answers alone: their length is limited in tokens, not in steps */
    bool reads_logq;    /* it reads sum_logq, which some engines give at a cost */
    bool independent;   /* answers are n_particles independent draws: methods that say so can share them */
    const char *select; /* the answer selection that belongs to the method; NULL: the configured one */
    /* `ops` is the entry of the table that is created. Judges the method's own parameters: PS_ARG. */
    ps_status (*create)(const ps_method_ops *ops, const ps_method_params *params, ps_method **method, ps_error *err);
    void (*destroy)(ps_method *method);
    /* Work to start now, valid until the next call; *n = 0 with nothing under way means the method is done. */
    ps_status (*next)(ps_method *method, const ps_work **work, size_t *n, ps_error *err);
    /* Results of earlier work, any number, any order. */
    ps_status (*absorb)(ps_method *method, const ps_step_result *results, size_t n, ps_error *err);
    /* The answers so far; the array is owned by the caller (ps_free). Best first is not required. */
    ps_status (*answers)(const ps_method *method, ps_answer **answers, size_t *n, ps_error *err);
    /* PS_NOMEM, or it is filled. */
    ps_status (*report)(const ps_method *method, ps_method_report *report, ps_error *err);
    /* OPTIONAL, absent where answers share no text: what to change in these parameters, by key, for answers that share
     * less. Static. */
    const char *(*spread)(const ps_method_params *params);
    /* OPTIONAL: how many lines of answers it extends side by side, where that is not n_particles. */
    size_t (*lines)(const ps_method_params *params);
};
struct ps_method {
    const ps_method_ops *ops; /* first member of every method's state */
};

PS_API const ps_method_ops *ps_method_find(const char *name); /* NULL when unknown */
PS_API const ps_method_ops *const *ps_methods(size_t *n);

/* ---- Use ----------------------------------------------------------------- */

/* PS_ARG: a parameter out of range; a score or a method that reads rewards without a PRM, or log-probabilities that the
 * engine does not report: the message names it. Cheap enough to be tried once before
 * a run, so that parameters that do not fit are known before the first problem. */
PS_API ps_status ps_method_create(const ps_method_ops *ops, const ps_method_params *params, ps_method **method,
                                  ps_error *err);
PS_API void ps_method_free(ps_method *method); /* NULL is fine */
/* How many lines of answers the method extends side by side, about: what decides how many problems fill a batch. */
PS_API size_t ps_method_lines(const ps_method_ops *ops, const ps_method_params *params);
PS_API ps_status ps_method_next(ps_method *method, const ps_work **work, size_t *n, ps_error *err);
PS_API ps_status ps_method_absorb(ps_method *method, const ps_step_result *results, size_t n, ps_error *err);
PS_API ps_status ps_method_answers(const ps_method *method, ps_answer **answers, size_t *n, ps_error *err);
/* PS_NOMEM: *report is not to be read. */
PS_API ps_status ps_method_get_report(const ps_method *method, ps_method_report *report, ps_error *err);

#ifdef __cplusplus
}
#endif
#endif
