#include "reward/nodes.h"

#include <string.h>

size_t ps_prm_stripped(const char *text, size_t length) {
    while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL && text[length - 1] != '\0')
        length--;
    return length;
}

ps_status ps_prm_nodes_reserve(ps_prm_nodes *nodes, size_t n, ps_error *err) {
    ps_status status = ps_slots_reserve(&nodes->slots, n, err);
    if (status != PS_OK) return status;
    return ps_reserve(&nodes->prefixes, &nodes->capacity, nodes->slots.capacity) == PS_OK ? PS_OK : ps_nomem(err);
}

ps_prm_node ps_prm_nodes_add(ps_prm_nodes *nodes, ps_prm_prefix prefix) {
    uint32_t slot;
    ps_prm_node node = ps_slots_take(&nodes->slots, &slot);
    nodes->prefixes[slot] = prefix;
    return node;
}

ps_prm_prefix *ps_prm_nodes_find(const ps_prm_nodes *nodes, ps_prm_node node) {
    uint32_t slot;
    return ps_slots_find(&nodes->slots, node, &slot) ? &nodes->prefixes[slot] : NULL;
}

ps_prm_prefix ps_prm_nodes_remove(ps_prm_nodes *nodes, ps_prm_node node) {
    uint32_t slot;
    if (!ps_slots_find(&nodes->slots, node, &slot)) return (ps_prm_prefix){0};
    ps_slots_give(&nodes->slots, slot);
    return nodes->prefixes[slot];
}

void ps_prm_nodes_clear(ps_prm_nodes *nodes) {
    for (size_t i = 0; i < nodes->slots.count; i++)
        if (ps_slots_is_taken(&nodes->slots, i)) ps_free(nodes->prefixes[i].text);
    ps_slots_clear(&nodes->slots);
    ps_free(nodes->prefixes);
    *nodes = (ps_prm_nodes){0};
}
