/* The engine on libllama, inside. One model; one or more lanes, each a llama_context with a thread of its own. A root
 * and all of its tree live in one lane. A lane is driven by one thread at a time: its own or, while there is a single
 * problem, the one that waits for its events.
 *
 *     llama_load.c    options → model, lanes; the end of all                llama_check.c  is the file fit to load?
 *     llama_tune.c    how many lanes, flash attention or not, measured      llama_probe.c  … by this
 *     llama_log.c     libllama's messages
 *     llama_seam.c    the table of engine.h: submit, poll                   llama_text.c   tokens, chat, pieces
 *     llama_tree.c    nodes: handles, references, paths
 *     llama_cache.c   sequences of the KV cache: who holds which prefix, forks, evictions
 *     llama_join.c    requests that would compute the same: computed once, until they part
 *     llama_lane.c    the loop of a lane: admit, plan a batch, decode, absorb, draw
 *     llama_work.c    one request: draw, judge, finish
 *     llama_record.c  what was asked of libllama, for the benchmarks
 *
 * Locking: ps_llama.mutex guards what is marked [shared]; a node's identity, tokens and parent do not change once its
 * handle is out; everything else of a lane, its nodes' cache fields included, belongs to the thread that drives it. */
#ifndef PERSAMP_ENGINE_LLAMA_ENGINE_H
#define PERSAMP_ENGINE_LLAMA_ENGINE_H

#include "engine/boundary.h"
#include "engine/llama/setup.h"
#include "engine/llama/threads.h"
#include "engine/sampler/sampler.h"
#include "persamp/engine.h"
#include "persamp/engine_llama.h"

#include <llama.h>
#include <pthread.h>
#include <stdio.h>

enum { PS_MAX_SEQUENCES = 256, PS_MAX_LANES = 64 }; /* LLAMA_MAX_SEQ, not in its header: llama_max_parallel_sequences */

typedef struct ps_llama ps_llama;
typedef struct ps_lane ps_lane;
typedef struct ps_lnode ps_lnode;
typedef struct ps_work ps_work;

/* ---- Nodes --------------------------------------------------------------- */

typedef struct ps_carriers {
    uint64_t bits[PS_MAX_SEQUENCES / 64];
} ps_carriers;

struct ps_lnode {
    ps_lane *lane;
    ps_lnode *parent; /* referenced; NULL: a root */
    ps_lnode *root;
    ps_token *tokens; /* its own, at positions start … start + n_tokens − 1 of the answer */
    size_t n_tokens, capacity, start;
    bool continued;  /* its step ended by length: a boundary may begin in its text */
    bool one_by_one; /* generated: deterministic mode computes its tokens one at a time, others in chunks */
    int references;  /* [shared] handles, children, requests */
    int holds;       /* [shared] the references that are the caller's */
    ps_node handle;  /* [shared] */
    ps_lnode *next;  /* [shared] in a lane's list of nodes to free */

    size_t under_way; /* of a root: requests in its tree that the lane has seen and not finished */
    uint64_t round;   /* of a root: how often these went from none to some */
    bool adopted;     /* counted among its parent's children */
    size_t children;
    ps_work *joinable;         /* requests on it that others may join (llama_join.c), */
    size_t n_joinable;         /* so many */
    ps_carriers carriers;      /* sequences whose tokens pass through it (their count may end within it) */
    size_t cached;             /* how many of its tokens have KV, in any sequence */
    size_t computed;           /* how many ever had: computing those again is a recomputation */
    float *logits;             /* after its last token, or NULL; n_vocab */
    ps_lnode *hotter, *colder; /* the list of nodes with logits */
};
static inline size_t ps_lnode_end(const ps_lnode *node) {
    return node->start + node->n_tokens;
}
static inline void ps_lnode_adopt(ps_lnode *node) {
    node->adopted = true;
    node->parent->children++;
}

/* ---- Requests ------------------------------------------------------------ */

typedef struct ps_work_list {
    ps_work *first, *last;
} ps_work_list;

