/* What the weights cost: the mixture of eq. 15 for a pool of snapshots × events on one core, beside the same
 * computation in numpy, in each version of the inner loops, against a vector library's exp, and as the pool grows; then
 * a whole selection of a large `lineage` pool.
 *
 * usage: bench_weights [PYTHON]     PYTHON: an interpreter that has numpy (default python3) */
#include "core/kernels.h"
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EVENTS = 100, REPEATS = 40 };

static double *doubles(size_t n) {
    double *x = malloc(n * sizeof *x);
    if (x == NULL) {
        fprintf(stderr, "bench_weights: out of memory\n");
        exit(1);
    }
    return x;
}

/* The same numbers as bench_weights_numpy.py. */
static void fill(double *ell, size_t n, ps_mix_terms *terms) {
    for (size_t i = 0; i < n; i++)
        ell[i] = -50 * fmod((double)i * 0.6180339887498949, 1.0);
    ps_mix_reset(terms);
    for (size_t e = 0; e < EVENTS; e++) {
        double beta = (double)e / EVENTS;
        ps_mix_add(terms, beta, log(1.0 / EVENTS) + 20 * beta);
    }
}

static double checksum(const double *x, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return sum;
}

/* Milliseconds for one mixture, the best of some. */
static double time_mixture(const ps_kernels *kernels, const double *ell, size_t n, const ps_mix_terms *terms,
                           double *out) {
    double best = INFINITY;
    for (int r = 0; r < REPEATS; r++) {
        for (size_t i = 0; i < n; i++)
            out[i] = -INFINITY;
        double start = ps_now();
        kernels->mix(ell, n, terms, out);
        best = fmin(best, ps_now() - start);
    }
    return best * 1e3;
}

/* Run the numpy version and keep the best times so far; false when there is none. */
static bool time_numpy(const char *python, size_t n, double *whole, double *blocks, double *sum) {
    double now_whole, now_blocks;
    char command[4096];
    /* The variable would force numpy's linear algebra onto one kind of processor; nothing here uses it. */
    snprintf(command, sizeof command, "unset OPENBLAS_CORETYPE; '%s' '%s/bench/bench_weights_numpy.py' %zu %d", python,
             PS_SOURCE_DATADIR, n, EVENTS);
    FILE *pipe = popen(command, "r");
    if (pipe == NULL) return false;
    bool ok = fscanf(pipe, "whole %lf %lf blocks %lf %lf", &now_whole, sum, &now_blocks, sum) == 4;
    if (pclose(pipe) != 0 || !ok) return false;
    *whole = fmin(*whole, now_whole);
    *blocks = fmin(*blocks, now_blocks);
    return true;
}

/* A neighbour's load comes and goes: all take turns, and the best of each counts. */
static void compare_with_numpy(const char *python, size_t n) {
    enum { TURNS = BENCH_RUNS, MOST_KERNELS = 8 };
    double *ell = doubles(n), *out = doubles(n), whole = INFINITY, blocks = INFINITY, sum = 0;
    double best[MOST_KERNELS] = {0}, ours[TURNS], theirs[TURNS];
    ps_mix_terms terms;
    const ps_kernels *kernels;
    bool numpy = true;
    fill(ell, n, &terms);
    for (int turn = 0; turn < TURNS; turn++) {
        double turn_whole = INFINITY, turn_blocks = INFINITY;
        numpy = numpy && time_numpy(python, n, &turn_whole, &turn_blocks, &sum);
        whole = fmin(whole, turn_whole);
        blocks = fmin(blocks, turn_blocks);
        theirs[turn] = turn_blocks; /* the faster of numpy's two */
        for (size_t c = 0; (kernels = ps_kernels_get(c)) != NULL; c++) {
            double now = time_mixture(kernels, ell, n, &terms, out);
            best[c] = turn > 0 ? fmin(best[c], now) : now;
            if (c == 0) ours[turn] = now; /* the best table is the first */
        }
    }
    printf("mixture of %zu snapshots x %d events, one core:\n", n, EVENTS);
    if (numpy)
        printf("  numpy %8.2f ms, in cache-sized blocks %.2f ms\n", whole, blocks);
    else
        printf("  numpy: not available from %s\n", python);
    for (size_t c = 0; (kernels = ps_kernels_get(c)) != NULL; c++) {
        printf("  %-7s %6.2f ms, %.2f ns per term", kernels->name, best[c], best[c] * 1e6 / (double)n / EVENTS);
        if (numpy) printf(": %.1f times as fast as numpy, %.1f times as in blocks", whole / best[c], blocks / best[c]);
        printf("\n");
    }
    if (numpy) printf("  sums of the results differ by %.1e relative\n", fabs(checksum(out, n) / sum - 1));
    if (numpy) bench_report("weights_numpy", ours, theirs, TURNS, "ms", 1);
    free(ell);
    free(out);
}

