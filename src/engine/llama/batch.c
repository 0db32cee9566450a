/* One step of a lane, continuous batching: admit what can start, plan one batch of all active requests (everyone's next
 * token first, then prompts in the room that is left), decode it, and draw from what it says. No request waits for
 * another's reasoning step to end.
 *
 * Older problems go first: what they hold makes no room for younger ones, which wait or take what is left over. So
 * where more is in flight than there are cells, some problems come to their ends and the others start late; in turns,
 * each would find its prefixes dropped. Where there are too few cells the cache is shrunk; where that is not enough a
 * request of the youngest problem, the one admitted last, is preempted: it keeps its tokens and loses its KV. So the
 * first of the oldest always comes to its end. */
#include "engine/llama/batch.h"

#include "engine/llama/join.h"
#include "engine/llama/log.h"

#include <string.h>

/* ---- Starting and ending ------------------------------------------------- */

static bool start(ps_lane *lane, ps_request *request) {
    if (lane->full || lane->n_active == lane->max_active || !ps_cache_enter(lane, request)) return false;
    lane->active[lane->n_active++] = request;
    return true;
}

/* Whether somebody may go on from the end of it. */
static bool may_go_on(const ps_request *request) {
    return request->event.reason == PS_STOP_STEP || request->event.reason == PS_STOP_LENGTH;
}

/* An answer has come to its end. */
static void note_length(ps_lane *lane, const ps_request *request) {
    const size_t length = ps_request_length(request) - ps_llama_node_end(request->child->root);
    lane->answer += ((double)length - lane->answer) / 16;
}

void ps_batch_finish(ps_lane *lane, ps_request *request) {
    const bool failed = request->event.reason == PS_STOP_ERROR && request->event.status != PS_CANCELLED;
    if (failed || lane->engine->no_cache)
        ps_cache_drop(lane, request);
    else
        ps_cache_leave(lane, request, may_go_on(request));
    if (request->event.reason == PS_STOP_EOS) note_length(lane, request);
    request->parent->root->under_way--;
    ps_join_close(request);
    ps_request_push(&lane->finished, request);
    lane->full = false;
}

void ps_batch_sweep(ps_lane *lane) {
    size_t kept = 0;
    for (size_t i = 0; i < lane->n_active; i++) {
        ps_request *request = lane->active[i];
        if (request->done)
            ps_batch_finish(lane, request);
        else
            lane->active[kept++] = request;
    }
    lane->n_active = kept;
}

void ps_batch_wait(ps_lane *lane, ps_request *request, bool begun) {
    const uint64_t age = request->child->root->age;
    ps_request *last = lane->waiting.last, *before = NULL;
    if (last == NULL || (last->child->root->age <= age && !begun)) {
        ps_request_push(&lane->waiting, request);
        return;
    }
    for (ps_request *x = lane->waiting.first; x != NULL; before = x, x = x->next)
        if (x->child->root->age > age || (begun && x->child->root->age == age)) break;
    request->next = before != NULL ? before->next : lane->waiting.first;
    *(before != NULL ? &before->next : &lane->waiting.first) = request;
    if (request->next == NULL) lane->waiting.last = request;
}

/* ---- Drawing ------------------------------------------------------------- */

/* With the first token of a request it is settled who draws with it, and the logits it came from are worth keeping. */
static void take_first(ps_lane *lane, ps_request *request) {
    ps_join_close(request);
    if (request->parent->logits != NULL)
        ps_cache_touch_logits(lane, request->parent);
    else
        ps_cache_keep_logits(lane, request->parent, request->logits, request->state);
}

static void take_token(ps_lane *lane, ps_request *request) {
    const size_t before = ps_request_written(request);
    if (before == 0) take_first(lane, request);
    ps_request_take(lane->engine, request);
    if (ps_request_written(request) == before) return;
    lane->stats.generated += 1 + request->n_followers;
    lane->stats.shared += request->n_followers;
    for (ps_request *follower = request->followers.first; follower != NULL; follower = follower->next)
        follower->event.shared++;
}

/* The tokens drawn for a request and its followers. Those who split off go on at once, from its sequence, or wait. */
static void take_tokens(ps_lane *lane, ps_request *request) {
    ps_request_list others = {0};
    if (request->drawn == PS_OK) others = ps_join_split(lane, request);
    if (!request->done) take_token(lane, request);
    for (ps_request *other; (other = ps_request_pop(&others)) != NULL;) {
        if (!other->done) take_token(lane, other);
        if (other->done)
            ps_batch_finish(lane, other);
        else if (!start(lane, other))
            ps_batch_wait(lane, other, true);
    }
}

