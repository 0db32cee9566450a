/* Steps of the synthetic kind: one token each, whatever the request's boundary is. */
#include "engine/toy/engine.h"

#include <string.h>

/* Bytes, then ok, slip, seen, then the last steps: right, and two for each wrong label. */
ps_token ps_toy_step_token(const ps_toy_step *step) {
    if (step->label < 0) return PS_TOY_BYTES + (ps_token)step->status;
    if (step->label == 0) return PS_TOY_BYTES + 3;
    return PS_TOY_BYTES + 4 + 2 * (step->label - 1) + (step->status == PS_TOY_SEEN);
}

/* What an event of one token points to. */
typedef struct one_token {
    double logp, logq, entropy;
    ps_token token;
    char text[PS_TOY_STEP_TEXT];
} one_token;

ps_status ps_toy_synthetic_extend(ps_toy_engine *toy, const ps_toy_job *job, ps_event *event, ps_error *err) {
    const ps_toy_node *node = ps_toy_tree_node(&toy->tree, job->node);
    const ps_toy_step before = {node->step, (ps_toy_status)node->status, node->z, -1};
    const unsigned group = node->group != PS_TOY_NO_GROUP ? node->group : (unsigned)(job->key.problem % 7);
    const bool full = node->length >= toy->n_ctx;
    one_token *one = ps_arena_alloc(toy->arena, sizeof *one);
    ps_toy_step step = before;
    if (one == NULL) return ps_nomem(err);
    if (!full) {
        ps_toy_reasoner_step(&toy->reasoner, &before, group, job->key, &step, &one->logp, &one->entropy);
        one->logq = one->logp;
        one->token = ps_toy_step_token(&step);
    }
    ps_status status = ps_toy_tree_add(&toy->tree, job->node, &one->token, full ? 0 : 1, &event->child, err);
    if (status != PS_OK) return status;
    ps_toy_node *child = ps_toy_tree_node(&toy->tree, event->child);
    child->step = (uint16_t)step.number;
    child->status = (uint8_t)step.status;
    child->z = step.z;
    child->finished = step.label >= 0;
    event->prefilled = ps_toy_prefill(toy, job->node);
    event->reason = full ? PS_STOP_CONTEXT_FULL : child->finished ? PS_STOP_EOS : PS_STOP_STEP;
    if (full) return PS_OK;
    event->tokens = &one->token;
    event->logp = &one->logp;
    event->logq = &one->logq;
    event->entropy = &one->entropy;
    event->n_tokens = 1;
    event->text_length = ps_toy_step_write(&step, one->text);
    event->text = one->text;
    return PS_OK;
}
