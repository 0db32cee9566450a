/* From steps to requests and back. */
#include "engine/openai/ask.h"

#include "engine/openai/stops.h"
#include "engine/openai/text.h"

#include <math.h>
#include <string.h>

enum { REPEATS = 3 }; /* of an answer that cannot be read */

/* ---- Asking -------------------------------------------------------------- */

/* All tokens of the prefix into engine->path. */
static ps_status set_prefix(ps_remote *e, const ps_remote_step *step, ps_remote_ask *ask, ps_error *err) {
    const size_t parent = ps_remote_node_end(step->parent);
    ask->n_tokens = parent + step->n_read;
    if (ps_reserve(&e->path, &e->path_capacity, ask->n_tokens) != PS_OK) return ps_nomem(err);
    ps_remote_node_path(step->parent, e->path);
    if (step->n_read > 0) memcpy(e->path + parent, step->tokens, step->n_read * sizeof *e->path);
    ask->tokens = e->path;
    return PS_OK;
}

static ps_status set_stops(ps_remote_call *call, ps_remote_step *step, ps_error *err) {
    ps_text before = {.arena = call->arena};
    size_t n_bytes;
    const char *bytes = ps_step_read(&step->matcher, &n_bytes);
    ps_remote_node_before(step->parent, ps_remote_stops_lookback(step->generation), &before);
    ps_text_append(&before, bytes, n_bytes);
    if (!ps_text_ok(&before)) return ps_nomem(err);
    return ps_remote_stops(step->generation, ps_text_cstr(&before), before.length, call->arena, &call->ask.stops,
                           &call->ask.n_stops, err);
}

static uint64_t seed_of(const ps_remote_step *step) {
    return step->n_read == 0 ? step->seed : ps_remote_seed_continue(step->seed, step->n_read);
}

/* What the first of the call's steps asks; the others are choices of the same. */
static ps_status fill(ps_remote *e, ps_remote_call *call, size_t n, ps_error *err) {
    ps_remote_step *step = call->steps[0];
    const ps_generation *g = step->generation;
    call->ask = (ps_remote_ask){.model = e->facts.model,
                                .temperature = g->temperature,
                                .top_p = g->top_p,
                                .top_k = g->top_k,
                                .max_tokens = (int)ps_remote_step_room(step),
                                .seed = seed_of(step),
                                .n = n,
                                .n_top = ps_remote_step_n_top(step, e->numbers, e->dialect->most_top),
                                .stream = e->dialect->streams};
    ps_status status = set_stops(call, step, err);
    return status == PS_OK ? set_prefix(e, step, &call->ask, err) : status;
}

/* As long as the server needs at the speed it was seen to have, many times over, and never less than it is given. */
static double deadline(const ps_remote *e, const ps_remote_call *call) {
    return fmax(e->timeout_s, 8 * call->ask.max_tokens * call->endpoint->limit.seconds_per_token);
}

static void ask_done(ps_remote *e, ps_remote_call *call, const ps_http_reply *reply);

/* Of a call that leads to nothing. */
static void fail_steps(ps_remote *e, ps_remote_call *call, ps_status status, const char *message) {
    for (size_t i = 0; i < call->n_steps; i++) {
        if (call->steps[i] != NULL) ps_remote_deliver_failure(e, call->steps[i], status, message);
        call->steps[i] = NULL;
    }
}

/* A call for the first n that wait. */
static ps_remote_call *take_waiting(ps_remote *e, ps_remote_endpoint *p, size_t n) {
    ps_remote_call *call = ps_remote_call_new(e, ask_done);
    if (call == NULL) return NULL;
    call->endpoint = p;
    call->steps = ps_arena_calloc(call->arena, n, sizeof *call->steps);
    call->n_steps = n;
    if (call->steps == NULL) {
        ps_remote_call_free(e, call);
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        call->steps[i] = ps_remote_steps_pop(&p->waiting);
    }
    return call;
}

static ps_status write_ask(ps_remote *e, ps_remote_call *call, size_t n, const char **path, ps_error *err) {
    ps_remote_call_write(e);
    if ((e->dialect->can & PS_ENGINE_TOKENS) == 0) return ps_remote_text_ask(e, call, path, err);
    ps_status status = fill(e, call, n, err);
    return status == PS_OK ? e->dialect->write_ask(&call->ask, &e->body, path, err) : status;
}

