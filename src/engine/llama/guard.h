/* What libllama would end the process for. It aborts where an assertion of its fails, and throws exceptions of C++,
 * here and there through its C interface. During a guarded call both become a message (guard.cpp), as long as they
 * happen in the thread that called: so a model is loaded, its contexts are made and texts are tokenized under guard,
 * and before anything is decoded by several threads one small batch is tried by one (trial.c). Memory that libllama
 * held then is lost. A signal cannot be caught: what leads to one is looked for before (check_*.c).
 *
 * In a build without C++ there is no guard: the process ends as libllama wants it. */
#ifndef PERSAMP_ENGINE_LLAMA_GUARD_H
#define PERSAMP_ENGINE_LLAMA_GUARD_H

#include <llama.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* call(argument); false: it came to no end, and `why` says what libllama complained of. From any thread. */
bool ps_llama_guard(void (*call)(void *argument), void *argument, char *why, size_t size);

/* As libllama's own, under guard. NULL, and INT32_MIN: it failed. */
struct llama_model *ps_guarded_load(const char *path, struct llama_model_params params);
struct llama_context *ps_guarded_context(struct llama_model *model, struct llama_context_params params);
int32_t ps_guarded_tokenize(const struct llama_vocab *vocab, const char *text, int32_t length, llama_token *tokens,
                            int32_t room, bool special);

#ifdef __cplusplus
}
#endif
#endif
