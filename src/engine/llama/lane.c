/* A lane: one context, continuous batching. Each round admits what can start, plans one batch of all running
 * requests (first everyone's next token, then prompts in the room that is left), decodes it and lets every
 * request absorb its logits. No request waits for another's step to end. */
#include "engine/llama/engine.h"

#include <string.h>

enum { BATCH = 512 };
/* Logits from which waking the crew costs less than it saves: some 180 µs of one thread. */
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
    params.flash_attn_type = (enum llama_flash_attn_type)engine->setup.flash_attn;
    params.pooling_type = LLAMA_POOLING_TYPE_NONE;
    params.type_k = engine->kv_type;
    params.type_v = engine->kv_type;
    params.kv_unified = true; /* forks copy no data */
    params.swa_full = true;   /* a prefix can be forked at any position */
    params.no_perf = true;
    return params;
}

ps_status ps_lane_open(ps_lane *lane, ps_llama *engine, size_t cells, ps_error *err) {
    enum { HOT_BYTES = 64 << 20, FEWEST_HOT = 128 };
    lane->engine = engine;
    pthread_cond_init(&lane->wake, NULL);
    const struct llama_context_params params = ps_lane_params(engine, cells, engine->setup.threads);
    ps_llama_log_clear();
    lane->context = llama_init_from_model(engine->model, params);
    if (!lane->context) {
        char why[256];
        ps_llama_log_take_error(why, sizeof why);
        return ps_fail(err, PS_ENGINE, "%s: libllama could not make a context of %zu cells: %s", engine->model_path,
                       cells, why[0] ? why : "no reason given; less memory is needed with a smaller n_ctx");
    }
    lane->memory = llama_get_memory(lane->context);
    lane->n_batch = llama_n_batch(lane->context);
    if (lane->n_batch > llama_n_ubatch(lane->context)) lane->n_batch = llama_n_ubatch(lane->context);
    const size_t real = llama_n_ctx(lane->context);
    lane->cells = cells < real ? cells : real;
    lane->n_sequences = (int)params.n_seq_max;
    lane->patience = engine->patience;
    lane->max_active = engine->deterministic ? 1 : (size_t)lane->n_sequences;
    const size_t hot = HOT_BYTES / (engine->n_vocab * sizeof(float));
    lane->max_hot = hot > FEWEST_HOT ? hot : FEWEST_HOT;
    lane->batch = llama_batch_init((int32_t)lane->n_batch, 0, 1);
    lane->active = ps_calloc(lane->max_active, sizeof(ps_work *));
    lane->drawing = ps_calloc(lane->max_active, sizeof(ps_work *));
    lane->samplers = ps_calloc((size_t)engine->setup.threads, sizeof *lane->samplers);
    lane->crew_from = MANY_LOGITS;
    if (!lane->batch.token || !lane->active || !lane->drawing || !lane->samplers) return ps_nomem(err);
    return ps_crew_create((size_t)engine->setup.threads, &lane->crew, err);
}

static void *lane_main(void *argument);

ps_status ps_lane_start(ps_lane *lane, ps_error *err) {
    if (pthread_create(&lane->thread, NULL, lane_main, lane))
        return ps_fail(err, PS_ENGINE, "cannot start a thread for the model");
    lane->started = true;
    return PS_OK;
}

static void free_list(ps_work_list *list) {
    for (ps_work *work; (work = ps_work_pop(list));)
        ps_work_free(work);
}

void ps_lane_close(ps_lane *lane) {
    if (!lane->engine) return;
    if (lane->started) pthread_join(lane->thread, NULL);
    free_list(&lane->submitted);
    free_list(&lane->inbox);
    free_list(&lane->arrived);
    free_list(&lane->waiting);
    free_list(&lane->finished);
    for (size_t i = 0; i < lane->n_active; i++)
        ps_work_free(lane->active[i]);
    for (size_t i = 0; lane->crew && i < ps_crew_size(lane->crew); i++)
        ps_sampler_clear(&lane->samplers[i]);
    ps_crew_free(lane->crew);
    ps_free(lane->samplers);
    ps_free(lane->drawing);
    ps_free(lane->active);
    if (lane->batch.token) llama_batch_free(lane->batch);
    if (lane->context) llama_free(lane->context);
    pthread_cond_destroy(&lane->wake);
}

/* ---- Starting and ending ------------------------------------------------- */

static bool start(ps_lane *lane, ps_work *work) {
    if (lane->crowded || lane->n_active == lane->max_active || !ps_cache_enter(lane, work)) return false;
    lane->active[lane->n_active++] = work;
    return true;
}

