/* persamp/engine.h: the seam to inference. An engine is a loaded language model and a tree of nodes in it.
 *
 * A node is a prefix: the tokens of its ancestors and its own. Nodes are reference-counted; tokens live as long as the
 * node, the KV cache behind it is a cache the engine may drop and recompute: no result depends on that beyond the
 * rounding of logits. Work is submitted and its events are polled, in any order; many problems share one engine.
 *
 * Every random number comes from ps_uniform(request key, position of the token in its step), so neither batch order
 * nor eviction changes a uniform.
 *
 * One thread at a time may call an engine (the engine may have worker threads of its own). An engine with threads
 * belongs to the process that made it: a child of fork() gets PS_ENGINE from every call that could fail, and must not
 * wait for anything else; freeing the engine there leaves its memory to the end of the process. */
#ifndef PERSAMP_ENGINE_H
#define PERSAMP_ENGINE_H

#include "persamp/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ps_engine ps_engine;
typedef int32_t ps_token;
typedef uint64_t ps_node; /* handle into one engine's tree; 0 is no node */

/* ---- What is asked ------------------------------------------------------- */

/* Where a reasoning step may end. The first three end a piece of reasoning, not just a line: docs/steps.md has the
 * rule. The boundary's text belongs to the step. */
typedef enum ps_boundary {
    PS_BOUNDARY_NEWLINE,   /* the end of a line */
    PS_BOUNDARY_PARAGRAPH, /* a blank line */
    PS_BOUNDARY_SENTENCE,  /* . ! or ? and then white space, 。！ or ？, or the end of a line */
    PS_BOUNDARY_FIXED,     /* fixed_tokens tokens */
    PS_BOUNDARY_LITERALS   /* any of `literals` */
} ps_boundary;

/* How tokens are drawn and where a step ends. Borrowed by requests: it must outlive them, unchanged. */
typedef struct ps_generation {
    double temperature; /* > 0, or 0: greedy */
    double top_p;       /* (0, 1]; 1 keeps all */
    int top_k;          /* 0 keeps all */
    ps_boundary boundary;
    int fixed_tokens;            /* PS_BOUNDARY_FIXED: ≥ 1 */
    const char *const *literals; /* PS_BOUNDARY_LITERALS: n_literals non-empty strings */
    size_t n_literals;
    const char *const *stops; /* end of the answer when generated; the stop string itself is cut from the text */
    size_t n_stops;
    int min_tokens, max_tokens; /* of a step: no boundary counts before min_tokens; the step ends at max_tokens */
    int max_answer_tokens;      /* of the answer, the prompt not counted; 0: as many as the context leaves */
    bool logq;                  /* somebody reads logq: an engine to which it costs something gives it only then */
    bool certainty, confidence; /* somebody reads these: events have them only then */
    bool hidden; /* likewise the hidden state that a step's last token was drawn from. Needs PS_ENGINE_STEP_HIDDEN */
    /* > 0: token i of the answer, from 0, is drawn at 1 / (1 + (1/temperature − 1) · min(1, (i + 1) / ramp_tokens)),
     * which leads from 1 to `temperature`. 0: at `temperature` from the first on. Needs PS_ENGINE_RAMP. */
    int ramp_tokens;
} ps_generation;

enum { PS_CONFIDENCE_TOP = 20 }; /* the likeliest tokens that ps_event.confidence is of */

/* Extend a node by one reasoning step. */
typedef struct ps_extend_request {
    ps_node node;   /* the parent; the engine retains it until the event is polled */
    ps_rng_key key; /* of the child; uniform i draws the i-th token of the step */
    const ps_generation *generation;
    uint64_t tag; /* returned in the event; the caller's own */
} ps_extend_request;

/* Append a text and given tokens to a node and read the model at marked positions: all that a process reward model
 * needs. */
