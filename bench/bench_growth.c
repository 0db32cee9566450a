/* How time and memory grow: particles, problems in flight, steps, a token budget (toy engine, where the program's own
 * work is all there is) and the pool. One table each, and the exponent fitted by least squares on logarithms: 1 is
 * proportional.
 *
 *   bench_growth [MOST]      MOST: largest pool, default 1000000
 *
 * Times are the processor's, of all threads. Each line is per problem and per the thing that grows, so a column that
 * stays level is an exponent of 1; "us a further" is the slope since the line before, free of what is paid once. */
#include "core/kernels.h"
#include "persamp/persamp.h"
#include "report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_POINTS = 16, REPEATS = 3 };

static void stop_on(ps_status status, const ps_error *err) {
    if (status == PS_OK) return;
    fprintf(stderr, "bench_growth: %s\n", err->message);
    exit(1);
}

static double processor_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* What a measurement leaves: seconds, peak resident bytes above an idle process, snapshots made. */
typedef struct cost {
    double seconds, bytes, snapshots;
} cost;

/* In a process of its own, so that peaks do not mix. */
static cost measure(cost (*work)(size_t), size_t n) {
    int pipes[2];
    cost c = {0};
    if (pipe(pipes)) exit(1);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        struct rusage before, after;
        getrusage(RUSAGE_SELF, &before);
        c = work(n);
        getrusage(RUSAGE_SELF, &after);
        c.bytes = (double)(after.ru_maxrss - before.ru_maxrss) * 1024;
        _exit(write(pipes[1], &c, sizeof c) != (ssize_t)sizeof c);
    }
    close(pipes[1]);
    int status;
    const ssize_t got = read(pipes[0], &c, sizeof c);
    close(pipes[0]);
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0 || got != (ssize_t)sizeof c) exit(1);
    return c;
}

static cost least(cost (*work)(size_t), size_t n) {
    cost best = {INFINITY, INFINITY, 0};
    for (int r = 0; r < REPEATS; r++) {
        const cost c = measure(work, n);
        best = (cost){fmin(best.seconds, c.seconds), fmin(best.bytes, c.bytes), c.snapshots};
    }
    return best;
}

static void table(const char *what, cost (*work)(size_t), const size_t *points, size_t n, size_t most) {
    double x[MOST_POINTS], seconds[MOST_POINTS], bytes[MOST_POINTS];
    size_t used = 0;
    printf("\n%-12s %12s %12s %12s %14s %12s\n", what, "cpu ms", "us each", "us a further", "memory KiB", "bytes each");
    for (size_t i = 0; i < n && points[i] <= most; i++, used++) {
        const cost c = least(work, points[i]);
        x[i] = (double)points[i];
        seconds[i] = c.seconds;
        bytes[i] = fmax(c.bytes, 4096);
        const double further = i > 0 ? (seconds[i] - seconds[i - 1]) / (x[i] - x[i - 1]) : seconds[i] / x[i];
        printf("%-12zu %12.2f %12.3f %12.3f %14.0f %12.0f\n", points[i], c.seconds * 1e3, c.seconds / x[i] * 1e6,
               further * 1e6, c.bytes / 1024, c.bytes / x[i]);
        fflush(stdout);
    }
    /* The upper half: below it constants have a say. */
    const size_t from = used > 3 ? used / 2 - (used % 2 == 0) : 0;
    printf("%-12s time ~ n^%.2f, memory ~ n^%.2f (from %zu up)\n", "exponents",
           bench_exponent(x + from, seconds + from, used - from), bench_exponent(x + from, bytes + from, used - from),
           points[from]);
}

/* ---- The program on the synthetic reasoner ------------------------------- */

static void set(ps_config *config, const char *key, size_t value) {
    char text[32];
    ps_error err;
    snprintf(text, sizeof text, "%zu", value);
    stop_on(ps_config_set(config, key, text, "bench", &err), &err);
}

static void say(ps_config *config, const char *key, const char *value) {
    ps_error err;
    stop_on(ps_config_set(config, key, value, "bench", &err), &err);
}

/* A configuration of the synthetic reasoner with rewards; the caller's. */
static ps_config *synthetic(void) {
    ps_config *config;
    ps_error err;
    stop_on(ps_config_create(&config, &err), &err);
    say(config, "engine.type", "toy");
    say(config, "engine.toy.kind", "synthetic");
    say(config, "models.prm.enabled", "true");
    say(config, "scoring.type", "prm_reward");
    say(config, "evaluation.save_intermediate", "false");
    say(config, "evaluation.output_dir", bench_folder());
    return config;
}

/* Solve so many problems. Frees the configuration. */
static cost run(ps_config *config, size_t problems) {
    ps_models *models;
    ps_eval_summary summary = {0};
    ps_error err;
    stop_on(ps_config_check(config, NULL, &err), &err);
    stop_on(ps_models_open(config, NULL, &models, &err), &err);
    const double start = processor_seconds();
    const ps_eval_options options = {.limit = problems, .fresh = true};
    stop_on(ps_eval(config, &options, models, NULL, &summary, &err), &err);
    const cost c = {.seconds = (processor_seconds() - start) / (double)problems};
    ps_eval_summary_clear(&summary);
    ps_models_free(models);
    ps_config_free(config);
    return c;
}

