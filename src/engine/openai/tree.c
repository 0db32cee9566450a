#include "engine/openai/tree.h"

#include <string.h>

/* ---- Life ---------------------------------------------------------------- */

static void free_node(ps_remote_node *node) {
    ps_arena_free(node->kept);
    ps_free(node->tokens);
    ps_free(node->text);
    ps_free(node);
}

/* The newest sibling comes first. */
static void link_to(ps_remote_tree *tree, ps_remote_node *node, ps_remote_node *parent) {
    ps_remote_node **first = parent != NULL ? &parent->children : &tree->roots;
    node->parent = parent;
    node->after = *first;
    if (node->after != NULL) node->after->before = node;
    *first = node;
    if (parent == NULL) return;
    node->start = ps_remote_node_end(parent);
    parent->references++;
}

static void unlink_from_siblings(ps_remote_tree *tree, ps_remote_node *node) {
    if (node->after != NULL) node->after->before = node->before;
    if (node->before != NULL)
        node->before->after = node->after;
    else if (node->parent != NULL)
        node->parent->children = node->after;
    else
        tree->roots = node->after;
}

ps_status ps_remote_tree_add(ps_remote_tree *tree, ps_remote_node *parent, ps_remote_node **node, ps_error *err) {
    ps_status status = ps_slots_reserve(&tree->slots, 1, err);
    if (status != PS_OK) return status;
    ps_remote_node *made = ps_calloc(1, sizeof *made);
    if (made == NULL || ps_reserve(&tree->nodes, &tree->capacity, tree->slots.capacity) != PS_OK) {
        ps_free(made);
        return ps_nomem(err);
    }
    made->references = made->holds = 1;
    link_to(tree, made, parent);
    (void)ps_slots_take(&tree->slots, &made->slot);
    tree->nodes[made->slot] = made;
    *node = made;
    return PS_OK;
}

ps_remote_node *ps_remote_tree_find(const ps_remote_tree *tree, ps_node handle) {
    uint32_t slot;
    return ps_slots_find(&tree->slots, handle, &slot) ? tree->nodes[slot] : NULL;
}

ps_node ps_remote_tree_handle(const ps_remote_tree *tree, const ps_remote_node *node) {
    return (uint64_t)tree->slots.slots[node->slot].stamp << 32 | (node->slot + 1);
}

void ps_remote_tree_unreference(ps_remote_tree *tree, ps_remote_node *node) {
    while (node != NULL && --node->references == 0) {
        ps_remote_node *parent = node->parent;
        unlink_from_siblings(tree, node);
        ps_slots_give(&tree->slots, node->slot);
        tree->nodes[node->slot] = NULL;
        free_node(node);
        node = parent;
    }
}

void ps_remote_tree_clear(ps_remote_tree *tree) {
    for (size_t i = 0; i < tree->slots.count; i++)
        if (ps_slots_is_taken(&tree->slots, i)) free_node(tree->nodes[i]);
    ps_slots_clear(&tree->slots);
    ps_free(tree->nodes);
    *tree = (ps_remote_tree){0};
}

/* ---- Places -------------------------------------------------------------- */

ps_remote_node *ps_remote_node_root(const ps_remote_node *node) {
    while (node->parent != NULL)
        node = node->parent;
    return (ps_remote_node *)node; /* the caller's own, as in strchr */
}

static bool is_equal(const ps_remote_node *a, const ps_remote_node *b) {
    if (a->generation != b->generation || a->reason != b->reason || a->n_tokens != b->n_tokens) return false;
    if (a->tokens != NULL && b->tokens != NULL)
        return a->n_tokens == 0 || memcmp(a->tokens, b->tokens, a->n_tokens * sizeof *a->tokens) == 0;
    return a->tokens == b->tokens && a->text_length == b->text_length &&
           (a->text_length == 0 || memcmp(a->text, b->text, a->text_length) == 0);
}

ps_remote_node *ps_remote_node_equal(const ps_remote_node *parent, const ps_remote_node *child) {
    for (ps_remote_node *other = parent->children; other != NULL; other = other->after)
        if (other != child && is_equal(other, child)) return other;
    return NULL;
}

void ps_remote_node_path(const ps_remote_node *node, ps_token *out) {
    for (; node != NULL; node = node->parent)
        if (node->n_tokens > 0) memcpy(out + node->start, node->tokens, node->n_tokens * sizeof *out);
}

/* The path's length in bytes, up to `stop` and without it. */
static size_t text_length(const ps_remote_node *node, const ps_remote_node *stop) {
    size_t length = 0;
    for (; node != stop; node = node->parent)
        length += node->text_length;
    return length;
}

static void append_path(const ps_remote_node *node, const ps_remote_node *stop, ps_text *out) {
    const size_t from = out->length, length = text_length(node, stop);
    if (length == 0) return;
    ps_text_append(out, "", 0);
    for (const ps_remote_node *x = node; x != stop; x = x->parent) /* room, in whatever order */
        if (x->text_length > 0) ps_text_append(out, x->text, x->text_length);
    if (!ps_text_ok(out)) return;
    size_t at = from + length;
    for (const ps_remote_node *x = node; x != stop; x = x->parent) {
        at -= x->text_length;
        if (x->text_length > 0) memcpy(out->data + at, x->text, x->text_length);
    }
}

void ps_remote_node_text(const ps_remote_node *node, ps_text *out) {
    append_path(node, NULL, out);
}

void ps_remote_node_before(const ps_remote_node *node, size_t bytes, ps_text *out) {
    const ps_remote_node *stop = node;
    size_t length = 0;
    for (; stop->parent != NULL && length < bytes; stop = stop->parent)
        length += stop->text_length;
    append_path(node, stop, out);
}
