/* What batches cost in one way to use the machine: contexts as the lanes would have them decode for a moment, all at
 * once. Two caches are tried, one with a single prompt and one with a thousand cells of several, since what a token is
 * attended over costs, too.
 *
 * Sequence 0 computes one prompt; the rest of the fuller cache is copies of its state, which cost no computation. There
 * the sequences of a batch belong to different prompts, each in its turn: flash attention passes over cells that no
 * token of a group of them is to see, and in a run the cells of problems lie mixed. */
#include "engine/llama/guard.h"
#include "engine/llama/lane.h"
#include "engine/llama/threadpool.h"
#include "engine/llama/tune.h"

#include <string.h>
#include <time.h>

enum { WIDEST = 64, LONGEST_PROMPT = 96, FILLED = 1152, CELLS = 2048 };
static const double moment = 0.02;     /* seconds for a size of batch, at least; the least of its times counts */
static const double too_long = 0.5;    /* no size is tried that must be expected to take longer */
static const double long_enough = 0.1; /* likewise in the fuller cache: one such size says it all */

typedef struct probe {
    struct llama_context *context;
    struct ggml_threadpool *pool;
    struct llama_batch batch;
    double deadline; /* of all of it: beyond it the model is too heavy, or the machine too busy */
    int prompt, copies;
    int lanes, threads;
    double seconds[2][PS_COST_POINTS];
} probe;

/* Processor time where it is known whose it is, so that whatever else the machine does counts less. */
static double clock_of(const probe *p) {
    struct timespec t;
    const clockid_t clock = p->threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_PROCESS_CPUTIME_ID;
    if ((p->threads > 1 && p->lanes > 1) || clock_gettime(clock, &t) != 0) return ps_now();
    return ((double)t.tv_sec + 1e-9 * (double)t.tv_nsec) / p->threads;
}

/* ggml's threads wait for each other by spinning: among other busy programs one decode of two threads may take seconds.
 */
static bool is_late(void *argument) {
    return ps_now() > ((const probe *)argument)->deadline;
}

static void add(probe *p, int position, int sequence, bool output) {
    const int32_t i = p->batch.n_tokens++;
    p->batch.token[i] = 0;
    p->batch.pos[i] = position;
    p->batch.n_seq_id[i] = 1;
    p->batch.seq_id[i][0] = sequence;
    p->batch.logits[i] = output;
}

static bool decode(probe *p) {
    const bool good = llama_decode(p->context, p->batch) == 0;
    llama_synchronize(p->context);
    return good;
}

/* One prompt that all sequences share, as the particles of a problem do. */
static bool start(probe *p) {
    p->batch.n_tokens = 0;
    for (int i = 0; i < p->prompt; i++)
        add(p, i, 0, i == p->prompt - 1);
    if (!decode(p)) return false;
    for (int s = 1; s < WIDEST; s++)
        llama_memory_seq_cp(llama_get_memory(p->context), 0, s, 0, p->prompt);
    return true;
}

/* The same prompt several times more, in cells of their own: other problems. */
static bool fill(probe *p) {
    const size_t size = llama_state_seq_get_size(p->context, 0);
    uint8_t *state = ps_malloc(size);
    bool good = state != NULL && llama_state_seq_get_data(p->context, state, size, 0) > 0;
    for (int i = 0; i < p->copies && good; i++)
        good = llama_state_seq_set_data(p->context, state, size, WIDEST + i) > 0;
    ps_free(state);
    llama_memory_t memory = llama_get_memory(p->context);
    for (int s = 1; s < WIDEST && good; s++) {
        if (s % (1 + p->copies) == 0) continue;
        llama_memory_seq_rm(memory, s, -1, -1);
        llama_memory_seq_cp(memory, WIDEST + s % (1 + p->copies) - 1, s, 0, p->prompt);
    }
    return good;
}

/* Seconds of one batch of a token for each of n sequences, its cells free again afterwards; 0: it failed or was late.
 */
static double time_batch(probe *p, int n) {
    p->batch.n_tokens = 0;
    for (int s = 0; s < n; s++)
        add(p, p->prompt, s, true);
    const double start = clock_of(p);
    const bool good = decode(p);
    const double took = clock_of(p) - start;
    for (int s = 0; s < n; s++)
        llama_memory_seq_rm(llama_get_memory(p->context), s, p->prompt, -1);
    return good ? took : 0;
}

