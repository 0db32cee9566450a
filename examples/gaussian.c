/* Persistent Sampling without a language model: the core with a Metropolis kernel of the caller's own.
 *
 * Prior N(0, I) in two dimensions, likelihood N(x; (3, 3), 0.25·I): log Z = −9.26102 is known in closed form. Each
 * generation is drawn from the whole pool by the classic weights (Karamanis & Seljak, arXiv 2407.20722, eqs 13 to 17)
 * and moved; β climbs from 0 to 1 as fast as target_ess allows. Every point ever made stays in the pool and in log Z.
 *
 * usage: gaussian [RUNS] [SEED]     build: cc gaussian.c $(pkg-config --cflags --libs persamp) -lm */
#include <persamp/core.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { DIMENSIONS = 2, MOST_GENERATIONS = 60, MOST_PARTICLES = 100, MOVES = 10 };
static const double TRUE_LOG_Z = -9.26102;
static const double pi = 3.14159265358979323846;

typedef struct point {
    double x[DIMENSIONS];
} point;

static double log_likelihood(const point *p) {
    const double variance = 0.25;
    double sum = 0;
    for (int d = 0; d < DIMENSIONS; d++)
        sum += (p->x[d] - 3) * (p->x[d] - 3);
    return -log(2 * pi * variance) - sum / (2 * variance);
}

static double log_prior(const point *p) {
    return -(p->x[0] * p->x[0] + p->x[1] * p->x[1]) / 2; /* its constant cancels */
}

/* One particle's move at β: any kernel that leaves prior · L^β invariant will do. */
typedef void (*kernel)(point *p, double beta, double spread, ps_rng_key key);

/* Random-walk Metropolis, steps of 1.7 times the generation's standard deviation (2.4/√d is the usual advice). */
static void metropolis(point *p, double beta, double spread, ps_rng_key key) {
    for (uint64_t move = 0; move < MOVES; move++) {
        point proposal = *p;
        for (uint64_t d = 0; d < DIMENSIONS; d++)
            proposal.x[d] += 1.7 * spread * ps_normal(key, DIMENSIONS * move + d);
        double log_ratio = log_prior(&proposal) - log_prior(p) + beta * (log_likelihood(&proposal) - log_likelihood(p));
        if (log(ps_uniform(key, 1000 + move)) < log_ratio) *p = proposal;
    }
}

static double spread_of(const point *points, size_t n) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        for (int d = 0; d < DIMENSIONS; d++) {
            sum += points[i].x[d];
            squares += points[i].x[d] * points[i].x[d];
        }
    const double count = (double)(n * DIMENSIONS);
    return sqrt(squares / count - sum / count * (sum / count));
}

typedef struct run {
    ps_pool *pool;
    point points[MOST_GENERATIONS * MOST_PARTICLES + 1]; /* by snapshot; [0], the root, is none */
    double W[MOST_GENERATIONS * MOST_PARTICLES];
    size_t M, generations;
    uint64_t seed;
} run;

static double ess(void *context, double beta) {
    return ps_pool_ess(context, beta);
}

/* A whole generation goes into the pool: finished snapshots below the root. */
static ps_status append(run *r, const point *generation, ps_error *err) {
    for (size_t i = 0; i < r->M; i++) {
        uint32_t id;
        ps_status status = ps_pool_append(r->pool, 0, log_likelihood(&generation[i]), 0, PS_FINISHED, &id, err);
        if (status != PS_OK) return status;
        r->points[id] = generation[i];
    }
    r->generations++;
    return ps_pool_advance(r->pool, err);
}

