/* persamp/reward.h: process reward models. A PRM turns (question, steps so far) into one probability per step.
 *
 * Depends on base and engine: a PRM is scored on an engine's tree, incrementally: only new steps are evaluated, on the
 * PRM's own KV tree, and the requests of all particles share its batches. */
#ifndef PERSAMP_REWARD_H
#define PERSAMP_REWARD_H

#include "persamp/base.h"
#include "persamp/engine_openai.h"
#include "persamp/engine_toy.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ps_prm ps_prm;
typedef uint64_t ps_prm_node; /* a prefix that was scored; 0 is no node. Needs neither its parent nor its children */

/* How the probabilities of the steps so far become one number. */
typedef enum ps_aggregate { PS_AGGREGATE_LAST, PS_AGGREGATE_MIN, PS_AGGREGATE_PROD, PS_AGGREGATE_MEAN } ps_aggregate;

/* Score the step `text` that follows the prefix `parent`. */
typedef struct ps_prm_request {
    ps_prm_node parent;
    const char *text; /* the step as the reasoner wrote it; copied */
    size_t length;
    uint64_t tag; /* returned in the event */
    bool ends;    /* the answer ends with it */
    /* … and `text` has not its last token: the model ended the answer, or a stop string was cut from it. Not where an
     * answer ends in its box, or for want of room. */
    bool end_is_cut;
    const float
        *hidden; /* ps_event.hidden of the step, for a reward model that reads it; copied. NULL: no token, no state */
} ps_prm_request;

typedef struct ps_prm_event {
    uint64_t tag;
    ps_status status;    /* PS_OK, else the step has no score and `message` says why */
    const char *message; /* valid until the next poll */
    ps_prm_node node;    /* the scored prefix; owned by the caller: ps_prm_release it; 0 on error */
    double step;         /* probability that this step is right, in [0, 1] */
    double reward;       /* aggregate over the steps of the prefix, in [0, 1] */
    size_t tokens;       /* PRM tokens this step cost */
} ps_prm_event;

/* The table a kind of PRM fills: REQUIRED unless marked OPTIONAL. A PRM embeds `ps_prm` as its first member. */
typedef struct ps_prm_ops {
    const char *kind;
    bool reads_hidden; /* requests must bring the generator's hidden states */
    void (*destroy)(ps_prm *prm);
    ps_status (*root)(ps_prm *prm, const char *question, ps_prm_node *node, ps_error *err);
    void (*release)(ps_prm *prm, ps_prm_node node);
    ps_status (*submit)(ps_prm *prm, const ps_prm_request *request, ps_error *err);
    ps_status (*poll)(ps_prm *prm, double seconds, const ps_prm_event **events, size_t *n, ps_error *err);
    void (*cancel)(ps_prm *prm, uint64_t tag);                            /* OPTIONAL */
    bool (*on_ready)(ps_prm *prm, void (*ready)(void *user), void *user); /* OPTIONAL */
    void (*wake)(ps_prm *prm);                                            /* OPTIONAL */
    void (*stats)(const ps_prm *prm, ps_engine_stats *stats);
    const char *(*separator)(const ps_prm *prm); /* OPTIONAL */
    const char *(*identity)(const ps_prm *prm);  /* OPTIONAL */
} ps_prm_ops;
struct ps_prm {
    const ps_prm_ops *ops;
};

PS_API void ps_prm_free(ps_prm *prm); /* NULL is fine */
/* A root for a question. The caller owns one reference. */
PS_API ps_status ps_prm_root(ps_prm *prm, const char *question, ps_prm_node *node, ps_error *err);
PS_API void ps_prm_release(ps_prm *prm, ps_prm_node node); /* 0 is fine; also while a child's request is under way */
/* Submit a step. Returns at once; PS_ARG when the parent does not exist. */
PS_API ps_status ps_prm_submit(ps_prm *prm, const ps_prm_request *request, ps_error *err);
PS_API ps_status ps_prm_poll(ps_prm *prm, double seconds, const ps_prm_event **events, size_t *n,
                             ps_error *err);          /* as ps_engine_poll */
PS_API void ps_prm_cancel(ps_prm *prm, uint64_t tag); /* as ps_engine_cancel */
PS_API void ps_prm_wake(ps_prm *prm);                 /* as ps_engine_wake */
/* As ps_engine_on_ready. */
PS_API bool ps_prm_on_ready(ps_prm *prm, void (*ready)(void *user), void *user);
PS_API void ps_prm_get_stats(const ps_prm *prm, ps_engine_stats *stats);
/* The text that its own steps end with, where it has one (ps_prm_options.step_separator); NULL: it reads every step. */
PS_API const char *ps_prm_separator(const ps_prm *prm);
/* Whether it reads ps_prm_request.hidden: whoever generates then asks for it (ps_generation.hidden). */
PS_API bool ps_prm_reads_hidden(const ps_prm *prm);
/* Which reward model it is, as ps_engine_info.identity; of kinds `head` and `self` "MODEL+HEAD". NULL where it is not
 * known. Lives as long as the reward model. */
PS_API const char *ps_prm_identity(const ps_prm *prm);

/* ---- Models on an engine that can evaluate ------------------------------- */

/* Kinds `token`, `head` and `judge`; the engine may be one of another machine, but for `head`. Of the first two the
 * prompt is the question as a chat; after each step's text, without the white space at its end, stands a tag. Kind
 * `token`: the probability of one of two tokens against the other at the tag. Kind `head`: a base model, and a small
 * network on its hidden state at the tag, in a tensor file. docs/reward.md has the details and the file's format. */
