/* The inside of the particle filter and particle Gibbs, shared by these files only: particle_filter.c runs one filter,
 * particle_filter_passes.c one filter after another, particle_gibbs.c binds a particle of each to a path of the one
 * before. */
#ifndef PERSAMP_METHOD_PARTICLE_FILTER_H
#define PERSAMP_METHOD_PARTICLE_FILTER_H

#include "method/history.h"
#include "method/methods.h"
#include "method/move.h"
#include "method/pace.h"

typedef struct ps_particle {
    uint32_t snapshot;
    double log_w; /* since the last selection */
} ps_particle;

typedef struct ps_filter {
    ps_round_method m;
    size_t n;               /* particles of this filter: M, or what the token budget can bring to an end */
    ps_particle *particles; /* [n] */
    ps_particle *drawn;     /* [n] scratch */
    double *W;              /* [n] */
    double *uniforms;
    size_t *picks;
    double log_z;    /* of this filter so far */
    ps_answer *done; /* answers of finished filters, weighted by their evidence */
    size_t n_done, done_capacity;
    size_t passes; /* filters completed */
    ps_mover mover;
    bool moving; /* the round is one of moves */
    bool gibbs;
    uint32_t *reference; /* [reference_length + 1] the path particle 0 is bound to, the root first */
    size_t reference_length, reference_capacity; /* length 0: nobody is bound */
    bool bound_moved;                            /* this round */
    ps_history history;
} ps_filter;

static inline const ps_tree_node *ps_filter_node(const ps_filter *p, const ps_particle *x) {
    return &p->m.round.tree.nodes[x->snapshot];
}

/* ---- particle_filter.c --------------------------------------------------- */

/* The table's `create` and `destroy`; `gibbs`: every filter but the first is bound to a path. */
ps_status ps_filter_create(const ps_method_ops *ops, const ps_method_params *params, bool gibbs, ps_method **method,
                           ps_error *err);
void ps_filter_destroy(ps_method *method);

/* The table's `spread`. */
const char *ps_filter_spread(const ps_method_params *params);

/* Every particle at the root, and how many there are: M, or what the token budget can bring to an end. */
void ps_filter_start(ps_filter *p);
/* The next step of every open particle. */
ps_status ps_filter_plan(ps_filter *p, ps_error *err);
bool ps_filter_all_done(const ps_filter *p);

/* ---- particle_filter_passes.c -------------------------------------------- */

/* A filter has ended: keep its answers, and start another where the budget or the number of sweeps allows. */
ps_status ps_filter_end(ps_filter *p, ps_error *err);
/* The table's `answers` and `report`. */
ps_status ps_filter_answers(const ps_method *method, ps_answer **list, size_t *n, ps_error *err);
ps_status ps_filter_report(const ps_method *method, ps_method_report *report, ps_error *err);

/* ---- particle_gibbs.c ---------------------------------------------------- */

/* The bound particle makes its step without work: its path is known. */
void ps_filter_follow_reference(ps_filter *p);
/* Bind the next sweep's first particle to a path of this one, drawn by weight. */
ps_status ps_filter_draw_reference(ps_filter *p, ps_error *err);

#endif