/* The first n that wait, in one request. */
static void ask_together(ps_remote *e, ps_remote_endpoint *p, size_t n) {
    ps_error err;
    const char *path = NULL;
    ps_remote_call *call = take_waiting(e, p, n);
    if (call == NULL) {
        ps_remote_deliver_failure(e, ps_remote_steps_pop(&p->waiting), PS_NOMEM, "out of memory");
        return;
    }
    ps_status status = write_ask(e, call, n, &path, &err);
    if (status == PS_OK) status = ps_remote_call_send(e, call, path, deadline(e, call), false, &err);
    if (status == PS_OK) {
        p->limit.under_way += n;
        return;
    }
    fail_steps(e, call, status, err.message);
    ps_remote_call_free(e, call);
}

void ps_remote_ask_waiting(ps_remote *e) {
    const bool ids = (e->dialect->can & PS_ENGINE_TOKENS) != 0; /* a stream that is cut has one choice */
    for (size_t i = 0; i < e->n_endpoints; i++) {
        ps_remote_endpoint *p = &e->endpoints[i];
        size_t room;
        while (p->waiting.first != NULL && (room = ps_remote_limit_room(&p->limit)) > 0)
            ask_together(e, p, ids ? ps_remote_group_together(&p->waiting, room) : 1);
    }
}

/* ---- Answers ------------------------------------------------------------- */

/* The prompt's tokens that were computed: as told, or all of them for the first child of a root. */
static size_t prefilled(const ps_remote_call *call, const ps_remote_step *step) {
    const ps_remote_answer *answer = &call->answer;
    if (answer->cached != SIZE_MAX && answer->prompt_tokens >= answer->cached)
        return answer->prompt_tokens - answer->cached;
    if (step->parent->parent != NULL || step->n_read > 0) return 0;
    return step->seed % PS_REMOTE_GROUP == 0 ? step->parent->n_tokens : 0;
}

static void take_choice(ps_remote *e, const ps_remote_call *call, ps_remote_step *step,
                        const ps_remote_choice *choice) {
    ps_remote_need need = PS_REMOTE_NEED_TOKENS;
    step->refused = 0;
    step->end = choice->end;
    ps_status status =
        choice->n_tokens > 0
            ? ps_remote_step_add(step, choice, call->ask.n_top, e->facts.vocabulary, e->numbers, &e->spellings)
            : ps_fail(&step->error, PS_ENGINE, "the server ended an answer without any token");
    if (status == PS_OK) status = ps_remote_step_read(step, &e->spellings, &need);
    ps_remote_go_on(e, step, status, need);
}

/* The first step that is still wanted. */
static ps_remote_step *wanted(const ps_remote_call *call) {
    for (size_t i = 0; i < call->n_steps; i++)
        if (call->steps[i] != NULL) return call->steps[i];
    return NULL;
}

static void take_answer(ps_remote *e, ps_remote_call *call) {
    size_t tokens = 0, longest = 0;
    for (size_t i = 0; i < call->n_steps; i++) {
        const size_t n = call->answer.choices[i].n_tokens;
        tokens += n;
        if (n > longest) longest = n;
    }
    e->n_answers++;
    wanted(call)->prefilled += prefilled(call, wanted(call));
    for (size_t i = 0; i < call->n_steps; i++) {
        ps_remote_step *step = call->steps[i];
        if (step == NULL) continue;
        call->steps[i] = NULL;
        take_choice(e, call, step, &call->answer.choices[i]);
    }
    ps_remote_came(call, tokens, longest, call->answer.prompt_tokens, call->answer.cached);
}

void ps_remote_came(ps_remote_call *call, size_t tokens, size_t longest, size_t prompt, size_t cached) {
    ps_remote_endpoint *p = call->endpoint;
    p->told.requests++;
    p->told.drawn += tokens;
    if (cached != SIZE_MAX && cached <= prompt) {
        p->told.prompt += prompt;
        p->told.cached += cached;
    }
    ps_remote_limit_came(&p->limit, tokens, longest, call->seconds, p->waiting.first != NULL, ps_now());
}

/* ---- What cannot be used ------------------------------------------------- */

/* The second time to another server, where there is one. */
static void push_back(ps_remote *e, ps_remote_step *step) {
    if (step->refused > 1) (void)ps_remote_place_elsewhere(e, ps_remote_node_root(step->parent));
    ps_remote_steps_push_front(step->evaluation != NULL ? &e->unread : ps_remote_waiting(step), step);
}

void ps_remote_ask_again(ps_remote *e, ps_remote_step *step, ps_status status, const char *message) {
    if (step->refused++ == 0) step->read_then = e->n_answers;
    if (status == PS_NOMEM)
        ps_remote_deliver_failure(e, step, PS_NOMEM, message);
    else if (step->refused <= REPEATS)
        push_back(e, step);
    else
        ps_remote_deliver_failure(e, step, step->read_then == e->n_answers ? PS_HTTP : PS_ENGINE, message);
}

