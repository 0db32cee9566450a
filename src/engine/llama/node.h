/* Nodes of the tree of tokens. A node is a prefix of an answer: the tokens of its ancestors and its own.
 *
 * References keep a node: the caller's holds of its handle, its children, the requests on it. Without any it goes to
 * its lane's garbage, and the lane frees it once the cache has forgotten it. */
#ifndef PERSAMP_ENGINE_LLAMA_NODE_H
#define PERSAMP_ENGINE_LLAMA_NODE_H

#include "engine/llama/engine.h"
#include "engine/step_rule.h"

/* A set of sequences of a lane (cache.h). */
typedef struct ps_carriers {
    uint64_t bits[PS_MAX_SEQUENCES / 64];
} ps_carriers;

struct ps_llama_node {
    ps_lane *lane;
    ps_llama_node *parent; /* referenced; NULL: a root */
    ps_llama_node *root;
    ps_token *tokens; /* its own, at positions start … start + n_tokens − 1 of the answer */
    size_t n_tokens, capacity, start;
    ps_step_state step;  /* what its text has left open; nothing where it was not generated */
    bool one_by_one;     /* generated: deterministic mode computes its tokens one at a time, others in chunks */
    int references;      /* [shared] handles, children, requests */
    int holds;           /* [shared] the references that are the caller's */
    ps_node handle;      /* [shared] 0: none yet */
    ps_llama_node *next; /* [shared] in its lane's garbage */

    /* Of the thread that runs the lane: */
    size_t under_way;               /* of a root: requests in its tree that the lane has begun and not finished */
    uint64_t round;                 /* of a root: how often these went from none to some */
    uint64_t age;                   /* of a root: its number among its lane's, smaller in an older problem */
    bool adopted;                   /* counted among its parent's children */
    size_t children;                /* adopted ones */
    ps_request *joinable;           /* requests on it that others may join (join.h), */
    size_t n_joinable;              /* so many */
    ps_carriers carriers;           /* sequences that pass through it (what they have computed may end within it) */
    size_t cached;                  /* how many of its tokens have KV, in any sequence */
    size_t computed;                /* how many ever had: computing those again is a recomputation */
    uint64_t counted;               /* the lane's last count of cells that it was part of (cache.c) */
    float *logits;                  /* [n_vocab] after its last token, or NULL; behind them, with has_state, */
    bool has_state;                 /* … the hidden state [n_embd] that they come from */
    ps_llama_node *hotter, *colder; /* the list of nodes with logits */
};

/* The position after its last token. */
static inline size_t ps_llama_node_end(const ps_llama_node *node) {
    return node->start + node->n_tokens;
}
static inline void ps_llama_node_adopt(ps_llama_node *node) {
    node->adopted = true;
    node->parent->children++;
}

/* A node with one reference, which takes one on its parent; a root where that is NULL. NULL: no memory. [mutex] */
ps_llama_node *ps_llama_node_new(ps_lane *lane, ps_llama_node *parent);
/* Give it a handle that the caller holds `holds` times. For each hold there must be a reference. [mutex] */
ps_status ps_llama_node_publish(ps_llama *engine, ps_llama_node *node, size_t holds, ps_error *err);
/* Put an empty node without a handle below another parent, an extension of its own. [mutex] */
void ps_llama_node_move(ps_llama_node *node, ps_llama_node *parent);
ps_llama_node *ps_llama_node_find(ps_llama *engine, ps_node handle); /* NULL: no such node. [mutex] */
void ps_llama_node_unreference(ps_llama_node *node);                 /* at 0 it goes to its lane's garbage. [mutex] */
void ps_llama_node_free(ps_llama_node *node);                        /* the memory alone; NULL is fine */
ps_status ps_llama_node_append(ps_llama_node *node, const ps_token *tokens, size_t n, ps_error *err);
/* Tokens at positions from … to − 1 of the path that ends in `leaf`, into out. O(nodes of the path). */
void ps_llama_node_path(const ps_llama_node *leaf, size_t from, size_t to, ps_token *out);

#endif
