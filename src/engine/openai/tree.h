/* The tree of prefixes of a remote engine: nodes behind handles, counted references. A node keeps its own tokens, or
 * its text where the server tells no ids, and what its text has left open. [mutex] all of it. */
#ifndef PERSAMP_ENGINE_OPENAI_TREE_H
#define PERSAMP_ENGINE_OPENAI_TREE_H

#include "base/slots.h"
#include "engine/openai/spelling.h"
#include "engine/step_rule.h"

typedef struct ps_remote_node ps_remote_node;
struct ps_remote_step;
struct ps_remote_endpoint;

/* What was asked of a node together (group.h). */
typedef struct ps_remote_group {
    uint64_t round, seed; /* of which round of submissions; of its first choice */
    size_t n;             /* choices so far */
    const ps_generation *generation;
    ps_rng_key first; /* key of its first choice */
    struct ps_remote_step *last;
} ps_remote_group;

struct ps_remote_node {
    ps_remote_node *parent;   /* referenced; NULL: a root */
    uint32_t slot;            /* of its handle */
    size_t references, holds; /* holds: those that are the caller's */
    ps_token *tokens;         /* [n_tokens] its own; NULL where ids are not told */
    char *text;               /* [text_length] its own; of a root only where ids are not told */
    size_t n_tokens, text_length;
    size_t start;                              /* tokens before its own */
    ps_step_state state;                       /* what its text has left open */
    ps_remote_run run;                         /* ids whose character is not complete */
    const ps_generation *generation;           /* how it was drawn, and … */
    ps_stop_reason reason;                     /* … why it ended: with its tokens, what makes it equal to another */
    ps_remote_node *children, *before, *after; /* its first child; its siblings, of a root the other roots */
    ps_remote_group group;                     /* of the newest requests on it */
    struct ps_remote_prompt *prompt;           /* of a root that is being made; NULL: it is there */
    ps_arena *kept;                            /* of a root: its messages */
    const ps_chat_message *messages; /* [n_messages] of a root at a server that answers chats whole; else NULL */
    size_t n_messages;
    struct ps_remote_endpoint *home; /* of a root: whose cache has it */
    size_t asked;                    /* … tokens that its newest round of steps may draw … */
    uint64_t asked_round;            /* … which was this one */
    ps_error failed;                 /* of a root: code PS_OK, or why it will never be */
};

/* Start with {0}. */
typedef struct ps_remote_tree {
    ps_slots slots;
    ps_remote_node **nodes; /* by slot */
    size_t capacity;
    ps_remote_node *roots; /* the newest first */
} ps_remote_tree;

/* A node that the caller holds once. `parent` gains a reference; NULL: a root. Its content is the caller's to fill. */
ps_status ps_remote_tree_add(ps_remote_tree *tree, ps_remote_node *parent, ps_remote_node **node, ps_error *err);
ps_remote_node *ps_remote_tree_find(const ps_remote_tree *tree, ps_node handle); /* NULL: none of this name lives */
ps_node ps_remote_tree_handle(const ps_remote_tree *tree, const ps_remote_node *node);
void ps_remote_tree_unreference(ps_remote_tree *tree, ps_remote_node *node);
void ps_remote_tree_clear(ps_remote_tree *tree);

static inline size_t ps_remote_node_end(const ps_remote_node *node) {
    return node->start + node->n_tokens;
}
ps_remote_node *ps_remote_node_root(const ps_remote_node *node);

/* The child that was written with the same tokens, or text, and ended alike; NULL: none. */
ps_remote_node *ps_remote_node_equal(const ps_remote_node *parent, const ps_remote_node *child);

/* All tokens of the path that ends in `node`: ps_remote_node_end of them. */
void ps_remote_node_path(const ps_remote_node *node, ps_token *out);
/* All text of the path: appended to `out`. */
void ps_remote_node_text(const ps_remote_node *node, ps_text *out);
/* The last bytes of the answer, without the prompt: at least `bytes` of them where there are as many. */
void ps_remote_node_before(const ps_remote_node *node, size_t bytes, ps_text *out);

#endif
