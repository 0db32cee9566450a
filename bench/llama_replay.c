#include "llama_replay.h"

#include "engine/llama/backends.h"
#include "persamp/base.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void die(const char *what) {
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

static void *room(size_t n, size_t size) {
    void *p = calloc(n + 1, size);
    if (p == NULL) die("out of memory");
    return p;
}

static void start_backends(void) {
    if (ggml_backend_dev_count() > 0) return;
    ps_backends_load(NULL);
    llama_backend_init();
}

struct llama_model *bench_load(const char *path) {
    start_backends();
    struct llama_model_params params = llama_model_default_params();
    params.n_gpu_layers = -1;
    struct llama_model *model = llama_model_load_from_file(path, params);
    if (model == NULL) die("libllama cannot load the model");
    return model;
}

/* ---- A recording --------------------------------------------------------- */

typedef struct call {
    char kind;              /* 'D', 'K', 'R' or 'W' */
    int from, to, n;        /* K: from, to, n; R: from, n */
    size_t first, n_tokens; /* D: its part of the entries; W: n_tokens counts of batches */
    double began[2];        /* D: in the run, in the loop */
} call;

typedef struct entry {
    int sequence, position;
    bool output;
} entry;

typedef struct lane {
    struct llama_context *context;
    call *calls;
    size_t n_calls, calls_capacity;
    entry *entries;
    size_t n_entries, entries_capacity;
    int n_vocab, n_batch;
    pthread_t thread;
    struct recording *recording;
    int done; /* batches, guarded by the recording's mutex */
} lane;

typedef struct recording {
    struct llama_context_params params;
    lane *lanes;
    size_t n_lanes;
    pthread_mutex_t mutex;
    pthread_cond_t progress;
} recording;

static void read_header(recording *r, FILE *f) {
    int threads, flash, kv;
    unsigned n_ctx, n_batch, n_seq;
    if (fscanf(f, " C %zu %d %u %u %u %d %d", &r->n_lanes, &threads, &n_ctx, &n_batch, &n_seq, &flash, &kv) != 7)
        die("the recording has no header");
    r->params = llama_context_default_params();
    r->params.n_ctx = n_ctx;
    r->params.n_batch = r->params.n_ubatch = n_batch;
    r->params.n_seq_max = n_seq;
    r->params.n_threads = r->params.n_threads_batch = threads;
    r->params.flash_attn_type = (enum llama_flash_attn_type)flash;
    r->params.type_k = r->params.type_v = (enum ggml_type)kv;
    r->params.kv_unified = r->params.swa_full = r->params.no_perf = true;
    r->lanes = room(r->n_lanes, sizeof *r->lanes);
}

static void read_batch(lane *l, call *c, FILE *f) {
    if (fscanf(f, "%zu %lf", &c->n_tokens, &c->began[0]) != 2) die("a batch without size and time");
    if (ps_reserve(&l->entries, &l->entries_capacity, l->n_entries + c->n_tokens) != PS_OK) die("out of memory");
    c->first = l->n_entries;
    for (size_t i = 0; i < c->n_tokens; i++) {
        entry *e = &l->entries[l->n_entries++];
        if (fscanf(f, "%d:%d", &e->sequence, &e->position) != 2) die("a damaged batch");
        const int next = fgetc(f);
        e->output = next == '*';
        if (!e->output) ungetc(next, f);
    }
}

/* Counts of batches take the place of positions. */
static void read_wake(const recording *r, lane *l, call *c, FILE *f) {
    c->n_tokens = r->n_lanes;
    c->first = l->n_entries;
    if (ps_reserve(&l->entries, &l->entries_capacity, l->n_entries + c->n_tokens) != PS_OK) die("out of memory");
    for (size_t i = 0; i < c->n_tokens; i++)
        if (fscanf(f, "%d", &l->entries[l->n_entries++].position) != 1) die("a damaged line");
}

static void read_recording(recording *r, const char *path) {
    FILE *f = fopen(path, "r");
    char kind;
    size_t number;
    if (f == NULL) die("there is no recording to do again");
    read_header(r, f);
    while (fscanf(f, " %c %zu", &kind, &number) == 2) {
        if (number >= r->n_lanes) die("a line of a context that is not there");
        lane *l = &r->lanes[number];
        if (ps_reserve(&l->calls, &l->calls_capacity, l->n_calls + 1) != PS_OK) die("out of memory");
        call *c = &l->calls[l->n_calls++];
        *c = (call){.kind = kind};
        if (kind == 'D')
            read_batch(l, c, f);
        else if (kind == 'W')
            read_wake(r, l, c, f);
        else if (kind == 'K' ? fscanf(f, "%d %d %d", &c->from, &c->to, &c->n) != 3
                             : fscanf(f, "%d %d", &c->from, &c->n) != 2)
            die("a damaged line");
    }
    fclose(f);
}

