/* lineage: large levels. A search with a large token budget comes back to the same depths again and again; what it has
 * pruned there stays in log Ẑ, and what has finished there is asked for at the end. Looked at one by one they would
 * cost as much at every event as there are of them, that is in all the square of the budget.
 *
 * Where every cohort of a level was launched one step above it, as with an event after every iteration, the mixtures
 * are a function of the parent's score, and pruned snapshots become a crowd (crowd.h). Those that remain are strays:
 * too few in their box, or of a score that has none. Snapshots at their end get their mixtures when someone asks. */
#include "core/pool.h"

#include <stdlib.h>

enum {
    LARGE = 1000,   /* snapshots of a level that are no candidates any more; below that looking at each costs less */
    COMPANY = 32,   /* strays of one box that become a crowd: about as many as cost what a box does */
    GATHERING = 128 /* strays at least for which their boxes are looked up */
};

/* The score that decides on the mixture of a snapshot. */
static double deciding(const ps_pool *pool, const ps_level *level, uint32_t id) {
    if (level->crowd_launch_depth == SIZE_MAX) return 0;
    while (pool->snapshots[id].depth > level->crowd_launch_depth)
        id = pool->snapshots[id].parent;
    return pool->ell[id];
}

/* ---- From a level to a large one and back -------------------------------- */

/* Open snapshots that are not among the live ones, which are in order of age as all are. */
static ps_status find_strays(ps_pool *pool, ps_level *level) {
    if (ps_reserve(&level->strays, &level->strays_capacity, level->n_ids) != PS_OK) return PS_NOMEM;
    level->n_strays = 0;
    for (size_t i = 0, live = 0; i < level->n_ids; i++) {
        uint32_t id = level->ids[i];
        if (live < level->n_live && level->live[live] == id)
            live++;
        else if (pool->snapshots[id].state == PS_OPEN)
            level->strays[level->n_strays++] = id;
    }
    return PS_OK;
}

static double scale_of(const ps_pool *pool) {
    return pool->largest_beta > 0 ? pool->largest_beta : 1;
}

static ps_status enlarge(ps_pool *pool, ps_level *level) {
    if (find_strays(pool, level) != PS_OK) return PS_NOMEM;
    level->crowd = ps_crowd_create(scale_of(pool));
    if (level->crowd == NULL) return PS_NOMEM;
    level->crowd_launch_depth = level->launch_depth;
    level->next_gathering = GATHERING;
    level->n_crowd = 0;
    level->ended_ids = level->mixed_ids;
    level->ended_cohorts = level->mixed_cohorts;
    return PS_OK;
}

/* The level is looked at one by one again: all its mixtures are computed anew. */
static void reduce(ps_level *level) {
    ps_crowd_free(level->crowd);
    level->crowd = NULL;
    level->n_crowd = level->n_strays = 0;
    level->mixed_ids = 0;
    level->mixed_cohorts = level->n_cohorts;
    level->stale = true;
}

/* The crowd begins anew: its snapshots are strays again. */
static ps_status scatter(ps_pool *pool, ps_level *level, double scale) {
    size_t n = level->n_strays + level->n_crowd;
    if (ps_reserve(&level->strays, &level->strays_capacity, n) != PS_OK) return PS_NOMEM;
    ps_crowd *crowd = ps_crowd_create(scale);
    if (crowd == NULL) return PS_NOMEM;
    for (size_t i = 0; i < level->n_crowd; i++) {
        uint32_t id = level->crowd_ids[i];
        double t = deciding(pool, level, id);
        const ps_crowd_column *column = ps_crowd_find(level->crowd, ps_crowd_bin(level->crowd, t));
        pool->log_mix[id] = ps_crowd_log_f(level->crowd, column, t);
        level->strays[level->n_strays++] = id;
    }
    ps_crowd_free(level->crowd);
    level->crowd = crowd;
    level->crowd_launch_depth = level->launch_depth;
    level->n_crowd = 0;
    level->next_gathering = GATHERING;
    return PS_OK;
}

