/* The inside of Persistent Sampling, mode `steps`, shared by the persistent*.c files only: persistent.c makes
 * iterations and ends the search, persistent_select.c decides where the particles go on from. */
#ifndef PERSAMP_METHOD_PERSISTENT_H
#define PERSAMP_METHOD_PERSISTENT_H

#include "method/history.h"
#include "method/methods.h"
#include "method/move.h"
#include "method/pace.h"

typedef struct ps_persistent {
    ps_method base;
    ps_method_params params;
    ps_pool *pool;
    ps_tree tree; /* numbered as the pool is: both append in the order of launch */

    uint32_t *running; /* [n_running] open snapshots whose particles go on, or are to be launched once moved */
    size_t n_running;
    size_t n_finished; /* answers in the pool */
    ps_work *work;     /* [n_work] this iteration's */
    size_t n_work;
    size_t awaited;       /* results still to come */
    size_t tokens_before; /* of this iteration */
    bool started, ended;
    ps_end end;

    ps_mover mover;
    bool moving;         /* particles were selected and make their moves; the launch follows */
    bool passage_answer; /* a move grew an answer: it has no weight, but was paid for */
    double next_beta;    /* of that launch */

    double beta; /* of the last event */
    ps_history history;
    size_t waves;     /* launches from the root after the first */
    size_t front;     /* depth of the deepest running particle after the last iteration */
    size_t reached;   /* the largest front so far */
    double gone_back; /* Σ over launches of the mean number of steps from the front back to a pick */

    double *W; /* [candidates] scratch of a selection */
    size_t W_capacity;
    double *uniforms;
    size_t uniforms_capacity;
    size_t *picks;     /* [M] */
    uint32_t *parents; /* [n_parents] by snapshot: for topN with distinct lineages */
    size_t n_parents, parents_capacity;
} ps_persistent;

/* After an iteration whose snapshots are in the pool: choose the temperature, fill *record, and where an event is due
 * select the particles that go on. Starts moves instead of the launch where moves are on. */
ps_status ps_persistent_select(ps_persistent *p, ps_iteration *record, ps_error *err);

/* The moves' proposals have made a step: append it as passage, and launch when all moves are made. Moves that are under
 * way when the tokens are spent are refused. */
ps_status ps_persistent_go_on_moving(ps_persistent *p, ps_error *err);

#endif
