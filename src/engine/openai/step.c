/* Reading a step token by token. Errors are the step's own: status and step->error. */
#include "engine/openai/step.h"

#include "engine/openai/evaluate.h"
#include "engine/openai/logq.h"

#include <string.h>

/* ---- Lists --------------------------------------------------------------- */

void ps_remote_steps_push(ps_remote_steps *list, ps_remote_step *step) {
    ps_remote_steps_insert(list, list->last, step);
}

void ps_remote_steps_push_front(ps_remote_steps *list, ps_remote_step *step) {
    ps_remote_steps_insert(list, NULL, step);
}

void ps_remote_steps_insert(ps_remote_steps *list, ps_remote_step *after, ps_remote_step *step) {
    ps_remote_step **link = after != NULL ? &after->next : &list->first;
    step->next = *link;
    *link = step;
    if (list->last == after) list->last = step;
}

ps_remote_step *ps_remote_steps_pop(ps_remote_steps *list) {
    ps_remote_step *step = list->first;
    if (step == NULL) return NULL;
    list->first = step->next;
    if (list->first == NULL) list->last = NULL;
    step->next = NULL;
    return step;
}

/* ---- Life ---------------------------------------------------------------- */

ps_remote_step *ps_remote_step_new(const ps_extend_request *asked) {
    ps_remote_step *step = ps_calloc(1, sizeof *step);
    if (step == NULL) return NULL;
    step->key = asked->key;
    step->generation = asked->generation;
    step->event.tag = asked->tag;
    step->event.text = "";
    return step;
}

void ps_remote_step_free(ps_remote_step *step) {
    if (step == NULL) return;
    ps_step_clear(&step->matcher);
    ps_remote_evaluation_free(step->evaluation);
    ps_free(step->tokens);
    ps_free(step->logp);
    ps_free(step->logq);
    ps_free(step);
}

void ps_remote_step_fail(ps_remote_step *step, ps_status status, const char *message) {
    if (message != step->error.message) (void)ps_fail(&step->error, status, "%s", message);
    step->event = (ps_event){.tag = step->event.tag,
                             .reason = PS_STOP_ERROR,
                             .status = status,
                             .message = step->error.message,
                             .text = "",
                             .prefilled = step->prefilled,
                             .discarded = step->discarded + (step->evaluation != NULL ? 0 : step->n_have)};
}

/* The event's numbers are the step's arrays; what is not known is not told. */
ps_status ps_remote_step_finish(ps_remote_step *step, ps_stop_reason reason) {
    ps_event *event = &step->event;
    if (!ps_text_ok(&step->matcher.text)) return ps_nomem(&step->error);
    event->reason = reason;
    event->status = PS_OK;
    event->n_tokens = step->n_read;
    event->tokens = step->tokens;
    event->logp = step->logp;
    event->logq = step->logq;
    event->text = ps_step_text(&step->matcher, &event->text_length);
    event->prompt = ps_remote_node_root(step->parent)->n_tokens;
    event->prefilled = step->prefilled;
    event->discarded = step->discarded + (step->n_have - step->n_read);
    event->logq_bound = step->logq != NULL ? step->bound : 0;
    return PS_OK;
}

/* ---- Beginning ----------------------------------------------------------- */

static size_t limit_of(const ps_remote_step *step, size_t context) {
    const size_t answer = (size_t)step->generation->max_answer_tokens;
    const size_t prompt = ps_remote_node_root(step->parent)->n_tokens;
    return answer > 0 && prompt + answer < context ? prompt + answer : context;
}

static size_t length_of(const ps_remote_step *step) {
    return ps_remote_node_end(step->parent) + step->n_read;
}

/* Arrays that are told although they are empty. */
static ps_status make_arrays(ps_remote_step *step, ps_remote_numbers numbers) {
    const ps_generation *g = step->generation;
    step->wants_logq =
        numbers == PS_REMOTE_PROCESSED || (numbers == PS_REMOTE_RAW && (g->logq || !ps_remote_logq_needs_top(g)));
    if (ps_remote_node_root(step->parent)->tokens != NULL &&
        ps_reserve(&step->tokens, &step->tokens_capacity, 1) != PS_OK)
        return ps_nomem(&step->error);
    if (numbers == PS_REMOTE_RAW && ps_reserve(&step->logp, &step->logp_capacity, 1) != PS_OK)
        return ps_nomem(&step->error);
    if (step->wants_logq && ps_reserve(&step->logq, &step->logq_capacity, 1) != PS_OK) return ps_nomem(&step->error);
    return PS_OK;
}

ps_status ps_remote_step_begin(ps_remote_step *step, size_t context, ps_remote_numbers numbers, ps_remote_need *need) {
    ps_text before = {0};
    ps_status status = make_arrays(step, numbers);
    if (status != PS_OK) return status;
    ps_remote_node_before(step->parent, ps_step_lookback(step->generation), &before);
    ps_step_begin(&step->matcher, step->generation, before.data, before.length, &step->parent->state);
    step->run = step->parent->run;
    step->most = limit_of(step, context);
    step->begun = true;
    if (!ps_text_ok(&before)) status = ps_nomem(&step->error);
    ps_text_clear(&before);
    *need = PS_REMOTE_NEED_TOKENS;
    if (status == PS_OK && length_of(step) >= step->most) {
        *need = PS_REMOTE_NEED_NOTHING;
        status = ps_remote_step_finish(step, PS_STOP_CONTEXT_FULL);
    }
    return status;
}