ps_status ps_pool_crowd_update(ps_pool *pool, size_t depth) {
    ps_level *level = &pool->levels[depth];
    if (level->crowd == NULL)
        return !level->several_launches && level->n_ids - level->n_live >= LARGE ? enlarge(pool, level) : PS_OK;
    if (level->several_launches) {
        reduce(level);
        return PS_OK;
    }
    /* A β above all before wants narrower boxes. At least by a third: few such changes lead from any β to any other. */
    if (pool->largest_beta > level->crowd->scale)
        return scatter(pool, level, fmax(scale_of(pool), 1.5 * level->crowd->scale));
    bool same = level->crowd_launch_depth == level->launch_depth;
    return same ? PS_OK : scatter(pool, level, level->crowd->scale);
}

/* ---- Mixtures ------------------------------------------------------------ */

static ps_status add_column(ps_level *level, int64_t bin, ps_crowd_column **column) {
    *column = ps_crowd_find(level->crowd, bin);
    if (*column != NULL) return PS_OK;
    if (ps_crowd_add_column(level->crowd, bin, column) != PS_OK) return PS_NOMEM;
    ps_mix_groups((*column)->t, (*column)->log_f, PS_CURVE_NODES, level->groups, level->n_groups);
    return PS_OK;
}

/* The mixture of one snapshot, whatever it was before: from its column, which is made where snapshots are not too
 * scattered for that, or from all terms. */
static ps_status mix_alone(ps_pool *pool, ps_level *level, size_t depth, uint32_t id) {
    double t = deciding(pool, level, id);
    ps_crowd_column *column = NULL;
    if (ps_crowd_holds(level->crowd, t)) {
        int64_t bin = ps_crowd_bin(level->crowd, t);
        column = ps_crowd_find(level->crowd, bin);
        if (column == NULL && level->crowd->n_columns < level->n_ids / COMPANY &&
            add_column(level, bin, &column) != PS_OK)
            return PS_NOMEM;
    }
    if (column != NULL) {
        pool->log_mix[id] = ps_crowd_log_f(level->crowd, column, t);
        return PS_OK;
    }
    pool->log_mix[id] = -INFINITY;
    return ps_pool_mix_part(pool, &id, 1, depth, level->groups, level->n_groups);
}

/* The mixtures of n snapshots of the level, whatever they were before. */
static ps_status mix_anew(ps_pool *pool, ps_level *level, size_t depth, const uint32_t *ids, size_t n) {
    ps_status status = PS_OK;
    if (level->n_groups > PS_CURVE_NODES) {
        for (size_t i = 0; i < n && status == PS_OK; i++)
            status = mix_alone(pool, level, depth, ids[i]);
        return status;
    }
    for (size_t i = 0; i < n; i++)
        pool->log_mix[ids[i]] = -INFINITY;
    return ps_pool_mix_part(pool, ids, n, depth, level->groups, level->n_groups);
}

/* The live ones that the last update knew: the others are the youngest. */
static size_t known_live(const ps_level *level) {
    size_t n = level->n_live;
    if (level->mixed_ids == level->n_ids) return n;
    while (n > 0 && level->live[n - 1] >= level->ids[level->mixed_ids])
        n--;
    return n;
}

/* All memory before any change: an update that failed can be repeated. */
static ps_status add_terms(ps_pool *pool, ps_level *level, size_t depth, const ps_cohort_group *groups, size_t n) {
    size_t known = known_live(level);
    if (ps_pool_reserve_part(pool, known > level->n_strays ? known : level->n_strays) != PS_OK) return PS_NOMEM;
    for (size_t c = 0; c < level->crowd->n_columns; c++)
        ps_mix_groups(level->crowd->columns[c].t, level->crowd->columns[c].log_f, PS_CURVE_NODES, groups, n);
    ps_status status = ps_pool_mix_part(pool, level->live, known, depth, groups, n);
    if (status == PS_OK) status = ps_pool_mix_part(pool, level->strays, level->n_strays, depth, groups, n);
    if (status == PS_OK) level->mixed_cohorts = level->n_cohorts;
    return status;
}

