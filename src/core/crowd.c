/* Sums over a crowd of snapshots by interpolation; crowd.h says why that is exact to rounding. */
#include "core/crowd.h"

#include <string.h>

/* Chebyshev's points of n, and their weights in the barycentric formula. */
static void set_points(double *x, double *weight, size_t n) {
    double pi = 3.14159265358979323846;
    for (size_t j = 0; j < n; j++) {
        double angle = (double)(2 * j + 1) * pi / (double)(2 * n);
        x[j] = cos(angle);
        weight[j] = (j % 2 == 0 ? 1 : -1) * sin(angle);
    }
}

ps_crowd *ps_crowd_create(double scale) {
    ps_crowd *crowd = ps_calloc(1, sizeof *crowd);
    if (crowd == NULL) return NULL;
    crowd->scale = scale;
    crowd->width = exp2(floor(log2(4 / scale))); /* a power of two: where a score stands in its interval is exact */
    set_points(crowd->curve_x, crowd->curve_weight, PS_CURVE_NODES);
    set_points(crowd->crowd_x, crowd->crowd_weight, PS_CROWD_NODES);
    return crowd;
}

void ps_crowd_free(ps_crowd *crowd) {
    if (crowd == NULL) return;
    for (size_t c = 0; c < crowd->n_columns; c++) {
        for (size_t b = 0; b < crowd->columns[c].n_boxes; b++)
            ps_free(crowd->columns[c].boxes[b].moments);
        ps_free(crowd->columns[c].boxes);
    }
    ps_free(crowd->columns);
    ps_free(crowd);
}

/* ---- Intervals ----------------------------------------------------------- */

bool ps_crowd_holds(const ps_crowd *crowd, double score) {
    return fabs(score / crowd->width) < 0x1p40;
}

int64_t ps_crowd_bin(const ps_crowd *crowd, double score) {
    return (int64_t)floor(score / crowd->width);
}

static double middle(const ps_crowd *crowd, int64_t bin) {
    return ((double)bin + 0.5) * crowd->width;
}

/* Where a score stands in its interval, which is [−1, 1]. */
static double place(const ps_crowd *crowd, int64_t bin, double score) {
    return (score - middle(crowd, bin)) / (crowd->width / 2);
}

/* L_j(x) of n points, by the barycentric formula. */
static void cardinals(const double *points, const double *weight, size_t n, double x, double *L) {
    double sum = 0;
    for (size_t j = 0; j < n; j++) {
        double distance = x - points[j];
        if (distance == 0) {
            memset(L, 0, n * sizeof *L);
            L[j] = 1;
            return;
        }
        L[j] = weight[j] / distance;
        sum += L[j];
    }
    for (size_t j = 0; j < n; j++)
        L[j] /= sum;
}

/* ---- Columns and boxes --------------------------------------------------- */