static void draw_one(void *context, size_t i, size_t worker) {
    const ps_lane *lane = context;
    ps_request_sample(lane->drawing[i], lane->engine, &lane->samplers[worker]);
}

/* A token for each of the requests that wait for one. The draws are independent; what follows from them is not. */
static void draw_tokens(ps_lane *lane) {
    if (lane->n_drawing * lane->engine->n_vocab >= lane->threads_from)
        ps_threads_run(lane->threads, lane->n_drawing, draw_one, lane);
    else
        for (size_t i = 0; i < lane->n_drawing; i++)
            draw_one(lane, i, 0);
    for (size_t i = 0; i < lane->n_drawing; i++)
        take_tokens(lane, lane->drawing[i]);
    lane->n_drawing = 0;
}

/* ---- Admission ----------------------------------------------------------- */

static void refuse_too_long(const ps_llama *engine, ps_request *request) {
    ps_request_fail(request, ps_fail(&request->error, PS_BUDGET,
                                     "%zu tokens to evaluate after a prefix of %zu exceed the context of %zu",
                                     request->child->n_tokens, request->child->start, engine->context));
}

/* What can be answered without computing: an answer that has no room, a first token whose logits are known. */
static void answer_at_once(ps_lane *lane, ps_request *request) {
    const ps_llama *engine = lane->engine;
    const size_t end = ps_request_length(request);
    if (request->done) return;
    if (request->evaluate) {
        if (end > engine->context) refuse_too_long(engine, request);
    } else if (ps_request_written(request) > 0) {
        return;
    } else if (end >= ps_request_limit(engine, request)) {
        ps_request_end(request, PS_STOP_CONTEXT_FULL);
    } else if (request->parent->logits != NULL && !engine->no_cache &&
               (request->parent->has_state || !ps_request_wants_state(request))) {
        request->logits = request->parent->logits;
        request->state = request->parent->has_state ? request->logits + engine->n_vocab : NULL;
        lane->drawing[lane->n_drawing++] = request;
    }
}

/* Start what can start, in order of arrival; what cannot yet stays in order. */
static void admit(ps_lane *lane) {
    for (ps_request *request = lane->full ? NULL : lane->waiting.first; request != NULL; request = request->next) {
        answer_at_once(lane, request);
        if (lane->n_drawing == lane->max_active || request->next == NULL) draw_tokens(lane);
    }
    ps_request_list waiting = lane->waiting;
    lane->waiting = (ps_request_list){0};
    for (ps_request *request; (request = ps_request_pop(&waiting)) != NULL;) {
        if (request->done)
            ps_batch_finish(lane, request);
        else if (!start(lane, request))
            ps_request_push(&lane->waiting, request);
    }
}

/* ---- Planning ------------------------------------------------------------ */

/* An evaluation that reads hidden states. */
static bool gives_states(const ps_request *request) {
    return request->evaluate && request->hidden;
}

/* Tokens that the request knows and its sequence has not. */
static size_t pending(const ps_lane *lane, const ps_request *request) {
    return ps_request_length(request) - lane->sequences[request->sequence].n;
}

/* Deterministic mode: the shape of a batch depends on the path alone. Generated tokens one by one, given ones in whole
 * chunks of their node. */
static size_t fixed_chunk(const ps_lane *lane, const ps_request *request) {
    const size_t at = lane->sequences[request->sequence].n;
    const ps_llama_node *x = request->child;
    while (x->start > at)
        x = x->parent;
    size_t rest = ps_llama_node_end(x) - at;
    const size_t most = gives_states(request) ? lane->n_states : lane->n_batch;
    if (x->one_by_one) return 1;
    if (ps_request_wants_state(request) && rest > 1) rest--; /* the last one alone, whoever computes it */
    return rest < most ? rest : most;
}

/* libllama makes every row of a batch that gives hidden states an output: the tokens of a prompt would cost a sixth
 * more time, and memory for the logits of each. So what lies before a last token is computed ahead, in batches that
 * give no states, and those who wait for the state of a last token wait for these. */
static bool must_go_ahead(const ps_lane *lane) {
    bool wanted = false, long_one = false;
    for (size_t i = 0; i < lane->n_active; i++) {
        const ps_request *request = lane->active[i];
        wanted = wanted || ps_request_wants_state(request);
        long_one = long_one || (!gives_states(request) && pending(lane, request) > 1);
    }
    return wanted && long_one;
}

