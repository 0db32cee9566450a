/* The tree of tokens: handles, references, paths. */
#include "engine/llama/node.h"

#include "engine/llama/lane.h"

#include <string.h>

ps_llama_node *ps_llama_node_new(ps_lane *lane, ps_llama_node *parent) {
    ps_llama_node *node = ps_calloc(1, sizeof *node);
    if (node == NULL) return NULL;
    node->lane = lane;
    node->parent = parent;
    node->root = parent != NULL ? parent->root : node;
    if (parent == NULL) node->age = ++lane->n_roots;
    node->start = parent != NULL ? ps_llama_node_end(parent) : 0;
    node->references = 1;
    if (parent != NULL) parent->references++;
    return node;
}

void ps_llama_node_free(ps_llama_node *node) {
    if (node == NULL) return;
    ps_free(node->tokens);
    ps_free(node->logits);
    ps_free(node);
}

ps_status ps_llama_node_append(ps_llama_node *node, const ps_token *tokens, size_t n, ps_error *err) {
    if (ps_reserve(&node->tokens, &node->capacity, node->n_tokens + n) != PS_OK) return ps_nomem(err);
    if (n > 0) memcpy(node->tokens + node->n_tokens, tokens, n * sizeof *tokens);
    node->n_tokens += n;
    return PS_OK;
}

/* ---- Handles ------------------------------------------------------------- */

/* A handle is the slot's index + 1 in its low half and a count of all handles in the high one, so that a released
 * handle is told from the next node of the slot. */
static uint64_t slot_of(ps_node handle) {
    return (handle & UINT32_MAX) - 1;
}

ps_status ps_llama_node_publish(ps_llama *engine, ps_llama_node *node, size_t holds, ps_error *err) {
    uint32_t index;
    if (engine->n_free > 0) {
        index = engine->free_slots[--engine->n_free];
    } else {
        /* Room for every slot among the free ones, so that freeing never fails. */
        if (ps_reserve(&engine->slots, &engine->slots_capacity, engine->n_slots + 1) != PS_OK ||
            ps_reserve(&engine->free_slots, &engine->free_capacity, engine->n_slots + 1) != PS_OK)
            return ps_nomem(err);
        index = (uint32_t)engine->n_slots++;
    }
    engine->slots[index] = node;
    node->holds = (int)holds;
    node->handle = (++engine->uses << 32) | (index + 1);
    return PS_OK;
}

ps_llama_node *ps_llama_node_find(ps_llama *engine, ps_node handle) {
    const uint64_t index = slot_of(handle);
    if (handle == 0 || index >= engine->n_slots) return NULL;
    ps_llama_node *node = engine->slots[index];
    return node != NULL && node->handle == handle ? node : NULL;
}

void ps_llama_node_unreference(ps_llama_node *node) {
    if (--node->references > 0) return;
    ps_llama *engine = node->lane->engine;
    if (node->handle != 0) {
        const uint64_t index = slot_of(node->handle);
        engine->slots[index] = NULL;
        engine->free_slots[engine->n_free++] = (uint32_t)index;
    }
    node->next = node->lane->garbage;
    node->lane->garbage = node;
}

/* ---- Places in the tree -------------------------------------------------- */

void ps_llama_node_move(ps_llama_node *node, ps_llama_node *parent) {
    node->parent->references--; /* the request holds the old parent, too: never the last */
    parent->references++;
    node->parent = parent;
    node->start = ps_llama_node_end(parent);
}

void ps_llama_node_path(const ps_llama_node *leaf, size_t from, size_t to, ps_token *out) {
    for (const ps_llama_node *x = leaf; x != NULL && ps_llama_node_end(x) > from; x = x->parent) {
        const size_t low = x->start > from ? x->start : from;
        const size_t high = ps_llama_node_end(x) < to ? ps_llama_node_end(x) : to;
        if (low < high) memcpy(out + (low - from), x->tokens + (low - x->start), (high - low) * sizeof *out);
    }
}