size_t ps_remote_step_room(const ps_remote_step *step) {
    const ps_generation *g = step->generation;
    size_t most = (size_t)g->max_tokens, left = step->most - length_of(step);
    if (g->boundary == PS_BOUNDARY_FIXED && (size_t)g->fixed_tokens < most) most = (size_t)g->fixed_tokens;
    most -= step->n_read;
    return most < left ? most : left;
}

size_t ps_remote_step_n_top(const ps_remote_step *step, ps_remote_numbers numbers, size_t most) {
    return numbers == PS_REMOTE_RAW && step->wants_logq && ps_remote_logq_needs_top(step->generation) ? most : 0;
}

/* ---- What has come ------------------------------------------------------- */

static ps_status reserve(ps_remote_step *step, size_t n) {
    const size_t need = step->n_have + n;
    bool ok = step->tokens == NULL || ps_reserve(&step->tokens, &step->tokens_capacity, need) == PS_OK;
    ok = ok && (step->logp == NULL || ps_reserve(&step->logp, &step->logp_capacity, need) == PS_OK);
    ok = ok && (step->logq == NULL || ps_reserve(&step->logq, &step->logq_capacity, need) == PS_OK);
    return ok ? PS_OK : ps_nomem(&step->error);
}

static void add_numbers(ps_remote_step *step, const ps_remote_choice *choice, size_t i, size_t n_top, size_t vocabulary,
                        ps_remote_numbers numbers) {
    const size_t at = step->n_have + i;
    if (step->logp != NULL) step->logp[at] = choice->logp[i];
    if (step->logq == NULL) return;
    if (numbers == PS_REMOTE_PROCESSED) {
        step->logq[at] = step->generation->temperature > 0 ? choice->logp[i] : 0;
        return;
    }
    const ps_remote_logq q = ps_remote_logq_of(step->generation, choice->tokens[i], choice->logp[i],
                                               n_top > 0 ? choice->top_tokens + i * n_top : NULL,
                                               n_top > 0 ? choice->top_logp + i * n_top : NULL, n_top, vocabulary);
    step->logq[at] = q.logq;
    step->bound += q.bound;
}

ps_status ps_remote_step_add(ps_remote_step *step, const ps_remote_choice *choice, size_t n_top, size_t vocabulary,
                             ps_remote_numbers numbers, ps_remote_spellings *spellings) {
    const size_t n = choice->n_tokens;
    if (choice->tokens == NULL || (numbers != PS_REMOTE_NO_NUMBERS && choice->logp == NULL))
        return ps_fail(&step->error, PS_FORMAT,
                       "the answer of the server has no ids or no log-probabilities of tokens");
    ps_status status = reserve(step, n);
    for (size_t i = 0; i < n && status == PS_OK; i++) {
        step->tokens[step->n_have + i] = choice->tokens[i];
        add_numbers(step, choice, i, n_top, vocabulary, numbers);
        const bool told = choice->spellings != NULL && choice->spellings[i] != NULL;
        const bool silent = i + 1 == n && step->end == PS_REMOTE_EOS;
        if (told)
            status = ps_remote_spelling_tell(spellings, choice->tokens[i], choice->spellings[i],
                                             choice->spelling_lengths[i], &step->error);
        if (status == PS_OK && !silent) status = ps_remote_spelling_want(spellings, choice->tokens[i], &step->error);
    }
    if (status == PS_OK) step->n_have += n;
    return status;
}

/* The token that was pushed is part of the step; where that ends it, the rest is not. */
static ps_status pushed(ps_remote_step *step, bool ended, ps_stop_reason reason, ps_remote_need *need) {
    step->n_read++;
    if (!ended && length_of(step) < step->most) return PS_OK;
    *need = PS_REMOTE_NEED_NOTHING;
    return ps_remote_step_finish(step, ended ? reason : PS_STOP_CONTEXT_FULL);
}

ps_status ps_remote_step_read(ps_remote_step *step, ps_remote_spellings *spellings, ps_remote_need *need) {
    ps_status status = PS_OK;
    *need = PS_REMOTE_NEED_TOKENS;
    while (step->n_read < step->n_have && status == PS_OK && *need == PS_REMOTE_NEED_TOKENS) {
        const bool eos = step->n_read + 1 == step->n_have && step->end == PS_REMOTE_EOS;
        const char *bytes = "";
        size_t n = 0;
        bool known = true;
        ps_stop_reason reason;
        if (!eos)
            status =
                ps_remote_spell(spellings, &step->run, step->tokens[step->n_read], &known, &bytes, &n, &step->error);
        if (status != PS_OK) return status;
        if (!known) {
            *need = PS_REMOTE_NEED_SPELLING;
            return PS_OK;
        }
        const bool ended = ps_step_push(&step->matcher, bytes, n, eos, &reason);
        status = pushed(step, ended, reason, need);
    }
    if (status != PS_OK || *need != PS_REMOTE_NEED_TOKENS) return status;
    if (step->end != PS_REMOTE_CONTEXT) return PS_OK;
    *need = PS_REMOTE_NEED_NOTHING; /* the server's context is full, ours is not: what was told of it was wrong */
    return ps_remote_step_finish(step, PS_STOP_CONTEXT_FULL);
}

ps_status ps_remote_step_text(ps_remote_step *step, const char *text, size_t length, ps_remote_need *need) {
    ps_stop_reason reason;
    *need = PS_REMOTE_NEED_TOKENS;
    const bool ended = ps_step_push(&step->matcher, text, length, false, &reason);
    step->n_have++;
    return pushed(step, ended, reason, need);
}
