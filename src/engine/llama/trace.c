/* What a run asks of libllama, written down for bench/llama_replay.c to do again without the rest of the program. The
 * environment says where; nobody else pays more than a look at a pointer. One engine, one file, a line each:
 *
 *     C lanes threads n_ctx n_batch n_seq_max flash_attn kv_type     once
 *     D lane n_tokens time seq:pos[*] …                              a batch, when it began (s); * asks for logits
 *     K lane from to n                                               positions 0 … n − 1 of a sequence are copied
 *     R lane seq n                                                   positions from n on are removed
 *     W lane batches batches …                                       the lane rested until here; what all had done
 *
 * Lines of one lane are in order; those of two lanes lie as they came. */
#include "engine/llama/engine.h"

#include <stdio.h>
#include <stdlib.h>

ps_status ps_record_open(ps_llama *engine, ps_error *err) {
    enum { BUFFER = 1 << 20 };
    const char *path = getenv("PERSAMP_BENCH_RECORD");
    engine->forgetful = getenv("PERSAMP_BENCH_FORGET") != NULL;
    engine->apart = engine->forgetful || getenv("PERSAMP_BENCH_APART") != NULL;
    if (path == NULL || path[0] == '\0') return PS_OK;
    engine->record = fopen(path, "w");
    if (engine->record == NULL) return ps_fail(err, PS_IO, "cannot write the recording %s", path);
    setvbuf(engine->record, NULL, _IOFBF, BUFFER);
    return PS_OK;
}

void ps_record_close(ps_llama *engine) {
    if (engine->record != NULL) fclose(engine->record);
    engine->record = NULL;
}

void ps_record_contexts(const ps_llama *engine, const struct llama_context_params *p) {
    if (engine->record == NULL) return;
    fprintf(engine->record, "C %zu %d %u %u %u %d %d\n", engine->n_lanes, (int)p->n_threads, p->n_ctx, p->n_batch,
            p->n_seq_max, (int)p->flash_attn_type, (int)p->type_k);
    fflush(engine->record);
}

/* What a lane rested for came of what the lanes, itself among them, had done by then. */
static void record_wake(ps_lane *lane) {
    ps_llama *engine = lane->engine;
    pthread_mutex_lock(&engine->mutex);
    fprintf(engine->record, "W %d", (int)(lane - engine->lanes));
    for (size_t i = 0; i < engine->n_lanes; i++)
        fprintf(engine->record, " %llu", (unsigned long long)engine->stats[i].batches);
    fputc('\n', engine->record);
    pthread_mutex_unlock(&engine->mutex);
    lane->woken = false;
}

/* The stream's lock keeps a line whole. */
void ps_record_batch(ps_lane *lane) {
    FILE *f = lane->engine->record;
    const struct llama_batch *b = &lane->batch;
    if (f == NULL) return;
    flockfile(f);
    if (lane->woken) record_wake(lane);
    fprintf(f, "D %d %d %.7f", (int)(lane - lane->engine->lanes), (int)b->n_tokens, ps_now());
    for (int32_t i = 0; i < b->n_tokens; i++)
        fprintf(f, " %d:%d%s", (int)b->seq_id[i][0], (int)b->pos[i], b->logits[i] ? "*" : "");
    fputc('\n', f);
    funlockfile(f);
}

void ps_record_copy(const ps_lane *lane, int from, int to, size_t n) {
    if (lane->engine->record == NULL) return;
    fprintf(lane->engine->record, "K %d %d %d %zu\n", (int)(lane - lane->engine->lanes), from, to, n);
}

void ps_record_remove(const ps_lane *lane, int s, size_t n) {
    if (lane->engine->record == NULL) return;
    fprintf(lane->engine->record, "R %d %d %zu\n", (int)(lane - lane->engine->lanes), s, n);
}
