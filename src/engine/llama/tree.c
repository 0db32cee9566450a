/* Nodes of the token tree: handles, references, paths. */
#include "engine/llama/engine.h"

#include <string.h>

ps_lnode *ps_tree_new(ps_lane *lane, ps_lnode *parent) {
    ps_lnode *node = ps_calloc(1, sizeof *node);
    if (!node) return NULL;
    node->lane = lane;
    node->parent = parent;
    node->root = parent ? parent->root : node;
    node->start = parent ? ps_lnode_end(parent) : 0;
    node->references = 1;
    if (parent) parent->references++;
    return node;
}

void ps_tree_free(ps_lnode *node) {
    if (!node) return;
    ps_free(node->tokens);
    ps_free(node->logits);
    ps_free(node);
}

ps_status ps_tree_append(ps_lnode *node, const ps_token *tokens, size_t n, ps_error *err) {
    if (ps_reserve(&node->tokens, &node->capacity, node->n_tokens + n)) return ps_nomem(err);
    if (n > 0) memcpy(node->tokens + node->n_tokens, tokens, n * sizeof *tokens);
    node->n_tokens += n;
    return PS_OK;
}

/* A handle is the slot's index + 1 in its low half and a count of its uses in the high one, so that a released handle
 * is told from the next node of the slot. */
ps_status ps_tree_publish(ps_llama *engine, ps_lnode *node, size_t holds, ps_error *err) {
    uint32_t index;
    if (engine->n_free > 0) {
        index = engine->free_slots[--engine->n_free];
    } else {
        /* Room for every slot among the free ones, so that freeing never fails. */
        if (ps_reserve(&engine->slots, &engine->slots_capacity, engine->n_slots + 1) ||
            ps_reserve(&engine->free_slots, &engine->free_capacity, engine->n_slots + 1))
            return ps_nomem(err);
        index = (uint32_t)engine->n_slots++;
    }
    engine->slots[index] = node;
    node->holds = (int)holds;
    node->handle = (++engine->uses << 32) | (index + 1);
    return PS_OK;
}

void ps_tree_move(ps_lnode *node, ps_lnode *parent) {
    node->parent->references--; /* held by the caller as well: never the last */
    parent->references++;
    node->parent = parent;
    node->start = ps_lnode_end(parent);
}

ps_lnode *ps_tree_find(ps_llama *engine, ps_node handle) {
    const uint64_t index = (handle & UINT32_MAX) - 1;
    if (handle == 0 || index >= engine->n_slots) return NULL;
    ps_lnode *node = engine->slots[index];
    return node && node->handle == handle ? node : NULL;
}

void ps_tree_unreference(ps_lnode *node) {
    if (--node->references > 0) return;
    ps_llama *engine = node->lane->engine;
    if (node->handle) {
        const uint32_t index = (uint32_t)((node->handle & UINT32_MAX) - 1);
        engine->slots[index] = NULL;
        engine->free_slots[engine->n_free++] = index;
    }
    node->next = node->lane->garbage;
    node->lane->garbage = node;
}

void ps_tree_path(const ps_lnode *leaf, size_t from, size_t to, ps_token *out) {
    for (const ps_lnode *x = leaf; x && ps_lnode_end(x) > from; x = x->parent) {
        const size_t low = x->start > from ? x->start : from;
        const size_t high = ps_lnode_end(x) < to ? ps_lnode_end(x) : to;
        if (low < high) memcpy(out + (low - from), x->tokens + (low - x->start), (high - low) * sizeof *out);
    }
}
