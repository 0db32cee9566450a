/* The engine on libllama, inside: its one struct, and who may touch what.
 *
 * One model; one or more lanes, each a llama_context with a thread of its own. A root and all of its tree live in one
 * lane. A lane is run by one thread at a time: its own or, while there is a single problem, the thread that waits for
 * its events.
 *
 *     ops.c      the table of engine.h: submit, poll, wake, cancel        load.c           open a model, if it is fit
 *     node.c     the tree of tokens: handles, references, paths           tune.c, probe.c  how many lanes: measured
 *     request.c  one request: draw, judge, finish                         layout_*.c       … and decided
 *     lane.c     a lane's life and loop; what comes in and goes out       text.c           tokens, bytes of tokens
 *     batch.c    one step of a lane: admit, plan, decode, draw            log.c            libllama's messages
 *     cache.c    sequences of the KV cache: who holds which prefix        describe.c       a model in words
 *     join.c     requests that compute the same, until they differ        threads.c        a thread pool
 *     cancel.c   requests that the caller gives up                        trace.h          what libllama is asked
 *     check*.c   … and what of a file is not                              threadpool.c     ggml's threads of a lane
 *     guard.c    what libllama would abort for becomes an error           governor.c       … how many of them are used
 *     trial.c    can it compute with the model at all?
 *     chat.c     chats and prompts, for the table                         template.h       the model's chat template
 *     prompt.c   from a prompt to its tokens                              marked.c         whose text it is
 *
 * Locking. ps_llama.mutex guards what is marked [shared]; a function marked [mutex] is called with it held. A node's
 * identity, tokens and parent do not change once its handle is out. Everything else of a lane, its nodes' cache fields
 * included, belongs to the thread that runs the lane. */
#ifndef PERSAMP_ENGINE_LLAMA_ENGINE_H
#define PERSAMP_ENGINE_LLAMA_ENGINE_H

#include "engine/llama/layout.h"
#include "engine/llama/trace.h"
#include "persamp/engine.h"
#include "persamp/engine_llama.h"

#include <llama.h>
#include <pthread.h>
#include <sys/types.h>

enum {
    PS_MAX_SEQUENCES = 256, /* of a context: LLAMA_MAX_SEQ, which is not in libllama's header */
    PS_LLAMA_IDENTITY = 64
};

typedef struct ps_llama ps_llama;
typedef struct ps_llama_node ps_llama_node; /* node.h */
typedef struct ps_request ps_request;       /* request.h */

/* A queue of requests, linked by their `next` (request.h). */
typedef struct ps_request_list {
    ps_request *first, *last;
} ps_request_list;

struct ps_llama {
    ps_engine base; /* first: what the seam hands in is cast */
    struct llama_model *model;
    const struct llama_vocab *vocab;
    size_t n_vocab, n_embd;
    size_t n_words;       /* of n_vocab, without the unused ones at the end, which pad the output matrix */
    size_t longest_token; /* bytes of its text, ≥ 1 */
    ps_token *marks;      /* [n_marks] control tokens that are marks of thinking, or begin one: a few */
    size_t n_marks;
    size_t context;   /* tokens of an answer, prompt included */
    bool cells_short; /* … cut to the cells of a lane */
    bool deterministic, embeddings;
    enum ggml_type kv_type;
    pid_t process; /* that loaded it: its threads are in no other */
    ps_log log;
    struct ps_prompter *prompter; /* prompt.h */
    char *model_path;
    ps_text description;
    char identity[PS_LLAMA_IDENTITY]; /* of the file, as ps_engine_info has it */
    /* Tuned: */
    ps_layout layout;
    bool gpu;
    uint64_t time_to_live; /* of an idle sequence, see ps_lane */
    uint32_t sequences;    /* of a lane */
    ps_lane *lanes;        /* [n_lanes] */
    size_t n_lanes;
    /* For benchmarks and tests; set before anything is submitted: */
    const ps_llama_trace *trace; /* NULL: nobody looks */
    bool no_cache;               /* nothing is kept in the cache from one step to the next */
    bool no_join;                /* every request is computed by itself */

    pthread_mutex_t mutex;
    pthread_cond_t ready;         /* results are there, or a wake; waits on ps_llama_wait_clock */
    bool woken;                   /* [shared] by ps_engine_wake, since the last poll */
    bool closing;                 /* [shared] */
    void (*on_ready)(void *user); /* [shared] called when results come, or NULL */
    void *on_ready_user;          /* [shared] */
    ps_llama_node **slots;        /* [shared] by the low half of a handle − 1; free ones are NULL */
    size_t n_slots, slots_capacity;
    uint32_t *free_slots; /* [shared] indices of free slots */
    size_t n_free, free_capacity;
    uint64_t uses;           /* [shared] handles given out */
    ps_request_list results; /* [shared] finished, not polled */
    size_t under_way;        /* [shared] submitted and not finished */
    ps_engine_stats *stats;  /* [shared] [n_lanes] */
    uint64_t prompt_tokens;  /* [shared] */

    ps_request_list delivered; /* by the last poll; the caller's thread alone */
    ps_event *events;          /* … of these */
    size_t events_capacity;
};

extern const ps_engine_ops ps_llama_ops; /* ops.c */
void ps_llama_destroy(ps_engine *base);  /* load.c */

#endif
