/* What a run asks of libllama, written to a file for llama_replay.h to do again. A line each:
 *
 *     C lanes threads n_ctx n_batch n_seq_max flash_attn kv_type     once
 *     D lane n_tokens time seq:pos[*] …                              a batch, when it began (s); * asks for logits
 *     K lane from to n                                               positions 0 … n − 1 of a sequence are copied
 *     R lane seq n                                                   positions from n on are removed
 *     W lane batches batches …                                       the lane rested until here; what all had done
 *
 * Lines of one lane are in order; those of two lanes lie as they came. */
#ifndef PERSAMP_BENCH_LLAMA_RECORD_H
#define PERSAMP_BENCH_LLAMA_RECORD_H

#include "engine/llama/engine.h"

#include <stdio.h>

typedef struct bench_record {
    FILE *file;
    ps_llama *engine;
    ps_llama_trace trace;
} bench_record;

/* Listen to an engine on libllama to which nothing was submitted yet. Exits where the file cannot be written. */
void bench_record_open(bench_record *record, ps_engine *engine, const char *path);
void bench_record_close(bench_record *record); /* once the engine is freed */

#endif
