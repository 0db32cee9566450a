/* Rounds of steps. */
#include "method/round.h"

ps_status ps_round_init(ps_round *round, ps_error *err) {
    *round = (ps_round){0};
    return ps_tree_init(&round->tree, err);
}

void ps_round_clear(ps_round *round) {
    ps_tree_clear(&round->tree);
    ps_free(round->work);
    *round = (ps_round){0};
}

void ps_round_begin(ps_round *round) {
    round->n_work = 0;
    round->given = false;
}

ps_status ps_round_plan(ps_round *round, uint32_t parent, bool want_reward, uint32_t *child, ps_error *err) {
    if (ps_reserve(&round->work, &round->capacity, round->n_work + 1) != PS_OK) return ps_nomem(err);
    ps_status status = ps_tree_reserve(&round->tree, parent, child, err);
    if (status == PS_OK)
        round->work[round->n_work++] = (ps_work){.parent = parent, .child = *child, .want_reward = want_reward};
    return status;
}

void ps_round_next(ps_round *round, const ps_work **work, size_t *n) {
    *work = round->work;
    *n = round->given ? 0 : round->n_work;
    if (!round->given) round->awaited = round->n_work;
    round->given = true;
}

ps_status ps_round_absorb(ps_round *round, const ps_method_params *params, const ps_step_result *results, size_t n,
                          bool *over, ps_error *err) {
    *over = false;
    for (size_t i = 0; i < n; i++) {
        if (round->awaited == 0) return ps_fail(err, PS_ARG, "more results than work was given");
        ps_status status = ps_tree_fill(&round->tree, params, &results[i], err);
        if (status != PS_OK) return status;
        round->awaited--;
    }
    *over = n > 0 && round->awaited == 0;
    return PS_OK;
}

bool ps_round_out_of_tokens(const ps_round *round, const ps_method_params *params) {
    return params->budget.max_tokens > 0 && round->tree.tokens >= params->budget.max_tokens;
}
