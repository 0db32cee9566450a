/* The toy engine's tree of prefixes: fixed slots, reference counts, handles that notice when their node is gone. */
#ifndef PERSAMP_ENGINE_TOY_TREE_H
#define PERSAMP_ENGINE_TOY_TREE_H

#include "persamp/engine.h"

enum { PS_TOY_INLINE_TOKENS = 2, PS_TOY_NO_PARENT = UINT32_MAX };

typedef struct ps_toy_node {
    uint32_t parent;     /* slot; PS_TOY_NO_PARENT for a root */
    uint32_t references; /* callers', requests' and children's; 0: the slot is free */
    uint32_t stamp;      /* of the slot, changes when it is freed */
    uint32_t length;     /* tokens of the prefix, prompt included */
    uint32_t answer;     /* of these, after the prompt */
    uint32_t n_tokens;   /* own */
    union {
        ps_token in[PS_TOY_INLINE_TOKENS];
        ps_token *out; /* when n_tokens is larger; owned */
    } tokens;
    bool finished, continued; /* the answer has ended; the step ended by its length, not at a boundary */
    bool computed;            /* a root whose prompt has been counted as prefilled */
    /* Synthetic reasoner: */
    uint16_t step;  /* how many steps there are (synthetic) */
    uint8_t status; /* of the last one, a ps_toy_status */
    uint8_t group;  /* problem index modulo 7, or PS_TOY_NO_GROUP: the request's key has it */
    double z;
} ps_toy_node;
enum { PS_TOY_NO_GROUP = 255 };

typedef struct ps_toy_tree {
    ps_toy_node *nodes;
    size_t capacity, used;
    uint32_t free; /* first free slot, chained by `parent`; PS_TOY_NO_PARENT: none */
    bool started;
} ps_toy_tree;

void ps_toy_tree_free(ps_toy_tree *tree); /* {0} is fine */

/* A node with own tokens (copied) under `parent` (0: a root), with one reference; the parent gains one. */
ps_status ps_toy_tree_add(ps_toy_tree *tree, ps_node parent, const ps_token *tokens, size_t n, ps_node *node,
                          ps_error *err);
void ps_toy_tree_retain(ps_toy_tree *tree, ps_node node);
void ps_toy_tree_release(ps_toy_tree *tree, ps_node node);

/* NULL when the handle is not of a living node. Valid until the next ps_toy_tree_add. */
ps_toy_node *ps_toy_tree_node(const ps_toy_tree *tree, ps_node node);

static inline const ps_token *ps_toy_node_tokens(const ps_toy_node *node) {
    return node->n_tokens > PS_TOY_INLINE_TOKENS ? node->tokens.out : node->tokens.in;
}

/* Tokens of the prompt at the root of a living node. */
size_t ps_toy_tree_prompt(const ps_toy_tree *tree, ps_node node);

/* How many nodes live. */
size_t ps_toy_tree_living(const ps_toy_tree *tree);

#endif
