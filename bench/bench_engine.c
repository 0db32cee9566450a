/* Tokens per second of the engine on libllama.
 *
 *   bench_engine [MODEL.gguf]        default: the shipped model
 *
 * 1. One single-threaded context, n sequences of one prompt, 6 steps of 16 tokens: sharing one prompt's KV, or each
 *    with a root of its own. The two alternate within a run and the median of their ratios is given.
 * 2. The shape of the main job: problems of 8 particles, with the contexts the engine chose for itself.
 * 3. The sampling pass alone at a vocabulary of 152,064.
 *
 * Tokens/s count time; tokens per processor second (and the ratio, made of these) also mean something on a machine that
 * has other things to do. */
#include "engine/sampler/sampler.h"
#include "persamp/engine_llama.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STEPS = 6, STEP_TOKENS = 16, REPEATS = 3 };

static const char prompt_text[] =
    "Solve $3(x+9)-4x=-5x+9+2(x-7)$ for $x$. Then compute $5\\cdot6+22+6\\cdot9-4$ and add "
    "the two numbers; write the sum as a fraction in lowest terms.";

static void stop_on(ps_status status, const ps_error *err) {
    if (status == PS_OK) return;
    fprintf(stderr, "bench_engine: %s\n", err->message);
    exit(1);
}

static ps_engine *open_engine(const char *model, int contexts, int threads) {
    ps_engine *engine = NULL;
    ps_error err = {0};
    const ps_llama_options options = {.model_path = model,
                                      .n_ctx = 1024,
                                      .contexts = contexts,
                                      .threads = threads,
                                      .flash_attn = -1,
                                      .gpu_layers = -1};
    stop_on(ps_engine_llama_create(&options, &engine, &err), &err);
    return engine;
}

/* Tokens per second and per processor second. */
typedef struct speed {
    double wall, processor;
} speed;

static double processor_seconds(void) {
    return (double)clock() / CLOCKS_PER_SEC; /* of all threads */
}

/* n_roots problems × m lines of STEPS steps each. */
static speed run(ps_engine *engine, const ps_generation *g, size_t n_roots, size_t m) {
    static uint64_t id;
    ps_error err = {0};
    ps_token *prompt = NULL;
    size_t n_prompt = 0, running = n_roots * m, n_tokens = 0;
    int *steps = calloc(running, sizeof *steps);
    ps_node *roots = calloc(n_roots, sizeof *roots);
    stop_on(ps_engine_tokenize(engine, prompt_text, strlen(prompt_text), false, &prompt, &n_prompt, &err), &err);
    const double start = ps_now(), used = processor_seconds();
    for (size_t i = 0; i < n_roots; i++) {
        stop_on(ps_engine_root(engine, prompt, n_prompt, &roots[i], &err), &err);
        for (size_t k = 0; k < m; k++) {
            const ps_extend_request r = {
                .node = roots[i], .key = {.seed = 1, .id = ++id}, .generation = g, .tag = i * m + k};
            stop_on(ps_engine_extend(engine, &r, &err), &err);
        }
    }
    while (running > 0) {
        const ps_event *events = NULL;
        size_t n = 0;
        stop_on(ps_engine_poll(engine, INFINITY, &events, &n, &err), &err);
        for (size_t k = 0; k < n; k++) {
            const ps_event *e = &events[k];
            n_tokens += e->n_tokens;
            if (e->reason == PS_STOP_ERROR) {
                fprintf(stderr, "bench_engine: %s\n", e->message);
                exit(1);
            }
            /* An answer that ends early is begun again, so that all sequences stay busy. */
            const bool goes_on = e->reason == PS_STOP_STEP || e->reason == PS_STOP_LENGTH;
            const ps_extend_request r = {.node = goes_on ? e->child : roots[e->tag / m],
                                         .key = {.seed = 1, .id = ++id},
                                         .generation = g,
                                         .tag = e->tag};
            if (++steps[e->tag] < STEPS)
                stop_on(ps_engine_extend(engine, &r, &err), &err);
            else
                running--;
            ps_engine_release(engine, e->child);
        }
    }
    const speed found = {(double)n_tokens / (ps_now() - start), (double)n_tokens / (processor_seconds() - used)};
    for (size_t i = 0; i < n_roots; i++)
        ps_engine_release(engine, roots[i]);
    ps_free(prompt);
    free(roots);
    free(steps);
    return found;
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values) {
    qsort(values, REPEATS, sizeof *values, by_value);
    return values[REPEATS / 2];
}

