/* One problem being solved: a method, the engine's nodes and texts behind its snapshots, and the account of what it
 * cost. It says what to submit and is told what came back; it never polls. */
#ifndef PERSAMP_RUN_TASK_H
#define PERSAMP_RUN_TASK_H

#include "run/session.h"
#include "run/steps.h"

/* The engine's side of a snapshot; same numbering as the method's. */
typedef struct ps_task_node {
    ps_node node;
    ps_prm_node prm;
    uint32_t parent;
    uint32_t steps; /* from the root, but for those that begin in the thinking */
    bool thinking;  /* at its end <think> is open; false where the prompt opens none */
    uint64_t path;  /* ps_step_path */
    ps_snapshot_state state;
    ps_ending cut;    /* of a truncated one: what cut it off */
    const char *text; /* of this step, in the arena */
    size_t length;
    size_t n_tokens;
    double sum_logp, sum_logq, reward, step_reward;
    double sum_entropy, sum_certainty; /* of this step, as far as the engine gives them */
    double confidence;                 /* the lowest of a group up to here; NaN where the score does not read it */
    const double *confidences;         /* [n_tokens] of this step, in the arena; NULL where nobody reads them */
    const ps_token *tokens;            /* [n_tokens] of this step, in the arena; NULL without `logprobs` */
    const double *logp, *logq;         /* [n_tokens] likewise, as in ps_event */
    double weight;                     /* filled at the end: posterior weight of an answer, else 0 */
    /* For save_particles, likewise: log-score; an answer's weight at β = 0, NaN for anything else and where the method
     * knows none. */
    double ell, weight_q;
    bool want_reward;
    bool has_logq;                                                        /* the engine told sum_logq of this step */
    enum { PS_NODE_AT_REST, PS_NODE_EXTENDING, PS_NODE_SCORING } request; /* under way for it */
} ps_task_node;

typedef struct ps_task {
    ps_outcome outcome;       /* filled by ps_task_finish */
    ps_session *session;      /* a reference of its own */
    ps_generation generation; /* the session's, with the problem's own stops */
    uint64_t tag;             /* the caller's */
    ps_arena *arena;
    ps_method *method;
    uint32_t slot;       /* upper half of the tags of its requests */
    uint32_t last_round; /* first snapshot of the work that the method gave last */
    ps_task_node *nodes;
    size_t n_nodes, nodes_capacity;
    ps_step_result *results; /* [n_results] arrived and not yet absorbed */
    size_t n_results, results_capacity;
    uint32_t *round; /* [n_round] with `progress`: children absorbed since a round was shown */
    size_t n_round, round_capacity;
    char *read; /* ps_task_read */
    size_t read_capacity;
    size_t extending, scoring; /* requests under way */
    uint64_t max_tokens;       /* as in ps_solve_request */
    double started, extending_since, scoring_since;
    bool logprobs;             /* the tokens of each step and their log-probabilities are kept */
    bool progress, round_over; /* rounds are shown; there is one to show */
    size_t n_finished;         /* snapshots that ended their answer */
    size_t looked;             /* … when the leading answer was looked at last */
    bool sure;                 /* it leads by enough: nothing more is begun */
    bool spent;                /* nothing more is begun: the time or the tokens of this problem are */
    bool done, abandoned;      /* abandoned: requests come back, nothing new is started */
    const ps_steps *steps;     /* what stands in for the engine; NULL: nothing does */
    bool unknown;              /* a step was asked for that is not among them */
} ps_task;

/* Prepare a task: prompt, roots, method. A problem that cannot be run (its prompt does not fit, …) is a task that is
 * `done` at once with outcome.status and error set; only running out of memory is an error here. */
ps_status ps_task_create(const ps_solve_request *request, uint32_t slot, ps_task **task, ps_error *err);
void ps_task_free(ps_task *task);
/* Likewise, out of known steps alone: the task is done, with nothing but ps_task_finish left to do; or `unknown`. */
ps_status ps_task_repeat(ps_session *session, const ps_problem *problem, const ps_steps *steps, ps_task **task,
                         ps_error *err);

/* Let the method think: absorb what has arrived and submit what it asks for. Sets `done` when nothing is left to do,
 * and `round_over` when there is a round to show. */
ps_status ps_task_advance(ps_task *task, ps_error *err);

/* The round that is over, in `arena`; its arrays of the method's live until the task goes on. NULL without memory: then
 * it is not shown. */
const ps_step_view *ps_task_show(ps_task *task, ps_arena *arena);

/* Give up: the engine and the reward model are told of every request under way, nothing new is started. */
void ps_task_cancel(ps_task *task);

/* An event of this task's requests has come. */
ps_status ps_task_extended(ps_task *task, const ps_event *event, ps_error *err);
ps_status ps_task_scored(ps_task *task, const ps_prm_event *event, ps_error *err);

/* What a new step, whose text and tokens are there, makes of its answer: its state, and what cut it off. */
ps_status ps_task_end_step(ps_task *task, uint32_t child, ps_stop_reason reason, ps_error *err);
/* The limits' part of it, of a step whose state is known but for max_steps. */
void ps_task_limit(const ps_task *task, ps_task_node *node);

/* How large the share of the leading answer is among all that are there, those without anything to extract, too, as the
 * session selects; 0 without one. */
ps_status ps_task_lead(ps_task *task, double *share, ps_error *err);

/* Nothing is left to do: the clock stops and the engine's nodes are let go of; the texts stay. */
void ps_task_close(ps_task *task);

/* Then, without the engine: turn the method's answers into the outcome: classes, votes, predictions. */
ps_status ps_task_finish(ps_task *task, ps_error *err);

/* How its particles ended, into the outcome; the report is there. */
ps_status ps_task_count_endings(ps_task *task, ps_error *err);

/* The log-score of a snapshot, computed from its numbers as the method computes it; NaN where it cannot be. */
double ps_task_score(const ps_task *task, uint32_t snapshot);

/* Keep the confidence [n] of the tokens of a new step, and find the lowest group up to its end: of those before it, and
 * those that end in it. NULL: nobody asked. */
ps_status ps_task_find_confidence(ps_task *task, ps_task_node *node, const double *confidences, size_t n,
                                  ps_error *err);

/* The whole answer up to a snapshot, in the task's arena; NULL when out of memory. */
const char *ps_task_text(ps_task *task, uint32_t snapshot);
/* The same to look at only, valid until the next call: a search reads an answer again and again while it grows. */
const char *ps_task_read(ps_task *task, uint32_t snapshot);

#endif