static void fill_batch(const lane *l, const call *c, struct llama_batch *batch) {
    batch->n_tokens = (int32_t)c->n_tokens;
    for (size_t i = 0; i < c->n_tokens; i++) {
        const entry *e = &l->entries[c->first + i];
        batch->token[i] = (llama_token)((e->position * 7919 + e->sequence) % l->n_vocab);
        batch->pos[i] = e->position;
        batch->n_seq_id[i] = 1;
        batch->seq_id[i][0] = e->sequence;
        batch->logits[i] = e->output;
    }
}

static void wait_for_others(lane *l, const call *c) {
    recording *r = l->recording;
    pthread_mutex_lock(&r->mutex);
    for (size_t i = 0; i < r->n_lanes; i++)
        while (&r->lanes[i] != l && r->lanes[i].done < l->entries[c->first + i].position)
            pthread_cond_wait(&r->progress, &r->mutex);
    pthread_mutex_unlock(&r->mutex);
}

static void count_batch(lane *l) {
    pthread_mutex_lock(&l->recording->mutex);
    l->done++;
    pthread_cond_broadcast(&l->recording->progress);
    pthread_mutex_unlock(&l->recording->mutex);
}

static void *replay_lane(void *argument) {
    lane *l = argument;
    llama_memory_t memory = llama_get_memory(l->context);
    struct llama_batch batch = llama_batch_init(l->n_batch, 0, 1);
    for (size_t i = 0; i < l->n_calls; i++) {
        call *c = &l->calls[i];
        if (c->kind == 'K') {
            llama_memory_seq_cp(memory, c->from, c->to, 0, c->n);
        } else if (c->kind == 'R') {
            llama_memory_seq_rm(memory, c->from, c->n, -1);
        } else if (c->kind == 'W') {
            wait_for_others(l, c);
        } else {
            fill_batch(l, c, &batch);
            c->began[1] = ps_now();
            if (llama_decode(l->context, batch) < 0) die("libllama could not decode a recorded batch");
            llama_synchronize(l->context);
            count_batch(l);
        }
    }
    llama_batch_free(batch);
    return NULL;
}

static size_t steps_between(const lane *l, int which, double **steps) {
    const call *last = NULL;
    size_t n = 0;
    *steps = room(l->n_calls, sizeof **steps);
    for (size_t i = 0; i < l->n_calls; i++) {
        const call *c = &l->calls[i];
        if (c->kind != 'D') continue;
        if (last != NULL) (*steps)[n++] = c->began[which] - last->began[which];
        last = c;
    }
    return n;
}

static void free_recording(recording *r) {
    for (size_t i = 0; i < r->n_lanes; i++) {
        ps_free(r->lanes[i].calls);
        ps_free(r->lanes[i].entries);
    }
    free(r->lanes);
}

size_t bench_recorded_steps(const char *path, double **steps) {
    recording r = {0};
    read_recording(&r, path);
    const size_t n = steps_between(&r.lanes[0], 0, steps);
    free_recording(&r);
    return n;
}

double bench_replay(struct llama_model *model, const char *path, double **steps) {
    recording r = {.mutex = PTHREAD_MUTEX_INITIALIZER, .progress = PTHREAD_COND_INITIALIZER};
    read_recording(&r, path);
    for (size_t i = 0; i < r.n_lanes; i++) {
        r.lanes[i].context = llama_init_from_model(model, r.params);
        r.lanes[i].n_vocab = llama_vocab_n_tokens(llama_model_get_vocab(model));
        r.lanes[i].n_batch = (int)r.params.n_batch;
        r.lanes[i].recording = &r;
        if (r.lanes[i].context == NULL) die("libllama could not make a context");
    }
    const double start = ps_now();
    for (size_t i = 0; i < r.n_lanes; i++)
        if (pthread_create(&r.lanes[i].thread, NULL, replay_lane, &r.lanes[i])) die("cannot start a thread");
    for (size_t i = 0; i < r.n_lanes; i++)
        pthread_join(r.lanes[i].thread, NULL);
    const double seconds = ps_now() - start;
    if (steps != NULL) (void)steps_between(&r.lanes[0], 1, steps);
    for (size_t i = 0; i < r.n_lanes; i++)
        llama_free(r.lanes[i].context);
    free_recording(&r);
    return seconds;
}

/* ---- Always full --------------------------------------------------------- */

static void put(struct llama_batch *b, int sequence, int position, bool output, int n_vocab) {
    const int32_t i = b->n_tokens++;
    b->token[i] = (llama_token)((position * 7919 + sequence) % n_vocab);
    b->pos[i] = position;
    b->n_seq_id[i] = 1;
    b->seq_id[i][0] = sequence;
    b->logits[i] = output;
}

