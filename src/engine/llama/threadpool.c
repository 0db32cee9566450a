#include "engine/llama/threadpool.h"

#include "engine/llama/guard.h"

#include <ggml-backend.h>
#include <ggml-cpu.h>

/* The functions are in ggml's plug-in for the CPU, which is not linked with. */
static void *function(const char *name) {
    ggml_backend_dev_t cpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    return cpu != NULL ? ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(cpu), name) : NULL;
}

typedef struct ggml_threadpool *make_pool(struct ggml_threadpool_params *params);
typedef void free_pool(struct ggml_threadpool *pool);

typedef struct pool_call {
    struct ggml_threadpool_params params;
    make_pool *make;
    struct ggml_threadpool *made;
} pool_call;

static void make(void *argument) {
    pool_call *c = argument;
    c->made = c->make(&c->params);
}

struct ggml_threadpool *ps_threadpool_attach(struct llama_context *context, int threads, unsigned poll) {
    char why[256];
    pool_call c = {.params = ggml_threadpool_params_default(threads),
                   .make = (make_pool *)function("ggml_threadpool_new")};
    if (threads < 2 || c.make == NULL || function("ggml_threadpool_free") == NULL) return NULL;
    c.params.poll = poll;
    if (!ps_llama_guard(make, &c, why, sizeof why) || c.made == NULL) return NULL;
    llama_attach_threadpool(context, c.made, c.made);
    return c.made;
}

void ps_threadpool_free(struct ggml_threadpool *pool) {
    if (pool == NULL) return;
    free_pool *end = (free_pool *)function("ggml_threadpool_free");
    end(pool);
}
