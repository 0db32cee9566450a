/* The inside of the toy engine, shared by its parts. */
#ifndef PERSAMP_ENGINE_TOY_ENGINE_H
#define PERSAMP_ENGINE_TOY_ENGINE_H

#include "engine/boundary.h"
#include "engine/toy/model.h"
#include "engine/toy/synthetic.h"
#include "engine/toy/tree.h"
#include "persamp/engine.h"
#include "persamp/engine_toy.h"

/* A request under way. It holds a reference to its node. */
typedef struct ps_toy_job {
    uint64_t tag;
    ps_node node;
    const ps_generation *generation; /* extension; NULL: evaluation */
    ps_rng_key key;
    ps_evaluate_request *evaluation; /* owned, in one block with its arrays */
} ps_toy_job;

typedef struct ps_toy_engine {
    ps_engine base; /* first */
    ps_toy_kind kind;
    uint32_t n_ctx;
    ps_toy_model model;       /* table */
    ps_toy_reasoner reasoner; /* synthetic */
    ps_toy_tree tree;
    ps_toy_job *jobs; /* [n_jobs], those before next_job are done */
    size_t n_jobs, next_job, job_capacity;
    ps_event *events;
    size_t event_capacity;
    ps_arena *arena; /* of the events of the last poll */
    ps_engine_stats stats;
    char description[128];
    /* Scratch of one table step: */
    ps_step_matcher matcher;
    ps_token *window; /* the answer's last tokens before the step, then the step's */
    double *numbers;  /* [3 × capacity of the step]: logp, logq, entropy of each token */
    size_t window_capacity, number_capacity;
    double *q; /* [model.largest_rule] */
} ps_toy_engine;

/* Run one job: fill the event but for tag, or fail (the event is then made by the caller). Memory of the event comes
 * from the arena; the child is the caller's. */
ps_status ps_toy_table_extend(ps_toy_engine *toy, const ps_toy_job *job, ps_event *event, ps_error *err);
ps_status ps_toy_table_evaluate(ps_toy_engine *toy, const ps_toy_job *job, ps_event *event, ps_error *err);
ps_status ps_toy_synthetic_extend(ps_toy_engine *toy, const ps_toy_job *job, ps_event *event, ps_error *err);

/* The prompt's tokens the first time its root is used, then 0: what a real engine would prefill. */
size_t ps_toy_prefill(ps_toy_engine *toy, ps_node node);

/* Tokens of the synthetic engine: bytes (of prompts), then outcomes of steps. */
enum { PS_TOY_BYTES = 256 };
ps_token ps_toy_step_token(const ps_toy_step *step);

#endif
