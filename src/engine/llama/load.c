/* Loading a model and the end of an engine. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* sched_getaffinity, dladdr NOLINT(bugprone-reserved-identifier) */
#endif
#include "base/clock.h"
#include "engine/llama/backends.h"
#include "engine/llama/check.h"
#include "engine/llama/guard.h"
#include "engine/llama/lane.h"
#include "engine/llama/log.h"
#include "engine/llama/prompt.h"
#include "engine/llama/text.h"
#include "engine/llama/trial.h"
#include "engine/llama/tune.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- Once per process ---------------------------------------------------- */

static pthread_once_t backend_once = PTHREAD_ONCE_INIT;

/* The folder asked for by the first engine; plug-ins stay for the life of the process. */
static char backend_folder[4096];

static void load_backends(void) {
    ps_backends_load(backend_folder[0] != '\0' ? backend_folder : NULL);
    /* Where there are none yet, libllama has ggml look for some, in the current folder too. */
    if (ggml_backend_dev_count() > 0) llama_backend_init();
}

static pthread_mutex_t folder_mutex = PTHREAD_MUTEX_INITIALIZER;

static ps_status start_backends(const char *folder, ps_error *err) {
    pthread_mutex_lock(&folder_mutex);
    if (folder != NULL && !backend_folder[0]) snprintf(backend_folder, sizeof backend_folder, "%s", folder);
    pthread_once(&backend_once, load_backends);
    pthread_mutex_unlock(&folder_mutex);
    if (ggml_backend_dev_count() == 0)
        return ps_fail(
            err, PS_ENGINE,
            "no ggml back end was found beside libggml%s%s: set engine.llama.backend_dir to the folder of its "
            "plug-ins",
            folder != NULL ? " or in " : "", folder != NULL ? folder : "");
    return PS_OK;
}

/* ---- The model ----------------------------------------------------------- */

static ps_status parse_kv_type(ps_llama *engine, const char *name, ps_error *err) {
    if (name == NULL || strcmp(name, "f16") == 0)
        engine->kv_type = GGML_TYPE_F16;
    else if (strcmp(name, "f32") == 0)
        engine->kv_type = GGML_TYPE_F32;
    else if (strcmp(name, "q8_0") == 0)
        engine->kv_type = GGML_TYPE_Q8_0;
    else
        return ps_fail(err, PS_ARG, "kv_type is \"%s\"; expected f16, f32 or q8_0", name);
    return PS_OK;
}

static size_t longest_token(const struct llama_vocab *vocab) {
    size_t longest = 1;
    for (llama_token token = 0; token < llama_vocab_n_tokens(vocab); token++) {
        const char *text = llama_vocab_get_text(vocab, token);
        const size_t n = text != NULL ? strlen(text) : 0;
        if (n > longest) longest = n;
    }
    return longest;
}

/* Without the tokens at the end that nobody can write: converters add one for each row that pads the output matrix. */
static size_t words_of(const struct llama_vocab *vocab) {
    llama_token n = llama_vocab_n_tokens(vocab);
    while (n > 1 && (llama_vocab_get_attr(vocab, n - 1) & LLAMA_TOKEN_ATTR_UNUSED) != 0)
        n--;
    return (size_t)n;
}

