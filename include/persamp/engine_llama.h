/* persamp/engine_llama.h: GGUF models in this process, by libllama.
 *
 * Memory: where malloc fails in libllama or ggml, they end the process (std::bad_alloc, an assertion). What the engine
 * itself lacks is PS_NOMEM. */
#ifndef PERSAMP_ENGINE_LLAMA_H
#define PERSAMP_ENGINE_LLAMA_H

#include "persamp/engine.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ps_llama_options {
    const char *model_path;  /* a GGUF file */
    int n_ctx;               /* tokens one answer may have, prompt included (models.*.max_model_len) */
    int contexts;            /* 0: measured at load */
    int threads;             /* per context; 0: from the cores and `contexts` */
    int width;               /* sequences that a problem is expected to keep busy; 0: not known */
    int cells;               /* KV cells per context; 0: chosen; small values force evictions */
    int flash_attn;          /* −1: measured; 0 off; 1 on */
    int gpu_layers;          /* −1: all when a GPU is there; 0: CPU only */
    bool need_gpu;           /* without a GPU it is PS_ENGINE, not the CPU */
    const char *kv_type;     /* "f16" (NULL), "f32", "q8_0" */
    const char *cache_dir;   /* folder where measurements are kept for the next load; made when needed; NULL: nowhere */
    const char *backend_dir; /* folder of ggml's plug-ins; NULL: beside libggml */
    bool deterministic;      /* fixed batch shapes: same results whatever runs beside, at a cost */
    bool embeddings;         /* hidden states will be asked for */
    ps_log log;
} ps_llama_options;

/* Load a model. PS_IO: no such file. PS_FORMAT: damaged, truncated or not a GGUF, or one libllama would abort on.
 * PS_ENGINE: anything else libllama refuses. *engine is owned by the caller (ps_engine_free). */
PS_API ps_status ps_engine_llama_create(const ps_llama_options *options, ps_engine **engine, ps_error *err);

#ifdef __cplusplus
}
#endif
#endif
