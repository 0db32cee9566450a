#include "engine/openai/evaluate.h"

#include "base/control.h"
#include "engine/openai/ask.h"

#include <string.h>

struct ps_remote_evaluation {
    ps_arena *arena; /* of all that is here */
    const char *text;
    size_t length, at; /* what stands before `at` is tokenized */
    const ps_token *given;
    size_t n_given;
    bool joined; /* the given tokens stand behind those of the text */
    const uint32_t *marks;
    size_t n_marks, n_done;
    const ps_token *choices;
    size_t n_choices;
    double *choice_logp; /* [n_marks × n_choices] */
};

/* ---- Life ---------------------------------------------------------------- */

static ps_status refuse(const ps_remote *e, const ps_evaluate_request *asked, ps_error *err) {
    if (e->dialect->write_choices == NULL)
        return ps_fail(err, PS_ARG,
                       "%s cannot evaluate: it tells no probabilities of given tokens, as vLLM and llama-server do",
                       e->url);
    if (asked->hidden)
        return ps_fail(err, PS_ARG,
                       "%s gives no hidden states, which a head reads: let the server apply the head, and read it by "
                       "scoring.prm.kind pooling",
                       e->url);
    return PS_OK;
}

static const void *kept(ps_arena *arena, const void *from, size_t bytes) {
    void *copy = ps_arena_alloc(arena, bytes + 1);
    return copy != NULL && bytes > 0 ? memcpy(copy, from, bytes) : copy;
}

static ps_remote_evaluation *copy_of(const ps_evaluate_request *asked) {
    ps_arena *arena = ps_arena_create();
    ps_remote_evaluation *v = arena != NULL ? ps_arena_calloc(arena, 1, sizeof *v) : NULL;
    if (v == NULL) {
        ps_arena_free(arena);
        return NULL;
    }
    v->arena = arena;
    v->length = asked->text_length;
    v->n_given = asked->n_tokens;
    v->n_marks = asked->n_choices > 0 ? asked->n_marks : 0; /* a mark at which nothing is asked for */
    v->n_choices = asked->n_choices;
    v->text = kept(arena, asked->text, v->length);
    v->given = kept(arena, asked->tokens, v->n_given * sizeof *v->given);
    v->marks = kept(arena, asked->marks, v->n_marks * sizeof *v->marks);
    v->choices = kept(arena, asked->choices, v->n_choices * sizeof *v->choices);
    v->choice_logp = ps_arena_calloc(arena, v->n_marks * v->n_choices + 1, sizeof *v->choice_logp);
    if (ps_arena_ok(arena)) return v;
    ps_arena_free(arena);
    return NULL;
}

void ps_remote_evaluation_free(ps_remote_evaluation *v) {
    if (v != NULL) ps_arena_free(v->arena);
}

ps_status ps_remote_evaluation_new(const ps_remote *e, const ps_evaluate_request *asked, ps_remote_step **step,
                                   ps_error *err) {
    ps_status status = refuse(e, asked, err);
    if (status != PS_OK) return status;
    ps_remote_step *made = ps_remote_step_new(&(ps_extend_request){.tag = asked->tag});
    if (made == NULL) return ps_nomem(err);
    made->evaluation = copy_of(asked);
    if (made->evaluation == NULL || ps_reserve(&made->tokens, &made->tokens_capacity, asked->n_tokens + 1) != PS_OK) {
        ps_remote_step_free(made);
        return ps_nomem(err);
    }
    *step = made;
    return PS_OK;
}

/* ---- Asking -------------------------------------------------------------- */

/* Send what was written, for a step that goes out of its list. */
static void send(ps_remote *e, ps_remote_step *step, ps_remote_call *call, ps_status status, const char *path,
                 ps_error *err) {
    if (status == PS_OK) {
        call->endpoint = ps_remote_node_root(step->parent)->home;
        call->steps = ps_arena_calloc(call->arena, 1, sizeof *call->steps);
        if (call->steps == NULL) status = ps_nomem(err);
    }
    if (status == PS_OK) status = ps_remote_call_send(e, call, path, e->timeout_s, false, err);
    if (status != PS_OK) {
        ps_remote_call_free(e, call);
        ps_remote_deliver_failure(e, step, status, err->message);
        return;
    }
    call->steps[0] = step;
    call->n_steps = 1;
    call->endpoint->limit.under_way++;
}

