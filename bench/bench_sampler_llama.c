/* A token from the logits: our sampler against libllama's own chain (top_k, top_p, temperature, then a draw), in turns,
 * one thread, processor time. Ours also gives both log-probabilities and the entropy, which the chain does not.
 *
 *   bench_sampler_llama [RUNS]      default: 5 turns
 *
 * Then ours with certainty and confidence (ps_event), each against ours without.
 *
 * One JSON line per vocabulary and setting; the logits are normal with a few that stand out, as models' are. The chain
 * truncates before the temperature, as libllama's own programs do; the work is the same. */
#include "engine/sampler/sampler.h"
#include "report.h"

#include <llama.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_RUNS = 101 };

static const ps_rng_key key = {.seed = 1, .purpose = PS_RNG_TEST};

static float *make_logits(size_t n, double spread) {
    float *logits = calloc(n, sizeof *logits);
    if (logits == NULL) exit(1);
    for (size_t i = 0; i < n; i++)
        logits[i] = (float)(spread * ps_normal(key, i) + (i % (n / 10) == 7 ? 6 * spread : 0));
    return logits;
}

/* Microseconds a token. */
static double time_ours(ps_sampler *s, const float *logits, size_t n, const ps_generation *g, int draws) {
    const double start = bench_thread_seconds();
    ps_draw draw;
    for (int i = 0; i < draws; i++)
        if (ps_sample(s, logits, n, g, ps_uniform(key, (uint64_t)i), &draw, NULL) != PS_OK) exit(1);
    return (bench_thread_seconds() - start) / draws * 1e6;
}

static double time_theirs(const float *logits, size_t n, const ps_generation *g, int draws) {
    struct llama_sampler *chain = llama_sampler_chain_init(llama_sampler_chain_default_params());
    if (g->top_k > 0) llama_sampler_chain_add(chain, llama_sampler_init_top_k(g->top_k));
    if (g->top_p < 1) llama_sampler_chain_add(chain, llama_sampler_init_top_p((float)g->top_p, 1));
    llama_sampler_chain_add(chain, llama_sampler_init_temp((float)g->temperature));
    llama_sampler_chain_add(chain, llama_sampler_init_dist(1));
    llama_token_data *data = calloc(n, sizeof *data);
    if (data == NULL) exit(1);
    const double start = bench_thread_seconds();
    for (int i = 0; i < draws; i++) {
        for (size_t t = 0; t < n; t++) /* as llama_sampler_sample does */
            data[t] = (llama_token_data){(llama_token)t, logits[t], 0.0F};
        llama_token_data_array all = {data, n, -1, false};
        llama_sampler_apply(chain, &all);
        if (all.selected < 0) exit(1);
    }
    const double each = (bench_thread_seconds() - start) / draws * 1e6;
    free(data);
    llama_sampler_free(chain);
    return each;
}

/* What certainty and confidence cost where they are asked for, in turns with the same draw without them. */
static void bench_sureness(ps_sampler *s, const float *logits, size_t n, const char *name, const ps_generation *g,
                           size_t runs, int draws) {
    static const char *const what[] = {"certainty", "confidence"};
    for (int k = 0; k < 2; k++) {
        double with[MOST_RUNS], without[MOST_RUNS];
        char row[96];
        ps_generation asking = *g;
        asking.certainty = k == 0;
        asking.confidence = k == 1;
        for (size_t r = 0; r < runs; r++) {
            with[r] = time_ours(s, logits, n, &asking, draws);
            without[r] = time_ours(s, logits, n, g, draws);
        }
        snprintf(row, sizeof row, "sampler_%zu_%s_%s", n, name, what[k]);
        bench_report(row, with, without, runs, "us/token", 1);
    }
}

int main(int argc, char **argv) {
    const size_t runs = argc > 1 ? strtoul(argv[1], NULL, 10) : BENCH_RUNS;
    static const size_t sizes[] = {152064, 539};
    static const struct {
        const char *name;
        double spread;
        ps_generation g;
    } settings[] = {{"t1", 3, {.temperature = 1, .top_p = 1}},
                    {"t0.7_p0.95", 3, {.temperature = 0.7, .top_p = 0.95}},
                    {"t0.7_k40_p0.9", 3, {.temperature = 0.7, .top_p = 0.9, .top_k = 40}},
                    {"flat_t1.5_p0.99", 0.5, {.temperature = 1.5, .top_p = 0.99}}};
    if (runs == 0 || runs > MOST_RUNS) {
        fprintf(stderr, "usage: bench_sampler_llama [RUNS]     from 1 to %d\n", MOST_RUNS);
        return 2;
    }
    ps_sampler s = {0};
    for (size_t v = 0; v < sizeof sizes / sizeof *sizes; v++)
        for (size_t k = 0; k < sizeof settings / sizeof *settings; k++) {
            double ours[MOST_RUNS], theirs[MOST_RUNS];
            char name[64];
            float *logits = make_logits(sizes[v], settings[k].spread);
            const int draws = sizes[v] > 10000 ? 20 : 2000;
            time_ours(&s, logits, sizes[v], &settings[k].g, 3); /* warm: memory is there */
            for (size_t r = 0; r < runs; r++) {
                ours[r] = time_ours(&s, logits, sizes[v], &settings[k].g, draws);
                theirs[r] = time_theirs(logits, sizes[v], &settings[k].g, draws);
            }
            snprintf(name, sizeof name, "sampler_%zu_%s", sizes[v], settings[k].name);
            bench_report(name, ours, theirs, runs, "us/token", 1);
            bench_sureness(&s, logits, sizes[v], settings[k].name, &settings[k].g, runs, draws);
            free(logits);
        }
    ps_sampler_clear(&s);
    return 0;
}
