#include "engine/toy/tree.h"

#include <string.h>

ps_toy_node *ps_toy_tree_node(const ps_toy_tree *tree, ps_node node) {
    uint32_t slot;
    return ps_slots_find(&tree->slots, node, &slot) ? &tree->nodes[slot] : NULL;
}

/* Room for one more node. */
static ps_status reserve(ps_toy_tree *tree, ps_error *err) {
    ps_status status = ps_slots_reserve(&tree->slots, 1, err);
    if (status != PS_OK) return status;
    return ps_reserve(&tree->nodes, &tree->capacity, tree->slots.capacity) == PS_OK ? PS_OK : ps_nomem(err);
}

ps_status ps_toy_tree_add(ps_toy_tree *tree, ps_node parent, const ps_token *tokens, size_t n, ps_node *node,
                          ps_error *err) {
    ps_toy_node made = {.parent = PS_TOY_NO_PARENT,
                        .references = 1,
                        .length = (uint32_t)n,
                        .n_tokens = (uint32_t)n,
                        .group = PS_TOY_NO_GROUP};
    uint32_t slot;
    ps_status status = reserve(tree, err);
    if (status != PS_OK) return status;
    if (n > PS_TOY_INLINE_TOKENS) made.tokens.out = NULL;
    if (tokens != NULL && n > PS_TOY_INLINE_TOKENS) {
        made.tokens.out = ps_reallocarray(NULL, n, sizeof *tokens);
        if (made.tokens.out == NULL) return ps_nomem(err);
        memcpy(made.tokens.out, tokens, n * sizeof *tokens);
    } else if (tokens != NULL && n > 0) {
        memcpy(made.tokens.in, tokens, n * sizeof *tokens);
    }
    ps_toy_node *above = ps_toy_tree_node(tree, parent);
    if (above != NULL) {
        above->references++;
        made.parent = (uint32_t)(above - tree->nodes);
        made.length += above->length;
        made.answer = above->answer + (uint32_t)n;
        made.group = above->group;
    }
    *node = ps_slots_take(&tree->slots, &slot);
    tree->nodes[slot] = made;
    return PS_OK;
}

void ps_toy_tree_retain(ps_toy_tree *tree, ps_node node) {
    ps_toy_node *found = ps_toy_tree_node(tree, node);
    if (found != NULL) found->references++;
}

static void free_tokens(ps_toy_node *node) {
    if (node->n_tokens > PS_TOY_INLINE_TOKENS) ps_free(node->tokens.out);
}

void ps_toy_tree_release(ps_toy_tree *tree, ps_node node) {
    ps_toy_node *found = ps_toy_tree_node(tree, node);
    while (found != NULL && --found->references == 0) {
        free_tokens(found);
        ps_slots_give(&tree->slots, (uint32_t)(found - tree->nodes));
        found = found->parent == PS_TOY_NO_PARENT ? NULL : &tree->nodes[found->parent];
    }
}

size_t ps_toy_tree_prompt(const ps_toy_tree *tree, ps_node node) {
    const ps_toy_node *found = ps_toy_tree_node(tree, node);
    return found->length - found->answer;
}

size_t ps_toy_tree_prefill(ps_toy_tree *tree, ps_node node) {
    ps_toy_node *found = ps_toy_tree_node(tree, node);
    if (found->parent != PS_TOY_NO_PARENT || found->prefilled) return 0;
    found->prefilled = true;
    return found->n_tokens;
}

size_t ps_toy_tree_living(const ps_toy_tree *tree) {
    return tree->slots.n_taken;
}

void ps_toy_tree_clear(ps_toy_tree *tree) {
    for (size_t i = 0; i < tree->slots.count; i++)
        if (ps_slots_is_taken(&tree->slots, i)) free_tokens(&tree->nodes[i]);
    ps_slots_clear(&tree->slots);
    ps_free(tree->nodes);
    *tree = (ps_toy_tree){0};
}
