/* How to use the machine for this model: how many contexts of how many threads, flash attention or not, and how many
 * problems together. Nothing is assumed: candidates decode for a moment, unless the options decide, the model is on a
 * GPU (one context, libllama's own choice) or so large that measuring would take long. What was measured is kept in a
 * file and read back the next time (layout_file.c). */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* sched_getaffinity NOLINT(bugprone-reserved-identifier) */
#endif
#include "engine/llama/tune.h"

#include "engine/llama/lane.h"
#include "engine/llama/log.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Cores that this process may run on. */
static int32_t cores_allowed(void) {
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
#endif
    const long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int32_t)n : 1;
}

/* … and the time it may have of them: a container's quota ("200000 100000": two cores; "max …": all). */
static int32_t count_cores(void) {
    const int32_t allowed = cores_allowed();
    double quota = 0, period = 0;
    char line[64] = "";
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "r");
    if (file != NULL && fgets(line, sizeof line, file) == NULL) line[0] = '\0';
    if (file != NULL) fclose(file);
    const size_t blank = strcspn(line, " "), end = strcspn(line, "\n");
    const bool limited = blank < end && ps_parse_real(line, blank, &quota) &&
                         ps_parse_real(line + blank + 1, end - blank - 1, &period) && quota > 0 && period > 0;
    if (!limited || quota >= period * allowed) return allowed;
    return quota > period ? (int32_t)(quota / period + 0.5) : 1;
}

static bool on_gpu(const ps_llama_options *options) {
    return options->gpu_layers != 0 && ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_GPU) != NULL;
}

/* ---- Candidates ---------------------------------------------------------- */

static const uint64_t large = 1000000000, small = 50000000; /* parameters */

typedef struct candidates {
    ps_layout layouts[PS_MOST_LAYOUTS];
    size_t n;
} candidates;

static void add_candidate(candidates *c, const ps_llama_options *o, int32_t lanes, int32_t threads) {
    if (lanes > PS_MAX_LANES || (o->contexts > 0 && lanes != o->contexts)) return;
    if (o->threads > 0) threads = o->threads;
    for (size_t i = 0; i < c->n; i++)
        if (c->layouts[i].lanes == lanes && c->layouts[i].threads == threads) return;
    for (int32_t flash = 0; flash < 2; flash++)
        if ((o->flash_attn < 0 || flash == o->flash_attn) && c->n < PS_MOST_LAYOUTS)
            c->layouts[c->n++] = (ps_layout){.lanes = lanes, .threads = threads, .flash_attn = flash};
}

/* All that the options leave open: a context for every core, for every fourth, one for all of them or (threads of one
 * core slow each other down) half of them; and libllama's default, so that nobody can say it would have been faster. */
static candidates list_candidates(const ps_llama_options *options, int32_t cores) {
    candidates c = {0};
    const int32_t usual = llama_context_default_params().n_threads;
    const int32_t lanes = options->contexts > 0 ? options->contexts : 1;
    const int32_t share = cores / lanes > 0 ? cores / lanes : 1;
    add_candidate(&c, options, cores < PS_MAX_LANES ? cores : PS_MAX_LANES, 1);
    if (cores >= 8) add_candidate(&c, options, cores / 4, 4);
    add_candidate(&c, options, lanes, share);
    if (share >= 4) add_candidate(&c, options, lanes, share / 2);
    if (lanes == 1) add_candidate(&c, options, 1, usual);
    return c;
}

/* What a file says was measured, if it is just what would be: it cannot bring in a layout that nobody asked for. */
static bool load_candidates(const char *file, const char *key, candidates *c) {
    candidates kept = {0};
    if (!ps_layout_load(file, key, kept.layouts, &kept.n) || kept.n != c->n) return false;
    for (size_t i = 0; i < c->n; i++) {
        const ps_layout *a = &kept.layouts[i], *b = &c->layouts[i];
        if (a->lanes != b->lanes || a->threads != b->threads || a->flash_attn != b->flash_attn) return false;
    }
    *c = kept;
    return true;
}

/* ---- Where the measurement is kept --------------------------------------- */

/* The processor in words; "" where it does not say. */
static void processor(char *out, size_t size) {
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "r");
    out[0] = '\0';
    while (file != NULL && !out[0] && fgets(line, sizeof line, file) != NULL) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || colon == NULL) continue;
        snprintf(out, size, "%.*s", (int)strcspn(colon + 1, "\n"), colon + 1);
    }
    if (file != NULL) fclose(file);
}

