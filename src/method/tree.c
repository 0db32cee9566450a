/* The snapshots a method has seen. */
#include "method/tree.h"

#include <math.h>

ps_status ps_tree_init(ps_tree *tree, ps_error *err) {
    *tree = (ps_tree){0};
    if (ps_reserve(&tree->nodes, &tree->capacity, 64) != PS_OK) return ps_nomem(err);
    tree->nodes[0] = (ps_tree_node){.state = PS_OPEN, .known = true, .sums.reward = NAN};
    tree->size = 1;
    return PS_OK;
}

void ps_tree_clear(ps_tree *tree) {
    ps_free(tree->nodes);
    *tree = (ps_tree){0};
}

ps_status ps_tree_reserve(ps_tree *tree, uint32_t parent, uint32_t *id, ps_error *err) {
    if (tree->size >= UINT32_MAX || ps_reserve(&tree->nodes, &tree->capacity, tree->size + 1) != PS_OK)
        return ps_nomem(err);
    *id = (uint32_t)tree->size++;
    tree->nodes[*id] = (ps_tree_node){.parent = parent, .depth = tree->nodes[parent].depth + 1};
    return PS_OK;
}

unsigned ps_unread(const ps_method_params *params) {
    return params->score->reads & ~(params->gives | (params->has_logq ? (unsigned)PS_READS_LOGQ : 0));
}

/* A product of rewards falls with length as a sum of log-probabilities does; its last factor does not. */
static double merit_of(const ps_method_params *params, const ps_step_result *result, double ell) {
    if (!params->has_reward) return ell;
    return ps_score_reward(params->score_params, params->reward_shrinks ? result->step_reward : result->reward);
}

ps_status ps_tree_fill(ps_tree *tree, const ps_method_params *params, const ps_step_result *result, ps_error *err) {
    if (result->child == 0 || result->child >= tree->size || tree->nodes[result->child].known)
        return ps_fail(err, PS_ARG, "a result for snapshot %u, which was not asked for", result->child);
    ps_tree_node *node = &tree->nodes[result->child];
    const ps_score_input *before = &tree->nodes[node->parent].sums;
    node->sums = (ps_score_input){
        .sum_logp = result->has_logp ? before->sum_logp + result->sum_logp : NAN,
        .sum_logq = result->has_logq ? before->sum_logq + result->sum_logq : NAN,
        .n_tokens = before->n_tokens + result->n_tokens,
        .n_steps = before->n_steps + 1,
        .reward = result->reward,
        .finished = result->state == PS_FINISHED,
        .sum_entropy = before->sum_entropy + result->sum_entropy,
        .sum_certainty = before->sum_certainty + result->sum_certainty,
        .confidence = result->confidence,
    };
    node->state = result->state == PS_OPEN && node->depth >= params->max_steps ? PS_TRUNCATED : result->state;
    node->known = true;
    tree->tokens += result->n_tokens;
    if (node->state == PS_FINISHED) {
        tree->n_finished++;
        tree->finished_tokens += node->sums.n_tokens;
    }
    /* Only a method that chooses without a score gets here without the sums that the score reads: all answers are
     * alike. */
    if (!result->has_logp && ps_score_needs_logp(params->score, params->score_params)) return PS_OK;
    if (ps_unread(params) != 0) return PS_OK;
    ps_status status = ps_score(params->score, params->prior, params->score_params, &node->sums, &node->ell, err);
    if (status == PS_OK) node->merit = merit_of(params, result, node->ell);
    return status;
}

/* What is offered: finished snapshots; where there is none, truncated ones; where there is none, open ones. */
static ps_snapshot_state best_state(const ps_tree *tree, size_t count[3]) {
    for (size_t i = 1; i < tree->size; i++)
        if (tree->nodes[i].known) count[tree->nodes[i].state]++;
    return count[PS_FINISHED] > 0 ? PS_FINISHED : count[PS_TRUNCATED] > 0 ? PS_TRUNCATED : PS_OPEN;
}

ps_status ps_tree_answers(const ps_tree *tree, ps_answer **answers, size_t *n, ps_error *err) {
    size_t count[3] = {0}, k = 0;
    ps_snapshot_state wanted = best_state(tree, count);
    ps_answer *list = ps_calloc(count[wanted], sizeof *list);
    if (list == NULL) return ps_nomem(err);
    for (size_t i = 1; i < tree->size; i++) {
        const ps_tree_node *node = &tree->nodes[i];
        if (node->known && node->state == wanted)
            list[k++] = (ps_answer){.snapshot = (uint32_t)i,
                                    .state = node->state,
                                    .log_weight_q = NAN,
                                    .ell = node->ell,
                                    .reward = node->sums.reward};
    }
    *answers = list;
    *n = k;
    return PS_OK;
}