static ps_status load_model(ps_llama *engine, const ps_llama_options *options, ps_error *err) {
    struct llama_model_params params = llama_model_default_params();
    params.n_gpu_layers = options->gpu_layers;
    ps_llama_log_clear();
    engine->model = ps_guarded_load(options->model_path, params);
    if (engine->model == NULL) {
        char why[256];
        ps_llama_log_take_error(why, sizeof why);
        return ps_fail(err, PS_ENGINE, "libllama cannot load %s: %s", options->model_path,
                       why[0] ? why : "no reason given");
    }
    if (llama_model_has_encoder(engine->model) || !llama_model_has_decoder(engine->model) ||
        llama_model_is_recurrent(engine->model) || llama_model_is_hybrid(engine->model) ||
        llama_model_is_diffusion(engine->model))
        return ps_fail(
            err, PS_ENGINE,
            "%s is not a decoder with a KV cache only (an encoder, recurrent, hybrid or diffusion model): its "
            "prefixes cannot be shared",
            options->model_path);
    engine->vocab = llama_model_get_vocab(engine->model);
    if (llama_vocab_type(engine->vocab) == LLAMA_VOCAB_TYPE_NONE)
        return ps_fail(err, PS_FORMAT, "%s has no tokenizer", options->model_path);
    engine->n_vocab = (size_t)llama_vocab_n_tokens(engine->vocab);
    engine->n_words = words_of(engine->vocab);
    engine->n_embd = (size_t)llama_model_n_embd_out(engine->model);
    engine->longest_token = longest_token(engine->vocab);
    return ps_llama_find_marks(engine, err);
}

/* Tokens an answer may have: what was asked for, at most what the model was trained on. */
static void set_context(ps_llama *engine, const ps_llama_options *options) {
    enum { USUAL = 4096 };
    const int32_t trained = llama_model_n_ctx_train(engine->model);
    int32_t n = options->n_ctx > 0 ? options->n_ctx : USUAL;
    if (trained > 0 && n > trained) {
        if (options->n_ctx > 0)
            ps_log_printf(&engine->log, PS_LOG_WARNING, "%s was trained on %d tokens: a context of %d is cut to that",
                          engine->model_path, (int)trained, options->n_ctx);
        n = trained;
    }
    engine->context = (size_t)n;
}

/* KV cells of a lane: room for a few problems at once and for one answer, a multiple of 256 as libllama wants. */
static size_t choose_cells(const ps_llama *engine, const ps_llama_options *options) {
    if (options->cells > 0) return (size_t)options->cells;
    const size_t heads = (size_t)llama_model_n_head(engine->model);
    const size_t width = engine->n_embd / (heads ? heads : 1) * (size_t)llama_model_n_head_kv(engine->model);
    const size_t cell = 2 * (size_t)llama_model_n_layer(engine->model) * (width ? width : 1) *
                        (engine->kv_type == GGML_TYPE_F32 ? 4 : 2);
    size_t cells = ps_llama_cells(engine, cell);
    const size_t least = engine->context + engine->context / 4;
    cells = cells > least ? cells : least;
    return (cells + 255) / 256 * 256;
}

static ps_status open_lanes(ps_llama *engine, const ps_llama_options *options, ps_error *err) {
    const size_t cells = choose_cells(engine, options);
    if (cells < engine->context) {
        ps_log_printf(&engine->log, PS_LOG_WARNING, "a KV cache of %zu cells cuts an answer with its prompt to that",
                      cells);
        engine->context = cells;
        engine->cells_short = true;
    }
    engine->lanes = ps_calloc(engine->n_lanes, sizeof *engine->lanes);
    engine->stats = ps_calloc(engine->n_lanes, sizeof *engine->stats);
    if (engine->lanes == NULL || engine->stats == NULL) return ps_nomem(err);
    ps_status status = PS_OK;
    for (size_t i = 0; i < engine->n_lanes && status == PS_OK; i++)
        status = ps_lane_open(&engine->lanes[i], engine, cells, err);
    for (size_t i = 0; i < engine->n_lanes && status == PS_OK; i++)
        status = ps_lane_start(&engine->lanes[i], err);
    return status;
}

static ps_status check_gpu(const ps_llama_options *options, ps_error *err) {
    if (!options->need_gpu || ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_GPU) != NULL) return PS_OK;
    return ps_fail(err, PS_ENGINE,
                   "a GPU is demanded (system.device cuda) and this libllama finds none; use system.device auto, or a "
                   "libllama built for the GPU");
}

