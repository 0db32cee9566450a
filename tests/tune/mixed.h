/* A space with a dimension of each kind and points in it, the same that the numbers from Optuna were computed on. */
#ifndef PERSAMP_TESTS_TUNE_MIXED_H
#define PERSAMP_TESTS_TUNE_MIXED_H

#include "tune/space.h"

#include <math.h>

enum { MIXED = 6 };

static inline ps_space mixed_space(ps_dim dims[MIXED]) {
    static const char *const choices[] = {"0", "1", "2"};
    const ps_dim all[MIXED] = {
        {.name = "a",
         .kind = PS_DIM_REAL,
         .high = 1,
         .distribution =
             "{\"name\": \"FloatDistribution\", \"attributes\": {\"step\": null, \"low\": 0.0, \"high\": 1.0, "
             "\"log\": false}}"},
        {.name = "b",
         .kind = PS_DIM_REAL,
         .low = 0.1,
         .high = 10,
         .log = true,
         .distribution =
             "{\"name\": \"FloatDistribution\", \"attributes\": {\"step\": null, \"low\": 0.1, \"high\": 10.0, "
             "\"log\": true}}"},
        {.name = "c",
         .kind = PS_DIM_INTEGER,
         .low = 2,
         .high = 16,
         .step = 1,
         .distribution = "{\"name\": \"IntDistribution\", \"attributes\": {\"log\": false, \"step\": 1, \"low\": 2, "
                         "\"high\": 16}}"},
        {.name = "d",
         .kind = PS_DIM_REAL,
         .low = 0.1,
         .high = 0.9,
         .step = 0.1,
         .distribution =
             "{\"name\": \"FloatDistribution\", \"attributes\": {\"step\": 0.1, \"low\": 0.1, \"high\": 0.9, "
             "\"log\": false}}"},
        {.name = "e",
         .kind = PS_DIM_CHOICES,
         .choices = choices,
         .n_choices = 3,
         .distribution = "{\"name\": \"CategoricalDistribution\", \"attributes\": {\"choices\": [0, 1, 2]}}"},
        {.name = "f",
         .kind = PS_DIM_INTEGER,
         .low = 1,
         .high = 64,
         .step = 1,
         .log = true,
         .distribution = "{\"name\": \"IntDistribution\", \"attributes\": {\"log\": true, \"step\": 1, \"low\": 1, "
                         "\"high\": 64}}"}};
    for (size_t d = 0; d < MIXED; d++)
        dims[d] = all[d];
    return (ps_space){.dims = dims, .n = MIXED};
}

/* As numpy does it: to six digits. */
static inline double mixed_part(double x) {
    return nearbyint(fmod(x, 1) * 1e6) / 1e6;
}

static inline void mixed_point(size_t i, double x[MIXED]) {
    x[0] = mixed_part((double)i * 0.381966);
    x[1] = 0.1 * pow(100, mixed_part((double)i * 0.618));
    x[2] = 2 + (double)(i * 5 % 15);
    x[3] = 0.1 + 0.1 * (double)(i * 2 % 9);
    x[4] = (double)(i * 2 % 3);
    x[5] = 1 + (double)(i * 11 % 64);
}

#endif
