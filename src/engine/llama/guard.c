/* Calls of libllama under guard. What it complains of goes to the log, where log.h finds it as the first error. */
#include "engine/llama/guard.h"

#include "engine/llama/log.h"

#ifndef PS_HAVE_GUARD
bool ps_llama_guard(void (*call)(void *argument), void *argument, char *why, size_t size) {
    (void)why;
    (void)size;
    call(argument);
    return true;
}
#endif

static bool run(void (*call)(void *argument), void *argument) {
    char why[512];
    const bool good = ps_llama_guard(call, argument, why, sizeof why);
    if (!good) ps_llama_log_error(why);
    return good;
}

typedef struct load_call {
    const char *path;
    struct llama_model_params params;
    struct llama_model *model;
} load_call;

static void load(void *argument) {
    load_call *c = argument;
    c->model = llama_model_load_from_file(c->path, c->params);
}

struct llama_model *ps_guarded_load(const char *path, struct llama_model_params params) {
    load_call c = {.path = path, .params = params};
    return run(load, &c) ? c.model : NULL;
}

typedef struct context_call {
    struct llama_model *model;
    struct llama_context_params params;
    struct llama_context *context;
} context_call;

static void make_context(void *argument) {
    context_call *c = argument;
    c->context = llama_init_from_model(c->model, c->params);
}

struct llama_context *ps_guarded_context(struct llama_model *model, struct llama_context_params params) {
    context_call c = {.model = model, .params = params};
    return run(make_context, &c) ? c.context : NULL;
}

typedef struct tokenize_call {
    const struct llama_vocab *vocab;
    const char *text;
    llama_token *tokens;
    int32_t length, room, count;
    bool special;
} tokenize_call;

static void tokenize(void *argument) {
    tokenize_call *c = argument;
    c->count = llama_tokenize(c->vocab, c->text, c->length, c->tokens, c->room, false, c->special);
}

int32_t ps_guarded_tokenize(const struct llama_vocab *vocab, const char *text, int32_t length, llama_token *tokens,
                            int32_t room, bool special) {
    tokenize_call c = {
        .vocab = vocab, .text = text, .tokens = tokens, .length = length, .room = room, .special = special};
    return run(tokenize, &c) ? c.count : INT32_MIN;
}
