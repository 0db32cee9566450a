/* A lane: a context of libllama, the requests in it, and the thread that runs them. */
#ifndef PERSAMP_ENGINE_LLAMA_LANE_H
#define PERSAMP_ENGINE_LLAMA_LANE_H

#include "engine/llama/cache.h"
#include "engine/llama/governor.h"
#include "engine/llama/threads.h"

struct ps_lane {
    ps_llama *engine;
    pthread_t thread;
    bool started;
    pthread_cond_t wake;       /* awake or closing */
    bool awake;                /* [shared] its own thread runs it until nothing is left to do; else the caller may */
    size_t roots;              /* [shared] bound to this lane and held by the caller */
    uint64_t n_roots;          /* [shared] that it ever had */
    size_t n_under_way;        /* [shared] requests submitted to it and not finished */
    ps_request *under_way;     /* [shared] all of these, linked by before and behind */
    bool cancels;              /* [shared] some of these are cancelled, and the lane has not looked */
    ps_llama_node *garbage;    /* [shared] nodes without references */
    ps_request_list submitted; /* [shared] since the caller's last poll */
    ps_request_list inbox;     /* [shared] … before it, not yet taken */

    /* Of the thread that runs the lane. A request goes from one to the next: */
    ps_request_list arrived; /* not looked at yet */
    ps_request_list waiting; /* begun; they become active in this order: those of the older problem first */
    ps_request **active;     /* [max_active] with a sequence, in the order they got it */
    size_t n_active, max_active;
    ps_request_list finished; /* to be published */

    struct llama_context *context;
    struct ggml_threadpool *pool; /* the context's threads, or NULL: they are its own affair */
    ps_governor governor;         /* how many of them are used */
    llama_memory_t memory;
    struct llama_batch batch;
    size_t n_batch;  /* tokens of a batch, at most */
    size_t n_states; /* … of one that gives hidden states of given tokens: each row has its logits then */
    ps_sequence sequences[PS_MAX_SEQUENCES];
    int n_sequences;
    size_t cells, used;    /* KV cells: the limit, and the sum of all nodes' `cached` */
    uint64_t now;          /* the lane's clock: tokens decoded */
    double answer;         /* tokens of an answer: the mean of the last ones, more or less */
    uint64_t counts;       /* how often the cells were counted (cache.c) */
    uint64_t time_to_live; /* an idle sequence is dropped after so many tokens; 0: never */
    bool full;             /* a request was preempted for want of cells: admit no other until one is done */
    bool rested;           /* nobody has run it for a while; for the trace */
    bool ahead;            /* the batch being planned gives no hidden states (batch.c) */

    ps_request **drawing; /* [max_active] requests that draw a token now */
    size_t n_drawing;
    ps_threads *threads;              /* draw tokens */
    ps_sampler *samplers;             /* [threads] */
    size_t threads_from;              /* logits to look at from which all threads are faster than one */
    ps_llama_node *hottest, *coldest; /* nodes with logits, by their last use */
    size_t n_hot, max_hot;
    ps_engine_stats stats; /* the lane's part, copied to [shared] when it publishes */
};

struct llama_context_params ps_lane_params(const ps_llama *engine, size_t cells, int32_t threads);
ps_status ps_lane_open(ps_lane *lane, ps_llama *engine, size_t cells, ps_error *err); /* context and buffers */
ps_status ps_lane_start(ps_lane *lane, ps_error *err);                                /* the thread */
void ps_lane_close(ps_lane *lane); /* after engine.closing is set: joins the thread, frees all */

/* A request is submitted to it. [mutex] */
void ps_lane_submit(ps_lane *lane, ps_request *request);
/* Have the lane's own thread do what there is to do. [mutex] */
void ps_lane_wake(ps_lane *lane);
/* Do it in this thread, a batch at least, until there are results, nothing is left, the engine is woken or `deadline`
 * (of ps_now) is over. The lane's own thread must not be awake. [mutex, left meanwhile] */
void ps_lane_run(ps_lane *lane, double deadline);
/* Free what nobody holds and answer what is cancelled, unless a thread is about to do so. [mutex, left meanwhile] */
void ps_lane_collect(ps_lane *lane);

#endif
