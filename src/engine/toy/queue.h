/* What the two toy engines have in common: a tree of nodes, and a queue of requests that are worked off when they are
 * polled. So events lie ready whenever somebody asks: a poll never waits, and there is nobody to wake. */
#ifndef PERSAMP_ENGINE_TOY_QUEUE_H
#define PERSAMP_ENGINE_TOY_QUEUE_H

#include "engine/toy/tree.h"
#include "persamp/engine.h"

/* A request under way. It holds a reference to its node. */
typedef struct ps_toy_job {
    uint64_t tag;
    ps_node node;
    const ps_generation *generation; /* an extension's, borrowed; NULL: an evaluation */
    ps_rng_key key;                  /* an extension's */
    ps_evaluate_request *evaluation; /* owned, in one block with its arrays; NULL: an extension */
    bool cancelled;
} ps_toy_job;

typedef struct ps_toy_engine ps_toy_engine;

/* Fill the event of a job: everything but tag and prompt, which the queue knows. The event's arrays come from
 * toy->arena, the child is the caller's. On failure the queue makes the event from `err`. */
typedef ps_status ps_toy_work(ps_toy_engine *toy, const ps_toy_job *job, ps_event *event, ps_error *err);

/* The first member of each toy engine. */
struct ps_toy_engine {
    ps_engine base; /* first */
    ps_toy_work *work;
    uint32_t n_ctx;
    ps_toy_tree tree;
    ps_toy_job *jobs; /* [n_jobs]; those before next_job are done */
    size_t n_jobs, next_job, job_capacity;
    ps_event *events; /* of the last poll */
    size_t event_capacity;
    ps_arena *arena; /* what they point to */
    ps_engine_stats stats;
};

/* Of a zeroed engine. On failure ps_toy_clear is still to be called. */
ps_status ps_toy_init(ps_toy_engine *toy, const ps_engine_ops *ops, ps_toy_work *work, uint32_t n_ctx, ps_error *err);
void ps_toy_clear(ps_toy_engine *toy);

/* A root for a prompt of n tokens. `tokens` may be NULL for an engine that never reads them. PS_BUDGET: it leaves no
 * room in the context. PS_ARG: it is empty. */
ps_status ps_toy_root(ps_toy_engine *toy, const ps_token *tokens, size_t n, ps_node *node, ps_error *err);

/* Tokens that an answer which stands at `node` may still have. */
size_t ps_toy_room(const ps_toy_engine *toy, const ps_toy_node *node, const ps_generation *generation);

/* Put an evaluation, whose tokens the engine has checked, into the queue. */
ps_status ps_toy_submit_evaluation(ps_toy_engine *toy, const ps_evaluate_request *request, ps_error *err);

/* Members of ps_engine_ops. */
void ps_toy_retain(ps_engine *engine, ps_node node);
void ps_toy_release(ps_engine *engine, ps_node node);
ps_status ps_toy_extend(ps_engine *engine, const ps_extend_request *request, ps_error *err);
ps_status ps_toy_poll(ps_engine *engine, double seconds, const ps_event **events, size_t *n, ps_error *err);
void ps_toy_cancel(ps_engine *engine, uint64_t tag);
size_t ps_toy_in_flight(const ps_engine *engine, size_t width);
void ps_toy_stats(const ps_engine *engine, ps_engine_stats *stats);

#endif