static ps_status gather(ps_pool *pool, ps_level *level);

ps_status ps_pool_crowd_mix(ps_pool *pool, size_t depth, const ps_cohort_group *groups, size_t fresh) {
    ps_level *level = &pool->levels[depth];
    if (fresh > 0 && add_terms(pool, level, depth, groups, fresh) != PS_OK) return PS_NOMEM;
    size_t n = level->n_ids - level->mixed_ids;
    if (mix_anew(pool, level, depth, level->ids + level->mixed_ids, n) != PS_OK) return PS_NOMEM;
    level->mixed_ids = level->n_ids;
    return level->n_strays >= level->next_gathering ? gather(pool, level) : PS_OK;
}

static ps_status mix_ended(ps_pool *pool, size_t depth) {
    ps_level *level = &pool->levels[depth];
    size_t n = 0;
    if (level->ended_ids == level->n_ids && level->ended_cohorts == level->n_cohorts) return PS_OK;
    uint32_t *ended = ps_reallocarray(NULL, level->n_ids, sizeof *ended);
    if (ended == NULL) return PS_NOMEM;
    for (size_t i = 0; i < level->n_ids; i++)
        if (pool->snapshots[level->ids[i]].state != PS_OPEN) ended[n++] = level->ids[i];
    ps_status status = mix_anew(pool, level, depth, ended, n);
    ps_free(ended);
    if (status != PS_OK) return status;
    level->ended_ids = level->n_ids;
    level->ended_cohorts = level->n_cohorts;
    return PS_OK;
}

ps_status ps_pool_crowd_mix_ended(ps_pool *pool) {
    for (size_t depth = 0; depth < pool->n_levels; depth++)
        if (pool->levels[depth].crowd != NULL && mix_ended(pool, depth) != PS_OK) return PS_NOMEM;
    return PS_OK;
}

bool ps_pool_crowd_log_f(const ps_level *level, size_t depth, double ell, double *log_f) {
    if (level->crowd == NULL || level->n_groups <= PS_CURVE_NODES || level->crowd_launch_depth != depth ||
        !ps_crowd_holds(level->crowd, ell))
        return false;
    const ps_crowd_column *column = ps_crowd_find(level->crowd, ps_crowd_bin(level->crowd, ell));
    if (column != NULL) *log_f = ps_crowd_log_f(level->crowd, column, ell);
    return column != NULL;
}

/* ---- Strays become a crowd ----------------------------------------------- */

typedef struct stray {
    int64_t column, box;
    uint32_t id;
} stray;

