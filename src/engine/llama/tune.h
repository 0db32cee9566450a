/* How a model is to use this machine. */
#ifndef PERSAMP_ENGINE_LLAMA_TUNE_H
#define PERSAMP_ENGINE_LLAMA_TUNE_H

#include "engine/llama/engine.h"

/* Decide what ps_llama has under "Tuned" but the lanes themselves, and describe it. */
ps_status ps_llama_tune(ps_llama *engine, const ps_llama_options *options, ps_error *err);

/* Measure what batches cost in a layout, for at most `limit` seconds; false: it could not be. heavy: a model of which a
 * short prompt must do. */
bool ps_llama_probe(ps_llama *engine, ps_layout *layout, bool heavy, double limit);

/* KV cells of a lane: twice what the answers hold that it serves well at once, within memory; a cell takes `bytes`. */
size_t ps_llama_cells(const ps_llama *engine, size_t bytes);

/* As ps_engine_in_flight. The lanes are open. */
size_t ps_llama_in_flight(const ps_llama *engine, size_t width);

/* "qwen2 ?B F16" as llama_model_desc has it, and counts, → "qwen2, 2.4 M parameters, F16, 4.8 MB". */
void ps_llama_describe(const char *words, uint64_t parameters, uint64_t bytes, char *out, size_t size);

#endif
