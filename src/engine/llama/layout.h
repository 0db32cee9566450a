/* How many contexts of how many threads: the layout of a model on this machine, chosen from measured costs, and kept in
 * a file from one load to the next. Nothing here knows libllama: probe.c measures, this decides.
 *
 * A rule of two lines (small: a context for each core; large: one with all) finds the same contexts for the shipped
 * model on two cores. It would lose the choice of flash attention (a factor of 2 in a batch of 16) and of the problems
 * in flight (3 to 38%): docs/performance.md, "What a rule would lose".
 *
 *     layout_choose.c  costs → tokens/s of so many problems of so many sequences; the best layout; problems in flight
 *     layout_file.c    layouts as a file */
#ifndef PERSAMP_ENGINE_LLAMA_LAYOUT_H
#define PERSAMP_ENGINE_LLAMA_LAYOUT_H

#include "persamp/base.h"

/* Sizes of a batch, in tokens, at which its cost is measured. ggml's flash attention takes another path from 64 on. */
enum { PS_COST_POINTS = 5, PS_MOST_LAYOUTS = 16 };
extern const int ps_cost_tokens[PS_COST_POINTS]; /* 1, 4, 16, 63, 64 */

/* What a batch costs one lane while all lanes are busy. A batch of ps_cost_tokens[i] tokens takes
 * base[i] + per_cell[i] · cells seconds where its cache has `cells` cells in use. All 0: not measured. */
typedef struct ps_costs {
    double base[PS_COST_POINTS];     /* s */
    double per_cell[PS_COST_POINTS]; /* s a cell, ≥ 0 */
} ps_costs;

/* The most there may be, whoever says so: options or a file. */
enum { PS_MAX_LANES = 64, PS_MAX_THREADS = 512 };

/* A way to divide the machine. */
typedef struct ps_layout {
    int32_t lanes;      /* contexts: 1 … PS_MAX_LANES */
    int32_t threads;    /* of each: 1 … PS_MAX_THREADS */
    int32_t flash_attn; /* 0, 1, or −1: as libllama chooses */
    ps_costs costs;
} ps_layout;

static inline bool ps_layout_measured(const ps_layout *layout) {
    return layout->costs.base[0] > 0;
}

/* ---- layout_choose.c: pure ----------------------------------------------- */

/* Costs from batches of two caches: seconds[0][i] with fewer cells, seconds[1][i] with more, at ps_cost_tokens[i]; ≤ 0:
 * not measured, since the model is too heavy for it: taken from the largest batch that was, in proportion. False, and
 * *costs untouched, where not even the first two of the smaller cache are there. */
bool ps_costs_fit(const double seconds[2][PS_COST_POINTS], const double cells[2], ps_costs *costs);

/* Seconds of a batch of `tokens` ≥ 0 with `cells` in use: between the points by a straight line, beyond them in
 * proportion. */
double ps_costs_batch(const ps_costs *costs, double tokens, double cells);

/* Tokens/s of one lane that serves `problems` ≥ 1 problems of `width` ≥ 1 sequences each. The sequences of a problem
 * share its prompt and wait for each other at the end of each step; what a problem holds in the cache every token of
 * the lane is attended over. O(problems · length of a step). */
double ps_costs_speed(const ps_costs *costs, size_t width, size_t problems);

/* What a lane has room for, and how many sequences it is taken to serve well where nothing was measured. */
typedef struct ps_capacity {
    size_t cells, sequences;
    size_t usual;
    size_t line; /* cells that an answer comes to hold; 0: as the shipped model's */
} ps_capacity;

/* Problems worth having in flight in all lanes together when each keeps `width` ≥ 1 sequences busy: as many a lane as
 * serve it best, the fewest of nearly equals, and no more than it has room for; at least one a lane. */
size_t ps_layout_in_flight(const ps_layout *layout, size_t width, const ps_capacity *capacity);

/* Tokens/s of the whole layout at `width` with as many problems as it likes. 0: not measured. */
double ps_layout_speed(const ps_layout *layout, size_t width);

/* The best of layouts[0..n), n ≥ 1, for problems of `width` sequences; 0: nobody knows, by the geometric mean of its
 * speed at few and at many. Of those nearly as fast the one with the fewest lanes, since a problem that is alone has
 * then more of the machine. The first where none is measured. */
size_t ps_layout_choose(const ps_layout *layouts, size_t n, size_t width);

/* ---- layout_file.c ------------------------------------------------------- */

/* The file in `folder` for a key: the text that says of which model, options and machine the layouts are. Appends to
 * *path. */
void ps_layout_path(const char *folder, const char *key, ps_text *path);

/* The layouts that were measured for the key, into layouts[PS_MOST_LAYOUTS]; *n of them, ≥ 1. False where there is no
 * such file, or it is damaged, of another key or of another format, or no regular file. */
bool ps_layout_load(const char *path, const char *key, ps_layout *layouts, size_t *n);

/* Keep layouts[0..n), 1 ≤ n ≤ PS_MOST_LAYOUTS: the file is there in full or not at all. A folder that is missing is
 * made. False where that cannot be done, which costs no more than measuring again. */
bool ps_layout_store(const char *path, const char *key, const ps_layout *layouts, size_t n);

#endif
