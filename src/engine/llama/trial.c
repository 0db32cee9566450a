/* A batch of two tokens by one thread, before anything else is decoded. Types, shapes and numbers that ggml cannot
 * compute with show themselves there, under guard; in a batch of several threads they would end the process. */
#include "engine/llama/trial.h"

#include "engine/llama/guard.h"
#include "engine/llama/log.h"

typedef struct trial {
    struct llama_context *context;
    llama_token tokens[2];
    int32_t result;
} trial;

static void decode(void *argument) {
    trial *t = argument;
    t->result = llama_decode(t->context, llama_batch_get_one(t->tokens, 2));
    llama_synchronize(t->context);
}

static void free_context(void *argument) {
    llama_free(((trial *)argument)->context);
}

static struct llama_context_params small_context(const ps_llama *engine) {
    struct llama_context_params params = llama_context_default_params();
    params.n_ctx = 256;
    params.n_batch = 8;
    params.n_ubatch = 8;
    params.n_seq_max = 1;
    params.n_threads = 1;
    params.n_threads_batch = 1;
    params.pooling_type = LLAMA_POOLING_TYPE_NONE;
    params.type_k = engine->kv_type;
    params.type_v = engine->kv_type;
    params.swa_full = true;
    params.no_perf = true;
    return params;
}

ps_status ps_llama_try(ps_llama *engine, ps_error *err) {
    char why[512] = "";
    ps_llama_log_clear();
    trial t = {.context = ps_guarded_context(engine->model, small_context(engine)),
               .tokens = {0, (llama_token)engine->n_vocab - 1}};
    bool good = t.context != NULL && ps_llama_guard(decode, &t, why, sizeof why) && t.result == 0;
    if (!good && !why[0]) ps_llama_log_take_error(why, sizeof why);
    if (t.context != NULL) {
        char lost[64];
        (void)ps_llama_guard(free_context, &t, lost, sizeof lost);
    }
    return good ? PS_OK
                : ps_fail(err, PS_ENGINE, "libllama cannot compute with %s: %s", engine->model_path,
                          why[0] ? why : "no reason given");
}