static void repeat(ps_remote *e, ps_remote_call *call, ps_status status, const char *message) {
    for (size_t i = call->n_steps; i-- > 0;) {
        if (call->steps[i] != NULL) ps_remote_ask_again(e, call->steps[i], status, message);
        call->steps[i] = NULL;
    }
}

static void refuse(ps_remote *e, ps_remote_call *call, const ps_http_reply *reply) {
    ps_error err;
    ps_status status = ps_remote_refused(e, reply, &err);
    fail_steps(e, call, status, err.message);
}

/* ---- Replies ------------------------------------------------------------- */

static void missing_done(ps_remote *e, ps_remote_call *call, const ps_http_reply *reply);

/* What the answer left out of a choice is asked for, of one after the other; then the answer is whole. */
static void complete(ps_remote *e, ps_remote_call *call) {
    ps_error err;
    const char *path = NULL;
    size_t i = 0;
    while (i < call->n_steps && (call->steps[i] == NULL || ps_remote_whole(&call->answer.choices[i])))
        i++;
    if (wanted(call) == NULL) return;
    if (i == call->n_steps) {
        take_answer(e, call);
        return;
    }
    call->missing = i;
    call->done = missing_done;
    ps_remote_call_write(e);
    ps_status status = set_prefix(e, call->steps[i], &call->ask, &err);
    if (status == PS_OK)
        status = e->dialect->write_missing(&call->ask, i, &call->answer.choices[i], &e->body, &path, &err);
    if (status == PS_OK) status = ps_remote_call_send(e, call, path, deadline(e, call), false, &err);
    if (status != PS_OK) {
        fail_steps(e, call, status, err.message);
        return;
    }
    call->again = true;
    call->endpoint->limit.under_way += call->n_steps;
}

static void unreadable(ps_remote *e, ps_remote_call *call, ps_status status, ps_error *err) {
    (void)ps_error_prefix(err, status, "%s", call->endpoint->url);
    repeat(e, call, status, err->message);
}

/* Then all of the choice is drawn once more; else one token, whose place is looked at. */
static bool lacks_ids(const ps_remote_choice *choice) {
    for (size_t i = 0; i < choice->n_tokens; i++)
        if (choice->tokens[i] < 0) return true;
    return false;
}

static void missing_done(ps_remote *e, ps_remote_call *call, const ps_http_reply *reply) {
    ps_error err = {0};
    ps_remote_choice *choice = &call->answer.choices[call->missing];
    call->endpoint->limit.under_way -= call->n_steps;
    if (wanted(call) == NULL) return;
    if (reply->status != PS_OK) {
        refuse(e, call, reply);
        return;
    }
    const size_t drawn = lacks_ids(choice) ? choice->n_tokens : 1;
    ps_status status = e->dialect->read_missing(&call->ask, reply->body, reply->length, call->arena, choice, &err);
    if (call->steps[call->missing] != NULL) {
        call->steps[call->missing]->discarded += drawn;
        call->endpoint->told.drawn += drawn;
    }
    if (status == PS_OK)
        complete(e, call);
    else
        unreadable(e, call, status, &err);
}

/* Reading takes the time of an answer, and nobody need wait for it: without the mutex. */
static ps_status read_answer(ps_remote *e, ps_remote_call *call, const ps_http_reply *reply, ps_error *err) {
    pthread_mutex_unlock(&e->mutex);
    ps_status status = e->dialect->read_answer(&call->ask, reply->body, reply->length, call->arena, &call->answer, err);
    pthread_mutex_lock(&e->mutex);
    if (status == PS_OK && call->answer.n != call->ask.n)
        status = ps_fail(err, PS_FORMAT, "%zu choices were asked for and %zu came", call->ask.n, call->answer.n);
    return status;
}

static void ask_done(ps_remote *e, ps_remote_call *call, const ps_http_reply *reply) {
    ps_error err = {0};
    call->endpoint->limit.under_way -= call->n_steps;
    call->seconds = reply->seconds;
    if (wanted(call) == NULL) return;
    if (call->reading != NULL) {
        ps_remote_text_done(e, call, reply);
        return;
    }
    if (reply->status != PS_OK) {
        refuse(e, call, reply);
        return;
    }
    ps_status status = read_answer(e, call, reply, &err);
    if (status == PS_OK)
        complete(e, call);
    else
        unreadable(e, call, status, &err);
}