typedef struct ps_prm_options {
    ps_aggregate aggregate;
    const char *system;   /* system message before the question; NULL: what the model's metadata say, else none; of a
                             learned head: what its file says */
    const char *step_tag; /* text after each step; NULL: what the metadata of the head file or the model say. A learned
                             head has neither a tag nor a separator: either is warned about */
    /* Text that separates the steps it was trained on, such as "\n\n": it is read where that comes, and at the end of
     * the answer; between, its last reading stands (1 before the first). NULL: what the model's metadata say, else it
     * is read after every step. */
    const char *step_separator;
    const char *positive; /* kind token: the two choices; NULL: what the model's metadata say, else "+" and "-" */
    const char *negative;
    const char *head_path; /* kind head: GGUF file with head.0.weight, …; NULL: kind token */
    /* Kind judge: any chat model. It is asked `judge_prompt`, a message with the places {question} and, after it,
     * {steps}; NULL: whether everything is right so far. The reading of a step is the probability of `positive` (NULL:
     * "Yes") against `negative` (NULL: "No") as the first token of its answer. Reads no metadata and no step_tag. */
    bool judge;
    const char *judge_prompt;
    ps_log log;
} ps_prm_options;
/* `model_path`: the GGUF file that `engine` was loaded from, for its metadata; NULL: there are none. Takes ownership of
 * `engine` on success. PS_ARG: the engine cannot evaluate; a judge's prompt without its
 * places. PS_FORMAT: no tag is known, or the tag or a choice is not one token of the model, or the head
 * file is damaged or does not fit the model. PS_IO: no such file. PS_ENGINE: built without libllama. */
PS_API ps_status ps_prm_create(ps_engine *engine, const char *model_path, const ps_prm_options *options, ps_prm **prm,
                               ps_error *err);

/* ---- Kind `pooling`: a reward model that a server applies ---------------- */

/* vLLM with `--runner pooling` reads a whole prefix as text, with a tag (`step_tag`; NULL: "<extra_0>") after each
 * step, and answers one row for each tag: the probabilities of wrong and right, or that of right alone. One request
 * holds up to 64 prefixes. The server caches nothing, so a step costs its whole prefix each time. The last row is the
 * new step's; the others must agree within 1e-3 with what they were before. A step of white space gets no tag and keeps
 * its parent's reward, 1 at the root.
 *
 * It has a thread of its own, and belongs to the process that made it. What `server` says is as for
 * ps_engine_openai_create, but for `context`; of `options` what is of other kinds is not read. Errors as there, and
 * PS_FORMAT: the server gives no such rows. */
PS_API ps_status ps_prm_pooling_create(const ps_openai_options *server, const ps_prm_options *options, ps_prm **prm,
                                       ps_error *err);

/* ---- Learned heads ------------------------------------------------------- */

/* What the file of a head that `persamp learn` made says of the samples it was made of. Strings are owned; NULL: the
 * file does not say. */
typedef struct ps_head_origin {
    char *model;               /* ps_engine_info.identity of the model whose hidden states it reads */
    char *steps;               /* where their steps end, as ps_steps_words puts it */
    char *system;              /* the system message before the question; "": none */
    char *prompt;              /* the whole prompt (prompt.template); "": the model's own chat template */
    double temperature, top_p; /* NaN: the file does not say */
    double top_k;              /* likewise; 0: all */
} ps_head_origin;
/* *learned: the head reads the state before a step's last token, as learned ones do, and not one at a tag. PS_IO,
 * PS_FORMAT: damaged; PS_ENGINE: built without libllama. Free with ps_head_origin_clear. */
PS_API ps_status ps_head_origin_read(const char *path, ps_head_origin *origin, bool *learned, ps_error *err);
PS_API void ps_head_origin_clear(ps_head_origin *origin); /* {0} is fine */

/* y = W x + b with W (out, in) row by row, borrowed. */
typedef struct ps_head_layer {
    size_t in, out;
    const float *weight, *bias; /* [out × in], [out] */
} ps_head_layer;
/* Write a learned head of one or two layers, ReLU between them, with one output: the logit of "right". PS_IO. */
PS_API ps_status ps_head_write(const char *path, const ps_head_layer *layers, size_t n_layers,
                               const ps_head_origin *origin, ps_error *err);

/* Kind `self`: a learned head on the generator's own hidden states, which requests bring with them: no second model,
 * and no pass of its own. A step without a token keeps the last reading; before the first that is 1. PS_FORMAT: no
 * learned head, one of another model than `generator`, or another width; PS_ARG: that engine gives no hidden states. */
PS_API ps_status ps_prm_self_create(const ps_engine *generator, const char *head_path, ps_aggregate aggregate,
                                    ps_prm **prm, ps_error *err);

/* ---- Kind `toy`: the reward model of the toy engine ---------------------- */

/* Reads text alone: the `rewards` of a table file, or what a step of the synthetic reasoner says of itself,
 * sigmoid(±separation/2 + noise·z), minus once an error is seen. Each step counts as one token. PS_IO, PS_FORMAT,
 * PS_ARG as ps_engine_toy_create. */
PS_API ps_status ps_prm_toy_create(const ps_toy_options *toy, ps_aggregate aggregate, ps_prm **prm, ps_error *err);

#ifdef __cplusplus
}
#endif
#endif
