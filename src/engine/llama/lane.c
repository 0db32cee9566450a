/* A lane's life and its loop: take what came in, make a step (batch.c), hand over what is finished. */
#include "engine/llama/lane.h"

#include "engine/llama/batch.h"
#include "engine/llama/cancel.h"
#include "engine/llama/guard.h"
#include "engine/llama/join.h"
#include "engine/llama/log.h"
#include "engine/llama/threadpool.h"

enum { BATCH = 512 };
/* Logits of a batch whose rows are all outputs: a big vocabulary would take half a gigabyte for 512 tokens. */
enum { STATE_BYTES = 64 << 20, FEWEST_STATES = 32 };
/* Logits from which waking other threads costs less than it saves: some 180 µs of one thread. */
enum { MANY_LOGITS = 1 << 18 };

/* ---- Opening and closing ------------------------------------------------- */

struct llama_context_params ps_lane_params(const ps_llama *engine, size_t cells, int32_t threads) {
    struct llama_context_params params = llama_context_default_params();
    /* libllama cuts n_batch to n_ctx and aborts when that is below n_seq_max; fewer cells are our own limit. */
    params.n_ctx = (uint32_t)(cells > BATCH ? (cells + 255) / 256 * 256 : BATCH);
    params.n_batch = BATCH;
    params.n_ubatch = BATCH;
    params.n_seq_max = engine->sequences;
    params.n_threads = threads;
    params.n_threads_batch = threads;
    params.flash_attn_type = (enum llama_flash_attn_type)engine->layout.flash_attn;
    params.pooling_type = LLAMA_POOLING_TYPE_NONE;
    params.type_k = engine->kv_type;
    params.type_v = engine->kv_type;
    params.kv_unified = true; /* forks copy no data */
    params.swa_full = true;   /* a prefix can be forked at any position */
    params.no_perf = true;
    return params;
}

static ps_status open_context(ps_lane *lane, const struct llama_context_params *params, size_t cells, ps_error *err) {
    const ps_llama *engine = lane->engine;
    ps_llama_log_clear();
    lane->context = ps_guarded_context(engine->model, *params);
    if (lane->context == NULL) {
        char why[256];
        ps_llama_log_take_error(why, sizeof why);
        return ps_fail(err, PS_ENGINE, "%s: libllama could not make a context of %zu cells: %s", engine->model_path,
                       cells, why[0] ? why : "no reason given; less memory is needed with a smaller n_ctx");
    }
    lane->memory = llama_get_memory(lane->context);
    lane->n_batch = llama_n_batch(lane->context);
    if (lane->n_batch > llama_n_ubatch(lane->context)) lane->n_batch = llama_n_ubatch(lane->context);
    const size_t rows = STATE_BYTES / (engine->n_vocab * sizeof(float));
    lane->n_states = rows < FEWEST_STATES ? FEWEST_STATES : rows < lane->n_batch ? rows : lane->n_batch;
    const size_t real = llama_n_ctx(lane->context);
    lane->cells = cells < real ? cells : real;
    lane->n_sequences = (int)params->n_seq_max;
    lane->answer = 64; /* until one has ended */
    return PS_OK;
}

/* The context's threads, and who says how many of them are used. In deterministic mode always the same: the number of
 * threads can move the last digit of a sum. */
static void open_threads(ps_lane *lane, int threads) {
    const ps_llama *engine = lane->engine;
    const int there = 1 + (int)ps_threads_can_start((size_t)threads - 1);
    if (there < threads) {
        ps_log_printf(
            &engine->log, PS_LOG_WARNING,
            "%d threads cannot be started here (limits of the system or of the user, ulimit -u): the model runs "
            "with one",
            threads);
        threads = 1;
        llama_set_n_threads(lane->context, 1, 1);
    }
    lane->pool = ps_threadpool_attach(lane->context, threads, PS_THREADPOOL_POLL);
    ps_governor_start(&lane->governor, engine->deterministic || engine->gpu ? 1 : threads);
}

ps_status ps_lane_open(ps_lane *lane, ps_llama *engine, size_t cells, ps_error *err) {
    enum { HOT_BYTES = 64 << 20, FEWEST_HOT = 128 };
    lane->engine = engine;
    pthread_cond_init(&lane->wake, NULL);
    const struct llama_context_params params = ps_lane_params(engine, cells, engine->layout.threads);
    ps_status status = open_context(lane, &params, cells, err);
    if (status != PS_OK) return status;
    open_threads(lane, engine->layout.threads);
    lane->time_to_live = engine->time_to_live;
    lane->max_active = engine->deterministic ? 1 : (size_t)lane->n_sequences;
    const size_t hot = HOT_BYTES / (engine->n_vocab * sizeof(float));
    lane->max_hot = hot > FEWEST_HOT ? hot : FEWEST_HOT;
    lane->batch = llama_batch_init((int32_t)lane->n_batch, 0, 1);
    lane->active = ps_calloc(lane->max_active, sizeof(ps_request *));
    lane->drawing = ps_calloc(lane->max_active, sizeof(ps_request *));
    lane->samplers = ps_calloc((size_t)engine->layout.threads, sizeof *lane->samplers);
    lane->threads_from = MANY_LOGITS;
    if (lane->batch.token == NULL || lane->active == NULL || lane->drawing == NULL || lane->samplers == NULL)
        return ps_nomem(err);
    return ps_threads_create((size_t)engine->layout.threads, &lane->threads, err);
}