static ps_status check_options(const ps_llama_options *o, ps_error *err) {
    if (o->model_path == NULL) return ps_fail(err, PS_ARG, "no model path was given");
    if (o->n_ctx < 0 || o->contexts < 0 || o->contexts > PS_MAX_LANES || o->threads < 0 ||
        o->threads > PS_MAX_THREADS || o->cells < 0 || o->width < 0 || o->flash_attn < -1 || o->flash_attn > 1)
        return ps_fail(err, PS_ARG, "an option of the llama engine is out of range (contexts 0–%d, threads 0–512)",
                       PS_MAX_LANES);
    return PS_OK;
}

ps_status ps_engine_llama_create(const ps_llama_options *options, ps_engine **out, ps_error *err) {
    ps_status status = check_options(options, err);
    if (status != PS_OK) return status;
    ps_llama *engine = ps_calloc(1, sizeof *engine);
    if (engine == NULL) return ps_nomem(err);
    engine->base.ops = &ps_llama_ops;
    engine->process = getpid();
    engine->log = options->log;
    engine->deterministic = options->deterministic;
    engine->embeddings = options->embeddings;
    pthread_mutex_init(&engine->mutex, NULL);
    ps_clock_cond_init(&engine->ready);
    engine->model_path = ps_strdup(options->model_path);
    ps_llama_log_attach(engine);
    status = engine->model_path != NULL ? PS_OK : ps_nomem(err);
    if (status == PS_OK) status = parse_kv_type(engine, options->kv_type, err);
    if (status == PS_OK) status = ps_llama_check_file(options->model_path, engine->identity, err);
    if (status == PS_OK) status = start_backends(options->backend_dir, err);
    if (status == PS_OK) status = check_gpu(options, err);
    if (status == PS_OK) status = load_model(engine, options, err);
    if (status == PS_OK) set_context(engine, options);
    if (status == PS_OK)
        status = ps_prompter_create(engine->model, engine->model_path, &engine->log, &engine->prompter, err);
    if (status == PS_OK) status = ps_llama_try(engine, err);
    if (status == PS_OK) status = ps_llama_tune(engine, options, err);
    if (status == PS_OK) status = open_lanes(engine, options, err);
    if (status != PS_OK) {
        ps_llama_destroy(&engine->base);
        return status;
    }
    *out = &engine->base;
    return PS_OK;
}

/* ---- The end ------------------------------------------------------------- */

static void free_nodes(ps_llama *engine) {
    for (size_t i = 0; i < engine->n_lanes && engine->lanes != NULL; i++)
        for (ps_llama_node *x = engine->lanes[i].garbage, *next; x != NULL; x = next) {
            next = x->next;
            ps_llama_node_free(x);
        }
    for (size_t i = 0; i < engine->n_slots; i++)
        ps_llama_node_free(engine->slots[i]);
}

void ps_llama_destroy(ps_engine *base) {
    ps_llama *engine = (ps_llama *)base;
    if (getpid() != engine->process) return; /* its threads are in the other process, and so is what they hold */
    pthread_mutex_lock(&engine->mutex);
    engine->closing = true;
    for (size_t i = 0; i < engine->n_lanes && engine->lanes != NULL; i++)
        if (engine->lanes[i].started) pthread_cond_signal(&engine->lanes[i].wake);
    pthread_mutex_unlock(&engine->mutex);
    for (size_t i = 0; i < engine->n_lanes && engine->lanes != NULL; i++)
        ps_lane_close(&engine->lanes[i]);
    ps_request_list_clear(&engine->results);
    ps_request_list_clear(&engine->delivered);
    free_nodes(engine);
    ps_prompter_free(engine->prompter);
    if (engine->model != NULL) llama_model_free(engine->model);
    ps_llama_log_detach(engine);
    pthread_mutex_destroy(&engine->mutex);
    pthread_cond_destroy(&engine->ready);
    ps_free(engine->lanes);
    ps_free(engine->stats);
    ps_free(engine->slots);
    ps_free(engine->free_slots);
    ps_free(engine->events);
    ps_free(engine->marks);
    ps_free(engine->model_path);
    ps_text_clear(&engine->description);
    ps_free(engine);
}
