/* Methods that draw whole answers independently and differ in how they choose among them: greedy, best-of-n, majority,
 * weighted majority. One state machine, four lines of the table. A budget of tokens is spent by starting further
 * answers: M run side by side and each that ends makes room for the next. */
#include "method/tree.h"

#include <math.h>

typedef struct independent {
    ps_method base;
    ps_method_params params;
    ps_tree tree;
    size_t answers_wanted; /* without a token budget */
    size_t started, awaited;
    uint32_t *ready; /* [n_ready] open snapshots to extend next; 0: start a new answer */
    size_t n_ready, ready_capacity;
    ps_work *work;
    size_t work_capacity;
    bool ended;
    ps_end end;
} independent;

static void destroy(ps_method *method) {
    independent *p = (independent *)method;
    ps_tree_clear(&p->tree);
    ps_free(p->ready);
    ps_free(p->work);
    ps_free(p);
}

static ps_status create_as(const ps_method_ops *ops, const ps_method_params *params, ps_method **method,
                           ps_error *err) {
    independent *p = ps_calloc(1, sizeof *p);
    if (p == NULL) return ps_nomem(err);
    p->base.ops = ops;
    p->params = *params;
    p->answers_wanted = ops->greedy ? 1 : params->n_particles;
    ps_status status = ps_tree_init(&p->tree, err);
    if (status == PS_OK && ps_reserve(&p->ready, &p->ready_capacity, p->answers_wanted) != PS_OK)
        status = ps_nomem(err);
    if (status != PS_OK) {
        destroy(&p->base);
        return status;
    }
    for (size_t i = 0; i < p->answers_wanted; i++)
        p->ready[p->n_ready++] = 0;
    *method = &p->base;
    return PS_OK;
}

/* All answers step together, so that what is started next never depends on the order in which results arrive. */
static ps_status next(ps_method *method, const ps_work **work, size_t *n, ps_error *err) {
    independent *p = (independent *)method;
    *n = 0;
    if (p->awaited > 0 || p->ended) return PS_OK;
    if (ps_reserve(&p->work, &p->work_capacity, p->n_ready) != PS_OK) return ps_nomem(err);
    for (size_t i = 0; i < p->n_ready; i++) {
        p->work[i] = (ps_work){.parent = p->ready[i], .want_reward = p->params.has_reward};
        ps_status status = ps_tree_reserve(&p->tree, p->ready[i], &p->work[i].child, err);
        if (status != PS_OK) return status;
        p->started += p->ready[i] == 0;
    }
    *work = p->work;
    *n = p->awaited = p->n_ready;
    return PS_OK;
}

static bool out_of_tokens(const independent *p) {
    return p->params.budget.max_tokens > 0 && p->tree.tokens >= p->params.budget.max_tokens;
}

/* A round is over: which answers go on, and whether a finished one is followed by a new one. */
static void plan_round(independent *p) {
    bool widen = p->params.budget.max_tokens > 0 && !p->base.ops->greedy;
    size_t n = p->n_ready;
    p->n_ready = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t child = p->work[i].child;
        if (p->tree.nodes[child].state == PS_OPEN)
            p->ready[p->n_ready++] = child;
        else if (widen)
            p->ready[p->n_ready++] = 0;
    }
    if (out_of_tokens(p)) {
        p->ended = true;
        p->end = PS_END_BUDGET;
    } else if (p->n_ready == 0) {
        p->ended = true;
        p->end = PS_END_FINISHED;
    }
}

static ps_status absorb(ps_method *method, const ps_step_result *results, size_t n, ps_error *err) {
    independent *p = (independent *)method;
    for (size_t i = 0; i < n; i++) {
        if (p->awaited == 0) return ps_fail(err, PS_ARG, "more results than work was given");
        ps_status status = ps_tree_fill(&p->tree, &p->params, &results[i], err);
        if (status != PS_OK) return status;
        p->awaited--;
    }
    if (p->awaited == 0 && n > 0) plan_round(p);
    return PS_OK;
}

/* The weight of an answer in a weighted vote: the PRM's reward, or its log-score where there is none. */
static ps_status answers(const ps_method *method, ps_answer **list, size_t *n, ps_error *err) {
    const independent *p = (const independent *)method;
    ps_status status = ps_tree_answers(&p->tree, list, n, err);
    if (status != PS_OK) return status;
    for (size_t i = 0; i < *n; i++) {
        ps_answer *answer = &(*list)[i];
        answer->log_weight = isnan(answer->reward) ? answer->ell : log(answer->reward);
    }
    return PS_OK;
}

static void report(const ps_method *method, ps_method_report *out) {
    const independent *p = (const independent *)method;
    *out = (ps_method_report){
        .final_ess = NAN, .log_z = NAN, .tokens = p->tree.tokens, .snapshots = p->tree.size - 1, .end = p->end};
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
