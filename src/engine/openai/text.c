#include "engine/openai/text.h"

#include "engine/openai/ask.h"
#include "engine/openai/events.h"

#include <string.h>

typedef struct ps_remote_reading {
    const ps_remote *engine;
    ps_remote_call *call;
    ps_remote_events events;
    ps_arena *arena; /* of the piece that is read */
    unsigned attempt;
    ps_step_matcher start; /* where the request begins: it may be sent again */
    size_t read_at_start;
    ps_remote_need need;
    bool ended; /* the server says so, and why: */
    ps_remote_end end;
    ps_status status;
    ps_error error;
} reading;

void ps_remote_reading_free(reading *r) {
    if (r == NULL) return;
    ps_remote_events_clear(&r->events);
    ps_step_clear(&r->start);
    ps_arena_free(r->arena);
    ps_free(r);
}

/* ---- Asking -------------------------------------------------------------- */

static ps_status new_reading(ps_remote *e, ps_remote_call *call, ps_error *err) {
    reading *r = ps_calloc(1, sizeof *r);
    if (r == NULL) return ps_nomem(err);
    call->reading = r;
    r->engine = e;
    r->call = call;
    r->attempt = 1;
    r->need = PS_REMOTE_NEED_TOKENS;
    r->read_at_start = call->steps[0]->n_read;
    r->arena = ps_arena_create();
    return r->arena != NULL && ps_step_copy(&r->start, &call->steps[0]->matcher) ? PS_OK : ps_nomem(err);
}

ps_status ps_remote_text_ask(ps_remote *e, ps_remote_call *call, const char **path, ps_error *err) {
    const ps_remote_step *step = call->steps[0];
    size_t n_bytes;
    const char *bytes = ps_step_read(&step->matcher, &n_bytes);
    const ps_generation *g = step->generation;
    ps_text all = {.arena = call->arena};
    ps_remote_node_text(step->parent, &all);
    ps_text_append(&all, bytes, n_bytes);
    if (!ps_text_ok(&all)) return ps_nomem(err);
    const ps_remote_node *root = ps_remote_node_root(step->parent);
    const bool chat = root->messages != NULL;
    if (chat && (step->parent != root || step->n_read > 0))
        return ps_fail(err, PS_ARG, "%s answers chats whole: nothing goes on from a part of an answer", e->url);
    call->ask =
        (ps_remote_ask){.model = e->facts.model,
                        .text = chat ? NULL : ps_text_cstr(&all),
                        .messages = root->messages,
                        .n_messages = root->n_messages,
                        .text_length = all.length,
                        .temperature = g->temperature,
                        .top_p = g->top_p,
                        .top_k = g->top_k,
                        .max_tokens = (int)ps_remote_step_room(step),
                        .seed = step->n_read == 0 ? step->seed : ps_remote_seed_continue(step->seed, step->n_read),
                        .n = 1,
                        .stream = true};
    ps_status status = new_reading(e, call, err);
    return status == PS_OK ? e->dialect->write_ask(&call->ask, &e->body, path, err) : status;
}

/* ---- What comes ---------------------------------------------------------- */

static void start_anew(reading *r, ps_remote_step *step, unsigned attempt) {
    r->attempt = attempt;
    r->ended = false;
    ps_remote_events_clear(&r->events);
    step->discarded += step->n_read - r->read_at_start;
    step->n_read = step->n_have = r->read_at_start;
    if (!ps_step_copy(&step->matcher, &r->start)) r->status = ps_nomem(&r->error);
}

static void take_piece(reading *r, ps_remote_step *step, const ps_remote_piece *piece) {
    if (piece->index == SIZE_MAX) return;
    if (piece->text_length > 0) r->status = ps_remote_step_text(step, piece->text, piece->text_length, &r->need);
    r->ended = piece->ended;
    r->end = piece->end;
}

bool ps_remote_reading_bytes(void *user, unsigned attempt, const char *bytes, size_t n) {
    reading *r = user;
    ps_remote_step *step = r->call->steps[0];
    const char *data = NULL;
    size_t length = 0;
    if (step == NULL) return false; /* given up */
    if (attempt != r->attempt) start_anew(r, step, attempt);
    ps_remote_events_add(&r->events, bytes, n);
    while (r->status == PS_OK && r->need == PS_REMOTE_NEED_TOKENS &&
           ps_remote_events_next(&r->events, false, &data, &length)) {
        ps_remote_piece piece = {.index = SIZE_MAX};
        ps_arena_reset(r->arena);
        r->status = r->engine->dialect->read_piece(&r->call->ask, data, length, r->arena, &piece, &r->error);
        if (r->status == PS_OK) take_piece(r, step, &piece);
    }
    if (!ps_text_ok(&r->events.bytes)) r->status = ps_nomem(&r->error);
    return r->status == PS_OK && r->need == PS_REMOTE_NEED_TOKENS;
}

/* The end of sequence is a token, too, although its id is not told. */
static ps_status end_answer(ps_remote_step *step, ps_remote_need *need) {
    ps_stop_reason reason;
    (void)ps_step_push(&step->matcher, "", 0, true, &reason);
    step->n_read++;
    step->n_have++;
    *need = PS_REMOTE_NEED_NOTHING;
    return ps_remote_step_finish(step, PS_STOP_EOS);
}

/* A stream that breaks off without an end, or says what cannot be, is asked for again from where it began. */
static void repeat(ps_remote *e, ps_remote_call *call, reading *r, ps_remote_step *step) {
    if (r->status == PS_OK)
        r->status = ps_fail(&r->error, PS_FORMAT, "%s: the stream ended before the answer did", call->endpoint->url);
    ps_status status = r->status;
    start_anew(r, step, r->attempt);
    ps_remote_ask_again(e, step, status, r->error.message);
}

void ps_remote_text_done(ps_remote *e, ps_remote_call *call, const ps_http_reply *reply) {
    reading *r = call->reading;
    ps_remote_step *step = call->steps[0];
    ps_status status = PS_OK;
    call->steps[0] = NULL;
    if (r->status == PS_OK && reply->status != PS_OK) {
        ps_error err;
        status = ps_remote_refused(e, reply, &err);
        ps_remote_deliver_failure(e, step, status, err.message);
        return;
    }
    const bool open = r->need == PS_REMOTE_NEED_TOKENS, more = step->n_read > r->read_at_start;
    if (r->status != PS_OK || (open && (!r->ended || (r->end != PS_REMOTE_EOS && !more)))) {
        repeat(e, call, r, step);
        return;
    }
    e->n_answers++;
    step->refused = 0;
    if (open && r->end == PS_REMOTE_EOS) {
        status = end_answer(step, &r->need);
    } else if (open && call->ask.messages != NULL) { /* cut by the server: nothing goes on from here */
        r->need = PS_REMOTE_NEED_NOTHING;
        status = ps_remote_step_finish(step, PS_STOP_CONTEXT_FULL);
    }
    const size_t tokens = step->n_read - r->read_at_start;
    ps_remote_came(call, tokens, tokens, 0, SIZE_MAX);
    ps_remote_go_on(e, step, status, r->need);
}