struct ps_work {
    ps_work *next;
    ps_lnode *parent;    /* referenced */
    ps_lnode *child;     /* referenced; filled as tokens come. Below the parent, or below what others wrote with it */
    ps_work_list riders; /* what is computed for it is computed for these, too */
    size_t n_riders;
    ps_work *next_joinable;
    bool evaluate;
    ps_rng_key key;
    const ps_generation *generation;
    int sequence; /* in its lane's table; −1: not running */
    size_t todo;  /* tokens of it in the batch being planned */
    int32_t row;  /* batch index of the first of these */
    bool done;
    /* Extension */
    const float *logits; /* to draw the next token from; the lane's or the parent's */
    ps_token *tokens;    /* [event.n_tokens] at the end */
    ps_draw draw;
    ps_status drawn;
    ps_step_matcher matcher;
    double *numbers; /* [3 × capacity] logp, logq, entropy of each token, interleaved until the end */
    size_t numbers_capacity;
    /* Evaluation */
    uint32_t *marks;
    ps_token *choices;
    size_t n_marks, n_choices, next_mark;
    bool hidden;
    double *choice_logp;
    float *hidden_state;
    /* Answer */
    ps_event event;
    ps_error error;
};

/* ---- Lanes --------------------------------------------------------------- */

typedef struct ps_sequence {
    ps_lnode *tip; /* the deepest node it passes through; NULL: free */
    size_t n;      /* tokens it has in the cache: positions 0 … n − 1 of the path to tip */
    ps_work *user; /* NULL: idle */
    uint64_t last_use;
    uint64_t round; /* of its root when it was last used */
} ps_sequence;

struct ps_lane {
    ps_llama *engine;
    pthread_t thread;
    bool started;
    pthread_cond_t wake;
    ps_work_list submitted; /* [shared] since the caller's last poll */
    ps_work_list inbox;     /* [shared] … before it, not yet taken */
    ps_lnode *garbage;      /* [shared] nodes without references */
    size_t roots;           /* [shared] bound to this lane and held by the caller */
    size_t under_way;       /* [shared] requests submitted to it and not finished */
    bool summoned;          /* [shared] its own thread drives it until nothing is left to do; else the caller may */

    struct llama_context *context;
    llama_memory_t memory;
    struct llama_batch batch;
    size_t n_batch;
    ps_sequence sequences[PS_MAX_SEQUENCES];
    int n_sequences;
    size_t cells, used;   /* KV cells: the limit, and the sum of all nodes' `cached` */
    uint64_t now;         /* tokens decoded: the clock of last_use */
    uint64_t patience;    /* an idle sequence is dropped after so many; 0: never */
    ps_work_list arrived; /* not looked at yet */
    ps_work_list waiting; /* admitted in this order */
    ps_work **active;     /* [max_active] in order of admission */
    size_t n_active, max_active;
    bool woken;            /* nobody drove it for a while before the next batch (llama_record.c) */
    bool crowded;          /* a request was set back for want of cells: admit no other until one is done */
    ps_work_list finished; /* to be published */
    ps_crew *crew;         /* draws tokens */
    ps_sampler *samplers;  /* [size of the crew] */
    ps_work **drawing;     /* [max_active] requests that draw a token now */
    size_t n_drawing;
    size_t crew_from;            /* logits to look at from which the crew is faster than one thread */
    ps_lnode *hottest, *coldest; /* nodes with logits */
    size_t n_hot, max_hot;
    ps_engine_stats stats; /* the lane's part, copied to [shared] when it publishes */
};

struct ps_llama {
    ps_engine base; /* first: the seam casts */
    struct llama_model *model;
    const struct llama_vocab *vocab;
    size_t n_vocab, n_embd, context;
    bool cells_short; /* the context is cut to the cells of a lane */
    bool deterministic, embeddings;
    ps_setup setup; /* tuned */
    bool gpu;
    uint64_t patience;  /* tuned: of every lane */
    uint32_t sequences; /* tuned: of every lane */
    enum ggml_type kv_type;
    ps_log log;
    char *model_path;
    ps_text description;
    FILE *record;   /* what bench/ does again (llama_record.c), or NULL */
    bool forgetful; /* bench/: nothing is kept in the cache from one step to the next */
    bool apart;     /* bench/: every request is computed by itself */
    ps_lane *lanes;
    size_t n_lanes;

    pthread_mutex_t mutex;
    pthread_cond_t ready;
    void (*on_ready)(void *user); /* [shared] called when results come, or NULL */
    void *on_ready_user;          /* [shared] */
    bool closing;                 /* [shared] */
    ps_lnode **slots;             /* [shared] by handle − 1; free ones NULL */
    size_t n_slots, slots_capacity;
    uint32_t *free_slots; /* [shared] indices of free slots */
    size_t n_free, free_capacity;
    uint64_t uses;          /* [shared] handles given out */
    ps_work_list results;   /* [shared] finished, not polled */
    size_t under_way;       /* [shared] submitted and not finished */
    ps_engine_stats *stats; /* [shared] one per lane */
    uint64_t prompt_tokens; /* [shared] */

