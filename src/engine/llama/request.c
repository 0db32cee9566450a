/* One request from its first token to its event. */
#include "engine/llama/engine.h"

#include <string.h>

ps_work *ps_work_pop(ps_work_list *list) {
    ps_work *work = list->first;
    if (!work) return NULL;
    list->first = work->next;
    if (!list->first) list->last = NULL;
    work->next = NULL;
    return work;
}

void ps_work_free(ps_work *work) {
    if (!work) return;
    if (work->child && !work->child->handle) ps_tree_free(work->child);
    for (ps_work *rider; (rider = ps_work_pop(&work->riders));)
        ps_work_free(rider);
    ps_step_free(&work->matcher);
    ps_free(work->numbers);
    ps_free(work->marks);
    ps_free(work->choices);
    ps_free(work->choice_logp);
    ps_free(work->hidden_state);
    ps_free(work->tokens);
    ps_free(work);
}

/* ---- Ending -------------------------------------------------------------- */

void ps_work_fail(ps_work *work, ps_status status) {
    work->done = true;
    work->event.reason = PS_STOP_ERROR;
    work->event.status = status;
    work->event.message = work->error.message;
}

/* The numbers of a step come token by token and leave as three arrays: logp, then logq, then entropy. */
static ps_status part_numbers(ps_work *work, size_t n) {
    double *parted = ps_malloc(3 * n * sizeof *parted + 1);
    if (!parted) return ps_nomem(&work->error);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < 3; k++)
            parted[k * n + i] = work->numbers[3 * i + k];
    ps_free(work->numbers);
    work->numbers = parted;
    work->event.logp = parted;
    work->event.logq = parted + n;
    work->event.entropy = parted + 2 * n;
    return PS_OK;
}

/* The event has its own copy of the tokens: the caller may release the child before the next poll. */
static ps_status end_extension(ps_work *work) {
    const size_t n = ps_work_written(work), end = ps_work_length(work);
    ps_event *event = &work->event;
    work->tokens = ps_malloc(n * sizeof *work->tokens + 1);
    if (!work->tokens) return ps_nomem(&work->error);
    ps_tree_path(work->child, end - n, end, work->tokens);
    event->tokens = work->tokens;
    event->n_tokens = n;
    if (!ps_text_ok(&work->matcher.text)) return ps_nomem(&work->error);
    event->text = ps_step_text(&work->matcher, &event->text_length);
    return part_numbers(work, n);
}

void ps_work_end(ps_work *work, ps_stop_reason reason) {
    work->done = true;
    work->event.reason = reason;
    work->event.status = PS_OK;
    work->event.prompt = work->child->root->n_tokens;
    work->child->continued = reason == PS_STOP_LENGTH;
    if (work->evaluate) {
        work->event.choice_logp = work->choice_logp;
        work->event.hidden = work->hidden_state;
        return;
    }
    const ps_status status = end_extension(work);
    if (status) ps_work_fail(work, status);
}

/* ---- Extension ----------------------------------------------------------- */

/* The end of the answer so far, as far back as a pattern can reach; not of the prompt. */
static void text_before(const ps_llama *engine, const ps_lnode *parent, size_t bytes, ps_text *before) {
    ps_text piece = {0};
    for (const ps_lnode *x = parent; x && x->parent && before->length < bytes; x = x->parent)
        for (size_t i = x->n_tokens; i-- > 0 && before->length < bytes;) {
            ps_text_clear(&piece);
            ps_llama_piece(engine, x->tokens[i], &piece);
            ps_text_append(&piece, before->data, before->length);
            const ps_text longer = piece;
            piece = *before;
            *before = longer;
        }
    ps_text_free(&piece);
}

void ps_work_begin(ps_lane *lane, ps_work *work) {
    if (work->evaluate) return;
    ps_text before = {0};
    text_before(lane->engine, work->parent, ps_step_lookback(work->generation), &before);
    ps_step_begin(&work->matcher, work->generation, before.data, before.length, work->parent->continued);
    ps_text_free(&before);
}

static ps_status record(ps_work *work, const ps_draw *draw) {
    const size_t i = ps_work_written(work);
    ps_status status = ps_reserve(&work->numbers, &work->numbers_capacity, 3 * (i + 1));
    if (status) return ps_nomem(&work->error);
    work->numbers[3 * i] = draw->logp;
    work->numbers[3 * i + 1] = draw->logq;
    work->numbers[3 * i + 2] = draw->entropy;
    return ps_tree_append(work->child, &draw->token, 1, &work->error);
}

