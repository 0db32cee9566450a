#include "tune/pareto.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Hypervolume --------------------------------------------------------- */

typedef struct slice {
    const double *point;
    double at; /* its last coordinate that is still looked at */
} slice;

static int by_place(const void *a, const void *b) {
    double x = ((const slice *)a)->at, y = ((const slice *)b)->at;
    return (x > y) - (x < y);
}

/* Of the first d coordinates of points[0..n). Between two values of the last one, what is dominated is what the points
 * before dominate in the others. slices: [d × most], its rows from d on are this call's. */
static double volume_of(const double *const *points, size_t n, size_t d, const double *reference, slice *slices,
                        const double **before, size_t most) {
    double volume = 0;
    if (d == 1) {
        double least = reference[0];
        for (size_t i = 0; i < n; i++)
            least = fmin(least, points[i][0]);
        return reference[0] - least;
    }
    slice *mine = slices + (d - 1) * most;
    const double **passed = before + (d - 1) * most;
    for (size_t i = 0; i < n; i++)
        mine[i] = (slice){points[i], points[i][d - 1]};
    qsort(mine, n, sizeof *mine, by_place);
    for (size_t i = 0; i < n && mine[i].at < reference[d - 1]; i++) {
        double next = i + 1 < n ? fmin(mine[i + 1].at, reference[d - 1]) : reference[d - 1];
        passed[i] = mine[i].point;
        if (next > mine[i].at)
            volume += (next - mine[i].at) * volume_of(passed, i + 1, d - 1, reference, slices, before, most);
    }
    return volume;
}

/* Of the points of which left_out is not one. */
static ps_status volume_without(const double *const *points, size_t n, size_t d, const double *reference,
                                size_t left_out, double *volume, ps_error *err) {
    slice *slices = ps_calloc(d * n + 1, sizeof *slices);
    const double **room = ps_calloc((d + 1) * n + 1, sizeof *room);
    size_t kept = 0;
    ps_status status = slices != NULL && room != NULL ? PS_OK : ps_nomem(err);
    for (size_t i = 0; i < n && status == PS_OK; i++)
        if (i != left_out) room[kept++] = points[i];
    if (status == PS_OK) *volume = volume_of(room, kept, d, reference, slices, room + n, n);
    ps_free(slices);
    ps_free(room);
    return status;
}

ps_status ps_hypervolume(const double *points, size_t n, size_t d, const double *reference, double *volume,
                         ps_error *err) {
    const double **rows = ps_calloc(n + 1, sizeof *rows);
    if (rows == NULL) return ps_nomem(err);
    for (size_t i = 0; i < n; i++)
        rows[i] = points + i * d;
    ps_status status = volume_without(rows, n, d, reference, SIZE_MAX, volume, err);
    ps_free(rows);
    return status;
}

/* ---- Fronts -------------------------------------------------------------- */

static bool dominates(const double *a, const double *b, size_t d) {
    bool once = false;
    for (size_t k = 0; k < d; k++) {
        if (a[k] > b[k]) return false;
        once = once || a[k] < b[k];
    }
    return once;
}

/* Into loss the number of each point's front, from 0; how many there are. O(n² · fronts). */
static size_t number_fronts(const double *points, size_t n, size_t d, double *loss) {
    size_t left = n, front = 0;
    for (size_t i = 0; i < n; i++)
        loss[i] = INFINITY;
    for (; left > 0; front++)
        for (size_t i = 0; i < n; i++) {
            bool first = loss[i] == INFINITY;
            for (size_t k = 0; k < n && first; k++)
                first = loss[k] < (double)front || !dominates(points + k * d, points + i * d, d);
            if (!first) continue;
            loss[i] = (double)front;
            left--;
        }
    return front;
}

static void end_of_box(const double *points, size_t n, size_t d, double *reference) {
    for (size_t k = 0; k < d; k++) {
        double low = INFINITY, high = -INFINITY;
        for (size_t i = 0; i < n; i++) {
            low = fmin(low, points[i * d + k]);
            high = fmax(high, points[i * d + k]);
        }
        reference[k] = high > low ? high + 0.1 * (high - low) : high + 1;
    }
}

/* The points of one front: who alone dominates most comes first. */
static ps_status part_front(const double *const *front, size_t n, size_t d, const double *reference, double *part,
                            ps_error *err) {
    double all = 0, without = 0;
    ps_status status = volume_without(front, n, d, reference, SIZE_MAX, &all, err);
    for (size_t i = 0; i < n && status == PS_OK; i++) {
        status = volume_without(front, n, d, reference, i, &without, err);
        part[i] = all > 0 ? (without / all) / (1 + 1e-9) : 0;
    }
    return status;
}

ps_status ps_pareto_losses(const double *points, size_t n, size_t d, double *loss, ps_error *err) {
    const double **front = ps_calloc(n + 1, sizeof *front);
    double *part = ps_calloc(n + 1, sizeof *part), *reference = ps_calloc(d, sizeof *reference);
    size_t *at = ps_calloc(n + 1, sizeof *at);
    ps_status status = front != NULL && part != NULL && reference != NULL && at != NULL ? PS_OK : ps_nomem(err);
    size_t fronts = status == PS_OK ? number_fronts(points, n, d, loss) : 0;
    if (status == PS_OK) end_of_box(points, n, d, reference);
    for (size_t f = 0; f < fronts && status == PS_OK; f++) {
        size_t kept = 0;
        for (size_t i = 0; i < n; i++)
            if (loss[i] == (double)f) {
                at[kept] = i;
                front[kept++] = points + i * d;
            }
        status = part_front(front, kept, d, reference, part, err);
        for (size_t i = 0; i < kept && status == PS_OK; i++)
            loss[at[i]] += part[i];
    }
    ps_free(front);
    ps_free(part);
    ps_free(reference);
    ps_free(at);
    return status;
}