/* The step that a reply is for, with an answer to be read; NULL: it is over. */
static ps_remote_step *answered(ps_remote *e, ps_remote_call *call, const ps_http_reply *reply) {
    ps_error err;
    ps_remote_step *step = call->steps[0];
    call->steps[0] = NULL;
    call->endpoint->limit.under_way--;
    if (step == NULL || reply->status == PS_OK) return step;
    ps_status status = ps_remote_refused(e, reply, &err);
    ps_remote_deliver_failure(e, step, status, err.message);
    return NULL;
}

/* Of what could be read the step goes on, before others begin. */
static void read(ps_remote *e, const ps_remote_call *call, ps_remote_step *step, ps_status status, ps_error *err) {
    if (status == PS_OK) {
        e->n_answers++;
        step->refused = 0;
        ps_remote_steps_push_front(&e->unread, step);
        return;
    }
    (void)ps_error_prefix(err, status, "%s", call->endpoint->url);
    ps_remote_ask_again(e, step, status, err->message);
}

/* ---- The text ------------------------------------------------------------ */

static ps_status append(ps_remote_step *step, const ps_token *tokens, size_t n, ps_error *err) {
    if (ps_reserve(&step->tokens, &step->tokens_capacity, step->n_have + n + 1) != PS_OK) return ps_nomem(err);
    if (n > 0) memcpy(step->tokens + step->n_have, tokens, n * sizeof *tokens);
    step->n_read = step->n_have += n;
    return PS_OK;
}

/* The end of the next piece: for a server that always reads control tokens what may be one is cut behind its first
 * character. */
static size_t end_of_piece(const ps_remote *e, const ps_remote_evaluation *v) {
    size_t end;
    if (!e->dialect->control_always) return v->length;
    const size_t at = ps_find_control(v->text, v->length, v->at, &end);
    return at != SIZE_MAX ? at + 1 : v->length;
}

static void tokens_done(ps_remote *e, ps_remote_call *call, const ps_http_reply *reply) {
    ps_error err = {0};
    ps_token *tokens = NULL;
    size_t n = 0;
    ps_remote_step *step = answered(e, call, reply);
    if (step == NULL) return;
    ps_status status = e->dialect->read_tokenize(reply->body, reply->length, call->arena, &tokens, &n, &err);
    if (status == PS_OK) status = append(step, tokens, n, &err);
    if (status == PS_OK) step->evaluation->at = call->index;
    read(e, call, step, status, &err);
}

static void ask_tokens(ps_remote *e, ps_remote_step *step) {
    ps_error err;
    const char *path = NULL;
    const ps_remote_evaluation *v = step->evaluation;
    ps_remote_call *call = ps_remote_call_new(e, tokens_done);
    ps_status status = call != NULL ? PS_OK : ps_nomem(&err);
    ps_remote_call_write(e);
    if (status == PS_OK) {
        call->index = end_of_piece(e, v);
        status = e->dialect->write_tokenize(e->facts.model, v->text + v->at, call->index - v->at, false, &e->body,
                                            &path, &err);
    }
    send(e, step, call, status, path, &err);
}

/* ---- Marks --------------------------------------------------------------- */

/* All tokens are known: do they fit, with the one that is drawn? */
static ps_status join(ps_remote *e, ps_remote_step *step, ps_error *err) {
    ps_remote_evaluation *v = step->evaluation;
    const size_t parent = ps_remote_node_end(step->parent);
    v->joined = true;
    ps_status status = append(step, v->given, v->n_given, err);
    if (status == PS_OK && parent + step->n_have >= e->context)
        status = ps_fail(err, PS_BUDGET, "%zu tokens to evaluate after a prefix of %zu exceed the context of %zu",
                         step->n_have, parent, e->context);
    return status;
}

/* Tokens of the step up to a mark. */
static size_t up_to(const ps_remote_step *step, size_t mark) {
    const ps_remote_evaluation *v = step->evaluation;
    return step->n_have - v->n_given + v->marks[mark] + 1;
}

