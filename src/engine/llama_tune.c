/* How to use the machine for this model: one single-threaded context per core or one context with all cores, flash
 * attention or not. Nothing is assumed: candidates decode for a moment when the model is loaded, unless the options
 * decide, the model is on a GPU (one context, libllama's own choice) or so large that measuring would take long. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* sched_getaffinity NOLINT(bugprone-reserved-identifier) */
#endif
#include "llama_engine.h"

#include <sched.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* Cores this process may use. */
static int32_t count_cores(void) {
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
#endif
    const long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int32_t)n : 1;
}

static bool on_gpu(const ps_llama_options *options) {
    return options->gpu_layers != 0 && ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_GPU) != NULL;
}

/* ---- Measuring ------------------------------------------------------------------------------------------------------
 */

typedef struct way {
    int32_t lanes, threads, flash_attn;
    double speed; /* tokens/s; 0: not measured or failed */
} way;

enum { PROMPT = 64, SEQUENCES = 8 };
static const double moment = 0.06; /* seconds to decode in each way, after a prompt to warm up */
static const double patience =
    0.25; /* seconds after which a way is given up: too heavy a model or too busy a machine */

typedef struct probe {
    struct llama_context *context;
    double deadline;
    struct llama_batch batch;
    int sequences;
    bool alone; /* one thread: its processor time counts, whatever else the machine does */
    double speed;
} probe;

static double clock_of(const probe *p) {
    struct timespec t;
    if (!p->alone || clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t)) return ps_now();
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ggml's threads wait for each other by spinning: among other busy programs one decode of two threads may take seconds.
 */
static bool is_late(void *argument) {
    return ps_now() > ((const probe *)argument)->deadline;
}

static bool decode_next(probe *p, int position) {
    p->batch.n_tokens = p->sequences;
    for (int s = 0; s < p->sequences; s++) {
        p->batch.token[s] = 0;
        p->batch.pos[s] = position;
        p->batch.n_seq_id[s] = 1;
        p->batch.seq_id[s][0] = s;
        p->batch.logits[s] = 1;
    }
    const bool good = llama_decode(p->context, p->batch) == 0;
    llama_synchronize(p->context);
    return good;
}

static bool decode_prompt(probe *p) {
    p->batch.n_tokens = PROMPT;
    for (int i = 0; i < PROMPT; i++) {
        p->batch.token[i] = 0;
        p->batch.pos[i] = i;
        p->batch.n_seq_id[i] = 1;
        p->batch.seq_id[i][0] = 0;
        p->batch.logits[i] = 0;
    }
    p->batch.logits[PROMPT - 1] = 1;
    if (llama_decode(p->context, p->batch)) return false;
    for (int s = 1; s < p->sequences; s++)
        llama_memory_seq_cp(llama_get_memory(p->context), 0, s, 0, PROMPT);
    return decode_next(p, PROMPT);
}

static void *probe_main(void *argument) {
    probe *p = argument;
    p->deadline = ps_now() + patience;
    llama_set_abort_callback(p->context, is_late, p);
    if (!decode_prompt(p)) return NULL;
    const double start = clock_of(p);
    int rounds = 0;
    double took = 0;
    while (took < moment && rounds < PROMPT && decode_next(p, PROMPT + 1 + rounds)) { /* being late ends it, too */
        rounds++;
        took = clock_of(p) - start;
    }
    if (rounds > 0) p->speed = rounds * p->sequences / took;
    return NULL;
}

/* Tokens/s of all lanes of a way together, each with its share of the sequences. */
static void measure(ps_llama *engine, way *w, int32_t cores) {
    probe probes[PS_MAX_LANES] = {0};
    pthread_t threads[PS_MAX_LANES];
    int started = 0;
    bool good = true;
    const int sequences = SEQUENCES * cores / w->lanes;
    engine->flash_attn = w->flash_attn;
    for (int i = 0; i < w->lanes && good; i++) {
        probe *p = &probes[i];
        p->sequences = sequences < PROMPT ? sequences : PROMPT;
        p->alone = w->threads == 1;
        p->context = llama_init_from_model(engine->model, ps_lane_params(engine, 0, w->threads));
        p->batch = llama_batch_init(PROMPT, 0, 1);
        good = p->context && p->batch.token;
    }
    while (good && started < w->lanes && pthread_create(&threads[started], NULL, probe_main, &probes[started]) == 0)
        started++;
    double speed = 0;
    for (int i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
        speed += probes[i].speed;
    }
    w->speed = started == w->lanes ? speed : 0;
    for (int i = 0; i < w->lanes; i++) {
        if (probes[i].batch.token) llama_batch_free(probes[i].batch);
        if (probes[i].context) llama_free(probes[i].context);
    }
}

/* ---- Choosing
 * --------------------------------------------------------------------------------------------------------- */

