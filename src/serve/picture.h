/* The search of a request as pictures. Its thread notes what each iteration brought, which is cheap; drawing is left to
 * whoever sends, when the reader has time for it. So a slow reader gets fewer pictures, and no queue grows. */
#ifndef PERSAMP_SERVE_PICTURE_H
#define PERSAMP_SERVE_PICTURE_H

#include "persamp/draw.h"
#include "persamp/run.h"

#include <jansson.h>

/* After an iteration. NaN: not known. */
typedef struct ps_sketch_point {
    double tokens, seconds, ess, beta;
} ps_sketch_point;

/* What is kept of each is bounded: more than that no picture shows. */
enum { PS_SKETCH_DOTS = 2048, PS_SKETCH_POINTS = 2048 };

typedef struct ps_sketch {
    ps_pool_dot *dots; /* [n] the first, as they came; their texts are not kept */
    size_t n, capacity;
    ps_sketch_point *points; /* [n_points] likewise */
    size_t n_points, point_capacity;
    size_t snapshots, selections; /* of all of it, shown or not */
    size_t copied;                /* n + n_points when it was copied last */
} ps_sketch;

/* An iteration that is over, `seconds` after the request came. Without memory it is left out of the pictures. Whether a
 * picture would show more than the last copy. */
bool ps_sketch_add(ps_sketch *sketch, const ps_step_view *view, double seconds);
/* What the answers of a search that is over weigh: from then on a dot's area is the weight of the answers that passed
 * through it. */
void ps_sketch_weigh(ps_sketch *sketch, const ps_outcome *outcome);
/* An empty one without memory. The copy is cleared by ps_sketch_clear. */
void ps_sketch_copy(ps_sketch *sketch, ps_sketch *copy);
void ps_sketch_clear(ps_sketch *sketch); /* resets to {0} */

/* {"pool": SVG, "lines": SVG, "snapshots": of the pool, "shown": of them in the picture, "selections", "chosen": the
 * snapshot whose answer was chosen, or null}. A new reference; NULL where it cannot be drawn, which is for want of
 * memory. O(n log n). */
json_t *ps_picture_json(const ps_sketch *sketch, uint32_t chosen);

#endif
