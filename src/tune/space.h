/* The search space: for each key of tuning.search_space a dimension, whose points are numbers as Optuna stores them: of
 * a list the index of its value, of a range the number itself. */
#ifndef PERSAMP_TUNE_SPACE_H
#define PERSAMP_TUNE_SPACE_H

#include "persamp/tune.h"

#include <jansson.h>

typedef enum ps_dim_kind { PS_DIM_CHOICES, PS_DIM_REAL, PS_DIM_INTEGER } ps_dim_kind;

typedef struct ps_dim {
    const char *name;
    const char *const *choices; /* [n_choices] as text that ps_config_set takes */
    size_t n_choices;
    double low, high, step;   /* of a range; both ends are points. step 0: any number */
    const char *distribution; /* Optuna's JSON */
    ps_dim_kind kind;
    bool log;
} ps_dim;

typedef struct ps_space {
    ps_dim *dims; /* [n] */
    size_t n;
    ps_arena *arena;
} ps_space;

/* Of the configuration's tuning.search_space. PS_FORMAT: it is empty, or a key may not be tuned: one that changes no
 * result, or that a worker settles once for all trials (models, engine, data set, how answers are judged). */
ps_status ps_space_create(const ps_config *config, ps_space **space, ps_error *err);
void ps_space_free(ps_space *space);

/* Points of a dimension, and of the whole; 0 where there are too many to count, or any number of them. */
size_t ps_dim_points(const ps_dim *dim);
size_t ps_space_points(const ps_space *space);
double ps_dim_point(const ps_dim *dim, size_t i);
/* The i-th point of a finite space: the last key changes fastest. */
void ps_space_point(const ps_space *space, size_t i, double *x);
/* The point nearest to a number within the dimension. */
double ps_dim_round(const ps_dim *dim, double x);

/* The value at a point as text that ps_config_set takes. */
void ps_dim_put(const ps_dim *dim, double x, ps_text *text);
/* The point of a value as JSON, as Optuna's users give it; false: it is outside. */
bool ps_dim_find(const ps_dim *dim, const json_t *value, double *x);

/* A copy of `base` with the values of a point, owned by the caller. PS_FORMAT: they contradict each other, or the
 * rest. */
ps_status ps_space_config(const ps_space *space, const ps_config *base, const double *x, size_t trial, ps_config **out,
                          ps_error *err);

#endif