typedef struct ps_evaluate_request {
    ps_node node;
    const char *text; /* [text_length] copied; comes before the tokens. Control tokens that it spells stay text */
    size_t text_length;
    const ps_token *tokens; /* [n_tokens] copied; there are some, or a text */
    size_t n_tokens;
    const uint32_t *marks; /* n_marks positions in [0, n_tokens), ascending, copied: "after this token" */
    size_t n_marks;
    const ps_token *choices; /* log p(choice | prefix up to the mark) is returned for each, copied; may be empty */
    size_t n_choices;
    bool hidden; /* also return the hidden state after the final norm at each mark */
    uint64_t tag;
} ps_evaluate_request;

/* ---- What is answered ---------------------------------------------------- */

typedef enum ps_stop_reason {
    PS_STOP_STEP,         /* a step boundary was reached */
    PS_STOP_EOS,          /* the model ended its answer */
    PS_STOP_STRING,       /* a stop string: the answer ends too */
    PS_STOP_LENGTH,       /* max_tokens of the step: the answer may go on */
    PS_STOP_CONTEXT_FULL, /* no more tokens fit, or max_answer_tokens are there: a truncated answer */
    PS_STOP_ERROR         /* see `status` and `message` */
} ps_stop_reason;

/* One finished request. Pointers are owned by the engine and valid until the next call of ps_engine_poll. */
typedef struct ps_event {
    uint64_t tag;
    ps_stop_reason reason; /* PS_STOP_STEP for a successful evaluation */
    ps_status status;      /* PS_OK unless reason is PS_STOP_ERROR; a failed request does not spoil the engine */
    const char *message;   /* for PS_STOP_ERROR */
    ps_node child;         /* owned by the caller: ps_engine_release it; 0 on error. Requests that wrote the same may
                              get the same child, each with a reference of its own */
    /* Extension: */
    const ps_token *tokens; /* [n_tokens]; may be NULL without PS_ENGINE_TOKENS */
    const double *logp;     /* [n_tokens] nats, the raw model: temperature 1, no truncation; NULL without
                               PS_ENGINE_LOGP */
    const double *logq;     /* [n_tokens] nats, the distribution really drawn from (greedy: 0); NULL without
                               PS_ENGINE_LOGQ */
    const double *entropy;  /* [n_tokens] nats, of the raw model; NULL without PS_ENGINE_ENTROPY */
    /* [n_tokens] nats, of the raw model; NULL unless the generation asks, and without PS_ENGINE_CERTAINTY, _CONFIDENCE.
     * Certainty: KL(U‖p) = −Σ log(V·p)/V from the uniform distribution over the V tokens of the vocabulary; rows that
     * only pad the output matrix and tokens that the model rules out are not among them. Confidence: −Σ log p / k over
     * the k = PS_CONFIDENCE_TOP likeliest tokens, all where there are fewer. */
    const double *certainty, *confidence;
    size_t n_tokens;  /* 0 is possible only with PS_STOP_CONTEXT_FULL or an error */
    const char *text; /* the step's text, UTF-8 as the model wrote it (a split character is completed by the
                         next step), without end-of-sequence and stop string; NUL-terminated */
    size_t text_length;
    /* Evaluation: */
    const double *choice_logp; /* [n_marks × n_choices]; with PS_ENGINE_AMONG_CHOICES given that it is one of them */
    /* [n_marks × hidden_size] or NULL. Of an extension whose generation asks: [hidden_size], the state that its last
     * token was drawn from, so after the token before it, which costs no pass; NULL without a token. */
    const float *hidden;
    /* Cost of this request: */
    size_t prompt;    /* tokens of the prompt at the root of its tree, BOS included; 0 on error */
    size_t prefilled; /* tokens computed by prefill: the prompt or evaluated tokens, and any recomputed prefix */
    size_t shared;    /* of n_tokens, drawn by another request at the same place, too, and computed for that one */
    size_t discarded; /* tokens drawn for this request and not used: repeats, and what a server wrote beyond the step */
    double logq_bound; /* nats: Σ logq is off by at most this; 0 where it is exact */
} ps_event;

/* What an engine can do, as bits of ps_engine_info.can. What is built on it asks at the start: a score that reads
 * log-probabilities an engine does not give is refused by name. */
