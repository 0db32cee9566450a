/* Text and tokens. From any thread. */
#ifndef PERSAMP_ENGINE_LLAMA_TEXT_H
#define PERSAMP_ENGINE_LLAMA_TEXT_H

#include "engine/llama/engine.h"

/* As ps_engine_tokenize. */
ps_status ps_llama_tokenize(ps_engine *base, const char *text, size_t length, bool special, ps_token **tokens,
                            size_t *n, ps_error *err);
/* The bytes of a token, none for a special one, appended to text. */
void ps_llama_piece(const ps_llama *engine, ps_token token, ps_text *text);

#endif