/* The next generation: resample M points from the pool at β and move each. */
static ps_status next(run *r, const uint32_t *ids, size_t n, double beta, kernel move, ps_error *err) {
    point generation[MOST_PARTICLES];
    size_t picks[MOST_PARTICLES], picked;
    uint32_t launched[MOST_PARTICLES];
    ps_status status = ps_pool_weights(r->pool, beta, r->W, err);
    if (status != PS_OK) return status;
    double u = ps_uniform((ps_rng_key){r->seed, r->generations, 0, PS_RNG_RESAMPLE}, 0);
    ps_resample_input in = {.W = r->W, .n = n, .M = r->M, .uniforms = &u};
    status = ps_resampler_find("systematic")->pick(&in, picks, &picked, err);
    if (status != PS_OK) return status;
    for (size_t i = 0; i < r->M; i++) {
        launched[i] = ids[picks[i]];
        generation[i] = r->points[launched[i]];
    }
    status = ps_pool_launch(r->pool, beta, launched, r->M, err); /* records β and log Ẑ(β) */
    if (status != PS_OK) return status;
    const double spread = spread_of(generation, r->M);
    for (size_t i = 0; i < r->M; i++)
        move(&generation[i], beta, spread, (ps_rng_key){r->seed, r->generations, i, PS_RNG_MOVE});
    return append(r, generation, err);
}

static ps_status first(run *r, ps_error *err) {
    point generation[MOST_PARTICLES];
    uint32_t roots[MOST_PARTICLES] = {0};
    for (size_t i = 0; i < r->M; i++)
        for (uint64_t d = 0; d < DIMENSIONS; d++)
            generation[i].x[d] = ps_normal((ps_rng_key){r->seed, 0, i, PS_RNG_TEST}, d);
    ps_status status = ps_pool_launch(r->pool, 0, roots, r->M, err);
    return status == PS_OK ? append(r, generation, err) : status;
}

/* log Ẑ of one run with M particles. *generations is how many it took to get to β = 1. */
static ps_status sample(double target_ess, size_t M, uint64_t seed, kernel move, double *log_z, size_t *generations,
                        ps_error *err) {
    static run r;
    const uint32_t *ids;
    size_t n;
    double beta = 0;
    const ps_temperature temperature = {
        .mode = PS_ADAPTIVE_ESS, .beta_min = 0, .beta_max = 1, .target_ess = target_ess, .monotone = true};
    r = (run){.M = M, .seed = seed};
    ps_status status = ps_pool_create(&(ps_pool_params){.weighting = PS_BALANCE, .max_depth = 1}, &r.pool, err);
    if (status == PS_OK) status = first(&r, err);
    while (status == PS_OK && beta < 1 && r.generations < MOST_GENERATIONS) {
        status = ps_pool_prepare(r.pool, &ids, &n, err);
        if (status != PS_OK) break;
        beta = ps_temperature_beta(&temperature, ess, r.pool, beta, M, 0, 0);
        status = next(&r, ids, n, beta, move, err);
    }
    if (status == PS_OK) status = ps_pool_prepare(r.pool, &ids, &n, err);
    if (status == PS_OK) {
        *log_z = ps_pool_log_z(r.pool, 1, 0); /* eq. 16 with the last generation included */
        *generations = r.generations;
    }
    ps_pool_free(r.pool);
    return status;
}

int main(int argc, char **argv) {
    const double targets[] = {0.5, 0.9, 2, 3};
    const size_t runs = argc > 1 ? strtoul(argv[1], NULL, 10) : 50;
    const uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    int wrong = 0;
    printf("log Z is %.5f; mean and standard deviation over %zu runs of %d particles\n", TRUE_LOG_Z, runs,
           MOST_PARTICLES);
    for (size_t t = 0; t < sizeof targets / sizeof *targets; t++) {
        double sum = 0, squares = 0, generations = 0;
        for (size_t r = 0; r < runs; r++) {
            ps_error err;
            double log_z;
            size_t g;
            if (sample(targets[t], MOST_PARTICLES, seed + r, metropolis, &log_z, &g, &err) != PS_OK) {
                fprintf(stderr, "gaussian: %s\n", err.message);
                return 1;
            }
            sum += log_z;
            squares += log_z * log_z;
            generations += (double)g;
        }
        const double n = (double)runs, mean = sum / n, deviation = sqrt(fmax(0, squares / n - mean * mean));
        printf("target_ess %.1f: log Z %.2f +- %.2f, %4.1f generations\n", targets[t], mean, deviation,
               generations / n);
        wrong += fabs(mean - TRUE_LOG_Z) > 0.3;
    }
    return wrong > 0;
}
