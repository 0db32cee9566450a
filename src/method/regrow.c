/* Cut and regrow. */
#include "method/regrow.h"

#include <math.h>

uint32_t ps_ancestor(const ps_tree *tree, uint32_t snapshot, uint32_t depth) {
    while (tree->nodes[snapshot].depth > depth)
        snapshot = tree->nodes[snapshot].parent;
    return snapshot;
}

void ps_chain_cut(ps_chain *chain, const ps_tree *tree, double u) {
    uint32_t steps = tree->nodes[chain->current].depth, cut = (uint32_t)(u * steps);
    chain->proposal = ps_ancestor(tree, chain->current, cut < steps ? cut : steps - 1);
    chain->growing = true;
}

bool ps_chain_grown(const ps_chain *chain, const ps_tree *tree, uint32_t depth) {
    const ps_tree_node *node = &tree->nodes[chain->proposal];
    return node->state != PS_OPEN || (depth > 0 && node->depth >= depth);
}

bool ps_chain_decide(ps_chain *chain, const ps_tree *tree, double log_ratio, double u) {
    double K = tree->nodes[chain->current].depth, proposed_K = tree->nodes[chain->proposal].depth;
    bool accept = log(u) < log_ratio + log(K) - log(proposed_K);
    if (accept) chain->current = chain->proposal;
    chain->growing = false;
    return accept;
}
