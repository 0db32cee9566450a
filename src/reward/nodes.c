/* Slots of scored prefixes. */
#include "reward/nodes.h"

ps_status ps_prm_nodes_reserve(ps_prm_nodes *nodes, size_t n, ps_error *err) {
    if (nodes->n_used + n >= UINT32_MAX) return ps_fail(err, PS_NOMEM, "too many scored prefixes");
    return ps_reserve(&nodes->slots, &nodes->capacity, nodes->n_used + n) == PS_OK ? PS_OK : ps_nomem(err);
}

ps_prm_node ps_prm_nodes_add(ps_prm_nodes *nodes, ps_prm_prefix prefix) {
    uint32_t number = nodes->free;
    if (number != 0) {
        nodes->free = nodes->slots[number - 1].next_free;
    } else {
        number = (uint32_t)++nodes->count;
        nodes->slots[number - 1].stamp = 0;
    }
    ps_prm_slot *slot = &nodes->slots[number - 1];
    slot->prefix = prefix;
    slot->used = true;
    nodes->n_used++;
    return (uint64_t)slot->stamp << 32 | number;
}

ps_prm_prefix *ps_prm_nodes_find(const ps_prm_nodes *nodes, ps_prm_node node) {
    const uint32_t number = (uint32_t)node;
    if (number == 0 || number > nodes->count) return NULL;
    ps_prm_slot *slot = &nodes->slots[number - 1];
    return slot->used && slot->stamp == node >> 32 ? &slot->prefix : NULL;
}

ps_prm_prefix ps_prm_nodes_remove(ps_prm_nodes *nodes, ps_prm_node node) {
    const ps_prm_prefix *found = ps_prm_nodes_find(nodes, node);
    if (found == NULL) return (ps_prm_prefix){0};
    ps_prm_slot *slot = &nodes->slots[(uint32_t)node - 1];
    slot->used = false;
    slot->stamp++;
    slot->next_free = nodes->free;
    nodes->free = (uint32_t)node;
    nodes->n_used--;
    return slot->prefix;
}

void ps_prm_nodes_free(ps_prm_nodes *nodes) {
    for (size_t i = 0; i < nodes->count; i++)
        if (nodes->slots[i].used) ps_free(nodes->slots[i].prefix.text);
    ps_free(nodes->slots);
    *nodes = (ps_prm_nodes){0};
}
