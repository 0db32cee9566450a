/* How to use the machine for this model: one single-threaded context per core, or one context with all cores; flash
 * attention or not. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* sched_getaffinity, dladdr */
#endif
#include "llama_engine.h"

#include <sched.h>
#include <stdio.h>
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

ps_status ps_llama_tune(ps_llama *engine, const ps_llama_options *options, ps_error *err) {
    enum { SMALL = 50000000, GROUP = 16 };
    (void)err;
    const int32_t cores = count_cores();
    const bool gpu = on_gpu(options);
    const bool small = llama_model_n_params(engine->model) < SMALL;
    int32_t lanes = options->contexts > 0 ? options->contexts : !gpu && small ? cores : 1;
    if (lanes > PS_MAX_LANES) lanes = PS_MAX_LANES;
    engine->n_lanes = (size_t)lanes;
    engine->threads = options->threads > 0 ? options->threads : cores / lanes > 0 ? cores / lanes : 1;
    engine->flash_attn = options->flash_attn >= 0 ? options->flash_attn : !small || gpu;
    if (engine->kv_type == GGML_TYPE_Q8_0) engine->flash_attn = 1; /* a quantised V cache needs it */
    engine->parallel = engine->deterministic ? engine->n_lanes : engine->n_lanes * GROUP;
    char model[128];
    llama_model_desc(engine->model, model, sizeof model);
    snprintf(engine->description, sizeof engine->description, "%s; %zu context%s × %d thread%s, flash attention %s, %s",
             model, engine->n_lanes, engine->n_lanes == 1 ? "" : "s", (int)engine->threads,
             engine->threads == 1 ? "" : "s", engine->flash_attn ? "on" : "off", gpu ? "GPU" : "CPU");
    return PS_OK;
}