/* All that the measurement depends on, in words. */
static void describe_key(const ps_llama *engine, const ps_llama_options *o, int32_t cores, ps_text *key) {
    char words[128], cpu[200];
    llama_model_desc(engine->model, words, sizeof words);
    processor(cpu, sizeof cpu);
    ps_text_printf(key, "persamp %s, ggml %s %s; %s; %d cores,%s; ", PERSAMP_VERSION, ggml_version(), ggml_commit(),
                   llama_print_system_info(), (int)cores, cpu);
    ps_text_printf(key, "model %s, %llu parameters, %s; ", words,
                   (unsigned long long)llama_model_n_params(engine->model), engine->identity);
    ps_text_printf(key, "contexts %d, threads %d, flash attention %d, KV %s, GPU layers %d", o->contexts, o->threads,
                   o->flash_attn, ggml_type_name(engine->kv_type), o->gpu_layers);
}

/* ---- Choosing ------------------------------------------------------------ */

/* One that fails stays unmeasured and is not chosen. Whatever takes much longer than another did is not the better one:
 * no more time is spent on it. */
static void measure(ps_llama *engine, candidates *c) {
    const bool heavy = llama_model_n_params(engine->model) > small;
    double limit = heavy ? 4 : 1; /* s, of one */
    ps_llama_log_detach(engine);  /* a measurement cut short is an error to libllama, not to anybody else */
    for (size_t i = 0; i < c->n; i++) {
        const double start = ps_now();
        if (!ps_llama_probe(engine, &c->layouts[i], heavy, limit)) continue;
        const double twice = 2 * (ps_now() - start);
        if (twice < limit) limit = twice;
    }
    ps_llama_log_attach(engine);
    ps_llama_log_clear();
}

/* What nobody measures: a GPU, a large model, and what must be the same every time. */
static bool is_settled(const ps_llama *engine, ps_llama_options *o, int32_t cores, bool gpu, ps_layout *layout) {
    const uint64_t n = llama_model_n_params(engine->model);
    const bool many = engine->deterministic && n < small;
    if (engine->kv_type == GGML_TYPE_Q8_0) o->flash_attn = 1; /* a quantised V cache needs it */
    if (!gpu && n <= large && !engine->deterministic) return false;
    if (engine->deterministic && !gpu && o->flash_attn < 0) o->flash_attn = 0;
    const int32_t most = cores < PS_MAX_LANES ? cores : PS_MAX_LANES;
    const int32_t lanes = o->contexts > 0 ? o->contexts : many && !gpu ? most : 1;
    const int32_t share = cores / lanes > 0 ? cores / lanes : 1;
    *layout = (ps_layout){.lanes = lanes, .threads = o->threads > 0 ? o->threads : share, .flash_attn = o->flash_attn};
    return true;
}

static ps_layout choose(ps_llama *engine, const ps_llama_options *options, bool gpu, ps_text *how) {
    const int32_t cores = count_cores();
    ps_llama_options open = *options;
    ps_text key = {0}, path = {0};
    ps_layout layout = {0};
    if (is_settled(engine, &open, cores, gpu, &layout)) return layout;
    candidates c = list_candidates(&open, cores);
    describe_key(engine, &open, cores, &key);
    const bool keeps = options->cache_dir != NULL && ps_text_ok(&key);
    if (keeps) ps_layout_path(options->cache_dir, ps_text_cstr(&key), &path);
    const char *file = keeps && ps_text_ok(&path) ? ps_text_cstr(&path) : NULL;
    if (file != NULL && load_candidates(file, ps_text_cstr(&key), &c)) {
        ps_text_printf(how, "as measured before; %s", file);
    } else {
        if (c.n > 1 ||
            file != NULL) { /* else there is nothing to choose, and nowhere to keep what it costs to know more */
            const double start = ps_now();
            measure(engine, &c);
            ps_text_printf(how, "measured in %.1f s", ps_now() - start);
        }
        if (file != NULL && ps_layout_measured(&c.layouts[ps_layout_choose(c.layouts, c.n, 0)]) &&
            ps_layout_store(file, ps_text_cstr(&key), c.layouts, c.n))
            ps_text_printf(how, ", kept; %s", file);
    }
    layout = c.layouts[ps_layout_choose(c.layouts, c.n, (size_t)options->width)];
    if (!ps_layout_measured(&layout) && llama_model_n_params(engine->model) > small && options->contexts == 0)
        layout = (ps_layout){.lanes = 1, .threads = cores, .flash_attn = layout.flash_attn};
    ps_text_clear(&key);
    ps_text_clear(&path);
    return layout;
}

/* How many tokens an idle sequence is worth its place for. Each token decoded pays for every cell it is attended over,
 * masked or not; computing a cell's token again costs about a pass through the weights. An idle cell has cost that much
 * after 2·parameters / (4·width·layers) tokens (the rule of the ski rental: never more than twice the best choice). */
static uint64_t time_to_live_of(const ps_llama *engine) {
    enum { LEAST = 512 };
    const uint64_t layers = (uint64_t)llama_model_n_layer(engine->model);
    const uint64_t attention = 4 * (uint64_t)engine->n_embd * (layers ? layers : 1);
    const uint64_t worth = 2 * llama_model_n_params(engine->model) / attention;
    return worth > LEAST ? worth : LEAST;
}