static void show_growth(void) {
    printf("growth (%s):\n", ps_kernels_best()->name);
    for (size_t n = 1000; n <= 1000000; n *= 10) {
        double *ell = doubles(n), *out = doubles(n), best = INFINITY;
        ps_mix_terms terms;
        fill(ell, n, &terms);
        double ms = time_mixture(ps_kernels_best(), ell, n, &terms, out);
        for (int r = 0; r < REPEATS; r++) {
            double start = ps_now();
            volatile double ess = ps_ess_at(ell, out, n, 0.7);
            (void)ess;
            best = fmin(best, ps_now() - start);
        }
        printf("  %7zu snapshots: mixture %8.3f ms, %.2f ns per term; ESS at one beta %7.3f ms, %.2f ns per snapshot\n",
               n, ms, ms * 1e6 / (double)n / EVENTS, best * 1e3, best * 1e9 / (double)n);
        free(ell);
        free(out);
    }
}

/* ---- A whole selection --------------------------------------------------- */

static void check(ps_status status) {
    if (status == PS_OK) return;
    fprintf(stderr, "bench_weights: %s\n", ps_status_text(status));
    exit(1);
}

static double ess_of_pool(void *pool, double beta) {
    return ps_pool_ess(pool, beta);
}

/* 1,000 particles launched anew in each of 100 events from all over a pool of 10⁵ prefixes of up to 20 steps. */
static void time_lineage(void) {
    enum { M = 1000, MOST = M * EVENTS + 1 };
    ps_pool *pool;
    static uint32_t running[M];
    static size_t picks[M];
    double *W = doubles(MOST), uniform, prepare = 0, solve = 0, rest = 0, last_prepare = 0;
    check(ps_pool_create(&(ps_pool_params){.depth_decay = 0.8, .max_depth = 20}, &pool, NULL));
    check(ps_pool_launch(pool, 0, running, M, NULL));
    const ps_temperature t = {
        .mode = PS_ADAPTIVE_ESS, .beta_max = 1, .target_ess = 0.5, .tolerance = 1e-4, .max_iterations = 50};
    for (uint64_t e = 0; e < EVENTS; e++) {
        const uint32_t *ids;
        size_t n, picked;
        double time[4] = {ps_now()};
        for (uint64_t i = 0; i < M; i++) {
            double ell = ps_pool_snapshots(pool)[running[i]].ell - ps_uniform((ps_rng_key){1, 0, e, PS_RNG_TEST}, i);
            check(ps_pool_append(pool, running[i], ell, ell, PS_OPEN, &running[i], NULL));
        }
        check(ps_pool_advance(pool, NULL));
        time[1] = ps_now();
        check(ps_pool_prepare(pool, &ids, &n, NULL));
        time[2] = ps_now();
        double beta = ps_temperature_beta(&t, ess_of_pool, pool, 0, M, e, EVENTS);
        time[3] = ps_now();
        check(ps_pool_weights(pool, beta, W, NULL));
        uniform = ps_uniform((ps_rng_key){1, 0, e, PS_RNG_RESAMPLE}, 0);
        ps_resample_input in = {.W = W, .n = n, .M = M, .uniforms = &uniform};
        check(ps_resampler_find("systematic")->pick(&in, picks, &picked, NULL));
        for (size_t i = 0; i < M; i++)
            running[i] = ids[picks[i]];
        check(ps_pool_launch(pool, beta, running, M, NULL));
        last_prepare = time[2] - time[1];
        prepare += last_prepare;
        solve += time[3] - time[2];
        rest += ps_now() - time[3] + time[1] - time[0];
    }
    printf("lineage pool grown to %zu snapshots by %d events: %.0f ms in all: prepare %.0f (the last one %.1f), search "
           "for "
           "beta %.0f, append, weights, resample and launch %.0f\n",
           ps_pool_size(pool), EVENTS, (prepare + solve + rest) * 1e3, prepare * 1e3, last_prepare * 1e3, solve * 1e3,
           rest * 1e3);
    ps_pool_free(pool);
    free(W);
}

int main(int argc, char **argv) {
    compare_with_numpy(argc > 1 ? argv[1] : "python3", 100000);
    show_growth();
    time_lineage();
    return 0;
}
