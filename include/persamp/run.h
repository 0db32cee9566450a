/* persamp/run.h: problems in, outcomes out: data sets, models opened from a configuration, one question, many at once.
 *
 *     ps_config_check(config, NULL, &err);
 *     ps_models_open(config, NULL, &models, &err);                       // once
 *     ps_solve(config, models, &problem, NULL, &outcome, &err);          // one question, as often as you like
 *     ps_outcome_free(outcome);
 *     ps_models_free(models);
 *
 * Many questions share the models through a solver:
 *
 *     ps_session_create(config, models, NULL, &session, &err);           // how to solve; the configuration may go now
 *     ps_solver_create(models, &solver, &err);
 *     ps_solver_submit(solver, &(ps_solve_request){session, &problem, .tag = 7}, &err);   // at any time
 *     while (ps_solver_pending(solver) > 0) {
 *         ps_solver_poll(solver, INFINITY, &events, &n, &err);           // n outcomes, each with its tag
 *         …
 *     }
 *     ps_solver_free(solver);
 *     ps_session_release(session);
 *
 * Configurations are expected to have passed ps_config_check. One thread at a time may use a ps_models and what was
 * made with it, unless a function says otherwise; callbacks come from the calling thread. Models do not go through
 * fork(): load them in the process that uses them, in any other they are PS_ENGINE. What is owned by the caller is
 * freed by the function named with it; all of these take NULL. PS_NOMEM is possible everywhere and not listed. */
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

/* What is to be answered: a question, a conversation, or a prompt as it stands. All of it is borrowed until the
 * problem's outcome is freed. */
typedef struct ps_problem {
    uint64_t index;   /* the problem's own random numbers: with the seed it decides every draw, so that what else is
                         solved beside it changes nothing. Of a data set: the position in the file, from 0, stable
                         whatever is skipped */
    const char *text; /* the question ("problem" or "question" of a record). With `messages` or `prompt` it may be NULL:
                         what the result and a reward model show as the question is then the last message of the user,
                         or the prompt */
    const char *answer;                      /* "answer"; of GSM8K what follows ####; NULL when there is none */
    const char *unique_id, *subject, *level; /* NULL when absent */
    /* At most one of these two. Without them the question is put into prompt.template, or becomes a message after
     * prompt.system. */
    const ps_chat_message *messages; /* [n_messages] a conversation, for the model's own chat template. prompt.system
                                        stands before one that has no message "system" */
    size_t n_messages;
    const char *prompt;       /* a text that the answer continues, control tokens and all */
    const char *const *stops; /* [n_stops] non-empty texts that end this answer, besides those of the session. One that
                                 also ends a step ends the answer all the same */
    size_t n_stops;
} ps_problem;

/* A record that cannot be used; the others can. */
typedef struct ps_dataset_fault {
    bool element; /* of a JSON array, and not a line */
    size_t line;  /* of the file, or the element's number; from 1 */
    const char *message;
} ps_dataset_fault;

typedef struct ps_dataset ps_dataset;
/* Read a JSONL file of at most 1 GiB, or a JSON array of at most 64 MiB. An answer is what follows its last ####, as in
 * GSM8K, where it has one. A record that cannot be used becomes a fault and is passed over: no problem or answer, or
 * one of more than 16 MiB, which no context holds. PS_IO: no such file, or not a regular one; PS_FORMAT: too large, a
 * Parquet file, an array that is not JSON, or no usable record at all. *dataset is owned (ps_dataset_free); O(size of
 * the file). */
PS_API ps_status ps_dataset_load(const char *path, ps_dataset **dataset, ps_error *err);
/* The data set of a configuration: that of ps_dataset_path, with the fields that evaluation.dataset and
 * evaluation.fields say. *dataset and *path are owned (ps_dataset_free, ps_free). PS_FORMAT also for a field of
 * evaluation.fields that no record has. */