    ps_work_list delivered; /* of the last poll; the caller's thread */
    ps_event *events;
    size_t events_capacity;
};

/* ---- llama_tree.c: callers hold the mutex where marked ------------------- */

ps_lnode *ps_tree_new(ps_lane *lane, ps_lnode *parent); /* one reference; takes one on the parent. [mutex] */
/* Gives it a handle that `holds` callers hold, each with a reference. [mutex] */
ps_status ps_tree_publish(ps_llama *engine, ps_lnode *node, size_t holds, ps_error *err);
/* An empty node without a handle goes below another parent, an extension of its own. [mutex] */
void ps_tree_move(ps_lnode *node, ps_lnode *parent);
ps_lnode *ps_tree_find(ps_llama *engine, ps_node handle); /* NULL: no such node. [mutex] */
void ps_tree_unreference(ps_lnode *node);                 /* at 0 it goes to its lane's garbage. [mutex] */
void ps_tree_free(ps_lnode *node);                        /* the memory alone. */
ps_status ps_tree_append(ps_lnode *node, const ps_token *tokens, size_t n, ps_error *err);
/* Tokens at positions from … to − 1 of the path that ends in `leaf`. O(nodes of the path). */
void ps_tree_path(const ps_lnode *leaf, size_t from, size_t to, ps_token *out);

/* ---- llama_cache.c ------------------------------------------------------- */

/* Give the request a sequence that holds as much of its path as any does. False: not now (another request is just
 * computing what it needs, or no sequence is free). */
bool ps_cache_enter(ps_lane *lane, ps_work *work);
/* The request's sequence has `n` more tokens. Returns how many of these were prefill: given tokens, and generated ones
 * that had been computed before. */
size_t ps_cache_advance(ps_lane *lane, ps_work *work, size_t n);
/* The request goes on in another child, below its old one. */
void ps_cache_follow(ps_lane *lane, ps_work *work);
/* The request is done with its sequence. keep_tip: the child stays cached, else only its ancestors. */
void ps_cache_leave(ps_lane *lane, ps_work *work, bool keep_tip);
/* The request loses its sequence and all that only it held. */
void ps_cache_drop(ps_lane *lane, ps_work *work);
/* A node is about to be freed. */
void ps_cache_forget(ps_lane *lane, ps_lnode *node);
/* Free cells by shortening the idle sequence least worth keeping; false: none is left. */
bool ps_cache_shrink(ps_lane *lane);
/* Drop sequences idle for longer than the lane's patience. */
void ps_cache_expire(ps_lane *lane);
/* Keep the logits after a node's last token; failure to allocate only costs a recomputation. */
void ps_cache_keep_logits(ps_lane *lane, ps_lnode *node, const float *logits);
void ps_cache_touch_logits(ps_lane *lane, ps_lnode *node);
void ps_cache_drop_logits(ps_lane *lane, ps_lnode *node);

/* ---- llama_work.c -------------------------------------------------------- */

static inline void ps_work_push(ps_work_list *list, ps_work *work) {
    work->next = NULL;
    if (list->last)
        list->last->next = work;
    else
        list->first = work;
    list->last = work;
}
ps_work *ps_work_pop(ps_work_list *list); /* NULL when empty */
void ps_work_free(ps_work *work);         /* with its child if that was never handed out; NULL is fine */
/* Tokens known, prompt included: where the sequence must be for the next draw. */
static inline size_t ps_work_length(const ps_work *work) {
    return ps_lnode_end(work->child);
}
/* Of these, tokens of the step. */
static inline size_t ps_work_written(const ps_work *work) {
    return ps_work_length(work) - ps_lnode_end(work->parent);
}
void ps_work_begin(ps_lane *lane, ps_work *work); /* before the first token */
/* `draw` of it and of its riders, or `drawn` tells the error; in any thread. */
void ps_work_sample(ps_work *work, const ps_llama *engine, ps_sampler *sampler);
void ps_work_take(ps_lane *lane, ps_work *work);                        /* the token drawn; may set done */
void ps_work_read(ps_lane *lane, ps_work *work, int32_t row, size_t n); /* marks in n tokens at batch index row */
void ps_work_end(ps_work *work, ps_stop_reason reason);                 /* fills the event */
void ps_work_fail(ps_work *work, ps_status status);                     /* work->error says why */