static void finish(ps_lane *lane, ps_work *work) {
    const bool useful = work->event.reason != PS_STOP_ERROR && work->event.reason != PS_STOP_EOS &&
                        work->event.reason != PS_STOP_STRING && work->event.reason != PS_STOP_CONTEXT_FULL;
    if (work->event.reason == PS_STOP_ERROR || lane->engine->forgetful)
        ps_cache_drop(lane, work);
    else
        ps_cache_leave(lane, work, useful);
    work->parent->root->under_way--;
    ps_join_close(work);
    ps_work_push(&lane->finished, work);
    lane->crowded = false;
}

/* ---- Drawing ------------------------------------------------------------- */

static void draw_one(void *context, size_t i, size_t member) {
    const ps_lane *lane = context;
    ps_work_sample(lane->drawing[i], lane->engine, &lane->samplers[member]);
}

/* The tokens drawn for a request and its riders. Those who part from it go on at once, from its sequence, or wait. */
static void take_tokens(ps_lane *lane, ps_work *work, ps_work_list *parted) {
    ps_work_list others = {0};
    if (!work->drawn) others = ps_join_part(lane, work);
    if (!work->done) ps_work_take(lane, work);
    for (ps_work *other; (other = ps_work_pop(&others));) {
        if (!other->done) ps_work_take(lane, other);
        if (other->done)
            finish(lane, other);
        else if (!start(lane, other))
            ps_work_push(parted, other);
    }
}

/* What has begun already waits before all others. */
static void put_first(ps_lane *lane, ps_work_list list) {
    if (!list.first) return;
    list.last->next = lane->waiting.first;
    if (!lane->waiting.last) lane->waiting.last = list.last;
    lane->waiting.first = list.first;
}

/* A token for each of the requests that wait for one. The draws are independent; what follows from them is not. */
static void draw_tokens(ps_lane *lane) {
    if (lane->n_drawing * lane->engine->n_vocab >= lane->crew_from)
        ps_crew_run(lane->crew, lane->n_drawing, draw_one, lane);
    else
        for (size_t i = 0; i < lane->n_drawing; i++)
            draw_one(lane, i, 0);
    ps_work_list parted = {0};
    for (size_t i = 0; i < lane->n_drawing; i++)
        take_tokens(lane, lane->drawing[i], &parted);
    lane->n_drawing = 0;
    put_first(lane, parted);
}

/* ---- Admission ----------------------------------------------------------- */

/* What can be answered without computing: an answer that has no room, a first token whose logits are known. */
static void answer_at_once(ps_lane *lane, ps_work *work) {
    const size_t end = ps_work_length(work);
    const size_t context = lane->engine->context;
    if (work->done) return;
    if (work->evaluate) {
        if (end > context) {
            ps_fail(&work->error, PS_BUDGET, "%zu tokens to evaluate after a prefix of %zu exceed the context of %zu",
                    work->child->n_tokens, work->child->start, context);
            ps_work_fail(work, PS_BUDGET);
        }
        return;
    }
    if (ps_work_written(work) > 0) return;
    if (end >= context) {
        ps_work_end(work, PS_STOP_CONTEXT_FULL);
    } else if (work->parent->logits && !lane->engine->forgetful) {
        work->logits = work->parent->logits;
        lane->drawing[lane->n_drawing++] = work;
    }
}

/* Start what can start, in order of arrival; what cannot yet stays in order. */
static void admit(ps_lane *lane) {
    for (ps_work *work = lane->crowded ? NULL : lane->waiting.first; work; work = work->next) {
        answer_at_once(lane, work);
        if (lane->n_drawing == lane->max_active || !work->next) draw_tokens(lane);
    }
    ps_work_list pending = lane->waiting;
    lane->waiting = (ps_work_list){0};
    for (ps_work *work; (work = ps_work_pop(&pending));) {
        if (work->done)
            finish(lane, work);
        else if (!start(lane, work))
            ps_work_push(&lane->waiting, work);
    }
}

/* ---- Planning ------------------------------------------------------------ */

static size_t pending(const ps_lane *lane, const ps_work *work) {
    return ps_work_length(work) - lane->sequences[work->sequence].n;
}

/* Deterministic mode: the shape of a batch depends on the path alone. Generated tokens one by one, given ones in whole
 * chunks of their node. */
static size_t fixed_chunk(const ps_lane *lane, const ps_work *work) {
    const size_t at = lane->sequences[work->sequence].n;
    const ps_lnode *x = work->child;
    while (x->start > at)
        x = x->parent;
    const size_t rest = ps_lnode_end(x) - at;
    if (x->one_by_one) return 1;
    return rest < lane->n_batch ? rest : lane->n_batch;
}