typedef enum ps_engine_can {
    PS_ENGINE_LOGP = 1 << 0,           /* events have logp */
    PS_ENGINE_LOGQ = 1 << 1,           /* … and logq, exact */
    PS_ENGINE_LOGQ_BOUNDED = 1 << 2,   /* … or logq within a bound that the engine states */
    PS_ENGINE_ENTROPY = 1 << 3,        /* … and entropy */
    PS_ENGINE_TOKENS = 1 << 4,         /* … and token ids; ps_engine_tokenize and ps_engine_root work */
    PS_ENGINE_EVALUATE = 1 << 5,       /* given tokens can be read: reward models of kind token */
    PS_ENGINE_HIDDEN = 1 << 6,         /* … with hidden states: kind head */
    PS_ENGINE_SEEDS = 1 << 7,          /* the same key draws the same token where the logits are the same */
    PS_ENGINE_DETERMINISTIC = 1 << 8,  /* results do not depend on what runs beside, to the bit */
    PS_ENGINE_CERTAINTY = 1 << 9,      /* events have certainty when asked */
    PS_ENGINE_CONFIDENCE = 1 << 10,    /* … and confidence */
    PS_ENGINE_RAMP = 1 << 11,          /* ramp_tokens is understood */
    PS_ENGINE_CHATS_WHOLE = 1 << 12,   /* a limit: an answer to messages is one step, which nothing can be added to */
    PS_ENGINE_AMONG_CHOICES = 1 << 13, /* a limit: of choice_logp the differences alone mean something */
    PS_ENGINE_STEP_HIDDEN = 1 << 14    /* extensions give a hidden state when asked: kind self */
} ps_engine_can;

/* Facts of a loaded model, for reports. Strings live as long as the engine. */
typedef struct ps_engine_info {
    const char *engine;      /* "llama", "toy", … */
    const char *model;       /* name or path */
    const char *description; /* architecture, size, quantisation */
    const char *identity;    /* which model it is, by content and wherever its file lies: "gguf-BYTES-HASH", the hash of
                                the metadata and of samples of the weights, which guards against mistakes and not
                                against forgery; "toy-table-HASH", "toy-synthetic-HASH"; NULL where it is not known */
    size_t vocabulary;
    size_t context;     /* tokens one answer may have, prompt included */
    size_t hidden_size; /* 0 when hidden states are not available */
    size_t parameters;  /* 0 when unknown */
    unsigned can;       /* of ps_engine_can */
} ps_engine_info;

/* Counters since creation. */
typedef struct ps_engine_stats {
    uint64_t generated;  /* tokens drawn */
    uint64_t shared;     /* of these, drawn by another request at the same place, too, and computed for that one */
    uint64_t prompt;     /* tokens of roots */
    uint64_t prefilled;  /* tokens computed by prefill, recomputations included */
    uint64_t recomputed; /* of these, tokens whose KV had been computed before and was dropped */
    uint64_t evictions;  /* lineages dropped from the cache */
    uint64_t batches;    /* decode calls */
    uint64_t cells;      /* KV cells in use at once in one context, at most; 0: there are none */
    uint64_t cells_now;  /* … and in use now, in all contexts: no counter */
} ps_engine_stats;

/* One of the servers that an engine has its model at, and counters since creation. */
typedef struct ps_engine_server {
    const char *url;   /* lives as long as the engine */
    const char *state; /* "there", "away", "refused" */
    size_t sequences;  /* it is given at once, at most */
    size_t context;    /* tokens of one sequence; 0: not told */
    uint64_t requests; /* for tokens, answered */
    uint64_t drawn;    /* tokens in these answers, those that were not used among them */
    uint64_t prompt;   /* tokens of their prefixes, where the server tells … */
    uint64_t cached;   /* … how many of them its cache had */
} ps_engine_server;

/* A message of a chat. */
typedef struct ps_chat_message {
    const char *role; /* "system", "user", "assistant" */
    const char *content;
} ps_chat_message;