static const ps_generation fixed = {.temperature = 1,
                                    .top_p = 1,
                                    .boundary = PS_BOUNDARY_FIXED,
                                    .fixed_tokens = STEP_TOKENS,
                                    .min_tokens = STEP_TOKENS,
                                    .max_tokens = STEP_TOKENS};

static void bench_sharing(const char *model) {
    ps_engine *engine = open_engine(model, 1, 1);
    ps_engine_info info;
    ps_engine_get_info(engine, &info);
    printf("\n%s\n%9s %27s %27s %7s\n", info.description, "", "one prompt shared", "a root for each", "");
    printf("%9s %13s %13s %13s %13s %7s\n", "sequences", "tokens/s", "per cpu s", "tokens/s", "per cpu s", "ratio");
    static const size_t counts[] = {1, 8, 16, 64};
    run(engine, &fixed, 1, 8); /* warm */
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        double numbers[5][REPEATS];
        for (int r = 0; r < REPEATS; r++) {
            const speed shared = run(engine, &fixed, 1, counts[c]), separate = run(engine, &fixed, counts[c], 1);
            numbers[0][r] = shared.wall;
            numbers[1][r] = shared.processor;
            numbers[2][r] = separate.wall;
            numbers[3][r] = separate.processor;
            numbers[4][r] = shared.processor / separate.processor;
        }
        printf("%9zu %13.0f %13.0f %13.0f %13.0f %7.2f\n", counts[c], median(numbers[0]), median(numbers[1]),
               median(numbers[2]), median(numbers[3]), median(numbers[4]));
    }
    ps_engine_free(engine);
}

static void bench_main_job(const char *model) {
    const double begin = ps_now();
    ps_engine *engine = open_engine(model, 0, 0);
    const double load = ps_now() - begin;
    ps_engine_info info;
    ps_engine_get_info(engine, &info);
    printf("\n%s; loaded in %.2f s\n%9s %13s %13s\n", info.description, load, "problems", "tokens/s", "per cpu s");
    static const size_t problems[] = {1, 2, 4, 8};
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++) {
        double wall[REPEATS], processor[REPEATS];
        for (int r = 0; r < REPEATS; r++) {
            const speed found = run(engine, &fixed, problems[i], 8);
            wall[r] = found.wall;
            processor[r] = found.processor;
        }
        printf("%5zu × 8 %13.0f %13.0f\n", problems[i], median(wall), median(processor));
    }
    ps_engine_free(engine);
}

static void bench_sampling(void) {
    enum { N = 152064, DRAWS = 200 };
    float *logits = calloc(N, sizeof *logits);
    const ps_rng_key key = {.seed = 1, .purpose = PS_RNG_TEST};
    for (size_t i = 0; i < N; i++)
        logits[i] = (float)(3.0 * ps_normal(key, i) + (i % 15000 == 7 ? 18 : 0)); /* a few stand out */
    static const struct {
        const char *name;
        ps_generation g;
    } ways[] = {{"all", {.temperature = 1, .top_p = 1}},
                {"temperature 0.7", {.temperature = 0.7, .top_p = 1}},
                {"top_p 0.95", {.temperature = 1, .top_p = 0.95}},
                {"top_k 40, top_p 0.9", {.temperature = 0.7, .top_p = 0.9, .top_k = 40}}};
    ps_sampler sampler = {0};
    printf("\n%-22s %12s\n", "sampling 152,064", "cpu µs/token");
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
        ps_draw draw;
        const double start = processor_seconds();
        for (int i = 0; i < DRAWS; i++)
            ps_sample(&sampler, logits, N, &ways[w].g, ps_uniform(key, (uint64_t)i), &draw, NULL);
        printf("%-22s %12.0f\n", ways[w].name, (processor_seconds() - start) / DRAWS * 1e6);
    }
    ps_sampler_clear(&sampler);
    free(logits);
}

int main(int argc, char **argv) {
    const char *model = argc > 1 ? argv[1] : PS_SOURCE_DATADIR "/models/reasoner.gguf";
    setvbuf(stdout, NULL, _IOLBF, 0);
    bench_sampling();
    bench_sharing(model);
    bench_main_job(model);
    return 0;
}
