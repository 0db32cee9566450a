#include "llama_record.h"

#include "engine/llama/lane.h"

#include <stdlib.h>

static int number_of(const bench_record *r, const ps_lane *lane) {
    return (int)(lane - r->engine->lanes);
}

/* What a lane rested for came of what the lanes, itself among them, had done by then. */
static void write_rest(const bench_record *r, const ps_lane *lane) {
    pthread_mutex_lock(&r->engine->mutex);
    flockfile(r->file);
    fprintf(r->file, "W %d", number_of(r, lane));
    for (size_t i = 0; i < r->engine->n_lanes; i++)
        fprintf(r->file, " %llu", (unsigned long long)r->engine->stats[i].batches);
    fputc('\n', r->file);
    funlockfile(r->file);
    pthread_mutex_unlock(&r->engine->mutex);
}

/* The engine's mutex comes first, since the others may be called with it; the stream's lock keeps a line whole. */
static void write_batch(void *user, const ps_lane *lane, bool rested) {
    const bench_record *r = user;
    const struct llama_batch *b = &lane->batch;
    if (rested) write_rest(r, lane);
    flockfile(r->file);
    fprintf(r->file, "D %d %d %.7f", number_of(r, lane), (int)b->n_tokens, ps_now());
    for (int32_t i = 0; i < b->n_tokens; i++)
        fprintf(r->file, " %d:%d%s", (int)b->seq_id[i][0], (int)b->pos[i], b->logits[i] ? "*" : "");
    fputc('\n', r->file);
    funlockfile(r->file);
}

static void write_copy(void *user, const ps_lane *lane, int from, int to, size_t n) {
    const bench_record *r = user;
    fprintf(r->file, "K %d %d %d %zu\n", number_of(r, lane), from, to, n);
}

static void write_removal(void *user, const ps_lane *lane, int sequence, size_t n) {
    const bench_record *r = user;
    fprintf(r->file, "R %d %d %zu\n", number_of(r, lane), sequence, n);
}

void bench_record_open(bench_record *record, ps_engine *engine, const char *path) {
    enum { BUFFER = 1 << 20 };
    ps_llama *llama = (ps_llama *)engine;
    const struct llama_context_params p = ps_lane_params(llama, llama->lanes[0].cells, llama->layout.threads);
    *record = (bench_record){.file = fopen(path, "w"), .engine = llama};
    if (record->file == NULL) {
        fprintf(stderr, "bench: cannot write the recording %s\n", path);
        exit(1);
    }
    setvbuf(record->file, NULL, _IOFBF, BUFFER);
    fprintf(record->file, "C %zu %d %u %u %u %d %d\n", llama->n_lanes, (int)p.n_threads, p.n_ctx, p.n_batch,
            p.n_seq_max, (int)p.flash_attn_type, (int)p.type_k);
    record->trace = (ps_llama_trace){write_batch, write_copy, write_removal, record};
    llama->trace = &record->trace;
}

void bench_record_close(bench_record *record) {
    fclose(record->file);
}
