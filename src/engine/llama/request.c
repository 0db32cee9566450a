/* One request: its tokens, its numbers, its end. */
#include "engine/llama/request.h"

#include "engine/llama/text.h"
#include "engine/ramp.h"

#include <string.h>

void ps_request_free(ps_request *request) {
    if (request == NULL) return;
    if (request->child != NULL && request->child->handle == 0) ps_llama_node_free(request->child);
    ps_request_list_clear(&request->followers);
    ps_step_clear(&request->matcher);
    ps_free(request->numbers);
    ps_free(request->marks);
    ps_free(request->choices);
    ps_free(request->choice_logp);
    ps_free(request->hidden_state);
    ps_free(request->tokens);
    ps_free(request);
}

void ps_request_list_clear(ps_request_list *list) {
    for (ps_request *request; (request = ps_request_pop(list)) != NULL;)
        ps_request_free(request);
}

/* ---- Ending -------------------------------------------------------------- */

void ps_request_fail(ps_request *request, ps_status status) {
    request->done = true;
    request->event.reason = PS_STOP_ERROR;
    request->event.status = status;
    request->event.message = request->error.message;
}

/* The numbers of a step come token by token and leave as arrays: logp, then logq, entropy, certainty, confidence. */
static ps_status arrange_numbers(ps_request *request, size_t n) {
    double *arrays = ps_malloc(PS_NUMBERS * n * sizeof *arrays + 1);
    if (arrays == NULL) return ps_nomem(&request->error);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < PS_NUMBERS; k++)
            arrays[k * n + i] = request->numbers[PS_NUMBERS * i + k];
    ps_free(request->numbers);
    request->numbers = arrays;
    request->event.logp = arrays;
    request->event.logq = arrays + n;
    request->event.entropy = arrays + 2 * n;
    if (request->generation->certainty) request->event.certainty = arrays + 3 * n;
    if (request->generation->confidence) request->event.confidence = arrays + 4 * n;
    return PS_OK;
}

/* The event has its own copy of the tokens: the caller may release the child before the next poll. */
static ps_status end_extension(ps_request *request) {
    const size_t n = ps_request_written(request), end = ps_request_length(request);
    ps_event *event = &request->event;
    request->tokens = ps_malloc(n * sizeof *request->tokens + 1);
    if (request->tokens == NULL || !ps_text_ok(&request->matcher.text)) return ps_nomem(&request->error);
    ps_status status = arrange_numbers(request, n);
    if (status != PS_OK) return status;
    ps_llama_node_path(request->child, end - n, end, request->tokens);
    event->tokens = request->tokens;
    event->n_tokens = n;
    event->text = ps_step_text(&request->matcher, &event->text_length);
    return PS_OK;
}

void ps_request_end(ps_request *request, ps_stop_reason reason) {
    request->done = true;
    request->event.reason = reason;
    request->event.status = PS_OK;
    request->event.prompt = request->child->root->n_tokens;
    if (request->evaluate) {
        request->event.choice_logp = request->choice_logp;
        request->event.hidden = request->hidden_state;
        return;
    }
    if (ps_request_wants_state(request) && ps_request_written(request) > 0)
        request->event.hidden = request->hidden_state;
    request->child->step = request->matcher.state;
    ps_status status = end_extension(request);
    if (status != PS_OK) ps_request_fail(request, status);
}

/* ---- Extension ----------------------------------------------------------- */

size_t ps_request_limit(const ps_llama *engine, const ps_request *request) {
    size_t most = (size_t)request->generation->max_answer_tokens, prompt = request->child->root->n_tokens;
    return most > 0 && prompt + most < engine->context ? prompt + most : engine->context;
}

/* The end of the answer so far, as far back as a pattern can reach; not of the prompt. */
static void text_before(const ps_llama *engine, const ps_llama_node *parent, size_t bytes, ps_text *before) {
    ps_text piece = {0};
    for (const ps_llama_node *x = parent; x != NULL && x->parent != NULL && before->length < bytes; x = x->parent)
        for (size_t i = x->n_tokens; i-- > 0 && before->length < bytes;) {
            ps_text_reset(&piece);
            ps_llama_piece(engine, x->tokens[i], &piece);
            ps_text_append(&piece, before->data, before->length);
            const ps_text longer = piece;
            piece = *before;
            *before = longer;
        }
    ps_text_clear(&piece);
}

void ps_request_begin(const ps_llama *engine, ps_request *request) {
    if (request->evaluate) return;
    ps_text before = {0};
    text_before(engine, request->parent, ps_step_lookback(request->generation), &before);
    ps_step_begin(&request->matcher, request->generation, before.data, before.length, &request->parent->step);
    ps_text_clear(&before);
}

/* One pass over the logits serves as many draws as there are followers, up to FEW at a time. */
void ps_request_sample(ps_request *request, const ps_llama *engine, ps_sampler *sampler) {
    enum { FEW = 64 };
    const uint64_t at = ps_request_written(request);
    ps_generation room;
    const ps_generation *here =
        ps_ramp(request->generation, ps_request_length(request) - request->child->root->n_tokens, &room);
    ps_request *next = request;
    sampler->vocabulary = engine->n_words;
    if (ps_request_wants_state(request))
        memcpy(request->hidden_state, request->state, engine->n_embd * sizeof *request->state);
    while (next != NULL) {
        ps_request *who[FEW];
        double uniforms[FEW];
        ps_draw draws[FEW];
        size_t n = 0;
        for (; next != NULL && n < FEW; next = next == request ? request->followers.first : next->next) {
            who[n] = next;
            uniforms[n++] = ps_uniform(next->key, at);
        }
        request->drawn =
            ps_sample_several(sampler, request->logits, engine->n_vocab, here, uniforms, n, draws, &request->error);
        if (request->drawn != PS_OK) return;
        for (size_t i = 0; i < n; i++)
            who[i]->draw = draws[i];
    }
}

/* The token and its numbers become part of the request. */
static ps_status append(ps_request *request, const ps_draw *draw) {
    const size_t i = ps_request_written(request);
    if (ps_reserve(&request->numbers, &request->numbers_capacity, PS_NUMBERS * (i + 1)) != PS_OK)
        return ps_nomem(&request->error);
    const double numbers[PS_NUMBERS] = {draw->logp, draw->logq, draw->entropy, draw->certainty, draw->confidence};
    memcpy(request->numbers + PS_NUMBERS * i, numbers, sizeof numbers);
    return ps_llama_node_append(request->child, &draw->token, 1, &request->error);
}

void ps_request_take(const ps_llama *engine, ps_request *request) {
    const ps_token token = request->draw.token;
    ps_status status = request->drawn != PS_OK ? request->drawn : append(request, &request->draw);
    if (status != PS_OK) {
        ps_request_fail(request, status);
        return;
    }
    const size_t before = request->matcher.text.length;
    ps_text piece = {0};
    ps_llama_piece(engine, token, &piece);
    ps_stop_reason reason;
    const bool ended =
        ps_step_push(&request->matcher, piece.data, piece.length, llama_vocab_is_eog(engine->vocab, token), &reason);
    if (piece.failed || request->matcher.text.length != before + piece.length)
        ps_request_fail(request, ps_nomem(&request->error));
    else if (ended)
        ps_request_end(request, reason);
    else if (ps_request_length(request) >= ps_request_limit(engine, request))
        ps_request_end(request, PS_STOP_CONTEXT_FULL);
    ps_text_clear(&piece);
}
