/* Text and tokens. From any thread. */
#ifndef PERSAMP_ENGINE_LLAMA_TEXT_H
#define PERSAMP_ENGINE_LLAMA_TEXT_H

#include "engine/llama/engine.h"

/* PS_BUDGET: a text of so many bytes has more tokens than fit, whatever it says. So nobody pays for looking. */
ps_status ps_llama_check_length(const ps_llama *engine, size_t bytes, ps_error *err);
/* As ps_engine_tokenize. */
ps_status ps_llama_tokenize(ps_engine *base, const char *text, size_t length, bool special, ps_token **tokens,
                            size_t *n, ps_error *err);
/* Once, when the model is loaded: which control tokens are marks of thinking, or begin one. */
ps_status ps_llama_find_marks(ps_llama *engine, ps_error *err);
/* The bytes of a token, appended to text. A control token has none, unless it is a mark of thinking: the verifier and
 * the rule of steps must see where the thinking ends, whatever type a converter gave the token. */
void ps_llama_piece(const ps_llama *engine, ps_token token, ps_text *text);

#endif
