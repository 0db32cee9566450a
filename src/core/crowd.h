/* A crowd: snapshots of one depth of which only sums are asked, without looking at each.
 *
 * Where all particles counted at a depth were launched from one depth a, the mixture of a snapshot is a function of one
 * score, its ancestor's t = ℓ(x[a]): log m = log f(t) with f(t) = Σ_k w_k·exp(β_k·t), and what the snapshots of score
 * ℓ_i add to log Ẑ is Σ_i exp(β·ℓ_i) / f(t_i). Both factors are smooth: on an interval of 4/β_max in t or in ℓ, a
 * polynomial through Chebyshev points is exp(β·ℓ), 1/f(t) or log f(t) up to the last bits of a double. (Of exp that is
 * a polynomial of degree 19: its terms fall as 2^k/k!. 1/f has no pole nearer than iπ/β_max, for the angles of the
 * terms of f differ by less than π up to there, so they cannot cancel; the error of 32 points falls as 3.4^−32.) Hence
 * the plane of (t, ℓ) is cut into boxes, and a box keeps, instead of its snapshots, moments[j][k] = Σ_i
 * L_j(t_i)·L_k(ℓ_i),      L: the polynomials that are 1 at one of the points and 0 at the others, from which the sum
 * over its snapshots is Σ_jk moments[j][k]·exp(β·ℓ_k)/f(t_j): exact to rounding, as a sum of the same number of terms
 * is, at the price of 640 products whatever the number of snapshots. A new term of f goes to the 32 points of each
 * column of boxes instead of to every snapshot.
 *
 * That snapshots can be added to a sum one by one and the sum be had at every β is what a search of any length needs:
 * without it each of n events would look at all of some n snapshots. */
#ifndef PERSAMP_CORE_CROWD_H
#define PERSAMP_CORE_CROWD_H

#include "core/kernels.h"

enum {
    PS_CURVE_NODES = 32, /* points in t, where 1/f and log f are known; whole blocks of every kernel */
    PS_CROWD_NODES = 20  /* points in ℓ, where exp is taken */
};

typedef struct ps_crowd_box {
    int64_t bin; /* of ℓ */
    /* [2·PS_CURVE_NODES]: the moments, then what rounding took from each so far, so that a million equal snapshots are
     * summed as well as ten. */
    double (*moments)[PS_CROWD_NODES];
} ps_crowd_box;

/* The boxes of one interval of t, and log f at its points. */
typedef struct ps_crowd_column {
    int64_t bin; /* of t */
    double t[PS_CURVE_NODES], log_f[PS_CURVE_NODES];
    ps_crowd_box *boxes; /* [n_boxes] by bin */
    size_t n_boxes, boxes_capacity;
} ps_crowd_column;

typedef struct ps_crowd {
    double scale; /* the largest β that boxes of this width are right for */
    double width; /* of an interval: from 2/scale to 4/scale */
    double curve_x[PS_CURVE_NODES], curve_weight[PS_CURVE_NODES]; /* points in [−1, 1], their barycentric weights */
    double crowd_x[PS_CROWD_NODES], crowd_weight[PS_CROWD_NODES];
    ps_crowd_column *columns; /* [n_columns] by bin */
    size_t n_columns, columns_capacity;
} ps_crowd;

/* An empty one for all β up to `scale`, which is above 0. NULL on failure. */
ps_crowd *ps_crowd_create(double scale);
void ps_crowd_free(ps_crowd *crowd);

/* Whether a score has a bin: not where it is infinite or out of all proportion to the width. */
bool ps_crowd_holds(const ps_crowd *crowd, double score);
/* The interval that a score lies in; the score has a bin. */
int64_t ps_crowd_bin(const ps_crowd *crowd, double score);

/* The column of an interval of t; NULL where it was not made. */
ps_crowd_column *ps_crowd_find(const ps_crowd *crowd, int64_t bin);
/* … made where it is missing, with f = 0: the terms so far are the caller's to add. Columns move: pointers to others
 * are stale. PS_NOMEM or PS_OK. */
ps_status ps_crowd_add_column(ps_crowd *crowd, int64_t bin, ps_crowd_column **column);
/* log f(t) for a t of the column, by the polynomial through its points. */
double ps_crowd_log_f(const ps_crowd *crowd, const ps_crowd_column *column, double t);

/* A box of a column; NULL where it was not made. */
ps_crowd_box *ps_crowd_find_box(const ps_crowd_column *column, int64_t bin);
/* … made where it is missing, empty. PS_NOMEM or PS_OK. */
ps_status ps_crowd_add_box(ps_crowd_column *column, int64_t bin);
/* Count a snapshot of score ell: it and t lie in the box. */
void ps_crowd_add(ps_crowd *crowd, ps_crowd_box *box, int64_t column, double t, double ell);

/* log Σ exp(β·ℓ)/f(t) over all that were added, 0 ≤ β ≤ scale; −∞ for none. O(boxes). */
double ps_crowd_log_sum(const ps_crowd *crowd, double beta);

#endif