PS_API ps_status ps_dataset_open(const ps_config *config, ps_dataset **dataset, char **path, ps_error *err);
/* n problems for the toy engine's synthetic reasoner, whose right answer is always 0. */
PS_API ps_status ps_dataset_synthetic(size_t n, ps_dataset **dataset, ps_error *err);
PS_API void ps_dataset_free(ps_dataset *dataset);
/* [n] in the order of the file, owned by the data set, as are their strings. */
PS_API const ps_problem *ps_dataset_problems(const ps_dataset *dataset, size_t *n);
/* [n] the first PS_DATASET_FAULTS, or all when there are no more. */
enum { PS_DATASET_FAULTS = 10 };
PS_API const ps_dataset_fault *ps_dataset_faults(const ps_dataset *dataset, size_t *n);
PS_API size_t ps_dataset_unusable(const ps_dataset *dataset); /* records that cannot be used, in all */

/* Where the data set of a configuration lies: evaluation.dataset_path; else what evaluation.dataset names, as
 * NAME.jsonl or NAME.json in ./data, $XDG_DATA_HOME/persamp/data or the shipped data folder, or as its own file in the
 * hub's cache (docs/datasets.md); else the shipped file. *path is owned (ps_free). PS_IO: it is in none of these
 * places, with the command that brings it; PS_FORMAT: it is a Parquet file, with the command that converts it. */
PS_API ps_status ps_dataset_path(const ps_config *config, char **path, ps_error *err);

/* ---- Models -------------------------------------------------------------- */

/* The reasoner's engine and, when configured, the process reward model. */
typedef struct ps_models ps_models;
/* Load what engine.type, models.generator and (when enabled) models.prm name. `log` gets the engine's messages and may
 * be NULL; it is copied, what its `user` points to must live as long as the models. *models is owned (ps_models_free)
 * and outlives the sessions and solvers made with it. Takes as long as reading the weights, and for small models some
 * 0.7 s of measuring how to run them. PS_IO: no such file, with what to do about it; PS_FORMAT: it is damaged,
 * truncated or has no tokenizer; PS_ENGINE: libllama refuses it, a GPU was demanded and is not there, or this build has
 * no libllama; PS_ARG: an engine that is not built. */
PS_API ps_status ps_models_open(const ps_config *config, const ps_log *log, ps_models **models, ps_error *err);
/* Likewise without the reward model, and the engine can be asked for hidden states (PS_ENGINE_HIDDEN). PS_ARG: another
 * engine than llama. */
PS_API ps_status ps_models_open_states(const ps_config *config, const ps_log *log, ps_models **models, ps_error *err);
PS_API void ps_models_free(ps_models *models);
/* The three belong to the models. */
PS_API ps_engine *ps_models_engine(const ps_models *models);
PS_API ps_prm *ps_models_prm(const ps_models *models);      /* NULL without one */
PS_API const char *ps_models_path(const ps_models *models); /* of the reasoner; "toy" for the toy engine */
/* What to tell whoever asks a question that the model has not learnt; NULL where there is nothing to tell. It speaks of
 * the shipped model alone, which is as sure of what it never learnt as of the rest. Static. From any thread. */
PS_API const char *ps_models_doubt(const ps_models *models, const char *question);
/* How many of [n] problems there is a ps_models_doubt of. */
PS_API size_t ps_models_doubtful(const ps_models *models, const ps_problem *problems, size_t n);

/* Where the steps of a configuration's answers end, in words, appended to *text: "newline, 1 to 128 tokens". Two that
 * say the same end their steps at the same places. Check ps_text_ok. */
PS_API void ps_steps_words(const ps_config *config, ps_text *text);

/* ---- Outcomes ------------------------------------------------------------ */

