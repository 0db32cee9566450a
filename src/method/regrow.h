/* Cut and regrow: the Metropolis–Hastings move on whole answers (or on prefixes of a given depth). A cut is drawn
 * uniformly among the places before each of the K steps; what follows is drawn anew from the proposal. */
#ifndef PERSAMP_METHOD_REGROW_H
#define PERSAMP_METHOD_REGROW_H

#include "method/round.h"

/* One chain: where it is and what it tries. */
typedef struct ps_chain {
    uint32_t current;  /* snapshot: an answer, or a prefix of the wanted depth */
    uint32_t proposal; /* snapshot while it grows, else 0 … */
    bool growing;      /* … and whether it does */
} ps_chain;

/* The ancestor of `snapshot` at `depth` ≤ its own. */
uint32_t ps_ancestor(const ps_tree *tree, uint32_t snapshot, uint32_t depth);

/* Begin a move: cut the chain's current answer by uniform `u` and let the proposal grow from there. */
void ps_chain_cut(ps_chain *chain, const ps_tree *tree, double u);

/* Whether the proposal has arrived: it is no longer open, or as deep as `depth` (0: only when no longer open). */
bool ps_chain_grown(const ps_chain *chain, const ps_tree *tree, uint32_t depth);

/* End a move: accept with probability min(1, exp(log_ratio) · K/K'), K and K' the steps of both. True if accepted. */
bool ps_chain_decide(ps_chain *chain, const ps_tree *tree, double log_ratio, double u);

#endif
