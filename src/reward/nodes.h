/* Scored prefixes behind handles, shared by the kinds: a node used after its release is noticed. */
#ifndef PERSAMP_REWARD_NODES_H
#define PERSAMP_REWARD_NODES_H

#include "base/slots.h"
#include "reward/aggregate.h"

typedef struct ps_prm_prefix {
    ps_aggregate_state aggregate;
    ps_node engine_node; /* kinds on an engine: the node after the last tag */
    char *text;          /* kinds on text: all steps so far; owned */
} ps_prm_prefix;

typedef struct ps_prm_nodes {
    ps_slots slots;
    ps_prm_prefix *prefixes; /* by slot */
    size_t capacity;
} ps_prm_nodes;

/* Room for n more nodes, so that adding them cannot fail. */
ps_status ps_prm_nodes_reserve(ps_prm_nodes *nodes, size_t n, ps_error *err);
ps_prm_node ps_prm_nodes_add(ps_prm_nodes *nodes, ps_prm_prefix prefix); /* after reserve */
/* NULL when it does not exist; valid until the next reserve. */
ps_prm_prefix *ps_prm_nodes_find(const ps_prm_nodes *nodes, ps_prm_node node);
/* Take a node out and return what it held: the caller frees that. {0} when it does not exist. */
ps_prm_prefix ps_prm_nodes_remove(ps_prm_nodes *nodes, ps_prm_node node);
/* The length of a step without the white space at its end, whose place a tag takes: models are trained on steps that
 * were split at it. 0: it says nothing. */
size_t ps_prm_stripped(const char *text, size_t length);
void ps_prm_nodes_clear(ps_prm_nodes *nodes); /* texts too; resets to {0} */

#endif