/* One class of equivalent answers. */
typedef struct ps_answer_class {
    const char *answer; /* as its best member wrote it */
    double weight;      /* posterior weight; the classes' weights sum to one */
    double draws;       /* estimated share of the model's own draws that give this answer, in [0, 1]: what a search has
                           found need not be likely. NaN where the method does not know */
    size_t votes;       /* finished snapshots */
    uint32_t snapshot;  /* that best member: of the highest log-score */
} ps_answer_class;

/* One way to choose among the answers. */
typedef struct ps_prediction {
    const char *answer; /* NULL when there is none */
    bool correct;       /* against the ground truth; false without one */
    double confidence;  /* in it, in [0, 1], as answer.confidence says; NaN without an answer */
    uint32_t snapshot;  /* that stands for it */
} ps_prediction;

typedef enum ps_select {
    PS_SELECT_BEST,
    PS_SELECT_MAJORITY,
    PS_SELECT_WEIGHTED,
    PS_SELECT_PRM_WEIGHTED,
    PS_SELECT_DRAW, /* one answer by its weight */
    PS_SELECTS
} ps_select;
PS_API const char *ps_select_name(ps_select select); /* "best", …, as answer.select and result lines have it */

/* How a particle ended: with an answer, or cut off by a limit. */
typedef enum ps_ending {
    PS_ENDING_FINISHED,
    PS_ENDING_STEPS,         /* generation.max_steps */
    PS_ENDING_ANSWER_TOKENS, /* generation.max_answer_tokens */
    PS_ENDING_CONTEXT,       /* no more tokens fit: models.generator.max_model_len, or what the model has */
    PS_ENDING_BUDGET,        /* ps.budget, or the limit of a request, while it was running */
    PS_ENDINGS
} ps_ending;
/* One by one: name as result lines have it, "finished", "steps", …, NULL from PS_ENDINGS on; the key whose limit it
 * was, NULL for none. */
PS_API const char *ps_ending_name(size_t ending);
PS_API const char *ps_ending_key(size_t ending);
/* Particles that were cut off, of all `endings` [PS_ENDINGS]. */
PS_API size_t ps_endings_cut(const size_t *endings);
/* "2 of 8 particles were cut off by the number of steps (generation.max_steps)" appended to *text; nothing where none
 * was. Check ps_text_ok. */
PS_API void ps_endings_words(const size_t *endings, ps_text *text);

/* Tokens by kind. */
typedef struct ps_token_counts {
    uint64_t generated; /* drawn by the reasoner: what a budget counts */
    uint64_t shared;    /* of these, drawn by another particle at the same place, too, and computed once for both */
    uint64_t discarded; /* drawn besides by a server, and not used: repetitions, what it wrote beyond a step's end */
    uint64_t prompt;
    uint64_t prefilled; /* the prompt, and prefixes computed again */
    uint64_t prm;       /* read by the reward model; what particles have in common once */
} ps_token_counts;
PS_API void ps_token_counts_add(ps_token_counts *sum, const ps_token_counts *more);
/* The kinds one by one: name as result lines have it, NULL from the last on; and its member. */
PS_API const char *ps_token_kind(size_t kind);
PS_API uint64_t *ps_token_count(ps_token_counts *counts, size_t kind);

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
    size_t n_answers;   /* finished snapshots, or cut-off ones where nothing finished: what the votes are of */
    double shared_text; /* of the answers' text, the share that was written for several of them together, from 0 to 1:
                           (tokens of all answers − tokens of the tree they form) / (tokens of all − of the longest).
                           0: each was written by itself; 1: all are one text. What descends from one particle counts
                           as shared, what two particles wrote alike does not. NaN with fewer than two */
    bool has_reward;    /* a process reward model took part */
    bool truncated;     /* nothing finished: the answer is that of a cut-off snapshot */
    bool sure;          /* the leading answer led by enough (answer.sure), so nothing more was begun */
    size_t endings[PS_ENDINGS]; /* how many particles ended in which way, those that moves tried among them */
    const char *warning;        /* ps_models_doubt of the question */
    ps_status status;           /* PS_OK, or why this problem failed; PS_CANCELLED for one that was given up */
    const char *error;          /* likewise in words, else NULL */
    ps_method_report report;    /* its arrays are owned by the outcome */
    ps_token_counts tokens;
    double logq_bound; /* nats: where log-probabilities of what was drawn from are read and are not exact, their sums
                          are off by at most this, all steps together; else 0 */
    struct {
        double total, generation, scoring;
    } seconds;
    bool read;            /* out of the samples of another method, whose tokens and seconds these are */
    struct ps_task *task; /* what owns all this, and the tree of snapshots */
} ps_outcome;
/* From any thread, as long as no other uses the outcome. */
PS_API void ps_outcome_free(ps_outcome *outcome);
/* Whether the answers share most of their text: a vote among them is then hardly more than one. */
static inline bool ps_shares_most(double shared_text) {
    return shared_text > 0.5; /* not NaN */
}
/* What to change in the configuration for answers that share less text; NULL where they share none. Static. */
PS_API const char *ps_outcome_spread(const ps_outcome *outcome);
/* What a line of JSON has besides the outcome: bits. */
typedef enum ps_outcome_parts {
    PS_WITH_PARTICLES = 1 << 0, /* the token tree */
    PS_WITH_STEPS = 1 << 1      /* a record of ps_steps, as far as ps_steps_add takes them */
} ps_outcome_parts;
/* The outcome as one line of JSON without the newline. Owned by the caller. */
PS_API ps_status ps_outcome_json(const ps_outcome *outcome, unsigned with, char **json, ps_error *err);

