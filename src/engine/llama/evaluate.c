/* What an evaluation reads from a batch: the model at the marked tokens. */
#include "engine/llama/batch.h"

#include <string.h>

static ps_status read_mark(ps_lane *lane, ps_request *request, size_t m, int32_t row) {
    const ps_llama *engine = lane->engine;
    if (request->n_choices > 0) {
        const float *logits = llama_get_logits_ith(lane->context, row);
        ps_logits_summary summary;
        if (logits == NULL) return ps_fail(&request->error, PS_ENGINE, "the model gave no logits at mark %zu", m);
        ps_status status = ps_logits_summarise(&lane->samplers[0], logits, engine->n_vocab, &summary, &request->error);
        if (status != PS_OK) return status;
        for (size_t k = 0; k < request->n_choices; k++)
            request->choice_logp[m * request->n_choices + k] = (double)logits[request->choices[k]] - summary.log_sum;
    }
    if (request->hidden) {
        const float *state = llama_get_embeddings_ith(lane->context, row);
        if (state == NULL) return ps_fail(&request->error, PS_ENGINE, "the model gave no hidden state at mark %zu", m);
        memcpy(request->hidden_state + m * engine->n_embd, state, engine->n_embd * sizeof *state);
    }
    return PS_OK;
}

void ps_batch_read_marks(ps_lane *lane, ps_request *request) {
    const size_t n = request->todo;
    const size_t end = lane->sequences[request->sequence].n; /* the n tokens are counted already */
    for (; request->next_mark < request->n_marks; request->next_mark++) {
        const size_t at = request->child->start + request->marks[request->next_mark];
        if (at >= end) return;
        if (at + n < end) continue; /* read before it was preempted */
        ps_status status = read_mark(lane, request, request->next_mark, request->row + (int32_t)(at - (end - n)));
        if (status != PS_OK) {
            ps_request_fail(request, status);
            return;
        }
    }
}
