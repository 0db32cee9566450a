/* The toy engines' tree of prefixes: nodes in slots, counted references, handles that notice when their node is gone.
 */
#ifndef PERSAMP_ENGINE_TOY_TREE_H
#define PERSAMP_ENGINE_TOY_TREE_H

#include "base/slots.h"
#include "engine/step_rule.h"
#include "persamp/engine.h"

enum { PS_TOY_INLINE_TOKENS = 2, PS_TOY_NO_PARENT = UINT32_MAX, PS_TOY_NO_GROUP = 255 };

typedef struct ps_toy_node {
    uint32_t parent;     /* slot; PS_TOY_NO_PARENT for a root */
    uint32_t references; /* callers', requests' and children's; 0: the slot is free */
    uint32_t length;     /* tokens of the prefix, prompt included */
    uint32_t answer;     /* of these, after the prompt */
    uint32_t n_tokens;   /* own */
    union {
        ps_token in[PS_TOY_INLINE_TOKENS];
        ps_token *out; /* when n_tokens is larger; owned; NULL when they are only counted */
    } tokens;
    bool finished;       /* the answer has ended */
    ps_step_state state; /* what its text has left open; nothing where it was not generated */
    bool prefilled;      /* a root whose prompt was counted as prefilled */
    /* What a step of the synthetic reasoner leaves behind: */
    uint8_t status; /* a ps_toy_status */
    uint8_t group;  /* index of the problem modulo 7; PS_TOY_NO_GROUP: the prompt names none */
    uint16_t step;  /* how many steps there are */
    double z;
} ps_toy_node;

typedef struct ps_toy_tree {
    ps_slots slots;
    ps_toy_node *nodes; /* by slot */
    size_t capacity;
} ps_toy_tree;

void ps_toy_tree_clear(ps_toy_tree *tree); /* frees all nodes; resets to {0} */

/* A node with own tokens (copied; NULL: only counted) under `parent` (0: a root), with one reference; the parent gains
 * one. */
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

/* What a real engine would have to compute before it extends a living node: the prompt's tokens the first time, then
 * nothing. */
size_t ps_toy_tree_prefill(ps_toy_tree *tree, ps_node node);

/* How many nodes live. */
size_t ps_toy_tree_living(const ps_toy_tree *tree);

#endif