/* The whole answer up to a snapshot, one that a prediction or a class names: *text is owned by the caller (ps_free),
 * and *tokens, unless NULL, is how many tokens it has. From any thread, as long as no other uses the outcome. PS_ARG:
 * there is no such snapshot. O(length). */
PS_API ps_status ps_outcome_text(const ps_outcome *outcome, uint32_t snapshot, char **text, size_t *tokens,
                                 ps_error *err);

/* The posterior weight of the answer that a snapshot ends, a share of all that something could be extracted of; 0 for
 * any other snapshot. From any thread, as long as no other uses the outcome. O(1). */
PS_API double ps_outcome_weight(const ps_outcome *outcome, uint32_t snapshot);

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

/* ---- One question -------------------------------------------------------- */

/* How a call tells its caller what happens. Every member may be NULL. Called from the calling thread. */
typedef struct ps_observer {
    void *user;
    void (*step)(void *user, const ps_step_view *view);
    bool (*cancelled)(void *user); /* asked some 20 times a second; true ends the call with PS_CANCELLED */
} ps_observer;

/* Solve one question by the configured method. *outcome is owned (ps_outcome_free) and borrows `problem`. `observer`
 * may be NULL. PS_BUDGET: the prompt does not fit the context; PS_DOMAIN: a score is NaN; PS_ENGINE: the engine failed;
 * PS_ARG: the method does not go with this configuration; PS_CANCELLED. A search that ends without a finished answer is
 * no error: the outcome is `truncated`. */
PS_API ps_status ps_solve(const ps_config *config, ps_models *models, const ps_problem *problem,
                          const ps_observer *observer, ps_outcome **outcome, ps_error *err);

/* ---- Sessions: how to solve ---------------------------------------------- */

/* A method with its parameters, how tokens are drawn, how answers are judged: all that a configuration says of solving,
 * copied out of it. Read-only and reference-counted; any thread may make, retain and release one. */
typedef struct ps_session ps_session;

/* Over the same models there may be as many sessions as one likes, each with a method, temperature, stop strings and
 * seed of its own. `arm`: NULL for the configured method, else "greedy", "sample" (one draw from the model itself) or a
 * method's name. The caller owns one reference of *session. PS_ARG: the method needs what the models do not give, a
 * reward model or log-probabilities; the message names the key and what to set instead. */
