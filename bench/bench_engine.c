/* Tokens per second of the engine on libllama.
 *
 *   bench_engine [MODEL.gguf]        default: the shipped model
 *
 * 1. One single-threaded context, n sequences of one prompt, 6 steps of 16 tokens: sharing one prompt's KV, or each
 *    with a root of its own. The two alternate within a run and the median of their ratios is given: on a busy machine
 *    the ratio means more than the tokens/s.
 * 2. The shape of the main job: problems of 8 particles, with the contexts the engine chose for itself.
 * 3. The sampling pass alone at a vocabulary of 152,064. */
#include "engine/sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 6, STEP_TOKENS = 16, REPEATS = 5 };

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

/* n_roots problems × m lines of STEPS steps each; seconds. */
static double run(ps_engine *engine, const ps_generation *g, size_t n_roots, size_t m, size_t *n_tokens) {
    static uint64_t id;
    ps_error err = {0};
    ps_token *prompt = NULL;
    size_t n_prompt = 0, running = n_roots * m;
    int *steps = calloc(running, sizeof *steps);
    ps_node *roots = calloc(n_roots, sizeof *roots);
    stop_on(ps_engine_tokenize(engine, prompt_text, strlen(prompt_text), false, &prompt, &n_prompt, &err), &err);
    const double start = ps_now();
    *n_tokens = 0;
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
        stop_on(ps_engine_poll(engine, true, &events, &n, &err), &err);
        for (size_t k = 0; k < n; k++) {
            const ps_event *e = &events[k];
            *n_tokens += e->n_tokens;
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
    const double seconds = ps_now() - start;
    for (size_t i = 0; i < n_roots; i++)
        ps_engine_release(engine, roots[i]);
    ps_free(prompt);
    free(roots);
    free(steps);
    return seconds;
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
    printf("%s\n%9s %16s %16s %7s\n", info.description, "sequences", "shared tok/s", "separate tok/s", "ratio");
    static const size_t counts[] = {1, 8, 16, 64};
    size_t tokens;
    run(engine, &fixed, 1, 8, &tokens); /* warm */
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        double shared[REPEATS], separate[REPEATS], ratio[REPEATS];
        for (int r = 0; r < REPEATS; r++) {
            const double a = run(engine, &fixed, 1, counts[c], &tokens);
            shared[r] = (double)tokens / a;
            const double b = run(engine, &fixed, counts[c], 1, &tokens);
            separate[r] = (double)tokens / b;
            ratio[r] = shared[r] / separate[r];
        }
        printf("%9zu %16.0f %16.0f %7.2f\n", counts[c], median(shared), median(separate), median(ratio));
    }
    ps_engine_free(engine);
}

static void bench_main_job(const char *model) {
    const double begin = ps_now();
    ps_engine *engine = open_engine(model, 0, 0);
    const double load = ps_now() - begin;
    ps_engine_info info;
    ps_engine_get_info(engine, &info);
    printf("\n%s; loaded in %.2f s\n%9s %16s\n", info.description, load, "problems", "tokens/s");
    static const size_t problems[] = {1, 2, 4, 8};
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++) {
        double speed[REPEATS];
        size_t tokens;
        for (int r = 0; r < REPEATS; r++) {
            const double seconds = run(engine, &fixed, problems[i], 8, &tokens);
            speed[r] = (double)tokens / seconds;
        }
        printf("%5zu × 8 %16.0f\n", problems[i], median(speed));
    }
    ps_engine_free(engine);
}

static void bench_sampling(void) {
    enum { N = 152064, DRAWS = 200 };
    float *logits = calloc(N, sizeof *logits);
    const ps_rng_key key = {.seed = 1, .purpose = PS_RNG_TEST};
    for (size_t i = 0; i < N; i++)
        logits[i] = (float)(3.0 * ps_normal(key, i));
    static const struct {
        const char *name;
        ps_generation g;
    } ways[] = {{"all", {.temperature = 1, .top_p = 1}},
                {"temperature 0.7", {.temperature = 0.7, .top_p = 1}},
                {"top_p 0.95", {.temperature = 1, .top_p = 0.95}},
                {"top_k 40, top_p 0.9", {.temperature = 0.7, .top_p = 0.9, .top_k = 40}}};
    ps_sampler sampler = {0};
    printf("\n%-22s %12s\n", "sampling 152,064", "µs per token");
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
        ps_draw draw;
        const double start = ps_now();
        for (int i = 0; i < DRAWS; i++)
            ps_sample(&sampler, logits, N, &ways[w].g, ps_uniform(key, (uint64_t)i), &draw, NULL);
        printf("%-22s %12.0f\n", ways[w].name, (ps_now() - start) / DRAWS * 1e6);
    }
    ps_sampler_free(&sampler);
    free(logits);
}

int main(int argc, char **argv) {
    const char *model = argc > 1 ? argv[1] : PS_SOURCE_DATADIR "/models/reasoner.gguf";
    bench_sampling();
    bench_sharing(model);
    bench_main_job(model);
    return 0;
}