/* How many tokens of each request: everyone's single next token first, prompts share what is left. */
static size_t share_out(ps_lane *lane) {
    size_t total = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < lane->n_active; i++) {
            ps_work *work = lane->active[i];
            size_t want = pending(lane, work);
            if ((want == 1) != (pass == 0)) continue;
            if (lane->engine->deterministic) want = fixed_chunk(lane, work);
            work->todo = want < lane->n_batch - total ? want : lane->n_batch - total;
            total += work->todo;
        }
    return total;
}

/* Set back the request that came last: its tokens are kept, its KV is not. */
static void set_back(ps_lane *lane) {
    ps_work *work = lane->active[--lane->n_active];
    ps_cache_drop(lane, work);
    lane->stats.evictions++;
    put_first(lane, (ps_work_list){work, work});
    lane->crowded = true;
}

static bool make_space(ps_lane *lane) {
    if (ps_cache_shrink(lane)) return true;
    if (lane->n_active < 2) return false;
    set_back(lane);
    return true;
}

static size_t plan(ps_lane *lane) {
    size_t total = share_out(lane);
    while (lane->used + total > lane->cells && make_space(lane))
        total = share_out(lane);
    return total;
}

/* Whether the batch must say what follows position `at` of the request. */
static bool is_output(const ps_work *work, size_t at, size_t *mark) {
    if (!work->evaluate) return at + 1 == ps_work_length(work);
    while (*mark < work->n_marks && work->child->start + work->marks[*mark] < at)
        (*mark)++;
    return *mark < work->n_marks && work->child->start + work->marks[*mark] == at;
}

static void add_to_batch(ps_lane *lane, ps_work *work) {
    struct llama_batch *batch = &lane->batch;
    const size_t from = lane->sequences[work->sequence].n;
    size_t mark = work->next_mark;
    work->row = batch->n_tokens;
    ps_tree_path(work->child, from, from + work->todo, batch->token + batch->n_tokens);
    for (size_t i = 0; i < work->todo; i++) {
        const int32_t row = batch->n_tokens++;
        batch->pos[row] = (llama_pos)(from + i);
        batch->n_seq_id[row] = 1;
        batch->seq_id[row][0] = work->sequence;
        batch->logits[row] = is_output(work, from + i, &mark);
    }
}

/* ---- Decoding ------------------------------------------------------------ */

static bool fill_batch(ps_lane *lane) {
    bool hidden = false;
    lane->batch.n_tokens = 0;
    for (size_t i = 0; i < lane->n_active; i++) {
        ps_work *work = lane->active[i];
        if (work->todo == 0) continue;
        add_to_batch(lane, work);
        hidden = hidden || (work->evaluate && work->hidden);
    }
    return hidden;
}

/* libllama's answer to a batch: 0; 1 the cache is full and unchanged; anything else an error. */
static int32_t decode(ps_lane *lane) {
    const bool hidden = fill_batch(lane);
    ps_record_batch(lane);
    if (hidden) llama_set_embeddings(lane->context, true); /* makes every token an output: only where asked for */
    const int32_t answer = llama_decode(lane->context, lane->batch);
    if (hidden) llama_set_embeddings(lane->context, false);
    lane->stats.batches++;
    return answer;
}

static void absorb(ps_lane *lane, ps_work *work) {
    const size_t n = work->todo;
    work->event.prefilled += ps_cache_advance(lane, work, n);
    const bool complete = pending(lane, work) == 0;
    if (work->evaluate) {
        ps_work_read(lane, work, work->row, n);
        if (complete && !work->done) ps_work_end(work, PS_STOP_STEP);
    } else if (complete) {
        work->logits = llama_get_logits_ith(lane->context, work->row + (int32_t)n - 1);
        if (work->logits)
            lane->drawing[lane->n_drawing++] = work;
        else
            ps_work_fail(work, ps_fail(&work->error, PS_ENGINE, "libllama gave no logits"));
    }
}

/* A batch that libllama refused: its requests fail, with what they had in the cache, and the engine goes on. */
static void fail_batch(ps_lane *lane, int32_t answer) {
    char why[256];
    ps_llama_log_take_error(why, sizeof why);
    for (size_t i = 0; i < lane->n_active; i++) {
        ps_work *work = lane->active[i];
        if (work->todo == 0) continue;
        ps_work_fail(work, ps_fail(&work->error, PS_ENGINE, "libllama could not decode a batch (%d): %s", (int)answer,
                                   why[0] ? why : "no reason given"));
    }
}

/* Requests that are done leave; the order of the others stays. */
static void sweep(ps_lane *lane) {
    size_t kept = 0;
    for (size_t i = 0; i < lane->n_active; i++) {
        ps_work *work = lane->active[i];
        if (work->done)
            finish(lane, work);
        else
            lane->active[kept++] = work;
    }
    lane->n_active = kept;
}

