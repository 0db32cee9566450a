/* Rounds of steps. */
#include "method/round.h"

#include <math.h>

ps_status ps_round_method_init(ps_round_method *m, const ps_method_ops *ops, const ps_method_params *params,
                               ps_status (*over)(ps_method *method, ps_error *err), ps_error *err) {
    m->base.ops = ops;
    m->params = *params;
    m->over = over;
    return ps_tree_init(&m->round.tree, err);
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

ps_status ps_round_method_next(ps_method *method, const ps_work **work, size_t *n, ps_error *err) {
    (void)err;
    ps_round *round = &((ps_round_method *)method)->round;
    *work = round->work;
    *n = round->given ? 0 : round->n_work;
    if (!round->given) round->awaited = round->n_work;
    round->given = true;
    return PS_OK;
}

ps_status ps_round_method_absorb(ps_method *method, const ps_step_result *results, size_t n, ps_error *err) {
    ps_round_method *m = (ps_round_method *)method;
    for (size_t i = 0; i < n; i++) {
        if (m->round.awaited == 0) return ps_fail(err, PS_ARG, "more results than work was given");
        ps_status status = ps_tree_fill(&m->round.tree, &m->params, &results[i], err);
        if (status != PS_OK) return status;
        m->round.awaited--;
    }
    return n > 0 && m->round.awaited == 0 ? m->over(method, err) : PS_OK;
}

ps_status ps_round_method_report(const ps_method *method, ps_method_report *report, ps_error *err) {
    const ps_round_method *m = (const ps_round_method *)method;
    (void)err;
    *report = (ps_method_report){.final_ess = NAN,
                                 .log_z = NAN,
                                 .tokens = m->round.tree.tokens,
                                 .snapshots = m->round.tree.size - 1,
                                 .end = m->end};
    return PS_OK;
}

bool ps_round_out_of_tokens(const ps_round *round, const ps_method_params *params) {
    return params->budget.max_tokens > 0 && round->tree.tokens >= params->budget.max_tokens;
}

size_t ps_round_answers_wanted(const ps_round *round, const ps_method_params *params) {
    size_t wanted = params->budget.n_finished, finished = round->tree.n_finished;
    if (wanted == 0) return SIZE_MAX;
    return wanted > finished ? wanted - finished : 0;
}