/* ---- llama_join.c -------------------------------------------------------- */

/* Ride with a request that computes the same; false: there is none, and others may join this one. */
bool ps_join(ps_lane *lane, ps_work *work);
/* Nobody can join it any more. */
void ps_join_close(ps_work *work);
/* Riders that have drawn another token than `work` leave it. Those of them that go on by themselves, some with riders
 * of their own, are returned; their tokens are not taken yet. */
ps_work_list ps_join_part(ps_lane *lane, ps_work *work);
/* The answer is there: for its riders, too, each of which gets a hold on the child. Moves all to `results`. [mutex] */
void ps_join_deliver(ps_work *work, ps_work_list *results);

/* ---- llama_lane.c -------------------------------------------------------- */

struct llama_context_params ps_lane_params(const ps_llama *engine, size_t cells, int32_t threads);
ps_status ps_lane_open(ps_lane *lane, ps_llama *engine, size_t cells, ps_error *err); /* context and buffers */
ps_status ps_lane_start(ps_lane *lane, ps_error *err);                                /* the thread */
void ps_lane_close(ps_lane *lane); /* after engine.closing is set: joins, frees */
/* Free what nobody holds, unless a thread is about to do so: a lane without work does not look after it by itself.
 * [mutex, left meanwhile] */
void ps_lane_tidy(ps_lane *lane);
/* Have the lane's own thread do what there is to do. [mutex] */
void ps_lane_summon(ps_lane *lane);
/* Do it in this thread, until there are results or nothing is left. The lane's own was not summoned.
 * [mutex, left meanwhile] */
void ps_lane_drive(ps_lane *lane);

/* ---- llama_record.c: all of it does nothing without a recording ---------- */

/* As PERSAMP_BENCH_RECORD (a file), PERSAMP_BENCH_FORGET and PERSAMP_BENCH_APART in the environment say. */
ps_status ps_record_open(ps_llama *engine, ps_error *err);
void ps_record_close(ps_llama *engine);
void ps_record_contexts(const ps_llama *engine, const struct llama_context_params *params);
void ps_record_batch(ps_lane *lane);
void ps_record_copy(const ps_lane *lane, int from, int to, size_t n);
void ps_record_remove(const ps_lane *lane, int s, size_t n);

/* ---- The rest ------------------------------------------------------------ */

extern const ps_engine_ops ps_llama_ops; /* llama_seam.c */
ps_status ps_llama_tokenize(ps_engine *base, const char *text, size_t length, bool special, ps_token **tokens,
                            size_t *n, ps_error *err);
ps_status ps_llama_render_chat(ps_engine *base, const ps_chat_message *messages, size_t n, char **text, ps_error *err);
/* The bytes of a token, none for a special one, appended to text. */
void ps_llama_piece(const ps_llama *engine, ps_token token, ps_text *text);
void ps_llama_destroy(ps_engine *base);

ps_status ps_llama_check_file(const char *path, ps_error *err); /* llama_check.c */

void ps_llama_log_attach(ps_llama *engine);              /* libllama's messages go to this engine's log from now on */
void ps_llama_log_detach(const ps_llama *engine);        /* … unless another took over */
void ps_llama_log_take_error(char *buffer, size_t size); /* the first since the last call; "" if none */
void ps_llama_log_clear(void);

/* "qwen2 ?B F16" as llama_model_desc has it, and counts, → "qwen2, 2.4 M parameters, F16, 4.8 MB". */
void ps_llama_describe(const char *words, uint64_t parameters, uint64_t bytes, char *out, size_t size);

/* Decide n_lanes, threads and flash attention for the model. */
ps_status ps_llama_tune(ps_llama *engine, const ps_llama_options *options, ps_error *err);
/* Measure what batches cost in a set-up, for at most `limit` seconds; false: it could not be. heavy: a model of which a
 * short prompt must do. */
bool ps_llama_probe(ps_llama *engine, ps_setup *setup, bool heavy, double limit);
size_t ps_llama_in_flight(const ps_llama *engine, size_t width); /* as ps_engine_in_flight; the lanes are open */

#endif