/* One look at the logits serves as many draws as there are riders, up to FEW at a time. */
void ps_work_sample(ps_work *work, const ps_llama *engine, ps_sampler *sampler) {
    enum { FEW = 64 };
    const uint64_t at = ps_work_written(work);
    ps_work *next = work;
    while (next) {
        ps_work *who[FEW];
        double uniforms[FEW];
        ps_draw draws[FEW];
        size_t n = 0;
        for (; next && n < FEW; next = next == work ? work->riders.first : next->next) {
            who[n] = next;
            uniforms[n++] = ps_uniform(next->key, at);
        }
        work->drawn = ps_sample_several(sampler, work->logits, engine->n_vocab, work->generation, uniforms, n, draws,
                                        &work->error);
        if (work->drawn) return;
        for (size_t i = 0; i < n; i++)
            who[i]->draw = draws[i];
    }
}

void ps_work_take(ps_lane *lane, ps_work *work) {
    const ps_llama *engine = lane->engine;
    const ps_draw draw = work->draw;
    if (ps_work_written(work) == 0) {
        ps_join_close(work);
        if (work->parent->logits)
            ps_cache_touch_logits(lane, work->parent);
        else
            ps_cache_keep_logits(lane, work->parent, work->logits);
    }
    const ps_status status = work->drawn ? work->drawn : record(work, &draw);
    if (status) {
        ps_work_fail(work, status);
        return;
    }
    lane->stats.generated += 1 + work->n_riders;
    lane->stats.shared += work->n_riders;
    for (ps_work *rider = work->riders.first; rider; rider = rider->next)
        rider->event.shared++;
    const size_t before = work->matcher.text.length;
    ps_text piece = {0};
    ps_llama_piece(engine, draw.token, &piece);
    ps_stop_reason reason;
    const bool ended =
        ps_step_push(&work->matcher, piece.data, piece.length, llama_vocab_is_eog(engine->vocab, draw.token), &reason);
    if (piece.failed || work->matcher.text.length != before + piece.length) {
        ps_nomem(&work->error);
        ps_work_fail(work, PS_NOMEM);
    } else if (ended) {
        ps_work_end(work, reason);
    } else if (ps_work_length(work) >= engine->context) {
        ps_work_end(work, PS_STOP_CONTEXT_FULL);
    }
    ps_text_free(&piece);
}

/* ---- Evaluation ---------------------------------------------------------- */

static ps_status read_mark(ps_lane *lane, ps_work *work, size_t m, int32_t row) {
    const ps_llama *engine = lane->engine;
    if (work->n_choices > 0) {
        const float *logits = llama_get_logits_ith(lane->context, row);
        ps_logits_summary summary;
        if (!logits) return ps_fail(&work->error, PS_ENGINE, "the model gave no logits at mark %zu", m);
        const ps_status status =
            ps_logits_summarise(&lane->samplers[0], logits, engine->n_vocab, &summary, &work->error);
        if (status) return status;
        for (size_t k = 0; k < work->n_choices; k++)
            work->choice_logp[m * work->n_choices + k] = (double)logits[work->choices[k]] - summary.log_sum;
    }
    if (work->hidden) {
        const float *state = llama_get_embeddings_ith(lane->context, row);
        if (!state) return ps_fail(&work->error, PS_ENGINE, "the model gave no hidden state at mark %zu", m);
        memcpy(work->hidden_state + m * engine->n_embd, state, engine->n_embd * sizeof *state);
    }
    return PS_OK;
}

void ps_work_read(ps_lane *lane, ps_work *work, int32_t row, size_t n) {
    const size_t end = lane->sequences[work->sequence].n; /* the n tokens are already counted */
    for (; work->next_mark < work->n_marks; work->next_mark++) {
        const size_t at = work->child->start + work->marks[work->next_mark];
        if (at >= end) return;
        if (at + n < end) continue; /* read before a set-back */
        const ps_status status = read_mark(lane, work, work->next_mark, row + (int32_t)(at - (end - n)));
        if (status) {
            ps_work_fail(work, status);
            return;
        }
    }
}