/* A part of a rendered prompt. */
typedef struct ps_prompt_part {
    const char *text;
    size_t length;
    bool user; /* what a user wrote: control tokens spelled in it stay text */
} ps_prompt_part;

/* What an answer is the answer to: a chat, which the model's own template renders, or a text that stands for itself,
 * in parts or whole. What messages say is a user's. */
typedef struct ps_prompt {
    const ps_chat_message *messages; /* [n_messages]; none: `parts` */
    size_t n_messages;
    const ps_prompt_part *parts; /* [n_parts]; none: `text` */
    size_t n_parts;
    const char *text; /* a rendered prompt: control tokens spelled in it become tokens */
} ps_prompt;

/* ---- The table an engine fills ------------------------------------------- */

/* REQUIRED unless marked OPTIONAL. An engine embeds `ps_engine` as its first member. One that has `prompt` may leave
 * out tokenize, render_chat and root. */
typedef struct ps_engine_ops {
    const char *name;
    void (*destroy)(ps_engine *engine);
    ps_status (*tokenize)(ps_engine *engine, const char *text, size_t length, bool special, ps_token **tokens,
                          size_t *n, ps_error *err);
    ps_status (*render_chat)(ps_engine *engine, const ps_chat_message *messages, size_t n, char **text, ps_error *err);
    ps_status (*root)(ps_engine *engine, const ps_token *tokens, size_t n, ps_node *node, ps_error *err);
    ps_status (*prompt)(ps_engine *engine, const ps_prompt *prompt, ps_node *node, ps_error *err); /* OPTIONAL */
    void (*retain)(ps_engine *engine, ps_node node);
    void (*release)(ps_engine *engine, ps_node node);
    ps_status (*extend)(ps_engine *engine, const ps_extend_request *request, ps_error *err);
    ps_status (*evaluate)(ps_engine *engine, const ps_evaluate_request *request, ps_error *err); /* OPTIONAL */
    bool evaluates_text; /* evaluate takes a text; for other engines ps_engine_evaluate tokenizes it */
    ps_status (*poll)(ps_engine *engine, double seconds, const ps_event **events, size_t *n, ps_error *err);
    void (*cancel)(ps_engine *engine, uint64_t tag); /* OPTIONAL */
    /* OPTIONAL, for engines whose events do not all lie ready when poll is called. */
    void (*begin)(ps_engine *engine);
    void (*wake)(ps_engine *engine);
    void (*on_ready)(ps_engine *engine, void (*ready)(void *user), void *user);
    void (*info)(const ps_engine *engine, ps_engine_info *info);
    size_t (*in_flight)(const ps_engine *engine, size_t width);
    void (*stats)(const ps_engine *engine, ps_engine_stats *stats);
    size_t (*servers)(const ps_engine *engine, ps_engine_server *servers, size_t most); /* OPTIONAL */
} ps_engine_ops;
struct ps_engine {
    const ps_engine_ops *ops;
};

/* ---- Use ----------------------------------------------------------------- */

/* Free an engine and all its nodes; NULL is fine. Requests under way are dropped. */
PS_API void ps_engine_free(ps_engine *engine);

/* Tokens of a text. `special`: whether control tokens spelled in the text (a rendered chat) become tokens. Never adds
 * BOS by itself: ps_engine_root adds it exactly once where the model wants it and the prompt lacks it. *tokens is owned
 * by the caller (ps_free). PS_ENGINE: the model has no tokenizer. PS_BUDGET: a text so long that it cannot fit the
 * context whatever it says, which is seen by its length alone. */
PS_API ps_status ps_engine_tokenize(ps_engine *engine, const char *text, size_t length, bool special, ps_token **tokens,
                                    size_t *n, ps_error *err);

/* The model's own chat template over messages, ending where the assistant speaks. *text is owned by the caller.
 * PS_ENGINE: the model has no template or one that does not render these messages; the message says why, and to set
 * prompt.template. What came from a user cannot be told in the text: to begin an answer, use ps_engine_prompt. */