/* The first column whose bin is not below this one. */
static size_t column_at(const ps_crowd *crowd, int64_t bin) {
    size_t from = 0, to = crowd->n_columns;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        if (crowd->columns[mid].bin < bin)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

ps_crowd_column *ps_crowd_find(const ps_crowd *crowd, int64_t bin) {
    size_t at = column_at(crowd, bin);
    return at < crowd->n_columns && crowd->columns[at].bin == bin ? &crowd->columns[at] : NULL;
}

ps_status ps_crowd_add_column(ps_crowd *crowd, int64_t bin, ps_crowd_column **column) {
    size_t at = column_at(crowd, bin);
    if (at == crowd->n_columns || crowd->columns[at].bin != bin) {
        if (ps_reserve(&crowd->columns, &crowd->columns_capacity, crowd->n_columns + 1) != PS_OK) return PS_NOMEM;
        memmove(crowd->columns + at + 1, crowd->columns + at, (crowd->n_columns - at) * sizeof *crowd->columns);
        crowd->n_columns++;
        crowd->columns[at] = (ps_crowd_column){.bin = bin};
        for (size_t j = 0; j < PS_CURVE_NODES; j++) {
            crowd->columns[at].t[j] = middle(crowd, bin) + crowd->curve_x[j] * (crowd->width / 2);
            crowd->columns[at].log_f[j] = -INFINITY;
        }
    }
    *column = &crowd->columns[at];
    return PS_OK;
}

double ps_crowd_log_f(const ps_crowd *crowd, const ps_crowd_column *column, double t) {
    double L[PS_CURVE_NODES], sum = 0;
    cardinals(crowd->curve_x, crowd->curve_weight, PS_CURVE_NODES, place(crowd, column->bin, t), L);
    for (size_t j = 0; j < PS_CURVE_NODES; j++)
        sum += L[j] * (column->log_f[j] - column->log_f[0]); /* what all have in common would only be rounded */
    return column->log_f[0] + sum;
}

static size_t box_at(const ps_crowd_column *column, int64_t bin) {
    size_t at = 0;
    while (at < column->n_boxes && column->boxes[at].bin < bin)
        at++;
    return at;
}

ps_crowd_box *ps_crowd_find_box(const ps_crowd_column *column, int64_t bin) {
    size_t at = box_at(column, bin);
    return at < column->n_boxes && column->boxes[at].bin == bin ? &column->boxes[at] : NULL;
}

ps_status ps_crowd_add_box(ps_crowd_column *column, int64_t bin) {
    size_t at = box_at(column, bin);
    if (at < column->n_boxes && column->boxes[at].bin == bin) return PS_OK;
    if (ps_reserve(&column->boxes, &column->boxes_capacity, column->n_boxes + 1) != PS_OK) return PS_NOMEM;
    double(*moments)[PS_CROWD_NODES] = ps_calloc(2 * PS_CURVE_NODES, sizeof *moments);
    if (moments == NULL) return PS_NOMEM;
    memmove(column->boxes + at + 1, column->boxes + at, (column->n_boxes - at) * sizeof *column->boxes);
    column->boxes[at] = (ps_crowd_box){bin, moments};
    column->n_boxes++;
    return PS_OK;
}

/* ---- Sums ---------------------------------------------------------------- */

void ps_crowd_add(ps_crowd *crowd, ps_crowd_box *box, int64_t column, double t, double ell) {
    double of_t[PS_CURVE_NODES], of_ell[PS_CROWD_NODES];
    cardinals(crowd->curve_x, crowd->curve_weight, PS_CURVE_NODES, place(crowd, column, t), of_t);
    cardinals(crowd->crowd_x, crowd->crowd_weight, PS_CROWD_NODES, place(crowd, box->bin, ell), of_ell);
    for (size_t j = 0; j < PS_CURVE_NODES; j++) { /* Kahan's summation */
        double *sum = box->moments[j], *taken = box->moments[PS_CURVE_NODES + j];
        for (size_t k = 0; k < PS_CROWD_NODES; k++) {
            double term = of_t[j] * of_ell[k] - taken[k], next = sum[k] + term;
            taken[k] = (next - sum[k]) - term;
            sum[k] = next;
        }
    }
}

/* Σ_jk moments[j][k]·inverse_f[j]·tempered[k]. */
static double box_sum(const ps_crowd_box *box, const double *inverse_f, const double *tempered) {
    double sum = 0;
    for (size_t j = 0; j < PS_CURVE_NODES; j++) {
        double row = 0;
        for (size_t k = 0; k < PS_CROWD_NODES; k++)
            row += box->moments[j][k] * tempered[k];
        sum += inverse_f[j] * row;
    }
    return sum;
}

double ps_crowd_log_sum(const ps_crowd *crowd, double beta) {
    double tempered[PS_CROWD_NODES], inverse_f[PS_CURVE_NODES], max = -INFINITY, sum = 0;
    for (size_t k = 0; k < PS_CROWD_NODES; k++)
        tempered[k] = exp(beta * crowd->crowd_x[k] * (crowd->width / 2));
    for (size_t c = 0; c < crowd->n_columns; c++) {
        const ps_crowd_column *column = &crowd->columns[c];
        for (size_t j = 0; j < PS_CURVE_NODES && column->n_boxes > 0; j++)
            inverse_f[j] = exp(column->log_f[0] - column->log_f[j]);
        for (size_t b = 0; b < column->n_boxes; b++) {
            double here = box_sum(&column->boxes[b], inverse_f, tempered);
            if (!(here > 0)) continue; /* an empty one */
            double log_sum = beta * middle(crowd, column->boxes[b].bin) - column->log_f[0] + log(here);
            if (log_sum > max) {
                sum *= exp(max - log_sum);
                max = log_sum;
            }
            sum += exp(log_sum - max);
        }
    }
    return sum > 0 ? max + log(sum) : -INFINITY;
}
