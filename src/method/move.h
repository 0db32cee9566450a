/* Rejuvenation: after a selection every particle makes n_moves moves by cut and regrow that leave the law it was drawn
 * from as it is: q·L^β over the open prefixes of its depth. All of them move, or none: to move only the second and
 * later copies of a pick looks cheaper, but which particles these are depends on their weights, and what is left in
 * place is then no draw of the target any more.
 *
 * A proposal that ends early is refused, and finished particles stay. A move between them and open ones would keep the
 * law too, but a finished particle would not be absorbing any more, and to stop when all have finished, at a time that
 * chance sets, would favour short answers: by 15% in a filter of 4 particles. */
#ifndef PERSAMP_METHOD_MOVE_H
#define PERSAMP_METHOD_MOVE_H

#include "method/regrow.h"

typedef struct ps_mover {
    ps_chain *chains; /* [n]; while one is growing, its proposal is the snapshot to extend by a step */
    size_t *left;     /* [n] moves still to begin */
    size_t n, capacity, left_capacity;
    uint64_t uniforms_used;
} ps_mover;

/* log of an open snapshot's density relative to q, up to a constant of the depth. */
typedef double (*ps_log_target)(void *context, uint32_t snapshot);

void ps_mover_clear(ps_mover *mover);

/* Start n chains, of which `at` holds the places; the root stays, and what is not open. Keys the uniforms by params. */
ps_status ps_mover_start(ps_mover *mover, const uint32_t *at, size_t n, const ps_tree *tree,
                         const ps_method_params *params, ps_error *err);

/* The growing proposals have made their step: judge those that have arrived, begin the moves that follow. False when
 * every chain has made all its moves: chains[i].current is where particle i goes on from. */
bool ps_mover_step(ps_mover *mover, const ps_tree *tree, const ps_method_params *params, ps_log_target log_target,
                   void *context);

#endif
