/* Threads of ggml beside other programs: tokens a second of one context with one thread and with all cores, whose
 * threads libllama starts anew for every batch, or belong to a pool that polls or sleeps between batches, or are used
 * as far as they help (governor.h, as the engine does); alone, and beside one and two programs that never rest. All
 * ways take turns, so that whatever else the machine does meets each.
 *
 *     build/bench/bench_threads_llama [MODEL.gguf] [ROUNDS]        default: the shipped model, 5
 *
 * Prints a table: medians over the rounds. */
#include "engine/llama/engine.h"
#include "engine/llama/governor.h"
#include "engine/llama/guard.h"
#include "engine/llama/threadpool.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SHORT = 96, MOST_ROUNDS = 99, MOST_BUSY = 2 };

typedef struct way {
    const char *name;
    int threads; /* 0: all cores */
    int poll;    /* −1: no pool of our own */
    bool governed;
    ps_governor governor;
    struct llama_context *context;
    struct ggml_threadpool *pool;
    double speed[MOST_BUSY + 1][2][MOST_ROUNDS];
} way;

static way ways[] = {{.name = "1 thread", .threads = 1, .poll = -1},
                     {.name = "all cores, threads of each batch", .poll = -1},
                     {.name = "all cores, a pool that polls (50)", .poll = 50},
                     {.name = "all cores, a pool that sleeps (0)", .poll = 0},
                     {.name = "governed, a pool that polls (50)", .poll = 50, .governed = true}};
enum { WAYS = sizeof ways / sizeof *ways };
static const int widths[] = {1, 16};
static double slow_core; /* s a token, as batch.c has it */

static void die(const char *what) {
    fprintf(stderr, "bench_threads_llama: %s\n", what);
    exit(1);
}

static void open_way(way *w, const ps_llama *engine, int cores) {
    struct llama_context_params params = llama_context_default_params();
    const int threads = w->threads > 0 ? w->threads : cores;
    params.n_ctx = 2048;
    params.n_batch = params.n_ubatch = 512;
    params.n_seq_max = 16;
    params.kv_unified = true;
    params.n_threads = params.n_threads_batch = threads;
    params.no_perf = true;
    w->context = ps_guarded_context(engine->model, params);
    if (w->context == NULL) die("no context");
    if (w->poll >= 0) w->pool = ps_threadpool_attach(w->context, threads, (unsigned)w->poll);
    if (w->poll >= 0 && w->pool == NULL && threads > 1) die("no pool");
    ps_governor_start(&w->governor, threads);
}

/* Tokens a second of batches of `width` sequences, for half a second and at least two batches. */
static double speed_of(way *w, int width) {
    struct llama_batch batch = llama_batch_init(width, 0, 1);
    int tokens = 0;
    llama_memory_clear(llama_get_memory(w->context), false);
    const double start = ps_now();
    for (int position = 0; position < SHORT && (position < 2 || ps_now() - start < 0.5); position++) {
        batch.n_tokens = width;
        for (int s = 0; s < width; s++) {
            batch.token[s] = 1 + s;
            batch.pos[s] = position;
            batch.n_seq_id[s] = 1;
            batch.seq_id[s][0] = s;
            batch.logits[s] = true;
        }
        const int threads = ps_governor_threads(&w->governor);
        const double before = ps_now();
        if (w->governed) llama_set_n_threads(w->context, threads, threads);
        if (llama_decode(w->context, batch) != 0) die("decoding failed");
        llama_synchronize(w->context);
        if (w->governed) ps_governor_after(&w->governor, (size_t)width, ps_now() - before, slow_core * width);
        tokens += width;
    }
    const double took = ps_now() - start;
    llama_batch_free(batch);
    return tokens / took;
}

static pid_t start_busy(void) {
    const pid_t child = fork();
    if (child == 0)
        for (volatile unsigned long i = 0;; i++) {
        }
    return child;
}

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *x, int n) {
    qsort(x, (size_t)n, sizeof *x, ascending);
    return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

int main(int argc, char **argv) {
    const char *path = argc > 1 && strcmp(argv[1], "-") != 0 ? argv[1] : PS_SOURCE_DATADIR "/models/reasoner.gguf";
    int rounds = argc > 2 ? atoi(argv[2]) : 5;
    if (rounds < 1 || rounds > MOST_ROUNDS) die("ROUNDS must be from 1 to 99");
    ps_error err;
    ps_engine *engine = NULL;
    const ps_llama_options options = {.model_path = path, .n_ctx = 512, .contexts = 1, .threads = 1, .flash_attn = 0};
    if (ps_engine_llama_create(&options, &engine, &err) != PS_OK) die(err.message);
    const struct llama_model *model = ((const ps_llama *)engine)->model;
    slow_core = (2.0 * (double)llama_model_n_params(model) + (double)llama_model_size(model)) / 5e9 + 0.005;
    const int cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
    for (int i = 0; i < WAYS; i++)
        open_way(&ways[i], (const ps_llama *)engine, cores);
    for (int round = 0; round < rounds; round++)
        for (int busy = 0; busy <= MOST_BUSY; busy++) {
            pid_t children[MOST_BUSY];
            for (int k = 0; k < busy; k++)
                children[k] = start_busy();
            for (int i = 0; i < WAYS; i++)
                for (int k = 0; k < 2; k++)
                    ways[i].speed[busy][k][round] = speed_of(&ways[i], widths[k]);
            for (int k = 0; k < busy; k++) {
                kill(children[k], SIGKILL);
                waitpid(children[k], NULL, 0);
            }
        }
    printf("%s, %d cores, medians of %d rounds, tokens/s\n", path, cores, rounds);
    printf("%-36s %21s %21s %21s\n", "sequences in a batch: 1, 16", "alone", "one busy program", "two");
    for (int i = 0; i < WAYS; i++) {
        printf("%-36s", ways[i].name);
        for (int busy = 0; busy <= MOST_BUSY; busy++)
            printf(" %10.1f %10.1f", median(ways[i].speed[busy][0], rounds), median(ways[i].speed[busy][1], rounds));
        putchar('\n');
        llama_free(ways[i].context);
        ps_threadpool_free(ways[i].pool);
    }
    ps_engine_free(engine);
    return 0;
}