/* Its tokens in the next batch, were it alone. */
static size_t wanted_tokens(const ps_lane *lane, const ps_request *request) {
    const size_t rest = pending(lane, request), want = lane->engine->deterministic ? fixed_chunk(lane, request) : rest;
    const bool keeps_last = lane->ahead && ps_request_wants_state(request);
    return keeps_last && want >= rest ? rest - 1 : want;
}

/* How many tokens of each request: everyone's single next token first, prompts share what is left. */
static size_t plan_tokens(ps_lane *lane) {
    size_t total = 0, most = lane->n_batch;
    lane->ahead = must_go_ahead(lane);
    for (size_t i = 0; i < lane->n_active; i++)
        if (gives_states(lane->active[i])) most = lane->n_states;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < lane->n_active; i++) {
            ps_request *request = lane->active[i];
            if ((pending(lane, request) == 1) != (pass == 0)) continue;
            const size_t want = wanted_tokens(lane, request), room = most > total ? most - total : 0;
            request->todo = want < room ? want : room;
            total += request->todo;
        }
    return total;
}

/* Of the youngest problem's requests the one admitted last; its place among the active ones. */
static size_t youngest(const ps_lane *lane) {
    size_t at = 0;
    for (size_t i = 1; i < lane->n_active; i++)
        if (lane->active[i]->child->root->age >= lane->active[at]->child->root->age) at = i;
    return at;
}

/* It gives up its place. */
static void preempt(ps_lane *lane, size_t at) {
    ps_request *request = lane->active[at];
    lane->n_active--;
    memmove(lane->active + at, lane->active + at + 1, (lane->n_active - at) * sizeof *lane->active);
    ps_cache_drop(lane, request);
    lane->stats.evictions++;
    ps_batch_wait(lane, request, true);
    lane->full = true;
}

static bool make_space(ps_lane *lane) {
    const size_t at = youngest(lane);
    if (ps_cache_shrink(lane, lane->active[at]->child->root)) return true;
    if (lane->n_active < 2) return ps_cache_shrink(lane, NULL);
    preempt(lane, at);
    return true;
}

/* The tokens of the next batch, for which there are cells. */
static size_t plan(ps_lane *lane) {
    size_t total = plan_tokens(lane);
    while (lane->used + total > lane->cells && make_space(lane))
        total = plan_tokens(lane);
    return total;
}

/* ---- Decoding ------------------------------------------------------------ */

/* Whether the batch must say what follows position `at` of the request. */
static bool is_output(const ps_request *request, size_t at, size_t *mark) {
    if (!request->evaluate) return at + 1 == ps_request_length(request);
    while (*mark < request->n_marks && request->child->start + request->marks[*mark] < at)
        (*mark)++;
    return *mark < request->n_marks && request->child->start + request->marks[*mark] == at;
}

static void add_to_batch(ps_lane *lane, ps_request *request) {
    struct llama_batch *batch = &lane->batch;
    const size_t from = lane->sequences[request->sequence].n;
    size_t mark = request->next_mark;
    request->row = batch->n_tokens;
    ps_llama_node_path(request->child, from, from + request->todo, batch->token + batch->n_tokens);
    for (size_t i = 0; i < request->todo; i++) {
        const int32_t row = batch->n_tokens++;
        batch->pos[row] = (llama_pos)(from + i);
        batch->n_seq_id[row] = 1;
        batch->seq_id[row][0] = request->sequence;
        batch->logits[row] = is_output(request, from + i, &mark);
    }
}

/* True: somebody asks for hidden states. */
static bool fill_batch(ps_lane *lane) {
    bool hidden = false;
    lane->batch.n_tokens = 0;
    for (size_t i = 0; i < lane->n_active; i++) {
        ps_request *request = lane->active[i];
        if (request->todo == 0) continue;
        add_to_batch(lane, request);
        hidden = hidden || gives_states(request) || (ps_request_wants_state(request) && !lane->ahead);
    }
    return hidden;
}

/* Seconds that a slow core would need for n tokens, were it alone: 5·10⁹ operations and bytes a second, and 5 ms. */
static double slow_core(const ps_llama *engine, size_t n) {
    const double parameters = (double)llama_model_n_params(engine->model), speed = 5e9;
    return (2 * parameters * (double)n + (double)llama_model_size(engine->model)) / speed + 0.005;
}

