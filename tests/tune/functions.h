/* Functions with known minima, as losses above them; shared by the test of the samplers and bench/bench_tune.c. */
#ifndef PERSAMP_TESTS_TUNE_FUNCTIONS_H
#define PERSAMP_TESTS_TUNE_FUNCTIONS_H

#include "tune/sampler.h"

#include <math.h>

/* Branin: three minima of 0.397887. */
static inline double branin(const double *x) {
    const double pi = acos(-1), b = 5.1 / (4 * pi * pi), c = 5 / pi, t = 1 / (8 * pi);
    double y = x[1] - b * x[0] * x[0] + c * x[0] - 6;
    return y * y + 10 * (1 - t) * cos(x[0]) + 10 - 0.397887357729739;
}

/* Four keys of six choices each, of which the right ones and a pair that belongs together count. */
static inline double choices(const double *x) {
    double loss = 0;
    for (size_t d = 0; d < 4; d++)
        loss += fabs(x[d] - (double)(d + 1)) / 5;
    return loss + 0.5 * (x[0] != 1 && x[1] == 2);
}

/* Hartmann's function of six variables: minimum −3.32237. */
static inline double hartmann(const double *x) {
    static const double alpha[] = {1, 1.2, 3, 3.2},
                        a[4][6] = {{10, 3, 17, 3.5, 1.7, 8},
                                   {0.05, 10, 17, 0.1, 8, 14},
                                   {3, 3.5, 1.7, 10, 17, 8},
                                   {17, 8, 0.05, 10, 0.1, 14}},
                        p[4][6] = {{1312, 1696, 5569, 124, 8283, 5886},
                                   {2329, 4135, 8307, 3736, 1004, 9991},
                                   {2348, 1451, 3522, 2883, 3047, 6650},
                                   {4047, 8828, 8732, 5743, 1091, 381}};
    double sum = 0;
    for (size_t i = 0; i < 4; i++) {
        double inner = 0;
        for (size_t d = 0; d < 6; d++)
            inner += a[i][d] * (x[d] - 1e-4 * p[i][d]) * (x[d] - 1e-4 * p[i][d]);
        sum += alpha[i] * exp(-inner);
    }
    return 3.322368011415515 - sum;
}

typedef struct known_function {
    const char *name;
    ps_space space;
    double (*loss)(const double *x);
} known_function;

enum { KNOWN_FUNCTIONS = 3, MOST_TRIALS = 200, MOST_DIMS = 6 };

static inline void known_functions(known_function functions[KNOWN_FUNCTIONS]) {
    static const char *const six[] = {"0", "1", "2", "3", "4", "5"};
    static ps_dim plane[2] = {{.kind = PS_DIM_REAL, .low = -5, .high = 10},
                              {.kind = PS_DIM_REAL, .low = 0, .high = 15}};
    static ps_dim cube[6], keys[4];
    for (size_t d = 0; d < 6; d++)
        cube[d] = (ps_dim){.kind = PS_DIM_REAL, .low = 0, .high = 1};
    for (size_t d = 0; d < 4; d++)
        keys[d] = (ps_dim){.kind = PS_DIM_CHOICES, .choices = six, .n_choices = 6};
    functions[0] = (known_function){"branin", {.dims = plane, .n = 2}, branin};
    functions[1] = (known_function){"hartmann", {.dims = cube, .n = 6}, hartmann};
    functions[2] = (known_function){"choices", {.dims = keys, .n = 4}, choices};
}

/* The smallest loss of the first n trials, at most MOST_TRIALS. */
static inline ps_status known_search(const known_function *f, bool parzen, uint64_t seed, size_t n, double *best,
                                     ps_error *err) {
    static double x[MOST_TRIALS][MOST_DIMS];
    static ps_seen seen[MOST_TRIALS];
    ps_status status = PS_OK;
    *best = INFINITY;
    for (size_t i = 0; i < n && status == PS_OK; i++) {
        if (parzen)
            status = ps_sample_tpe(&f->space, seen, i, seed, i, 0, x[i], err);
        else
            ps_sample_random(&f->space, seed, i, 0, x[i]);
        seen[i] = (ps_seen){.state = PS_TRIAL_COMPLETE, .x = x[i], .loss = f->loss(x[i])};
        *best = fmin(*best, seen[i].loss);
    }
    return status;
}

#endif
