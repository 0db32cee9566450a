/* Methods that draw whole answers independently and differ in how they choose among them: greedy, best-of-n, majority,
 * weighted majority. One state machine, four lines of the table. A budget of tokens is spent by starting further
 * answers: M run side by side and each that ends makes room for the next. */
#include "method/round.h"

#include <math.h>

typedef struct independent {
    ps_method base;
    ps_method_params params;
    ps_round round;
    ps_end end;
} independent;

static void destroy(ps_method *method) {
    independent *p = (independent *)method;
    ps_round_clear(&p->round);
    ps_free(p);
}

static ps_status plan(independent *p, uint32_t parent, ps_error *err) {
    uint32_t child;
    return ps_round_plan(&p->round, parent, p->params.has_reward, &child, err);
}

static ps_status create_as(const ps_method_ops *ops, const ps_method_params *params, ps_method **method,
                           ps_error *err) {
    independent *p = ps_calloc(1, sizeof *p);
    if (p == NULL) return ps_nomem(err);
    p->base.ops = ops;
    p->params = *params;
    size_t answers = ops->greedy ? 1 : params->n_particles;
    ps_status status = ps_round_init(&p->round, err);
    for (size_t i = 0; i < answers && status == PS_OK; i++)
        status = plan(p, 0, err);
    if (status != PS_OK) {
        destroy(&p->base);
        return status;
    }
    *method = &p->base;
    return PS_OK;
}

static ps_status next(ps_method *method, const ps_work **work, size_t *n, ps_error *err) {
    (void)err;
    ps_round_next(&((independent *)method)->round, work, n);
    return PS_OK;
}

/* A round is over: which answers go on, and whether one that ended is followed by a new one. */
static ps_status plan_round(independent *p, ps_error *err) {
    bool widen = p->params.budget.max_tokens > 0 && !p->base.ops->greedy;
    bool spent = ps_round_out_of_tokens(&p->round, &p->params);
    size_t n = p->round.n_work;
    ps_status status = PS_OK;
    ps_round_begin(&p->round);
    p->end = spent ? PS_END_BUDGET : PS_END_FINISHED;
    for (size_t i = 0; i < n && !spent && status == PS_OK; i++) {
        uint32_t child = p->round.work[i].child;
        if (p->round.tree.nodes[child].state == PS_OPEN)
            status = plan(p, child, err);
        else if (widen)
            status = plan(p, 0, err);
    }
    return status;
}

static ps_status absorb(ps_method *method, const ps_step_result *results, size_t n, ps_error *err) {
    independent *p = (independent *)method;
    bool over;
    ps_status status = ps_round_absorb(&p->round, &p->params, results, n, &over, err);
    return status == PS_OK && over ? plan_round(p, err) : status;
}

/* The weight of an answer in a weighted vote: the PRM's reward, or its log-score where there is none. */
static ps_status answers(const ps_method *method, ps_answer **list, size_t *n, ps_error *err) {
    const independent *p = (const independent *)method;
    ps_status status = ps_tree_answers(&p->round.tree, list, n, err);
    if (status != PS_OK) return status;
    for (size_t i = 0; i < *n; i++) {
        ps_answer *answer = &(*list)[i];
        answer->log_weight = isnan(answer->reward) ? answer->ell : log(answer->reward);
    }
    return PS_OK;
}

static void report(const ps_method *method, ps_method_report *out) {
    const independent *p = (const independent *)method;
    *out = (ps_method_report){.final_ess = NAN,
                              .log_z = NAN,
                              .tokens = p->round.tree.tokens,
                              .snapshots = p->round.tree.size - 1,
                              .end = p->end};
}

#define INDEPENDENT(symbol, method_name, method_doc, is_greedy, selection)                                             \
    static ps_status create_##symbol(const ps_method_params *params, ps_method **method, ps_error *err) {              \
        extern const ps_method_ops ps_method_##symbol;                                                                 \
        return create_as(&ps_method_##symbol, params, method, err);                                                    \
    }                                                                                                                  \
    const ps_method_ops ps_method_##symbol = {.name = method_name,                                                     \
                                              .doc = method_doc,                                                       \
                                              .greedy = is_greedy,                                                     \
                                              .select = selection,                                                     \
                                              .create = create_##symbol,                                               \
                                              .destroy = destroy,                                                      \
                                              .next = next,                                                            \
                                              .absorb = absorb,                                                        \
                                              .answers = answers,                                                      \
                                              .report = report}

INDEPENDENT(greedy, "greedy", "one answer, the likeliest token at every place", true, "best");
INDEPENDENT(best_of_n, "best_of_n", "n independent answers, the one with the highest score", false, "best");
INDEPENDENT(majority, "majority", "n independent answers, the most frequent", false, "majority");
INDEPENDENT(weighted_majority, "weighted_majority", "n independent answers, votes weighted by PRM or log-probability",
            false, "weighted");