PS_API ps_status ps_session_create(const ps_config *config, ps_models *models, const char *arm, ps_session **session,
                                   ps_error *err);
PS_API void ps_session_retain(ps_session *session);
PS_API void ps_session_release(ps_session *session);
PS_API const char *ps_session_name(const ps_session *session);   /* the method's, or "sample"; lives as the session */
PS_API ps_select ps_session_select(const ps_session *session);   /* which prediction is the answer */
PS_API const char *ps_session_spread(const ps_session *session); /* as ps_outcome_spread */
/* Ask the engine for more of each token than the session's own score reads (bits of ps_score_reads), so that its steps
 * tell other scores enough. What the engine cannot tell is left out. Before the session solves anything. */
PS_API void ps_session_tell(ps_session *session, unsigned reads);
/* Whether what it does depends on a reward model's readings; without one: false. */
PS_API bool ps_session_reads_reward(const ps_session *session);
/* Whether a question becomes a prompt with these models: PS_ENGINE with what to do where the model has no chat
 * template, or one that renders no question, and prompt.template is not set. Every question would fail so: whoever has
 * many asks first. (A problem that is a prompt already needs none.) Computes nothing. */
PS_API ps_status ps_session_check_prompt(const ps_session *session, ps_error *err);
/* The root of a problem in the engine's tree, as a search begins it; the caller owns one reference. As
 * ps_engine_prompt. */
PS_API ps_status ps_session_root(const ps_session *session, const ps_problem *problem, ps_node *node, ps_error *err);
/* Whether a whole answer is right, by the session's rules. */
PS_API ps_status ps_session_judge(const ps_session *session, const char *gold, const char *answer, bool *right,
                                  ps_error *err);
/* Problems of this session worth having in a solver at once: fewer leave the machine idle, more slow each other down.
 * At least 1. */
PS_API size_t ps_session_in_flight(const ps_session *session);

/* ---- The solver: many questions at once ---------------------------------- */

/* Problems that share the models' batches, whatever their sessions. The verbs are those of engines and reward models:
 * submit, poll, cancel, wake. Models have one solver at a time. */
typedef struct ps_solver ps_solver;

typedef struct ps_solve_request {
    ps_session *session; /* over the solver's models; retained as long as it is needed */
    const ps_problem *problem;
    uint64_t tag;        /* returned in its events; the caller's own */
    bool progress;       /* an event after each of its iterations, too; they cost time, so only where somebody looks */
    uint64_t max_tokens; /* generated tokens after which the search is ended, within one step of each particle, with the
                            answers that are there, whatever the session's method plans; 0: no such limit */
    const uint64_t *seed; /* of this problem, read during the call; NULL: the session's. So one session serves any
                             number of problems that differ in nothing else */
} ps_solve_request;

/* Something that came of a problem: the outcome, its last event, or what an iteration brought. */
typedef struct ps_solver_event {
    uint64_t tag;
    ps_outcome *outcome;      /* owned by the caller (ps_outcome_free), also after the solver is gone; NULL: progress */
    const ps_step_view *step; /* of progress: valid until the next call of any function of this solver */
} ps_solver_event;

PS_API ps_status ps_solver_create(ps_models *models, ps_solver **solver, ps_error *err);
/* What is under way is given up: returns within one batch of the model, and leaves nothing of it in the engine. */
PS_API void ps_solver_free(ps_solver *solver);

/* Begin a problem: its first requests join those of the others with the next poll. What is wrong with the problem
 * itself, say a prompt that does not fit, becomes its outcome's `status`. PS_ARG: a session over other models. */
PS_API ps_status ps_solver_submit(ps_solver *solver, const ps_solve_request *request, ps_error *err);