static void round_of_work(ps_lane *lane) {
    ps_cache_expire(lane);
    admit(lane);
    if (lane->n_active == 0) {
        /* Nothing runs, so nothing will free what the first one waits for: never seen, but no reason to hang. */
        ps_work *stuck = lane->finished.first ? NULL : ps_work_pop(&lane->waiting);
        if (stuck) {
            ps_work_fail(stuck, ps_fail(&stuck->error, PS_ENGINE, "no room in the KV cache for a single request"));
            finish(lane, stuck);
        }
        return;
    }
    int32_t answer = 1;
    while (answer == 1) {
        const size_t total = plan(lane);
        answer = total > 0 ? decode(lane) : 0;
        if (answer == 0) lane->now += total;
        if (lane->used + total > lane->stats.cells) lane->stats.cells = lane->used + total;
        if (answer == 1 && !make_space(lane)) break;
    }
    if (answer) fail_batch(lane, answer);
    for (size_t i = 0; i < lane->n_active && !answer; i++)
        if (lane->active[i]->todo > 0) absorb(lane, lane->active[i]);
    draw_tokens(lane);
    sweep(lane);
}

/* ---- The loop ------------------------------------------------------------ */

/* Take what was submitted and released. Holds the mutex, except while the cache forgets nodes. */
static void collect(ps_lane *lane) {
    ps_llama *engine = lane->engine;
    while (lane->garbage) {
        ps_lnode *list = lane->garbage;
        lane->garbage = NULL;
        pthread_mutex_unlock(&engine->mutex);
        for (ps_lnode *x = list; x; x = x->next) {
            ps_cache_forget(lane, x);
            if (x->parent && x->adopted) x->parent->children--;
        }
        pthread_mutex_lock(&engine->mutex);
        while (list) {
            ps_lnode *next = list->next;
            if (list->parent) ps_tree_unreference(list->parent);
            ps_tree_free(list);
            list = next;
        }
    }
    for (ps_work *work; (work = ps_work_pop(&lane->inbox));)
        ps_work_push(&lane->arrived, work);
}

/* Before a new request is looked at: what only who drives the lane may do. */
static void prepare(ps_lane *lane) {
    for (ps_work *work; (work = ps_work_pop(&lane->arrived));) {
        if (ps_join(lane, work)) continue;
        ps_lnode_adopt(work->child);
        if (work->parent->root->under_way++ == 0) work->parent->root->round++;
        ps_work_begin(lane, work);
        ps_work_push(&lane->waiting, work);
    }
}

/* Hand over what is finished. Holds the mutex. */
static void publish(ps_lane *lane) {
    ps_llama *engine = lane->engine;
    engine->stats[lane - engine->lanes] = lane->stats;
    if (!lane->finished.first) return;
    for (ps_work *work; (work = ps_work_pop(&lane->finished));) {
        engine->under_way -= 1 + work->n_riders;
        lane->under_way -= 1 + work->n_riders;
        ps_join_deliver(work, &engine->results);
    }
    pthread_cond_broadcast(&engine->ready);
    if (engine->on_ready) engine->on_ready(engine->on_ready_user);
}

/* One round; false: there was nothing to do. Holds the mutex, except while it works. */
static bool turn(ps_lane *lane) {
    collect(lane);
    if (!lane->arrived.first && !lane->waiting.first && lane->n_active == 0) return false;
    pthread_mutex_unlock(&lane->engine->mutex);
    prepare(lane);
    round_of_work(lane);
    pthread_mutex_lock(&lane->engine->mutex);
    publish(lane);
    return true;
}

void ps_lane_summon(ps_lane *lane) {
    if (lane->summoned) return;
    lane->summoned = true;
    pthread_cond_signal(&lane->wake);
}

void ps_lane_tidy(ps_lane *lane) {
    if (!lane->summoned) collect(lane);
}

void ps_lane_drive(ps_lane *lane) {
    lane->woken = true;
    while (!lane->engine->results.first && turn(lane)) {
    }
}

static void *lane_main(void *argument) {
    ps_lane *lane = argument;
    ps_llama *engine = lane->engine;
    pthread_mutex_lock(&engine->mutex);
    while (!engine->closing) {
        if (!lane->summoned) {
            pthread_cond_wait(&lane->wake, &engine->mutex);
            continue;
        }
        lane->woken = true;
        while (!engine->closing && turn(lane)) {
        }
        lane->summoned = false;
    }
    pthread_mutex_unlock(&engine->mutex);
    return NULL;
}