static int by_box_then_age(const void *a, const void *b) {
    const stray *x = a, *y = b;
    if (x->column != y->column) return x->column < y->column ? -1 : 1;
    if (x->box != y->box) return x->box < y->box ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* Strays that have a box, in order of boxes. */
static size_t sort_strays(const ps_pool *pool, const ps_level *level, stray *sorted) {
    const ps_crowd *crowd = level->crowd;
    size_t n = 0;
    for (size_t i = 0; i < level->n_strays; i++) {
        uint32_t id = level->strays[i];
        double t = deciding(pool, level, id);
        if (ps_crowd_holds(crowd, t) && ps_crowd_holds(crowd, pool->ell[id]))
            sorted[n++] = (stray){ps_crowd_bin(crowd, t), ps_crowd_bin(crowd, pool->ell[id]), id};
    }
    qsort(sorted, n, sizeof *sorted, by_box_then_age);
    return n;
}

static size_t end_of_box(const stray *sorted, size_t from, size_t n) {
    size_t end = from + 1;
    while (end < n && sorted[end].column == sorted[from].column && sorted[end].box == sorted[from].box)
        end++;
    return end;
}

/* Boxes for all that are enough to have one. */
static ps_status make_boxes(ps_level *level, const stray *sorted, size_t n) {
    for (size_t from = 0, end; from < n; from = end) {
        ps_crowd_column *column;
        end = end_of_box(sorted, from, n);
        if (end - from < COMPANY) continue;
        if (add_column(level, sorted[from].column, &column) != PS_OK ||
            ps_crowd_add_box(column, sorted[from].box) != PS_OK)
            return PS_NOMEM;
    }
    return PS_OK;
}

/* Those that have a box go into it; the others are the strays that remain. Nothing can fail. */
static void fill_boxes(ps_pool *pool, ps_level *level, const stray *sorted, size_t n) {
    ps_crowd *crowd = level->crowd;
    size_t kept = 0;
    for (size_t i = 0; i < level->n_strays; i++) {
        uint32_t id = level->strays[i];
        if (!ps_crowd_holds(crowd, deciding(pool, level, id)) || !ps_crowd_holds(crowd, pool->ell[id]))
            level->strays[kept++] = id;
    }
    for (size_t i = 0; i < n; i++) {
        const ps_crowd_column *column = ps_crowd_find(crowd, sorted[i].column);
        ps_crowd_box *box = column != NULL ? ps_crowd_find_box(column, sorted[i].box) : NULL;
        if (box == NULL) {
            level->strays[kept++] = sorted[i].id;
            continue;
        }
        ps_crowd_add(crowd, box, sorted[i].column, deciding(pool, level, sorted[i].id), pool->ell[sorted[i].id]);
        level->crowd_ids[level->n_crowd++] = sorted[i].id;
    }
    level->n_strays = kept;
}

/* The next time is when there are twice as many as remained, so that those who never find company are not looked at at
 * every event. */
static ps_status gather(ps_pool *pool, ps_level *level) {
    if (ps_reserve(&level->crowd_ids, &level->crowd_capacity, level->n_crowd + level->n_strays) != PS_OK)
        return PS_NOMEM;
    stray *sorted = ps_reallocarray(NULL, level->n_strays, sizeof *sorted);
    if (sorted == NULL) return PS_NOMEM;
    size_t n = sort_strays(pool, level, sorted);
    ps_status status = make_boxes(level, sorted, n);
    if (status == PS_OK) {
        fill_boxes(pool, level, sorted, n);
        level->next_gathering = 2 * level->n_strays + GATHERING;
    }
    ps_free(sorted);
    return status;
}

ps_status ps_pool_crowd_reserve(ps_pool *pool) {
    for (size_t depth = 0; depth < pool->n_levels; depth++) {
        ps_level *level = &pool->levels[depth];
        if (level->crowd != NULL &&
            ps_reserve(&level->strays, &level->strays_capacity, level->n_strays + level->n_live) != PS_OK)
            return PS_NOMEM;
    }
    return PS_OK;
}

/* ---- log Ẑ --------------------------------------------------------------- */

double ps_pool_crowd_log_z(ps_pool *pool, const ps_level *level, double beta) {
    size_t n = 0;
    bool in_boxes = beta <= level->crowd->scale;
    for (size_t i = 0; i < level->n_strays; i++) {
        pool->path_ell[n] = pool->ell[level->strays[i]];
        pool->part_mix[n++] = pool->log_mix[level->strays[i]];
    }
    for (size_t i = 0; !in_boxes && i < level->n_crowd; i++) { /* a β that no event had, and boxes too wide for it */
        uint32_t id = level->crowd_ids[i];
        double t = deciding(pool, level, id);
        const ps_crowd_column *column = ps_crowd_find(level->crowd, ps_crowd_bin(level->crowd, t));
        pool->path_ell[n] = pool->ell[id];
        pool->part_mix[n++] = ps_crowd_log_f(level->crowd, column, t);
    }
    double terms[] = {
        ps_moments_log_sum(ps_level_moments(pool, level, beta)),
        ps_moments_log_sum(ps_kernels_best()->moments(pool->path_ell, pool->part_mix, n, beta)),
        in_boxes ? ps_crowd_log_sum(level->crowd, beta) : -INFINITY,
    };
    return ps_log_sum_exp(terms, sizeof terms / sizeof *terms);
}