/* Let everything under way go on until there is an event or a place has become free, at most `seconds` (0: only what is
 * ready, INFINITY: no limit), kept to within one batch of the model, and no longer once ps_solver_wake is called. With
 * nothing under way it waits for that. *n may be 0. *events stays valid until the next call.
 *
 * A search that is over gives its place free first: ps_solver_running is less by one and this returns, perhaps with
 * nothing. Its outcome comes with the next poll, which sets the model to work before it reads the answers. So whoever
 * fills the place in between never lets the model wait.
 *
 * An error means that the engine is lost or that memory has run out; outcomes that were there came before it. Every
 * later call gives it again: all that is left is ps_solver_free. */
PS_API ps_status ps_solver_poll(ps_solver *solver, double seconds, const ps_solver_event **events, size_t *n,
                                ps_error *err);

/* A call of ps_solver_poll that waits returns within one batch; when none does, the next returns without waiting. From
 * any thread, as long as the solver lives. */
PS_API void ps_solver_wake(ps_solver *solver);

/* Give up the problems with this tag: within one batch their particles are gone from the engine, and an outcome with
 * PS_CANCELLED comes; what was done already comes as it is. No token of any other problem changes (in deterministic
 * mode to the bit). */
PS_API void ps_solver_cancel(ps_solver *solver, uint64_t tag);

PS_API size_t ps_solver_running(const ps_solver *solver); /* problems that the models work on */
PS_API size_t ps_solver_pending(const ps_solver *solver); /* problems whose outcome has not been polled */
/* The tag of problem number i of those that have given their place free and whose outcome comes with the next poll: for
 * whoever fills places by something that the problems have. i < ps_solver_pending − ps_solver_running. */
PS_API uint64_t ps_solver_over(const ps_solver *solver, size_t i);

/* ---- Steps that were drawn before ---------------------------------------- */

/* The steps of one problem that are known. A step is known by its path, the numbers of the snapshots from the root to
 * it: they key its random numbers. So where the model, the prompt, the seed and how tokens are drawn and steps end are
 * the same, equal paths are equal steps, whatever method, score or vote asks for them; and a search that asks for known
 * steps alone needs no model. That these are the same the caller sees to. One thread at a time. */
typedef struct ps_steps ps_steps;

PS_API ps_status ps_steps_create(ps_steps **steps, ps_error *err); /* none yet; owned (ps_steps_free) */
PS_API void ps_steps_free(ps_steps *steps);
/* Add the steps of a solved problem, and append those that were not known to *record, one line of JSON without the
 * newline; nothing where all of them were. Left out are an outcome that failed, and steps that their numbers and text
 * do not tell all of (a limit in seconds, log-probabilities known within bounds, text that is no UTF-8). O(steps). */
PS_API ps_status ps_steps_add(ps_steps *steps, const ps_outcome *outcome, ps_text *record, ps_error *err);
/* Add those of such a record. PS_FORMAT: it is none. */
PS_API ps_status ps_steps_read(ps_steps *steps, const char *record, ps_error *err);
/* As ps_solver_submit and what comes of it, out of known steps: the same answers, weights and generated tokens to the
 * last bit; tokens.prompt and prefilled are 0. *outcome is owned (ps_outcome_free), may outlive `steps`, and is NULL
 * where a step is not known. */
PS_API ps_status ps_steps_solve(const ps_steps *steps, ps_session *session, const ps_problem *problem,
                                ps_outcome **outcome, ps_error *err);

/* Whether a key cannot change a step that is drawn: it decides which prefixes are extended, how steps are scored, or
 * how the answers are read. What is drawn under two values of it is the same wherever both draw it, so a run that
 * differs in such keys alone is computed from samples that exist, as far as they go. In doubt a key is none of these:
 * that costs time, the opposite would cost the truth. tests/tune/test_setting.c tries each. */
PS_API bool ps_key_only_reads(const char *key);
/* Whether two checked configurations over the same models and problems draw the same steps wherever both draw them: no
 * other key that acts differs. */
PS_API ps_status ps_draws_alike(const ps_config *a, const ps_config *b, bool *alike, ps_error *err);

#ifdef __cplusplus
}
#endif
#endif