PS_API ps_status ps_engine_render_chat(ps_engine *engine, const ps_chat_message *messages, size_t n, char **text,
                                       ps_error *err);

/* A new root for a prompt of n ≥ 1 tokens (copied). Nothing is computed yet. The caller owns one reference.
 * PS_BUDGET: the prompt leaves no room in the context (the message has both numbers). */
PS_API ps_status ps_engine_root(ps_engine *engine, const ps_token *tokens, size_t n, ps_node *node, ps_error *err);

/* A new root for a chat or a text: rendered, tokenized and rooted in one, the way to begin an answer on any engine. An
 * engine of another machine answers at once and works on it meanwhile: what is wrong with the prompt (PS_BUDGET: too
 * long; PS_ENGINE: no template) is told here or, there, as the error of the first request on the node. Events tell how
 * many tokens it has. The caller owns one reference. */
PS_API ps_status ps_engine_prompt(ps_engine *engine, const ps_prompt *prompt, ps_node *node, ps_error *err);

PS_API void ps_engine_retain(ps_engine *engine, ps_node node); /* 0 is fine */
/* 0 is fine; a parent lives while a child does. What nobody holds is cleared away with the next work or root. */
PS_API void ps_engine_release(ps_engine *engine, ps_node node);

/* Submit work. Returns at once; the work begins at the next ps_engine_poll or ps_engine_begin, together with all that
 * was submitted before it. Errors are those of the arguments only; everything later comes as an event. */
PS_API ps_status ps_engine_extend(ps_engine *engine, const ps_extend_request *request, ps_error *err);
PS_API ps_status ps_engine_evaluate(ps_engine *engine, const ps_evaluate_request *request, ps_error *err);

/* Begin what was submitted, without looking for events: it goes on while the caller does something else. */
PS_API void ps_engine_begin(ps_engine *engine);

/* Events that are ready. When there are none, wait for some as long as anything is under way: at most `seconds` (0: not
 * at all, INFINITY: no limit), kept to within one batch of the model, and no longer once ps_engine_wake is called. *n
 * may be 0. *events stays valid until the next call. An error here means that the engine is lost. While a single root
 * is held, a call that waits may compute in the caller's own thread; what it leaves under way goes on with the next
 * call of this or of ps_engine_begin. */
PS_API ps_status ps_engine_poll(ps_engine *engine, double seconds, const ps_event **events, size_t *n, ps_error *err);

/* A call of ps_engine_poll that waits returns within one batch; when none does, the next returns without waiting. From
 * any thread. */
PS_API void ps_engine_wake(ps_engine *engine);

/* Give up the requests under way that have this tag. Each still gets its event: PS_STOP_ERROR with PS_CANCELLED within
 * one batch, or what came of it if it was done already. No token of any other request changes (in deterministic mode
 * to the bit). An engine that cannot lets them run to their end. */
PS_API void ps_engine_cancel(ps_engine *engine, uint64_t tag);

/* From now on ready(user) is called whenever events become ready, from any thread; it must be brief. NULL: no more. So
 * one thread can wait for several engines, once what it submitted has begun. False, and nothing is called, for an
 * engine that has its events ready whenever ps_engine_poll is called: nobody need wait for it. */
PS_API bool ps_engine_on_ready(ps_engine *engine, void (*ready)(void *user), void *user);

PS_API void ps_engine_get_info(const ps_engine *engine, ps_engine_info *info);

/* Roots worth having under way at once when each keeps `width` ≥ 1 requests busy: fewer leave the machine idle, more
 * slow each other down. At least 1. */
PS_API size_t ps_engine_in_flight(const ps_engine *engine, size_t width);
PS_API void ps_engine_get_stats(const ps_engine *engine, ps_engine_stats *stats);
/* The first `most` of the servers behind it into `servers`, which may be NULL with 0; how many there are: 0 for an
 * engine of this process. */
PS_API size_t ps_engine_servers(const ps_engine *engine, ps_engine_server *servers, size_t most);

#ifdef __cplusplus
}
#endif
#endif