/* The least time of a batch of n tokens. Batches of another size stand between, as in a run, where requests come and
 * go: libllama builds its graph anew for each change. */
static void time_point(probe *p, int n, double *seconds) {
    const double start = ps_now();
    const int other = n == 1 ? 2 : n - 1;
    do {
        const double took = time_batch(p, n);
        if (took <= 0) return;
        if (*seconds == 0 || took < *seconds) *seconds = took;
        if (took < moment) (void)time_batch(p, other);
    } while (ps_now() - start < moment);
}

/* All sizes of batch, as far as they do not take too long. */
static void time_points(probe *p, double limit, double *seconds) {
    for (int i = 0; i < PS_COST_POINTS; i++) {
        if (i > 0 && seconds[i - 1] * ps_cost_tokens[i] / ps_cost_tokens[i - 1] > limit) return;
        time_point(p, ps_cost_tokens[i], &seconds[i]);
        if (seconds[i] == 0) return;
    }
}

static void *probe_main(void *argument) {
    probe *p = argument;
    llama_set_abort_callback(p->context, is_late, p);
    if (!start(p)) return NULL;
    time_points(p, too_long, p->seconds[0]);
    if (fill(p)) time_points(p, long_enough, p->seconds[1]);
    return NULL;
}

static bool open_probe(probe *p, ps_llama *engine, const ps_layout *layout, bool heavy, double deadline) {
    struct llama_context_params params = ps_lane_params(engine, CELLS, layout->threads);
    p->prompt = heavy ? 16 : LONGEST_PROMPT;
    p->copies = FILLED / p->prompt - 1;
    params.n_seq_max = (uint32_t)(WIDEST + p->copies);
    params.flash_attn_type = (enum llama_flash_attn_type)layout->flash_attn;
    p->lanes = layout->lanes;
    p->threads = layout->threads;
    p->deadline = deadline;
    p->context = ps_guarded_context(engine->model, params);
    p->batch = llama_batch_init(LONGEST_PROMPT, 0, 1); /* the prompt is the largest */
    if (p->context != NULL) p->pool = ps_threadpool_attach(p->context, layout->threads, PS_THREADPOOL_POLL);
    return p->context != NULL && p->batch.token != NULL;
}

/* The mean over the lanes, where all of them have it. */
static void gather(const probe *probes, int n, double seconds[2][PS_COST_POINTS]) {
    for (int full = 0; full < 2; full++)
        for (int i = 0; i < PS_COST_POINTS; i++) {
            double sum = 0;
            bool all = true;
            for (int k = 0; k < n; k++) {
                sum += probes[k].seconds[full][i];
                all = all && probes[k].seconds[full][i] > 0;
            }
            seconds[full][i] = all ? sum / n : 0;
        }
}

bool ps_llama_probe(ps_llama *engine, ps_layout *layout, bool heavy, double limit) {
    probe *probes = ps_calloc((size_t)layout->lanes, sizeof *probes);
    pthread_t threads[PS_MAX_LANES];
    int started = 0;
    /* Threads that cannot be started end the process inside ggml. */
    const size_t more = (size_t)layout->lanes * (size_t)layout->threads;
    bool good = probes != NULL && ps_threads_can_start(more) == more;
    const double deadline = ps_now() + limit;
    for (int i = 0; i < layout->lanes && good; i++)
        good = open_probe(&probes[i], engine, layout, heavy, deadline);
    while (good && started < layout->lanes &&
           pthread_create(&threads[started], NULL, probe_main, &probes[started]) == 0)
        started++;
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    if (good && started == layout->lanes) {
        double seconds[2][PS_COST_POINTS];
        const double cells[2] = {probes[0].prompt, FILLED};
        gather(probes, started, seconds);
        good = ps_costs_fit(seconds, cells, &layout->costs);
    }
    for (int i = 0; i < layout->lanes && probes != NULL; i++) {
        if (probes[i].batch.token != NULL) llama_batch_free(probes[i].batch);
        if (probes[i].context != NULL) llama_free(probes[i].context);
        ps_threadpool_free(probes[i].pool);
    }
    ps_free(probes);
    return good && started == layout->lanes;
}