void ps_lane_close(ps_lane *lane) {
    if (lane->engine == NULL) return;
    if (lane->started) pthread_join(lane->thread, NULL);
    ps_request_list_clear(&lane->submitted);
    ps_request_list_clear(&lane->inbox);
    ps_request_list_clear(&lane->arrived);
    ps_request_list_clear(&lane->waiting);
    ps_request_list_clear(&lane->finished);
    for (size_t i = 0; i < lane->n_active; i++)
        ps_request_free(lane->active[i]);
    for (size_t i = 0; lane->threads != NULL && i < ps_threads_count(lane->threads); i++)
        ps_sampler_clear(&lane->samplers[i]);
    ps_threads_free(lane->threads);
    ps_free(lane->samplers);
    ps_free(lane->drawing);
    ps_free(lane->active);
    if (lane->batch.token != NULL) llama_batch_free(lane->batch);
    if (lane->context != NULL) llama_free(lane->context);
    ps_threadpool_free(lane->pool);
    pthread_cond_destroy(&lane->wake);
}

/* ---- Coming in ----------------------------------------------------------- */

void ps_lane_submit(ps_lane *lane, ps_request *request) {
    request->behind = lane->under_way;
    if (request->behind != NULL) request->behind->before = request;
    lane->under_way = request;
    lane->n_under_way++;
    lane->engine->under_way++;
    ps_request_push(&lane->submitted, request);
}

/* Free nodes without references, and their parents that have none then. [mutex, left meanwhile] */
static void free_garbage(ps_lane *lane) {
    ps_llama *engine = lane->engine;
    while (lane->garbage != NULL) {
        ps_llama_node *list = lane->garbage;
        lane->garbage = NULL;
        pthread_mutex_unlock(&engine->mutex);
        for (ps_llama_node *x = list; x != NULL; x = x->next) {
            ps_cache_forget(lane, x);
            if (x->adopted) x->parent->children--;
        }
        pthread_mutex_lock(&engine->mutex);
        while (list != NULL) {
            ps_llama_node *next = list->next;
            if (list->parent != NULL) ps_llama_node_unreference(list->parent);
            ps_llama_node_free(list);
            list = next;
        }
    }
}

/* What only the thread that runs the lane may do with a new request. */
static void begin_arrived(ps_lane *lane) {
    for (ps_request *request; (request = ps_request_pop(&lane->arrived)) != NULL;) {
        if (ps_join(lane, request)) continue;
        ps_llama_node_adopt(request->child);
        if (request->parent->root->under_way++ == 0) request->parent->root->round++;
        ps_request_begin(lane->engine, request);
        ps_batch_wait(lane, request, false);
    }
}

/* ---- Going out ----------------------------------------------------------- */

static void leave(ps_lane *lane, ps_request *request) {
    if (request->before != NULL)
        request->before->behind = request->behind;
    else
        lane->under_way = request->behind;
    if (request->behind != NULL) request->behind->before = request->before;
    lane->n_under_way--;
    lane->engine->under_way--;
}

/* Hand over what is finished. [mutex] */
static void publish(ps_lane *lane) {
    ps_llama *engine = lane->engine;
    lane->stats.cells_now = lane->used;
    engine->stats[lane - engine->lanes] = lane->stats;
    if (lane->finished.first == NULL) return;
    for (ps_request *request; (request = ps_request_pop(&lane->finished)) != NULL;) {
        leave(lane, request);
        for (ps_request *follower = request->followers.first; follower != NULL; follower = follower->next)
            leave(lane, follower);
        ps_join_deliver(request, &engine->results);
    }
    pthread_cond_broadcast(&engine->ready);
    if (engine->on_ready != NULL) engine->on_ready(engine->on_ready_user);
}

/* ---- The loop ------------------------------------------------------------ */

/* False: nothing was cancelled. [mutex] */
static bool answer_cancelled(ps_lane *lane) {
    if (!lane->cancels) return false;
    ps_cancel_marked(lane);
    publish(lane);
    return true;
}

/* One batch at most; false: there was nothing to do. [mutex, left meanwhile] */
static bool turn(ps_lane *lane) {
    free_garbage(lane);
    if (answer_cancelled(lane)) return true;
    for (ps_request *request; (request = ps_request_pop(&lane->inbox)) != NULL;)
        ps_request_push(&lane->arrived, request);
    if (lane->arrived.first == NULL && lane->waiting.first == NULL && lane->n_active == 0) return false;
    pthread_mutex_unlock(&lane->engine->mutex);
    begin_arrived(lane);
    ps_batch_step(lane);
    pthread_mutex_lock(&lane->engine->mutex);
    publish(lane);
    return true;
}

void ps_lane_collect(ps_lane *lane) {
    if (lane->awake) return;
    free_garbage(lane);
    if (!answer_cancelled(lane)) publish(lane);
}

void ps_lane_run(ps_lane *lane, double deadline) {
    const ps_llama *engine = lane->engine;
    lane->rested = true;
    while (turn(lane) && engine->results.first == NULL && !engine->woken && ps_now() < deadline) {
    }
}

void ps_lane_wake(ps_lane *lane) {
    if (lane->awake) return;
    lane->awake = true;
    pthread_cond_signal(&lane->wake);
}

static void *lane_main(void *argument) {
    ps_lane *lane = argument;
    ps_llama *engine = lane->engine;
    pthread_mutex_lock(&engine->mutex);
    while (!engine->closing) {
        if (!lane->awake) {
            pthread_cond_wait(&lane->wake, &engine->mutex);
            continue;
        }
        lane->rested = true;
        while (!engine->closing && turn(lane)) {
        }
        lane->awake = false;
    }
    pthread_mutex_unlock(&engine->mutex);
    return NULL;
}

ps_status ps_lane_start(ps_lane *lane, ps_error *err) {
    if (pthread_create(&lane->thread, NULL, lane_main, lane) != 0)
        return ps_fail(err, PS_ENGINE,
                       "cannot start a thread for the model: limits of the system or of the user (ulimit -u)");
    lane->started = true;
    return PS_OK;
}