/* A decode with as many threads as are worth it. */
static int32_t decode_governed(ps_lane *lane) {
    if (lane->governor.n_levels < 2) return llama_decode(lane->context, lane->batch);
    const int threads = ps_governor_threads(&lane->governor);
    const size_t n = (size_t)lane->batch.n_tokens;
    llama_set_n_threads(lane->context, threads, threads);
    const double start = ps_now();
    const int32_t answer = llama_decode(lane->context, lane->batch);
    llama_synchronize(lane->context);
    if (answer == 0) ps_governor_after(&lane->governor, n, ps_now() - start, slow_core(lane->engine, n));
    return answer;
}

/* libllama's answer to a batch: 0; 1 the cache is full and unchanged; anything else an error. */
static int32_t decode(ps_lane *lane) {
    const ps_llama_trace *trace = lane->engine->trace;
    const bool hidden = fill_batch(lane);
    if (trace != NULL) trace->batch(trace->user, lane, lane->rested);
    lane->rested = false;
    if (hidden) llama_set_embeddings(lane->context, true); /* makes every token an output: only where asked for */
    const int32_t answer = decode_governed(lane);
    if (hidden) llama_set_embeddings(lane->context, false);
    lane->stats.batches++;
    return answer;
}

/* Plan and decode, with ever fewer tokens while libllama finds no cells for them: our count of the cells may fall short
 * of the truth (cache.c). libllama's answer. */
static int32_t decode_planned(ps_lane *lane) {
    int32_t answer;
    do {
        const size_t total = plan(lane);
        answer = total > 0 ? decode(lane) : 0;
        if (answer == 0) lane->now += total;
        if (lane->used + total > lane->stats.cells) lane->stats.cells = lane->used + total;
    } while (answer == 1 && make_space(lane));
    return answer;
}

/* ---- After a batch ------------------------------------------------------- */

static void absorb(ps_lane *lane, ps_request *request) {
    const size_t n = request->todo;
    request->event.prefilled += ps_cache_advance(lane, request, n);
    const bool complete = pending(lane, request) == 0;
    if (request->evaluate) {
        ps_batch_read_marks(lane, request);
        if (complete && !request->done) ps_request_end(request, PS_STOP_STEP);
    } else if (complete) {
        const int32_t row = request->row + (int32_t)n - 1;
        const bool wants = ps_request_wants_state(request);
        request->logits = llama_get_logits_ith(lane->context, row);
        request->state = wants ? llama_get_embeddings_ith(lane->context, row) : NULL;
        if (request->logits != NULL && (request->state != NULL || !wants))
            lane->drawing[lane->n_drawing++] = request;
        else
            ps_request_fail(request, ps_fail(&request->error, PS_ENGINE, "libllama gave no logits%s",
                                             wants ? " or no hidden state" : ""));
    }
}

/* A batch that libllama refused: its requests fail, with what they had in the cache, and the engine goes on. */
static void fail_batch(ps_lane *lane, int32_t answer) {
    char why[256];
    ps_llama_log_take_error(why, sizeof why);
    for (size_t i = 0; i < lane->n_active; i++) {
        ps_request *request = lane->active[i];
        if (request->todo == 0) continue;
        ps_request_fail(request, ps_fail(&request->error, PS_ENGINE, "libllama could not decode a batch (%d): %s",
                                         (int)answer, why[0] ? why : "no reason given"));
    }
}

/* Nothing runs, so nothing will free what the first one waits for: never seen, but no reason to hang. */
static void fail_stuck(ps_lane *lane) {
    ps_request *stuck = lane->finished.first != NULL ? NULL : ps_request_pop(&lane->waiting);
    if (stuck == NULL) return;
    ps_request_fail(stuck, ps_fail(&stuck->error, PS_ENGINE, "no room in the KV cache for a single request"));
    ps_batch_finish(lane, stuck);
}

void ps_batch_step(ps_lane *lane) {
    ps_cache_expire(lane);
    admit(lane);
    if (lane->n_active == 0) {
        fail_stuck(lane);
        return;
    }
    const int32_t answer = decode_planned(lane);
    if (answer != 0) fail_batch(lane, answer);
    for (size_t i = 0; i < lane->n_active && answer == 0; i++)
        if (lane->active[i]->todo > 0) absorb(lane, lane->active[i]);
    draw_tokens(lane);
    ps_batch_sweep(lane);
}