/* All that the options leave open: both ways to share out the cores, each with and without flash attention. */
static size_t candidates(const ps_llama_options *options, int32_t cores, way ways[4]) {
    const int32_t most = cores < PS_MAX_LANES ? cores : PS_MAX_LANES;
    const int32_t lanes[] = {options->contexts > 0 ? options->contexts : most, 1};
    const int n_lanes = options->contexts > 0 || most == 1 ? 1 : 2;
    size_t n = 0;
    for (int i = 0; i < n_lanes; i++)
        for (int flash = 0; flash < 2; flash++) {
            if (options->flash_attn >= 0 && flash != options->flash_attn) continue;
            const int32_t share = cores / lanes[i] > 0 ? cores / lanes[i] : 1;
            ways[n++] = (way){lanes[i], options->threads > 0 ? options->threads : share, flash, 0};
        }
    return n;
}

/* The fastest; an earlier one wins unless a later is clearly faster, since a moment's measurement is noisy. */
static way fastest(const way *ways, size_t n) {
    way best = ways[0];
    for (size_t i = 1; i < n; i++)
        if (ways[i].speed > 1.25 * best.speed) best = ways[i];
    return best;
}

static way choose(ps_llama *engine, const ps_llama_options *options, bool gpu, double *seconds) {
    const uint64_t large = 1000000000, small = 50000000, n = llama_model_n_params(engine->model);
    const int32_t cores = count_cores();
    way ways[4] = {0};
    ps_llama_options open = *options;
    *seconds = 0;
    if (engine->kv_type == GGML_TYPE_Q8_0) open.flash_attn = 1; /* a quantised V cache needs it */
    if (gpu || n > large) {
        const int32_t lanes = options->contexts > 0 ? options->contexts : 1;
        return (way){lanes, options->threads > 0 ? options->threads : cores, open.flash_attn, 0};
    }
    if (engine->deterministic) { /* a measurement could choose otherwise the next time */
        if (open.flash_attn < 0) open.flash_attn = 0;
        if (open.contexts == 0) open.contexts = n < small ? (cores < PS_MAX_LANES ? cores : PS_MAX_LANES) : 1;
    }
    const size_t n_ways = candidates(&open, cores, ways);
    if (n_ways == 1) return ways[0];
    const double start = ps_now();
    ps_llama_log_detach(engine); /* a measurement cut short is an error to libllama, not to anybody else */
    for (size_t i = 0; i < n_ways; i++) {
        if (ps_now() - start > 0.6) break; /* judge by what is known */
        measure(engine, &ways[i], cores);
    }
    ps_llama_log_attach(engine);
    ps_llama_log_clear();
    *seconds = ps_now() - start;
    const way best = fastest(ways, n_ways);
    if (best.speed > 0 || n < small || options->contexts > 0) return best;
    return (way){1, options->threads > 0 ? options->threads : cores, ways[0].flash_attn, 0};
}

/* How long an idle sequence is worth its place. Each token decoded pays for every cell it is attended over, masked or
 * not; computing a cell's token again costs about a pass through the weights. An idle cell has cost that much after
 * 2·parameters / (4·width·layers) tokens (the rule of the ski rental: never more than twice the best choice). */
static uint64_t patience_of(const ps_llama *engine) {
    enum { LEAST = 512 };
    const uint64_t layers = (uint64_t)llama_model_n_layer(engine->model);
    const uint64_t attention = 4 * (uint64_t)engine->n_embd * (layers ? layers : 1);
    const uint64_t worth = 2 * llama_model_n_params(engine->model) / attention;
    return worth > LEAST ? worth : LEAST;
}

ps_status ps_llama_tune(ps_llama *engine, const ps_llama_options *options, ps_error *err) {
    enum { GROUP = 16 }; /* sequences a context serves well (architecture.md) */
    (void)err;
    const bool gpu = on_gpu(options);
    double seconds;
    const way w = choose(engine, options, gpu, &seconds);
    engine->n_lanes = (size_t)w.lanes;
    engine->threads = w.threads;
    engine->flash_attn = w.flash_attn;
    engine->patience = patience_of(engine);
    engine->parallel = engine->deterministic ? engine->n_lanes : engine->n_lanes * (gpu ? 4 * GROUP : GROUP);
    char words[128], model[192], how[64] = "";
    llama_model_desc(engine->model, words, sizeof words);
    ps_llama_describe(words, llama_model_n_params(engine->model), llama_model_size(engine->model), model, sizeof model);
    if (w.speed > 0) snprintf(how, sizeof how, ", measured %.0f tokens/s in %.2f s", w.speed, seconds);
    snprintf(engine->description, sizeof engine->description,
             "%s; %s, %d context%s of %d thread%s, flash attention %s%s", model, gpu ? "GPU" : "CPU", (int)w.lanes,
             w.lanes == 1 ? "" : "s", (int)w.threads, w.threads == 1 ? "" : "s",
             w.flash_attn < 0   ? "as libllama chooses"
             : w.flash_attn > 0 ? "on"
                                : "off",
             how);
    return PS_OK;
}