static cost solve(size_t particles, size_t in_flight, size_t steps, size_t problems) {
    ps_config *config = synthetic();
    say(config, "ps.weights", "lineage");
    say(config, "ps.temperature_schedule.monotone", "false");
    say(config, "ps.resample.method", "systematic");
    say(config, "ps.resample.policy", "always");
    set(config, "engine.toy.steps", steps);
    set(config, "generation.max_steps", steps);
    set(config, "models.generator.max_model_len", 4096 + steps);
    set(config, "generation.n_particles", particles);
    set(config, "evaluation.parallel_problems", in_flight);
    return run(config, problems);
}

static cost of_particles(size_t n) {
    return solve(n, 1, 20, 8);
}
static cost of_in_flight(size_t n) { /* a problem's time should not depend on its company: × n for the table */
    cost c = solve(16, n, 20, 4 * n > 32 ? 4 * n : 32);
    c.seconds *= (double)n;
    return c;
}
static cost of_steps(size_t n) {
    return solve(16, 1, n, 4);
}

static cost of_tokens(size_t n) { /* as configured by default: 8 particles in waves, a selection after every step */
    ps_config *config = synthetic();
    set(config, "ps.budget.max_tokens", n);
    return run(config, 1);
}

/* ---- The pool alone ------------------------------------------------------ */

static double ess_of_pool(void *pool, double beta) {
    return ps_pool_ess(pool, beta);
}

/* Grow a pool to n snapshots by n / 100 at a time: every iteration an event. */
static cost grow(ps_weighting weighting, size_t n) {
    const size_t M = n / 100;
    uint32_t *running = calloc(M, sizeof *running);
    size_t *picks = calloc(M, sizeof *picks);
    double *W = calloc(n + 1, sizeof *W);
    ps_pool *pool;
    ps_error err;
    if (running == NULL || picks == NULL || W == NULL) exit(1);
    const ps_temperature t = {
        .mode = PS_ADAPTIVE_ESS, .beta_max = 1, .target_ess = 0.5, .tolerance = 1e-4, .max_iterations = 50};
    const double start = processor_seconds();
    stop_on(
        ps_pool_create(&(ps_pool_params){.weighting = weighting, .depth_decay = 0.5, .max_depth = 1000}, &pool, &err),
        &err);
    stop_on(ps_pool_launch(pool, 0, running, M, &err), &err);
    for (uint64_t e = 0; e < 100; e++) {
        const uint32_t *ids;
        size_t candidates, picked;
        for (uint64_t i = 0; i < M; i++) {
            const double up = ps_uniform((ps_rng_key){1, 0, e, PS_RNG_TEST}, i);
            const double from = ps_pool_snapshots(pool)[running[i]].ell;
            double ell = 0.9 * from - up;
            stop_on(ps_pool_append(pool, running[i], ell, ell, PS_OPEN, &running[i], &err), &err);
        }
        stop_on(ps_pool_advance(pool, &err), &err);
        stop_on(ps_pool_prepare(pool, &ids, &candidates, &err), &err);
        const double beta = ps_temperature_beta(&t, ess_of_pool, pool, 0, M, e, 100);
        stop_on(ps_pool_weights(pool, beta, W, &err), &err);
        const double uniform = ps_uniform((ps_rng_key){1, 0, e, PS_RNG_RESAMPLE}, 0);
        const ps_resample_input in = {.W = W, .n = candidates, .M = M, .uniforms = &uniform};
        stop_on(ps_resampler_find("systematic")->pick(&in, picks, &picked, &err), &err);
        for (size_t i = 0; i < M; i++)
            running[i] = ids[picks[i]];
        stop_on(ps_pool_launch(pool, beta, running, M, &err), &err);
    }
    const cost c = {.seconds = processor_seconds() - start, .snapshots = (double)ps_pool_size(pool)};
    ps_pool_free(pool);
    free(running);
    free(picks);
    free(W);
    return c;
}

static cost of_lineage(size_t n) {
    return grow(PS_LINEAGE, n);
}
static cost of_balance(size_t n) {
    return grow(PS_BALANCE, n);
}

int main(int argc, char **argv) {
    static const size_t particles[] = {8, 16, 32, 64, 128, 256, 512}, in_flight[] = {1, 2, 4, 8, 16, 32, 64},
                        steps[] = {10, 30, 100, 300, 1000}, tokens[] = {5000, 10000, 20000, 40000, 80000, 160000},
                        pool[] = {1000, 10000, 100000, 1000000};
    const size_t most = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000, any = (size_t)-1;
    bench_folder(); /* made here, for the processes to come */
    table("particles", of_particles, particles, sizeof particles / sizeof *particles, any);
    table("in flight", of_in_flight, in_flight, sizeof in_flight / sizeof *in_flight, any);
    table("steps", of_steps, steps, sizeof steps / sizeof *steps, any);
    table("token budget", of_tokens, tokens, sizeof tokens / sizeof *tokens, any);
    table("pool lineage", of_lineage, pool, sizeof pool / sizeof *pool, most);
    table("pool balance", of_balance, pool, sizeof pool / sizeof *pool, most);
    return 0;
}
