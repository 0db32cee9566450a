/* Landing within a token budget. */
#include "method/pace.h"

#include <math.h>

/* Of a sum of needs: M parts of a budget are the budget, also where a division was rounded. */
#define IN_FULL (1 - 1e-9)

static double tokens_left(const ps_method_params *params, const ps_tree *tree) {
    return tree->tokens < params->budget.max_tokens ? (double)(params->budget.max_tokens - tree->tokens) : 0;
}

/* The plan counts as one answer among those finished. */
static double answer_length(const ps_method_params *params, const ps_tree *tree) {
    double plan = (double)params->budget.max_tokens / (double)params->n_particles;
    return (plan + (double)tree->finished_tokens) / (1 + (double)tree->n_finished);
}

double ps_pace_need(const ps_method_params *params, const ps_tree *tree, uint32_t snapshot) {
    const ps_tree_node *node = &tree->nodes[snapshot];
    double written = (double)node->sums.n_tokens, steps = (double)node->depth;
    double need = fmax(answer_length(params, tree) - written, params->budget.pace * written);
    if (steps > 0) need = fmin(need, ((double)params->max_steps - steps) * written / steps);
    if (params->max_answer_tokens > 0) need = fmin(need, (double)params->max_answer_tokens - written);
    return fmax(need, 1);
}

static bool paced(const ps_method_params *params) {
    return params->budget.max_tokens > 0 && params->budget.pace > 0;
}

size_t ps_pace_lines(const ps_method_params *params, const ps_tree *tree, const uint32_t *snapshots, size_t n) {
    if (!paced(params)) return n;
    double left = tokens_left(params, tree);
    for (size_t i = 0; i < n; i++) {
        bool begun = snapshots[i] != 0;
        double need = ps_pace_need(params, tree, snapshots[i]);
        if (left < (begun ? need / 2 : need * IN_FULL) && !(begun && i == 0)) return i;
        left -= need;
    }
    return n;
}

size_t ps_pace_answers(const ps_method_params *params, const ps_tree *tree) {
    double left = tokens_left(params, tree);
    if (left == 0 || params->budget.pace == 0) return left == 0 ? 0 : params->n_particles;
    double answers = floor(left / (ps_pace_need(params, tree, 0) * IN_FULL));
    return answers < (double)params->n_particles ? (size_t)answers : params->n_particles;
}

size_t ps_pace_steps_back(const ps_method_params *params, const ps_tree *tree, uint32_t snapshot) {
    const ps_tree_node *node = &tree->nodes[snapshot];
    if (!paced(params) || node->sums.n_tokens == 0) return SIZE_MAX;
    double spare = tokens_left(params, tree) - ps_pace_need(params, tree, snapshot);
    return spare <= 0 ? 0 : (size_t)(spare * (double)node->depth / (double)node->sums.n_tokens);
}