/* Sequences of a lane. libllama looks at every pair of them before every batch: at 256 that is a seventh of the time of
 * a small model's batches of two or three tokens, at 64 nothing. Eight lines for each that a problem keeps busy are
 * several problems, or what a search of many rounds may go back to. */
static uint32_t sequences_of(const ps_llama *engine, size_t width) {
    enum { FEW = 64, LINES = 8 };
    size_t most = (size_t)llama_max_parallel_sequences();
    if (most > PS_MAX_SEQUENCES) most = PS_MAX_SEQUENCES;
    if (engine->deterministic) return 1;
    if (width == 0 || width > most / LINES) return (uint32_t)most;
    return (uint32_t)(LINES * width > FEW ? LINES * width : FEW);
}

static void describe(const ps_llama *engine, bool gpu, const ps_text *how, ps_text *out) {
    char words[128], model[192];
    const ps_layout *s = &engine->layout;
    llama_model_desc(engine->model, words, sizeof words);
    ps_llama_describe(words, llama_model_n_params(engine->model), llama_model_size(engine->model), model, sizeof model);
    ps_text_printf(out, "%s; %s, %d context%s of %d thread%s, flash attention %s", model, gpu ? "GPU" : "CPU",
                   (int)s->lanes, s->lanes == 1 ? "" : "s", (int)s->threads, s->threads == 1 ? "" : "s",
                   s->flash_attn < 0   ? "as libllama chooses"
                   : s->flash_attn > 0 ? "on"
                                       : "off");
    if (how->length > 0) ps_text_printf(out, "; %s", ps_text_cstr(how));
    if (ps_layout_measured(s))
        ps_text_printf(out, "; %.0f tokens/s with problems of 1 sequence, %.0f of 4, %.0f of 16", ps_layout_speed(s, 1),
                       ps_layout_speed(s, 4), ps_layout_speed(s, 16));
}

/* Said, not changed: who asks for it may know better. */
static void warn_of_threads(const ps_llama *engine, const ps_llama_options *o) {
    const int32_t cores = count_cores(), threads = engine->layout.lanes * engine->layout.threads;
    if ((o->contexts == 0 && o->threads == 0) || threads <= cores || engine->gpu) return;
    ps_log_printf(&engine->log, PS_LOG_WARNING,
                  "%d contexts of %d threads are more than the %d core%s that this process may use: threads that wait "
                  "for each other then slow the model down, up to a hundred times; leave engine.llama.contexts and "
                  "engine.llama.threads at auto, or keep their product to %d",
                  (int)engine->layout.lanes, (int)engine->layout.threads, (int)cores, cores == 1 ? "" : "s",
                  (int)cores);
}

ps_status ps_llama_tune(ps_llama *engine, const ps_llama_options *options, ps_error *err) {
    const bool gpu = on_gpu(options);
    ps_text how = {0};
    engine->gpu = gpu;
    engine->layout = choose(engine, options, gpu, &how);
    engine->n_lanes = (size_t)engine->layout.lanes;
    warn_of_threads(engine, options);
    engine->time_to_live = time_to_live_of(engine);
    engine->sequences = sequences_of(engine, (size_t)options->width);
    describe(engine, gpu, &how, &engine->description);
    const bool good = ps_text_ok(&how) && ps_text_ok(&engine->description);
    ps_text_clear(&how);
    return good ? PS_OK : ps_nomem(err);
}

/* Sequences that a context serves well where nothing was measured. */
static size_t usual_sequences(const ps_llama *engine) {
    return engine->gpu ? 64 : 16;
}

/* The tokens of an answer, half as many again as those of Qwen2.5 on GSM8K; the shipped models' have thirty. */
static size_t usual_line(const ps_llama *engine) {
    return llama_model_n_params(engine->model) > small ? 512 : 0;
}

/* What KV may take: of a GPU a quarter of what the weights left. */
static size_t memory_for_cells(const ps_llama *engine) {
    enum { ON_CPU = 1 << 30 };
    size_t left = 0, all = 0;
    if (engine->gpu) ggml_backend_dev_memory(ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_GPU), &left, &all);
    return left > 0 ? left / 4 : ON_CPU;
}

size_t ps_llama_cells(const ps_llama *engine, size_t bytes) {
    enum { LEAST = 8192, SPARE = 2 };
    const size_t wanted = SPARE * usual_sequences(engine) * usual_line(engine);
    const size_t room = memory_for_cells(engine) / engine->n_lanes / bytes, cells = wanted > LEAST ? wanted : LEAST;
    return cells < room ? cells : room;
}

size_t ps_llama_in_flight(const ps_llama *engine, size_t width) {
    const ps_lane *lane = &engine->lanes[0];
    const ps_capacity capacity = {lane->cells, (size_t)lane->n_sequences, usual_sequences(engine), usual_line(engine)};
    if (engine->deterministic) return engine->n_lanes;
    return ps_layout_in_flight(&engine->layout, width, &capacity);
}
