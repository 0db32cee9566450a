/* Nodes in slots: a handle is the slot's number and its stamp, so that a node used after its release is an error and
 * not another node. */
#include "engine/toy/tree.h"

#include <string.h>

static ps_node handle_of(const ps_toy_tree *tree, uint32_t slot) {
    return (uint64_t)tree->nodes[slot].stamp << 32 | (slot + 1);
}

ps_toy_node *ps_toy_tree_node(const ps_toy_tree *tree, ps_node node) {
    const uint32_t slot = (uint32_t)node - 1;
    if (slot >= tree->used) return NULL; /* also for handle 0 */
    ps_toy_node *found = &tree->nodes[slot];
    return found->references > 0 && found->stamp == node >> 32 ? found : NULL;
}

static ps_status take_slot(ps_toy_tree *tree, uint32_t *slot, ps_error *err) {
    if (!tree->started) {
        tree->started = true;
        tree->free = PS_TOY_NO_PARENT;
    }
    if (tree->free != PS_TOY_NO_PARENT) {
        *slot = tree->free;
        tree->free = tree->nodes[*slot].parent;
        return PS_OK;
    }
    if (tree->used >= PS_TOY_NO_PARENT - 1) return ps_fail(err, PS_NOMEM, "toy engine: too many nodes");
    if (ps_reserve(&tree->nodes, &tree->capacity, tree->used + 1) != PS_OK) return ps_nomem(err);
    *slot = (uint32_t)tree->used++;
    tree->nodes[*slot].stamp = 0;
    return PS_OK;
}

ps_status ps_toy_tree_add(ps_toy_tree *tree, ps_node parent, const ps_token *tokens, size_t n, ps_node *node,
                          ps_error *err) {
    ps_token *out = NULL;
    uint32_t slot = 0;
    if (n > PS_TOY_INLINE_TOKENS) {
        out = ps_reallocarray(NULL, n, sizeof *out);
        if (out == NULL) return ps_nomem(err);
        memcpy(out, tokens, n * sizeof *out);
    }
    ps_status status = take_slot(tree, &slot, err);
    if (status != PS_OK) {
        ps_free(out);
        return status;
    }
    ps_toy_node *above = ps_toy_tree_node(tree, parent), *made = &tree->nodes[slot];
    const uint32_t stamp = made->stamp;
    *made = (ps_toy_node){.parent = PS_TOY_NO_PARENT, .references = 1, .stamp = stamp, .n_tokens = (uint32_t)n};
    if (out != NULL)
        made->tokens.out = out;
    else if (n > 0)
        memcpy(made->tokens.in, tokens, n * sizeof *tokens);
    made->length = (uint32_t)n;
    made->group = PS_TOY_NO_GROUP;
    if (above != NULL) {
        above->references++;
        made->parent = (uint32_t)parent - 1;
        made->length += above->length;
        made->answer = above->answer + (uint32_t)n;
        made->group = above->group;
    }
    *node = handle_of(tree, slot);
    return PS_OK;
}

void ps_toy_tree_retain(ps_toy_tree *tree, ps_node node) {
    ps_toy_node *found = ps_toy_tree_node(tree, node);
    if (found != NULL) found->references++;
}

void ps_toy_tree_release(ps_toy_tree *tree, ps_node node) {
    ps_toy_node *found = ps_toy_tree_node(tree, node);
    while (found != NULL && --found->references == 0) {
        const uint32_t slot = (uint32_t)(found - tree->nodes), parent = found->parent;
        if (found->n_tokens > PS_TOY_INLINE_TOKENS) ps_free(found->tokens.out);
        found->stamp++;
        found->parent = tree->free;
        tree->free = slot;
        found = parent == PS_TOY_NO_PARENT ? NULL : &tree->nodes[parent];
    }
}

size_t ps_toy_tree_prompt(const ps_toy_tree *tree, ps_node node) {
    const ps_toy_node *found = ps_toy_tree_node(tree, node);
    return found != NULL ? found->length - found->answer : 0;
}

size_t ps_toy_tree_living(const ps_toy_tree *tree) {
    size_t living = 0;
    for (size_t i = 0; i < tree->used; i++)
        living += tree->nodes[i].references > 0;
    return living;
}

void ps_toy_tree_free(ps_toy_tree *tree) {
    for (size_t i = 0; i < tree->used; i++)
        if (tree->nodes[i].references > 0 && tree->nodes[i].n_tokens > PS_TOY_INLINE_TOKENS)
            ps_free(tree->nodes[i].tokens.out);
    ps_free(tree->nodes);
    *tree = (ps_toy_tree){0};
}