/* What was computed: as told, or what no request before it had. */
static size_t prefilled(const ps_remote_step *step, const ps_remote_chances *chances) {
    const size_t mark = step->evaluation->n_done;
    if (chances->cached != SIZE_MAX && chances->prompt_tokens >= chances->cached)
        return chances->prompt_tokens - chances->cached;
    if (mark > 0) return up_to(step, mark) - up_to(step, mark - 1);
    return up_to(step, 0) + (step->parent->parent == NULL ? step->parent->n_tokens : 0);
}

static void choices_done(ps_remote *e, ps_remote_call *call, const ps_http_reply *reply) {
    ps_error err = {0};
    ps_remote_chances chances = {0};
    ps_remote_step *step = answered(e, call, reply);
    if (step == NULL) return;
    ps_remote_evaluation *v = step->evaluation;
    ps_status status = e->dialect->read_choices(&call->ask, reply->body, reply->length, call->arena, &chances, &err);
    if (status == PS_OK) {
        memcpy(v->choice_logp + v->n_done * v->n_choices, chances.logp, v->n_choices * sizeof *chances.logp);
        step->prefilled += prefilled(step, &chances);
        step->discarded++;
        v->n_done++;
        ps_remote_limit_came(&call->endpoint->limit, 1, 1, reply->seconds, e->unread.first != NULL, ps_now());
    }
    read(e, call, step, status, &err);
}

static ps_status write_choices(ps_remote *e, ps_remote_step *step, ps_remote_call *call, const char **path,
                               ps_error *err) {
    const ps_remote_evaluation *v = step->evaluation;
    const size_t parent = ps_remote_node_end(step->parent), own = up_to(step, v->n_done);
    if (ps_reserve(&e->path, &e->path_capacity, parent + own) != PS_OK) return ps_nomem(err);
    ps_remote_node_path(step->parent, e->path);
    memcpy(e->path + parent, step->tokens, own * sizeof *e->path);
    call->ask = (ps_remote_ask){.model = e->facts.model,
                                .tokens = e->path,
                                .n_tokens = parent + own,
                                .max_tokens = 1,
                                .n = 1,
                                .choices = v->choices,
                                .n_choices = v->n_choices};
    return e->dialect->write_choices(&call->ask, &e->body, path, err);
}

static void ask_choices(ps_remote *e, ps_remote_step *step) {
    ps_error err;
    const char *path = NULL;
    ps_remote_call *call = ps_remote_call_new(e, choices_done);
    ps_remote_call_write(e);
    ps_status status = call != NULL ? write_choices(e, step, call, &path, &err) : ps_nomem(&err);
    send(e, step, call, status, path, &err);
}

/* ---- Going on ------------------------------------------------------------ */

/* A node without text: nothing is drawn after what was only read. */
static void finish(ps_remote *e, ps_remote_step *step) {
    const ps_remote_evaluation *v = step->evaluation;
    step->matcher.state = step->parent->state;
    step->event.reason = PS_STOP_STEP;
    step->event.choice_logp = v->choice_logp;
    step->event.prompt = ps_remote_node_root(step->parent)->n_tokens;
    step->event.prefilled = step->prefilled;
    step->event.discarded = step->discarded;
    ps_remote_deliver(e, step);
}

static void go_on(ps_remote *e, ps_remote_step *step) {
    ps_error err;
    const ps_remote_evaluation *v = step->evaluation;
    ps_status status = PS_OK;
    if (v->at < v->length) {
        ask_tokens(e, step);
        return;
    }
    if (!v->joined) status = join(e, step, &err);
    if (status != PS_OK)
        ps_remote_deliver_failure(e, step, status, err.message);
    else if (v->n_done < v->n_marks)
        ask_choices(e, step);
    else
        finish(e, step);
}

/* One whose server has no room waits, and holds up no other. */
void ps_remote_read_waiting(ps_remote *e) {
    ps_remote_steps all = e->unread;
    e->unread = (ps_remote_steps){0};
    for (ps_remote_step *step; (step = ps_remote_steps_pop(&all)) != NULL;) {
        if (ps_remote_limit_room(&ps_remote_node_root(step->parent)->home->limit) > 0)
            go_on(e, step);
        else
            ps_remote_steps_push(&e->unread, step);
    }
}