/* One context's share of the sequences. */
typedef struct full {
    pthread_t thread;
    struct llama_context *context;
    struct llama_batch batch;
    int sequences, prompt, length, n_vocab;
    bool on_device; /* tokens are drawn there */
    double deadline;
    int steps; /* made */
    int answer;
} full;

static void *decode_always_full(void *argument) {
    full *f = argument;
    for (int i = 0; i < f->prompt; i++)
        put(&f->batch, 0, i, i + 1 == f->prompt, f->n_vocab);
    f->answer = llama_decode(f->context, f->batch);
    for (int s = 1; s < f->sequences; s++)
        llama_memory_seq_cp(llama_get_memory(f->context), 0, s, -1, -1);
    for (; f->steps < f->length && f->answer == 0 && ps_now() < f->deadline; f->steps++) {
        f->batch.n_tokens = 0;
        for (int s = 0; s < f->sequences; s++)
            put(&f->batch, s, f->prompt + f->steps, true, f->n_vocab);
        f->answer = llama_decode(f->context, f->batch);
        llama_synchronize(f->context);
        for (int s = 0; s < f->sequences && f->on_device; s++)
            if (llama_get_sampled_token_ith(f->context, s) == LLAMA_TOKEN_NULL) f->answer = -1;
    }
    return NULL;
}

/* Tokens a second of n contexts of these settings together. */
static double always_full(struct llama_model *model, struct llama_context_params params, size_t n, int sequences,
                          int prompt, int length) {
    if (n > (size_t)sequences) n = (size_t)sequences;
    full *all = room(n, sizeof *all);
    double tokens = 0;
    int answer = 0;
    for (size_t i = 0; i < n; i++) {
        const int share = (sequences + (int)i) / (int)n;
        all[i] = (full){.context = llama_init_from_model(model, params),
                        .batch = llama_batch_init(prompt > share ? prompt : share, 0, 1),
                        .sequences = share,
                        .prompt = prompt,
                        .length = length,
                        .on_device = params.n_samplers > 0,
                        .n_vocab = llama_vocab_n_tokens(llama_model_get_vocab(model))};
        if (all[i].context == NULL) die("libllama could not make a context that is always full");
    }
    const double start = ps_now();
    for (size_t i = 0; i < n; i++) {
        all[i].deadline = start + 3;
        if (pthread_create(&all[i].thread, NULL, decode_always_full, &all[i])) die("cannot start a thread");
    }
    for (size_t i = 0; i < n; i++) {
        pthread_join(all[i].thread, NULL);
        tokens += (double)all[i].sequences * all[i].steps;
        answer = all[i].answer ? all[i].answer : answer;
    }
    const double seconds = ps_now() - start;
    for (size_t i = 0; i < n; i++) {
        llama_batch_free(all[i].batch);
        llama_free(all[i].context);
    }
    free(all);
    if (answer != 0) die("libllama could not decode sequences that are always full");
    return tokens / seconds;
}

double bench_always_full(struct llama_model *model, int sequences, int prompt, int length) {
    struct llama_context_params params = llama_context_default_params();
    params.n_seq_max = (uint32_t)sequences;
    params.n_ctx = (uint32_t)(sequences * ((prompt + length + 255) / 256 * 256));
    return always_full(model, params, 1, sequences, prompt, length);
}

double bench_sampled_on_device(struct llama_model *model, int sequences, int prompt, int length) {
    struct llama_context_params params = llama_context_default_params();
    struct llama_sampler_seq_config *configs = room((size_t)sequences, sizeof *configs);
    for (int s = 0; s < sequences; s++) {
        configs[s].seq_id = s;
        configs[s].sampler = llama_sampler_chain_init(llama_sampler_chain_default_params());
        llama_sampler_chain_add(configs[s].sampler, llama_sampler_init_temp(0.7F));
        llama_sampler_chain_add(configs[s].sampler, llama_sampler_init_dist((uint32_t)s));
    }
    params.n_seq_max = (uint32_t)sequences;
    params.n_ctx = (uint32_t)(sequences * ((prompt + length + 255) / 256 * 256));
    params.samplers = configs;
    params.n_samplers = (size_t)sequences;
    const double speed = always_full(model, params, 1, sequences, prompt, length);
    for (int s = 0; s < sequences; s++)
        llama_sampler_free(configs[s].sampler);
    free(configs);
    return speed;
}

double bench_always_full_as(struct llama_model *model, const char *path, int sequences, int prompt, int length) {
    recording r = {0};
    FILE *f = fopen(path, "r");
    if (f == NULL) die("there is no recording to do again");
    read_header(&r, f);
    fclose(f);
    free(r.lanes);
    return always_full(model, r.params, r.n_lanes, sequences, prompt, length);
}
